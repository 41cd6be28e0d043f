"""One configured source: its connector, its bounds, and how it has been doing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from math import ceil
from typing import Any, Protocol, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from connectors.base import EVERYTHING, Connector, Continuation, Page, Position, Wanted, Window
from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.interaction import Identifier, Interaction, Record
from gateway.sources.cache import Answer, Codec, SourceCache
from gateway.sources.enrich import Enrichment
from gateway.sources.packing import AS_IT_IS, PAGES
from gateway.sources.report import SourceHealth, SourceState
from gateway.visibility import Judge, Shown

T = TypeVar("T")
log = structlog.get_logger()

DEFAULT_RETRY_AFTER_SECONDS = 5.0
RECENT_CALLS = 20
FIRST_SHARE = 0.3
"""Of a page that a source is taken to give before it has given any."""
SHARE_MARGIN = 2.0
FEWEST_ROWS = 10
MAX_PAGES_BEHIND = 20
"""That are looked through for the place where a reader goes on."""
LEFT_SHARE, MOST_LEFT_SECONDS = 0.1, 0.1
"""Of the time for a question: what is left for the journal, should the source not answer."""
FROM_JOURNAL = object()
"""The cursor of a page that the journal gave: what follows comes from there as well."""


class Question(msgspec.Struct, frozen=True):
    """A page that a source is asked for: what of, and (`asked`, `start`) how. `window` and `position` are what the
    reader will be given. `key`: what it is remembered by; `first`: by what the first page of such a read is."""

    key: Hashable
    first: Hashable
    records: Sequence[Record]
    asked: Window
    start: Position | None
    ascending: bool
    wanted: Wanted
    after: Continuation | None
    window: Window
    position: Position | None


class Journal(Protocol):
    """What is kept of one source for when it cannot be asked; None: nothing. Answers are STALE, and cut exactly."""

    async def find(self, identifiers: Sequence[Identifier]) -> Answer[list[Record]] | None: ...
    async def search(self, text: str, limit: int) -> Answer[list[Record]] | None: ...
    async def page(self, question: Question, limit: int) -> Answer[Page] | None: ...


class Source:
    """Asks one connector, within its own time limit, and never before the moment it asked us to wait for.

    Every method raises leaves of `connectors.errors` alone; a bug in a connector is one of them as well
    (MalformedError), so that it costs that source and not the answer.
    """

    def __init__(
        self,
        connector: Connector,
        enrichment: Enrichment,
        *,
        timeout_seconds: float | None = None,
        cache: SourceCache | None = None,
        journal: Journal | None = None,
    ) -> None:
        """`cache`: shared by all sources; None when every question goes to the vendor. `journal`: what stands in for a
        failure when nothing is remembered there."""
        self.connector = connector
        self.cache = cache
        self.journal = journal
        self.name = connector.name
        self.namespaces = connector.namespaces
        self.finds = connector.finds
        self.enrichment = enrichment
        self._timeout_seconds = timeout_seconds
        self._recent: deque[bool] = deque(maxlen=RECENT_CALLS)
        self._share = FIRST_SHARE
        self._refused = False
        self._not_before = 0.0

    @property
    def health(self) -> SourceHealth:
        """Of the last calls: UNKNOWN before the first, DOWN when none of the last three answered."""
        if not self._recent:
            return SourceHealth.UNKNOWN
        if self._refused or not any(list(self._recent)[-3:]):
            return SourceHealth.DOWN
        return SourceHealth.UP if all(self._recent) else SourceHealth.DEGRADED

    def likely_rows(self, count: int) -> int:
        """How many rows to ask for first, for a page of `count`: by what this source gave lately, and some more."""
        return min(count, max(FEWEST_ROWS, ceil(count * self._share * SHARE_MARGIN)))

    def note_share(self, share: float) -> None:
        """What part of a full page came from here; the last pages count most."""
        self._share += (share - self._share) / 8

    def find_at_once(self, identifiers: Sequence[Identifier]) -> list[Record] | None:
        """Where the vendor need not be asked who somebody is; else None."""
        try:
            return self.connector.find_at_once(identifiers)
        except Exception as error:
            raise self._bug(error) from None

    async def find(self, identifiers: Sequence[Identifier], deadline: Deadline) -> Answer[list[Record]]:
        try:
            return await self._remembered(
                ("find", self.name, *identifiers), lambda d: self.connector.find(identifiers, d), deadline
            )
        except ConnectorError:
            kept = None if self.journal is None else await self.journal.find(identifiers)
            if kept is None:
                raise
            return kept

    async def search(self, text: str, limit: int, deadline: Deadline) -> Answer[list[Record]]:
        """Of a source that cannot search, what the journal has of it."""
        journal = self.journal
        if journal is not None and not self.connector.capabilities.search:
            return await journal.search(text, limit) or Answer([])
        try:
            return await self._remembered(
                ("search", self.name, text, limit), lambda d: self.connector.search(text, limit, d), deadline
            )
        except ConnectorError:
            kept = None if journal is None else await journal.search(text, limit)
            if kept is None:
                raise
            return kept

    async def get(self, external_id: str, deadline: Deadline) -> Interaction | None:
        answer = await self._remembered(
            ("get", self.name, external_id), lambda d: self.connector.get(external_id, d), deadline
        )
        return answer.value

    def question(
        self,
        records: Sequence[Record],
        window: Window,
        position: Position | None = None,
        *,
        ascending: bool = False,
        wanted: Wanted = EVERYTHING,
        after: Continuation | None = None,
    ) -> Question:
        """A page to be asked for. The vendor is asked from the beginning of the day on which the window begins, so
        that a window that begins so many months before now is the same question all day; and a source that can only
        be read whole, without the position."""
        asked, start = _from_midnight(window), position
        first = ("page", self.name, asked, ascending, wanted, *[record.id for record in records])
        key: Hashable = first
        if after is not None:
            key, start = _following(self.name, after, records), None
        elif position is not None and self.connector.capabilities.seek:
            key = (*first, position)
        else:
            start = None
        return Question(key, first, records, asked, start, ascending, wanted, after, window, position)

    async def recall(self, question: Question) -> Answer[Page] | None:
        """The answer, if it is remembered and as good as new: also rows that are left over from the page before."""
        if self.cache is None:
            return None
        answer: Answer[Page] | None = await self.cache.peek(question.key, PAGES)
        if answer is None and question.start is not None:
            answer = await self._left_over(self.cache, question, question.start)
        return None if answer is None else _within(answer, question)

    async def _left_over(self, cache: SourceCache, question: Question, start: Position) -> Answer[Page] | None:
        """The page of a read from the very beginning that reaches beyond the position, while all are remembered."""
        answer: Answer[Page] | None = await cache.peek(question.first, PAGES)
        for _ in range(MAX_PAGES_BEHIND):
            if answer is None or _reaches_beyond(answer.value, start, question.ascending):
                return answer
            after = answer.value.next
            following = None if after is None else _following(self.name, after, question.records)
            answer = None if following is None else await cache.peek(following, PAGES)
        return None

    async def page(self, question: Question, limit: int, deadline: Deadline) -> Answer[Page]:
        """As the connector's `interactions`; a page that is remembered may hold more or fewer rows than `limit`. A page
        is either the source's or the journal's, and so are all that follow one of the journal's."""
        q = question
        if q.after is not None and q.after.cursor is FROM_JOURNAL:
            kept = None if self.journal is None else await self.journal.page(q, limit)
            if kept is None:
                raise UnavailableError(self.name, "it cannot be asked, and the journal cannot be read")
            return kept
        try:
            return await self._own_page(q, limit, deadline)
        except ConnectorError:
            kept = None if self.journal is None else await self.journal.page(q, limit)
            if kept is None:
                raise
            return kept

    async def _own_page(self, q: Question, limit: int, deadline: Deadline) -> Answer[Page]:
        answer = await self._remembered(
            q.key,
            lambda d: self.connector.interactions(
                q.records, q.asked, q.start, limit, d, ascending=q.ascending, wanted=q.wanted, after=q.after
            ),
            deadline,
            PAGES,
        )
        page = answer.value
        if (page.foreign or page.dropped) and answer.state is SourceState.FRESH:
            log.warning("rows_left_out", source=self.name, foreign=page.foreign, unmappable=page.dropped)
        return _within(answer, q)

    def show(
        self,
        judge: Judge,
        rows: Iterable[Interaction],
        records: Mapping[str, Record],
        identifiers: Sequence[Identifier],
    ) -> list[Shown]:
        """The rows as this viewer is shown them, with what the operator's rules make of that."""
        shown = judge.show_each(self.name, rows, records, identifiers)
        return shown if self.enrichment.adds_nothing else [self.enrichment.apply(one) for one in shown]

    async def check(self, deadline: Deadline) -> None:
        await self._ask(self.connector.check, deadline)

    def runs_on(self, task: asyncio.Task[Any]) -> bool:
        """Whether a question that nobody waits for any more is still worth its answer; then it is looked after."""
        if self.cache is None:
            return False
        self.cache.run_on(task)
        return True

    async def aclose(self) -> None:
        await self.connector.aclose()

    async def _remembered(
        self,
        key: Hashable,
        question: Callable[[Deadline], Awaitable[T]],
        deadline: Deadline,
        codec: Codec[T] = AS_IT_IS,
    ) -> Answer[T]:
        if self.cache is None:
            return Answer(await self._ask(question, deadline))
        try:
            return await self.cache.ask(
                key,
                lambda: self._ask(question, deadline),
                codec,
                lambda: self._within(deadline).remaining_seconds(),
            )
        except TimeoutError:
            raise TimedOutError(self.name, "somebody else's question was not answered within the deadline") from None

    async def _ask(self, question: Callable[[Deadline], Awaitable[T]], deadline: Deadline) -> T:
        own = self._within(deadline)
        wait_seconds = self._not_before - own.clock()
        if wait_seconds > 0:
            raise RateLimitedError(self.name, "it asked us to slow down", wait_seconds)
        remaining = own.remaining_seconds()
        if remaining <= 0:
            raise TimedOutError(self.name, "no time was left to ask it")
        try:
            async with asyncio.timeout(remaining):
                answer = await question(own)
        except TimeoutError:
            self._note(ok=False)
            raise TimedOutError(self.name, "no answer within the deadline") from None
        except RateLimitedError as error:
            until = own.clock() + (error.retry_after_seconds or DEFAULT_RETRY_AFTER_SECONDS)
            self._not_before = max(self._not_before, until)
            self._note(ok=False)
            raise
        except ConnectorError as error:
            self._note(ok=False, refused=isinstance(error, RefusedError))
            if not isinstance(error, TimedOutError | UnavailableError):
                log.warning("source_failed", source=self.name, error=type(error).__name__, reason=error.reason)
            raise
        except Exception as error:
            raise self._bug(error) from None
        self._note(ok=True)
        return answer

    def _bug(self, error: Exception) -> MalformedError:
        self._note(ok=False)
        log.error("connector_bug", source=self.name, error=type(error).__name__)
        return MalformedError(self.name, "its connector could not make sense of the answer")

    def _within(self, deadline: Deadline) -> Deadline:
        """Its own time limit, and early enough for the journal to stand in."""
        at = deadline.at
        if self.journal is not None:
            at -= min(MOST_LEFT_SECONDS, LEFT_SHARE * max(0.0, deadline.remaining_seconds()))
        if self._timeout_seconds is not None:
            at = min(at, deadline.clock() + self._timeout_seconds)
        return deadline if at == deadline.at else Deadline(at, deadline.clock)

    def _note(self, *, ok: bool, refused: bool = False) -> None:
        self._recent.append(ok)
        self._refused = refused


