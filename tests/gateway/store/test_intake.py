"""Whatever the order and however often it is told: the same journal."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, select

from connectors.errors import MalformedError
from connectors.events import (
    Change,
    Delivery,
    DeliveryChanged,
    Event,
    Hint,
    MessageEdited,
    MessageRemoved,
    PartlyMalformedError,
    RowChanged,
    RowRemoved,
)
from connectors.identifiers import email, external
from connectors.interaction import ConversationDetails, DeliveryState, Interaction, MessageParty
from connectors.questions import Window
from gateway.store import schema
from gateway.store.feed import ChangeKind
from gateway.store.inbox import State
from gateway.store.intake import MAX_ATTEMPTS
from gateway.store.store import Store
from tests.gateway.store.support import NOW, SOURCE, drain, event, message, number, read, take, told
from tests.gateway.support import record_of, row_of

KEPT = (
    schema.records,
    schema.identifiers,
    schema.search_terms,
    schema.interactions,
    schema.messages,
    schema.deliveries,
    schema.edits,
)


async def state_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """All that was told, in every table. Of records the time of the last telling is left out: it is not shown."""

    def shown(table: Table) -> list[Any]:
        return [column for column in table.c if (table.name, column.name) != ("records", "at")]

    def work(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
        return {table.name: sorted(map(tuple, connection.execute(select(*shown(table)))), key=repr) for table in KEPT}

    return await store.database.read(work)


async def empty(store: Store) -> None:
    def work(connection: Connection) -> None:
        for table in schema.metadata.sorted_tables:
            connection.execute(delete(table))

    await store.database.write(work)


async def conversations(store: Store, who: int = 0, **asked: Any) -> list[Interaction]:
    rows, _ = await store.journal.page(SOURCE, [f"3933311122{who:02}"], Window(), 100, NOW, **asked)
    return rows


def texts(row: Interaction) -> list[str | None]:
    assert isinstance(row.details, ConversationDetails)
    return [one.text for one in row.details.messages]


def row_changed(id_: str, minutes: int, **fields: Any) -> RowChanged:
    return RowChanged(NOW + timedelta(minutes=minutes), row_of(SOURCE, id_, **fields), record_of(SOURCE))


def story() -> list[Event]:
    """A week of one customer: rows that change, messages answered, delivered, edited and taken back."""
    changes: list[Change] = []
    for n in range(40):
        changes.append(message(f"m{n}", hours=n * 7 % 160 * 5, ours=n % 3 == 0, name=f"Anna {n % 4}"))
        for state in (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)[: n % 4]:
            changes.append(DeliveryChanged(f"m{n}", state, NOW + timedelta(seconds=n), "393331112200", "our-line"))
        if n % 5 == 0:
            changes += [MessageEdited(f"m{n}", NOW + timedelta(seconds=k), f"edit {k}") for k in range(2)]
        if n % 11 == 0:
            changes.append(MessageRemoved(f"m{n}", NOW))
    for n in range(12):
        changes += [row_changed(f"r{n}", minutes, subject=f"as of {minutes}") for minutes in range(3)]
        if n % 4 == 0:
            changes.append(RowRemoved(NOW + timedelta(minutes=5), f"r{n}"))
    return [event(change) for change in changes]


async def test_each_event_five_times_in_any_order_has_one_effect(store: Store):
    events = story()
    for one in events:
        await take(store, one)
    expected = await state_of(store)
    shown = await conversations(store)
    assert len(shown) > 1
    for seed in range(3):
        await empty(store)
        chance = random.Random(seed)
        shuffled = [one for one in events for _ in range(5)]
        chance.shuffle(shuffled)
        while shuffled:
            batch = [shuffled.pop() for _ in range(min(len(shuffled), chance.randint(1, 9)))]
            await store.inbox.put(SOURCE, told(*batch))
        await drain(store)
        assert await state_of(store) == expected
        assert await conversations(store) == shown
        assert (await store.inbox.count()).get(State.POISON) is None


STORIES: dict[str, Sequence[Change]] = {
    "statuses before the message": [
        message("m1", 1, ours=True),
        DeliveryChanged("m1", DeliveryState.SENT, NOW, "393331112200", "our-line"),
        DeliveryChanged("m1", DeliveryState.READ, NOW + timedelta(minutes=2), "393331112200", "our-line"),
        DeliveryChanged("m1", DeliveryState.FAILED, NOW + timedelta(minutes=3), "393331112200", "our-line"),
        MessageEdited("m1", NOW, "edited"),
    ],
    "messages that bridge two conversations": [
        message("m1", 0),
        message("m2", 20, ours=True),
        message("m3", 40),
        message("m4", 60),
        message("m5", 90),
    ],
    "a row that is removed and comes back": [
        row_changed("r", 0, subject="first"),
        row_changed("r", 1, subject="second"),
        RowRemoved(NOW + timedelta(minutes=2), "r"),
        row_changed("r", 3, subject="third"),
        row_changed("r", 3, subject="third, said otherwise"),
    ],
    "taken back": [
        message("m1", 1),
        MessageEdited("m1", NOW + timedelta(hours=1), "edited"),
        MessageRemoved("m1", NOW),
        message("m2", 2),
    ],
}


@pytest.mark.parametrize("name", STORIES)
async def test_every_order_gives_the_same(store: Store, name: str):
    outcomes = []
    for order in permutations(STORIES[name]):
        await empty(store)
        await take(store, *(event(change) for change in order))
        outcomes.append((await state_of(store), await conversations(store)))
    assert all(outcome == outcomes[0] for outcome in outcomes)


async def test_the_feed_tells_which_conversations_there_are(store: Store):
    """Following the feed alone gives the conversations that reading gives, also when a late message joins two."""
    for seed in range(6):
        await empty(store)
        chance = random.Random(seed)
        changes = [message(f"m{n}", chance.choice(range(0, 400, 5)), ours=bool(n % 2)) for n in range(25)]
        changes += [  # known at first by what became of it
            DeliveryChanged(
                f"s{n}", state, message("", chance.choice(range(400))).message.at, "393331112200", "our-line"
            )
            for n in range(8)
            for state in (DeliveryState.SENT, DeliveryState.READ)
        ]
        chance.shuffle(changes)
        present: set[str | None] = set()
        seen = 0
        for change in changes:
            await take(store, event(change))
            for entry in await store.feed.after(seen):
                seen = entry.seq
                if entry.touched.kind is ChangeKind.ROW:
                    present.add(entry.touched.external_id)
                else:
                    present.discard(entry.touched.external_id)
            assert present == {row.external_id for row in await conversations(store)}, seed


async def test_a_message_of_which_only_the_delivery_is_told_is_there(store: Store):
    await take(store, event(DeliveryChanged("m1", DeliveryState.READ, NOW, "393331112200", "our-line")))
    (row,) = await conversations(store)
    assert isinstance(row.details, ConversationDetails)
    (only,) = row.details.messages
    assert (only.party, only.text, only.delivery) == (MessageParty.SYSTEM, None, DeliveryState.READ)


async def test_edits_and_removals_are_shown(store: Store):
    await take(store, event(message("m1", 0)), event(message("m2", 1)), event(message("m3", 2)))
    await take(store, event(MessageEdited("m1", NOW, "better")), event(MessageRemoved("m2", NOW)))
    (row,) = await conversations(store)
    assert texts(row) == ["better", None, "text of m3"]


async def test_a_row_that_moves_to_another_record_is_gone_from_the_first(store: Store):
    await take(store, event(row_changed("r", 0)), event(row_changed("r", 1, record_id="bruno")))
    touched = [entry.touched for entry in await store.feed.after(0)]
    found = [(one.kind, one.record_id) for one in touched if one.kind is not ChangeKind.IDENTITY]
    assert found == [(ChangeKind.ROW, "anna"), (ChangeKind.ROW, "bruno"), (ChangeKind.REMOVED, "anna")]


async def test_hints_are_told_by_what_they_name(store: Store):
    address = email("anna@example.org")
    assert address is not None
    await store.inbox.put(SOURCE, told(event(Hint(NOW, ("r1",), (address,), ("t1",)), Hint(NOW))))
    done = await store.intake.process(read, NOW)
    assert done.identifiers == (address,)
    found = [e.touched for e in await store.feed.after(0)]
    assert {one.kind for one in found} == {ChangeKind.HINT}
    assert [(one.record_id, one.external_id, one.digest) for one in found] == [
        ("r1", None, None),
        (None, "t1", None),
        (None, None, store.vault.digest(address)),
        (None, None, None),
    ]


# ---------------------------------------------------------------- what cannot be read


async def test_what_makes_no_sense_is_set_aside_and_the_rest_flows(store: Store):
    bad = Delivery("POST", "https://gateway.example.org/ingest/whatsapp", {}, b"\xc1", NOW)
    for n in range(60):
        await store.inbox.put(SOURCE, bad if n % 20 == 0 else told(event(message(f"m{n}", n / 10))))
    await drain(store)
    assert await store.inbox.count() == {State.DONE: 57, State.POISON: 3}
    assert [one.reason for one in await store.inbox.listed()] == ["it makes no sense"] * 3

    def wiser(source: str, delivery: Delivery) -> list[Event]:
        return [event(message("late", 3))] if delivery.body == b"\xc1" else read(source, delivery)

    assert await store.inbox.replay(NOW) == 3
    while (await store.intake.process(wiser, NOW)).taken:
        pass
    assert await store.inbox.count() == {State.DONE: 60}


async def test_of_a_batch_the_sensible_part_counts_and_the_whole_is_kept(store: Store):
    def half(source: str, delivery: Delivery) -> list[Event]:
        raise PartlyMalformedError(source, "one of two makes no sense", read(source, delivery))

    await store.inbox.put(SOURCE, told(event(message("m1"))))
    done = await store.intake.process(half, NOW)
    assert (done.events, done.poisoned) == (1, ((SOURCE, "one of two makes no sense"),))
    assert len(await conversations(store)) == 1
    await store.inbox.replay(NOW)
    await drain(store)
    assert await store.inbox.count() == {State.DONE: 1}
    rows = [e for e in await store.feed.after(0) if e.touched.kind is ChangeKind.ROW]
    assert len(rows) == 1


async def test_what_fails_otherwise_is_tried_again_later_each_time(store: Store):
    calls = 0

    def failing(source: str, delivery: Delivery) -> list[Event]:
        nonlocal calls
        calls += 1
        raise RuntimeError("a bug")

    await store.inbox.put(SOURCE, told(event(message("m1"))))
    now, waits = NOW, []
    for _ in range(MAX_ATTEMPTS):
        done = await store.intake.process(failing, now)
        due = await store.intake.next_due()
        if due is not None:
            waits.append((due - now).total_seconds())
            assert (await store.intake.process(failing, now)).taken == 0
            now = due
    assert calls == MAX_ATTEMPTS
    assert waits == [1, 4, 16, 64]
    assert done.poisoned == ((SOURCE, "RuntimeError"),)
    assert [one.state for one in await store.inbox.listed()] == [State.POISON]


async def test_nothing_of_a_delivery_counts_when_its_end_fails(store: Store, monkeypatch: pytest.MonkeyPatch):
    good = [event(message("m1", 0)), event(row_changed("r", 0))]
    await store.inbox.put(SOURCE, told(*good, event(message("\0", 1), id="x" * 3)))
    real = schema.messages

    def explode(*_: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patched:
        patched.setattr("gateway.store.messages.start_of", explode)
        await store.intake.process(read, NOW)
    assert all(not rows for rows in (await state_of(store)).values())
    assert await store.feed.after(0) == []
    assert real is schema.messages


async def test_a_source_that_is_not_configured_any_more_keeps_its_deliveries(store: Store):
    def unknown(source: str, delivery: Delivery) -> list[Event]:
        raise KeyError(source)

    await store.inbox.put(SOURCE, told(event(message("m1"))))
    await store.intake.process(unknown, NOW)
    assert [one.reason for one in await store.inbox.listed()] == ["its source has no webhook any more"]


# ---------------------------------------------------------------- time


async def test_an_event_counts_once_for_at_least_eight_days(store: Store):
    first = told(event(row_changed("r", 0, subject="first"), id="same"))
    again = event(row_changed("r", 60, subject="again"), id="same")
    await store.inbox.put(SOURCE, first)
    await drain(store)
    for later in (timedelta(seconds=1), timedelta(minutes=6), timedelta(days=8)):
        await store.purge(NOW + later)
        await take(store, again, now=NOW + later)
    row = await store.journal.get(SOURCE, "r", NOW)
    assert row is not None
    assert row.subject == "first"
    await store.purge(NOW + timedelta(days=30))
    assert await store.inbox.count() == {}
    assert len(await store.feed.after(0)) == 1, "the last number is kept"


async def test_the_erased_do_not_come_back_with_late_webhooks(store: Store):
    late = [
        event(message("m1", 1)),
        event(DeliveryChanged("m2", DeliveryState.READ, NOW - timedelta(days=1), "393331112200", "our-line")),
        event(row_changed("r", 0)),
    ]
    await store.tombstones.put([number(0), external(SOURCE, "393331112200"), external(SOURCE, "anna")], NOW)
    await take(store, *late)
    assert all(not rows for rows in (await state_of(store)).values())
    await take(store, event(message("m9", 24 * 330)))  # they write again, after that
    assert [row.external_id for row in await conversations(store)] == ["m9"]


async def test_a_forgotten_record_leaves_nothing(store: Store):
    await take(store, *story(), event(message("other", 1, who=1)))
    for record_id in ("393331112200", "anna"):
        assert await store.forget_record(SOURCE, record_id) > 0
    left = await state_of(store)
    assert {name: len(rows) for name, rows in left.items() if name not in ("identifiers", "search_terms")} == {
        "records": 1,
        "interactions": 3,  # what is known to be removed names nobody
        "messages": 1,
        "deliveries": 0,
        "edits": 0,
    }
    assert {e.touched.record_id for e in await store.feed.after(0)} == {None, "393331112201"}


async def test_a_malformed_delivery_names_nobody_in_its_error():
    with pytest.raises(MalformedError) as caught:
        read(SOURCE, Delivery("POST", "", {}, b"\xc1anna", NOW))
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_the_last_name_stands_whatever_the_order(store: Store, order: tuple[int, ...]):
    """Also the one that was given before, and is given again."""
    told_by_time = [message(f"m{n}", n, name=name) for n, name in enumerate(("Anna", "Bianca", "Anna"))]
    for n in order:
        await take(store, event(told_by_time[n]))
    (record,) = await store.records.find(SOURCE, [number()])
    assert record.name == "Anna"
    assert [one.id for one in await store.records.search(SOURCE, "anna", 5)] == [record.id]
    assert await store.records.search(SOURCE, "bianca", 5) == []
