"""Takes out of the journal what is older than its source's and its channel's term."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, exists, select

from connectors.interaction import Channel
from gateway.store import feed, schema
from gateway.store.inbox import State
from gateway.store.times import micros


class Term(msgspec.Struct, frozen=True):
    """`by_channel` counts before `days`; None: for ever."""

    days: timedelta | None
    by_channel: Mapping[Channel, timedelta]

    def cuts(self, now: datetime) -> list[tuple[str | None, int]]:
        """Channel (None: every other) and the instant before which nothing of it is kept."""
        found: list[tuple[str | None, int]] = [
            (channel.value, micros(now - limit)) for channel, limit in self.by_channel.items()
        ]
        return found if self.days is None else [*found, (None, micros(now - self.days))]


def retire(connection: Connection, source: str, term: Term, now: datetime, limit: int) -> int:
    """At most `limit` rows and as many messages; how many there were. Contacts go with the last of theirs."""
    feed.lock(connection)
    row, message = schema.interactions, schema.messages
    gone = 0
    named = [channel.value for channel in term.by_channel]
    touched: set[str] = set()
    for channel, before in term.cuts(now):
        for table, id_, at in (
            (row, row.c.external_id, row.c.last_activity_at),
            (message, message.c.message_id, message.c.at),
        ):
            old = select(id_, table.c.record_id).where(table.c.source == source, at < before)
            old = old.where(table.c.channel == channel) if channel else old.where(table.c.channel.not_in(named))
            found = connection.execute(old.limit(limit)).all()
            ids = [one[0] for one in found]
            touched |= {one.record_id for one in found}
            gone += _delete(connection, table, id_, source, ids)
            if table is message:
                for beside in (schema.deliveries, schema.edits):
                    _delete(connection, beside, beside.c.message_id, source, ids)
    for record_id in touched:
        _drop_contact(connection, source, record_id)
    return gone


def _delete(connection: Connection, table: Any, id_: Any, source: str, ids: list[str]) -> int:
    gone = 0
    for n in range(0, len(ids), 500):
        chosen = delete(table).where(table.c.source == source, id_.in_(ids[n : n + 500]))
        gone += connection.execute(chosen).rowcount
    return gone


def _drop_contact(connection: Connection, source: str, record_id: str) -> None:
    """Unless something of theirs is still there."""
    for table in (schema.interactions, schema.messages):
        mine = exists().where(table.c.source == source, table.c.record_id == record_id)
        if connection.execute(select(mine)).scalar():
            return
    for table in (schema.records, schema.identifiers, schema.search_terms):
        connection.execute(delete(table).where(table.c.source == source, table.c.record_id == record_id))


def retire_deliveries(connection: Connection, before: int) -> int:
    """Of those that were set aside."""
    columns = schema.inbox.c
    chosen = delete(schema.inbox).where(columns.state == State.POISON, columns.received_at < before)
    return connection.execute(chosen).rowcount
