"""Write the data of the suites `chess` and `tau2` from the third parties' recordings they come from.

python scripts/derive_suites.py chess CHESS_STEPS.jsonl
python scripts/derive_suites.py tau2 TAU2_STEPS.jsonl

What is kept: of chess, every step, as rows. Of τ²-bench, of the runs that the suite compares, each turn of the agent as its
action (a call's name and a hash of all that is called with its arguments, or `say`), its seconds, prompt tokens and output
tokens.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from outrider.bench.suites import DATA, TAU2_PAIRS

HASH_CHARACTERS = 8


def chess(source: Path) -> list[dict[str, Any]]:
    """A row a step."""
    return [
        {
            "task": f"game {step['game']}", "at": step["step"], "target": step["target"], "target_s": step["t_target"],
            "drafts": step["guesses"], "draft_s": step["t_guess"], "target_tokens": step["out_target"],
            "target_prompt_tokens": step["in_target"], "draft_tokens": step["out_guess"], "draft_prompt_tokens": step["in_guess"],
        }
        for step in map(json.loads, source.read_text(encoding="utf-8").splitlines())
    ]  # fmt: skip


def tau2(source: Path) -> list[dict[str, Any]]:
    """A line a run that is compared: who, which task, and the agent's turns."""
    wanted = {(pair.domain, model) for pair in TAU2_PAIRS for model in (pair.target, pair.drafter)}
    runs = map(json.loads, source.read_text(encoding="utf-8").splitlines())
    kept = [run for run in runs if (run["domain"], run["model"]) in wanted]
    return [
        {"domain": run["domain"], "model": run["model"], "task": run["task"], "turns": [turn(step) for step in turns(run)]}
        for run in kept
    ]


def turns(run: dict[str, Any]) -> list[dict[str, Any]]:
    """What the model said or called; the greeting, which no model wrote, has no time and is left out."""
    return [step for step in run["steps"] if step["k"] in ("say", "call") and step["lat"] is not None]


def turn(step: dict[str, Any]) -> list[Any]:
    """Action, seconds, prompt tokens, output tokens."""
    return [action(step), round(step["lat"], 3), step["in"], step["out"]]


def action(step: dict[str, Any]) -> str:
    """`say`, or the first call's name and a hash of all calls: equal for equal calls."""
    if step["k"] == "say":
        return "say"
    text = json.dumps(step["calls"], sort_keys=True, ensure_ascii=False)
    return f"{step['calls'][0][0]}#{hashlib.sha256(text.encode()).hexdigest()[:HASH_CHARACTERS]}"


def main() -> None:
    """Derive one suite's data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=["chess", "tau2"])
    parser.add_argument("source", type=Path)
    arguments = parser.parse_args()
    lines = {"chess": chess, "tau2": tau2}[arguments.suite](arguments.source)
    out = DATA / arguments.suite / ("rows.jsonl" if arguments.suite == "chess" else "runs.jsonl")
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    out.write_text(text, encoding="utf-8")
    print(f"wrote {len(lines)} lines, {len(text)} characters")


if __name__ == "__main__":
    main()
