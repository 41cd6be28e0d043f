"""Chatwoot against answers written by hand after its Application API description."""

from __future__ import annotations

import json
import traceback
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import respx

from connectors.base import Page, Window
from connectors.chat.chatwoot import CONVERSATIONS_A_CONTACT, Chatwoot
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Attachment,
    CallDetails,
    Channel,
    ConversationDetails,
    DeliveryState,
    Direction,
    Identifier,
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
from tests.connectors.support import connect, router, soon

SITE = "https://chat.example.org/inbox"
API = f"{SITE}/api/v1/accounts/3"
STARTED = 1_795_165_200  # 2026-11-20T09:00:00Z
EVER = Window()

CONTACT = {
    "id": 42,
    "name": "Giulia Bianchi",
    "email": "Giulia.Bianchi@example.org",
    "phone_number": "+393331112222",
    "identifier": "C-1001",
    "created_at": 1_790_000_000,
    "contact_inboxes": [
        {"source_id": "393331112222", "inbox": {"id": 2, "channel_type": "Channel::Whatsapp"}},
        {"source_id": "b1946ac9", "inbox": {"id": 1, "channel_type": "Channel::WebWidget"}},
    ],
}
INBOXES = [
    {"id": 1, "name": "Web shop", "channel_type": "Channel::WebWidget"},
    {"id": 2, "name": "WhatsApp", "channel_type": "Channel::Whatsapp"},
    {"id": 3, "name": "Twilio WhatsApp", "channel_type": "Channel::TwilioSms", "medium": "whatsapp"},
    {"id": 4, "name": "Twilio SMS", "channel_type": "Channel::TwilioSms", "medium": "sms"},
    {"id": 5, "name": "Mail", "channel_type": "Channel::Email"},
    {"id": 6, "name": "App", "channel_type": "Channel::Api"},
    {"id": 7, "name": "SMS", "channel_type": "Channel::Sms"},
    {"id": 8, "name": "Page", "channel_type": "Channel::FacebookPage"},
    {"id": 9, "name": "Instagram", "channel_type": "Channel::Instagram"},
    {"id": 10, "name": "Telegram", "channel_type": "Channel::Telegram"},
    {"id": 11, "name": "Line", "channel_type": "Channel::Line"},
    {"id": 12, "name": "X", "channel_type": "Channel::TwitterProfile"},
    {"id": 13, "name": "Calls", "channel_type": "Channel::Voice"},
    {"id": 14, "name": "New", "channel_type": "Channel::Carrier"},
]
RECORD = Record(source="chatwoot", id="42", identifiers=())


def message(id_: int, text: str | None, after_seconds: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "content": text,
        "message_type": 0,
        "created_at": STARTED + after_seconds,
        "private": False,
        "status": "sent",
        "sender_type": "Contact",
        "sender": {"id": 42, "name": "Giulia Bianchi"},
        **fields,
    }


def from_agent(id_: int, text: str, after_seconds: float = 0, **fields: Any) -> dict[str, Any]:
    sender = {"id": 7, "name": "Marta Conti"}
    return message(id_, text, after_seconds, **{"message_type": 1, "sender_type": "User", "sender": sender, **fields})


