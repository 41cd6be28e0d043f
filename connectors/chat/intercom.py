"""Intercom: the conversations that one contact had, be they in the messenger, by e-mail or on another channel.

Both lists are searches. Dates in them count as whole days of the workspace's time zone, so they are asked for wider.
What is asked and how it is mapped: docs/connectors/intercom.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.chat.intercom_mapping import CHANNELS, ContactRow, ConversationMapper, ConversationRow, Names, record
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth, StaticAuth, segment
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, decode_rows, from_unix, together
from connectors.side_by_side import Batch, side_by_side

T = TypeVar("T")

VERSION = ("Intercom-Version", "2.14")
PAGE_CAP, SMALLEST_PAGE = 150, 20
CONTACTS_A_SEARCH = 50
IDS_A_SEARCH = 15
"""Values that a group of conditions may have."""

DAY = timedelta(hours=26)
"""The longest calendar day has 25 hours: so far away it is another day in any time zone."""

LIFETIME_SECONDS = 600.0
HIDDEN = (403, 404)
"""Names that may not be read: the ids stand in for them."""


_CONTACT_ID = re.compile(r"[0-9a-f]{16,40}", re.ASCII)
_CONVERSATION_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


class _Next(msgspec.Struct):
    starting_after: str | None = None


class _Pages(msgspec.Struct):
    next: _Next | None = None


class _Contacts(msgspec.Struct):
    data: list[msgspec.Raw]


class _Conversations(msgspec.Struct):
    conversations: list[msgspec.Raw]
    pages: _Pages | None = None


class _Workspace(msgspec.Struct):
    id_code: str


class _Me(msgspec.Struct):
    app: _Workspace


class _Named(msgspec.Struct):
    id: str
    name: str | None = None


class _Admins(msgspec.Struct):
    admins: list[msgspec.Raw]


class _Teams(msgspec.Struct):
    teams: list[msgspec.Raw]


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The access token of an app of the workspace."""

    access_token: str


class _Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """site_url: where admins open conversations, when that is not the address that goes with the API's region."""

    site_url: str | None = None


