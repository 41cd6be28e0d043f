"""What sources said a moment ago: lifetimes, single flight, failures, bounds; on stopped clocks."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import UnavailableError
from gateway.sources.cache import CacheLimits, SourceCache
from gateway.sources.report import SourceState

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
LIMITS = CacheLimits(soft_seconds=5, grace_seconds=15, hard_seconds=300, failure_seconds=1, jitter=0, max_bytes=1_000)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return START + timedelta(seconds=self.seconds)


class Vendor:
    """Counts its calls; answers with the number of the call, or fails while `down`."""

    def __init__(self) -> None:
        self.calls = 0
        self.down = False
        self.gate: asyncio.Event | None = None

    async def fetch(self) -> int:
        self.calls += 1
        number = self.calls
        if self.gate is not None:
            await self.gate.wait()
        if self.down:
            raise UnavailableError("desk", "down")
        return number


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def cache(clock: Clock) -> SourceCache:
    return SourceCache(LIMITS, monotonic=clock, utc_now=clock.utc, vary=lambda: 0.5)


class Weighing:
    """A codec of answers that all weigh the same."""

    def __init__(self, weight: int) -> None:
        self.weight = weight

    def pack(self, value):
        return ("packed", value), self.weight

    def unpack(self, packed):
        assert packed[0] == "packed"
        return packed[1]

    def weigh(self, value):
        return self.weight


async def ask(cache: SourceCache, vendor: Vendor, key: str = "k", weight: int = 1):
    return await cache.ask(key, vendor.fetch, Weighing(weight))


async def settle() -> None:
    """Let what was started behind the caller's back come to its end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_answer_is_as_good_as_new_for_its_soft_lifetime(cache, vendor, clock):
    first = await ask(cache, vendor)
    assert (first.value, first.state, first.as_of) == (1, SourceState.FRESH, None)
    clock.seconds = 4.9
    again = await ask(cache, vendor)
    assert (again.value, again.state, again.as_of) == (1, SourceState.CACHED, START)
    assert vendor.calls == 1


async def test_after_that_it_is_served_once_more_while_a_new_one_is_fetched(cache, vendor, clock):
    await ask(cache, vendor)
    clock.seconds = 6
    assert (await ask(cache, vendor)).value == 1
    await settle()
    assert vendor.calls == 2
    renewed = await ask(cache, vendor)
    assert (renewed.value, renewed.state, renewed.as_of) == (2, SourceState.CACHED, START + timedelta(seconds=6))


async def test_later_the_caller_waits_and_gets_the_old_one_when_the_source_fails(cache, vendor, clock):
    await ask(cache, vendor)
    clock.seconds = 20
    vendor.down = True
    stale = await ask(cache, vendor)
    assert (stale.value, stale.state, stale.as_of) == (1, SourceState.STALE, START)
    assert vendor.calls == 2
    clock.seconds = 20.5
    assert (await ask(cache, vendor)).state is SourceState.STALE
    assert vendor.calls == 2, "a source that has just failed is left alone"
    clock.seconds = 22
    vendor.down = False
    assert (await ask(cache, vendor)).state is SourceState.FRESH


async def test_nothing_outlives_its_hard_lifetime(cache, vendor, clock):
    await ask(cache, vendor)
    clock.seconds = 301
    vendor.down = True
    with pytest.raises(UnavailableError):
        await ask(cache, vendor)


async def test_a_failure_is_remembered_for_a_moment(cache, vendor, clock):
    vendor.down = True
    for _ in range(3):
        with pytest.raises(UnavailableError):
            await ask(cache, vendor)
    assert vendor.calls == 1
    clock.seconds = 1.1
    vendor.down = False
    assert (await ask(cache, vendor)).value == 2


async def test_nothing_found_is_an_answer_as_well(cache):
    calls = 0

    async def nothing() -> list[int]:
        nonlocal calls
        calls += 1
        return []

    for _ in range(3):
        assert (await cache.ask("empty", nothing, Weighing(1))).value == []
    assert calls == 1


