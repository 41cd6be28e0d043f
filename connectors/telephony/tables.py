"""Where an exchange's rows are: a table of a database, or a log on disk."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from connectors.base import Query
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.files import Logs
from connectors.mapping import Kept
from connectors.sql import Database, any_of
from connectors.telephony.clock import Clock

COLUMNS_KEPT_SECONDS = 600.0
EARLIER, LATER = timedelta(hours=1), timedelta(hours=4)
"""A window is asked for wider by this: local time is not in order when summer time ends, and a customer may join a call
some time after it began."""

ROWS_A_CALL = 4
"""About so many rows of a call tell the customer's number."""

Row = Mapping[str, Any]
Columns = Mapping[str, tuple[str, ...]]
"""What we call a column, and the names that it has in the field, the usual one first."""

Reader = Callable[[bytes], Row | None]


class Held(NamedTuple):
    """is_whole: nothing older was left unread."""

    rows: list[Row]
    dropped: int
    is_whole: bool


class Table(Protocol):
    """Rows by our names of the columns."""

    async def holding(
        self, column: str, values: Collection[str], deadline: Deadline, since: datetime | None = None
    ) -> Held:
        """Rows with one of the values in that column; those older than `since` need not be told."""
        ...

    async def newest(self, deadline: Deadline) -> Row | None:
        """The row that was written last, or nearly so; None while there is none."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Place:
    """Where a page of calls ended: the start as the database gave it, and the call."""

    start: Any
    call_id: str


@dataclass(frozen=True)
class Layout:
    """What a table of one kind has. `calls`: the columns that say which call a row is of, the first that is there is
    used. `numbers`: those with the two sides' numbers. `start`: the one with a row's time."""

    kind: str
    columns: Columns
    needed: frozenset[str]
    calls: tuple[str, ...] = ()
    numbers: tuple[str, str] = ("", "")
    start: str = "at"


class SqlTable:
    """`table`: its name in the database."""

    def __init__(self, source: str, database: Database, layout: Layout, table: str) -> None:
        self._source = source
        self._database = database
        self._layout = layout
        self._named = table
        self._table = database.name(table)
        self._kept: Kept[str, dict[str, str]] = Kept(COLUMNS_KEPT_SECONDS)

    async def columns(self, deadline: Deadline) -> dict[str, str]:
        """Our names of the columns that it has, with how they stand in a statement."""

        async def read() -> dict[str, str]:
            there = spelled(await self._database.columns(self._named, deadline), self._layout.columns)
            if not self._layout.needed <= there.keys():
                raise MalformedError(self._source, f"the table of {self._layout.kind} rows lacks columns")
            return {ours: self._database.name(theirs) for ours, (theirs, _) in there.items()}

        return await self._kept.get(self._named, deadline, read)

    async def holding(
        self, column: str, values: Collection[str], deadline: Deadline, since: datetime | None = None
    ) -> Held:
        if not values:
            return Held([], 0, True)
        columns = await self.columns(deadline)
        there = columns[column] if column in columns else columns[self._call(columns)]
        condition, bound = any_of(there, "v", values)
        rows = await self._database.rows(f"{self._select(columns)} WHERE {condition}", bound, deadline)
        return Held(list(rows), 0, True)

    async def newest(self, deadline: Deadline) -> Row | None:
        columns = await self.columns(deadline)
        at = columns[self._layout.start]
        rows = await self._database.rows(f"{self._select(columns)} ORDER BY {at} DESC LIMIT 1", {}, deadline)
        return rows[0] if rows else None

    async def page(
        self, numbers: Collection[str], query: Query, clock: Clock, deadline: Deadline
    ) -> tuple[list[str], Place | None, Any]:
        """Ids of calls with one of the numbers in the query's window and order, where the next page begins, and the
        start of the last row that was looked at."""
        columns = await self.columns(deadline)
        start, call = columns[self._layout.start], columns[self._call(columns)]
        of_src, src = any_of(columns[self._layout.numbers[0]], "s", numbers)
        of_dst, dst = any_of(columns[self._layout.numbers[1]], "d", numbers)
        conditions, bound = [f"({of_src} OR {of_dst})"], {**src, **dst}
        if query.window.start is not None:
            conditions.append(f"{start} >= :earliest")
            bound["earliest"] = clock.local(query.window.start - EARLIER).replace(microsecond=0)
        if query.window.end is not None:
            conditions.append(f"{start} < :latest")
            bound["latest"] = clock.local(query.window.end + LATER).replace(microsecond=0)
        order, beyond = ("ASC", ">") if query.ascending else ("DESC", "<")
        if query.cursor is not None:
            conditions.append(f"({start} {beyond} :place OR ({start} = :place AND {call} {beyond} :call))")
            bound |= {"place": query.cursor.start, "call": query.cursor.call_id}
        size = max(50, query.limit * ROWS_A_CALL)
        rows = await self._database.rows(
            f"SELECT DISTINCT {call} AS call_id, {start} AS start_at FROM {self._table}"  # noqa: S608 (names are checked)
            f" WHERE {' AND '.join(conditions)} ORDER BY start_at {order}, call_id {order} LIMIT {size:d}",
            bound,
            deadline,
        )
        calls = list(dict.fromkeys(str(row["call_id"]) for row in rows if row["call_id"]))
        if not rows:
            return calls, None, None
        last = rows[-1]
        place = Place(last["start_at"], str(last["call_id"])) if len(rows) == size else None
        return calls, place, last["start_at"]

    def _call(self, columns: Mapping[str, str]) -> str:
        return next(column for column in self._layout.calls if column in columns)

    def _select(self, columns: Mapping[str, str]) -> str:
        wanted = ", ".join(f"{theirs} AS {self._database.name(ours)}" for ours, theirs in columns.items())
        return f"SELECT {wanted} FROM {self._table}"  # noqa: S608 (names are checked)

    def close(self) -> None:
        self._database.close()


class FileTable:
    """`read`: a row of a line; None where it is none. `clock` and `at`: the column that tells a row's time."""

    def __init__(self, source: str, logs: Logs, read: Reader, clock: Clock, at: str) -> None:
        self._source = source
        self._logs = logs
        self._read = read
        self._clock = clock
        self._at = at

    async def holding(
        self, column: str, values: Collection[str], deadline: Deadline, since: datetime | None = None
    ) -> Held:
        found = await self._lines(values, deadline, since)
        rows = [row for row in found.rows if (row.get(column) or row.get("uniqueid")) in values]
        return Held(rows, found.dropped, found.is_whole)

    async def about(self, texts: Sequence[str], deadline: Deadline, since: datetime | None) -> Held:
        """Rows whose line holds one of the texts anywhere."""
        return await self._lines(texts, deadline, since)

    async def newest(self, deadline: Deadline) -> Row | None:
        line = await self._logs.last_line(deadline)
        row = None if line is None else self._read(line)
        if line is not None and row is None:
            raise MalformedError(self._source, "the file's last line does not have the columns that it should")
        return row

    async def _lines(self, texts: Collection[str], deadline: Deadline, since: datetime | None) -> Held:
        """A call is written when it ends, so rows are about in order of time: a day more is read."""

        def is_old(line: bytes) -> bool:
            row = None if since is None else self._read(line)
            at = None if row is None else self._clock.utc(row.get(self._at))
            return at is not None and since is not None and at < since - timedelta(days=1)

        lines, is_whole = await self._logs.lines_with([text.encode() for text in texts if text], deadline, is_old)
        rows = [self._read(line) for line in lines]
        kept = [row for row in rows if row is not None]
        return Held(kept, len(rows) - len(kept), is_whole)

    def close(self) -> None:
        self._logs.close()


def spelled(columns: Iterable[str], wanted: Columns) -> dict[str, tuple[str, str]]:
    """Our names of the columns that are there, each with its spelling and with that in small letters."""
    there = {column.lower(): column for column in columns}
    found = {ours: next((name for name in names if name in there), None) for ours, names in wanted.items()}
    return {ours: (there[name], name) for ours, name in found.items() if name is not None}
