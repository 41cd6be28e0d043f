"""Reads what was acknowledged, and tells what came of it, as long as the gateway runs.

One loop a process. It looks when something was stored, when something is due to be tried again, and now and then,
since other gateways on one PostgreSQL, and commands, store as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from connectors.interaction import Identifier
from gateway.ingest.stale import made_stale
from gateway.ingest.ways import Ways, read_with
from gateway.live.bus import Bus, News
from gateway.sources.cache import SourceCache
from gateway.store.errors import UnavailableError
from gateway.store.intake import DEFAULT_LIMIT
from gateway.store.store import Store

log = structlog.get_logger()

LOOK_SECONDS = 1.0
AFTER_FAILURE_SECONDS = 1.0
PURGE_EVERY = timedelta(hours=1)
GATHER_SECONDS = 0.05
"""After something was read: what comes meanwhile is read together, which costs queries less."""
FEED_BATCH = 1_000


class IngestWorker:
    def __init__(
        self,
        store: Store,
        ways: Ways,
        bus: Bus,
        cache: SourceCache | None,
        utc_now: Callable[[], datetime],
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._store = store
        self._read = partial(read_with, ways)
        self._bus = bus
        self._cache = cache
        self._utc_now = utc_now
        self._look_seconds = look_seconds
        self._something = asyncio.Event()
        self._told: int | None = None
        self._purged_at: datetime | None = None

    def nudge(self) -> None:
        """There is something to read, or to tell."""
        self._something.set()

    async def run(self) -> None:
        """Until cancelled. A store that is away is waited for."""
        while True:
            self._something.clear()
            try:
                did = await self.step()
            except UnavailableError:
                log.error("store_unavailable")
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
                continue
            except Exception as error:
                log.error("ingest_failed", error=type(error).__name__)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
                continue
            if did:
                await asyncio.sleep(GATHER_SECONDS)
            try:
                async with asyncio.timeout(self._look_seconds):
                    await self._something.wait()
            except TimeoutError:
                pass

    async def step(self) -> bool:
        """Everything that is due; whether there was something."""
        if self._told is None:
            self._told = await self._store.feed.head()
        await self._purge()
        did = False
        while True:
            done = await self._store.intake.process(self._read, self._utc_now(), DEFAULT_LIMIT)
            for source, reason in done.poisoned:
                log.error("delivery_set_aside", source=source, reason=reason)
            await self._tell(done.identifiers)
            did = did or done.taken > 0
            if done.taken < DEFAULT_LIMIT:
                return did

    async def _tell(self, identifiers: tuple[Identifier, ...]) -> None:
        """Caches first: whoever hears of it asks at once."""
        assert self._told is not None
        while entries := await self._store.feed.after(self._told, FEED_BATCH):
            news = News(entries, identifiers)
            if self._cache is not None:
                await self._cache.forget(made_stale(news, self._store.vault.digest))
            self._told = entries[-1].seq
            self._bus.publish(news)
            if len(entries) < FEED_BATCH:
                return

    async def _purge(self) -> None:
        now = self._utc_now()
        if self._purged_at is None or now - self._purged_at >= PURGE_EVERY:
            await self._store.purge(now)
            self._purged_at = now
