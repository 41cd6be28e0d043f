"""Who was forgotten: keyed hashes of identifiers, so that what comes late about them is recognised and left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from connectors.interaction import Identifier
from gateway.store import schema
from gateway.store.database import Database, insert
from gateway.store.statements import Statement
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

FOREVER = 2**62
"""Of what was told about somebody who was forgotten: whatever is said of it later is about them."""


def of_told(vault: Vault, source: str, told_id: str) -> bytes:
    """A message's or a row's own."""
    return vault.hash("told", source, told_id)


class Tombstones:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def put(self, identifiers: Iterable[Identifier], at: datetime) -> None:
        """Of one that was forgotten before, the later instant counts."""
        digests = [self._vault.digest(identifier) for identifier in identifiers]
        await self._database.write(lambda connection: put(connection, digests, micros(at)))

    async def erased_at(self, identifiers: Sequence[Identifier]) -> dict[Identifier, datetime]:
        """Those that were forgotten, and when."""
        by_digest = {self._vault.digest(identifier): identifier for identifier in identifiers}

        def work(connection: Connection) -> dict[Identifier, datetime]:
            columns = schema.tombstones.c
            found = connection.execute(select(columns.digest, columns.at).where(columns.digest.in_(by_digest)))
            return {by_digest[digest]: instant(at) for digest, at in found}

        return await self._database.read(work)


def put(connection: Connection, digests: Sequence[bytes], at: int) -> None:
    table = schema.tombstones
    for digest in dict.fromkeys(digests):
        statement = insert(connection, table).values(digest=digest, at=at)
        connection.execute(
            statement.on_conflict_do_update(index_elements=[table.c.digest], set_={"at": at}, where=table.c.at < at)
        )


def covers(connection: Connection, digests: Sequence[bytes], at: int) -> bool:
    """Whether one of them was forgotten at that instant or after it."""
    for n in range(0, len(digests), MOST_AT_ONCE):
        some = {f"digest_{i}": digest for i, digest in enumerate(digests[n : n + MOST_AT_ONCE])}
        if _COVERING[len(some) - 1].first(connection, {**some, "since": at}) is not None:
            return True
    return False


def _covering(count: int) -> Statement:
    """For so many digests."""
    columns = schema.tombstones.c
    is_one = columns.digest.in_([bindparam(f"digest_{n}") for n in range(count)])
    return Statement(select(columns.at).where(is_one, columns.at >= bindparam("since")).limit(1))


MOST_AT_ONCE = 8
_COVERING = [_covering(count + 1) for count in range(MOST_AT_ONCE)]
