"""Request Tracker 5's REST 2.0, after recorded answers of version 5.0.3, its silences included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import islice
from typing import Any
from urllib.parse import quote_plus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import QUEUES
from sandbox.contacts import Contact, ContactLog
from sandbox.credentials import REQUEST_TRACKER_PASSWORD, REQUEST_TRACKER_TOKEN, REQUEST_TRACKER_USER
from sandbox.population import Population
from sandbox.vendor import (
    Clock,
    Memo,
    Vendor,
    has_basic,
    json_answer,
    page_of,
    retry_headers,
    root_url,
    same,
    whole_number,
)
from sandbox.vendors.request_tracker_rows import (
    DATES,
    Row,
    Spelling,
    Users,
    date_of,
    queue_named,
    requestor_login,
    ticket_value,
)
from sandbox.vendors.request_tracker_sql import DATE_FIELDS, NUMBER_FIELDS, BadQuery, holds, parse, plan

PER_PAGE, MOST_PER_PAGE = 20, 100
GOOD_TYPE = {"content-type": 'application/json; charset="utf-8"'}
BAD_TYPE = {"content-type": "application/json; charset=utf-8"}
ORDERS = {
    "id",
    "Created",
    "LastUpdated",
    "Started",
    "Resolved",
    "Due",
    "Starts",
    "Told",
    "Status",
    "Subject",
    "Priority",
}
SEARCHABLE_USER_FIELDS = {"Name", "EmailAddress", "RealName", "Organization", "NickName", "id"}

Spot = tuple[ContactLog, int]


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class UserCondition(msgspec.Struct):
    field: str
    value: str | int
    operator: str = "="
    entry_aggregator: str = "AND"


class RequestTracker(Vendor):
    name = "request_tracker"

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._users = Users.of(population)
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request, Spelling], Row]] = {
            "/rt": self.version,
            "/tickets": self.tickets,
            "/ticket/{id}": self.ticket,
            "/ticket/{id}/history": self.history,
            "/users": self.users,
            "/user/{id}": self.user,
            "/queues/all": self.queues,
            "/queue/{id}": self.queue,
        }
        return [Route(f"/REST/2.0{path}", self._answering(handler)) for path, handler in handlers.items()]

    def _answering(self, handler: Callable[[Request, Spelling], Row]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                row = handler(request, Spelling(self._users, root_url(request)))
            except Refused as refused:
                return json_answer({"message": refused.message}, refused.status, BAD_TYPE)
            return json_answer(row, headers={**GOOD_TYPE, **_marks(row)})

        return answer

    def refusal(self, request: Request) -> Response | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = value if scheme.lower() == "token" else request.query_params.get("token", "")
        if has_basic(request, REQUEST_TRACKER_USER, REQUEST_TRACKER_PASSWORD) or same(token, REQUEST_TRACKER_TOKEN):
            return None
        return json_answer({"message": "Unauthorized"}, 401, BAD_TYPE)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"message": "Try again later"}, status, {**BAD_TYPE, **retry_headers(retry_after)})

    def version(self, request: Request, spelling: Spelling) -> Row:
        return {"Version": "5.0.3+dfsg-3~deb12u6", "Plugins": []}

    # Tickets

    def tickets(self, request: Request, spelling: Spelling) -> Row:
        """No query finds nothing. An order by an unknown column still counts the tickets, and gives none."""
        query = request.query_params.get("query")
        page, per_page = _page(request)
        if not query:
            return _listing(request, 0, [])
        total, spots = self._found(query, _orders(request), page * per_page)
        fields, inner = _fields(request)
        asked = (spelling.root, *fields, str(inner))
        rows = [
            self._memo.row((contact.number, asked), partial(spelling.ticket, contact, fields, inner))
            for contact in (log[at] for log, at in spots[(page - 1) * per_page :])
        ]
        return _listing(request, total, rows)

    def _found(self, query: str, orders: list[tuple[str, bool]], limit: int) -> tuple[int, list[Spot]]:
        try:
            node = parse(query)
        except BadQuery as bad:
            raise Refused(400, str(bad)) from None
        people = self.people()
        numbered = partial(self.population.contact, self.name)
        where = plan(node, people, self._users.customer_value, numbered, self.population.now)
        logs = [self.contacts(person) for person in people if where.people is None or person.number in where.people]
        spots: list[tuple[ContactLog, Sequence[int]]] = [(log, log.window(*where.span)) for log in logs]
        if not where.exact:
            spots = [(log, [at for at in span if holds(node, log[at], self._value)]) for log, span in spots]
        return sum(len(span) for _, span in spots), _ordered(spots, orders, limit)

    def _value(self, contact: Contact, field: str) -> str | datetime:
        if field in DATE_FIELDS:
            return date_of(contact, field)
        if field.startswith("Requestor."):
            return self._users.customer_value(contact.person, field.removeprefix("Requestor."))
        return ticket_value(contact, field)

    def _ticket(self, request: Request) -> Contact:
        number = request.path_params["id"]
        found = self.contact(int(number)) if number.isdigit() else None
        if found is None:
            raise Refused(404, "Not Found")
        return found

    def ticket(self, request: Request, spelling: Spelling) -> Row:
        return spelling.ticket_details(self._ticket(request))

    def history(self, request: Request, spelling: Spelling) -> Row:
        rows, (page, per_page) = spelling.history(self._ticket(request)), _page(request)
        fields, _ = _fields(request)
        shown = page_of(rows, page, per_page)
        kept = [{name: row[name] for name in row if name in ("type", "id", "_url", *fields)} for row in shown]
        return _listing(request, len(rows), kept)

    # Users and queues

    def users(self, request: Request, spelling: Spelling) -> Row:
        """A condition on a field that is not searchable is dropped in silence: alone, it leaves every user."""
        query, (fields, _) = request.query_params.get("query"), _fields(request)
        if not query:
            return _listing(request, 0, [])
        try:
            conditions = msgspec.json.decode(query, type=list[UserCondition])
        except msgspec.DecodeError:
            raise Refused(400, "JSON object must be a ARRAY") from None
        kept = [condition for condition in conditions if condition.field in SEARCHABLE_USER_FIELDS]
        logins = [login for login in self._users.logins() if self._user_holds(login, kept)]
        page, per_page = _page(request)
        shown = [self._told_login(login) for login in page_of(logins, page, per_page)]
        return _listing(request, len(logins), [spelling.user(login, fields) for login in shown])

    def _told_login(self, login: str) -> str:
        person = self._users.people.get(login)
        return requestor_login(self.told(person)) if person else login

    def _user_holds(self, login: str, conditions: Sequence[UserCondition]) -> bool:
        result = True
        for place, condition in enumerate(conditions):
            held, wanted = self._users.value(login, condition.field).lower(), str(condition.value).lower()
            found = wanted in held if condition.operator.upper() == "LIKE" else held == wanted
            if condition.operator == "!=":
                found = not found
            either = place > 0 and condition.entry_aggregator.upper() == "OR"
            result = (result or found) if either else (result and found)
        return result

    def user(self, request: Request, spelling: Spelling) -> Row:
        login = self._users.login(request.path_params["id"])
        if login is None:
            raise Refused(404, "Not Found")
        return spelling.user_details(self._told_login(login))

    def queues(self, request: Request, spelling: Spelling) -> Row:
        (page, per_page), (fields, _) = _page(request), _fields(request)
        return _listing(
            request, len(QUEUES), [spelling.queue(queue, fields) for queue in page_of(QUEUES, page, per_page)]
        )

    def queue(self, request: Request, spelling: Spelling) -> Row:
        queue = queue_named(request.path_params["id"])
        if queue is None:
            raise Refused(404, "Not Found")
        row = spelling.queue(queue, ("Name", "Description", "Lifecycle"))
        return {**row, "id": int(row["id"]), "Disabled": "0", "CustomFields": [], "_hyperlinks": []}


def _orders(request: Request) -> list[tuple[str, bool]]:
    """(column, descending), the first decides. A minus before a column is read and has no effect."""
    words = request.query_params.getlist("order")
    return [
        (column.removeprefix("-"), place < len(words) and words[place].upper() == "DESC")
        for place, column in enumerate(request.query_params.getlist("orderby"))
    ] or [("id", False)]


def _ordered(spans: list[tuple[ContactLog, Sequence[int]]], orders: list[tuple[str, bool]], limit: int) -> list[Spot]:
    """The first `limit` places in the logs. Numbers grow with time, so that the commonest orders need no sorting."""
    if any(column not in ORDERS for column, _ in orders):
        return []
    column, descending = orders[0]
    if column in ("id", "Created"):
        walks = [_walk(log, span if descending else span[::-1]) for log, span in spans]
        if len(walks) == 1:
            return list(islice(walks[0], limit))
        return list(islice(merge(*walks, key=lambda spot: spot[0].starts_at(spot[1]), reverse=descending), limit))
    spots = [(log, at) for log, span in spans for at in span]
    for name, down in reversed(orders):
        spots.sort(key=partial(_sort_value, name), reverse=down)
    return spots[:limit]


def _walk(log: ContactLog, positions: Iterable[int]) -> Iterator[Spot]:
    return ((log, at) for at in positions)


def _sort_value(column: str, spot: Spot) -> str | int | datetime:
    contact = spot[0][spot[1]]
    if column in DATES:
        return date_of(contact, column)
    value = ticket_value(contact, column)
    return int(value) if column in NUMBER_FIELDS else value


def _page(request: Request) -> tuple[int, int]:
    """More rows a page than the server gives are cut to its own cap in silence."""
    query = request.query_params
    return whole_number(query.get("page"), 1), whole_number(query.get("per_page"), PER_PAGE, most=MOST_PER_PAGE)


def _fields(request: Request) -> tuple[list[str], dict[str, list[str]]]:
    query = request.query_params
    inner = {
        name[7:-1]: value.split(",")
        for name, value in query.multi_items()
        if name.startswith("fields[") and name.endswith("]")
    }
    return [field for field in query.get("fields", "").split(",") if field], inner


def _listing(request: Request, total: int, items: Sequence[Row | msgspec.Raw]) -> Row:
    page, per_page = _page(request)
    pages = -(-total // per_page)
    row: Row = {"page": page, "per_page": per_page, "pages": pages or 0.0, "total": total, "count": len(items)}
    row["items"] = items
    if page < pages:
        row["next_page"] = _address(request, page + 1)
    if page > 1 and pages:
        row["prev_page"] = _address(request, min(page - 1, pages))
    return row


def _address(request: Request, page: int) -> str:
    """The same call for another page, as the server writes it: its own page emptied out, the new one at the end."""
    parts = [
        "=" if name == "page" else f"{quote_plus(name)}={quote_plus(value, safe=chr(39))}"
        for name, value in request.query_params.multi_items()
    ]
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}?{'&'.join(parts)}&page={page}"


def _marks(row: Row) -> dict[str, str]:
    """ETag and Last-Modified of a single object."""
    changed = row.get("LastUpdated")
    return {"etag": f'"{row["id"]}"', "last-modified": str(changed)} if changed else {}
