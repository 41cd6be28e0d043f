"""Twilio Voice: the calls of one account, with the legs that a call dialled folded into it.

Source: Twilio documentation, "Call resource" (/docs/voice/api/call-resource). What it cannot see, and how it reads:
docs/connectors/twilio_voice.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth, segment
from connectors.identifiers import external
from connectors.interaction import (
    Channel,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
)
from connectors.mapping import Kept, decode_rows, together
from connectors.telephony.numbers import Numbers
from connectors.telephony.twilio_calls import CallRow, Family, Setting, customers_leg, row_of
from connectors.whatsapp.twilio_messages import BASE_URL, TwilioCredentials

CALLS_TO_KNOW_A_NUMBER = 6
FAMILIES_KEPT_SECONDS = 3600.0
MOST_CHILDREN = 50
_BEGINNING = datetime(2008, 1, 1, tzinfo=UTC)
"""Twilio has no older calls."""

_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_ONE_DAY = timedelta(days=1)
_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)
_SIDES: tuple[Literal["From", "To"], ...] = ("From", "To")


class TwilioVoiceOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`numbers`: the company's. `agents`: names of agents by their client, SIP address or number.

    `ask_for_legs`: ask for the legs of every call that was answered, one question a call, instead of folding only
    those that show the customer's number.
    """

    numbers: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    ask_for_legs: bool = True


class _Page(msgspec.Struct):
    calls: list[msgspec.Raw]
    next_page_uri: str | None = None


class _Batch(NamedTuple):
    calls: list[CallRow]
    dropped: int
    link: str | None


@dataclass(frozen=True, slots=True)
class _Stream:
    """What one number called, or was called by, newest day first; within a day Twilio promises no order.

    `link`: the next page; None at the end. Every call since `known_from` has been read.
    """

    link: str | None
    known_from: datetime = _FOR_EVER


