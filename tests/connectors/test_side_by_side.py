"""Several lists read as one: nothing is lost, nothing comes twice, and no list is read further than it must be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector, Window, in_order
from connectors.deadline import Deadline
from connectors.http import Auth
from connectors.interaction import (
    Channel,
    Direction,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SourceKind,
)
from connectors.side_by_side import Batch, side_by_side
from connectors.testing.walks import read_all
from tests.connectors.support import NOW, soon

PAGE = 4


def row(list_: str, number: int, at: datetime) -> Interaction:
    return Interaction(
        source="lists",
        external_id=f"{list_}-{number:03}",
        record_id=list_,
        channel=Channel.CHAT,
        direction=Direction.INBOUND,
        started_at=at,
        last_activity_at=at,
        status=InteractionStatus.COMPLETED,
    )


class Lists(VendorConnector):
    """A vendor with one list a customer, `PAGE` rows a page; `pages` is what was asked for."""

    vendor = "lists"
    kind = SourceKind.CHAT
    channels = frozenset({Channel.CHAT})
    capabilities = Capabilities(seek=True, ascending=True, finds_by=frozenset({IdentifierKind.EXTERNAL_ID}))

    def __init__(self, lists: dict[str, list[Interaction]]) -> None:
        config = SourceConfig("lists", "https://lists.example.org")
        super().__init__(config, httpx.MockTransport(lambda request: httpx.Response(500)), lambda: NOW)
        self.lists = lists
        self.pages: list[tuple[str, int]] = []

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None: ...

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        return []

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        return None

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        async def read(list_: str, offset: int | None) -> Batch:
            first = offset or 0
            self.pages.append((list_, first))
            rows = [one for one in self.lists[list_] if query.window.holds(one.started_at)]
            rows.sort(key=lambda one: one.started_at, reverse=not query.ascending)
            page = rows[first : first + PAGE]
            following = first + PAGE if len(rows) > first + PAGE else None
            return Batch(page, following, page[-1].started_at if page else None)

        return await side_by_side(query, [record.id for record in records], read, at_once=3)

    def records(self) -> list[Record]:
        return [Record(source="lists", id=list_, identifiers=()) for list_ in self.lists]


def drawn(seed: int) -> Lists:
    """Some lists are dense, some sparse, some empty; many rows share an instant."""
    random = Random(seed)
    lists = {}
    for name in "abcdef"[: random.randint(1, 6)]:
        hours = random.choice((1, 24, 24 * 30))
        count = random.choice((0, 1, PAGE, PAGE + 1, 30))
        times = sorted(NOW - timedelta(hours=random.randint(0, 20) * hours) for _ in range(count))
        lists[name] = [row(name, number, at) for number, at in enumerate(times)]
    return Lists(lists)


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("seed", range(40))
async def test_lists_of_any_density_make_the_whole(seed: int, ascending: bool) -> None:
    connector = drawn(seed)
    expected = in_order((one for rows in connector.lists.values() for one in rows), ascending)
    assert await read_all(connector, connector.records(), limit=3, ascending=ascending) == expected
    assert len(set(connector.pages)) == len(connector.pages), "a page was read twice"


async def test_only_the_lists_that_lag_are_read_on() -> None:
    dense = [row("a", number, NOW - timedelta(minutes=number)) for number in range(20)]
    sparse = [row("b", number, NOW - timedelta(days=number)) for number in range(20)]
    connector = Lists({"a": dense, "b": sparse})
    page = await connector.interactions(connector.records(), Window(), None, 3, soon())
    assert connector.pages == [("a", 0), ("b", 0)]
    assert page.reached == dense[PAGE - 1].started_at
    await connector.interactions(connector.records(), Window(), None, 3, soon(), after=page.next)
    assert connector.pages[2:] == [("a", PAGE)]


async def test_no_more_than_so_many_at_once_and_nothing_is_said_of_those_that_wait() -> None:
    connector = Lists({name: [row(name, 0, NOW)] for name in "abcde"})
    query = Query(Window(None, NOW + timedelta(days=1)), 3)
    first = await connector.fetch_page(connector.records(), query, soon())
    assert (len(connector.pages), first.reached) == (3, query.window.end)
    last = await connector.fetch_page(connector.records(), Query(query.window, 3, cursor=first.cursor), soon())
    assert (len(connector.pages), last.cursor, last.reached) == (5, None, None)


async def test_a_list_whose_page_tells_no_time_holds_the_others_back() -> None:
    answers: dict[str, list[Any]] = {
        "a": [Batch([row("a", 0, NOW)], "more", NOW, dropped=1)],
        "b": [Batch([], "more", None, dropped=4), Batch([row("b", 0, NOW)], None, NOW, capped=True)],
    }

    async def read(list_: str, place: str | None) -> Batch:
        answer: Batch = answers[list_].pop(0)
        return answer

    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    query = Query(Window(start, end), 3)
    first = await side_by_side(query, "ab", read)
    assert (first.reached, first.dropped, first.capped) == (end, 5, False)
    second = await side_by_side(Query(query.window, 3, cursor=first.cursor), (), read)
    assert (second.reached, second.capped) == (NOW, True)
    assert answers == {"a": [], "b": []}
    assert (await side_by_side(Query(query.window, 3, ascending=True), (), read)).items == ()
