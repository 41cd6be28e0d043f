"""Meta's WhatsApp Business Cloud API: conversations from a journal of its webhooks, delivery from its own history.

The API lists no messages: each is told once, by webhook. What it does keep are the deliveries of what was sent, by a
message's id, and these mend what a missed webhook left open. See docs/connectors/whatsapp_cloud.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import msgspec

from connectors import identifiers
from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RateLimitedError, RefusedError
from connectors.http import Auth, Params, StaticAuth, segment
from connectors.interaction import (
    Channel,
    DeliveryState,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
)
from connectors.mapping import decode_rows, together
from connectors.whatsapp.folding import SILENCE, TextMessage, Thread, conversation, fold
from connectors.whatsapp.journal import Journal, NothingKept, spellings

BASE_URL = "https://graph.facebook.com"
VERSION = "v23.0"
MOST_DELIVERIES = 25
"""Messages of one conversation whose delivery is asked for, each by a call: the newest."""

THROTTLED = frozenset({4, 17, 32, 613, 80007, 130429})
REFUSED = frozenset({0, 3, 10, 190, *range(200, 300)})
UNKNOWN = frozenset({33, 100})
"""Codes of the Graph API ("Error Codes")."""

_DIGITS = re.compile(r"[0-9]{1,30}")
_RANKS = {
    "SENT": DeliveryState.SENT,
    "DELIVERED": DeliveryState.DELIVERED,
    "READ": DeliveryState.READ,
    "FAILED": DeliveryState.FAILED,
}
"""Lowest first: events may come in any order, and what failed stays so."""

_SETTLED = frozenset({DeliveryState.READ, DeliveryState.FAILED})


class WhatsAppCloudCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of a system user."""

    access_token: str


class WhatsAppCloudOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`phone_number_id`: of the company's number, as Meta calls it; digits, and no phone number."""

    phone_number_id: str

    def __post_init__(self) -> None:
        if not _DIGITS.fullmatch(self.phone_number_id):
            raise ValueError("phone_number_id is made of digits")


class _PhoneNumber(msgspec.Struct):
    id: str


class _Event(msgspec.Struct):
    delivery_status: str


class _Events(msgspec.Struct):
    data: list[msgspec.Raw] = []


class _Entry(msgspec.Struct):
    message_id: str
    events: _Events = msgspec.field(default_factory=_Events)


class _History(msgspec.Struct):
    data: list[msgspec.Raw]


class _Code(msgspec.Struct):
    code: int


class _Fault(msgspec.Struct):
    error: _Code


