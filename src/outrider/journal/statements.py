"""What is asked of Postgres. One statement is one journey and one transaction, so what must hold together stands together."""

from __future__ import annotations

import json
from typing import Any, Final, TypeAlias

Row: TypeAlias = tuple[int, str, str, int]
"""An event: number, kind, line, checksum."""

LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7))"
"""Until the transaction ends, nobody else claims, opens or commands the session of this name."""

_EVENTS: Final = """
written AS (
    INSERT INTO outrider.event (session, n, kind, json, crc)
    SELECT entered.id, given.* FROM entered, unnest({0}::bigint[], {1}::text[], {2}::text[], {3}::bigint[]) AS given
    RETURNING n),
out AS (
    UPDATE outrider.mailbox SET taken = true, record = CASE WHEN n = {4} THEN ({0}::bigint[])[1] END
    WHERE {4} > 0 AND session = $1 AND n <= {4} AND NOT taken AND EXISTS (SELECT FROM entered))
SELECT count(*) FROM written
"""

_OPENED: Final = """WITH entered AS (
    INSERT INTO outrider.session (name, created, task, outcome, steps, events, fence)
    SELECT $1::text, $2::text, $3::text, $4::text, $5::integer, $6::bigint, $7::bigint
    WHERE $7 = coalesce((SELECT fence FROM outrider.lease WHERE session = $1), 0)
    ON CONFLICT DO NOTHING RETURNING id),"""

_WENT_ON: Final = """WITH entered AS (
    UPDATE outrider.session SET steps = coalesce($4::integer, steps), outcome = coalesce($5::text, outcome), events = $6::bigint
    WHERE name = $1 AND events = $2 AND fence = $3 RETURNING id),"""

OPEN: Final = _OPENED + _EVENTS.format("$9", "$10", "$11", "$12", "$8::bigint")
APPEND: Final = _WENT_ON + _EVENTS.format("$8", "$9", "$10", "$11", "$7::bigint")

STANDS: Final = """SELECT event.n, event.crc FROM outrider.event JOIN outrider.session ON session.id = event.session
    WHERE name = $1 AND fence = $2 AND n BETWEEN $3 AND $4 ORDER BY n"""

EVENTS: Final = "SELECT events FROM outrider.session WHERE name = $1"
FENCE: Final = "SELECT fence FROM outrider.lease WHERE session = $1"
FENCED: Final = "UPDATE outrider.session SET fence = $2 WHERE name = $1"
TAKE_OUT: Final = """UPDATE outrider.mailbox SET taken = true, refused = CASE WHEN n = $2 THEN $3::text ELSE refused END
    WHERE session = $1 AND n <= $2 AND NOT taken"""
HEARD: Final = "SELECT n, record, refused FROM outrider.mailbox WHERE session = $1 AND n >= $2 AND taken ORDER BY n"

_ALIVE: Final = "abs(extract(epoch FROM clock_timestamp() - lease.renewed)) < lease.ttl_s"
"""As ``store.is_alive``."""

CLAIM: Final = f"""
INSERT INTO outrider.lease (session, fence, owner, renewed, ttl_s) VALUES ($1, 1, $2, clock_timestamp(), $3)
ON CONFLICT (session) DO UPDATE
SET fence = lease.fence + 1, owner = excluded.owner, renewed = excluded.renewed, ttl_s = excluded.ttl_s
WHERE lease.owner = '' OR lease.owner = ANY($4::text[]) OR NOT ({_ALIVE})
RETURNING fence
"""  # noqa: S608 - constants

OWNED: Final = "SELECT owner, ttl_s FROM outrider.lease WHERE session = $1"
OWNER: Final = f"SELECT owner FROM outrider.lease WHERE session = $1 AND {_ALIVE}"  # noqa: S608 - constants
RENEW: Final = """UPDATE outrider.lease SET renewed = clock_timestamp(), ttl_s = $3
    WHERE session = $1 AND fence = $2 RETURNING fence"""
RELEASE: Final = (
    "UPDATE outrider.lease SET fence = fence + 1, owner = '', ttl_s = 0 WHERE session = $1 AND fence = $2 RETURNING fence"
)

OUTCOME: Final = "SELECT coalesce(outcome, 'interrupted') FROM outrider.session WHERE name = $1"
POST: Final = """INSERT INTO outrider.mailbox (session, "by", json, crc, token) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (token) DO UPDATE SET token = excluded.token RETURNING n"""
MAIL: Final = 'SELECT n, "by", json, crc FROM outrider.mailbox WHERE session = $1 AND n >= $2 AND NOT taken ORDER BY n'

FIND: Final = "SELECT name, id, events FROM outrider.session WHERE name >= $1 AND name <= $2 ORDER BY name LIMIT $3"
NEWEST: Final = "SELECT name FROM outrider.session ORDER BY id DESC LIMIT $1"
READ: Final = """SELECT n, json, crc FROM outrider.event
    WHERE session = $1 AND n >= $2 AND ($3::text[] IS NULL OR kind = ANY($3)) ORDER BY n"""
_ENTRIES: Final = "SELECT name, created, task, outcome, steps, events FROM outrider.session"
SESSIONS: Final = f"{_ENTRIES} ORDER BY id DESC LIMIT $1::bigint"
ENTRY: Final = f"{_ENTRIES} WHERE id = $1"

LEARNED: Final = "SELECT json, crc FROM outrider.learned WHERE topic = $1"
KEEP_LEARNED: Final = """INSERT INTO outrider.learned (topic, json, crc) VALUES ($1, $2, $3)
    ON CONFLICT (topic) DO UPDATE SET json = excluded.json, crc = excluded.crc"""


def text(value: str) -> str:
    """``value`` as Postgres can hold it: it has no place for a zero byte."""
    return json.dumps(value, ensure_ascii=False)


def entry(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A session's row with its task as it was said."""
    name, created, task, *rest = row
    try:
        return (name, created, json.loads(task), *rest)
    except ValueError:
        return (name, created, None, *rest)  # which is found to make no sense
