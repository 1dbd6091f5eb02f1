"""Telemetry by options: nothing is imported unless asked for, and what is missing is said with the remedy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.running import Place

from outrider.errors import BadOption
from outrider.telemetry.exporting import exporting
from outrider.telemetry.opening import Wanted, opened
from outrider.telemetry.texts import Texts

HEAVY = ("opentelemetry", "prometheus_client", "google.protobuf", "requests")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.write_pairs()
    return place


def without(*modules: str) -> str:
    """The beginning of a program in which these cannot be imported."""
    return "import sys\n" + "".join(f"sys.modules[{name!r}] = None\n" for name in modules)


def said(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def test_nothing_is_imported_that_is_not_asked_for() -> None:
    program = f"""
import sys
import outrider.cli.plan, outrider.cli.subplans, outrider.cli.serve, outrider.telemetry
from outrider.telemetry.opening import Wanted, opened
with opened(Wanted(log="-")):
    print([name for name in {HEAVY!r} if name in sys.modules])
"""
    assert said(program) == "[]"


@pytest.mark.parametrize(
    ("wanted", "missing", "remedy"),
    [("otel=True", "opentelemetry", "outrider[otel]"), ("metrics=True", "prometheus_client", "outrider[metrics]")],
)
def test_a_missing_extra_is_said_with_the_remedy(wanted: str, missing: str, remedy: str) -> None:
    program = f"""{without(missing)}
from outrider.errors import BadOption
from outrider.telemetry.opening import Wanted, opened
try:
    with opened(Wanted({wanted})):
        pass
except BadOption as error:
    print(error)
"""
    assert remedy in said(program)


def test_an_exporter_that_is_not_installed_is_refused() -> None:
    with pytest.raises(BadOption, match="zipkin"), exporting(Texts(), {"OTEL_TRACES_EXPORTER": "zipkin"}):
        pass


def test_exporters_can_be_none() -> None:
    with exporting(Texts(), {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}) as (spans, metrics):
        assert spans.follow("a")
        assert metrics.follow("a")


def test_a_log_over_the_screen_is_refused() -> None:
    with pytest.raises(BadOption, match="--plain"):
        Wanted(log="-").check(screen=True)
    Wanted(log="-").check(screen=False)


def test_texts_of_nothing_are_refused() -> None:
    with pytest.raises(BadOption, match="--log FILE or --otel"):
        Wanted(texts=True).check(screen=False)


def test_a_log_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="give another file"), opened(Wanted(log=str(tmp_path))):
        pass


def test_plan_writes_a_log(place: Place) -> None:
    ran = place.plan("--json", "--lookahead", "2", "--log", "log.jsonl")
    assert ran.code == 0
    assert ran.err == ""
    lines = [json.loads(line) for line in (place.folder / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines if line["event"] != "confirmed"] == ["opened", "ended", "finished"]
    assert "Make tea" not in (place.folder / "log.jsonl").read_text()


def test_a_log_on_standard_error_leaves_standard_output_to_the_plan(place: Place) -> None:
    ran = place.plan("--json", "--lookahead", "2", "--log", "-", "--log-texts")
    assert ran.events[-1]["kind"] == "finished"
    assert "Make tea" in ran.err
    assert all(json.loads(line)["event"] for line in ran.err.splitlines())


def spans_of(text: str) -> Iterator[dict[str, object]]:
    """The spans that the console exporter has written, between what the command itself may say."""
    decoder = json.JSONDecoder()
    text = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("outrider: "))
    while text := text.lstrip():
        span, end = decoder.raw_decode(text)
        yield span
        text = text[end:]


def test_plan_exports_spans_as_the_sdks_variables_say(place: Place) -> None:
    variables = {
        "OTEL_TRACES_EXPORTER": "console", "OTEL_METRICS_EXPORTER": "none", "OTEL_SERVICE_NAME": "tea-house",
        "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }  # fmt: skip
    recorded = ("--approximation", "recorded:pairs.jsonl@40x", "--target", "recorded:pairs.jsonl@40x")
    ran = place.run("plan", "Make tea", *recorded, "--otel", environment=variables)
    assert ran.code == 0
    spans = list(spans_of(ran.err))
    assert {str(span["context"]["trace_id"]) for span in spans if isinstance(span["context"], dict)} == {
        "0x0af7651916cd43dd8448eb211c80319c"
    }
    assert "invoke_workflow outrider" in [span["name"] for span in spans]
    assert '"service.name": "tea-house"' in ran.err


def test_plan_all_tells_of_each_sub_plan(place: Place) -> None:
    (place.folder / "tasks.json").write_text(json.dumps({"subtask": [{"name": "one", "task": "Make tea"}]}))
    recorded = ("--approximation", "recorded:pairs.jsonl@40x", "--target", "recorded:pairs.jsonl@40x")
    ran = place.run("plan-all", "tasks.json", *recorded, "--log", "log.jsonl")
    assert ran.code == 0, ran.err
    lines = [json.loads(line) for line in (place.folder / "log.jsonl").read_text().splitlines()]
    assert {line["session"].partition(".")[2] for line in lines} == {"one"}
    assert lines[-1]["event"] == "finished"
