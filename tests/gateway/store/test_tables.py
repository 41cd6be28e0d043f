"""Links, ids, revocations, positions and the audit record: kept as they were given, and only ever added to."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Connection, delete, select, update

from connectors.identifiers import email, external, phone
from connectors.interaction import Identifier, IdentifierKind
from gateway.customers.links import Cut, Link, Merge, Undone
from gateway.store import schema
from gateway.store.audit import AuditEntry, BrokenChain
from gateway.store.feed import ChangeKind, Touched
from gateway.store.positions import HarvestPosition
from gateway.store.store import Store
from gateway.store.vault import Vault
from tests.gateway.store.support import NOW, number

ANNA, BRUNO, CARLA = (external("desk", name) for name in ("anna", "bruno", "carla"))


def merge(into: Identifier, absorbed: Identifier) -> Merge:
    return Merge(0, NOW, "emma", "the same voice", into, absorbed, into, absorbed)


# ---------------------------------------------------------------- links


async def test_links_come_back_as_they_were_given_in_their_order(store: Store):
    first = await store.links.append(merge(ANNA, BRUNO))
    second = await store.links.append(Cut(0, NOW, "emma", "a shared desk", number(), CARLA, CARLA))
    third = await store.links.append(Undone(0, NOW, "emma", "a mistake", first.id))
    assert first.id < second.id < third.id
    assert msgspec.structs.replace(first, id=0) == merge(ANNA, BRUNO)
    every: list[Link] = [first, second, third]
    assert await store.links.all() == every
    assert await store.links.all(after=first.id) == every[1:]
    assert await store.links.get(second.id) == second
    assert await store.links.get(99) is None
    for identifier in (ANNA, BRUNO):
        assert await store.links.naming([identifier]) == [first, third]
    assert await store.links.naming([number()]) == [second]
    assert await store.links.naming([number(7)]) == []


async def test_a_link_is_in_the_feed_as_soon_as_it_counts(store: Store):
    await store.links.append(merge(ANNA, BRUNO))
    touched = Touched(ChangeKind.IDENTITY, "desk", NOW, "anna")
    await store.links.append(merge(ANNA, CARLA), [touched])
    assert [entry.touched for entry in await store.feed.after(0)] == [Touched(ChangeKind.IDENTITY, "", NOW), touched]


# ---------------------------------------------------------------- ids, tokens, positions


async def test_ids_once_given_are_known_for_ever(store: Store):
    later = NOW + timedelta(days=1)
    await store.handles.remember([number(1)], NOW)
    await store.handles.remember([number(2), number(1), number(2)], later)
    await store.handles.remember([], later)
    found = await store.handles.among([number(2), number(1), number(3)])
    assert [(handle.identifier, handle.at) for handle in found] == [(number(1), NOW), (number(2), later)]


async def test_a_revoked_token_counts_no_more_until_it_would_have_ended(store: Store):
    ends = NOW + timedelta(hours=1)
    for _ in range(2):
        await store.revocations.revoke("t1", ends, NOW)
    assert await store.revocations.is_revoked("t1")
    assert not await store.revocations.is_revoked("t2")
    assert await store.revocations.live(NOW) == {"t1": NOW}
    assert await store.revocations.live(ends) == {}
    await store.purge(ends + timedelta(days=11))
    assert not await store.revocations.is_revoked("t1")


async def test_a_position_is_the_last_one_told(store: Store):
    assert await store.positions.get("desk") is None
    for n in range(3):
        await store.positions.put("desk", HarvestPosition(NOW, b"%d" % n))
    await store.positions.put("desk", HarvestPosition(NOW, b"other"), "contacts")
    assert await store.positions.get("desk") == HarvestPosition(NOW, b"2")
    assert await store.positions.get("desk", "contacts") == HarvestPosition(NOW, b"other")


async def test_the_later_erasure_counts(store: Store):
    later = NOW + timedelta(days=1)
    for at in (NOW, later, NOW):
        await store.tombstones.put([number(1)], at)
    assert await store.tombstones.erased_at([number(1), number(2)]) == {number(1): later}


def test_no_two_identifiers_have_one_digest():
    vault = Vault(bytes(range(32)))
    of_sources = [(value, source) for value in ("a", "b") for source in ("", "s")]
    kinds = [Identifier(kind, value, source=source) for kind in IdentifierKind for value, source in of_sources]
    alike = [external("a", "bc"), external("ab", "c"), phone("+393331112200"), email("a@example.org")]
    every = {one for one in (*kinds, *alike) if one is not None}
    assert len({vault.digest(one) for one in every}) == len({(one.kind, one.value, one.source or "") for one in every})
    assert vault.digest(number()) != Vault(bytes(range(1, 33))).digest(number())


# ---------------------------------------------------------------- audit


async def fill(store: Store, count: int = 40) -> list[AuditEntry]:
    chance = random.Random(1)
    said = [(NOW + timedelta(seconds=n), b"entry %d" % n) for n in range(count)]
    while said:
        batch = [said.pop(0) for _ in range(min(len(said), chance.randint(1, 7)))]
        await store.audit.append(batch)
    return await walked(store)


async def walked(store: Store) -> list[AuditEntry]:
    found: list[AuditEntry] = []
    while some := await store.audit.walk(found[-1] if found else None, 7):
        found += some
    return found


async def test_the_audit_record_is_walked_in_order(store: Store):
    assert await store.audit.last() is None
    assert await store.audit.append([]) is None
    entries = await fill(store)
    assert [(entry.seq, entry.content) for entry in entries] == [(n + 1, b"entry %d" % n) for n in range(40)]
    assert await store.audit.last() == entries[-1]
    assert await store.audit.walk(entries[-1]) == []


async def test_whatever_is_done_to_an_entry_is_found(store: Store):
    entries = await fill(store)
    table = schema.audit

    def spoil(seq: int, column: str) -> object:
        def work(connection: Connection) -> object:
            old = connection.execute(select(table.c[column]).where(table.c.seq == seq)).scalar_one()
            new = old + 1 if isinstance(old, int) else bytes([*old[:-1], old[-1] ^ 1])
            connection.execute(update(table).where(table.c.seq == seq).values({column: new}))
            return old

        return work

    for seq in (1, 20, 40):
        for column in ("at", "payload", "chain"):
            old = await store.database.write(spoil(seq, column))
            with pytest.raises(BrokenChain) as caught:
                await walked(store)
            assert caught.value.seq == seq
            restore = update(table).where(table.c.seq == seq).values({column: old})
            await store.database.write(lambda connection, restore=restore: connection.execute(restore))
    assert await walked(store) == entries
    await store.database.write(lambda connection: connection.execute(delete(table).where(table.c.seq == 20)))
    with pytest.raises(BrokenChain) as caught:
        await walked(store)
    assert caught.value.seq == 20
