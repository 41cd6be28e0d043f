"""After an erasure nothing of a customer is found in any store, log or cache, also when everything is told again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import structlog

from connectors.events import (
    Change,
    DeliveryChanged,
    Event,
    MessageArrived,
    MessageEdited,
    MessageRemoved,
    RowChanged,
    RowRemoved,
)
from connectors.interaction import (
    Channel,
    Comment,
    DeliveryState,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Message,
    MessageParty,
)
from gateway.ingest import worker
from gateway.live import stream
from gateway.privacy.erasure import known_of
from gateway.store import erasing, intake, tombstones
from gateway.store.errors import UnavailableError
from gateway.store.tombstones import put
from tests.gateway.privacy.support import Desk, House, contact, email, house_over, phone
from tests.gateway.privacy.test_identity_edits import ANNA, BRUNO, MERGE, WHO, code, who
from tests.gateway.store.support import drain, read, told
from tests.gateway.support import NOW, begin, row_of

ERASE = """mutation($id: ID!, $reason: String = "request 4711") { eraseCustomer(
  input: {customerId: $id, reason: $reason}) { erasedAt stores { store records } } }"""
NEWS = "subscription($id: ID!) { journeyUpdated(customerId: $id) { __typename } }"
HOUR = timedelta(hours=1)
ANNA_PHONE, ANNA_MAIL = "+393331112201", "anna@example.org"
OTHER_PHONE = "+393331112202"


def trace(n: int) -> str:
    return f"TRACE-{n:03}-of-anna"


def whatsapp(value: str) -> Identifier:
    return Identifier(IdentifierKind.WHATSAPP, value)


def message(n: int, text: str, *, of: str = ANNA_PHONE, name: str | None = None) -> MessageArrived:
    held = tuple(HeldIdentifier(one, verified=True) for one in (whatsapp(of), phone(of)))
    at = NOW - HOUR - timedelta(minutes=n)
    party = MessageParty.CUSTOMER
    return MessageArrived(
        f"wamid.{of}.{n:04}", of[1:], held, Channel.WHATSAPP, Message(at=at, party=party, text=text), "39021", name
    )


def about_anna() -> list[Change]:
    """120 traces in what webhooks tell, and the same by her address and her name."""
    changes: list[Change] = []
    for n in range(40):
        changes.append(message(n, trace(n), name="Anna Verdi"))
        changes.append(MessageEdited(f"wamid.{ANNA_PHONE}.{n:04}", NOW - timedelta(minutes=n), trace(40 + n)))
        changes.append(
            DeliveryChanged(
                f"wamid.{ANNA_PHONE}.{n:04}", DeliveryState.READ, NOW - timedelta(minutes=n), ANNA_PHONE[1:]
            )
        )
    record = contact("whatsapp", ANNA_PHONE[1:], phone(ANNA_PHONE), whatsapp(ANNA_PHONE), name="Anna Verdi")
    for n in range(40):
        row = row_of(
            "whatsapp",
            f"row-{80 + n}",
            NOW - HOUR * (n + 1),
            record_id=record.id,
            channel=Channel.WHATSAPP,
            subject=trace(80 + n),
            comments=(Comment(f"{ANNA_MAIL} {trace(80 + n)}"),),
        )
        changes.append(RowChanged(NOW - HOUR, row, record if n % 2 else None))
    changes.append(MessageRemoved(f"wamid.{ANNA_PHONE}.0007", NOW))
    changes.append(RowRemoved(NOW, "row-83"))
    return changes


def about_bruno() -> list[Change]:
    return [message(n, f"bruno says {n}", of=OTHER_PHONE, name="Bruno Neri") for n in range(10)]


def events(changes: list[Change], mark: str) -> list[Event]:
    return [Event(f"{mark}-{n}", (change,)) for n, change in enumerate(changes)]


async def deliver(house: House, some: list[Event]) -> None:
    for event in some:
        await house.store.inbox.put("whatsapp", told(event, source="whatsapp"))
    await drain(house.store)


def bytes_on_disk(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.glob("journey.db*")))


TRACES = [trace(n).encode() for n in range(200)] + [
    text.encode() for text in (ANNA_PHONE, ANNA_PHONE[1:], ANNA_MAIL, "Anna Verdi", "%2B393331112201")
]


def found_in(content: bytes) -> list[bytes]:
    return [one for one in TRACES if one in content]


def in_memory(house: House) -> bytes:
    """Everything that a process keeps of customers between requests, spelt out."""
    gateway = house.gateway
    assert gateway.cache is not None and gateway.following is not None
    kept: list[Any] = [gateway.cache.store._cache, gateway.cache._weights, gateway.following.known]  # type: ignore[attr-defined]
    kept += [(judge._remembered_identifiers, judge._remembered_wholes) for judge in gateway.judges.values()]
    kept += [(watch._told, watch.known, watch._places) for watch, _ in house.hub._watches.values()]
    kept += [list(documents._known) for documents in house.documents]
    return repr(kept).encode()


@pytest.fixture
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    lines: list[MutableMapping[str, Any]] = []

    def keep(_: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        lines.append(event)
        raise structlog.DropEvent

    structlog.configure(processors=[keep])
    yield lines
    structlog.reset_defaults()


@pytest.fixture
async def house(tmp_path: Path, logged: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Anna and Bruno call, and write; both also call from one office."""
    monkeypatch.setattr(stream, "RIGHTS_SECONDS", 0.05)
    monkeypatch.setattr(worker, "read_with", lambda ways, source, delivery: read(source, delivery))
    desk_number = phone("+390212340000")
    calls = Desk(
        "calls",
        [
            row_of("calls", f"call-{n}", NOW - HOUR * n, record_id="anna", comments=(Comment(trace(120 + n)),))
            for n in range(1, 40)
        ]
        + [row_of("calls", "call-b", NOW - HOUR, record_id="bruno")],
        records=[
            contact("calls", "anna", phone(ANNA_PHONE), email(ANNA_MAIL), desk_number, name="Anna Verdi"),
            contact("calls", "bruno", phone(OTHER_PHONE), email("bruno@example.org"), desk_number, name="Bruno Neri"),
        ],
    )
    async with house_over(calls, Desk("whatsapp", records=[]), folder=tmp_path) as running:
        yield running


