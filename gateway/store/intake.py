"""From acknowledged deliveries to the journal: each event counts once, wholly or not at all.

A delivery is read, its events are marked as seen and applied, and what changed is appended to the feed, all in one
transaction. A crash in between leaves it waiting; told again it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, false, select, update

from connectors.errors import MalformedError
from connectors.events import (
    Change,
    Delivery,
    DeliveryChanged,
    Event,
    Hint,
    MessageArrived,
    MessageEdited,
    MessageRemoved,
    PartlyMalformedError,
    RowChanged,
    RowRemoved,
)
from connectors.identifiers import external
from connectors.interaction import Channel, Identifier
from gateway.store import feed, messages, records, rows, schema, tombstones
from gateway.store.database import Database, is_of_the_database, is_postgres
from gateway.store.feed import ChangeKind, Touched
from gateway.store.inbox import State
from gateway.store.statements import Statement, Upsert, undivided
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

MAX_ATTEMPTS = 5
FIRST_PAUSE = timedelta(seconds=1)
PAUSE_FACTOR = 4
DEFAULT_LIMIT = 32
"""Deliveries in one transaction: what waits to be acknowledged waits for it."""

Reader = Callable[[str, Delivery], Sequence[Event]]
"""What a delivery of a source says. Raises `MalformedError`, or KeyError for a source that is not configured any
more."""


class Processed(msgspec.Struct, frozen=True):
    """`taken`: deliveries looked at. `poisoned`: source and reason of those that were set aside. `hints`: what vendors'
    APIs have to be asked for anew, with its identifiers, which the feed keeps as hashes alone."""

    taken: int
    events: int
    poisoned: tuple[tuple[str, str], ...] = ()
    identifiers: tuple[Identifier, ...] = ()


class _Due(msgspec.Struct, frozen=True):
    """Columns of a delivery."""

    id: int
    source: str
    attempts: int
    body: bytes


class Intake:
    """`only_channels`: of sources that have but one."""

    def __init__(self, database: Database, vault: Vault, only_channels: Mapping[str, Channel]) -> None:
        self._database = database
        self._vault = vault
        self._only_channels = only_channels

    async def process(self, read: Reader, now: datetime, limit: int = DEFAULT_LIMIT) -> Processed:
        """The oldest deliveries that are due. Raises `UnavailableError`, and then none of them has been touched."""
        return await self._database.write(lambda connection: self._process(connection, read, now, limit))

    async def apply(self, source: str, events: Sequence[Event], now: datetime) -> int:
        """Events that came in another way; how many of them were new."""

        def work(connection: Connection) -> int:
            _one_at_a_time(connection)
            touched: list[Touched] = []
            applied = self._apply(connection, source, events, now, touched, [])
            feed.append(connection, touched)
            return applied

        return await self._database.write(work)

    def take(self, connection: Connection, source: str, change: Change) -> list[Touched]:
        """One change, as a part of somebody else's transaction; what it touched is theirs to append to the feed."""
        return self._change(connection, source, change)

    async def next_due(self) -> datetime | None:
        """When the next delivery is to be tried."""
        columns = schema.inbox.c
        first = select(columns.try_at).where(columns.state == State.PENDING).order_by(columns.try_at).limit(1)
        at = await self._database.read(lambda connection: connection.execute(first).scalar())
        return None if at is None else instant(at)

    def _process(self, connection: Connection, read: Reader, now: datetime, limit: int) -> Processed:
        _one_at_a_time(connection)
        due = [_Due(*row) for row in _DUE.rows(connection, {"now": micros(now), "limit": limit})]
        touched: list[Touched] = []
        identifiers: list[Identifier] = []
        poisoned: list[tuple[str, str]] = []
        events = 0
        for row in due:
            part: list[Touched] = []
            try:
                with undivided(connection):
                    applied, reason = self._take(connection, row, read, now, part, identifiers)
            except Exception as error:
                if is_of_the_database(error):
                    raise
                reason = _postpone(connection, row, now, type(error).__name__)
            else:
                touched += part
                events += applied
            if reason is not None:
                poisoned.append((row.source, reason))
        feed.append(connection, touched)
        return Processed(len(due), events, tuple(poisoned), tuple(dict.fromkeys(identifiers)))

    def _take(
        self,
        connection: Connection,
        row: _Due,
        read: Reader,
        now: datetime,
        touched: list[Touched],
        identifiers: list[Identifier],
    ) -> tuple[int, str | None]:
        """How many new events it held, and why it is set aside, if it is: to read it again would change nothing."""
        delivery = self._vault.unpack(row.body, Delivery, "delivery", row.source)
        reason = None
        events: Sequence[Event] = ()
        try:
            events = read(row.source, delivery)
        except PartlyMalformedError as error:
            events, reason = error.events, error.reason
        except MalformedError as error:
            reason = error.reason
        except KeyError:
            reason = "its source has no webhook any more"
        applied = self._apply(connection, row.source, events, now, touched, identifiers)
        if reason is None:
            _DONE.run(connection, {"of_id": row.id})
        else:
            _settle(connection, row.id, state=State.POISON, reason=reason[:200], attempts=row.attempts + 1)
        return applied, reason

    def _apply(
        self,
        connection: Connection,
        source: str,
        events: Sequence[Event],
        now: datetime,
        touched: list[Touched],
        identifiers: list[Identifier],
    ) -> int:
        applied = 0
        for event in events:
            if _is_new(connection, source, event.id, now):
                applied += 1
                for change in event.changes:
                    touched += self._change(connection, source, change)
                    if isinstance(change, Hint):
                        identifiers += change.identifiers
        return applied

    def _change(self, connection: Connection, source: str, change: Change) -> list[Touched]:
        vault = self._vault
        if self._is_erased(connection, source, change):
            self._leave_out(connection, source, change)
            return []
        match change:
            case RowChanged():
                row = msgspec.structs.replace(change.row, source=source)
                told = rows.put(connection, vault, row, change.at)
                if change.record is not None:
                    record = msgspec.structs.replace(change.record, source=source)
                    told += records.put_whole(connection, vault, record, micros(change.at))
                return told
            case RowRemoved():
                return rows.remove(connection, source, change.external_id, change.at)
            case MessageArrived():
                at = micros(change.message.at)
                who = change.record_id
                learned = records.learn(connection, vault, source, who, change.identifiers, change.name, at)
                return learned + messages.arrived(connection, vault, source, change)
            case MessageEdited():
                return messages.edited(connection, vault, source, change)
            case MessageRemoved():
                return messages.removed(connection, vault, source, change)
            case DeliveryChanged():
                return messages.delivered(connection, source, change, self._only_channels.get(source))
            case Hint():
                return self._hinted(source, change)

    def _is_erased(self, connection: Connection, source: str, change: Change) -> bool:
        """Whether it is about somebody who was forgotten after it happened, or about what was told of them: late
        webhooks must not bring them back."""
        told = [tombstones.of_told(self._vault, source, id_) for id_ in (_told_id(change),) if id_]
        match change:
            case RowChanged():
                held = change.record.identifiers if change.record is not None else ()
                record_id, at = change.row.record_id, change.row.started_at
            case MessageArrived():
                held, record_id, at = change.identifiers, change.record_id, change.message.at
            case DeliveryChanged() if change.record_id:
                held, record_id, at = (), change.record_id, change.at
            case _:
                return tombstones.covers(connection, told, tombstones.FOREVER)
        about = dict.fromkeys([external(source, record_id), *(one.identifier for one in held)])
        digests = [*told, *(self._vault.digest(one) for one in about)]
        return tombstones.covers(connection, digests, micros(at))

    def _leave_out(self, connection: Connection, source: str, change: Change) -> None:
        """Whatever else is told of it is left out as well, and what was told before it is taken out."""
        id_ = _told_id(change)
        if id_:
            tombstones.put(connection, [tombstones.of_told(self._vault, source, id_)], tombstones.FOREVER)
            for table in (schema.deliveries, schema.edits):
                connection.execute(delete(table).where(table.c.source == source, table.c.message_id == id_))

    def _hinted(self, source: str, change: Hint) -> list[Touched]:
        kind, at = ChangeKind.HINT, change.at
        told = [
            *(Touched(kind, source, at, record_id=id_) for id_ in change.record_ids),
            *(Touched(kind, source, at, external_id=id_) for id_ in change.external_ids),
            *(Touched(kind, source, at, digest=self._vault.digest(one)) for one in change.identifiers),
        ]
        return told or [Touched(kind, source, at)]


