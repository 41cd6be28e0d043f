"""Jira Service Management (Cloud): the requests that one customer reported.

Issues are searched in JQL by reporter and time, newest or oldest first, and walked by the vendor's own token. What is
asked and how it is mapped: docs/connectors/jira_service_management.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth, basic, segment
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
from connectors.mapping import Kept, decode_rows, holds_text, together
from connectors.ticketing.jira_mapping import CHANNEL_PROPERTY, FIELDS, Issue, Mapper, User, topic_of
from connectors.ticketing.jira_query import is_account, jql

API = "/rest/api/3"
DESK = "/rest/servicedeskapi/servicedesk"
PAGE_CAP = 100
SMALLEST_PAGE = 25
MOST_RECORDS = 50
CANDIDATES = 12
"""Accounts looked at for one address."""

ZONE_LIFETIME_SECONDS = 600.0
EXPERIMENTAL = (("X-ExperimentalApi", "opt-in"),)
"""What the list of customers asked for while it was one of Atlassian's experiments."""

HIDDEN = (403, 404)
"""A service desk whose customers may not be read: accounts are found without it."""

Key = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,254}$")]
Number = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}$")]
CustomField = Annotated[str, msgspec.Meta(pattern=r"^customfield_[0-9]{1,18}$")]


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The e-mail address of an account and its API token."""

    email: str
    token: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """agent_url: where people open issues, when not at the API's address. projects: keys of the service projects to
    read; without them every issue that a customer reported. service_desks: ids whose lists of customers are searched
    too. division: `project`. topic_field: the custom field that says what it was about. statuses, priorities: what
    the projects' own names mean."""

    agent_url: str | None = None
    projects: tuple[Key, ...] = ()
    service_desks: tuple[Number, ...] = ()
    division: Literal["project"] | None = None
    topic_field: CustomField | None = None
    statuses: dict[str, TicketStatus] = {}
    priorities: dict[str, TicketPriority] = {}


class _Found(msgspec.Struct, rename="camel"):
    """The token stands on every page but the last."""

    issues: list[msgspec.Raw]
    next_page_token: str | None = None


class _Customers(msgspec.Struct):
    values: list[msgspec.Raw]


class _Me(msgspec.Struct, rename="camel"):
    account_id: str
    time_zone: str | None = None


