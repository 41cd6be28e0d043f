"""The loop: who is asked next, how fast, and what becomes of failures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from connectors.errors import MalformedError, RateLimitedError, UnavailableError
from connectors.interaction import Interaction
from gateway.harvest import harvester
from gateway.harvest.harvester import Counting, Field, Harvester, HarvestLimits
from gateway.store.errors import UnavailableError as StoreAwayError
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from tests.gateway.harvest.support import Telling
from tests.gateway.support import NOW, SECRET, row_of

FAST = HarvestLimits(calls_per_minute=1_000_000)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store(database_at(f"sqlite:///{tmp_path}/journey.db", tmp_path), Vault(SECRET))
    await opened.open()
    yield opened
    await opened.aclose()


class Asked(Telling):
    """Each page costs a call, and is noted."""

    def __init__(self, name: str, amount: int = 10, log: list[str] | None = None, **fields: Any) -> None:
        rows = [row_of(name, f"{n:02}", NOW - timedelta(days=amount - n + 1)) for n in range(amount)]
        super().__init__(name, rows, **fields)
        self.transport = Counting(httpx.MockTransport(lambda request: httpx.Response(200)))
        self.log = [] if log is None else log
        self.asking = asyncio.Condition()

    async def rounds(self, count: int) -> None:
        """Until it was asked so often once more."""
        async with asyncio.timeout(30), self.asking:
            wanted = len(self.log) + count
            await self.asking.wait_for(lambda: len(self.log) >= wanted)

    async def fetch_changes(self, place: Any, deadline: Any) -> Any:
        self.log.append(self.name)
        async with self.asking:
            self.asking.notify_all()
        await self.transport.handle_async_request(httpx.Request("GET", "https://vendor.example.org"))
        return await super().fetch_changes(place, deadline)


def harvester_of(store: Store, *vendors: Asked, limits: HarvestLimits = FAST) -> Harvester:
    return Harvester(store, [Field(vendor, vendor.transport) for vendor in vendors], limits, lambda: NOW)


async def kept(store: Store, vendor: Asked) -> set[str]:
    found = [await store.journal.get(vendor.name, row.external_id, NOW) for row in vendor.rows]
    return {row.external_id for row in found if row is not None}


def ids(rows: list[Interaction]) -> set[str]:
    return {row.external_id for row in rows}


async def test_once_is_until_nobody_has_more(store: Store) -> None:
    asked: list[str] = []
    small, large = Asked("small", 2, asked), Asked("large", 20, asked)
    assert await harvester_of(store, large, small).run_once()
    for vendor in (small, large):
        assert await kept(store, vendor) == ids(vendor.rows)
    assert asked[:2] == ["large", "small"], "years of one source do not keep the others waiting"
    assert asked.count("small") == 1


async def test_it_goes_on_where_it_stopped(store: Store) -> None:
    vendor = Asked("desk", 10)
    await harvester_of(store, vendor).run_once()
    before = len(vendor.log)
    vendor.add(row_of("desk", "new", NOW))
    await harvester_of(store, vendor).run_once()
    assert len(vendor.log) == before + 1
    assert "new" in await kept(store, vendor)


async def test_history_is_read_as_far_back_as_told(store: Store) -> None:
    vendor = Asked("desk", 10)
    limits = HarvestLimits(calls_per_minute=1_000_000, history=timedelta(days=5, hours=1))
    await harvester_of(store, vendor, limits=limits).run_once()
    since = NOW - limits.history
    assert await kept(store, vendor) == {row.external_id for row in vendor.rows if row.last_activity_at >= since}


@pytest.mark.parametrize(
    "error", [UnavailableError("desk", "down"), MalformedError("desk", "nonsense"), ZeroDivisionError()], ids=repr
)
async def test_a_source_that_fails_keeps_nobody_else(store: Store, error: BaseException) -> None:
    vendor, other = Asked("desk"), Asked("other")
    vendor.change_faults = [error]
    with structlog.testing.capture_logs() as logs:
        assert not await harvester_of(store, vendor, other).run_once()
    assert await kept(store, other) == ids(other.rows)
    assert await kept(store, vendor) == set()
    assert [entry["source"] for entry in logs if entry["event"] == "harvest_failed"] == ["desk"]
    assert await harvester_of(store, vendor, other).run_once(), "next time it goes on"
    assert await kept(store, vendor) == ids(vendor.rows)


async def test_a_source_that_says_slow_down_is_waited_for(store: Store) -> None:
    vendor = Asked("desk")
    vendor.change_faults = [RateLimitedError("desk", "slow down", 0.05)] * 2
    started = time.monotonic()
    assert await harvester_of(store, vendor).run_once()
    assert time.monotonic() - started >= 0.1
    assert await kept(store, vendor) == ids(vendor.rows)


async def test_one_that_always_says_so_is_left(store: Store) -> None:
    vendor = Asked("desk")
    vendor.change_faults = [RateLimitedError("desk", "slow down", 0.001)] * 50
    assert not await harvester_of(store, vendor).run_once()
    assert len(vendor.change_faults) == 50 - harvester.MAX_WAITS - 1


async def test_calls_are_kept_to_the_budget(store: Store) -> None:
    vendor = Asked("desk", 10)
    started = time.monotonic()
    await harvester_of(store, vendor, limits=HarvestLimits(calls_per_minute=1200)).run_once()
    assert time.monotonic() - started >= 0.05 * (len(vendor.log) - 1)


async def test_as_a_service_it_comes_back_after_a_while(store: Store) -> None:
    vendor = Asked("desk", 2)
    limits = HarvestLimits(interval_seconds=0.01, calls_per_minute=1_000_000)
    vendor.change_faults = [UnavailableError("desk", "down")]
    running = asyncio.create_task(harvester_of(store, vendor, limits=limits).run())
    await vendor.rounds(3)
    assert await kept(store, vendor) == ids(vendor.rows)
    vendor.add(row_of("desk", "new", NOW))
    await vendor.rounds(2)
    assert "new" in await kept(store, vendor)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_source_that_hangs_is_left_after_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Asked):
        async def fetch_changes(self, place: Any, deadline: Any) -> Any:
            await asyncio.Event().wait()

    monkeypatch.setattr(harvester, "PAGE_SECONDS", 0.05)
    other = Asked("other")
    assert not await harvester_of(store, Hanging("desk"), other).run_once()
    assert await kept(store, other) == ids(other.rows)


async def test_a_store_that_is_away_is_no_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*arguments: object) -> None:
        raise StoreAwayError

    vendor = Asked("desk")
    with monkeypatch.context() as patched:
        patched.setattr(store.positions, "get", away)
        assert not await harvester_of(store, vendor).run_once()
    assert await harvester_of(store, vendor).run_once()


async def test_logs_tell_counts_alone(store: Store) -> None:
    vendor = Asked("desk", 4)
    with structlog.testing.capture_logs() as logs:
        await harvester_of(store, vendor).run_once()
    told = [entry for entry in logs if entry["event"] == "harvested"]
    assert sum(entry["rows"] for entry in told) == 4
    assert sum(entry["people"] for entry in told) == 1
    assert told[0].keys() == {
        "event",
        "log_level",
        "source",
        "at",
        "rows",
        "people",
        "removed",
        "unmappable",
        "foreign",
    }