def conversation(id_: int = 501, *messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    meta = {"sender": {"id": 42, "email": CONTACT["email"], "phone_number": CONTACT["phone_number"]}}
    return {
        "id": id_,
        "uuid": "5a9a0fd2-5b2c-4a7e-9a3f-000000000501",
        "status": "open",
        "inbox_id": 1,
        "labels": [],
        "created_at": STARTED,
        "last_activity_at": STARTED + 120,
        "updated_at": STARTED + 130.25,
        "messages": list(messages),
        **fields,
        "meta": {**meta, "channel": "Channel::WebWidget", **fields.get("meta", {})},
    }


def routes_with(*conversations: Any, contact: int = 42) -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/inboxes").respond(json={"payload": INBOXES})
    routes.get(f"{API}/contacts/{contact}/conversations").respond(json={"payload": list(conversations)})
    return routes


def chatwoot(routes: respx.MockRouter, **config: Any) -> Chatwoot:
    config.setdefault("options", {"account_id": 3})
    return connect(Chatwoot, routes, f"{SITE}/", credentials={"token": "agent-token"}, **config)


async def read(*conversations: Any) -> Page:
    return await chatwoot(routes_with(*conversations)).interactions([RECORD], EVER, None, 50, soon())


async def read_one(row: dict[str, Any]) -> Interaction:
    [item] = (await read(row)).items
    return item


# ------------------------------------------------------------------ find


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        (phone("+393331112222"), {"attribute_key": "phone_number", "values": ["393331112222"]}),
        (email("giulia.bianchi@example.org"), {"attribute_key": "email", "values": ["giulia.bianchi@example.org"]}),
    ],
)
async def test_phones_and_emails_are_found_by_the_filter(asked: Identifier, condition: dict[str, Any]) -> None:
    routes = router()
    call = routes.post(f"{API}/contacts/filter").respond(json={"meta": {"count": 1}, "payload": [CONTACT]})
    [found] = await chatwoot(routes, external_id_source="crm").find([asked], soon())
    request = call.calls.last.request
    assert json.loads(request.content) == {"payload": [{"filter_operator": "equal_to", **condition}]}
    assert request.headers["api_access_token"] == "agent-token"
    assert (found.id, found.name) == ("42", "Giulia Bianchi")
    assert found.since == datetime.fromtimestamp(1_790_000_000, UTC)
    assert {(h.identifier, h.verified) for h in found.identifiers} == {
        (external("chatwoot", "42"), True),
        (phone("+393331112222"), None),
        (email("giulia.bianchi@example.org"), None),
        (Identifier(IdentifierKind.WHATSAPP, "+393331112222"), None),
        (external("crm", "C-1001"), None),
    }


async def test_external_ids_are_searched_and_compared() -> None:
    routes = router()
    near = {**CONTACT, "id": 43, "identifier": "C-10011"}
    call = routes.get(f"{API}/contacts/search", params={"q": "C-1001"}).respond(json={"payload": [near, CONTACT]})
    found = await chatwoot(routes, external_id_source="crm").find([external("crm", "C-1001")], soon())
    assert ([r.id for r in found], call.call_count) == (["42"], 1)


async def test_an_id_of_chatwoots_own_is_read_directly() -> None:
    routes = router()
    routes.get(f"{API}/contacts/42").respond(json={"payload": CONTACT})
    routes.get(f"{API}/contacts/404").respond(404, json={})
    source = chatwoot(routes)
    assert [r.id for r in await source.find([external("chatwoot", "42")], soon())] == ["42"]
    assert await source.find([external("chatwoot", "404"), external("chatwoot", "../inboxes")], soon()) == []


async def test_contacts_that_do_not_match_are_left_out() -> None:
    routes = router()
    others = [{"id": 1, "phone_number": "+393331119999"}, {"id": 2}, {"name": "no id"}, "odd"]
    routes.post(f"{API}/contacts/filter").respond(json={"payload": others})
    assert await chatwoot(routes).find([phone("+393331112222")], soon()) == []


async def test_a_switchboard_brings_all_who_share_it() -> None:
    routes = router()
    sharing = [{"id": n, "phone_number": "+39021234567", "contact_inboxes": None} for n in range(1, 16)]
    routes.post(f"{API}/contacts/filter").respond(json={"payload": sharing})
    assert len(await chatwoot(routes).find([phone("+39021234567")], soon())) == 15


async def test_search() -> None:
    routes = router()
    routes.get(f"{API}/contacts/search", params={"q": "giulia"}).respond(
        json={"payload": [CONTACT, {**CONTACT, "id": 43}]}
    )
    assert [r.id for r in await chatwoot(routes).search(" giulia ", 1, soon())] == ["42"]


async def test_check_reads_the_inboxes() -> None:
    await chatwoot(routes_with()).check(soon())


# ------------------------------------------------------------------ conversations


