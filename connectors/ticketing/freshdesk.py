"""Freshdesk: the tickets of one contact.

The list of tickets knows a contact and how far back changes go, but no window on when a ticket was made, so it is
read as a whole, newest first. What is asked and how it is mapped: docs/connectors/freshdesk.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
import msgspec
import phonenumbers

from connectors import identifiers
from connectors.base import Capabilities, Changed, Fetched, Place, Query, SourceConfig, VendorConnector
from connectors.changes import follow
from connectors.deadline import Deadline
from connectors.http import Auth, Params, basic
from connectors.interaction import (
    Agent,
    Channel,
    Identifier,
    IdentifierKind,
    Interaction,
    Queue,
    Record,
    SourceKind,
    TicketStatus,
)
from connectors.mapping import Kept, decode_rows, holds_text, plausible, together
from connectors.ticketing.freshdesk_mapping import Contact, Mapper, Ticket

API = "/api/v2"
PAGE_CAP = 100
LAST_PAGE = 300
"""Behind it a list answers 400."""

ROW_CAP = 3000
"""What is read of one customer at most: 30 calls a page of ours."""

FIRST_DAY = datetime(2010, 1, 1, tzinfo=UTC)
"""Without `updated_since` only tickets of the last 30 days are told."""

SECOND = timedelta(seconds=1)
"""Whether `updated_since` takes in the second it names is not documented."""

CANDIDATES = 12
"""Contacts looked at for one identifier: enough to notice a switchboard."""

MOST_FOUND_BY_TEXT = 10
LIFETIME_SECONDS = 600.0
MOST_NAMES = 10_000
HIDDEN = (403, 404)
"""Names that may not be read, or are gone: the id stands in for them."""

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)

PhoneFormat = Literal["e164", "digits", "national", "international"]


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The API key of an agent."""

    api_key: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """agent_url: where people open tickets, when not at the API's address. phone_formats: how numbers are kept, as
    Freshdesk compares them letter by letter; each costs two calls. division: which of a ticket's ids is its division.
    topic_field: `type`, or the name of the custom field that says what it was about. statuses: what the account's own
    status numbers mean."""

    agent_url: str | None = None
    phone_formats: tuple[PhoneFormat, ...] = ("e164", "national")
    division: Literal["group", "product", "company"] | None = None
    topic_field: str | None = None
    statuses: dict[str, TicketStatus] = {}


class _Named(msgspec.Struct):
    name: str | None = None


class _AgentRow(msgspec.Struct):
    contact: _Named | None = None


class _Me(msgspec.Struct):
    id: int


