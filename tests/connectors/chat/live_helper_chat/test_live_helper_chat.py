"""Live Helper Chat: whom chats are with, what they become, and how failures look that come with status 200."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Window
from connectors.chat.live_helper_chat import LiveHelperChat
from connectors.errors import MalformedError, RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Agent,
    Attachment,
    Channel,
    ConversationDetails,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Message,
    MessageParty,
    Queue,
    Record,
)
from tests.connectors.support import connect, router, soon

BASE = "https://chat.example.org/index.php"
CHATS = f"{BASE}/restapi/chats"
LIVIA, MOBILE = email("livia@example.org"), phone("+393331110142")
assert LIVIA and MOBILE
RECORD = Record(source="live_helper_chat", id="livia@example.org", identifiers=())
FAILED = {"error": True, "result": "Autorizzazione non riuscita!"}
CHAT: dict[str, Any] = {
    "id": 711,
    "nick": "Livia",
    "email": "Livia@Example.org",
    "phone": "333 111 0142",
    "dep_id": 3,
    "department_name": "Parcels",
    "user_id": 12,
    "plain_user_name": "Bruna Agosti",
    "status": 2,
    "status_sub": 0,
    "time": 1793956500,
    "pnd_time": 1793956500,
    "cls_time": 1793957400,
    "last_user_msg_time": 1793957300,
    "last_op_msg_time": 1793957200,
    "chat_initiator": 0,
    "gbot_id": 0,
    "hash": "the-visitors-key",
    "remarks": "difficult",
    "messages": [
        {
            "id": 3,
            "time": 1793957200,
            "user_id": 12,
            "name_support": "Bruna",
            "msg": "[b]On its way[/b], see [url=https://x.example]here[/url]",
        },
        {"id": 1, "time": 1793956500, "user_id": 0, "name_support": "", "msg": "Where is my parcel? [file=9_s3cret]"},
        {"id": 2, "time": 1793956510, "user_id": -1, "name_support": "", "msg": "Bruna has accepted the chat"},
        {"id": 4, "time": 1793957250, "user_id": -2, "name_support": "Bot", "msg": "Anything else?"},
        {"id": 5, "time": 1793957300, "user_id": -7, "name_support": "", "msg": "of a kind nobody knows"},
        "odd",
    ],
}


def listed(*chats: Any, count: Any = None) -> dict[str, Any]:
    return {"list": list(chats), "list_count": len(chats) if count is None else count, "error": False}


def site(*chats: Any) -> respx.MockRouter:
    routes = router()
    routes.get(CHATS).respond(json=listed(*chats))
    return routes


def lhc(routes: respx.MockRouter, **config: Any) -> LiveHelperChat:
    return connect(LiveHelperChat, routes, BASE, credentials={"user": "gateway", "api_key": "k3y"}, **config)


async def read(connector: LiveHelperChat, window: Window | None = None) -> Page:
    return await connector.interactions([RECORD], window or Window(), None, 50, soon())


async def one(fields: dict[str, Any]) -> Interaction:
    page = await read(lhc(site(CHAT | fields)))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def asked(routes: respx.MockRouter) -> list[tuple[str, str]]:
    return [next(iter(call.request.url.params.items())) for call in routes.calls]


# ------------------------------------------------------------------ people


async def test_a_person_is_what_the_chats_say() -> None:
    routes = site(CHAT | {"nick": " "}, CHAT | {"id": 5, "phone": ""}, {"id": 6}, "odd")
    (record,) = await lhc(routes).find([LIVIA], soon())
    assert (record.id, record.name) == ("livia@example.org", "Livia")
    assert record.identifiers == (
        HeldIdentifier(external("live_helper_chat", "livia@example.org"), True),
        HeldIdentifier(LIVIA, None),
        HeldIdentifier(MOBILE, None),
    )
    assert asked(routes) == [("email", "livia@example.org")]
    assert routes.calls.last.request.headers["authorization"].startswith("Basic ")


async def test_a_number_is_asked_for_as_most_write_it_and_tells_who_wrote_it() -> None:
    routes = site(CHAT, CHAT | {"id": 1, "email": "olivia@example.org"}, CHAT | {"id": 2, "email": ""})
    records = await lhc(routes).find([MOBILE], soon())
    assert [record.id for record in records] == ["+393331110142", "livia@example.org", "olivia@example.org"]
    assert asked(routes) == [("phone", "+393331110142"), ("phone", "393331110142"), ("phone", "3331110142")]


@pytest.mark.parametrize(
    ("identifier", "conditions"),
    [
        (external("live_helper_chat", "livia@example.org"), [("email", "livia@example.org")]),
        (external("live_helper_chat", "+442071234567"), [("phone", "+442071234567"), ("phone", "442071234567")]),
        (external("live_helper_chat", "711"), []),
        (external("crm", "livia@example.org"), []),
    ],
)
async def test_its_own_ids_are_addresses(identifier: Identifier, conditions: list[tuple[str, str]]) -> None:
    routes = site()
    assert await lhc(routes).find([identifier], soon()) == []
    assert asked(routes) == conditions


async def test_nothing_is_kept_that_nobody_may_see() -> None:
    routes = site(CHAT)
    page = await read(lhc(routes))
    assert "the-visitors-key" not in repr(page) and "difficult" not in repr(page) and "s3cret" not in repr(page)
    ignored = routes.calls.last.request.url.params["ignore_fields"].split(",")
    assert {"hash", "remarks"} <= set(ignored)


# ------------------------------------------------------------------ chats


async def test_a_chat_with_everything() -> None:
    row = await one({})
    began, ended = datetime.fromtimestamp(1793956500, UTC), datetime.fromtimestamp(1793957400, UTC)
    bruna = Agent("12", "Bruna Agosti")
    assert row == Interaction(
        source="live_helper_chat",
        external_id="711",
        record_id="livia@example.org",
        channel=Channel.CHAT,
        direction=Direction.INBOUND,
        started_at=began,
        ended_at=ended,
        last_activity_at=ended,
        duration_seconds=900,
        status=InteractionStatus.COMPLETED,
        url=f"{BASE}/site_admin/chat/single/711",
        legs=(Leg(began, ended, LegKind.AGENT, Queue("3", "Parcels"), bruna),),
        inbox=("3", "Parcels"),
        preview="Anything else?",
        details=ConversationDetails(
            message_count=3,
            messages=(
                Message(began, MessageParty.CUSTOMER, "Where is my parcel?", attachments=(Attachment(),)),
                Message(
                    datetime.fromtimestamp(1793957200, UTC),
                    MessageParty.AGENT,
                    "On its way, see here",
                    Agent("12", "Bruna"),
                ),
                Message(datetime.fromtimestamp(1793957250, UTC), MessageParty.BOT, "Anything else?"),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": 0, "user_id": 0}, InteractionStatus.QUEUED),
        ({"status": 1}, InteractionStatus.ACTIVE),
        ({"status": 1, "status_sub": 8}, InteractionStatus.ON_HOLD),
        ({"status": 3}, InteractionStatus.ACTIVE),
        ({"status": 5}, InteractionStatus.ACTIVE),
        ({"status": 4}, InteractionStatus.UNKNOWN),
        ({"status": 99}, InteractionStatus.UNKNOWN),
        ({"status": 2}, InteractionStatus.COMPLETED),
        ({"status": 2, "user_id": 0, "messages": []}, InteractionStatus.MISSED),
        ({"status": 2, "user_id": 0, "messages": [], "status_sub": 3}, InteractionStatus.ABANDONED),
        ({"status": 2, "user_id": 0, "messages": [], "gbot_id": 4}, InteractionStatus.COMPLETED),
    ],
)
async def test_statuses(fields: dict[str, Any], status: InteractionStatus) -> None:
    assert (await one(fields)).status is status


async def test_while_it_runs_it_has_no_end() -> None:
    row = await one({"status": 1, "cls_time": 0, "chat_initiator": 1})
    assert (row.ended_at, row.duration_seconds, row.direction) == (None, None, Direction.OUTBOUND)
    assert row.last_activity_at == datetime.fromtimestamp(1793957300, UTC)


async def test_some_servers_write_numbers_as_texts() -> None:
    texts = {name: str(value) for name, value in CHAT.items() if isinstance(value, int)}
    assert await one(texts) == await one({})


async def test_names_that_are_not_told_are_ids_and_nobody_is_no_leg() -> None:
    (leg,) = (await one({"department_name": None, "plain_user_name": ""})).legs
    assert (leg.queue, leg.agent) == (Queue("3", "3"), Agent("12", "12"))
    (leg,) = (await one({"user_id": 0})).legs
    assert (leg.kind, leg.agent) == (LegKind.QUEUE, None)
    assert (await one({"user_id": 0, "dep_id": 0})).legs == ()


async def test_bad_rows_are_dropped_and_counted_and_others_are_not_told() -> None:
    odd = [5, CHAT | {"time": 0}, CHAT | {"email": "", "phone": ""}, CHAT | {"id": 0}]
    page = await read(lhc(site(*odd, CHAT | {"email": "olivia@example.org"}, CHAT)))
    assert ([row.external_id for row in page.items], page.dropped, page.foreign) == (["711"], 4, 1)


async def test_pages_go_by_offset_until_one_is_not_full() -> None:
    routes = router()
    rows = [CHAT | {"id": n, "time": 1793956500 - n, "messages": []} for n in range(1, 251)]
    pages = [listed(*rows[:100], count=250), listed(*rows[100:200], count=False), listed(*rows[200:], count=False)]
    routes.get(CHATS).mock(side_effect=[respx.MockResponse(json=page) for page in pages])
    page = await read(lhc(routes))
    assert (len(page.items), page.capped) == (250, False)
    assert [call.request.url.params.get("offset") for call in routes.calls] == [None, "100", "200"]


async def test_more_than_can_be_read_says_so() -> None:
    routes = router()
    turns = iter(range(1000))

    def full(request: httpx.Request) -> httpx.Response:
        first = next(turns) * 100 + 1
        rows = [CHAT | {"id": first + n, "messages": []} for n in range(100)]
        return httpx.Response(200, json=listed(*rows))

    routes.get(CHATS).mock(side_effect=full)
    page = await read(lhc(routes))
    assert (len(page.items), page.capped) == (3000, True)


async def test_the_window_is_asked_for_without_its_ends() -> None:
    routes = site(CHAT)
    at = datetime.fromtimestamp(1793956500, UTC)
    page = await read(lhc(routes), Window(at, at + timedelta(microseconds=1)))
    params = routes.calls.last.request.url.params
    assert (params["time_gt"], params["time_lt"]) == ("1793956499", "1793956501")
    assert len(page.items) == 1


# ------------------------------------------------------------------ one, and failures


async def test_one_is_told_as_a_list_tells_it() -> None:
    routes = site(CHAT | {"id": 710}, CHAT)
    routes.get(f"{BASE}/restapi/fetchchat").respond(json={"error": False, "chat": CHAT | {"messages": None}})
    row = await lhc(routes).get("711", soon())
    assert row == await one({})
    params = routes.calls.last.request.url.params
    assert (params["time_gt"], params["time_lt"]) == ("1793956499", "1793956501")


async def test_one_that_no_list_tells_has_no_messages() -> None:
    routes = site()
    bare = {name: value for name, value in CHAT.items() if name not in ("messages", "department_name")}
    routes.get(f"{BASE}/restapi/fetchchat").respond(json={"error": False, "chat": bare})
    row = await lhc(routes).get("711", soon())
    assert row is not None and row.details == ConversationDetails()


async def test_an_absent_chat_is_told_from_a_refusal_by_asking_for_another() -> None:
    routes = site(CHAT)
    routes.get(f"{BASE}/restapi/fetchchat").respond(json=FAILED)
    assert await lhc(routes).get("9", soon()) is None
    routes.get(CHATS).respond(json=FAILED)
    with pytest.raises(RefusedError):
        await lhc(routes).get("9", soon())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, json=FAILED), RefusedError),
        (httpx.Response(200, json={"error": False}), MalformedError),
        (httpx.Response(200, text='<b>Warning</b>: x in y.php{"list":[],"error":false}'), MalformedError),
        (httpx.Response(200, json={"list": {"1": CHAT}, "error": False}), MalformedError),
    ],
)
async def test_what_fails_with_200_is_no_empty_list(answer: httpx.Response, error: type[Exception]) -> None:
    routes = router()
    routes.get(CHATS).mock(return_value=answer)
    connector = lhc(routes)
    for call in (connector.check(soon()), connector.find([LIVIA], soon()), read(connector)):
        with pytest.raises(error):
            await call


async def test_an_operator_without_departments_has_no_chats() -> None:
    routes = router()
    routes.get(CHATS).respond(json={"list": [], "list_count": 0})
    assert await lhc(routes).find([LIVIA], soon()) == []
