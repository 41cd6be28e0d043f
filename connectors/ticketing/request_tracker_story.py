"""What only a single ticket is asked for: who had it, in which queue, and the first words of it."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from connectors.deadline import Deadline
from connectors.http import Params, VendorHttp
from connectors.interaction import Agent, Channel, Queue
from connectors.mapping import Kept, decode_rows, preview, together
from connectors.ticketing.request_tracker_mapping import (
    Attachment,
    Change,
    Listing,
    QueueRef,
    Story,
    Transaction,
    User,
    agent_of,
    changes_of,
    is_of,
    queue_of,
)

HISTORY_PAGES = 5
HISTORY_PAGE_ROWS = 100
NAME_LIFETIME_SECONDS = 600.0
MOST_TEXT_BYTES = 256 * 1024

V = TypeVar("V")

_HISTORY_FIELDS = "Type,Field,OldValue,NewValue,Created,ObjectType,ObjectId"
_ATTACHMENT_FIELDS = "ContentType,Filename,ContentLength,Headers"
"""`Parent` and `TransactionId` in this list make RT 5.0.3 answer 500."""

_MESSAGES = ("Create", "Correspond")
"""Transactions that the customer may read. A `Comment` is internal and never asked for."""


class _Text(msgspec.Struct, rename="pascal"):
    """`content` is base64."""

    content: str | None = None


class StoryReader:
    def __init__(self, http: VendorHttp) -> None:
        self._http = http
        self._queues: Kept[str, Queue | None] = Kept(NAME_LIFETIME_SECONDS)
        self._agents: Kept[str, Agent | None] = Kept(NAME_LIFETIME_SECONDS)

    async def read(self, ticket_id: str, deadline: Deadline) -> Story:
        history = [step for step in await self._history(ticket_id, deadline) if is_of(ticket_id, step)]
        changes = changes_of(ticket_id, history)
        message = next((step for step in history if step.type in _MESSAGES), None)
        text, opened_via = (None, None) if message is None else await self._first_words(str(message.id), deadline)
        return Story(
            changes=changes,
            queues=await _named(_ids(changes, "Queue"), lambda id_: self._queue(id_, deadline)),
            agents=await _named(_ids(changes, "Owner"), lambda id_: self._agent(id_, deadline)),
            preview=preview(text),
            opened_via=opened_via,
        )

    async def _history(self, ticket_id: str, deadline: Deadline) -> list[Transaction]:
        """Oldest first. The filter is JSON: one in TicketSQL brings the history of every ticket there is."""
        kinds = [{"field": "Type", "operator": "=", "value": kind} for kind in ("Set", *_MESSAGES)]
        steps: list[Transaction] = []
        for page in range(1, HISTORY_PAGES + 1):
            params: Params = [
                ("query", msgspec.json.encode(kinds).decode()),
                ("fields", _HISTORY_FIELDS),
                ("orderby", "id"),
                ("per_page", HISTORY_PAGE_ROWS),
                ("page", page),
            ]
            answer = await self._http.get(f"/REST/2.0/ticket/{ticket_id}/history", Listing, deadline, params)
            steps += decode_rows(answer.items, Transaction)[0]
            if len(answer.items) < HISTORY_PAGE_ROWS:
                break
        return steps

    async def _first_words(self, transaction_id: str, deadline: Deadline) -> tuple[str | None, Channel | None]:
        """The message's text, or its HTML, and how it came in; never a file that was attached."""
        answer = await self._http.get(
            f"/REST/2.0/transaction/{transaction_id}/attachments",
            Listing,
            deadline,
            [("fields", _ATTACHMENT_FIELDS), ("per_page", HISTORY_PAGE_ROWS)],
        )
        parts, _ = decode_rows(answer.items, Attachment)
        by_mail = any("x-rt-interface: email" in (part.headers or "").casefold() for part in parts)
        opened_via = Channel.EMAIL if by_mail else None
        for content_type in ("text/plain", "text/html"):
            for part in parts:
                if part.content_type == content_type and not part.filename and _size(part) <= MOST_TEXT_BYTES:
                    return await self._text(str(part.id), deadline), opened_via
        return None, opened_via

    async def _text(self, attachment_id: str, deadline: Deadline) -> str | None:
        found = await self._http.get_or_none(f"/REST/2.0/attachment/{attachment_id}", _Text, deadline)
        if found is None or found.content is None:
            return None
        try:
            return b64decode(found.content).decode(errors="replace")
        except binascii.Error:
            return None

    async def _queue(self, id_: str, deadline: Deadline) -> Queue | None:
        async def read() -> Queue | None:
            return queue_of(await self._readable(f"/REST/2.0/queue/{id_}", QueueRef, deadline) or QueueRef(id_))

        return await self._queues.get(id_, deadline, read)

    async def _agent(self, id_: str, deadline: Deadline) -> Agent | None:
        async def read() -> Agent | None:
            return agent_of(await self._readable(f"/REST/2.0/user/{id_}", User, deadline) or User(name=id_))

        return await self._agents.get(id_, deadline, read)

    async def _readable(self, path: str, type_: type[V], deadline: Deadline) -> V | None:
        """None for what is gone, or what the credential may not read."""
        answer = await self._http.send("GET", path, deadline, expect=(403, 404))
        return self._http.decode(answer.body, type_) if answer.status < 300 else None


async def _named(ids: Sequence[str], read: Callable[[str], Coroutine[Any, Any, V]]) -> dict[str, V]:
    return dict(zip(ids, await together(read(id_) for id_ in ids), strict=True))


def _ids(changes: Iterable[Change], field: str) -> list[str]:
    ids = {id_ for change in changes if change.field == field for id_ in (change.old, change.new)}
    return sorted(id_ for id_ in ids if id_.isascii() and id_.isdigit())


def _size(part: Attachment) -> int:
    """Bytes; zero where RT does not say."""
    text = str(part.content_length or 0)
    return int(text) if text.isascii() and text.isdigit() else 0
