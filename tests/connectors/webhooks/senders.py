"""Vendors as they sign and send, each with a sample of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from connectors.events import Delivery, Receiver
from connectors.questions import SourceConfig
from connectors.webhooks import make_receiver

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
URL = "https://journey.example.org/ingest/desk"
KEY = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_KEY = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()

Headers = dict[str, str]


@dataclass(frozen=True)
class Sender:
    """`sign`: the headers for a body, with that secret at that time. `signs_body`: false for a secret that is sent
    along."""

    name: str
    body: bytes
    sign: Callable[[bytes, str, datetime], Headers]
    options: dict[str, Any] = field(default_factory=dict)
    secrets: tuple[str, str] = ("first secret of the two", "second secret of the two")
    dated: bool = False
    signs_body: bool = True
    form: bool = False

    @property
    def receiver(self) -> Receiver:
        return make_receiver(self.name, self.options, SourceConfig("desk", "", region="IT"))

    def delivery(self, body: bytes | None = None, *, at: datetime = NOW, secret: str | None = None) -> Delivery:
        content = self.body if body is None else body
        signed = self.sign(content, self.secrets[0] if secret is None else secret, at)
        return Delivery("POST", URL, signed, content, NOW)

    def told(self, content: Any) -> Delivery:
        return self.delivery(json.dumps(content).encode())


def with_header(delivery: Delivery, name: str, value: str) -> Delivery:
    headers = {**delivery.headers, name: value}
    return Delivery(delivery.method, delivery.url, headers, delivery.body, delivery.received_at)


def with_body(delivery: Delivery, body: bytes) -> Delivery:
    return Delivery(delivery.method, delivery.url, delivery.headers, body, delivery.received_at)


def _hex(header: str, algorithm: str) -> Callable[[bytes, str, datetime], Headers]:
    return lambda body, secret, at: {header: f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"}


def _base64(key: bytes, signed: bytes, algorithm: str) -> str:
    return base64.b64encode(hmac.new(key, signed, algorithm).digest()).decode()


def _zendesk(body: bytes, secret: str, at: datetime) -> Headers:
    written = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "x-zendesk-webhook-signature": _base64(secret.encode(), written.encode() + body, "sha256"),
        "x-zendesk-webhook-signature-timestamp": written,
    }


def _chatwoot(body: bytes, secret: str, at: datetime) -> Headers:
    written = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), f"{written}.".encode() + body, hashlib.sha256).hexdigest()
    return {"x-chatwoot-signature": f"sha256={signed}", "x-chatwoot-timestamp": written}


def _standard(body: bytes, secret: str, at: datetime, id_: str = "msg_2Kx9") -> Headers:
    written = str(int(at.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = _base64(key, f"{id_}.{written}.".encode() + body, "sha256")
    return {"webhook-id": id_, "webhook-timestamp": written, "webhook-signature": f"v1,{signed}"}


def _twilio(body: bytes, secret: str, at: datetime) -> Headers:
    fields = "".join(name + value for name, value in sorted(parse_qsl(body.decode(), keep_blank_values=True)))
    return {"x-twilio-signature": _base64(secret.encode(), (URL + fields).encode(), "sha1")}


def _basic(body: bytes, secret: str, at: datetime) -> Headers:
    return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def _shared(body: bytes, secret: str, at: datetime) -> Headers:
    return {"authorization": f"Bearer {secret}"}


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def change(**value: Any) -> dict[str, Any]:
    """One of WhatsApp's."""
    told = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "390651110000", "phone_number_id": "106540352242922"},
        **value,
    }
    return {"field": "messages", "value": told}


