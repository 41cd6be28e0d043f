"""What a connector is, and the guards that no vendor module can forget.

A vendor module subclasses `VendorConnector` and writes a few small functions: `fetch_records`, `fetch_page`,
`fetch_one` and, where the vendor has a search, `fetch_by_text`; where it tells changes, `fetch_changes`. The base class
does the rest: it refuses empty identifiers, drops rows that are somebody else's, cuts the window exactly, orders rows
by (startedAt descending, externalId), caps pages, notices repeated cursors and reads a vendor that cannot seek as a
whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import gt
from typing import Any, ClassVar

import httpx
import msgspec
from msgspec.structs import replace

from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth, VendorHttp
from connectors.identifiers import e164
from connectors.interaction import (
    Channel,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
)
from connectors.questions import EVERYTHING as EVERYTHING
from connectors.questions import Capabilities as Capabilities
from connectors.questions import Changed as Changed
from connectors.questions import ChangesPage as ChangesPage
from connectors.questions import Connector as Connector
from connectors.questions import Continuation as Continuation
from connectors.questions import Fetched as Fetched
from connectors.questions import Page as Page
from connectors.questions import Place as Place
from connectors.questions import Position as Position
from connectors.questions import Query as Query
from connectors.questions import SourceConfig as SourceConfig
from connectors.questions import Wanted as Wanted
from connectors.questions import Window as Window

MAX_CALLS_A_PAGE = 30
"""Vendor pages read for one page of ours. A vendor that can seek goes on from there; of others the rest is not read."""

MAX_REPEATED_PAGES = 10
"""Vendor pages without one row that the others of this read did not tell: a few overlap, more and it is stuck."""

SHORTEST_SPAN = timedelta(seconds=1)
"""What a vendor caps even within such a span cannot be had."""

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Vendors are asked for nothing beyond: not all of them know such dates, and none has anything there."""

LATE = timedelta(minutes=2)
"""How long after its instant a change may come to light: transactions end in another order than they began."""

MAX_VALUE_LENGTH = 1000
"""Of identifiers, ids and texts to search for: what is longer is nobody's, and would not fit in an address."""


