"""What a connector is asked, and what it answers; `connectors.base` guards both.

All values are immutable, but for what a vendor's cursor is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar, Protocol

import msgspec

from connectors.deadline import Deadline
from connectors.interaction import (
    Channel,
    Direction,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SourceKind,
)
from connectors.rules import RowRules

FIRST = datetime.min.replace(tzinfo=UTC)


class Window(msgspec.Struct, frozen=True):
    """On `started_at`: `start` inclusive, `end` exclusive; None is unbounded."""

    start: datetime | None = None
    end: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self.start is not None and self.end is not None and self.start >= self.end

    def holds(self, at: datetime) -> bool:
        return (self.start is None or at >= self.start) and (self.end is None or at < self.end)

    def cut(self, rows: Iterable[Interaction]) -> list[Interaction]:
        """Those that began within it."""
        start, end = self.start or FIRST, self.end
        if end is None:
            return [row for row in rows if start <= row.started_at]
        return [row for row in rows if start <= row.started_at < end]


class Position(msgspec.Struct, gc=False, frozen=True):
    """A place in the journey's order: startedAt descending, then source name, then externalId."""

    started_at: datetime
    source: str
    external_id: str

    def is_before(self, row: Interaction) -> bool:
        """Whether `row` comes later in the journey's order, so is older or ties and sorts after."""
        if row.started_at != self.started_at:
            return row.started_at < self.started_at
        return (row.source, row.external_id) > (self.source, self.external_id)

    def is_after(self, row: Interaction) -> bool:
        """Whether `row` comes earlier in the journey's order."""
        if row.started_at != self.started_at:
            return row.started_at > self.started_at
        return (row.source, row.external_id) < (self.source, self.external_id)


class Wanted(msgspec.Struct, frozen=True):
    """What the caller will keep; a vendor that can may send only this. None: everything.

    Only a hint: what comes back is filtered again, so a vendor may always send more, never less.
    """

    channels: frozenset[Channel] | None = None
    directions: frozenset[Direction] | None = None
    statuses: frozenset[InteractionStatus] | None = None
    queue_ids: frozenset[str] | None = None
    agent_ids: frozenset[str] | None = None
    tags: frozenset[str] | None = None
    active_since: datetime | None = None


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """A connector's sheet: what its vendor can do, and what its credential cannot see.

    seek: a page can start at any time at the same cost. ascending: it can also be read oldest first.
    order_guaranteed: the vendor promises an order with a tie-break of its own.
    window_granularity_seconds: 1, 86,400 for whole days, 0 for exact; None: the vendor has no window.
    page_cap: rows a call gives at most. row_cap: rows of one customer that can be had at all; None: all.
    finds_by: kinds of identifier that `find` understands. pushes: names of `Wanted` fields it hands to the vendor.
    live_state: tells what is going on now. changes: tells what has changed since an instant, of everybody.
    history_days: how far back the vendor keeps; None: without end.
    cannot_see: what stays hidden from the credential, in a sentence for operators.
    """

    seek: bool
    ascending: bool
    finds_by: frozenset[IdentifierKind]
    order_guaranteed: bool = False
    window_granularity_seconds: int | None = 1
    page_cap: int = 100
    row_cap: int | None = None
    search: bool = False
    pushes: frozenset[str] = frozenset()
    live_state: bool = False
    changes: bool = False
    history_days: int | None = None
    cannot_see: str = ""


class Query(msgspec.Struct, frozen=True):
    """What one call asks of a vendor: rows whose `started_at` lies in `window`, in the order asked.

    `limit`: rows wanted, never above the sheet's `page_cap`. `cursor`: what the last `Fetched` of this read gave.
    """

    window: Window
    limit: int
    ascending: bool = False
    cursor: Any = None
    wanted: Wanted = EVERYTHING


class Fetched(msgspec.Struct, frozen=True):
    """What one call brought: rows in any order, of this or even (they are dropped) of other people.

    cursor: for the next call; None at the end; must differ from the one before.
    reached: every row on this side of that instant has been given (newest first: those that started after it;
    oldest first: before it). None: the time of the last row, which is right for vendors that sort by start.
    capped: the vendor has more but will not give it. dropped: rows that could not be mapped.
    """

    items: Sequence[Interaction]
    cursor: Any = None
    reached: datetime | None = None
    capped: bool = False
    dropped: int = 0


_serials = count(1)


