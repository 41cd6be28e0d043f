"""The connector against a real Request Tracker 5. Run by `scripts/request-tracker-live`, which starts one.

JOURNEY_LIVE_RT_URL, _USER and _PASSWORD name an RT without tickets, of the organisation `journey`, and its
administrator; _DATABASE is its SQLite file, for what REST cannot set: times of the past, and rights.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors import identifiers
from connectors.base import Continuation, Page, SourceConfig, Wanted, Window, in_order
from connectors.deadline import Deadline
from connectors.errors import RefusedError
from connectors.http import aiohttp_transport
from connectors.interaction import (
    Identifier,
    Interaction,
    InteractionStatus,
    LegKind,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.ticketing.request_tracker import RequestTracker

READER = {"user": "journey.reader", "password": "journey-reader-1"}
ROMAN = {"user": "journey.roman", "password": "journey-roman-1"}
OUTSIDER = {"user": "journey.outsider", "password": "journey-outsider-1"}
GIULIA, MARCO, OBRIEN, ODD = "giulia.bianchi@example.org", "marco.rossi", "o'brien\\x", "journey-odd"
AUTUMN = datetime(2026, 10, 25, 1, tzinfo=UTC)  # 03:00 in Rome becomes 02:00
SPRING = datetime(2026, 3, 29, 1, tzinfo=UTC)
CROWDED = datetime(2026, 6, 1, 10, tzinfo=UTC)
CROWD = 115


class Server:
    """The administrator's way in: REST, and the database where REST has no way."""

    def __init__(self) -> None:
        self.url = os.environ["JOURNEY_LIVE_RT_URL"]
        self.root = {"user": os.environ["JOURNEY_LIVE_RT_USER"], "password": os.environ["JOURNEY_LIVE_RT_PASSWORD"]}
        self.rest = httpx.Client(
            base_url=f"{self.url}/REST/2.0", auth=(self.root["user"], self.root["password"]), timeout=60
        )
        self.database = sqlite3.connect(os.environ["JOURNEY_LIVE_RT_DATABASE"], timeout=30)
        self.ids: dict[str, str] = {}

    def post(self, path: str, **body: Any) -> Any:
        response = self.rest.post(path, json=body)
        assert response.status_code in (200, 201), response.text
        return response.json()

    def put(self, path: str, **body: Any) -> None:
        response = self.rest.put(path, json=body)
        assert response.status_code == 200, response.text

    def execute(self, statement: str, *values: Any) -> list[Any]:
        rows = self.database.execute(statement, values).fetchall()
        self.database.commit()
        return rows

    def ticket(self, subject: str, requestor: str | list[str], **body: Any) -> str:
        defaults = {"Queue": "Support-IT", "Content": "Hello", "ContentType": "text/plain"}
        id_ = str(self.post("/ticket", Subject=subject, Requestor=requestor, **{**defaults, **body})["id"])
        self.ids[subject] = id_
        return id_

    def crowd(self, requestor: str, times: list[datetime]) -> None:
        """One ticket for each time; made by two workers of RT's, for that is what takes long."""
        with ThreadPoolExecutor(2) as pool:
            made = list(pool.map(lambda n: self.ticket(f"crowd {n}", requestor), range(len(times))))
        for id_, at in zip(made, times, strict=True):
            self.execute("update Tickets set Created = ? where id = ?", at.strftime("%Y-%m-%d %H:%M:%S"), id_)

    def grant(self, queue: str, *rights: str) -> None:
        """To every privileged user."""
        [(group,)] = self.execute("select id from Groups where Domain = 'SystemInternal' and Name = 'Privileged'")
        [(object_id,)] = self.execute("select id from Queues where Name = ?", queue)
        for right in rights:
            self.execute(
                "insert into ACL (PrincipalType, PrincipalId, RightName, ObjectType, ObjectId) "
                "values ('Group', ?, ?, 'RT::Queue', ?)",
                group,
                right,
                object_id,
            )

    def custom_field(self, name: str, type_: str, lookup: str) -> None:
        """Applied to everything of its kind, which RT 5.0.3 has no REST call for."""
        id_ = self.post("/customfield", Name=name, Type=type_, LookupType=lookup)["id"]
        self.execute("insert into ObjectCustomFields (CustomField, ObjectId, SortOrder) values (?, 0, 0)", id_)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    seed(server)
    yield server
    server.rest.close()
    server.database.close()


