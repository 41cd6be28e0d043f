"""A disk that is full, a database that is away: 503, nothing half stored, and on it goes without a restart."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from connectors.events import RowChanged
from gateway.store.inbox import State
from tests.gateway.ingest.support import Listening, listening, until
from tests.gateway.store.postgres import Cluster
from tests.gateway.store.support import event as event_of
from tests.gateway.support import record_of, row_of

AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DISK_BYTES = 2 * 1024 * 1024


async def tell(gateway: Listening, id_: str) -> int:
    """An event of some size."""
    row = row_of("desk", id_, AT, tags=tuple(f"{id_}-{n}" for n in range(300)))
    return (await gateway.tell(event_of(RowChanged(AT, row, record_of("desk")), id=f"event-{id_}"))).status_code


async def rows_of(gateway: Listening) -> set[str]:
    found: set[str] = set()
    seq = 0
    while entries := await gateway.store.feed.after(seq):
        found |= {e.touched.external_id for e in entries if e.touched.external_id is not None}
        seq = entries[-1].seq
    return found


async def fill(gateway: Listening, acknowledged: set[str]) -> None:
    """Until nothing more goes in."""
    for n in range(2_000):
        id_ = f"before-{n}"
        status = await tell(gateway, id_)
        if status == 503:
            return
        assert status == 200
        acknowledged.add(id_)
    raise AssertionError("it never gets full")


async def recovers(gateway: Listening, acknowledged: set[str]) -> None:
    """Everything acknowledged is there, and nothing else."""

    async def takes() -> bool:
        return await tell(gateway, "after") == 200

    await until(takes)
    acknowledged.add("after")

    async def is_there() -> bool:
        return await rows_of(gateway) >= acknowledged

    await until(is_there)
    await gateway.settled()
    assert await rows_of(gateway) == acknowledged
    counts = await gateway.store.inbox.count()
    assert counts.get(State.POISON) is None


@dataclass
class FileLimit:
    pages: int = 2**30 - 1  # SQLite's own


@contextmanager
def limited_file() -> Iterator[FileLimit]:
    """How large files may get, told anew at every transaction: after a failure the store goes on with another
    connection, which would know nothing of it."""
    limit = FileLimit()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={limit.pages}")

    event.listen(Engine, "begin", on_begin)
    try:
        yield limit
    finally:
        event.remove(Engine, "begin", on_begin)


async def test_a_full_file_is_503_and_what_was_taken_is_kept(tmp_path: Path):
    with limited_file() as limit:
        async with listening(tmp_path) as gateway:
            acknowledged: set[str] = set()
            limit.pages = 120
            await fill(gateway, acknowledged)
            assert acknowledged
            for n in range(20):  # what did not fit may leave room for the next one
                if await tell(gateway, f"more-{n}") == 200:
                    acknowledged.add(f"more-{n}")
            limit.pages = FileLimit.pages
            await recovers(gateway, acknowledged)


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A disk of its own; False where none may be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", folder]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_is_503_until_there_is_room(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with small_disk(tmp_path) as mounted:
        if not mounted:
            with capsys.disabled():
                print("no disk may be mounted here: a full one is tried with a limit of pages alone")
            return
        ballast = tmp_path / "ballast"
        ballast.write_bytes(bytes(DISK_BYTES // 4))
        async with listening(tmp_path) as gateway:
            acknowledged: set[str] = set()
            await fill(gateway, acknowledged)
            assert acknowledged
            for n in range(20):
                assert await tell(gateway, f"refused-{n}") in (200, 503)
            ballast.unlink()
            there = await gateway.store.inbox.count()
            assert sum(there.values()) >= len(acknowledged)
            await until(lambda: _takes(gateway))
            await gateway.settled()
            assert await rows_of(gateway) >= acknowledged | {"after"}


async def _takes(gateway: Listening) -> bool:
    return await tell(gateway, "after") == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=lambda how: how.name)
async def test_a_database_that_is_away_is_503_and_comes_back(tmp_path: Path, cluster: Cluster, how: signal.Signals):
    name = f"journey_{how.name.lower()}"
    await asyncio.to_thread(cluster.psql, f"CREATE DATABASE {name}")
    async with listening(tmp_path, environment={"GATEWAY_STORE__URL": cluster.url(name)}) as gateway:
        acknowledged: set[str] = set()
        for n in range(30):
            assert await tell(gateway, f"before-{n}") == 200
            acknowledged.add(f"before-{n}")
        await asyncio.to_thread(cluster.stop, how)
        try:
            for n in range(5):
                assert await tell(gateway, f"away-{n}") == 503
            health = await gateway.client.get("/healthz")
            assert health.status_code == 200
        finally:
            await asyncio.to_thread(cluster.start)
        await recovers(gateway, acknowledged)
