"""The rows of one Asterisk call as an interaction. Pure. Rules: docs/connectors/asterisk.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

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
    Leg,
    LegKind,
    Queue,
    WrapUpCode,
)
from connectors.mapping import seconds_between
from connectors.telephony.asterisk_live import LiveCall, status_of
from connectors.telephony.asterisk_rows import Cdr, CelEvent, QueueEvent, application_argument, interface_of
from connectors.telephony.numbers import Sides

_QUEUE_LEFT_BY_COMPANY = frozenset({"EXITEMPTY", "EXITWITHKEY", "EXITWITHTIMEOUT", "FULL", "JOINEMPTY", "JOINUNAVAIL"})
_TALK_ENDED = frozenset(
    {"COMPLETEAGENT", "COMPLETECALLER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "TRANSFER", "AGENTDUMP"}
)
_FAILED = frozenset({"FAILED", "CONGESTION"})
_TURN = {"ENTERQUEUE": 0, "CONNECT": 1}
"""The order of what happens within one second, which is all that a file tells."""

_TALKS = (LegKind.AGENT, LegKind.TRANSFER)
_VOICEMAIL = frozenset({"voicemail", "minivmrecord"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What mapping needs beside the rows. agents, queues: their names by what Asterisk calls them."""

    source: str
    sides: Sides
    agents: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    wrap_up_prefix: str | None = None
    division: Literal["accountcode", "dcontext"] | None = None

    def agent(self, id_: str) -> Agent:
        return Agent(id_, self.agents.get(id_, id_))

    def queue(self, id_: str) -> Queue:
        return Queue(id_, self.queues.get(id_, id_))


class Call(NamedTuple):
    """What there is of one call, each part oldest first. `rows` may be empty while it is live."""

    id: str
    rows: Sequence[Cdr]
    events: Sequence[CelEvent] = ()
    queue_events: Sequence[QueueEvent] = ()
    live: LiveCall | None = None

    @property
    def main(self) -> Cdr | None:
        """The first row of the channel that the call began with."""
        return next((row for row in self.rows if row.uniqueid == self.id), self.rows[0] if self.rows else None)

    @property
    def caller_name(self) -> str | None:
        if self.live is not None and self.live.entry.caller is not None:
            return self.live.entry.caller.name or None
        return None if self.main is None else self.main.caller_name


def gather(
    rows: Iterable[Cdr], events: Iterable[CelEvent], queue_events: Iterable[QueueEvent], live: Iterable[LiveCall]
) -> list[Call]:
    """Calls, by the id that all their rows share."""
    by_call: dict[str, tuple[list[Cdr], list[CelEvent], list[QueueEvent]]] = {}
    call_of_channel: dict[str, str] = {}
    running = {call.id: call for call in live}
    for id_ in running:
        by_call[id_] = [], [], []
    for row in rows:
        by_call.setdefault(row.linkedid, ([], [], []))[0].append(row)
        call_of_channel[row.uniqueid] = row.linkedid
    for event in events:
        if event.linkedid in by_call:
            by_call[event.linkedid][1].append(event)
            call_of_channel[event.uniqueid] = event.linkedid
    for told in queue_events:
        id_ = call_of_channel.get(told.callid, told.callid)
        if id_ in by_call:
            by_call[id_][2].append(told)
    return [
        Call(
            id_,
            sorted(own, key=lambda row: (row.start, row.sequence)),
            sorted(seen, key=lambda event: event.at),
            sorted(queued, key=lambda event: (event.at, _TURN.get(event.event, 2))),
            running.get(id_),
        )
        for id_, (own, seen, queued) in by_call.items()
    ]


def row_of(call: Call, setting: Setting) -> Interaction | None:
    """None where neither side is a number: nobody's call."""
    main, live = call.main, call.live
    if main is not None:
        told = setting.sides.customer(main.dcontext, main.channel, main.dstchannel, main.src, main.dst)
        started_at = main.start
    elif live is not None:
        told = _live_customer(live, setting)
        started_at = live.started_at
    else:
        return None
    direction, number = told
    if number is None:
        return None
    ended_at = None if live is not None else max(started_at, *(row.end for row in call.rows))
    legs = _legs(call, direction, started_at, ended_at, setting)
    moments = [started_at, *(leg.started_at for leg in legs), *(leg.ended_at for leg in legs if leg.ended_at)]
    return Interaction(
        source=setting.source,
        external_id=call.id,
        record_id=number,
        channel=Channel.VOICE,
        direction=direction,
        started_at=started_at,
        last_activity_at=max(moments) if ended_at is None else max(ended_at, *moments),
        ended_at=ended_at,
        duration_seconds=seconds_between(started_at, ended_at),
        status=_status(call, direction, legs),
        legs=legs,
        wrap_up_codes=_wrap_ups(call, setting),
        division_ids=_divisions(main, setting),
        address=Address(AddressKind.OTHER, IdentifierKind.PHONE, number),
        details=_details(call, direction, legs, started_at),
    )


