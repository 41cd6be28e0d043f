"""Messages of sources without threads. Stored one by one, whatever their order; folded when they are read.

Everything here gives the same for every order of the same changes: of two states of a delivery the further one
counts, of two edits the later one, and a message that was taken back stays so.
"""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select

from connectors.events import DeliveryChanged, MessageArrived, MessageEdited, MessageRemoved
from connectors.interaction import Attachment, Channel, DeliveryState, Message, MessageParty
from gateway.store import schema
from gateway.store.conversations import Partners, Place, following, is_start, start_of
from gateway.store.feed import ChangeKind, Touched
from gateway.store.statements import Statement, Upsert
from gateway.store.times import instant, micros
from gateway.store.vault import Vault

STATES = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.DELIVERED, DeliveryState.READ)
"""Each counts more than those before it: what was read has arrived, whatever else was said."""

CUSTOMER, COMPANY = 0, 1


class Content(msgspec.Struct, frozen=True):
    """What can be edited of a message."""

    text: str | None
    attachments: tuple[Attachment, ...] = ()


class _Stored(msgspec.Struct, frozen=True):
    """Columns of a message."""

    message_id: str
    record_id: str
    channel: str
    line: str
    at: int
    side: int
    payload: bytes | None


def arrived(connection: Connection, vault: Vault, source: str, change: MessageArrived) -> list[Touched]:
    message = change.message
    place = Place(micros(message.at), CUSTOMER if message.party is MessageParty.CUSTOMER else COMPANY, change.id)
    if _is_taken_back(connection, source, change.id):
        message = msgspec.structs.replace(message, text=None, attachments=())
    partners = (source, change.record_id, change.channel.value, change.line)
    payload = vault.pack(message, "message", source, change.id)
    if message.delivery is not None:
        _note(connection, source, change.id, message.delivery, place.at)
    return _put(connection, partners, place, payload)


def delivered(connection: Connection, source: str, change: DeliveryChanged, channel: Channel | None) -> list[Touched]:
    """`channel`: the source's, where it has but one; then a message of which nothing else is told is known by this."""
    at = micros(change.at)
    if not _note(connection, source, change.message_id, change.state, at):
        return []
    known = _message(connection, source, change.message_id)
    if change.record_id and channel is not None and (known is None or known.payload is None):
        earliest = at if known is None else min(at, known.at)
        partners = (source, change.record_id, channel.value, change.line)
        return _put(connection, partners, Place(earliest, COMPANY, change.message_id), None)
    return _touch(connection, source, change.message_id)


def edited(connection: Connection, vault: Vault, source: str, change: MessageEdited) -> list[Touched]:
    content = msgspec.msgpack.encode(Content(change.text, change.attachments))
    values = {
        "source": source,
        "message_id": change.message_id,
        "at": micros(change.at),
        "tie": hashlib.sha256(content).digest()[:8],
        "payload": vault.seal(content, "edit", source, change.message_id),
    }
    changed = _EDIT.run(connection, values)
    return _touch(connection, source, change.message_id) if changed else []


def removed(connection: Connection, vault: Vault, source: str, change: MessageRemoved) -> list[Touched]:
    id_ = change.message_id
    values = {"source": source, "message_id": id_, "at": micros(change.at), "tie": b"", "payload": None}
    _TAKE_BACK.run(connection, values)
    known = _message(connection, source, id_)
    if known is not None and known.payload is not None:  # what must not be shown need not be kept either
        message = vault.unpack(known.payload, Message, "message", source, id_)
        bare = vault.pack(msgspec.structs.replace(message, text=None, attachments=()), "message", source, id_)
        table_ = schema.messages
        connection.execute(
            table_.update().where(table_.c.source == source, table_.c.message_id == id_).values(payload=bare)
        )
    return _touch(connection, source, id_)


# ---------------------------------------------------------------- one message among others


