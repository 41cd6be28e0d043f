"""What Chatwoot's conversations become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.chat.chatwoot import CONVERSATIONS_A_CONTACT, Chatwoot
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
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
from tests.connectors.chat.chatwoot.samples import (
    API,
    EVER,
    INBOXES,
    RECORD,
    SITE,
    STARTED,
    chatwoot,
    conversation,
    message,
    read,
    read_one,
    routes_with,
)
from tests.connectors.support import soon


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
        inbox=("1", "Web shop"),
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
