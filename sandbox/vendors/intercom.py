"""Intercom's REST API 2.14: contacts and conversations by search, admins, teams.

It tells the people and conversations that the population has in a web chat. Dates in a search count as days of the
workspace's time zone: `>` begins with the next one, `<` ends before it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS, QUEUES, stable_uuid
from sandbox.contacts import Contact, Person
from sandbox.credentials import INTERCOM_TIME_ZONE, INTERCOM_TOKEN
from sandbox.population import Population
from sandbox.vendor import CALLS_LEFT, Clock, Memo, Vendor, json_answer, retry_headers, same
from sandbox.vendors.intercom_rows import Row, Spelling, admin_row, contact_id, me_row, team_row

PER_PAGE, MOST_PER_PAGE, MOST_CONDITIONS, DEEPEST = 20, 150, 15, 2
DATES = {"created_at", "updated_at"}
CONTACT_FIELDS = {"id", "role", "name", "email", "phone", "external_id"} | DATES
CONVERSATION_FIELDS = {"id", "contact_ids", "state", "admin_assignee_id", "team_assignee_id"} | DATES


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class _Pagination(msgspec.Struct):
    per_page: int = PER_PAGE
    starting_after: str | None = None


class _Sort(msgspec.Struct):
    field: str = "created_at"
    order: str = "descending"


class _Search(msgspec.Struct):
    query: dict[str, Any]
    pagination: _Pagination = msgspec.field(default_factory=_Pagination)
    sort: _Sort = msgspec.field(default_factory=_Sort)


class Intercom(Vendor):
    name = "intercom"
    plays = "chatwoot"
    calls_per_minute = 10_000

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._zone = ZoneInfo(INTERCOM_TIME_ZONE)
        self._people = {contact_id(person): person for person in self.people()}
        self._spelling = Spelling(population)
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        reads: Mapping[str, Callable[[Request], Any]] = {
            "/me": lambda request: me_row(AGENTS[0]),
            "/admins": lambda request: {"type": "admin.list", "admins": [admin_row(agent) for agent in AGENTS]},
            "/teams": lambda request: {"type": "team.list", "teams": [team_row(queue) for queue in QUEUES]},
            "/contacts/{id}": self.show_contact,
            "/conversations/{id}": self.show_conversation,
        }
        searches: Mapping[str, Callable[[_Search], Any]] = {
            "/contacts/search": self.search_contacts,
            "/conversations/search": self.search_conversations,
        }
        return [
            *(Route(path, self._answering(handler), methods=["POST"]) for path, handler in searches.items()),
            *(Route(path, self._answering(handler)) for path, handler in reads.items()),
        ]

    def _answering(self, handler: Callable[[Any], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            headers = self._limit_headers(request)
            try:
                asked = request if request.method == "GET" else _decoded(await request.body())
                return json_answer(handler(asked), headers=headers)
            except Refused as refused:
                return json_answer(_errors(refused.code, refused.message), refused.status, headers)

        return answer

    def _limit_headers(self, request: Request) -> dict[str, str]:
        """A minute's calls are handed out in windows of ten seconds; this one tells the minute."""
        left = request.scope.get(CALLS_LEFT)
        if left is None:
            return {}
        reset = int(self.clock().timestamp()) + 10
        named = {"limit": self.calls_per_minute, "remaining": left, "reset": reset}
        return {f"x-ratelimit-{name}": str(value) for name, value in named.items()}

    def refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and same(token, INTERCOM_TOKEN):
            return None
        return json_answer(_errors("unauthorized", "Access Token Invalid"), 401)

    def failure(self, status: int, retry_after: int | None) -> Response:
        code = "rate_limit_exceeded" if status == 429 else "server_error"
        return json_answer(_errors(code, "The sandbox was told to fail"), status, retry_headers(retry_after))

    def show_contact(self, request: Request) -> Row:
        person = self._people.get(request.path_params["id"])
        if person is None:
            raise Refused(404, "not_found", "User Not Found")
        return self._spelling.contact(self.told(person))

    def show_conversation(self, request: Request) -> Row:
        id_ = request.path_params["id"]
        contact = self.contact(int(id_)) if id_.isascii() and id_.isdigit() else None
        if contact is None:
            raise Refused(404, "not_found", "Resource Not Found")
        return self._spelling.conversation(contact)

    def search_contacts(self, search: _Search) -> Row:
        rows = [(person, self._spelling.contact(person)) for person in self.people()]
        found = [person for person, row in rows if self._holds(search.query, row, CONTACT_FIELDS)]
        page, pages = _page(found, search.pagination)
        data = [self._spelling.contact(self.told(person)) for person in page]
        return {"type": "list", "data": data, "total_count": len(found), "pages": pages}

    def search_conversations(self, search: _Search) -> Row:
        found: list[tuple[Row, Contact]] = []
        self._holds(
            search.query, dict.fromkeys(CONVERSATION_FIELDS, 0), CONVERSATION_FIELDS
        )  # refused before it is run
        for person in self._asked_people(search.query):
            for contact in self.contacts(person):
                index = self._index(contact, person)
                if self._holds(search.query, index, CONVERSATION_FIELDS):
                    found.append((index, contact))
        if search.sort.field not in DATES or search.sort.order not in ("ascending", "descending"):
            raise Refused(400, "parameter_invalid", "sort is not valid")
        by = itemgetter(search.sort.field)
        found.sort(key=lambda entry: by(entry[0]), reverse=search.sort.order == "descending")
        page, pages = _page(found, search.pagination)
        conversations = [self._listed(contact) for _, contact in page]
        told = {"type": "conversation.list", "conversations": conversations, "total_count": len(found)}
        return told | {"pages": pages}

    def _listed(self, contact: Contact) -> Any:
        return self._memo.row((contact.number, contact.last_activity_at), lambda: self._spelling.listed(contact))

    def _asked_people(self, query: Any) -> list[Person]:
        """Only those that a condition names, where every conversation must meet it: nobody else's are looked at."""
        conditions = query.get("value") if isinstance(query, dict) and query.get("operator") == "AND" else [query]
        for condition in conditions if isinstance(conditions, list) else []:
            if isinstance(condition, dict) and condition.get("field") == "contact_ids":
                ids = condition.get("value")
                asked = ids if isinstance(ids, list) else [ids]
                return [self._people[id_] for id_ in dict.fromkeys(map(str, asked)) if id_ in self._people]
        return list(self.people())

    def _index(self, contact: Contact, person: Person) -> Row:
        """What a conversation is found by. It was asked for by `person`, also when somebody else's is told."""
        agent = contact.agent
        return {
            "id": str(contact.number),
            "contact_ids": contact_id(person),
            "state": self._spelling.listed(contact)["state"],
            "admin_assignee_id": None if agent is None else agent.number,
            "team_assignee_id": contact.last_queue.number,
            "created_at": int(contact.started_at.timestamp()),
            "updated_at": int(contact.last_activity_at.timestamp()),
        }

    def _holds(self, query: Any, row: Row, fields: set[str], depth: int = 0) -> bool:
        """Whether a row meets the query; one that the vendor would not understand is refused."""
        if not isinstance(query, dict):
            raise Refused(400, "parameter_invalid", "query must be an object")
        operator, value = query.get("operator"), query.get("value")
        if operator in ("AND", "OR"):
            if not isinstance(value, list) or not 0 < len(value) <= MOST_CONDITIONS or depth >= DEEPEST:
                raise Refused(400, "parameter_invalid", "too many filters")
            met = [self._holds(condition, row, fields, depth + 1) for condition in value]
            return all(met) if operator == "AND" else any(met)
        field = query.get("field")
        if field not in fields:
            raise Refused(400, "invalid_field", f"invalid field: {field}")
        if field in DATES:
            return self._holds_day(row[field], str(operator), value)
        return _compared(row[field], str(operator), value)

    def _holds_day(self, at: int, operator: str, value: Any) -> bool:
        try:
            day = self._day(int(value))
        except (TypeError, ValueError, OverflowError):
            raise Refused(400, "parameter_invalid", "value must be a timestamp") from None
        told = self._day(at)
        if operator not in ("=", ">", "<"):
            raise Refused(400, "parameter_invalid", f"operator {operator} is not supported on dates")
        return told == day if operator == "=" else told > day if operator == ">" else told < day

    def _day(self, at: int) -> datetime:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
        return moment.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)