async def test_a_web_chat() -> None:
    row = await read_one(
        conversation(
            501,
            message(9001, "Is my order <b>late</b>?", 120.5),
            labels=["delivery", "vip"],
            meta={"assignee": {"id": 7, "name": "Marta Conti"}, "team": {"id": 4, "name": "Orders"}},
        )
    )
    started = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    last = datetime(2026, 11, 20, 9, 2, 0, 500_000, tzinfo=UTC)
    assert row == Interaction(
        source="chatwoot",
        external_id="501",
        record_id="42",
        channel=Channel.CHAT,
        direction=Direction.INBOUND,
        started_at=started,
        last_activity_at=last,
        status=InteractionStatus.ACTIVE,
        url=f"{SITE}/app/accounts/3/conversations/501",
        legs=(Leg(started, None, LegKind.AGENT, Queue("team-4", "Orders"), Agent("7", "Marta Conti")),),
        tags=("delivery", "vip"),
        preview="Is my order late?",
        details=ConversationDetails(
            message_count=None, messages=(Message(last, MessageParty.CUSTOMER, "Is my order <b>late</b>?"),)
        ),
    )


@pytest.mark.parametrize(
    ("word", "assignee", "status", "ended"),
    [
        ("open", {"id": 7, "name": "Marta Conti"}, InteractionStatus.ACTIVE, False),
        ("open", None, InteractionStatus.QUEUED, False),
        ("pending", None, InteractionStatus.QUEUED, False),
        ("snoozed", {"id": 7}, InteractionStatus.ON_HOLD, False),
        ("resolved", {"id": 7}, InteractionStatus.COMPLETED, True),
        ("archived", None, InteractionStatus.UNKNOWN, False),
        (None, None, InteractionStatus.UNKNOWN, False),
    ],
)
async def test_status(word: str | None, assignee: Any, status: InteractionStatus, ended: bool) -> None:
    row = await read_one(conversation(status=word, meta={"assignee": assignee}))
    assert row.status is status
    assert (row.ended_at, row.duration_seconds) == ((row.last_activity_at, 120) if ended else (None, None))
    assert row.legs[0].ended_at == row.ended_at
    assert row.legs[0].kind is (LegKind.QUEUE if assignee is None else LegKind.AGENT)


WHATSAPP_USED = Address(AddressKind.OTHER, IdentifierKind.WHATSAPP, "+393331112222")
PHONE_USED = Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331112222")
EMAIL_USED = Address(AddressKind.OTHER, IdentifierKind.EMAIL, "giulia.bianchi@example.org")


@pytest.mark.parametrize(
    ("inbox", "channel", "address"),
    [
        (1, Channel.CHAT, None),
        (2, Channel.WHATSAPP, WHATSAPP_USED),
        (3, Channel.WHATSAPP, WHATSAPP_USED),
        (4, Channel.SMS, PHONE_USED),
        (5, Channel.EMAIL, EMAIL_USED),
        (6, Channel.CHAT, None),
        (7, Channel.SMS, PHONE_USED),
        (8, Channel.FACEBOOK, None),
        (9, Channel.INSTAGRAM, None),
        (10, Channel.TELEGRAM, None),
        (11, Channel.LINE, None),
        (12, Channel.X, None),
        (13, Channel.VOICE, PHONE_USED),
        (14, Channel.OTHER, None),
    ],
)
async def test_the_inbox_decides_the_channel(inbox: int, channel: Channel, address: Address | None) -> None:
    row = await read_one(conversation(inbox_id=inbox))
    assert (row.channel, row.address) == (channel, address)
    assert row.legs[0].queue == Queue(f"inbox-{inbox}", INBOXES[inbox - 1]["name"])
    expected = {Channel.VOICE: CallDetails, Channel.OTHER: type(None)}.get(channel, ConversationDetails)
    assert isinstance(row.details, expected)
    assert channel in Chatwoot.channels


async def test_instagram_on_a_facebook_page() -> None:
    row = await read_one(conversation(inbox_id=8, additional_attributes={"type": "instagram_direct_message"}))
    assert row.channel is Channel.INSTAGRAM


