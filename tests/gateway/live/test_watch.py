"""A watch tells what has become different for its viewer, to everybody who listens, wherever they left off."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.base import Window
from connectors.errors import UnavailableError
from connectors.interaction import Channel, InteractionStatus
from gateway.core import Gateway
from gateway.customers.links import Links, Merge
from gateway.deployment import WorkProfile
from gateway.errors import BadCursorError, BadUserInputError, GatewayError, RateLimitedError, UnauthenticatedError
from gateway.journey.filter import Filter
from gateway.journey.read import read_page
from gateway.live import changes, stream
from gateway.live.hub import Hub
from gateway.live.stream import RIGHTS_SECONDS, Subject, Told, Watch, baseline
from gateway.viewer.viewer import Viewer
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    begin,
    deployment_of,
    gateway_of,
    loop_clock,
    record_of,
    row_of,
    run_leaping,
    supervisor,
)

HOUR = timedelta(hours=1)
QUESTION = b"0123456789abcdef"


class Clock:
    """The wall clock goes with the loop's."""

    def utc_now(self) -> datetime:
        return NOW + timedelta(seconds=loop_clock())

    monotonic = staticmethod(loop_clock)


class Somebody:
    """A credential whose rights can be changed."""

    def __init__(self, viewer: Viewer | None = None) -> None:
        self.viewer = viewer or supervisor()
        self.error: GatewayError | None = None

    async def __call__(self) -> Viewer:
        if self.error is not None:
            raise self.error
        return self.viewer


def live(*vendors: FakeVendor, **fields: Any) -> tuple[Gateway, Hub]:
    gateway = gateway_of(*vendors, clock=Clock(), monotonic=loop_clock, **fields)  # type: ignore[arg-type]
    return gateway, Hub(gateway, poll_seconds=10, linger_seconds=60)


def subject(viewer: str = "emma", **fields: Any) -> Subject:
    return Subject(PHONE, viewer, fields.pop("filter_", Filter()), Window(NOW - 365 * 24 * HOUR), QUESTION)


def desk(*rows: Any) -> FakeVendor:
    return FakeVendor("desk", [row_of("desk", f"{n}", NOW - HOUR * (n + 1)) for n in range(4)] + list(rows))


def ended(row: Any, **fields: Any) -> Any:
    return replace(row, **fields)


def told_of(told: list[Told]) -> list[tuple[str, str]]:
    names = []
    for _, update, _, _ in told:
        if isinstance(update, changes.Changed):
            names.append(("changed", update.shown.position.external_id))
        elif isinstance(update, changes.Retracted):
            names.append(("retracted", update.key.external_id))
        elif isinstance(update, changes.SourceChanged):
            names.append(("source", f"{update.report.source} {update.report.state}"))
        elif isinstance(update, changes.SummaryChanged):
            names.append(("summary", str(update.summary.last_30_days.interactions.value)))
        else:
            names.append(("reset", ""))
    return names


class Listener:
    """Takes everything down until told to leave."""

    def __init__(self, watch: Watch, after: int = 0) -> None:
        self.told: list[Told] = []
        self.error: BaseException | None = None
        self._watch, self._after = watch, after
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async with aclosing(self._watch.listen(self._after)) as news:
                async for told in news:
                    self.told.append(told)
        except GatewayError as error:
            self.error = error

    async def leave(self) -> list[Told]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.told


def scenario(act: Callable[[], Awaitable[None]]) -> None:
    run_leaping(act())  # type: ignore[arg-type]


