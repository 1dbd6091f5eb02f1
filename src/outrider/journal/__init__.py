"""The journal is the truth: append, read, replay."""

from outrider.journal.codec import decode, encode, encode_plan, from_line, to_line
from outrider.journal.memory import MemoryJournal
from outrider.journal.plans import ConfirmedPlan, Remembered, forget, remembered
from outrider.journal.replay import Replayed, replay
from outrider.journal.sqlite import SqliteJournal, default_path
from outrider.journal.store import JournalStore, SessionEntry

__all__ = [
    "ConfirmedPlan",
    "JournalStore",
    "MemoryJournal",
    "Remembered",
    "Replayed",
    "SessionEntry",
    "SqliteJournal",
    "decode",
    "default_path",
    "encode",
    "encode_plan",
    "forget",
    "from_line",
    "remembered",
    "replay",
    "to_line",
]
