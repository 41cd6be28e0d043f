"""The journal as a source: rows as they were told, and conversations folded from messages, by time in both directions.

A page costs the same at any depth: rows are sought by an index, and so are the beginnings of conversations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from connectors.interaction import (
    Address,
    AddressKind,
    Channel,
    ConversationDetails,
    IdentifierKind,
    Interaction,
    Message,
    MessageParty,
    Record,
)
from connectors.questions import Position, Window
from connectors.whatsapp.folding import TextMessage, Thread, conversation, fold
from gateway.store import records, rows, schema
from gateway.store.conversations import Partners, begins, between, of_partners
from gateway.store.database import Database
from gateway.store.messages import STATES, Content
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

ADDRESSES = {
    Channel.WHATSAPP: (IdentifierKind.WHATSAPP, IdentifierKind.PHONE),
    Channel.SMS: (IdentifierKind.PHONE, IdentifierKind.WHATSAPP),
}
"""What of a record is its address on a channel, the best first."""

FOR_EVER = 2**62


class _Start(msgspec.Struct, frozen=True):
    at: int
    message_id: str
    partners: Partners


class JournalReader:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def page(
        self,
        source: str,
        record_ids: Sequence[str],
        window: Window,
        limit: int,
        now: datetime,
        *,
        ascending: bool = False,
        after: Position | None = None,
    ) -> tuple[list[Interaction], bool]:
        """At most `limit` rows behind `after` in the order asked, and whether there are more."""

        def work(connection: Connection) -> tuple[list[Interaction], bool]:
            told: list[tuple[int, str, _Start | None]] = []
            for record_id in record_ids:
                told += _told(connection, source, record_id, window, limit + 1, ascending, after)
            told.sort(key=lambda one: (one[0], _Backwards(one[1])) if ascending else (-one[0], one[1]))
            chosen, more = told[:limit], len(told) > limit
            talks = _conversations(
                connection, self._vault, source, [start for _, _, start in chosen if start is not None], now
            )
            whole = _whole(connection, self._vault, source, [id_ for _, id_, start in chosen if start is None])
            found = talks | whole
            return [found[id_] for _, id_, _ in chosen if id_ in found], more

        return await self._database.read(work)

    async def get(self, source: str, external_id: str, now: datetime) -> Interaction | None:
        def work(connection: Connection) -> Interaction | None:
            row = rows.get(connection, self._vault, source, external_id)
            if row is not None:
                return row
            columns = schema.messages.c
            found = _starts(source).where(columns.message_id == external_id)
            start = connection.execute(found).one_or_none()
            if start is None:
                return None
            return _conversations(connection, self._vault, source, [_start(start)], now).get(external_id)

        return await self._database.read(work)

    async def messages(self, source: str, record_ids: Sequence[str], window: Window) -> list[TextMessage]:
        """Those written within the window, as they are now, in any order."""
        columns = schema.messages.c

        def work(connection: Connection) -> list[TextMessage]:
            return [_text(row, _message(self._vault, source, row)) for row in connection.execute(query)]

        query = _joined().where(columns.source == source, columns.record_id.in_(record_ids))
        if window.start is not None:
            query = query.where(columns.at >= micros(window.start))
        if window.end is not None:
            query = query.where(columns.at < micros(window.end))
        return await self._database.read(work)

    async def message(self, source: str, message_id: str) -> TextMessage | None:
        columns = schema.messages.c
        query = _joined().where(columns.source == source, columns.message_id == message_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else _text(row, _message(self._vault, source, row))


class _Backwards(str):
    """Sorts the other way round."""

    __slots__ = ()

    def __lt__(self, other: str) -> bool:
        return str.__gt__(self, other)


def _told(
    connection: Connection,
    source: str,
    record_id: str,
    window: Window,
    limit: int,
    ascending: bool,
    after: Position | None,
) -> list[tuple[int, str, _Start | None]]:
    """When and what, of one record: rows that were told whole, and beginnings of conversations."""
    row, message = schema.interactions.c, schema.messages.c
    of_record = select(row.started_at, row.external_id).where(
        row.source == source, row.record_id == record_id, row.payload.is_not(None)
    )
    of_starts = _starts(source).where(message.record_id == record_id)
    wholes = connection.execute(_cut(of_record, row.started_at, row.external_id, window, limit, ascending, after))
    starts = connection.execute(_cut(of_starts, message.at, message.message_id, window, limit, ascending, after))
    return [
        *((found.started_at, found.external_id, None) for found in wholes),
        *((found.at, found.message_id, _start(found)) for found in starts),
    ]


def _cut(
    query: Select[Any], at: Any, id_: Any, window: Window, limit: int, ascending: bool, after: Position | None
) -> Select[Any]:
    if window.start is not None:
        query = query.where(at >= micros(window.start))
    if window.end is not None:
        query = query.where(at < micros(window.end))
    if after is not None:
        edge = micros(after.started_at)
        if ascending:
            query = query.where(at >= edge, or_(at > edge, id_ < after.external_id))
        else:
            query = query.where(at <= edge, or_(at < edge, id_ > after.external_id))
    order = (at, id_.desc()) if ascending else (at.desc(), id_)
    return query.order_by(*order).limit(limit)


def _starts(source: str) -> Select[Any]:
    return _STARTS.where(schema.messages.c.source == source)


def _start(row: Any) -> _Start:
    return _Start(row.at, row.message_id, (row.source, row.record_id, row.channel, row.line))


def _whole(connection: Connection, vault: Vault, source: str, ids: Sequence[str]) -> dict[str, Interaction]:
    if not ids:
        return {}
    columns = schema.interactions.c
    found = connection.execute(
        select(columns.external_id, columns.payload).where(
            columns.source == source, columns.external_id.in_(ids), columns.payload.is_not(None)
        )
    )
    return {row.external_id: vault.unpack(row.payload, Interaction, "row", source, row.external_id) for row in found}


# ---------------------------------------------------------------- conversations


def _conversations(
    connection: Connection, vault: Vault, source: str, starts: Sequence[_Start], now: datetime
) -> dict[str, Interaction]:
    """Those that begin there, by id, whole. Those of one pair follow each other, so they are read in one go."""
    if not starts:
        return {}
    by_partners: dict[Partners, list[_Start]] = defaultdict(list)
    for start in starts:
        by_partners[start.partners].append(start)
    known = {
        kept.record.id: kept.record
        for kept in records.read(connection, vault, source, sorted({partners[1] for partners in by_partners}))
    }
    found = {}
    for partners, own in by_partners.items():
        first, last = min(start.at for start in own), max(start.at for start in own)
        exchanged = _exchanged(connection, vault, partners, first, _end(connection, partners, last))
        for thread in fold(text for text, _ in exchanged.values()):
            row = conversation(source, thread, now)
            found[row.external_id] = _completed(row, thread, known.get(partners[1]), exchanged)
    return {start.message_id: found[start.message_id] for start in starts if start.message_id in found}


def _end(connection: Connection, partners: Partners, last: int) -> int | None:
    """Where the first conversation behind this instant begins."""
    return connection.execute(_END, {**of_partners(partners), "last": last}).scalar()


def _exchanged(
    connection: Connection, vault: Vault, partners: Partners, first: int, end: int | None
) -> dict[str, tuple[TextMessage, Message]]:
    """Messages of a stretch of time, with what became of them, by id."""
    bound = {**of_partners(partners), "first": first, "end": FOR_EVER if end is None else end}
    found = {}
    for row in connection.execute(_EXCHANGED, bound):
        told = _message(vault, partners[0], row)
        found[row.message_id] = _text(row, told), told
    return found


def _joined() -> Select[Any]:
    """Messages, with what became of them."""
    message, delivery, edit = schema.messages.c, schema.deliveries.c, schema.edits.c
    return (
        select(
            message.message_id,
            message.record_id,
            message.channel,
            message.line,
            message.at,
            message.payload,
            delivery.rank,
            edit.payload.label("edited"),
        )
        .select_from(schema.messages)
        .outerjoin(
            schema.deliveries, and_(delivery.source == message.source, delivery.message_id == message.message_id)
        )
        .outerjoin(schema.edits, and_(edit.source == message.source, edit.message_id == message.message_id))
    )


def _text(row: Any, told: Message) -> TextMessage:
    return TextMessage(
        id=row.message_id,
        at=told.at,
        customer=row.record_id,
        channel=Channel(row.channel),
        sender=row.line,
        party=told.party,
        text=told.text,
        delivery=told.delivery,
        attachments=told.attachments,
    )


def _message(vault: Vault, source: str, row: Any) -> Message:
    """As it is now: edited, taken back, delivered."""
    delivery = None if row.rank is None else STATES[row.rank]
    if row.payload is None:  # of which only that is told
        return Message(at=instant(row.at), party=MessageParty.AGENT, delivery=delivery)
    told = vault.unpack(row.payload, Message, "message", source, row.message_id)
    told = replace(told, delivery=delivery)
    if row.edited is not None:
        content = vault.unpack(row.edited, Content, "edit", source, row.message_id)
        return replace(told, text=content.text, attachments=content.attachments)
    return told


def _completed(
    row: Interaction, thread: Thread, record: Record | None, exchanged: dict[str, tuple[TextMessage, Message]]
) -> Interaction:
    """With the customer's address, which is no number everywhere, and with who wrote for the company."""
    details = row.details
    assert isinstance(details, ConversationDetails)
    written = tuple(
        replace(shown, agent=exchanged[text.id][1].agent) for text, shown in zip(thread, details.messages, strict=True)
    )
    return replace(row, address=_address(row.channel, record), details=replace(details, messages=written))


def _address(channel: Channel, record: Record | None) -> Address | None:
    held = [one.identifier for one in record.identifiers] if record is not None else []
    for kind in ADDRESSES.get(channel, ()):
        for identifier in held:
            if identifier.kind is kind:
                return Address(AddressKind.OTHER, kind, identifier.value)
    return next(
        (
            Address(AddressKind.OTHER, identifier.kind, identifier.value)
            for identifier in held
            if identifier.kind is IdentifierKind.SOCIAL and identifier.channel is channel
        ),
        None,
    )


# ---------------------------------------------------------------- statements, made once

_columns = schema.messages.c
_END = (
    select(_columns.at)
    .where(between(_columns), _columns.at > bindparam("last"), begins(_columns))
    .order_by(_columns.at)
    .limit(1)
)
_EXCHANGED = _joined().where(between(_columns), _columns.at >= bindparam("first"), _columns.at < bindparam("end"))
_STARTS = select(
    _columns.at, _columns.message_id, _columns.source, _columns.record_id, _columns.channel, _columns.line
).where(begins(_columns))
