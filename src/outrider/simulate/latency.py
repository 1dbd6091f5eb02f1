"""Distributions of seconds and of tokens: what a call takes, drawn from a seeded source of randomness."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, Self, TypeAlias

from outrider.errors import BadOption

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.float64]
else:
    Array: TypeAlias = Any

FORMS: Final = (
    "a number such as 2.9, lognormal:MEAN:SD, lognormal-median:MEDIAN:SIGMA, length:BASE:PER_TOKEN (seconds only), "
    "values:A,B,C, file:PATH with a number a line, or file:PATH#FIELD with a JSON object a line"
)
"""The ways of writing a distribution."""


class Distribution(Protocol):
    """Numbers from 0. ``tokens`` is the call's output, for distributions that go with it."""

    def sample(self, rng: random.Random, tokens: float = 0.0) -> float:
        """One number."""
        ...

    def samples(self, rng: np.random.Generator, shape: tuple[int, int], tokens: Array | float = 0.0) -> Array:
        """Many at once, with NumPy: a new array of ``shape``, or one that broadcasts to it. Another stream than ``sample``."""
        ...

    def __str__(self) -> str:
        """As ``distribution`` reads it."""
        ...


MOST: Final = 1e9
"""No call takes more seconds, or tokens, than this: thirty years. What is drawn beyond it counts as this."""


def _sound(value: float, what: str) -> float:
    if not 0 <= value <= MOST:
        raise BadOption(f"{what} is {value:g}; give a number from 0 to {MOST:,.0f}")
    return value


@dataclass(frozen=True, slots=True)
class Constant:
    """Always the same."""

    value: float

    def __post_init__(self) -> None:
        _sound(self.value, "the constant")

    def sample(self, rng: random.Random, tokens: float = 0.0) -> float:
        return self.value

    def samples(self, rng: np.random.Generator, shape: tuple[int, int], tokens: Array | float = 0.0) -> Array:
        import numpy as np

        return np.full((1, 1), float(self.value))

    def __str__(self) -> str:
        return f"{self.value:g}"


@dataclass(frozen=True, slots=True)
class LogNormal:
    """``exp`` of a normal variable with mean ``mu`` and standard deviation ``sigma``: long tails, as latencies have."""

    mu: float
    sigma: float

    def __post_init__(self) -> None:
        _sound(self.sigma, "the sigma of a log-normal distribution")
        if not math.isfinite(self.mu):
            raise BadOption(f"the mu of a log-normal distribution is {self.mu}; give a finite number")

    @classmethod
    def by_mean(cls, mean: float, sd: float) -> Self:
        """With this mean and standard deviation.

        Raises:
            BadOption: the mean is not positive or the standard deviation is negative.
        """
        if not 0 < mean <= MOST:
            raise BadOption(f"the mean of a log-normal distribution is {mean:g}; give a positive number to {MOST:,.0f}")
        variance = math.log1p((_sound(sd, "the standard deviation") / mean) ** 2)
        return cls(math.log(mean) - variance / 2, math.sqrt(variance))

    @classmethod
    def by_median(cls, median: float, sigma: float) -> Self:
        """With this median; ``sigma`` is the standard deviation of the logarithm.

        Raises:
            BadOption: the median is not positive or sigma is negative.
        """
        if not 0 < median <= MOST:
            raise BadOption(f"the median of a log-normal distribution is {median:g}; give a positive number to {MOST:,.0f}")
        return cls(math.log(median), sigma)

    def sample(self, rng: random.Random, tokens: float = 0.0) -> float:
        return math.exp(min(rng.gauss(self.mu, self.sigma), math.log(MOST)))

    def samples(self, rng: np.random.Generator, shape: tuple[int, int], tokens: Array | float = 0.0) -> Array:
        import numpy as np

        drawn = rng.standard_normal(shape)
        drawn *= self.sigma
        drawn += self.mu
        with np.errstate(over="ignore"):  # it is cut off where it is used
            np.exp(drawn, out=drawn)
        return drawn

    def __str__(self) -> str:
        return f"lognormal-median:{math.exp(self.mu):g}:{self.sigma:g}"


@dataclass(frozen=True, slots=True)
class Empirical:
    """One of the values that were measured, each as likely as the others."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise BadOption("there are no values to draw from; give at least one")
        for value in self.values:
            _sound(value, "a measured value")

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """From any sequence."""
        return cls(tuple(float(value) for value in values))

    def sample(self, rng: random.Random, tokens: float = 0.0) -> float:
        return rng.choice(self.values)

    def samples(self, rng: np.random.Generator, shape: tuple[int, int], tokens: Array | float = 0.0) -> Array:
        import numpy as np

        return np.asarray(self.values)[rng.integers(len(self.values), size=shape)]

    def __str__(self) -> str:
        return "values:" + ",".join(f"{value:g}" for value in self.values)


@dataclass(frozen=True, slots=True)
class ByLength:
    """Seconds that go with the length of the output: ``base_s + tokens * s_per_token``."""

    base_s: float
    s_per_token: float

    def __post_init__(self) -> None:
        _sound(self.base_s, "the time of an answer without tokens")
        _sound(self.s_per_token, "the time of a token")

    def sample(self, rng: random.Random, tokens: float = 0.0) -> float:
        return self.base_s + tokens * self.s_per_token

    def samples(self, rng: np.random.Generator, shape: tuple[int, int], tokens: Array | float = 0.0) -> Array:
        import numpy as np

        return np.asarray(self.base_s + tokens * self.s_per_token)

    def __str__(self) -> str:
        return f"length:{self.base_s:g}:{self.s_per_token:g}"


def distribution(text: str) -> Distribution:
    """The distribution that a command line names; see ``FORMS``.

    Raises:
        BadOption: it names none, or one of a negative number.
    """
    kind, colon, rest = text.strip().partition(":")
    try:
        if not colon:
            return Constant(float(kind))
        if kind == "file":
            return Empirical(_numbers(rest))
        if kind == "values":
            return Empirical.of([float(value) for value in rest.split(",")])
        first, second = (float(value) for value in rest.split(":"))
    except ValueError:
        raise BadOption(f"{text!r} is no distribution; give {FORMS}") from None
    match kind:
        case "lognormal":
            return LogNormal.by_mean(first, second)
        case "lognormal-median":
            return LogNormal.by_median(first, second)
        case "length":
            return ByLength(first, second)
        case _:
            raise BadOption(f"{text!r} is no distribution; give {FORMS}")


def _numbers(place: str) -> tuple[float, ...]:
    """The numbers of ``PATH`` or ``PATH#FIELD``. A field that is null or missing is no number, and left out."""
    name, _, field = place.partition("#")
    try:
        lines = Path(name).read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadOption(f"the values in {name} cannot be read: {error}") from error
    numbers = [_number(line, field, f"{name}, line {at}") for at, line in enumerate(lines, 1) if line.strip()]
    return tuple(number for number in numbers if number is not None)


def _number(line: str, field: str, where: str) -> float | None:
    try:
        value = json.loads(line)
        value = value.get(field) if field else value
        return None if value is None and field else _sound(float(value), where)
    except (ValueError, TypeError, AttributeError):
        wanted = f"a JSON object with {field}" if field else "a number"
        raise BadOption(f"{where}: {line.strip()[:60]!r} is not {wanted}") from None
