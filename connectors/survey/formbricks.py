"""Formbricks: the surveys that one contact answered.

Responses by contact and time come from the management API v2. It has no search for contacts, so all of them are read
through v1 and kept for a while. What is asked and how it is mapped: docs/connectors/formbricks.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth, Params, StaticAuth
from connectors.identifiers import external
from connectors.interaction import Channel, HeldIdentifier, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, decode_rows, plausible, together
from connectors.side_by_side import Batch, side_by_side
from connectors.survey.formbricks_mapping import (
    Attribute,
    AttributeKey,
    Attributes,
    Contact,
    Directory,
    RecordBuilder,
    ResponseMapper,
    ResponseRow,
    SurveyRow,
)

V1, V2 = "/api/v1/management", "/api/v2/management"
PAGE_CAP = 250
SMALLEST_PAGE = 25
"""A page begins again with the instant that the last one ended at, so that one of few rows would hardly go on."""

DIRECTORY_LIFETIME_SECONDS = 600.0
SURVEYS_LIFETIME_SECONDS = 3600.0
MOST_KEY_PAGES = 10
MILLISECOND = timedelta(milliseconds=1)

_ID = re.compile(r"[a-z0-9]{8,40}", re.ASCII)
HIDDEN = (403, 404)
"""Surveys that may not be read, or are gone: the id stands in for their name."""


class _Rows(msgspec.Struct):
    data: list[msgspec.Raw]


class _One(msgspec.Struct):
    """A response, or one wrapped in `data`: a response's own `data` are its answers, and it has an id."""

    data: msgspec.Raw
    id: str | None = None


class _Survey(msgspec.Struct):
    data: SurveyRow


class _Contact(msgspec.Struct):
    data: Contact


class _Me(msgspec.Struct, rename="camel"):
    organization_id: str


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    api_key: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """site_url: where people open Formbricks, when not at the API's address. directory: whether contacts are looked up
    by what they carry; without it they are known by Formbricks' own ids alone. The attributes say who a contact is.
    nps_questions: question ids by survey id, where a survey has several NPS questions or none of that type."""

    site_url: str | None = None
    directory: bool = True
    email_attribute: str = "email"
    phone_attribute: str | None = None
    external_id_attribute: str = "userId"
    nps_questions: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Place:
    """Rows from the instant `edge` on, but for the first `skip` of them."""

    edge: datetime | None
    skip: int = 0


