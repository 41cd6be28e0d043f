"""A page and the stream behind it, and whoever was away for a while: nothing is missed and nothing is told twice."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta
from random import Random

import pytest
from msgspec.structs import replace

from connectors.errors import UnavailableError
from connectors.interaction import Channel
from gateway.customers.links import Links, Merge
from gateway.deployment import WorkProfile
from gateway.errors import BadCursorError
from gateway.journey.filter import Filter
from gateway.journey.read import read_page
from gateway.live.stream import RIGHTS_SECONDS, baseline
from tests.gateway.live.support import (
    HOUR,
    Listener,
    Somebody,
    desk,
    live,
    scenario,
    subject,
    told_of,
)
from tests.gateway.privacy.support import email
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    begin,
    deployment_of,
    record_of,
    row_of,
    supervisor,
)


def test_whoever_was_merged_meanwhile_is_told_to_read_anew() -> None:
    async def act() -> None:
        _, hub = live(desk())
        watch = hub.open(subject(), supervisor(), Somebody())
        other = dataclasses.replace(subject(), handle=email("anna@example.org"))
        assert hub.resume(hub.cursor(watch, 0), other, supervisor(), Somebody()) is None
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
            person,
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
        beside, cursor = Listener(watch), hub.cursor(watch, 0)
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
        await beside.leave()
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
