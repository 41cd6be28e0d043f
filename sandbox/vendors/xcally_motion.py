"""XCALLY Motion, as the manifest of that name expects it: contacts, and a list of interactions a channel.

Documented are the contacts, basic authentication and times; the lists follow the shape {count, rows}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import XCALLY_PASSWORD, XCALLY_USER
from sandbox.vendor import Vendor, has_basic, iso_seconds, json_answer, whole_number

Row = dict[str, Any]

LISTS = {
    "voice": ("voice", "callback"),
    "mail": ("email",),
    "chat": ("web_messaging",),
    "sms": (),
    "whatsapp": (),
    "fax": (),
}
EVENTS = {"completed": "COMPLETE", "abandoned": "ABANDON", "missed": "NOANSWER", "active": "CONNECT", "queued": "ENTER"}


class XcallyMotion(Vendor):
    name = "xcally_motion"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/api/cm/lists", self.lists),
            Route("/api/cm/contacts", self.list_contacts),
            Route("/api/cm/contacts/{id}", self.show_contact),
            Route("/api/{channel}/calls/reports", self.list_interactions),
            Route("/api/{channel}/calls/reports/{id}", self.show_interaction),
            Route("/api/{channel}/interactions", self.list_interactions),
            Route("/api/{channel}/interactions/{id}", self.show_interaction),
        ]

    def refusal(self, request: Request) -> Response | None:
        return (
            None if has_basic(request, XCALLY_USER, XCALLY_PASSWORD) else json_answer({"message": "Unauthorized"}, 401)
        )

    async def lists(self, request: Request) -> Response:
        return json_answer({"count": 1, "rows": [{"id": 12, "name": "Customers"}]})

    async def list_contacts(self, request: Request) -> Response:
        asked = request.query_params
        field = next((name for name in ("phone", "mobile", "email") if name in asked), None)
        found: Sequence[Person] = self.people()
        if field is not None:
            holders = self.population.holders(self.part, asked[field])
            found = [person for person in holders if self._contact(person)[field] == asked[field]]
        rows = [self.contact_row(person) for person in found[: whole_number(asked.get("limit"), 100, most=100)]]
        return json_answer({"count": len(found), "rows": rows})

    async def show_contact(self, request: Request) -> Response:
        person = self._person(request.path_params["id"])
        return _missing() if person is None else json_answer(self.contact_row(person))

    async def list_interactions(self, request: Request) -> Response:
        channels = LISTS.get(request.path_params["channel"])
        if channels is None:
            return _missing()
        asked = request.query_params
        person = self._person(asked.get("ContactId", ""))
        log = () if person is None else self.contacts(person)
        rows = [interaction_row(contact) for contact in log if contact.channel in channels]
        first = whole_number(asked.get("offset"), 0, least=0)
        limit = whole_number(asked.get("limit"), 100, most=100)
        return json_answer({"count": len(rows), "rows": rows[first : first + limit], "offset": first, "limit": limit})

    async def show_interaction(self, request: Request) -> Response:
        number, channels = request.path_params["id"], LISTS.get(request.path_params["channel"], ())
        found = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        if found is None or found.channel not in channels:
            return _missing()
        return json_answer(interaction_row(found))

    def contact_row(self, person: Person) -> Row:
        return self._contact(self.told(person))

    def _contact(self, person: Person) -> Row:
        held = self.population.held(person, self.part)
        numbers = [number for number, _ in held.phones]
        return {
            "id": person.number,
            "firstName": person.given_name,
            "lastName": person.family_name,
            "phone": numbers[1] if len(numbers) > 1 else None,
            "mobile": numbers[0] if numbers else None,
            "email": next(iter(held.emails), None),
            "ListId": 12,
            "createdAt": iso_seconds(person.known_since),
            "updatedAt": iso_seconds(person.known_since),
        }

    def _person(self, text: str) -> Person | None:
        person = self.population.person(int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else None
        return person if person in self.people() else None


def interaction_row(contact: Contact) -> Row:
    agent = contact.agent
    shared: Row = {
        "id": contact.number,
        "ContactId": contact.person.number,
        "Queue": {"id": contact.last_queue.number, "name": contact.last_queue.name},
        "Agent": agent and {"id": agent.number, "fullname": agent.name},
        "Tags": [{"name": tag} for tag in contact.tags],
        "disposition": contact.wrap_up and contact.wrap_up.group,
        "secondDisposition": contact.wrap_up and contact.wrap_up.name,
        "thirdDisposition": None,
        "note": contact.wrap_up_note,
    }
    return shared | (_call(contact) if contact.channel in LISTS["voice"] else _conversation(contact))


def _call(contact: Contact) -> Row:
    inbound = contact.direction == "inbound"
    answered_at = next((stretch.start for stretch in contact.stretches if stretch.agent), None)
    ours = "+390255550100"
    return {
        "type": "inbound" if inbound else "outbound",
        "source": contact.address if inbound else ours,
        "destination": ours if inbound else contact.address,
        "starttime": iso_seconds(contact.started_at),
        "answertime": iso_seconds(answered_at),
        "endtime": iso_seconds(contact.ended_at),
        "holdtime": answered_at and int((answered_at - contact.started_at).total_seconds()),
        "billableseconds": answered_at and int((contact.last_activity_at - answered_at).total_seconds()),
        "lastevent": EVENTS.get(contact.status, ""),
    }


def _conversation(contact: Contact) -> Row:
    shown = [turn for turn in contact.texts if not turn.private]
    return {
        "subject": contact.subject,
        "closed": contact.ended_at is not None,
        "createdAt": iso_seconds(contact.started_at),
        "updatedAt": iso_seconds(contact.last_activity_at),
        "closedAt": iso_seconds(contact.ended_at),
        "lastMsgDirection": "in" if contact.direction == "inbound" else "out",
        "lastMessage": shown[-1].text if shown else None,
    }


def _missing() -> Response:
    return json_answer({"message": "Not Found"}, 404)