async def test_an_inbox_that_may_not_be_read_falls_back_to_what_the_row_says() -> None:
    row = await read_one(conversation(inbox_id=99, meta={"channel": "Channel::Email"}))
    assert (row.channel, row.legs[0].queue) == (Channel.EMAIL, Queue("inbox-99", "99"))


async def test_names_that_are_missing_fall_back_to_ids() -> None:
    row = await read_one(conversation(meta={"assignee": {"id": 7, "name": None}, "team": {"id": 4}}))
    assert (row.legs[0].agent, row.legs[0].queue) == (Agent("7", "7"), Queue("team-4", "4"))


async def test_a_mail_has_its_subject() -> None:
    row = await read_one(conversation(inbox_id=5, additional_attributes={"mail_subject": "Re: order 77"}))
    assert row.subject == "Re: order 77"


async def test_conversations_of_others_are_dropped() -> None:
    page = await read(conversation(501), conversation(502, meta={"sender": {"id": 43}}))
    assert ([row.external_id for row in page.items], page.foreign) == (["501"], 1)


async def test_a_row_that_cannot_be_read_does_not_cost_the_page() -> None:
    odd = [{"id": 502}, "odd", conversation(503, created_at=0), conversation(504, created_at="soon")]
    page = await read(conversation(501, "odd", {"id": 1}), *odd)
    assert ([row.external_id for row in page.items], page.dropped) == (["501"], 4)


async def test_newest_first_by_start_not_by_id() -> None:
    page = await read(conversation(503, created_at=STARTED - 60), conversation(501), conversation(502))
    assert [row.external_id for row in page.items] == ["501", "502", "503"]


async def test_a_contact_with_twenty_conversations_may_have_more() -> None:
    many = [conversation(500 + n) for n in range(CONVERSATIONS_A_CONTACT)]
    assert (await read(*many)).capped
    assert not (await read(*many[1:])).capped


async def test_several_records_and_one_that_is_gone() -> None:
    routes = routes_with(conversation(501))
    routes.get(f"{API}/contacts/43/conversations").respond(404, json={})
    records = [
        RECORD,
        Record(source="chatwoot", id="43", identifiers=()),
        Record(source="chatwoot", id="x", identifiers=()),
    ]
    source = chatwoot(routes)
    for _ in range(2):
        page = await source.interactions(records, EVER, None, 50, soon())
        assert [row.external_id for row in page.items] == ["501"]
    assert sum(1 for call in routes.calls if call.request.url.path.endswith("/inboxes")) == 1


# ------------------------------------------------------------------ messages


async def test_notes_and_the_log_are_never_told() -> None:
    row = await read_one(
        conversation(
            501,
            from_agent(9003, "Careful, he is angry", 60, private=True),
            last_non_activity_message=message(9002, "Hello?", 30),
        )
    )
    assert isinstance(row.details, ConversationDetails)
    assert [m.text for m in row.details.messages] == ["Hello?"]
    assert row.preview == "Hello?"
    hidden = [
        message(1, "log", message_type=2),
        message(2, "unknown", message_type=9),
        message(3, "unsaid", private=None),
        from_agent(4, "note", private=True),
    ]
    for kind in hidden:
        row = await read_one(conversation(501, kind, last_non_activity_message=kind))
        assert isinstance(row.details, ConversationDetails)
        assert (row.preview, row.details.messages) == (None, ())


BY_USER = {"message_type": 1, "sender_type": "User"}
BY_TYPE_OF_SENDER = {"message_type": 1, "sender_type": None, "sender": {"id": 7, "type": "user"}}
SENT = DeliveryState.SENT