class Formbricks(VendorConnector):
    vendor = "formbricks"
    kind = SourceKind.SURVEY
    channels = frozenset({Channel.SURVEY})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=0,
        page_cap=PAGE_CAP,
        cannot_see="Responses without a contact, those of workspaces that the key has no access to, "
        "and who became a contact in the last ten minutes.",
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        options = self.options
        self.capabilities = replace(self.capabilities, finds_by=_finds_by(options))
        external_id = options.external_id_attribute if config.external_id_source is not None else None
        attributes = Attributes(options.email_attribute, options.phone_attribute, external_id)
        self._builder = RecordBuilder(self.name, attributes, config.external_id_source, config.region)
        site = (options.site_url or config.base_url).rstrip("/")
        self._mapper = ResponseMapper(self.name, site, options.nps_questions)
        self._directory: Kept[None, Directory] = Kept(DIRECTORY_LIFETIME_SECONDS)
        self._surveys: Kept[str, SurveyRow | None] = Kept(SURVEYS_LIFETIME_SECONDS)

    def auth(self) -> Auth:
        return StaticAuth("x-api-key", self.credentials.api_key)

    async def check(self, deadline: Deadline) -> None:
        """Asks whose key it is, and whether it may read what contacts are found by."""
        await self.http.get("/api/v2/me", _Me, deadline)
        if self.options.directory:
            await self._keys_from(0, 1, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        if not self.options.directory:
            own = [identifier for identifier in identifiers if identifier.source == self.name]
            found = await together(self._contact(identifier.value, deadline) for identifier in own)
            return [record for record in found if record is not None]
        directory = await self._directory.get(None, deadline, lambda: self._read_directory(deadline))
        return directory.with_any(identifiers)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        ids = [record.id for record in records if _ID.fullmatch(record.id)]
        return await side_by_side(query, ids, lambda id_, place: self._batch(id_, query, place, deadline))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not _ID.fullmatch(external_id):
            return None
        answer = await self.http.send("GET", f"{V2}/responses/{external_id}", deadline, expect=(404,))
        if answer.status == 404:
            return None
        told = self.http.decode(answer.body, _One)
        row = self.http.decode(bytes(told.data) if told.id is None else answer.body, ResponseRow)
        return self._mapper.response(row, await self._survey(row.survey_id, deadline))

    async def _batch(self, contact_id: str, query: Query, place: _Place | None, deadline: Deadline) -> Batch:
        """Each page begins with the instant that the last one ended at: offsets alone lose rows when others are
        deleted, and there is no order among rows of one instant."""
        size = max(SMALLEST_PAGE, min(query.limit, PAGE_CAP))
        place = place or _Place(None)
        params: Params = [
            ("contactId", contact_id),
            ("filterDateField", "createdAt"),
            ("sortBy", "createdAt"),
            ("order", "asc" if query.ascending else "desc"),
            ("limit", size),
            ("skip", place.skip),
            *_bounds(query, place.edge),
        ]
        answer = await self.http.get(f"{V2}/responses", _Rows, deadline, params)
        rows, dropped = decode_rows(answer.data, ResponseRow)
        surveys = await self._surveys_of(rows, deadline)
        mapped = [self._mapper.response(row, surveys[row.survey_id]) for row in rows]
        items = [row for row in mapped if row is not None]
        times = [at for row in rows if (at := plausible(row.created_at)) is not None]
        edge = times[-1] if times else None
        following: _Place | None = None
        if len(answer.data) >= size:
            stays = edge is None or edge == place.edge
            following = _Place(place.edge, place.skip + len(answer.data)) if stays else _Place(edge)
        return Batch(items, following, edge, dropped=dropped + len(mapped) - len(items))

    async def _surveys_of(self, rows: Sequence[ResponseRow], deadline: Deadline) -> dict[str, SurveyRow | None]:
        ids = sorted({row.survey_id for row in rows})
        return dict(zip(ids, await together(self._survey(id_, deadline) for id_ in ids), strict=True))

    async def _survey(self, id_: str, deadline: Deadline) -> SurveyRow | None:
        async def read() -> SurveyRow | None:
            answer = await self.http.send("GET", f"{V1}/surveys/{id_}", deadline, expect=HIDDEN)
            return None if answer.status in HIDDEN else self.http.decode(answer.body, _Survey).data

        return await self._surveys.get(id_, deadline, read) if _ID.fullmatch(id_) else None

    async def _contact(self, id_: str, deadline: Deadline) -> Record | None:
        """One that is known by its id alone: what it carries is told of all contacts at once, or not at all."""
        if not _ID.fullmatch(id_):
            return None
        answer = await self.http.send("GET", f"{V1}/contacts/{id_}", deadline, expect=(404,))
        if answer.status == 404:
            return None
        self.http.decode(answer.body, _Contact)  # an answer of another shape is none
        return Record(source=self.name, id=id_, identifiers=(HeldIdentifier(external(self.name, id_), True),))

    async def _read_directory(self, deadline: Deadline) -> Directory:
        keys = await self._read_keys(deadline)
        return Directory(keys, await self._read_attributes(deadline), self._builder)

    async def _read_keys(self, deadline: Deadline) -> list[AttributeKey]:
        keys: list[AttributeKey] = []
        for page in range(MOST_KEY_PAGES):
            rows = await self._keys_from(page * PAGE_CAP, PAGE_CAP, deadline)
            keys += decode_rows(rows, AttributeKey)[0]
            if len(rows) < PAGE_CAP:
                break
        return keys

    async def _keys_from(self, skip: int, limit: int, deadline: Deadline) -> list[msgspec.Raw]:
        params: Params = [("limit", limit), ("skip", skip)]
        return (await self.http.get(f"{V2}/contact-attribute-keys", _Rows, deadline, params)).data

    async def _read_attributes(self, deadline: Deadline) -> list[Attribute]:
        """Of everybody: neither pages nor filters are to be had."""
        answer = await self.http.get(f"{V1}/contact-attributes", _Rows, deadline)
        return decode_rows(answer.data, Attribute)[0]


def _finds_by(options: _Options) -> frozenset[IdentifierKind]:
    if not options.directory:
        return frozenset({IdentifierKind.EXTERNAL_ID})
    addresses = {IdentifierKind.EMAIL} | ({IdentifierKind.PHONE} if options.phone_attribute else set())
    return frozenset({IdentifierKind.EXTERNAL_ID, *addresses})


def _bounds(query: Query, edge: datetime | None) -> Params:
    """Formbricks keeps milliseconds and includes both ends; asked wider, it would not matter if it did not."""
    start, end = query.window.start, query.window.end
    if edge is not None:
        start, end = (edge, end) if query.ascending else (start, edge + MILLISECOND)
    told = (("startDate", start), ("endDate", end if end is None else end + MILLISECOND))
    return [(name, _iso(at)) for name, at in told if at is not None]


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
