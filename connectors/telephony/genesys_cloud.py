"""Genesys Cloud: every conversation of an external contact, on whatever medium.

The list is Analytics' detail query, which can be read from any day in both directions; journey sessions tell what
analytics does not know yet. Both fold by conversation id. What it sees and what not: docs/connectors/genesys_cloud.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth, ClientCredentials, Params, segment
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, both, decode_rows, plausible, together
from connectors.telephony.genesys_api import (
    Contact,
    ContactListing,
    Conversation,
    ConversationPage,
    ExternalSource,
    JourneySession,
    JourneySessionListing,
    ReverseLookup,
)
from connectors.telephony.genesys_chunks import DAY, Chunk, ChunkPage, Plan
from connectors.telephony.genesys_contacts import ContactReader, head_of, lookups, members_of
from connectors.telephony.genesys_mapping import SURVEY_MARK, Setting, contact_ids_of, mentioned, rows_of, session_row
from connectors.telephony.genesys_names import Names

CONTACTS = "/api/v2/externalcontacts/contacts"
IDENTIFIER_LOOKUP = "/api/v2/externalcontacts/identifierlookup/contacts"
REVERSE_LOOKUP = "/api/v2/externalcontacts/reversewhitepageslookup"
DETAILS = "/api/v2/analytics/conversations/details"
DETAILS_QUERY = "/api/v2/analytics/conversations/details/query"
EXPANDED = (("expand", "identifiers"), ("expand", "externalSources"), ("expand", "division"))

MIN_PAGE_SIZE = 25
"""However little is wanted: rows of one instant come in one page or two, not one by one."""
NOT_THERE = (400, 404, 410)
"""400 too: it is how an id of another shape than Genesys' own is refused."""
NOBODY = "00000000-0000-0000-0000-000000000000"
BEGINNING = datetime.min.replace(tzinfo=UTC)
SESSIONS_A_READ = 100
LAGGING_A_READ = 50
ANALYTICS_LAG = DAY
"""How long ago a conversation may have ended that analytics has not got yet."""
CLOCK_SKEW = timedelta(minutes=5)
MERGE_SECONDS = 600.0


class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client_id: str
    client_secret: str


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """login_url, apps_url: default to the region of the base address. external_source: id, and external_source_name:
    name, of the external source in Genesys that holds the ids of `external_id_source`. history_days: how far back
    the organisation keeps conversations; older ones are not asked for."""

    login_url: str | None = None
    apps_url: str | None = None
    external_source: str | None = None
    external_source_name: str | None = None
    history_days: int = 558