def _put(connection: Connection, partners: Partners, place: Place, payload: bytes | None) -> list[Touched]:
    """Stored, or, if only what became of it was known, stored at last. Beginnings of conversations are looked at before
    and after: one may have become part of another."""
    source, record_id, channel, line = partners
    old = _message(connection, source, place.message_id)
    if old is not None and old.payload is not None:
        return []  # told again: what was told first stands
    around = [(partners, following(connection, partners, place))]
    if old is not None:
        was = (source, old.record_id, old.channel, old.line)
        around += [(was, start_of(connection, was, _place(old))), (was, following(connection, was, _place(old)))]
    begun = [(who, near, is_start(connection, who, near)) for who, near in around if near is not None]
    values = {
        "source": source,
        "message_id": place.message_id,
        "record_id": record_id,
        "channel": channel,
        "line": line,
        "at": place.at,
        "side": place.side,
        "payload": payload,
    }
    _PUT.run(connection, values)
    told = []
    for who, near, began in begun:
        begins = near.message_id != place.message_id and is_start(connection, who, near)
        if began and not begins and near.message_id != place.message_id:
            told.append(_told(ChangeKind.REMOVED, who, near, place.at))
        elif begins and (old is not None or not began):
            told.append(_told(ChangeKind.ROW, who, near, place.at))
    start = start_of(connection, partners, place)
    if old is not None and start.message_id != place.message_id:
        told.append(_told(ChangeKind.REMOVED, partners, place, place.at))
    return [*told, _told(ChangeKind.ROW, partners, start, place.at)]


def _touch(connection: Connection, source: str, message_id: str) -> list[Touched]:
    """The conversation of a message, if that is known."""
    row = _message(connection, source, message_id)
    if row is None:
        return []
    partners = (source, row.record_id, row.channel, row.line)
    return [_told(ChangeKind.ROW, partners, start_of(connection, partners, _place(row)), row.at)]


def _told(kind: ChangeKind, partners: Partners, start: Place, at: int) -> Touched:
    return Touched(kind, partners[0], instant(at), partners[1], start.message_id)


def _message(connection: Connection, source: str, message_id: str) -> _Stored | None:
    row = _MESSAGE.first(connection, {"of_source": source, "of_id": message_id})
    return None if row is None else _Stored(*row)


def _place(stored: _Stored) -> Place:
    return Place(stored.at, stored.side, stored.message_id)


def _note(connection: Connection, source: str, message_id: str, state: DeliveryState, at: int) -> bool:
    """Whether it says more than was known; of the same state the earliest instant counts."""
    values = {"source": source, "message_id": message_id, "rank": STATES.index(state), "at": at}
    return bool(_NOTE.run(connection, values))


def _is_taken_back(connection: Connection, source: str, message_id: str) -> bool:
    return _TAKEN_BACK.first(connection, {"of_source": source, "of_id": message_id}) is not None


# ---------------------------------------------------------------- statements, made once

_KEYS = ("source", "message_id")
_MESSAGE = Statement(
    select(*(schema.messages.c[name] for name in _Stored.__struct_fields__)).where(
        schema.messages.c.source == bindparam("of_source"), schema.messages.c.message_id == bindparam("of_id")
    )
)
_TAKEN_BACK = Statement(
    select(schema.edits.c.at).where(
        schema.edits.c.source == bindparam("of_source"),
        schema.edits.c.message_id == bindparam("of_id"),
        schema.edits.c.payload.is_(None),
    )
)
_PUT = Upsert(schema.messages, _KEYS)
_TAKE_BACK = Upsert(schema.edits, _KEYS)
_EDIT = Upsert(
    schema.edits,
    _KEYS,
    lambda old, new: and_(old.payload.is_not(None), or_(old.at < new.at, and_(old.at == new.at, old.tie < new.tie))),
)
_NOTE = Upsert(
    schema.deliveries,
    _KEYS,
    lambda old, new: or_(new.rank > old.rank, and_(new.rank == old.rank, new.at < old.at)),
)
