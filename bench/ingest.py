"""How many webhooks a second are taken in, acknowledged and made part of the journal, and what queries feel of it.

    python -m bench.ingest [--seconds 10] [--connections 64] [--rounds 6]

One gateway process over a SQLite file that is synced for every commit, as production runs it: on one core, the load on
another. The same queries are asked at the same rate in rounds, alone and beside 500 webhooks a second by turns; their
medians are compared, each query timed from when it was due. Rounds in which other processes took more than a tenth of
the gateway's core are told and do not count, where at least three were quiet.

Exits with 1 below what is promised: 500 acknowledged events a second, their 99th percentile within 500 ms, everything
kept, and a query no slower than 1.5 times. Loopback only; what was started is stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import Queue

import uvloop

from bench.run import pin
from gateway.viewer.keys import new_key

EVENTS_A_SECOND = 500
QUERIES_A_SECOND = 20
P99_MS = 500.0
SLOWER = 1.5
QUIET = 0.1
"""What others may take of the gateway's core in a round that counts."""
FEWEST = 3
"""Rounds that were quiet, for the others not to count."""
MOST_TRIES = 3
STARTING_SECONDS = 30
KEY = base64.b64encode(bytes(range(32))).decode()
CONFIG = """
[gateway]
modules = ["JOURNEY", "WHATSAPP"]
secret = { env = "SEAL" }

[rate_limits]
per_second = 1_000_000
burst = 1_000_000

[[auth.keys]]
id = "bench"
name = "Benchmark"
hashes = ["%(digest)s"]
roles = ["all"]

[roles.all]
permissions = ["journey:event:view", "customer:pii:view"]
divisions = "*"

[[sources]]
name = "whatsapp"
connector = "360dialog"
base_url = "http://127.0.0.1:9"
credentials = { api_key = { env = "ANY" } }
webhook = { receiver = "signed", secrets = [{ env = "KEY" }] }
"""
QUERY = (
    "query($p: String!) { singleCustomerView(by: {phone: $p}) { state customer { displayName journey(first: 20) "
    "{ nodes { channel startedAt status } complete } } } }"
)
PEOPLE = 500


@dataclass
class Burst:
    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)

    def __add__(self, other: Burst) -> Burst:
        return Burst(self.seconds + other.seconds, self.milliseconds + other.milliseconds)

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def __str__(self) -> str:
        p50, p99 = self.quantile(0.5), self.quantile(0.99)
        return f"{self.rate:7.0f} a second, p50 {p50:6.1f} ms, p99 {p99:6.1f} ms"


class Gateway:
    """One process, as `gateway serve` starts it, on a core of its own if there is one."""

    def __init__(self, folder: Path, cpu: int | None) -> None:
        self.file = folder / "journey.db"
        self._cpu = cpu
        self.key, digest = new_key("bench")
        config = folder / "gateway.toml"
        config.write_text(CONFIG % {"digest": digest})
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("gateway"), "serve", "--config", config, "--port", "0"],
            env={"PATH": os.environ["PATH"], "SEAL": bytes(range(7, 39)).hex(), "ANY": "x", "KEY": f"whsec_{KEY}"},
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu}),
        )
        assert self._process.stderr is not None
        said: Queue[int | None] = Queue()
        self._reading = threading.Thread(target=_port_of, args=(self._process.stderr, said))
        self._reading.start()
        port = said.get(timeout=STARTING_SECONDS)
        if port is None:
            raise SystemExit("bench: the gateway does not start")
        self.port = port

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def taken_by_others_seconds(self) -> float:
        """Of its core; 0 where it has none to itself."""
        if self._cpu is None:
            return 0.0
        line = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{self._cpu} "))
        user, nice, system, _idle, _waiting, *interrupts = map(int, line.split()[1:9])
        return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - self.cpu_seconds

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STARTING_SECONDS)
        self._reading.join()