def _told_id(change: Change) -> str:
    """Of the message or the row that it tells of; empty for a hint."""
    match change:
        case RowChanged():
            return change.row.external_id
        case RowRemoved():
            return change.external_id
        case MessageArrived():
            return change.id
        case MessageEdited() | MessageRemoved() | DeliveryChanged():
            return change.message_id
        case _:
            return ""


def purge(connection: Connection, before: int) -> None:
    """What was done, and the ids of events, from before an instant."""
    connection.execute(
        delete(schema.inbox).where(schema.inbox.c.state == State.DONE, schema.inbox.c.received_at < before)
    )
    connection.execute(delete(schema.seen_events).where(schema.seen_events.c.at < before))


def _one_at_a_time(connection: Connection) -> None:
    """Gateways on one PostgreSQL take turns, so that each sees what the one before made of its deliveries."""
    if is_postgres(connection):
        feed.lock(connection)


def _is_new(connection: Connection, source: str, event_id: str, now: datetime) -> bool:
    mark = {"source": source, "event_id": event_id, "at": micros(now)}
    return bool(_MARK.run(connection, mark))


def _settle(connection: Connection, id_: int, **values: Any) -> None:
    connection.execute(update(schema.inbox).where(schema.inbox.c.id == id_).values(**values))


def _postpone(connection: Connection, row: _Due, now: datetime, reason: str) -> str | None:
    """To be tried again, later each time; the reason once it is set aside."""
    attempts = row.attempts + 1
    if attempts >= MAX_ATTEMPTS:
        _settle(connection, row.id, state=State.POISON, attempts=attempts, reason=reason)
        return reason
    pause = FIRST_PAUSE * PAUSE_FACTOR ** (attempts - 1)
    _settle(connection, row.id, attempts=attempts, try_at=micros(now + pause), reason=reason)
    return None


_MARK = Upsert(schema.seen_events, ("source", "event_id"), lambda old, new: false())
_DUE = Statement(
    select(*(schema.inbox.c[name] for name in _Due.__struct_fields__))
    .where(schema.inbox.c.state == State.PENDING, schema.inbox.c.try_at <= bindparam("now"))
    .order_by(schema.inbox.c.try_at, schema.inbox.c.id)
    .limit(bindparam("limit"))
)
_DONE = Statement(
    update(schema.inbox).where(schema.inbox.c.id == bindparam("of_id")).values(state=State.DONE, body=None)
)
