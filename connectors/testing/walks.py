"""Whole histories, read page by page as the gateway does it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connectors.base import EVERYTHING, Connector, Continuation, Page, Position, Wanted, Window
from connectors.deadline import Deadline
from connectors.interaction import Interaction, Record

EVER = Window()
MAX_PAGES = 2000


def deadline() -> Deadline:
    """Further away than any test."""
    return Deadline.after(60)


def position_of(row: Interaction) -> Position:
    return Position(row.started_at, row.source, row.external_id)


async def read_all(
    connector: Connector,
    records: Sequence[Record],
    window: Window = EVER,
    *,
    limit: int = 20,
    ascending: bool = False,
    wanted: Wanted = EVERYTHING,
    position: Position | None = None,
) -> list[Interaction]:
    """Each page where the last one stopped, in one operation. Fails when the source was not read to its end,
    or a page did not keep what the one before it promised."""
    rows: list[Interaction] = []
    reached: datetime | None = None
    after: Continuation | None = None
    for _ in range(MAX_PAGES):
        page = await connector.interactions(
            records, window, position, limit, deadline(), ascending=ascending, wanted=wanted, after=after
        )
        assert not page.capped, "the source was not read to its end"
        for row in page.items:
            late = reached is not None and (row.started_at < reached if ascending else row.started_at > reached)
            assert not late, "a row lies in front of what an earlier page said was given completely"
        rows += page.items
        reached = page.reached
        if page.next is None:
            return rows
        after = page.next
    raise AssertionError(f"no end after {MAX_PAGES} pages")


async def read_anew(
    connector: Connector,
    records: Sequence[Record],
    window: Window = EVER,
    *,
    limit: int = 20,
    ascending: bool = False,
) -> list[Interaction]:
    """Every page an operation of its own, that knows only the last row it was given: what a client's cursor does."""
    rows: list[Interaction] = []
    while True:
        page = await first_rows(connector, records, window, position_of(rows[-1]) if rows else None, limit, ascending)
        if not page:
            return rows
        rows += page[:limit]
        assert len(rows) <= MAX_PAGES, f"no end after {MAX_PAGES} rows"


async def first_rows(
    connector: Connector,
    records: Sequence[Record],
    window: Window,
    position: Position | None,
    limit: int,
    ascending: bool,
) -> Sequence[Interaction]:
    """The first page with rows on it; empty at the end."""
    after: Continuation | None = None
    for _ in range(MAX_PAGES):
        page: Page = await connector.interactions(
            records, window, position, limit, deadline(), ascending=ascending, after=after
        )
        assert not page.capped, "the source was not read to its end"
        if page.items or page.next is None:
            return page.items
        after = page.next
    raise AssertionError(f"no end after {MAX_PAGES} pages")
