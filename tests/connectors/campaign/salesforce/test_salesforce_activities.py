"""What Salesforce's tasks and voice calls become, and how they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.base import Page, Query, Wanted, Window
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Campaign,
    Channel,
    Comment,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    ScoreChange,
)
from tests.connectors.campaign.salesforce.fake import LIVIA, NOTHING, asked, org, salesforce, sample
from tests.connectors.support import NOW, soon

ALWAYS = Window()
BRUNA, KATE = Agent("0055f000000AbCdAAK", "Bruna Agosti"), Agent("0055f000000AbCeAAK", "Kate Winslade")
FIELDS = {
    "phone_number": "Phone_Number__c",
    "number_type": "Number_Type__c",
    "previous_score": "Previous_Score__c",
    "current_score": "Current_Score__c",
    "tags": "Tags__c",
}
OPTIONS = {"task_fields": FIELDS, "outcomes": {"Not interested": "FAILURE"}}
BOTH = {"objects": ("Task", "VoiceCall")}


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


async def read(routes: Any, window: Window = ALWAYS, limit: int = 50, **config: Any) -> Page:
    config.setdefault("options", OPTIONS)
    wanted = config.pop("wanted", Wanted())
    return await salesforce(routes, **config).interactions([LIVIA], window, None, limit, soon(), wanted=wanted)


async def one_call(**changes: Any) -> Interaction:
    row = sample("voice_calls")["records"][0] | {"NextCallId": None} | changes
    page = await read(org(VoiceCall={"records": [row], "done": True}), options={"objects": ("VoiceCall",)})
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


async def one_task(**changes: Any) -> Interaction:
    row = sample("tasks")["records"][0] | changes
    page = await read(org(Task={"records": [row], "done": True}))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


async def test_a_task_with_everything() -> None:
    page = await read(org(Task=sample("tasks")))
    call, _ = page.items
    assert page.dropped == 1
    assert call == Interaction(
        source="salesforce",
        external_id="00T5f00000AAAAAEA4",
        record_id=LIVIA.id,
        channel=Channel.VOICE,
        direction=Direction.OUTBOUND,
        started_at=at("20T10:00"),
        last_activity_at=at("20T10:03"),
        ended_at=at("20T10:01:35"),
        duration_seconds=95,
        status=InteractionStatus.COMPLETED,
        url="https://acme.lightning.force.com/lightning/r/Task/00T5f00000AAAAAEA4/view",
        outcome=Outcome(OutcomeKind.FAILURE, "Not interested"),
        legs=(Leg(at("20T10:00"), at("20T10:01:35"), LegKind.AGENT, agent=BRUNA),),
        tags=("vip", "renewal"),
        campaign=Campaign("7015f000000AbCdAAK", "Renewals"),
        address=Address(AddressKind.MOBILE, IdentifierKind.PHONE, "+393331115501"),
        subject="Call about the renewal",
        preview="Wants the offer in writing.",
        comments=(Comment("Wants the offer in writing.", BRUNA, at("20T10:01:35")),),
        score=ScoreChange(40.0, 52.5),
        details=CallDetails(talk_seconds=95),
    )


async def test_a_mail_that_waits_for_the_customer_with_a_queue() -> None:
    _, mail = (await read(org(Task=sample("tasks")))).items
    assert (mail.channel, mail.direction, mail.status) == (
        Channel.EMAIL,
        Direction.UNKNOWN,
        InteractionStatus.PENDING,
    )
    assert (mail.ended_at, mail.duration_seconds, mail.last_activity_at) == (None, None, at("19T09:30"))
    assert mail.legs == (Leg(at("19T09:00"), None, LegKind.QUEUE, queue=Queue("00G5f000000AbCdEAK", "Sales desk")),)
    assert mail.details == ConversationDetails()
    assert (mail.outcome, mail.score, mail.address, mail.comments) == (None, None, None, ())


@pytest.mark.parametrize(
    ("changes", "status", "channel"),
    [
        ({"Status": "Not Started", "IsClosed": False}, InteractionStatus.SCHEDULED, Channel.VOICE),
        ({"Status": "In Progress", "IsClosed": False}, InteractionStatus.ACTIVE, Channel.VOICE),
        ({"Status": "Deferred", "IsClosed": False}, InteractionStatus.ON_HOLD, Channel.VOICE),
        ({"Status": "Somewhere", "IsClosed": False}, InteractionStatus.UNKNOWN, Channel.VOICE),
        ({"Status": "Erledigt", "IsClosed": True}, InteractionStatus.COMPLETED, Channel.VOICE),
        ({"TaskSubtype": "ListEmail"}, InteractionStatus.COMPLETED, Channel.EMAIL),
        ({"TaskSubtype": "LinkedIn"}, InteractionStatus.COMPLETED, Channel.OTHER),
    ],
)
async def test_statuses_and_channels(changes: dict[str, Any], status: InteractionStatus, channel: Channel) -> None:
    row = await one_task(**changes)
    assert (row.status, row.channel) == (status, channel)


async def test_the_organisations_own_words() -> None:
    options = {
        "task_fields": {
            "channel": "Mode__c",
            "outcome": "Result__c",
            "comments": "Agent_Comments__c",
            "campaign_name": "List__c",
        },
        "outcomes": {"Sold": "SUCCESS"},
        "statuses": {"Sold": "COMPLETED", "No answer": "MISSED"},
    }
    row = sample("tasks")["records"][0] | {
        "Mode__c": "SMS",
        "Result__c": "Sold",
        "Agent_Comments__c": "Ring after six.",
        "List__c": "Autumn",
    }
    (sms,) = (await read(org(Task={"records": [row], "done": True}), options=options)).items
    assert (sms.channel, sms.outcome) == (Channel.SMS, Outcome(OutcomeKind.SUCCESS, "Sold"))
    assert (sms.comments[0].text, sms.campaign) == ("Ring after six.", Campaign("Autumn", "Autumn"))
    (missed,) = (
        await read(org(Task={"records": [row | {"Result__c": "No answer"}], "done": True}), options=options)
    ).items
    assert missed.status is InteractionStatus.MISSED


async def test_a_call_with_its_transfer_and_consultation_is_one() -> None:
    routes = org(VoiceCall=sample("voice_calls"), followers=sample("followers"))
    (call,) = (await read(routes, options={"objects": ("VoiceCall",)})).items
    assert (call.external_id, call.record_id, call.direction) == ("0LQ5f00000AAAAAEA4", LIVIA.id, Direction.INBOUND)
    assert (call.started_at, call.ended_at, call.duration_seconds) == (at("21T10:00"), at("21T10:10"), 600)
    assert call.legs == (
        Leg(at("21T10:00:10"), at("21T10:00:40"), LegKind.QUEUE, queue=Queue("Front desk", "Front desk")),
        Leg(at("21T10:00:40"), at("21T10:05:40"), LegKind.AGENT, queue=Queue("Front desk", "Front desk"), agent=BRUNA),
        Leg(at("21T10:06"), at("21T10:10"), LegKind.TRANSFER, agent=KATE),
        Leg(
            at("21T10:07:05"), at("21T10:08"), LegKind.CONSULT, agent=Agent("0055f000000AbCfAAK", "0055f000000AbCfAAK")
        ),
    )
    assert call.details == CallDetails(at("21T10:00:40"), wait_seconds=30, talk_seconds=510, hold_seconds=30)
    assert (call.subject, call.preview) == ("Line drops", "Handed to the specialists.")
    assert call.outcome == Outcome(OutcomeKind.NEUTRAL, "Handed on")
    assert call.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331115501")
    assert call.url == "https://acme.lightning.force.com/lightning/r/VoiceCall/0LQ5f00000AAAAAEA4/view"


TAKEN = {"CallAcceptDateTime": None, "CallConnectDateTime": None}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"CallDisposition": "in-progress"}, InteractionStatus.ACTIVE),
        ({"CallDisposition": "in progress"}, InteractionStatus.ACTIVE),
        ({"CallDisposition": "new", **TAKEN, "CallEndDateTime": None}, InteractionStatus.MISSED),
        ({"CallDisposition": "new", **TAKEN, "DisconnectReason": "CUSTOMER_DISCONNECT"}, InteractionStatus.ABANDONED),
        (
            {
                "CallDisposition": "new",
                **TAKEN,
                "CallEndDateTime": None,
                "CallStartDateTime": "2026-11-23T08:59:00.000+0000",
            },
            InteractionStatus.QUEUED,
        ),
        ({"CallDisposition": "completed", **TAKEN}, InteractionStatus.MISSED),
        ({"CallDisposition": "completed", **TAKEN, "CallType": "Outbound"}, InteractionStatus.COMPLETED),
        ({"CallDisposition": "busy"}, InteractionStatus.MISSED),
        ({"CallDisposition": "failed"}, InteractionStatus.FAILED),
        ({"CallDisposition": None}, InteractionStatus.UNKNOWN),
    ],
)
async def test_statuses_of_calls(changes: dict[str, Any], status: InteractionStatus) -> None:
    row = await one_call(**changes)
    assert row.status is status
    is_running = status in (InteractionStatus.ACTIVE, InteractionStatus.QUEUED)
    assert (row.ended_at is None) is is_running


@pytest.mark.parametrize(
    ("kind", "channel", "direction", "address"),
    [
        ("Outbound", Channel.VOICE, Direction.OUTBOUND, "+390255550140"),
        ("Callback", Channel.CALLBACK, Direction.OUTBOUND, "+390255550140"),
        ("InternalCall", Channel.VOICE, Direction.INTERNAL, "+390255550140"),
        ("Bridge", Channel.VOICE, Direction.UNKNOWN, "+390255550140"),
    ],
)
async def test_kinds_of_calls(kind: str, channel: Channel, direction: Direction, address: str) -> None:
    row = await one_call(CallType=kind)
    assert (row.channel, row.direction) == (channel, direction)
    assert row.address is not None and row.address.value == address


async def test_a_task_that_stands_for_a_call_is_not_told_twice() -> None:
    told = {"records": [{"ActivityId": "00T5f00000AAAAAEA4"}], "done": True}
    routes = org(Task=sample("tasks"), VoiceCall=sample("voice_calls"), followers=sample("followers"), told=told)
    page = await read(routes, options=BOTH)
    assert [row.external_id[:3] for row in page.items] == ["0LQ", "00T"]
    (question,) = [soql for soql in asked(routes, "VoiceCall") if "ActivityId IN" in soql]
    assert question == (
        "SELECT ActivityId FROM VoiceCall WHERE ActivityId IN "
        "('00T5f00000AAAAAEA4', '00T5f00000AAAABEA4', '00T5f00000AAAACEA4') "
        f"AND RelatedRecordId IN ('{LIVIA.id}') AND PreviousCallId = null"
    )


async def test_the_window_is_asked_for_in_milliseconds_rounded_outwards() -> None:
    routes = org()
    start = datetime(2026, 11, 1, 9, 30, 0, 1500, tzinfo=UTC)
    await read(routes, Window(start, start + timedelta(days=1)), limit=7)
    (soql,) = asked(routes, "Task")
    assert soql.endswith(
        f"WHERE WhoId IN ('{LIVIA.id}') AND TaskSubtype IN ('Call', 'Email', 'ListEmail')"
        " AND CreatedDate >= 2026-11-01T09:30:00.001Z AND CreatedDate < 2026-11-02T09:30:00.002Z"
        " ORDER BY CreatedDate DESC, Id DESC LIMIT 25"
    )


async def test_no_calls_are_read_for_somebody_who_wants_mail() -> None:
    routes = org()
    await read(routes, options=BOTH, wanted=Wanted(channels=frozenset({Channel.EMAIL})))
    assert len(asked(routes, "Task")) == 1 and asked(routes, "VoiceCall") == []


async def test_a_following_query_begins_at_the_last_second_and_has_room_for_it() -> None:
    """Where the vendor gives fewer rows than it was asked for, the rest is asked for in the same way."""
    row = sample("tasks")["records"][0]
    rows = [
        row
        | {
            "Id": f"00T5f00000AAA{n:02}EA4"[:18].ljust(18, "0"),
            "CreatedDate": f"2026-11-20T10:00:{59 - n // 2:02}.000+0000",
        }
        for n in range(6)
    ]
    routes = org(Task={"records": rows, "done": False, "nextRecordsUrl": "/services/data/v61.0/query/01g-6"})
    connector = salesforce(routes, options=OPTIONS)
    fetched = await connector.fetch_page([LIVIA], Query(ALWAYS, 25), soon())
    assert len(fetched.items) == 6 and fetched.reached == at("20T10:00:57")
    await connector.fetch_page([LIVIA], Query(ALWAYS, 25, cursor=fetched.cursor), soon())
    assert asked(routes, "Task")[1].endswith(
        "AND CreatedDate < 2026-11-20T10:00:58.000Z ORDER BY CreatedDate DESC, Id DESC LIMIT 28"
    )
    await connector.fetch_page([LIVIA], Query(ALWAYS, 25, True), soon())
    assert asked(routes, "Task")[2].endswith("ORDER BY CreatedDate ASC, Id ASC LIMIT 26")


async def test_one_by_its_id() -> None:
    routes = org(Task={"records": [sample("tasks")["records"][0]], "done": True}, VoiceCall=NOTHING)
    connector = salesforce(routes, options=BOTH)
    found = await connector.get("00T5f00000AAAAAEA4", soon())
    assert found is not None and found.record_id == LIVIA.id
    assert await connector.get("0LQ5f00000AAAAAEA4", soon()) is None
    assert asked(routes)[1].endswith("FROM VoiceCall WHERE Id = '0LQ5f00000AAAAAEA4' AND PreviousCallId = null LIMIT 1")
    for other in ("00T5f00000AAAA'EA4", "00T", "0LQ5f00000AAAAA"):
        assert await connector.get(other, soon()) is None
    assert await salesforce(routes).get("0LQ5f00000AAAAAEA4", soon()) is None
    assert len(asked(routes)) == 2


async def test_too_many_people_are_said_to_be_capped() -> None:
    crowd = [Record(source="salesforce", id=f"003{n:015}", identifiers=()) for n in range(51)]
    page = await salesforce(org()).interactions(crowd, ALWAYS, None, 10, soon())
    assert page.capped


def test_now_is_later_than_the_samples() -> None:
    assert at("21T10:10") < NOW
