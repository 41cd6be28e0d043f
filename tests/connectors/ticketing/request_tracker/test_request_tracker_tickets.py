"""How one ticket is mapped, alone and in a list."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Window
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WrapUpCode,
)
from connectors.ticketing.request_tracker import RequestTracker
from tests.connectors.support import connect, router, soon
from tests.connectors.ticketing.request_tracker.fake import FakeTickets, Row, person, ticket

BASE = "https://help.example.com/rt"
API = f"{BASE}/REST/2.0"
AT = datetime(2026, 11, 2, 8, tzinfo=UTC)
GIULIA = person("giulia", "Giulia.Bianchi@example.org")
ADA = person("ada", "ada@example.com", RealName="Ada Agent")
BRUNO = person("bruno", "bruno@example.com")
SUPPORT, SALES = Queue("3", "Support-IT"), Queue("4", "Sales")


def at(minutes: int) -> datetime:
    return AT + timedelta(minutes=minutes)


def spelled(minutes: int) -> str:
    return at(minutes).strftime("%Y-%m-%dT%H:%M:%SZ")


def listing(items: list[Row], **more: Any) -> httpx.Response:
    body = {"items": items, "count": len(items), "total": len(items), "pages": 1, "page": 1, "per_page": 100}
    return httpx.Response(200, json=body | more)


def step(
    id_: int, minutes: int, type_: str = "Set", field: str = "", old: str = "", new: str = "", of: str = "7"
) -> Row:
    return {
        "id": str(id_),
        "type": "transaction",
        "Type": type_,
        "Field": field,
        "OldValue": old,
        "NewValue": new,
        "Created": spelled(minutes),
        "ObjectType": "RT::Ticket",
        "ObjectId": of,
    }


class OneTicket:
    """Ticket 7 with its history, users 21 and 22, queues 3 and 4, and the parts of its messages by transaction."""

    def __init__(self, row: Row, history: list[Row], parts: dict[str, list[Row]] | None = None) -> None:
        self.routes: respx.MockRouter = router()
        self.routes.get(f"{API}/tickets").mock(side_effect=FakeTickets([row]))
        self.history = self.routes.get(f"{API}/ticket/7/history").mock(return_value=listing(history))
        self.users = {
            id_: self.routes.get(f"{API}/user/{id_}").mock(return_value=httpx.Response(200, json=user))
            for id_, user in {"6": person("Nobody", ""), "21": ADA | {"id": 21}, "22": BRUNO | {"id": 22}}.items()
        }
        self.routes.get(f"{API}/queue/3").mock(return_value=httpx.Response(200, json={"id": 3, "Name": "Support-IT"}))
        self.routes.get(f"{API}/queue/4").mock(return_value=httpx.Response(200, json={"id": 4, "Name": "Sales"}))
        for transaction, attached in (parts or {}).items():
            self.routes.get(f"{API}/transaction/{transaction}/attachments").mock(return_value=listing(attached))

    def text(self, attachment: str, content: str) -> None:
        body = {"id": int(attachment), "Content": b64encode(content.encode()).decode() + "\n"}
        self.routes.get(f"{API}/attachment/{attachment}").mock(return_value=httpx.Response(200, json=body))

    async def get(self, **config: Any) -> Interaction | None:
        connector = connect(RequestTracker, self.routes, BASE, credentials={"token": "1-14-abc"}, **config)
        return await connector.get("7", soon())

    async def legs(self) -> list[tuple[LegKind, int, int | None, str | None, str | None]]:
        row = await self.get()
        assert row is not None
        return [
            (
                leg.kind,
                int((leg.started_at - AT).total_seconds()) // 60,
                None if leg.ended_at is None else int((leg.ended_at - AT).total_seconds()) // 60,
                leg.queue and leg.queue.name,
                leg.agent and leg.agent.name,
            )
            for leg in row.legs
        ]


async def listed(row: Row, **config: Any) -> Interaction:
    routes = router()
    routes.get(f"{API}/tickets").mock(side_effect=FakeTickets([row]))
    connector = connect(RequestTracker, routes, BASE, credentials={"token": "1-14-abc"}, **config)
    asked = [Record(source="request_tracker", id="giulia", identifiers=())]
    [mapped] = (await connector.interactions(asked, Window(), None, 10, soon())).items
    return mapped


async def test_a_listed_ticket_has_one_leg() -> None:
    row = ticket(
        7,
        AT,
        GIULIA,
        Subject="No light",
        Status="resolved",
        Resolved=spelled(90),
        LastUpdated=spelled(95),
        Priority="60",
        Owner=ADA,
        Creator=GIULIA,
        CustomFields=[{"id": "3", "name": "Disposition", "values": ["billing", "refund"]}],
    )
    mapped = await listed(row, options={"wrap_up_field": "Disposition", "link_url": "https://tickets.example.com/"})
    assert mapped == Interaction(
        source="request_tracker",
        external_id="7",
        record_id="giulia",
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=AT,
        last_activity_at=at(95),
        status=InteractionStatus.COMPLETED,
        ended_at=at(90),
        duration_seconds=5400,
        url="https://tickets.example.com/Ticket/Display.html?id=7",
        legs=(Leg(AT, at(90), LegKind.AGENT, SUPPORT, Agent("ada", "Ada Agent")),),
        wrap_up_codes=(
            WrapUpCode("billing", "billing", ("billing",)),
            WrapUpCode("refund", "refund", ("refund",)),
        ),
        address=Address(AddressKind.OTHER, IdentifierKind.EMAIL, "giulia.bianchi@example.org"),
        subject="No light",
        details=TicketDetails("7", TicketStatus.SOLVED, "resolved", TicketPriority.NORMAL),
    )


async def test_an_unset_time_is_none_and_nobody_is_no_agent() -> None:
    mapped = await listed(ticket(7, AT, GIULIA, CustomFields="", Subject=""))
    assert (mapped.ended_at, mapped.duration_seconds, mapped.subject) == (None, None, None)
    assert mapped.legs == (Leg(AT, None, LegKind.QUEUE, SUPPORT),)
    assert mapped.direction is Direction.UNKNOWN
    assert mapped.url == f"{BASE}/Ticket/Display.html?id=7"


@pytest.mark.parametrize(
    ("word", "status", "ticket_status", "ended"),
    [
        ("new", InteractionStatus.QUEUED, TicketStatus.NEW, False),
        ("open", InteractionStatus.ACTIVE, TicketStatus.OPEN, False),
        ("stalled", InteractionStatus.PENDING, TicketStatus.PENDING, False),
        ("resolved", InteractionStatus.COMPLETED, TicketStatus.SOLVED, True),
        ("rejected", InteractionStatus.COMPLETED, TicketStatus.CLOSED, True),
        ("Parked", InteractionStatus.ON_HOLD, TicketStatus.ON_HOLD, False),
        ("a word nobody knows", InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN, False),
        (None, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN, False),
    ],
)
async def test_status_words(
    word: str | None, status: InteractionStatus, ticket_status: TicketStatus, ended: bool
) -> None:
    """RT keeps the time of the first solution when a ticket is opened again: only a closed one has ended."""
    row = ticket(7, AT, GIULIA, Status=word, Resolved=spelled(5))
    mapped = await listed(row, options={"statuses": {"parked": "ON_HOLD"}})
    assert mapped.status is status
    assert isinstance(mapped.details, TicketDetails)
    assert (mapped.details.status, mapped.details.source_status) == (ticket_status, word or "")
    assert (mapped.ended_at is not None) is ended


@pytest.mark.parametrize(
    ("value", "priority"),
    [
        ("0", TicketPriority.LOW),
        (49, TicketPriority.LOW),
        ("50", TicketPriority.NORMAL),
        ("99", TicketPriority.NORMAL),
        ("100", TicketPriority.HIGH),
        ("-1", None),
        ("", None),
        (None, None),
        ("high", None),
    ],
)
async def test_priorities_are_labelled_as_request_tracker_does(value: Any, priority: TicketPriority | None) -> None:
    mapped = await listed(ticket(7, AT, GIULIA, Priority=value))
    assert isinstance(mapped.details, TicketDetails)
    assert mapped.details.priority is priority


async def test_priorities_of_a_site() -> None:
    mapped = await listed(ticket(7, AT, GIULIA, Priority="9"), options={"priorities": {"URGENT": 9, "NORMAL": 0}})
    assert isinstance(mapped.details, TicketDetails)
    assert mapped.details.priority is TicketPriority.URGENT


async def test_rows_of_another_shape_are_counted_and_cost_nothing_else() -> None:
    odd: list[Any] = [
        {"id": "1"},
        ticket(2, AT, GIULIA) | {"Created": "yesterday"},
        ticket(3, AT, GIULIA) | {"Created": "1970-01-01T00:00:00Z"},
        ticket(4, AT),
        ticket(5, AT, {"type": "group", "id": "9", "Name": "giulia"}),
        ["not", "a", "row"],
        ticket(7, AT, {"type": "group", "id": "9"}, GIULIA, Queue=None, Owner=None, Creator=None),
    ]
    routes = router()
    routes.get(f"{API}/tickets").mock(return_value=listing(odd))
    connector = connect(RequestTracker, routes, BASE, credentials={"token": "1-14-abc"})
    page = await connector.interactions(
        [Record(source="request_tracker", id="giulia", identifiers=())], Window(), None, 10, soon()
    )
    assert [row.external_id for row in page.items] == ["7"]
    assert page.items[0].legs == (Leg(AT, None, LegKind.QUEUE),)
    assert page.dropped == 6


async def test_a_story_has_a_leg_for_each_stretch() -> None:
    history = [
        step(1, 0, "Create"),
        step(2, 10, field="Owner", old="6", new="21"),
        step(3, 20, field="Queue", old="3", new="4"),
        step(4, 20, field="Owner", old="21", new="6"),
        step(5, 30, field="Owner", old="6", new="22"),
        step(6, 35, field="Subject", old="a", new="b"),
        step(7, 40, field="Owner", old="22", new="21"),
        step(8, 50, field="Owner", old="21", new="6"),
    ]
    row = ticket(7, AT, GIULIA, Status="resolved", Resolved=spelled(60), Queue={"id": "4", "Name": "Sales"})
    assert await OneTicket(row, history, {"1": []}).legs() == [
        (LegKind.QUEUE, 0, 10, "Support-IT", None),
        (LegKind.AGENT, 10, 20, "Support-IT", "Ada Agent"),
        (LegKind.TRANSFER, 20, 30, "Sales", None),
        (LegKind.AGENT, 30, 40, "Sales", "bruno"),
        (LegKind.TRANSFER, 40, 50, "Sales", "Ada Agent"),
        (LegKind.QUEUE, 50, 60, "Sales", None),
    ]


async def test_a_change_that_is_taken_back_at_once_is_no_leg() -> None:
    history = [step(1, 10, field="Owner", old="6", new="21"), step(2, 10, field="Owner", old="21", new="6")]
    assert await OneTicket(ticket(7, AT, GIULIA), history).legs() == [(LegKind.QUEUE, 0, None, "Support-IT", None)]


async def test_a_change_at_the_start_or_after_the_end_keeps_the_legs_in_order() -> None:
    history = [
        step(1, 0, field="Owner", old="6", new="21"),
        step(2, 90, field="Owner", old="21", new="22"),
    ]
    row = ticket(7, AT, GIULIA, Status="resolved", Resolved=spelled(60), Owner=BRUNO)
    assert await OneTicket(row, history).legs() == [
        (LegKind.AGENT, 0, 90, "Support-IT", "Ada Agent"),
        (LegKind.TRANSFER, 90, 90, "Support-IT", "bruno"),
    ]


async def test_steps_of_other_tickets_and_kinds_are_no_legs() -> None:
    history = [
        step(1, 5, field="Queue", old="4", new="3", of="8"),
        step(2, 10, "SetWatcher", field="Owner", old="6", new="21"),
        step(3, 12, "CustomField", field="3", new="billing"),
        step(4, 15, field="Owner", old="6", new="21") | {"ObjectType": "RT::User"},
    ]
    assert len(await OneTicket(ticket(7, AT, GIULIA), history).legs()) == 1


async def test_names_that_may_not_be_read_fall_back_to_ids_and_are_asked_once() -> None:
    one = OneTicket(ticket(7, AT, GIULIA, Owner=ADA), [step(1, 10, field="Owner", old="22", new="21")])
    one.users["22"].mock(return_value=httpx.Response(404, json={"message": "Not Found"}))
    one.routes.get(f"{API}/queue/3").mock(return_value=httpx.Response(403, json={"message": "Forbidden"}))
    connector = connect(RequestTracker, one.routes, BASE, credentials={"token": "1-14-abc"})
    for _ in range(3):
        row = await connector.get("7", soon())
        assert row is not None
        assert [leg.agent for leg in row.legs] == [Agent("22", "22"), Agent("ada", "Ada Agent")]
    assert one.users["21"].call_count == one.users["22"].call_count == 1


def part(id_: str, content_type: str = "text/plain", **more: str) -> Row:
    return {"id": id_, "ContentType": content_type, "Filename": "", "ContentLength": "20", "Headers": "", **more}


@pytest.mark.parametrize(
    ("parts", "text", "expected"),
    [
        ([part("9")], "The  light\nis out", "The light is out"),
        ([part("8", "text/html"), part("9")], "plain before markup", "plain before markup"),
        ([part("9", "text/html")], "<p>The <b>light</b></p><script>x()</script>", "The light"),
        ([part("8", "multipart/mixed"), part("8", Filename="log.txt"), part("9", "text/html")], "body", "body"),
        ([part("8", ContentLength="900000"), part("8", "image/png")], "", None),
        ([part("9", ContentLength="?")], "", None),
        ([], "", None),
    ],
)
async def test_the_preview_is_the_first_message(parts: list[Row], text: str, expected: str | None) -> None:
    history = [step(1, 0, "Create"), step(2, 9, "Correspond")]
    one = OneTicket(ticket(7, AT, GIULIA), history, {"1": parts})
    one.text("9", text)
    row = await one.get()
    assert row is not None
    assert row.preview == expected


async def test_a_comment_is_never_asked_for() -> None:
    one = OneTicket(ticket(7, AT, GIULIA), [step(1, 0, "Comment"), step(2, 9, "Correspond", of="8")])
    row = await one.get()
    assert row is not None
    assert row.preview is None
    assert "Comment" not in one.history.calls[0].request.url.params["query"]


@pytest.mark.parametrize(("interface", "opened_via"), [("Email", Channel.EMAIL), ("Web", None), ("REST", None)])
async def test_mail_is_told_by_the_mark_request_tracker_leaves(interface: str, opened_via: Channel | None) -> None:
    headers = f"MIME-Version: 1.0\nX-RT-Interface: {interface}\nSubject: light"
    one = OneTicket(
        ticket(7, AT, GIULIA),
        [step(1, 0, "Create")],
        {"1": [part("8", "multipart/alternative", Headers=headers), part("9")]},
    )
    one.text("9", "hello")
    row = await one.get()
    assert row is not None and isinstance(row.details, TicketDetails)
    assert row.details.opened_via is opened_via


async def test_content_that_is_no_base64_or_gone_is_no_preview() -> None:
    for answer in (httpx.Response(200, json={"Content": "%"}), httpx.Response(404), httpx.Response(200, json={})):
        one = OneTicket(ticket(7, AT, GIULIA), [step(1, 0, "Create")], {"1": [part("9")]})
        one.routes.get(f"{API}/attachment/9").mock(return_value=answer)
        row = await one.get()
        assert row is not None and row.preview is None


async def test_a_long_history_is_read_page_by_page() -> None:
    pages = [
        [step(n, 1, field="Subject", old="a", new="b") for n in range(1, 101)],
        [step(101, 30, field="Owner", old="6", new="21")],
    ]
    one = OneTicket(ticket(7, AT, GIULIA, Owner=ADA), [])
    one.history.mock(side_effect=[listing(page, total=None, pages=None) for page in pages])
    assert [leg[0] for leg in await one.legs()] == [LegKind.QUEUE, LegKind.AGENT]


@pytest.mark.parametrize("external_id", ["0x7", "7 OR id > 0", "../ticket/7", "７", "8"])
async def test_what_is_no_ticket_of_ours_is_none(external_id: str) -> None:
    one = OneTicket(ticket(7, AT, GIULIA), [])
    connector = connect(RequestTracker, one.routes, BASE, credentials={"token": "1-14-abc"})
    assert await connector.get(external_id, soon()) is None
