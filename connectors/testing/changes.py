"""The part of the contract that is about changes: nothing is missing, and a reader may stop and go on anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from connectors.base import EARLIEST, ChangesPage, Connector, VendorConnector
from connectors.errors import MalformedError
from connectors.interaction import Interaction, Record
from connectors.testing.faults import Counted
from connectors.testing.walks import MAX_PAGES, deadline

if TYPE_CHECKING:
    from connectors.testing.contract import Known, Subject

SAMPLE = 5
"""Places at which a reader stops."""


async def read_changes(connector: Connector, since: datetime | bytes = EARLIEST) -> list[ChangesPage]:
    """Page by page until there is nothing at once."""
    pages = [await connector.changes(since, deadline())]
    while pages[-1].more:
        assert len(pages) < MAX_PAGES, f"no end after {MAX_PAGES} pages"
        pages.append(await connector.changes(pages[-1].cursor, deadline()))
    return pages


def rows_of(pages: Sequence[ChangesPage]) -> dict[str, Interaction]:
    """As they were told last."""
    return {row.external_id: row for page in pages for row in page.rows}


def owners_of(pages: Sequence[ChangesPage]) -> dict[str, Record]:
    return {record.id: record for page in pages for record in page.records}


class ChangesContract:
    """For connectors whose sheet says `changes`; of the others it is seen that they ask nothing."""

    async def test_who_tells_no_changes_asks_nothing(self, subject: Subject) -> None:
        vendor = Counted(subject.transport)
        connector = subject.connect(vendor)
        if connector.capabilities.changes:
            return
        page = await connector.changes(EARLIEST, deadline())
        assert (page.rows, page.more, vendor.requests) == ((), False, [])
        assert (await connector.changes(page.cursor, deadline())) == page

    async def test_no_change_is_missing(self, known: Known, connector: VendorConnector) -> None:
        """Everything there is has changed once, when it began: rows and whose they are."""
        if not connector.capabilities.changes:
            return
        pages = await read_changes(connector)
        rows, owners = rows_of(pages), owners_of(pages)
        assert len(rows) > len(known.rows), "changes are everybody's"
        for row in known.rows:
            told = rows[row.external_id]
            assert (told.record_id, told.started_at, told.channel) == (row.record_id, row.started_at, row.channel)
            assert (told.status, told.last_activity_at) == (row.status, row.last_activity_at)
        assert {record.id: record for record in known.records}.items() <= owners.items()
        for page in pages:
            assert {row.record_id for row in page.rows} <= {record.id for record in page.records}
            assert all(row.source == connector.name for row in page.rows)

    async def test_changes_come_in_order(self, connector: VendorConnector) -> None:
        """Each page reaches as far as the one before, or further, and never beyond now."""
        if not connector.capabilities.changes:
            return
        pages = await read_changes(connector)
        reached = [page.reached for page in pages]
        assert reached == sorted(reached)
        assert reached[-1] <= connector.utc_now()
        for before, page in pairwise(pages):
            assert all(row.last_activity_at >= before.reached for row in page.rows), "it was told to be complete"

    async def test_changes_are_read_on_from_any_page(self, subject: Subject, connector: VendorConnector) -> None:
        """In another process, a month later: by the cursor alone. A page that is asked for again is the same."""
        if not connector.capabilities.changes:
            return
        pages = await read_changes(connector)
        for index in sorted({round(n * (len(pages) - 1) / SAMPLE) for n in range(SAMPLE + 1)}):
            other = subject.connect(subject.transport)
            rest = await read_changes(other, pages[index].cursor)
            assert rows_of(rest).items() >= rows_of(pages[index + 1 :]).items()
            if index + 1 < len(pages):
                assert rest[0].rows == pages[index + 1].rows
                assert await other.changes(pages[index].cursor, deadline()) == rest[0]

    async def test_after_the_last_change_there_is_nothing(self, connector: VendorConnector) -> None:
        """But for what has only just changed, which may come again."""
        if not connector.capabilities.changes:
            return
        last = (await read_changes(connector))[-1]
        rest = await read_changes(connector, last.cursor)
        assert all(row.last_activity_at >= last.reached for row in rows_of(rest).values())
        assert rest[-1].reached >= last.reached

    async def test_changes_begin_at_any_instant(self, known: Known, connector: VendorConnector) -> None:
        if not connector.capabilities.changes:
            return
        middle = sorted(row.last_activity_at for row in known.rows)[len(known.rows) // 2]
        rows = rows_of(await read_changes(connector, middle))
        assert {row.external_id for row in known.rows if row.last_activity_at >= middle} <= rows.keys()
        assert rows.keys() < rows_of(await read_changes(connector)).keys()

    @pytest.mark.parametrize("cursor", [b"", b"x", b"\x91\xc0", b"[]"])
    async def test_a_cursor_of_nobody_is_noticed(self, cursor: bytes, subject: Subject) -> None:
        vendor = Counted(subject.transport)
        with pytest.raises(MalformedError):
            await subject.connect(vendor).changes(cursor, deadline())
        assert vendor.requests == []


__all__ = ["ChangesContract", "owners_of", "read_changes", "rows_of"]