class TwilioVoice(VendorConnector):
    vendor = "twilio_voice"
    kind = SourceKind.TELEPHONY
    channels = frozenset({Channel.VOICE})
    Credentials = TwilioCredentials
    Options = TwilioVoiceOptions
    capabilities = Capabilities(
        seek=True,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=False,
        window_granularity_seconds=86_400,
        page_cap=50,
        live_state=True,
        cannot_see=(
            "queues and wrap-up codes (they live in TaskRouter and Flex), calls of other Twilio accounts and "
            "subaccounts, and withheld numbers"
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
        account = self.credentials.account_sid
        self._account = f"/2010-04-01/Accounts/{segment(account)}"
        self._numbers = Numbers(config.region, own=self.options.numbers)
        self._setting = Setting(config.name, self._numbers, account, self.options.agents)
        self._ended: Kept[str, Family | None] = Kept(FAMILIES_KEPT_SECONDS)

    def auth(self) -> Auth:
        known: TwilioCredentials = self.credentials
        return known.auth()

    async def check(self, deadline: Deadline) -> None:
        await self._read(self._link([("PageSize", 1)]), deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        numbers = [number for number in self.numbers_in(identifiers) if not self._numbers.is_own(number)]
        found = await together(self._record(number, deadline) for number in numbers)
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """Somebody with that number, if there is a call to show for it."""
        links = [self._link([(side, number), ("PageSize", CALLS_TO_KNOW_A_NUMBER)]) for side in _SIDES]
        batches = await together(self._read(link, deadline) for link in links)
        calls = [call for batch in batches for call in batch.calls]
        families = await self._families(calls, deadline)
        own = [f for f in families if customers_leg(f, self._setting)[2] == number]
        if not own:
            return None
        callers = (f.parent.caller_name for f in own if f.parent.direction == "inbound")
        held = (
            HeldIdentifier(external(self.name, number), True),
            HeldIdentifier(Identifier(IdentifierKind.PHONE, number)),
        )
        return Record(source=self.name, id=number, identifiers=held, name=next((n for n in callers if n), None))

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """None for a leg that another call dialled: it is told with that one."""
        if not _SID.fullmatch(external_id):
            return None
        call = await self._call(external_id, deadline)
        if call is None or call.parent_call_sid:
            return None
        return row_of(Family(call, await self._children(external_id, deadline)), self._setting)

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        streams: tuple[_Stream, ...] = query.cursor or self._begin([record.id for record in records], query)
        due = [stream for stream in streams if stream.link is not None]
        lagging = max(stream.known_from for stream in due)
        due = [stream for stream in due if stream.known_from == lagging]
        batches = await together(self._read(stream.link, deadline) for stream in due if stream.link is not None)
        moved = {id(stream): self._moved(stream, batch) for stream, batch in zip(due, batches, strict=True)}
        streams = tuple(moved.get(id(stream), stream) for stream in streams)
        families = await self._families([call for batch in batches for call in batch.calls], deadline)
        rows = [row_of(family, self._setting) for family in families]
        kept = [row for row in rows if row is not None]
        dropped = sum(batch.dropped for batch in batches) + len(rows) - len(kept)
        unfinished = [stream.known_from for stream in streams if stream.link is not None]
        if not unfinished:
            return Fetched(kept, dropped=dropped)
        reached = max(unfinished)
        return Fetched(kept, streams, None if reached == _FOR_EVER else reached, dropped=dropped)

    def _begin(self, numbers: Iterable[str], query: Query) -> tuple[_Stream, ...]:
        """Days that are wide enough for a leg dialled after midnight. What is not over may have no day yet."""
        start, end = query.window.start, query.window.end
        params: list[tuple[str, str | int]] = [("PageSize", max(20, query.limit))]
        if start is not None:
            params.append(("StartTime>", max(start, _BEGINNING).date().isoformat()))
        if end is not None and end < self.utc_now():
            params.append(("StartTime<", (max(end, _BEGINNING) + 2 * _ONE_DAY).date().isoformat()))
        return tuple(_Stream(self._link([(side, number), *params])) for number in numbers for side in _SIDES)

    def _moved(self, stream: _Stream, batch: _Batch) -> _Stream:
        days = [at.date() for call in batch.calls if call.start_time and (at := call.started_at) is not None]
        if days and _midnight(max(days)) >= stream.known_from:
            raise MalformedError(self.name, "it does not list calls newest day first")
        known_from = min(stream.known_from, _midnight(min(days) + _ONE_DAY)) if days else stream.known_from
        return _Stream(batch.link, _ALWAYS if batch.link is None else known_from)

    async def _families(self, calls: Sequence[CallRow], deadline: Deadline) -> list[Family]:
        """Each call with its legs, once; where only a leg is at hand, with the call that dialled it."""
        seen: dict[str, dict[str, CallRow]] = {}
        for call in calls:
            seen.setdefault(call.root_sid, {})[call.sid] = call
        found = await together(self._family(sid, rows, deadline) for sid, rows in seen.items())
        return [family for family in found if family is not None]

    async def _family(self, sid: str, rows: dict[str, CallRow], deadline: Deadline) -> Family | None:
        """What is over stays as it is, and is kept."""

        async def read() -> Family | None:
            parent = rows.get(sid) or await self._call(sid, deadline)
            if parent is None:
                return None
            if self.options.ask_for_legs and (parent.is_answered or parent.is_running):
                return Family(parent, await self._children(sid, deadline))
            return Family(parent, [row for row in rows.values() if row.sid != sid])

        parent = rows.get(sid)
        if parent is not None and (parent.is_running or not self.options.ask_for_legs):
            return await read()
        family = await self._ended.get(sid, deadline, read)
        return await read() if family is not None and family.parent.is_running else family

    async def _call(self, sid: str, deadline: Deadline) -> CallRow | None:
        if not _SID.fullmatch(sid):
            return None
        row = await self.http.get_or_none(f"{self._account}/Calls/{segment(sid)}.json", CallRow, deadline)
        return row if row is not None and row.sid == sid else None

    async def _children(self, sid: str, deadline: Deadline) -> list[CallRow]:
        batch = await self._read(self._link([("ParentCallSid", sid), ("PageSize", MOST_CHILDREN)]), deadline)
        return [call for call in batch.calls if call.parent_call_sid == sid]

    def _link(self, params: Sequence[tuple[str, str | int]]) -> str:
        """Days are UTC; the comparison is part of the parameter's name (`StartTime>=2026-01-01`)."""
        return f"{self._account}/Calls.json?{urlencode(params, quote_via=quote, safe='')}"

    async def _read(self, link: str, deadline: Deadline) -> _Batch:
        page = await self.http.get(link, _Page, deadline)
        calls, dropped = decode_rows(page.calls, CallRow)
        return _Batch(calls, dropped, self._following(page.next_page_uri))

    def _following(self, next_page_uri: str | None) -> str | None:
        """Twilio's links begin at its own root, which may lie under a path of ours."""
        if not next_page_uri:
            return None
        if next_page_uri.startswith(f"{self._account}/"):
            next_page_uri = self.config.base_url.rstrip("/") + next_page_uri
        return self.http.relative(next_page_uri)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