@pytest.mark.parametrize(
    ("fields", "party", "agent", "delivery"),
    [
        ({"message_type": 0, "status": "read"}, MessageParty.CUSTOMER, None, None),
        ({**BY_USER, "sender": {"id": 7, "name": "Marta"}}, MessageParty.AGENT, Agent("7", "Marta"), SENT),
        ({**BY_USER, "sender": None}, MessageParty.AGENT, None, SENT),
        (BY_TYPE_OF_SENDER, MessageParty.AGENT, Agent("7", "7"), SENT),
        ({"message_type": 1, "sender_type": "AgentBot"}, MessageParty.BOT, None, SENT),
        ({"message_type": 1, "sender_type": "Captain::Assistant"}, MessageParty.BOT, None, SENT),
        ({"message_type": 1, "sender_type": None, "sender": None}, MessageParty.SYSTEM, None, SENT),
        ({"message_type": 1, "sender_type": "Robot"}, MessageParty.SYSTEM, None, SENT),
        (
            {"message_type": 1, "sender_type": None, "status": "delivered"},
            MessageParty.SYSTEM,
            None,
            DeliveryState.DELIVERED,
        ),
        ({"message_type": 3, "sender_type": None, "status": "failed"}, MessageParty.SYSTEM, None, DeliveryState.FAILED),
        ({"message_type": 3, "status": "lost"}, MessageParty.SYSTEM, None, None),
    ],
)
async def test_who_speaks(fields: dict[str, Any], party: MessageParty, agent: Agent | None, delivery: Any) -> None:
    row = await read_one(conversation(501, message(1, "text", 90, **fields)))
    assert isinstance(row.details, ConversationDetails)
    [told] = row.details.messages
    assert (told.party, told.agent, told.delivery) == (party, agent, delivery)


async def test_attachments() -> None:
    files = [{"data_url": "https://chat.example.org/files/1"}, {"data_url": None}]
    row = await read_one(conversation(501, message(1, None, attachments=files)))
    assert isinstance(row.details, ConversationDetails)
    assert row.details.messages[0].attachments == (Attachment(url="https://chat.example.org/files/1"),)
    assert (row.details.messages[0].text, row.preview) == (None, None)


@pytest.mark.parametrize(
    ("last", "first_reply_after_seconds", "direction"),
    [
        (message(1, "Hello"), None, Direction.INBOUND),
        (message(9, "Thanks", 600), 45, Direction.INBOUND),
        (message(9, "Thanks", 600), 0.4, Direction.OUTBOUND),
        (from_agent(1, "Your order has left", 1), None, Direction.OUTBOUND),
        (from_agent(1, "How can I help?", 45), 45, Direction.INBOUND),
        (from_agent(1, "Hi, I am a bot", 1, sender_type="AgentBot"), None, Direction.INBOUND),
        (message(1, "Thanks for writing", 1, message_type=3), None, Direction.INBOUND),
    ],
)
async def test_direction_from_a_list(
    last: dict[str, Any], first_reply_after_seconds: float | None, direction: Direction
) -> None:
    after = first_reply_after_seconds
    row = await read_one(conversation(501, last, first_reply_created_at=0 if after is None else STARTED + after))
    assert row.direction is direction


def detail_routes(*messages: dict[str, Any], **fields: Any) -> respx.MockRouter:
    routes = routes_with()
    routes.get(f"{API}/conversations/501").respond(json=conversation(501, *messages[-1:], **fields))
    routes.get(f"{API}/conversations/501/messages").mock(
        side_effect=lambda request: httpx.Response(200, json={"meta": {}, "payload": last_before(messages, request)})
    )
    return routes


def last_before(messages: tuple[dict[str, Any], ...], request: httpx.Request) -> list[dict[str, Any]]:
    before = int(request.url.params.get("before", 1_000_000))
    return [m for m in messages if m["id"] < before][-20:]


async def test_one_conversation_with_its_messages() -> None:
    routes = detail_routes(
        from_agent(1, "Your parcel is on its way", 0, sender_type=None, sender=None),
        message(2, "Conversation was opened", 10, message_type=2),
        message(3, "When?", 60),
        from_agent(4, "He asks again", 61, private=True),
        from_agent(5, "Tomorrow", 90),
    )
    row = await chatwoot(routes).get("501", soon())
    assert row is not None
    assert isinstance(row.details, ConversationDetails)
    assert [m.text for m in row.details.messages] == ["Your parcel is on its way", "When?", "Tomorrow"]
    assert (row.details.message_count, row.direction, row.details.agentless) == (3, Direction.OUTBOUND, False)