def seed(server: Server) -> None:
    for queue in ("Support-IT", "Sales", "Board"):
        server.post("/queue", Name=queue)
    server.custom_field("CRM", "FreeformSingle", "RT::User")
    server.custom_field("Disposition", "FreeformMultiple", "RT::Queue-RT::Ticket")
    for credentials in (READER, ROMAN, OUTSIDER):
        name, privileged = credentials["user"], credentials is not OUTSIDER
        server.post("/user", Name=name, Password=credentials["password"], Privileged=int(privileged))
    server.put(f"/user/{ROMAN['user']}", Timezone="Europe/Rome")
    for queue in ("Support-IT", "Sales"):
        server.grant(queue, "SeeQueue", "ShowTicket")
    server.post(
        "/user",
        Name=GIULIA,
        EmailAddress="Giulia.Bianchi@Example.org",
        RealName="Giulia Bianchi",
        MobilePhone="+39 333 111 2222",
        CustomFields={"CRM": "C-77"},
    )
    server.post("/user", Name=MARCO, EmailAddress="marco.rossi@example.org", WorkPhone="02 / 1234-567")
    server.post("/user", Name=OBRIEN, EmailAddress="o'brien@example.org", RealName="Pat O'Brien")
    server.post("/user", Name=ODD, EmailAddress="odd@example.org")
    server.post("/user", Name="12", EmailAddress="twelve@example.org")
    seed_tickets(server)


def seed_tickets(server: Server) -> None:
    server.ticket(
        "moved",
        GIULIA,
        Content="<p>The <b>light</b> is out &amp; cold</p>",
        ContentType="text/html",
        Priority=60,
        CustomFields={"Disposition": ["billing", "refund"]},
    )
    moved = f"/ticket/{server.ids['moved']}"
    server.put(moved, Queue="Sales")
    server.put(moved, Owner="root")
    server.post(f"{moved}/comment", Content="never to be shown", ContentType="text/plain")
    server.post(f"{moved}/correspond", Content="An answer", ContentType="text/plain")
    server.put(moved, Status="resolved")
    server.ticket("rejected", GIULIA)
    server.put(f"/ticket/{server.ids['rejected']}", Status="rejected")
    server.ticket("stalled", GIULIA)
    server.put(f"/ticket/{server.ids['stalled']}", Status="stalled")
    server.ticket("deleted", GIULIA)
    server.put(f"/ticket/{server.ids['deleted']}", Status="deleted")
    server.ticket("merged", GIULIA)
    server.put(f"/ticket/{server.ids['merged']}", MergeInto=server.ids["stalled"])
    server.ticket("reopened", GIULIA)
    server.put(f"/ticket/{server.ids['reopened']}", Status="resolved")
    server.put(f"/ticket/{server.ids['reopened']}", Status="open")
    server.ticket("of the board", GIULIA, Queue="Board")
    server.ticket("shared", ["marco.rossi@example.org", GIULIA])
    server.ticket("of o'brien", "o'brien@example.org")
    server.ticket("of odd", "odd@example.org")
    server.execute("update Scrips set Disabled = 1")  # no mails, so it is quicker
    around = [change + timedelta(minutes=17 * n) for change in (SPRING, AUTUMN) for n in range(-9, 10)]
    server.crowd("marco.rossi@example.org", [CROWDED] * CROWD + around)


def connector(server: Server, credentials: dict[str, str] | None = None, time_zone: str = "UTC") -> RequestTracker:
    config = SourceConfig(
        name="rt",
        base_url=server.url,
        credentials=credentials or server.root,
        options={"external_id_field": "CRM", "wrap_up_field": "Disposition"},
        external_id_source="crm",
        region="IT",
        time_zone=time_zone,
    )
    return RequestTracker(config, aiohttp_transport())


@pytest.fixture
async def rt(server: Server) -> AsyncIterator[RequestTracker]:
    connected = connector(server)
    yield connected
    await connected.aclose()


