"""Zendesk Support: the tickets that one customer requested.

Reads the search API, newest or oldest first. One search gives at most 1,000 rows, and its pages shift while tickets
come in; so a page is followed by a new search that begins at the second of its last row, and pages are counted only
within a second that fills more than one. What is asked and how it is mapped: docs/connectors/zendesk.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeVar

import httpx
import msgspec

from connectors import identifiers
from connectors.base import (
    LATE,
    Capabilities,
    Changed,
    Fetched,
    Place,
    Query,
    SourceConfig,
    VendorConnector,
    Wanted,
    Window,
)
from connectors.deadline import Deadline
from connectors.errors import RefusedError
from connectors.http import Auth, basic
from connectors.interaction import (
    Agent,
    Channel,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Queue,
    Record,
    SourceKind,
)
from connectors.mapping import decode_rows, holds_text, plausible, together
from connectors.ticketing.zendesk_mapping import Identity, Mapper, Ticket, User
from connectors.ticketing.zendesk_names import Names
from connectors.ticketing.zendesk_query import SECOND, phone_terms, quoted, wanted_terms, window_terms
from connectors.ticketing.zendesk_rating import RATING_MARK, rating_row

T = TypeVar("T")

PAGE_CAP = 100
SEARCH_CAP = 1000
"""Rows that one search gives; what lies behind is answered with 422 (Search API, "Results limit")."""

SMALLEST_PAGE = 25
MOST_RECORDS = 40
"""Requesters named in one search: a query may hold 64 words."""

CANDIDATES = 12
"""Users looked at for one identifier: enough to notice a switchboard, each costs a call for its identities."""

CHANGES_CAP = 100
"""Tickets in one page of changes: as many people as one question can be about."""

TOO_RECENT = timedelta(minutes=1, seconds=5)
"""An export may not begin within the last minute."""

DELETED = "deleted"
MOST_FOUND_BY_TEXT = 25
MOST_WORDS = 10

_ID = re.compile(r"[0-9]{1,18}")


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An agent's e-mail address and an API token."""

    email: str
    token: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """agent_url: where people open tickets, when not at the API's address. division: which of a ticket's ids
    is its division. topic_field: id of the custom ticket field that says what it was about. satisfaction: whether
    the customer's rating of a ticket is a survey of its own as well."""

    agent_url: str | None = None
    division: Literal["brand", "group"] | None = None
    topic_field: int | None = None
    satisfaction: bool = False


class _Found(msgspec.Struct):
    """`count`: all matches, beyond the 1,000 that are given."""

    results: list[msgspec.Raw]
    count: int = 0
    next_page: str | None = None


class _Kind(msgspec.Struct):
    result_type: str | None = None


class _Users(msgspec.Struct):
    users: list[msgspec.Raw]


class _OneUser(msgspec.Struct):
    user: User


class _Identities(msgspec.Struct):
    identities: list[msgspec.Raw]


class _UsersAndIdentities(msgspec.Struct):
    users: list[msgspec.Raw]
    identities: list[msgspec.Raw]


class _Changes(msgspec.Struct):
    tickets: list[msgspec.Raw]
    end_of_stream: bool
    after_cursor: str | None = None


class _OneTicket(msgspec.Struct):
    ticket: Ticket


class _Me(msgspec.Struct):
    id: int | None = None
    role: str | None = None


