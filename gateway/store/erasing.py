"""Takes everything about one person out of the store, in one transaction, and says how much that was."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, delete, or_, select, update

from connectors.events import Delivery
from connectors.identifiers import external
from connectors.interaction import Identifier
from gateway.store import feed, schema, tombstones
from gateway.store.feed import ChangeKind, Touched
from gateway.store.forgetting import forget
from gateway.store.inbox import State
from gateway.store.times import micros
from gateway.store.vault import Vault

SHORTEST_MARK = 5
"""Characters; what is shorter stands in texts by chance."""
MAX_IN_A_STATEMENT = 500


class Known(msgspec.Struct, frozen=True):
    """A person, as far as the store may know of them: `identifiers` that are theirs alone, `records` by source and id,
    `names`."""

    identifiers: tuple[Identifier, ...]
    records: tuple[tuple[str, str], ...] = ()
    names: tuple[str, ...] = ()

    def everything(self) -> list[Identifier]:
        """The external ids of the records as well."""
        return list(dict.fromkeys((*self.identifiers, *(external(source, id_) for source, id_ in self.records))))


def erase(connection: Connection, vault: Vault, known: Known, at: datetime) -> dict[str, int]:
    """A tombstone first: whatever is told of them later and happened before is left out."""
    feed.lock(connection)
    digests = [vault.digest(identifier) for identifier in known.everything()]
    tombstones.put(connection, digests, micros(at))
    gone = {
        "contacts": _count_records(connection, known.records),
        "journal": sum(_erase_record(connection, vault, source, id_) for source, id_ in known.records),
        "quarantine": _erase_deliveries(connection, vault, known),
        "links": _erase_links(connection, digests),
        "ids": _delete_by_digest(connection, schema.handles, digests),
    }
    for some in batches(digests):
        connection.execute(update(schema.feed).where(schema.feed.c.digest.in_(some)).values(digest=None))
    # keyed hashes, as in the tombstones: every gateway has to know whom to forget
    feed.append(connection, [Touched(ChangeKind.ERASED, "", at, digest=digest) for digest in digests])
    return gone


def _count_records(connection: Connection, records: Iterable[tuple[str, str]]) -> int:
    columns = schema.records.c
    return sum(
        connection.execute(
            select(columns.record_id).where(columns.source == source, columns.record_id == record_id)
        ).first()
        is not None
        for source, record_id in records
    )


def _erase_record(connection: Connection, vault: Vault, source: str, record_id: str) -> int:
    """With the marks of the events that told of it: some vendors' ids spell the address. What is said of its messages
    and rows from now on is left out, whenever it happened."""
    row, message = schema.interactions.c, schema.messages.c
    ids = [
        *connection.execute(select(row.external_id).where(row.source == source, row.record_id == record_id)).scalars(),
        *connection.execute(
            select(message.message_id).where(message.source == source, message.record_id == record_id)
        ).scalars(),
    ]
    tombstones.put(connection, [tombstones.of_told(vault, source, id_) for id_ in ids], tombstones.FOREVER)
    event = schema.seen_events.c
    for some in batches(ids, 50):
        beginnings = [event.event_id.startswith(id_, autoescape=True) for id_ in some]
        connection.execute(delete(schema.seen_events).where(event.source == source, or_(*beginnings)))
    return forget(connection, source, record_id)


def _erase_deliveries(connection: Connection, vault: Vault, known: Known) -> int:
    """Those set aside that mention the person; those that wait are read soon, and what they say of them is left out."""
    marks = marks_of(known)
    columns = schema.inbox.c
    waiting = select(columns.id, columns.source, columns.body).where(
        columns.state == State.POISON, columns.body.is_not(None)
    )
    found = [
        row.id
        for row in connection.execute(waiting)
        if mentions(vault.unpack(row.body, Delivery, "delivery", row.source), marks)
    ]
    for some in batches(found):
        connection.execute(
            update(schema.inbox).where(columns.id.in_(some)).values(state=State.DONE, body=None, reason="erased")
        )
    return len(found)


def marks_of(known: Known) -> frozenset[str]:
    """What gives somebody away in a text, in the ways in which texts are written down."""
    plain = {identifier.value for identifier in known.identifiers} | set(known.names)
    plain |= {value.lstrip("+") for value in plain}
    spelt = {way for text in plain for way in (text, json.dumps(text)[1:-1], quote(text), quote(text, safe=""))}
    return frozenset(text.casefold() for text in spelt if len(text) >= SHORTEST_MARK)


def mentions(delivery: Delivery, marks: Collection[str]) -> bool:
    text = "\n".join((delivery.url, *delivery.headers.values(), delivery.body.decode("utf-8", "replace"))).casefold()
    return any(mark in text for mark in marks)


def _erase_links(connection: Connection, digests: Sequence[bytes]) -> int:
    """Those that name them, undone or not, and what undid those."""
    named, links = schema.link_identifiers.c, schema.links.c
    ids = {
        id_
        for some in batches(digests)
        for id_ in connection.execute(select(named.link_id).where(named.digest.in_(some))).scalars()
    }
    if not ids:
        return 0
    ids |= set(connection.execute(select(links.id).where(links.undoes.in_(ids))).scalars())
    connection.execute(delete(schema.link_identifiers).where(named.link_id.in_(ids)))
    return int(connection.execute(delete(schema.links).where(links.id.in_(ids))).rowcount)


def _delete_by_digest(connection: Connection, table: Any, digests: Sequence[bytes]) -> int:
    return sum(connection.execute(delete(table).where(table.c.digest.in_(some))).rowcount for some in batches(digests))


def batches(values: Sequence[Any], size: int = MAX_IN_A_STATEMENT) -> Iterable[Sequence[Any]]:
    return (values[n : n + size] for n in range(0, len(values), size))