def _following(source: str, after: Continuation, records: Sequence[Record]) -> Hashable:
    """By what a page that goes on is remembered: also by whose it is, so that it can be dropped with the rest."""
    return ("on", source, after.serial, *[record.id for record in records])


def _from_midnight(window: Window) -> Window:
    """From the beginning of the day (UTC) on which it begins."""
    if window.start is None:
        return window
    return Window(window.start.replace(hour=0, minute=0, second=0, microsecond=0), window.end)


def _reaches_beyond(page: Page, position: Position, ascending: bool) -> bool:
    if page.next is None:
        return True
    last = page.items[-1].started_at if page.items else position.started_at
    return last > position.started_at if ascending else last < position.started_at


def _within(answer: Answer[Page], question: Question) -> Answer[Page]:
    """Without the rows outside the window and on this side of the position: the page may have been asked for wider."""
    page, start, position = answer.value, question.window.start, question.position
    rows: Sequence[Interaction] = page.items
    if rows and start is not None and min(rows[0].started_at, rows[-1].started_at) < start:
        rows = question.window.cut(rows)
    if position is not None:
        is_beyond = position.is_after if question.ascending else position.is_before
        rows = [row for row in rows if is_beyond(row)]
    if len(rows) == len(page.items):
        return answer
    return replace(answer, value=replace(page, items=tuple(rows)))