class KeptConversations(VendorConnector):
    """What the ways to WhatsApp's Cloud API share: who is known, and conversations, are the journal's to tell."""

    kind = SourceKind.WHATSAPP
    channels = frozenset({Channel.WHATSAPP})
    base_url = ""
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.WHATSAPP, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=0,
        row_cap=0,
        live_state=True,
        cannot_see=(
            "Every message: the API lists none, so without a journal of its webhooks the source is unavailable; with "
            "one, what was exchanged before the journal began, and who of the company wrote."
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        journal: Journal | None = None,
    ) -> None:
        """An empty `base_url` means the vendor's own."""
        super().__init__(replace(config, base_url=config.base_url or self.base_url), transport, utc_now)
        self._journal: Journal = journal or NothingKept()
        if journal is not None:
            self.capabilities = replace(self.capabilities, row_cap=None)

    async def fetch_records(self, asked: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        known = [identifier for i in asked if (identifier := identifiers.whatsapp(i.value)) is not None]
        wanted = dict.fromkeys(value for identifier in known for value in _values(identifier.value))
        held = await self._journal.customers(self.name, list(wanted), deadline) if wanted else frozenset()
        return [self._record(customer) for customer in sorted(held)]

    def _record(self, customer: str) -> Record:
        """WhatsApp verifies numbers. A number is found by whichever of its spellings."""
        carried = [identifiers.external(self.name, customer), Identifier(IdentifierKind.WHATSAPP, customer)]
        if customer.startswith("+"):
            numbers = spellings(customer)
            carried += [Identifier(IdentifierKind.WHATSAPP, number) for number in numbers[1:]]
            carried += [Identifier(IdentifierKind.PHONE, number) for number in numbers]
        return Record(source=self.name, id=customer, identifiers=tuple(HeldIdentifier(i, True) for i in carried))

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """All at once: what is kept lies near. A conversation may have begun before the window, and last beyond it."""
        start = query.window.start
        since = Window(None if start is None else start - SILENCE)
        messages = await self._journal.messages(self.name, [r.id for r in records], since, deadline)
        return Fetched([conversation(self.name, thread, self.utc_now()) for thread in fold(messages)])

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """None for a message in the middle of a conversation: only the first gives it its id."""
        message = await self._journal.message(self.name, external_id, deadline)
        if message is None:
            return None
        since = Window(message.at - SILENCE)
        messages = await self._journal.messages(self.name, [message.customer], since, deadline)
        thread = next((thread for thread in fold(messages) if thread[0].id == external_id), None)
        return None if thread is None else conversation(self.name, await self._mended(thread, deadline), self.utc_now())

    async def _mended(self, thread: Thread, deadline: Deadline) -> Thread:
        """With what the vendor knows better than the webhooks that arrived."""
        return thread


class WhatsAppCloud(KeptConversations):
    vendor = "whatsapp_cloud"
    base_url = BASE_URL
    Credentials = WhatsAppCloudCredentials
    Options = WhatsAppCloudOptions

    def auth(self) -> Auth:
        return StaticAuth("Authorization", f"Bearer {self.credentials.access_token}")

    async def check(self, deadline: Deadline) -> None:
        answer = await self._ask(self._path(), [("fields", "id,display_phone_number")], deadline)
        number = None if answer is None else self.http.decode(answer, _PhoneNumber)
        if number is None or number.id != self.options.phone_number_id:
            raise MalformedError(self.name, "it does not tell of the number that was asked for")

    async def _mended(self, thread: Thread, deadline: Deadline) -> Thread:
        open_ = [m.id for m in thread if not m.is_customers and m.delivery not in _SETTLED][-MOST_DELIVERIES:]
        found = await together(self._delivery(id_, deadline) for id_ in open_)
        told = {id_: state for id_, state in zip(open_, found, strict=True) if state is not None}
        return tuple(_with_delivery(message, told.get(message.id)) for message in thread)

    async def _delivery(self, message_id: str, deadline: Deadline) -> DeliveryState | None:
        """The furthest that the message came; None where that is not known any more."""
        fields = "id,message_id,events{delivery_status,timestamp}"
        params: Params = [("message_id", message_id), ("fields", fields), ("limit", 100)]
        answer = await self._ask(f"{self._path()}/message_history", params, deadline)
        if answer is None:
            return None
        entries, _ = decode_rows(self.http.decode(answer, _History).data, _Entry)
        events = [event for entry in entries if entry.message_id == message_id for event in entry.events.data]
        return _furthest(row.delivery_status for row in decode_rows(events, _Event)[0])

    async def _ask(self, path: str, params: Params, deadline: Deadline) -> bytes | None:
        """None for what Meta does not know."""
        answer = await self.http.send("GET", path, deadline, params=params, expect=(400, 403, 404))
        if answer.status == 200:
            return answer.body
        faults, _ = decode_rows([msgspec.Raw(answer.body)], _Fault)
        code = faults[0].error.code if faults else None
        if code in UNKNOWN:
            return None
        raise self._failure(answer.status, code)

    def _failure(self, status: int, code: int | None) -> ConnectorError:
        if code in THROTTLED:
            return RateLimitedError(self.name, "it asked us to slow down")
        if code in REFUSED or status == 403:
            return RefusedError(self.name, "the credential is not accepted, or may not read this")
        return MalformedError(self.name, f"it did not understand the question (status {status})")

    def _path(self) -> str:
        return f"/{VERSION}/{segment(self.options.phone_number_id)}"


def _values(value: str) -> tuple[str, ...]:
    return spellings(value) if value.startswith("+") else (value,)


def _furthest(statuses: Iterable[str]) -> DeliveryState | None:
    told = frozenset(statuses)
    return next((_RANKS[status] for status in reversed(_RANKS) if status in told), None)


def _with_delivery(message: TextMessage, state: DeliveryState | None) -> TextMessage:
    """Never back: what a webhook told has been."""
    ranks = list(_RANKS.values())
    if state is None or (message.delivery is not None and ranks.index(state) <= ranks.index(message.delivery)):
        return message
    return replace(message, delivery=state)
