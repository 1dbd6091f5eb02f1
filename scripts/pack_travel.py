"""Pack TravelPlanner's files for the wheel: each as it is, compressed, and the licence beside them.

    python scripts/pack_travel.py FOLDER_OF_THE_ORIGINALS

The same originals give the same bytes. A test holds the SHA-256 of what comes out of each.
"""

from __future__ import annotations

import hashlib
import lzma
import sys
from pathlib import Path

INTO = Path(__file__).parent.parent / "src" / "outrider" / "worlds" / "travel" / "data"
FILES = (
    "attractions.csv",
    "citySet_with_states.txt",
    "clean_accommodations_2022.csv",
    "clean_restaurant_2022.csv",
    "distance.csv",
    "train45.jsonl",
    "train_ref_info.jsonl",
)


def main(folder: Path) -> None:
    """The packed files and the licence stand in the package; the hash of each original is printed."""
    INTO.mkdir(parents=True, exist_ok=True)
    (INTO / "LICENSE").write_bytes((folder / "LICENSE").read_bytes())
    for name in FILES:
        original = (folder / name).read_bytes()
        packed = lzma.compress(original, preset=9 | lzma.PRESET_EXTREME)
        (INTO / f"{name}.xz").write_bytes(packed)
        print(f'    "{name}": "{hashlib.sha256(original).hexdigest()}",  # {len(original)} bytes, packed {len(packed)}')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
