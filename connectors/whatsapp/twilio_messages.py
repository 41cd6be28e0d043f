"""Twilio Messages: WhatsApp and SMS with their history, folded into conversations.

Source: Twilio documentation, "Messages resource" (/docs/messaging/api/message-resource). What it cannot see, and how
it reads: docs/connectors/twilio_messages.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import msgspec

from connectors.base import MAX_CALLS_A_PAGE, Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth, basic, segment
from connectors.identifiers import e164, external
from connectors.interaction import (
    Attachment,
    Channel,
    DeliveryState,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    MessageParty,
    Record,
    SourceKind,
)
from connectors.mapping import decode_rows, from_rfc2822, together
from connectors.whatsapp.folding import SILENCE, TextMessage, Thread, conversation, ends_surely, fold, starts_surely

MAX_PAGE_SIZE = 1000
BASE_URL = "https://api.twilio.com"
_CONSOLE = "https://www.twilio.com/console/sms/logs"
_BEGINNING = datetime(2008, 1, 1, tzinfo=UTC)
"""Twilio has no older messages."""

_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
_ONE_DAY = timedelta(days=1)
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

_PARTIES = {
    "inbound": MessageParty.CUSTOMER,
    "outbound-api": MessageParty.AGENT,
    "outbound-reply": MessageParty.BOT,  # what our TwiML answered by itself
    "outbound-call": MessageParty.SYSTEM,
}
_DELIVERY = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "partially_delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
    "undelivered": DeliveryState.FAILED,
}
_SIDES: tuple[Literal["From", "To"], ...] = ("From", "To")
_NEVER_SENT = frozenset({"scheduled", "canceled"})
_SENDER_NOT_CHOSEN = "accepted"
"""A messaging service has not picked the number yet that it will be sent from."""


class TwilioCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`account_sid` with its `auth_token`, or with an API key of the account."""

    account_sid: str
    auth_token: str = ""
    api_key: str = ""
    api_secret: str = ""

    def __post_init__(self) -> None:
        with_token = bool(self.auth_token)
        with_key = bool(self.api_key and self.api_secret)
        if not self.account_sid or with_token == with_key or bool(self.api_key) != bool(self.api_secret):
            raise ValueError("give account_sid, and either auth_token or api_key and api_secret")

    def auth(self) -> Auth:
        if self.auth_token:
            return basic(self.account_sid, self.auth_token)
        return basic(self.api_key, self.api_secret)


class TwilioOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`numbers`: the company's senders to read, as Twilio spells them without `whatsapp:`; None reads all."""

    channels: tuple[Literal["WHATSAPP", "SMS"], ...] = ("WHATSAPP",)
    numbers: tuple[str, ...] | None = None


class _Row(msgspec.Struct):
    sid: str
    direction: str
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    status: str | None = None
    body: str | None = None
    num_media: str | int | None = None
    date_sent: str | None = None
    date_created: str | None = None


class _Page(msgspec.Struct):
    messages: list[msgspec.Raw]
    next_page_uri: str | None = None


class _Batch(NamedTuple):
    """One vendor page; `oldest` and `newest` are of all it held that had been sent, shown or not."""

    messages: list[TextMessage]
    oldest: datetime | None
    newest: datetime | None
    dropped: int
    link: str | None


@dataclass(frozen=True, slots=True)
class _Stream:
    """What one address sent, or was sent, newest day first; within a day Twilio promises no order.

    `link`: the next page; None at the end. Every message since `known_from` has been read.
    """

    side: Literal["From", "To"]
    address: str
    link: str | None = None
    known_from: datetime = _FOR_EVER


@dataclass(frozen=True, slots=True)
class _Reading:
    """Where a read stands; it is the cursor.

    `first_day`: nothing older is asked for. `known_to`: nothing newer has been asked for. `messages`: those whose
    conversation could not be given yet, by id.
    """

    streams: tuple[_Stream, ...]
    first_day: date | None
    known_to: datetime
    messages: Mapping[str, TextMessage] = field(default_factory=dict)

    @property
    def known_from(self) -> datetime:
        return max(stream.known_from for stream in self.streams)

    def with_messages(self, batches: Iterable[_Batch]) -> _Reading:
        added = {message.id: message for batch in batches for message in batch.messages}
        return replace(self, messages={**self.messages, **added})


