"""Pages of changes in the journal: wholly or not at all, once, and nobody who was forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from connectors.base import ChangesPage, Window
from connectors.events import Event, RowChanged
from connectors.interaction import Interaction
from gateway.harvest import copying
from gateway.harvest.copying import Copied, copy
from gateway.store.feed import ChangeKind
from gateway.store.positions import HarvestPosition
from gateway.store.store import Store
from tests.gateway.harvest.support import Telling, content_of, harvest_all
from tests.gateway.support import NOW, PHONE, record_of, row_of

DAY = timedelta(days=1)


def desk(amount: int = 10) -> Telling:
    return Telling("desk", [row_of("desk", f"{n:02}", NOW - DAY * (n + 2)) for n in range(amount)])


def page(*rows: Interaction, cursor: bytes = b"1", **fields: object) -> ChangesPage:
    told = {"records": (record_of("desk"),), "reached": NOW - DAY, "more": False, **fields}
    return ChangesPage(rows=rows, cursor=cursor, **told)  # type: ignore[arg-type]


async def kept(store: Store) -> list[Interaction]:
    rows, _ = await store.journal.page("desk", ["anna"], Window(), 100, NOW)
    return rows


async def test_everything_is_there_with_where_to_go_on(store: Store) -> None:
    vendor = desk()
    pages = await harvest_all(store, vendor)
    assert await kept(store) == sorted(vendor.rows, key=lambda row: row.started_at, reverse=True)
    assert await store.records.find("desk", [PHONE]) == vendor.records
    assert await store.positions.get("desk") == HarvestPosition(pages[-1].reached, pages[-1].cursor)


async def test_told_again_nothing_is_doubled(store: Store) -> None:
    vendor = desk()
    vendor.add(row_of("desk", "new", NOW - timedelta(hours=1)))
    await harvest_all(store, vendor)
    before = await content_of(store)
    assert [(kind, id_) for kind, _, _, id_, _ in before["feed"]] == [(ChangeKind.ROW, "new")], "years are no news"
    position = await store.positions.get("desk")
    for told in (page(*vendor.rows), page(*vendor.rows[:4], cursor=b"2")):
        assert await copy(store, "desk", told, NOW + DAY, position) == Copied()
        position = await store.positions.get("desk")
    assert await content_of(store) == before


async def test_of_two_harvests_the_faster_goes_on(store: Store) -> None:
    rows = [row_of("desk", str(n)) for n in range(3)]
    assert await copy(store, "desk", page(rows[0]), NOW, None) == Copied(rows=1, people=1)
    assert await copy(store, "desk", page(rows[1], cursor=b"other"), NOW, None) is None
    assert await kept(store) == rows[:1]
    position = await store.positions.get("desk")
    assert position is not None and position.content == b"1"
    assert await copy(store, "desk", page(rows[2], cursor=b"2"), NOW, position) is not None


async def test_a_page_that_fails_leaves_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise ValueError

    before = await content_of(store)
    monkeypatch.setattr(copying.positions, "put", fails)
    with pytest.raises(ValueError):
        await copy(store, "desk", page(row_of("desk", "1")), NOW, None)
    assert await content_of(store) == before
    assert await store.positions.get("desk") is None


async def test_what_a_webhook_told_later_stands(store: Store) -> None:
    """A page knows of nothing that happened after it was asked for."""
    row = row_of("desk", "1", NOW - DAY)
    later = replace(row, subject="as the webhook tells it")
    await store.intake.apply("desk", [Event("e1", (RowChanged(NOW, later, record_of("desk")),))], NOW)
    await copy(store, "desk", page(row), NOW - timedelta(seconds=1), None)
    assert await kept(store) == [later]
    latest = replace(row, subject="as the source tells it now")
    await copy(store, "desk", page(latest, cursor=b"2"), NOW + DAY, await store.positions.get("desk"))
    assert await kept(store) == [latest]


async def test_a_row_that_is_gone_is_gone_once(store: Store) -> None:
    await harvest_all(store, desk(2))
    for cursor, expected in ((b"a", Copied(removed=1)), (b"b", Copied())):
        told = page(cursor=cursor, removed=("00",))
        assert await copy(store, "desk", told, NOW, await store.positions.get("desk")) == expected
    assert [row.external_id for row in await kept(store)] == ["01"]
    told = [entry.touched for entry in await store.feed.after(0)]
    assert [(one.kind, one.record_id, one.external_id) for one in told] == [(ChangeKind.REMOVED, "anna", "00")]


@pytest.mark.parametrize("identifier", [PHONE, record_of("desk").identifiers[0].identifier])
async def test_who_was_forgotten_does_not_come_back(store: Store, identifier: object) -> None:
    """Their past, and they themselves, before there is something new of them."""
    await store.tombstones.put([identifier], NOW)  # type: ignore[list-item]
    old = [row_of("desk", "before", NOW - DAY), row_of("desk", "then", NOW)]
    assert await copy(store, "desk", page(*old), NOW + DAY, None) == Copied()
    assert await store.records.find("desk", [PHONE]) == []
    assert not any(rows for name, rows in (await content_of(store)).items())
    position = await store.positions.get("desk")
    assert await copy(store, "desk", page(cursor=b"1b", removed=("before",)), NOW + DAY, position) == Copied()
    assert not (await content_of(store))["interactions"], "not even the ids of what was theirs"
    new = row_of("desk", "after", NOW + timedelta(seconds=1))
    position = await store.positions.get("desk")
    assert await copy(store, "desk", page(*old, new, cursor=b"2"), NOW + DAY, position) == Copied(rows=1, people=1)
    assert await kept(store) == [new]


async def test_somebody_who_is_told_anew_is_known_anew(store: Store) -> None:
    await copy(store, "desk", page(row_of("desk", "1")), NOW, None)
    renamed = replace(record_of("desk"), name="Anna Bianchi")
    told = page(row_of("desk", "1"), cursor=b"2", records=(renamed,))
    position = await store.positions.get("desk")
    assert await copy(store, "desk", told, NOW + DAY, position) == Copied(people=1)
    assert await store.records.search("desk", "bianchi", 5) == [renamed]
