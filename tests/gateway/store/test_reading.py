"""The journal read page by page says what folding everything at once says, at the same cost at any depth."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import msgspec
import pytest
from sqlalchemy import Connection, insert, text

from connectors.base import Continuation, Position, SourceConfig, Window
from connectors.deadline import Deadline
from connectors.errors import UnavailableError as SourceUnavailableError
from connectors.events import MessageArrived, RowChanged
from connectors.identifiers import external, phone
from connectors.interaction import (
    Agent,
    ConversationDetails,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    Message,
    MessageParty,
    Record,
)
from connectors.whatsapp.folding import TextMessage, fold
from connectors.whatsapp.whatsapp_cloud import WhatsAppCloud
from gateway.store import schema
from gateway.store.connector import JournalConnector, KeptMessages, MessagesConnector
from gateway.store.errors import UnavailableError
from gateway.store.messages import COMPANY, CUSTOMER
from gateway.store.store import Store
from gateway.store.times import instant, micros
from tests.gateway.store.support import NOW, SOURCE, event, message, number, take
from tests.gateway.support import record_of, row_of

WHO = "393331112200"


@pytest.fixture
async def connector(store: Store) -> AsyncIterator[JournalConnector]:
    made = connector_over(store)
    yield made
    await made.aclose()


def connector_over(store: Store) -> JournalConnector:
    def vendor(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"error": {"code": 100}})

    transport = httpx.MockTransport(vendor)
    config = SourceConfig(SOURCE, "", {"access_token": "invented"}, {"phone_number_id": "1234567890"}, region="IT")
    return MessagesConnector(WhatsAppCloud(config, transport, lambda: NOW, KeptMessages(store)), store, transport)


def random_story(chance: random.Random) -> list[MessageArrived]:
    """Many ties, gaps of about a day, two lines."""
    hours, told = 0.0, []
    for n in range(80):
        hours += chance.choice((0, 0, 0.5, 3, 23.999, 24, 24.001, 60))
        told.append(message(f"m{chance.random():.9f}-{n}", hours, ours=chance.random() < 0.5, line=chance.choice("ab")))
    return told


def folded(told: list[MessageArrived]) -> list[tuple[datetime, str, list[str]]]:
    """When each conversation began, its id, its messages; the newest first."""
    texts = [
        TextMessage(one.id, one.message.at, one.record_id, one.channel, one.line, one.message.party) for one in told
    ]
    found = [(thread[0].at, thread[0].id, [m.id for m in thread]) for thread in fold(texts)]
    found.sort(key=lambda one: one[1])
    return sorted(found, key=lambda one: one[0], reverse=True)


def said(row: Interaction) -> tuple[datetime, str, list[str]]:
    assert isinstance(row.details, ConversationDetails)
    return row.started_at, row.external_id, [str(one.text).removeprefix("text of ") for one in row.details.messages]


async def walk(connector: JournalConnector, record: Record, limit: int, **asked: Any) -> list[Interaction]:
    """All pages of a read."""
    rows: list[Interaction] = []
    after: Continuation | None = None
    window = asked.pop("window", Window())
    position = asked.pop("position", None)
    while True:
        page = await connector.interactions([record], window, position, limit, Deadline.after(20), after=after, **asked)
        rows += page.items
        assert page.foreign == page.dropped == 0
        after = page.next
        if after is None:
            return rows


@pytest.mark.parametrize("seed", range(4))
async def test_pages_say_what_folding_everything_says(store: Store, connector: JournalConnector, seed: int):
    chance = random.Random(seed)
    told = random_story(chance)
    await take(store, *(event(one) for one in told))
    expected = folded(told)
    (record,) = await connector.find([number()], Deadline.after(5))
    for limit in (1, 3, 50):
        assert [said(row) for row in await walk(connector, record, limit)] == expected
        assert [said(row) for row in await walk(connector, record, limit, ascending=True)] == expected[::-1]
    for _ in range(6):
        begin, end = sorted(chance.choice(told).message.at for _ in range(2))
        inside = [one for one in expected if begin <= one[0] < end]
        asked = {"window": Window(begin, end), "ascending": False}
        assert [said(row) for row in await walk(connector, record, 4, **asked)] == inside
        place = chance.randrange(len(expected))
        position = Position(expected[place][0], SOURCE, expected[place][1])
        behind = await walk(connector, record, 4, position=position)
        assert [said(row) for row in behind] == expected[place + 1 :]
        in_front = await walk(connector, record, 4, position=position, ascending=True)
        assert [said(row) for row in in_front] == expected[:place][::-1]
    for at, id_, ids in expected:
        row = await connector.get(id_, Deadline.after(5))
        assert row is not None
        assert said(row) == (at, id_, ids)
        if len(ids) > 1:
            assert await connector.get(ids[1], Deadline.after(5)) is None


async def test_rows_told_whole_and_conversations_are_one_journey(store: Store, connector: JournalConnector):
    calls = [row_of(SOURCE, f"call-{n}", message("", n * 30).message.at, record_id=WHO) for n in range(10)]
    await take(store, *(event(RowChanged(NOW, call)) for call in calls))
    await take(store, *(event(message(f"m{n}", n * 50)) for n in range(6)))
    (record,) = await connector.find([number()], Deadline.after(5))
    rows = await walk(connector, record, 3)
    assert len(rows) == 16
    assert all(a.started_at > b.started_at or a.external_id < b.external_id for a, b in pairwise(rows))
    assert rows == (await walk(connector, record, 3, ascending=True))[::-1]


# ---------------------------------------------------------------- who


async def test_people_are_found_by_all_that_they_are_known_by(store: Store, connector: JournalConnector):
    user_id = Identifier(IdentifierKind.WHATSAPP, "IT.1502")
    held = (HeldIdentifier(number(), True), HeldIdentifier(user_id, True))
    await take(store, event(message("m1", name="Anna Verdi")), event(message("m2", who=1, name="Bruno")))
    await take(store, event(MessageArrived("m3", WHO, held, *_rest(message("m3", 1)))))
    for identifier in (number(), user_id, external(SOURCE, WHO)):
        (record,) = await connector.find([identifier], Deadline.after(5))
        assert (record.id, record.name) == (WHO, "Anna Verdi")
    assert await connector.find([number(5)], Deadline.after(5)) == []
    both = await connector.find([number(0), number(1)], Deadline.after(5))
    assert [record.name for record in both] == ["Anna Verdi", "Bruno"]


def _rest(told: MessageArrived) -> tuple[Any, ...]:
    return told.channel, told.message, told.line, told.name


async def test_a_number_is_found_in_the_spelling_that_whatsapp_has_not(store: Store, connector: JournalConnector):
    """Argentina: +54 9 11 … in WhatsApp, +54 11 … elsewhere."""
    known = Identifier(IdentifierKind.WHATSAPP, "+5491123456789")
    await take(store, event(MessageArrived("m1", known.value, (HeldIdentifier(known, True),), *_rest(message("m1")))))
    asked = phone("+541123456789")
    assert asked is not None
    (record,) = await connector.find([Identifier(IdentifierKind.WHATSAPP, asked.value)], Deadline.after(5))
    assert record.id == known.value


async def test_a_switchboard_brings_enough_to_be_known_as_one(store: Store, connector: JournalConnector):
    shared = Identifier(IdentifierKind.PHONE, "+390212345678")
    for n in range(8):
        await take(
            store, event(MessageArrived(f"m{n}", f"r{n}", (HeldIdentifier(shared, True),), *_rest(message("m"))))
        )
    assert len(await connector.find([shared], Deadline.after(5))) == 8


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ("anna", ["anna", "anna-maria"]),
        ("ANNA ver", ["anna"]),
        ("verdi anna", ["anna"]),
        ("maria", ["anna-maria"]),
        ("josé", ["jose"]),
        ("jose", ["jose"]),
        ("nna", []),
        ("anna rossi", []),
        ("112201", ["anna"]),
        ("+393331112202", ["jose"]),
        ("3933311122", ["anna", "jose"]),
        ("a", []),
        ("  ", []),
        ("%", []),
    ],
)
async def test_people_are_searched_by_beginnings(store: Store, connector: JournalConnector, words: str, ids: list[str]):
    people = {"anna": ("Anna Verdi", 1), "anna-maria": ("Anna-Maria Bianchi", None), "jose": ("José Núñez", 2)}
    for id_, (name, n) in people.items():
        held = () if n is None else (HeldIdentifier(number(n), True),)
        await take(store, event(MessageArrived(f"m-{id_}", id_, held, *_rest(message("m", name=name)))))
    assert [record.id for record in await connector.search(words, 10, Deadline.after(5))] == ids


async def test_the_last_name_told_stands_and_can_be_searched(store: Store, connector: JournalConnector):
    await take(store, event(message("m2", 2, name="Anna Verdi")), event(message("m1", 1, name="Old Name")))
    assert [r.name for r in await connector.search("verdi", 5, Deadline.after(5))] == ["Anna Verdi"]
    assert await connector.search("old", 5, Deadline.after(5)) == []


async def test_who_wrote_for_the_company_is_kept(store: Store, connector: JournalConnector):
    told = message("m1", ours=True)
    by = msgspec.structs.replace(told, message=msgspec.structs.replace(told.message, agent=Agent("a1", "Emma")))
    await take(store, event(message("m0")), event(by))
    row = await connector.get("m0", Deadline.after(5))
    assert row is not None
    assert isinstance(row.details, ConversationDetails)
    assert row.details.messages[1].agent == Agent("a1", "Emma")
    assert row.address is not None
    assert row.address.value == number().value


async def test_a_store_that_cannot_be_read_is_a_source_that_is_unavailable(
    store: Store, connector: JournalConnector, monkeypatch: pytest.MonkeyPatch
):
    async def failing(*_: object) -> None:
        raise UnavailableError

    monkeypatch.setattr(store.database, "read", failing)
    deadline = Deadline.after(5)
    for asked in (
        connector.find([number()], deadline),
        connector.get("m1", deadline),
        connector.search("anna", 5, deadline),
        connector.interactions([record_of(SOURCE)], Window(), None, 5, deadline),
    ):
        with pytest.raises(SourceUnavailableError):
            await asked


# ---------------------------------------------------------------- depth


def _filled(store: Store, conversations: int) -> Any:
    """Five messages each, one conversation every two days."""
    first = micros(NOW - timedelta(days=2 * conversations))

    def row(n: int, k: int) -> dict[str, Any]:
        at, id_ = first + (n * 172_800 + k * 60) * 1_000_000, f"deep-{n:07}-{k}"
        party = MessageParty.AGENT if k % 2 else MessageParty.CUSTOMER
        return {
            "source": SOURCE,
            "message_id": id_,
            "record_id": "deep",
            "channel": "WHATSAPP",
            "line": "a",
            "at": at,
            "side": COMPANY if k % 2 else CUSTOMER,
            "payload": store.vault.pack(Message(at=instant(at), party=party, text=id_), "message", SOURCE, id_),
        }

    def work(connection: Connection) -> None:
        connection.execute(insert(schema.messages), [row(n, k) for n in range(conversations) for k in range(5)])
        connection.execute(text("ANALYZE"))

    return work


async def test_a_page_costs_the_same_at_any_depth(store: Store):
    conversations = 6_000
    await store.database.write(_filled(store, conversations))
    where = [NOW - timedelta(days=2 * behind) for behind in (0, conversations // 2, conversations - 60)]
    seconds: dict[tuple[int, bool], float] = {}
    for depth, end in enumerate(where):
        for ascending in (False, True):
            window = Window(end - timedelta(days=100)) if ascending else Window(None, end)
            best = 9.0
            for _ in range(5):
                began = time.perf_counter()
                rows, _ = await store.journal.page(SOURCE, ["deep"], window, 20, NOW, ascending=ascending)
                best = min(best, time.perf_counter() - began)
                assert len(rows) == 20
            seconds[depth, ascending] = best
    fastest = min(seconds.values())
    assert max(seconds.values()) < 4 * fastest + 0.01, seconds
