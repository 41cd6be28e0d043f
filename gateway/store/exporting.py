"""Everything that the store holds about one person, as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, or_, select

from connectors.events import Delivery
from connectors.interaction import Interaction, Message
from gateway.customers.links import Link
from gateway.store import schema
from gateway.store.erasing import Known, batches, marks_of, mentions
from gateway.store.links import Handle
from gateway.store.messages import Content
from gateway.store.records import read
from gateway.store.times import instant
from gateway.store.vault import Vault

_LINK = cast(type[Link], Link)


def collect(connection: Connection, vault: Vault, known: Known) -> dict[str, list[Any]]:
    """By the names that the receipt of an erasure uses."""
    digests = [vault.digest(identifier) for identifier in known.everything()]
    return {
        "contacts": [
            msgspec.to_builtins(kept.record)
            for source, record_id in known.records
            for kept in read(connection, vault, source, [record_id])
        ],
        "journal": [
            told
            for source, id_ in known.records
            for told in (*_rows(connection, vault, source, id_), *_messages(connection, vault, source, id_))
        ],
        "quarantine": _deliveries(connection, vault, known),
        "links": _links(connection, vault, digests),
        "ids": _by_digest(connection, schema.handles, digests, lambda payload: vault.unpack(payload, Handle, "handle")),
    }


def _rows(connection: Connection, vault: Vault, source: str, record_id: str) -> list[Any]:
    columns = schema.interactions.c
    found = connection.execute(
        select(columns.external_id, columns.payload)
        .where(columns.source == source, columns.record_id == record_id, columns.payload.is_not(None))
        .order_by(columns.started_at, columns.external_id)
    )
    return [
        msgspec.to_builtins(vault.unpack(row.payload, Interaction, "row", source, row.external_id)) for row in found
    ]


def _messages(connection: Connection, vault: Vault, source: str, record_id: str) -> list[Any]:
    message, edit = schema.messages.c, schema.edits.c
    found = connection.execute(
        select(message.message_id, message.channel, message.at, message.payload, edit.payload.label("edited"))
        .select_from(schema.messages)
        .outerjoin(schema.edits, (edit.source == message.source) & (edit.message_id == message.message_id))
        .where(message.source == source, message.record_id == record_id)
        .order_by(message.at, message.message_id)
    )
    told = []
    for row in found:
        id_ = row.message_id
        one = {"source": source, "messageId": id_, "channel": row.channel, "at": instant(row.at).isoformat()}
        if row.payload is not None:
            one["message"] = msgspec.to_builtins(vault.unpack(row.payload, Message, "message", source, id_))
        if row.edited is not None:
            one["edited"] = msgspec.to_builtins(vault.unpack(row.edited, Content, "edit", source, id_))
        told.append(one)
    return told


def _deliveries(connection: Connection, vault: Vault, known: Known) -> list[Any]:
    """Those that mention them, as they came; others may be mentioned beside them."""
    columns = schema.inbox.c
    marks = marks_of(known)
    found = []
    for row in connection.execute(
        select(columns.id, columns.source, columns.body).where(columns.body.is_not(None)).order_by(columns.id)
    ):
        delivery = vault.unpack(row.body, Delivery, "delivery", row.source)
        if mentions(delivery, marks):
            at, body = delivery.received_at.isoformat(), delivery.body.decode("utf-8", "replace")
            found.append({"source": row.source, "receivedAt": at, "body": body})
    return found


def _links(connection: Connection, vault: Vault, digests: Sequence[bytes]) -> list[Any]:
    named, links = schema.link_identifiers.c, schema.links.c
    ids = {
        id_
        for some in batches(digests)
        for id_ in connection.execute(select(named.link_id).where(named.digest.in_(some))).scalars()
    }
    if not ids:
        return []
    query = select(links.id, links.payload).where(or_(links.id.in_(ids), links.undoes.in_(ids))).order_by(links.id)
    found = [
        msgspec.structs.replace(msgspec.msgpack.decode(vault.open(row.payload, "link"), type=_LINK), id=row.id)
        for row in connection.execute(query)
    ]
    return [msgspec.to_builtins(link) for link in found]


def _by_digest(
    connection: Connection, table: Any, digests: Sequence[bytes], opened: Callable[[bytes], msgspec.Struct]
) -> list[Any]:
    return [
        msgspec.to_builtins(opened(payload))
        for some in batches(digests)
        for payload in connection.execute(select(table.c.payload).where(table.c.digest.in_(some))).scalars()
    ]
