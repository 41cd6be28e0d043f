"""Live Helper Chat's REST API: chats by the address that was given in them, and one chat.

It tells the people and conversations that the population has in a web chat. A failure is HTTP 200 with `error: true`,
a filter that is not known is none, and the count of a later page is `false`, as of a real server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.company import AGENTS, QUEUES, stable_uuid
from sandbox.contacts import Contact, Person, Turn
from sandbox.credentials import LIVE_HELPER_CHAT_KEY, LIVE_HELPER_CHAT_USER
from sandbox.population import Population
from sandbox.vendor import (
    Clock,
    Memo,
    Vendor,
    basic_credentials,
    has_basic,
    json_answer,
    retry_headers,
    whole_number,
)

Row = dict[str, Any]

LIMIT = 20
STATUSES = {"queued": 0, "active": 1, "on_hold": 1, "pending": 1}
CLOSED, CLOSED_BY_VISITOR, ON_HOLD = 2, 3, 8
SYSTEM_USER = -1
PREFILLED = ("department_name", "plain_user_name", "link")


class LiveHelperChat(Vendor):
    name = "live_helper_chat"
    plays = "chatwoot"

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        handlers: Mapping[str, Callable[[Request], Row]] = {
            "/chats": self.chats,
            "/chatscount": self.count_chats,
            "/fetchchat": self.fetch_chat,
            "/departments": self.departments,
        }
        return [Route(f"/restapi{path}", self._answering(handler)) for path, handler in handlers.items()]

    def _answering(self, handler: Callable[[Request], Row]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            return json_answer(handler(request))

        return answer

    def refusal(self, request: Request) -> Response | None:
        if has_basic(request, LIVE_HELPER_CHAT_USER, LIVE_HELPER_CHAT_KEY):
            return None
        if basic_credentials(request) is None:
            return json_answer(_failed("Authorization header is missing!"))
        return json_answer(_failed("Authorization failed!"))

    def failure(self, status: int, retry_after: int | None) -> Response:
        """What fails is the web server in front, or PHP."""
        return HTMLResponse(f"<h1>{status}</h1>", status, retry_headers(retry_after))

    def chats(self, request: Request) -> Row:
        found = self._found(request)
        query = request.query_params
        offset, limit = whole_number(query.get("offset"), 0, 0), whole_number(query.get("limit"), LIMIT)
        if query.get("sort") == "id_asc":
            found.reverse()
        shown = found[offset : offset + limit]
        rows = [self._row(request, contact) for contact in shown]
        return {"list": rows, "list_count": len(found) if offset == 0 else False, "error": False}

    def count_chats(self, request: Request) -> Row:
        return {"list_count": len(self._found(request)), "error": False}

    def fetch_chat(self, request: Request) -> Row:
        number = whole_number(request.query_params.get("chat_id"), 0, 0)
        contact = self.contact(number)
        if contact is None:
            return _failed("Chat could not be found!")
        return {"error": False, "chat": _spelled(self.population, contact) | {"plain_user_name": _agent_name(contact)}}

    def departments(self, request: Request) -> Row:
        rows = [{"id": queue.number, "name": queue.name, "disabled": 0, "hidden": 0} for queue in QUEUES]
        return {"list": rows, "list_count": len(rows), "error": False}

    def _found(self, request: Request) -> list[Contact]:
        """Newest first. What is asked with an empty text has none of it."""
        query = request.query_params
        people = [person for person in self.people() if self._has(person, query)]
        found = [contact for person in people for contact in self._within(person, query)]
        return sorted(found, key=lambda contact: contact.number, reverse=True)

    def _has(self, person: Person, query: Mapping[str, str]) -> bool:
        row = _address_fields(self.population, person)
        return all(row[name] == query[name] for name in ("email", "phone", "nick") if name in query)

    def _within(self, person: Person, query: Mapping[str, str]) -> list[Contact]:
        after, before, above = (_number(query.get(name)) for name in ("time_gt", "time_lt", "id_gt"))
        found = []
        for contact in self.contacts(person):
            at = int(contact.started_at.timestamp())
            if (after is None or at > after) and (before is None or at < before):
                found.append(contact)
        return [contact for contact in found if above is None or contact.number > above]

    def _row(self, request: Request, contact: Contact) -> Any:
        query = request.query_params
        messages = query.get("include_messages") == "true"
        prefilled = tuple(name for name in query.get("prefill_fields", "").replace(" ", "").split(",") if name)
        ignored = tuple(query.get("ignore_fields", "").replace(" ", "").split(","))
        key = (contact.number, contact.last_activity_at, messages, prefilled, ignored)
        return self._memo.row(key, lambda: self._listed(contact, messages, prefilled, ignored))

    def _listed(self, contact: Contact, messages: bool, prefilled: tuple[str, ...], ignored: tuple[str, ...]) -> Row:
        row = _spelled(self.population, contact)
        if messages:
            row["messages"] = _messages(contact)
        names = {
            "department_name": contact.last_queue.name,
            "plain_user_name": _agent_name(contact),
            "link": f"//chat.example.com/site_admin/user/autologin/{stable_uuid('autologin', contact.number)}",
        }
        row |= {name: names[name] for name in PREFILLED if name in prefilled}
        return {name: value for name, value in row.items() if name not in ignored}


def _failed(why: str) -> Row:
    return {"error": True, "result": why}


def _agent_name(contact: Contact) -> str:
    return contact.agent.name if contact.agent else ""


def _address_fields(population: Population, person: Person) -> dict[str, str]:
    held = population.held(person, "chatwoot")
    mail = next(iter(held.emails), "")
    number = next((number for number, _ in held.phones), "")
    return {"email": mail, "phone": number, "nick": person.name}


def _spelled(population: Population, contact: Contact) -> Row:
    started, ended = int(contact.started_at.timestamp()), contact.ended_at
    status = STATUSES.get(contact.status, CLOSED)
    said = [turn for turn in contact.texts if not turn.private]
    sub = {"abandoned": CLOSED_BY_VISITOR, "on_hold": ON_HOLD}.get(contact.status, 0)
    return {
        "id": contact.number,
        **_address_fields(population, contact.person),
        "dep_id": contact.last_queue.number,
        "user_id": contact.agent.number if contact.agent else 0,
        "status": status,
        "status_sub": sub,
        "time": started,
        "pnd_time": started,
        "cls_time": 0 if ended is None or status != CLOSED else int(ended.timestamp()),
        "wait_time": 0,
        "chat_duration": 0 if ended is None else int((ended - contact.started_at).total_seconds()),
        "chat_initiator": 1 if contact.direction == "outbound" else 0,
        "last_user_msg_time": _last(said, "customer"),
        "last_op_msg_time": _last(said, "agent"),
        "country_code": "",
        "session_referrer": "",
        "referrer": "",
        "ip": "",
        "additional_data": "",
        "chat_variables": "",
        "remarks": "",
        "online_user_id": 0,
        "gbot_id": 0,
        "hash": stable_uuid("live helper chat", contact.number).replace("-", ""),
    }


def _last(said: Sequence[Turn], party: str) -> int:
    return max((int(turn.at.timestamp()) for turn in said if turn.party == party), default=0)


def _messages(contact: Contact) -> list[Row]:
    """Oldest first: what was said, and what the system noted down."""
    return [
        {
            "id": contact.number * 100 + place,
            "msg": turn.text,
            "meta_msg": "",
            "time": int(turn.at.timestamp()),
            "chat_id": contact.number,
            "user_id": SYSTEM_USER if turn.private else _user_id(turn),
            "name_support": turn.agent.name if turn.agent and not turn.private else "",
        }
        for place, turn in enumerate(contact.texts, start=1)
    ]


def _user_id(turn: Turn) -> int:
    return 0 if turn.party == "customer" else (turn.agent or AGENTS[0]).number


def _number(text: str | None) -> int | None:
    """What is no number is no filter."""
    return int(text) if text is not None and text.lstrip("-").isdigit() else None
