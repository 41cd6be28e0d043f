"""`gateway harvest`: once, or as a service beside the gateway that serves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import httpx

from connectors.http import aiohttp_transport
from gateway.build import make_connector, make_store
from gateway.core import Clocks
from gateway.harvest.harvester import Counting, Field, Harvester, HarvestLimits
from gateway.settings import Settings
from gateway.settings.harvest import HarvestSection

MAX_CONNECTIONS = 4
"""To one source: those who wait for an answer come first."""


def limits_of(section: HarvestSection) -> HarvestLimits:
    return HarvestLimits(section.interval_seconds, section.calls_per_minute, timedelta(days=section.history_days))


async def harvest(
    settings: Settings,
    folder: Path,
    sources: Sequence[str],
    *,
    once: bool,
    transport: Callable[[], httpx.AsyncBaseTransport] = lambda: aiohttp_transport(MAX_CONNECTIONS),
) -> bool:
    """Whether all of them could be read; as a service, True when it is told to end. Raises leaves of
    `gateway.store.errors`."""
    clocks = Clocks()
    store = make_store(settings, folder, exclusive=False)
    await store.open()
    fields: list[Field] = []
    try:
        for section in settings.sources:
            if section.name in sources:
                counting = Counting(transport())
                fields.append(Field(make_connector(settings, section, counting, clocks), counting))
        harvester = Harvester(store, fields, limits_of(settings.harvest), clocks.utc_now)
        return await _until_told(harvester, once=once)
    finally:
        for field in fields:
            await field.connector.aclose()
        await store.aclose()


async def _until_told(harvester: Harvester, *, once: bool) -> bool:
    """SIGTERM ends it wherever it is: what is not stored yet is asked for again next time."""
    loop = asyncio.get_running_loop()
    working = asyncio.ensure_future(harvester.run_once() if once else harvester.run())
    loop.add_signal_handler(signal.SIGTERM, working.cancel)
    try:
        return bool(await working)
    except asyncio.CancelledError:
        if not working.cancelled() or (caller := asyncio.current_task()) is None or caller.cancelling():
            raise
        return True
    finally:
        working.cancel()
        loop.remove_signal_handler(signal.SIGTERM)
