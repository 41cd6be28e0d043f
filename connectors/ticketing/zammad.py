"""Zammad: the tickets of one customer.

Tickets are searched by condition, newest or oldest first, which the database answers with and without Elasticsearch.
Pages are followed by a new search that begins at the instant of the last row, and counted only within one instant.
What is asked and how it is mapped: docs/connectors/zammad.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Changed, Fetched, Place, Query, SourceConfig, VendorConnector
from connectors.changes import follow
from connectors.deadline import Deadline
from connectors.http import Auth, StaticAuth
from connectors.interaction import (
    Channel,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
    TicketPriority,
)
from connectors.mapping import Kept, decode_rows, holds_text, plausible, together
from connectors.ticketing.zammad_mapping import (
    NO_STORY,
    Article,
    Mapper,
    State,
    Story,
    Ticket,
    User,
    agent_of,
    custom_values,
    is_removed,
    opening_of,
    owner_ids,
)
from connectors.ticketing.zammad_query import (
    Condition,
    changed_since,
    condition,
    customers_with,
    is_id,
    is_past,
    phone_queries,
    plain_query,
    text_queries,
)

API = "/api/v1"
PAGE_CAP = 100
SMALLEST_PAGE = 25
MOST_RECORDS = 100
CANDIDATES = 12
"""Users looked for behind one identifier: enough to notice a switchboard."""

LIFETIME_SECONDS = 600.0
MOST_NAMES = 10_000
HIDDEN = (403, 404)
"""Details that may not be read, or are gone: the row does without."""


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An access token of an agent, with the permission `ticket.agent`."""

    token: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """agent_url: where people open tickets, when not at the API's address. external_id_attribute: the attribute of
    users that holds `external_id_source`'s ids. topic_attribute: the one of tickets that says what it was about.
    division: which of a ticket's ids is its division. priorities: what the installation's own names mean."""

    agent_url: str | None = None
    external_id_attribute: str | None = None
    topic_attribute: str | None = None
    division: Literal["group", "organization"] | None = None
    priorities: dict[str, TicketPriority] = {}


class _Me(msgspec.Struct):
    id: int


