"""Salesforce Data Cloud (Data 360): engagements, by a statement of the operator's whose columns have our names.

Objects and fields are every tenant's own, so the mapping is the statement itself; it is read through, as a table, by
`SELECT … FROM (statement) WHERE …`. Its columns, and what is asked: docs/connectors/salesforce_data_cloud.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window
from connectors.campaign.literals import SQL, literal, one_of, select, sql_instant
from connectors.campaign.salesforce_api import SalesforceApi, client_credentials
from connectors.campaign.seeking import Place
from connectors.campaign.values import Row, instant, number, text
from connectors.campaign.words import (
    TOLD_CHANNELS,
    address_of,
    channel_of,
    details_of,
    direction_of,
    number_of,
    outcome_of,
)
from connectors.deadline import Deadline
from connectors.errors import RefusedError
from connectors.http import Auth
from connectors.interaction import (
    Agent,
    Campaign,
    Comment,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    OutcomeKind,
    Record,
    ScoreChange,
    SourceKind,
)
from connectors.mapping import preview, seconds_between

PAGE_CAP = 100
SMALLEST_PAGE = 25
MOST_ADDRESSES = 500
"""Combinations of a person and an address that one question may bring."""

MILLISECOND = timedelta(milliseconds=1)
NEEDED = ("id", "person", "started_at")

Address = Literal["phone", "email", "customer"]
KINDS: Mapping[Address, IdentifierKind] = {
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
    "customer": IdentifierKind.EXTERNAL_ID,
}


class DataCloudCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connected (or external client) app with the client credentials flow."""

    client_id: str
    client_secret: str


class DataCloudOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """sql: the statement. finds_by: which of its columns hold addresses of a person. outcomes, statuses: what the words
    in its columns `outcome` and `status` mean. login_url: defaults to the base address.
    """

    sql: str
    finds_by: tuple[Address, ...] = ("phone",)
    outcomes: dict[str, OutcomeKind] = {}
    statuses: dict[str, InteractionStatus] = {}
    login_url: str | None = None

    def __post_init__(self) -> None:
        if not self.sql.strip() or ";" in self.sql:
            raise ValueError("sql is one statement, without a semicolon")
        if not self.finds_by:
            raise ValueError("finds_by needs a column")


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it."""

    source: str
    region: str | None
    external_id_source: str | None
    outcomes: Mapping[str, OutcomeKind]
    statuses: Mapping[str, InteractionStatus]

    def records(self, rows: Sequence[Row]) -> list[Record]:
        """One for each person, with all the addresses that the rows tell."""
        held: dict[str, list[Identifier]] = {}
        for row in rows:
            person = text(row, "person")
            if person is not None:
                held.setdefault(person, []).extend(self._addresses(row))
        return [self._record(person, tuple(dict.fromkeys(found))) for person, found in held.items()]

    def _record(self, person: str, found: Sequence[Identifier]) -> Record:
        own = HeldIdentifier(identifiers.external(self.source, person), True)
        return Record(source=self.source, id=person, identifiers=(own, *map(HeldIdentifier, found)))

    def _addresses(self, row: Row) -> Iterator[Identifier]:
        """Data Cloud has no mark for a verified address."""
        number = number_of(text(row, "phone"), self.region)
        if number is not None:
            yield Identifier(IdentifierKind.PHONE, number)
        address = identifiers.email(text(row, "email") or "")
        if address is not None:
            yield address
        customer = text(row, "customer")
        if customer is not None and self.external_id_source is not None:
            yield identifiers.external(self.external_id_source, customer)

    def interaction(self, row: Row) -> Interaction | None:
        """None for a row without an id, a person or a believable time."""
        id_, person, started_at = text(row, "id"), text(row, "person"), instant(row, "started_at")
        if id_ is None or person is None or started_at is None:
            return None
        channel, label = channel_of(text(row, "channel")), text(row, "outcome")
        ended_at = max(started_at, instant(row, "ended_at") or started_at)
        agent, comments = _agent(row), text(row, "agent_comments")
        campaign = text(row, "campaign_id") or text(row, "campaign_name")
        previous, current = number(row, "previous_score"), number(row, "current_score")
        lasted = seconds_between(started_at, ended_at)
        return Interaction(
            source=self.source,
            external_id=id_,
            record_id=person,
            channel=channel,
            direction=direction_of(text(row, "direction")),
            started_at=started_at,
            last_activity_at=ended_at,
            status=self._status(text(row, "status"), label),
            ended_at=ended_at,
            duration_seconds=lasted,
            outcome=outcome_of(label, self.outcomes, text(row, "outcome_kind")),
            legs=() if agent is None else (Leg(started_at, ended_at, LegKind.AGENT, agent=agent),),
            campaign=None if campaign is None else Campaign(campaign, text(row, "campaign_name") or campaign),
            division_ids=() if (division := text(row, "division")) is None else (division,),
            address=address_of(
                text(row, "phone") or text(row, "email"), text(row, "number_type"), channel, self.region
            ),
            subject=text(row, "subject"),
            topic=text(row, "topic"),
            preview=preview(comments),
            comments=() if comments is None else (Comment(comments, agent, ended_at),),
            score=None if previous is None and current is None else ScoreChange(previous, current),
            details=details_of(channel, lasted),
        )

    def _status(self, word: str | None, label: str | None) -> InteractionStatus:
        """What is in Data Cloud has been."""
        return self.statuses.get(word or "") or self.statuses.get(label or "") or InteractionStatus.COMPLETED


class SalesforceDataCloud(VendorConnector):
    vendor = "salesforce_data_cloud"
    kind = SourceKind.CAMPAIGN
    channels = TOLD_CHANNELS
    Credentials = DataCloudCredentials
    Options = DataCloudOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset(KINDS.values()),
        order_guaranteed=True,
        page_cap=PAGE_CAP,
        cannot_see=(
            "What the configured statement leaves out, data spaces and objects that the app's user may not read, and "
            "what has not been ingested yet."
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        options: DataCloudOptions = self.options
        kinds = {KINDS[column] for column in options.finds_by} | {IdentifierKind.EXTERNAL_ID}
        self.capabilities = replace(self.capabilities, finds_by=frozenset(kinds))
        self._api = SalesforceApi(self.http)
        self._mapper = Mapper(
            source=self.name,
            region=config.region,
            external_id_source=config.external_id_source,
            outcomes=options.outcomes,
            statuses=options.statuses,
        )

    def auth(self) -> Auth:
        login_url = self.options.login_url or self.config.base_url
        return client_credentials(login_url, self.credentials.client_id, self.credentials.client_secret)

    async def check(self, deadline: Deadline) -> None:
        table = await self._api.table(self._select(["*"], limit=1), deadline)
        if not {*NEEDED, *self.options.finds_by} <= table.columns:
            raise RefusedError(self.name, "the configured statement lacks a column that is needed")

    async def fetch_records(self, asked: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        columns: tuple[Address, ...] = self.options.finds_by
        conditions = [one_of(column, values, SQL) for column in columns if (values := self._spelled(column, asked))]
        own = [i.value for i in asked if i.source == self.name]
        conditions += [one_of("person", own, SQL)] if own else []
        if not conditions:
            return []
        sql = self._select(["person", *columns], [f"({' OR '.join(conditions)})"], limit=MOST_ADDRESSES, distinct=True)
        return self._mapper.records((await self._api.table(sql, deadline)).rows)

    def _spelled(self, column: Address, asked: Sequence[Identifier]) -> list[str]:
        values = [i.value for i in asked if i.kind is KINDS[column] and i.source != self.name]
        if column != "phone":
            return values
        spellings = (
            spelling
            for value in values
            for spelling in (value, identifiers.digits(value), f"00{identifiers.digits(value)}", self._national(value))
        )
        return list(dict.fromkeys(filter(None, spellings)))

    def _national(self, number: str) -> str | None:
        """Numbers without their country are those of the configured region."""
        return None if self.config.region is None else identifiers.national(number, self.config.region)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        place: Place = query.cursor or Place()
        size = min(PAGE_CAP, max(SMALLEST_PAGE, query.limit + 1))
        order = "ASC" if query.ascending else "DESC"
        where = [one_of("person", [record.id for record in records], SQL), *_within(place.window(query))]
        sql = self._select(["*"], where, f"started_at {order}, id {order}", place.limit(size))
        table = await self._api.table(sql, deadline)
        mapped = [self._mapper.interaction(row) for row in table.rows]
        rows = [row for row in mapped if row is not None]
        times = [at for row in table.rows if (at := instant(row, "started_at")) is not None]
        following = place.follow(times, len(mapped) + table.odd, size, query.ascending, table.is_last)
        capped = (following or place).capped
        reached = None if following is None else following.edge
        return Fetched(rows, following, reached, capped=capped, dropped=len(mapped) - len(rows) + table.odd)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        table = await self._api.table(self._select(["*"], [f"id = {literal(external_id, SQL)}"], limit=1), deadline)
        return next((row for told in table.rows if (row := self._mapper.interaction(told)) is not None), None)

    def _select(
        self,
        columns: Sequence[str],
        where: Sequence[str] = (),
        order: str = "",
        limit: int | None = None,
        *,
        distinct: bool = False,
    ) -> str:
        chosen = [f"DISTINCT {columns[0]}", *columns[1:]] if distinct else columns
        return select(chosen, f"({self.options.sql.strip()}) AS told", where, order, limit)


def _agent(row: Row) -> Agent | None:
    name = text(row, "agent_name")
    id_ = text(row, "agent_id") or name
    return None if id_ is None else Agent(id_, name or id_)


def _within(window: Window) -> list[str]:
    """Milliseconds, rounded outwards."""
    terms = [] if window.start is None else [f"started_at >= {sql_instant(window.start)}"]
    if window.end is not None:
        terms.append(f"started_at < {sql_instant(window.end + MILLISECOND - timedelta.resolution)}")
    return terms
