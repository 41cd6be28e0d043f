"""What is told of Chatwoot's messages, and what they tell of a conversation."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

from connectors.interaction import Agent, Attachment, ConversationDetails, DeliveryState, Direction, MessageParty
from tests.connectors.chat.chatwoot.samples import (
    API,
    STARTED,
    chatwoot,
    conversation,
    from_agent,
    message,
    read_one,
    routes_with,
)
from tests.connectors.support import soon


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