@pytest.fixture
async def reader(server: Server) -> AsyncIterator[RequestTracker]:
    """May show tickets of two queues, and nothing more."""
    connected = connector(server, READER)
    yield connected
    await connected.aclose()


def soon() -> Deadline:
    return Deadline.after(60)


def known_as(*names: str) -> list[Record]:
    return [Record(source="rt", id=name, identifiers=()) for name in names]


def email(text: str) -> Identifier:
    found = identifiers.email(text)
    assert found is not None
    return found


def phone(text: str) -> Identifier:
    found = identifiers.phone(text)
    assert found is not None
    return found


async def walk(
    rt: RequestTracker, name: str, limit: int, *, ascending: bool = False, window: Window | None = None
) -> tuple[list[Interaction], Page]:
    rows: list[Interaction] = []
    after: Continuation | None = None
    for _ in range(300):
        page = await rt.interactions(
            known_as(name), window or Window(), None, limit, soon(), ascending=ascending, after=after
        )
        rows += page.items
        after = page.next
        if after is None:
            return rows, page
    raise AssertionError("the read does not end")


@pytest.mark.parametrize(
    ("sought", "name"),
    [
        (email("GIULIA.bianchi@example.org"), GIULIA),
        (phone("+393331112222"), GIULIA),
        (phone("+39021234567"), MARCO),
        (identifiers.external("crm", "C-77"), GIULIA),
        (identifiers.external("rt", GIULIA), GIULIA),
        (identifiers.external("rt", "12"), "12"),
        (identifiers.external("rt", ODD), ODD),
        (email("odd@example.org"), ODD),
        (email("o'brien@example.org"), OBRIEN),
        (identifiers.external("rt", OBRIEN), OBRIEN),
        (phone("+393331112223"), None),
        (email("nobody@example.org"), None),
        (email("x'or'id'>'0@example.org"), None),
        (identifiers.external("crm", "C-7"), None),
        (identifiers.external("rt", "no such' OR id > '0"), None),
    ],
)
async def test_who_is_found(rt: RequestTracker, sought: Identifier, name: str | None) -> None:
    assert [record.id for record in await rt.find([sought], soon())] == ([name] if name else [])


def test_the_id_that_rest_tells_is_not_the_name(server: Server) -> None:
    """Why `Name` is asked for and `id` is not trusted."""
    body = server.rest.get(
        "/users", params={"query": json.dumps([{"field": "Name", "value": ODD}]), "fields": "Name"}
    ).json()
    assert [(user["id"], user["Name"]) for user in body["items"]] == [("odd", ODD)]


async def test_text_finds_by_name_and_address(rt: RequestTracker) -> None:
    assert [record.id for record in await rt.search("o'bri", 5, soon())] == [OBRIEN]
    assert {record.id for record in await rt.search("ROSSI", 5, soon())} == {MARCO}
    assert await rt.search("%", 5, soon()) == []


async def test_a_reader_without_adminusers_finds_by_address_and_name_alone(reader: RequestTracker) -> None:
    await reader.check(soon())
    [record] = await reader.find([email("giulia.bianchi@example.org")], soon())
    assert [held.identifier.kind.value for held in record.identifiers] == ["EXTERNAL_ID", "EMAIL"]
    assert record.since is None
    assert await reader.find([identifiers.external("rt", GIULIA)], soon()) == [record]
    assert await reader.find([phone("+393331112222")], soon()) == []
    assert await reader.find([identifiers.external("crm", "C-77")], soon()) == []


async def test_who_is_not_privileged_or_has_a_wrong_password_is_refused(server: Server) -> None:
    for credentials in (OUTSIDER, READER | {"password": "wrong"}, {"token": "1-14-0123456789abcdef"}):
        connected = connector(server, credentials)
        with pytest.raises(RefusedError):
            await connected.check(soon())
        await connected.aclose()


