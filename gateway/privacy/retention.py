"""What has been kept long enough is deleted: per source and channel, as the operator says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connectors.interaction import Channel
from gateway.settings import Settings
from gateway.store.retiring import Term
from gateway.store.store import Store

log = structlog.get_logger()

AFTER_FAILURE_SECONDS = 60.0
BATCH = 2_000


def terms(settings: Settings) -> Mapping[str, Term]:
    """By source; one that nobody limits is not among them."""
    found = {}
    for source in settings.sources:
        days = None if source.retention_days is None else timedelta(days=source.retention_days)
        by_channel = {
            Channel(channel): timedelta(days=limit) for channel, limit in source.retention_days_by_channel.items()
        }
        if days is not None or by_channel:
            found[source.name] = Term(days, by_channel)
    return found


@dataclass(frozen=True, slots=True)
class Retention:
    store: Store
    terms: Mapping[str, Term]
    quarantine: timedelta
    every: timedelta
    utc_now: Callable[[], datetime]

    @classmethod
    def of(cls, settings: Settings, store: Store, utc_now: Callable[[], datetime]) -> Retention:
        section = settings.retention
        return cls(
            store,
            terms(settings),
            timedelta(days=section.quarantine_days),
            timedelta(hours=section.every_hours),
            utc_now,
        )

    async def purge(self) -> dict[str, int]:
        """How much was deleted, by source; in small steps, so that nobody waits for it. Raises `StoreError`."""
        now = self.utc_now()
        await self.store.purge(now)
        gone = {"quarantine": await self.store.retire_deliveries(now - self.quarantine)}
        for source, term in self.terms.items():
            gone[source] = 0
            while step := await self.store.retire(source, term, now, BATCH):
                gone[source] += step
        if any(gone.values()):
            await self.store.scrub()
        return gone

    async def run(self) -> None:
        """As long as the application does."""
        while True:
            try:
                await self.purge()
            except Exception as error:
                log.error("purge_failed", error=type(error).__name__)
                await asyncio.sleep(AFTER_FAILURE_SECONDS)
            else:
                await asyncio.sleep(self.every.total_seconds())
