"""The journal as a connector: for systems that tell each thing once, by webhook, and list nothing.

Who is known and what was told is read here, by time in both directions; the system's own connector answers what it
still can: whether the credential works, and what became of a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import httpx
from msgspec.structs import replace as with_fields

from connectors.base import Capabilities, Fetched, Position, Query, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import TimedOutError, UnavailableError
from connectors.http import Auth
from connectors.interaction import ConversationDetails, HeldIdentifier, Identifier, IdentifierKind, Interaction, Record
from connectors.whatsapp.folding import TextMessage
from connectors.whatsapp.journal import spellings
from connectors.whatsapp.whatsapp_cloud import KeptConversations
from gateway.store.errors import StoreError
from gateway.store.store import Store

NUMBERS = (IdentifierKind.PHONE, IdentifierKind.WHATSAPP)


class JournalConnector(VendorConnector):
    """The guards of every connector, around the journal instead of a vendor."""

    cannot_see = "What was told before the journal began, and what is never told."

    def __init__(self, vendor: VendorConnector, store: Store, transport: httpx.AsyncBaseTransport) -> None:
        self.vendor, self.kind, self.channels = vendor.vendor, vendor.kind, vendor.channels  # type: ignore[misc]
        self.Credentials, self.Options = type(vendor).Credentials, type(vendor).Options  # type: ignore[misc]
        self._vendor = vendor
        self._store = store
        super().__init__(vendor.config, transport, vendor.utc_now)
        self.capabilities = Capabilities(
            seek=True,
            ascending=True,
            finds_by=vendor.capabilities.finds_by,
            order_guaranteed=True,
            window_granularity_seconds=0,
            page_cap=200,
            search=True,
            live_state=True,
            cannot_see=self.cannot_see,
        )

    def auth(self) -> Auth | None:
        return None  # only the vendor's own connector speaks with it

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        with _told_as_leaf(self.name, deadline):
            return await self._store.records.find(self.name, identifiers)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        after: Position | None = query.cursor
        with _told_as_leaf(self.name, deadline):
            rows, more = await self._store.journal.page(
                self.name,
                [record.id for record in records],
                query.window,
                query.limit,
                self.utc_now(),
                ascending=query.ascending,
                after=after,
            )
        if not more or not rows:
            return Fetched(rows)
        return Fetched(rows, Position(rows[-1].started_at, self.name, rows[-1].external_id))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        with _told_as_leaf(self.name, deadline):
            return await self._store.journal.get(self.name, external_id, self.utc_now())

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        with _told_as_leaf(self.name, deadline):
            return await self._store.records.search(self.name, text, limit)

    async def check(self, deadline: Deadline) -> None:
        with _told_as_leaf(self.name, deadline):
            await self._store.feed.head()
        await self._vendor.check(deadline)

    async def aclose(self) -> None:
        await self._vendor.aclose()


class MessagesConnector(JournalConnector):
    """WhatsApp's: people are found by every spelling of a number, and the vendor knows what became of a message."""

    cannot_see = "What was exchanged before the journal began, and who of the company wrote."

    def __init__(self, vendor: KeptConversations, store: Store, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(vendor, store, transport)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        asked = [same for identifier in identifiers for same in _same(identifier)]
        return [_spelled(record) for record in await super().fetch_records(asked, deadline)]

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """As it is kept, with what the vendor knows better of what became of its messages."""
        row = await super().fetch_one(external_id, deadline)
        mended = await self._vendor.fetch_one(external_id, deadline) if row is not None else None
        if row is None or mended is None:
            return row
        ours, theirs = row.details, mended.details
        if not isinstance(ours, ConversationDetails) or not isinstance(theirs, ConversationDetails):
            return row
        delivered = zip(ours.messages, theirs.messages, strict=False)
        messages = tuple(with_fields(our, delivery=their.delivery) for our, their in delivered)
        return with_fields(row, details=with_fields(ours, messages=messages), status=mended.status)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        return [_spelled(record) for record in await super().fetch_by_text(text, limit, deadline)]


def _same(identifier: Identifier) -> Iterable[Identifier]:
    """A number in all the spellings in which WhatsApp may know it."""
    if identifier.kind not in NUMBERS or not identifier.value.startswith("+"):
        return [identifier]
    return [with_fields(identifier, value=value) for value in spellings(identifier.value)]


def _spelled(record: Record) -> Record:
    """With its numbers in all their spellings, so that it carries what it was found by."""
    held = {same: HeldIdentifier(same, one.verified) for one in record.identifiers for same in _same(one.identifier)}
    return with_fields(record, identifiers=tuple(held.values()))


class KeptMessages:
    """Single messages, for connectors that fold them by themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def customers(self, source: str, asked: Sequence[str], deadline: Deadline) -> frozenset[str]:
        with _told_as_leaf(source, deadline):
            return frozenset(record.id for record in await self._store.records.of(source, asked))

    async def messages(
        self, source: str, customers: Sequence[str], window: Window, deadline: Deadline
    ) -> Sequence[TextMessage]:
        with _told_as_leaf(source, deadline):
            return await self._store.journal.messages(source, customers, window)

    async def message(self, source: str, message_id: str, deadline: Deadline) -> TextMessage | None:
        with _told_as_leaf(source, deadline):
            return await self._store.journal.message(source, message_id)


@contextmanager
def _told_as_leaf(source: str, deadline: Deadline) -> Iterator[None]:
    if deadline.remaining_seconds() <= 0:
        raise TimedOutError(source, "no time was left to read its journal")
    try:
        yield
    except StoreError:
        raise UnavailableError(source, "its journal cannot be read now") from None
