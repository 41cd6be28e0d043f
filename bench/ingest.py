"""How many webhooks a second are taken in, acknowledged and made part of the journal, and what queries feel of it.

    python -m bench.ingest [--seconds 10] [--connections 64]

One gateway process over a SQLite file that is synced for every commit, as production runs it. Exits with 1 below what
is promised: 500 acknowledged events a second, their 99th percentile within 500 ms, and a query no slower than 1.5
times. Loopback only; what was started is stopped.
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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.viewer.keys import new_key

EVENTS_A_SECOND = 500
P99_MS = 500.0
SLOWER = 1.5
STARTING_SECONDS = 30
KEY = base64.b64encode(bytes(range(32))).decode()
CONFIG = """
[gateway]
modules = ["JOURNEY", "WHATSAPP"]
secret = { env = "SEAL" }

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
    """One process, as `gateway serve` starts it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "journey.db"
        self.key, digest = new_key("bench")
        config, said = folder / "gateway.toml", folder / "said"
        config.write_text(CONFIG % {"digest": digest})
        with said.open("w") as stderr:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("gateway"), "serve", "--config", config, "--port", "0"],
                env={"PATH": os.environ["PATH"], "SEAL": bytes(range(7, 39)).hex(), "ANY": "x", "KEY": f"whsec_{KEY}"},
                stderr=stderr,
            )
        until = time.monotonic() + STARTING_SECONDS
        while (found := re.search(r"Listening at \S+:(\d+)", said.read_text())) is None:
            if time.monotonic() > until or self._process.poll() is not None:
                raise SystemExit(f"bench: the gateway does not start: {said.read_text()}")
            time.sleep(0.05)
        self.port = int(found[1])

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(STARTING_SECONDS)


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
    """Open loop on 32 connections: so many a second, whatever happens, timed from when each was due."""
    burst = Burst(seconds)
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    tasks: set[asyncio.Task[None]] = set()

    async def one(n: int, due: float) -> None:
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(make(n))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"bench: refused: {head[:30]!r}")
        burst.milliseconds.append((time.perf_counter() - due) * 1000)
        idle.append((reader, writer))

    began = time.perf_counter()
    for n in range(int(rate * seconds)):
        due = began + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.add(asyncio.create_task(one(first + n, due)))
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


async def measure(folder: Path, seconds: float, connections: int) -> bool:
    gateway = Gateway(folder)
    try:
        warm = await load(gateway.port, webhook, connections, 4.0, 0)
        sent = len(warm.milliseconds)
        await drained(gateway.file)
        cpu = gateway.cpu_seconds
        burst = await load(gateway.port, webhook, connections, seconds, 1_000_000)
        late = await drained(gateway.file)
        cpu = (gateway.cpu_seconds - cpu) / len(burst.milliseconds) * 1000
        sent += len(burst.milliseconds)
        print(f"{connections} senders: {burst}; {cpu:.2f} ms of CPU an event; read {late:.1f} s after the last one")
        ask = lambda n: query(n, gateway.key)  # noqa: E731
        await load(gateway.port, ask, 4, 2.0, 0)
        alone = await steady(gateway.port, ask, 20, seconds, 0)
        both, beside = await asyncio.gather(
            steady(gateway.port, webhook, EVENTS_A_SECOND, seconds, 2_000_000),
            steady(gateway.port, ask, 20, seconds, 5_000),
        )
        sent += len(both.milliseconds)
        print(f"{EVENTS_A_SECOND} a second offered: {both}")
        print(f"queries alone:        {alone}")
        print(f"queries beside those: {beside}")
        await drained(gateway.file)
        slower = statistics.median(beside.milliseconds) / statistics.median(alone.milliseconds)
        print(
            f"a query takes {slower:.2f} times as long (median); {sent} events acknowledged, {kept(gateway.file)} kept"
        )
        return (
            burst.rate >= EVENTS_A_SECOND
            and burst.quantile(0.99) <= P99_MS
            and both.quantile(0.99) <= P99_MS
            and kept(gateway.file) == sent
            and slower <= SLOWER
        )
    finally:
        gateway.stop()


def main() -> None:
    arguments = argparse.ArgumentParser(description="Measure how webhooks are taken in.")
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--connections", type=int, default=64)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="journey-bench-") as folder:
        kept_promise = asyncio.run(measure(Path(folder), given.seconds, given.connections))
    sys.exit(0 if kept_promise else 1)


if __name__ == "__main__":
    main()
