"""Zammad's REST API: users, tickets, states, articles, tags; once with an Elasticsearch and once without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS
from sandbox.contacts import Contact, Person
from sandbox.credentials import ZAMMAD_TOKEN
from sandbox.population import Population
from sandbox.vendor import Clock, Memo, Vendor, json_answer, page_of, retry_headers, same, whole_number
from sandbox.vendors.zammad_rows import STATES, Row, Spelling, agent_with, user_id
from sandbox.vendors.zammad_search import Conditions, UnknownAttributeError, text_in_columns, words_in_index

PER_PAGE, MOST_TICKETS, MOST_USERS = 50, 200, 500


class Refused(Exception):
    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


NOT_FOUND = Refused(404, "Couldn't find the record")


class Zammad(Vendor):
    """The one with an Elasticsearch."""

    name = "zammad"
    plays = "zendesk"
    has_index: ClassVar[bool] = True

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {user_id(person): person for person in self.people()}
        self._spelling = Spelling(population)
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request, Mapping[str, Any]], object]] = {
            "/users/me": self.me,
            "/users/search": self.search_users,
            "/users/{id:int}": self.show_user,
            "/tickets/search": self.search_tickets,
            "/tickets/{id:int}": self.show_ticket,
            "/ticket_articles/by_ticket/{id:int}": self.articles,
            "/ticket_states": self.states,
            "/tags": self.tags,
        }
        return [
            Route(f"/api/v1{path}", self._answering(handler), methods=["GET", "POST"])
            for path, handler in handlers.items()
        ]

    def _answering(
        self, handler: Callable[[Request, Mapping[str, Any]], object]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What is asked stands in the address, or in a JSON body, or in both."""

        async def answer(request: Request) -> Response:
            try:
                body = await request.body()
                asked = {**request.query_params, **(msgspec.json.decode(body, type=dict[str, Any]) if body else {})}
                return json_answer(handler(request, asked))
            except msgspec.DecodeError:
                return json_answer({"error": "Invalid JSON"}, 400)
            except Refused as refused:
                return json_answer({"error": refused.error, "error_human": refused.error}, refused.status)
            except UnknownAttributeError:
                return json_answer({"error": "Error ID 5andb0x: Please contact your administrator."}, 500)

        return answer

    def refusal(self, request: Request) -> Response | None:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme == "Token" and same(value, f"token={ZAMMAD_TOKEN}"):
            return None
        error, status = ("Can't find User for Token", 401) if scheme == "Token" else ("Authentication required", 403)
        return json_answer({"error": error, "error_human": error}, status)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"error": "Try again later"}, status, retry_headers(retry_after))

    # Users

    def me(self, request: Request, asked: Mapping[str, Any]) -> Row:
        return self._spelling.agent(AGENTS[0], _expands(asked))

    def show_user(self, request: Request, asked: Mapping[str, Any]) -> Row:
        number = request.path_params["id"]
        agent, person = agent_with(number), self._people.get(number)
        if agent is not None:
            return self._spelling.agent(agent, _expands(asked))
        if person is None:
            raise NOT_FOUND
        return self._spelling.user(self.told(person), _expands(asked))

    def search_users(self, request: Request, asked: Mapping[str, Any]) -> list[Row]:
        """Customers and agents, those changed last first; `permissions` leaves only those who have them."""
        query, expand = str(asked.get("query", "")).replace("*", "").strip(), _expands(asked)
        if not query:
            return []
        found = [self._spelling.user(self.told(p), expand) for p in reversed(self.people()) if self._is_meant(query, p)]
        if asked.get("permissions") != "ticket.customer":
            found += [
                self._spelling.agent(agent, expand) for agent in AGENTS if self._holds(query, [agent.name, agent.email])
            ]
        limit = whole_number(str(asked.get("per_page", asked.get("limit", 100))), 100, most=MOST_USERS)
        return found[:limit]

    def _is_meant(self, query: str, person: Person) -> bool:
        """Without the index, numbers and attributes of the installation's own are not looked at."""
        names = [person.given_name, person.family_name, self._spelling.email(person)]
        indexed = [*self._spelling.numbers(person), person.crm_id or ""] if self.has_index else []
        return self._holds(query, [*names, *indexed])

    def _holds(self, query: str, texts: Sequence[str]) -> bool:
        return words_in_index(query, texts) if self.has_index else text_in_columns(query, texts)

    # Tickets

    def search_tickets(self, request: Request, asked: Mapping[str, Any]) -> object:
        """A query goes to the index where there is one; a condition is read from the tables, and is up to date."""
        contacts = self._found(asked)
        _sort(contacts, asked)
        size = whole_number(str(asked.get("per_page", asked.get("limit", PER_PAGE))), PER_PAGE, most=MOST_TICKETS)
        shown = page_of(contacts, whole_number(str(asked.get("page", 1)), 1), size)
        if asked.get("only_total_count"):
            return {"total_count": len(contacts)}
        if _expands(asked):
            return [self._ticket(contact, True) for contact in shown]
        assets = {"Ticket": {str(contact.number): self._ticket(contact, False) for contact in shown}}
        ids = [contact.number for contact in shown]
        if asked.get("with_total_count"):
            return {"record_ids": ids, "assets": assets, "total_count": len(contacts)}
        return {"tickets": ids, "tickets_count": len(ids), "assets": assets}

    def _found(self, asked: Mapping[str, Any]) -> list[Contact]:
        query, condition = str(asked.get("query") or "").strip(), asked.get("condition") or {}
        if not query and not condition:
            return []
        conditions = Conditions.of(self._spelling, condition)
        people = conditions.people(self.people())
        contacts = [contact for person in people for contact in self.contacts(person) if conditions.hold(contact)]
        return [contact for contact in contacts if not query or self._matches(query, contact)]

    def _matches(self, query: str, contact: Contact) -> bool:
        """Fields are known to the index alone; without it they are a text like any other."""
        field, colon, value = query.partition(":")
        if colon and self.has_index:
            held = {"customer.email": self._spelling.email(contact.person), "customer_id": user_id(contact.person)}
            return str(held.get(field, "")) == value.strip('"')
        return self._holds(query, [contact.subject, *(turn.text for turn in contact.texts)])

    def _ticket(self, contact: Contact, expand: bool) -> msgspec.Raw:
        return self._memo.row(
            (contact.number, contact.last_activity_at, expand), lambda: self._spelling.ticket(contact, expand)
        )

    def show_ticket(self, request: Request, asked: Mapping[str, Any]) -> msgspec.Raw:
        return self._ticket(self._contact(request.path_params["id"]), _expands(asked))

    def articles(self, request: Request, asked: Mapping[str, Any]) -> list[Row]:
        return self._spelling.articles(self._contact(request.path_params["id"]), _expands(asked))

    def tags(self, request: Request, asked: Mapping[str, Any]) -> Row:
        if asked.get("object") != "Ticket":
            raise Refused(422, "Need object and o_id")
        return {"tags": list(self._contact(whole_number(asked.get("o_id"), 0)).tags)}

    def states(self, request: Request, asked: Mapping[str, Any]) -> list[Row]:
        return [self._spelling.state(number, _expands(asked)) for number, *_ in STATES]

    def _contact(self, number: int) -> Contact:
        found = self.contact(number)
        if found is None:
            raise NOT_FOUND
        return found


class ZammadWithoutIndex(Zammad):
    """The same without an Elasticsearch: `query` compares a text with a few columns."""

    name = "zammad_plain"
    has_index = False


def _expands(asked: Mapping[str, Any]) -> bool:
    return str(asked.get("expand", "")).lower() == "true"


def _sort(contacts: list[Contact], asked: Mapping[str, Any]) -> None:
    """By the columns named, those changed last first by default; ties fall as the database likes."""
    columns = [name.strip() for name in str(asked.get("sort_by") or "updated_at").split(",")]
    orders = [order.strip() for order in str(asked.get("order_by") or "desc").split(",")]
    read: dict[str, Callable[[Contact], Any]] = {
        "created_at": lambda contact: contact.started_at,
        "updated_at": lambda contact: contact.last_activity_at,
        "id": lambda contact: contact.number,
    }
    if any(name not in read for name in columns) or any(order not in ("asc", "desc") for order in orders):
        raise Refused(422, "Found invalid column for sorting")
    contacts.sort(key=lambda contact: contact.number * 7_919 % 10_007)
    for name, order in reversed(list(zip(columns, orders, strict=False))):
        contacts.sort(key=read[name], reverse=order == "desc")
