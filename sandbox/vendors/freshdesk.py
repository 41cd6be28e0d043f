"""Freshdesk's API v2: contacts, tickets, agents, groups. Lists are bare arrays, their next page stands in `Link`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS, QUEUES
from sandbox.contacts import Contact, Person
from sandbox.credentials import FRESHDESK_API_KEY
from sandbox.population import Population
from sandbox.vendor import (
    CALLS_LEFT,
    Clock,
    Memo,
    Vendor,
    basic_credentials,
    first_with,
    json_answer,
    page_of,
    retry_headers,
    same,
)
from sandbox.vendors.freshdesk_rows import Row, Spelling, agent_id, contact_id, group_id

PER_PAGE, MOST_PER_PAGE, LAST_PAGE = 30, 100, 300
RECENTLY = timedelta(days=30)
ORDERS = {"created_at", "due_by", "updated_at", "status"}
INCLUDES = {"requester", "stats", "description", "company"}


class Invalid(Exception):
    """Refused with 400, and a word on one field; 404 has no body at all."""

    def __init__(self, field: str = "", message: str = "", status: int = 400) -> None:
        super().__init__(message)
        self.field, self.message, self.status = field, message, status


class Freshdesk(Vendor):
    name = "freshdesk"
    plays = "zendesk"
    calls_per_minute = 200

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {contact_id(person): person for person in self.people()}
        self._spelling = Spelling(population)
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request], Any]] = {
            "/contacts": self.contacts_with,
            "/contacts/autocomplete": self.complete,
            "/contacts/{id:int}": self.show_contact,
            "/tickets": self.list_tickets,
            "/tickets/{id:int}": self.show_ticket,
            "/tickets/{id:int}/conversations": self.conversations,
            "/agents/me": self.me,
            "/agents/{id:int}": self.show_agent,
            "/groups": self.groups,
            "/groups/{id:int}": self.show_group,
        }
        return [Route(f"/api/v2{path}", self._answering(handler)) for path, handler in handlers.items()]

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        """An included resource costs more of the limit."""

        async def answer(request: Request) -> Response:
            headers = self._limit_headers(request)
            try:
                page, per_page = _page(request)
                body = handler(request)
            except Invalid as refused:
                if refused.status == 404:
                    return Response(b"", 404, headers)
                error = {"field": refused.field, "message": refused.message, "code": "invalid_value"}
                return json_answer({"description": "Validation failed", "errors": [error]}, 400, headers)
            if not isinstance(body, list):
                return json_answer(body, headers=headers)
            shown = page_of(body, page, per_page)
            if page * per_page < len(body):
                kept = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
                url = request.url.replace(query=urlencode([*kept, ("page", page + 1)]))
                headers["link"] = f'<{url}>; rel="next"'
            return json_answer([row() if callable(row) else row for row in shown], headers=headers)

        return answer

    def _limit_headers(self, request: Request) -> dict[str, str]:
        left, used = request.scope.get(CALLS_LEFT), 1
        if request.query_params.get("include"):
            used += 2 * len(request.query_params["include"].split(","))
        headers = {"x-ratelimit-used-currentrequest": str(used)}
        if left is None:
            return headers
        return {"x-ratelimit-total": str(self.calls_per_minute), "x-ratelimit-remaining": str(left), **headers}

    def refusal(self, request: Request) -> Response | None:
        given = basic_credentials(request)
        if given is not None and same(given[0], FRESHDESK_API_KEY):
            return None
        message = "You have to be logged in to perform this action."
        return json_answer({"code": "invalid_credentials", "message": message}, 401)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"message": "Try again later"}, status, retry_headers(retry_after))

    # Contacts

    def contacts_with(self, request: Request) -> list[Callable[[], Row]]:
        """Those that have exactly what is asked for; everybody when nothing is."""
        asked = {name: request.query_params[name] for name in FILTERS if name in request.query_params}
        found = [person for person in self.people() if self._has(person, asked)]
        return [self._contact_row(person) for person in found]

    def _contact_row(self, person: Person) -> Callable[[], Row]:
        shown = self.told(person)
        return lambda: self._spelling.contact(shown)

    def _has(self, person: Person, asked: Mapping[str, str]) -> bool:
        phone, mobile = self._spelling.numbers(person)
        held: Mapping[str, Sequence[str | None]] = {
            "email": self._spelling.emails(person),
            "phone": [phone],
            "mobile": [mobile],
            "unique_external_id": [person.crm_id],
        }
        return all(value in held[name] for name, value in asked.items())

    def complete(self, request: Request) -> list[Row]:
        """Names that begin so, or a word of them."""
        term = request.query_params.get("term", "").strip().lower()
        if len(term) < 2:
            raise Invalid("term", "It should have at least 2 characters")
        found = [p for p in self.people() if p.name.lower().startswith(term) or p.family_name.lower().startswith(term)]
        return [{"id": contact_id(self.told(person)), "name": self.told(person).name} for person in found]

    def show_contact(self, request: Request) -> Row:
        return self._spelling.contact(self.told(self._person(request.path_params["id"])))

    def _person(self, number: int) -> Person:
        found = self._people.get(number)
        if found is None:
            raise Invalid(status=404)
        return found

    # Tickets

    def list_tickets(self, request: Request) -> list[Callable[[], Any]]:
        """Of the last 30 days unless `updated_since` says otherwise; newest first unless told."""
        query = request.query_params
        order, ascending = query.get("order_by", "created_at"), query.get("order_type", "desc") == "asc"
        if order not in ORDERS:
            raise Invalid("order_by", "It should be one of these values")
        include = _include(query.get("include"))
        since = _since(query.get("updated_since"))
        people = [self._requester(query["requester_id"])] if "requester_id" in query else list(self.people())
        logs = [self.contacts(person) for person in people]
        recent = self.clock() - RECENTLY
        found: list[Contact] = []
        for log in logs:
            found += log.between(recent) if since is None else [c for c in log if c.last_activity_at >= since]
        found.sort(key=lambda contact: self._place(order, contact), reverse=not ascending)
        return [self._ticket_row(contact, include) for contact in found]

    def _place(self, order: str, contact: Contact) -> Any:
        if order == "status":
            return self._spelling.status(contact)
        return contact.last_activity_at if order == "updated_at" else contact.started_at

    def _ticket_row(self, contact: Contact, include: frozenset[str]) -> Callable[[], Any]:
        key = (contact.number, contact.last_activity_at, include)
        return lambda: self._memo.row(key, lambda: self._spelling.ticket(contact, include))

    def _requester(self, text: str) -> Person:
        found = self._people.get(int(text)) if text.isascii() and text.isdigit() else None
        if found is None:
            raise Invalid("requester_id", "There is no contact matching the given requester_id")
        return found

    def show_ticket(self, request: Request) -> Row:
        """With its description, which lists only have when it is included."""
        include = _include(request.query_params.get("include")) | {"description"}
        return self._spelling.ticket(self._contact(request), include)

    def conversations(self, request: Request) -> list[Row]:
        return self._spelling.conversations(self._contact(request))

    def _contact(self, request: Request) -> Contact:
        found = self.contact(request.path_params["id"])
        if found is None:
            raise Invalid(status=404)
        return found

    # Agents and groups

    def me(self, request: Request) -> Row:
        return self._spelling.agent(AGENTS[0])

    def show_agent(self, request: Request) -> Row:
        agent = first_with(AGENTS, lambda agent: agent_id(agent) == request.path_params["id"])
        if agent is None:
            raise Invalid(status=404)
        return self._spelling.agent(agent)

    def groups(self, request: Request) -> list[Row]:
        return [self._spelling.group(queue) for queue in QUEUES]

    def show_group(self, request: Request) -> Row:
        queue = first_with(QUEUES, lambda queue: group_id(queue) == request.path_params["id"])
        if queue is None:
            raise Invalid(status=404)
        return self._spelling.group(queue)


FILTERS = ("email", "phone", "mobile", "unique_external_id")


def _page(request: Request) -> tuple[int, int]:
    query = request.query_params
    page, per_page = _number("page", query.get("page"), 1), _number("per_page", query.get("per_page"), PER_PAGE)
    if per_page > MOST_PER_PAGE:
        raise Invalid("per_page", "It should be a Positive Integer less than or equal to 100")
    if page > LAST_PAGE:
        raise Invalid("page", "You cannot access tickets beyond the 300th page. Please provide a smaller page number.")
    return page, per_page


def _number(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Invalid(name, "It should be a Positive Integer")
    return int(text)


def _include(text: str | None) -> frozenset[str]:
    asked = frozenset((text or "").split(",")) - {""}
    if not asked <= INCLUDES:
        raise Invalid("include", "It should be one of these values")
    return asked


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("updated_since", "It should be in the combined date and time ISO8601 format") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