async def test_many_callers_at_once_cost_one_call(cache, vendor):
    vendor.gate = asyncio.Event()
    asking = [asyncio.create_task(ask(cache, vendor)) for _ in range(1_000)]
    await settle()
    vendor.gate.set()
    answers = await asyncio.gather(*asking)
    assert {a.value for a in answers} == {1}
    assert vendor.calls == 1


async def test_many_callers_share_a_failure(cache, vendor):
    vendor.gate, vendor.down = asyncio.Event(), True
    asking = [asyncio.create_task(ask(cache, vendor)) for _ in range(100)]
    await settle()
    vendor.gate.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(a, UnavailableError) for a in answers)
    assert vendor.calls == 1


async def test_when_the_caller_who_asks_goes_away_one_of_the_others_asks(cache, vendor):
    vendor.gate = asyncio.Event()
    asking, *waiting = (asyncio.create_task(ask(cache, vendor)) for _ in range(4))
    await settle()
    waiting.pop().cancel()
    asking.cancel()
    await settle()
    vendor.gate.set()
    assert {(await other).value for other in waiting} == {2}
    assert vendor.calls == 2


async def test_nobody_waits_for_somebody_elses_fetch_longer_than_they_can(cache, vendor):
    vendor.gate = asyncio.Event()
    asking = asyncio.create_task(ask(cache, vendor))
    await settle()
    with pytest.raises(TimeoutError):
        await cache.ask("k", vendor.fetch, Weighing(1), lambda: 0.0)
    vendor.gate.set()
    assert (await asking).value == 1


async def test_what_nobody_waits_for_any_more_is_kept_for_the_next(cache, vendor):
    vendor.gate = asyncio.Event()
    asking = asyncio.create_task(ask(cache, vendor))
    await settle()
    cache.run_on(asking)
    vendor.gate.set()
    await settle()
    assert (await ask(cache, vendor)).state is SourceState.CACHED
    await cache.aclose()


async def test_the_least_recently_used_go_when_the_bound_is_reached(cache, vendor):
    for number in range(10):
        await ask(cache, vendor, f"k{number}", weight=100)
    await ask(cache, vendor, "k0", weight=100)
    await ask(cache, vendor, "new", weight=100)
    assert cache.bytes_held == 1_000
    calls = vendor.calls
    await ask(cache, vendor, "k0", weight=100)
    assert vendor.calls == calls, "used lately, so still there"
    await ask(cache, vendor, "k1", weight=100)
    assert vendor.calls == calls + 1, "gone"


async def test_what_has_changed_is_forgotten(cache, vendor):
    await ask(cache, vendor, "desk/1")
    await ask(cache, vendor, "desk/2")
    await cache.forget(lambda key: key == "desk/1")
    assert (await ask(cache, vendor, "desk/1")).state is SourceState.FRESH
    assert (await ask(cache, vendor, "desk/2")).state is SourceState.CACHED


async def test_what_is_fetched_while_it_changes_is_given_but_not_kept(cache, vendor):
    vendor.gate = asyncio.Event()
    asking = asyncio.create_task(ask(cache, vendor, "desk/1"))
    await settle()
    await cache.forget(lambda key: key == "desk/1")
    vendor.gate.set()
    assert (await asking).value == 1
    assert (await ask(cache, vendor, "desk/1")).state is SourceState.FRESH
    assert (await ask(cache, vendor, "desk/1")).state is SourceState.CACHED


async def test_lifetimes_vary_so_that_answers_do_not_all_end_at_once(clock, vendor):
    limits = CacheLimits(soft_seconds=10, grace_seconds=10, hard_seconds=10, jitter=0.1)
    early = SourceCache(limits, monotonic=clock, utc_now=clock.utc, vary=lambda: 0.0)
    late = SourceCache(limits, monotonic=clock, utc_now=clock.utc, vary=lambda: 1.0)
    await ask(early, vendor)
    await ask(late, vendor)
    clock.seconds = 10
    assert (await ask(early, vendor)).state is SourceState.FRESH
    assert (await ask(late, vendor)).state is SourceState.CACHED
