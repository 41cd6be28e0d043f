"""A plain REST system, as the manifest `plain_rest` describes one: contacts, and their interactions by a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import PLAIN_REST_TOKEN
from sandbox.vendor import Vendor, iso_seconds, json_answer, same, whole_number

Row = dict[str, Any]

CHANNELS = {"voice": "phone", "callback": "callback", "email": "email", "web_messaging": "messaging"}
STATUSES = {"queued": "waiting", "active": "open", "completed": "done"}


class PlainRest(Vendor):
    name = "plain_rest"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/v1/contacts", self.list_contacts),
            Route("/v1/contacts/{id}", self.show_contact),
            Route("/v1/interactions", self.list_interactions),
            Route("/v1/interactions/{id}", self.show_interaction),
        ]

    def refusal(self, request: Request) -> Response | None:
        if same(request.headers.get("authorization", ""), f"Bearer {PLAIN_REST_TOKEN}"):
            return None
        return json_answer({"error": "unauthorized"}, 401)

    async def list_contacts(self, request: Request) -> Response:
        asked = request.query_params
        found: Sequence[Person] = self.people()
        for name in ("phone", "email", "external_id"):
            if name in asked:
                found = self.population.holders(self.part, asked[name])
        if "text" in asked:
            found = [person for person in found if asked["text"].casefold() in person.name.casefold()]
        limit = whole_number(asked.get("limit"), 25, most=100)
        return json_answer({"contacts": [self.contact_row(person) for person in found[:limit]]})

    async def show_contact(self, request: Request) -> Response:
        person = self._person(request.path_params["id"])
        return _missing() if person is None else json_answer(self.contact_row(person))

    async def list_interactions(self, request: Request) -> Response:
        asked = request.query_params
        person = self._person(asked.get("contact_id", ""))
        if person is None:
            return json_answer({"error": "contact_id is unknown"}, 404)
        log = self.contacts(person)
        places: Sequence[int] = log.window(_time(asked.get("from")), _time(asked.get("to")))
        if asked.get("order") == "asc":
            places = places[::-1]
        first = whole_number(asked.get("cursor"), 0, least=0)
        limit = whole_number(asked.get("limit"), 50, most=100)
        rows = [interaction_row(log[place]) for place in places[first : first + limit]]
        following = first + limit if first + limit < len(places) else None
        return json_answer({"interactions": rows, "next_cursor": following and str(following)})

    async def show_interaction(self, request: Request) -> Response:
        number = request.path_params["id"]
        found = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        return _missing() if found is None else json_answer(interaction_row(found))

    def contact_row(self, person: Person) -> Row:
        shown = self.told(person)
        held = self.population.held(shown, self.part)
        return {
            "id": shown.number,
            "name": shown.name,
            "phones": [{"number": number, "kind": kind} for number, kind in held.phones],
            "emails": list(held.emails),
            "external_id": held.crm_id,
            "created_at": iso_seconds(shown.known_since),
        }

    def _person(self, text: str) -> Person | None:
        person = self.population.person(int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else None
        return person if person in self.people() else None


def interaction_row(contact: Contact) -> Row:
    agent, code = contact.agent, contact.wrap_up
    kinds = dict(contact.person.phones)
    return {
        "id": contact.number,
        "contact_id": contact.person.number,
        "channel": CHANNELS.get(contact.channel, contact.channel),
        "direction": "in" if contact.direction == "inbound" else "out",
        "status": STATUSES.get(contact.status, contact.status),
        "started_at": iso_seconds(contact.started_at),
        "ended_at": iso_seconds(contact.ended_at),
        "updated_at": iso_seconds(contact.last_activity_at),
        "queue": {"id": contact.last_queue.number, "name": contact.last_queue.name},
        "agent": agent and {"id": agent.number, "name": agent.name},
        "campaign": contact.campaign and {"id": contact.campaign.number, "name": contact.campaign.name},
        "division": contact.last_queue.division.number,
        "tags": list(contact.tags),
        "subject": contact.subject,
        "topic": contact.topic.tag,
        "text": next((turn.text for turn in reversed(contact.texts) if not turn.private), None),
        "outcome": code and {"label": code.name, "result": "bad" if code.name == "Not interested" else "good"},
        "wrap_up": code
        and {"code": code.number, "group": code.group, "label": code.name, "note": contact.wrap_up_note},
        "address": {"value": contact.address, "kind": kinds.get(contact.address)},
        "message_count": sum(not turn.private for turn in contact.texts),
    }


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None


def _missing() -> Response:
    return json_answer({"error": "not found"}, 404)
