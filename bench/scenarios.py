"""What is asked of the subjects, round by round; every figure is a burst of bench/load.py."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bench import data, subjects, wire
from bench.load import Ask, Burst, Load
from bench.subjects import BenchError, Keys, Running, Subject, Upstream
from connectors.base import Position, Window
from gateway.journey.cursor import Cursors, digest_of
from gateway.sealing import Sealer

LATENCIES_MS = (20, 35, 50, 65, 80)
"""Of the five sources, where they have any."""
AT_ONCE = (1, 16, 64)
WARM_CUSTOMERS = 20
PAGE_ROWS = 50
DEEP_PAGE = 100
PAGE_BEHIND = "query Page($id: ID!, $first: Int!, $after: String) {" + subjects.QUESTION.partition("{")[2].replace(
    "journey(first: $first)", "journey(first: $first, after: $after)"
)
WITH_IDS = subjects.QUESTION.replace("__typename", "__typename id").replace("{ name } tags", "{ id name } tags")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how often; every part ends after its seconds, whatever was done by then."""

    name: str
    rounds: int
    burst_seconds: float
    warm_seconds: float
    warm_requests: int
    concurrency: int
    latency_rounds: int
    depth_rounds: int
    memory_customers: int
    memory_seconds: float
    cold_starts: int
    steady_seconds: float


QUICK = Plan("quick", 3, 0.6, 2.4, 2_000, 8, 1, 2, 5_000, 8.0, 2, 1.5)
FULL = Plan("full", 9, 2.0, 12.0, 15_000, 8, 5, 5, 100_000, 240.0, 7, 5.0)

Rounds = dict[str, list[Burst]]
"""Bursts of each subject, one a round."""


@dataclass(slots=True)
class Bench:
    """Everything that runs, and how it is asked."""

    plan: Plan
    upstream: Upstream
    keys: Keys
    running: dict[str, Running] = field(default_factory=dict)
    loads: dict[str, Load] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    _numbers: dict[int, Iterator[int]] = field(default_factory=dict)

    def start(self, subject: Subject, cpu: int | None) -> Running:
        running = subjects.start(subject, cpu)
        self.running[subject.name] = running
        self.loads[subject.name] = Load(running)
        return running

    def fresh(self, depth: int) -> str:
        """A customer whom nobody was asked about yet."""
        numbers = self._numbers.setdefault(depth, itertools.count(1_000))
        return data.customer(depth, next(numbers))

    def cold(self, name: str, depth: int, first: int, **more: Any) -> Ask:
        running = self.running[name]
        return lambda: running.question(self.fresh(depth), first, **more)

    def look_as(self, name: str, other: Subject) -> None:
        """The same process, asked by another viewer."""
        running = self.running[name]
        self.running[other.name] = Running(other, running.process, running.port, running.ready_seconds)
        self.loads[other.name] = Load(self.running[other.name])

    async def rounds(
        self,
        names: Sequence[str],
        ask: Callable[[str], Ask],
        *,
        seconds: float | None = None,
        count: int | None = None,
        concurrency: int | None = None,
    ) -> Rounds:
        """Closed bursts, every subject once a round, another one first in each."""
        found: Rounds = {name: [] for name in names}
        for number in range(count or self.plan.rounds):
            turn = number % len(names)
            for name in (*names[turn:], *names[:turn]):
                found[name].append(
                    await self.loads[name].closed(
                        ask(name), concurrency or self.plan.concurrency, seconds or self.plan.burst_seconds
                    )
                )
        return found

    async def manage(self, request: bytes) -> Any:
        connection = await wire.connect(self.upstream.running.port)
        status, body = await wire.exchange(connection, request)
        connection.transport.close()
        if status != 200:
            raise BenchError(f"the upstream answered {status}")
        return json.loads(body)

    async def reset(self) -> None:
        await self.manage(wire.post("/_reset", self.upstream.running.port, b""))

    async def stats(self) -> dict[str, list[int]]:
        stats: dict[str, list[int]] = await self.manage(wire.get("/_stats", self.upstream.running.port))
        return stats

    @asynccontextmanager
    async def latencies(self, milliseconds: Sequence[int]) -> AsyncIterator[None]:
        port = self.upstream.running.port
        await self.manage(wire.post(f"/_latency?ms={','.join(map(str, milliseconds))}", port, b""))
        try:
            yield
        finally:
            await self.manage(wire.post(f"/_latency?ms={','.join('0' for _ in milliseconds)}", port, b""))


# ---------------------------------------------------------------- that they do the same


