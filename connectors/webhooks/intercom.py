"""Intercom: conversations and contacts that changed. Its API keeps them: these are hints.

Intercom, "Signed notifications": `X-Hub-Signature`, HMAC-SHA1 over the raw body with the app's client secret, in
hexadecimal; "Webhook topics".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec

from connectors import identifiers
from connectors.events import Delivery, Event, Hint
from connectors.webhooks.receiver import VendorReceiver, digest, event, id_of, ids_of, seconds
from connectors.webhooks.signatures import check_hex

_PEOPLE = frozenset({"contact", "user", "lead"})


class _Contact(msgspec.Struct):
    id: int | str | None = None
    email: str | None = None
    phone: str | None = None


class _Contacts(msgspec.Struct):
    contacts: list[_Contact] | None = None


class _Item(_Contact):
    """A conversation, a contact, or something that hangs on one of them."""

    type: str | None = None
    contacts: _Contacts | None = None
    contact: _Contact | None = None
    conversation: _Contact | None = None
    conversation_id: int | str | None = None


class _Data(msgspec.Struct):
    item: _Item | None = None


class _Body(msgspec.Struct):
    type: str
    topic: str
    id: str | None = None
    created_at: float | None = None
    data: _Data | None = None


class Intercom(VendorReceiver):
    """A secret is an app's client secret."""

    def challenge(self, delivery: Delivery, secrets: Sequence[str]) -> bytes | None:
        """Intercom asks with HEAD whether the address is there."""
        return b"" if delivery.method == "HEAD" else None

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_hex(delivery, "x-hub-signature", secrets, "sha1", delivery.body)

    def events(self, delivery: Delivery) -> list[Event]:
        body = self.decode(delivery.body, _Body)
        if body.type != "notification_event":
            self.malformed("no notification")
        id_ = id_of(body.id) or digest(delivery.body)
        item = body.data.item if body.data is not None else None
        about = body.topic.partition(".")[0]
        if item is None or about in ("ping", "admin", "company"):
            return [event(id_)]
        people = list(_people(item, about))
        told = (
            known
            for one in people
            for known in (identifiers.email(one.email or ""), identifiers.phone(one.phone or "", self.config.region))
        )
        hint = Hint(
            at=seconds(body.created_at) or delivery.received_at,
            record_ids=ids_of(*(one.id for one in people)),
            identifiers=tuple(dict.fromkeys(known for known in told if known is not None)),
            external_ids=_conversations(item),
        )
        return [event(id_, hint)] if hint.record_ids or hint.external_ids else [event(id_)]


def _people(item: _Item, about: str) -> Iterator[_Contact]:
    if item.type in _PEOPLE or (item.type is None and about in _PEOPLE):
        yield item
    if item.contact is not None:
        yield item.contact
    yield from (item.contacts.contacts or ()) if item.contacts else ()


def _conversations(item: _Item) -> tuple[str, ...]:
    own = item.id if item.type == "conversation" else None
    its = item.conversation.id if item.conversation is not None else None
    return ids_of(own, its, item.conversation_id)
