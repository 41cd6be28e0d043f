"""WhatsApp Cloud API, from Meta itself or by way of 360dialog: messages and what became of them, in batches.

Meta, "Webhooks: Getting started": the verification request; `X-Hub-Signature-256` over the raw bytes with the app's
secret. Nothing tells how old a delivery is, since Meta repeats one for seven days: what was seen is known by its ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from connectors.events import Delivery, Event, Refused
from connectors.mapping import decode_rows
from connectors.questions import SourceConfig
from connectors.webhooks.receiver import VendorReceiver
from connectors.webhooks.signatures import check_any, check_hex, check_shared, query
from connectors.webhooks.whatsapp_messages import Contact, Mapper, MessageRow, Metadata, StatusRow, UserIdRow

R = TypeVar("R")

ACCOUNT = "whatsapp_business_account"
_FIELDS = frozenset({"messages", "smb_message_echoes", "user_id_update"})


class _Change(msgspec.Struct):
    field: str
    value: msgspec.Raw


class _Entry(msgspec.Struct):
    changes: list[_Change] | None = None


class _Body(msgspec.Struct):
    object: str
    entry: list[_Entry]


class _Value(msgspec.Struct):
    metadata: Metadata | None = None
    contacts: list[msgspec.Raw] | None = None
    messages: list[msgspec.Raw] | None = None
    statuses: list[msgspec.Raw] | None = None
    message_echoes: list[msgspec.Raw] | None = None
    user_id_update: list[msgspec.Raw] | None = None


class _Reader(VendorReceiver):
    """What both ways have in common."""

    def events(self, delivery: Delivery) -> list[Event]:
        body = self.decode(delivery.body, _Body)
        if body.object != ACCOUNT:
            return []  # the app is subscribed to something else too
        changes = [change for entry in body.entry for change in entry.changes or ()]
        values, odd = decode_rows((change.value for change in changes if change.field in _FIELDS), _Value)
        events: list[Event] = []
        for value in values:
            contacts, odd_contacts = decode_rows(value.contacts or (), Contact)
            mapper = Mapper(self.source, value.metadata, contacts)
            odd += odd_contacts
            odd += _collect(events, value.messages, MessageRow, mapper.message)
            odd += _collect(events, value.message_echoes, MessageRow, mapper.echo)
            odd += _collect(events, value.statuses, StatusRow, mapper.status)
            odd += _collect(events, value.user_id_update, UserIdRow, mapper.user_id)
        return self.of_batch(events, odd)


def _collect(
    events: list[Event], rows: Iterable[msgspec.Raw] | None, type_: type[R], convert: Callable[[R], Event | None]
) -> int:
    """How many of the rows made no sense."""
    decoded, odd = decode_rows(rows or (), type_)
    for row in decoded:
        found = convert(row)
        if found is None:
            odd += 1
        else:
            events.append(found)
    return odd


class WhatsAppCloudOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`verify_token`: what was given to Meta with the address, to be told back when it asks whether it is ours."""

    verify_token: str


class WhatsAppCloud(_Reader):
    """A secret is an app secret."""

    Options = WhatsAppCloudOptions
    secret_options = frozenset({"verify_token"})

    def __init__(self, options: Mapping[str, Any], config: SourceConfig) -> None:
        super().__init__(options, config)
        self._verify_token: str = self.options.verify_token

    def challenge(self, delivery: Delivery, secrets: Sequence[str]) -> bytes | None:
        if delivery.method != "GET":
            return None
        asked = query(delivery.url)
        mode, token, told = (asked.get(f"hub.{name}", []) for name in ("mode", "verify_token", "challenge"))
        if mode != ["subscribe"] or len(told) != 1 or len(told[0]) > 200:
            raise Refused("no verification request")
        check_any(token, [self._verify_token])
        if not (told[0].isascii() and told[0].isalnum()):
            raise Refused("no challenge")  # it is told back to whom it came from: it must be no page
        return told[0].encode()

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_hex(delivery, "x-hub-signature-256", secrets, "sha256", delivery.body)


class Dialog360Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`header`: the one that 360dialog was told to send the secret in; `parameter`: else one of the address."""

    header: str = "authorization"
    parameter: str = "token"


class Dialog360(_Reader):
    """The same payloads by 360dialog, which does not sign them: a secret is sent along."""

    Options = Dialog360Options

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_shared(delivery, self.options.header.lower(), self.options.parameter, secrets)
