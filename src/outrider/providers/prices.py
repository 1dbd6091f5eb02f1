"""What a call costs: the user's own table first, then the prices that come with `genai-prices`, never the network."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from outrider.errors import BadOption
from outrider.model import Usage

_FIELDS: Final = ("prompt", "cached", "output")
_FORM: Final = 'give "free", or dollars per million tokens as {"prompt": 0.5, "cached": 0.05, "output": 2.0}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars per million tokens. ``cached`` is the price of prompt tokens that the provider did not compute again."""

    prompt: float
    cached: float
    output: float

    def cost_usd(self, usage: Usage) -> float:
        """What ``usage`` costs."""
        fresh = max(0, usage.prompt_tokens - usage.cached_tokens)
        dollars = fresh * self.prompt + usage.cached_tokens * self.cached + usage.output_tokens * self.output
        return dollars / 1_000_000


FREE: Final = Price(prompt=0.0, cached=0.0, output=0.0)
"""The price of a model on one's own machine: known, and nothing."""


class Prices:
    """The price of every model that is known.

    Args:
        table: the user's own prices by the model's name, which go before all others. Each is "free", or dollars per million
            tokens: ``{"prompt": 0.5, "cached": 0.05, "output": 2.0}``. ``cached`` may be left out: it is then the prompt's.
        bundled: whether `genai-prices` is asked about models that are not in the table.

    Raises:
        BadOption: an entry of the table is no price.
    """

    __slots__ = ("_bundled", "_table", "_unknown")

    def __init__(self, table: Mapping[str, object] | None = None, *, bundled: bool = True) -> None:
        self._table = {name: _price(name, entry) for name, entry in (table or {}).items()}
        self._bundled = bundled
        self._unknown: set[tuple[str, str | None]] = set()

    @classmethod
    def from_file(cls, path: Path | str) -> Prices:
        """The table in a JSON or TOML file, one entry a model.

        Raises:
            BadOption: the file cannot be read, or is no table of prices.
        """
        return cls(_table_in(Path(path)))

    def cost_usd(self, usage: Usage, model: str, *, url: str | None = None) -> float | None:
        """What ``usage`` costs, in dollars; ``None`` where the price is unknown, never 0 for that.

        Args:
            usage: the tokens.
            model: the model's name; ``provider:model`` says whose.
            url: where it is served. A model of a famous name on a server of one's own has no famous price.
        """
        if (price := self._table.get(model)) is not None:
            return price.cost_usd(usage)
        if not self._bundled or (model, url) in self._unknown:
            return None
        try:
            return _bundled_cost_usd(usage, model, url)
        except LookupError:
            self._unknown.add((model, url))
            return None


def _bundled_cost_usd(usage: Usage, model: str, url: str | None) -> float:
    """What `genai-prices` says, from the data it comes with.

    Raises:
        LookupError: it does not know the model.
    """
    import genai_prices  # 0.2 s, and often not needed

    counts = genai_prices.Usage(
        input_tokens=max(usage.prompt_tokens, usage.cached_tokens),
        cache_read_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
    )
    if url is not None:
        return float(genai_prices.calc_price(counts, model, provider_api_url=url).total_price)
    provider, colon, bare = model.partition(":")
    if not colon:
        return float(genai_prices.calc_price(counts, model).total_price)
    return float(genai_prices.calc_price(counts, bare, provider_id=provider).total_price)


def _table_in(path: Path) -> Mapping[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
        table: object = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise BadOption(f"the table of prices {path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BadOption(f"the table of prices {path} is neither JSON nor TOML: {error}") from error
    if not isinstance(table, Mapping):
        raise BadOption(
            f"the table of prices {path} holds a {type(table).__name__}; a mapping from models' names to prices was expected"
        )
    return table


def _price(name: str, entry: object) -> Price:
    if isinstance(entry, Price):
        return entry
    if entry == "free":
        return FREE
    if not isinstance(entry, Mapping) or not {"prompt", "output"} <= set(entry) <= set(_FIELDS):
        raise BadOption(f"the price of {name!r} is {entry!r}; {_FORM}")
    prompt, output = _dollars(name, entry["prompt"]), _dollars(name, entry["output"])
    return Price(prompt=prompt, cached=_dollars(name, entry.get("cached", prompt)), output=output)


def _dollars(name: str, value: object) -> float:
    # A whole number may be too big for a float, and even for asking whether it is finite.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= sys.float_info.max:
        raise BadOption(f"the price of {name!r} has {value!r} dollars in it; {_FORM}")
    return float(value)
