"""Zammad: a ticket that changed, told by a trigger with its usual payload. Its API keeps it: a hint.

Zammad, "Webhook payload": `X-Hub-Signature`, HMAC-SHA1 over the raw body with the signature token, in hexadecimal.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors import identifiers
from connectors.events import Delivery, Event, Hint
from connectors.webhooks.receiver import VendorReceiver, digest, event, ids_of, moment
from connectors.webhooks.signatures import check_hex


class _Customer(msgspec.Struct):
    id: int | str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: str | None = None


class _Ticket(msgspec.Struct):
    id: int
    customer_id: int | str | None = None
    updated_at: str | None = None
    customer: _Customer | str | None = None


class _Body(msgspec.Struct):
    ticket: _Ticket


class Zammad(VendorReceiver):
    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_hex(delivery, "x-hub-signature", secrets, "sha1", delivery.body)

    def events(self, delivery: Delivery) -> list[Event]:
        """By what is signed: `X-Zammad-Delivery` is not."""
        ticket = self.decode(delivery.body, _Body).ticket
        customer = ticket.customer if isinstance(ticket.customer, _Customer) else _Customer()
        known = (
            identifiers.email(customer.email or ""),
            identifiers.phone(customer.phone or "", self.config.region),
            identifiers.phone(customer.mobile or "", self.config.region),
        )
        hint = Hint(
            at=moment(ticket.updated_at) or delivery.received_at,
            record_ids=ids_of(ticket.customer_id, customer.id),
            identifiers=tuple(dict.fromkeys(one for one in known if one is not None)),
            external_ids=ids_of(ticket.id),
        )
        return [event(digest(delivery.body), hint)]
