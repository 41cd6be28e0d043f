"""The table of docs/visibility.md, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    WrapUpCode,
)
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.permissions import (
    EVENT_TYPE_VIEW,
    EVENT_VIEW,
    PII_VIEW,
    QUEUE_SEARCH,
    SESSION_VIEW,
    WRAP_UP_CODE_VIEW,
)
from gateway.viewer.viewer import EVERYWHERE, Scope, Viewer, ViewerKind
from gateway.visibility import Judge, Shown

PAGE = Path(__file__).parents[3] / "docs" / "visibility.md"


def at(minute: int) -> datetime:
    return datetime(2026, 3, 2, 9, minute, tzinfo=UTC)


PHONE = Identifier(IdentifierKind.PHONE, "+393331112233")
ROSA = Record(source="calls", id="4711", identifiers=(HeldIdentifier(PHONE),), name="Rosa Neri")
CALL = Interaction(
    source="calls",
    external_id="c-1",
    record_id="4711",
    channel=Channel.VOICE,
    direction=Direction.INBOUND,
    started_at=at(0),
    last_activity_at=at(20),
    status=InteractionStatus.COMPLETED,
    url="https://calls.example/c-1?from=+393331112233",
    outcome=Outcome(OutcomeKind.FAILURE, "Lost"),
    legs=(
        Leg(
            at(0),
            at(10),
            LegKind.AGENT,
            Queue("1", "Billing"),
            Agent("1", "Ada"),
            ("R",),
            (WrapUpCode("F", "Forwarded"),),
        ),
        Leg(
            at(10),
            at(20),
            LegKind.AGENT,
            Queue("2", "Contracts"),
            Agent("2", "Bruno"),
            ("B",),
            (WrapUpCode("T", "Terminated"),),
        ),
    ),
    tags=("vip", "contracts"),
    address=Address(AddressKind.OTHER, PHONE.kind, PHONE.value),
    comments=(Comment("asks about March", at=at(5)), Comment("wants to leave", at=at(12))),
)
DEPLOYMENT = Deployment(
    modules=frozenset(Module),
    sources={
        "calls": SourceRules(
            name="calls",
            channels=frozenset({Channel.VOICE}),
            division_names={"R": "retail", "B": "business"},
            services={"Billing": "billing", "Contracts": "contracts"},
        )
    },
    home_division="home",
    divisions=frozenset({"home", "retail", "business"}),
)

BASE = (EVENT_VIEW, SESSION_VIEW)
ALL = (*BASE, EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)
RETAIL, BUSINESS = Scope(divisions=frozenset({"retail"})), Scope(divisions=frozenset({"business"}))
SUPERVISOR = ViewerKind.SUPERVISOR
CONTRACTS = WorkProfile("contracts", frozenset({Channel.VOICE}), frozenset({"contracts"}))
VIEWERS = {
    "Mara": Viewer("mara", SUPERVISOR, {p: RETAIL for p in ALL if p != PII_VIEW}),
    "Nino": Viewer("nino", SUPERVISOR, {p: RETAIL | BUSINESS if p in BASE else RETAIL for p in ALL}),
    "Olga": Viewer("olga", ViewerKind.AGENT, dict.fromkeys(ALL, EVERYWHERE), active=CONTRACTS),
    "Piet": Viewer("piet", SUPERVISOR, {EVENT_VIEW: RETAIL, SESSION_VIEW: BUSINESS}),
}


def leg(shown: Leg) -> str:
    return f"{shown.queue.name}, {shown.agent.name}" if shown.queue and shown.agent else "times and kind"


def column(shown: Shown | None) -> Iterator[str]:
    """What the page's table says of one viewer, from top to bottom."""
    if shown is None:
        yield from ["no: never both in one division", *[""] * 11]
        return
    row = shown.row
    yield "yes"
    yield ", ".join(shown.divisions)
    yield from map(leg, row.legs)
    yield shown.queue.name if shown.queue else "none"
    yield shown.agent.name if shown.agent else "none"
    yield ", ".join(code.label for code in shown.wrap_up_codes)
    yield ", ".join(f"{comment.at:%H:%M}" for comment in row.comments if comment.at)
    yield ", ".join(row.tags)
    yield row.outcome.kind if row.outcome else "none"
    assert row.address is not None
    yield f"`{row.address.value}`" if shown.masked else "whole"
    yield "whole" if row.url == CALL.url else "none"


@pytest.mark.parametrize("name", VIEWERS)
def test_a_column_of_the_table(name: str) -> None:
    table = PAGE.read_text(encoding="utf-8").split("| | Mara |")[1].split("\n\n")[0].splitlines()[2:]
    place = list(VIEWERS).index(name) + 2
    told = [line.split("|")[place].strip() for line in table]
    assert told == list(column(Judge(DEPLOYMENT, VIEWERS[name]).show(CALL, ROSA, (PHONE,))))
