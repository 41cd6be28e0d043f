"""What rows become, field by field; and rows that are odd: they are counted, and the others stay."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Query, Window
from connectors.declarative.times import Times, is_format
from connectors.declarative.values import as_flag, as_seconds, as_text, as_texts, as_whole
from connectors.errors import MalformedError
from connectors.identifiers import cookie, email, external, phone, whatsapp
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
    HeldIdentifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Message,
    MessageParty,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    ScoreChange,
    SurveyAnswer,
    SurveyDetails,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WebEvent,
    WebVisitDetails,
    WrapUpCode,
)
from connectors.testing.walks import deadline
from tests.connectors.declarative.support import KNOWN, SMALL, Played, sandbox, shipped, tried

AT = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
END = datetime(2026, 11, 20, 8, 5, tzinfo=UTC)
FULL = Path(__file__).with_name("full.toml").read_text(encoding="utf-8")
NOBODY = Record(source="tried", id="p-1", identifiers=())
ROW = {
    "id": 7,
    "person": "p-1",
    "at": "2026-11-20T09:00:00+01:00",
    "end": "2026-11-20T08:05:00Z",
    "length": "0:04:30",
    "channel": "call",
    "from": "us",
    "state": "DONE",
    "outcome": {"label": "Sold", "good": True},
    "queue": 3,
    "queue_name": "Sales",
    "agent": "Anna",
    "code": "S1",
    "one": "Sales",
    "two": "Sold",
    "note": "<p>Wants <b>two</b></p>",
    "tags": "vip, quote,vip",
    "campaign": "autumn",
    "division": 4,
    "subject": "Quote",
    "topic": "prices",
    "text": "<p>Hello</p>",
    "remarks": [{"text": "Nice", "by": 9, "ms": 1795161600000}, {"text": " "}, 5],
    "before": 40,
    "after": "52.5",
    "number": "333 111 0001",
    "type": "M",
    "answered": "2026-11-20T08:00:30Z",
    "wait_ms": 30000,
    "talk": 240.9,
    "hold": 1,
    "no": "T-1",
    "ticket": "open",
    "prio": 1,
    "esc": "yes",
    "bulk": False,
    "said": [
        {"at": "2026-11-20T08:02:00Z", "who": "a", "text": "Yes?", "agent": "anna"},
        {"at": "2026-11-20T08:01:00Z", "who": "c", "text": "Hello", "agent": "anna"},
        {"at": None, "who": "c", "text": "lost"},
    ],
    "survey": "NPS",
    "nps": 9,
    "answers": [{"q": "Why?", "a": "Fast"}, {"a": "?"}],
    "pages": 2,
    "events": [
        {"at": "2026-11-20T08:01:00Z", "name": "cart", "title": "Basket", "url": "https://a.example/b"},
        {"at": "2026-11-20T08:00:00Z", "name": "view", "title": None},
        {"at": "2026-11-20T08:00:00Z"},
    ],
}


async def rows_of(text: str, *rows: Any, **config: Any) -> tuple[list[Interaction], int]:
    connector = tried(text, Played({"/rows": {"rows": list(rows)}}), **config)
    page = await connector.fetch_page([NOBODY], Query(Window(), 10), deadline())
    return list(page.items), page.dropped


async def row_of(text: str = FULL, /, **changes: Any) -> Interaction:
    items, dropped = await rows_of(text, {**ROW, **changes})
    assert dropped == 0
    return items[0]


async def test_every_field_of_a_row() -> None:
    row = await row_of()
    queue, agent = Queue("3", "Sales"), Agent("Anna", "Anna")
    code = WrapUpCode("S1", "Sold", ("Sales", "Sold"), "Wants two", None)
    assert row == Interaction(
        source="tried",
        external_id="7",
        record_id="p-1",
        channel=Channel.VOICE,
        direction=Direction.OUTBOUND,
        status=InteractionStatus.COMPLETED,
        started_at=AT,
        ended_at=END,
        last_activity_at=END,
        duration_seconds=270,
        url="https://api.example.org/#/calls/7?of=p-1",
        outcome=Outcome(OutcomeKind.SUCCESS, "Sold"),
        legs=(Leg(AT, END, LegKind.AGENT, queue, agent, ("4",), (code,)),),
        tags=("vip", "quote"),
        campaign=Campaign("autumn", "autumn"),
        division_ids=("4",),
        address=Address(AddressKind.MOBILE, IdentifierKind.PHONE, "+393331110001"),
        subject="Quote",
        topic="prices",
        preview="Hello",
        comments=(Comment("Nice", Agent("9", "9"), AT),),
        score=ScoreChange(40.0, 52.5),
        details=CallDetails(datetime(2026, 11, 20, 8, 0, 30, tzinfo=UTC), 30, 240, 60),
    )


async def test_details_are_of_the_channels_kind() -> None:
    assert (await row_of(channel="ticket")).details == TicketDetails(
        "T-1", TicketStatus.OPEN, "open", TicketPriority.URGENT, True, Channel.EMAIL
    )
    agent = Agent("anna", "anna")
    assert (await row_of(channel="chat")).details == ConversationDetails(
        False,
        3,
        (
            Message(datetime(2026, 11, 20, 8, 1, tzinfo=UTC), MessageParty.CUSTOMER, "Hello"),
            Message(datetime(2026, 11, 20, 8, 2, tzinfo=UTC), MessageParty.AGENT, "Yes?", agent),
        ),
    )
    assert (await row_of(channel="survey")).details == SurveyDetails("NPS", 9, (SurveyAnswer("Why?", "Fast"),))
    assert (await row_of(channel="survey", nps=11)).details == SurveyDetails(
        "NPS", None, (SurveyAnswer("Why?", "Fast"),)
    )
    first, second = AT, datetime(2026, 11, 20, 8, 1, tzinfo=UTC)
    assert (await row_of(channel="web")).details == WebVisitDetails(
        2, (WebEvent(first, "view"), WebEvent(second, "cart", "Basket", "https://a.example/b"))
    )
    assert (await row_of(channel="fax")).details is None
    assert (await row_of(channel="fax")).channel is Channel.OTHER


@pytest.mark.parametrize(
    ("channel", "details"),
    [
        ("VOICE", CallDetails()),
        ("TICKET", TicketDetails("7", TicketStatus.UNKNOWN, "")),
        ("WHATSAPP", ConversationDetails()),
        ("SURVEY", SurveyDetails("")),
        ("KNOWLEDGE", WebVisitDetails()),
        ("CAMPAIGN", None),
    ],
)
async def test_details_without_a_word_about_them(channel: str, details: Any) -> None:
    text = SMALL.replace('fixed = "CHAT"', f'fixed = "{channel}"')
    assert (await row_of(text)).details == details


async def test_words_that_nobody_knows() -> None:
    row = await row_of(
        **{"channel": "pigeon", "from": "elsewhere", "state": "odd", "type": "X", "outcome": {"label": "?"}}
    )
    assert (row.channel, row.direction, row.status) == (Channel.OTHER, Direction.UNKNOWN, InteractionStatus.FAILED)
    assert row.address is not None and row.address.kind is AddressKind.OTHER
    assert row.outcome == Outcome(OutcomeKind.NEUTRAL, "?")


async def test_what_runs_has_no_end_and_clocks_may_run_backwards() -> None:
    running = await row_of(state="live")
    assert (running.ended_at, running.duration_seconds, running.last_activity_at) == (None, None, AT)
    backwards = await row_of(end="2026-11-20T07:00:00Z", length=None)
    assert (backwards.ended_at, backwards.duration_seconds) == (AT, 0)
    reckoned = await row_of(end=None)
    assert (reckoned.ended_at - reckoned.started_at).total_seconds() == 270  # type: ignore[operator]
    told = await row_of(length=None)
    assert told.duration_seconds == 300


async def test_a_queue_alone_is_a_leg_and_a_code_without_one_stays() -> None:
    (leg,) = (await row_of(agent=None)).legs
    assert (leg.kind, leg.agent) == (LegKind.QUEUE, None)
    alone = await row_of(agent=None, queue=None, queue_name=None)
    assert (alone.legs, [code.label for code in alone.wrap_up_codes]) == ((), ["Sold"])


async def test_people_open_interactions_elsewhere() -> None:
    connector = tried(
        FULL, Played({"/rows": {"rows": [ROW]}}), options={"manifest": "t", "agent_url": "https://agents.example.org/"}
    )
    page = await connector.fetch_page([NOBODY], Query(Window(), 10), deadline())
    assert page.items[0].url == "https://agents.example.org/#/calls/7?of=p-1"


PERSON = 'person = { id = "id", emails = ["email"], phones = ["phone"] }'
FULL_PERSON = (
    'person = { id = "id", name = "name", emails = ["mails"], phones = ["phone", "more[].n"], whatsapp = ["wa"], '
    'cookies = ["seen"], external_id = "crm", verified = "sure", since = "made", divisions = "parts", '
    'campaigns = { name = "list" } }'
)


async def test_every_field_of_a_person_and_two_rows_of_one() -> None:
    people = [
        {
            "id": 5,
            "name": "Vera <b>A</b>",
            "mails": ["Vera@Example.org", "none"],
            "phone": "333 111 0002",
            "more": [{"n": "+390255550100"}, {"n": 5}],
            "wa": "393331110002",
            "seen": "c-1",
            "crm": "C-5",
            "sure": True,
            "made": "2026-01-01",
            "parts": [{"name": "Italy"}],
            "list": "Autumn",
        },
        {"id": 5, "phone": "+393331110003", "made": "2025-01-01", "list": "Spring"},
        {"phone": "+393331110009"},
    ]
    connector = tried(
        SMALL.replace(PERSON, FULL_PERSON), Played({"/people": {"people": people}}), external_id_source="crm"
    )
    (record,) = await connector.find([external("tried", "5")], deadline())
    assert set(record.identifiers) == {
        HeldIdentifier(external("tried", "5"), True),
        HeldIdentifier(email("vera@example.org"), True),  # type: ignore[arg-type]
        HeldIdentifier(phone("+393331110002"), True),  # type: ignore[arg-type]
        HeldIdentifier(phone("+390255550100"), True),  # type: ignore[arg-type]
        HeldIdentifier(whatsapp("+393331110002"), True),  # type: ignore[arg-type]
        HeldIdentifier(cookie("c-1"), True),
        HeldIdentifier(external("crm", "C-5"), True),
        HeldIdentifier(phone("+393331110003"), None),  # type: ignore[arg-type]
    }
    assert (record.name, record.division_ids) == ("Vera A", ("Italy",))
    assert record.since == datetime(2025, 1, 1, tzinfo=UTC)
    assert record.campaigns == (Campaign("Autumn", "Autumn"), Campaign("Spring", "Spring"))


async def test_people_that_are_all_odd_are_no_answer() -> None:
    connector = tried(SMALL, Played({"/people": {"people": [{"name": "x"}, 5]}}))
    with pytest.raises(MalformedError):
        await connector.find([external("tried", "5")], deadline())


@pytest.mark.parametrize(
    ("row", "answer"),
    [("@", {"id": 5}), ("person || `[]`", {"person": {"id": 5}}), ("person || `[]`", {"person": None})],
)
async def test_one_person_alone(row: str, answer: Any) -> None:
    connector = tried(SMALL.replace('rows = "people"', f'row = "{row}"'), Played({"/people": answer}))
    found = await connector.find([external("tried", "5")], deadline())
    assert [record.id for record in found] == (["5"] if answer != {"person": None} else [])


ODD = [None, "", " ", "\x00", 0, -1, 1.5, True, [], {}, [[]], "1e999", 10**30, "9999-99-99", "0001-01-01T00:00:00Z"]
LATER = ["3026-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "x" * 50_000, {"a": [1]}, float(2**60)]


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALARS, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=6)


@pytest.mark.parametrize("field", ["id", "person", "at"])
@pytest.mark.parametrize("value", [None, "", {}, [], True])
async def test_a_row_without_what_it_needs_is_counted(field: str, value: Any) -> None:
    items, dropped = await rows_of(FULL, ROW, {**ROW, field: value}, 5, None, {**ROW, "id": 8})
    assert ([row.external_id for row in items], dropped) == (["7", "8"], 3)


@given(data=st.data())
async def test_mutated_rows_are_dropped_or_whole_and_the_rest_stays(data: st.DataObject) -> None:
    mutant = copy.deepcopy(ROW)
    for field in data.draw(st.lists(st.sampled_from(sorted(ROW)), min_size=1, max_size=6)):
        how = data.draw(st.sampled_from(["remove", "odd", "json"]))
        if how == "remove":
            mutant.pop(field, None)
        elif how == "odd":
            mutant[field] = data.draw(st.sampled_from([*ODD, *LATER]))
        else:
            mutant[field] = data.draw(JSON)
    mutant["channel"] = data.draw(st.sampled_from(["call", "ticket", "chat", "survey", "web", "?", None]))
    good = {**ROW, "id": "good"}
    items, dropped = await rows_of(FULL, mutant, good)
    assert len(items) + dropped == 2
    assert items[-1].external_id == "good"
    for row in items:
        assert row.external_id and row.record_id
        assert row.started_at <= row.last_activity_at
        assert row.ended_at is None or row.ended_at >= row.started_at
        assert row.duration_seconds is None or row.duration_seconds >= 0
        assert msgspec.json.encode(row)


async def test_a_function_that_meets_another_type_costs_the_field_alone() -> None:
    text = SMALL + "subject = \"join(', ', names)\"\n"
    assert (await row_of(text, names=["a", "b"])).subject == "a, b"
    assert (await row_of(text, names=[1])).subject is None


ROME = ZoneInfo("Europe/Rome")
READ = [
    ("iso", "2026-11-20T09:00:00+01:00", AT),
    ("iso", "2026-11-20 08:00:00.000Z", AT),
    ("iso", "2026-11-20T09:00:00", AT),
    ("iso", 1795161600, None),
    ("iso", "yesterday", None),
    ("epoch_seconds", 1795161600, AT),
    ("epoch_seconds", "1795161600.0", AT),
    ("epoch_milliseconds", 1795161600000, AT),
    ("epoch_microseconds", 1795161600000000, AT),
    ("epoch_seconds", True, None),
    ("epoch_seconds", 0, None),
    ("epoch_seconds", -5, None),
    ("epoch_seconds", 1e300, None),
    ("epoch_seconds", "soon", None),
    ("%d/%m/%Y %H:%M", "20/11/2026 09:00", AT),
    ("%d/%m/%Y %H:%M", "31/02/2026 09:00", None),
    ("%Y-%m-%dT%H:%M:%S%z", "2026-11-20T03:00:00-0500", AT),
    ("%m/%d/%Y %I:%M:%S %p", "11/20/2026 09:00:00 AM", AT),
]


@pytest.mark.parametrize(("format_", "value", "at"), READ)
def test_times_are_read_in_the_sources_zone(format_: str, value: Any, at: datetime | None) -> None:
    assert Times(format_, ROME).read(value) == at


def test_local_times_may_be_an_hour_off_only_where_clocks_change() -> None:
    times = Times("%Y-%m-%d %H:%M", ROME)
    assert times.slack(datetime(2026, 10, 25, 1, tzinfo=UTC)).total_seconds() == 3600
    assert times.slack(datetime(2026, 10, 27, 1, tzinfo=UTC)).total_seconds() == 0
    assert Times("iso", ROME).slack(datetime(2026, 10, 25, 1, tzinfo=UTC)).total_seconds() == 0


@pytest.mark.parametrize(
    ("text", "right"), [("iso", True), ("%Y-%m-%d", True), ("%H:%M", False), ("%Q", False), ("x", False)]
)
def test_formats_are_those_that_hold_a_date(text: str, right: bool) -> None:
    assert is_format(text) is right


def test_values_are_read_leniently() -> None:
    assert [as_text(v) for v in (5, 5.0, 5.5, True, " a ", None, 10**40)] == ["5", "5", None, None, "a", None, None]
    assert [as_texts(v) for v in ("a,b", [1, {"name": "x"}, {}], {})] == [("a", "b"), ("1", "x"), None]
    assert [as_flag(v) for v in (True, "No", 1, "maybe", [])] == [True, False, True, None, None]
    assert [as_whole(v) for v in ("7", 7.0, 7.5, -1, "x", 2**40)] == [7, 7, None, None, None, None]
    assert [as_seconds(v, "clock") for v in ("1:02:03", "02:03", "5", "a:b", 5, "1:2:3:4")] == [
        3723,
        123,
        None,
        None,
        None,
        None,
    ]
    assert [as_seconds(v, "seconds") for v in (1.9, "2", -1, 1e12)] == [1, 2, None, None]


async def test_acqueons_attempts_carry_scores_comments_number_types_and_outcomes() -> None:
    connector = shipped("acqueon_campaign_manager", httpx.ASGITransport(app=sandbox()))
    records = await connector.find([KNOWN], deadline())
    page = await connector.interactions(records, Window(), None, 100, deadline())
    assert records[0].campaigns
    assert {row.channel for row in page.items} == {Channel.VOICE, Channel.SMS, Channel.EMAIL}
    assert all(row.score is not None and row.campaign is not None for row in page.items)
    assert {row.outcome.kind for row in page.items if row.outcome} == {OutcomeKind.SUCCESS, OutcomeKind.FAILURE}
    assert any(row.comments and row.comments[0].author for row in page.items)
    assert AddressKind.MOBILE in {row.address.kind for row in page.items if row.address}


async def test_web_visits_carry_their_pages_and_events() -> None:
    connector = shipped("web_events", httpx.ASGITransport(app=sandbox()))
    records = await connector.find([KNOWN], deadline())
    (cookies,) = [h.identifier for h in records[0].identifiers if h.identifier.kind is IdentifierKind.COOKIE]
    assert await connector.find([cookies], deadline()) == records
    page = await connector.interactions(records, Window(), None, 100, deadline())
    visits = [row.details for row in page.items if isinstance(row.details, WebVisitDetails)]
    assert len(visits) == len(page.items)
    assert all(visit.page_count == sum(event.name == "page_view" for event in visit.events) for visit in visits)
    assert {row.channel for row in page.items} == {Channel.WEB, Channel.KNOWLEDGE}
    assert any(event.name == "cart_abandoned" for visit in visits for event in visit.events)
