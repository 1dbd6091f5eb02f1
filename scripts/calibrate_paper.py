"""Fit the simulator to the paper's settings and write src/outrider/bench/data/paper/calibrated.json. A test holds some of it.

OPENBLAS_NUM_THREADS=1 python scripts/calibrate_paper.py
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from outrider.bench.calibration import EPISODES, TOLERANCE, Plans, fitted
from outrider.bench.paper import DRAFT_SPREAD, SMALL_MODEL_PRICE, TARGET_SPREAD, published

FILE = Path(__file__).parent.parent / "src" / "outrider" / "bench" / "data" / "paper" / "calibrated.json"


def main() -> None:
    """Fit every setting, print a line each, write everything."""
    settings = {}
    for setting in published():
        fit = fitted(setting, Plans(setting.lengths))
        settings[setting.name] = asdict(fit)
        print(setting.name, json.dumps(settings[setting.name]), file=sys.stderr)
    assumed = {"target_spread": TARGET_SPREAD, "draft_spread": DRAFT_SPREAD, "small_model_price": SMALL_MODEL_PRICE}
    how = {"command": "python scripts/calibrate_paper.py", "episodes": EPISODES, "tolerance": TOLERANCE, "seed": 0}
    FILE.write_text(json.dumps({**how, "assumed": assumed, "settings": settings}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