def test_what_changes_is_told_and_what_does_not_is_not() -> None:
    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        listener = Listener(hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(25)
        assert listener.told == []
        vendor.add(row_of("desk", "new", NOW))
        vendor.rows[2] = replace(vendor.rows[2], subject="something else")
        vendor.add()
        await asyncio.sleep(11)
        assert told_of(listener.told) == [("changed", "2"), ("changed", "new")]
        await asyncio.sleep(60)
        assert len(await listener.leave()) == 2
        await hub.aclose()

    scenario(act)


def test_a_wake_up_is_not_waited_for() -> None:
    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        watch = hub.open(subject(), supervisor(), Somebody())
        listener = Listener(watch)
        await asyncio.sleep(0.1)
        vendor.add(row_of("desk", "new", NOW))
        hub.wake([PHONE])
        await asyncio.sleep(0.1)
        assert told_of(await listener.leave()) == [("changed", "new")]
        hub.wake(record_ids=[("desk", "somebody else")])
        assert not watch._wake.is_set()
        await hub.aclose()

    scenario(act)


def test_a_row_that_is_gone_is_taken_back_but_not_when_its_source_is_silent() -> None:
    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        listener = Listener(hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(1)
        vendor.faults.append(UnavailableError("desk", "gone"))
        await asyncio.sleep(10)
        del vendor.rows[0]
        vendor.add()
        await asyncio.sleep(10)
        assert told_of(await listener.leave()) == [
            ("source", "desk UNAVAILABLE"),
            ("retracted", "0"),
            ("source", "desk FRESH"),
        ]
        await hub.aclose()

    scenario(act)


def test_rights_that_change_are_felt_within_five_seconds() -> None:
    async def act() -> None:
        vendor = FakeVendor(
            "desk", [row_of("desk", "call", NOW - HOUR), row_of("desk", "chat", NOW - 2 * HOUR, channel=Channel.CHAT)]
        )
        calls = WorkProfile("calls", frozenset({Channel.VOICE}), frozenset(), frozenset())
        _, hub = live(vendor, deployment=deployment_of([vendor], profiles=[calls]))
        somebody = Somebody()
        listener = Listener(hub.open(subject(), supervisor(), somebody))
        await asyncio.sleep(0.5)
        somebody.viewer = supervisor(profiles=("calls",), active=calls)
        await asyncio.sleep(RIGHTS_SECONDS + 0.1)
        assert told_of(listener.told) == [("retracted", "chat")]
        somebody.viewer = supervisor()
        await asyncio.sleep(RIGHTS_SECONDS + 0.1)
        assert told_of(await listener.leave())[1:] == [("changed", "chat")]
        await hub.aclose()

    scenario(act)


def test_a_credential_that_ends_ends_the_stream() -> None:
    async def act() -> None:
        _, hub = live(desk())
        somebody = Somebody()
        watch = hub.open(subject(), supervisor(), somebody)
        listener = Listener(watch)
        await asyncio.sleep(1)
        somebody.error = UnauthenticatedError()
        await asyncio.sleep(RIGHTS_SECONDS + 0.1)
        assert isinstance(listener.error, UnauthenticatedError)
        assert hub.resume(hub.cursor(watch, 0), subject(), supervisor(), Somebody()) is None
        await hub.aclose()

    scenario(act)


def test_a_conversation_turns_idle_and_inactive_by_itself_and_on_time() -> None:
    async def act() -> None:
        chat = row_of("desk", "chat", NOW, channel=Channel.CHAT, status=InteractionStatus.ACTIVE)
        _, hub = live(desk(chat))
        hub.poll_seconds = 600
        listener = Listener(hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(44)
        assert listener.told == []
        await asyncio.sleep(2)
        assert told_of(listener.told) == [("changed", "chat")]
        await asyncio.sleep(15)
        assert told_of(await listener.leave()) == [("changed", "chat")] * 2
        await hub.aclose()

    scenario(act)


def test_a_page_and_the_stream_behind_it_join_without_a_gap() -> None:
    async def act() -> None:
        vendor = desk()
        late = FakeVendor("web", [row_of("web", "late", NOW - 90 * 60 * timedelta(seconds=1))])
        gateway, hub = live(vendor, late)
        late.faults.append(UnavailableError("web", "not yet"))
        operation = begin(gateway)
        (person,) = (await operation.look_up(PHONE)).people
        page = await read_page(operation.reading(person), subject().window, Filter(), 2)
        assert [s.row.external_id for s in page.rows] == ["0", "1"]
        watch = hub.open(
            subject(),
            supervisor(),
            Somebody(),
            baseline(page.rows, operation),
            page.rows[-1].position.is_before,
            page.reports,
        )
        vendor.rows[1] = replace(vendor.rows[1], subject="changed meanwhile")
        vendor.add()
        listener = Listener(watch)
        await asyncio.sleep(0.1)
        assert told_of(await listener.leave()) == [("changed", "1"), ("changed", "late"), ("source", "web FRESH")]
        await hub.aclose()

    scenario(act)


def test_merged_with_somebody_the_page_must_be_read_again() -> None:
    async def act() -> None:
        other = record_of("calls", "bruno", identifiers=())
        vendor, calls = desk(), FakeVendor("calls", records=[other])
        gateway, hub = live(vendor, calls)
        listener = Listener(hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(1)
        anna, bruno = (i.identifiers[0].identifier for i in (record_of("desk"), record_of("calls", "bruno")))
        calls.records = [record_of("calls", "bruno")]
        rules = gateway.identity()
        merged = Links((Merge(1, NOW, "emma", "said so", anna, bruno, PHONE, bruno),))
        object.__setattr__(gateway, "identity", lambda: dataclasses.replace(rules, links=merged))
        await asyncio.sleep(10)
        assert told_of(await listener.leave())[0] == ("reset", "")
        await hub.aclose()

    scenario(act)


def test_whoever_was_away_reads_on_where_they_were() -> None:
    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        watch = hub.open(subject(), supervisor(), Somebody())
        always, sometimes = Listener(watch), Listener(watch)
        await asyncio.sleep(1)
        vendor.add(row_of("desk", "one", NOW))
        await asyncio.sleep(10)
        heard = await sometimes.leave()
        cursor = hub.cursor(watch, heard[-1].number)
        vendor.add(row_of("desk", "two", NOW))
        await asyncio.sleep(30)
        found = hub.resume(cursor, subject(), supervisor(), Somebody())
        assert found is not None
        again = Listener(*found)
        await asyncio.sleep(1)
        assert heard + await again.leave() == await always.leave()
        await hub.aclose()

    scenario(act)


def test_what_was_told_under_other_rights_is_not_told_again() -> None:
    async def act() -> None:
        vendor = FakeVendor("desk", [row_of("desk", "chat", NOW - HOUR, channel=Channel.CHAT)])
        calls = WorkProfile("calls", frozenset({Channel.VOICE}), frozenset(), frozenset())
        _, hub = live(vendor, deployment=deployment_of([vendor], profiles=[calls]))
        less = supervisor(profiles=("calls",), active=calls)
        somebody = Somebody()
        watch = hub.open(subject(), supervisor(), somebody)
        cursor = hub.cursor(watch, 0)
        await asyncio.sleep(1)
        vendor.add(row_of("desk", "secret", NOW, channel=Channel.CHAT))
        await asyncio.sleep(10)
        assert hub.resume(cursor, subject(), less, Somebody(less)) is None, "another's rights are not theirs"
        somebody.viewer = less
        await asyncio.sleep(RIGHTS_SECONDS + 0.1)
        found = hub.resume(cursor, subject(), less, Somebody(less))
        assert found is not None
        listener = Listener(*found)
        await asyncio.sleep(1)
        assert told_of(await listener.leave()) == [("reset", "")]
        await hub.aclose()

    scenario(act)


def test_whoever_is_away_too_long_is_told_that_they_missed_something() -> None:
    async def act() -> None:
        _, hub = live(desk())
        watch = hub.open(subject(), supervisor(), Somebody())
        cursor = hub.cursor(watch, 0)
        assert hub.resume(cursor, subject(), supervisor(), Somebody()) == (watch, 0)
        await asyncio.sleep(61)
        assert hub.resume(cursor, subject(), supervisor(), Somebody()) is None
        await hub.aclose()

    scenario(act)


def test_a_reader_who_is_too_slow_is_told_so() -> None:
    async def act() -> None:
        vendor = desk(*(row_of("desk", f"row-{n}", NOW - timedelta(seconds=n)) for n in range(100)))
        _, hub = live(vendor)
        watch = hub.open(subject(), supervisor(), Somebody())
        await asyncio.sleep(1)
        for number in range(stream.MAX_KEPT_UPDATES // 100 + 1):
            vendor.rows[:] = [replace(row, subject=f"{number}") for row in vendor.rows]
            vendor.add()
            hub.wake([PHONE])
            await asyncio.sleep(1)
        listener = Listener(watch)
        await asyncio.sleep(1)
        assert told_of(await listener.leave()) == [("reset", "")]
        await hub.aclose()

    scenario(act)


def test_a_cursor_is_good_for_its_own_stream_alone() -> None:
    async def act() -> None:
        _, hub = live(desk())
        watch = hub.open(subject(), supervisor(), Somebody())
        cursor = hub.cursor(watch, 0)
        for text, asked in (
            (cursor, subject("somebody else")),
            (cursor[:-2] + "AA", subject()),
            ("", subject()),
            (hub.cursor(watch, 7), subject()),
        ):
            with pytest.raises(BadCursorError):
                hub.resume(text, asked, supervisor(), Somebody())
        await hub.aclose()

    scenario(act)


def test_there_are_only_so_many() -> None:
    async def act() -> None:
        _, hub = live(desk())
        hub.max_watches = 2
        for _ in range(2):
            hub.open(subject(), supervisor(), Somebody())
        with pytest.raises(RateLimitedError):
            hub.open(subject(), supervisor(), Somebody())
        await asyncio.sleep(61)
        hub.open(subject(), supervisor(), Somebody())
        await hub.aclose()

    scenario(act)


def test_nobody_is_no_customer() -> None:
    async def act() -> None:
        _, hub = live(FakeVendor("desk", records=[]))
        listener = Listener(hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(1)
        assert isinstance(listener.error, BadUserInputError)
        await hub.aclose()

    scenario(act)


def test_the_header_is_told_to_those_who_read_it() -> None:
    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        watch = hub.open(subject(), supervisor(), Somebody())
        watch.with_summary = True
        listener = Listener(watch)
        await asyncio.sleep(15)
        vendor.add(row_of("desk", "new", NOW))
        await asyncio.sleep(10)
        assert told_of(await listener.leave()) == [("changed", "new"), ("summary", "5")]
        await hub.aclose()

    scenario(act)


@pytest.mark.parametrize("seed", range(25))
def test_whoever_drops_and_resumes_at_random_sees_what_was_seen_all_along(seed: int) -> None:
    random = Random(f"streams {seed}")

    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        somebody = Somebody()
        watch = hub.open(subject(), supervisor(), somebody)
        always, cursor, heard = Listener(watch), hub.cursor(watch, 0), []
        for step in range(20):
            for _ in range(random.randrange(3)):
                what = random.random()
                if what < 0.5 or not vendor.rows:
                    vendor.add(row_of("desk", f"{step}-{random.random()}", NOW - HOUR * random.random()))
                elif what < 0.8:
                    place = random.randrange(len(vendor.rows))
                    vendor.rows[place] = replace(vendor.rows[place], subject=f"{random.random()}")
                    vendor.add()
                else:
                    del vendor.rows[random.randrange(len(vendor.rows))]
                    vendor.add()
            if random.random() < 0.5:
                hub.wake(everybody=True)
            if random.random() < 0.6:
                found = hub.resume(cursor, subject(), supervisor(), Somebody())
                assert found is not None
                listener = Listener(*found)
                await asyncio.sleep(random.random() * 20)
                heard += await listener.leave()
                if heard:
                    cursor = hub.cursor(watch, heard[-1].number)
            else:
                await asyncio.sleep(random.random() * 20)
        found = hub.resume(cursor, subject(), supervisor(), Somebody())
        assert found is not None
        listener = Listener(*found)
        await asyncio.sleep(1)
        heard += await listener.leave()
        assert heard == await always.leave() and heard
        await hub.aclose()

    print(f"seed {seed}")
    scenario(act)
