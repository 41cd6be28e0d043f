"""What an operator knows of rows: which channel an inbox carries, whose number is a mobile, how it went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from connectors.base import SourceConfig, Wanted
from connectors.interaction import (
    Address,
    AddressKind,
    CallDetails,
    Channel,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    Outcome,
    OutcomeKind,
    Queue,
    WrapUpCode,
)
from connectors.rules import RowRules
from connectors.testing.walks import EVER, deadline, read_all
from tests.connectors import test_contract as acme
from tests.connectors.support import NOW

SUCCESS, FAILURE, NEUTRAL = OutcomeKind
BILLING, SALES = Queue("q1", "Billing"), Queue("q2", "Sales")
SOLD, FORWARDED = WrapUpCode("w1", "Sold", ("Done", "Sold")), WrapUpCode("w2", "Forwarded")


def a_row(channel: Channel = Channel.CHAT, **fields: Any) -> Interaction:
    return Interaction(
        source="desk",
        external_id="1",
        record_id="p1",
        channel=channel,
        direction=Direction.INBOUND,
        started_at=NOW,
        last_activity_at=NOW,
        status=InteractionStatus.COMPLETED,
        **fields,
    )


def a_leg(minute: int, queue: Queue | None = BILLING, *codes: WrapUpCode, division: str = "") -> Leg:
    at = NOW + timedelta(minutes=minute)
    return Leg(at, queue=queue, wrap_up_codes=codes, division_ids=(division,) if division else ())


# ---------------------------------------------------------------- channels of inboxes

INBOXES = RowRules(inboxes={"7": Channel.WHATSAPP, "Billing": Channel.EMAIL, "+390611110000": Channel.CALLBACK})


@pytest.mark.parametrize(
    ("row", "channel"),
    [
        (a_row(inbox=("7", "Shop")), Channel.WHATSAPP),
        (a_row(inbox=("8", "Shop")), Channel.CHAT),
        (a_row(legs=(a_leg(0, SALES), a_leg(1, BILLING))), Channel.EMAIL),
        (a_row(inbox=("7",), legs=(a_leg(0, BILLING),)), Channel.WHATSAPP),
        (a_row(Channel.VOICE, inbox=("+390611110000",)), Channel.CALLBACK),
        (a_row(Channel.OTHER, inbox=("7",)), Channel.WHATSAPP),
        (a_row(Channel.VOICE, inbox=("7",)), Channel.VOICE),
        (a_row(Channel.TICKET, inbox=("7",)), Channel.TICKET),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_inbox_has_a_channel(row: Interaction, channel: Channel) -> None:
    assert INBOXES.apply(row) == replace(row, channel=channel)


def test_details_stay_of_the_kind_that_the_channel_asks_for() -> None:
    chat = a_row(inbox=("7",), details=ConversationDetails(message_count=3))
    assert INBOXES.apply(chat).details == chat.details
    call = a_row(Channel.VOICE, inbox=("7",), details=CallDetails(talk_seconds=9))
    assert INBOXES.apply(call) is call


def test_a_vendor_is_not_asked_for_the_channels_that_an_operator_made() -> None:
    wanted = Wanted(channels=frozenset({Channel.WHATSAPP}), tags=frozenset({"vip"}))
    assert INBOXES.widened(wanted) == Wanted(tags=frozenset({"vip"}))
    assert RowRules(outcomes={"Sold": SUCCESS}).widened(wanted) is wanted


# ---------------------------------------------------------------- kinds of addresses

NUMBERS = RowRules(
    number_types={
        "+39*": AddressKind.HOME,
        "+393*": AddressKind.MOBILE,
        "+393331110009": AddressKind.WORK,
        "*@example.com": AddressKind.OFFICE,
    }
)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("+390212345678", AddressKind.HOME),
        ("+393331110001", AddressKind.MOBILE),
        ("+393331110009", AddressKind.WORK),
        ("+49301234567", AddressKind.OTHER),
        ("anna@example.com", AddressKind.OFFICE),
        ("anna@example.org", AddressKind.OTHER),
        ("@example.com", AddressKind.OTHER),
    ],
)
def test_an_address_has_a_kind(value: str, kind: AddressKind) -> None:
    row = a_row(address=Address(AddressKind.OTHER, IdentifierKind.PHONE, value))
    assert NUMBERS.apply(row) == replace(row, address=Address(kind, IdentifierKind.PHONE, value))


def test_what_the_vendor_says_of_an_address_stays() -> None:
    row = a_row(address=Address(AddressKind.OFFICE, IdentifierKind.PHONE, "+393331110001"))
    assert NUMBERS.apply(row) is row
    assert NUMBERS.apply(a_row()).address is None


# ---------------------------------------------------------------- how it went

OUTCOMES = RowRules(outcomes={"CSAT: good": NEUTRAL, "Sold": SUCCESS, "w2": NEUTRAL, "Done": FAILURE})


def test_a_vendors_outcome_keeps_its_label() -> None:
    row = a_row(outcome=Outcome(SUCCESS, "CSAT: good"), wrap_up_codes=(SOLD,))
    assert OUTCOMES.apply(row).outcome == Outcome(NEUTRAL, "CSAT: good")
    unnamed = a_row(outcome=Outcome(FAILURE, "CSAT: bad"), wrap_up_codes=(SOLD,))
    assert OUTCOMES.apply(unnamed) is unnamed


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (a_row(), None),
        (a_row(wrap_up_codes=(SOLD,)), SUCCESS),
        (a_row(wrap_up_codes=(WrapUpCode("w9", "Other", ("Done", "Other")),)), FAILURE),
        (a_row(wrap_up_codes=(SOLD, FORWARDED)), NEUTRAL),
        (a_row(wrap_up_codes=(SOLD, WrapUpCode("w9", "Unheard of"))), SUCCESS),
        (a_row(wrap_up_codes=(SOLD,), legs=(a_leg(0, BILLING, FORWARDED),)), SUCCESS),
        (a_row(legs=(a_leg(0, BILLING, FORWARDED), a_leg(9, BILLING, SOLD))), SUCCESS),
        (a_row(legs=(a_leg(9, BILLING, SOLD), a_leg(0, BILLING, FORWARDED))), SUCCESS),
        (a_row(legs=(a_leg(0, BILLING, SOLD), a_leg(9, BILLING))), SUCCESS),
        (a_row(legs=(a_leg(0, BILLING, SOLD), a_leg(9, None))), SUCCESS),
        (a_row(legs=(a_leg(0, None, SOLD), a_leg(9, None))), SUCCESS),
    ],
)
def test_a_wrap_up_code_tells_how_it_went(row: Interaction, kind: OutcomeKind | None) -> None:
    told = OUTCOMES.apply(row).outcome
    assert told == (None if kind is None else Outcome(kind, kind.value.capitalize()))


@pytest.mark.parametrize(
    "later",
    [a_leg(9, SALES), a_leg(9, BILLING, division="b"), a_leg(9, SALES, WrapUpCode("w9", "Unheard of"))],
    ids=["another queue", "another division", "a code of its own"],
)
def test_it_tells_of_no_leg_that_may_be_hidden_beside_the_last(later: Leg) -> None:
    row = a_row(legs=(a_leg(0, BILLING, SOLD), later))
    assert OUTCOMES.apply(row) is row
    borrowed = a_row(legs=(a_leg(0, None, SOLD), a_leg(9, BILLING)))
    assert OUTCOMES.apply(borrowed) is borrowed, "a leg without a queue may borrow another one's"


def test_its_label_is_no_wrap_up_code() -> None:
    row = OUTCOMES.apply(a_row(wrap_up_codes=(SOLD,)))
    assert row.outcome is not None
    assert row.outcome.label == "Success"


# ---------------------------------------------------------------- in a connector


async def test_every_way_out_of_a_connector_has_been_through_the_rules() -> None:
    rules = RowRules(inboxes={"desk inbox": Channel.WHATSAPP})
    known = {"client_id": "the-client", "client_secret": "the-secret-of-it"}

    class WithInboxes(acme.AcmeDesk):
        def row(self, talk: acme.Talk) -> Interaction:
            return replace(super().row(talk), inbox=("desk inbox",))

    config = SourceConfig("desk", "https://acme.example.org", known, rules=rules)
    connector = WithInboxes(config, httpx.ASGITransport(app=acme.desk()), lambda: NOW)
    records = await connector.find([acme.ANNA], deadline())
    for ascending in (False, True):
        rows = await read_all(connector, records, ascending=ascending, limit=3)
        assert len(rows) == len(acme.TALKS)
        assert {row.channel for row in rows} == {Channel.WHATSAPP}
    one = await connector.get("talk-03", deadline())
    assert one is not None and one.channel is Channel.WHATSAPP


async def test_a_vendor_that_filters_by_channel_is_asked_for_all() -> None:
    asked: list[Any] = []

    class Pushing(acme.AcmeDesk):
        async def fetch_page(self, records: Any, query: Any, until: Any) -> Any:
            asked.append(query.wanted.channels)
            return await super().fetch_page(records, query, until)

    known = {"client_id": "the-client", "client_secret": "the-secret-of-it"}
    wanted = Wanted(channels=frozenset({Channel.WHATSAPP}))
    for rules in (None, INBOXES):
        config = SourceConfig("desk", "https://acme.example.org", known, rules=rules)
        connector = Pushing(config, httpx.ASGITransport(app=acme.desk()), lambda: NOW)
        records = await connector.find([acme.ANNA], deadline())
        await connector.interactions(records, EVER, None, 5, deadline(), wanted=wanted)
    assert asked == [wanted.channels, None]
