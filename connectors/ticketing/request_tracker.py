"""Request Tracker 5 (REST 2.0): the tickets that one customer requested.

RT has users, and users are requestors of tickets; a record is a user, its id the user's `Name`. Tickets are searched
in TicketSQL by time, newest or oldest first. What is asked and how it is mapped: docs/connectors/request_tracker.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Changed, Fetched, Place, Query, SourceConfig, VendorConnector, Window
from connectors.changes import follow
from connectors.deadline import Deadline
from connectors.http import Auth, Params, StaticAuth, basic
from connectors.interaction import (
    Channel,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
    TicketPriority,
    TicketStatus,
)
from connectors.mapping import decode_rows, map_rows, together
from connectors.ticketing.request_tracker_mapping import (
    PRIORITIES,
    STATUSES,
    Listing,
    Mapper,
    Requestors,
    Ticket,
    User,
    instant,
)
from connectors.ticketing.request_tracker_query import (
    is_quotable,
    one_of,
    phone_condition,
    quoted,
    since,
    wanted_terms,
    window_terms,
)
from connectors.ticketing.request_tracker_story import StoryReader

PAGE_CAP = 100
"""RT gives no more, and says so only in `per_page` of the answer."""

MOST_RECORDS = 50
"""Requestors named in one search; the query travels in the address."""

CANDIDATES = 12
"""Users looked for behind one phone number: enough to notice a switchboard."""

CANDIDATE_ROUNDS = 6

_USER_FIELDS = "Name,RealName,EmailAddress,MobilePhone,WorkPhone,HomePhone,PagerPhone,Created,CustomFields"
_FIELDS = (
    ("fields", "Subject,Status,Queue,Owner,Creator,Created,LastUpdated,Resolved,Priority,Requestor,CustomFields"),
    ("fields[Queue]", "Name"),
    ("fields[Owner]", "Name,RealName"),
    ("fields[Creator]", "Name"),
)
_TICKET_FIELDS = (*_FIELDS, ("fields[Requestor]", "Name,EmailAddress"))
_CHANGED_FIELDS = (*_FIELDS, ("fields[Requestor]", _USER_FIELDS))


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Either `token`, or `user` and `password`."""

    token: str | None = None
    user: str | None = None
    password: str | None = None

    def __post_init__(self) -> None:
        by_password = bool(self.user) and bool(self.password)
        if bool(self.token) == by_password or (self.token and (self.user or self.password)):
            raise ValueError("give either token, or user and password")


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """external_id_field: the users' custom field that holds `external_id_source`'s ids. wrap_up_field: the tickets'
    custom field that holds wrap-up codes. statuses: what the words of other lifecycles mean. priorities: each from
    that number on, where RT's %PriorityAsString was changed. link_url: where people open tickets, when not at the
    API's address."""

    external_id_field: str | None = None
    wrap_up_field: str | None = None
    statuses: dict[str, TicketStatus] = {}
    priorities: dict[TicketPriority, int] = {}
    link_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a read stands: page `page` (from 1) of `size` rows, of the search that begins at the second `edge`.

    hidden: rows on the way were counted by RT but not given.
    """

    edge: datetime | None
    page: int
    size: int
    hidden: bool = False


class RequestTracker(VendorConnector):
    vendor = "request_tracker"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        window_granularity_seconds=1,
        page_cap=PAGE_CAP,
        search=True,
        changes=True,
        pushes=frozenset({"statuses", "queue_ids", "active_since"}),
        cannot_see=(
            "Tickets of queues whose tickets the API user may not show, deleted and merged tickets, tickets on which "
            "the customer is only copied; without the right AdminUsers also every phone number and every custom "
            "field of users, so nobody is found by those."
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        self._zone = ZoneInfo(config.time_zone)
        self._statuses = STATUSES | {word.casefold(): status for word, status in self.options.statuses.items()}
        self._stories = StoryReader(self.http)
        self._mapper = Mapper(
            source=self.name,
            link_url=(self.options.link_url or config.base_url).rstrip("/"),
            region=config.region,
            external_id_source=config.external_id_source,
            external_id_field=self.options.external_id_field,
            wrap_up_field=self.options.wrap_up_field,
            statuses=self._statuses,
            priorities=self.options.priorities or PRIORITIES,
        )

    def auth(self) -> Auth:
        if self.credentials.token:
            return StaticAuth("Authorization", f"token {self.credentials.token}")
        return basic(self.credentials.user, self.credentials.password)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._users_with(identifier, deadline) for identifier in identifiers)
        return self._records(user for users in found for user in users)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        """Conditions on different columns of users are joined by AND, so each column is a search of its own."""
        if not is_quotable(text):
            return []
        columns = ("RealName", "EmailAddress", "Name")
        found = await together(self._search_users(column, "LIKE", text, limit, deadline) for column in columns)
        records = {record.id: record for record in self._records(user for users in found for user in users)}
        return [record for record in records.values() if _holds(record, text)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        names = sorted({record.id for record in records if is_quotable(record.id)})
        wanted = wanted_terms(query.wanted, self._statuses, self._zone)
        if not names or wanted is None:
            return Fetched(())
        place = query.cursor or _Place(None, 1, min(PAGE_CAP, query.limit + 1), hidden=len(names) > MOST_RECORDS)
        window = _beyond(place.edge, query)
        terms = [
            "Type = 'ticket'",
            one_of("Requestor.Name", names[:MOST_RECORDS]),
            *window_terms(window, self._zone),
            *wanted,
        ]
        answer = await self._search_tickets(terms, place, query.ascending, deadline)
        asked = frozenset(names)
        items, dropped = map_rows(answer.items, Ticket, lambda ticket: self._mapper.interaction(ticket, asked))
        place = replace(place, hidden=place.hidden or answer.hides)
        if answer.is_last:
            return Fetched(items, capped=place.hidden, dropped=dropped)
        return Fetched(items, _following(place, items, query.ascending), dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """Through the search: a ticket by its own address tells its requestors without names or e-mails."""
        if not (external_id.isascii() and external_id.isdigit()):
            return None
        terms = ["Type = 'ticket'", f"id = {quoted(external_id)}"]
        answer = await self._search_tickets(terms, _Place(None, 1, 1), False, deadline)
        tickets, _ = decode_rows(answer.items, Ticket)
        if not tickets or str(tickets[0].id) != external_id:
            return None
        return self._mapper.interaction(tickets[0], story=await self._stories.read(external_id, deadline))

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        """Tickets by their last update, with their requestors whole. RT's search leaves deleted tickets out."""
        asked_at = self.utc_now()
        params: Params = [
            ("query", f"Type = 'ticket' AND {since('LastUpdated', place.since, self._zone)}"),
            ("orderby", "LastUpdated"),
            ("orderby", "id"),
            ("order", "ASC"),
            ("order", "ASC"),
            ("per_page", PAGE_CAP),
            ("page", place.page),
            *_CHANGED_FIELDS,
        ]
        answer = await self.http.get("/REST/2.0/tickets", Listing, deadline, params)
        tickets, dropped = decode_rows(answer.items, Ticket)
        rows = [row for ticket in tickets if (row := self._mapper.interaction(ticket)) is not None]
        times = [at for ticket in tickets if (at := instant(ticket.last_updated or "")) is not None]
        following, more = follow(place, times, not answer.is_last, asked_at)
        users = {user.name: user for ticket in tickets for user in ticket.requestor}
        return Changed(
            following,
            rows,
            self._records(users.values()),
            more=more,
            dropped=dropped + len(tickets) - len(rows),
        )

    async def check(self, deadline: Deadline) -> None:
        """RT refuses to list users to whoever is not privileged, who could not find a customer either."""
        await self.http.get("/REST/2.0/users", Listing, deadline, _users_query("Name", "=", "Nobody", 1))

    def _records(self, users: Iterable[User]) -> list[Record]:
        return [record for user in users if (record := self._mapper.record(user)) is not None]

    async def _users_with(self, identifier: Identifier, deadline: Deadline) -> list[User]:
        """Candidates: RT drops a condition that the credential may not search by, and then gives everybody."""
        if not is_quotable(identifier.value):
            return []
        if identifier.kind is IdentifierKind.PHONE:
            condition = phone_condition(identifier.value)
            return [] if condition is None else await self._requestors(condition, identifier, deadline)
        if identifier.kind is IdentifierKind.EMAIL:
            users = await self._search_users("EmailAddress", "=", identifier.value, PAGE_CAP, deadline)
            if all(identifiers.email(user.email_address or "") == identifier for user in users):
                return users
            condition = f"Requestor.EmailAddress = {quoted(identifier.value)}"
            return await self._requestors(condition, identifier, deadline)
        users = []
        if identifier.source == self.name:
            users += await self._search_users("Name", "=", identifier.value, PAGE_CAP, deadline)
        if identifier.source == self.config.external_id_source and self.options.external_id_field is not None:
            column = f"CustomField.{{{self.options.external_id_field}}}"
            users += await self._search_users(column, "=", identifier.value, PAGE_CAP, deadline)
        return users

    async def _search_users(self, column: str, operator: str, value: str, most: int, deadline: Deadline) -> list[User]:
        """Disabled users as well: their tickets stay."""
        params = _users_query(column, operator, value, min(most, PAGE_CAP))
        answer = await self.http.get("/REST/2.0/users", Listing, deadline, params)
        return decode_rows(answer.items, User)[0]

    async def _requestors(self, condition: str, sought: Identifier, deadline: Deadline) -> list[User]:
        """People on tickets that fulfil the condition, in rounds that leave out whom the rounds before brought."""
        users: dict[str, User] = {}
        for _ in range(CANDIDATE_ROUNDS):
            terms = ["Type = 'ticket'", condition]
            terms += [f"Requestor.Name != {quoted(name)}" for name in users if is_quotable(name)]
            params: Params = [
                ("query", " AND ".join(terms)),
                ("orderby", "id"),
                ("order", "DESC"),
                ("per_page", PAGE_CAP),
                ("fields", "Requestor"),
                ("fields[Requestor]", _USER_FIELDS),
            ]
            answer = await self.http.get("/REST/2.0/tickets", Listing, deadline, params)
            rows, _ = decode_rows(answer.items, Requestors)
            found = {user.name: user for row in rows for user in row.requestor if user.name}
            if found.keys() <= users.keys():
                break
            users |= found
            held = (held.identifier for record in self._records(users.values()) for held in record.identifiers)
            if sum(identifier == sought for identifier in held) >= CANDIDATES:
                break
        return list(users.values())

    async def _search_tickets(
        self, terms: Sequence[str], place: _Place, ascending: bool, deadline: Deadline
    ) -> Listing:
        order = "ASC" if ascending else "DESC"
        params: Params = [
            ("query", " AND ".join(terms)),
            ("orderby", "Created"),
            ("orderby", "id"),
            ("order", order),
            ("order", order),
            ("per_page", place.size),
            ("page", place.page),
            *_TICKET_FIELDS,
        ]
        return await self.http.get("/REST/2.0/tickets", Listing, deadline, params)


