"""A REST face before Acqueon's Campaign Manager, as the manifest of that name expects one.

Rows carry the fields of Acqueon's customer journey message; the paths are ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import ACQUEON_CLIENT_ID, ACQUEON_CLIENT_SECRET, ACQUEON_TIME_ZONE
from sandbox.population import CAMPAIGNS, stable_uuid
from sandbox.vendor import Vendor, has_basic, json_answer, same

Row = dict[str, Any]

CHANNELS = {"web_messaging": "1", "voice": "2", "callback": "2", "email": "3"}
OUTCOMES = {"missed": "No Answer", "abandoned": "Busy", "failed": "Delivery failed"}
TOKEN = stable_uuid("acqueon token")
ZONE = ZoneInfo(ACQUEON_TIME_ZONE)


class _Page(msgspec.Struct, rename="pascal"):
    offset: int = 0
    limit: int = 50


class _Asked(msgspec.Struct):
    contact_id: str = msgspec.field(name="ContactID", default="")
    channel_id: str = msgspec.field(name="ChannelID", default="")
    contact_number: str | None = msgspec.field(name="ContactNumber", default=None)
    customer_id: str | None = msgspec.field(name="CustomerID", default=None)
    page: _Page = msgspec.field(name="Page", default_factory=_Page)


class AcqueonCampaignManager(Vendor):
    name = "acqueon_campaign_manager"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/api/campaigns", self.list_campaigns),
            Route("/api/contacts/search", self.search_contacts, methods=["POST"]),
            Route("/api/contacts/{id}", self.show_contact),
            Route("/api/customer-journey", self.journey, methods=["POST"]),
            Route("/api/customer-journey/{id}", self.show_attempt),
        ]

    def refusal(self, request: Request) -> Response | None:
        if request.url.path.endswith("/oauth/token"):
            return None
        allowed = same(request.headers.get("authorization", ""), f"Bearer {TOKEN}")
        return None if allowed else json_answer({"message": "Unauthorized"}, 401)

    async def token(self, request: Request) -> Response:
        if not has_basic(request, ACQUEON_CLIENT_ID, ACQUEON_CLIENT_SECRET):
            return json_answer({"error": "invalid_client"}, 400)
        return json_answer({"access_token": TOKEN, "token_type": "bearer", "expires_in": 3600})

    async def list_campaigns(self, request: Request) -> Response:
        return json_answer({"response": [{"CampaignID": c.number, "CampaignName": c.name} for c in CAMPAIGNS]})

    async def search_contacts(self, request: Request) -> Response:
        asked = await _asked(request)
        if asked is None:
            return _odd()
        value = asked.customer_id if asked.contact_number is None else f"+{asked.contact_number}"
        found = self.population.holders(self.part, value or "")
        return json_answer({"response": [self.contact_row(person) for person in found]})

    async def show_contact(self, request: Request) -> Response:
        person = self._person(request.path_params["id"])
        return _missing() if person is None else json_answer({"response": self.contact_row(person)})

    async def journey(self, request: Request) -> Response:
        asked = await _asked(request)
        if asked is None:
            return _odd()
        person = self._person(asked.contact_id)
        log = () if person is None else self.contacts(person)
        rows = [row for contact in log if (row := attempt_row(contact))["ChannelID"] == asked.channel_id]
        first, limit = max(asked.page.offset, 0), min(max(asked.page.limit, 1), 200)
        return json_answer({"response": rows[first : first + limit], "total": len(rows)})

    async def show_attempt(self, request: Request) -> Response:
        number = request.path_params["id"]
        found = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        return _missing() if found is None else json_answer({"response": attempt_row(found)})

    def contact_row(self, person: Person) -> Row:
        shown = self.told(person)
        held = self.population.held(shown, self.part)
        campaign = next(c for c in CAMPAIGNS if c.division is shown.division)
        return {
            "ContactID": str(shown.number),
            "CustomerID": held.crm_id,
            "ContactName": shown.name,
            "PhoneNumbers": [{"Number": number, "Mode": kind.title()} for number, kind in held.phones],
            "Email": next(iter(held.emails), None),
            "CampaignID": campaign.number,
            "CampaignName": campaign.name,
        }

    def _person(self, text: str) -> Person | None:
        person = self.population.person(int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else None
        return person if person in self.people() else None


def attempt_row(contact: Contact) -> Row:
    agent, code = contact.agent, contact.wrap_up
    campaign = contact.campaign or next(c for c in CAMPAIGNS if c.division is contact.person.division)
    seconds = int(((contact.ended_at or contact.last_activity_at) - contact.started_at).total_seconds())
    outcome = OUTCOMES.get(contact.status) or (code.name if code else "Contacted")
    before = 40 + contact.number % 30
    succeeded = contact.status == "completed" and outcome != "Not interested"
    return {
        "ActivityID": str(contact.number),
        "ContactID": str(contact.person.number),
        "CampaignID": campaign.number,
        "CampaignName": campaign.name,
        "ChannelID": CHANNELS[contact.channel],
        "DateTime": contact.started_at.astimezone(ZONE).strftime("%m/%d/%Y %I:%M:%S %p"),
        "Duration": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "Mode": dict(contact.person.phones).get(contact.address, "").title(),
        "PhoneNumber": contact.address if contact.address.startswith("+") else "",
        "Outcome": outcome,
        "OutcomeType": "Success" if succeeded else "Failure",
        "PreviousScore": before,
        "CurrentScore": before + (12 if succeeded else -5),
        "AgentID": agent and agent.email,
        "AgentName": agent and agent.name,
        "AgentComments": contact.wrap_up_note or "",
    }


async def _asked(request: Request) -> _Asked | None:
    try:
        return msgspec.json.decode(await request.body(), type=_Asked)
    except ValueError:
        return None


def _odd() -> Response:
    return json_answer({"message": "Bad Request"}, 400)


def _missing() -> Response:
    return json_answer({"message": "Not Found"}, 404)
