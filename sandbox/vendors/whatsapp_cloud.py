"""Meta's WhatsApp Cloud API and 360dialog in front of it, as far as they can be read: no message, but its delivery.

What webhooks would have told of the population is `messages_of`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Turn
from sandbox.credentials import (
    DIALOG_360_KEY,
    TWILIO_NUMBER,
    WHATSAPP_CLOUD_PHONE_NUMBER_ID,
    WHATSAPP_CLOUD_TOKEN,
)
from sandbox.population import Population
from sandbox.vendor import Vendor, json_answer, root_url, same, whole_number

Row = dict[str, Any]

PART = "twilio_messages"
PER_PAGE, MOST_A_PAGE = 25, 100
_STATES = ("SENT", "DELIVERED", "READ")


@dataclass(frozen=True, slots=True)
class Told:
    """One message, as webhooks tell it: `status` is the last that arrived, None where none did."""

    id: str
    contact: Contact
    turn: Turn
    status: str | None

    @property
    def is_customers(self) -> bool:
        return self.turn.party == "customer"


def messages_of(contact: Contact) -> list[Told]:
    """Of a WhatsApp conversation. The webhook of every third delivery was missed."""
    if contact.channel != "whatsapp":
        return []
    turns = [turn for turn in contact.texts if not turn.private]
    return [
        Told(_wamid(contact, place), contact, turn, None if turn.party == "customer" else _heard(contact, place))
        for place, turn in enumerate(turns)
    ]


def kept(population: Population) -> Iterator[Told]:
    for person in population.people_in(PART):
        for contact in population.contacts(person, PART):
            yield from messages_of(contact)


def deliveries_of(told: Told) -> list[str]:
    """How far it really came."""
    if told.is_customers:
        return []
    return ["SENT", "FAILED"] if told.contact.status == "failed" else list(_STATES)


def _heard(contact: Contact, place: int) -> str | None:
    if contact.status == "failed":
        return "failed"
    return None if (contact.number // 1000 + place) % 3 == 0 else "delivered"


def _wamid(contact: Contact, place: int) -> str:
    return "wamid." + base64.b64encode(f"{contact.number}:{place}".encode()).decode()


class WhatsAppCloud(Vendor):
    name = "whatsapp_cloud"
    plays = PART
    calls_per_minute = 200

    def routes(self) -> Sequence[Route]:
        number = f"/v23.0/{WHATSAPP_CLOUD_PHONE_NUMBER_ID}"
        return [
            Route(number, self.show_number),
            Route(f"{number}/message_history", self.message_history),
            Route(f"{number}/messages", self.nothing_to_read),
            Route("/v23.0/{id:path}", self.nothing_to_read),
        ]

    def refusal(self, request: Request) -> Response | None:
        if same(request.headers.get("authorization", ""), f"Bearer {WHATSAPP_CLOUD_TOKEN}"):
            return None
        return _error(401, 190, "Invalid OAuth access token - Cannot parse access token")

    def failure(self, status: int, retry_after: int | None) -> Response:
        """Too many calls are a 400, and when to come again is not said."""
        if status == 429:
            return _error(400, 80007, "(#80007) There have been too many calls to this WhatsApp Business account.")
        return _error(status, 2, "Service temporarily unavailable", is_transient=True)

    async def show_number(self, request: Request) -> Response:
        number = {"display_phone_number": _spaced(TWILIO_NUMBER), "verified_name": "Contact Centre"}
        return json_answer({"id": WHATSAPP_CLOUD_PHONE_NUMBER_ID, **number, "quality_rating": "GREEN"})

    async def nothing_to_read(self, request: Request) -> Response:
        return _error(400, 100, "Unsupported get request.", subcode=33)

    async def message_history(self, request: Request) -> Response:
        """Newest first, by cursors; of one message when its id is given."""
        asked = request.query_params
        message_id = asked.get("message_id")
        if message_id is not None:
            found = self._message(message_id)
            if found is None:
                return _error(400, 100, "Invalid parameter: message_id format is invalid")
            return json_answer({"data": [self._entry(found, asked.get("fields", ""))] if deliveries_of(found) else []})
        contacts = self.population.all_contacts(self.part)
        sent = [told for contact in contacts for told in messages_of(contact) if not told.is_customers]
        first = whole_number(asked.get("after"), 0, least=0)
        size = whole_number(asked.get("limit"), PER_PAGE, most=MOST_A_PAGE)
        data = [self._entry(told, asked.get("fields", "")) for told in sent[first : first + size]]
        paging: Row = {"cursors": {"before": str(first), "after": str(first + size)}}
        if first + size < len(sent):
            query = urlencode({**asked, "after": first + size})
            paging["next"] = f"{root_url(request)}/v23.0/{WHATSAPP_CLOUD_PHONE_NUMBER_ID}/message_history?{query}"
        return json_answer({"data": data, "paging": paging})

    def _message(self, message_id: str) -> Told | None:
        try:
            number, _, place = (
                base64.b64decode(message_id.removeprefix("wamid."), validate=True).decode().partition(":")
            )
            contact = self.contact(int(number))
            return None if contact is None else messages_of(contact)[int(place)]
        except (binascii.Error, ValueError, IndexError):
            return None

    def _entry(self, told: Told, fields: str) -> Row:
        row: Row = {"id": str(crc32(told.id.encode())), "message_id": told.id}
        if "events" in fields:
            events = [
                {
                    "id": f"{row['id']}{place}",
                    "delivery_status": state,
                    "timestamp": int((told.turn.at + timedelta(seconds=2 * place)).timestamp()),
                    "webhook_update_state": "DELIVERED" if told.status else "FAILED",
                }
                for place, state in enumerate(deliveries_of(told))
            ]
            row["events"] = {"data": events[::-1]}
        return row


class Dialog360(Vendor):
    """A number's webhook is all that it tells."""

    name = "360dialog"
    plays = PART
    calls_per_minute = 80

    def routes(self) -> Sequence[Route]:
        return [Route("/v1/configs/webhook", self.webhook)]

    def refusal(self, request: Request) -> Response | None:
        if same(request.headers.get("d360-api-key", ""), DIALOG_360_KEY):
            return None
        return json_answer({"meta": {"success": False, "http_code": 401, "developer_message": "Invalid api key"}}, 401)

    async def webhook(self, request: Request) -> Response:
        return json_answer({"url": "https://gateway.contact-centre.example.com/webhooks/whatsapp", "headers": {}})


def _error(status: int, code: int, message: str, subcode: int | None = None, **more: object) -> Response:
    fault = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "Asandbox", **more}
    return json_answer({"error": fault | ({} if subcode is None else {"error_subcode": subcode})}, status)


def _spaced(number: str) -> str:
    return f"{number[:3]} {number[3:6]} {number[6:]}"