class Intercom(VendorConnector):
    vendor = "intercom"
    kind = SourceKind.CHAT
    channels = frozenset({*CHANNELS.values(), Channel.OTHER})
    Credentials = _Credentials
    Options = _Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=86_400,
        page_cap=PAGE_CAP,
        search=True,
        pushes=frozenset({"active_since"}),
        live_state=True,
        cannot_see="Conversations of other workspaces, contacts made in the last minutes or merged into another one, "
        "and all but the 500 newest parts of a conversation.",
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        self._site = (self.options.site_url or _site_of(config.base_url)).rstrip("/")
        self._mapper = ConversationMapper(self.name)
        self._inbox_urls: Kept[None, str] = Kept(LIFETIME_SECONDS)
        self._names: Kept[None, Names] = Kept(LIFETIME_SECONDS)

    def auth(self) -> Auth:
        return StaticAuth("Authorization", f"Bearer {self.credentials.access_token}")

    async def check(self, deadline: Deadline) -> None:
        """Asks whose token it is."""
        await self._get("/me", _Me, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._contacts(identifier, deadline) for identifier in identifiers)
        return [self._record(contact) for contacts in found for contact in contacts]

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        """A number or an address as what it is, else a part of the name or the address."""
        known = identifiers.phone(text, self.config.region) or identifiers.email(text)
        if known is not None:
            return [self._record(contact) for contact in await self._contacts(known, deadline)]
        query = {"operator": "OR", "value": [_is("name", "~", text), _is("email", "~", text)]}
        return [self._record(contact) for contact in await self._search(query, limit, deadline)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        ids = [record.id for record in records if _CONTACT_ID.fullmatch(record.id)]
        groups = [tuple(ids[at : at + IDS_A_SEARCH]) for at in range(0, len(ids), IDS_A_SEARCH)]
        return await side_by_side(query, groups, lambda group, place: self._batch(group, query, place, deadline))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """With its messages; a search tells the first one alone."""
        if not _CONVERSATION_ID.fullmatch(external_id):
            return None
        row = await self._get_or_none(f"/conversations/{external_id}", ConversationRow, deadline)
        return None if row is None else self._mapper.conversation(row, *await self._known(deadline))

    async def _batch(self, ids: tuple[str, ...], query: Query, after: str | None, deadline: Deadline) -> Batch:
        pagination: dict[str, Any] = {"per_page": max(SMALLEST_PAGE, min(query.limit, PAGE_CAP))}
        body = {
            "query": {"operator": "AND", "value": [_is("contact_ids", "IN", ids), *_days(query)]},
            "sort": {"field": "created_at", "order": "ascending" if query.ascending else "descending"},
            "pagination": pagination if after is None else pagination | {"starting_after": after},
        }
        found = await self._post("/conversations/search", body, _Conversations, deadline)
        rows, dropped = decode_rows(found.conversations, ConversationRow)
        times = [at for row in rows if (at := from_unix(row.created_at)) is not None]
        if len(times) > 1 and (times[0] > times[-1] if query.ascending else times[0] < times[-1]):
            raise MalformedError(self.name, "it does not list conversations in the order asked for")
        known = await self._known(deadline)
        mapped = [self._mapper.conversation(row, *known, asked=ids) for row in rows]
        items = [row for row in mapped if row is not None]
        following = found.pages.next.starting_after if found.pages and found.pages.next else None
        reached = times[-1] if times else None
        return Batch(items, following, reached, dropped=dropped + len(mapped) - len(items))

    async def _contacts(self, identifier: Identifier, deadline: Deadline) -> list[ContactRow]:
        """By its own id without a search, which learns of new contacts minutes later."""
        if identifier.kind is IdentifierKind.EXTERNAL_ID and identifier.source == self.name:
            if not _CONTACT_ID.fullmatch(identifier.value):
                return []
            contact = await self._get_or_none(f"/contacts/{segment(identifier.value)}", ContactRow, deadline)
            return [] if contact is None else [contact]
        field = {IdentifierKind.PHONE: "phone", IdentifierKind.EMAIL: "email"}.get(identifier.kind, "external_id")
        return await self._search(_is(field, "=", identifier.value), CONTACTS_A_SEARCH, deadline)

    async def _search(self, query: dict[str, Any], limit: int, deadline: Deadline) -> list[ContactRow]:
        body = {"query": query, "pagination": {"per_page": max(1, min(limit, CONTACTS_A_SEARCH))}}
        found = await self._post("/contacts/search", body, _Contacts, deadline)
        return decode_rows(found.data, ContactRow)[0]

    async def _known(self, deadline: Deadline) -> tuple[Names, str]:
        names = await self._names.get(None, deadline, lambda: self._read_names(deadline))
        return names, await self._inbox_urls.get(None, deadline, lambda: self._read_inbox_url(deadline))

    async def _read_names(self, deadline: Deadline) -> Names:
        admins = await self._get_or_none("/admins", _Admins, deadline, HIDDEN)
        teams = await self._get_or_none("/teams", _Teams, deadline, HIDDEN)
        return Names(_by_id(admins.admins if admins else ()), _by_id(teams.teams if teams else ()))

    async def _read_inbox_url(self, deadline: Deadline) -> str:
        workspace = (await self._get("/me", _Me, deadline)).app.id_code
        return f"{self._site}/a/inbox/{segment(workspace)}/inbox/conversation"

    async def _get(self, path: str, type_: type[T], deadline: Deadline) -> T:
        return self.http.decode((await self.http.send("GET", path, deadline, headers=(VERSION,))).body, type_)

    async def _get_or_none(
        self, path: str, type_: type[T], deadline: Deadline, nothing: Sequence[int] = (404,)
    ) -> T | None:
        answer = await self.http.send("GET", path, deadline, headers=(VERSION,), expect=nothing)
        return None if answer.status in nothing else self.http.decode(answer.body, type_)

    async def _post(self, path: str, body: Any, type_: type[T], deadline: Deadline) -> T:
        answer = await self.http.send("POST", path, deadline, json=body, headers=(VERSION,))
        return self.http.decode(answer.body, type_)

    def _record(self, contact: ContactRow) -> Record:
        return record(contact, self.name, self.config.external_id_source, self.config.region)


def _is(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def _days(query: Query) -> list[dict[str, Any]]:
    """`>` begins with the day after the one of its value, `<` ends before the day of its value."""
    start, end, active_since = query.window.start, query.window.end, query.wanted.active_since
    bounds = (
        ("created_at", ">", None if start is None else start - DAY),
        ("created_at", "<", None if end is None else end + DAY),
        ("updated_at", ">", None if active_since is None else active_since - DAY),
    )
    return [_is(field, operator, _unix(at)) for field, operator, at in bounds if at is not None]


def _unix(at: datetime) -> int:
    return max(0, int(at.timestamp()))


def _by_id(rows: Sequence[msgspec.Raw]) -> dict[str, str]:
    return {row.id: row.name for row in decode_rows(rows, _Named)[0] if row.name}


def _site_of(api_url: str) -> str:
    """`https://api.eu.intercom.io` serves `https://app.eu.intercom.com`."""
    host = httpx.URL(api_url).host
    if host.startswith("api.") and host.endswith("intercom.io"):
        return f"https://app.{host.removeprefix('api.').removesuffix('.io')}.com"
    return api_url
