"""The legs of one FreeSWITCH call as an interaction. Pure. Rules: docs/connectors/freeswitch.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Channel,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    LegKind,
    Queue,
    WrapUpCode,
)
from connectors.interaction import Leg as Stay
from connectors.mapping import seconds_between
from connectors.telephony.freeswitch_rows import Leg
from connectors.telephony.numbers import Sides

_NOT_TAKEN = frozenset(
    {
        "NO_ANSWER",
        "NO_USER_RESPONSE",
        "USER_BUSY",
        "CALL_REJECTED",
        "ORIGINATOR_CANCEL",
        "ALLOTTED_TIMEOUT",
        "SUBSCRIBER_ABSENT",
        "NORMAL_CLEARING",
    }
)
"""Causes of Q.850 for a call that went out well and was not taken."""


@dataclass(frozen=True, slots=True)
class Setting:
    """agents, queues: their names by what FreeSWITCH calls them."""

    source: str
    sides: Sides
    agents: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    has_divisions: bool = False


def row_of(call_id: str, legs: Sequence[Leg], setting: Setting) -> Interaction | None:
    """None where neither side is a number: nobody's call."""
    ordered = sorted(legs, key=lambda leg: (leg.started_at, leg.uuid))
    first = next((leg for leg in ordered if leg.uuid == call_id), ordered[0] if ordered else None)
    if first is None:
        return None
    others = [leg for leg in ordered if leg is not first]
    peer = others[0].channel if others else ""
    direction, number = setting.sides.customer(first.context, first.channel, peer, first.caller, first.destination)
    if number is None:
        return None
    started_at = first.started_at
    ended_at = max(leg.ended_at for leg in ordered)
    stays = _stays(first, others, direction, setting)
    talks = [stay for stay in stays if stay.kind in (LegKind.AGENT, LegKind.TRANSFER)]
    answered_at = talks[0].started_at if talks else None
    codes = dict.fromkeys(leg.wrap_up for leg in ordered if leg.wrap_up)
    return Interaction(
        source=setting.source,
        external_id=call_id,
        record_id=number,
        channel=Channel.VOICE,
        direction=direction,
        started_at=started_at,
        last_activity_at=ended_at,
        ended_at=ended_at,
        duration_seconds=seconds_between(started_at, ended_at),
        status=_status(first, direction, bool(talks)),
        legs=stays,
        wrap_up_codes=tuple(WrapUpCode(code, code) for code in codes),
        division_ids=(first.accountcode,) if setting.has_divisions and first.accountcode else (),
        address=Address(AddressKind.OTHER, IdentifierKind.PHONE, number),
        details=CallDetails(
            answered_at=answered_at,
            wait_seconds=_wait_seconds(first, started_at, answered_at, direction),
            talk_seconds=sum(seconds_between(s.started_at, s.ended_at) or 0 for s in talks) if talks else None,
            hold_seconds=first.hold_seconds,
        ),
    )


def _wait_seconds(first: Leg, started_at: datetime, answered_at: datetime | None, direction: Direction) -> int | None:
    if direction is Direction.OUTBOUND:
        return None
    if first.queue_joined_at is not None:
        return seconds_between(first.queue_joined_at, first.queue_answered_at or first.queue_left_at or first.ended_at)
    return seconds_between(started_at, answered_at)


def _stays(first: Leg, others: Iterable[Leg], direction: Direction, setting: Setting) -> tuple[Stay, ...]:
    """The queue and its agent as mod_callcenter tells; else the legs that answered; else what the first leg shows."""

    def agent(id_: str) -> Agent | None:
        return Agent(id_, setting.agents.get(id_, id_)) if id_ else None

    stays: list[Stay] = []
    if first.queue and first.queue_joined_at is not None:
        queue = Queue(first.queue, setting.queues.get(first.queue, first.queue))
        joined, answered = max(first.queue_joined_at, first.started_at), first.queue_answered_at
        left = max(joined, answered or first.queue_left_at or first.ended_at)
        stays.append(Stay(joined, left, LegKind.QUEUE, queue))
        if answered is not None:
            ended = max(left, first.queue_left_at or first.ended_at)
            stays.append(Stay(left, ended, LegKind.AGENT, queue, agent(first.agent)))
    if direction is Direction.OUTBOUND:
        if first.answered_at is not None or any(leg.answered_at for leg in others):
            at = min(leg.answered_at for leg in (first, *others) if leg.answered_at)
            stays.append(
                Stay(max(at, first.started_at), first.ended_at, LegKind.AGENT, None, agent(first.user or first.caller))
            )
        return tuple(stays)
    known = {stay.agent.id for stay in stays if stay.agent}
    for leg in others:
        id_ = leg.agent or leg.user or leg.destination
        if leg.answered_at is not None and id_ not in known and not _is_within(leg, stays):
            again = any(stay.kind is LegKind.AGENT for stay in stays)
            kind = LegKind.TRANSFER if again else LegKind.AGENT
            stays.append(Stay(max(leg.answered_at, first.started_at), leg.ended_at, kind, None, agent(id_)))
    if not stays and first.answered_at is not None:
        kind = LegKind.VOICEMAIL if first.last_app == "voicemail" else LegKind.AGENT if first.bridged else LegKind.IVR
        stays.append(Stay(first.answered_at, first.ended_at, kind))
    return tuple(sorted(stays, key=lambda stay: stay.started_at))


def _is_within(leg: Leg, stays: Iterable[Stay]) -> bool:
    """It is the leg of an agent whom the queue told already, by another name."""
    talks = [stay for stay in stays if stay.kind is LegKind.AGENT and stay.queue is not None]
    return any(stay.ended_at is not None and leg.started_at < stay.ended_at for stay in talks)


def _status(first: Leg, direction: Direction, has_talk: bool) -> InteractionStatus:
    if has_talk:
        return InteractionStatus.COMPLETED
    if direction is Direction.OUTBOUND:
        return InteractionStatus.MISSED if first.cause in _NOT_TAKEN else InteractionStatus.FAILED
    if first.queue and first.queue_joined_at is not None:
        return InteractionStatus.MISSED if first.queue_gave_up else InteractionStatus.ABANDONED
    if first.last_app == "voicemail":
        return InteractionStatus.MISSED
    if first.answered_at is not None:
        return InteractionStatus.COMPLETED
    if first.cause in ("ORIGINATOR_CANCEL", "NORMAL_CLEARING"):
        return InteractionStatus.ABANDONED
    return InteractionStatus.MISSED if first.cause in _NOT_TAKEN else InteractionStatus.FAILED
