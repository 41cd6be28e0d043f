"""A page of a long history costs its sources what a page of a short one does: measured over the imitated vendors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.base import Position, Window
from connectors.interaction import Identifier, IdentifierKind
from gateway.core import Clocks, Gateway
from gateway.demo import world
from gateway.journey.filter import Filter
from gateway.journey.merge import edge_position
from gateway.journey.read import JourneyPage, read_page
from gateway.serving import assemble
from gateway.sources.report import SourceState
from sandbox.app import SandboxSettings, create_app
from sandbox.population import Person, Population, build
from tests.gateway.support import begin

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SHALLOW, DEEP = 1_000, 100_000
LONG_SECONDS = 60
Sources = frozenset[str]


@dataclass(frozen=True)
class Cost:
    """What was asked of the vendors, and what they sent. `by_source`: (calls, bytes)."""

    by_source: Mapping[str, tuple[int, int]]

    @property
    def calls(self) -> int:
        return sum(calls for calls, _ in self.by_source.values())

    @property
    def sent(self) -> int:
        return sum(sent for _, sent in self.by_source.values())

    def __str__(self) -> str:
        return f"{self.calls} calls, {self.sent:,} bytes"

    def is_near(self, other: Cost) -> bool:
        """Within a fifth."""
        return all(
            abs(one - another) <= 0.2 * max(one, another)
            for one, another in ((self.calls, other.calls), (self.sent, other.sent))
        )


@dataclass
class Bench:
    """A gateway over vendors that know the deep customer's contacts, and the vendors' own counters."""

    gateway: Gateway
    population: Population
    control: httpx.AsyncClient

    @property
    def deep(self) -> Person:
        return self.population.named("deep")

    def sheets(self, **wanted: object) -> Sources:
        """Sources whose sheet says so."""
        return frozenset(
            name
            for name, source in self.gateway.sources.items()
            if all(getattr(source.connector.capabilities, field) == value for field, value in wanted.items())
        )

    def place(self, row: int, sources: Sources, *, ascending: bool = False) -> Position:
        """Where a reader stands who has been given that many rows of these sources."""
        logs = [self.population.contacts(self.deep, world.SOURCES[name]) for name in sources]
        times = sorted((log[n].started_at for log in logs for n in range(min(len(log), row + 1))), reverse=True)
        return edge_position(times[row], ascending)

    async def read(
        self, count: int, sources: Sources, position: Position | None = None, *, ascending: bool = False
    ) -> tuple[JourneyPage, Cost]:
        operation = begin(self.gateway)
        (person,) = (await operation.look_up(Identifier(IdentifierKind.PHONE, self.deep.phones[0][0]))).people
        before = await self._counters(sources)
        page = await read_page(
            operation.reading(person),
            Window(),
            Filter(sources=sources),
            count,
            position=position,
            ascending=ascending,
        )
        after = await self._counters(sources)
        assert len(page.rows) == count
        assert {report.state for report in page.reports} == {SourceState.FRESH}
        return page, Cost({n: (after[n][0] - before[n][0], after[n][1] - before[n][1]) for n in sorted(sources)})

    async def _counters(self, sources: Sources) -> dict[str, tuple[int, int]]:
        told = (await self.control.get("/_control")).json()
        return {name: (told[world.SOURCES[name]]["calls"], told[world.SOURCES[name]]["bytes"]) for name in sources}


@asynccontextmanager
async def bench(depth: int) -> AsyncIterator[Bench]:
    """Names and tokens are known already, as they are in a gateway that runs."""
    population = build(1, NOW, depth=depth)
    vendors = httpx.ASGITransport(app=create_app(population, SandboxSettings(clock=lambda: NOW)))
    assembled = assemble(
        world.CONFIG,
        {**world.environment("http://127.0.0.1:8100"), "GATEWAY_CACHE__URL": ""},
        transport=lambda section: vendors,
        clocks=Clocks(utc_now=lambda: NOW),
        watch=False,
    )
    gateway = replace(assembled.gateway, deadline_seconds=LONG_SECONDS)
    async with httpx.AsyncClient(transport=vendors, base_url="http://vendors.example.org") as control:
        found = Bench(gateway, population, control)
        await found.read(200, found.sheets(seek=True))
        yield found
    await gateway.aclose()


async def test_the_first_page_costs_the_same_of_a_thousand_rows_and_of_a_hundred_thousand():
    async with bench(SHALLOW) as shallow, bench(DEEP) as deep:
        seeking = deep.sheets(seek=True)
        assert seeking >= {"genesys", "zendesk", "requests", "whatsapp"}
        (short, short_cost), (long, long_cost) = await shallow.read(50, seeking), await deep.read(50, seeking)
        print(f"first page of {SHALLOW:,}: {short_cost} {short_cost.by_source}")
        print(f"first page of {DEEP:,}: {long_cost} {long_cost.by_source}")
        assert [s.row.started_at for s in short.rows] == [s.row.started_at for s in long.rows]
        assert long_cost.is_near(short_cost)


async def test_page_one_hundred_costs_what_the_second_does():
    """Of fifty rows where the vendor keeps them that long; Genesys' eighteen months hold a hundred smaller pages.
    The first alone also asks what is going on now.
    """
    async with bench(DEEP) as deep:
        seeking = deep.sheets(seek=True)
        for sources, count in ((seeking & deep.sheets(history_days=None), 50), (seeking, 30)):
            _, first = await deep.read(count, sources)
            _, second = await deep.read(count, sources, deep.place(count, sources))
            _, hundredth = await deep.read(count, sources, deep.place(99 * count, sources))
            print(f"{count} rows of {', '.join(sorted(sources))}: {first}; {second}; page 100: {hundredth}")
            assert hundredth.is_near(second)
            assert hundredth.calls <= 1.2 * first.calls and hundredth.sent <= 1.2 * first.sent


async def test_backwards_costs_the_same_anywhere_for_sources_that_sort_that_way():
    async with bench(SHALLOW) as shallow, bench(DEEP) as deep:
        both_ways = deep.sheets(seek=True, ascending=True)
        assert both_ways >= {"genesys", "zendesk", "requests"}
        costs = []
        for label, at, row in (("of a thousand", shallow, 500), ("new", deep, 500), ("old", deep, 2_900)):
            place = at.place(row, both_ways, ascending=True)
            page, cost = await at.read(50, both_ways, place, ascending=True)
            print(f"fifty rows before row {row} ({label}): {cost} {cost.by_source}")
            assert page.rows[-1].row.started_at > place.started_at - timedelta(days=1)
            costs.append(cost)
        assert costs[1].is_near(costs[0]) and costs[2].is_near(costs[0])


@pytest.mark.parametrize("name", ["zendesk", "requests"])
async def test_the_oldest_page_costs_the_same_where_the_vendor_keeps_everything(name: str):
    async with bench(SHALLOW) as shallow, bench(DEEP) as deep:
        sources = frozenset({name})
        (_, short), (_, long) = [await at.read(50, sources, ascending=True) for at in (shallow, deep)]
        print(f"the oldest fifty of {name}: {short}; {long}")
        assert long.is_near(short)