class Continuation(msgspec.Struct, frozen=True):
    """Where a read stands: the vendor's cursor, and rows at the edge of its last page, held back because others
    of the same instant may follow. given: what lies in front of it has been. position: where the read began. Opaque to
    callers, but for `serial`: no other has the same, so that what follows can be remembered by it."""

    cursor: Any
    held: tuple[Interaction, ...] = ()
    given: datetime | None = None
    position: Position | None = None
    serial: int = msgspec.field(default_factory=lambda: next(_serials))


class Page(msgspec.Struct, frozen=True):
    """`items` in the order asked, gapless: nothing in front of the last of them, nor of `reached`, is missing.

    next: None when the source is read to the end of the window. capped: it ended because of the vendor's cap
    or of ours, so older (oldest first: newer) rows may exist. dropped: unmappable rows; foreign: rows of others.
    """

    items: tuple[Interaction, ...]
    next: Continuation | None = None
    reached: datetime | None = None
    capped: bool = False
    dropped: int = 0
    foreign: int = 0


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a reading of changes stands; kept for months, so fields are only ever added.

    since: what changed before it has been told. page, until: see `connectors.changes`. token: the vendor's own cursor.
    """

    since: datetime
    page: int = 1
    until: datetime | None = None
    token: str = ""


class Changed(msgspec.Struct, frozen=True):
    """What one call for changes brought: rows as they are now, whose rows they are, and the ids of rows that are gone.

    place: for the next call. more: whether that may be made at once; else there is nothing yet. dropped: rows that
    could not be mapped.
    """

    place: Place
    items: Sequence[Interaction] = ()
    records: Sequence[Record] = ()
    removed: Sequence[str] = ()
    more: bool = False
    dropped: int = 0


class ChangesPage(msgspec.Struct, frozen=True):
    """What has changed at a source, in the order in which it did. A row that changed often is told as it is now; one
    that was told before may come again.

    records: whose rows these are. removed: external ids of rows that are gone. cursor: where the next page goes on, at
    once or in a month; opaque. reached: what changed before it has been told. more: the next page can be had at once.
    dropped: rows that could not be mapped; foreign: those that are no rows of this source.
    """

    rows: tuple[Interaction, ...]
    cursor: bytes
    reached: datetime
    more: bool
    records: tuple[Record, ...] = ()
    removed: tuple[str, ...] = ()
    dropped: int = 0
    foreign: int = 0


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """What an operator says of one source; `credentials` and `options` are what the vendor's module declares.

    external_id_source: whose ids the vendor's own "external id" field holds (a source's name, or a name such as
    `crm`); None: they are not used. region: assumed for phone numbers without a country prefix. time_zone: the
    vendor's, for those that tell local time. rules: what the operator adds to its rows.
    """

    name: str
    base_url: str
    credentials: dict[str, str] = field(default_factory=dict, repr=False)
    options: dict[str, Any] = field(default_factory=dict)
    external_id_source: str | None = None
    region: str | None = None
    time_zone: str = "UTC"
    rules: RowRules | None = None


class Connector(Protocol):
    """One configured source. Every method raises leaves of `connectors.errors` alone.

    namespaces: whose external ids it may know.
    """

    name: str
    namespaces: frozenset[str]
    vendor: ClassVar[str]
    kind: ClassVar[SourceKind]
    channels: ClassVar[frozenset[Channel]]
    capabilities: Capabilities

    def finds(self, identifier: Identifier) -> bool:
        """Whether `find` can do anything with such an identifier."""
        ...

    def find_at_once(self, identifiers: Iterable[Identifier]) -> list[Record] | None:
        """As `find`, where the vendor need not be asked for that; else None."""
        ...

    async def find(self, identifiers: Iterable[Identifier], deadline: Deadline) -> list[Record]:
        """Records that carry one of the identifiers, verified or not."""
        ...

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
        """Rows of these records within the window: behind `position` newest first, or in front of it oldest first.
        `after`: what the last page gave to go on by; it knows the position by itself.

        About `limit` rows: fewer when the vendor's pages fall so, more when a vendor can only be read whole.
        """
        ...

    async def get(self, external_id: str, deadline: Deadline) -> Interaction | None: ...

    async def search(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        """Records whose name or identifier holds the text; empty where the vendor cannot search."""
        ...

    async def changes(self, since: datetime | bytes, deadline: Deadline) -> ChangesPage:
        """What has changed since an instant, or behind the page that gave this cursor, if the sheet says `changes`."""
        ...

    async def check(self, deadline: Deadline) -> None:
        """Ask a harmless question; returns when the credential works."""
        ...

    async def aclose(self) -> None: ...
