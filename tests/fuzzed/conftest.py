"""The scripts' own modules can be imported here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

collect_ignore = ["test_fuzz.py"] if sys.platform == "win32" else []
"""A parser that hangs is broken off by a signal, and one that takes all memory by a limit, which are POSIX's."""
