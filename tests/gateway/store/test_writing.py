"""Many who write at once: committed together, undone alone, and in one order that all of them see."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, insert, make_url, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.events import RowChanged
from gateway.store import feed, schema, sqlite
from gateway.store.erasing import Known
from gateway.store.errors import UnavailableError
from gateway.store.feed import ChangeKind, Touched
from gateway.store.inbox import State
from gateway.store.retiring import Term
from gateway.store.store import Store
from tests.gateway.store.postgres import Cluster
from tests.gateway.store.support import NOW, SOURCE, Place, drain, message, number, read, take, told
from tests.gateway.store.support import event as an_event
from tests.gateway.support import record_of, row_of


def tombstone(connection: Connection, digest: bytes) -> None:
    connection.execute(insert(schema.tombstones).values(digest=digest, at=1))


async def count(store: Store) -> int:
    rows = await store.database.read(lambda c: c.execute(schema.tombstones.select()).all())
    return len(rows)


async def test_what_waits_together_is_committed_together(tmp_path: Path):
    store = Place(f"sqlite:///{tmp_path}/journey.db", tmp_path).store()
    await store.open()
    commits = 0

    def on_commit(_: Connection) -> None:
        nonlocal commits
        commits += 1

    event.listen(store.database._writer._engine, "commit", on_commit)  # type: ignore[attr-defined]
    await asyncio.gather(*(store.inbox.put(SOURCE, told(an_event())) for _ in range(200)))
    assert (await store.inbox.count())[State.PENDING] == 200
    assert commits < 50
    await store.aclose()


async def test_work_that_fails_undoes_itself_alone(store: Store):
    def failing(connection: Connection) -> None:
        tombstone(connection, b"half")
        raise ValueError("in the middle")

    def twice(connection: Connection) -> None:
        tombstone(connection, b"twice")
        tombstone(connection, b"twice")

    works = [store.database.write(lambda c, n=n: tombstone(c, b"%d" % n)) for n in range(20)]
    works[5:5] = [store.database.write(failing), store.database.write(twice)]
    results = await asyncio.gather(*works, return_exceptions=True)
    assert [type(one) for one in results if one is not None] == [ValueError, IntegrityError]
    assert await count(store) == 20


async def test_a_caller_who_leaves_harms_nobody(store: Store):
    tasks = [asyncio.create_task(store.database.write(lambda c, n=n: tombstone(c, b"%d" % n))) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(one is None for one in results[1::2])
    await store.database.write(lambda c: tombstone(c, b"after"))
    assert await count(store) >= 26


async def test_more_than_can_be_written_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "MAX_WAITING", 10)
    store = Place(f"sqlite:///{tmp_path}/journey.db", tmp_path).store()
    await store.open()
    blocker = sqlite3.connect(tmp_path / "journey.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    results = asyncio.gather(*(store.inbox.put(SOURCE, told(an_event())) for _ in range(300)), return_exceptions=True)
    await asyncio.sleep(0.1)
    blocker.execute("ROLLBACK")
    blocker.close()
    outcomes = await results
    refused = [one for one in outcomes if isinstance(one, UnavailableError)]
    assert refused
    assert (await store.inbox.count()).get(State.PENDING, 0) == 300 - len(refused)
    await store.aclose()


async def erase(store: Store) -> object:
    return await store.erase(Known((number(),), ((SOURCE, "393331112200"),)), NOW)


async def forget_record(store: Store) -> object:
    hint = Touched(ChangeKind.HINT, SOURCE, NOW)
    return await store.forget_record(SOURCE, "393331112200", [hint])


async def retire(store: Store) -> object:
    return await store.retire(SOURCE, Term(timedelta(days=1), {}), NOW, 100)


@pytest.mark.parametrize("change", [erase, forget_record, retire])
async def test_who_takes_something_out_waits_its_turn_and_holds_nothing_meanwhile(
    cluster: Cluster, tmp_path: Path, change: Callable[[Store], Awaitable[object]]
):
    """Otherwise it and another gateway that reads webhooks would wait for each other."""
    place = Place.within(cluster, tmp_path)
    store = place.store()
    await store.open()
    await take(store, an_event(message("m")))
    engine = create_async_engine(make_url(place.url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as other, engine.connect() as beside:
        await other.run_sync(feed.lock)
        changing = asyncio.create_task(change(store))
        async with asyncio.timeout(10):
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not (await beside.execute(waiting)).scalar():
                await beside.rollback()
        await other.execute(text("SET LOCAL lock_timeout = '500ms'"))
        await other.execute(text("UPDATE messages SET at = at"))
        await other.execute(text("UPDATE records SET at = at"))
        await other.commit()
        async with asyncio.timeout(10):
            assert await changing
    await engine.dispose()
    await store.aclose()


async def test_two_gateways_on_one_database_make_each_event_count_once(place: Place):
    """And whoever follows the feed while they work sees every number in its order."""
    stores = [place.store(exclusive=False) for _ in range(2)]
    for store in stores:
        await store.open()
    one, other = stores
    seen: list[int] = []
    done = asyncio.Event()

    async def follow() -> None:
        while True:
            finished = done.is_set()
            entries = await one.feed.after(seen[-1] if seen else 0)
            seen.extend(entry.seq for entry in entries)
            if finished and not entries:
                return
            await asyncio.sleep(0.02)

    async def work(store: Store, n: int) -> None:
        for k in range(12):
            row = row_of(SOURCE, f"r{k}", tags=(str(n),))
            await store.inbox.put(SOURCE, told(an_event(RowChanged(NOW, row, record_of(SOURCE)), id=f"e{k}")))
            await store.intake.process(read, NOW, 3)
            await store.feed.append([Touched(ChangeKind.HINT, SOURCE, NOW, f"{n}-{k}")])

    following = asyncio.create_task(follow())
    await asyncio.gather(*(work(store, n) for n, store in enumerate(stores) for _ in range(2)))
    await drain(other)
    done.set()
    await following
    everything = await one.feed.after(0)
    assert seen == sorted(seen) == [entry.seq for entry in everything]
    rows = [e.touched.external_id for e in everything if e.touched.kind is ChangeKind.ROW]
    assert sorted(rows) == sorted(f"r{k}" for k in range(12))
    assert await one.inbox.count() == {State.DONE: 48}
    for store in stores:
        await store.aclose()
