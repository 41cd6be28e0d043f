"""Genesys Cloud: conversations and contacts that changed, posted by a relay of the company's own.

Genesys posts to nobody: it hands its notifications to Amazon EventBridge, or to a WebSocket. A relay sends them on as
they are, one or a list of them, signed as docs/webhooks.md says (Standard Webhooks). Its API keeps them: hints.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from connectors import identifiers
from connectors.events import Delivery, Event, Hint
from connectors.interaction import Identifier
from connectors.mapping import decode_rows
from connectors.webhooks.receiver import VendorReceiver, digest, event, id_of, ids_of, moment, rows_of
from connectors.webhooks.signatures import check_standard

T = TypeVar("T")

MOST_EVENTS = 1000
_CONTACT = re.compile(r"v2\.externalcontacts\.contact\.([0-9a-fA-F-]{36})")
_CUSTOMERS = frozenset({"customer", "external"})


class _Participant(msgspec.Struct, rename="camel"):
    purpose: str | None = None
    external_contact_id: str | None = None
    address: str | None = None


class _About(msgspec.Struct, rename="camel"):
    """A detail event's body, or a conversation as notifications tell it."""

    conversation_id: str | None = None
    id: str | None = None
    external_contact_id: str | None = None
    direction: str | None = None
    ani: str | None = None
    dnis: str | None = None
    address_from: str | None = None
    address_to: str | None = None
    participants: list[msgspec.Raw] | None = None


class _Notice(msgspec.Struct, rename="camel"):
    topic_name: str
    event_body: msgspec.Raw
    timestamp: str | None = None


class _Row(msgspec.Struct, rename="camel"):
    """EventBridge's envelope with the notification as `detail`, or the notification itself."""

    id: str | None = None
    time: str | None = None
    detail: msgspec.Raw = msgspec.Raw(b"null")
    topic_name: str | None = None


class GenesysCloud(VendorReceiver):
    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_standard(delivery, secrets, now)

    def events(self, delivery: Delivery) -> list[Event]:
        rows = rows_of(self.decode(delivery.body, msgspec.Raw))
        if len(rows) > MOST_EVENTS:
            self.malformed("too many events at once")
        found = [self._event(row, delivery.received_at) for row in rows]
        events = [one for one in found if one is not None]
        if not events and rows:
            self.malformed("no event of Genesys")
        return self.of_batch(events, len(found) - len(events))

    def _event(self, raw: msgspec.Raw, received_at: datetime) -> Event | None:
        envelope = _one(raw, _Row)
        if envelope is None:
            return None
        notice = _one(raw if envelope.topic_name is not None else envelope.detail, _Notice)
        about = None if notice is None else _one(notice.event_body, _About)
        if notice is None or about is None:
            return None
        at = moment(notice.timestamp) or moment(envelope.time) or received_at
        id_ = id_of(envelope.id) if envelope.topic_name is None else None
        hint = self._hint(notice.topic_name, about, at)
        return event(id_ or digest(raw), *(() if hint is None else (hint,)))

    def _hint(self, topic: str, about: _About, at: datetime) -> Hint | None:
        contact = _CONTACT.match(topic)
        if contact is not None:
            return Hint(at, ids_of(contact[1]))
        conversation = about.conversation_id or (about.id if "conversation" in topic else None)
        customers = [row for row in decode_rows(about.participants or (), _Participant)[0] if row.purpose in _CUSTOMERS]
        people = ids_of(about.external_contact_id, *(row.external_contact_id for row in customers))
        known = self._identifiers([*_customers_side(about), *(row.address for row in customers)])
        if not (ids_of(conversation) or people or known):
            return None
        return Hint(at, people, known, ids_of(conversation))

    def _identifiers(self, addresses: Iterable[str | None]) -> tuple[Identifier, ...]:
        told = (
            identifiers.email(text) if "@" in text else identifiers.phone(text, self.config.region)
            for text in addresses
            if text
        )
        return tuple(dict.fromkeys(one for one in told if one is not None))


def _customers_side(about: _About) -> Iterator[str | None]:
    """Only where the direction says which of the two is the customer's."""
    direction = (about.direction or "").lower()
    if direction == "inbound":
        yield from (about.ani, about.address_from)
    elif direction == "outbound":
        yield from (about.dnis, about.address_to)


def _one(raw: msgspec.Raw, type_: type[T]) -> T | None:
    rows, _ = decode_rows([raw], type_)
    return rows[0] if rows else None