def whatsapp(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": list(changes)}]}


SECONDS = str(int(NOW.timestamp()))

WHATSAPP_TEXT = {
    "from": "393331110001",
    "from_user_id": "IT.1502576394655843",
    "id": "wamid.HBgMMzkzMzMxMTEwMDAxFQIAEhgU",
    "timestamp": SECONDS,
    "type": "text",
    "text": {"body": "Buongiorno, dov'è il mio pacco?"},
}
WHATSAPP_CONTACT = {
    "profile": {"name": "Giulia Bianchi"},
    "wa_id": "393331110001",
    "user_id": "IT.1502576394655843",
}

META = Sender(
    "whatsapp_cloud",
    _json(whatsapp(change(contacts=[WHATSAPP_CONTACT], messages=[WHATSAPP_TEXT]))),
    _hex("x-hub-signature-256", "sha256"),
    {"verify_token": "told to Meta"},
)
DIALOG360 = replace(META, name="360dialog", sign=_shared, options={}, signs_body=False)
TWILIO = Sender(
    "twilio_messages",
    urlencode(
        {
            "MessageSid": "SM" + "0a" * 16,
            "AccountSid": "AC" + "1b" * 16,
            "From": "whatsapp:+393331110001",
            "To": "whatsapp:+390651110000",
            "Body": "È arrivato + grazie",
            "SmsStatus": "received",
            "NumMedia": "0",
        }
    ).encode(),
    _twilio,
    form=True,
)
ZENDESK = Sender(
    "zendesk",
    _json(
        {
            "type": "zen:event-type:ticket.status_changed",
            "account_id": 9242270,
            "id": "3c1d9ab2-7a4e-4a4f-9d66-3f0c3d0e9a11",
            "time": "2026-11-23T09:59:58.123Z",
            "subject": "zen:ticket:5150",
            "detail": {"id": "5150", "requester_id": "70071", "subject": "Pacco in ritardo"},
            "event": {"current": "OPEN", "previous": "NEW"},
        }
    ),
    _zendesk,
    dated=True,
)
ZAMMAD = Sender(
    "zammad",
    _json(
        {
            "ticket": {
                "id": 81,
                "number": "22081",
                "customer_id": 14,
                "updated_at": "2026-11-23T09:59:58.123Z",
                "customer": {"id": 14, "email": "Giulia@example.org", "phone": "", "mobile": "333 111 0001"},
            },
            "article": {"id": 400, "internal": True},
        }
    ),
    _hex("x-hub-signature", "sha1"),
)
CHATWOOT = Sender(
    "chatwoot",
    _json(
        {
            "event": "message_created",
            "id": 912,
            "content": "Salve",
            "sender": {"id": 6, "type": "contact", "email": "giulia@example.org"},
            "conversation": {
                "id": 33,
                "meta": {"sender": {"id": 6, "phone_number": "+393331110001"}},
                "contact_inbox": {"contact_id": 6},
            },
        }
    ),
    _chatwoot,
    dated=True,
)
CHATWOOT_UNSIGNED = replace(CHATWOOT, sign=_shared, options={"signed": False}, dated=False, signs_body=False)
INTERCOM = Sender(
    "intercom",
    _json(
        {
            "type": "notification_event",
            "id": "notif_7c1f0c52-23ba-11e4-9464-79b01267cc2e",
            "topic": "conversation.user.replied",
            "created_at": int(NOW.timestamp()),
            "data": {
                "type": "notification_event_data",
                "item": {
                    "type": "conversation",
                    "id": "147",
                    "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "5ba682d23d7cf92b"}]},
                },
            },
        }
    ),
    _hex("x-hub-signature", "sha1"),
)
FORMBRICKS = Sender(
    "formbricks",
    _json(
        {
            "webhookId": "cm1webhook",
            "event": "responseFinished",
            "data": {
                "id": "cm1response",
                "surveyId": "cm1survey",
                "updatedAt": "2026-11-23T09:59:58.123Z",
                "contact": {"id": "cm1contact", "userId": "42"},
                "data": {"q1": 9},
            },
        }
    ),
    _standard,
    secrets=(KEY, OTHER_KEY),
    dated=True,
)
GENESYS = Sender(
    "genesys_cloud",
    _json(
        {
            "version": "0",
            "id": "0b0a1b4e-6e3c-4c1f-8a56-98a4a5d2f001",
            "detail-type": "v2.detail.events.conversation.{id}.customer.start",
            "time": "2026-11-23T09:59:58Z",
            "detail": {
                "topicName": "v2.detail.events.conversation.7d5a1c1e-0000-4000-8000-000000000001.customer.start",
                "eventBody": {
                    "conversationId": "7d5a1c1e-0000-4000-8000-000000000001",
                    "direction": "INBOUND",
                    "ani": "tel:+393331110001",
                    "dnis": "tel:+390651110000",
                    "externalContactId": "c0ffee00-0000-4000-8000-000000000009",
                },
            },
        }
    ),
    _standard,
    secrets=(KEY, OTHER_KEY),
    dated=True,
)
FREESWITCH = Sender(
    "freeswitch",
    _json(
        {
            "variables": {
                "uuid": "a1c9f2c0-1111-4000-8000-000000000001",
                "call_uuid": "a1c9f2c0-1111-4000-8000-000000000001",
                "end_epoch": SECONDS,
                "sip_from_user": "%2B393331110001",
            },
            "callflow": [{"caller_profile": {"caller_id_number": "%2B393331110001", "destination_number": "600"}}],
        }
    ),
    _basic,
    secrets=("fs:first password", "fs:second password"),
    signs_body=False,
)
ROW = {
    "external_id": "visit-7",
    "record_id": "c-42",
    "channel": "IN_PERSON",
    "direction": "INBOUND",
    "started_at": "2026-11-23T10:30:00+01:00",
    "last_activity_at": "2026-11-23T09:45:00Z",
    "status": "COMPLETED",
}
RECORD = {
    "id": "c-42",
    "identifiers": [{"identifier": {"kind": "PHONE", "value": "333 111 0001"}, "verified": True}],
    "name": "Giulia Bianchi",
}
SIGNED = Sender(
    "signed",
    _json(
        {
            "events": [
                {"id": "e-1", "changes": [{"type": "row", "at": "2026-11-23T09:45:00Z", "row": ROW, "record": RECORD}]},
                {"id": "e-2", "changes": [{"type": "removed", "at": "2026-11-23T09:46:00Z", "external_id": "visit-6"}]},
            ]
        }
    ),
    _standard,
    secrets=(KEY, OTHER_KEY),
    dated=True,
)

SENDERS = [
    META,
    DIALOG360,
    TWILIO,
    ZENDESK,
    ZAMMAD,
    CHATWOOT,
    CHATWOOT_UNSIGNED,
    INTERCOM,
    FORMBRICKS,
    GENESYS,
    FREESWITCH,
    SIGNED,
]
SIGNERS = [sender for sender in SENDERS if sender.signs_body]


def named(sender: Sender) -> str:
    return sender.name + ("" if sender.options.get("signed", True) else ", unsigned")
