"""What has changed, in the order in which it was stored: what streams go on by, and caches forget by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from gateway.store.database import Database, is_postgres
from gateway.store.schema import feed
from gateway.store.statements import Statement
from gateway.store.times import instant, micros

ADVISORY_LOCK = 7_305_801_002


class ChangeKind(IntEnum):
    """ROW is there or is another than before, REMOVED is gone. HINT: something of a person or row, what is not known.
    IDENTITY: who is who, and known by what. ERASED: a person is forgotten."""

    ROW = 1
    REMOVED = 2
    HINT = 3
    IDENTITY = 4
    ERASED = 5


class Touched(msgspec.Struct, frozen=True):
    """`digest`: of an identifier, where the record is not known. Without record, row and digest: anything of the
    source."""

    kind: ChangeKind
    source: str
    at: datetime
    record_id: str | None = None
    external_id: str | None = None
    digest: bytes | None = None


class Entry(msgspec.Struct, frozen=True):
    """`seq` grows without end; one that can be read has no smaller one behind it that is still to come."""

    seq: int
    touched: Touched


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, touched: Sequence[Touched]) -> None:
        await self._database.write(lambda connection: append(connection, touched))

    async def after(self, seq: int, limit: int = 1_000) -> list[Entry]:
        def work(connection: Connection) -> list[Entry]:
            return [_entry(*row) for row in _AFTER.rows(connection, {"after": seq, "limit": limit})]

        return await self._database.read(work)

    async def head(self) -> int:
        """Of the last entry; 0 before the first."""
        return await self._database.read(lambda c: c.execute(select(func.max(feed.c.seq))).scalar() or 0)

    async def tail(self) -> int:
        """Of the oldest entry that is kept: who stopped before it cannot be told what was missed. 1 before the
        first."""
        return await self._database.read(lambda c: c.execute(select(func.min(feed.c.seq))).scalar() or 1)


def append(connection: Connection, touched: Iterable[Touched]) -> None:
    """Alike ones once. What is appended last in a transaction is what may be read next: a lock sees to it."""
    rows = [
        {
            "kind": one.kind,
            "source": one.source,
            "record_id": one.record_id,
            "external_id": one.external_id,
            "digest": one.digest,
            "at": micros(one.at),
        }
        for one in dict.fromkeys(touched)
    ]
    if rows:
        lock(connection)
        _APPEND.run_all(connection, rows)


def lock(connection: Connection) -> None:
    """One transaction at a time, until its end, so that numbers are committed in their order. Who changes the journal
    and appends to it takes it first: holding rows and waiting for it, two would wait for each other."""
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})


def purge(connection: Connection, before: int) -> None:
    """But for the last entry, so that numbers are never given again."""
    last = select(func.max(feed.c.seq)).scalar_subquery()
    connection.execute(delete(feed).where(feed.c.at < before, feed.c.seq < last))


_AFTER = Statement(select(feed).where(feed.c.seq > bindparam("after")).order_by(feed.c.seq).limit(bindparam("limit")))
_APPEND = Statement(insert(feed), [column.name for column in feed.c if column is not feed.c.seq])


def _entry(
    seq: int, kind: int, source: str, record_id: str | None, external_id: str | None, digest: bytes | None, at: int
) -> Entry:
    return Entry(seq, Touched(ChangeKind(kind), source, instant(at), record_id, external_id, digest))
