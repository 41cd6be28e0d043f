"""How a long window is read through queries that span at most 31 whole days. Pure.

Chunks follow each other from the side that was asked for. One is asked first; while the customer has little to show,
twice as many are asked at once, so that two years cost five rounds and a busy customer costs one query a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

DAY = timedelta(days=1)
CHUNK_DAYS = 31
MAX_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole UTC days, `end` exclusive. `edge`: the start of the last conversation that its pages gave so far."""

    start: datetime
    end: datetime
    page: int = 1
    edge: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end

    @property
    def interval(self) -> str:
        """One millisecond short of the next day: a day that the interval touches is given whole."""
        return f"{_iso(self.start)}/{_iso(self.end - timedelta(milliseconds=1))}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be read between `frontier` and `limit`. `begun`: chunks with pages to come, nearest first."""

    ascending: bool
    frontier: datetime
    limit: datetime
    page_size: int
    at_once: int = 1
    begun: tuple[Chunk, ...] = ()

    @classmethod
    def over(cls, start: datetime, end: datetime, ascending: bool, page_size: int) -> Plan:
        """Over every day that the window touches."""
        first = _midnight(start)
        last = _midnight(end)
        if last < end:
            last += DAY
        return cls(ascending, first, last, page_size) if ascending else cls(ascending, last, first, page_size)

    @property
    def done(self) -> bool:
        return not self.begun and self.frontier == self.limit

    @property
    def reached(self) -> datetime:
        """Up to here everything was given."""
        if not self.begun:
            return self.frontier
        nearest = self.begun[0]
        if nearest.edge is not None:
            return nearest.edge
        return nearest.start if self.ascending else nearest.end

    def next_chunks(self) -> tuple[Chunk, ...]:
        """The nearest unfinished chunk alone, else as many new ones as are asked at once."""
        if self.begun:
            return self.begun[:1]
        chunks: list[Chunk] = []
        frontier = self.frontier
        while len(chunks) < self.at_once and frontier != self.limit:
            following = self._after(frontier)
            chunks.append(Chunk(min(frontier, following), max(frontier, following)))
            frontier = following
        return tuple(chunks)

    def after(self, asked: Sequence[Chunk], pages: Sequence[ChunkPage]) -> Plan:
        """With what the chunks answered."""
        begun = [
            replace(chunk, page=chunk.page + 1, edge=self._edge(chunk, page))
            for chunk, page in zip(asked, pages, strict=True)
            if not page.is_last
        ]
        if self.begun:
            return replace(self, begun=(*begun, *self.begun[1:]))
        found = sum(len(page.starts) for page in pages)
        at_once = 1 if found >= self.page_size else min(self.at_once * 2, MAX_AT_ONCE)
        frontier = asked[-1].end if self.ascending else asked[-1].start
        return replace(self, frontier=frontier, begun=tuple(begun), at_once=at_once)

    def _after(self, frontier: datetime) -> datetime:
        if self.ascending:
            return min(self.limit, frontier + CHUNK_DAYS * DAY)
        return max(self.limit, frontier - CHUNK_DAYS * DAY)

    def _edge(self, chunk: Chunk, page: ChunkPage) -> datetime | None:
        inside = [at for at in page.starts if chunk.holds(at)]
        if not inside:
            return chunk.edge
        return max(inside) if self.ascending else min(inside)


@dataclass(frozen=True, slots=True)
class ChunkPage:
    """`starts`: of the conversations on the page, wherever they lie."""

    starts: tuple[datetime, ...]
    is_last: bool


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
