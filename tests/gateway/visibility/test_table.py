"""VISIBILITY.md §2 and §3 as a table: a sentence, a viewer, a row, and what is shown of it. Written by hand.

Divisions are `north`, `south` and `home`; the vendor calls the first two N and S. Queue q1 is the service `sales`, q2
is `care`; q3 and every other queue is a service that nobody named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Attachment,
    CallDetails,
    Campaign,
    Channel,
    Comment,
    ConversationDetails,
    Direction,
    HeldIdentifier,
    Identifier,
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
    WebEvent,
    WebVisitDetails,
    WrapUpCode,
)
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.permissions import (
    ANALYTICS_VIEW,
    EVENT_TYPE_VIEW,
    EVENT_VIEW,
    PII_VIEW,
    QUEUE_SEARCH,
    SESSION_VIEW,
    WITHHELD_FIELDS,
    WRAP_UP_CODE_VIEW,
)
from gateway.viewer.viewer import EVERYWHERE, Scope, Viewer, ViewerKind
from gateway.visibility import Judge, Shown

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE = (EVENT_VIEW, SESSION_VIEW)
ALL = (*BASE, EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)


def at(minute: int) -> datetime:
    return NINE + timedelta(minutes=minute)


# ------------------------------------------------------------------------ who, where, what


RULES = SourceRules(
    name="calls",
    channels=frozenset(Channel) - {Channel.LINE},
    division_names={"N": "north", "S": "south"},
    services={"q1": "sales", "q2": "care"},
)
DEPLOYMENT = Deployment(
    modules=frozenset(Module),
    sources={"calls": RULES},
    home_division="home",
    divisions=frozenset({"home", "north", "south"}),
)


def without(*modules: Module) -> Deployment:
    return replace(DEPLOYMENT, modules=DEPLOYMENT.modules - set(modules))


def defaulting_to(*divisions: str) -> Deployment:
    return replace(DEPLOYMENT, sources={"calls": replace(RULES, divisions=divisions)})


def viewer(*grants: str, kind: ViewerKind = ViewerKind.SUPERVISOR, profile: WorkProfile | None = None) -> Viewer:
    """`grants` as `permission@division`, or `@*`; a division alone is `BASE` there, with `+` before it `ALL`."""
    held: dict[str, Scope] = {}
    for grant in grants:
        permissions, _, division = grant.rpartition("@")
        names = (permissions,) if permissions else ALL if division.startswith("+") else BASE
        where = division.removeprefix("+")
        for name in names:
            scope = EVERYWHERE if where == "*" else Scope(divisions=frozenset({where}))
            held[name] = held.get(name, Scope()) | scope
    return Viewer("somebody", kind, held, active=profile)


def profile(
    *queues: str, campaigns: tuple[str, ...] = (), channels: frozenset[Channel] = frozenset(Channel)
) -> WorkProfile:
    return WorkProfile("shift", channels, frozenset(queues), frozenset(campaigns))


EVERYBODY = viewer("+*")
NORTHERNER = viewer("+north")

PHONE = Identifier(IdentifierKind.PHONE, "+393331112233")
MAIL = Identifier(IdentifierKind.EMAIL, "rosa@example.org")
ROSA = Record(source="calls", id="7", identifiers=(HeldIdentifier(PHONE), HeldIdentifier(MAIL)), name="Rosa Neri")


def a_row(**fields: Any) -> Interaction:
    given = {
        "source": "calls",
        "external_id": "c-1",
        "record_id": "7",
        "channel": Channel.VOICE,
        "direction": Direction.INBOUND,
        "started_at": NINE,
        "last_activity_at": at(30),
        "status": InteractionStatus.COMPLETED,
    }
    return Interaction(**{**given, **fields})


SALES, CARE, OTHER = Queue("q1", "Sales"), Queue("q2", "Care"), Queue("q3", "Other")
ADA, BRUNO = Agent("a1", "Ada"), Agent("a2", "Bruno")
SOLVED, SOLD = WrapUpCode("W1", "Solved", ("Support", "Solved")), WrapUpCode("W2", "Sold")
SPRING = Campaign("k1", "Spring")


def a_leg(minute: int, division: str = "", **fields: Any) -> Leg:
    return Leg(at(minute), at(minute + 5), LegKind.AGENT, division_ids=tuple(division), **fields)


NORTH_THEN_SOUTH = (
    a_leg(0, "N", queue=SALES, agent=ADA, wrap_up_codes=(SOLD,)),
    a_leg(10, "S", queue=CARE, agent=BRUNO, wrap_up_codes=(SOLVED,)),
)
SOUTH_THEN_NORTH = (
    a_leg(0, "S", queue=CARE, agent=BRUNO, wrap_up_codes=(SOLVED,)),
    a_leg(10, "N", queue=SALES, agent=ADA, wrap_up_codes=(SOLD,)),
)


def show(who: Viewer, row: Interaction, record: Record = ROSA, deployment: Deployment = DEPLOYMENT) -> Shown | None:
    return Judge(deployment, who).show(row, record, (PHONE, MAIL))


# ------------------------------------------------------------------------ §1 and §2: whether it is shown at all

IN_NORTH, IN_SOUTH = with_fields(ROSA, division_ids=("N",)), with_fields(ROSA, division_ids=("S",))
IN_BOTH, IN_UNKNOWN = with_fields(ROSA, division_ids=("N", "S")), with_fields(ROSA, division_ids=("X",))
AGENT = ViewerKind.AGENT
LINE_ONLY = profile(channels=frozenset({Channel.LINE}))
NO_VOICE = profile("sales", channels=frozenset(Channel) - {Channel.VOICE})
FIRST_SALES = (a_leg(0, "N", queue=SALES), a_leg(10, "N"))
LAST_SALES = (a_leg(0, "N"), a_leg(10, "N", queue=SALES))

HOME_ROW, NORTH_ROW, BOTH_ROW = a_row(), a_row(division_ids=("N",)), a_row(division_ids=("N", "S"))
SALES_ROW, OTHER_ROW = a_row(legs=(a_leg(0, queue=SALES),)), a_row(legs=(a_leg(0, queue=OTHER),))
SPRING_ROW = a_row(campaign=SPRING)
APART = viewer(f"{EVENT_VIEW}@north", f"{SESSION_VIEW}@south")


def everywhere_with(*queues: str, campaigns: tuple[str, ...] = ()) -> Viewer:
    return viewer("+*", profile=profile(*queues, campaigns=campaigns))


SHOWS, HIDES = True, False
VISIBLE: list[tuple[str, bool, Viewer, Interaction, Record, Deployment]] = []


def case(
    sentence: str,
    visible: bool,
    who: Viewer,
    row: Interaction = HOME_ROW,
    record: Record = ROSA,
    deployment: Deployment = DEPLOYMENT,
) -> None:
    VISIBLE.append((sentence, visible, who, row, record, deployment))


# §1
case("an AGENT with none reaches nothing", HIDES, viewer("+*", kind=AGENT))
case("an AGENT with one reaches what is on it", SHOWS, viewer("+*", kind=AGENT, profile=profile()))
case("anyone else with none is not narrowed", SHOWS, viewer("+*", kind=ViewerKind.WIDGET))
case("in reach: event view held anywhere", HIDES, viewer(f"{SESSION_VIEW}@*"))
case("in reach: one configured channel on the profile", HIDES, viewer("+*", profile=LINE_ONLY))
case("unknown division: nothing", HIDES, viewer("+calls/X"), a_row(division_ids=("X",)))
case("unknown source: nothing", HIDES, EVERYBODY, a_row(source="x"), with_fields(ROSA, source="x"))
# §2.1
case(
    "the module of its channel is off", HIDES, EVERYBODY, a_row(channel=Channel.SMS), deployment=without(Module.SOCIAL)
)
case("another module may be off", SHOWS, EVERYBODY, a_row(channel=Channel.EMAIL), deployment=without(Module.SOCIAL))
case("nothing without JOURNEY", HIDES, EVERYBODY, a_row(channel=Channel.EMAIL), deployment=without(Module.JOURNEY))
# §2.2
case("the channel is not on the active profile", HIDES, viewer("+*", profile=NO_VOICE))
case("the channel is not taken from this source", HIDES, EVERYBODY, a_row(channel=Channel.LINE))
# §2.3
case("the record has no division", SHOWS, viewer("north"), NORTH_ROW)
case("the record has one with session view", SHOWS, viewer("north"), NORTH_ROW, IN_NORTH)
case("one of several is enough", SHOWS, viewer("north"), NORTH_ROW, IN_BOTH)
case("none with session view", HIDES, viewer("north"), NORTH_ROW, IN_SOUTH)
case("a record's unknown division, for some divisions", HIDES, viewer("north"), NORTH_ROW, IN_UNKNOWN)
case("a record's unknown division, for every one", SHOWS, viewer("*"), HOME_ROW, IN_UNKNOWN)
# §2.4, divisions
case("both permissions, but in two divisions", HIDES, APART, BOTH_ROW)
case("one of its divisions is enough", SHOWS, viewer("south"), BOTH_ROW)
case("a leg's own first", HIDES, viewer("south"), a_row(legs=(a_leg(0, "N"),), division_ids=("S",)))
case("else the interaction's", SHOWS, viewer("south"), a_row(legs=(a_leg(0),), division_ids=("S",)))
case("else its source's", SHOWS, viewer("south"), deployment=defaulting_to("south"))
case("its source's in place of the home division", HIDES, viewer("home"), deployment=defaulting_to("south"))
case("`*`: every", SHOWS, viewer("south"), deployment=defaulting_to("*"))
case("`*` needs both in one all the same", HIDES, APART, deployment=defaulting_to("*"))
case("else the home division", SHOWS, viewer("home"))
case("else the home division and no other", HIDES, viewer("north"))
case("one leg is visible", SHOWS, viewer("south"), a_row(legs=NORTH_THEN_SOUTH))
# §2.4, services
case("its services are unknown", SHOWS, everywhere_with("care"))
case("its queue is on the profile", SHOWS, everywhere_with("sales"), SALES_ROW)
case("its queue is not", HIDES, everywhere_with("care"), SALES_ROW)
case("a queue that nobody named", SHOWS, everywhere_with("calls/q3"), OTHER_ROW)
case("for the first leg the campaign", SHOWS, everywhere_with(campaigns=("calls/k1",)), SPRING_ROW)
case("a campaign that is not on the profile", HIDES, everywhere_with("sales"), SPRING_ROW)
case("one of its services is enough", SHOWS, everywhere_with("sales"), with_fields(SALES_ROW, campaign=SPRING))
case("a campaign is no queue of that name", HIDES, everywhere_with("calls/k1"), SPRING_ROW)
case("a queue is no campaign of that name", HIDES, everywhere_with(campaigns=("calls/q3",)), OTHER_ROW)


@pytest.mark.parametrize(
    ("sentence", "visible", "who", "row", "record", "deployment"), VISIBLE, ids=[sentence for sentence, *_ in VISIBLE]
)
def test_a_row_is_visible(
    sentence: str, visible: bool, who: Viewer, row: Interaction, record: Record, deployment: Deployment
) -> None:
    assert (show(who, row, record, deployment) is not None) is visible


@pytest.mark.parametrize(
    ("legs", "queues", "shown"),
    [
        pytest.param(FIRST_SALES, ("sales",), [True, True], id="a leg with none takes the nearest earlier leg's"),
        pytest.param(LAST_SALES, ("sales",), [True, True], id="else the nearest later's"),
        pytest.param(FIRST_SALES, ("care",), None, id="and is hidden with it"),
        pytest.param(
            (a_leg(0, "N", queue=SALES), a_leg(5, "N"), a_leg(10, "N", queue=CARE)),
            ("care",),
            [False, False, True],
            id="the earlier before the later",
        ),
        pytest.param(
            (a_leg(10, "N", queue=CARE), a_leg(0, "N", queue=SALES), a_leg(5, "N")),
            ("sales",),
            [True, True, False],
            id="legs go by start",
        ),
    ],
)
def test_services_of_legs(legs: tuple[Leg, ...], queues: tuple[str, ...], shown: list[bool] | None) -> None:
    named = tuple(with_fields(leg, agent=ADA) for leg in legs)
    found = show(viewer("+*", profile=profile(*queues)), a_row(legs=named))
    assert (None if found is None else [leg.agent is not None for leg in found.row.legs]) == shown


# ------------------------------------------------------------------------ §3: what is shown of it

FULL = a_row(
    legs=NORTH_THEN_SOUTH,
    wrap_up_codes=(WrapUpCode("W3", "Closed"),),
    campaign=SPRING,
    outcome=Outcome(OutcomeKind.SUCCESS, "Done"),
    score=ScoreChange(1, 2),
    preview="Hello",
    comments=(
        Comment("early", at=at(-5)),
        Comment("no time"),
        Comment("at ten", at=at(10)),
        Comment("at nine", at=at(9)),
    ),
    tags=("Sales", "care", "W3", "solved", "vip"),
    subject="a subject",
    address=Address(AddressKind.MOBILE, IdentifierKind.PHONE, "+393331112233"),
    url="https://calls.example/c-1",
    details=CallDetails(NINE, 10, 20, 30),
)
REVERSED = with_fields(FULL, legs=SOUTH_THEN_NORTH)
CHAT = with_fields(
    FULL,
    channel=Channel.CHAT,
    details=ConversationDetails(False, 3, tuple(Message(at(m), MessageParty.AGENT, str(m)) for m in (-1, 9, 10, 11))),
)
SURVEY = a_row(channel=Channel.SURVEY, details=SurveyDetails("After the call", 9, (SurveyAnswer("Why?", "Fast"),)))
VISIT = a_row(
    channel=Channel.WEB, details=WebVisitDetails(2, (WebEvent(NINE, "page_view", "Prices", "https://a.example"),))
)
LACKS_TYPE = viewer(*(f"{p}@*" for p in ALL if p != EVENT_TYPE_VIEW))
LACKS_QUEUE = viewer(*(f"{p}@*" for p in ALL if p != QUEUE_SEARCH))
LACKS_CODE = viewer(*(f"{p}@*" for p in ALL if p != WRAP_UP_CODE_VIEW))
LACKS_PII = viewer(*(f"{p}@*" for p in ALL if p != PII_VIEW))
SPLIT = viewer("+north", "south")
"""Everything in the north, in the south nothing but the row."""


def texts(shown: Shown) -> list[str]:
    return [comment.text for comment in shown.row.comments]


def said(shown: Shown) -> list[str | None]:
    details = shown.row.details
    assert isinstance(details, ConversationDetails)
    return [message.text for message in details.messages]


def agents(shown: Shown) -> list[str | None]:
    return [leg.agent.name if leg.agent else None for leg in shown.row.legs]


def codes(shown: Shown) -> list[str]:
    return [code.code for code in shown.wrap_up_codes]


SHOWN = [
    # journey:eventType:view
    ("event type: legs", LACKS_TYPE, FULL, lambda s: s.row.legs, ()),
    ("event type: preview", LACKS_TYPE, FULL, lambda s: s.row.preview, None),
    ("event type: comments", LACKS_TYPE, FULL, texts, []),
    ("event type: messages", LACKS_TYPE, CHAT, said, []),
    ("event type: not how many there are", LACKS_TYPE, CHAT, lambda s: s.row.details.message_count, 3),
    ("event type: web events", LACKS_TYPE, VISIT, lambda s: s.row.details, WebVisitDetails(2)),
    ("event type: answers", LACKS_TYPE, SURVEY, lambda s: s.row.details, SurveyDetails("After the call", 9)),
    ("event type: wait, talk and hold seconds", LACKS_TYPE, FULL, lambda s: s.row.details, CallDetails(NINE)),
    ("event type: neither queue nor agent", LACKS_TYPE, FULL, lambda s: (s.queue, s.agent), (CARE, BRUNO)),
    # routing:queue:search
    ("queue search: queue", LACKS_QUEUE, FULL, lambda s: s.queue, None),
    ("queue search: legs[].queue", LACKS_QUEUE, FULL, lambda s: [leg.queue for leg in s.row.legs], [None, None]),
    ("queue search: not the agents", LACKS_QUEUE, FULL, agents, ["Ada", "Bruno"]),
    # routing:wrapupCode:view
    ("wrap-up view: wrapUpCodes", LACKS_CODE, FULL, codes, []),
    (
        "wrap-up view: nor in the row or its legs",
        LACKS_CODE,
        FULL,
        lambda s: [s.row.wrap_up_codes, *(leg.wrap_up_codes for leg in s.row.legs)],
        [(), (), ()],
    ),
    ("wrap-ups, oldest first", EVERYBODY, FULL, codes, ["W2", "W1", "W3"]),
    # customer:pii:view
    ("pii: the address is masked", LACKS_PII, FULL, lambda s: (s.row.address.value, s.masked), ("***33", True)),
    ("pii: whole with it", EVERYBODY, FULL, lambda s: (s.row.address.value, s.masked), ("+393331112233", False)),
    ("pii: no address, no mask", LACKS_PII, a_row(), lambda s: (s.row.address, s.masked), (None, False)),
    ("pii: other links stay", LACKS_PII, FULL, lambda s: s.row.url, FULL.url),
    ("pii: counts for the row if for any leg", SPLIT, FULL, lambda s: s.masked, False),
    # It counts for a leg if held in a division where that leg is visible; for the row, if for any leg.
    ("for a leg: in its division", SPLIT, FULL, lambda s: s.queue, SALES),
    (
        "for a leg: one without keeps times and kind",
        SPLIT,
        FULL,
        lambda s: s.row.legs[1],
        Leg(at(10), at(15), LegKind.AGENT),
    ),
    ("for a leg: its comments", SPLIT, FULL, texts, ["early", "no time", "at nine"]),
    ("for the row: seconds", SPLIT, FULL, lambda s: s.row.details, FULL.details),
    (
        "held in a division where it is hidden",
        viewer("south", f"{EVENT_TYPE_VIEW}@north"),
        FULL,
        lambda s: s.row.legs,
        (),
    ),
    # A hidden leg keeps times and kind; its queue, agent, divisions, wrap-ups, comments and messages go.
    (
        "a hidden leg keeps times and kind",
        NORTHERNER,
        FULL,
        lambda s: s.row.legs[1],
        Leg(at(10), at(15), LegKind.AGENT),
    ),
    ("its queue and agent go", NORTHERNER, FULL, lambda s: (s.queue, s.agent), (SALES, ADA)),
    ("its divisions go", NORTHERNER, FULL, lambda s: s.divisions, ("north",)),
    ("its wrap-ups go", NORTHERNER, FULL, codes, ["W2"]),
    ("its comments go: theirs is the last leg begun by then", NORTHERNER, FULL, texts, ["early", "no time", "at nine"]),
    ("else the first", NORTHERNER, REVERSED, texts, ["at ten"]),
    ("its messages go", NORTHERNER, CHAT, said, ["-1", "9"]),
    (
        "divisions of a leg that is seen in one of two",
        NORTHERNER,
        a_row(division_ids=("S", "N")),
        lambda s: (s.divisions, s.row.division_ids),
        (("north",), ("N",)),
    ),
    # Outcome, score and wrap-ups of no leg follow the last leg; campaign and preview the first.
    ("outcome and score follow the last leg", NORTHERNER, FULL, lambda s: (s.row.outcome, s.row.score), (None, None)),
    ("shown when it is", NORTHERNER, REVERSED, lambda s: (s.row.outcome, s.row.score), (FULL.outcome, FULL.score)),
    ("wrap-ups of no leg follow the last leg", NORTHERNER, REVERSED, codes, ["W2", "W3"]),
    (
        "campaign and preview follow the first",
        NORTHERNER,
        REVERSED,
        lambda s: (s.row.campaign, s.row.preview),
        (None, None),
    ),
    ("both shown when it is", NORTHERNER, FULL, lambda s: (s.row.campaign, s.row.preview), (SPRING, "Hello")),
    # queue and agent are the last shown.
    ("the last shown", EVERYBODY, FULL, lambda s: (s.queue, s.agent), (CARE, BRUNO)),
    (
        "not of the last leg, if that has none",
        EVERYBODY,
        with_fields(FULL, legs=(*NORTH_THEN_SOUTH, a_leg(20))),
        lambda s: (s.queue, s.agent),
        (CARE, BRUNO),
    ),
    # A tag equal to a withheld queue or wrap-up goes.
    ("tags of a hidden leg go", NORTHERNER, FULL, lambda s: s.row.tags, ("Sales", "vip")),
    ("tags of withheld queues go", LACKS_QUEUE, FULL, lambda s: s.row.tags, ("W3", "solved", "vip")),
    ("tags of withheld wrap-ups go", LACKS_CODE, FULL, lambda s: s.row.tags, ("Sales", "care", "vip")),
    (
        "a queue that is also shown is not withheld",
        NORTHERNER,
        with_fields(FULL, legs=(*NORTH_THEN_SOUTH, a_leg(20, "N", queue=CARE))),
        lambda s: "care" in s.row.tags,
        True,
    ),
    # The rest is the row's; free text is not combed.
    ("the rest is the row's", NORTHERNER, FULL, lambda s: (s.row.subject, s.row.status), ("a subject", FULL.status)),
    (
        "free text is not combed",
        LACKS_PII,
        a_row(subject="call +393331112233"),
        lambda s: s.row.subject,
        "call +393331112233",
    ),
    (
        "the position is the true one",
        LACKS_PII,
        a_row(external_id="rosa@example.org"),
        lambda s: (s.position.external_id, s.row.external_id),
        ("rosa@example.org", ""),
    ),
]


@pytest.mark.parametrize(("sentence", "who", "row", "of", "expected"), SHOWN, ids=[sentence for sentence, *_ in SHOWN])
def test_what_is_shown(sentence: str, who: Viewer, row: Interaction, of: Any, expected: object) -> None:
    shown = show(who, row)
    assert shown is not None
    assert of(shown) == expected


@pytest.mark.parametrize(
    ("text", "emptied"),
    [
        ("tickets/1112233", True),
        ("tickets/1122339", False),
        ("call 333 111 22 33", True),
        ("?mail=rosa%40example.org", True),
        ("?next=%2F%3Fmail%3Drosa%2540example.org", True),
        ("ROSA@EXAMPLE.ORG", True),
        ("rosa@example.net", False),
    ],
)
def test_a_name_external_id_or_url_that_holds_an_identifier_is_emptied(text: str, emptied: bool) -> None:
    link = f"https://calls.example/{text}"
    attachment = Attachment(text, "image/png", link)
    row = a_row(
        external_id=text,
        url=link,
        legs=(a_leg(0, agent=Agent("a1", text)),),
        channel=Channel.CHAT,
        details=ConversationDetails(messages=(Message(NINE, MessageParty.CUSTOMER, attachments=(attachment,)),)),
    )
    shown = show(LACKS_PII, row)
    assert shown is not None
    assert shown.agent is not None
    assert isinstance(shown.row.details, ConversationDetails)
    found = shown.row.details.messages[0].attachments[0]
    expected = ("", None, "", "", None) if emptied else (text, link, text, text, link)
    assert (shown.row.external_id, shown.row.url, shown.agent.name, found.name, found.url) == expected
    whole = show(EVERYBODY, row)
    assert whole is not None
    assert whole.row is row


def test_a_short_id_counts_as_a_whole_word() -> None:
    contact = Identifier(IdentifierKind.EXTERNAL_ID, "7", source="calls")
    judge = Judge(DEPLOYMENT, LACKS_PII)
    links = {"https://calls.example/contacts/7": None, "https://calls.example/tickets/1073": "the same"}
    for link, expected in links.items():
        shown = judge.show(a_row(url=link), ROSA, (contact,))
        assert shown is not None
        assert shown.row.url == (expected and link)


@pytest.mark.parametrize(
    ("kind", "value", "masked"),
    [
        (IdentifierKind.PHONE, "+393331112233", "***33"),
        (IdentifierKind.WHATSAPP, "+393331112244", "***44"),
        (IdentifierKind.WHATSAPP, "IT.abc123", "***"),
        (IdentifierKind.PHONE, "anonymous", "***"),
        (IdentifierKind.EMAIL, "rosa@example.org", "r***@example.org"),
        (IdentifierKind.SOCIAL, "rosa@network", "***"),
        (IdentifierKind.EXTERNAL_ID, "+4711", "***"),
        (IdentifierKind.COOKIE, "6f1c9e0a", "***"),
    ],
)
def test_masks(kind: IdentifierKind, value: str, masked: str) -> None:
    identifier = Identifier(kind, value)
    shown = Judge(DEPLOYMENT, LACKS_PII).show_identifier(
        identifier, [with_fields(ROSA, identifiers=(HeldIdentifier(identifier),))]
    )
    assert shown == (identifier, masked, True)


@pytest.mark.parametrize(
    ("who", "records", "value"),
    [
        pytest.param(
            viewer("north", f"{PII_VIEW}@north"), [IN_NORTH], PHONE.value, id="in a division of a visible record"
        ),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [IN_NORTH], "***33", id="in none of its divisions"),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [IN_BOTH], PHONE.value, id="in another of its divisions"),
        pytest.param(
            viewer("north", f"{PII_VIEW}@south"), [IN_NORTH, IN_SOUTH], "***33", id="a hidden record lends none"
        ),
        pytest.param(viewer("north", f"{PII_VIEW}@south"), [ROSA], PHONE.value, id="undivided: anywhere"),
        pytest.param(viewer("north"), [ROSA], "***33", id="held nowhere"),
        pytest.param(viewer("+north"), [IN_SOUTH], None, id="no visible record carries it"),
    ],
)
def test_an_identifier(who: Viewer, records: list[Record], value: str | None) -> None:
    shown = Judge(DEPLOYMENT, who).show_identifier(PHONE, records)
    assert (shown and shown.value) == value


@pytest.mark.parametrize(
    ("who", "records", "name"),
    [
        pytest.param(EVERYBODY, [ROSA], "Rosa Neri", id="of the first source that has one"),
        pytest.param(
            NORTHERNER, [with_fields(IN_SOUTH, name="Hidden"), IN_NORTH], "Rosa Neri", id="from visible records"
        ),
        pytest.param(NORTHERNER, [IN_SOUTH], None, id="and from no other"),
        pytest.param(LACKS_PII, [with_fields(ROSA, name="Rosa 1112233")], None, id="emptied when it holds a phone"),
        pytest.param(
            EVERYBODY, [with_fields(ROSA, name="Rosa 1112233")], "Rosa 1112233", id="not for who sees that whole"
        ),
    ],
)
def test_a_customers_name(who: Viewer, records: list[Record], name: str | None) -> None:
    assert Judge(DEPLOYMENT, who).show_name(records) == name


@pytest.mark.parametrize(
    ("who", "lacking"),
    [
        pytest.param(EVERYBODY, set(), id="nothing"),
        pytest.param(NORTHERNER, set(), id="nothing in their division"),
        pytest.param(LACKS_QUEUE, {QUEUE_SEARCH}, id="what is held nowhere"),
        pytest.param(SPLIT, {EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW}, id="what is lacking in one"),
        pytest.param(viewer("+north", f"{ANALYTICS_VIEW}@north"), set(), id="others do not count"),
    ],
)
def test_withheld(who: Viewer, lacking: set[str]) -> None:
    expected = {(field, permission) for permission in lacking for field in WITHHELD_FIELDS[permission]}
    assert set(Judge(DEPLOYMENT, who).withheld) == expected


def test_who_may_see_everything_everywhere_is_given_the_row_itself() -> None:
    shown = show(EVERYBODY, FULL)
    assert shown is not None
    assert shown.row is FULL


# ------------------------------------------------------------------------ §4: nodes need the viewer's scope

ON_SHIFT = viewer("+north", profile=profile("sales", campaigns=("calls/k1",)))


@pytest.mark.parametrize(
    ("who", "queue", "campaign"),
    [
        pytest.param(EVERYBODY, True, True, id="everybody"),
        pytest.param(ON_SHIFT, True, True, id="on the profile"),
        pytest.param(viewer("+*", profile=profile("care")), False, False, id="not on the profile"),
        pytest.param(LACKS_QUEUE, False, True, id="without `routing:queue:search`"),
        pytest.param(viewer(f"{QUEUE_SEARCH}@*"), False, False, id="out of reach"),
    ],
)
def test_nodes_of_queues_and_campaigns(who: Viewer, queue: bool, campaign: bool) -> None:
    judge = Judge(DEPLOYMENT, who)
    listed = with_fields(ROSA, campaigns=(SPRING,))
    assert judge.has_queue("calls", SALES) is queue
    assert judge.has_campaign("calls", SPRING) is campaign
    assert judge.show_campaigns([listed]) == ([("calls", SPRING)] if campaign else [])
    assert not judge.has_queue("nobody", SALES)
    assert not judge.has_campaign("nobody", SPRING)


def test_nodes_of_divisions() -> None:
    judge = Judge(DEPLOYMENT, NORTHERNER)
    assert judge.has_division("north")
    assert not judge.has_division("south")
    assert Judge(DEPLOYMENT, EVERYBODY).has_division("south")
