"""Folding alone: what makes a conversation, what it is called and how it stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connectors.interaction import (
    Channel,
    ConversationDetails,
    DeliveryState,
    Direction,
    IdentifierKind,
    InteractionStatus,
    MessageParty,
)
from connectors.whatsapp.folding import TextMessage, conversation, ends_surely, fold, starts_surely, status_of
from tests.connectors.support import NOW

CUSTOMER, AGENT, BOT = MessageParty.CUSTOMER, MessageParty.AGENT, MessageParty.BOT
FAILED, READ = DeliveryState.FAILED, DeliveryState.READ


def message(
    id: str,
    hours_ago: float,
    party: MessageParty = CUSTOMER,
    *,
    customer: str = "+393331110001",
    channel: Channel = Channel.WHATSAPP,
    sender: str = "+390651110000",
    text: str | None = "ciao",
    delivery: DeliveryState | None = None,
) -> TextMessage:
    at = NOW - timedelta(hours=hours_ago)
    return TextMessage(id, at, customer, channel, sender, party, text, delivery)


def ids(threads: list[tuple[TextMessage, ...]]) -> list[list[str]]:
    return sorted([m.id for m in thread] for thread in threads)


def test_a_day_of_silence_ends_a_conversation_and_a_second_less_does_not():
    second = 1 / 3600
    exactly = [message("a", 72), message("b", 48)]
    nearly = [message("a", 72), message("b", 48 + second)]
    assert ids(fold(exactly)) == [["a"], ["b"]]
    assert ids(fold(nearly)) == [["a", "b"]]


def test_every_customer_channel_and_sender_talks_alone():
    threads = fold(
        [
            message("a", 5),
            message("b", 4, customer="+393331110002"),
            message("c", 3, channel=Channel.SMS),
            message("d", 2, sender="ACME"),
            message("e", 1, AGENT),
        ]
    )
    assert ids(threads) == [["a", "e"], ["b"], ["c"], ["d"]]


def test_the_id_stays_while_the_conversation_grows():
    grown = [message("z", 10), message("a", 9, AGENT), message("m", 1)]
    for size in (1, 2, 3):
        assert fold(reversed(grown[:size]))[0][0].id == "z"


def test_a_machine_answers_after_the_customer_of_the_same_second():
    assert ids(fold([message("a", 1, BOT), message("b", 1)])) == [["b", "a"]]


def test_a_beginning_is_sure_after_a_day_of_known_silence():
    (thread,) = fold([message("a", 24)])
    day = timedelta(hours=24)
    assert starts_surely(thread, NOW - 2 * day)
    assert not starts_surely(thread, NOW - 2 * day + timedelta(seconds=1))
    assert ends_surely(thread, NOW)
    assert not ends_surely(thread, NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("thread", "status"),
    [
        pytest.param([message("a", 1)], InteractionStatus.QUEUED, id="the customer waits"),
        pytest.param([message("a", 2), message("b", 1, AGENT)], InteractionStatus.PENDING, id="the company waits"),
        pytest.param(
            [message("a", 2), message("b", 1, AGENT, delivery=FAILED)],
            InteractionStatus.QUEUED,
            id="an answer that failed is none",
        ),
        pytest.param([message("a", 1, AGENT, delivery=FAILED)], InteractionStatus.FAILED, id="nothing got through"),
        pytest.param([message("a", 90, AGENT, delivery=FAILED)], InteractionStatus.FAILED, id="long ago"),
        pytest.param([message("a", 24)], InteractionStatus.COMPLETED, id="over after a day"),
        pytest.param([message("a", 24 - 1 / 3600)], InteractionStatus.QUEUED, id="not a second before"),
        pytest.param([message("a", -1)], InteractionStatus.QUEUED, id="a clock ahead of ours"),
    ],
)
def test_how_it_stands(thread: list[TextMessage], status: InteractionStatus):
    assert status_of(tuple(thread), NOW) is status


def test_a_conversation_is_told_by_its_messages():
    thread = (
        message("a", 50, text="  "),
        message("b", 49, AGENT, text="Il <b>1</b> & il 2 " + "x" * 200, delivery=READ),
        message("c", 48),
    )
    row = conversation("wa", thread, NOW, "https://example.org/a")
    assert (row.source, row.external_id, row.record_id) == ("wa", "a", "+393331110001")
    assert (row.started_at, row.ended_at) == (thread[0].at, thread[2].at)
    assert row.last_activity_at == thread[2].at
    assert row.duration_seconds == 2 * 3600
    assert row.direction is Direction.INBOUND
    assert row.address is not None and row.address.identifier_kind is IdentifierKind.WHATSAPP
    assert row.preview is not None and row.preview.startswith("Il <b>1</b> & il 2") and len(row.preview) <= 141
    assert isinstance(row.details, ConversationDetails) and not row.details.agentless
    assert [(m.party, m.delivery) for m in row.details.messages] == [
        (CUSTOMER, None),
        (AGENT, READ),
        (CUSTOMER, None),
    ]


def test_what_nobody_answers_to_is_a_notification():
    row = conversation("wa", (message("a", 2, AGENT, channel=Channel.SMS), message("b", 1, AGENT)), NOW)
    assert row.direction is Direction.OUTBOUND
    assert row.ended_at is None and row.duration_seconds is None
    assert row.address is not None and row.address.identifier_kind is IdentifierKind.PHONE
    assert isinstance(row.details, ConversationDetails) and row.details.agentless
    assert {m.party for m in row.details.messages} == {MessageParty.SYSTEM}


def test_a_conversation_without_words_has_no_preview():
    assert conversation("wa", (message("a", 1, text=None),), NOW).preview is None


def test_folding_takes_no_heed_of_the_order_it_is_given():
    messages = [message(str(n), hours) for n, hours in enumerate([100, 90, 60, 40, 39, 1])]
    expected = [["0", "1"], ["2", "3", "4"], ["5"]]
    assert ids(fold(messages)) == ids(fold(reversed(messages))) == expected


def test_no_message_makes_no_conversation():
    assert fold([]) == []


def test_now_is_only_a_reading_of_the_clock():
    later: datetime = NOW + timedelta(days=3)
    assert status_of((message("a", 0),), later) is InteractionStatus.COMPLETED