def _port_of(lines: Iterator[str], said: Queue[int | None]) -> None:
    """To its end, so that the gateway never waits for a reader of its log."""
    for line in lines:
        if found := re.search(r"Listening at \S+:(\d+)", line):
            said.put(int(found[1]))
    said.put(None)


def webhook(n: int) -> bytes:
    """A message of one of many people."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_700_000_000 + n * 37 % 80_000_000))
    number = f"+3933{n * 7919 % PEOPLE:08}"
    told = {
        "type": "message",
        "id": f"m{n}",
        "record_id": number,
        "identifiers": [{"identifier": {"kind": "PHONE", "value": number}, "verified": True}],
        "channel": "WHATSAPP",
        "message": {"at": at, "party": "CUSTOMER", "text": f"Where is order {n}? It was to come yesterday."},
        "line": "+390212345678",
        "name": f"Person {n * 7919 % PEOPLE}",
    }
    body = json.dumps({"events": [{"id": f"e{n}", "changes": [told]}]}).encode()
    written, id_ = str(int(time.time())), f"d{n}"
    signed = hmac.digest(base64.b64decode(KEY), f"{id_}.{written}.".encode() + body, hashlib.sha256)
    signature = base64.b64encode(signed).decode()
    return (
        f"POST /ingest/whatsapp HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nwebhook-id: {id_}\r\n"
        f"webhook-timestamp: {written}\r\nwebhook-signature: v1,{signature}\r\n\r\n"
    ).encode() + body


def query(n: int, key: str) -> bytes:
    body = json.dumps({"query": QUERY, "variables": {"p": f"+3933{n * 31 % PEOPLE:08}"}}).encode()
    return (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def load(port: int, make: Callable[[int], bytes], connections: int, seconds: float, first: int) -> Burst:
    """Closed loop: as many at once as there are connections."""
    burst, numbers = Burst(), iter(range(first, 10**9))
    began = time.perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - began < seconds:
            request = make(next(numbers))
            asked = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in body:
                raise SystemExit(f"bench: refused: {head[:30]!r} {body[:300]!r}")
            burst.milliseconds.append((time.perf_counter() - asked) * 1000)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    burst.seconds = time.perf_counter() - began
    return burst


async def steady(port: int, make: Callable[[int], bytes], rate: float, seconds: float, first: int) -> Burst:
    """Open loop: so many a second, whatever happens, timed from when each was due."""
    burst = Burst(seconds)
    requests = [make(first + n) for n in range(int(rate * seconds))]  # beforehand: it is not the gateway's time
    idle: deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = deque()
    tasks: set[asyncio.Task[None]] = set()

    async def one(request: bytes, due: float) -> None:
        # The longest idle one first, so that none idles for so long that the gateway closes it.
        reader, writer = idle.popleft() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200") or b'"errors"' in body:
            raise SystemExit(f"bench: refused: {head[:30]!r} {body[:300]!r}")
        burst.milliseconds.append((time.perf_counter() - due) * 1000)
        idle.append((reader, writer))

    began = time.perf_counter()
    for n, request in enumerate(requests):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.add(asyncio.create_task(one(request, due)))
    await asyncio.gather(*tasks)
    for _, writer in idle:
        writer.close()
    return burst


async def drained(file: Path) -> float:
    """Seconds until everything acknowledged is part of the journal."""
    began = time.perf_counter()
    with closing(sqlite3.connect(file)) as connection:
        waiting = "SELECT count(*) FROM inbox WHERE state = 0"
        while connection.execute(waiting).fetchone()[0]:  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.1)
    return time.perf_counter() - began


def kept(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        found: int = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        return found


@dataclass
class Round:
    """Queries alone and beside webhooks, and those webhooks. `disturbed`: what share of the gateway's core other
    processes took meanwhile."""

    alone: Burst
    beside: Burst
    webhooks: Burst
    disturbed: float

    @property
    def times(self) -> float:
        return self.beside.quantile(0.5) / self.alone.quantile(0.5)


async def compare(gateway: Gateway, rounds: int, seconds: float) -> list[Round]:
    """By turns, beginning with the other one each time. Rounds are repeated that were disturbed: what others take is
    not known to have met both halves alike."""
    asked, told = count(step=int(QUERIES_A_SECOND * seconds)), count(2_000_000, int(EVENTS_A_SECOND * seconds))

    async def alone() -> Burst:
        """About others each time: no answer is in a cache."""
        first = next(asked)
        return await steady(gateway.port, lambda n: query(n, gateway.key), QUERIES_A_SECOND, seconds, first)

    async def beside() -> tuple[Burst, Burst]:
        sending = steady(gateway.port, webhook, EVENTS_A_SECOND, seconds, next(told))
        both = await asyncio.gather(alone(), sending)
        await drained(gateway.file)
        return both

    found: list[Round] = []
    while len(found) < MOST_TRIES * rounds and sum(one.disturbed <= QUIET for one in found) < rounds:
        began, taken = time.perf_counter(), gateway.taken_by_others_seconds()
        if len(found) % 2:
            (with_, webhooks), without = await beside(), await alone()
        else:
            without, (with_, webhooks) = await alone(), await beside()
        taken = gateway.taken_by_others_seconds() - taken
        found.append(Round(without, with_, webhooks, taken / (time.perf_counter() - began)))
    return found


async def measure(folder: Path, seconds: float, connections: int, rounds: int) -> bool:
    cpu = pin()
    gateway = Gateway(folder, cpu)
    try:
        warm = await load(gateway.port, webhook, connections, 4.0, 0)
        await drained(gateway.file)
        used = gateway.cpu_seconds
        burst = await load(gateway.port, webhook, connections, seconds, 1_000_000)
        late = await drained(gateway.file)
        used = (gateway.cpu_seconds - used) / len(burst.milliseconds) * 1000
        where = "one core for the gateway, another for the load" if cpu is not None else "a core for everything"
        print(f"{where}; load when it began: {os.getloadavg()[0]:.1f}")
        print(f"{connections} senders: {burst}; {used:.2f} ms of CPU an event; read {late:.1f} s after the last one")
        await load(gateway.port, lambda n: query(n, gateway.key), 4, 2.0, 0)
        tried = await compare(gateway, rounds, seconds)
        quiet = [one for one in tried if one.disturbed <= QUIET]
        counted = quiet if len(quiet) >= FEWEST else tried
        alone, beside, webhooks = (
            sum((getattr(one, part) for one in counted), Burst()) for part in ("alone", "beside", "webhooks")
        )
        for one in tried:
            print(f"a round with others on {one.disturbed:4.0%} of the gateway's core: {one.times:.2f} times")
        print(f"{len(counted)} rounds count" + ("" if counted is quiet else ": TOO FEW WERE QUIET, so all of them do"))
        print(f"{EVENTS_A_SECOND} a second offered: {webhooks}")
        print(f"queries alone:        {alone}")
        print(f"queries beside those: {beside}")
        times = beside.quantile(0.5) / alone.quantile(0.5)
        print(f"a query takes {times:.2f} times as long (median)")
        sent = sum(len(one.milliseconds) for one in (warm, burst, *(one.webhooks for one in tried)))
        print(f"{sent} events acknowledged, {kept(gateway.file)} kept")
        return (
            burst.rate >= EVENTS_A_SECOND
            and burst.quantile(0.99) <= P99_MS
            and webhooks.quantile(0.99) <= P99_MS
            and kept(gateway.file) == sent
            and times <= SLOWER
        )
    finally:
        gateway.stop()


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure how webhooks are taken in.")
    arguments.add_argument("--seconds", type=float, default=10.0, help="of the burst, and of each half of a round")
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--rounds", type=int, default=6)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="journey-bench-") as folder:
        kept_promise = uvloop.run(measure(Path(folder), given.seconds, given.connections, given.rounds))
    sys.exit(0 if kept_promise else 1)


if __name__ == "__main__":
    main()
