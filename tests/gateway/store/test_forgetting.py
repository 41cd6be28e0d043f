"""Erasing, exporting and retiring, alike on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from connectors.events import DeliveryChanged, MessageEdited, RowChanged
from connectors.identifiers import external
from connectors.interaction import Channel, DeliveryState, HeldIdentifier, Record
from gateway.customers.links import Merge, Undone
from gateway.store import schema
from gateway.store.erasing import Known
from gateway.store.feed import ChangeKind
from gateway.store.retiring import Term
from gateway.store.store import Store
from tests.gateway.store.support import NOW, SOURCE, drain, event, message, number, take, told
from tests.gateway.support import row_of

DAY = timedelta(days=1)


async def _count(store: Store, table: str) -> int:
    found = schema.metadata.tables[table]
    return await store.database.read(lambda c: int(c.execute(select(func.count()).select_from(found)).scalar_one()))


def known(n: int = 0) -> Known:
    return Known((number(n),), ((SOURCE, number(n).value[1:]),), ("Anna Verdi",))


async def test_links_ids_and_quarantine_go(store: Store) -> None:
    anna, bruno = external(SOURCE, "anna"), external(SOURCE, "bruno")
    made = await store.links.append(Merge(0, NOW, "emma", "so", anna, bruno, number(0), number(1)))
    await store.links.append(Undone(0, NOW, "emma", "not so", made.id))
    other = await store.links.append(
        Merge(0, NOW, "emma", "so", external(SOURCE, "x"), external(SOURCE, "y"), number(2), number(3))
    )
    await store.handles.remember([number(0), number(2)], NOW, {number(0): anna})
    assert [(one.identifier, one.record) for one in await store.handles.among([number(0)])] == [(number(0), anna)]
    for body in (number(0).value, number(0).value[1:], "ANNA VERDI", "%2B" + number(0).value[1:], "somebody else"):
        delivery = told()
        await store.inbox.put(SOURCE, type(delivery)("POST", delivery.url, {}, f"<{body}>".encode(), NOW))
    await drain(store)
    erased = await store.erase(known(), NOW)
    assert erased == {"contacts": 0, "journal": 0, "quarantine": 4, "links": 2, "ids": 1}
    assert await store.links.all() == [other]
    assert [one.identifier for one in await store.handles.among([number(0), number(2)])] == [number(2)]
    assert await store.erase(known(), NOW) == {"contacts": 0, "journal": 0, "quarantine": 0, "links": 0, "ids": 0}
    kinds = [entry.touched.kind for entry in await store.feed.after(0)]
    assert kinds.count(ChangeKind.ERASED) == 4  # two keyed hashes, twice


async def test_a_revocation_counts_from_the_first_time(store: Store) -> None:
    first = await store.revocations.revoke("t", NOW + DAY, NOW)
    assert await store.revocations.revoke("t", NOW + DAY, NOW + timedelta(hours=1)) == first == NOW
    assert await store.revocations.live(NOW) == {"t": NOW}


async def test_what_is_told_of_the_erased_stays_out(store: Store) -> None:
    await take(store, event(message("m1")))
    gone = await store.erase(await _known_of(store), NOW)
    assert gone["journal"] == 1
    await take(store, event(message("m1")), event(message("m0", -60)))
    late = NOW + DAY
    for id_ in ("m1", "m0"):
        await take(
            store, event(MessageEdited(id_, late, "secret")), event(DeliveryChanged(id_, DeliveryState.READ, late))
        )
    for table in ("messages", "edits", "deliveries", "records", "identifiers", "search_terms", "interactions"):
        assert await _count(store, table) == 0, table


async def test_an_edit_that_came_first_goes_with_its_message(store: Store) -> None:
    await take(store, event(message("m1")))
    await store.erase(await _known_of(store), NOW)
    await take(store, event(MessageEdited("m0", NOW, "secret")))
    assert await _count(store, "edits") == 1
    await take(store, event(message("m0", -60)))
    assert await _count(store, "edits") == 0


async def _known_of(store: Store) -> Known:
    (record,) = await store.records.anywhere([number(0)])
    return Known(tuple(h.identifier for h in record.identifiers), ((SOURCE, record.id),), ())


@pytest.mark.parametrize("limit", [1, 100])
async def test_what_is_old_goes_and_its_contact_with_the_last_of_it(store: Store, limit: int) -> None:
    for n, days in enumerate((1, 40, 400)):
        record = Record(source=SOURCE, id=f"r{n}", identifiers=(HeldIdentifier(number(n), verified=True),))
        for channel in (Channel.VOICE, Channel.TICKET):
            one = row_of(SOURCE, f"{channel}-{days}", NOW - days * DAY, record_id=f"r{n}", channel=channel)
            await take(store, event(RowChanged(NOW - days * DAY, one, record)))
    term = Term(30 * DAY, {Channel.VOICE: 100 * DAY})
    steps = []
    while step := await store.retire(SOURCE, term, NOW, limit):
        steps.append(step)
    assert sum(steps) == 3 and await _count(store, "interactions") == 3
    left = {r.id for n in range(3) for r in await store.records.anywhere([number(n)])}
    assert left == {"r0", "r1"}
    assert await store.retire("another", term, NOW, limit) == 0
