"""Live Helper Chat: the chats of one visitor, known by the address that was given in them.

There are no customers, only chats with an e-mail or a number. Lists come by id, so they are read whole, and failures
come with status 200. What is asked and how it is mapped: docs/connectors/live_helper_chat.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.chat.live_helper_chat_mapping import ChatMapper, ChatRow, records, whole
from connectors.deadline import Deadline
from connectors.errors import MalformedError, RefusedError
from connectors.http import Auth, Params, basic
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import decode_rows, map_rows, together
from connectors.side_by_side import Batch, side_by_side

PAGE_CAP = 100
ROW_CAP = 3000
"""What is read of one address at most: 30 calls."""

CANDIDATES = 50
"""Chats looked at for one identifier: enough to tell a number or mailbox that many share."""

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)

SPELLED: Params = [
    ("prefill_fields", "department_name,plain_user_name"),
    ("ignore_fields", "hash,remarks,additional_data,chat_variables,session_referrer,ip,referrer"),
]
"""Names instead of ids, and nothing that nobody may see."""


class _Chats(msgspec.Struct):
    rows: list[msgspec.Raw] | None = msgspec.field(default=None, name="list")
    error: bool = False


class _Chat(msgspec.Struct):
    error: bool
    chat: ChatRow | None = None


class _Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator's user name, with the API key that was made for that operator."""

    user: str
    api_key: str


class LiveHelperChat(VendorConnector):
    vendor = "live_helper_chat"
    kind = SourceKind.CHAT
    channels = frozenset({Channel.CHAT})
    Credentials = _Credentials
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=1,
        page_cap=PAGE_CAP,
        row_cap=ROW_CAP,
        live_state=True,
        cannot_see="Chats of departments that the operator is not assigned to, chats in which no address was given, "
        "archived chats, and all but a customer's 3,000 newest.",
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        url = f"{config.base_url.rstrip('/')}/site_admin/chat/single"
        self._mapper = ChatMapper(self.name, url, config.region)

    def auth(self) -> Auth:
        return basic(self.credentials.user, self.credentials.api_key)

    async def check(self, deadline: Deadline) -> None:
        """Asks for one chat."""
        await self._chats([("limit", 1)], deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        asked = dict.fromkeys(condition for one in identifiers for condition in self._conditions(one))
        found = await together(
            self._chats([condition, ("limit", CANDIDATES), *SPELLED], deadline) for condition in asked
        )
        chats = decode_rows((row for rows in found for row in rows), ChatRow)[0]
        return records(chats, self.name, self.config.region)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        people = (identifiers.external(self.name, record.id) for record in records)
        lists = dict.fromkeys(condition for person in people for condition in self._conditions(person))
        return await side_by_side(query, lists, lambda condition, place: self._batch(condition, query, place, deadline))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """As a list tells it, with names and messages: one chat alone has neither."""
        if not _ID.fullmatch(external_id):
            return None
        found = await self.http.get("/restapi/fetchchat", _Chat, deadline, [("chat_id", external_id)])
        if found.error:
            await self.check(deadline)  # "no such chat" is told like "wrong password", and in the site's language
            return None
        if found.chat is None:
            raise MalformedError(self.name, "it answered with neither a chat nor an error")
        began = whole(found.chat.time)
        at_that_time: Params = [("time_gt", began - 1), ("time_lt", began + 1), ("limit", PAGE_CAP)]
        rows = await self._chats([*at_that_time, ("include_messages", "true"), *SPELLED], deadline)
        told = map_rows(rows, ChatRow, self._mapper.chat)[0]
        return next((chat for chat in told if chat.external_id == external_id), None) or self._mapper.chat(found.chat)

    def _conditions(self, identifier: Identifier) -> list[tuple[str, str]]:
        """How to ask for it: texts are compared letter by letter, and an empty one finds everybody without."""
        mail = identifiers.email(identifier.value)
        if mail is not None and identifier.kind is not IdentifierKind.PHONE:
            return [("email", mail.value)]
        number = identifiers.phone(identifier.value)
        if number is None or identifier.kind is IdentifierKind.EMAIL:
            return []
        return [("phone", spelling) for spelling in identifiers.spellings(number.value, self.config.region)]

    async def _batch(self, condition: tuple[str, str], query: Query, offset: int | None, deadline: Deadline) -> Batch:
        params: Params = [
            condition,
            ("limit", PAGE_CAP),
            ("include_messages", "true"),
            *SPELLED,
            *_bounds(query),
            *([] if offset is None else [("offset", offset)]),
        ]
        rows = await self._chats(params, deadline)
        items, dropped = map_rows(rows, ChatRow, self._mapper.chat)
        following = (offset or 0) + PAGE_CAP if len(rows) >= PAGE_CAP else None
        return Batch(items, following, dropped=dropped)

    async def _chats(self, params: Params, deadline: Deadline) -> list[msgspec.Raw]:
        found = await self.http.get("/restapi/chats", _Chats, deadline, params)
        if found.error:
            raise RefusedError(self.name, "it does not accept the operator or the API key, or may not list chats")
        if found.rows is None:
            raise MalformedError(self.name, "it answered with neither chats nor an error")
        return found.rows


def _bounds(query: Query) -> Params:
    """Whole seconds, neither end included."""
    start, end = query.window.start, query.window.end
    since: Params = [] if start is None else [("time_gt", int(start.timestamp()) - 1)]
    return since if end is None else [*since, ("time_lt", int(end.timestamp()) + 1)]