async def test_a_list_holds_what_may_be_seen(rt: RequestTracker, reader: RequestTracker, server: Server) -> None:
    """Neither deleted nor merged tickets; and a queue that the reader may not see is as if it were not there."""
    rows, page = await walk(rt, GIULIA, 50)
    seen = {"moved", "rejected", "stalled", "reopened", "shared", "of the board"}
    assert {row.external_id for row in rows} == {server.ids[subject] for subject in seen}
    assert not page.capped and page.foreign == 0 and page.dropped == 0
    rows, page = await walk(reader, GIULIA, 50)
    assert {row.external_id for row in rows} == {server.ids[subject] for subject in seen - {"of the board"}}
    assert not page.capped


async def test_states_and_times_of_the_list(rt: RequestTracker, server: Server) -> None:
    rows = {row.external_id: row for row in (await walk(rt, GIULIA, 50))[0]}
    states = {
        "moved": (InteractionStatus.COMPLETED, TicketStatus.SOLVED, True),
        "rejected": (InteractionStatus.COMPLETED, TicketStatus.CLOSED, True),
        "stalled": (InteractionStatus.PENDING, TicketStatus.PENDING, False),
        "reopened": (InteractionStatus.ACTIVE, TicketStatus.OPEN, False),
        "shared": (InteractionStatus.QUEUED, TicketStatus.NEW, False),
    }
    for subject, (status, ticket_status, ended) in states.items():
        row = rows[server.ids[subject]]
        assert isinstance(row.details, TicketDetails)
        assert (row.status, row.details.status, row.ended_at is not None) == (status, ticket_status, ended), subject
    moved = rows[server.ids["moved"]]
    assert isinstance(moved.details, TicketDetails)
    assert moved.details.priority is TicketPriority.NORMAL
    assert [code.code for code in moved.wrap_up_codes] == ["billing", "refund"]
    assert [(leg.kind, leg.queue and leg.queue.name, leg.agent and leg.agent.id) for leg in moved.legs] == [
        (LegKind.AGENT, "Sales", "root")
    ]
    again = server.rest.get(f"/ticket/{server.ids['reopened']}").json()
    assert not again["Resolved"].startswith("1970")  # RT keeps it: an open ticket has not ended all the same


@pytest.mark.parametrize("credentials", [None, READER])
async def test_a_single_ticket_tells_its_legs_and_first_words(
    server: Server, credentials: dict[str, str] | None
) -> None:
    connected = connector(server, credentials)
    row = await connected.get(server.ids["moved"], soon())
    await connected.aclose()
    assert row is not None
    assert row.preview == "The light is out & cold"
    assert [(leg.queue and leg.queue.name, leg.agent and leg.agent.name) for leg in row.legs][-1] == (
        "Sales",
        "Enoch Root",
    )
    assert all(before.ended_at == after.started_at for before, after in zip(row.legs, row.legs[1:], strict=False))
    assert row.legs[-1].ended_at == row.ended_at
    assert "never to be shown" not in repr(row)


async def test_what_is_gone_or_hidden_is_none(rt: RequestTracker, reader: RequestTracker, server: Server) -> None:
    for subject in ("deleted", "merged"):
        assert await rt.get(server.ids[subject], soon()) is None
    assert await rt.get("999999", soon()) is None
    assert await rt.get(server.ids["of the board"], soon()) is not None
    assert await reader.get(server.ids["of the board"], soon()) is None


async def test_a_shared_ticket_belongs_to_whoever_was_asked_for(rt: RequestTracker, server: Server) -> None:
    for name in (GIULIA, MARCO):
        rows, page = await walk(rt, name, 50)
        [shared] = [row for row in rows if row.external_id == server.ids["shared"]]
        assert shared.record_id == name and page.foreign == 0


async def test_a_name_with_a_quote_and_a_backslash_has_its_own_tickets_alone(
    rt: RequestTracker, server: Server
) -> None:
    rows, page = await walk(rt, OBRIEN, 50)
    assert [row.external_id for row in rows] == [server.ids["of o'brien"]]
    assert page.foreign == 0
    assert (await walk(rt, "x' OR id > '0", 50))[0] == []
    rows, _ = await walk(rt, ODD, 50)
    assert [row.external_id for row in rows] == [server.ids["of odd"]]


