"""Who may do what on a server, and within which limits: one person with all rights, or the users of a file.

All sessions of a user share that user's budgets and take turns with other users' as one (see ``runtime.turns``). What they have
spent is kept (see ``web.spending``), so that a server that is started again allows nobody as much again.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from outrider.errors import NotAllowed, TooMany, UsersUnreadable
from outrider.launch import Understood
from outrider.model import JSON
from outrider.naming import LOCAL, NO_MODEL, drafters_named, without_secrets
from outrider.runtime import Budget, Limits
from outrider.runtime.turns import Caller
from outrider.web.answers import kind_of
from outrider.web.audit import Audit
from outrider.web.spending import Account, Spending
from outrider.web.users import Allowance, Pass, User, Users

RETRY_S: Final = 5
"""What a server that is full asks to wait. Sessions take seconds to hours, so it says when to look again."""

OWNERS: Final = frozenset({"stop", "allow", "extend", "more"})
"""Commands that end a session, or spend what is its owner's: theirs and the admins'."""

_AFTER_STAR: Final = re.compile(r"\*[0-9]{1,4}$")

_VENDOR: Final = re.compile(r"(?!recorded:|https?:|file:)[a-z][a-z0-9-]*:[A-Za-z0-9][\w.:/@-]*(?<!\.gguf)", re.A)
"""``VENDOR:NAME``: a model that is asked with the server's key for that vendor, at that vendor's address."""


class Team:
    """The users of a server.

    Args:
        limits: what all sessions share.
        users: who they are; without them whoever has the token may do everything.
        audit: where what they do is noted, if it is.
        agents: models and recordings that everybody may name, beside those of vendors and the embedded one.
        spending: what keeps what each user has spent; without it what counts is this process.
    """

    def __init__(
        self,
        limits: Limits,
        users: Users | None = None,
        audit: Audit | None = None,
        agents: Iterable[str] = (),
        spending: Spending | None = None,
    ) -> None:
        self.users = users
        self.audit = audit
        self._limits = limits
        self._agents = frozenset(agents)
        self._spending = spending
        self._limits_of: dict[str, tuple[User, Limits]] = {}
        self._version: object = None

    def holds(self, shown: Pass) -> bool:
        """Whether ``shown`` still lets in: its token was not revoked, and the users can be read."""
        try:
            holds = self.users is None or self.users.holds(shown.digest) is not None
        except UsersUnreadable:
            return False
        self._renew()
        return holds

    def _renew(self) -> None:
        """Where the users have changed, sessions that run may spend what is allowed now."""
        if self.users is not None and self.users.version != self._version:
            self._version = self.users.version
            for user in filter(None, map(self.users.named, tuple(self._limits_of))):
                self.limits_of(user)

    def limits_of(self, user: User) -> Limits:
        """What holds for the sessions of ``user`` that begin now; where their budget was changed, for those that run too."""
        if not user.name:
            return self._limits
        found = None if self.users is None else self.users.named(user.name)
        now = found or user  # a request that takes long may bring what was allowed when it began
        before, limits = self._limits_of.get(now.name, (None, None))
        if limits is None or before is None or before.account != now.account:
            limits = self._new_limits(now, self._budget(now), Caller())
        elif before.allowance != now.allowance:
            limits = self._changed(now, before.allowance, limits)
        self._limits_of[now.name] = now, limits
        return limits

    def _changed(self, user: User, before: Allowance, limits: Limits) -> Limits:
        """The same budget with its new numbers. Sessions that run keep what they have else: no budget, so many calls at once."""
        given, budget = user.allowance, limits.budget
        if budget is not None:
            budget.limit(calls=given.calls, tokens=given.tokens, usd=given.usd)
        if given.calls_at_once == before.calls_at_once and (budget is not None or not given.counts):
            return limits
        return self._new_limits(user, budget or self._budget(user), limits.caller)

    def _new_limits(self, user: User, budget: Budget | None, caller: Caller | None) -> Limits:
        return Limits(budget=budget, calls_at_once=user.allowance.calls_at_once, within=self._limits, caller=caller)

    def _budget(self, user: User) -> Budget | None:
        given = user.allowance
        if not given.counts:
            return None
        ledger = None if self._spending is None else Account(self._spending, user.account)
        remedy = f"an admin allows more: outrider users allow {user.name}"
        whose = f"the budget of user {user.name}"
        return Budget(whose=whose, remedy=remedy, calls=given.calls, tokens=given.tokens, usd=given.usd, ledger=ledger)

    def check_start(self, user: User, understood: Understood, running: int) -> None:
        """Raise unless ``user``, of whose sessions ``running`` run, may start this one.

        Raises:
            NotAllowed: it names what is not for everybody.
            SpendingUnusable: what they have spent cannot be written.
            TooMany: so many of theirs run already.
        """
        if not user.may("admin"):
            for text in understood.agents.values():
                self._check_agents(text)
        self.check_one_more(user, running)

    def check_one_more(self, user: User, running: int) -> None:
        """Raise ``TooMany`` unless one more session of ``user`` may run beside the ``running`` ones, or ``SpendingUnusable``."""
        if self._spending is not None:
            self._spending.check(user.account)
        most = user.allowance.sessions
        if most is not None and running >= most:
            raise TooMany(f"{running} sessions of {user.name} run, and {most} may; stop one, or ask again", retry_after_s=RETRY_S)

    def _check_agents(self, text: str) -> None:
        """A file or an address that anybody may name would read this machine's files, and send its keys anywhere."""
        for name in drafters_named(text):
            model = _AFTER_STAR.sub("", name).partition("@")[2]
            recorded = name.startswith("recorded:")
            harmless = not recorded and (model in ("", LOCAL) or name in NO_MODEL or _VENDOR.fullmatch(model) is not None)
            if not harmless and name not in self._agents and model not in self._agents:
                raise NotAllowed(
                    f"only an admin names a file or an address, and {without_secrets(name)[:80]!r} is one; give local, "
                    "VENDOR:NAME, or what the server was started with (--agent)"
                )

    def check_command(self, user: User, owner: str, command: str) -> None:
        """Raise ``NotAllowed`` unless ``user`` may command so a session that ``owner`` started."""
        self._renew()
        if command in OWNERS and user.name != owner and not user.may("admin"):
            raise NotAllowed(f"{command} is for {owner or 'an admin'}, who started the session, and for admins")

    @contextlib.contextmanager
    def noting_refusals(self, user: User, did: str, session: str = "") -> Iterator[None]:
        """What the role of ``user`` does not allow inside is in the audit: that they wanted to do this."""
        try:
            yield
        except NotAllowed as error:
            self.note_refusal(user, error, did, session)
            raise

    def note_refusal(self, user: User, error: NotAllowed, did: str, session: str = "") -> None:
        """Note that ``user`` wanted to do this, and may not."""
        if self.audit is not None:
            self.audit.refused(user.name, user.role, did, kind_of(error), session=session)

    def told(self, user: User, running: int) -> dict[str, JSON]:
        """What ``user`` may know of themselves: role, allowance, and what of it is spent, in words."""
        allowance = {name: getattr(user.allowance, name) for name in type(user.allowance).__slots__}
        budget = self.limits_of(user).budget if user.name else None
        return {"name": user.name, "role": user.role, "allowance": allowance, "running": running, "spent": str(budget or "")}
