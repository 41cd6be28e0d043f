"""Deliveries that were acknowledged, until what they say is part of the journal; and those that nobody understands."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from connectors.events import Delivery
from gateway.store.database import Database
from gateway.store.schema import inbox
from gateway.store.statements import Statement
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

LEFT_OUT = frozenset({"authorization", "cookie", "proxy-authorization"})
"""Headers that are verified by then, and nobody's business afterwards."""


class State(IntEnum):
    PENDING = 0
    DONE = 1
    POISON = 2


UNDONE = (State.PENDING, State.POISON)


class Waiting(msgspec.Struct, frozen=True):
    """A delivery for operators, without what it says."""

    id: int
    source: str
    received_at: datetime
    state: State
    attempts: int
    reason: str | None


class Inbox:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def put(self, source: str, delivery: Delivery) -> None:
        """On the disk when it returns. Raises `UnavailableError`, and then nothing of it is kept."""
        kept = msgspec.structs.replace(
            delivery, headers={name: value for name, value in delivery.headers.items() if name not in LEFT_OUT}
        )
        at = micros(delivery.received_at)
        values = {
            "source": source,
            "received_at": at,
            "try_at": at,
            "state": State.PENDING,
            "attempts": 0,
            "body": self._vault.pack(kept, "delivery", source),
        }
        await self._database.write(lambda connection: _PUT.run(connection, values))

    async def listed(self, states: Sequence[State] = UNDONE, limit: int = 1_000) -> list[Waiting]:
        """The oldest first."""

        def work(connection: Connection) -> list[Waiting]:
            return [
                Waiting(row.id, row.source, instant(row.received_at), State(row.state), row.attempts, row.reason)
                for row in connection.execute(query)
            ]

        columns = inbox.c
        query = select(columns.id, columns.source, columns.received_at, columns.state, columns.attempts, columns.reason)
        query = query.where(columns.state.in_(states)).order_by(columns.id).limit(limit)
        return await self._database.read(work)

    async def count(self) -> dict[State, int]:
        def work(connection: Connection) -> dict[State, int]:
            rows = connection.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state))
            return {State(state): count for state, count in rows}

        return await self._database.read(work)

    async def replay(self, now: datetime, ids: Sequence[int] | None = None, source: str | None = None) -> int:
        """Let quarantined deliveries be tried once more: these, those of a source, or all. How many there were."""
        at = micros(now)
        statement = update(inbox).where(inbox.c.state == State.POISON)
        if ids is not None:
            statement = statement.where(inbox.c.id.in_(ids))
        if source is not None:
            statement = statement.where(inbox.c.source == source)
        again = statement.values(state=State.PENDING, attempts=0, try_at=at, reason=None)
        return await self._database.write(lambda connection: connection.execute(again).rowcount)


_PUT = Statement(insert(inbox), ["source", "received_at", "try_at", "state", "attempts", "body"])
