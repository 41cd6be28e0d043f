"""Chatwoot: the conversations that one contact had in any of its inboxes, be they web chat, WhatsApp or e-mail.

A contact's newest 20 conversations are all that Chatwoot tells; its conversation filter knows no contact. What is
asked and mapped: docs/connectors/chatwoot.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.chat.chatwoot_csat import CSAT_MARK, rating_rows
from connectors.chat.chatwoot_mapping import (
    CHANNELS,
    ContactRow,
    ConversationMapper,
    ConversationRow,
    InboxRow,
    MessageRow,
    by_age,
    record,
)
from connectors.deadline import Deadline
from connectors.http import Auth, StaticAuth
from connectors.identifiers import digits
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, decode_rows, map_rows, together

CONVERSATIONS_A_CONTACT = 20
MESSAGES_A_PAGE = 20
MAX_MESSAGE_PAGES = 5
INBOXES_LIFETIME_SECONDS = 600.0


class _Rows(msgspec.Struct):
    payload: list[msgspec.Raw]


class _OneContact(msgspec.Struct):
    payload: ContactRow


class Chatwoot(VendorConnector):
    vendor = "chatwoot"
    kind = SourceKind.CHAT
    channels = frozenset({*CHANNELS.values(), Channel.OTHER})
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=None,
        page_cap=100,
        row_cap=CONVERSATIONS_A_CONTACT,
        search=True,
        live_state=True,
        cannot_see="Conversations of inboxes that the token's owner is not assigned to, "
        "and all but a contact's 20 newest.",
    )

    class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        token: str

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        """satisfaction: whether ratings are surveys of their own; costs a call for each conversation of inboxes that
        ask for one."""

        account_id: Annotated[int, msgspec.Meta(gt=0)]
        satisfaction: bool = False

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        account = self.options.account_id
        self._api = f"/api/v1/accounts/{account}"
        url = f"{config.base_url.rstrip('/')}/app/accounts/{account}/conversations"
        self._mapper = ConversationMapper(self.name, url, config.region)
        self._inboxes: Kept[None, dict[int, InboxRow]] = Kept(INBOXES_LIFETIME_SECONDS)

    @classmethod
    def configured(cls, options: Any) -> type[Chatwoot]:
        """One that tells surveys too, where the options say so."""
        return ChatwootWithRatings if isinstance(options, Mapping) and options.get("satisfaction") is True else cls

    def auth(self) -> Auth | None:
        return StaticAuth("api_access_token", self.credentials.token)

    async def check(self, deadline: Deadline) -> None:
        """Asks for the inboxes that the token's owner may see."""
        await self._read_inboxes(deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._contacts(identifier, deadline) for identifier in identifiers)
        return [self._record(contact) for contacts in found for contact in contacts]

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        return [self._record(contact) for contact in await self._search(text, deadline)]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """Everything there is: the newest conversations of each contact, by when they began."""
        inboxes = await self._kept_inboxes(deadline)
        answers = await together(self._conversations(r.id, deadline) for r in records)
        rows = [row for answer in answers for row in answer]
        items, dropped = map_rows(rows, ConversationRow, lambda row: self._mapper.conversation(row, inboxes))
        ratings = await self._ratings(rows, items, {r.id for r in records}, inboxes, deadline)
        return Fetched(
            items=[*items, *ratings],
            capped=any(len(answer) >= CONVERSATIONS_A_CONTACT for answer in answers),
            dropped=dropped,
        )

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """With its messages; a list has only the last one of each conversation."""
        id_, mark, _ = external_id.partition(CSAT_MARK)
        if not _is_number(id_) or (mark and not self.options.satisfaction):
            return None
        path = f"{self._api}/conversations/{id_}"
        row = await self.http.get_or_none(path, ConversationRow, deadline)
        if row is None:
            return None
        inboxes = await self._kept_inboxes(deadline)
        if mark:
            about = self._mapper.conversation(row, inboxes)
            ratings = [] if about is None else await self._ratings_of(about, deadline)
            return next((rating for rating in ratings if rating.external_id == external_id), None)
        messages, is_whole = await self._messages(path, deadline)
        return self._mapper.conversation(row, inboxes, messages, is_whole=is_whole)

    async def _ratings(
        self,
        rows: Sequence[msgspec.Raw],
        conversations: Sequence[Interaction],
        record_ids: set[str],
        inboxes: Mapping[int, InboxRow],
        deadline: Deadline,
    ) -> list[Interaction]:
        """What was answered about these conversations, as far as they are of inboxes that ask for it."""
        if not self.options.satisfaction:
            return []
        asking = {id_ for id_, inbox in inboxes.items() if inbox.csat_survey_enabled}
        asked = {str(row.id) for row in decode_rows(rows, ConversationRow)[0] if row.inbox_id in asking}
        about = [row for row in conversations if row.external_id in asked and row.record_id in record_ids]
        found = await together(self._ratings_of(row, deadline) for row in about)
        return [rating for ratings in found for rating in ratings]

    async def _ratings_of(self, conversation: Interaction, deadline: Deadline) -> list[Interaction]:
        """Among the last messages: a rating is asked for when a conversation is resolved."""
        path = f"{self._api}/conversations/{conversation.external_id}/messages"
        page = await self.http.get_or_none(path, _Rows, deadline)
        return [] if page is None else rating_rows(conversation, page.payload)

    async def _contacts(self, identifier: Identifier, deadline: Deadline) -> list[ContactRow]:
        """Candidates. The search compares a part of any field, but takes the letters of an external id as they are;
        the filter compares the whole of one field, with a number's `+` left to Chatwoot."""
        match identifier.kind:
            case IdentifierKind.PHONE:
                return await self._filter("phone_number", digits(identifier.value), deadline)
            case IdentifierKind.EMAIL:
                return await self._filter("email", identifier.value, deadline)
            case IdentifierKind.EXTERNAL_ID if identifier.source != self.name:
                return await self._search(identifier.value, deadline)
        if not _is_number(identifier.value):
            return []
        found = await self.http.get_or_none(f"{self._api}/contacts/{identifier.value}", _OneContact, deadline)
        return [] if found is None else [found.payload]

    async def _filter(self, attribute: str, value: str, deadline: Deadline) -> list[ContactRow]:
        condition = {"attribute_key": attribute, "filter_operator": "equal_to", "values": [value]}
        found = await self.http.post(f"{self._api}/contacts/filter", {"payload": [condition]}, _Rows, deadline)
        return decode_rows(found.payload, ContactRow)[0]

    async def _search(self, text: str, deadline: Deadline) -> list[ContactRow]:
        found = await self.http.get(f"{self._api}/contacts/search", _Rows, deadline, [("q", text)])
        return decode_rows(found.payload, ContactRow)[0]

    async def _conversations(self, contact_id: str, deadline: Deadline) -> list[msgspec.Raw]:
        """None of a contact that is gone: merged into another one, or deleted."""
        if not _is_number(contact_id):
            return []
        found = await self.http.get_or_none(f"{self._api}/contacts/{contact_id}/conversations", _Rows, deadline)
        return [] if found is None else found.payload

    async def _messages(self, path: str, deadline: Deadline) -> tuple[list[MessageRow], bool]:
        """The last messages, oldest first, and whether these are all."""
        read: list[MessageRow] = []
        before: list[tuple[str, int]] = []
        for _ in range(MAX_MESSAGE_PAGES):
            page = await self.http.get(f"{path}/messages", _Rows, deadline, before)
            read += decode_rows(page.payload, MessageRow)[0]
            if len(page.payload) < MESSAGES_A_PAGE or not read:
                return by_age(read), True
            before = [("before", min(message.id for message in read))]
        return by_age(read), False

    async def _kept_inboxes(self, deadline: Deadline) -> dict[int, InboxRow]:
        return await self._inboxes.get(None, deadline, lambda: self._read_inboxes(deadline))

    async def _read_inboxes(self, deadline: Deadline) -> dict[int, InboxRow]:
        found = await self.http.get(f"{self._api}/inboxes", _Rows, deadline)
        return {inbox.id: inbox for inbox in decode_rows(found.payload, InboxRow)[0]}

    def _record(self, contact: ContactRow) -> Record:
        return record(contact, self.name, self.config.external_id_source, self.config.region)


class ChatwootWithRatings(Chatwoot):
    channels = Chatwoot.channels | {Channel.SURVEY}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