class JiraServiceManagement(VendorConnector):
    vendor = "jira_service_management"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        window_granularity_seconds=60,
        page_cap=PAGE_CAP,
        search=True,
        pushes=frozenset({"queue_ids", "agent_ids", "tags", "active_since"}),
        cannot_see=(
            "Phone numbers, of which Jira has none; customers whose privacy settings hide their e-mail address; issues "
            "of projects that the account of the token may not browse, and internal comments."
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
            division=self.options.division,
            statuses=self.options.statuses,
            priorities=self.options.priorities,
        )
        self._fields = [*FIELDS, *([self.options.topic_field] if self.options.topic_field else [])]
        self._zone: Kept[None, ZoneInfo] = Kept(ZONE_LIFETIME_SECONDS)

    def auth(self) -> Auth:
        return basic(self.credentials.email, self.credentials.token)

    async def check(self, deadline: Deadline) -> None:
        await self._read_zone(deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        """An address that the account hides cannot be compared, and so finds nobody."""
        found = await together(self._records_with(identifier, deadline) for identifier in identifiers)
        return [record for records in found for record in records]

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        return [record for record in await self._search(text, limit, deadline) if holds_text(record, text)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        accounts = [record.id for record in records if is_account(record.id)]
        zone = await self._zone.get(None, deadline, lambda: self._read_zone(deadline))
        asked = jql(accounts[:MOST_RECORDS], self.options.projects, query, zone) if accounts else None
        if asked is None:
            return Fetched(())
        body: dict[str, Any] = {
            "jql": asked,
            "fields": self._fields,
            "properties": [CHANNEL_PROPERTY],
            "maxResults": min(PAGE_CAP, max(SMALLEST_PAGE, query.limit + 1)),
        }
        if query.cursor is not None:
            body["nextPageToken"] = query.cursor
        found = await self.http.post(f"{API}/search/jql", body, _Found, deadline)
        issues, dropped = decode_rows(found.issues, Issue)
        items = self._interactions(found.issues, issues)
        return Fetched(
            items,
            found.next_page_token or None,
            capped=not found.next_page_token and len(accounts) > MOST_RECORDS,
            dropped=dropped + len(issues) - len(items),
        )

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """By its id, which stays when an issue moves to another project and its key changes."""
        if not (external_id.isascii() and external_id.isdigit()):
            return None
        row = await self.http.get_or_none(
            f"{API}/issue/{external_id}",
            msgspec.Raw,
            deadline,
            params=[("fields", ",".join(self._fields)), ("properties", CHANNEL_PROPERTY)],
        )
        if row is None:
            return None
        items = self._interactions([row], [self.http.decode(bytes(row), Issue)])
        return items[0] if items else None

    def _interactions(self, rows: Iterable[msgspec.Raw], issues: Iterable[Issue]) -> list[Interaction]:
        topics = _topics(rows, self.options.topic_field)
        mapped = (self._mapper.interaction(issue, topics.get(issue.id)) for issue in issues)
        return [row for row in mapped if row is not None]

    async def _records_with(self, identifier: Identifier, deadline: Deadline) -> list[Record]:
        value = identifier.value
        if identifier.kind is IdentifierKind.EMAIL:
            desks = (self._customers(desk, value, deadline) for desk in self.options.service_desks)
            found = await together([self._search(value, CANDIDATES, deadline), *desks])
            return [record for records in found for record in records]
        if identifier.source != self.name or not is_account(value):
            return []
        user = await self.http.get_or_none(f"{API}/user", User, deadline, params=[("accountId", value)])
        record = None if user is None else self._mapper.record(user)
        return [] if record is None else [record]

    async def _search(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        params: list[tuple[str, str | int]] = [("query", text), ("maxResults", limit)]
        rows = await self.http.get(f"{API}/user/search", list[msgspec.Raw], deadline, params=params)
        return self._records(rows)

    async def _customers(self, desk: str, text: str, deadline: Deadline) -> list[Record]:
        """Customers of one service desk, whose addresses its agents may see where the user search hides them."""
        answer = await self.http.send(
            "GET",
            f"{DESK}/{segment(desk)}/customer",
            deadline,
            params=[("query", text), ("limit", CANDIDATES)],
            headers=EXPERIMENTAL,
            expect=HIDDEN,
        )
        rows = [] if answer.status in HIDDEN else self.http.decode(answer.body, _Customers).values
        return self._records(rows)

    def _records(self, rows: Iterable[msgspec.Raw]) -> list[Record]:
        records = (self._mapper.record(user) for user in decode_rows(rows, User)[0])
        return [record for record in records if record is not None]

    async def _read_zone(self, deadline: Deadline) -> ZoneInfo:
        """Of whoever the token is: JQL reads times in it."""
        me = await self.http.get(f"{API}/myself", _Me, deadline)
        name = me.time_zone or self.config.time_zone
        if name not in available_timezones():
            raise MalformedError(self.name, "it tells a time zone that is none")
        return ZoneInfo(name)


@cache
def _custom(field: str) -> type[Any]:
    inner = msgspec.defstruct("CustomFields", [("value", Any, msgspec.field(default=None, name=field))])
    return msgspec.defstruct("Custom", [("id", str), ("fields", inner)])


def _topics(rows: Iterable[msgspec.Raw], field: str | None) -> dict[str, str]:
    if field is None:
        return {}
    found: list[Any] = decode_rows(rows, _custom(field))[0]
    told = ((row.id, topic_of(row.fields.value)) for row in found)
    return {id_: topic for id_, topic in told if topic}