def _compared(told: Any, operator: str, value: Any) -> bool:
    if operator in ("IN", "NIN"):
        if not isinstance(value, list) or len(value) > MOST_CONDITIONS:
            raise Refused(400, "parameter_invalid", "value must be an array")
        return (told in value) == (operator == "IN")
    if operator in ("=", "!="):
        return bool(told == value) == (operator == "=")
    if operator not in ("~", "!~", "^", "$") or not isinstance(value, str):
        raise Refused(400, "parameter_invalid", f"invalid operator: {operator}")
    text, part = str(told or "").casefold(), value.casefold()
    tests = {"~": part in text, "!~": part not in text, "^": text.startswith(part), "$": text.endswith(part)}
    return tests[operator]


def _page(found: Sequence[Any], pagination: _Pagination) -> tuple[Sequence[Any], Row]:
    """A cursor is opaque, and good for the query that it came with alone."""
    size = pagination.per_page
    if not 1 <= size <= MOST_PER_PAGE:
        raise Refused(400, "parameter_invalid", "per_page must be between 1 and 150")
    first = _place(pagination.starting_after)
    page = found[first : first + size]
    pages: Row = {"type": "pages", "page": first // size + 1, "per_page": size, "total_pages": -(-len(found) // size)}
    if first + size < len(found):
        cursor = base64.b64encode(f"after {first + size}".encode()).decode()
        pages["next"] = {"page": first // size + 2, "starting_after": cursor}
    return page, pages


def _place(starting_after: str | None) -> int:
    if starting_after is None:
        return 0
    try:
        return int(base64.b64decode(starting_after, validate=True).removeprefix(b"after "))
    except (binascii.Error, ValueError):
        raise Refused(400, "client_error", "Invalid starting_after param") from None


def _decoded(body: bytes) -> _Search:
    try:
        return msgspec.json.decode(body, type=_Search)
    except msgspec.DecodeError:
        raise Refused(400, "parameter_invalid", "the query could not be read") from None


def _errors(code: str, message: str) -> Row:
    return {
        "type": "error.list",
        "request_id": stable_uuid("intercom", code, message),
        "errors": [{"code": code, "message": message}],
    }
