"""Genesys Cloud, Platform API v2: external contacts, their journeys, conversations and what those refer to.

The login host's token endpoint answers here too, at `/oauth/token`.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.company import AGENTS, DIVISIONS, QUEUES, WRAP_UP_CODES
from sandbox.contacts import Contact, ContactLog, Person
from sandbox.credentials import GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET
from sandbox.population import Population
from sandbox.vendor import Clock, Vendor, has_basic, json_answer, page_of, retry_headers, tells_foreign_rows
from sandbox.vendors import genesys_rows as rows
from sandbox.vendors.genesys_details import details_row
from sandbox.vendors.genesys_http import (
    ABSENT,
    Handler,
    Refused,
    answering,
    error_answer,
    expanded,
    fits,
    invalid_parameter,
    listing,
    page_size,
    pick,
    read_body,
    require_permission,
    self_uri,
    token_error,
    whole_parameter,
)
from sandbox.vendors.genesys_ids import (
    CRM_SOURCE_ID,
    conversation_number,
    guest_id,
    person_id,
    session_number,
)
from sandbox.vendors.genesys_query import BadQuery, aggregate, in_order, parse_query

Row = dict[str, Any]

TOKEN_LIFE = timedelta(hours=24)
MOST_LOOKED_UP = 25
MOST_CONTACTS_DEEP = 1_000
MOST_SESSIONS = 200
MOST_DETAILS = 100
RENDERED_KEPT = 4_096
NO_SOURCE = "An ExternalId needs its externalSource."

IDENTIFIER_TYPES = (
    "SocialLine", "SocialFacebook", "SocialTwitter", "SocialWhatsapp", "SocialInstagram", "SocialWhatsappBsuid",
    "AppleOpaqueId", "Email", "Phone", "Cookie", "ExternalId",
)  # fmt: skip
EVENT_TYPES = tuple(
    f"com.genesys.journey.{kind}"
    for kind in ("OutcomeAchievedEvent", "SegmentAssignmentEvent", "WebActionEvent", "WebEvent", "AppEvent")
)


class _SourceReference(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Identifier(msgspec.Struct):
    type: str
    value: str
    externalSource: _SourceReference | None = None


class GenesysCloud(Vendor):
    name = "genesys_cloud"
    calls_per_minute = 300

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._token_ends: dict[str, datetime] = {}
        self._rendered: dict[int, Row] = {}

    def routes(self) -> Sequence[BaseRoute]:
        contacts = "/externalcontacts/contacts"
        details = "/analytics/conversations"
        got: dict[str, Handler] = {
            f"{contacts}": self.list_contacts,
            f"{contacts}/{{contact}}": self.show_contact,
            f"{contacts}/{{contact}}/identifiers": self.contact_identifiers,
            f"{contacts}/{{contact}}/journey/sessions": self.contact_sessions,
            "/externalcontacts/reversewhitepageslookup": self.reverse_lookup,
            "/journey/sessions/{session}": self.show_session,
            "/journey/sessions/{session}/events": self.session_events,
            f"{details}/details": self.several_details,
            f"{details}/{{conversation}}/details": self.one_details,
            "/conversations/{conversation}": self.show_conversation,
            "/routing/queues": self.list_queues,
            "/routing/queues/{id}": self.show_queue,
            "/routing/wrapupcodes": self.list_wrap_up_codes,
            "/routing/wrapupcodes/{id}": self.show_wrap_up_code,
            "/users": self.list_users,
            "/users/{id}": self.show_user,
            "/authorization/divisions": self.list_divisions,
            "/authorization/divisions/{id}": self.show_division,
            "/authorization/divisionspermitted/me": self.permitted_divisions,
            "/authorization/divisionspermitted/paged/me": self.paged_permitted_divisions,
        }
        posted: dict[str, Handler] = {
            "/externalcontacts/identifierlookup/contacts": self.identifier_lookup,
            f"{details}/details/query": self.query_details,
        }
        return (
            Route("/oauth/token", self.token, methods=["POST"]),
            *(Route(f"/api/v2{path}", answering(handler), methods=["POST"]) for path, handler in posted.items()),
            *(Route(f"/api/v2{path}", answering(handler)) for path, handler in got.items()),
            Route("/{path:path}", answering(self.unknown), methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        )

    # Who may ask

    def refusal(self, request: Request) -> Response | None:
        if request.url.path.endswith("/oauth/token"):
            return None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return error_answer(
                401, "authentication.required", "No authentication bearer token specified in authorization header."
            )
        ends_at = self._token_ends.get(token)
        if ends_at is None or ends_at <= self.clock():
            return error_answer(401, "bad.credentials", "Invalid login credentials.")
        return None

    def failure(self, status: int, retry_after: int | None) -> Response:
        if status == 429:
            words = f"Rate limit exceeded the maximum. Retry the request in [{retry_after or 60}] seconds"
            limits = {"inin-ratelimit-allowed": "300", "inin-ratelimit-count": "301"}
            limits["inin-ratelimit-reset"] = str(retry_after or 60)
            return error_answer(429, "too.many.requests.retry.after", words, retry_headers(retry_after) | limits)
        known = {
            503: ("service.unavailable", "The server is currently unavailable."),
            504: ("request.timeout", "The request timed out."),
        }
        code, words = known.get(status, ("internal.server.error", "The server encountered an unexpected condition."))
        return error_answer(status, code, words, retry_headers(retry_after))

    async def token(self, request: Request) -> Response:
        if not has_basic(request, GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET):
            return token_error("invalid_client", "authentication failed")
        asked = parse_qs((await request.body()).decode("latin-1")).get("grant_type")
        if asked != ["client_credentials"]:
            return token_error("unsupported_grant_type", "the grant type is not supported")
        now = self.clock()
        self._token_ends = {token: end for token, end in self._token_ends.items() if end > now}
        token = secrets.token_urlsafe(48)
        self._token_ends[token] = now + TOKEN_LIFE
        told = {"access_token": token, "token_type": "bearer", "expires_in": int(TOKEN_LIFE.total_seconds())}
        return json_answer(told, headers={"cache-control": "no-store"})

    # External contacts

    async def list_contacts(self, request: Request) -> Row:
        """Keywords that all begin a word of the name, or are part of an address or number; none lists everybody."""
        size, page = page_size(request, 20, MOST_CONTACTS_DEEP), whole_parameter(request, "pageNumber", 1)
        if size * page > MOST_CONTACTS_DEEP:
            words = f"pageNumber * pageSize must be <= {MOST_CONTACTS_DEEP}"
            raise Refused(400, "bad.request", words)
        found = [person for person in self.people() if self._carries(person, request.query_params.get("q", ""))]
        field, _, direction = request.query_params.get("sortOrder", "").partition(":")
        if field in ("firstName", "lastName"):
            attribute = {"firstName": "given_name", "lastName": "family_name"}[field]
            found.sort(key=lambda person: getattr(person, attribute), reverse=direction == "desc")
        return listing(request, found, size, page, lambda person: self._contact(person, expanded(request)))

    async def show_contact(self, request: Request) -> Row:
        return self._contact(self._asked_person(request), expanded(request))

    async def contact_identifiers(self, request: Request) -> Row:
        return {"entities": self._claimed(self._asked_person(request))}

    async def reverse_lookup(self, request: Request) -> Row:
        value = request.query_params.get("lookupVal", "").strip()
        if not value:
            raise Refused(400, "bad.request", "lookupVal is required")
        found = self.population.holders(self.part, value.lower() if "@" in value else value)[:MOST_LOOKED_UP]
        return {"contacts": [self._contact(person, expanded(request)) for person in found]}

    async def identifier_lookup(self, request: Request) -> Row:
        """The one contact that claims the identifier."""
        asked = read_body(await request.body(), _Identifier)
        if asked.type not in IDENTIFIER_TYPES:
            allowed = ", ".join(IDENTIFIER_TYPES)
            words = f"Value [{asked.type}] is not valid for field type [type]. Allowable values are: {allowed}"
            raise Refused(400, "invalid.value", words)
        value = asked.value.strip()
        if asked.type == "Phone":
            value = value.translate(str.maketrans("", "", " -()."))
            if not value.startswith("+"):
                raise Refused(400, "bad.request", "A phone number needs its country code and a leading '+'.")
        if asked.type == "Email":
            value = value.lower()
        if asked.type == "ExternalId" and (asked.externalSource is None or asked.externalSource.id != CRM_SOURCE_ID):
            known = asked.externalSource is not None and asked.externalSource.id
            raise Refused(404, "not.found", ABSENT) if known else Refused(400, "bad.request", NO_SOURCE)
        for person in self.population.holders(self.part, value):
            if (asked.type, value) in self._claims(person):
                return self._contact(person, expanded(request))
        raise Refused(404, "not.found", ABSENT)

    def _asked_person(self, request: Request) -> Person:
        person = self._people_by_id.get(request.path_params["contact"])
        if person is None:
            raise Refused(404, "entity.not.found", "Specified contactId not found.")
        return person

    def _contact(self, person: Person, parts: frozenset[str]) -> Row:
        identifiers = self._claimed(person) if "identifiers" in parts else None
        return rows.contact_row(person, self.population.held(person, self.part), identifiers, parts)

    def _claimed(self, person: Person) -> list[Row]:
        return [rows.identifier_row(kind, value, person) for kind, value in self._claims(person)]

    def _claims(self, person: Person) -> list[tuple[str, str]]:
        """An identifier belongs to one contact: where several share a number, to the first."""
        held = self.population.held(person, self.part)
        carried = [("Phone", number) for number, _ in held.phones] + [("Email", email) for email in held.emails]
        carried += [("SocialWhatsapp", held.whatsapp)] if held.whatsapp else []
        carried += [("ExternalId", held.crm_id)] if held.crm_id else []
        return [(kind, value) for kind, value in carried if self.population.holders(self.part, value)[0] is person]

    def _carries(self, person: Person, keywords: str) -> bool:
        held = self.population.held(person, self.part)
        names = [*person.given_name.casefold().split(), *person.family_name.casefold().split()]
        addresses = [*(number for number, _ in held.phones), *held.emails, held.crm_id or ""]
        return all(
            any(name.startswith(word) for name in names) or any(word in address.casefold() for address in addresses)
            for word in keywords.casefold().split()
        )

    @cached_property
    def _people_by_id(self) -> dict[str, Person]:
        return {person_id(person): person for person in self.people()}

    # Journeys

    async def contact_sessions(self, request: Request) -> Row:
        """Newest first. What a campaign began is no part of the journey."""
        person = self._asked_person(request)
        if request.query_params.get("includeMerged", "false").lower() not in ("true", "false"):
            raise invalid_parameter(request, "includeMerged", "true, false")
        size = page_size(request, 25, MOST_SESSIONS)
        start = position_of(request.query_params.get("after"))
        log = self.contacts(person)
        found = list(islice(_journey(log, start), size + 1))
        path = f"/api/v2/externalcontacts/contacts/{person_id(person)}/journey/sessions"
        answer: Row = {
            "entities": [rows.session_row(contact) for _, contact in found[:size]],
            "selfUri": self_uri(request, path),
        }
        if len(found) > size:
            following = {**request.query_params, "pageSize": size, "after": cursor_of(found[size][0])}
            answer["nextUri"] = f"{path}?{urlencode(following)}"
        return answer

    async def show_session(self, request: Request) -> Row:
        return rows.session_row(self._asked_session(request))

    async def session_events(self, request: Request) -> Row:
        """A conversation's session has none of the web and app events that can be listed."""
        contact = self._asked_session(request)
        page_size(request, 25, MOST_SESSIONS)
        position_of(request.query_params.get("after"))
        for kind in filter(None, request.query_params.get("eventType", "").split(",")):
            if kind not in EVENT_TYPES:
                raise invalid_parameter(request, "eventType", ", ".join(EVENT_TYPES))
        return {"entities": [], "selfUri": f"{rows.session_row(contact)['selfUri']}/events"}

    def _asked_session(self, request: Request) -> Contact:
        contact = self._numbered(session_number(request.path_params["session"]))
        if contact is None or contact.campaign is not None:
            raise Refused(404, "not.found", ABSENT)
        return contact

    # Conversations

    async def query_details(self, request: Request) -> Row:
        """Without rows there is no `conversations` at all."""
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused(415, "unsupported.media.type", "Unsupported or incorrect media type.")
        try:
            query = parse_query(await request.body())
        except BadQuery as error:
            raise Refused(400, error.code, str(error)) from error
        start, end = query.days()
        asked = query.customers(self._holders)
        people = [person for person in self.people() if asked is None or person.number in asked]
        told = (self._details(contact) for person in people for contact in self.contacts(person).between(start, end))
        found = [row for row in told if tells_foreign_rows.get() or query.holds(row)]
        answer: Row = {"totalHits": len(found)}
        if query.aggregations:
            answer["aggregations"] = [aggregate(aggregation, found) for aggregation in query.aggregations]
        ordered = in_order(found, query.order, query.orderBy)
        shown = page_of(ordered, query.paging.pageNumber, query.paging.pageSize)
        return answer | ({"conversations": shown} if shown else {})

    async def several_details(self, request: Request) -> Row:
        asked = [part for given in request.query_params.getlist("id") for part in given.split(",") if part]
        if not 1 <= len(asked) <= MOST_DETAILS:
            raise Refused(400, "bad.request", f"Give 1 to {MOST_DETAILS} ids.")
        found = (self._numbered(conversation_number(identity)) for identity in dict.fromkeys(asked))
        told = [self._details(contact) for contact in found if contact is not None]
        return {"conversations": told} if told else {}

    async def one_details(self, request: Request) -> Row:
        return self._details(self._asked_conversation(request))

    async def show_conversation(self, request: Request) -> Row:
        return rows.conversation_row(self._asked_conversation(request))

    def _asked_conversation(self, request: Request) -> Contact:
        contact = self._numbered(conversation_number(request.path_params["conversation"]))
        if contact is None:
            raise Refused(404, "not.found", ABSENT)
        return contact

    def _numbered(self, number: int | None) -> Contact | None:
        """While rows are confused, the newest contact of whoever is told in the customer's place."""
        contact = None if number is None else self.contact(number)
        if contact is None or not tells_foreign_rows.get():
            return contact
        log = self.contacts(contact.person)
        return log[0] if log else None

    def _details(self, contact: Contact) -> Row:
        if contact.started_at >= self.population.now:  # it has just happened, and may go on
            return details_row(contact, self.clock())
        row = self._rendered.get(contact.number)
        if row is None:
            if len(self._rendered) >= RENDERED_KEPT:
                self._rendered.clear()
            row = self._rendered[contact.number] = details_row(contact, self.population.now)
        return row

    def _holders(self, dimension: str, value: str) -> frozenset[int] | None:
        """The people whose segments can hold this value; None where the dimension does not tell."""
        if dimension in ("externalContactId", "canonicalExternalContactId"):
            person = self._people_by_id.get(value)
            return frozenset() if person is None else frozenset({person.number})
        if dimension in ("ani", "dnis", "addressFrom", "addressTo", "callbackNumber"):
            found = self.population.holders(self.part, value.removeprefix("tel:")) or self._guests.get(value, ())
            return frozenset(person.number for person in found) or None
        return None

    @cached_property
    def _guests(self) -> dict[str, tuple[Person, ...]]:
        return {guest_id(person): (person,) for person in self.people()}

    # The company

    async def list_queues(self, request: Request) -> Row:
        found = [row for row in self._queues if fits(request, row)]
        found.sort(key=lambda row: row["name"], reverse=request.query_params.get("sortOrder") == "desc")
        return listing(request, found, page_size(request, 25, 500), whole_parameter(request, "pageNumber", 1))

    async def show_queue(self, request: Request) -> Row:
        return pick(request, self._queues)

    async def list_wrap_up_codes(self, request: Request) -> Row:
        found = [row for row in self._wrap_up_codes if fits(request, row)]
        by = request.query_params.get("sortBy", "name")
        if by not in ("name", "id"):
            raise invalid_parameter(request, "sortBy", "name, id")
        found.sort(key=lambda row: row[by], reverse=request.query_params.get("sortOrder") == "descending")
        return listing(request, found, page_size(request, 25, 500), whole_parameter(request, "pageNumber", 1))

    async def show_wrap_up_code(self, request: Request) -> Row:
        return pick(request, self._wrap_up_codes)

    async def list_users(self, request: Request) -> Row:
        found = [row for row in map(rows.user_row, AGENTS) if fits(request, row)]
        return listing(request, found, page_size(request, 25, 500), whole_parameter(request, "pageNumber", 1))

    async def show_user(self, request: Request) -> Row:
        return pick(request, [rows.user_row(agent) for agent in AGENTS])

    async def list_divisions(self, request: Request) -> Row:
        found = [row for row in map(rows.division_row, DIVISIONS) if fits(request, row)]
        return listing(request, found, page_size(request, 25, 500), whole_parameter(request, "pageNumber", 1))

    async def show_division(self, request: Request) -> Row:
        return pick(request, [rows.division_row(division) for division in DIVISIONS])

    async def permitted_divisions(self, request: Request) -> list[Row]:
        """The client holds every permission in every division."""
        require_permission(request)
        return [row for row in map(rows.division_row, DIVISIONS) if fits(request, row)]

    async def paged_permitted_divisions(self, request: Request) -> Row:
        require_permission(request)
        found = [rows.division_row(division) for division in DIVISIONS]
        listed = listing(request, found, page_size(request, 25, 500), whole_parameter(request, "pageNumber", 1))
        return listed | {"allDivsPermitted": True}

    async def unknown(self, request: Request) -> Row:
        raise Refused(404, "not.found", ABSENT)

    @cached_property
    def _queues(self) -> list[Row]:
        return [rows.queue_row(queue, self._founded_at) for queue in QUEUES]

    @cached_property
    def _wrap_up_codes(self) -> list[Row]:
        return [rows.wrap_up_row(code, self._founded_at, AGENTS[0]) for code in WRAP_UP_CODES]

    @property
    def _founded_at(self) -> datetime:
        return min(person.known_since for person in self.people())


def _journey(log: ContactLog, start: int) -> Iterator[tuple[int, Contact]]:
    for position in range(start, len(log)):
        contact = log[position]
        if contact.campaign is None:
            yield position, contact


def cursor_of(position: int) -> str:
    return base64.urlsafe_b64encode(f"session/{position}".encode()).decode()


def position_of(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        kind, _, position = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("/")
        if kind == "session":
            return int(position)
    except (binascii.Error, ValueError):
        pass
    raise Refused(400, "bad.request", "The cursor is not one that was given.")
