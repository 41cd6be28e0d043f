"""SurveyMonkey: the configured surveys that one recipient of invitations answered.

A response tells who gave it by the address that the invitation went to, so a person is an e-mail address. What is
asked and how it is mapped: docs/connectors/surveymonkey.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth, Params, StaticAuth
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, decode_rows, together
from connectors.side_by_side import Batch, side_by_side
from connectors.survey.surveymonkey_mapping import (
    REHEARSALS,
    ContactRow,
    CustomField,
    Fields,
    ResponseMapper,
    ResponseRow,
    Survey,
    SurveyOption,
    SurveyRow,
    record,
)

PAGE_CAP = 100
CANDIDATES = 12
"""Contacts looked at for one number or id: enough to tell one that many share."""

RESPONSES_TO_KNOW = 10
"""Responses of one survey that are looked at to know whom an address belongs to."""

SURVEYS_LIFETIME_SECONDS = 3600.0

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)


class _Rows(msgspec.Struct):
    data: list[msgspec.Raw]


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The access token of a private app of the account."""

    access_token: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """phone_field, external_id_field: which of a contact's custom fields (1 to 6) hold them. site_url: where people
    open responses."""

    surveys: Annotated[list[SurveyOption], msgspec.Meta(min_length=1)]
    phone_field: CustomField | None = None
    external_id_field: CustomField | None = None
    site_url: str = "https://www.surveymonkey.com/"


class SurveyMonkey(VendorConnector):
    vendor = "surveymonkey"
    kind = SourceKind.SURVEY
    channels = frozenset({Channel.SURVEY})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=1,
        page_cap=PAGE_CAP,
        cannot_see="Surveys that are not configured, responses that came by a link and not by an invitation, "
        "anonymous responses, and surveys that the token's owner may not read.",
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        options = self.options
        self._options = {survey.id: survey for survey in options.surveys}
        external_id = options.external_id_field if config.external_id_source is not None else None
        self._fields = Fields(options.phone_field, external_id)
        if options.phone_field is None:
            without = self.capabilities.finds_by - {IdentifierKind.PHONE}
            self.capabilities = replace(self.capabilities, finds_by=without)
        self._mapper = ResponseMapper(self.name, options.site_url)
        self._surveys: Kept[str, Survey] = Kept(SURVEYS_LIFETIME_SECONDS)

    def auth(self) -> Auth:
        return StaticAuth("Authorization", f"Bearer {self.credentials.access_token}")

    async def check(self, deadline: Deadline) -> None:
        """Asks each survey for one response, as its answers need a scope of their own."""
        await together(self._bulk(survey, [("per_page", 1)], deadline) for survey in self._options)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._people(identifier, deadline) for identifier in identifiers)
        return [one for records in found for one in records]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        people = (identifiers.email(record.id) for record in records)
        lists = [(survey, person.value) for person in people if person is not None for survey in self._options]
        return await side_by_side(query, lists, lambda asked, page: self._batch(asked, query, page or 1, deadline))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """`external_id`: survey and response."""
        survey_id, _, response_id = external_id.partition(":")
        option = self._options.get(survey_id)
        if option is None or not _NUMBER.fullmatch(response_id):
            return None
        path = f"/v3/surveys/{survey_id}/responses/{response_id}/details"
        row = await self.http.get_or_none(path, ResponseRow, deadline)
        if row is None or row.collection_mode in REHEARSALS:
            return None
        return self._mapper.response(row, option, await self._survey(survey_id, deadline))

    async def _people(self, identifier: Identifier, deadline: Deadline) -> list[Record]:
        """By an address from the responses themselves; by a number or another system's id through the contacts."""
        if identifier.kind is IdentifierKind.PHONE:
            asked = identifiers.spellings(identifier.value, self.config.region)
            return await self._contacts(self._fields.phone, asked, deadline)
        if identifier.kind is IdentifierKind.EXTERNAL_ID and identifier.source != self.name:
            return await self._contacts(self._fields.external_id, [identifier.value], deadline)
        person = identifiers.email(identifier.value)
        if person is None:
            return []
        params: Params = [("email", person.value), ("per_page", RESPONSES_TO_KNOW)]
        answers = await together(self._bulk(survey, params, deadline) for survey in self._options)
        rows = decode_rows((raw for answer in answers for raw in answer), ResponseRow)[0]
        theirs = [row for row in rows if identifiers.email(row.told("email")) == person]
        return [self._record(person, theirs)] if theirs else []

    async def _contacts(self, field: int | None, values: Iterable[str], deadline: Deadline) -> list[Record]:
        """A list tells no custom fields: each contact is read on its own and looked at again."""
        if field is None:
            return []
        params: list[Params] = [[("search_by", field), ("search", value), ("per_page", CANDIDATES)] for value in values]
        answers = await together(self.http.get("/v3/contacts", _Rows, deadline, asked) for asked in params)
        hits = decode_rows((raw for answer in answers for raw in answer.data), ContactRow)[0]
        ids = dict.fromkeys(hit.id for hit in hits if _NUMBER.fullmatch(hit.id))
        found = await together(
            self.http.get_or_none(f"/v3/contacts/{id_}", ContactRow, deadline) for id_ in list(ids)[:CANDIDATES]
        )
        people: dict[Identifier, list[ContactRow]] = {}
        for contact in found:
            person = None if contact is None else identifiers.email(contact.email or "")
            if contact is not None and person is not None:
                people.setdefault(person, []).append(contact)
        return [self._record(person, contacts) for person, contacts in people.items()]

    async def _batch(self, asked: tuple[str, str], query: Query, page: int, deadline: Deadline) -> Batch:
        """By when they changed, as there is no other order: every page is read."""
        survey_id, person = asked
        params: Params = [
            ("email", person),
            *_bounds(query),
            ("sort_by", "date_modified"),
            ("sort_order", "DESC"),
            ("per_page", PAGE_CAP),
            ("page", page),
        ]
        rows = await self._bulk(survey_id, params, deadline)
        option, survey = self._options[survey_id], Survey(None, ())
        if rows:
            survey = await self._survey(survey_id, deadline)
        responses, dropped = decode_rows(rows, ResponseRow)
        given = [row for row in responses if row.collection_mode not in REHEARSALS]
        mapped = [self._mapper.response(row, option, survey) for row in given]
        items = [row for row in mapped if row is not None]
        following = page + 1 if len(rows) >= PAGE_CAP else None
        return Batch(items, following, dropped=dropped + len(mapped) - len(items))

    async def _bulk(self, survey_id: str, params: Params, deadline: Deadline) -> list[msgspec.Raw]:
        return (await self.http.get(f"/v3/surveys/{survey_id}/responses/bulk", _Rows, deadline, params)).data

    async def _survey(self, id_: str, deadline: Deadline) -> Survey:
        async def read() -> Survey:
            return Survey.of(await self.http.get(f"/v3/surveys/{id_}/details", SurveyRow, deadline))

        return await self._surveys.get(id_, deadline, read)

    def _record(self, person: Identifier, told: Sequence[ContactRow | ResponseRow]) -> Record:
        config = self.config
        return record(person, told, self.name, self._fields, config.external_id_source, config.region)


def _bounds(query: Query) -> Params:
    """Whole seconds in UTC, a second wider on either side: whether the ends are included is not said."""
    start, end = query.window.start, query.window.end
    since: Params = [] if start is None else [("start_created_at", _iso(start.timestamp() - 1))]
    return since if end is None else [*since, ("end_created_at", _iso(end.timestamp() + 1))]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).isoformat()
