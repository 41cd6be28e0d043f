"""What tests of harvest share: a vendor that tells changes, and a store beside it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from connectors.base import Changed, ChangesPage, Place
from connectors.changes import follow
from connectors.deadline import Deadline
from connectors.interaction import Interaction, Record
from gateway.harvest.copying import copy
from gateway.store import schema
from gateway.store.store import Store
from tests.gateway.support import NOW, FakeVendor


class Telling(FakeVendor):
    """A vendor that tells what has changed, in pages of `changes_a_page`. change_faults: one for each coming page."""

    def __init__(self, name: str, rows: Iterable[Interaction] = (), *, changes_a_page: int = 3, **fields: Any) -> None:
        super().__init__(name, rows, changes=True, **fields)
        self.changes_a_page = changes_a_page
        self.change_faults: list[BaseException] = []
        self.removed: Sequence[str] = ()

    async def fetch_by_text(self, text: str, limit: int, deadline: Deadline) -> list[Record]:
        await self.fetch_records((), deadline)  # fails as that does
        return [record for record in self.records if text in (record.name or "").casefold()]

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        if self.change_faults:
            raise self.change_faults.pop(0)
        asked_at, size = self.utc_now(), self.changes_a_page
        found = sorted(self.rows, key=lambda row: (row.last_activity_at, row.external_id))
        found = [row for row in found if row.last_activity_at >= place.since]
        page = found[(place.page - 1) * size : place.page * size]
        following, more = follow(place, [row.last_activity_at for row in page], len(page) == size, asked_at)
        owners = {row.record_id for row in page}
        people = [record for record in self.records if record.id in owners]
        return Changed(following, page, people, self.removed, more=more)


async def harvest_all(store: Store, vendor: FakeVendor, now: datetime = NOW) -> list[ChangesPage]:
    """Everything, as a harvester does it."""
    pages: list[ChangesPage] = []
    while not pages or pages[-1].more:
        before = await store.positions.get(vendor.name)
        since = datetime(2020, 1, 1, tzinfo=NOW.tzinfo) if before is None else before.content
        pages.append(await vendor.changes(since, Deadline.after(60)))
        assert await copy(store, vendor.name, pages[-1], now, before) is not None
    return pages


async def content_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Of every table that a harvest fills, but when it was told; of the feed also how often."""

    def work(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for table in (schema.interactions, schema.records, schema.identifiers, schema.search_terms, schema.feed):
            columns = [column for column in table.c if column.name not in ("at", "seq", "payload")]
            found[table.name] = sorted(map(tuple, connection.execute(select(*columns))), key=repr)
        return found

    return await store.database.read(work)
