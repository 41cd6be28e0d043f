"""From a vendor's request to what a query answers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.deadline import Deadline
from connectors.events import Hint, RowChanged
from connectors.identifiers import phone
from connectors.interaction import ConversationDetails, DeliveryState
from connectors.questions import Window
from gateway.live.bus import News
from gateway.store.errors import UnavailableError
from gateway.store.inbox import State
from tests.gateway.ingest.support import (
    APP_SECRET,
    KEYS,
    MAX_BODY_BYTES,
    VERIFY_TOKEN,
    Listening,
    from_meta,
    listening,
    own_shape,
    signed,
    until,
    whatsapp_status,
    whatsapp_text,
)
from tests.gateway.store.support import event, message
from tests.gateway.support import record_of, row_of

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Listening]:
    async with listening(tmp_path) as running:
        yield running


async def test_a_customer_who_wrote_is_found_with_what_was_written(gateway: Listening):
    for content in (
        whatsapp_status("wamid.2", "read", AT + timedelta(minutes=9)),  # before it was sent
        whatsapp_text("wamid.1", "Where is my order?", AT),
        whatsapp_status("wamid.2", "sent", AT + timedelta(minutes=5)),
        whatsapp_status("wamid.2", "delivered", AT + timedelta(minutes=6)),
    ):
        for _ in range(2):
            answer = await gateway.post("whatsapp", *from_meta(content))
            assert (answer.status_code, answer.content) == (200, b"")
    await gateway.settled()
    connector = gateway.assembled.gateway.sources["whatsapp"].connector
    number = phone("+393331112201")
    assert number is not None
    (record,) = await connector.find([number], Deadline.after(5))
    assert record.name == "Anna Verdi"
    assert [r.id for r in await connector.search("anna ver", 5, Deadline.after(5))] == [record.id]
    page = await connector.interactions([record], Window(), None, 10, Deadline.after(5))
    (row,) = page.items
    assert row.external_id == "wamid.1"
    assert isinstance(row.details, ConversationDetails)
    assert [(one.text, one.delivery) for one in row.details.messages] == [
        ("Where is my order?", None),
        (None, DeliveryState.READ),
    ]


async def test_metas_verification_is_answered(gateway: Listening):
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    answer = await gateway.client.get("/ingest/whatsapp", params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["x-content-type-options"] == "nosniff"
    for wrong in ({**asked, "hub.verify_token": "guessed"}, {}):
        assert (await gateway.client.get("/ingest/whatsapp", params=wrong)).status_code == 403


async def test_either_of_two_secrets_will_do_and_no_other(gateway: Listening):
    for key in KEYS:
        assert (await gateway.tell(event(message("a")), key=key)).status_code == 200
    assert (await gateway.tell(event(message("a")), key="whsec_" + "A" * 43 + "=")).status_code == 401


async def test_what_is_not_the_vendors_is_refused_and_not_stored(gateway: Listening):
    body, headers = from_meta(whatsapp_text("wamid.1", "hello", AT))
    chance = random.Random(1)
    for _ in range(200):
        changed = bytearray(body)
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
        answer = await gateway.post("whatsapp", bytes(changed), headers)
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert (await gateway.post("whatsapp", body, {})).status_code == 401
    assert (await gateway.post("whatsapp", *from_meta(body, APP_SECRET + " "))).status_code == 401
    late = signed(own_shape(event(message("a"))), KEYS[0], datetime.now(UTC) - timedelta(minutes=6))
    assert (await gateway.post("desk", own_shape(event(message("a"))), late)).status_code == 401
    assert await gateway.store.inbox.count() == {}


@pytest.mark.parametrize("path", ["/ingest/nobody", "/ingest/", "/ingest", "/ingest/whatsapp/", "/ingest/WhatsApp"])
async def test_there_is_a_way_in_for_configured_sources_alone(gateway: Listening, path: str):
    assert (await gateway.client.post(path, content=b"{}")).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
async def test_other_methods_are_refused(gateway: Listening, method: str):
    assert (await gateway.client.request(method, "/ingest/whatsapp")).status_code == 405


async def test_a_body_above_the_cap_is_refused_before_it_is_read(gateway: Listening):
    fits, too_large = from_meta(b" " * MAX_BODY_BYTES), from_meta(b" " * (MAX_BODY_BYTES + 1))
    assert (await gateway.post("whatsapp", *fits)).status_code == 200
    assert (await gateway.post("whatsapp", *too_large)).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        given = 0
        while given <= 2 * MAX_BODY_BYTES:
            yield b" " * 1_000
            given += 1_000
        raise AssertionError("it was read to the end")

    answer = await gateway.client.post("/ingest/whatsapp", content=endless(), headers=too_large[1])
    assert answer.status_code == 413
    other = await gateway.client.post("/graphql", content=b" " * (MAX_BODY_BYTES * 4))
    assert other.status_code == 413


async def test_what_nobody_understands_is_acknowledged_and_set_aside(gateway: Listening):
    assert (await gateway.post("whatsapp", *from_meta(b"no JSON"))).status_code == 200
    await gateway.settled()
    (aside,) = await gateway.store.inbox.listed()
    assert (aside.source, aside.state) == ("whatsapp", State.POISON)


async def test_those_who_listen_are_told_in_order_once_and_after_the_commit(gateway: Listening):
    heard: list[News] = []
    gateway.assembled.app.state.bus.subscribe(heard.append)
    address = phone("+393331112299")
    assert address is not None
    for n in range(20):
        told = event(RowChanged(AT, row_of("desk", f"r{n}"), record_of("desk")), Hint(AT, identifiers=(address,)))
        assert (await gateway.tell(told)).status_code == 200
    await gateway.settled()

    async def all_heard() -> bool:
        return {e.touched.external_id for news in heard for e in news.entries} >= {f"r{n}" for n in range(20)}

    await until(all_heard)
    numbers = [entry.seq for news in heard for entry in news.entries]
    assert numbers == sorted(set(numbers))
    assert {i for news in heard for i in news.identifiers} == {address}
    assert ("desk", "anna") in {pair for news in heard for pair in news.record_ids}


async def test_cached_answers_that_are_no_longer_true_are_dropped(gateway: Listening):
    source = gateway.assembled.gateway.sources["whatsapp"]
    number = phone("+393331112201")
    assert number is not None

    async def known() -> int:
        records = (await source.find([number], Deadline.after(5))).value
        if not records:
            return 0
        answer = await source.page(source.question(records, Window()), 10, Deadline.after(5))
        (row,) = answer.value.items
        assert isinstance(row.details, ConversationDetails)
        return len(row.details.messages)

    for n in range(5):
        assert await known() == n
        answer = await gateway.post(
            "whatsapp", *from_meta(whatsapp_text(f"wamid.{n}", "more", AT + timedelta(minutes=n)))
        )
        assert answer.status_code == 200
        expected = n + 1

        async def is_told(expected: int = expected) -> bool:
            return await known() == expected

        await until(is_told, 3)  # far less than an answer is kept


async def test_a_flood_waits_in_bounded_memory(gateway: Listening, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.ingest.endpoint.STORING_SECONDS", 0.2)
    stuck = asyncio.Event()

    async def never(*_: object) -> None:
        await stuck.wait()

    monkeypatch.setattr(gateway.store.inbox, "put", never)
    ingest = gateway.assembled.app.user_middleware[0].kwargs["endpoints"]["/ingest/whatsapp"].func.__self__
    ingest._max_held_bytes = 100_000
    body, headers = from_meta(b" " * 15_000)
    answers = await asyncio.gather(*(gateway.post("whatsapp", body, headers) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {503}
    assert ingest._held_bytes == 0
    assert answers[0].headers["retry-after"] == "5"


async def test_nothing_is_acknowledged_that_could_not_be_stored(gateway: Listening, monkeypatch: pytest.MonkeyPatch):
    async def failing(*_: object) -> None:
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(gateway.store.inbox, "put", failing)
        assert (await gateway.tell(event(message("a")))).status_code == 503
    assert (await gateway.tell(event(message("a")))).status_code == 200