async def plant(house: House) -> str:
    """In the journal, among what nobody understood, in links and ids, in caches, documents and streams; her id."""
    await deliver(house, events([*about_anna(), *about_bruno()], "first"))
    for n in range(160, 200):
        body = f'{{"from": "{ANNA_PHONE[1:]}", "text": "{trace(n)}", "name": "Anna Verdi"}}'
        delivery = told(source="whatsapp")
        delivery = type(delivery)(delivery.method, delivery.url, {"x-for": ANNA_MAIL}, body.encode(), NOW)
        await house.store.inbox.put("whatsapp", delivery)
    other = told(source="whatsapp")
    await house.store.inbox.put("whatsapp", type(other)(other.method, other.url, {}, b"nothing of anybody", NOW))
    await drain(house.store)
    anna = await who(house, ANNA)
    await house.ask(f'{{ customers(search: "{ANNA_MAIL}") {{ nodes {{ id }} }} }}')
    await house.ask(f'{{ singleCustomerView(by: {{phone: "{ANNA_PHONE}"}}) {{ customer {{ id displayName }} }} }}')
    await house.recorded()
    return str(anna["id"])


async def erased(house: House, id_: str) -> dict[str, int]:
    answer = await house.ask(ERASE, id=id_)
    assert "errors" not in answer, answer
    return {one["store"]: one["records"] for one in answer["data"]["eraseCustomer"]["stores"]}


async def test_nothing_of_200_traces_is_left_also_after_everything_is_told_again(
    house: House, logged: list[MutableMapping[str, Any]]
) -> None:
    id_ = await plant(house)
    before = found_in(bytes_on_disk(house.folder))
    assert len(before) > 150, len(before)
    assert len(found_in(in_memory(house))) > 30
    bruno = await house.store.export(await bruno_known(house))
    gone = await erased(house, id_)
    assert gone == {
        "contacts": 1,
        "journal": gone["journal"],
        "quarantine": 40,
        "links": 0,
        "ids": 1,
        "cache": gone["cache"],
        "streams": 0,
    }
    assert gone["journal"] >= 79 and gone["cache"] >= 2
    assert found_in(bytes_on_disk(house.folder)) == []
    assert found_in(in_memory(house)) == []
    late = about_anna()
    for mark, seed in (("first", 1), ("again", 2), ("again", 3)):
        shuffled = events(late, mark)
        Random(seed).shuffle(shuffled)
        await deliver(house, shuffled)
        await house.store.scrub()
        assert found_in(bytes_on_disk(house.folder)) == []
    assert found_in(repr(logged).encode()) == []
    assert await house.store.export(await bruno_known(house)) == bruno
    assert len(bruno["journal"]) == 10


async def bruno_known(house: House) -> Any:
    return await known_of(begin(house.gateway), house.store, phone(OTHER_PHONE))


async def test_who_writes_again_is_somebody_new(house: House) -> None:
    await erased(house, await plant(house))
    later = message(0, "hello again")
    later = type(later)(
        "wamid.new", later.record_id, later.identifiers, later.channel,
        Message(at=NOW + HOUR, party=MessageParty.CUSTOMER, text="hello again"), later.line,
    )  # fmt: skip
    await deliver(house, events([later], "new"))
    known = await known_of(begin(house.gateway), house.store, phone(ANNA_PHONE))
    assert [one["messageId"] for one in (await house.store.export(known))["journal"]] == ["wamid.new"]


async def test_links_and_ids_go_with_them(house: House) -> None:
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
    assert house.gateway.identity().links
    gone = await erased(house, anna["id"])
    assert gone["links"] == 1 and gone["ids"] >= 2
    assert not house.gateway.identity().links and await house.store.links.all() == []