def _users_query(column: str, operator: str, value: str, most: int) -> Params:
    condition = [{"field": column, "operator": operator, "value": value}]
    return [
        ("query", msgspec.json.encode(condition).decode()),
        ("find_disabled_rows", 1),
        ("fields", _USER_FIELDS),
        ("per_page", most),
    ]


def _beyond(edge: datetime | None, query: Query) -> Window:
    """The window without what lies behind `edge`; its second belongs to it, more rows may be there."""
    if edge is None:
        return query.window
    return Window(edge, query.window.end) if query.ascending else Window(query.window.start, edge)


def _following(place: _Place, items: Iterable[Interaction], ascending: bool) -> _Place:
    """A new search that begins at the last ticket's second; the next page only within a second that fills pages.

    Page numbers shift while tickets come in, seconds do not.
    """
    times = [row.started_at for row in items]
    last = (max(times) if ascending else min(times)) if times else None
    if last is not None and (place.edge is None or (last > place.edge if ascending else last < place.edge)):
        return replace(place, edge=last, page=1)
    if place.size < PAGE_CAP:
        return replace(place, page=1, size=PAGE_CAP)
    return replace(place, page=place.page + 1)


def _holds(record: Record, text: str) -> bool:
    """RT takes `%` and `_` in the text as wildcards, and drops conditions that the credential may not search by."""
    sought = text.casefold()
    texts = [record.name or "", *(held.identifier.value for held in record.identifiers)]
    return any(sought in value.casefold() for value in texts)