class GenesysCloud(VendorConnector):
    vendor = "genesys_cloud"
    kind = SourceKind.TELEPHONY
    channels = frozenset(
        {
            Channel.VOICE,
            Channel.CALLBACK,
            Channel.VIDEO,
            Channel.COBROWSE,
            Channel.CHAT,
            Channel.WEB_MESSAGING,
            Channel.EMAIL,
            Channel.WHATSAPP,
            Channel.SMS,
            Channel.LINE,
            Channel.X,
            Channel.FACEBOOK,
            Channel.INSTAGRAM,
            Channel.TELEGRAM,
            Channel.APPLE_MESSAGES,
            Channel.SURVEY,
            Channel.OTHER,
        }
    )
    Credentials = Credentials
    Options = Options
    capabilities = Capabilities(
        seek=True,
        ascending=True,
        finds_by=frozenset(IdentifierKind),
        window_granularity_seconds=86_400,
        page_cap=100,
        search=True,
        live_state=True,
        history_days=558,
        cannot_see=(
            "Conversations, contacts and queues of divisions that the OAuth client's role does not hold; "
            "web visits without a conversation; message texts."
        ),
    )

    def __init__(self, config: SourceConfig, transport: httpx.AsyncBaseTransport, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, transport, *args, **kwargs)
        options: Options = self.options
        self.capabilities = replace(self.capabilities, history_days=options.history_days)
        self._apps_url = (options.apps_url or _beside(config.base_url, "apps") or "").rstrip("/") or None
        self._external_source = ExternalSource(options.external_source, options.external_source_name)
        self._reader = ContactReader(config.name, config.region, config.external_id_source, self._external_source)
        self._merge_sets: Kept[str, frozenset[str]] = Kept(MERGE_SECONDS, size=10_000)
        self._names = Names(self.http)

    def auth(self) -> Auth:
        """A base address that is no `api.` host (a proxy) is taken to answer for the login host too."""
        base_url = self.config.base_url
        login_url = self.options.login_url or _beside(base_url, "login") or base_url
        token_url = f"{login_url.rstrip('/')}/oauth/token"
        return ClientCredentials(token_url, self.credentials.client_id, self.credentials.client_secret)

    async def check(self, deadline: Deadline) -> None:
        """Needs both permissions without which there is nothing to show: of contacts and of conversations."""
        await self.http.get(CONTACTS, ContactListing, deadline, [("pageSize", 1)])
        today = Plan.over(self.utc_now(), self.utc_now() + timedelta(seconds=1), ascending=True, page_size=1)
        await self._query(today.next_chunks()[0], today, [NOBODY], deadline)

    # who

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._contacts_of(identifier, deadline) for identifier in identifiers)
        return await self._records([contact for contacts in found for contact in contacts], deadline)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        params: Params = [("q", text), ("pageSize", min(limit, 100)), ("pageNumber", 1), *EXPANDED]
        listing = await self.http.get(CONTACTS, ContactListing, deadline, params)
        contacts, _ = decode_rows(listing.entities or (), Contact)
        return await self._records(contacts, deadline)

    async def _contacts_of(self, identifier: Identifier, deadline: Deadline) -> list[Contact]:
        """One claims an identifier exactly; up to 25 more may have it typed into a field."""
        if identifier.kind is IdentifierKind.EXTERNAL_ID and identifier.source == self.name:
            contact = await self._contact(identifier.value, deadline)
            return [] if contact is None else [contact]
        asked = [self._claiming(body, deadline) for body in lookups(identifier, self._external_source)]
        if identifier.kind in (IdentifierKind.PHONE, IdentifierKind.EMAIL):
            asked.append(self._carrying(identifier.value, deadline))
        return [contact for contacts in await together(asked) for contact in contacts]

    async def _claiming(self, body: dict[str, object], deadline: Deadline) -> list[Contact]:
        answer = await self.http.send("POST", IDENTIFIER_LOOKUP, deadline, params=EXPANDED, json=body, expect=NOT_THERE)
        return [] if answer.status in NOT_THERE else [self.http.decode(answer.body, Contact)]

    async def _carrying(self, value: str, deadline: Deadline) -> list[Contact]:
        params: Params = [("lookupVal", value), ("divisionId", "*"), ("expand", "division")]
        listing = await self.http.get_or_none(REVERSE_LOOKUP, ReverseLookup, deadline, params)
        return decode_rows((listing.contacts if listing else None) or (), Contact)[0]

    async def _contact(self, contact_id: str, deadline: Deadline) -> Contact | None:
        """None also for one that the credential's divisions hide."""
        path = f"{CONTACTS}/{segment(contact_id)}"
        answer = await self.http.send("GET", path, deadline, params=EXPANDED, expect=(403, *NOT_THERE))
        return None if answer.status in (403, *NOT_THERE) else self.http.decode(answer.body, Contact)

    async def _records(self, contacts: Iterable[Contact], deadline: Deadline) -> list[Record]:
        """One for each person: merged contacts are their head's."""
        parts: dict[str, list[Contact]] = {}
        for contact in contacts:
            parts.setdefault(head_of(contact), []).append(contact)
        missing = [id_ for id_, known in parts.items() if all(part.id != id_ for part in known)]
        for head in await together(self._contact(id_, deadline) for id_ in missing):
            if head is not None:
                parts.setdefault(head.id, []).append(head)
        records = []
        for id_, known in parts.items():
            head = next((part for part in known if part.id == id_), None)
            if head is not None:
                await self._members(head.id, deadline, head)
                records.append(self._reader.record(head, known))
        return records

    async def _members(self, record_id: str, deadline: Deadline, known: Contact | None = None) -> frozenset[str]:
        """Ids under which this person's conversations are kept: a merge does not rewrite them."""

        async def read() -> frozenset[str]:
            contact = known or await self._contact(record_id, deadline)
            return members_of(contact) if contact else frozenset({record_id})

        return await self._merge_sets.get(record_id, deadline, read)

    async def _record_ids(self, record_ids: Sequence[str], deadline: Deadline) -> dict[str, str]:
        """The record of each contact id."""
        members = await together(self._members(id_, deadline) for id_ in record_ids)
        record_of = {member: id_ for id_, found in zip(record_ids, members, strict=True) for member in found}
        return record_of | {id_: id_ for id_ in record_ids}

    # what happened

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        plan = query.cursor or self._plan(query)
        if plan is None or plan.done:
            return Fetched(())
        record_ids = await self._record_ids([record.id for record in records], deadline)
        asked = plan.next_chunks()
        is_newest = query.cursor is None and not query.ascending
        is_live = is_newest and (query.window.end is None or query.window.end > self.utc_now())
        sessions, answers = await both(
            self._sessions([record.id for record in records] if is_live else [], deadline),
            together(self._query(chunk, plan, sorted(record_ids), deadline) for chunk in asked),
        )
        plan = plan.after(asked, [answer.page for answer in answers])
        conversations = [
            conversation
            for chunk, answer in zip(asked, answers, strict=True)
            for conversation in answer.conversations
            if chunk.holds(conversation.conversation_start) or not plausible(conversation.conversation_start)
        ]
        late = await self._lagging(sessions, conversations, plan.reached, deadline)
        rows, dropped = await self._map([*conversations, *late], sessions, record_ids, plan.reached, deadline)
        dropped += sum(answer.dropped for answer in answers)
        return Fetched(rows, None if plan.done else plan, plan.reached, dropped=dropped)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        conversation_id = external_id.partition(SURVEY_MARK)[0]
        path = f"/api/v2/analytics/conversations/{segment(conversation_id)}/details"
        answer = await self.http.send("GET", path, deadline, expect=NOT_THERE)
        if answer.status in NOT_THERE:
            return None
        conversation = self.http.decode(answer.body, Conversation)
        record_ids = {}
        for contact_id in contact_ids_of(conversation):
            contact = await self._contact(contact_id, deadline)
            record_ids[contact_id] = head_of(contact) if contact else contact_id
        rows, _ = await self._map([conversation], {}, record_ids, None, deadline)
        return next((row for row in rows if row.external_id == external_id), None)

    def _plan(self, query: Query) -> Plan | None:
        now = self.utc_now() + CLOCK_SKEW
        oldest = now - timedelta(days=self.options.history_days)
        start = oldest if query.window.start is None else max(query.window.start, oldest)
        end = now if query.window.end is None else min(query.window.end, now)
        return Plan.over(start, end, query.ascending, max(query.limit, MIN_PAGE_SIZE)) if start < end else None

    async def _query(self, chunk: Chunk, plan: Plan, contact_ids: Sequence[str], deadline: Deadline) -> Answered:
        predicates = [
            {"type": "dimension", "dimension": "externalContactId", "operator": "matches", "value": id_}
            for id_ in contact_ids
        ]
        body = {
            "interval": chunk.interval,
            "order": "asc" if plan.ascending else "desc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": plan.page_size, "pageNumber": chunk.page},
            "segmentFilters": [{"type": "or", "predicates": predicates}],
        }
        page = await self.http.post(DETAILS_QUERY, body, ConversationPage, deadline)
        raw = page.conversations or []
        conversations, dropped = decode_rows(raw, Conversation)
        if page.total_hits is None:
            is_last = len(raw) < plan.page_size
        else:
            is_last = not raw or chunk.page * plan.page_size >= page.total_hits
        return Answered(conversations, ChunkPage(tuple(c.conversation_start for c in conversations), is_last), dropped)

    async def _sessions(self, contact_ids: Sequence[str], deadline: Deadline) -> dict[str, JourneySession]:
        """The newest journey sessions by conversation id, the conversation's own rather than the visit's that led to
        it; none where the credential may not read them."""
        listings = await together(self._session_listing(id_, deadline) for id_ in contact_ids)
        sessions = [session for raw in listings for session in decode_rows(raw, JourneySession)[0]]
        sessions.sort(key=lambda s: (s.is_conversation, s.created_date or BEGINNING))
        return {s.conversation.id: s for s in sessions if s.conversation and s.conversation.id}

    async def _session_listing(self, contact_id: str, deadline: Deadline) -> list[msgspec.Raw]:
        path = f"{CONTACTS}/{segment(contact_id)}/journey/sessions"
        params: Params = [("pageSize", SESSIONS_A_READ), ("includeMerged", "true")]
        answer = await self.http.send("GET", path, deadline, params=params, expect=(403, 404))
        if answer.status in (403, 404):
            return []
        return self.http.decode(answer.body, JourneySessionListing).entities or []

    async def _lagging(
        self,
        sessions: Mapping[str, JourneySession],
        known: Sequence[Conversation],
        reached: datetime,
        deadline: Deadline,
    ) -> list[Conversation]:
        """Conversations that sessions tell of and the list should have given by now, as far as analytics has them."""
        missing = self._missing(sessions, {c.conversation_id for c in known}, reached)
        if not missing:
            return []
        params: Params = [("id", id_) for id_ in missing]
        answer = await self.http.get(DETAILS, ConversationPage, deadline, params)
        return decode_rows(answer.conversations or (), Conversation)[0]

    def _missing(self, sessions: Mapping[str, JourneySession], known: set[str], reached: datetime) -> list[str]:
        """Newer than what the list was read to, and so young, or still going on, that analytics may lag on them."""
        since = max(reached, self.utc_now() - ANALYTICS_LAG)
        return [
            id_
            for id_, session in sessions.items()
            if id_ not in known
            and session.is_conversation
            and (session.created_date or BEGINNING) > (reached if session.ended_date is None else since)
        ][:LAGGING_A_READ]

    async def _map(
        self,
        conversations: Sequence[Conversation],
        sessions: Mapping[str, JourneySession],
        record_ids: Mapping[str, str],
        reached: datetime | None,
        deadline: Deadline,
    ) -> tuple[list[Interaction], int]:
        known = {c.conversation_id for c in conversations}
        alone = [] if reached is None else [sessions[id_] for id_ in self._missing(sessions, known, reached)]
        folded = [sessions[id_] for id_ in known if id_ in sessions]
        wanted = mentioned(conversations, [*alone, *folded])
        labels = await self._names.labels(wanted.queues, wanted.users, wanted.wrap_up_codes, deadline)
        setting = Setting(self.name, self.config.region, self._apps_url, labels, record_ids)
        rows: list[Interaction] = []
        dropped = 0
        for conversation in conversations:
            mapped = rows_of(conversation, sessions.get(conversation.conversation_id), setting)
            rows.extend(mapped)
            dropped += not mapped
        for session in alone:
            row = session_row(session, setting)
            rows.extend([row] if row else [])
            dropped += row is None
        return rows, dropped


@dataclass(frozen=True, slots=True)
class Answered:
    conversations: list[Conversation]
    page: ChunkPage
    dropped: int


def _beside(base_url: str, name: str) -> str | None:
    """The host of that name in the region of an `api.` address."""
    url = httpx.URL(base_url)
    region = url.host.removeprefix("api.")
    return None if region == url.host else f"{url.scheme}://{name}.{region}"
