"""One source: its time limit, what it asked us to wait for, and how it has been doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from connectors.base import Page, Window
from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.interaction import Channel, TicketDetails, TicketPriority, TicketStatus
from gateway.deployment import SourceRules
from gateway.sources.enrich import Enrichment, EscalationRule
from gateway.sources.report import Report, SourceHealth, SourceState, report_of
from gateway.sources.source import DEFAULT_RETRY_AFTER_SECONDS, RECENT_CALLS, Source
from gateway.visibility import Judge
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    StoppedClock,
    deployment_of,
    loop_clock,
    record_of,
    row_of,
    run_leaping,
    supervisor,
)

UP, DEGRADED, DOWN, UNKNOWN = SourceHealth.UP, SourceHealth.DEGRADED, SourceHealth.DOWN, SourceHealth.UNKNOWN


def source_of(vendor: FakeVendor, **fields: Any) -> Source:
    enrichment = fields.pop("enrichment", Enrichment(SourceRules(vendor.name, vendor.channels)))
    return Source(vendor, enrichment, **fields)


async def page_of(source: Source, deadline: Deadline) -> Page:
    answer = await source.page(source.question([record_of(source.name)], Window()), 10, deadline)
    return answer.value


def desk() -> FakeVendor:
    return FakeVendor("desk", [row_of("desk", "1")])


async def outcome(source: Source, deadline: Deadline) -> type[ConnectorError] | None:
    try:
        await page_of(source, deadline)
    except ConnectorError as error:
        return type(error)
    return None


# ------------------------------------------------------------------------ asked to wait


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(7.2, 7.2), (0.4, 0.4), (None, DEFAULT_RETRY_AFTER_SECONDS), (0.0, DEFAULT_RETRY_AFTER_SECONDS)],
)
async def test_it_is_not_asked_before_the_moment_it_named(asked: float | None, seconds: float):
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    deadline = Deadline(1_000, clock.monotonic)
    vendor.faults.append(RateLimitedError("desk", "slower", asked))
    assert await outcome(source, deadline) is RateLimitedError
    clock.move(seconds - 0.1)
    questions: list[Callable[[], Any]] = [
        lambda: page_of(source, deadline),
        lambda: source.find([PHONE], deadline),
        lambda: source.get("1", deadline),
        lambda: source.search("rossi", 5, deadline),
        lambda: source.check(deadline),
    ]
    for ask in questions:
        with pytest.raises(RateLimitedError) as caught:
            await ask()
        assert caught.value.retry_after_seconds == pytest.approx(0.1)
    assert len(vendor.queries) == 1 and vendor.asked == []
    clock.move(0.1001)
    assert await outcome(source, deadline) is None


async def test_waiting_as_asked_is_not_counted_as_failing():
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    deadline = Deadline(1_000, clock.monotonic)
    assert await outcome(source, deadline) is None
    vendor.faults.append(RateLimitedError("desk", "slower", 60))
    for _ in range(10):
        assert await outcome(source, deadline) is RateLimitedError
    assert source.health is DEGRADED


async def test_a_limit_met_by_one_question_does_not_lift_the_one_met_by_another():
    """Two at once are told 60 and 1 seconds: the longer counts."""
    clock = StoppedClock()
    deadline = Deadline(1_000, clock.monotonic)
    first, second = asyncio.Event(), asyncio.Event()

    class Slow(FakeVendor):
        async def fetch_page(self, *args: Any) -> Any:
            event, seconds = (first, 60) if not self.queries else (second, 1)
            self.queries.append(args[1])
            await event.wait()
            raise RateLimitedError("desk", "slower", seconds)

    slow = Slow("desk", [row_of("desk", "1")])
    source = source_of(slow)
    both = [asyncio.create_task(outcome(source, deadline)) for _ in range(2)]
    await asyncio.sleep(0)
    first.set()
    await both[0]
    second.set()
    await both[1]
    clock.move(2)
    assert await outcome(source, deadline) is RateLimitedError
    assert len(slow.queries) == 2


# ------------------------------------------------------------------------ health


async def test_health_is_what_the_last_calls_were_like():
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    deadline = Deadline(1_000, clock.monotonic)

    async def call(error: BaseException | None = None) -> SourceHealth:
        vendor.faults.append(error)
        await outcome(source, deadline)
        return source.health

    gone = UnavailableError("desk", "gone")
    assert source.health is UNKNOWN
    assert await call(gone) is DOWN
    assert await call() is DEGRADED
    assert await call(gone) is DEGRADED
    assert await call(gone) is DEGRADED
    assert await call(gone) is DOWN
    assert await call() is DEGRADED
    for _ in range(RECENT_CALLS - 2):
        assert await call() is DEGRADED
    assert await call() is UP
    assert await call(RefusedError("desk", "no")) is DOWN
    assert await call() is DEGRADED


@pytest.mark.parametrize(
    "error",
    [
        TimedOutError("desk", "slow"),
        UnavailableError("desk", "gone"),
        RateLimitedError("desk", "slower", 0.001),
        RefusedError("desk", "no"),
        MalformedError("desk", "odd"),
        KeyError("a bug"),
        TimeoutError(),
        AssertionError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_every_failure_counts(error: Exception):
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    deadline = Deadline(1_000, clock.monotonic)
    for _ in range(3):
        vendor.faults.append(error)
        assert await outcome(source, deadline) is not None
        clock.move(1)
    assert source.health is DOWN


async def test_a_bug_in_a_connector_costs_only_itself_and_tells_nothing_of_it():
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    deadline = Deadline(1_000, clock.monotonic)
    secret = "+393331112201"
    with structlog.testing.capture_logs() as logs:
        for ask in (page_of, lambda s, d: s.get("1", d)):
            vendor.faults.append(KeyError(secret))
            with pytest.raises(MalformedError) as caught:
                await ask(source, deadline)
            assert secret not in str(caught.value) and caught.value.__cause__ is None
        vendor.find_faults.append(ZeroDivisionError(secret))
        with pytest.raises(MalformedError):
            await source.find([PHONE], deadline)
    assert [entry["event"] for entry in logs] == ["connector_bug"] * 3
    assert secret not in repr(logs)
    assert await outcome(source, deadline) is None


# ------------------------------------------------------------------------ time


@pytest.mark.parametrize(
    ("own_seconds", "seconds"), [(None, 1.5), (0.2, 0.2), (9.0, 1.5)], ids=["the caller's", "its own", "the shorter"]
)
def test_it_is_waited_for_as_long_as_its_limit_or_the_callers_allows(own_seconds: float | None, seconds: float):
    async def scene() -> None:
        vendor = desk()
        source = source_of(vendor, timeout_seconds=own_seconds)
        vendor.faults.append(asyncio.Event())
        assert await outcome(source, Deadline.after(1.5, loop_clock)) is TimedOutError
        assert loop_clock() == pytest.approx(seconds)
        assert source.health is DOWN

    run_leaping(scene())


async def test_without_time_it_is_not_asked():
    vendor, clock = desk(), StoppedClock()
    source = source_of(vendor)
    assert await outcome(source, Deadline(0.0, clock.monotonic)) is TimedOutError
    assert await outcome(source, Deadline(-1.0, clock.monotonic)) is TimedOutError
    assert vendor.queries == []
    assert source.health is UNKNOWN


def test_a_caller_who_leaves_is_not_the_sources_failure():
    async def scene() -> None:
        vendor = desk()
        source = source_of(vendor)
        vendor.faults.append(asyncio.Event())
        task = asyncio.create_task(page_of(source, Deadline.after(1.5, loop_clock)))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert source.health is UNKNOWN

    run_leaping(scene())


def test_a_callers_own_timeout_stays_the_callers():
    async def scene() -> None:
        vendor = desk()
        source = source_of(vendor)
        vendor.faults.append(asyncio.Event())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await page_of(source, Deadline.after(1.5, loop_clock))
        assert source.health is UNKNOWN

    run_leaping(scene())


# ------------------------------------------------------------------------ what it gives


async def test_rows_are_shown_with_what_the_operator_adds():
    urgent = TicketDetails("1", TicketStatus.OPEN, "open", TicketPriority.URGENT)
    vendor = FakeVendor("desk", [row_of("desk", "1", NOW, channel=Channel.TICKET, details=urgent)])
    rule = EscalationRule(priorities=frozenset({TicketPriority.URGENT}))
    source = source_of(vendor, enrichment=Enrichment(SourceRules("desk", vendor.channels), rule))
    deadline = Deadline(1_000, StoppedClock().monotonic)
    (row,) = (await page_of(source, deadline)).items
    assert await source.get("1", deadline) == row
    assert await source.get("unknown", deadline) is None
    records = {"anna": record_of("desk")}
    (shown,) = source.show(Judge(deployment_of([vendor]), supervisor()), [row], records, ())
    assert isinstance(shown.row.details, TicketDetails) and shown.row.details.escalated is True
    assert source.show(Judge(deployment_of([vendor]), supervisor(grants={})), [row], records, ()) == []


async def test_rows_left_out_are_logged_by_number():
    class Odd(FakeVendor):
        async def interactions(self, *args: Any, **kwargs: Any) -> Page:
            return Page((), dropped=2, foreign=3)

    with structlog.testing.capture_logs() as logs:
        await page_of(source_of(Odd("desk")), Deadline(1_000, StoppedClock().monotonic))
    assert [(entry["event"], entry["foreign"], entry["unmappable"]) for entry in logs] == [("rows_left_out", 3, 2)]


# ------------------------------------------------------------------------ reports


@pytest.mark.parametrize(
    ("error", "state", "retry_after"),
    [
        (TimedOutError("desk", "slow"), SourceState.TIMED_OUT, None),
        (UnavailableError("desk", "gone"), SourceState.UNAVAILABLE, None),
        (RateLimitedError("desk", "slower", 0.2), SourceState.RATE_LIMITED, 1),
        (RateLimitedError("desk", "slower"), SourceState.RATE_LIMITED, None),
        (RefusedError("desk", "no"), SourceState.REFUSED, None),
        (MalformedError("desk", "odd"), SourceState.MALFORMED, None),
    ],
)
def test_each_leaf_has_its_state(error: ConnectorError, state: SourceState, retry_after: int | None):
    report = report_of("desk", error)
    assert (report.source, report.state, report.retry_after_seconds) == ("desk", state, retry_after)
    assert not report.complete and report.message and "desk" not in report.message


def test_only_answers_that_nobody_kept_back_are_complete():
    complete = {state for state in SourceState if Report("desk", state).complete}
    assert complete == {SourceState.FRESH, SourceState.CACHED}
    assert not Report("desk", capped=True).complete
