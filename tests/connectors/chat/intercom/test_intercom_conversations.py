"""What Intercom's conversations become, and how they are searched for."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import respx

from connectors.base import Page, Wanted, Window
from connectors.chat.intercom import Intercom
from connectors.errors import MalformedError
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Attachment,
    CallDetails,
    Channel,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Message,
    MessageParty,
    Queue,
    Record,
)
from tests.connectors.support import connect, router, samples_beside, soon

BASE = "https://api.eu.intercom.io"
sample = samples_beside(__file__)
LIVIA = Record(source="intercom", id="6762f14a1bb69f9f2193bbb3", identifiers=())
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BRUNA, PARCELS = Agent("814001", "Bruna Agosti"), Queue("5017001", "Parcels")


def listed(rows: list[Any], **pages: Any) -> dict[str, Any]:
    told = {"type": "conversation.list", "conversations": rows, "total_count": len(rows)}
    return told | {"pages": {"type": "pages", "page": 1, "per_page": 20, "total_pages": 1} | pages}


def site(rows: list[Any] | None = None) -> respx.MockRouter:
    routes = router()
    rows = sample("conversations") if rows is None else rows
    routes.post(f"{BASE}/conversations/search").respond(json=listed(rows))
    whole = sample("conversations")[0] | {"conversation_parts": sample("parts")}
    routes.get(f"{BASE}/conversations/215471002").respond(json=whole)
    routes.get(f"{BASE}/conversations/1").respond(404, json={"type": "error.list", "errors": []})
    routes.get(f"{BASE}/admins").respond(
        json={"type": "admin.list", "admins": [{"id": "814001", "name": "Bruna Agosti"}, {"id": 7}]}
    )
    routes.get(f"{BASE}/teams").respond(json={"type": "team.list", "teams": [{"id": "5017001", "name": "Parcels"}]})
    routes.get(f"{BASE}/me").respond(json={"type": "admin", "id": "1", "app": {"id_code": "ws1"}})
    return routes


def intercom(routes: respx.MockRouter, **config: Any) -> Intercom:
    return connect(Intercom, routes, BASE, credentials={"access_token": "t0ken"}, **config)


async def read(connector: Intercom, window: Window | None = None, **how: Any) -> Page:
    return await connector.interactions([LIVIA], window or Window(), None, 50, soon(), **how)


async def one(fields: dict[str, Any], **config: Any) -> Interaction:
    page = await read(intercom(site([copy.deepcopy(sample("conversations")[0]) | fields]), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def searches(routes: respx.MockRouter) -> list[Any]:
    return [json.loads(call.request.content) for call in routes.calls if call.request.method == "POST"]


async def test_a_conversation_with_everything() -> None:
    row = (await read(intercom(site()))).items[0]
    began, active = datetime.fromtimestamp(1793956500, UTC), datetime.fromtimestamp(1793958000, UTC)
    label = Attachment("label.png", "image/png", "https://files.example.org/label.png")
    assert row == Interaction(
        source="intercom",
        external_id="215471002",
        record_id=LIVIA.id,
        channel=Channel.CHAT,
        direction=Direction.INBOUND,
        started_at=began,
        last_activity_at=active,
        status=InteractionStatus.ACTIVE,
        url="https://app.eu.intercom.com/a/inbox/ws1/inbox/conversation/215471002",
        legs=(Leg(began, None, LegKind.AGENT, PARCELS, BRUNA),),
        tags=("delivery",),
        subject="Delivery",
        preview="Where is my parcel?",
        details=ConversationDetails(
            messages=(Message(began, MessageParty.CUSTOMER, "Where is my parcel?", attachments=(label,)),)
        ),
    )


async def test_a_closed_e_mail() -> None:
    row = (await read(intercom(site()))).items[1]
    assert (row.channel, row.status) == (Channel.EMAIL, InteractionStatus.COMPLETED)
    assert row.ended_at == datetime.fromtimestamp(1793090000, UTC)
    assert row.last_activity_at == datetime.fromtimestamp(1793100000, UTC)
    assert row.duration_seconds == 90000
    assert row.address == Address(AddressKind.OTHER, IdentifierKind.EMAIL, "livia@example.org")
    assert row.subject == "Invoice & address"
    assert row.legs[0].kind is LegKind.QUEUE
    assert row.legs[0].queue == Queue("5017002", "5017002")  # a team whose name is not told


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"state": "open"}, InteractionStatus.ACTIVE),
        ({"state": "open", "waiting_since": None}, InteractionStatus.PENDING),
        ({"state": "open", "admin_assignee_id": None}, InteractionStatus.QUEUED),
        ({"state": "open", "admin_assignee_id": 0, "waiting_since": None}, InteractionStatus.QUEUED),
        ({"state": "snoozed"}, InteractionStatus.ON_HOLD),
        ({"state": "closed"}, InteractionStatus.COMPLETED),
        ({"state": "archived"}, InteractionStatus.UNKNOWN),
        ({"state": None}, InteractionStatus.UNKNOWN),
    ],
)
async def test_states(fields: dict[str, Any], status: InteractionStatus) -> None:
    assert (await one(fields)).status is status


@pytest.mark.parametrize(
    ("kind", "channel"),
    [
        ("conversation", Channel.CHAT),
        ("phone_call", Channel.VOICE),
        ("whatsapp", Channel.WHATSAPP),
        ("twitter", Channel.X),
        ("push", Channel.OTHER),
        ("pigeon", Channel.OTHER),
    ],
)
async def test_channels(kind: str, channel: Channel) -> None:
    row = await one({"source": sample("conversations")[0]["source"] | {"type": kind}})
    assert row.channel is channel
    expected = {Channel.VOICE: CallDetails, Channel.OTHER: type(None)}
    assert type(row.details) is expected.get(channel, ConversationDetails)


@pytest.mark.parametrize(
    ("delivered_as", "author", "direction"),
    [
        ("customer_initiated", "user", Direction.INBOUND),
        ("admin_initiated", "admin", Direction.OUTBOUND),
        ("automated", "admin", Direction.OUTBOUND),
        ("operator_initiated", "bot", Direction.UNKNOWN),
        ("operator_initiated", "lead", Direction.INBOUND),
        (None, None, Direction.UNKNOWN),
    ],
)
async def test_who_began_it(delivered_as: str | None, author: str | None, direction: Direction) -> None:
    source = sample("conversations")[0]["source"] | {"delivered_as": delivered_as, "author": {"type": author}}
    assert (await one({"source": source})).direction is direction


async def test_its_messages_come_with_one_conversation_alone_and_without_what_is_internal() -> None:
    row = await intercom(site()).get("215471002", soon())
    assert row is not None and isinstance(row.details, ConversationDetails)
    told = [(message.party, message.text, message.agent) for message in row.details.messages]
    assert told == [
        (MessageParty.CUSTOMER, "Where is my parcel?", None),
        (MessageParty.AGENT, "I am looking.", BRUNA),
        (MessageParty.BOT, "It left on Monday.", None),
        (MessageParty.CUSTOMER, None, None),  # redacted
    ]
    assert row.details.message_count == 4


async def test_of_more_parts_than_are_told_nobody_knows_the_number() -> None:
    routes = site()
    parts = sample("parts") | {"total_count": 900}
    whole = sample("conversations")[0] | {"conversation_parts": parts}
    routes.get(f"{BASE}/conversations/215471002").respond(json=whole)
    row = await intercom(routes).get("215471002", soon())
    assert row is not None and isinstance(row.details, ConversationDetails)
    assert (row.details.message_count, row.details.agentless) == (None, False)


async def test_nothing_has_nothing() -> None:
    for id_ in ("1", "../me", "x"):
        assert await intercom(site()).get(id_, soon()) is None


async def test_names_that_may_not_be_read_are_ids() -> None:
    routes = site()
    for path in ("admins", "teams"):
        routes.get(f"{BASE}/{path}").respond(403, json={"type": "error.list", "errors": []})
    (leg,) = (await read(intercom(routes))).items[0].legs
    assert (leg.agent, leg.queue) == (Agent("814001", "814001"), Queue("5017001", "5017001"))


async def test_of_several_people_it_is_told_of_the_one_that_was_asked_for() -> None:
    people = [{"type": "contact", "id": "0" * 24}, {"type": "contact", "id": LIVIA.id}]
    row = await one({"contacts": {"type": "contact.list", "contacts": people}})
    assert row.record_id == LIVIA.id


async def test_rows_of_others_and_bad_ones_are_left_out_and_counted() -> None:
    good = sample("conversations")[0]
    foreign = good | {"contacts": {"contacts": [{"id": "0" * 24}]}}
    odd = [7, good | {"created_at": None}, good | {"created_at": 0}, good | {"contacts": {"contacts": []}}]
    page = await read(intercom(site([foreign, *odd, good])))
    assert ([row.external_id for row in page.items], page.dropped, page.foreign) == ([good["id"]], 4, 1)


async def test_days_are_asked_for_wide_enough_for_any_time_zone() -> None:
    routes = site()
    await read(intercom(routes), Window(NOON, NOON + timedelta(days=9)), wanted=Wanted(active_since=NOON))
    (asked,) = searches(routes)
    assert asked["query"] == {
        "operator": "AND",
        "value": [
            {"field": "contact_ids", "operator": "IN", "value": [LIVIA.id]},
            {"field": "created_at", "operator": ">", "value": int((NOON - timedelta(hours=26)).timestamp())},
            {"field": "created_at", "operator": "<", "value": int((NOON + timedelta(days=9, hours=26)).timestamp())},
            {"field": "updated_at", "operator": ">", "value": int((NOON - timedelta(hours=26)).timestamp())},
        ],
    }
    assert asked["sort"] == {"field": "created_at", "order": "descending"}
    assert asked["pagination"] == {"per_page": 50}


async def test_pages_follow_the_cursor_to_the_end() -> None:
    routes = site()
    rows = [sample("conversations")[0] | {"id": str(n), "created_at": 1793956500 - n * 60} for n in range(50)]
    pages = [
        listed(rows[:20], next={"page": 2, "starting_after": "a"}),
        listed(rows[20:40], next={"page": 3, "starting_after": "b"}),
        listed(rows[40:]),
    ]
    routes.post(f"{BASE}/conversations/search").mock(side_effect=[respx.MockResponse(json=page) for page in pages])
    connector, told, after = intercom(routes), [], None
    while True:
        page = await connector.interactions([LIVIA], Window(), None, 5, soon(), after=after)
        told += [row.external_id for row in page.items]
        after = page.next
        if after is None:
            break
    assert told == [row["id"] for row in rows]
    assert [asked["pagination"].get("starting_after") for asked in searches(routes)] == [None, "a", "b"]


async def test_many_contacts_are_asked_for_fifteen_at_a_time() -> None:
    routes = site([])
    many = [Record(source="intercom", id=f"{n:024x}", identifiers=()) for n in range(32)]
    await intercom(routes).interactions(many, Window(), None, 50, soon())
    assert [len(asked["query"]["value"][0]["value"]) for asked in searches(routes)] == [15, 15, 2]


async def test_another_order_than_asked_for_is_noticed() -> None:
    with pytest.raises(MalformedError):
        await read(intercom(site(sample("conversations"))), ascending=True)


async def test_where_people_open_it() -> None:
    row = await one({}, options={"site_url": "https://inbox.example.org/"})
    assert row.url == "https://inbox.example.org/a/inbox/ws1/inbox/conversation/215471002"
