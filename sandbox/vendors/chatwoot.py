"""Chatwoot, Application API: contacts, conversations and messages of one account.

Where the published description (swagger 1.1.0) and the server's own code differ, the server's code is followed: an
error is `{"error": …}`, a listed message tells its sender in `sender.type`, and an instant that never came is 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.company import AGENTS, QUEUES
from sandbox.contacts import Contact, Person
from sandbox.credentials import CHATWOOT_ACCOUNT_ID, CHATWOOT_TOKEN
from sandbox.vendor import (
    Vendor,
    first_with,
    json_answer,
    page_of,
    retry_headers,
    same,
    tells_foreign_rows,
    whole_number,
)
from sandbox.vendors.chatwoot_filter import BadFilter, contact_filter
from sandbox.vendors.chatwoot_rows import (
    INBOXES,
    OWNER,
    STATUSES,
    Row,
    agent_row,
    contact_row,
    conversation_row,
    inbox_of,
    inbox_row,
    line_row,
    lines_of,
    profile_row,
    team_row,
)

CONTACTS_A_PAGE = 15
CONVERSATIONS_A_PAGE = 25
NEWEST_OF_A_CONTACT = 20
MESSAGES_BEFORE = 20
MESSAGES_AFTER = 100

_ACCOUNT_IN_PATH = re.compile(r"/api/v1/accounts/([^/]+)")


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the list of all conversations is sorted and filtered by."""

    last_activity_at: datetime
    number: int
    status: str
    inbox: int
    team: int
    agent: int | None
    labels: frozenset[str]