async def test_what_is_shared_with_others_stays_theirs(house: House) -> None:
    await erased(house, await plant(house))
    desk = phone("+390212340000")
    assert await house.store.tombstones.erased_at([desk, phone(OTHER_PHONE)]) == {}
    assert list(await house.store.tombstones.erased_at([phone(ANNA_PHONE)])) == [phone(ANNA_PHONE)]


async def test_streams_keep_nothing_and_begin_anew(house: House) -> None:
    id_ = await plant(house)
    asked = {"query": NEWS, "variables": {"id": id_}}
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {house.token()}"}
    heard: list[str] = []

    async def listen() -> None:
        async with house.client.stream("POST", "/graphql", json=asked, headers=headers) as answer:
            async for line in answer.aiter_lines():
                heard.append(line)

    # an ASGI transport gives a stream only once it has ended: the watch itself is looked at
    listening = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        while not (watches := list(house.hub._watches.values())) or watches[0][0].known is None:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    watch = watches[0][0]
    gone = await erased(house, id_)
    assert gone["streams"] > 0
    async with asyncio.timeout(10):
        while not watch._told:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert [type(one.update).__name__ for one in watch._told] == ["Reset"]
    listening.cancel()


@pytest.mark.parametrize("roles", [["reader"], ["editor"], ["host"]])
async def test_nobody_without_the_right_erases(house: House, roles: list[str]) -> None:
    id_ = await plant(house)
    answer = await house.ask(ERASE, house.token("olga", roles=roles, divisions=["home", "north"]), id=id_)
    assert (answer["data"], code(answer)) == ({"eraseCustomer": None}, "FORBIDDEN")


async def test_who_answers_for_privacy_need_not_see_them(house: House) -> None:
    id_ = await plant(house)
    officer = house.token("paula", roles=["privacy_officer"], kind="SERVICE")
    assert code(await house.ask(WHO, officer, by=ANNA)) == "FORBIDDEN"
    answer = await house.ask(ERASE, officer, id=id_)
    assert answer["data"]["eraseCustomer"]["erasedAt"] == NOW.isoformat().replace("+00:00", "Z")
    again = await house.ask(ERASE, officer, id=id_)
    left = {one["store"]: one["records"] for one in again["data"]["eraseCustomer"]["stores"] if one["records"]}
    assert set(left) <= {"cache"}  # what was asked to find out who it is


async def test_an_erasure_is_on_record_before_it_is_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = await plant(house)

    async def away(*_: Any) -> None:
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(house.store.audit, "append", away)
        assert code(await house.ask(ERASE, id=id_)) == "INTERNAL"
    assert found_in(bytes_on_disk(house.folder))
    await erased(house, id_)
    made = [entry for entry in await house.recorded() if entry.operation == "eraseCustomer"]
    assert [(entry.subject, entry.reason) for entry in made] == [("emma", "request 4711")]


async def test_an_id_that_is_none_is_refused(house: House) -> None:
    for id_ in ("nonsense", house.gateway.ids.interaction("calls", "call-1")):
        assert code(await house.ask(ERASE, id=id_)) == "BAD_USER_INPUT"
    assert code(await house.ask(ERASE, id=await plant(house), reason=" ")) == "BAD_USER_INPUT"


@pytest.mark.parametrize("broken", ["tombstones", "edits", "quarantine", "overwriting", "caches", "documents"])
async def test_a_planted_leak_is_noticed(house: House, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search for traces is trusted only because it was seen to find some."""
    id_ = await plant(house)
    match broken:
        case "tombstones":
            monkeypatch.setattr(tombstones, "covers", lambda *_: False)
        case "edits":
            monkeypatch.setattr(intake, "_told_id", lambda change: "")
            monkeypatch.setattr(erasing, "tombstones", NoTombstones())
        case "quarantine":
            monkeypatch.setattr(erasing, "mentions", lambda *_: False)
        case "overwriting":
            monkeypatch.setattr(house.store.database, "scrub", nothing)
        case "caches":
            assert house.gateway.cache is not None
            house.gateway.memories.learned.clear()
            monkeypatch.setattr(type(house.gateway.cache), "forget", nothing)
        case "documents":
            house.gateway.memories.whole.clear()
    if broken == "caches":
        assert "errors" not in await house.ask(ERASE, id=id_)
    else:
        await erased(house, id_)
    await deliver(house, events(about_anna(), "again"))
    kept = bytes_on_disk(house.folder) if broken == "overwriting" else b""
    await house.store.scrub()
    assert found_in(kept + bytes_on_disk(house.folder) + in_memory(house))


async def nothing(*_: Any) -> int:
    return 0


class NoTombstones:
    """Of messages and rows; those of people are put."""

    FOREVER = tombstones.FOREVER
    put = staticmethod(
        lambda connection, digests, at: None if at == tombstones.FOREVER else put(connection, digests, at)
    )
    of_told = staticmethod(tombstones.of_told)
