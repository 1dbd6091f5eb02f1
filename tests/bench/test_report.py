"""The report: one content in three forms, nothing from elsewhere, the same bytes, and numbers that are those of bench."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from outrider.bench.document import Figure, Report, Section
from outrider.bench.gathering import Gathered, cause, late, shown_of
from outrider.bench.made import Made, command
from outrider.bench.page import page
from outrider.bench.plain import csv_of, markdown
from outrider.bench.report import frontier, report, titled
from outrider.bench.rows import Trace
from outrider.bench.schedulers import schedulers_named
from outrider.bench.suites import Source, sources_named
from outrider.bench.traces import TokenPrices
from outrider.cli.main import app
from outrider.model import Step

from .making import PAIRS, row, trace, write

VOID = {"meta", "link", "img", "br", "hr", "input", "circle", "line", "rect", "polyline"}
MADE = Made(
    command="outrider report",
    seed=0,
    provenance={"outrider": "1", "python": "3", "machine": {"system": "any", "architecture": "any", "processors": 2}},
)


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in its turn, no id twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value is not None]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return reader


def gathered(*traces: Trace, names: str = "alone,lookahead-1,lookahead-4,batch-4,oracle") -> Gathered:
    schedulers = schedulers_named(names.split(","))
    found = Gathered(schedulers=schedulers, shown=shown_of([*schedulers]), prices=TokenPrices(), seed=0)
    found.begin(Source(name="by hand", file=PAIRS, read=lambda note: iter(traces)))
    for one in traces:
        found.add(one)
    return found


def pairs() -> Report:
    return report(gathered(*sources_named("local-pairs")[0].read(print)), MADE)


@pytest.fixture(scope="module")
def on_pairs() -> Report:
    return pairs()


def invoke(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["report", *words], prog_name="outrider")
    return result.exit_code, result.stdout, result.stderr


# The page -----------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_asks_for_nothing(on_pairs: Report) -> None:
    text = page(on_pairs)
    reader = read(text)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in reader.tags}
    for _, attributes in reader.tags:
        assert not {"src", "href", "style", "onclick", "onload", "xlink:href"} & attributes.keys()
    assert re.search(r"https?:|//\w|url\(|@import", text) is None


def test_its_policy_allows_the_one_style_and_nothing_else(on_pairs: Report) -> None:
    import base64
    import hashlib

    text = page(on_pairs)
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"\"default-src 'none'; style-src 'sha256-{digest}'\"" in text


def test_every_plot_has_a_title_a_description_and_its_numbers_in_a_table(on_pairs: Report) -> None:
    figures = [block for section in on_pairs.sections for block in section.blocks if isinstance(block, Figure)]
    assert len(figures) == 6
    for figure in figures:
        reader = read(figure.svg)
        tag, attributes = reader.tags[0]
        assert tag == "svg"
        assert attributes["role"] == "img"
        assert (attributes["aria-labelledby"] or "").split() == reader.ids
        assert figure.numbers.rows
    tags = [tag for tag, _ in read(page(on_pairs)).tags]
    assert tags.count("svg") == tags.count("details") == len(figures)
    assert tags.count("table") == len(on_pairs.tables)


def test_what_a_task_says_is_text_and_never_markup() -> None:
    bad = "<script>alert(1)</script> | *x* [a](http://b) & \u202e \x07 \ud800"
    found = report(gathered(replace(trace("yn"), task=bad), replace(trace("yy"), task=bad)), MADE)
    assert "<script" not in page(found)
    page(found).encode()
    assert "&lt;script&gt;" in page(found)
    assert "\\<script\\>" in markdown(found)
    assert "\\[a\\](http" in markdown(found)


def test_the_same_runs_give_the_same_bytes(on_pairs: Report) -> None:
    again = pairs()
    assert page(again) == page(on_pairs)
    assert markdown(again) == markdown(on_pairs)


# One content, three forms -------------------------------------------------------------------------------------------


def test_page_markdown_and_csv_hold_the_same_tables(on_pairs: Report) -> None:
    words, text = page(on_pairs), markdown(on_pairs)
    names = [table.name for table in on_pairs.tables]
    assert len(names) == len(set(names))
    for table in on_pairs.tables:
        rows = list(csv.reader(csv_of(table).splitlines()))
        assert len(rows) == 1 + len(table.rows)
        for shown in table.shown():
            assert all(f">{cell}<" in words for cell in shown if cell.replace(".", "").isdigit())
            assert "| " + " | ".join(shown) + " |" in text.replace("\\", "")


def test_the_csv_has_the_very_numbers_of_bench_json(tmp_path: Path) -> None:
    names = "alone,lookahead-2,batch-4,oracle"
    code, _, _ = invoke("local-pairs", "--schedulers", names, "--csv", str(tmp_path / "tables"), "--seed", "3")
    assert code == 0
    said = CliRunner().invoke(app, ["bench", "local-pairs", "--schedulers", names, "--seed", "3", "--json"])
    bench = json.loads(said.stdout)
    with (tmp_path / "tables" / "schedulers.csv").open() as file:
        rows = {entry["scheduler"]: entry for entry in csv.DictReader(file)}
    assert list(rows) == names.split(",")
    for name, line in rows.items():
        ours = bench["schedulers"][name]
        assert float(line["time ratio"]) == ours["time_ratio"]
        assert [float(line["low"]), float(line["high"])] == ours["time_ratio_95"]
        assert float(line["cost ratio"]) == ours["cost_ratio"]
        assert [float(line["cost low"]), float(line["cost high"])] == ours["cost_ratio_95"]
        assert [int(line[head]) for head in ("runs faster", "slower", "equal")] == [
            ours["runs_faster"], ours["runs_slower"], ours["runs_equal"]
        ]  # fmt: skip
        assert int(line["wasted tokens"]) == ours["wasted_tokens"]
        assert int(line["most calls"]) == ours["calls_max"]


def test_a_cell_that_a_spreadsheet_would_calculate_begins_with_a_quote() -> None:
    found = report(gathered(replace(trace("yn"), task="=1+1"), replace(trace("nn"), task="@here")), MADE)
    losses = next(table for table in found.tables if table.name == "losses")
    assert {line[0] for line in csv.reader(csv_of(losses).splitlines()[1:])} == {"'=1+1", "'@here"}


# What it says -------------------------------------------------------------------------------------------------------


def test_the_headline_says_how_many_runs_gained_nothing() -> None:
    assert "1 run of 2 gained nothing." in report(gathered(trace("nn"), trace("yy")), MADE).headline
    assert "every run was faster." in report(gathered(trace("yn"), trace("yy")), MADE).headline


def test_a_single_run_is_reported_without_an_interval() -> None:
    found = report(gathered(trace("yyn")), MADE)
    assert "one run: no interval" in found.headline
    schedulers = next(table for table in found.tables if table.name == "schedulers")
    assert schedulers.rows[1][2] is None


def test_without_tokens_cost_and_waste_are_unknown_and_not_nothing() -> None:
    bare = trace("yny")
    bare = replace(bare, rows=tuple(replace(entry, target_tokens=None, draft_tokens=None) for entry in bare.rows))
    found = report(gathered(bare, bare), MADE)
    assert "its cost" not in found.headline
    schedulers = next(table for table in found.tables if table.name == "schedulers")
    assert schedulers.shown()[1][8] == "unknown"
    assert "How much is wasted is unknown" in markdown(found)


def test_the_worst_run_comes_first_and_says_why() -> None:
    slow = trace("yyyy", draft_s=4.0)
    worst = gathered(trace("yyyy"), replace(trace("nyn"), task="wrong"), replace(slow, task="slow")).worst
    assert [entry.ratio for entry in worst] == sorted((entry.ratio for entry in worst), reverse=True)
    why = {entry.task: entry.why for entry in worst}
    assert why["slow"] == "4 of 4 drafts no sooner than their verdict"
    assert why["wrong"] == "2 of 3 drafts rejected"
    assert why["tea"] == "drafts right and in time, but nearly as slow as the target"


def test_of_many_runs_the_worst_are_kept_whenever_they_came() -> None:
    slow = trace("nnn")
    runs = [replace(slow, task=f"slow {n}") if n in (0, 6, 19) else trace("yyy", draft_s=1 + n / 100) for n in range(20)]
    worst = gathered(*runs).worst
    assert [entry.task for entry in worst[:3]] == ["slow 0", "slow 6", "slow 19"]
    assert len(worst) == 8
    assert worst[3].ratio == pytest.approx((2 * 1.18 + 3) / 9)


def test_one_long_call_is_named_as_what_nothing_shortens() -> None:
    found = gathered(trace("yy", target_s=[1.5, 9.0])).worst[0]
    assert found.why == "one call takes 86% of the time, and nothing shortens a call"


def test_a_step_waits_for_what_became_of_the_draft_before_it() -> None:
    right, wrong = trace("yn").rows
    assert cause(None).startswith("the first step")
    assert cause(right).endswith("was right")
    assert cause(wrong).endswith("was rejected")
    assert cause(replace(right, draft_s=3.0)).endswith("no sooner than the verdict")
    assert late(replace(right, drafts=()))


def test_the_wait_after_a_rejected_draft_is_counted_to_it() -> None:
    found = {name.rpartition(" ")[2]: (tally.steps, tally.seconds) for name, tally in gathered(trace("nyy")).waited().items()}
    assert found == {"on": (1, 3.0), "rejected": (1, 3.0), "right": (1, 1.0)}


def test_what_was_waited_for_adds_up_to_the_total_time() -> None:
    found = gathered(trace("ynyy"), trace("yyyn"))
    whole = sum(tally.seconds for tally in found.waited().values())
    assert whole == pytest.approx(sum(found.together.time("lookahead-4").ours))


def test_nothing_on_the_frontier_is_beaten_and_everything_else_is() -> None:
    points = {"a": (0.0, 1.0), "b": (2.0, 0.5), "c": (3.0, 0.5), "d": (2.0, 0.5), "oracle": (0.0, 0.1)}
    assert frontier(points) == {"a", "b", "d"}


def test_the_timeline_shows_every_call_of_the_run_and_the_plan() -> None:
    found = report(gathered(trace("yny"), trace("yny")), MADE)
    section: Section = found.sections[0]
    figure = next(block for block in section.blocks if isinstance(block, Figure))
    bars = [attributes for tag, attributes in read(figure.svg).tags if tag == "rect" and "bar" in (attributes["class"] or "")]
    kinds = {attributes["class"] for attributes in bars}
    legend = len(kinds)
    assert len(bars) == len(figure.numbers.rows) + 3 + legend


# The command --------------------------------------------------------------------------------------------------------


def test_without_a_file_to_write_the_page_goes_to_standard_output() -> None:
    code, out, _ = invoke(str(PAIRS), "--schedulers", "lookahead-1")
    assert code == 0
    assert out.startswith("<!DOCTYPE html>")


def test_the_command_on_the_page_makes_it_again(tmp_path: Path) -> None:
    file = write(tmp_path / "my rows.jsonl", [row(0), row(1, draft="other"), row(2, target="finish")])
    code, out, _ = invoke(str(file), "--target-price", "7")
    assert code == 0
    words = re.search(r"Command: (.*?)</p>", out)
    assert words is not None
    import html
    import shlex

    assert invoke(*shlex.split(html.unescape(words[1]))[2:])[1] == out
    assert command(["a b"]) == "outrider report 'a b'"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere"], "there is no file and no suite 'nowhere'"),
        (["paper", "chess"], "give the name paper alone"),
        (["paper", "--schedulers", "alone"], "leave --schedulers out"),
        ([str(PAIRS), "--schedulers", "lookahead"], "the scheduler 'lookahead' is not known"),
        ([str(PAIRS), "--target-price", "-1"], "give dollars"),
        ([str(PAIRS), "--schedulers", "alone", "--out", "/nowhere/report.html"], "give --out a file"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(words: list[str], says: str) -> None:
    code, out, err = invoke(*words)
    assert code == 2
    assert out == ""
    assert says in err


def test_a_row_that_is_none_is_told_by_file_and_line(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", [row(0), row(1, target_s=-1)])
    code, _, err = invoke(str(file))
    assert code == 2
    assert f"{file}:2" in err


def test_the_report_looks_into_lookahead_4_or_the_first_that_speculates() -> None:
    assert shown_of(["alone", "batch-4", "lookahead-4"]) == "lookahead-4"
    assert shown_of(["alone", "oracle", "batch-4"]) == "batch-4"
    assert shown_of(["alone"]) == "alone"


def test_a_step_of_any_name_fits_into_the_timeline() -> None:
    long = Step("x" * 500)
    one = trace("yy")
    one = replace(one, rows=(replace(one.rows[0], target=long, drafts=(long,)), one.rows[1]))
    read(page(report(gathered(one), MADE)))


def test_of_a_long_plan_the_timeline_shows_the_first_steps() -> None:
    found = report(gathered(trace("yn" * 20)), MADE)
    figure = next(block for block in found.sections[0].blocks if isinstance(block, Figure))
    assert figure.title.endswith("its first 20 steps")
    assert "the target alone:" not in figure.svg
    ended = [shown[3] for shown in figure.numbers.rows]
    assert max(float(str(value)) for value in ended) < found_total(found)
    read(figure.svg)


def found_total(found: Report) -> float:
    losses = next(table for table in found.tables if table.name == "losses")
    return float(str(losses.rows[0][4]))


def test_a_title_names_the_suite_where_there_are_many_sources() -> None:
    assert titled(["tau2/a", "tau2/b", "tau2/c"]) == "tau2"
    assert titled(["/tmp/a.jsonl", "/tmp/b.jsonl", "chess"]) == "/tmp/a.jsonl, /tmp/b.jsonl, chess"