class Chatwoot(Vendor):
    name = "chatwoot"
    calls_per_minute = 3_000

    def routes(self) -> Sequence[BaseRoute]:
        account = "/api/v1/accounts/{account_id}"
        conversation = f"{account}/conversations/{{conversation_id:int}}"
        return (
            Route("/api/v1/profile", self.profile),
            Route(f"{account}/inboxes", self.inboxes),
            Route(f"{account}/agents", self.agents),
            Route(f"{account}/teams", self.teams),
            Route(f"{account}/contacts", self.list_contacts),
            Route(f"{account}/contacts/search", self.search_contacts),
            Route(f"{account}/contacts/filter", self.filter_contacts, methods=["POST"]),
            Route(f"{account}/contacts/{{contact_id}}", self.show_contact),
            Route(f"{account}/contacts/{{contact_id}}/conversations", self.contact_conversations),
            Route(f"{account}/conversations", self.list_conversations),
            Route(f"{account}/conversations/meta", self.count_conversations),
            Route(conversation, self.show_conversation),
            Route(f"{conversation}/labels", self.labels),
            Route(f"{conversation}/messages", self.messages),
        )

    def refusal(self, request: Request) -> Response | None:
        token = request.headers.get("api_access_token")
        if not token:
            return json_answer({"errors": ["You need to sign in or sign up before continuing."]}, 401)
        if not same(token, CHATWOOT_TOKEN):
            return _error("Invalid Access Token", 401)
        account = _ACCOUNT_IN_PATH.search(request.url.path)
        return None if account is None or account[1] == str(CHATWOOT_ACCOUNT_ID) else _not_found()

    def failure(self, status: int, retry_after: int | None) -> Response:
        """Throttling is the proxy layer's and plain text; the rest is the application's."""
        if status == 429:
            return PlainTextResponse("Retry later\n", 429, retry_headers(retry_after))
        return json_answer({"error": "Internal server error"}, status, retry_headers(retry_after))

    # People behind the desk

    async def profile(self, request: Request) -> Response:
        return json_answer(profile_row())

    async def inboxes(self, request: Request) -> Response:
        return json_answer({"payload": [inbox_row(inbox) for inbox in INBOXES]})

    async def agents(self, request: Request) -> Response:
        return json_answer([agent_row(agent) for agent in (OWNER, *AGENTS)])

    async def teams(self, request: Request) -> Response:
        return json_answer([team_row(queue) for queue in QUEUES])

    # Contacts

    async def list_contacts(self, request: Request) -> Response:
        return self._contacts_answer(request, self.people())

    async def search_contacts(self, request: Request) -> Response:
        """Substrings of name, e-mail, phone number and identifier. `count` is of this page: more is `has_more`."""
        text = request.query_params.get("q", "").strip()
        if not text:
            return _error("Specify search string with parameter q", 422)
        found = [person for person in self.people() if self._carries(person, text)]
        return self._contacts_answer(request, found, tells_more=True)

    async def filter_contacts(self, request: Request) -> Response:
        try:
            holds = contact_filter(await request.body())
        except BadFilter as error:
            return _error(str(error), 422)
        return self._contacts_answer(request, [person for person in self.people() if holds(self._contact(person))])

    async def show_contact(self, request: Request) -> Response:
        person = self._person(request)
        return _not_found() if person is None else json_answer({"payload": self._contact(person, inboxes=True)})

    async def contact_conversations(self, request: Request) -> Response:
        """The newest by id; there is no second page."""
        person = self._person(request)
        if person is None:
            return _not_found()
        newest = self.contacts(person)[:NEWEST_OF_A_CONTACT]
        return json_answer({"payload": [self._conversation(contact) for contact in newest]})

    def _person(self, request: Request) -> Person | None:
        asked = request.path_params["contact_id"]
        return first_with(self.people(), lambda person: str(person.number) == asked)

    def _carries(self, person: Person, text: str) -> bool:
        row = self._contact(person)
        if text.isdigit() and row["id"] == int(text):
            return True
        folded = text.casefold()
        loose = (row["name"], row["email"], row["phone_number"])
        return any(value and folded in value.casefold() for value in loose) or text in (row["identifier"] or "")

    def _contact(self, person: Person, *, inboxes: bool = False) -> Row:
        log = self.population.contacts(person, self.part)
        held = self.population.held(person, self.part)
        return contact_row(person, held, log[0] if log else None, inboxes=inboxes)

    def _contacts_answer(self, request: Request, people: Sequence[Person], *, tells_more: bool = False) -> Response:
        page = request.query_params.get("page")
        number = whole_number(page, 1)
        inboxes = request.query_params.get("include_contact_inboxes") in (None, "", "true")
        rows = [self._contact(person, inboxes=inboxes) for person in people]
        shown = page_of(_sorted(rows, request.query_params.get("sort")), number, CONTACTS_A_PAGE)
        meta: dict[str, object] = {"count": len(people), "current_page": 1 if page is None else page}
        if tells_more:
            meta |= {"count": len(shown), "has_more": len(people) > number * CONTACTS_A_PAGE}
        return json_answer({"meta": meta, "payload": shown})

    # Conversations

    async def list_conversations(self, request: Request) -> Response:
        """The most recently active first; open ones alone unless `status` says otherwise."""
        entries = self._entries_for(request)
        kind = request.query_params.get("assignee_type")
        by_assignee: dict[str | None, Callable[[_Entry], bool]] = {
            "me": lambda entry: entry.agent == OWNER.number,
            "unassigned": lambda entry: entry.agent is None,
            "assigned": lambda entry: entry.agent is not None,
        }
        listed = [entry for entry in entries if kind not in by_assignee or by_assignee[kind](entry)]
        page = whole_number(request.query_params.get("page"), 1)
        found = (self.contact(e.number) for e in page_of(listed, page, CONVERSATIONS_A_PAGE))
        payload = [self._conversation(contact) for contact in found if contact is not None]
        return json_answer({"data": {"meta": _counts(entries), "payload": payload}})

    async def count_conversations(self, request: Request) -> Response:
        return json_answer({"meta": _counts(self._entries_for(request))})

    async def show_conversation(self, request: Request) -> Response:
        contact = self._asked_conversation(request)
        return _not_found() if contact is None else json_answer(self._conversation(contact))

    async def labels(self, request: Request) -> Response:
        contact = self._asked_conversation(request)
        return _not_found() if contact is None else json_answer({"payload": list(contact.tags)})

    async def messages(self, request: Request) -> Response:
        """Oldest first: the last 20, the 20 before an id, or up to 100 after one."""
        contact = self._asked_conversation(request)
        if contact is None:
            return _not_found()
        lines = lines_of(contact)
        params = request.query_params
        if params.get("filter_internal_messages"):
            lines = [line for line in lines if not line.private and line.message_type != 2]
        after, before = (whole_number(params.get(name) or None, 0, least=0) for name in ("after", "before"))
        if after and before:
            lines = [line for line in lines if after <= line.id < before]
        elif before:
            lines = [line for line in lines if line.id < before][-MESSAGES_BEFORE:]
        elif after:
            lines = [line for line in lines if line.id > after][:MESSAGES_AFTER]
        else:
            lines = lines[-MESSAGES_BEFORE:]
        sender = self._contact(contact.person)
        meta = conversation_row(contact, sender)
        return json_answer(
            {
                "meta": {
                    "labels": list(contact.tags),
                    "additional_attributes": meta["additional_attributes"],
                    "contact": sender,
                    **({"assignee": agent_row(contact.agent)} if contact.agent else {}),
                    "agent_last_seen_at": None if contact.agent is None else contact.last_activity_at.isoformat(),
                    "assignee_last_seen_at": None if contact.agent is None else contact.last_activity_at.isoformat(),
                },
                "payload": [line_row(line, contact, sender) for line in lines],
            }
        )

    def _asked_conversation(self, request: Request) -> Contact | None:
        """While rows are confused, the newest one of whoever is told in the customer's place."""
        contact = self.contact(request.path_params["conversation_id"])
        if contact is None or not tells_foreign_rows.get():
            return contact
        log = self.contacts(contact.person)
        return log[0] if log else None

    def _conversation(self, contact: Contact) -> Row:
        return conversation_row(contact, self._contact(contact.person))

    def _entries_for(self, request: Request) -> list[_Entry]:
        params = request.query_params
        status = "all" if params.get("q") else params.get("status") or "open"
        labels = set(params.getlist("labels") + params.getlist("labels[]"))
        text = (params.get("q") or "").casefold()
        return [
            entry
            for entry in self._entries
            if status in ("all", entry.status)
            and params.get("inbox_id", str(entry.inbox)) == str(entry.inbox)
            and params.get("team_id", str(entry.team)) == str(entry.team)
            and (not labels or labels & entry.labels)
            and (not text or self._says(entry, text))
        ]

    def _says(self, entry: _Entry, text: str) -> bool:
        contact = self.contact(entry.number)
        return contact is not None and any(text in turn.text.casefold() for turn in contact.texts if not turn.private)

    @cached_property
    def _entries(self) -> list[_Entry]:
        """Made once: the only list here that needs everybody's conversations."""
        entries = [
            _Entry(
                contact.last_activity_at,
                contact.number,
                STATUSES[contact.status],
                inbox_of(contact).number,
                contact.last_queue.number,
                None if contact.agent is None else contact.agent.number,
                frozenset(contact.tags),
            )
            for contact in self.population.all_contacts(self.part)
        ]
        return sorted(entries, key=lambda entry: (entry.last_activity_at, entry.number), reverse=True)


def _counts(entries: Sequence[_Entry]) -> dict[str, int]:
    unassigned = sum(entry.agent is None for entry in entries)
    mine = sum(entry.agent == OWNER.number for entry in entries)
    return {
        "mine_count": mine,
        "assigned_count": len(entries) - unassigned,
        "unassigned_count": unassigned,
        "all_count": len(entries),
    }


def _sorted(rows: list[Row], sort: str | None) -> list[Row]:
    """By id where the caller asks for nothing, or for something this vendor does not sort by; absent values last."""
    field = (sort or "").removeprefix("-")
    if field not in ("name", "email", "phone_number", "last_activity_at", "created_at"):
        return sorted(rows, key=lambda row: row["id"])
    known = sorted((row for row in rows if row[field] is not None), key=lambda row: row[field])
    if sort != field:
        known.reverse()
    return known + [row for row in rows if row[field] is None]


def _error(message: str, status: int) -> Response:
    return json_answer({"error": message}, status)


def _not_found() -> Response:
    return _error("Resource could not be found", 404)
