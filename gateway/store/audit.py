"""Who looked at whom: append-only, each entry bound to all before it, so that none can be changed or taken out
unnoticed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select, text

from gateway.store.database import Database, is_postgres
from gateway.store.schema import audit
from gateway.store.statements import Statement
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

ADVISORY_LOCK = 7_305_801_003
BEGINNING = bytes(32)
_LAST = Statement(select(audit.c.seq, audit.c.chain).order_by(audit.c.seq.desc()).limit(1))
_APPEND = Statement(insert(audit))


class AuditEntry(msgspec.Struct, frozen=True):
    """`content`: what was done, in the form of whoever appends. `chain`: of this entry and all before it."""

    seq: int
    at: datetime
    content: bytes
    chain: bytes


class BrokenChain(Exception):
    """`seq`: the first entry that is not what was appended."""

    def __init__(self, seq: int) -> None:
        super().__init__(f"entry {seq} of the audit record is not what was appended")
        self.seq = seq


class Audit:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def append(self, entries: Sequence[tuple[datetime, bytes]]) -> AuditEntry | None:
        """All of them or none, in this order; the last of them."""
        return await self._database.write(lambda connection: self._append(connection, entries))

    def _append(self, connection: Connection, entries: Sequence[tuple[datetime, bytes]]) -> AuditEntry | None:
        if is_postgres(connection):
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        seq, chain = _LAST.first(connection, {}) or (0, BEGINNING)
        rows = []
        entry = None
        for at, content in entries:
            seq += 1
            payload = self._vault.seal(content, "audit", str(seq))
            chain = self._link(chain, seq, micros(at), payload)
            rows.append({"seq": seq, "at": micros(at), "payload": payload, "chain": chain})
            entry = AuditEntry(seq, at, content, chain)
        if rows:
            _APPEND.run_all(connection, rows)
        return entry

    async def walk(self, after: AuditEntry | None = None, limit: int = 1_000) -> list[AuditEntry]:
        """The next entries, each checked. Raises `BrokenChain`."""
        seq, chain = (after.seq, after.chain) if after is not None else (0, BEGINNING)
        query = select(audit).where(audit.c.seq > seq).order_by(audit.c.seq).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        found = []
        for row in rows:
            seq += 1
            chain = self._link(chain, seq, row.at, row.payload)
            if row.seq != seq or row.chain != chain:
                raise BrokenChain(seq)
            found.append(AuditEntry(seq, instant(row.at), self._vault.open(row.payload, "audit", str(seq)), chain))
        return found

    async def last(self) -> AuditEntry | None:
        """The newest entry, unchecked: kept elsewhere, it shows later that none was cut off at the end."""
        query = select(audit).order_by(audit.c.seq.desc()).limit(1)
        row = await self._database.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        content = self._vault.open(row.payload, "audit", str(row.seq))
        return AuditEntry(row.seq, instant(row.at), content, row.chain)

    def _link(self, chain: bytes, seq: int, at: int, payload: bytes) -> bytes:
        place = seq.to_bytes(8, "big") + at.to_bytes(8, "big", signed=True)
        return self._vault.chain(b"audit\0" + chain + place + payload)