class _Hit(msgspec.Struct):
    id: int


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a read stands: page `page` (from 1) of the contact at `turn`."""

    turn: int
    page: int


class Freshdesk(VendorConnector):
    vendor = "freshdesk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=None,
        page_cap=PAGE_CAP,
        row_cap=ROW_CAP,
        search=True,
        changes=True,
        pushes=frozenset({"active_since"}),
        cannot_see=(
            "Tickets that the agent of the key may not see, tickets on which the customer is only copied, spam, "
            "deleted tickets, archived tickets, and all but a customer's 3,000 newest."
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
            statuses=self.options.statuses,
        )
        self._groups: Kept[int, str | None] = Kept(LIFETIME_SECONDS, MOST_NAMES)
        self._agents: Kept[int, str | None] = Kept(LIFETIME_SECONDS, MOST_NAMES)
        self._owners: Kept[int, list[Record]] = Kept(LIFETIME_SECONDS, MOST_NAMES)

    def auth(self) -> Auth:
        return basic(self.credentials.api_key, "X")

    async def check(self, deadline: Deadline) -> None:
        await self.http.get(f"{API}/agents/me", _Me, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._records_with(identifier, deadline) for identifier in identifiers)
        return [record for records in found for record in records]

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        """A number or an address as what it is; else names, of which the search tells no more than the ids."""
        known = identifiers.phone(text, self.config.region) or identifiers.email(text)
        if known is not None:
            records = await self._records_with(known, deadline)
            return [record for record in records if any(held.identifier == known for held in record.identifiers)]
        rows = await self.http.get(f"{API}/contacts/autocomplete", list[msgspec.Raw], deadline, params=[("term", text)])
        hits = decode_rows(rows, _Hit)[0][: min(limit, MOST_FOUND_BY_TEXT)]
        found = await together(self._contact(str(hit.id), deadline) for hit in hits)
        return [record for records in found for record in records if holds_text(record, text)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        ids = [record.id for record in records if _ID.fullmatch(record.id)]
        if not ids:
            return Fetched(())
        place = query.cursor or _Place(0, 1)
        rows = await self.http.get(
            f"{API}/tickets",
            list[msgspec.Raw],
            deadline,
            params=[
                ("requester_id", ids[place.turn]),
                ("updated_since", _changed_since(query)),
                ("order_by", "created_at"),
                ("order_type", "desc"),
                ("include", "stats,description"),
                ("per_page", PAGE_CAP),
                ("page", place.page),
            ],
        )
        tickets, dropped = decode_rows(rows, Ticket)
        shown = [ticket for ticket in tickets if not _is_gone(ticket)]
        items = await self._interactions(shown, deadline)
        is_over = len(rows) < PAGE_CAP or _is_past(tickets, query)
        capped = not is_over and place.page >= LAST_PAGE
        following: _Place | None = _Place(place.turn, place.page + 1)
        if is_over or capped:
            following = _Place(place.turn + 1, 1) if place.turn + 1 < len(ids) else None
        return Fetched(items, following, capped=capped, dropped=dropped + len(shown) - len(items))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not _ID.fullmatch(external_id):
            return None
        path = f"{API}/tickets/{external_id}"
        ticket = await self.http.get_or_none(path, Ticket, deadline, params=[("include", "stats")])
        if ticket is None or _is_gone(ticket):
            return None
        found = await self._interactions([ticket], deadline)
        return found[0] if found else None

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        """Tickets by their last change. A contact costs a call, once a while; a list tells no deleted tickets."""
        asked_at = self.utc_now()
        rows = await self.http.get(
            f"{API}/tickets",
            list[msgspec.Raw],
            deadline,
            params=[
                ("updated_since", _written(max(FIRST_DAY, place.since - SECOND))),
                ("order_by", "updated_at"),
                ("order_type", "asc"),
                ("include", "stats,description"),
                ("per_page", PAGE_CAP),
                ("page", place.page),
            ],
        )
        tickets, dropped = decode_rows(rows, Ticket)
        shown = [ticket for ticket in tickets if not _is_gone(ticket)]
        items = await self._interactions(shown, deadline)
        times = [at for ticket in tickets if (at := plausible(ticket.updated_at)) is not None]
        following, more = follow(place, times, len(rows) == PAGE_CAP and place.page < LAST_PAGE, asked_at)
        owners = await together(self._owner(id_, deadline) for id_ in sorted({t.requester_id for t in shown}))
        return Changed(
            following,
            items,
            [record for found in owners for record in found],
            [str(ticket.id) for ticket in tickets if _is_gone(ticket)],
            more=more,
            dropped=dropped + len(shown) - len(items),
        )

    async def _owner(self, id_: int, deadline: Deadline) -> list[Record]:
        """One contact that makes no sense does not hold up everybody's changes."""

        async def read() -> list[Record]:
            row = await self.http.get_or_none(f"{API}/contacts/{id_}", msgspec.Raw, deadline)
            contacts = decode_rows([] if row is None else [row], Contact)[0]
            return [record for contact in contacts if (record := self._mapper.record(contact)) is not None]

        return await self._owners.get(id_, deadline, read)

    async def _interactions(self, tickets: Sequence[Ticket], deadline: Deadline) -> list[Interaction]:
        group_ids = sorted({ticket.group_id for ticket in tickets if ticket.group_id is not None})
        agent_ids = sorted({ticket.responder_id for ticket in tickets if ticket.responder_id is not None})
        groups = await together(self._group_name(id_, deadline) for id_ in group_ids)
        agents = await together(self._agent_name(id_, deadline) for id_ in agent_ids)
        queue_of = {id_: Queue(str(id_), name or str(id_)) for id_, name in zip(group_ids, groups, strict=True)}
        agent_of = {id_: Agent(str(id_), name or str(id_)) for id_, name in zip(agent_ids, agents, strict=True)}
        mapped = (
            self._mapper.interaction(
                ticket,
                None if ticket.group_id is None else queue_of[ticket.group_id],
                None if ticket.responder_id is None else agent_of[ticket.responder_id],
            )
            for ticket in tickets
        )
        return [row for row in mapped if row is not None]

    async def _records_with(self, identifier: Identifier, deadline: Deadline) -> list[Record]:
        value = identifier.value
        if identifier.kind is IdentifierKind.PHONE:
            asked = [(field, number) for number in self._spellings(value) for field in ("mobile", "phone")]
        elif identifier.kind is IdentifierKind.EMAIL:
            asked = [("email", value)]
        elif identifier.source == self.name:
            return await self._contact(value, deadline)
        else:
            asked = [("unique_external_id", value)]
        found = await together(self._contacts(field, value, deadline) for field, value in asked)
        return [record for records in found for record in records]

    def _spellings(self, number: str) -> list[str]:
        if identifiers.phone(number) is None:
            return []
        spelled = (_spelled(number, format_) for format_ in self.options.phone_formats)
        return list(dict.fromkeys(text for text in spelled if text))

    async def _contacts(self, field: str, value: str, deadline: Deadline) -> list[Record]:
        params: Params = [(field, value), ("per_page", CANDIDATES)]
        rows = await self.http.get(f"{API}/contacts", list[msgspec.Raw], deadline, params=params)
        records = (self._mapper.record(contact) for contact in decode_rows(rows, Contact)[0])
        return [record for record in records if record is not None]

    async def _contact(self, id_: str, deadline: Deadline) -> list[Record]:
        if not _ID.fullmatch(id_):
            return []
        contact = await self.http.get_or_none(f"{API}/contacts/{id_}", Contact, deadline)
        record = None if contact is None else self._mapper.record(contact)
        return [] if record is None else [record]

    async def _group_name(self, id_: int, deadline: Deadline) -> str | None:
        async def read() -> str | None:
            answer = await self.http.send("GET", f"{API}/groups/{id_}", deadline, expect=HIDDEN)
            return None if answer.status in HIDDEN else self.http.decode(answer.body, _Named).name

        return await self._groups.get(id_, deadline, read)

    async def _agent_name(self, id_: int, deadline: Deadline) -> str | None:
        async def read() -> str | None:
            answer = await self.http.send("GET", f"{API}/agents/{id_}", deadline, expect=HIDDEN)
            contact = None if answer.status in HIDDEN else self.http.decode(answer.body, _AgentRow).contact
            return None if contact is None else contact.name

        return await self._agents.get(id_, deadline, read)


def _is_gone(ticket: Ticket) -> bool:
    return bool(ticket.deleted or ticket.spam)


def _changed_since(query: Query) -> str:
    """What was made within the window has changed since its beginning."""
    bounds = [at for at in (query.window.start, query.wanted.active_since) if at is not None]
    return _written(max([FIRST_DAY, *bounds]))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _is_past(tickets: Sequence[Ticket], query: Query) -> bool:
    """Whether the page, newest first, reaches behind the beginning of the window."""
    start = query.window.start
    times = [at for ticket in tickets if (at := plausible(ticket.created_at)) is not None]
    return start is not None and bool(times) and times[-1] < start


def _spelled(e164: str, format_: PhoneFormat) -> str | None:
    if format_ == "e164":
        return e164
    if format_ == "digits":
        return identifiers.digits(e164)
    if format_ == "national":
        return identifiers.national(e164)
    return phonenumbers.format_number(phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL)