def _live_customer(live: LiveCall, setting: Setting) -> tuple[Direction, str | None]:
    plan, caller = live.entry.dialplan, live.entry.caller
    context, target = (plan.context or "", plan.exten or "") if plan else ("", "")
    return setting.sides.customer(context, live.entry.name, "", (caller and caller.number) or "", target)


def _divisions(main: Cdr | None, setting: Setting) -> tuple[str, ...]:
    if main is None or setting.division is None:
        return ()
    value = main.accountcode if setting.division == "accountcode" else main.dcontext
    return (value,) if value else ()


def _wrap_ups(call: Call, setting: Setting) -> tuple[WrapUpCode, ...]:
    """Where the dial plan writes one into the CDR's user field, behind a prefix that is configured."""
    prefix = setting.wrap_up_prefix
    if prefix is None:
        return ()
    written = (row.userfield.removeprefix(prefix).strip() for row in call.rows if row.userfield.startswith(prefix))
    return tuple(WrapUpCode(code, code) for code in dict.fromkeys(written) if code)


class _Stay(NamedTuple):
    start: datetime
    end: datetime | None
    queue: str | None
    agent: str | None


def _legs(
    call: Call, direction: Direction, started_at: datetime, ended_at: datetime | None, setting: Setting
) -> tuple[Leg, ...]:
    stays = list(_queue_stays(call.queue_events, ended_at))
    talks = _bridged(call, direction, ended_at) or _answered(call, direction, ended_at)
    if not any(stay.agent for stay in stays):
        stays += talks
    else:  # an agent who was reached without a queue, after the others
        last = max(stay.end or stay.start for stay in stays)
        stays += [talk for talk in talks if talk.start >= last]
    if call.live is not None and not any(stay.end is None for stay in stays):
        stays += _live_stay(call.live, direction, stays)
    legs: list[Leg] = []
    for stay in sorted(stays, key=lambda stay: (stay.start, stay.agent is not None)):
        again = any(leg.kind in _TALKS for leg in legs)
        kind = LegKind.QUEUE if stay.agent is None else LegKind.TRANSFER if again else LegKind.AGENT
        legs.append(
            Leg(
                max(stay.start, started_at),
                stay.end if stay.end is None else max(stay.end, stay.start, started_at),
                kind,
                setting.queue(stay.queue) if stay.queue else None,
                setting.agent(stay.agent) if stay.agent else None,
            )
        )
    return tuple(legs) or _machine(call, started_at, ended_at)


def _queue_stays(events: Iterable[QueueEvent], ended_at: datetime | None) -> Iterable[_Stay]:
    """Waiting from ENTERQUEUE to CONNECT or to leaving it; with an agent from CONNECT to the end of the talk."""
    waiting: _Stay | None = None
    talking: _Stay | None = None
    for event in events:
        if event.event == "ENTERQUEUE":
            waiting = _Stay(event.at, None, event.queue, None)
        elif event.event == "CONNECT":
            if waiting is not None:
                yield waiting._replace(end=event.at)
            waiting, talking = None, _Stay(event.at, None, event.queue, event.agent)
        elif event.event in _TALK_ENDED and talking is not None:
            yield talking._replace(end=event.at)
            talking = None
        elif (event.event == "ABANDON" or event.event in _QUEUE_LEFT_BY_COMPANY) and waiting is not None:
            yield waiting._replace(end=event.at)
            waiting = None
    for left in (waiting, talking):
        if left is not None:
            yield left._replace(end=None if ended_at is None else max(ended_at, left.start))


def _bridged(call: Call, direction: Direction, ended_at: datetime | None) -> list[_Stay]:
    """By CEL: whom the first channel was in a bridge with. A peer that comes back after holding is one stay."""
    stays: list[_Stay] = []
    for event in call.events:
        if event.uniqueid != call.id:
            continue
        if event.event == "BRIDGE_ENTER" and event.peer:
            first_peer = event.peer.partition(",")[0]
            agent = interface_of(event.channel if direction is Direction.OUTBOUND else first_peer)
            stays.append(_Stay(event.at, None, None, agent))
        elif event.event in ("BRIDGE_EXIT", "HANGUP") and stays and stays[-1].end is None:
            stays[-1] = stays[-1]._replace(end=event.at)
    return [stay if stay.end or ended_at is None else stay._replace(end=max(ended_at, stay.start)) for stay in stays]