class _Step(NamedTuple):
    """`threads`: whole conversations. `reading`: how to go on; None at the end. `reached`: see `Fetched`."""

    threads: list[Thread]
    reading: _Reading | None
    reached: datetime | None
    dropped: int


class TwilioMessages(VendorConnector):
    vendor = "twilio_messages"
    kind = SourceKind.WHATSAPP
    channels = frozenset({Channel.WHATSAPP, Channel.SMS})
    Credentials = TwilioCredentials
    Options = TwilioOptions
    capabilities = Capabilities(
        seek=True,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.WHATSAPP, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=False,
        window_granularity_seconds=86_400,
        page_cap=100,
        pushes=frozenset({"channels"}),
        live_state=True,
        cannot_see=(
            "names of customers and agents, messages of other Twilio accounts and subaccounts, "
            "and texts or numbers that Twilio was told to redact or delete"
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """An empty `base_url` means Twilio's own."""
        super().__init__(replace(config, base_url=config.base_url or BASE_URL), transport, utc_now)
        self._account = f"/2010-04-01/Accounts/{segment(self.credentials.account_sid)}"
        self._channels = frozenset(Channel(name) for name in self.options.channels)
        self._senders = None if self.options.numbers is None else frozenset(self.options.numbers)

    def auth(self) -> Auth:
        known: TwilioCredentials = self.credentials
        return known.auth()

    async def check(self, deadline: Deadline) -> None:
        await self._read(self._link(1, {}), deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = await together(self._record(number, deadline) for number in self.numbers_in(identifiers))
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """The customer with that number, if there is a message to show for it."""
        size = 1 if self._senders is None else 50  # the newest may be from a sender that is not read
        links = [self._link(size, {s.side: s.address}) for s in _streams([number], self._channels)]
        batches = await together(self._read(link, deadline) for link in links)
        messages = [m for batch in batches for m in batch.messages if m.customer == number]
        if not messages:
            return None
        identifiers = [HeldIdentifier(external(self.name, number), True)]
        by_whatsapp = [m for m in messages if m.channel is Channel.WHATSAPP]
        # WhatsApp verifies numbers; that one of our messages failed does not show that the number is on WhatsApp.
        verified = True if any(m.delivery is not DeliveryState.FAILED for m in by_whatsapp) else None
        if by_whatsapp:
            identifiers.append(HeldIdentifier(Identifier(IdentifierKind.WHATSAPP, number), verified))
        identifiers.append(HeldIdentifier(Identifier(IdentifierKind.PHONE, number), verified))
        return Record(source=self.name, id=number, identifiers=tuple(identifiers))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """None for a message in the middle of a conversation: only the first gives it its id."""
        if not _SID.fullmatch(external_id):
            return None
        row = await self.http.get_or_none(f"{self._account}/Messages/{segment(external_id)}.json", _Row, deadline)
        message = None if row is None else _message(row)
        if message is None or message.id != external_id or not self._is_read(message):
            return None
        query = Query(Window(message.at, message.at + timedelta(microseconds=1)), self.capabilities.page_cap)
        reading: _Reading | None = self._begin([message.customer], frozenset({message.channel}), query)
        for _ in range(MAX_CALLS_A_PAGE):
            if reading is None:
                break
            step = await self._step(reading, query, deadline)
            for thread in step.threads:
                if thread[0].id == external_id:
                    return self._conversation(thread)
            reading = step.reading
        return None

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        wanted = query.wanted.channels
        channels = self._channels if wanted is None else self._channels & wanted
        if not channels:
            return Fetched(())
        reading: _Reading = query.cursor or self._begin([r.id for r in records], channels, query)
        step = await self._step(reading, query, deadline)
        rows = [self._conversation(thread) for thread in step.threads]
        return Fetched(rows, step.reading, step.reached, dropped=step.dropped)

    def _conversation(self, thread: Thread) -> Interaction:
        url = f"{_CONSOLE}/{segment(self.credentials.account_sid)}/{segment(thread[0].id)}"
        return conversation(self.name, thread, self.utc_now(), url)

    def _begin(self, numbers: Iterable[str], channels: Iterable[Channel], query: Query) -> _Reading:
        """Days wide enough to see a silence on either side of the window.

        The last day only carries us past its midnight, should Twilio take `DateSent<` to stop there.
        """
        start, end, now = query.window.start, query.window.end, self.utc_now()
        first_day = None if start is None else (max(start, _BEGINNING) - SILENCE).date()
        last_day = (now if end is None else max(_BEGINNING, min(end, now))).date() + 2 * _ONE_DAY
        size = min(200, max(50, 2 * query.limit))  # of each side: about as many conversations
        streams = _streams(numbers, channels)
        asked = (replace(s, link=self._link(size, {s.side: s.address}, first_day, last_day)) for s in streams)
        return _Reading(tuple(asked), first_day, self._known_to(last_day))

    def _known_to(self, last_day: date) -> datetime:
        return _midnight(last_day) if _midnight(last_day) <= self.utc_now() else _FOR_EVER

    async def _step(self, reading: _Reading, query: Query, deadline: Deadline) -> _Step:
        """One page more of what lags behind, and the conversations that are whole with it."""
        reading, dropped = await self._advance(reading, deadline)
        end = query.window.end
        threads = fold(reading.messages.values())
        extension = _ONE_DAY
        while end is not None and any(t[0].at < end and not ends_surely(t, reading.known_to) for t in threads):
            extension *= 2
            reading, more = await self._extend(reading, extension, deadline)
            dropped += more
            threads = fold(reading.messages.values())
        known_from = reading.known_from
        whole = [t for t in threads if starts_surely(t, known_from)]
        if all(stream.link is None for stream in reading.streams):
            return _Step(whole, None, None, dropped)  # what is left began before the window
        left = [t for t in threads if not starts_surely(t, known_from)]
        reached = max([known_from, *(t[0].at for t in left)])
        reading = replace(reading, messages={m.id: m for t in left for m in t})
        return _Step(whole, reading, None if reached == _FOR_EVER else reached, dropped)

    async def _advance(self, reading: _Reading, deadline: Deadline) -> tuple[_Reading, int]:
        """The next page of the streams that are not ahead of the others, and how many rows could not be mapped."""
        unfinished = [s for s in reading.streams if s.link is not None]
        ahead = min(s.known_from for s in unfinished)
        due = [s for s in unfinished if s.known_from > ahead] or unfinished
        batches = await together(self._read(s.link, deadline) for s in due if s.link is not None)
        moved = {s: self._moved(s, b, reading.first_day) for s, b in zip(due, batches, strict=True)}
        streams = tuple(moved.get(s, s) for s in reading.streams)
        return replace(reading, streams=streams).with_messages(batches), sum(b.dropped for b in batches)

    def _moved(self, stream: _Stream, batch: _Batch, first_day: date | None) -> _Stream:
        if batch.newest is not None and batch.newest >= stream.known_from:
            raise MalformedError(self.name, "it does not list messages newest day first")
        if batch.link is None:
            return replace(stream, link=None, known_from=_ALWAYS if first_day is None else _midnight(first_day))
        if batch.oldest is None:
            return replace(stream, link=batch.link)
        return replace(
            stream,
            link=batch.link,
            known_from=min(stream.known_from, _midnight(batch.oldest.date() + _ONE_DAY)),
        )

    async def _extend(self, reading: _Reading, extension: timedelta, deadline: Deadline) -> tuple[_Reading, int]:
        """As much later: a conversation begun in the window may last beyond it."""
        first_day = reading.known_to.date()
        last_day = min(first_day + extension, self.utc_now().date() + 2 * _ONE_DAY)
        links = [self._link(MAX_PAGE_SIZE, {s.side: s.address}, first_day, last_day) for s in reading.streams]
        batches = [b for drained in await together(self._drain(link, deadline) for link in links) for b in drained]
        reading = replace(reading, known_to=self._known_to(last_day)).with_messages(batches)
        return reading, sum(b.dropped for b in batches)

    async def _drain(self, link: str, deadline: Deadline) -> list[_Batch]:
        batches = [await self._read(link, deadline)]
        asked = {link}
        while (following := batches[-1].link) is not None:
            if following in asked:
                raise MalformedError(self.name, "it gives the same page again and again")
            asked.add(following)
            batches.append(await self._read(following, deadline))
        return batches

    def _link(
        self,
        page_size: int,
        addresses: Mapping[str, str],
        first_day: date | None = None,
        last_day: date | None = None,
    ) -> str:
        """Days are GMT, both included; the comparison is part of the parameter's name (`DateSent>=2026-01-01`)."""
        params: list[tuple[str, str | int]] = [*addresses.items(), ("PageSize", page_size)]
        if first_day is not None:
            params.append(("DateSent>", first_day.isoformat()))
        if last_day is not None:
            params.append(("DateSent<", last_day.isoformat()))
        return f"{self._account}/Messages.json?{urlencode(params, quote_via=quote, safe='')}"

    async def _read(self, link: str, deadline: Deadline) -> _Batch:
        page = await self.http.get(link, _Page, deadline)
        rows, dropped = decode_rows(page.messages, _Row)
        messages: list[TextMessage] = []
        sent: list[datetime] = []
        for row in rows:
            if row.status in _NEVER_SENT or (row.from_ is None and row.status == _SENDER_NOT_CHOSEN):
                continue
            message = _message(row)
            if message is None:
                dropped += 1
                continue
            if row.date_sent is not None:
                sent.append(message.at)
            if self._is_read(message):
                messages.append(message)
        oldest, newest = (min(sent), max(sent)) if sent else (None, None)
        return _Batch(messages, oldest, newest, dropped, self._following(page.next_page_uri))

    def _following(self, next_page_uri: str | None) -> str | None:
        """Twilio's links begin at its own root, which may lie under a path of ours."""
        if not next_page_uri:
            return None
        if next_page_uri.startswith(f"{self._account}/"):
            next_page_uri = self.config.base_url.rstrip("/") + next_page_uri
        return self.http.relative(next_page_uri)

    def _is_read(self, message: TextMessage) -> bool:
        return message.channel in self._channels and (self._senders is None or message.sender in self._senders)


def _streams(numbers: Iterable[str], channels: Iterable[Channel]) -> tuple[_Stream, ...]:
    """There is no filter for either side of a message, so each address is asked for twice."""
    addresses = [_spell(number, channel) for number in numbers for channel in sorted(channels)]
    return tuple(_Stream(side, address) for address in addresses for side in _SIDES)


def _spell(number: str, channel: Channel) -> str:
    return f"whatsapp:{number}" if channel is Channel.WHATSAPP else number


def _message(row: _Row) -> TextMessage | None:
    """None when it cannot be told whose message it is, or when it was."""
    party = _PARTIES.get(row.direction)
    at = from_rfc2822(row.date_sent) or from_rfc2822(row.date_created)
    customers, senders = (row.from_, row.to) if party is MessageParty.CUSTOMER else (row.to, row.from_)
    if party is None or at is None or not row.sid or not customers or not senders:
        return None
    channel = Channel.WHATSAPP if customers.startswith("whatsapp:") else Channel.SMS
    customer = e164(customers.removeprefix("whatsapp:"))
    if customer is None:
        return None
    return TextMessage(
        id=row.sid,
        at=at,
        customer=customer,
        channel=channel,
        sender=senders.removeprefix("whatsapp:"),
        party=party,
        text=row.body or None,
        delivery=None if party is MessageParty.CUSTOMER else _DELIVERY.get(row.status or ""),
        attachments=(Attachment(),) * _media_count(row.num_media),
    )


def _media_count(num_media: str | int | None) -> int:
    """Twilio writes it as text, and allows ten a message."""
    text = str(num_media)
    return min(10, int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
