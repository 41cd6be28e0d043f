"""Chatwoot and its answers, written by hand after its Application API description; people are invented."""

from __future__ import annotations

from typing import Any

import respx

from connectors.base import Page, Window
from connectors.chat.chatwoot import Chatwoot
from connectors.interaction import Interaction, Record
from tests.connectors.support import connect, router, soon

SITE = "https://chat.example.org/inbox"
API = f"{SITE}/api/v1/accounts/3"
STARTED = 1_795_165_200  # 2026-11-20T09:00:00Z
EVER = Window()

CONTACT = {
    "id": 42,
    "name": "Giulia Bianchi",
    "email": "Giulia.Bianchi@example.org",
    "phone_number": "+393331112222",
    "identifier": "C-1001",
    "created_at": 1_790_000_000,
    "contact_inboxes": [
        {"source_id": "393331112222", "inbox": {"id": 2, "channel_type": "Channel::Whatsapp"}},
        {"source_id": "b1946ac9", "inbox": {"id": 1, "channel_type": "Channel::WebWidget"}},
    ],
}
INBOXES = [
    {"id": 1, "name": "Web shop", "channel_type": "Channel::WebWidget"},
    {"id": 2, "name": "WhatsApp", "channel_type": "Channel::Whatsapp"},
    {"id": 3, "name": "Twilio WhatsApp", "channel_type": "Channel::TwilioSms", "medium": "whatsapp"},
    {"id": 4, "name": "Twilio SMS", "channel_type": "Channel::TwilioSms", "medium": "sms"},
    {"id": 5, "name": "Mail", "channel_type": "Channel::Email"},
    {"id": 6, "name": "App", "channel_type": "Channel::Api"},
    {"id": 7, "name": "SMS", "channel_type": "Channel::Sms"},
    {"id": 8, "name": "Page", "channel_type": "Channel::FacebookPage"},
    {"id": 9, "name": "Instagram", "channel_type": "Channel::Instagram"},
    {"id": 10, "name": "Telegram", "channel_type": "Channel::Telegram"},
    {"id": 11, "name": "Line", "channel_type": "Channel::Line"},
    {"id": 12, "name": "X", "channel_type": "Channel::TwitterProfile"},
    {"id": 13, "name": "Calls", "channel_type": "Channel::Voice"},
    {"id": 14, "name": "New", "channel_type": "Channel::Carrier"},
]
RECORD = Record(source="chatwoot", id="42", identifiers=())


def message(id_: int, text: str | None, after_seconds: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "content": text,
        "message_type": 0,
        "created_at": STARTED + after_seconds,
        "private": False,
        "status": "sent",
        "sender_type": "Contact",
        "sender": {"id": 42, "name": "Giulia Bianchi"},
        **fields,
    }


def from_agent(id_: int, text: str, after_seconds: float = 0, **fields: Any) -> dict[str, Any]:
    sender = {"id": 7, "name": "Marta Conti"}
    return message(id_, text, after_seconds, **{"message_type": 1, "sender_type": "User", "sender": sender, **fields})


def conversation(id_: int = 501, *messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    meta = {"sender": {"id": 42, "email": CONTACT["email"], "phone_number": CONTACT["phone_number"]}}
    return {
        "id": id_,
        "uuid": "5a9a0fd2-5b2c-4a7e-9a3f-000000000501",
        "status": "open",
        "inbox_id": 1,
        "labels": [],
        "created_at": STARTED,
        "last_activity_at": STARTED + 120,
        "updated_at": STARTED + 130.25,
        "messages": list(messages),
        **fields,
        "meta": {**meta, "channel": "Channel::WebWidget", **fields.get("meta", {})},
    }


def routes_with(*conversations: Any, contact: int = 42) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/inboxes").respond(json={"payload": INBOXES})
    routes.get(f"{API}/contacts/{contact}/conversations").respond(json={"payload": list(conversations)})
    return routes


def chatwoot(routes: respx.MockRouter, **config: Any) -> Chatwoot:
    config.setdefault("options", {"account_id": 3})
    return connect(Chatwoot, routes, f"{SITE}/", credentials={"token": "agent-token"}, **config)


async def read(*conversations: Any) -> Page:
    return await chatwoot(routes_with(*conversations)).interactions([RECORD], EVER, None, 50, soon())


async def read_one(row: dict[str, Any]) -> Interaction:
    [item] = (await read(row)).items
    return item
