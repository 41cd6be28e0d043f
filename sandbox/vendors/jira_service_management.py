"""Jira Cloud with a service desk: users, issue search by JQL and token, single issues, a desk's customers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS
from sandbox.contacts import Contact
from sandbox.credentials import JIRA_EMAIL, JIRA_SERVICE_DESK_ID, JIRA_TOKEN
from sandbox.population import Population
from sandbox.vendor import (
    CALLS_LEFT,
    Clock,
    Memo,
    Vendor,
    first_with,
    has_basic,
    json_answer,
    retry_headers,
    root_url,
    whole_number,
)
from sandbox.vendors.jira_jql import BadJqlError, Jql
from sandbox.vendors.jira_rows import Row, Spelling, account_id, agent_account_id

PER_PAGE, MOST_PER_PAGE = 50, 100
MOST_USERS = 50
Asked = Mapping[str, Any]


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class JiraServiceManagement(Vendor):
    name = "jira_service_management"
    plays = "zendesk"
    calls_per_minute = 600

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {account_id(person): person for person in self.people()}
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request, Asked], object]] = {
            "/rest/api/3/myself": self.myself,
            "/rest/api/3/user": self.show_user,
            "/rest/api/3/user/search": self.search_users,
            "/rest/api/3/issue/{id}": self.show_issue,
            "/rest/servicedeskapi/servicedesk/{desk}/customer": self.customers,
        }
        posted = {"/rest/api/3/search/jql": self.search}
        return [
            *(Route(path, self._answering(handler), methods=["GET"]) for path, handler in handlers.items()),
            *(Route(path, self._answering(handler), methods=["GET", "POST"]) for path, handler in posted.items()),
        ]

    def _answering(self, handler: Callable[[Request, Asked], object]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            left = request.scope.get(CALLS_LEFT)
            limits = {"x-ratelimit-limit": str(self.calls_per_minute), "x-ratelimit-remaining": str(left)}
            headers = {} if left is None else limits
            try:
                body = await request.body()
                asked = msgspec.json.decode(body, type=dict[str, Any]) if body else dict(request.query_params)
                return json_answer(handler(request, asked), headers=headers)
            except msgspec.DecodeError:
                return _error(400, "Invalid request payload. Refer to the REST API documentation and try again.")
            except BadJqlError as error:
                return _error(400, str(error))
            except Refused as refused:
                return _error(refused.status, refused.message)

        return answer

    def refusal(self, request: Request) -> Response | None:
        if has_basic(request, JIRA_EMAIL, JIRA_TOKEN):
            return None
        return _error(401, "Client must be authenticated to access this resource.")

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"message": "Try again later"}, status, retry_headers(retry_after))

    # Users

    def myself(self, request: Request, asked: Asked) -> Row:
        return self._spelling(request).agent(AGENTS[0])

    def show_user(self, request: Request, asked: Asked) -> Row:
        account = str(asked.get("accountId", ""))
        agent = first_with(AGENTS, lambda agent: agent_account_id(agent) == account)
        if agent is not None:
            return self._spelling(request).agent(agent)
        person = self._people.get(account)
        if person is None:
            raise Refused(404, "Specified user does not exist or you do not have required permissions")
        return self._spelling(request).user(self.told(person))

    def search_users(self, request: Request, asked: Asked) -> list[Row]:
        """By the beginning of a name or of an address, hidden ones too."""
        query = str(asked.get("query", "")).strip().lower()
        if not query:
            raise Refused(400, "The query parameter is required")
        spelling = self._spelling(request)
        found = [
            spelling.user(self.told(person))
            for person in self.people()
            if _begins([person.name, person.family_name, spelling.email(person)], query)
        ]
        found += [spelling.agent(agent) for agent in AGENTS if _begins([agent.name, agent.email], query)]
        return found[: whole_number(str(asked.get("maxResults", MOST_USERS)), MOST_USERS, most=1_000)]

    def customers(self, request: Request, asked: Asked) -> Row:
        if request.path_params["desk"] != JIRA_SERVICE_DESK_ID:
            raise Refused(404, "The service desk does not exist")
        query, spelling = str(asked.get("query", "")).lower(), self._spelling(request)
        limit = whole_number(str(asked.get("limit", PER_PAGE)), PER_PAGE, most=PER_PAGE)
        found = [p for p in self.people() if query in p.name.lower() or query in spelling.email(p)]
        shown = [spelling.customer(self.told(person)) for person in found[:limit]]
        page = {"start": 0, "limit": limit, "isLastPage": len(found) <= limit, "_links": {}, "_expands": []}
        return {"size": len(shown), **page, "values": shown}

    # Issues

    def search(self, request: Request, asked: Asked) -> Row:
        """No total; a token on every page but the last, which is worth something for the same query alone."""
        text = asked.get("jql")
        if not isinstance(text, str):
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        if "startAt" in asked:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        query = Jql.parse(text)
        found = [c for person in query.people(self.people()) for c in self.contacts(person) if query.holds(c)]
        query.sort(found)
        size = whole_number(str(asked.get("maxResults", PER_PAGE)), PER_PAGE, most=MOST_PER_PAGE)
        first = _opened(asked.get("nextPageToken"), text)
        fields, properties = _names(asked.get("fields")), _names(asked.get("properties"))
        spelling = self._spelling(request)
        shown = [self._issue(spelling, contact, fields, properties) for contact in found[first : first + size]]
        is_last = first + size >= len(found)
        more = {} if is_last else {"nextPageToken": _sealed(first + size, text)}
        return {"issues": shown, **more, "isLast": is_last}

    def _issue(
        self, spelling: Spelling, contact: Contact, fields: frozenset[str], properties: frozenset[str]
    ) -> msgspec.Raw:
        key = (spelling.root, contact.number, contact.last_activity_at, fields, properties)
        return self._memo.row(key, lambda: spelling.issue(contact, fields, properties))

    def show_issue(self, request: Request, asked: Asked) -> Row:
        number = request.path_params["id"].rpartition("-")[2]
        contact: Contact | None = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        if contact is None:
            raise Refused(404, "Issue does not exist or you do not have permission to see it.")
        fields = _names(asked.get("fields")) or frozenset({"*all"})
        return self._spelling(request).issue(contact, fields, _names(asked.get("properties")))

    def _spelling(self, request: Request) -> Spelling:
        return Spelling(self.population, root_url(request))


def _error(status: int, message: str) -> Response:
    return json_answer({"errorMessages": [message], "errors": {}}, status)


def _begins(texts: Sequence[str], query: str) -> bool:
    return any(text.lower().startswith(query) for text in texts if text)


def _names(told: object) -> frozenset[str]:
    """A list, or a text with commas."""
    if isinstance(told, str):
        told = told.split(",")
    return frozenset(told) - {""} if isinstance(told, list) else frozenset()


def _sealed(offset: int, text: str) -> str:
    return base64.urlsafe_b64encode(f"{offset}|{crc32(text.encode())}".encode()).decode()


def _opened(token: object, text: str) -> int:
    if token is None:
        return 0
    try:
        offset, _, sum_ = base64.urlsafe_b64decode(str(token)).decode().partition("|")
        if int(sum_) == crc32(text.encode()):
            return int(offset)
    except (binascii.Error, ValueError):
        pass
    raise Refused(400, "The provided next page token is invalid or expired.")