@pytest.mark.parametrize("limit", [10, 60, 100])
@pytest.mark.parametrize("ascending", [False, True])
async def test_a_walk_gives_every_ticket_once(rt: RequestTracker, ascending: bool, limit: int) -> None:
    """115 tickets of one second are more than a page of RT's holds."""
    rows, page = await walk(rt, MARCO, limit, ascending=ascending)
    assert sum(row.started_at == CROWDED for row in rows) == CROWD
    assert len({row.external_id for row in rows}) == len(rows) == CROWD + 2 * 19 + 1
    assert rows == in_order(rows, ascending)
    assert not page.capped and page.foreign == 0


@pytest.mark.parametrize("seconds", [0, 1, -1])
async def test_the_edge_of_a_window_is_a_second(rt: RequestTracker, seconds: int) -> None:
    edge = CROWDED + timedelta(seconds=seconds)
    day = timedelta(days=1)
    later, _ = await walk(rt, MARCO, 100, window=Window(edge, CROWDED + day))
    sooner, _ = await walk(rt, MARCO, 100, window=Window(CROWDED - day, edge))
    assert len(later) == (CROWD if seconds <= 0 else 0)
    assert len(sooner) == (CROWD if seconds > 0 else 0)


@pytest.mark.parametrize("change", [SPRING, AUTUMN])
@pytest.mark.parametrize("ascending", [False, True])
async def test_no_window_loses_a_ticket_where_romes_clocks_change(
    server: Server, change: datetime, ascending: bool
) -> None:
    connected = connector(server, ROMAN, "Europe/Rome")
    times = [change + timedelta(minutes=17 * n) for n in range(-9, 10)]
    for minutes in range(-150, 151, 60):
        edge = change + timedelta(minutes=minutes)
        for window in (Window(edge, times[-1] + timedelta(days=3)), Window(times[0] - timedelta(days=3), edge)):
            rows, _ = await walk(connected, MARCO, 10, ascending=ascending, window=window)
            assert sorted(row.started_at for row in rows) == [at for at in times if window.holds(at)]
    await connected.aclose()


def test_local_time_is_read_with_the_offset_of_the_wrong_side(server: Server) -> None:
    """Why bounds are asked wide for a day: RT takes 01:59 in Rome for 00:59 UTC, it was 23:59 the day before."""
    roman = httpx.Client(auth=(ROMAN["user"], ROMAN["password"]), timeout=60)
    query = "Requestor.Name = 'marco.rossi' AND Created >= '2026-10-25 01:59:00' AND Created <= '2026-10-25 12:00:00'"
    body = roman.get(
        f"{server.url}/REST/2.0/tickets",
        params={"query": query, "fields": "Created", "orderby": "Created", "per_page": 1},
    ).json()
    roman.close()
    first = datetime.fromisoformat(body["items"][0]["Created"])
    assert first == min(
        at for n in range(-9, 10) if (at := AUTUMN + timedelta(minutes=17 * n)) >= AUTUMN - timedelta(minutes=1)
    )


async def test_what_is_wanted_is_asked_of_rt(rt: RequestTracker, server: Server) -> None:
    async def ids(wanted: Wanted) -> set[str]:
        page = await rt.interactions(known_as(GIULIA), Window(), None, 50, soon(), wanted=wanted)
        return {row.external_id for row in page.items}

    [(sales,)] = server.execute("select id from Queues where Name = 'Sales'")
    assert await ids(Wanted(statuses=frozenset({InteractionStatus.PENDING}))) == {server.ids["stalled"]}
    assert await ids(Wanted(queue_ids=frozenset({str(sales), "999"}))) == {server.ids["moved"]}
    assert len(await ids(Wanted(active_since=datetime.now(UTC) - timedelta(hours=1)))) == 6
    assert await ids(Wanted(active_since=datetime.now(UTC) + timedelta(hours=1))) == set()


def test_a_history_filter_in_ticketsql_forgets_the_ticket(server: Server) -> None:
    """Why the history is filtered in JSON."""
    body = server.rest.get(
        f"/ticket/{server.ids['shared']}/history",
        params={"query": "Type = 'Create'", "fields": "ObjectType,ObjectId", "per_page": 100},
    ).json()
    assert {step["ObjectId"] for step in body["items"]} > {server.ids["shared"]}
