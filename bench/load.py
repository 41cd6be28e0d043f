"""Load: as many as can be at once (closed), or at a given rate whatever happens (open). One burst, one `Burst`.

The load lives on another core than the server where there are two; what the server costs is read off its own CPU
clock, so that a busy machine slows everybody down but charges nobody.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from bench import wire
from bench.subjects import BenchError, Running

MAX_CONNECTIONS = 512
GRACE_SECONDS = 15.0
"""How long a burst waits for its last answers."""

Ask = Callable[[], bytes]
"""The next request."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Of one subject in one round; `cpu_ms` is a request's."""

    requests: int
    seconds: float
    cpu_ms: float
    p50_ms: float
    p99_ms: float
    failures: int

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    def as_json(self) -> dict[str, float]:
        return {**asdict(self), "rate": self.rate}


class Load:
    """Keep-alive connections to one server, kept between bursts."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._connections: list[wire.Connection] = []
        self.last_body = b""

    async def _ready(self, count: int) -> list[wire.Connection]:
        self._connections = [c for c in self._connections if not c.transport.is_closing()]
        while len(self._connections) < count:
            self._connections.append(await wire.connect(self.running.port))
        return self._connections[:count]

    async def ask(self, request: bytes) -> bytes:
        """One question outside any measurement; its answer's body."""
        connection = (await self._ready(1))[0]
        async with asyncio.timeout(GRACE_SECONDS):
            status, body = await wire.exchange(connection, request)
        if status != 200:
            raise BenchError(f"{self.running.subject.title} answered {status}: {body[:300]!r}")
        return body

    async def closed(self, ask: Ask, concurrency: int, seconds: float, *, most: int = 1_000_000) -> Burst:
        """`concurrency` at once for so long, or until `most` were asked."""
        connections = await self._ready(concurrency)
        clock = time.perf_counter
        times: list[float] = []
        failures = 0
        pending = asked = concurrency = min(concurrency, most)
        finished = asyncio.Event()
        cpu, began = self.running.cpu_seconds(), clock()
        until = began + seconds
        sent: dict[wire.Connection, float] = {}

        def answered(connection: wire.Connection, status: int, body: bytes) -> None:
            nonlocal failures, pending, asked
            now = clock()
            times.append(now - sent[connection])
            if not _is_whole(status, body):
                failures += 1
                self.last_body = body
            if now < until and asked < most and status:
                asked += 1
                sent[connection] = clock()
                connection.ask(ask(), answered)
            else:
                pending -= 1
                if not pending:
                    finished.set()

        for connection in connections[:concurrency]:
            sent[connection] = clock()
            connection.ask(ask(), answered)
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await finished.wait()
        return self._burst(times, clock() - began, self.running.cpu_seconds() - cpu, failures)

    async def open(self, ask: Ask, rate: float, seconds: float) -> Burst:
        """`rate` a second, each timed from when it was due: what waits in a queue is not forgiven."""
        loop = asyncio.get_running_loop()
        idle = list(await self._ready(8))
        clock = time.perf_counter
        times: list[float] = []
        failures = 0
        total = max(1, int(rate * seconds))
        due_at: dict[wire.Connection, float] = {}
        waiting: list[float] = []
        finished = asyncio.Event()
        cpu, began = self.running.cpu_seconds(), clock()

        def answered(connection: wire.Connection, status: int, body: bytes) -> None:
            nonlocal failures
            times.append(clock() - due_at[connection])
            if not _is_whole(status, body):
                failures += 1
                self.last_body = body
            if waiting:
                give(connection, waiting.pop(0))
            else:
                idle.append(connection)
            if len(times) == total:
                finished.set()

        def give(connection: wire.Connection, due: float) -> None:
            due_at[connection] = due
            connection.ask(ask(), answered)

        async def arrive() -> None:
            for number in range(total):
                due = began + number / rate
                if (wait := due - clock()) > 0:
                    await asyncio.sleep(wait)
                if idle:
                    give(idle.pop(), due)
                elif len(self._connections) < MAX_CONNECTIONS:
                    connection = await wire.connect(self.running.port)
                    self._connections.append(connection)
                    give(connection, due)
                else:
                    waiting.append(due)

        arriving = loop.create_task(arrive())
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await arriving
            await finished.wait()
        return self._burst(times, clock() - began, self.running.cpu_seconds() - cpu, failures)

    def _burst(self, times: Sequence[float], seconds: float, cpu_seconds: float, failures: int) -> Burst:
        return Burst(
            len(times),
            seconds,
            cpu_seconds * 1000 / len(times),
            quantile(times, 0.50) * 1000,
            quantile(times, 0.99) * 1000,
            failures,
        )

    async def aclose(self) -> None:
        for connection in self._connections:
            connection.transport.close()
        self._connections.clear()


def _is_whole(status: int, body: bytes) -> bool:
    return status == 200 and b'"errors"' not in body and b'"complete":false' not in body


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(bursts: Sequence[Burst], name: str) -> float:
    return float(statistics.median(getattr(burst, name) for burst in bursts))