class _OneMe(msgspec.Struct):
    user: _Me


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a read stands: page `page` (from 1) of `size` rows of the search that begins with the second `edge`.

    capped: tickets were left out on the way, because a second held more than one search gives.
    """

    edge: datetime | None
    page: int
    size: int
    capped: bool = False


class Zendesk(VendorConnector):
    vendor = "zendesk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=1,
        page_cap=PAGE_CAP,
        search=True,
        changes=True,
        pushes=frozenset({"statuses", "tags", "active_since"}),
        cannot_see=(
            "Tickets and groups that the agent of the token may not see, tickets on which the customer is only "
            "copied, deleted users, and for some minutes what has just been written."
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        self._mapper = Mapper(
            source=self.name,
            agent_url=(self.options.agent_url or config.base_url).rstrip("/"),
            external_id_source=config.external_id_source,
            region=config.region,
            division=self.options.division,
            topic_field=self.options.topic_field,
        )
        self._names = Names(self.http)

    @classmethod
    def configured(cls, options: Any) -> type[Zendesk]:
        """One that tells surveys too, where the options say so."""
        return ZendeskWithRatings if isinstance(options, Mapping) and options.get("satisfaction") is True else cls

    def auth(self) -> Auth:
        return basic(f"{self.credentials.email}/token", self.credentials.token)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._users_with(identifier, deadline) for identifier in identifiers)
        return await self._records((user for users in found for user in users), deadline)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        number = identifiers.phone(text, self.config.region)
        words = " ".join(phrase for word in text.split()[:MOST_WORDS] if (phrase := quoted(word)))
        questions = [words, phone_terms(number, self.config.region)] if number else [words]
        most = min(limit, MOST_FOUND_BY_TEXT)
        found = await together(self._search_users(f"role:end-user {q}", most, deadline) for q in questions if q)
        records = await self._records((user for users in found for user in users), deadline)
        return [record for record in records if _carries(record, number) or holds_text(record, text)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        size = min(PAGE_CAP, max(SMALLEST_PAGE, query.limit + 1))
        ids = [record.id for record in records if _ID.fullmatch(record.id)]
        place = query.cursor or _Place(None, 1, size, capped=len(ids) > MOST_RECORDS)
        wanted = wanted_terms(self._wanted(query.wanted))
        if not ids or wanted is None:
            return Fetched(())
        terms = [
            "type:ticket",
            *(f"requester:{id_}" for id_ in ids[:MOST_RECORDS]),
            *window_terms(_beyond(place.edge, query), query.wanted.active_since),
            *wanted,
        ]
        found = await self.http.get(
            "/api/v2/search",
            _Found,
            deadline,
            params=[
                ("query", " ".join(terms)),
                ("sort_by", "created_at"),
                ("sort_order", "asc" if query.ascending else "desc"),
                ("per_page", place.size),
                ("page", place.page),
            ],
        )
        tickets, dropped = _of_type(found.results, "ticket", Ticket)
        rows, unmapped = await self._interactions(tickets, deadline)
        following, capped = _follow(place, found, [row.started_at for row in rows], query.ascending, size)
        return Fetched(rows, following, capped=capped, dropped=dropped + unmapped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        ticket_id = external_id.removesuffix(RATING_MARK) if self.options.satisfaction else external_id
        if not _ID.fullmatch(ticket_id):
            return None
        answer = await self.http.get_or_none(f"/api/v2/tickets/{ticket_id}", _OneTicket, deadline)
        rows, _ = ([], 0) if answer is None else await self._interactions([answer.ticket], deadline)
        return next((row for row in rows if row.external_id == external_id), None)

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        """The incremental export by cursor, which leaves out the last minute and tells deleted tickets as well."""
        start = min(place.since, self.utc_now() - TOO_RECENT)
        asked = ("cursor", place.token) if place.token else ("start_time", int(start.timestamp()))
        found = await self.http.get(
            "/api/v2/incremental/tickets/cursor", _Changes, deadline, params=[asked, ("per_page", CHANGES_CAP)]
        )
        tickets, dropped = decode_rows(found.tickets, Ticket)
        living = [ticket for ticket in tickets if ticket.status != DELETED]
        rows, unmapped = await self._interactions(living, deadline)
        gone = [str(ticket.id) for ticket in tickets if ticket.status == DELETED]
        marks = ("", RATING_MARK) if self.options.satisfaction else ("",)
        times = [at for ticket in tickets if (at := plausible(ticket.updated_at)) is not None]
        since = self.utc_now() - LATE if found.end_of_stream else max([place.since, *times])
        return Changed(
            Place(since, token=found.after_cursor or place.token),
            rows,
            await self._owners({ticket.requester_id for ticket in living}, deadline),
            [f"{id_}{mark}" for id_ in gone for mark in marks],
            more=not found.end_of_stream,
            dropped=dropped + unmapped,
        )

    async def _owners(self, ids: set[int], deadline: Deadline) -> list[Record]:
        """Requesters with all their identities, in one call for a page."""
        if not ids:
            return []
        params = [("ids", ",".join(map(str, sorted(ids)))), ("include", "identities")]
        found = await self.http.get("/api/v2/users/show_many", _UsersAndIdentities, deadline, params=params)
        held: dict[int, list[Identity]] = {}
        for identity in decode_rows(found.identities, Identity)[0]:
            held.setdefault(identity.user_id or 0, []).append(identity)
        users = decode_rows(found.users, User)[0]
        return [self._mapper.record(user, held.get(user.id, [])) for user in users if user.active is not False]

    async def check(self, deadline: Deadline) -> None:
        """Zendesk answers this question to anonymous callers too, so the answer must be an agent."""
        me = (await self.http.get("/api/v2/users/me", _OneMe, deadline)).user
        if me.id is None or me.role in (None, "end-user"):
            raise RefusedError(self.name, "the credential is not an agent's")

    async def _users_with(self, identifier: Identifier, deadline: Deadline) -> list[User]:
        """Candidates alone: Zendesk's search also gives users whose address merely begins alike."""
        value = identifier.value
        match identifier.kind:
            case IdentifierKind.PHONE:
                number = identifiers.phone(value, self.config.region)
                terms = phone_terms(number, self.config.region) if number else ""
                return await self._search_users(terms, CANDIDATES, deadline) if terms else []
            case IdentifierKind.EMAIL:
                phrase = quoted(value)
                return await self._search_users(f"email:{phrase}", CANDIDATES, deadline) if phrase else []
            case _ if identifier.source == self.name:
                return await self._user(value, deadline)
            case _:
                answer = await self.http.get(
                    "/api/v2/users/search", _Users, deadline, params=[("external_id", value), ("per_page", CANDIDATES)]
                )
                return decode_rows(answer.users, User)[0]

    async def _user(self, id_: str, deadline: Deadline) -> list[User]:
        if not _ID.fullmatch(id_):
            return []
        answer = await self.http.get_or_none(f"/api/v2/users/{id_}", _OneUser, deadline)
        return [] if answer is None else [answer.user]

    async def _search_users(self, terms: str, limit: int, deadline: Deadline) -> list[User]:
        found = await self.http.get(
            "/api/v2/search", _Found, deadline, params=[("query", f"type:user {terms}"), ("per_page", limit)]
        )
        return _of_type(found.results, "user", User)[0][:limit]

    async def _records(self, users: Iterable[User], deadline: Deadline) -> list[Record]:
        """A suspended user keeps their tickets and is found; a deleted one is nobody any more."""
        living = {user.id: user for user in users if user.active is not False}
        records = await together(self._record(user, deadline) for user in living.values())
        return [record for record in records if record is not None]

    async def _record(self, user: User, deadline: Deadline) -> Record | None:
        answer = await self.http.get_or_none(
            f"/api/v2/users/{user.id}/identities", _Identities, deadline, params=[("page[size]", PAGE_CAP)]
        )
        return None if answer is None else self._mapper.record(user, decode_rows(answer.identities, Identity)[0])

    def _wanted(self, wanted: Wanted) -> Wanted:
        """A ticket that is open again may have been rated before, and a rating is always completed."""
        asks_for_ratings = self.options.satisfaction and InteractionStatus.COMPLETED in (wanted.statuses or ())
        return msgspec.structs.replace(wanted, statuses=None) if asks_for_ratings else wanted

    async def _interactions(self, tickets: Sequence[Ticket], deadline: Deadline) -> tuple[list[Interaction], int]:
        """Rows of these tickets, and how many tickets could not be mapped."""
        groups, agents = await together(
            (
                self._names.groups((ticket.group_id for ticket in tickets), deadline),
                self._names.agents((ticket.assignee_id for ticket in tickets), deadline),
            )
        )
        rows: list[Interaction] = []
        unmapped = 0
        for ticket in tickets:
            row = self._mapper.interaction(
                ticket,
                None if ticket.group_id is None else Queue(str(ticket.group_id), groups[str(ticket.group_id)]),
                None if ticket.assignee_id is None else Agent(str(ticket.assignee_id), agents[str(ticket.assignee_id)]),
            )
            rating = rating_row(ticket, row) if row is not None and self.options.satisfaction else None
            rows += [one for one in (row, rating) if one is not None]
            unmapped += row is None
        return rows, unmapped


