from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from outrider.errors import BadOption
from outrider.model import Usage
from outrider.providers.prices import FREE, Price, Prices

USAGE = Usage(prompt_tokens=1000, cached_tokens=200, output_tokens=100, counted="reported")


def test_the_users_own_price_goes_before_the_bundled_one() -> None:
    prices = Prices({"gpt-4o": {"prompt": 1.0, "cached": 0.5, "output": 10.0}})
    assert prices.cost_usd(USAGE, "gpt-4o") == pytest.approx((800 * 1 + 200 * 0.5 + 100 * 10) / 1e6)


def test_cached_tokens_cost_what_the_prompt_costs_unless_said() -> None:
    assert Prices({"m": {"prompt": 1, "output": 0}}).cost_usd(USAGE, "m") == pytest.approx(0.001)


def test_a_free_model_costs_a_known_nothing() -> None:
    assert Prices({"mine": "free"}).cost_usd(USAGE, "mine") == 0.0
    assert Prices({"mine": FREE}).cost_usd(USAGE, "mine") == 0.0


def test_a_known_model_is_priced_from_the_bundled_data() -> None:
    cost = Prices().cost_usd(USAGE, "gpt-4o")
    assert cost is not None
    assert 0.0001 < cost < 0.1
    assert Prices().cost_usd(USAGE, "openai:gpt-4o") == cost
    assert Prices().cost_usd(USAGE, "gpt-4o", url="https://api.openai.com/v1") == cost


def test_an_unknown_price_is_none_and_never_nothing() -> None:
    prices = Prices()
    for _ in range(2):
        assert prices.cost_usd(USAGE, "no-such-model") is None
        assert prices.cost_usd(USAGE, "no-such-vendor:gpt-4o") is None
    assert Prices(bundled=False).cost_usd(USAGE, "gpt-4o") is None


def test_a_famous_name_on_a_server_of_ones_own_has_no_famous_price() -> None:
    assert Prices().cost_usd(USAGE, "gpt-4o", url="http://127.0.0.1:8080/v1") is None


def test_more_cached_tokens_than_prompt_tokens_cost_no_less_than_nothing() -> None:
    usage = Usage(prompt_tokens=10, cached_tokens=20, output_tokens=0)
    assert Price(prompt=1, cached=0, output=0).cost_usd(usage) == 0.0
    assert Prices().cost_usd(usage, "gpt-4o") is not None


@pytest.mark.parametrize(
    "entry",
    [None, 3, "cheap", {}, {"prompt": 1}, {"prompt": 1, "output": -1}, {"prompt": True, "output": 1},
     {"prompt": 1, "output": "2"}, {"prompt": float("nan"), "output": 1},
     {"prompt": 10**400, "output": 1}, {"prompt": 1, "output": 1, "ouput": 1}],
)  # fmt: skip
def test_an_entry_that_is_no_price_is_refused_with_its_name(entry: object) -> None:
    with pytest.raises(BadOption, match="'my-model'"):
        Prices({"my-model": entry})


def test_a_table_is_read_from_json_and_from_toml(tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_text('{"a": {"prompt": 1, "output": 2}, "b": "free"}')
    (tmp_path / "prices.toml").write_text('b = "free"\n[a]\nprompt = 1\noutput = 2\n')
    for name in ("prices.json", "prices.toml"):
        prices = Prices.from_file(tmp_path / name)
        assert prices.cost_usd(USAGE, "a") == pytest.approx(0.0012)
        assert prices.cost_usd(USAGE, "b") == 0.0


@pytest.mark.parametrize(
    ("name", "text"), [("p.json", "{"), ("p.toml", "= 1"), ("p.json", "[]"), ("p.json", "\xff"), ("p.json", "[" * 100_000)]
)
def test_a_file_that_is_no_table_is_refused_with_its_path(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(BadOption, match=name):
        Prices.from_file(tmp_path / name)


def test_a_file_that_is_not_there_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"nowhere\.json cannot be read"):
        Prices.from_file(tmp_path / "nowhere.json")


def test_prices_never_go_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*args: object) -> None:
        raise AssertionError("a price was looked up on the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    prices = Prices()
    assert prices.cost_usd(USAGE, "claude-haiku-4-5") is not None
    assert prices.cost_usd(USAGE, "no-such-model") is None


def test_the_bundled_data_is_imported_only_when_it_is_asked() -> None:
    code = (
        "import sys; from outrider.providers.prices import Prices; from outrider.model import Usage\n"
        "Prices({'m': 'free'}).cost_usd(Usage(), 'm'); assert 'genai_prices' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