_places = msgspec.msgpack.Encoder()


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For vendors without options."""


class VendorConnector(ABC):
    """The guards around a vendor module. Rules: docs/connectors/contract.md."""

    vendor: ClassVar[str]
    kind: ClassVar[SourceKind]
    channels: ClassVar[frozenset[Channel]]
    Credentials: ClassVar[type[msgspec.Struct]] = NoOptions
    """Declared with `forbid_unknown_fields=True`; every field is a string and a secret."""
    Options: ClassVar[type[msgspec.Struct]] = NoOptions
    capabilities: Capabilities

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raises `msgspec.ValidationError` when credentials or options are not what the module declares."""
        self.name = config.name
        self.namespaces = frozenset(filter(None, (config.name, config.external_id_source)))
        self.config = config
        self.credentials: Any = msgspec.convert(config.credentials, self.Credentials)
        self.options: Any = msgspec.convert(config.options, self.Options)
        self.utc_now = utc_now
        self.http = VendorHttp(config.name, config.base_url, transport, auth=self.auth(), utc_now=utc_now)

    @abstractmethod
    def auth(self) -> Auth | None:
        """How requests prove who asks, from `self.credentials`."""

    @abstractmethod
    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        """Candidates for identifiers of the kinds in `finds_by`; too many is fine, they are checked afterwards."""

    def records_at_once(self, identifiers: Sequence[Identifier]) -> list[Record] | None:
        """As `fetch_records`, for vendors that know people by their addresses alone: there is nothing to ask."""
        return None

    def numbers_in(self, identifiers: Iterable[Identifier]) -> list[str]:
        """In E.164, each once: for vendors whose records are numbers."""
        asked = (i.value for i in identifiers if i.source in (None, self.name))
        numbers = (e164(value, self.config.region) for value in asked)
        return list(dict.fromkeys(number for number in numbers if number is not None))

    @abstractmethod
    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """One call's rows. At least those in `query.window` from the side that was asked for; more is cut off."""

    @abstractmethod
    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None: ...

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        return []

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        """One call's changes since `place.since`, or behind what `place` says was told; see `connectors.changes`."""
        return Changed(place)

    @abstractmethod
    async def check(self, deadline: Deadline) -> None: ...

    async def aclose(self) -> None:
        await self.http.aclose()

    async def find(self, identifiers: Iterable[Identifier], deadline: Deadline) -> list[Record]:
        asked = self._askable(identifiers)
        return _carrying(asked, await self.fetch_records(asked, deadline)) if asked else []

    def find_at_once(self, identifiers: Iterable[Identifier]) -> list[Record] | None:
        asked = self._askable(identifiers)
        records = self.records_at_once(asked) if asked else []
        return None if records is None else _carrying(asked, records)

    def _askable(self, identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
        return tuple(dict.fromkeys(filter(self.finds, identifiers)))

    def finds(self, identifier: Identifier) -> bool:
        if identifier.kind not in self.capabilities.finds_by or not _is_askable(identifier.value):
            return False
        if identifier.kind is IdentifierKind.EXTERNAL_ID:
            return identifier.source in self.namespaces
        return True

    async def get(self, external_id: str, deadline: Deadline) -> Interaction | None:
        if not _is_askable(external_id):
            return None
        row = await self.fetch_one(external_id, deadline)
        if row is None or row.external_id != external_id:
            return None
        return row if self.config.rules is None else self.config.rules.apply(row)

    async def search(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        if not self.capabilities.search or not _is_askable(text.strip()):
            return []
        return (await self.fetch_by_text(text.strip(), limit, deadline))[:limit]

    async def changes(self, since: datetime | bytes, deadline: Deadline) -> ChangesPage:
        """Malformed is also a cursor that this connector did not give."""
        place = Place(max(since, EARLIEST)) if isinstance(since, datetime) else _opened(self.name, since)
        asked_at = self.utc_now()
        if not self.capabilities.changes:
            return ChangesPage((), _places.encode(place), place.since, False)
        found = await self.fetch_changes(place, deadline)
        if found.more and found.place == place:
            raise MalformedError(self.name, "it gives the same page again and again")
        told = {row.external_id: row for row in found.items if row.source == self.name and row.external_id}
        rows = [row for row in told.values() if _is_askable(row.record_id)]
        owners = {row.record_id for row in rows}
        return ChangesPage(
            rows=tuple(rows if self.config.rules is None else map(self.config.rules.apply, rows)),
            cursor=_places.encode(found.place),
            reached=max(EARLIEST, min(found.place.since, asked_at - LATE)),
            more=found.more,
            records=tuple({r.id: r for r in found.records if r.source == self.name and r.id in owners}.values()),
            removed=tuple(dict.fromkeys(id_ for id_ in found.removed if id_ and id_ not in told)),
            dropped=found.dropped,
            foreign=sum(row.source != self.name or not row.external_id for row in found.items) + len(told) - len(rows),
        )

    async def interactions(
        self,
        records: Sequence[Record],
        window: Window,
        position: Position | None,
        limit: int,
        deadline: Deadline,
        *,
        ascending: bool = False,
        wanted: Wanted = EVERYTHING,
        after: Continuation | None = None,
    ) -> Page:
        own = [r for r in records if r.source == self.name and _is_askable(r.id)]
        if not own:
            return Page(())
        if self.config.rules is not None:
            wanted = self.config.rules.widened(wanted)
        if after is not None:
            position = after.position
        limit = max(1, min(limit, self.capabilities.page_cap))
        if not self.capabilities.seek:
            read = await self._read_whole(
                own, Query(_within_reach(window), self.capabilities.page_cap, wanted=wanted), deadline
            )
        else:
            asked = _within_reach(_narrow(window, position, ascending))
            if asked.is_empty:
                return Page(())
            query = Query(asked, limit, ascending, None, wanted)
            read = await self._read_on(own, query, after or Continuation(None, position=position), deadline)
        kept: Iterable[Interaction] = window.cut(read.items)
        if position is not None:
            is_beyond = position.is_after if ascending else position.is_before
            kept = [row for row in kept if is_beyond(row)]
        items = tuple(in_order(kept, ascending))
        return Page(items, read.next, read.reached, read.capped, read.dropped, read.foreign)

    async def _read_on(self, records: Sequence[Record], query: Query, after: Continuation, deadline: Deadline) -> Page:
        """Vendor pages until there is something certain to give: a whole page may be ties, or somebody else's."""
        fetch = self.fetch_page if self.capabilities.ascending or not query.ascending else self._fetch_upwards
        rows = {row.external_id: row for row in after.held}
        cursor, dropped, foreign, repeated = after.cursor, 0, 0, 0
        seen = set(rows)
        for _ in range(MAX_CALLS_A_PAGE):
            if cursor is not None:
                query = replace(query, cursor=cursor)
            fetched = await fetch(records, query, deadline)
            own = self._own(records, fetched.items)
            dropped += fetched.dropped
            foreign += len(fetched.items) - len(own)
            new = query.window.cut(own)
            if after.given is not None:  # pages moved by an insert
                new = [row for row in new if not _is_certain(row, after.given, query.ascending)]
            rows.update({row.external_id: row for row in new})
            if fetched.cursor is None:
                return Page(tuple(rows.values()), None, None, fetched.capped, dropped, foreign)
            told = {row.external_id for row in fetched.items}
            repeated += bool(told) and told <= seen
            seen |= told
            if fetched.cursor == cursor or repeated > MAX_REPEATED_PAGES:
                raise MalformedError(self.name, "it gives the same page again and again")
            cursor = fetched.cursor
            reached = fetched.reached or _edge(fetched.items, query.ascending)
            if reached is None:
                continue
            certain = [r for r in rows.values() if _is_certain(r, reached, query.ascending)]
            if certain or fetched.reached is not None:  # an empty stretch of time is an answer as well
                held = tuple(r for r in rows.values() if not _is_certain(r, reached, query.ascending))
                return Page(
                    tuple(certain),
                    Continuation(cursor, held, reached, after.position),
                    reached,
                    False,
                    dropped,
                    foreign,
                )
        held = tuple(rows.values())
        return Page((), Continuation(cursor, held, after.given, after.position), after.given, False, dropped, foreign)

    async def _read_whole(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Page:
        rows: dict[str, Interaction] = {}
        cursor, dropped, foreign, capped = None, 0, 0, False
        for _ in range(MAX_CALLS_A_PAGE):
            fetched = await self.fetch_page(records, replace(query, cursor=cursor), deadline)
            own = self._own(records, fetched.items)
            dropped += fetched.dropped
            foreign += len(fetched.items) - len(own)
            capped |= fetched.capped
            rows |= {row.external_id: row for row in own}
            if fetched.cursor is None:
                break
            if fetched.cursor == cursor:
                raise MalformedError(self.name, "it gives the same page again and again")
            cursor = fetched.cursor
        else:
            capped = True
        return Page(tuple(rows.values()), None, None, capped, dropped, foreign)

    async def _fetch_upwards(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """Oldest first from a vendor that only sorts newest first: spans of time, each read whole, ever longer.

        The last span has the window's own end, so that it holds what is still to come. A span that the vendor
        caps would miss its oldest rows: it is read again in shorter ones.
        """
        end, now = query.window.end, self.utc_now()
        start = query.window.start or self._history_start()
        span_start, span = query.cursor or (start, timedelta(days=1))
        is_last = span_start + span >= (now if end is None else min(end, now))
        window = Window(span_start, end if is_last else span_start + span)
        whole = Query(window, self.capabilities.page_cap, wanted=query.wanted)
        page = await self._read_whole(records, whole, deadline)
        if page.capped and span > SHORTEST_SPAN:
            return Fetched((), (span_start, max(span / 8, SHORTEST_SPAN)), dropped=page.dropped)
        rows = [row for row in page.items if window.holds(row.started_at)]
        if is_last or page.capped:
            return Fetched(rows, None, capped=page.capped, dropped=page.dropped)
        following = span if len(rows) > query.limit // 2 else span * 2
        return Fetched(rows, (window.end, following), window.end, dropped=page.dropped)

    def _history_start(self) -> datetime:
        if self.capabilities.history_days is None:
            return datetime(2005, 1, 1, tzinfo=UTC)
        return self.utc_now() - timedelta(days=self.capabilities.history_days)

    def _own(self, records: Sequence[Record], items: Sequence[Interaction]) -> list[Interaction]:
        ids, name = {r.id for r in records}, self.name
        own = [row for row in items if row.record_id in ids and row.source == name and row.external_id]
        return own if self.config.rules is None else list(map(self.config.rules.apply, own))


def in_order(rows: Iterable[Interaction], ascending: bool = False) -> list[Interaction]:
    """By startedAt descending, then source, then externalId; `ascending` gives exactly the reverse."""
    ordered = list(rows)
    times = [row.started_at for row in ordered]
    if not all(map(gt, times, islice(times, 1, None))):  # most vendors give them newest first, seldom with ties
        ordered.sort(key=lambda row: (row.source, row.external_id))
        ordered.sort(key=lambda row: row.started_at, reverse=True)
    if ascending:
        ordered.reverse()
    return ordered


def _carrying(identifiers: Sequence[Identifier], records: Iterable[Record]) -> list[Record]:
    """Those that carry one of the identifiers, in the order of their ids."""
    found = {r.id: r for r in records if any(held.identifier in identifiers for held in r.identifiers)}
    return [found[id_] for id_ in sorted(found)]


def _opened(source: str, cursor: bytes) -> Place:
    try:
        return msgspec.msgpack.decode(cursor, type=Place)
    except msgspec.MsgspecError:
        raise MalformedError(source, "the cursor is none that it gave") from None


def _is_askable(value: str) -> bool:
    """Nothing is called by a blank, an unprintable or an endless text, or by a step in a path."""
    return (
        len(value) <= MAX_VALUE_LENGTH and value.isprintable() and not value.isspace() and value not in ("", ".", "..")
    )


def _narrow(window: Window, position: Position | None, ascending: bool) -> Window:
    """The part of the window that can hold rows beyond the position, ties included."""
    if position is None:
        return window
    if ascending:
        start = position.started_at if window.start is None else max(window.start, position.started_at)
        return Window(start, window.end)
    end = position.started_at + timedelta(microseconds=1)
    return Window(window.start, end if window.end is None else min(window.end, end))


def _within_reach(window: Window) -> Window:
    start, end = window.start, window.end
    return Window(
        None if start is None or start <= EARLIEST else min(start, LATEST),
        None if end is None or end >= LATEST else max(end, EARLIEST),
    )


def _is_certain(row: Interaction, reached: datetime, ascending: bool) -> bool:
    """Rows of the very instant that a page ends at may have followers there."""
    return row.started_at < reached if ascending else row.started_at > reached


def _edge(items: Sequence[Interaction], ascending: bool) -> datetime | None:
    times = [row.started_at for row in items]
    return (max(times) if ascending else min(times)) if times else None
