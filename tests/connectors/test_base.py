"""The guards of connectors/base.py, around a vendor that lives in memory."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import (
    MAX_CALLS_A_PAGE,
    Capabilities,
    Continuation,
    Fetched,
    Page,
    Position,
    Query,
    SourceConfig,
    VendorConnector,
    Wanted,
    Window,
    in_order,
)
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SourceKind,
)
from connectors.testing.walks import EVER, deadline, position_of, read_all, read_anew
from tests.connectors.support import NOW, router, soon

SEEDS = range(200)
ANNA = Record(source="desk", id="anna", identifiers=())
BRUNO = Record(source="desk", id="bruno", identifiers=())
MAIL = email("anna@example.org")
assert MAIL is not None


def row(
    external_id: str, started_at: datetime, record_id: str = "anna", lasts: timedelta = timedelta(0)
) -> Interaction:
    return Interaction(
        source="desk",
        external_id=external_id,
        record_id=record_id,
        channel=Channel.CHAT,
        direction=Direction.INBOUND,
        started_at=started_at,
        last_activity_at=started_at + lasts,
        status=InteractionStatus.COMPLETED,
    )


@dataclass
class Habits:
    """How the vendor answers. `granularity`: its window's, in seconds; None: it has no window at all.

    `by_activity`: it sorts by last activity, so `reached` is told. `tie_order`: seeds what it does within a tie.
    """

    rows: list[Interaction] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    page_size: int = 5
    granularity: int | None = 1
    by_activity: bool = False
    tie_order: int = 0
    cap: int | None = None
    dropped: int = 0
    queries: list[Query] = field(default_factory=list)
    asked: list[Sequence[Identifier]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class Desk(VendorConnector):
    vendor = "desk"
    kind = SourceKind.CHAT
    channels = frozenset({Channel.CHAT})
    habits: Habits

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None:
        """Nothing to ask."""

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        self.habits.asked.append(identifiers)
        return self.habits.records

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        self.habits.ids.append(external_id)
        return next(iter(self.habits.rows), None)

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        self.habits.texts.append(text)
        return self.habits.records

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        habits = self.habits
        habits.queries.append(query)
        rows = [r for r in habits.rows if self.matches(r, query.window)]
        random.Random(habits.tie_order).shuffle(rows)
        key = (lambda r: r.last_activity_at) if habits.by_activity else (lambda r: r.started_at)
        rows.sort(key=key, reverse=not query.ascending)
        begin = query.cursor or 0
        end = begin + habits.page_size
        if habits.cap is not None and end >= habits.cap:
            return Fetched(rows[begin : habits.cap], None, capped=len(rows) > habits.cap)
        page = rows[begin:end]
        reached = page[-1].last_activity_at if habits.by_activity and page else None
        return Fetched(page, end if end < len(rows) else None, reached, dropped=habits.dropped)

    def matches(self, row: Interaction, window: Window) -> bool:
        """Wider than asked, never narrower; by activity only the older side can be cut."""
        if self.habits.granularity is None:
            return True
        grain = timedelta(seconds=self.habits.granularity)
        if window.start is not None and row.last_activity_at < window.start - grain:
            return False
        return self.habits.by_activity or window.end is None or row.started_at < window.end + grain


def desk(habits: Habits, *, seek: bool = True, ascending: bool = True, **sheet: Any) -> Desk:
    connector = Desk(
        SourceConfig("desk", "https://desk.example.org", external_id_source="crm"),
        httpx.MockTransport(router().async_handler),
        utc_now=lambda: NOW,
    )
    sheet.setdefault("finds_by", frozenset({IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID}))
    connector.capabilities = Capabilities(seek=seek, ascending=ascending, **sheet)
    connector.habits = habits
    return connector


def random_rows(rng: random.Random) -> list[Interaction]:
    """Ties in plenty, at one second and at one microsecond, and rows of somebody else between them."""
    step = rng.choice([timedelta(0), timedelta(microseconds=1), timedelta(seconds=1), timedelta(hours=7)])
    count = rng.choice([0, 1, 2, 9, 40])
    rows = []
    for number in range(count):
        started_at = NOW - timedelta(days=rng.choice([0, 30, 400])) - step * rng.randrange(max(1, count // 2))
        lasts = timedelta(seconds=rng.choice([0, 0, 60, 10**6]))
        rows.append(row(f"{rng.randrange(10**6)}-{number}", started_at, rng.choice(["anna", "anna", "bruno"]), lasts))
    return rows


def random_window(rng: random.Random, rows: list[Interaction]) -> Window:
    edges = [r.started_at + timedelta(microseconds=rng.choice([-1, 0, 1])) for r in rows] or [NOW]
    return Window(rng.choice([None, rng.choice(edges)]), rng.choice([None, rng.choice(edges)]))


@pytest.mark.parametrize("seed", SEEDS)
async def test_pages_of_any_vendor_make_the_sorted_whole_both_ways(seed: int):
    print(f"seed {seed}")
    rng = random.Random(seed)
    rows = random_rows(rng)
    by_activity = rng.random() < 0.3
    seek = rng.random() < 0.7
    habits = Habits(
        rows,
        page_size=rng.choice([2, 3, 5, 100]),
        granularity=rng.choice([0, 1, 86_400] if seek else [None, 1]),
        by_activity=by_activity,
        tie_order=rng.randrange(100),
    )
    connector = desk(habits, seek=seek, ascending=not by_activity and rng.random() < 0.5)
    records = rng.choice([[ANNA], [ANNA, BRUNO]])
    owned = [r for r in rows if r.record_id in {record.id for record in records}]
    for ascending in (False, True):
        for window in (EVER, random_window(rng, rows)):
            expected = in_order([r for r in owned if window.holds(r.started_at)], ascending)
            limit = rng.choice([1, 3, 50])
            assert await read_all(connector, records, window, limit=limit, ascending=ascending) == expected
            assert await read_anew(connector, records, window, limit=limit, ascending=ascending) == expected
            position = position_of(rng.choice(rows)) if rows else Position(NOW, "desk", "x")
            beyond = [r for r in expected if (position.is_after(r) if ascending else position.is_before(r))]
            behind = await read_all(connector, records, window, limit=limit, ascending=ascending, position=position)
            assert behind == beyond


def test_order_is_time_then_source_then_id_and_backwards_its_reverse():
    a, b = row("a", NOW), row("b", NOW)
    other = msgspec.structs.replace(a, source="aaa")
    older = row("0", NOW - timedelta(microseconds=1))
    assert in_order([older, b, a, other]) == [other, a, b, older]
    assert in_order([older, b, a, other], ascending=True) == [older, b, a, other]


@pytest.mark.parametrize("seed", range(20))
def test_a_position_parts_the_order_exactly(seed: int):
    rng = random.Random(seed)
    rows = in_order(random_rows(rng))
    for index, place in enumerate(map(position_of, rows)):
        assert [r for r in rows if place.is_before(r)] == rows[index + 1 :]
        assert [r for r in rows if place.is_after(r)] == rows[:index]


def test_a_window_holds_its_start_and_not_its_end():
    window = Window(NOW - timedelta(days=1), NOW)
    assert window.holds(NOW - timedelta(days=1)) and not window.holds(NOW)
    assert Window().holds(datetime.min.replace(tzinfo=UTC))


async def page_of(connector: Desk, limit: int = 10, **kwargs: Any) -> Page:
    return await connector.interactions([ANNA], EVER, None, limit, soon(), **kwargs)


async def test_rows_of_others_are_dropped_and_counted():
    strangers = [row("1", NOW, "bruno"), msgspec.structs.replace(row("2", NOW), source="other"), row("", NOW)]
    page = await page_of(desk(Habits([row("3", NOW), *strangers])))
    assert [r.external_id for r in page.items] == ["3"]
    assert page.foreign == 3


async def test_a_page_of_others_alone_does_not_end_the_read():
    strangers = [row(f"b{n}", NOW - timedelta(minutes=n), "bruno") for n in range(30)]
    mine = row("mine", NOW - timedelta(days=1))
    connector = desk(Habits([*strangers, mine]))
    assert await read_all(connector, [ANNA]) == [mine]


@pytest.mark.parametrize("seek", [True, False])
async def test_unmappable_rows_are_counted_over_all_calls(seek: bool):
    habits = Habits([row(str(n), NOW) for n in range(12)], dropped=2)
    assert (await page_of(desk(habits, seek=seek))).dropped == 2 * len(habits.queries) == 6


@pytest.mark.parametrize(("seek", "ascending"), [(True, True), (False, False), (True, False)])
@pytest.mark.parametrize("upwards", [False, True])
async def test_the_same_cursor_again_is_noticed(seek: bool, ascending: bool, upwards: bool):
    class Stuck(Desk):
        async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
            return Fetched([row("1", NOW - timedelta(days=1))], "again")

    connector = desk(Habits(), seek=seek, ascending=ascending)
    connector.__class__ = Stuck
    with pytest.raises(MalformedError):
        await read_all(connector, [ANNA], Window(NOW - timedelta(days=2), NOW), ascending=upwards)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("turns", [1, 3])
async def test_the_same_pages_again_under_new_cursors_are_noticed(turns: int, ascending: bool):
    """`turns`: how many pages it has before it begins again."""

    class Turning(Desk):
        async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
            self.habits.queries.append(query)
            turn = query.cursor or 0
            started_at = NOW - timedelta(days=turn % turns)
            return Fetched([row(f"{turn % turns}-{n}", started_at) for n in range(2)], turn + 1)

    connector = desk(Habits())
    connector.__class__ = Turning
    with pytest.raises(MalformedError):
        await read_all(connector, [ANNA], ascending=ascending)
    assert len(connector.habits.queries) < MAX_CALLS_A_PAGE


async def test_pages_that_overlap_in_part_are_read_on():
    """A vendor that begins each page with the last rows of the one before gives something new all the same."""

    class Overlapping(Desk):
        async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
            fetched = await super().fetch_page(records, query, deadline)
            return msgspec.structs.replace(fetched, cursor=fetched.cursor and fetched.cursor - 1)

    habits = Habits([row(f"{n:02}", NOW) for n in range(50)], page_size=2)
    connector = desk(habits)
    connector.__class__ = Overlapping
    assert await read_all(connector, [ANNA]) == in_order(habits.rows)


async def test_a_read_of_the_whole_without_end_is_capped():
    habits = Habits([row(f"{n:03}", NOW) for n in range(200)], page_size=2)
    page = await page_of(desk(habits, seek=False))
    assert page.capped and page.next is None
    assert len(habits.queries) == MAX_CALLS_A_PAGE
    assert len(page.items) == 2 * MAX_CALLS_A_PAGE


async def test_a_page_of_which_nothing_is_certain_yet_is_empty_and_goes_on():
    """More rows of one instant than that many calls bring: none may be shown before the last of them has come."""
    habits = Habits([row(f"{n:03}", NOW) for n in range(200)], page_size=2)
    connector = desk(habits)
    page = await page_of(connector)
    assert page.items == () and page.next is not None and not page.capped
    assert len(habits.queries) == MAX_CALLS_A_PAGE
    assert await read_all(connector, [ANNA]) == in_order(habits.rows)


@pytest.mark.parametrize("seek", [True, False])
async def test_the_vendors_own_cap_is_told(seek: bool):
    habits = Habits([row(f"{n:03}", NOW - timedelta(minutes=n)) for n in range(20)], cap=7)
    connector = desk(habits, seek=seek)
    after: Continuation | None = None
    rows: list[Interaction] = []
    while True:
        page = await page_of(connector, after=after)
        rows += page.items
        after = page.next
        if after is None:
            break
    assert page.capped
    assert rows == in_order(habits.rows)[:7]


async def test_a_cap_on_the_way_up_leaves_no_gap():
    """A vendor that sorts newest first and gives only so many of a span: the span is made shorter."""
    habits = Habits([row(f"{n:03}", NOW - timedelta(hours=n)) for n in range(100)], cap=7)
    connector = desk(habits, ascending=False)
    window = Window(NOW - timedelta(hours=200), None)
    assert await read_all(connector, [ANNA], window, ascending=True) == in_order(habits.rows, ascending=True)


async def test_a_cap_within_one_instant_ends_the_way_up_and_says_so():
    habits = Habits([row(f"{n:03}", NOW - timedelta(days=9)) for n in range(20)], cap=7)
    connector = desk(habits, ascending=False)
    older = row("older", NOW - timedelta(days=20))
    habits.rows.append(older)
    after, rows = None, []
    while True:
        page = await page_of(connector, ascending=True, after=after)
        rows += page.items
        after = page.next
        if after is None:
            break
    assert page.capped
    assert rows[0] == older


async def test_what_is_still_to_come_is_read_in_both_directions():
    """A callback booked for tomorrow, or a vendor whose clock is ahead of ours."""
    habits = Habits([row("1", NOW + timedelta(days=1)), row("2", NOW + timedelta(seconds=1)), row("3", NOW)])
    connector = desk(habits, ascending=False)
    downwards = await read_all(connector, [ANNA])
    assert [r.external_id for r in downwards] == ["1", "2", "3"]
    assert await read_all(connector, [ANNA], ascending=True) == downwards[::-1]


async def test_reading_upwards_from_the_beginning_takes_few_questions():
    habits = Habits([row("1", NOW - timedelta(days=3)), row("2", NOW - timedelta(days=4000))])
    connector = desk(habits, ascending=False)
    assert [r.external_id for r in await read_all(connector, [ANNA], ascending=True)] == ["2", "1"]
    assert len(habits.queries) < 20


async def test_a_window_that_holds_nothing_is_not_asked_for():
    habits = Habits([row("1", NOW)])
    page = await desk(habits).interactions([ANNA], Window(NOW, NOW), None, 10, soon())
    assert page == Page(()) and habits.queries == []


@pytest.mark.parametrize(("limit", "asked"), [(10**9, 100), (0, 1), (-5, 1), (40, 40)])
async def test_the_limit_stays_within_the_sheet(limit: int, asked: int):
    habits = Habits()
    await page_of(desk(habits), limit)
    assert habits.queries[0].limit == asked


async def test_a_vendor_that_cannot_seek_is_read_whole_in_its_largest_pages():
    habits = Habits([row(f"{n:03}", NOW - timedelta(minutes=n)) for n in range(250)], page_size=100)
    page = await page_of(desk(habits, seek=False), limit=1)
    assert len(page.items) == 250 and page.next is None
    assert [q.limit for q in habits.queries] == [100, 100, 100]


async def test_what_is_wanted_is_handed_on():
    habits = Habits()
    wanted = Wanted(channels=frozenset({Channel.SMS}))
    for seek in (True, False):
        await page_of(desk(habits, seek=seek), wanted=wanted)
    assert [q.wanted for q in habits.queries] == [wanted, wanted]


@pytest.mark.parametrize("value", ["", " ", "\t\n", "a\x00b", "a\r\nb", "\ud800", "..", "x" * 1001])
async def test_what_names_nothing_is_not_asked_for(value: str):
    habits = Habits()
    connector = desk(habits, search=True)
    asked = [Identifier(IdentifierKind.EMAIL, value), external("desk", value)]
    assert await connector.find(asked, soon()) == []
    assert await connector.get(value, soon()) is None
    assert await connector.search(value, 10, soon()) == []
    blank = Record(source="desk", id=value, identifiers=())
    assert await connector.interactions([blank], EVER, None, 10, soon()) == Page(())
    assert (habits.asked, habits.ids, habits.texts, habits.queries) == ([], [], [], [])


async def test_only_kinds_and_sources_that_it_knows_are_asked_for():
    habits = Habits()
    known = [MAIL, external("desk", "1"), external("crm", "2")]
    await desk(habits).find([phone("+393331110001") or MAIL, external("other", "3"), *known, MAIL], soon())
    assert habits.asked == [tuple(known)]


async def test_candidates_without_the_identifier_are_no_answer():
    """Also: one record once, in a lasting order."""
    held = (HeldIdentifier(MAIL, None),)
    records = [
        Record(source="desk", id="2", identifiers=held),
        Record(source="desk", id="1", identifiers=held),
        Record(source="desk", id="2", identifiers=held),
        Record(source="desk", id="3", identifiers=()),
    ]
    found = await desk(Habits(records=records)).find([MAIL], soon())
    assert [record.id for record in found] == ["1", "2"]


async def test_another_row_than_the_one_asked_for_is_no_answer():
    connector = desk(Habits([row("1", NOW)]))
    assert await connector.get("1", soon()) is not None
    assert await connector.get("2", soon()) is None


async def test_search_is_for_those_that_can_and_never_gives_more_than_asked():
    habits = Habits(records=[ANNA, BRUNO])
    assert await desk(habits, search=False).search("anna", 10, soon()) == []
    assert await desk(habits, search=True).search("  anna ", 1, soon()) == [ANNA]
    assert habits.texts == ["anna"]


async def test_records_of_other_sources_are_not_asked_for():
    habits = Habits([row("1", NOW)])
    others = [msgspec.structs.replace(ANNA, source="other")]
    assert await desk(habits).interactions(others, EVER, None, 10, deadline()) == Page(())
    assert habits.queries == []


def test_credentials_and_options_are_those_that_the_module_declares():
    config = SourceConfig("desk", "https://desk.example.org")
    transport = httpx.MockTransport(router().async_handler)
    for odd in (replace(config, options={"colour": "red"}), replace(config, credentials={"token": "x"})):
        with pytest.raises(msgspec.ValidationError):
            Desk(odd, transport)
