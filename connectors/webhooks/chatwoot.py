"""Chatwoot: conversations, messages and contacts that changed. Its API keeps them: these are hints.

Newer servers sign: `X-Chatwoot-Signature`, HMAC-SHA256 over the timestamp, a full stop and the raw body, and
`X-Chatwoot-Timestamp`. Older ones do not; what they send is believed only with `signed = false` and a secret in a
header or the address.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors import identifiers
from connectors.events import Delivery, Event, Hint
from connectors.interaction import Identifier
from connectors.webhooks.receiver import VendorReceiver, digest, event, ids_of
from connectors.webhooks.signatures import check_age, check_hex, check_shared, required, unix


class ChatwootOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    signed: bool = True
    header: str = "authorization"
    parameter: str = "token"


class _Person(msgspec.Struct):
    id: int | str | None = None
    type: str | None = None
    email: str | None = None
    phone_number: str | None = None


class _Meta(msgspec.Struct):
    sender: _Person | None = None


class _ContactInbox(msgspec.Struct):
    contact_id: int | str | None = None


class _Conversation(_Person):
    meta: _Meta | None = None
    contact_inbox: _ContactInbox | None = None


class _Body(_Conversation):
    """A conversation or a contact at the top, or a message with its conversation: by the event's name."""

    event: str = ""
    conversation: _Conversation | None = None
    sender: _Person | None = None


class Chatwoot(VendorReceiver):
    Options = ChatwootOptions

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        if not self.options.signed:
            check_shared(delivery, self.options.header.lower(), self.options.parameter, secrets)
            return
        written = required(delivery, "x-chatwoot-timestamp")
        check_age(unix(written), now)
        check_hex(delivery, "x-chatwoot-signature", secrets, "sha256", written.encode() + b"." + delivery.body)

    def events(self, delivery: Delivery) -> list[Event]:
        body = self.decode(delivery.body, _Body)
        about, _, _ = body.event.partition("_")
        id_ = digest(delivery.body)
        if about == "contact":
            return [event(id_, Hint(delivery.received_at, ids_of(body.id), self._carried(body)))]
        conversation = body if about == "conversation" else body.conversation
        if about not in ("conversation", "message") or body.event.startswith("conversation_typing"):
            return [event(id_)]
        if conversation is None or not ids_of(conversation.id):
            self.malformed("no conversation")
        person = (conversation.meta or _Meta()).sender
        sender = body.sender if body.sender is not None and body.sender.type == "contact" else None
        inbox = conversation.contact_inbox or _ContactInbox()
        people = [one for one in (person, sender) if one is not None]
        hint = Hint(
            at=delivery.received_at,
            record_ids=ids_of(*(one.id for one in people), inbox.contact_id),
            identifiers=tuple(dict.fromkeys(known for one in people for known in self._carried(one))),
            external_ids=ids_of(conversation.id),
        )
        return [event(id_, hint)]

    def _carried(self, person: _Person) -> tuple[Identifier, ...]:
        told = (identifiers.email(person.email or ""), identifiers.phone(person.phone_number or "", self.config.region))
        return tuple(one for one in told if one is not None)
