"""Zendesk: tickets and users that changed, told by events, or by a trigger whose body follows docs/webhooks.md.

Zendesk, "Verifying webhook authenticity": base64 of HMAC-SHA256 over the timestamp and the raw body; "Ticket events",
"User events". Its API keeps everything: these are hints.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from connectors.events import Delivery, Event, Hint
from connectors.webhooks.receiver import VendorReceiver, digest, event, id_of, ids_of, moment
from connectors.webhooks.signatures import check_age, check_base64, iso, required

SIGNATURE = "x-zendesk-webhook-signature"
TIMESTAMP = "x-zendesk-webhook-signature-timestamp"


class ZendeskOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tolerance_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 300


class _Detail(msgspec.Struct):
    id: int | str | None = None
    requester_id: int | str | None = None


class _Body(msgspec.Struct):
    """An event, or what our trigger sends (`ticket_id`, `requester_id`)."""

    type: str | None = None
    id: str | None = None
    time: str | None = None
    subject: str | None = None
    detail: _Detail | None = None
    ticket_id: int | str | None = None
    requester_id: int | str | None = None


class Zendesk(VendorReceiver):
    Options = ZendeskOptions

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        written = required(delivery, TIMESTAMP)
        check_age(iso(written), now, timedelta(seconds=self.options.tolerance_seconds))
        signed = written.encode("utf-8", "surrogatepass") + delivery.body
        check_base64(delivery, SIGNATURE, secrets, "sha256", signed)

    def events(self, delivery: Delivery) -> list[Event]:
        body = self.decode(delivery.body, _Body)
        if body.type is None:
            return [self._triggered(delivery, body)]
        id_, at = id_of(body.id), moment(body.time) or delivery.received_at
        about, _, named = (body.subject or "").removeprefix("zen:").partition(":")
        if id_ is None or not about:
            self.malformed("an event without id or subject")
        detail = body.detail or _Detail()
        if about == "ticket":
            hint = Hint(at, ids_of(detail.requester_id), external_ids=ids_of(named, detail.id))
        elif about == "user":
            hint = Hint(at, ids_of(named, detail.id))
        else:
            return [event(id_)]  # articles, organizations and the like are in no journey
        return [event(id_, hint)]

    def _triggered(self, delivery: Delivery, body: _Body) -> Event:
        tickets, people = ids_of(body.ticket_id), ids_of(body.requester_id)
        if not tickets:
            self.malformed("a trigger's body without ticket_id")
        told = digest(delivery.headers.get(TIMESTAMP, "").encode("utf-8", "surrogatepass"), delivery.body)
        return event(told, Hint(delivery.received_at, people, external_ids=tickets))
