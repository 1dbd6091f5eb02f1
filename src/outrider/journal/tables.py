"""The journal's tables in Postgres, in a schema of their own, and how they are made and known from others'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from outrider.errors import JournalCorrupt, JournalNewer, JournalUnusable
from outrider.journal.link import Database

FORMAT: Final = 3
"""Of these tables. 1: as the file's format 3. 2: what came of commands. 3: an append notifies nobody."""

SCHEMA: Final = "outrider"

_STATEMENTS: Final = """
CREATE SCHEMA IF NOT EXISTS outrider;
CREATE TABLE outrider.format (version integer NOT NULL);
INSERT INTO outrider.format VALUES (1);
CREATE TABLE outrider.session (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, created text NOT NULL,
    task text NOT NULL, outcome text, steps integer NOT NULL, events bigint NOT NULL, fence bigint NOT NULL DEFAULT 0);
CREATE TABLE outrider.event (
    session bigint NOT NULL, n bigint NOT NULL, kind text NOT NULL, json text NOT NULL, crc bigint NOT NULL,
    PRIMARY KEY (session, n));
CREATE TABLE outrider.learned (topic text COLLATE "C" PRIMARY KEY, json text NOT NULL, crc bigint NOT NULL);
CREATE TABLE outrider.lease (
    session text COLLATE "C" PRIMARY KEY, fence bigint NOT NULL, owner text NOT NULL, renewed timestamptz NOT NULL,
    ttl_s double precision NOT NULL);
CREATE TABLE outrider.mailbox (
    n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session text COLLATE "C" NOT NULL, "by" text NOT NULL, json text NOT NULL,
    crc bigint NOT NULL, token text NOT NULL UNIQUE, taken boolean NOT NULL DEFAULT false);
CREATE INDEX ON outrider.mailbox (session, n) WHERE NOT taken;
CREATE FUNCTION outrider.ring() RETURNS trigger LANGUAGE plpgsql AS $ring$
    BEGIN
        PERFORM pg_notify('outrider', CASE WHEN octet_length(NEW.name) < 2000 THEN NEW.name ELSE '' END);
        RETURN NULL;
    END $ring$;
CREATE FUNCTION outrider.ring_for_mail() RETURNS trigger LANGUAGE plpgsql AS $ring$
    BEGIN
        PERFORM pg_notify('outrider', CASE WHEN octet_length(NEW.session) < 2000 THEN NEW.session ELSE '' END);
        RETURN NULL;
    END $ring$;
CREATE TRIGGER ring AFTER INSERT OR UPDATE OF events ON outrider.session FOR EACH ROW EXECUTE FUNCTION outrider.ring();
CREATE TRIGGER ring AFTER INSERT ON outrider.mailbox FOR EACH ROW EXECUTE FUNCTION outrider.ring_for_mail();
"""
"""Of format 1. Every checksum names the session, as in the file, so a row cannot stand for another."""

_ADDED: Final[Mapping[int, str]] = {
    2: """
ALTER TABLE outrider.mailbox ADD COLUMN record bigint, ADD COLUMN refused text NOT NULL DEFAULT '""';
CREATE INDEX ON outrider.mailbox (session, n) WHERE taken;
CREATE TRIGGER heard AFTER UPDATE OF taken ON outrider.mailbox FOR EACH ROW EXECUTE FUNCTION outrider.ring_for_mail();
UPDATE outrider.format SET version = 2;
""",
    3: """
DROP TRIGGER ring ON outrider.session;
DROP FUNCTION outrider.ring();
UPDATE outrider.format SET version = 3;
""",
}
"""What makes tables of the format before those of this one."""


async def prepare(db: Database, name: str, *, read_only: bool) -> None:
    """The tables are there, made now unless ``read_only``, and are ours.

    Raises:
        JournalUnusable: they are not there, and may not be made.
        JournalNewer, JournalCorrupt: they are of a later format; of somebody else.
    """
    async with db.transaction():
        if not read_only:
            await db.execute("SELECT pg_advisory_xact_lock(hashtextextended('outrider', 0))")  # one of several makes them
        tables = await db.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = $1", SCHEMA)
        if tables == 0 and read_only:
            raise JournalUnusable(f"there is no journal in {name}; a run that is told to keep one there makes it")
        if tables == 0:
            await db.execute(_STATEMENTS)
        elif not await db.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{SCHEMA}.format"):
            raise JournalCorrupt(f"the schema {SCHEMA!r} of {name} is no journal of Outrider's; choose another database")
        version = await db.fetchval("SELECT max(version) FROM outrider.format")
        if version is None or version < 1:
            raise JournalCorrupt(f"the journal {name} is damaged: it says that its format is {version}")
        if version > FORMAT:
            raise JournalNewer(
                f"the journal {name} has format {version} and this Outrider reads up to {FORMAT}; install a newer one"
            )
        for later in range(version + 1, FORMAT + 1) if not read_only else ():
            await db.execute(_ADDED[later])
