"""What vendors post by themselves when something happens, signed as each of them signs. Pure."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from sandbox.contacts import Contact
from sandbox.credentials import (
    CHATWOOT_WEBHOOK_SECRET,
    GENESYS_RELAY_SECRET,
    TWILIO_NUMBER,
    WHATSAPP_CLOUD_APP_SECRET,
    WHATSAPP_CLOUD_PHONE_NUMBER_ID,
)
from sandbox.vendor import iso_millis
from sandbox.vendors.genesys_ids import conversation_id, person_id

_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Posted:
    """`vendor`: whose webhook it is."""

    vendor: str
    body: bytes
    headers: Mapping[str, str]


def whatsapp_message(contact: Contact, message_id: str, text: str, at: datetime) -> Posted:
    """Meta's `messages`: a text that the customer wrote."""
    number = contact.address.removeprefix("+")
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": TWILIO_NUMBER.removeprefix("+"),
            "phone_number_id": WHATSAPP_CLOUD_PHONE_NUMBER_ID,
        },
        "contacts": [{"profile": {"name": contact.person.name}, "wa_id": number}],
        "messages": [
            {
                "from": number,
                "id": message_id,
                "timestamp": str(int(at.timestamp())),
                "type": "text",
                "text": {"body": text},
            }
        ],
    }
    changes = [{"field": "messages", "value": value}]
    body = _encode({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": changes}]})
    return Posted("whatsapp_cloud", body, {"x-hub-signature-256": f"sha256={_hex(WHATSAPP_CLOUD_APP_SECRET, body)}"})


def genesys_event(contact: Contact, what: str, at: datetime) -> Posted:
    """A detail event of Genesys Cloud, as a relay sends it on. `what`: `customer.start`, `user.start`, `acw`, …"""
    conversation = conversation_id(contact)
    body = _encode(
        {
            "topicName": f"v2.detail.events.conversation.{conversation}.{what}",
            "timestamp": iso_millis(at),
            "eventBody": {
                "conversationId": conversation,
                "externalContactId": person_id(contact.person),
                "mediaType": "VOICE",
                "direction": contact.direction.upper(),
                "ani": f"tel:{contact.address}",
            },
        }
    )
    id_, sent = f"{conversation}-{what.replace('.', '-')}", str(int(at.timestamp()))
    key = base64.b64decode(GENESYS_RELAY_SECRET.removeprefix("whsec_"))
    signature = hmac.digest(key, b".".join((id_.encode(), sent.encode(), body)), "sha256")
    headers = {
        "webhook-id": id_,
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    return Posted("genesys_cloud", body, headers)


def chatwoot_event(contact: Contact, event: str, at: datetime) -> Posted:
    """`event`: `conversation_created`, `message_created` or `conversation_status_changed`."""
    person = contact.person
    sender = {"id": person.number, "type": "contact", "email": person.emails[0], "phone_number": person.phones[0][0]}
    about = {"id": contact.number, "meta": {"sender": sender}, "contact_inbox": {"contact_id": person.number}}
    last = contact.texts[-1] if contact.texts else None
    said = {"content": "" if last is None else last.text, "created_at": iso_millis(at), "conversation": about}
    body = _encode({"event": event, **(said if event == "message_created" else about)})
    sent = str(int(at.timestamp()))
    signature = _hex(CHATWOOT_WEBHOOK_SECRET, sent.encode() + b"." + body)
    headers = {"x-chatwoot-timestamp": sent, "x-chatwoot-signature": f"sha256={signature}"}
    return Posted("chatwoot", body, headers)


def _hex(secret: str, signed: bytes) -> str:
    return hmac.digest(secret.encode(), signed, "sha256").hex()