class _Tags(msgspec.Struct):
    tags: list[str]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a read stands: page `page` (from 1) of `size` rows of the search that begins at the instant `edge`."""

    edge: datetime | None
    page: int
    size: int


class Zammad(VendorConnector):
    vendor = "zammad"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        window_granularity_seconds=0,
        page_cap=PAGE_CAP,
        search=True,
        changes=True,
        pushes=frozenset({"statuses", "queue_ids", "agent_ids", "tags", "active_since"}),
        cannot_see=(
            "Tickets of groups that the agent of the token may not read, internal articles, and in lists the tags "
            "and first words of a ticket."
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
            priorities=self.options.priorities,
        )
        self._states: Kept[None, dict[int, State]] = Kept(LIFETIME_SECONDS)
        self._names: Kept[int, str | None] = Kept(LIFETIME_SECONDS, MOST_NAMES)
        self._owners: Kept[int, list[Record]] = Kept(LIFETIME_SECONDS, MOST_NAMES)

    def auth(self) -> Auth:
        return StaticAuth("Authorization", f"Token token={self.credentials.token}")

    async def check(self, deadline: Deadline) -> None:
        """Users may be searched by agents alone: a customer's token is refused here, and would see too little."""
        await self.http.get(f"{API}/users/me", _Me, deadline)
        await self._search_users("a", 1, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._records_with(identifier, deadline) for identifier in identifiers)
        return [record for records in found for record in records]

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        number = identifiers.phone(text, self.config.region)
        queries = [*text_queries(text), *(phone_queries(number.value) if number else ())]
        found = await together(
            self._search_users(query, max(limit, CANDIDATES), deadline, customers=True) for query in queries
        )
        records = {record.id: record for rows in found for record in self._records(rows)}
        return [
            record
            for record in records.values()
            if holds_text(record, text) or any(held.identifier == number for held in record.identifiers)
        ]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        place = query.cursor or _Place(None, 1, min(PAGE_CAP, max(SMALLEST_PAGE, query.limit + 1)))
        ids = [record.id for record in records if is_id(record.id)]
        states = await self._kept_states(deadline)
        asked = condition(ids[:MOST_RECORDS], query, place.edge, states)
        if asked is None:
            return Fetched(())
        rows = await self._search_tickets(asked, place.page, place.size, deadline, query.ascending)
        tickets, dropped = decode_rows(rows, Ticket)
        shown = [ticket for ticket in tickets if not is_removed(states.get(ticket.state_id or 0))]
        items = await self._interactions(rows, shown, deadline, with_tags=query.wanted.tags is not None)
        times = [at for ticket in tickets if (at := plausible(ticket.created_at)) is not None]
        following = _follow(place, len(rows), times, query)
        return Fetched(
            items,
            following,
            capped=following is None and len(ids) > MOST_RECORDS,
            dropped=dropped + len(shown) - len(items),
        )

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not is_id(external_id):
            return None
        row = await self.http.get_or_none(
            f"{API}/tickets/{external_id}", msgspec.Raw, deadline, params=[("expand", "true")]
        )
        if row is None:
            return None
        ticket = self.http.decode(bytes(row), Ticket)
        states = await self._kept_states(deadline)
        if is_removed(states.get(ticket.state_id or 0)):
            return None
        found = await self._interactions([row], [ticket], deadline, with_tags=True, with_opening=True)
        return found[0] if found else None

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        """Tickets by their last change, as a list tells them. A customer costs a call, once a while."""
        asked_at = self.utc_now()
        states = await self._kept_states(deadline)
        asked = changed_since(place.since)
        rows = await self._search_tickets(asked, place.page, PAGE_CAP, deadline, True, by="updated_at")
        tickets, dropped = decode_rows(rows, Ticket)
        shown = [ticket for ticket in tickets if not is_removed(states.get(ticket.state_id or 0))]
        items = await self._interactions(rows, shown, deadline)
        times = [at for ticket in tickets if (at := plausible(ticket.updated_at)) is not None]
        following, more = follow(place, times, len(rows) == PAGE_CAP, asked_at)
        owners = await together(self._owner(id_, deadline) for id_ in sorted({t.customer_id for t in shown}))
        return Changed(
            following,
            items,
            [record for found in owners for record in found],
            [str(ticket.id) for ticket in tickets if is_removed(states.get(ticket.state_id or 0))],
            more=more,
            dropped=dropped + len(shown) - len(items),
        )

    async def _owner(self, id_: int, deadline: Deadline) -> list[Record]:
        async def read() -> list[Record]:
            row = await self._detail(f"{API}/users/{id_}", msgspec.Raw, deadline, [("expand", "true")])
            return [] if row is None else self._records([row])

        return await self._owners.get(id_, deadline, read)

    async def _interactions(
        self,
        rows: Sequence[msgspec.Raw],
        tickets: Sequence[Ticket],
        deadline: Deadline,
        *,
        with_tags: bool = False,
        with_opening: bool = False,
    ) -> list[Interaction]:
        states, now = await self._kept_states(deadline), self.utc_now()
        topics = custom_values(rows, self.options.topic_attribute)
        owners = owner_ids(tickets)
        names = dict(zip(owners, await together(self._name(id_, deadline) for id_ in owners), strict=True))
        stories = [NO_STORY] * len(tickets)
        if with_tags or with_opening:
            stories = await together(self._story(ticket.id, with_opening, deadline) for ticket in tickets)
        mapped = (
            self._mapper.interaction(
                ticket, states.get(ticket.state_id or 0), agent_of(ticket, names), topics.get(ticket.id), now, story
            )
            for ticket, story in zip(tickets, stories, strict=True)
        )
        return [row for row in mapped if row is not None]

    async def _story(self, ticket_id: int, with_opening: bool, deadline: Deadline) -> Story:
        tags = await self._detail(f"{API}/tags", _Tags, deadline, [("object", "Ticket"), ("o_id", ticket_id)])
        articles = None
        if with_opening:
            path = f"{API}/ticket_articles/by_ticket/{ticket_id}"
            articles = await self._detail(path, list[msgspec.Raw], deadline, [("expand", "true")])
        opening = opening_of(ticket_id, decode_rows(articles or (), Article)[0])
        return Story(opening, () if tags is None else tuple(tags.tags))

    async def _detail(self, path: str, type_: Any, deadline: Deadline, params: Sequence[tuple[str, str | int]]) -> Any:
        answer = await self.http.send("GET", path, deadline, params=params, expect=HIDDEN)
        return None if answer.status in HIDDEN else self.http.decode(answer.body, type_)

    async def _records_with(self, identifier: Identifier, deadline: Deadline) -> list[Record]:
        """Users by the search, then customers of tickets: a search without Elasticsearch may not look at numbers."""
        value = identifier.value
        if identifier.kind is IdentifierKind.PHONE:
            queries, national = phone_queries(value), identifiers.national(value)
            asked = [(name, "contains", national) for name in ("mobile", "phone")] if national else []
        elif identifier.kind is IdentifierKind.EMAIL:
            queries, asked = plain_query(value), [("email", "is", value)]
        elif identifier.source == self.name:
            return await self._user(value, deadline)
        else:
            attribute = self.options.external_id_attribute
            queries, asked = (plain_query(value), [(attribute, "is", value)]) if attribute else ([], [])
        searched = await together(self._search_users(query, CANDIDATES, deadline) for query in queries)
        records = {record.id: record for rows in searched for record in self._records(rows)}
        known = [int(id_) for id_ in records]
        named = await together(self._customers(*terms, known, deadline) for terms in asked)
        more = await together(self._user(str(id_), deadline) for id_ in sorted({id_ for ids in named for id_ in ids}))
        return [*records.values(), *(record for found in more for record in found)]

    async def _customers(
        self, attribute: str, operator: str, value: str, known: Sequence[int], deadline: Deadline
    ) -> list[int]:
        """Beyond those known, until there are enough: each call leaves out whoever was brought before."""
        found: list[int] = []
        while len(found) < CANDIDATES:
            asked = customers_with(attribute, operator, value, [*known, *found])
            rows = await self._search_tickets(asked, 1, SMALLEST_PAGE, deadline)
            ids = {ticket.customer_id for ticket in decode_rows(rows, Ticket)[0]} - {*known, *found}
            found += sorted(ids)
            if not ids or len(rows) < SMALLEST_PAGE:
                break
        return found

    async def _user(self, id_: str, deadline: Deadline) -> list[Record]:
        if not is_id(id_):
            return []
        row = await self._detail(f"{API}/users/{id_}", msgspec.Raw, deadline, [("expand", "true")])
        return [] if row is None else self._records([row], strict=True)

    def _records(self, rows: Sequence[msgspec.Raw], *, strict: bool = False) -> list[Record]:
        """`strict`: what is no user is no answer at all."""
        users = [self.http.decode(bytes(row), User) for row in rows] if strict else decode_rows(rows, User)[0]
        external_ids = custom_values(rows, self.options.external_id_attribute)
        return [self._mapper.record(user, external_ids.get(user.id)) for user in users]

    async def _search_users(
        self, query: str, limit: int, deadline: Deadline, *, customers: bool = False
    ) -> list[msgspec.Raw]:
        params: list[tuple[str, str | int]] = [("query", query), ("limit", limit), ("expand", "true")]
        params += [("permissions", "ticket.customer")] if customers else []
        return await self.http.get(f"{API}/users/search", list[msgspec.Raw], deadline, params=params)

    async def _search_tickets(
        self,
        asked: Condition,
        page: int,
        size: int,
        deadline: Deadline,
        ascending: bool = False,
        by: Literal["created_at", "updated_at"] = "created_at",
    ) -> list[msgspec.Raw]:
        order = "asc" if ascending else "desc"
        body = {
            "condition": asked,
            "sort_by": f"{by}, id",
            "order_by": f"{order}, {order}",
            "page": page,
            "per_page": size,
            "expand": True,
        }
        return await self.http.post(f"{API}/tickets/search", body, list[msgspec.Raw], deadline)

    async def _kept_states(self, deadline: Deadline) -> dict[int, State]:
        return await self._states.get(None, deadline, lambda: self._read_states(deadline))

    async def _read_states(self, deadline: Deadline) -> dict[int, State]:
        rows = await self.http.get(f"{API}/ticket_states", list[msgspec.Raw], deadline, params=[("expand", "true")])
        return {state.id: state for state in decode_rows(rows, State)[0]}

    async def _name(self, user_id: int, deadline: Deadline) -> str | None:
        async def read() -> str | None:
            user = await self._detail(f"{API}/users/{user_id}", User, deadline, [("expand", "true")])
            return None if user is None else user.name

        return await self._names.get(user_id, deadline, read)


def _follow(place: _Place, given: int, times: Iterable[datetime], query: Query) -> _Place | None:
    """Where the next call goes on: a page that is not full was the last."""
    edge = (max if query.ascending else min)(times, default=None)
    if given < place.size or (edge is not None and is_past(edge, query)):
        return None
    if edge is None or edge == place.edge:
        return _Place(place.edge, place.page + 1, place.size)
    return _Place(edge, 1, place.size)
