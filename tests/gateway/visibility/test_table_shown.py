"""VISIBILITY.md §3 as a table: a sentence, a viewer, a row, and what is shown of it. Written by hand."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace as with_fields

from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Attachment,
    CallDetails,
    Channel,
    Comment,
    ConversationDetails,
    Identifier,
    IdentifierKind,
    Interaction,
    Leg,
    LegKind,
    Message,
    MessageParty,
    Outcome,
    OutcomeKind,
    ScoreChange,
    SurveyAnswer,
    SurveyDetails,
    WebEvent,
    WebVisitDetails,
    WrapUpCode,
)
from gateway.permissions import EVENT_TYPE_VIEW
from gateway.viewer.viewer import Viewer
from gateway.visibility import Judge, Shown
from tests.gateway.visibility.cast import (
    ADA,
    BRUNO,
    CARE,
    DEPLOYMENT,
    EVERYBODY,
    LACKS_CODE,
    LACKS_PII,
    LACKS_QUEUE,
    LACKS_TYPE,
    NINE,
    NORTH_THEN_SOUTH,
    NORTHERNER,
    ROSA,
    SALES,
    SOUTH_THEN_NORTH,
    SPLIT,
    SPRING,
    a_leg,
    a_row,
    at,
    show,
    viewer,
)

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


def test_who_may_see_everything_everywhere_is_given_the_row_itself() -> None:
    shown = show(EVERYBODY, FULL)
    assert shown is not None
    assert shown.row is FULL