@pytest.mark.parametrize(
    ("messages", "direction", "agentless"),
    [
        ([from_agent(1, "Your parcel is on its way", sender_type=None, sender=None)], Direction.OUTBOUND, True),
        ([from_agent(1, "Good morning")], Direction.OUTBOUND, False),
        ([from_agent(1, "Reminder", sender_type="AgentBot")], Direction.OUTBOUND, True),
        ([from_agent(1, "I am a bot", sender_type="AgentBot"), message(2, "Hi", 5)], Direction.INBOUND, False),
        ([message(1, "We are closed", message_type=3), message(2, "Hi", 5)], Direction.INBOUND, False),
        ([], Direction.INBOUND, False),
    ],
)
async def test_direction_and_notices(messages: list[dict[str, Any]], direction: Direction, agentless: bool) -> None:
    row = await chatwoot(detail_routes(*messages)).get("501", soon())
    assert row is not None
    assert isinstance(row.details, ConversationDetails)
    assert (row.direction, row.details.agentless, row.details.message_count) == (direction, agentless, len(messages))


@pytest.mark.parametrize(("total", "told", "count"), [(19, 19, 19), (20, 20, 20), (65, 65, 65), (130, 100, None)])
async def test_long_conversations_are_read_from_their_end(total: int, told: int, count: int | None) -> None:
    routes = detail_routes(*(message(n, f"m{n}", n) for n in range(1, total + 1)))
    row = await chatwoot(routes).get("501", soon())
    assert row is not None
    assert isinstance(row.details, ConversationDetails)
    assert len(row.details.messages) == told
    assert row.details.messages[-1].text == f"m{total}"
    assert row.details.message_count == count


async def test_a_conversation_that_is_not_there() -> None:
    routes = routes_with()
    routes.get(f"{API}/conversations/7").respond(404, json={})
    source = chatwoot(routes)
    assert await source.get("7", soon()) is None
    assert await source.get("7/messages", soon()) is None
    assert await source.get("٧", soon()) is None


# ------------------------------------------------------------------ failures

CANARY = "canary.person@example.org"
FAILURES = [
    pytest.param(httpx.ReadTimeout("slow"), TimedOutError, id="timeout"),
    pytest.param(httpx.ConnectError("gone"), UnavailableError, id="no connection"),
    pytest.param(httpx.Response(502, text="bad gateway"), UnavailableError, id="server error"),
    pytest.param(httpx.Response(429, headers={"Retry-After": "9"}), RateLimitedError, id="throttled"),
    pytest.param(httpx.Response(401, json={"errors": [CANARY]}), RefusedError, id="token revoked"),
    pytest.param(httpx.Response(403, json={"errors": [CANARY]}), RefusedError, id="not allowed"),
    pytest.param(httpx.Response(422, json={"errors": [CANARY]}), MalformedError, id="question not understood"),
    pytest.param(httpx.Response(200, text=f"<html>{CANARY}"), MalformedError, id="not JSON"),
    pytest.param(httpx.Response(200, json={}), MalformedError, id="shape changed"),
    pytest.param(httpx.Response(200, json={"payload": {"id": CANARY}}), MalformedError, id="no list"),
]


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
async def test_failures_become_ours_and_name_nobody(
    answer: httpx.Response | Exception, expected: type[ConnectorError]
) -> None:
    routes = router()
    reply = {"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer}
    routes.route().mock(**reply)
    source = chatwoot(routes)
    found = [source.find([email(CANARY)], soon()), source.interactions([RECORD], EVER, None, 50, soon())]
    for call in found:
        with pytest.raises(expected) as caught:
            await call
        assert CANARY not in "".join(traceback.format_exception(caught.value))
        if isinstance(caught.value, RateLimitedError):
            assert caught.value.retry_after_seconds == 9


@pytest.mark.parametrize("options", [{}, {"account_id": "3"}, {"account_id": 0}, {"account_id": 3, "inbox": 1}])
def test_options_that_are_not_understood_are_refused_at_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        chatwoot(router(), options=options)
