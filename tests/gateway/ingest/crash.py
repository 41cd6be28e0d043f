"""Kills a gateway again and again while it takes webhooks in, and counts what it acknowledged and does not have.

    python -m tests.gateway.ingest.crash [--cycles 1000] [--seed 1] [--early]

`--early` plants a gateway that acknowledges before it stores: then something must be found missing. Loopback only;
what is killed is what was started here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.events import Event, RowChanged
from tests.gateway.ingest.support import KEYS, own_shape, signed, write_config
from tests.gateway.support import record_of, row_of

CONNECTIONS = 16
LIFE_SECONDS = (0.01, 0.15)
"""Of a gateway, from the first acknowledgement until it is killed."""
STARTING_SECONDS = 60
ROOT = Path(__file__).parents[3]
AT = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Nursery:
    """See `tests.gateway.ingest.nursery`."""

    def __init__(self, *, early: bool = False, wrapper: tuple[str, ...] = ()) -> None:
        self._early = early
        self._process = subprocess.Popen(
            [*wrapper, sys.executable, "-m", "tests.gateway.ingest.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            text=True,
            start_new_session=True,  # so that whatever it forked can be ended with it
        )

    def start(self, config: Path) -> tuple[int, int]:
        """Process and port."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{config}{' early' if self._early else ''}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert re.fullmatch(r"\d+ \d+\n", line), line
        pid, port = line.split()
        return int(pid), int(port)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(STARTING_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()


@dataclass
class Outcome:
    """`lost`: acknowledged and not there. `doubled`: there more than once, or told more than once."""

    cycles: int = 0
    sent: int = 0
    acknowledged: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    intact: bool = True

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.doubled and self.intact

    def __str__(self) -> str:
        return (
            f"{self.cycles} kills: {len(self.acknowledged)} events acknowledged of {self.sent} sent, "
            f"{len(self.lost)} lost, {len(self.doubled)} doubled, file {'intact' if self.intact else 'DAMAGED'}"
        )


@dataclass
class Senders:
    """Vendors that send again what was not acknowledged, sometimes also what was."""

    chance: random.Random
    outcome: Outcome
    pending: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    first: asyncio.Event = field(default_factory=asyncio.Event)

    def next_id(self) -> str:
        if self.pending:
            return self.pending.pop()
        if self.sent and self.chance.random() < 0.1:
            return self.chance.choice(self.sent[-200:])
        self.outcome.sent += 1
        id_ = f"row-{self.outcome.sent:07}"
        self.sent.append(id_)
        return id_

    async def send(self, port: int) -> None:
        """On one connection, until that is cut."""
        writer = None
        id_ = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            while True:
                id_ = self.next_id()
                writer.write(request_of(id_))
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200"), head
                self.outcome.acknowledged.add(id_)
                self.first.set()
        except (OSError, asyncio.IncompleteReadError):
            if id_ is not None and id_ not in self.outcome.acknowledged:
                self.pending.append(id_)
        finally:
            if writer is not None:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()


def request_of(id_: str) -> bytes:
    """An event that says one row, always with the same id and content."""
    minutes = timedelta(minutes=int(id_[4:]) % 100_000)
    row = row_of("desk", id_, AT - minutes)
    body = own_shape(Event(f"event-{id_}", (RowChanged(AT, row, record_of("desk")),)))
    headers = {**signed(body, KEYS[0], datetime.now(UTC)), "content-length": str(len(body)), "host": "localhost"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST /ingest/desk HTTP/1.1\r\n{head}\r\n".encode() + body


async def run_all(cycles: int, seed: int = 1, *, early: bool = False) -> list[Outcome]:
    """Side by side, as many as there are cores for."""
    lines = max(1, min(2, os.cpu_count() or 1, cycles))
    with tempfile.TemporaryDirectory(prefix="journey-crash-") as name:
        folders = [Path(name) / str(line) for line in range(lines)]
        for folder in folders:
            folder.mkdir()
        each = [cycles // lines + (line < cycles % lines) for line in range(lines)]
        running = (run(f, n, seed + i, early=early) for i, (f, n) in enumerate(zip(folders, each, strict=True)))
        return await asyncio.gather(*running)


async def run(folder: Path, cycles: int, seed: int = 1, *, early: bool = False) -> Outcome:
    chance = random.Random(seed)
    outcome = Outcome()
    senders = Senders(chance, outcome)
    config = write_config(folder)
    nursery = Nursery(early=early)
    try:
        for _ in range(cycles):
            pid, port = await asyncio.to_thread(nursery.start, config)
            try:
                senders.first.clear()
                sending = [asyncio.create_task(senders.send(port)) for _ in range(CONNECTIONS)]
                async with asyncio.timeout(STARTING_SECONDS):
                    await senders.first.wait()
                await asyncio.sleep(chance.uniform(*LIFE_SECONDS))
            finally:
                os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(STARTING_SECONDS):
                await asyncio.gather(*sending)
            outcome.cycles += 1
        pid, _ = await asyncio.to_thread(nursery.start, config)
        try:
            await settled(folder / "journey.db")
        finally:
            os.kill(pid, signal.SIGKILL)
    finally:
        await asyncio.to_thread(nursery.close)
    judge(folder / "journey.db", outcome)
    return outcome


async def settled(file: Path) -> None:
    """Until the last gateway has read all that waited."""
    async with asyncio.timeout(STARTING_SECONDS):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            waiting = "SELECT count(*) FROM inbox WHERE state = 0"
            while connection.execute(waiting).fetchone()[0]:  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(0.05)


def judge(file: Path, outcome: Outcome) -> None:
    with contextlib.closing(sqlite3.connect(file)) as connection:
        outcome.intact = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        there = {id_ for (id_,) in connection.execute("SELECT external_id FROM interactions WHERE payload IS NOT NULL")}
        outcome.lost = sorted(outcome.acknowledged - there)
        told = connection.execute(
            "SELECT external_id FROM feed WHERE external_id IS NOT NULL GROUP BY external_id HAVING count(*) > 1"
        )
        outcome.doubled = [id_ for (id_,) in told]
        assert connection.execute("SELECT count(*) FROM inbox WHERE state = 2").fetchone() == (0,)


def main() -> None:
    arguments = argparse.ArgumentParser(description="Kill the gateway while it takes webhooks in.")
    arguments.add_argument("--cycles", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--early", action="store_true", help="plant a gateway that acknowledges too early")
    given = arguments.parse_args()
    began = time.monotonic()
    outcomes = asyncio.run(run_all(given.cycles, given.seed, early=given.early))
    for outcome in outcomes:
        print(outcome)
    print(f"{time.monotonic() - began:.0f} s")
    sys.exit(0 if all(outcome.is_good for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
