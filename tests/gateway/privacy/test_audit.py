"""Whoever looks at somebody is on record: soon, in full, unchangeably, and without anybody's address."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from gateway.errors import RateLimitedError
from gateway.privacy.limits import RateLimiter
from gateway.privacy.recorder import GATHER_SECONDS, read_entry
from gateway.store import schema
from gateway.store.audit import BrokenChain
from gateway.store.errors import UnavailableError
from tests.gateway.privacy.support import House, email, house_over, phone
from tests.gateway.support import FakeVendor, StoppedClock

WHO = """query Anything($by: CustomerKey!) { found: singleCustomerView(by: $by) { state customer { id
  journey(first: 1) { nodes { externalId } edges { node { id } } } } } }"""
ROW = "query($id: ID!) { node(id: $id) { id } }"
ANNA = {"phone": "+393331112201"}
UNKNOWN = {"phone": "+393331119999"}


def digests(house: House, *identifiers: Any) -> tuple[bytes, ...]:
    return tuple(map(house.store.vault.digest, identifiers))


async def test_a_read_says_who_saw_whom_by_what_and_how_much(house: House) -> None:
    token = house.token("anna.verdi", kind="AGENT", work_profiles=["front"], work_profile="front")
    answer = await house.post(WHO, {"by": {"email": "bruno@example.org"}}, token, **{"x-request-id": "request-0001"})
    assert answer.json()["data"]["found"]["state"] == "MATCHED"
    (entry,) = await house.recorded()
    assert entry.whom == digests(house, email("bruno@example.org"))
    assert (entry.subject, entry.kind, entry.operation, entry.profile) == (
        "anna.verdi",
        "AGENT",
        "singleCustomerView",
        "front",
    )
    assert (entry.rows, entry.misses, entry.request_id) == (1, 0, "request-0001")


async def test_a_miss_is_on_record(house: House) -> None:
    await house.ask(WHO, by=UNKNOWN)
    await house.ask(ROW, id=house.gateway.ids.customer(phone("+393331119998")))
    await house.ask('{ customers(search: "Nobody at all") { nodes { id } } }')
    by_key, by_id, by_text = await house.recorded()
    assert (by_key.whom, by_key.rows, by_key.misses) == (digests(house, phone("+393331119999")), 0, 1)
    assert (by_id.operation, by_id.whom, by_id.misses) == ("node", digests(house, phone("+393331119998")), 1)
    assert (by_text.operation, by_text.whom, by_text.misses) == ("customers", (), 1)


async def test_a_single_row_is_a_read_of_its_customer(house: House) -> None:
    await house.ask(ROW, id=house.gateway.ids.interaction("desk", "t1"))
    (entry,) = await house.recorded()
    assert (entry.operation, entry.whom, entry.rows) == ("node", digests(house, phone("+393331112201")), 1)


async def test_what_is_about_nobody_is_not_on_record(house: House) -> None:
    await house.ask("{ viewer { subject } sources { name } }")
    await house.ask("{ nonsense }")
    assert await house.recorded() == []


async def test_it_is_on_the_disk_soon_after_the_answer(house: House) -> None:
    assert house.gateway.recorder is not None
    await house.ask(WHO, by=ANNA)
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(5):
        while await house.store.audit.last() is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)
    took = asyncio.get_running_loop().time() - began
    assert GATHER_SECONDS <= 0.025 and took < 1, took  # 50 ms on a machine that does nothing else


async def test_nobody_s_address_stands_in_it(house: House) -> None:
    await house.ask(WHO, by=ANNA)
    await house.ask(WHO, by=UNKNOWN)
    await house.recorded()
    rows = await house.store.database.read(lambda c: c.execute(select(schema.audit.c.payload)).scalars().all())
    content = b"".join(rows)
    assert len(rows) == 2
    assert not any(trace in content for trace in (b"333111", b"Anna", b"anna@", b"9999"))


async def test_every_change_of_it_is_found(house: House) -> None:
    for _ in range(6):
        await house.ask(WHO, by=ANNA)
    await house.recorded()
    audit, database = house.store.audit, house.store.database
    rows = await database.read(lambda c: c.execute(select(schema.audit).order_by(schema.audit.c.seq)).all())
    for row in rows:
        for place in range(len(row.payload)):
            changed = bytearray(row.payload)
            changed[place] ^= 1
            await _set(house, row.seq, payload=bytes(changed))
            with pytest.raises(BrokenChain):
                await audit.walk()
        await _set(house, row.seq, payload=row.payload, at=row.at + 1)
        with pytest.raises(BrokenChain):
            await audit.walk()
        await _set(house, row.seq, at=row.at)
    assert len(await audit.walk()) == 6
    for row in rows[:-1]:
        await database.write(lambda c, row=row: c.execute(delete(schema.audit).where(schema.audit.c.seq == row.seq)))
        with pytest.raises(BrokenChain):
            await audit.walk()
        await database.write(lambda c, row=row: c.execute(schema.audit.insert().values(row._asdict())))
    assert len(await audit.walk()) == 6


async def _set(house: House, seq: int, **values: Any) -> None:
    change = update(schema.audit).where(schema.audit.c.seq == seq).values(**values)
    await house.store.database.write(lambda c: c.execute(change))


async def test_while_the_store_is_away_reads_go_on_and_wait_to_be_recorded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> None:
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(house.store.audit, "append", away)
        for _ in range(3):
            assert (await house.ask(WHO, by=ANNA))["data"]["found"]["state"] == "MATCHED"
        await asyncio.sleep(0.1)
        assert await house.store.audit.last() is None
    assert [entry.operation for entry in await house.recorded()] == ["singleCustomerView"] * 3


async def test_when_no_more_can_wait_nobody_is_shown_anything(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise UnavailableError

    async with house_over(FakeVendor("desk"), folder=tmp_path, max_waiting=2) as house:
        with monkeypatch.context() as patched:
            patched.setattr(house.store.audit, "append", away)
            answers = [await house.ask(WHO, by=ANNA) for _ in range(4)]
            assert [("errors" in answer) for answer in answers] == [False, False, True, True]
            assert answers[3]["errors"][0]["extensions"]["code"] == "INTERNAL"
            assert "recorded" in answers[3]["errors"][0]["message"]
        assert len(await house.recorded()) == 2
        assert "errors" not in await house.ask(WHO, by=ANNA)


async def test_what_waits_is_written_when_the_gateway_stops(tmp_path: Any) -> None:
    async with house_over(FakeVendor("desk"), folder=tmp_path) as house:
        await house.ask(WHO, by=ANNA)
        store = house.store
    await store.open()
    (entry,) = await store.audit.walk()
    assert read_entry(entry.content).operation == "singleCustomerView"
    await store.aclose()


# ---------------------------------------------------------------- how often


def test_a_bucket_fills_again() -> None:
    clock = StoppedClock()
    limiter = RateLimiter(2, 5, clock.monotonic)
    for _ in range(5):
        limiter.take("emma")
    with pytest.raises(RateLimitedError) as caught:
        limiter.take("emma")
    assert caught.value.retry_after_seconds == 1
    limiter.take("anna")
    clock.move(0.5)
    limiter.take("emma")
    with pytest.raises(RateLimitedError):
        limiter.take("emma")
    clock.move(1_000)
    limiter.take("emma", 5)
    with pytest.raises(RateLimitedError) as caught:
        limiter.take("emma", 3)
    assert caught.value.retry_after_seconds == 2


async def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Any) -> None:
    clock = StoppedClock()
    limiter = RateLimiter(0.5, 3, clock.monotonic)
    async with house_over(FakeVendor("desk"), folder=tmp_path, clock=clock, limiter=limiter) as house:
        for _ in range(3):
            assert (await house.post(WHO, {"by": ANNA})).status_code == 200
        answer = await house.post(WHO, {"by": ANNA})
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert answer.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert answer.json()["errors"][0]["extensions"]["retryAfterSeconds"] == 2
        assert (await house.post(WHO, {"by": ANNA}, house.token("somebody else"))).status_code == 200
        clock.move(2)
        assert (await house.post(WHO, {"by": ANNA})).status_code == 200
        events = await house.post(WHO, {"by": ANNA}, accept="text/event-stream")
        assert (events.status_code, events.headers["retry-after"]) == (429, "2")


async def test_many_questions_in_one_operation_are_many_questions(tmp_path: Any) -> None:
    clock = StoppedClock()
    limiter = RateLimiter(1, 10, clock.monotonic)
    many = "query($by: [CustomerKey!]!) { singleCustomerViews(by: $by) { state } }"
    keys = [{"phone": f"+3933311150{n:02}"} for n in range(20)]
    async with house_over(FakeVendor("desk", records=[]), folder=tmp_path, clock=clock, limiter=limiter) as house:
        answer = await house.ask(many, by=keys)
        views = answer["data"]["singleCustomerViews"]
        assert (sum(view is not None for view in views), sum(view is None for view in views)) == (10, 10)
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"RATE_LIMITED"}
        (entry,) = await house.recorded()
        assert entry.misses == 10