class ZendeskWithRatings(Zendesk):
    channels = frozenset({Channel.TICKET, Channel.SURVEY})


def _of_type(results: Iterable[msgspec.Raw], result_type: str, type_: type[T]) -> tuple[list[T], int]:
    """A search answers with rows of several types; only rows of ours can be bad ones."""
    ours = [row for row in results if _type_of(row) in (result_type, None)]
    return decode_rows(ours, type_)


def _type_of(row: msgspec.Raw) -> str | None:
    """None for a row that tells no type."""
    decoded, _ = decode_rows((row,), _Kind)
    return decoded[0].result_type if decoded else None


def _follow(
    place: _Place, found: _Found, times: Sequence[datetime], ascending: bool, size: int
) -> tuple[_Place | None, bool]:
    """Where the next call goes on, and whether the vendor keeps rows from us."""
    seen = place.page * place.size
    if found.next_page is None and (not found.results or seen >= found.count):
        return None, place.capped
    if times:
        edge = (max(times) if ascending else min(times)).replace(microsecond=0)
        if place.edge is None or (edge > place.edge if ascending else edge < place.edge):
            return _Place(edge, 1, size, place.capped), place.capped
    if place.size < PAGE_CAP:
        return _Place(place.edge, 1, PAGE_CAP, place.capped), place.capped
    if seen + place.size <= SEARCH_CAP:
        return replace(place, page=place.page + 1), place.capped
    if place.edge is None:
        return None, True
    return _Place(place.edge + SECOND if ascending else place.edge - SECOND, 1, size, capped=True), True


def _beyond(edge: datetime | None, query: Query) -> Window:
    """What is left of the window from `edge` on, that second included."""
    if edge is None:
        return query.window
    return Window(edge, query.window.end) if query.ascending else Window(query.window.start, edge + SECOND)


def _carries(record: Record, identifier: Identifier | None) -> bool:
    return any(held.identifier == identifier for held in record.identifiers)
