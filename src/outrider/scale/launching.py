"""From what somebody wants to a session in the engine: the same launch as here, but for the agents, which workers build."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

from outrider.agents.world import World
from outrider.errors import BadOption
from outrider.journal import JournalStore
from outrider.launch import Launch, Understood, assembled
from outrider.model import Role, Task
from outrider.naming import without_secrets
from outrider.rules import Lookahead
from outrider.runtime import Session
from outrider.scale.attaching import Elsewhere, settings_there
from outrider.scale.engine import Engine
from outrider.scale.own_tools import told
from outrider.scale.remote import RemoteSession
from outrider.scale.wire import Setting
from outrider.worlds.named import OWN_TOOLS


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteLaunch(Launch):
    """A run that is ready to start in the engine, more than once if need be."""

    engine: Engine

    def session(self, *, lookahead: Lookahead | None = None, **options: Any) -> Session:
        """A session of it, as ``Launch.session`` says. Its steps are executed by the workers."""
        settings = settings_there(str(options.get("settings", "")), self.engine, self.understood.limits)
        own = self.tools if self.task.world == OWN_TOOLS else None  # what a world brings is declared by the workers
        here = Launch.session(replace(self, tools=own), lookahead=lookahead, **options | {"settings": settings})
        names = self.understood.agents
        setting = Setting(
            task=self.task.text, world=self.task.world, approximation=names["approximation"], target=names["target"],
            lookahead=(lookahead or self.understood.lookahead).name, tools=told(own),
        )  # fmt: skip
        return RemoteSession(here, self.engine, setting)


async def launch_remote(understood: Understood, engine: Engine, journal: JournalStore) -> RemoteLaunch:
    """Read the session to go on from; the agents are built by a worker when the session begins.

    Raises:
        BadOption: an option is for one process, or an agent's name holds a secret.
        JournalError: the session to go on from cannot be read.
    """
    _check(understood)

    async def elsewhere(task: Task, world: World) -> dict[Role, Elsewhere]:
        return {role: Elsewhere(name) for role, name in understood.agents.items()}

    ready = await assembled(understood, journal, elsewhere)
    same: dict[str, Any] = {entry.name: getattr(ready, entry.name) for entry in fields(ready)}
    return RemoteLaunch(**same, engine=engine)


def _check(understood: Understood) -> None:
    for role, name in understood.agents.items():
        if without_secrets(name) != name:
            raise BadOption(
                f"the address of the {role} agent holds a secret, {without_secrets(name)}, and the engine would keep it; leave "
                "it out, and give the workers the key in their environment"
            )
