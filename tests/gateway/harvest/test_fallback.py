"""A harvested source that is down: the journal answers, STALE, cut exactly, and never beside the source itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Page, Position, Wanted, Window, in_order
from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.interaction import Channel, Direction, Identifier, Interaction
from gateway.core import Gateway
from gateway.harvest import fallback
from gateway.harvest.fallback import Harvested, is_wanted
from gateway.journey.filter import EVERYTHING_SHOWN, Filter
from gateway.journey.read import JourneyPage, read_page
from gateway.sources.cache import Answer, SourceCache
from gateway.sources.report import SourceState
from gateway.sources.source import FROM_JOURNAL
from gateway.store.errors import UnavailableError as StoreAwayError
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from tests.gateway.harvest.support import Telling, harvest_all
from tests.gateway.support import (
    NOW,
    PHONE,
    SECRET,
    FakeVendor,
    Habits,
    StoppedClock,
    begin,
    deployment_of,
    gateway_of,
    reading_of,
    record_of,
    row_of,
    supervisor,
)

DOWN = UnavailableError("desk", "it could not be reached")
LEAVES = [
    TimedOutError("desk", "late"),
    DOWN,
    RateLimitedError("desk", "slow down", 9.0),
    RefusedError("desk", "no"),
    MalformedError("desk", "nonsense"),
]
HOUR = timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """One database is enough here: that both read alike is shown where they are read."""
    opened = Store(database_at(f"sqlite:///{tmp_path}/journey.db", tmp_path), Vault(SECRET))
    await opened.open()
    yield opened
    await opened.aclose()


def rows_with_ties(source: str, amount: int = 60, seed: int = 1) -> Iterator[Interaction]:
    """Some of one instant, of several channels."""
    chance = random.Random(seed)
    at = NOW - timedelta(days=300)
    for n in range(amount):
        at += HOUR * chance.choice([0, 0, 1, 50])
        channel = chance.choice([Channel.TICKET, Channel.VOICE])
        direction = chance.choice([Direction.INBOUND, Direction.OUTBOUND])
        yield row_of(source, f"{chance.randint(0, 999):03}-{n}", at, channel=channel, direction=direction)


def desk(**fields: Any) -> Telling:
    return Telling("desk", rows_with_ties("desk"), changes_a_page=20, **fields)


def down(vendor: FakeVendor, error: BaseException = DOWN, times: int = 10_000) -> FakeVendor:
    vendor.faults.extend([error] * times)
    vendor.find_faults.extend([error] * times)
    return vendor


def up(vendor: FakeVendor) -> FakeVendor:
    vendor.faults.clear()
    vendor.find_faults.clear()
    return vendor


def with_journal(store: Store, *vendors: FakeVendor, **fields: Any) -> Gateway:
    """A gateway whose sources have the store behind them."""
    gateway = gateway_of(*vendors, **fields)
    for source in gateway.sources.values():
        source.journal = Harvested(store, source.name, lambda: NOW)
    return gateway


async def walk(
    store: Store,
    vendors: Sequence[FakeVendor],
    *,
    size: int = 7,
    ascending: bool = False,
    filter_: Filter = EVERYTHING_SHOWN,
    window: Window = Window(),  # noqa: B008 (a value)
) -> tuple[list[str], list[JourneyPage]]:
    """All pages, each an operation of its own, as a client asks for them."""
    pages: list[JourneyPage] = []
    rows: list[str] = []
    position: Position | None = None
    while not pages or pages[-1].more:
        gateway = with_journal(store, *vendors)
        reading = reading_of(gateway, vendors)
        page = await read_page(reading, window, filter_, size, position=position, ascending=ascending)
        pages.append(page)
        rows += [shown.row.external_id for shown in (reversed(page.rows) if ascending else page.rows)]
        ends = page.rows[0 if ascending else -1].position if page.rows else page.end
        assert len(pages) < 200
        position = ends
    return rows, pages


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize("error", LEAVES, ids=lambda error: type(error).__name__)
async def test_whatever_fails_the_journal_answers(error: ConnectorError, store: Store) -> None:
    vendor = desk()
    pages = await harvest_all(store, vendor)
    expected, _ = await walk(store, [vendor])
    rows, told = await walk(store, [down(vendor, error)])
    assert rows == expected
    reports = [report for page in told for report in page.reports]
    assert {(report.state, report.as_of) for report in reports} == {(SourceState.STALE, pages[-1].reached)}
    assert not any(page.complete for page in told)


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(
    "filter_",
    [
        EVERYTHING_SHOWN,
        Filter(channels=frozenset({Channel.TICKET})),
        Filter(directions=frozenset({Direction.OUTBOUND}), active_since=NOW - timedelta(days=285)),
    ],
    ids=["all", "tickets", "outbound lately"],
)
@pytest.mark.parametrize("seek", [True, False])
async def test_pages_are_the_source_s_own(store: Store, filter_: Filter, ascending: bool, seek: bool) -> None:
    """First and deep, both ways, within any window, beside another source."""
    vendor, other = desk(seek=seek), FakeVendor("aaa", rows_with_ties("aaa", 40, seed=2))
    later = FakeVendor("zzz", rows_with_ties("zzz", 40, seed=1))
    await harvest_all(store, vendor)
    starts = sorted(row.started_at for row in vendor.rows)
    for window in (Window(), Window(starts[9], starts[40]), Window(starts[10] + timedelta(microseconds=1), None)):
        vendors = [other, vendor, later]
        expected, _ = await walk(store, vendors, ascending=ascending, filter_=filter_, window=window)
        down(vendor)
        rows, _ = await walk(store, vendors, ascending=ascending, filter_=filter_, window=window)
        up(vendor)
        assert rows == expected


@pytest.mark.parametrize("seed", range(30))
async def test_a_source_that_comes_and_goes_loses_and_doubles_nothing(store: Store, seed: int) -> None:
    """It fails at any of its calls, between the pages of one read and of several."""
    chance = random.Random(seed)
    vendor = desk(habits=Habits(page_size=chance.choice([2, 3, 8])))
    await harvest_all(store, vendor)
    other = FakeVendor("aaa", rows_with_ties("aaa", 30, seed=2))
    ascending = chance.random() < 0.5
    expected, _ = await walk(store, [other, vendor], ascending=ascending)
    vendor.faults.extend(DOWN if chance.random() < 0.4 else None for _ in range(400))
    rows, pages = await walk(store, [other, vendor], ascending=ascending, size=chance.choice([1, 5, 30]))
    assert rows == expected
    states = {report.state for page in pages for report in page.reports if report.source == "desk"}
    assert SourceState.STALE in states


async def test_after_the_journal_s_page_the_source_is_not_asked(store: Store) -> None:
    """Until the next question: a page of the one cannot be followed by a page of the other."""
    vendor = desk()
    await harvest_all(store, vendor)
    source = with_journal(store, vendor).sources["desk"]
    vendor.faults.append(DOWN)
    first = await source.page(source.question([record_of("desk")], Window()), 5, Deadline.after(9))
    assert first.state is SourceState.STALE and first.value.next is not None
    assert first.value.next.cursor is FROM_JOURNAL
    asked = len(vendor.queries)
    question = source.question([record_of("desk")], Window(), after=first.value.next)
    second = await source.page(question, 5, Deadline.after(9))
    assert (second.state, len(vendor.queries)) == (SourceState.STALE, asked)
    rows = [*first.value.items, *second.value.items]
    assert rows == in_order(vendor.rows)[:10]
    source.journal = None
    with pytest.raises(UnavailableError):
        await source.page(question, 5, Deadline.after(9))


async def test_what_is_not_wanted_is_passed_over(store: Store) -> None:
    vendor = desk()
    await harvest_all(store, vendor)
    wanted = Wanted(
        channels=frozenset({Channel.VOICE}),
        directions=frozenset({Direction.INBOUND}),
        active_since=NOW - timedelta(days=285),
    )
    journal = Harvested(store, "desk", lambda: NOW)
    source = with_journal(store, vendor).sources["desk"]
    rows: list[Interaction] = []
    after = None
    for _ in range(100):
        answer = await journal.page(source.question([record_of("desk")], Window(), wanted=wanted, after=after), 3)
        assert answer is not None
        rows += answer.value.items
        after = answer.value.next
        if after is None:
            break
    expected = [row for row in in_order(vendor.rows) if is_wanted(row, wanted)]
    assert rows == expected
    assert 0 < len(expected) < len(vendor.rows) / 2
    nothing = Wanted(
        statuses=frozenset(), queue_ids=frozenset({"1"}), agent_ids=frozenset({"1"}), tags=frozenset({"a"})
    )
    assert not any(is_wanted(row, nothing) for row in vendor.rows)


async def test_a_store_that_hangs_is_not_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs(*arguments: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(fallback, "READING_SECONDS", 0.01)
    monkeypatch.setattr(store.positions, "get", hangs)
    assert await Harvested(store, "desk", lambda: NOW).find([PHONE]) is None


async def test_what_is_remembered_comes_first(store: Store) -> None:
    """The journal is behind the cache: an answer of a minute ago is better than a harvest of an hour ago."""
    clock = StoppedClock()
    vendor = desk()
    await harvest_all(store, vendor)
    vendor.add(row_of("desk", "new", NOW - timedelta(seconds=1)))
    cache = SourceCache(monotonic=clock.monotonic, utc_now=clock.utc_now, vary=lambda: 0.5)
    gateway = with_journal(store, vendor, cache=cache, clock=clock)
    source = gateway.sources["desk"]

    async def ask() -> Answer[Page]:
        return await source.page(source.question([record_of("desk")], Window()), 5, Deadline.after(9, clock.monotonic))

    fresh = await ask()
    down(vendor)
    clock.move(60)
    stale = await ask()
    assert (stale.state, stale.as_of) == (SourceState.STALE, NOW)
    assert stale.value.items == fresh.value.items
    clock.move(600)
    old = await ask()
    assert old.state is SourceState.STALE
    assert old.as_of is not None and old.as_of < NOW
    assert "new" not in [row.external_id for row in old.value.items]


async def test_who_was_never_harvested_fails_as_ever(store: Store) -> None:
    vendor = down(desk())
    page = await read_page(reading_of(with_journal(store, vendor), [vendor]), Window(), EVERYTHING_SHOWN, 5)
    assert not page.rows
    assert [report.state for report in page.reports] == [SourceState.UNAVAILABLE]


async def test_a_store_that_is_away_leaves_the_source_s_own_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object) -> None:
        raise StoreAwayError

    vendor = desk()
    await harvest_all(store, vendor)
    monkeypatch.setattr(store.positions, "get", away)
    reading = reading_of(with_journal(store, down(vendor, LEAVES[0])), [vendor])
    page = await read_page(reading, Window(), EVERYTHING_SHOWN, 5)
    assert [report.state for report in page.reports] == [SourceState.TIMED_OUT]


async def test_the_journal_s_rows_are_judged_like_any(store: Store) -> None:
    """A viewer whose deployment takes no tickets from it sees none, whoever answers."""
    vendor = desk()
    await harvest_all(store, vendor)
    down(vendor)
    everybody = deployment_of([vendor])
    rules = everybody.sources["desk"]
    narrow = deployment_of([vendor], sources={"desk": type(rules)("desk", frozenset({Channel.VOICE}))})
    gateway = with_journal(store, vendor, deployment=narrow)
    page = await read_page(reading_of(gateway, [vendor]), Window(), EVERYTHING_SHOWN, 100)
    voices = {row.external_id for row in vendor.rows if row.channel is Channel.VOICE}
    assert {shown.row.external_id for shown in page.rows} == voices
    nobody = supervisor(grants={})
    assert not (await read_page(reading_of(gateway, [vendor], viewer=nobody), Window(), EVERYTHING_SHOWN, 9)).rows


# ---------------------------------------------------------------- people


async def test_people_are_found_and_their_journey_read(store: Store) -> None:
    vendor = desk()
    pages = await harvest_all(store, vendor)
    down(vendor)
    operation = begin(with_journal(store, vendor))
    lookup = await operation.look_up(PHONE)
    assert [person.cluster.records for person in lookup.people] == [tuple(vendor.records)]
    assert [(report.state, report.as_of) for report in lookup.reports] == [(SourceState.STALE, pages[-1].reached)]
    page = await read_page(operation.reading(lookup.people[0]), Window(), EVERYTHING_SHOWN, 100)
    assert len(page.rows) == len(vendor.rows)


async def test_nobody_is_found_where_nobody_is_known(store: Store) -> None:
    vendor = desk()
    await harvest_all(store, vendor)
    down(vendor)
    stranger = Identifier(PHONE.kind, "+393331119999")
    lookup = await begin(with_journal(store, vendor)).look_up(stranger)
    assert lookup.people == []
    assert [report.state for report in lookup.reports] == [SourceState.STALE]


@pytest.mark.parametrize("can_search", [True, False], ids=["a source that is down", "a source that cannot search"])
async def test_people_are_searched_in_the_journal(store: Store, can_search: bool) -> None:
    anna = record_of("desk", name="Anna Bianchi")
    vendor = Telling("desk", [row_of("desk", "1", NOW - HOUR)], records=[anna], search=can_search)
    other = FakeVendor("aaa", records=[], search=True)
    await harvest_all(store, vendor)
    if can_search:
        down(vendor)
    lookup = await begin(with_journal(store, other, vendor)).search("bianchi", [], 10)
    assert [person.cluster.records for person in lookup.people] == [(anna,)]
    assert {report.source: report.state for report in lookup.reports} == {
        "aaa": SourceState.FRESH,
        "desk": SourceState.STALE,
    }
    assert not (await begin(with_journal(store, other, vendor)).search("rossi", [], 10)).people