async def check_answers(bench: Bench, names: Sequence[str], reference: str) -> dict[str, bool]:
    """Whether each subject's answers are the reference's, in the order of the document."""
    asked = [(data.customer(50, n), 50) for n in (1, 2, 31)] + [(data.customer(200, n), 200) for n in (1, 30)]
    texts: dict[str, list[str]] = {}
    for name in names:
        bodies = [await bench.loads[name].ask(bench.running[name].question(c, first)) for c, first in asked]
        texts[name] = [json.dumps(json.loads(body)) for body in bodies]
        for text, (_, rows) in zip(texts[name], asked, strict=True):
            if text.count('"externalId"') != rows:
                raise BenchError(f"{name} shows {text.count('externalId')} rows of {rows}: {text[:300]}")
    return {name: texts[name] == texts[reference] for name in names}


async def check_calls(bench: Bench, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What each subject asks of the sources for twenty customers of 50 rows and ten of 200."""
    found = {}
    for name in names:
        await bench.reset()
        for depth, count in ((50, 20), (200, 10)):
            for number in range(count):
                await bench.loads[name].ask(bench.running[name].question(data.customer(depth, 500 + number), depth))
        found[name] = await bench.stats()
    return found


async def check_narrow(bench: Bench, full: str, narrow: str) -> None:
    """The second viewer sees the rows of one division, and no others."""
    customer = data.customer(50, 3)
    bodies = [await bench.loads[name].ask(bench.running[name].question(customer)) for name in (full, narrow)]
    whole, part = (json.loads(body)["data"]["customer"]["journey"]["nodes"] for body in bodies)
    start = int(customer)
    expected = [row for row in whole if (start + int(row["externalId"].rpartition("-")[2])) % data.VARIANTS % 3 != 2]
    if part != expected or not 0 < len(part) < len(whole):
        raise BenchError("the narrowed viewer is not shown exactly the rows of their division")


# ---------------------------------------------------------------- scenarios


async def warm_up(bench: Bench, names: Sequence[str]) -> None:
    """Just-in-time compilers need some thousand requests before they show what they can."""
    for name in names:
        load, plan = bench.loads[name], bench.plan
        await load.closed(bench.cold(name, 50, 50), plan.concurrency, plan.warm_seconds, most=plan.warm_requests)
        await load.closed(
            bench.cold(name, 200, 200), plan.concurrency, plan.warm_seconds / 3, most=plan.warm_requests // 4
        )


async def cold(bench: Bench, names: Sequence[str], rows: int) -> Rounds:
    """A different customer each time."""
    return await bench.rounds(names, lambda name: bench.cold(name, rows, rows))


async def with_ids(bench: Bench, name: str) -> Rounds:
    """The same 50 rows with `id` of rows, agents and queues, which are sealed."""
    return await bench.rounds([name], lambda n: bench.cold(n, 50, 50, document=WITH_IDS))


async def warm(bench: Bench, names: Sequence[str]) -> Rounds:
    """The same few customers again and again."""
    customers = [data.customer(50, number) for number in range(WARM_CUSTOMERS)]
    for name in names:
        for customer in customers:
            await bench.loads[name].ask(bench.running[name].question(customer))

    def ask(name: str) -> Ask:
        requests = itertools.cycle([bench.running[name].question(customer) for customer in customers])
        return lambda: next(requests)

    return await bench.rounds(names, ask)


async def slow_sources(bench: Bench, names: Sequence[str]) -> dict[int, Rounds]:
    """Sources of 20 to 80 ms, at 1, 16 and 64 at once; `slowest` is the slowest source asked directly."""
    upstream = bench.upstream.running
    slowest = Load(upstream)
    found = {}
    async with bench.latencies(LATENCIES_MS):
        for at_once in AT_ONCE:
            rounds: Rounds = {name: [] for name in ("slowest", *names)}
            for _ in range(bench.plan.latency_rounds):
                direct = lambda: wire.get(f"/s5/rows?customer={bench.fresh(50)}&limit=51", upstream.port)  # noqa: E731
                seconds = bench.plan.burst_seconds
                rounds["slowest"].append(await slowest.closed(direct, at_once, seconds))
                for name in names:
                    ask = bench.cold(name, 50, 50)
                    rounds[name].append(await bench.loads[name].closed(ask, at_once, seconds))
            found[at_once] = rounds
    await slowest.aclose()
    return found


async def steady(bench: Bench, names: Sequence[str], rate: float) -> Rounds:
    """So many a second, evenly, whatever happens; timed from when each was due."""
    return {
        name: [await bench.loads[name].open(bench.cold(name, 50, 50), rate, bench.plan.steady_seconds)]
        for name in names
    }


def deep_page(depth: int) -> int:
    """Page 100, or the one in the middle: every source must have a full page left, as it has in deeper journeys."""
    return max(2, min(DEEP_PAGE, depth // PAGE_ROWS // 2))


async def depths(bench: Bench, name: str) -> dict[str, dict[int, list[Burst]]]:
    """First page and a deep one at each depth, a different customer each time; depths take turns."""
    running, load = bench.running[name], bench.loads[name]
    deep = Deep(bench)
    found: dict[str, dict[int, list[Burst]]] = {"first": {}, "deep": {}}
    every = data.DEPTHS[2:]
    for _ in range(bench.plan.depth_rounds):
        for depth in every:
            pages: Mapping[str, Ask] = {
                "first": bench.cold(name, depth, PAGE_ROWS),
                "deep": lambda depth=depth: deep.question(running, bench.fresh(depth), deep_page(depth)),  # type: ignore[misc]
            }
            for page, ask in pages.items():
                burst = await load.closed(ask, 4, bench.plan.burst_seconds / 2)
                found[page].setdefault(depth, []).append(burst)
    return found


class Deep:
    """Cursors of pages that nobody had to walk to: the harness knows the secret, and where every row is."""

    def __init__(self, bench: Bench) -> None:
        now = datetime.now(UTC)
        sealer = Sealer(bytes.fromhex(bench.keys.secret), "cursor")
        self._epoch = bench.upstream.epoch
        self._cursors = Cursors(sealer, digest_of({}), Window(now - timedelta(days=365), None))

    def question(self, running: Running, customer: str, page: int) -> bytes:
        """Page 1 is the first."""
        place = (page - 1) * PAGE_ROWS - 1
        source, number = place % len(data.SOURCES) + 1, place // len(data.SOURCES)
        at = datetime.fromtimestamp(data.started_seconds(self._epoch, source, number), UTC)
        cursor = self._cursors.seal(Position(at, data.SOURCES[source - 1], f"{customer}-{number}"))
        return running.question(customer, PAGE_ROWS, document=PAGE_BEHIND, after=cursor)


async def check_deep(bench: Bench, name: str) -> None:
    """That a forged cursor leads to the very page that walking leads to."""
    customer, deep = data.customer(1_000, 1), Deep(bench)
    running, load = bench.running[name], bench.loads[name]
    page = json.loads(await load.ask(deep.question(running, customer, 3)))
    rows = [row["externalId"] for row in page["data"]["customer"]["journey"]["nodes"]]
    expected = [f"{customer}-{place // len(data.SOURCES)}" for place in range(2 * PAGE_ROWS, 3 * PAGE_ROWS)]
    if rows != expected:
        raise BenchError(f"page 3 of {name} is not where it belongs: {rows[:3]} …")


async def memory(bench: Bench, name: str) -> dict[str, float]:
    """Resident megabytes after a tenth and after all of the customers, and how many there were in the time given."""
    plan, load, running = bench.plan, bench.loads[name], bench.running[name]
    ask = bench.cold(name, 50, 50)
    first = await load.closed(ask, plan.concurrency, plan.memory_seconds / 10, most=plan.memory_customers // 10)
    after_first = running.memory_megabytes()
    left = plan.memory_customers - first.requests
    rest = await load.closed(ask, plan.concurrency, plan.memory_seconds, most=left)
    return {
        "customers": first.requests + rest.requests,
        "first_customers": first.requests,
        "megabytes_after_first": after_first,
        "megabytes": running.memory_megabytes(),
    }


def cold_starts(bench: Bench, subject: Subject, cpu: int | None) -> list[tuple[float, float]]:
    """Seconds from the process being made to its saying that it is ready, and seconds of CPU until then."""
    found = []
    for _ in range(bench.plan.cold_starts + 1):
        running = subjects.start(subject, cpu)
        found.append((running.ready_seconds, running.cpu_seconds()))
        running.stop()
    return found[1:]  # the first compiled its modules


async def upstream_cost(bench: Bench) -> Burst:
    """The upstream alone, asked as fast as the load can."""
    running = bench.upstream.running
    load = Load(running)
    ask: Ask = lambda: wire.get(f"/s1/rows?customer={bench.fresh(50)}&limit=51", running.port)  # noqa: E731
    burst = await load.closed(ask, 32, bench.plan.burst_seconds)
    await load.aclose()
    return burst
