"""Twilio's calls as interactions. Pure. One human call is a parent and the children it dialled.

Source: Twilio documentation, "Call resource" (/docs/voice/api/call-resource).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

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
)
from connectors.mapping import from_rfc2822, seconds_between
from connectors.telephony.numbers import Numbers

RUNNING = frozenset({"queued", "initiated", "ringing", "in-progress"})
_LONGEST_SECONDS = 7 * 86_400


class CallRow(msgspec.Struct):
    sid: str
    direction: str
    parent_call_sid: str | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    to: str | None = None
    status: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    date_created: str | None = None
    duration: str | int | None = None
    caller_name: str | None = None

    @property
    def root_sid(self) -> str:
        return self.parent_call_sid or self.sid

    @property
    def started_at(self) -> datetime | None:
        return from_rfc2822(self.start_time) or from_rfc2822(self.date_created)

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING

    @property
    def ended_at(self) -> datetime | None:
        """None while it runs. What failed before it began may have no end of its own."""
        start = self.started_at
        if self.is_running or start is None:
            return None
        end = from_rfc2822(self.end_time) or start + timedelta(seconds=self.talk_seconds)
        return max(start, end)

    @property
    def talk_seconds(self) -> int:
        """From the answer to the end. Twilio writes it as text."""
        text = str(self.duration)
        return min(int(text), _LONGEST_SECONDS) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    @property
    def is_answered(self) -> bool:
        return self.status == "in-progress" or (self.status == "completed" and self.talk_seconds > 0)


class Family(NamedTuple):
    parent: CallRow
    children: Sequence[CallRow]


@dataclass(frozen=True, slots=True)
class Setting:
    """agents: names of clients, SIP addresses and numbers of agents, by how Twilio spells them."""

    source: str
    numbers: Numbers
    account_sid: str
    agents: Mapping[str, str] = field(default_factory=dict)

    def is_agents(self, address: str | None) -> bool:
        return address is not None and (address.startswith(("client:", "sip:")) or address in self.agents)

    def agent(self, address: str) -> Agent:
        plain = address.removeprefix("client:").removeprefix("sip:").partition("@")[0]
        return Agent(address, self.agents.get(address, plain))


def customers_leg(family: Family, setting: Setting) -> tuple[CallRow, Direction, str | None]:
    """The call that the customer was on, which way it went, and the customer's number.

    Where the company calls an agent first, and the customer from there, it is the child that is the customer's.
    """
    parent, children = family
    if parent.direction == "inbound" and not setting.is_agents(parent.from_):
        return parent, Direction.INBOUND, setting.numbers.of(parent.from_)
    if parent.direction != "inbound" and not setting.is_agents(parent.to):
        return parent, Direction.OUTBOUND, setting.numbers.of(parent.to)
    for child in children:
        if not setting.is_agents(child.to) and (number := setting.numbers.of(child.to)) is not None:
            return child, Direction.OUTBOUND, number
    return parent, Direction.OUTBOUND, None


def row_of(family: Family, setting: Setting) -> Interaction | None:
    """None when it cannot be told whose call it is, or when it was."""
    own, direction, number = customers_leg(family, setting)
    started_at = family.parent.started_at
    if number is None or started_at is None or not family.parent.sid.strip():
        return None
    ended_at = None if family.parent.is_running else max(started_at, family.parent.ended_at or started_at)
    legs = _legs(family, own, started_at, ended_at, setting)
    agents = [leg for leg in legs if leg.agent is not None]
    answered_at = agents[0].started_at if agents else _answered_at(own) if direction is Direction.OUTBOUND else None
    lasts = [leg.ended_at or leg.started_at for leg in legs]
    talked = [child.talk_seconds for child in family.children if child.is_answered] or [own.talk_seconds]
    return Interaction(
        source=setting.source,
        external_id=family.parent.sid,
        record_id=number,
        channel=Channel.VOICE,
        direction=direction,
        started_at=started_at,
        last_activity_at=max([ended_at or started_at, *lasts]),
        ended_at=ended_at,
        duration_seconds=seconds_between(started_at, ended_at),
        status=_status(family, own, direction),
        url=f"https://www.twilio.com/console/voice/calls/logs/{family.parent.sid}",
        legs=legs,
        address=Address(AddressKind.OTHER, IdentifierKind.PHONE, number),
        details=CallDetails(
            answered_at=answered_at,
            wait_seconds=seconds_between(started_at, answered_at) if direction is Direction.INBOUND else None,
            talk_seconds=None if ended_at is None or answered_at is None else sum(talked),
        ),
    )


def _legs(
    family: Family, own: CallRow, started_at: datetime, ended_at: datetime | None, setting: Setting
) -> tuple[Leg, ...]:
    """An agent's leg for each who answered; what was before the first of them, the account's program did."""
    others = [call for call in (family.parent, *family.children) if call is not own and call.is_answered]
    met = sorted(
        ((max(at, started_at), call) for call in others if (at := _answered_at(call)) is not None),
        key=lambda pair: (pair[0], pair[1].sid),
    )
    legs: list[Leg] = []
    if own is family.parent and own.is_answered and (not met or met[0][0] > started_at):
        legs.append(Leg(started_at, met[0][0] if met else ended_at, LegKind.IVR))
    for place, (at, call) in enumerate(met):
        address = (call.to if call.direction != "inbound" else call.from_) or ""
        kind = LegKind.TRANSFER if place else LegKind.AGENT
        end = None if call.is_running else max(at, call.ended_at or at)
        legs.append(Leg(at, end, kind, agent=setting.agent(address) if address else None))
    return tuple(legs)


def _answered_at(call: CallRow) -> datetime | None:
    """As long before its end as it lasted; for one that runs, when it began."""
    if not call.is_answered:
        return None
    end = call.ended_at
    return call.started_at if end is None else end - timedelta(seconds=call.talk_seconds)


def _status(family: Family, own: CallRow, direction: Direction) -> InteractionStatus:
    statuses = {child.status for child in family.children}
    if family.parent.is_running:
        if direction is Direction.OUTBOUND or "in-progress" in statuses:
            return InteractionStatus.ACTIVE
        waits = family.parent.status != "in-progress" or bool(statuses & RUNNING)
        return InteractionStatus.QUEUED if waits else InteractionStatus.ACTIVE
    if own.status == "failed":
        return InteractionStatus.FAILED
    if own.status in ("no-answer", "busy", "canceled"):
        gave_up = direction is Direction.INBOUND and own.status == "canceled"
        return InteractionStatus.ABANDONED if gave_up else InteractionStatus.MISSED
    if own.status != "completed":
        return InteractionStatus.UNKNOWN
    if direction is Direction.OUTBOUND or not statuses or any(child.is_answered for child in family.children):
        return InteractionStatus.COMPLETED
    return InteractionStatus.ABANDONED if "canceled" in statuses else InteractionStatus.MISSED
