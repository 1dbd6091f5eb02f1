"""Many episodes of one length side by side, as NumPy has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from outrider.errors import BadOption
from outrider.model import FINISH, Step
from outrider.simulate.arrays import Array, Truth, np
from outrider.simulate.episode import TICKS_A_SECOND, Effort, Episode, Position, Setting, astray, on_path
from outrider.simulate.latency import MOST, Distribution


@dataclass(frozen=True, slots=True, eq=False)
class Episodes:
    """Episodes of one length, side by side: times in ticks, tokens in whole numbers, arrays [steps, episodes]."""

    agrees: Truth
    draft: Array
    target: Array
    draft_tokens: Array
    target_tokens: Array

    @classmethod
    def drawn(cls, setting: Setting, episodes: int, rng: np.random.Generator) -> Self:
        """So many episodes of ``setting``. The same state of ``rng`` gives the same ones."""
        shape = (setting.steps, episodes)
        chances = np.asarray(setting.accuracies, np.float32)[:, np.newaxis]
        agrees = rng.random(shape, np.float32) < chances
        draft, draft_tokens = _efforts(setting.draft_s, setting.draft_tokens, rng, shape)
        target, target_tokens = _efforts(setting.target_s, setting.target_tokens, rng, shape)
        return cls(agrees, draft, target, draft_tokens, target_tokens)

    @classmethod
    def of(cls, episodes: Sequence[Episode]) -> Self:
        """These, which have the same length and end in `finish`."""
        if len({len(episode.positions) for episode in episodes}) != 1:
            raise BadOption(f"{len(episodes)} episodes do not have one length; give those of each length by themselves")

        def rows(value: str, role: str) -> Array:
            columns = [[float(getattr(getattr(entry, role), value)) for entry in episode.positions] for episode in episodes]
            return np.array(columns).T

        agrees = np.array([[entry.agrees for entry in episode.positions] for episode in episodes]).T
        draft, target = (np.rint(rows("takes_s", role) * TICKS_A_SECOND) for role in ("draft", "target"))
        return cls(agrees, draft, target, rows("output_tokens", "draft"), rows("output_tokens", "target"))

    @property
    def steps(self) -> int:
        return len(self.agrees)

    def __len__(self) -> int:
        return int(self.agrees[0].size)

    def __getitem__(self, some: slice) -> Episodes:
        """Some of them."""
        draft, target, draft_tokens, target_tokens = (
            row[:, some] for row in (self.draft, self.target, self.draft_tokens, self.target_tokens)
        )
        return Episodes(self.agrees[:, some], draft, target, draft_tokens, target_tokens)

    def one(self, number: int) -> Episode:
        """Episode ``number``, to be run by the runtime."""
        return Episode(tuple(self._position(at, number) for at in range(self.steps)))

    def _position(self, at: int, number: int) -> Position:
        step = Step(FINISH) if at == self.steps - 1 else on_path(at)
        guess = step if self.agrees[at, number] else astray(at)
        draft, target = (
            Effort(float(times[at, number]) / TICKS_A_SECOND, int(tokens[at, number]))
            for times, tokens in ((self.draft, self.draft_tokens), (self.target, self.target_tokens))
        )
        return Position(step=step, guesses=(guess,), draft=draft, target=target)


def _efforts(
    seconds: Distribution, tokens: Distribution, rng: np.random.Generator, shape: tuple[int, int]
) -> tuple[Array, Array]:
    lengths = np.rint(np.minimum(tokens.samples(rng, shape), MOST))
    ticks = seconds.samples(rng, shape, lengths)
    ticks *= TICKS_A_SECOND
    np.clip(np.rint(ticks, out=ticks), 1.0, MOST * TICKS_A_SECOND, out=ticks)
    return np.broadcast_to(ticks, shape), np.broadcast_to(lengths, shape)
