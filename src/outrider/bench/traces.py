"""A recorded run as two agents that answer by prefix, on whatever clock the loop has.

On the recorded path each answers as recorded. Off it, nobody recorded anything, and this is **assumed**: an agent asked about a
prefix of ``n`` steps that is not the recorded one takes the time and the tokens recorded for step ``n``, and names the step
recorded there. So drafts below a wrong draft agree with their verdicts as often as on the path, and calls there cost what calls
at that position cost. None of it can be confirmed: it hangs on a step that the target has rejected, or will.

A draft that had not arrived by the time of its verdict (``draft_s`` is ``None``) never arrives.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from outrider.agents.agent import Meter
from outrider.bench.rows import Row, Trace
from outrider.errors import BadOption, NoStep
from outrider.model import Answer, Prefix, Role, Task, Usage

TOKENS_IN_A_PRICE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPrices:
    """Dollars for a million tokens, prompt and output alike: rows carry tokens, no prices. The default is nobody's price list."""

    target: float = 10.0
    draft: float = 1.0

    def __post_init__(self) -> None:
        for name, value in (("target", self.target), ("draft", self.draft)):
            if not 0 <= value < float("inf"):
                raise BadOption(f"the {name}'s price is {value}; give dollars for a million tokens, a number from 0")

    def cost_usd(self, role: Role, tokens: float) -> float:
        """What ``tokens`` tokens of the agent cost."""
        return tokens * (self.target if role == "target" else self.draft) / TOKENS_IN_A_PRICE


class TraceAgent:
    """One of the two agents of a recorded run.

    Args:
        role: which.
        trace: the recorded run.
        prices: what its tokens cost.

    A call that is cancelled has used its whole prompt and, of its output, the share of its time that had passed.
    """

    __slots__ = ("_prices", "_role", "_rows", "name")

    def __init__(self, role: Role, trace: Trace, prices: TokenPrices) -> None:
        self.name = f"recorded {role}"
        self._role: Role = role
        self._rows = trace.rows
        self._prices = prices

    async def next_step(self, task: Task, prefix: Prefix, meter: Meter) -> Answer:
        """What is recorded for this position, after its recorded time.

        Raises:
            NoStep: the drafter gave no guess here, or nothing so far ahead is recorded.
        """
        if len(prefix) >= len(self._rows):
            raise NoStep(f"{self.name} holds {len(self._rows)} steps of this task, and was asked for one after them")
        row = self._rows[len(prefix)]
        await self._take_its_time(row, meter)
        steps = (row.target,) if self._role == "target" else row.drafts
        if not steps:
            raise NoStep(f"{self.name} gave no guess for step {row.at}")
        return Answer(steps)

    async def _take_its_time(self, row: Row, meter: Meter) -> None:
        loop = asyncio.get_running_loop()
        takes_s = row.target_s if self._role == "target" else row.draft_s
        began_s = loop.time()
        try:
            if takes_s is None:
                await loop.create_future()
            else:
                await asyncio.sleep(takes_s)
        except asyncio.CancelledError:
            meter.settle(self._usage(row, min(1.0, (loop.time() - began_s) / takes_s) if takes_s else 1.0))
            raise
        meter.settle(self._usage(row, 1.0))

    def _usage(self, row: Row, share: float) -> Usage:
        """What a call here uses by the time that ``share`` of it is over; unknown where nobody counted."""
        target = self._role == "target"
        output = row.target_tokens if target else row.draft_tokens
        if output is None:
            return Usage()
        prompt = (row.target_prompt_tokens if target else row.draft_prompt_tokens) or 0
        output = round(share * output)
        cost_usd = self._prices.cost_usd(self._role, prompt + output)
        return Usage(prompt_tokens=prompt, output_tokens=output, counted="estimated", cost_usd=cost_usd)

    def most(self, task: Task, prefix: Prefix) -> Usage | None:
        """What is recorded for this position."""
        return self._usage(self._rows[len(prefix)], 1.0) if len(prefix) < len(self._rows) else None
