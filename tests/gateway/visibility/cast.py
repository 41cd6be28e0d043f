"""Who and what the tables of VISIBILITY.md speak of: a deployment, viewers, a customer and her rows.

Divisions are `north`, `south` and `home`; the vendor calls the first two N and S. Queue q1 is the service `sales`, q2
is `care`; q3 and every other queue is a service that nobody named.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace as with_fields

from connectors.interaction import (
    Agent,
    Campaign,
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    WrapUpCode,
)
from gateway.deployment import Deployment, Module, SourceRules, WorkProfile
from gateway.permissions import EVENT_TYPE_VIEW, EVENT_VIEW, PII_VIEW, QUEUE_SEARCH, SESSION_VIEW, WRAP_UP_CODE_VIEW
from gateway.viewer.viewer import EVERYWHERE, Scope, Viewer, ViewerKind
from gateway.visibility import Judge, Shown

NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BASE = (EVENT_VIEW, SESSION_VIEW)
ALL = (*BASE, EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)


def at(minute: int) -> datetime:
    return NINE + timedelta(minutes=minute)


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


IN_NORTH, IN_SOUTH = with_fields(ROSA, division_ids=("N",)), with_fields(ROSA, division_ids=("S",))
IN_BOTH, IN_UNKNOWN = with_fields(ROSA, division_ids=("N", "S")), with_fields(ROSA, division_ids=("X",))

LACKS_TYPE = viewer(*(f"{p}@*" for p in ALL if p != EVENT_TYPE_VIEW))
LACKS_QUEUE = viewer(*(f"{p}@*" for p in ALL if p != QUEUE_SEARCH))
LACKS_CODE = viewer(*(f"{p}@*" for p in ALL if p != WRAP_UP_CODE_VIEW))
LACKS_PII = viewer(*(f"{p}@*" for p in ALL if p != PII_VIEW))
SPLIT = viewer("+north", "south")
"""Everything in the north, in the south nothing but the row."""
