"""Zendesk Support's API v2: search, users, tickets. Offset and cursor paging both, as the vendor has them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from msgspec import Raw
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS, QUEUES, Agent
from sandbox.contacts import LONGEST, Contact, Person
from sandbox.credentials import ZENDESK_EMAIL, ZENDESK_TOKEN
from sandbox.population import Population
from sandbox.vendor import (
    CALLS_LEFT,
    Clock,
    Memo,
    Vendor,
    first_with,
    has_basic,
    json_answer,
    page_of,
    retry_headers,
    root_url,
    whole_number,
)
from sandbox.vendors.zendesk_rows import Row, Spelling, agent_id, group_id, user_id
from sandbox.vendors.zendesk_search import ROW_LIMIT, TIME_FIELDS, Search, TicketRows, bounds, parse, user_matches

PER_PAGE = 100
EXPORT_PER_PAGE = 1_000
CURSOR_LIFETIME = timedelta(hours=1)
SORTABLE = {"updated_at", "created_at", "priority", "status", "ticket_type"}


class Unprocessable(Exception):
    """The vendor refuses the request with a 422 (or `status`) and this description."""

    def __init__(self, description: str, status: int = 422, error: str = "invalid") -> None:
        super().__init__(description)
        self.description, self.status, self.error = description, status, error


class Zendesk(Vendor):
    name = "zendesk"
    calls_per_minute = 700

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {user_id(person): person for person in self.people()}
        self._agents = {agent_id(agent): agent for agent in AGENTS}
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request], Row]] = {
            "/search": self.search,
            "/search/count": self.count,
            "/search/export": self.export,
            "/users/me": self.me,
            "/users/search": self.search_users,
            "/users/show_many": self.show_users,
            "/users/{id:int}": self.show_user,
            "/users/{id:int}/identities": self.identities,
            "/users/{id:int}/tickets/requested": self.requested,
            "/tickets/show_many": self.show_tickets,
            "/tickets/{id:int}": self.show_ticket,
            "/tickets/{id:int}/comments": self.comments,
            "/tickets/{id:int}/audits": self.audits,
            "/groups": self.groups,
            "/groups/{id:int}": self.show_group,
            "/incremental/tickets/cursor": self.changed,
        }
        return [
            Route(f"/api/v2{path}{suffix}", self._answering(handler))
            for path, handler in handlers.items()
            for suffix in ("", ".json")
        ]

    def _answering(self, handler: Callable[[Request], Row]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            left = request.scope.get(CALLS_LEFT)
            limit = str(self.calls_per_minute)
            headers = {} if left is None else {"x-rate-limit": limit, "x-rate-limit-remaining": str(left)}
            try:
                return json_answer(handler(request), headers=headers)
            except Unprocessable as refused:
                return json_answer({"error": refused.error, "description": refused.description}, refused.status)

        return answer

    def refusal(self, request: Request) -> Response | None:
        if has_basic(request, f"{ZENDESK_EMAIL}/token", ZENDESK_TOKEN):
            return None
        return json_answer({"error": "Couldn't authenticate you"}, 401)

    def failure(self, status: int, retry_after: int | None) -> Response:
        error = "APIRateLimitExceeded" if status == 429 else "unavailable"
        return json_answer({"error": error, "description": "Try again later"}, status, retry_headers(retry_after))

    def _spelling(self, request: Request) -> Spelling:
        return Spelling(self.population, root_url(request))

    def _person(self, number: int) -> Person:
        found = self._people.get(number)
        if found is None:
            raise Unprocessable("Not found", 404, "RecordNotFound")
        return found

    def _ticket(self, number: int) -> Contact:
        found = self.contact(number)
        if found is None:
            raise Unprocessable("Not found", 404, "RecordNotFound")
        return found

    # Search

    def search(self, request: Request) -> Row:
        query = request.query_params
        search = _search_of(query)
        page, per_page = (
            whole_number(query.get("page"), 1),
            whole_number(query.get("per_page"), PER_PAGE, most=PER_PAGE),
        )
        if page * per_page > ROW_LIMIT:
            raise Unprocessable(f"Invalid search: only the first {ROW_LIMIT} results are available")
        total, found = self._results(search, self._spelling(request), query, page * per_page)
        return {
            "results": [tell() for tell in page_of(found, page, per_page)],
            "facets": None,
            **_offset_links(request, total, page, per_page),
            "count": total,
        }

    def count(self, request: Request) -> Row:
        query = request.query_params
        return {"count": self._results(_search_of(query), self._spelling(request), query, 1)[0]}

    def _results(
        self, search: Search, spelling: Spelling, query: QueryParams, limit: int
    ) -> tuple[int, list[Callable[[], Row | Raw]]]:
        """All kinds of resources that the query does not exclude: tickets first, then users, then groups."""
        types = search.types
        total, found = 0, list[Callable[[], Row | Raw]]()
        if not types or "ticket" in types:
            sort_by = query.get("sort_by") if query.get("sort_by") in SORTABLE else None
            descending = query.get("sort_order", "desc").lower() != "asc"
            total, tickets = self._tickets(search).find(sort_by, descending, limit)
            found += [partial(self._found_ticket, spelling, ticket) for ticket in tickets]
        if not types or "user" in types:
            users = self._users(search, spelling)
            total += len(users)
            found += [partial(_typed, "user", dict, user) for user in users]
        if search.words and (not types or "group" in types):
            groups = [queue for queue in QUEUES if all(word in queue.name.lower() for word in search.words)]
            total += len(groups)
            found += [partial(_typed, "group", spelling.group, queue) for queue in groups]
        return total, found

    def _found_ticket(self, spelling: Spelling, ticket: Contact) -> Raw:
        key = (spelling.root, ticket.number)
        return self._memo.row(key, partial(_typed, "ticket", spelling.ticket, ticket))

    def _tickets(self, search: Search) -> TicketRows:
        asked = [*search.values("requester"), *search.values("requester_id")]
        people = self.people() if not asked else [person for value in asked for person in self._requesters(value)]
        return TicketRows(search, self.population.now, [self.contacts(person) for person in people])

    def _requesters(self, value: str) -> Sequence[Person]:
        if value.isdigit():
            found = self._people.get(int(value))
            return [found] if found else []
        return self.population.holders(self.name, value.lower())

    def _users(self, search: Search, spelling: Spelling) -> list[Row]:
        """Customers only: agents are found when the query does not ask for end users."""
        found = [
            person
            for person in self.people()
            if user_matches(
                search,
                person,
                user_id(person),
                [number for number, _ in spelling.phones(person)],
                spelling.emails(person),
            )
        ]
        rows = [spelling.user(self.told(person)) for person in found]
        if search.words and not search.terms:
            rows += [
                spelling.agent(agent)
                for agent in AGENTS
                if all(word in agent.name.lower() or word in agent.email for word in search.words)
            ]
        return rows

    def export(self, request: Request) -> Row:
        query = request.query_params
        search, kind = _search_of(query), query.get("filter[type]")
        if kind is None or search.types:
            raise Unprocessable("Invalid search: give the type in filter[type] and not in the query")
        spelling, size = self._spelling(request), whole_number(query.get("page[size]"), PER_PAGE, most=EXPORT_PER_PAGE)
        offset = self._export_offset(query.get("page[after]"))
        if kind == "ticket":
            total, tickets = self._tickets(search).find("created_at", True, offset + size)
            rows: list[Row | Raw] = [self._found_ticket(spelling, ticket) for ticket in tickets[offset:]]
        else:
            users = self._users(search, spelling) if kind == "user" else []
            total, rows = len(users), [_typed("user", dict, user) for user in users[offset : offset + size]]
        more = offset + size < total
        after = _seal(f"{self.clock().timestamp():.0f}", str(offset + size)) if more else None
        return {"results": rows, "facets": None, **_cursor_links(request, after)}

    def _export_offset(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        issued, offset = _unseal(cursor)
        if self.clock() - datetime.fromtimestamp(int(issued), UTC) > CURSOR_LIFETIME:
            raise Unprocessable("The cursor has expired", 400, "InvalidPaginationParameter")
        return int(offset)

    # Users and groups

    def me(self, request: Request) -> Row:
        return {"user": self._spelling(request).agent(AGENTS[0])}

    def search_users(self, request: Request) -> Row:
        query, spelling = request.query_params, self._spelling(request)
        external_id = query.get("external_id")
        if external_id is not None:
            holders = self.population.holders(self.name, external_id.upper())
            users = [spelling.user(self.told(person)) for person in holders]
        else:
            users = self._users(_search_of(query), spelling)
        return _offset_page(request, "users", users)

    def show_user(self, request: Request) -> Row:
        found = self._show(request.path_params["id"], self._spelling(request))
        if found is None:
            raise Unprocessable("Not found", 404, "RecordNotFound")
        return {"user": found}

    def show_users(self, request: Request) -> Row:
        spelling = self._spelling(request)
        numbers = _ids(request)
        users = [self._show(number, spelling) for number in numbers]
        answer = _offset_page(request, "users", [user for user in users if user])
        if "identities" in request.query_params.get("include", "").split(","):
            people = [self._people[number] for number in numbers if number in self._people]
            answer["identities"] = [row for person in people for row in spelling.identities(self.told(person))]
        return answer

    def _show(self, number: int, spelling: Spelling) -> Row | None:
        agent: Agent | None = self._agents.get(number)
        if agent:
            return spelling.agent(agent)
        person = self._people.get(number)
        return spelling.user(self.told(person)) if person else None

    def identities(self, request: Request) -> Row:
        person = self._person(request.path_params["id"])
        return _either_page(request, "identities", self._spelling(request).identities(self.told(person)))

    def groups(self, request: Request) -> Row:
        return _either_page(request, "groups", [self._spelling(request).group(queue) for queue in QUEUES])

    def show_group(self, request: Request) -> Row:
        queue = first_with(QUEUES, lambda queue: group_id(queue) == request.path_params["id"])
        if queue is None:
            raise Unprocessable("Not found", 404, "RecordNotFound")
        return {"group": self._spelling(request).group(queue)}

    # Tickets

    def requested(self, request: Request) -> Row:
        """In the order of ids; with cursor paging also of `sort=id`, `-id`, `updated_at` or `-updated_at`."""
        spelling, log = self._spelling(request), self.contacts(self._person(request.path_params["id"]))
        sort = request.query_params.get("sort", "id")
        if sort.lstrip("-") == "updated_at":
            ordered = sorted(log, key=lambda ticket: ticket.last_activity_at, reverse=sort.startswith("-"))
            return _either_page(request, "tickets", ordered, spelling.ticket)
        positions = range(len(log)) if sort.startswith("-") else range(len(log) - 1, -1, -1)
        return _either_page(request, "tickets", positions, lambda at: spelling.ticket(log[at]))

    def show_ticket(self, request: Request) -> Row:
        return {"ticket": self._spelling(request).ticket(self._ticket(request.path_params["id"]))}

    def show_tickets(self, request: Request) -> Row:
        spelling = self._spelling(request)
        found = [self.contact(number) for number in _ids(request)]
        return _offset_page(request, "tickets", [spelling.ticket(ticket) for ticket in found if ticket])

    def comments(self, request: Request) -> Row:
        spelling, ticket = self._spelling(request), self._ticket(request.path_params["id"])
        rows = spelling.comments(ticket)
        query = request.query_params
        if query.get("sort") == "-created_at" or query.get("sort_order") == "desc":
            rows.reverse()
        answer = _either_page(request, "comments", rows)
        if "users" in query.get("include", "").split(","):
            authors = (self._show(number, spelling) for number in {row["author_id"] for row in rows})
            answer["users"] = [author for author in authors if author]
        return answer

    def audits(self, request: Request) -> Row:
        ticket = self._ticket(request.path_params["id"])
        return _either_page(request, "audits", self._spelling(request).audits(ticket))

    def changed(self, request: Request) -> Row:
        """Tickets by the time of their last change, oldest first, from `start_time` (Unix seconds) or a cursor."""
        query, spelling = request.query_params, self._spelling(request)
        cursor = query.get("cursor")
        if cursor is None and not query.get("start_time", "").isdigit():
            raise Unprocessable("start_time is required", 400, "InvalidValue")
        seconds, last = _unseal(cursor) if cursor else (query["start_time"], "0")
        since, last_number = datetime.fromtimestamp(int(seconds), UTC), int(last)
        if cursor is None and self.clock() - since < timedelta(minutes=1):
            raise Unprocessable("Too recent start_time", 422, "InvalidValue")
        found = [
            ticket
            for person in self.people()
            for ticket in self.contacts(person).between(since - LONGEST)
            if (ticket.last_activity_at, ticket.number) > (since, last_number)
        ]
        found.sort(key=lambda ticket: (ticket.last_activity_at, ticket.number))
        size = whole_number(query.get("per_page"), EXPORT_PER_PAGE, most=EXPORT_PER_PAGE)
        page = found[:size]
        moment, number = (page[-1].last_activity_at, page[-1].number) if page else (since, last_number)
        after = _seal(f"{moment.timestamp():.0f}", str(number))
        return {
            "tickets": [spelling.ticket(ticket) for ticket in page],
            "after_url": f"{root_url(request)}/api/v2/incremental/tickets/cursor.json?{urlencode({'cursor': after})}",
            "after_cursor": after,
            "before_url": None,
            "before_cursor": None,
            "end_of_stream": len(found) <= size,
        }


def _search_of(query: QueryParams) -> Search:
    text = query.get("query")
    if not text:
        raise Unprocessable("Invalid search: query is missing")
    search = parse(text)
    try:
        bounds(search.terms, TIME_FIELDS)
    except ValueError:
        raise Unprocessable("Invalid search: a time could not be read") from None
    return search


def _ids(request: Request) -> list[int]:
    ids = [int(value) for value in request.query_params.get("ids", "").split(",") if value.strip().isdigit()]
    if not ids or len(ids) > PER_PAGE:
        raise Unprocessable("Give 1 to 100 ids", 400, "InvalidValue")
    return ids


def _seal(*parts: str) -> str:
    return base64.urlsafe_b64encode("|".join(parts).encode()).decode()


def _unseal(cursor: str) -> tuple[str, str]:
    try:
        first, _, second = base64.urlsafe_b64decode(cursor).decode().partition("|")
        return str(int(first)), str(int(second))
    except (binascii.Error, ValueError):
        raise Unprocessable("The cursor could not be read", 400, "InvalidPaginationParameter") from None


def _typed(kind: str, spell: Callable[[Any], Row], resource: Any) -> Row:
    return {**spell(resource), "result_type": kind}


def _address(request: Request, changes: Mapping[str, str]) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    path = request.url.path.removesuffix(".json")
    return f"{request.url.scheme}://{request.url.netloc}{path}.json?{urlencode([*kept, *changes.items()])}"


def _offset_links(request: Request, total: int, page: int, per_page: int) -> Row:
    return {
        "next_page": _address(request, {"page": str(page + 1)}) if page * per_page < total else None,
        "previous_page": _address(request, {"page": str(page - 1)}) if page > 1 else None,
    }


def _cursor_links(request: Request, after: str | None) -> Row:
    following = _address(request, {"page[after]": after}) if after else None
    return {
        "meta": {"has_more": after is not None, "after_cursor": after, "before_cursor": None},
        "links": {"prev": None, "next": following},
    }


def _same(row: Any) -> Row:
    return dict(row)


def _offset_page(request: Request, name: str, rows: Sequence[Any], spell: Callable[[Any], Row] = _same) -> Row:
    query = request.query_params
    page, per_page = whole_number(query.get("page"), 1), whole_number(query.get("per_page"), PER_PAGE, most=PER_PAGE)
    shown = [spell(row) for row in page_of(rows, page, per_page)]
    return {name: shown, **_offset_links(request, len(rows), page, per_page), "count": len(rows)}


def _either_page(request: Request, name: str, rows: Sequence[Any], spell: Callable[[Any], Row] = _same) -> Row:
    """Cursor paging when `page[size]` or `page[after]` is sent, offset paging otherwise."""
    query = request.query_params
    if "page[size]" not in query and "page[after]" not in query:
        return _offset_page(request, name, rows, spell)
    size = whole_number(query.get("page[size]"), PER_PAGE, most=PER_PAGE)
    cursor = query.get("page[after]")
    offset = int(_unseal(cursor)[1]) if cursor else 0
    after = _seal("0", str(offset + size)) if offset + size < len(rows) else None
    shown = [spell(row) for row in rows[offset : offset + size]]
    return {name: shown, **_cursor_links(request, after)}