def _answered(call: Call, direction: Direction, ended_at: datetime | None) -> list[_Stay]:
    """By CDR alone: whoever answered the first channel, from the time that the *service* answered."""
    if ended_at is None or call.events:
        return []
    return [
        _Stay(
            row.answer or row.start,
            row.end,
            application_argument(row.lastdata) or None if row.lastapp == "Queue" else None,
            interface_of(row.channel if direction is Direction.OUTBOUND else row.dstchannel),
        )
        for row in call.rows
        if row.uniqueid == call.id and row.disposition == "ANSWERED" and row.dstchannel
    ]


def _live_stay(live: LiveCall, direction: Direction, stays: Sequence[_Stay]) -> list[_Stay]:
    start = max([live.started_at, *(stay.end for stay in stays if stay.end)])
    if live.peer is not None:
        agent = interface_of(live.entry.name) if direction is Direction.OUTBOUND else live.peer
        return [_Stay(start, None, None, agent)]
    return [_Stay(start, None, live.queue, None)] if live.queue else []


def _machine(call: Call, started_at: datetime, ended_at: datetime | None) -> tuple[Leg, ...]:
    """Where nobody had it: the queue that CDR names, voicemail, or a menu."""
    main = call.main
    if main is None or (main.disposition != "ANSWERED" and main.answer is None):
        return ()
    if main.lastapp == "Queue" and (name := application_argument(main.lastdata)):
        return (Leg(started_at, ended_at, LegKind.QUEUE, Queue(name, name)),)
    kind = LegKind.VOICEMAIL if main.lastapp.lower() in _VOICEMAIL else LegKind.IVR
    return () if main.lastapp == "Dial" else (Leg(started_at, ended_at, kind),)


def _status(call: Call, direction: Direction, legs: Sequence[Leg]) -> InteractionStatus:
    main = call.main
    if call.live is not None:
        return status_of(call.live, is_outbound=direction is Direction.OUTBOUND)
    if any(leg.kind in _TALKS for leg in legs):
        return InteractionStatus.COMPLETED
    if main is None:
        return InteractionStatus.UNKNOWN
    if direction is Direction.OUTBOUND:
        return InteractionStatus.FAILED if main.disposition in _FAILED else InteractionStatus.MISSED
    left = [e.event for e in call.queue_events if e.event == "ABANDON" or e.event in _QUEUE_LEFT_BY_COMPANY]
    if left:
        return InteractionStatus.ABANDONED if left[-1] == "ABANDON" else InteractionStatus.MISSED
    if main.lastapp.lower() in _VOICEMAIL:
        return InteractionStatus.MISSED
    dialled = [e.dial_status for e in call.events if e.uniqueid == call.id and e.event == "HANGUP"]
    if (dialled and dialled[-1] == "CANCEL") or main.lastapp == "Queue":
        return InteractionStatus.ABANDONED
    if main.disposition in _FAILED:
        return InteractionStatus.FAILED
    if main.disposition == "ANSWERED" and main.lastapp != "Dial":
        return InteractionStatus.COMPLETED
    return InteractionStatus.MISSED


def _details(call: Call, direction: Direction, legs: Sequence[Leg], started_at: datetime) -> CallDetails:
    talks = [leg for leg in legs if leg.kind in _TALKS]
    waits = [leg for leg in legs if leg.kind is LegKind.QUEUE]
    answered_at = talks[0].started_at if talks else None
    if waits:
        wait = _total(waits)
    else:
        wait = seconds_between(started_at, answered_at) if direction is not Direction.OUTBOUND else None
    return CallDetails(answered_at, wait, _total(talks), _held_seconds(call))


def _total(legs: Sequence[Leg]) -> int | None:
    """None without a leg, and while one runs."""
    lengths = [leg.ended_at - leg.started_at for leg in legs if leg.ended_at is not None]
    return int(sum(lengths, timedelta()).total_seconds()) if lengths and len(lengths) == len(legs) else None


def _held_seconds(call: Call) -> int | None:
    """CEL tells HOLD and UNHOLD; without CEL nothing is known."""
    if not call.events:
        return None
    held = timedelta()
    since: dict[str, datetime] = {}
    for event in call.events:
        if event.event == "HOLD":
            since.setdefault(event.uniqueid, event.at)
        elif event.event in ("UNHOLD", "HANGUP") and event.uniqueid in since:
            held += event.at - since.pop(event.uniqueid)
    return int(held.total_seconds())
