"""Reading changes: what the base class makes sure of, and pages that shift while they are read."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.base import (
    EARLIEST,
    LATE,
    Capabilities,
    Changed,
    Fetched,
    Place,
    Query,
    SourceConfig,
    VendorConnector,
)
from connectors.changes import follow
from connectors.deadline import Deadline
from connectors.errors import MalformedError
from connectors.http import Auth
from connectors.identifiers import external
from connectors.interaction import (
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Outcome,
    OutcomeKind,
    Record,
    SourceKind,
)
from connectors.rules import RowRules
from connectors.testing.changes import owners_of, read_changes, rows_of
from connectors.ticketing.zendesk import Zendesk
from tests.connectors.support import NOW, connect, router, soon

BEGIN = NOW - timedelta(days=100)
SECOND = timedelta(seconds=1)


def row(external_id: str, changed_at: datetime = BEGIN, **fields: Any) -> Interaction:
    fields.setdefault("source", "desk")
    fields.setdefault("record_id", "anna")
    return Interaction(
        external_id=external_id,
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=min(changed_at, BEGIN),
        last_activity_at=changed_at,
        status=InteractionStatus.COMPLETED,
        **fields,
    )


def person(id_: str, source: str = "desk") -> Record:
    return Record(source=source, id=id_, identifiers=(HeldIdentifier(external(source, id_), True),))


class Desk(VendorConnector):
    """Answers with what a test has prepared."""

    vendor = "desk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET})
    capabilities = Capabilities(seek=True, ascending=True, finds_by=frozenset(), changes=True)
    answer: Callable[[Place], Changed]

    def auth(self) -> Auth | None:
        return None

    async def check(self, deadline: Deadline) -> None: ...

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        return []

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        return Fetched(())

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        return None

    async def fetch_changes(self, place: Place, deadline: Deadline) -> Changed:
        return self.answer(place)


def desk(answer: Callable[[Place], Changed], **config: Any) -> Desk:
    transport = httpx.MockTransport(lambda request: httpx.Response(500))
    connector = Desk(SourceConfig("desk", "https://desk.example.org", **config), transport, lambda: NOW)
    connector.answer = answer
    return connector


# ---------------------------------------------------------------- guards


async def test_rows_and_people_of_others_are_left_out():
    rows = [row("1"), row("1", subject="as it is now"), row("2", source="other"), row(""), row("3", record_id=" ")]
    people = [person("anna"), person("anna"), person("berta"), person("anna", "other")]
    page = await desk(lambda place: Changed(place, rows, people, ["1", "4", "4", ""])).changes(EARLIEST, soon())
    assert [(one.external_id, one.subject) for one in page.rows] == [("1", "as it is now")]
    assert page.records == (person("anna"),)
    assert page.removed == ("4",), "what is told is there"
    assert page.foreign == 3


async def test_operators_rules_are_applied():
    rules = RowRules(outcomes={"sold": OutcomeKind.SUCCESS})
    sold = row("1", outcome=Outcome(OutcomeKind.NEUTRAL, "sold"))
    page = await desk(lambda place: Changed(place, [sold]), rules=rules).changes(EARLIEST, soon())
    assert [one.outcome for one in page.rows] == [Outcome(OutcomeKind.SUCCESS, "sold")]


async def test_nothing_is_said_to_be_complete_that_may_still_come_to_light():
    page = await desk(lambda place: Changed(Place(NOW + timedelta(days=1)))).changes(EARLIEST, soon())
    assert page.reached == NOW - LATE
    page = await desk(lambda place: Changed(place)).changes(datetime.min.replace(tzinfo=NOW.tzinfo), soon())
    assert page.reached == EARLIEST


async def test_a_cursor_is_what_the_next_page_begins_with():
    places: list[Place] = []

    def answer(place: Place) -> Changed:
        places.append(place)
        return Changed(Place(BEGIN, 3, NOW, "token"))

    connector = desk(answer)
    page = await connector.changes(EARLIEST, soon())
    await connector.changes(page.cursor, soon())
    assert places == [Place(EARLIEST), Place(BEGIN, 3, NOW, "token")]


async def test_the_same_page_again_and_again_is_noticed():
    with pytest.raises(MalformedError):
        await desk(lambda place: Changed(place, [row("1")], more=True)).changes(EARLIEST, soon())


# ---------------------------------------------------------------- pages that shift


class Shifting:
    """Rows by their last change, in pages of three; between two pages some may change, and new ones come."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.now = NOW - timedelta(hours=1)
        instants = [BEGIN + SECOND * chance.randint(0, 3) for _ in range(chance.randint(0, 30))]
        self.rows = {f"{n:02}": at for n, at in enumerate(instants)}
        self.busy = 12

    def answer(self, place: Place) -> Changed:
        asked_at = self.now
        found = sorted((at, id_) for id_, at in self.rows.items() if at >= place.since)
        page = found[(place.page - 1) * 3 : place.page * 3]
        following, more = follow(place, [at for at, _ in page], len(page) == 3, asked_at)
        self.happen()
        return Changed(following, [row(id_, at) for at, id_ in page], [person("anna")], more=more)

    def happen(self) -> None:
        self.now += SECOND * self.chance.randint(1, 100)
        if self.busy and self.rows and self.chance.random() < 0.7:
            self.busy -= 1
            for id_ in self.chance.sample(sorted(self.rows), self.chance.randint(1, min(3, len(self.rows)))):
                self.rows[id_] = self.now - SECOND
            if self.chance.random() < 0.3:
                self.rows[f"new-{self.busy}"] = self.now - SECOND


