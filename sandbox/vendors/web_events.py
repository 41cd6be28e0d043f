"""A web tracker, as the manifest `web_events` describes one: visitors, visits and pages in them, by Link headers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import WEB_EVENTS_KEY
from sandbox.population import stable_uuid
from sandbox.vendor import Vendor, json_answer, root_url, same, whole_number

Row = dict[str, Any]

SITE = "https://www.contact-centre.example.com"
PAGES = {
    "quote": ("Prices", "Compare plans", "Ask for a quote"),
    "delivery": ("Orders", "Where is my parcel?"),
    "invoice": ("My account", "Invoices"),
}
OTHER_PAGES = ("Home", "Help centre")
VISIT = timedelta(minutes=9)


class WebEvents(Vendor):
    """A visit for each talk in the site's chat: what the customer looked at before."""

    name = "web_events"
    plays = "chatwoot"

    def routes(self) -> Sequence[Route]:
        return [
            Route("/api/visitors", self.list_visitors),
            Route("/api/visitors/{id}", self.show_visitor),
            Route("/api/visitors/{id}/visits", self.list_visits),
            Route("/api/visits", self.newest_visits),
            Route("/api/visits/{id}", self.show_visit),
        ]

    def refusal(self, request: Request) -> Response | None:
        if same(request.headers.get("x-api-key", ""), WEB_EVENTS_KEY):
            return None
        return json_answer({"errors": [{"detail": "unknown key"}]}, 403)

    async def list_visitors(self, request: Request) -> Response:
        asked = request.query_params
        value = asked.get("email") or asked.get("phone")
        found: Sequence[Person] = () if value is None else self.population.holders(self.part, value)
        if "cookie" in asked:
            found = [person for person in self.people() if asked["cookie"] == _cookie(person)]
        return json_answer({"data": [self.visitor_row(person) for person in found]})

    async def show_visitor(self, request: Request) -> Response:
        person = self._person(request.path_params["id"])
        return _missing() if person is None else json_answer({"data": self.visitor_row(person)})

    async def list_visits(self, request: Request) -> Response:
        person = self._person(request.path_params["id"])
        if person is None:
            return _missing()
        asked = request.query_params
        log = self.contacts(person)
        places = log.window(_time(asked.get("since")), _time(asked.get("until")))
        page = whole_number(asked.get("page"), 1)
        size = whole_number(asked.get("per_page"), 20, most=50)
        rows = [visit_row(log[place]) for place in places[(page - 1) * size : page * size]]
        headers = {}
        if page * size < len(places):
            query = urlencode({**asked, "page": page + 1})
            address = f"{root_url(request)}/api/visitors/{request.path_params['id']}/visits?{query}"
            headers["link"] = f'<{address}>; rel="next", <{root_url(request)}/api/visits>; rel="up"'
        return json_answer({"data": rows}, headers=headers)

    async def newest_visits(self, request: Request) -> Response:
        newest = next(iter(self.population.all_contacts(self.part)))
        return json_answer({"data": [visit_row(newest)]})

    async def show_visit(self, request: Request) -> Response:
        number = request.path_params["id"].removeprefix("visit-")
        found = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        return _missing() if found is None else json_answer({"data": visit_row(found)})

    def visitor_row(self, person: Person) -> Row:
        shown = self.told(person)
        held = self.population.held(shown, self.part)
        return {
            "id": f"visitor-{shown.number}",
            "name": shown.name,
            "email": next(iter(held.emails), None),
            "phone": next((number for number, _ in held.phones), None),
            "cookies": [_cookie(shown)],
            "first_seen_ms": _milliseconds(shown.known_since),
        }

    def _person(self, text: str) -> Person | None:
        number = text.removeprefix("visitor-")
        person = self.population.person(int(number)) if number.isascii() and number.isdigit() else None
        return person if person in self.people() else None


def visit_row(contact: Contact) -> Row:
    """It began with the talk; while that is in hand, so is the visit."""
    titles = (*OTHER_PAGES[:1], *PAGES.get(contact.topic.tag, OTHER_PAGES))
    step = VISIT / len(titles)
    events = [
        {
            "at_ms": _milliseconds(contact.started_at + step * place),
            "kind": "page_view",
            "title": title,
            "url": f"{SITE}/{title.lower().rstrip('?').replace(' ', '-')}",
        }
        for place, title in enumerate(titles)
    ]
    if contact.topic.tag == "quote":
        left_at = contact.started_at + VISIT
        events.append(
            {"at_ms": _milliseconds(left_at), "kind": "cart_abandoned", "title": "Basket", "url": f"{SITE}/basket"}
        )
    ended_at = None if contact.ended_at is None else contact.started_at + VISIT + step
    return {
        "id": f"visit-{contact.number}",
        "visitor_id": f"visitor-{contact.person.number}",
        "site": "help" if contact.topic.tag == "fault" else "shop",
        "began_ms": _milliseconds(contact.started_at),
        "ended_ms": ended_at and _milliseconds(ended_at),
        "utm": {"campaign": "spring-upgrades"} if contact.number % 3 == 0 else None,
        "tags": list(contact.tags),
        "events": events,
    }


def _cookie(person: Person) -> str:
    return stable_uuid("cookie", person.number)


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _time(text: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(text) / 1000, UTC) if text is not None and text.isdigit() else None


def _missing() -> Response:
    return json_answer({"errors": [{"detail": "not found"}]}, 404)
