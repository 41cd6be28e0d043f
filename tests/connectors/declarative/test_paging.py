"""Every style of paging against vendors that page so: all rows come, once, in any page size and from either side."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from connectors.base import Query, Window
from connectors.declarative.connector import Declarative
from connectors.errors import MalformedError
from connectors.interaction import Record
from connectors.testing.contract import _windows
from connectors.testing.walks import deadline, read_all, read_anew
from tests.connectors.declarative.support import FIELDS, HEAD, LIST, NOW, Played, tried

ROWS = [
    {"id": f"row-{n:03}", "person": "1", "at": (NOW - timedelta(minutes=7 * (n // 2))).isoformat()} for n in range(57)
]
ME = Record(source="tried", id="1", identifiers=())


def listed(paging: str, query: str, *, order: str = "newest", window: str = "") -> str:
    return (
        HEAD
        + LIST.replace('of = "{record_id}"', f'of = "{{record_id}}", {query}')
        + f'order = "{order}"\n'
        + (f"window = {window}\n" if window else "")
        + f"paging = {{ {paging} }}\n"
        + FIELDS
    )


class Vendor:
    """Rows newest first within `from` and `to`, both whole seconds; `page` says how it pages."""

    def __init__(self, page: Callable[[list[Any], dict[str, str]], Any], rows: list[dict[str, str]] = ROWS) -> None:
        self._page = page
        self._rows = rows

    def __call__(self, request: httpx.Request) -> Any:
        asked = dict(request.url.params)
        start, end = (datetime.fromisoformat(asked[k]) if k in asked else None for k in ("from", "to"))
        window = Window(start, end)
        return self._page([r for r in self._rows if window.holds(datetime.fromisoformat(r["at"]))], asked)


def by_page(rows: list[Any], asked: dict[str, str]) -> Any:
    first = (int(asked["page"]) - 1) * 10
    return {"rows": rows[first : first + 10]}


def by_page_from_zero(rows: list[Any], asked: dict[str, str]) -> Any:
    first = int(asked["page"]) * 10
    return {"rows": rows[first : first + 10], "more": first + 10 < len(rows)}


def by_offset(rows: list[Any], asked: dict[str, str]) -> Any:
    first = int(asked["offset"])
    return {"rows": rows[first : first + int(asked["limit"])], "total": len(rows)}


def by_cursor(rows: list[Any], asked: dict[str, str]) -> Any:
    first = int(asked.get("cursor", "c0").removeprefix("c"))
    following = f"c{first + 10}" if first + 10 < len(rows) else None
    return {"rows": rows[first : first + 10], "meta": {"next": following}}


def by_url(rows: list[Any], asked: dict[str, str]) -> Any:
    first = int(asked.pop("at", 0))
    query = httpx.QueryParams({**asked, "at": first + 10})
    return {"rows": rows[first : first + 10], "next": f"/rows?{query}" if first + 10 < len(rows) else None}


def by_header(rows: list[Any], asked: dict[str, str]) -> Any:
    found = by_url(rows, asked)
    link = f'<https://api.example.org/>; rel="first", <{found["next"]}>; rel=next' if found["next"] else ""
    return httpx.Response(200, json={"rows": found["rows"]}, headers={"link": link} if link else {})


def by_time(rows: list[Any], asked: dict[str, str]) -> Any:
    return {"rows": rows[: int(asked["limit"])]}


WINDOWED = 'from = "{start}", to = "{end}"'
STYLES = {
    "page": (by_page, listed('style = "page", size = 10', f'page = "{{cursor}}", {WINDOWED}')),
    "page from zero": (
        by_page_from_zero,
        listed('style = "page", size = 10, first = 0, more = "more"', f'page = "{{cursor}}", {WINDOWED}'),
    ),
    "offset": (
        by_offset,
        listed(
            'style = "offset", size = 20, total = "total"', f'offset = "{{cursor}}", limit = "{{limit}}", {WINDOWED}'
        ),
    ),
    "cursor": (by_cursor, listed('style = "cursor", next = "meta.next"', f'cursor = "{{cursor}}", {WINDOWED}')),
    "next URL": (by_url, listed('style = "next_url", next = "next"', WINDOWED)),
    "link header": (by_header, listed('style = "link_header"', WINDOWED)),
    "keyset": (by_time, listed('style = "keyset", size = 10', f'limit = "{{limit}}", {WINDOWED}')),
    "whole": (by_page, listed('style = "page", size = 10', 'page = "{cursor}"', order="none")),
    "whole in a window": (
        by_offset,
        listed('style = "offset"', f'offset = "{{cursor}}", limit = "{{limit}}", {WINDOWED}', order="none"),
    ),
}


def connector_of(style: str) -> Declarative:
    page, text = STYLES[style]
    return tried(text, Played({"/rows": Vendor(page)}))


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("style", STYLES)
async def test_every_row_comes_once(style: str, ascending: bool) -> None:
    for limit in (1, 7, 20):
        rows = await read_all(connector_of(style), [ME], limit=limit, ascending=ascending)
        assert sorted(row.external_id for row in rows) == [row["id"] for row in ROWS]
    anew = await read_anew(connector_of(style), [ME], limit=8, ascending=ascending)
    assert [row.external_id for row in anew] == [row.external_id for row in rows]


@pytest.mark.parametrize("style", STYLES)
async def test_windows_are_exact(style: str) -> None:
    rows = await read_all(connector_of(style), [ME])
    for window in _windows(rows):
        found = await read_all(connector_of(style), [ME], window)
        assert found == [row for row in rows if window.holds(row.started_at)]


async def test_a_seekable_source_asks_for_no_more_than_is_wanted() -> None:
    played = Played({"/rows": Vendor(by_offset)})
    connector = tried(STYLES["offset"][1], played)
    assert connector.capabilities.seek
    page = await connector.interactions([ME], Window(), None, 9, deadline())
    assert len(page.items) == 8  # the last two may have a third beside them
    assert [request.url.params["limit"] for request in played.asked] == ["10"]


async def test_more_ties_than_a_page_are_skipped_and_said() -> None:
    tied = [{"id": f"t{n}", "person": "1", "at": "2026-11-20T08:00:00Z"} for n in range(30)]
    later = {"id": "z", "person": "1", "at": "2026-11-19T08:00:00Z"}
    connector = tried(STYLES["keyset"][1], Played({"/rows": Vendor(by_time, [*tied, later])}))
    capped, ids, after = False, set(), None
    while True:
        page = await connector.interactions([ME], Window(), None, 9, deadline(), after=after)
        ids |= {row.external_id for row in page.items}
        capped |= page.capped
        after = page.next
        if after is None:
            break
    assert "z" in ids
    assert len(ids) == 11
    assert capped


@pytest.mark.parametrize(
    ("query", "capped"),
    [
        ('offset = "{cursor}", limit = "{limit}"', True),
        (f'offset = "{{cursor}}", limit = "{{limit}}", {WINDOWED}', False),
    ],
)
async def test_a_cap_ends_the_reading_only_where_nothing_can_be_sought(query: str, capped: bool) -> None:
    text = listed('style = "offset", size = 10, total = "total", cap = 20', query)
    connector = tried(text, Played({"/rows": Vendor(by_offset)}))
    if capped:
        page = await connector.interactions([ME], Window(), None, 10, deadline())
        assert (page.capped, len(page.items), connector.capabilities.row_cap) == (True, 20, 20)
    else:
        assert len(await read_all(connector, [ME])) == len(ROWS)


SEVERAL = (
    HEAD
    + "".join(
        f"""\
