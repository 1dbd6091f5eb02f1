"""The scripts' own modules can be imported here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "scripts"))

collect_ignore = ["test_mutating.py"] if sys.platform == "win32" else []
"""Mutants run in forks, which are POSIX's."""
