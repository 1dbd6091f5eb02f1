"""Files that users and admins write, or bring from elsewhere: users, audit, sub-tasks, recordings, rows, prices, latencies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from fuzzing.spoiling import Spoiler
from fuzzing.target import Target, holds
from outrider.agents.recorded import RecordedAgent
from outrider.bench.learned import LearnedK
from outrider.bench.rows import read_rows
from outrider.cli.subtasks_file import read_subtasks
from outrider.errors import BadOption, EmptyTask, JournalCorrupt, UnknownName, UsersUnreadable
from outrider.launch import Wanted
from outrider.model import Task, Usage
from outrider.naming import check_agent, without_secrets
from outrider.providers.prices import Prices
from outrider.simulate.latency import distribution
from outrider.web.audit import deeds
from outrider.web.users import Users, digest_of, listed

USERS: Final = {
    "outrider_users": 1,
    "users": {
        "ada": {"role": "act", "digest": digest_of("outrider_x"), "since": "2026-03-01T12:00:00+00:00", "usd": 5.0, "calls": 10},
        "root": {
            "role": "admin",
            "digest": digest_of("outrider_y"),
            "since": "2026-03-01T12:00:00+00:00",
            "sessions": 3,
            "tokens": None,
        },
    },
}
AUDIT: Final = (
    {"deed": "1", "at": "2026-03-01T12:00:00.000+00:00", "user": "ada", "role": "act", "did": "take", "session": "trip"},
    {"of": "1", "answer": "accepted", "record": 17},
    {"deed": "2", "at": "2026-03-01T12:00:01.000+00:00", "user": "root", "role": "admin", "did": "start", "session": ""},
    {"of": "2", "answer": "accepted", "session": "trip"},
)
SUBTASKS: Final = {
    "subtask": [
        {"name": "hotel", "task": "Find a hotel", "after": [], "world": "free", "max_steps": 9},
        {"name": "train", "task": "Find a train", "after": ["hotel"], "lookahead": 2, "max_steps": "p95"},
    ]
}
TOML: Final = """[[subtask]]
name = "hotel"
task = "Find a hotel"
max_steps = 9

[[subtask]]
name = "train"
task = '''Find
a train'''
after = ["hotel"]
"""
PAIR: Final = {
    "task": "Plan a trip",
    "at": 0,
    "target": {"action": "search", "arguments": {"to": "Oslo"}},
    "target_s": 2.5,
    "draft": "search",
    "draft_s": 0.5,
    "target_tokens": 20,
    "draft_tokens": 9,
}
PAIRS: Final = (
    PAIR,
    {**PAIR, "at": 1, "target": "finish", "draft_s": 1},
)
PRICES: Final = {"gpt-5": {"prompt": 1.25, "cached": 0.125, "output": 10}, "local": "free"}
VALUES: Final = {"target": {"4": [0.5, 3.0], "0": [1.0, 2.0]}}
NAMES: Final = (
    "direct@https://user:word@host:8080/v1?key=secret#model",
    "react@openai:gpt-5",
    "direct@local*3",
    "recorded:pairs.jsonl@10x",
    "cot@anthropic:claude",
    "direct@[::1]:80#m",
)
LATENCIES: Final = (
    "1.5",
    "lognormal:2:0.5",
    "lognormal-median:2:0.5",
    "length:0.1:0.02",
    "values:1,2,3.5",
    "file:a.jsonl#target_s",
)


class Files:
    """The readers of files; each input is a file in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, name: str, text: str) -> Path:
        path = self._folder / name
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        path.chmod(0o600)
        return path

    def _lines(self, spoiler: Spoiler, rows: tuple[dict[str, Any], ...]) -> str:
        """The rows, of which one is spoilt, or the text."""
        spoilt = spoiler.dice.randrange(len(rows))
        lines = [spoiler.json(row, rows) if i == spoilt else json.dumps(row) for i, row in enumerate(rows)]
        text = "".join(f"{line}\n" for line in lines)
        text = spoiler.text(text) if spoiler.rarely(0.1) else text
        spoiler.last = text
        return text

    def users(self, spoiler: Spoiler) -> None:
        """Nobody is let in by a damaged file, and nobody by a token that is not there."""
        file = self._file("users", spoiler.json(USERS, [USERS["users"]]))
        users = Users(file)
        holds(users.enters("nobody's") is None, "nobody's token lets somebody in")
        users.enters("outrider_x")
        listed(file)

    def audit(self, spoiler: Spoiler) -> None:
        """An audit whose lines are damaged."""
        for deed in deeds(self._file("audit", self._lines(spoiler, AUDIT)), session=spoiler.one_of(("", "trip"))):
            holds(isinstance(deed["session"], str) and "answer" in deed, "a deed has no session or no answer")

    def subtasks(self, spoiler: Spoiler) -> None:
        """A file of sub-tasks, as JSON or TOML."""
        if spoiler.rarely(0.5):
            read_subtasks(self._file("subtasks.json", spoiler.json(SUBTASKS)), Wanted())
        else:
            read_subtasks(self._file("subtasks.toml", spoiler.text(TOML, (TOML,))), Wanted())

    def recording(self, spoiler: Spoiler) -> None:
        """A recording that is brought from elsewhere."""
        agent = RecordedAgent(self._file("pairs.jsonl", self._lines(spoiler, PAIRS)), "target")
        agent.most(Task("Plan a trip"), ())

    def rows(self, spoiler: Spoiler) -> None:
        """The same for the bench, which reads more strictly."""
        list(read_rows(self._file("rows.jsonl", self._lines(spoiler, PAIRS))))

    def prices(self, spoiler: Spoiler) -> None:
        """A table of prices."""
        prices = Prices.from_file(self._file("prices.json", spoiler.json(PRICES)))
        prices.cost_usd(Usage(100, 10, 10, "reported"), "gpt-5")

    def words(self, spoiler: Spoiler) -> None:
        """Names of agents and distributions, as they are typed; what is shown of one holds no secret."""
        if spoiler.rarely(0.5):
            distribution(spoiler.text(spoiler.one_of(LATENCIES), LATENCIES))
        else:
            name = spoiler.text(spoiler.one_of(NAMES), NAMES)
            without_secrets(name)
            check_agent(name, "target")

    def learned(self, spoiler: Spoiler) -> None:
        """What a rule that learns has kept."""
        LearnedK().learner().begin(spoiler.json(VALUES))


def targets(folder: Path) -> list[Target]:
    """The readers of files."""
    of = Files(folder)
    return [
        Target(name="users", group="users", parts=6, feed=of.users, refuses=(UsersUnreadable,)),
        Target(name="audits", group="users", parts=4, feed=of.audit, refuses=(JournalCorrupt, BadOption)),
        Target(name="sub-tasks", group="users", parts=5, feed=of.subtasks, refuses=(BadOption, EmptyTask)),
        Target(name="recordings", group="users", parts=5, feed=of.recording, refuses=(BadOption,)),
        Target(name="rows of the bench", group="users", parts=4, feed=of.rows, refuses=(BadOption,)),
        Target(name="prices", group="users", parts=2, feed=of.prices, refuses=(BadOption,)),
        Target(name="words", group="users", parts=4, feed=of.words, refuses=(BadOption, UnknownName)),
        Target(name="learned values", group="users", parts=2, feed=of.learned, refuses=(ValueError,)),
    ]