@pytest.mark.parametrize("seed", range(300))
async def test_nothing_is_missed_while_rows_change(seed: int):
    vendor = Shifting(random.Random(seed))
    pages = await read_changes(desk(vendor.answer))
    while True:  # until a round in which nothing happened any more
        is_quiet = not vendor.busy or not vendor.rows
        pages += await read_changes(desk(vendor.answer), pages[-1].cursor)
        if is_quiet:
            break
    told = rows_of(pages)
    assert {id_: one.last_activity_at for id_, one in told.items()} == vendor.rows
    assert set(owners_of(pages)) <= {"anna"}


async def test_a_reader_who_only_goes_on_would_miss_some():
    """The trial itself: without the way back it finds something."""
    missed = 0
    for seed in range(300):
        vendor = Shifting(random.Random(seed))
        cursor, told = Place(EARLIEST), dict[str, datetime]()
        for _ in range(200):
            found = vendor.answer(cursor)
            told |= {one.external_id: one.last_activity_at for one in found.items}
            if not found.more:
                break
            cursor = found.place if found.place.until is None else Place(found.place.until)
        missed += told.keys() != vendor.rows.keys()
    assert missed


# ---------------------------------------------------------------- vendors


TICKET = {"id": 7, "requester_id": 4, "created_at": "2026-11-01T08:00:00Z", "updated_at": "2026-11-02T08:00:00Z"}


async def test_tickets_that_zendesk_deleted_are_gone():
    routes = router()
    changes = routes.get("https://acme.example.org/api/v2/incremental/tickets/cursor")
    told = [{**TICKET, "status": "deleted"}, {**TICKET, "id": 8, "status": "open"}, {"id": "?"}]
    changes.respond(json={"tickets": told, "end_of_stream": False, "after_cursor": "next"})
    routes.get("https://acme.example.org/api/v2/users/show_many").respond(
        json={
            "users": [{"id": 4, "name": "Anna Bianchi", "role": "end-user", "active": True}],
            "identities": [{"user_id": 4, "type": "email", "value": "Anna@example.org", "verified": True}],
        }
    )
    connector = connect(
        Zendesk,
        routes,
        "https://acme.example.org",
        credentials={"email": "a@example.org", "token": "t"},
        options={"satisfaction": True},
    )
    page = await connector.changes(NOW, soon())
    assert [one.external_id for one in page.rows] == ["8"]
    assert page.removed == ("7", "7:rating")
    assert (page.dropped, page.more) == (1, True)
    assert [held.identifier.value for held in page.records[0].identifiers] == ["4", "anna@example.org"]
    start = int(changes.calls[0].request.url.params["start_time"])
    assert start <= NOW.timestamp() - 60, "an export may not begin within the last minute"
    with pytest.raises(MalformedError):  # its cursor leads to itself
        await connector.changes(page.cursor, soon())
    assert changes.calls[1].request.url.params["cursor"] == "next"
    assert "start_time" not in changes.calls[1].request.url.params
