"""The journal is the truth: append, read, follow, own, replay."""

from outrider.journal.codec import decode, encode, encode_plan, from_line, to_line
from outrider.journal.follow import Following
from outrider.journal.memory import MemoryJournal
from outrider.journal.opening import is_address, open_journal
from outrider.journal.owning import Owned, answer_to, is_gone, own, owner_of, this_process
from outrider.journal.plans import ConfirmedPlan, Remembered, forget, remembered
from outrider.journal.postgres import PostgresJournal
from outrider.journal.replay import Replayed, replay
from outrider.journal.salvage import Examined, FoundSession, examine, examine_store, save
from outrider.journal.sqlite import SqliteJournal, default_path
from outrider.journal.store import Heard, JournalStore, Lease, Mailed, SessionEntry

__all__ = [
    "ConfirmedPlan",
    "Examined",
    "Following",
    "FoundSession",
    "Heard",
    "JournalStore",
    "Lease",
    "Mailed",
    "MemoryJournal",
    "Owned",
    "PostgresJournal",
    "Remembered",
    "Replayed",
    "SessionEntry",
    "SqliteJournal",
    "answer_to",
    "decode",
    "default_path",
    "encode",
    "encode_plan",
    "examine",
    "examine_store",
    "forget",
    "from_line",
    "is_address",
    "is_gone",
    "open_journal",
    "own",
    "owner_of",
    "remembered",
    "replay",
    "save",
    "this_process",
    "to_line",
]
