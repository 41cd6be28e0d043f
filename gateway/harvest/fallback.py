"""What the journal says in place of a harvested source: STALE, as of the instant that its harvest has reached."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from connectors.base import Continuation, Page, Position, Wanted, Window
from connectors.interaction import Identifier, Interaction, Record
from gateway.sources.cache import Answer
from gateway.sources.report import SourceState
from gateway.sources.source import FROM_JOURNAL, Question
from gateway.store.errors import StoreError
from gateway.store.store import Store

T = TypeVar("T")
log = structlog.get_logger()

READING_SECONDS = 0.5
"""The source may have taken the operation's time already: a store that hangs must not hold the answer up for long."""
MOST_ROWS = 200
MAX_READS = 20
"""For one page: what is not wanted is passed over."""
TICK = timedelta(microseconds=1)


class Harvested:
    """One source's part of the journal. Every answer is None when nothing was harvested, or the store is away."""

    def __init__(self, store: Store, source: str, utc_now: Callable[[], datetime]) -> None:
        self._store = store
        self._source = source
        self._utc_now = utc_now

    async def find(self, identifiers: Sequence[Identifier]) -> Answer[list[Record]] | None:
        return await self._answer(lambda: self._store.records.find(self._source, identifiers))

    async def search(self, text: str, limit: int) -> Answer[list[Record]] | None:
        return await self._answer(lambda: self._store.records.search(self._source, text, limit))

    async def page(self, question: Question, limit: int) -> Answer[Page] | None:
        return await self._answer(lambda: self._page(question, max(1, min(limit, MOST_ROWS))))

    async def _answer(self, read: Callable[[], Awaitable[T]]) -> Answer[T] | None:
        try:
            async with asyncio.timeout(READING_SECONDS):
                position = await self._store.positions.get(self._source)
                if position is None:
                    return None
                return Answer(await read(), SourceState.STALE, position.at)
        except (StoreError, TimeoutError) as error:
            log.warning("journal_not_read", source=self._source, error=type(error).__name__)
            return None

    async def _page(self, question: Question, limit: int) -> Page:
        window, position = _begin(self._source, question)
        if window.is_empty:
            return Page(())
        ids = [record.id for record in question.records]
        rows: list[Interaction] = []
        for _ in range(MAX_READS):
            told, more = await self._store.journal.page(
                self._source, ids, window, limit, self._utc_now(), ascending=question.ascending, after=position
            )
            rows += [row for row in told if is_wanted(row, question.wanted)]
            if not more or not told:
                return Page(tuple(rows))
            position = Position(told[-1].started_at, self._source, told[-1].external_id)
            if len(rows) >= limit:
                break
        assert position is not None
        following = Continuation(FROM_JOURNAL, given=position.started_at, position=position)
        return Page(tuple(rows), following, position.started_at)


def _begin(source: str, question: Question) -> tuple[Window, Position | None]:
    """What of the window is left, and the row of this source that the page stands behind.

    A page that follows one of the source itself goes on where everything in front has been given.
    """
    window, position, after = question.window, question.position, question.after
    if after is not None and after.cursor is FROM_JOURNAL:
        return window, after.position
    if after is not None and after.given is not None:
        window = _from(window, after.given, question.ascending, with_ties=True)
    if position is not None and position.source != source:
        with_ties = (position.source < source) is not question.ascending
        return _from(window, position.started_at, question.ascending, with_ties=with_ties), None
    return window, position


def _from(window: Window, at: datetime, ascending: bool, *, with_ties: bool) -> Window:
    """The part of the window behind an instant, itself included or not."""
    if ascending:
        start = at if with_ties else at + TICK
        return Window(start if window.start is None else max(window.start, start), window.end)
    end = at + TICK if with_ties else at
    return Window(window.start, end if window.end is None else min(window.end, end))


def is_wanted(row: Interaction, wanted: Wanted) -> bool:
    return (
        (wanted.channels is None or row.channel in wanted.channels)
        and (wanted.directions is None or row.direction in wanted.directions)
        and (wanted.statuses is None or row.status in wanted.statuses)
        and (wanted.active_since is None or row.last_activity_at >= wanted.active_since)
        and (wanted.tags is None or not wanted.tags.isdisjoint(row.tags))
        and (wanted.queue_ids is None or any(leg.queue and leg.queue.id in wanted.queue_ids for leg in row.legs))
        and (wanted.agent_ids is None or any(leg.agent and leg.agent.id in wanted.agent_ids for leg in row.legs))
    )
