"""A long list read by ever new queries, each beginning at the second of the last one's last row.

A vendor's own pages (query locators, batches) live for minutes and hold still what has moved on; an offset is capped.
The rows of that second are asked for again, so the next query has room for them beside the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Query, Window

SECOND = timedelta(seconds=1)
MOST_ROWS = 2000
"""Of one query."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a read stands. edge: the start of its last row; known: rows of that second that were given already.

    capped: rows were left out, because a second held more than one query gives.
    """

    edge: datetime | None = None
    known: int = 0
    capped: bool = False

    @property
    def _second(self) -> datetime | None:
        return None if self.edge is None else self.edge.replace(microsecond=0)

    def window(self, query: Query) -> Window:
        """What is left of the window, the second of the edge included."""
        second = self._second
        if second is None:
            return query.window
        if query.ascending:
            return Window(second, query.window.end)
        return Window(query.window.start, second + SECOND)

    def limit(self, size: int) -> int:
        return min(size + self.known, MOST_ROWS)

    def follow(self, times: Sequence[datetime], count: int, size: int, ascending: bool, is_last: bool) -> Place | None:
        """Behind an answer of `count` rows, those that could be read having started at `times`; None at the end."""
        if is_last and count < self.limit(size):
            return None
        edge = (max(times) if ascending else min(times)) if times else self.edge
        if edge is None:  # nothing could be read so far
            return Place(None, self.known + size) if self.known + size < MOST_ROWS else None
        second = edge.replace(microsecond=0)
        if second != self._second:
            return Place(edge, sum(at.replace(microsecond=0) == second for at in times), self.capped)
        if self.known + size < MOST_ROWS:
            return Place(edge, max(count, self.known + size), self.capped)
        return Place(second + SECOND if ascending else second - timedelta.resolution, 0, capped=True)
