"""Genesys Cloud's participants and segments, as legs and seconds.

A participant is one stay of somebody in the conversation: a queue entered twice, or an agent who takes the customer
back, is there twice. Its segments tell what went on: alerting, talking, holding, wrapping up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.interaction import Agent, Leg, LegKind, Queue, WrapUpCode
from connectors.telephony.genesys_api import Conversation, Participant, Segment

MACHINES = {
    "ivr": LegKind.IVR,
    "voicesurveyflow": LegKind.IVR,
    "botflow": LegKind.BOT,
    "acd": LegKind.QUEUE,
    "voicemail": LegKind.VOICEMAIL,
}
AGENTS = frozenset({"agent", "user"})
CUSTOMERS = frozenset({"customer", "external"})
WITHOUT_LEG = frozenset(
    {"api", "campaign", "dialer", "fax", "group", "inbound", "manual", "outbound", "station", "workflow"}
)
HANDLING = frozenset({"interact", "hold", "parked", "callback", "barging"})
REACHING = frozenset({"dialing", "contacting"})
HANDING_OVER = frozenset(
    {
        "transfer",
        "consultTransfer",
        "conferenceTransfer",
        "forwardTransfer",
        "noAnswerTransfer",
        "notAvailableTransfer",
        "dndTransfer",
    }
)
HANDOVER_TOLERANCE = timedelta(seconds=1)
"""Two participants' clocks: a transfer's second agent may seem to begin before the first one has left."""

Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Labels:
    """Names by id; what has none is called by its id."""

    queues: Mapping[str, str] = field(default_factory=dict)
    users: Mapping[str, str] = field(default_factory=dict)
    wrap_up_codes: Mapping[str, str] = field(default_factory=dict)

    def queue(self, id_: str | None) -> Queue | None:
        return Queue(id_, self.queues.get(id_, id_)) if id_ else None

    def agent(self, id_: str | None) -> Agent | None:
        return Agent(id_, self.users.get(id_, id_)) if id_ else None

    def wrap_up(self, code: str, note: str | None, at: datetime | None = None) -> WrapUpCode:
        return WrapUpCode(code, self.wrap_up_codes.get(code, code), note=note or None, at=at)


@dataclass(frozen=True, slots=True)
class Stay:
    """One participant who is not the customer. `segments`: those spent with the customer, by their start; `end` is
    None while one of them runs."""

    participant: Participant
    kind: LegKind
    start: datetime
    end: datetime | None
    segments: tuple[Segment, ...]

    @property
    def queue_id(self) -> str | None:
        """The latest told: an agent's segments carry the queue the customer came from."""
        told = [s.queue_id for s in _by_start(self.participant.segments()) if s.queue_id]
        return told[-1] if told else None

    @property
    def is_agent(self) -> bool:
        return self.participant.purpose in AGENTS

    def has(self, *types: str) -> bool:
        return any(s.segment_type in types for s in self.segments)

    def intervals(self, type_: str) -> list[Interval]:
        """Those segments of the type that have ended."""
        return [
            (s.segment_start, s.segment_end)
            for s in self.segments
            if s.segment_type == type_ and s.segment_start and s.segment_end
        ]


def stays_of(conversation: Conversation, ended_at: datetime | None) -> list[Stay]:
    """By their start. `ended_at`: of the conversation; ends segments that were left open."""
    stays = []
    for participant in conversation.participants or ():
        segments = _by_start(s for s in participant.segments() if _counts(s, participant, conversation))
        if participant.purpose in CUSTOMERS or participant.purpose in WITHOUT_LEG or not segments:
            continue
        start = segments[0].segment_start
        assert start is not None
        ends = [s.segment_end or ended_at for s in segments]
        end = None if None in ends else max(e for e in ends if e is not None)
        stays.append(Stay(participant, _kind(participant, segments), start, end, tuple(segments)))
    stays = sorted(stays, key=lambda s: (s.start, s.is_agent))
    return [_among(stay, stays[:place]) for place, stay in enumerate(stays)]


def legs_of(stays: Sequence[Stay], labels: Labels) -> tuple[Leg, ...]:
    return tuple(
        Leg(
            started_at=stay.start,
            ended_at=stay.end,
            kind=stay.kind,
            queue=labels.queue(stay.queue_id),
            agent=labels.agent(stay.participant.user_id),
            wrap_up_codes=wrap_ups_of(stay.participant, labels),
        )
        for stay in stays
    )


def wrap_ups_of(participant: Participant, labels: Labels) -> tuple[WrapUpCode, ...]:
    """Each code once: an agent with a call and a screen share wraps up both."""
    found: dict[str, WrapUpCode] = {}
    for segment in _by_start(participant.segments()):
        code = segment.wrap_up_code
        if code and (code not in found or not found[code].note):
            found[code] = labels.wrap_up(code, segment.wrap_up_note, segment.segment_end or segment.segment_start)
    return tuple(found.values())


def seconds(intervals: Iterable[Interval]) -> int:
    """Of their union: two agents in a conference don't talk twice."""
    total, reached = timedelta(), None
    for start, end in sorted(intervals):
        begin = start if reached is None or start > reached else reached
        if end > begin:
            total += end - begin
            reached = end
    return round(total.total_seconds())


def _counts(segment: Segment, participant: Participant, conversation: Conversation) -> bool:
    """Whether it is spent with, or outbound: for, the customer. An agent's alert or wrap-up is not."""
    if segment.segment_start is None:
        return False
    if participant.purpose not in AGENTS:
        return segment.segment_type != "wrapup"
    outbound = conversation.originating_direction == "outbound"
    return segment.segment_type in HANDLING or (outbound and segment.segment_type in REACHING)


def _kind(participant: Participant, segments: Sequence[Segment]) -> LegKind:
    if participant.purpose in AGENTS:
        return LegKind.AGENT
    if all(s.segment_type == "voicemail" for s in segments):
        return LegKind.VOICEMAIL
    return MACHINES.get(participant.purpose or "", LegKind.OTHER)


def _among(stay: Stay, earlier: Sequence[Stay]) -> Stay:
    """An agent's stay in the light of those before it: the first one is AGENT, as is one who carries on alone."""
    before = [s for s in earlier if s.is_agent]
    if not stay.is_agent or not before:
        return stay
    there = [s for s in before if s.end is None or s.end > stay.start + HANDOVER_TOLERANCE]
    if not there:
        same = before[-1].participant.user_id == stay.participant.user_id
        kind = LegKind.AGENT if same else LegKind.TRANSFER
    elif any(s.conference for s in stay.segments):
        kind = LegKind.CONFERENCE
    elif any(_hands_over(s, stay) for s in there):
        kind = LegKind.TRANSFER
    else:
        kind = LegKind.CONSULT
    return Stay(stay.participant, kind, stay.start, stay.end, stay.segments)


def _hands_over(first: Stay, second: Stay) -> bool:
    """A consulted agent who is left with the customer has taken over."""
    left = first.end is not None and (second.end is None or first.end < second.end)
    return left and any(s.disconnect_type in HANDING_OVER for s in first.segments)


def _by_start(segments: Iterable[Segment]) -> list[Segment]:
    known = [(s.segment_start, s) for s in segments if s.segment_start is not None]
    return [s for _, s in sorted(known, key=lambda pair: pair[0])]
