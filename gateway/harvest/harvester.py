"""Asks sources for what has changed, one page at a time, each source as fast as its budget allows.

There is one loop: whoever is due first is asked next, so that years of one source do not keep the others waiting. After
each page everything is in the journal, with where to go on: it may be stopped or killed at any point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import structlog

from connectors.base import ChangesPage, VendorConnector
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RateLimitedError, TimedOutError
from gateway.harvest.copying import copy
from gateway.store.errors import UnavailableError
from gateway.store.positions import HarvestPosition
from gateway.store.store import Store

log = structlog.get_logger()

PAGE_SECONDS = 60.0
"""Nobody waits for a page; a source that hangs holds the others up for so long."""
WAIT_SECONDS = 30.0
"""After "slow down" without a word for how long."""
MAX_WAITS = 10
"""In a row, when all is to be read once."""


class Counting(httpx.AsyncBaseTransport):
    """Another transport, and how many calls went through it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(frozen=True, slots=True)
class HarvestLimits:
    """`history`: how far back the first harvest of a source begins."""

    interval_seconds: float = 300.0
    calls_per_minute: int = 60
    history: timedelta = timedelta(days=730)


@dataclass(slots=True)
class Field:
    """A source to be harvested. `due`: when it is to be asked next, on the clock of the event loop. `is_done`: it had
    nothing more when it was asked last, or could not be asked."""

    connector: VendorConnector
    transport: Counting
    due: float = 0.0
    waits: int = 0
    is_done: bool = False
    has_failed: bool = False


class Harvester:
    def __init__(
        self, store: Store, fields: Sequence[Field], limits: HarvestLimits, utc_now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._fields = fields
        self._limits = limits
        self._utc_now = utc_now

    async def run_once(self) -> bool:
        """Until no source has anything more; whether all of them could be read to their end."""
        while left := [field for field in self._fields if not field.is_done]:
            await self._next(left)
        return not any(field.has_failed for field in self._fields)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._next(self._fields)

    async def _next(self, fields: Sequence[Field]) -> None:
        field = min(fields, key=lambda field: field.due)
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, field.due - loop.time()))
        started, calls = loop.time(), field.transport.calls
        wait_seconds = await self._harvest(field)
        paid_seconds = (field.transport.calls - calls) * 60 / self._limits.calls_per_minute
        field.due = max(started + paid_seconds, loop.time() + wait_seconds)

    async def _harvest(self, field: Field) -> float:
        """One page of a source; how long to wait before the next."""
        source, interval = field.connector.name, self._limits.interval_seconds
        try:
            before = await self._store.positions.get(source)
            asked_at = self._utc_now()
            page = await self._ask(field.connector, before, asked_at)
            is_ours = await self._keep(source, page, asked_at, before)
        except RateLimitedError as error:
            log.warning("harvest_slowed_down", source=source)
            field.waits += 1
            field.is_done = field.has_failed = field.waits > MAX_WAITS
            return error.retry_after_seconds or WAIT_SECONDS
        except ConnectorError as error:
            log.warning("harvest_failed", source=source, error=type(error).__name__, reason=error.reason)
            field.is_done = field.has_failed = True
            return interval
        except UnavailableError:
            log.error("store_unavailable", source=source)
            field.is_done = field.has_failed = True
            return interval
        field.waits, field.has_failed = 0, False
        field.is_done = not page.more or not is_ours
        return interval if field.is_done else 0.0

    async def _ask(self, connector: VendorConnector, before: HarvestPosition | None, asked_at: datetime) -> ChangesPage:
        since = asked_at - self._limits.history if before is None else before.content
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                return await connector.changes(since, Deadline.after(PAGE_SECONDS))
        except ConnectorError:
            raise
        except TimeoutError:
            raise TimedOutError(connector.name, "no answer within the deadline") from None
        except Exception as error:
            log.error("connector_bug", source=connector.name, error=type(error).__name__)
            raise MalformedError(connector.name, "its connector could not make sense of the answer") from None

    async def _keep(self, source: str, page: ChangesPage, asked_at: datetime, before: HarvestPosition | None) -> bool:
        """False when another harvest of this source was faster."""
        copied = await copy(self._store, source, page, asked_at, before)
        if copied is None:
            log.warning("harvested_by_another", source=source)
            return False
        log.info(
            "harvested",
            source=source,
            at=page.reached.isoformat(),
            rows=copied.rows,
            people=copied.people,
            removed=copied.removed,
            unmappable=page.dropped,
            foreign=page.foreign,
        )
        return True
