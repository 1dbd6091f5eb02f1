"""Recorded agents: the answers of a file of pairs, by prefix and at their pace, on the virtual clock."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TypeAlias

import pytest

from outrider import FINISH, Answer, Step, Usage, plan
from outrider.agents.agent import Meter
from outrider.agents.recorded import RecordedAgent
from outrider.errors import BadOption, NoStep, TargetFailed, UnknownName
from outrider.model import Prefix, Role, Task
from outrider.testing import run, steps

TASK = Task("Make tea")
ROWS = [
    {"task": "Make tea", "at": 0, "target": "boil", "target_s": 4.0, "target_tokens": 20, "draft": "boil", "draft_s": 1.0},
    {"task": "Make tea", "at": 1, "target": "pour", "target_s": 6.0, "target_tokens": 30, "draft": "wait", "draft_s": 0.5},
    {"task": "Make tea", "at": 2, "target": "TERMINATE", "target_s": 2.0, "draft": "TERMINATE", "draft_s": 0.5},
]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS) + "\n")
    return file


Asked: TypeAlias = tuple[Answer | Exception | None, float, Usage]


def asked(agent: RecordedAgent, prefix: Prefix, *, cancel_s: float | None = None) -> Asked:
    """What the agent answered, after how many seconds, and what it used; or what it had used when it was cancelled."""

    async def main() -> Asked:
        meter, loop = Meter(), asyncio.get_running_loop()
        try:
            async with asyncio.timeout(cancel_s):
                answer: Answer | Exception | None = await agent.next_step(TASK, prefix, meter)
        except TimeoutError:
            answer = None
        except NoStep as error:
            answer = error
        return answer, loop.time(), meter.usage

    return run(main())


@pytest.mark.parametrize(
    ("role", "at", "step", "takes_s"),
    [
        ("target", 0, "boil", 4.0),
        ("approximation", 0, "boil", 1.0),
        ("target", 1, "pour", 6.0),
        ("approximation", 1, "wait", 0.5),
    ],
)
def test_each_role_gives_its_own_answer_at_its_own_pace(pairs: Path, role: Role, at: int, step: str, takes_s: float) -> None:
    answer, after_s, _ = asked(RecordedAgent(pairs, role), steps("boil", "pour")[:at])
    assert answer == Answer(steps(step))
    assert after_s == pytest.approx(takes_s)


def test_ten_times_as_fast_takes_a_tenth_of_the_time(pairs: Path) -> None:
    assert asked(RecordedAgent(pairs, "target", speed=10), ())[1] == pytest.approx(0.4)


def test_the_words_of_the_recording_for_the_end_are_finish(pairs: Path) -> None:
    answer, _, _ = asked(RecordedAgent(pairs, "target"), steps("boil", "pour"))
    assert answer == Answer((Step(FINISH),))


def test_off_the_recorded_path_there_is_no_answer_and_it_takes_its_time(pairs: Path) -> None:
    answer, after_s, usage = asked(RecordedAgent(pairs, "target"), steps("dance"))
    assert isinstance(answer, NoStep)
    assert "dance" in str(answer)
    assert after_s == pytest.approx(6.0)
    assert usage.output_tokens == 30


def test_beyond_the_recorded_end_there_is_no_answer(pairs: Path) -> None:
    answer, after_s, usage = asked(RecordedAgent(pairs, "target"), steps("boil", "pour", "sip"))
    assert isinstance(answer, NoStep)
    assert (after_s, usage) == (0.0, Usage())


def test_the_answer_goes_by_the_whole_prefix_and_not_by_its_length(pairs: Path) -> None:
    answer, _, _ = asked(RecordedAgent(pairs, "target"), steps("pour", "boil"))
    assert isinstance(answer, NoStep)


def test_recorded_tokens_are_counted_as_an_estimate_of_unknown_price(pairs: Path) -> None:
    assert asked(RecordedAgent(pairs, "target"), ())[2] == Usage(0, 0, 20, "estimated", None)


def test_a_cancelled_call_has_used_its_share_of_the_tokens(pairs: Path) -> None:
    answer, after_s, usage = asked(RecordedAgent(pairs, "target"), (), cancel_s=1.0)
    assert answer is None
    assert after_s == pytest.approx(1.0)
    assert usage == Usage(0, 0, 5, "estimated", None)


def test_a_task_that_nobody_recorded_is_unknown_and_the_message_names_one_that_is(pairs: Path) -> None:
    agent = RecordedAgent(pairs, "target")
    with pytest.raises(UnknownName, match=r"no task 'Fly'; it holds 1 task, such as 'Make tea'"):
        agent.check(Task("Fly"))
    agent.check(TASK)


def test_an_empty_recording_says_that_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(UnknownName, match="it is empty"):
        RecordedAgent(tmp_path / "empty.jsonl", "target").check(TASK)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "no recorded pair"),
        ("[1]", "no recorded pair"),
        ('{"task": "t", "at": 0}', "the field 'draft_s' is missing"),
        (json.dumps(ROWS[0] | {"target_s": "soon"}), "no recorded pair"),
        (json.dumps(ROWS[0] | {"target_s": -1}), "target_s is -1.0"),
        (json.dumps(ROWS[0] | {"draft_s": float("inf")}), "draft_s is inf"),
        (json.dumps(ROWS[0] | {"draft_s": float("nan")}), "draft_s is nan"),
        (json.dumps(ROWS[0] | {"draft_s": 10**400}), "no recorded pair"),
        ("[" * 100_000, "no recorded pair"),
        (json.dumps(ROWS[0] | {"target": ""}), "no recorded pair"),
        (json.dumps(ROWS[0] | {"target": None}), "no recorded pair"),
        (json.dumps(ROWS[0] | {"at": -1}), "at is -1"),
        (json.dumps(ROWS[0] | {"target_tokens": -5}), "target_tokens is -5"),
    ],
)
def test_a_bad_line_is_named_by_file_and_number(pairs: Path, line: str, says: str) -> None:
    pairs.write_text(f"{json.dumps(ROWS[0])}\n{line}\n")
    with pytest.raises(BadOption) as caught:
        RecordedAgent(pairs, "target")
    assert str(caught.value).startswith(f"{pairs}:2: ")
    assert says in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=r"nowhere\.jsonl cannot be read"):
        RecordedAgent(tmp_path / "nowhere.jsonl", "target")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(BadOption, match="cannot be read"):
        RecordedAgent(tmp_path / "bytes", "target")


@pytest.mark.parametrize("speed", [0.0, -1.0, float("inf"), float("nan")])
def test_a_speed_must_be_a_positive_number(pairs: Path, speed: float) -> None:
    with pytest.raises(BadOption, match="speed"):
        RecordedAgent(pairs, "target", speed=speed)


def test_the_name_says_file_and_speed_and_no_folder(pairs: Path) -> None:
    assert RecordedAgent(pairs, "target").name == "recorded:pairs.jsonl"
    assert RecordedAgent(pairs, "target", speed=10).name == "recorded:pairs.jsonl@10x"


def test_the_most_of_a_call_bounds_what_it_uses(pairs: Path) -> None:
    agent = RecordedAgent(pairs, "target")
    for at in range(3):
        prefix = steps("boil", "pour")[:at]
        most, (_, _, used) = agent.most(TASK, prefix), asked(agent, prefix)
        assert most is not None
        assert most.output_tokens >= used.output_tokens


def test_two_recorded_agents_plan_what_the_target_recorded(pairs: Path) -> None:
    async def main() -> Prefix:
        session = plan(TASK, target=RecordedAgent(pairs, "target"), approximation=RecordedAgent(pairs, "approximation"))
        async with session:
            return (await session.result()).prefix

    assert run(main()) == steps("boil", "pour", FINISH)


def test_a_gap_in_the_recording_ends_the_run_instead_of_inventing_a_step(pairs: Path) -> None:
    pairs.write_text(f"{json.dumps(ROWS[0])}\n{json.dumps(ROWS[2])}\n")

    async def main() -> None:
        session = plan(TASK, target=RecordedAgent(pairs, "target"))
        async with session:
            await session.result()

    with pytest.raises(TargetFailed, match="nobody recorded that prefix"):
        run(main())


def test_a_recorded_step_may_have_arguments_and_its_observation_is_in_no_recording(tmp_path: Path) -> None:
    looks = {"action": "look", "arguments": {"at": "the pot"}}
    row = {"task": "Make tea", "target_s": 1.0, "draft_s": 0.5}
    rows = [{**row, "at": 0, "target": looks, "draft": looks}, {**row, "at": 1, "target": "pour", "draft": "pour"}]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    agent = RecordedAgent(tmp_path / "pairs.jsonl", "target")
    answer, _, _ = asked(agent, (Step("look", {"at": "the pot"}, "it boils"),))
    assert isinstance(answer, Answer)
    assert answer.steps == steps("pour")


@pytest.mark.parametrize("step", [7, {"action": "look"}, {"action": "look", "arguments": {}, "why": "so"}, ["look"]])
def test_what_is_no_step_is_no_recorded_pair(tmp_path: Path, step: object) -> None:
    (tmp_path / "pairs.jsonl").write_text(json.dumps({**ROWS[0], "target": step}))
    with pytest.raises(BadOption, match=r"pairs.jsonl:1: this is no recorded pair \(.* is no step"):
        RecordedAgent(tmp_path / "pairs.jsonl", "target")
