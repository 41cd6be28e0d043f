"""A watch tells what has become different for its viewer, to everybody who listens, wherever they left off."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from connectors.errors import UnavailableError
from connectors.interaction import Channel, InteractionStatus
from gateway.deployment import WorkProfile
from gateway.errors import BadUserInputError, RateLimitedError, UnauthenticatedError
from gateway.journey.filter import Filter
from gateway.journey.read import read_page
from gateway.live import stream
from gateway.live.bus import whom_of
from gateway.live.stream import RIGHTS_SECONDS, baseline
from gateway.store.feed import ChangeKind, Entry, Touched
from tests.gateway.live.support import (
    HOUR,
    Listener,
    Somebody,
    desk,
    digest,
    live,
    scenario,
    subject,
    told_of,
)
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    begin,
    deployment_of,
    row_of,
    supervisor,
)


def entry(kind: ChangeKind, number: int = 1, **named: Any) -> Entry:
    return Entry(number, Touched(kind, named.pop("source", "desk"), named.pop("at", NOW), **named))


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


def test_a_change_of_an_old_row_is_told_where_news_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_FOLLOWED_ROWS", 3)

    async def act() -> None:
        vendor = desk()
        _, hub = live(vendor)
        hub.poll_seconds = 600
        listener = Listener(watch := hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(1)
        told = [entry(ChangeKind.HINT, record_id="anna"), entry(ChangeKind.HINT, external_id="3")]
        for news in (told, [entry(ChangeKind.HINT, record_id="anna")], told):
            vendor.rows[3] = replace(vendor.rows[3], subject="reopened")
            watch.hear(whom_of(news), digest)
            await asyncio.sleep(1)
        assert told_of(listener.told) == [("changed", "3")], "once, as it stays the same"
        vendor.rows[3] = replace(vendor.rows[3], subject="and closed")
        watch.hear(whom_of(told), digest)
        await asyncio.sleep(1)
        vendor.add(row_of("desk", "new", NOW))
        hub.wake([PHONE])
        await asyncio.sleep(1)
        assert told_of(await listener.leave())[1:] == [("changed", "3"), ("changed", "new")]
        await hub.aclose()

    scenario(act)


def test_an_old_row_that_is_not_shown_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MAX_FOLLOWED_ROWS", 3)

    async def act() -> None:
        hidden = row_of("desk", "chat", NOW - 9 * HOUR, channel=Channel.CHAT)
        calls = WorkProfile("calls", frozenset({Channel.VOICE}), frozenset(), frozenset())
        vendor = desk(hidden)
        _, hub = live(vendor, deployment=deployment_of([vendor], profiles=[calls]))
        viewer = supervisor(profiles=("calls",), active=calls)
        listener = Listener(watch := hub.open(subject(), viewer, Somebody(viewer)))
        await asyncio.sleep(1)
        watch.hear(whom_of([entry(ChangeKind.ROW, record_id="anna", external_id="chat")]), digest)
        await asyncio.sleep(1)
        assert await listener.leave() == []
        await hub.aclose()

    scenario(act)


@pytest.mark.parametrize(
    ("news", "looks"),
    [
        pytest.param([entry(ChangeKind.ROW, record_id="anna", external_id="1")], True, id="her row"),
        pytest.param([entry(ChangeKind.ROW, record_id="bruno", external_id="2")], False, id="his row"),
        pytest.param([entry(ChangeKind.HINT, digest=PHONE.value.encode())], True, id="her number"),
        pytest.param([entry(ChangeKind.HINT, digest=b"+390212345")], False, id="another number"),
        pytest.param(
            [entry(ChangeKind.HINT, record_id="bruno"), entry(ChangeKind.HINT, external_id="2")], False, id="his ticket"
        ),
        pytest.param([entry(ChangeKind.HINT, external_id="2")], True, id="nobody knows whose"),
        pytest.param([entry(ChangeKind.HINT, external_id="2", source="web")], False, id="where she is not known"),
    ],
)
def test_a_watch_looks_when_it_may_be_about_its_customer(news: list[Entry], looks: bool) -> None:
    async def act() -> None:
        _, hub = live(desk())
        watch = hub.open(subject(), supervisor(), Somebody())
        await asyncio.sleep(1)
        watch.hear(whom_of(news), digest)
        assert watch._wake.is_set() is looks
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


def test_sources_are_asked_only_while_somebody_listens() -> None:
    async def act() -> None:
        vendor = desk()
        gateway, hub = live(vendor)
        operation = begin(gateway)
        (person,) = (await operation.look_up(PHONE)).people
        page = await read_page(operation.reading(person), subject().window, Filter(), 2)
        asked = len(vendor.queries)
        known = baseline(page.rows, operation)
        watch = hub.open(subject(), supervisor(), Somebody(), person, known, reports=page.reports)
        vendor.add(row_of("desk", "new", NOW))
        await asyncio.sleep(30)
        assert len(vendor.queries) == asked, "a page that asked for `updateCursor`, and nobody came"
        listener = Listener(watch)
        await asyncio.sleep(1)
        assert ("changed", "new") in told_of(await listener.leave())
        await asyncio.sleep(11)
        asked = len(vendor.queries)
        await asyncio.sleep(30)
        assert len(vendor.queries) == asked, "whoever listened has left"
        await hub.aclose()

    scenario(act)


def test_a_look_under_way_when_all_is_forgotten_leaves_nothing() -> None:
    async def act() -> None:
        vendor = desk()
        slow = FakeVendor("slow", [row_of("slow", "stays", NOW)])
        _, hub = live(vendor, slow)
        watch = hub.open(subject(), supervisor(), Somebody())
        listener = Listener(watch)
        await asyncio.sleep(0.1)
        gate = asyncio.Event()
        slow.faults.append(gate)
        vendor.add(row_of("desk", "erased soon", NOW))
        hub.wake([PHONE])
        await asyncio.sleep(0.1)
        vendor.rows.clear()
        vendor.add()
        assert hub.forget(digest, {digest(PHONE)}) > 0
        gate.set()
        await asyncio.sleep(60)
        assert told_of(await listener.leave()) == [("reset", "")]
        assert watch.known is not None and [key.source for key in watch.known] == ["slow"]
        await hub.aclose()

    scenario(act)


def test_a_reader_who_is_too_slow_is_told_so() -> None:
    async def act() -> None:
        vendor = desk(*(row_of("desk", f"row-{n}", NOW - timedelta(seconds=n)) for n in range(100)))
        _, hub = live(vendor)
        quick = Listener(watch := hub.open(subject(), supervisor(), Somebody()))
        await asyncio.sleep(1)
        for number in range(stream.MAX_KEPT_UPDATES // 100 + 1):
            vendor.rows[:] = [replace(row, subject=f"{number}") for row in vendor.rows]
            vendor.add()
            hub.wake([PHONE])
            await asyncio.sleep(1)
        listener = Listener(watch)
        await asyncio.sleep(1)
        assert told_of(await listener.leave()) == [("reset", "")]
        assert len(await quick.leave()) > stream.MAX_KEPT_UPDATES
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
