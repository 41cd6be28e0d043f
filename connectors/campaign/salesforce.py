"""Salesforce: tasks (logged calls, e-mails, what a dialler writes) and voice calls of contacts and leads.

People are found by SOSL for numbers and by SOQL for the rest. Lists are read by ever new queries that begin where the
last one ended, so any depth costs the same. What is asked and how it is mapped: docs/connectors/salesforce.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import msgspec

from connectors import identifiers
from connectors.base import EARLIEST, LATEST, Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.campaign.literals import check_name, is_id, words
from connectors.campaign.salesforce_api import SalesforceApi, client_credentials
from connectors.campaign.salesforce_mapping import TASK, Fields, Mapper
from connectors.campaign.salesforce_query import LED_BY, STARTED, Listed, People, Questions, find, spelled
from connectors.campaign.seeking import Place
from connectors.campaign.values import Row, instant, text
from connectors.campaign.words import TOLD_CHANNELS
from connectors.deadline import Deadline
from connectors.http import Auth
from connectors.interaction import (
    CALL_CHANNELS,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    OutcomeKind,
    Record,
    SourceKind,
)
from connectors.mapping import holds_text, together

PAGE_CAP = 100
SMALLEST_PAGE = 25
CANDIDATES = 25
"""People looked at for one number or text: enough to notice a switchboard."""

MOST_RECORDS = 50
MOST_WORDS = 10
IDS_A_QUERY = 100
"""A query must fit into an address."""


class SalesforceCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connected (or external client) app with the client credentials flow."""

    client_id: str
    client_secret: str


class SalesforceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """objects: VoiceCall wants a licence of Salesforce Voice or Sales Dialer. external_id_fields: where the ids of
    `external_id_source` stand. task_fields, voice_call_fields: see `Fields`. voice_call_person: the field of a voice
    call that holds whom it was with. campaigns: whether to ask which list a person. outcomes, statuses: what the
    organisation's words mean. login_url, lightning_url: default to the base address, and to what belongs to it.
    """

    objects: tuple[Listed, ...] = ("Task",)
    people: tuple[People, ...] = ("Contact", "Lead")
    task_subtypes: tuple[str, ...] = ("Call", "Email", "ListEmail")
    external_id_fields: dict[People, str] = {}
    task_fields: Fields = Fields()
    voice_call_fields: Fields = Fields()
    voice_call_person: str = "RelatedRecordId"
    campaigns: bool = True
    outcomes: dict[str, OutcomeKind] = {}
    statuses: dict[str, InteractionStatus] = {}
    login_url: str | None = None
    lightning_url: str | None = None

    def __post_init__(self) -> None:
        if not (self.objects and self.people and self.task_subtypes):
            raise ValueError("objects, people and task_subtypes need at least one each")
        for name in (*self.external_id_fields.values(), self.voice_call_person):
            check_name(name)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one query for an object brought; `place`: how to go on, None at the end."""

    rows: list[Interaction]
    dropped: int
    place: Place | None
    capped: bool


class Salesforce(VendorConnector):
    vendor = "salesforce"
    kind = SourceKind.CAMPAIGN
    channels = TOLD_CHANNELS
    Credentials = SalesforceCredentials
    Options = SalesforceOptions
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=True,
        page_cap=PAGE_CAP,
        search=True,
        pushes=frozenset({"channels"}),
        live_state=True,
        cannot_see=(
            "Objects, fields and rows that the app's user may not read, archived activities, activities that name the "
            "customer only beside their first contact, converted leads, and the texts of e-mails."
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        options: SalesforceOptions = self.options
        self._api = SalesforceApi(self.http)
        self._questions = Questions(
            external_id_fields=options.external_id_fields,
            task_subtypes=options.task_subtypes,
            fields={"Task": options.task_fields, "VoiceCall": options.voice_call_fields},
            voice_call_person=options.voice_call_person,
            campaigns=options.campaigns,
        )
        self._mapper = Mapper(
            source=self.name,
            region=config.region,
            external_id_source=config.external_id_source,
            external_id_fields={str(name): field for name, field in options.external_id_fields.items()},
            task=options.task_fields,
            voice_call=options.voice_call_fields,
            voice_call_person=options.voice_call_person,
            outcomes=options.outcomes,
            statuses=options.statuses,
            lightning_url=(options.lightning_url or _lightning(config.base_url) or "").rstrip("/") or None,
        )

    def auth(self) -> Auth:
        login_url = self.options.login_url or self.config.base_url
        return client_credentials(login_url, self.credentials.client_id, self.credentials.client_secret)

    async def check(self, deadline: Deadline) -> None:
        asked = [self._questions.sample(name) for name in (*self.options.people, *self.options.objects)]
        await together(self._api.rows(soql, deadline) for soql in asked)

    # who

    async def fetch_records(self, asked: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        numbers = [i.value for i in asked if i.kind is IdentifierKind.PHONE]
        found = await together(self._with_number(number, deadline) for number in numbers)
        own = [i.value for i in asked if i.source == self.name]
        emails = [i.value for i in asked if i.kind is IdentifierKind.EMAIL]
        external = [i.value for i in asked if i.kind is IdentifierKind.EXTERNAL_ID and i.source != self.name]
        return await self._people([*own, *(id_ for ids in found for id_ in ids)], deadline, emails, external)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        looked_for = words(" ".join(text.split()[:MOST_WORDS]))
        number = identifiers.phone(text, self.config.region)
        ids = [] if number is None else await self._with_number(number.value, deadline)
        if len(looked_for) > 1:
            limit = min(limit, CANDIDATES)
            ids += await self._api.search(find(looked_for, "ALL", self.options.people, limit), deadline)
        records = await self._people(ids, deadline)
        return [r for r in records if holds_text(r, text) or any(h.identifier == number for h in r.identifiers)]

    async def _with_number(self, number: str, deadline: Deadline) -> list[str]:
        value = identifiers.e164(number)
        if value is None:
            return []
        return await self._api.search(find(spelled(value), "PHONE", self.options.people, CANDIDATES), deadline)

    async def _people(
        self, ids: Iterable[str], deadline: Deadline, emails: Sequence[str] = (), external: Sequence[str] = ()
    ) -> list[Record]:
        known = sorted(set(ids))
        kinds: tuple[People, ...] = self.options.people
        asked = {kind: self._questions.people(kind, known, emails, external) for kind in kinds}
        of_kind = [(kind, soql) for kind, soql in asked.items() if soql is not None]
        listed = await together(self._api.rows(soql, deadline) for _, soql in of_kind)
        mapped = [
            self._mapper.record(row, kind)
            for (kind, _), found in zip(of_kind, listed, strict=True)
            for row in found.rows
        ]
        return [record for record in mapped if record is not None]

    # what happened

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """The object whose list is behind the others is read on; all, at the beginning."""
        ids = [record.id for record in records if is_id(record.id)]
        places: Mapping[Listed, Place] = query.cursor or {name: Place() for name in self._listed(query)}
        if not ids or not places:
            return Fetched(())
        due = _behind(places, query.ascending)
        steps = await together(self._step(name, places[name], ids[:MOST_RECORDS], query, deadline) for name in due)
        moved = {name: step.place for name, step in zip(due, steps, strict=True)}
        left = {name: place for name in places if (place := moved.get(name, places[name])) is not None}
        return Fetched(
            [row for step in steps for row in step.rows],
            left or None,
            _reached(left, query.ascending),
            capped=len(ids) > MOST_RECORDS or any(step.capped for step in steps),
            dropped=sum(step.dropped for step in steps),
        )

    def _listed(self, query: Query) -> list[Listed]:
        wanted = query.wanted.channels
        calls_wanted = wanted is None or bool(wanted & CALL_CHANNELS)
        return [name for name in dict.fromkeys(self.options.objects) if name == "Task" or calls_wanted]

    async def _step(self, name: Listed, place: Place, ids: Sequence[str], query: Query, deadline: Deadline) -> _Step:
        size = min(PAGE_CAP, max(SMALLEST_PAGE, query.limit + 1))
        soql = self._questions.listed(name, ids, place.window(query), query.ascending, place.limit(size))
        rows, odd, is_last = await self._api.rows(soql, deadline)
        mapped, dropped = await self._mapped(name, rows, ids, deadline)
        times = [at for row in rows if (at := instant(row, STARTED[name])) is not None]
        following = place.follow(times, len(rows) + odd, size, query.ascending, is_last)
        return _Step(mapped, dropped + odd, following, (following or place).capped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        name: Listed = "Task" if external_id.startswith(TASK) else "VoiceCall"
        if name not in self.options.objects or not is_id(external_id):
            return None
        found = await self._api.rows(self._questions.one(name, external_id), deadline)
        mapped, _ = await self._mapped(name, found.rows, (), deadline)
        return next(iter(mapped), None)

    async def _mapped(
        self, name: Listed, rows: Sequence[Row], ids: Sequence[str], deadline: Deadline
    ) -> tuple[list[Interaction], int]:
        """Rows that could be mapped, and how many could not. One call is told once: as a voice call, if it is one."""
        if name == "Task":
            told = await self._told_as_calls(rows, ids, deadline)
            mapped = [self._mapper.from_task(row) for row in rows if text(row, "Id") not in told]
        else:
            followers, now = await self._followers(rows, deadline), self.utc_now()
            mapped = [self._mapper.from_voice_call(row, followers.get(text(row, "Id") or "", ()), now) for row in rows]
        kept = [row for row in mapped if row is not None]
        return kept, len(mapped) - len(kept)

    async def _told_as_calls(self, rows: Sequence[Row], ids: Sequence[str], deadline: Deadline) -> frozenset[str]:
        tasks = _ids(rows) if ids and "VoiceCall" in self.options.objects else []
        asked = [self._questions.tasks_told_as_calls(batch, ids) for batch in _batches(tasks)]
        found = await together(self._api.rows(soql, deadline) for soql in asked)
        return frozenset(id_ for calls in found for row in calls.rows if (id_ := text(row, "ActivityId")) is not None)

    async def _followers(self, rows: Sequence[Row], deadline: Deadline) -> Mapping[str, list[Row]]:
        first = _ids(row for row in rows if text(row, "NextCallId") is not None)
        asked = [self._questions.followers(batch) for batch in _batches(first)]
        found = [
            row for calls in await together(self._api.rows(soql, deadline) for soql in asked) for row in calls.rows
        ]
        before = {text(row, "Id"): text(row, "PreviousCallId") for row in found}
        followers: dict[str, list[Row]] = {id_: [] for id_ in first}
        for row in found:
            leader = text(row, "PreviousCallId")
            for _ in LED_BY:
                if leader in followers:
                    followers[leader].append(row)
                    break
                leader = before.get(leader)
        return followers


def _ids(rows: Iterable[Row]) -> list[str]:
    return [id_ for row in rows if (id_ := text(row, "Id")) is not None and is_id(id_)]


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + IDS_A_QUERY] for start in range(0, len(ids), IDS_A_QUERY)]


def _behind(places: Mapping[Listed, Place], ascending: bool) -> list[Listed]:
    """Those whose edge is nearest to where the read began."""
    nearest = _reached(places, ascending)
    unread = LATEST if not ascending else EARLIEST
    return [name for name, place in places.items() if (place.edge or unread) == nearest]


def _reached(places: Mapping[Listed, Place], ascending: bool) -> datetime:
    """Up to here every list has been given: nowhere, while one has given nothing that could be read."""
    if ascending:
        return min((place.edge or EARLIEST for place in places.values()), default=LATEST)
    return max((place.edge or LATEST for place in places.values()), default=EARLIEST)


def _lightning(base_url: str) -> str | None:
    """Where people open a record: beside `https://acme.my.salesforce.com` it is `https://acme.lightning.force.com`."""
    url = httpx.URL(base_url)
    name, found, _ = url.host.partition(".my.salesforce.com")
    return f"{url.scheme}://{name}.lightning.force.com" if found else None
