"""Formbricks: responses that were begun, changed or finished. Its API keeps them: these are hints.

Formbricks, "Webhooks": Standard Webhooks' signature; `event`, and the response as `data`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from connectors.events import Delivery, Event, Hint
from connectors.webhooks.receiver import VendorReceiver, event, id_of, ids_of, moment
from connectors.webhooks.signatures import check_standard

_ABOUT_RESPONSES = frozenset({"responseCreated", "responseUpdated", "responseFinished"})


class _Contact(msgspec.Struct):
    id: str | None = None


class _Response(msgspec.Struct, rename="camel"):
    id: str
    updated_at: str | None = None
    contact: _Contact | None = None
    contact_id: str | None = None


class _Body(msgspec.Struct):
    event: str
    data: msgspec.Raw = msgspec.Raw(b"null")


class Formbricks(VendorReceiver):
    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_standard(delivery, secrets, now)

    def events(self, delivery: Delivery) -> list[Event]:
        body = self.decode(delivery.body, _Body)
        id_ = id_of(delivery.headers.get("webhook-id"))
        if id_ is None:
            self.malformed("no id")
        if body.event not in _ABOUT_RESPONSES:
            return [event(id_)]  # its test of the address, and what newer versions tell
        response = self.decode(bytes(body.data), _Response)
        hint = Hint(
            at=moment(response.updated_at) or delivery.received_at,
            record_ids=ids_of(response.contact_id, (response.contact or _Contact()).id),
            external_ids=ids_of(response.id),
        )
        return [event(id_, hint)]