[[interactions]]
prefix = "{name}-"
rows = "rows"
order = "newest"
paging = {{ style = "offset", size = 10, total = "total" }}
requests = [
    {{ path = "/{name}", query = {{ of = "{{record_id}}", offset = "{{cursor}}", limit = "{{limit}}", {WINDOWED} }} }},
]
one = {{ path = "/{name}/{{external_id}}" }}
"""
        for name in ("call", "mail", "chat")
    )
    + FIELDS
)


def spread(start: int, minutes: int, count: int, person: str = "1") -> list[dict[str, str]]:
    first = NOW - timedelta(minutes=start)
    return [
        {"id": f"{person}{n:03}", "person": person, "at": (first - timedelta(minutes=minutes * n)).isoformat()}
        for n in range(count)
    ]


@pytest.mark.parametrize("ascending", [False, True])
async def test_several_lists_of_several_records_are_one_in_order(ascending: bool) -> None:
    answers = {
        "/call": by_record(spread(0, 10, 40), spread(5, 600, 30, "2")),
        "/mail": by_record(spread(9000, 1, 25), spread(0, 1, 0, "2")),
        "/chat": by_record(spread(1, 300, 35), spread(0, 7, 50, "2")),
        "/call/1003": spread(0, 10, 40)[3],
    }
    connector = tried(SEVERAL, Played(answers))
    records = [ME, Record(source="tried", id="2", identifiers=())]
    for limit in (3, 25):
        rows = await read_all(connector, records, limit=limit, ascending=ascending)
        times = [row.started_at for row in rows]
        assert times == sorted(times, reverse=not ascending)
        assert len(rows) == len({row.external_id for row in rows}) == 40 + 30 + 25 + 35 + 50
    one = await connector.get("call-1003", deadline())
    assert one is not None and one.external_id == "call-1003"
    assert await connector.get("mail-1003", deadline()) is None
    assert await connector.get("fax-1", deadline()) is None
    assert await connector.get("call-..", deadline()) is None


def by_record(*lists: list[dict[str, str]]) -> Callable[[httpx.Request], Any]:
    def answer(request: httpx.Request) -> Any:
        rows = lists[int(request.url.params["of"]) - 1]
        return Vendor(by_offset, rows)(request)

    return answer


LOCAL = listed(
    'style = "page", size = 10',
    f'page = "{{cursor}}", {WINDOWED}',
    window='{ format = "%Y-%m-%d %H:%M:%S" }',
).replace('started_at = "at"', 'started_at = { at = "at", format = "%Y-%m-%d %H:%M:%S" }')


@pytest.mark.parametrize("ascending", [False, True])
async def test_no_row_is_lost_when_clocks_are_put_back(ascending: bool) -> None:
    """The vendor sorts by what happened and tells local times: for an hour they run twice."""
    rome = ZoneInfo("Europe/Rome")
    happened = [datetime(2026, 10, 25, 3, 0, tzinfo=UTC) - timedelta(minutes=5 * n) for n in range(60)]
    rows = [
        {"id": f"r{n:03}", "person": "1", "at": at.astimezone(rome).strftime("%Y-%m-%d %H:%M:%S")}
        for n, at in enumerate(happened)
    ]

    def answer(request: httpx.Request) -> Any:
        asked = dict(request.url.params)
        edges = [
            datetime.strptime(asked[k], "%Y-%m-%d %H:%M:%S").replace(tzinfo=rome).astimezone(UTC)
            if k in asked
            else None
            for k in ("from", "to")
        ]
        window = Window(*edges)
        return by_page([row for row, at in zip(rows, happened, strict=True) if window.holds(at)], asked)

    connector = tried(LOCAL, Played({"/rows": answer}), time_zone="Europe/Rome")
    found = await read_all(connector, [ME], limit=7, ascending=ascending)
    assert sorted(row.external_id for row in found) == [row["id"] for row in rows]


STUCK = {
    "cursor": {"rows": ROWS[:10], "meta": {"next": "c10"}},
    "next URL": {"rows": ROWS[:10], "next": "/rows?at=10"},
    "page from zero": {"rows": ROWS[:10], "more": True},
}


@pytest.mark.parametrize("style", STUCK)
async def test_a_vendor_that_never_ends_is_left(style: str) -> None:
    played = Played({"/rows": STUCK[style]})
    connector = tried(STYLES[style][1], played)
    with pytest.raises(MalformedError):
        await read_all(connector, [ME])
    assert len(played.asked) < 50


@pytest.mark.parametrize(
    "link",
    ["https://elsewhere.example.com/rows", "//elsewhere.example.com/rows", "http://api.example.org/rows", "https://"],
)
async def test_a_next_page_elsewhere_is_not_asked(link: str) -> None:
    played = Played({"/rows": {"rows": ROWS[:10], "next": link}})
    with pytest.raises(MalformedError):
        await read_all(tried(STYLES["next URL"][1], played), [ME])
    assert {request.url.host for request in played.asked} == {"api.example.org"}
    assert len(played.asked) <= 2


@pytest.mark.parametrize("answer", [{}, {"rows": None}, {"rows": {}}, [], "rows", 5, None])
async def test_rows_that_are_no_list_are_no_answer(answer: Any) -> None:
    connector = tried(STYLES["cursor"][1], Played({"/rows": httpx.Response(200, content=json.dumps(answer))}))
    with pytest.raises(MalformedError):
        await connector.fetch_page([ME], Query(Window(), 10), deadline())


async def test_a_record_that_is_gone_has_nothing() -> None:
    for status in (404, 410):
        connector = tried(STYLES["cursor"][1], Played({"/rows": httpx.Response(status)}))
        assert (await connector.interactions([ME], Window(), None, 10, deadline())).items == ()


async def test_rows_of_others_are_dropped() -> None:
    rows = [{**ROWS[0], "person": "2"}, ROWS[1]]
    connector = tried(STYLES["cursor"][1], Played({"/rows": {"rows": rows}}))
    page = await connector.interactions([ME], Window(), None, 10, deadline())
    assert ([row.external_id for row in page.items], page.foreign) == (["row-001"], 1)
