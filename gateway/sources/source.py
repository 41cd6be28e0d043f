"""One configured source: its connector, its bounds, and how it has been doing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from math import ceil
from typing import TypeVar

import structlog

from connectors.base import Connector, Continuation, Page, Position, Wanted, Window
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
from gateway.sources.enrich import Enrichment
from gateway.sources.report import SourceHealth
from gateway.visibility import Judge, Shown

T = TypeVar("T")
log = structlog.get_logger()

DEFAULT_RETRY_AFTER_SECONDS = 5.0
RECENT_CALLS = 20
FIRST_SHARE = 0.3
"""Of a page that a source is taken to give before it has given any."""
SHARE_MARGIN = 2.0
FEWEST_ROWS = 10


class Source:
    """Asks one connector, within its own time limit, and never before the moment it asked us to wait for.

    Every method raises leaves of `connectors.errors` alone; a bug in a connector is one of them as well
    (MalformedError), so that it costs that source and not the answer.
    """

    def __init__(self, connector: Connector, enrichment: Enrichment, *, timeout_seconds: float | None = None) -> None:
        self.connector = connector
        self.name = connector.name
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

    async def find(self, identifiers: Iterable[Identifier], deadline: Deadline) -> list[Record]:
        return await self._ask(lambda d: self.connector.find(identifiers, d), deadline)

    async def search(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        return await self._ask(lambda d: self.connector.search(text, limit, d), deadline)

    async def get(self, external_id: str, deadline: Deadline) -> Interaction | None:
        return await self._ask(lambda d: self.connector.get(external_id, d), deadline)

    async def page(
        self,
        records: Sequence[Record],
        window: Window,
        position: Position | None,
        limit: int,
        deadline: Deadline,
        *,
        ascending: bool,
        wanted: Wanted,
        after: Continuation | None,
    ) -> Page:
        page = await self._ask(
            lambda d: self.connector.interactions(
                records, window, position, limit, d, ascending=ascending, wanted=wanted, after=after
            ),
            deadline,
        )
        if page.foreign or page.dropped:
            log.warning("rows_left_out", source=self.name, foreign=page.foreign, unmappable=page.dropped)
        return page

    def show(self, judge: Judge, row: Interaction, record: Record, identifiers: Sequence[Identifier]) -> Shown | None:
        """The row as this viewer is shown it, with what the operator's rules make of that."""
        shown = judge.show(row, record, identifiers)
        return None if shown is None else self.enrichment.apply(shown)

    async def check(self, deadline: Deadline) -> None:
        await self._ask(self.connector.check, deadline)

    async def aclose(self) -> None:
        await self.connector.aclose()

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
            self._note(ok=False)
            log.error("connector_bug", source=self.name, error=type(error).__name__)
            raise MalformedError(self.name, "its connector could not make sense of the answer") from None
        self._note(ok=True)
        return answer

    def _within(self, deadline: Deadline) -> Deadline:
        if self._timeout_seconds is None:
            return deadline
        return Deadline(min(deadline.at, deadline.clock() + self._timeout_seconds), deadline.clock)

    def _note(self, *, ok: bool, refused: bool = False) -> None:
        self._recent.append(ok)
        self._refused = refused
