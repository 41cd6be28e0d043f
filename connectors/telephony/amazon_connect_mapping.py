"""Amazon Connect's contacts as interactions. Pure. A transfer is a new contact that names the one before.

Source: Amazon Connect API Reference, "Contact"; Administrator Guide, "Contact records data model".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from connectors.interaction import (
    CONVERSATION_CHANNELS,
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Channel,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
)
from connectors.mapping import from_unix, plausible, preview, seconds_between

Moment = float | str | None
"""Unix seconds; ISO text from some of the vendor's own tools."""

_CHANNELS = {"VOICE": Channel.VOICE, "CHAT": Channel.CHAT, "EMAIL": Channel.EMAIL}
_SUBTYPES = {"connect:SMS": Channel.SMS, "connect:WhatsApp": Channel.WHATSAPP}
_OUTBOUND = frozenset({"OUTBOUND", "EXTERNAL_OUTBOUND", "CALLBACK", "AGENT_REPLY"})
_INBOUND = frozenset({"INBOUND", "TRANSFER", "QUEUE_TRANSFER", "WEBRTC_API", "MESSAGING_PLATFORM"})
_FAILED = frozenset({"TELECOM_PROBLEM", "OUTBOUND_ATTEMPT_FAILED", "OUTBOUND_DESTINATION_ENDPOINT_ERROR"})


class _Snake(msgspec.Struct, rename="pascal"):
    """The vendor's names begin with capitals."""


class QueueInfo(_Snake):
    id: str | None = None
    enqueue_timestamp: Moment = None


class AgentInfo(_Snake):
    id: str | None = None
    connected_to_agent_timestamp: Moment = None


class Endpoint(_Snake):
    type: str | None = None
    address: str | None = None
    display_name: str | None = None


class Contact(_Snake):
    id: str
    channel: str | None = None
    initiation_method: str | None = None
    initial_contact_id: str | None = None
    previous_contact_id: str | None = None
    initiation_timestamp: Moment = None
    disconnect_timestamp: Moment = None
    scheduled_timestamp: Moment = None
    last_update_timestamp: Moment = None
    disconnect_reason: str | None = None
    name: str | None = None
    queue_info: QueueInfo | None = None
    agent_info: AgentInfo | None = None
    customer_endpoint: Endpoint | None = None
    segment_attributes: dict[str, Any] | None = None
    tags: dict[str, str] | None = None

    @property
    def root_id(self) -> str:
        return self.initial_contact_id or self.id

    @property
    def started_at(self) -> datetime | None:
        return moment(self.initiation_timestamp)

    @property
    def ended_at(self) -> datetime | None:
        start, end = self.started_at, moment(self.disconnect_timestamp)
        return end if start is None or end is None else max(start, end)

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None


@dataclass(frozen=True, slots=True)
class Names:
    """Of queues and agents by their ids; what may not be read is called by its id."""

    queues: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)

    def queue(self, id_: str) -> Queue:
        return Queue(id_, self.queues.get(id_, id_))

    def agent(self, id_: str) -> Agent:
        return Agent(id_, self.agents.get(id_, id_))


def moment(value: Moment) -> datetime | None:
    if isinstance(value, str):
        try:
            told = datetime.fromisoformat(value)
            return plausible(told if told.tzinfo else told.replace(tzinfo=UTC))
        except (ValueError, OverflowError):
            return None
    return from_unix(value)


def channel_of(contact: Contact) -> Channel:
    subtype = (contact.segment_attributes or {}).get("connect:Subtype")
    told = subtype.get("ValueString") if isinstance(subtype, dict) else None
    if isinstance(told, str) and told in _SUBTYPES:
        return _SUBTYPES[told]
    channel = _CHANNELS.get(contact.channel or "", Channel.OTHER)
    return Channel.CALLBACK if channel is Channel.VOICE and contact.initiation_method == "CALLBACK" else channel


def row_of(
    source: str, chain: Sequence[Contact], number: str, names: Names, site: str | None, now: datetime
) -> Interaction | None:
    """`chain`: a contact and those it was transferred to. `number`: the customer's. None without a beginning."""
    dated = sorted((at, contact.id, contact) for contact in chain if (at := contact.started_at) is not None)
    contacts = [contact for _, _, contact in dated]
    if not contacts:
        return None
    first, last, started_at = contacts[0], contacts[-1], dated[0][0]
    ends = [contact.ended_at for contact in contacts]
    ended_at = max(end for end in ends if end is not None) if all(ends) else None
    legs = _legs(contacts, names)
    channel, direction = channel_of(first), _direction(first)
    is_agents = [leg for leg in legs if leg.agent is not None]
    moments = [started_at, *(moment(c.last_update_timestamp) for c in contacts), *(leg.ended_at for leg in legs)]
    known = [at for at in (*moments, ended_at) if at is not None and at >= started_at]
    return Interaction(
        source=source,
        external_id=first.root_id,
        record_id=number,
        channel=channel,
        direction=direction,
        started_at=started_at,
        last_activity_at=ended_at or max(known),
        ended_at=ended_at,
        duration_seconds=seconds_between(started_at, ended_at),
        status=_status(contacts, direction, bool(is_agents), ended_at, now),
        url=f"{site}/contact-trace-records/details/{quote(last.id, safe='')}" if site else None,
        legs=legs,
        tags=tuple(sorted(f"{key}:{value}" for key, value in (first.tags or {}).items() if not key.startswith("aws:"))),
        subject=preview(first.name),
        address=Address(AddressKind.OTHER, IdentifierKind.PHONE, number),
        details=_details(channel, legs, is_agents),
    )


def _direction(first: Contact) -> Direction:
    method = first.initiation_method or ""
    if method in _OUTBOUND or (method == "API" and first.channel == "VOICE"):
        return Direction.OUTBOUND
    return Direction.INBOUND if method in _INBOUND or method == "API" else Direction.UNKNOWN


def _legs(contacts: Sequence[Contact], names: Names) -> tuple[Leg, ...]:
    """For each contact its wait in the queue, then its agent; else what a flow alone did."""
    legs: list[Leg] = []
    for contact in contacts:
        start, end = contact.started_at, contact.ended_at
        assert start is not None
        queue = names.queue(contact.queue_info.id) if contact.queue_info and contact.queue_info.id else None
        agent = names.agent(contact.agent_info.id) if contact.agent_info and contact.agent_info.id else None
        queued = moment(contact.queue_info.enqueue_timestamp) if contact.queue_info else None
        answered = moment(contact.agent_info.connected_to_agent_timestamp) if contact.agent_info else None
        if queue is not None:
            began = max(start, queued or start)
            left = answered or end
            legs.append(Leg(began, None if left is None else max(left, began), LegKind.QUEUE, queue))
        if agent is not None and answered is not None:
            began = max(start, answered)
            again = any(leg.agent is not None for leg in legs)
            kind = LegKind.TRANSFER if again else LegKind.AGENT
            legs.append(Leg(began, None if end is None else max(end, began), kind, queue, agent))
        if queue is None and agent is None and contact.channel == "VOICE":
            legs.append(Leg(start, end, LegKind.IVR))
    return tuple(sorted(legs, key=lambda leg: leg.started_at))


def _status(
    contacts: Sequence[Contact], direction: Direction, has_agent: bool, ended_at: datetime | None, now: datetime
) -> InteractionStatus:
    last = contacts[-1]
    if ended_at is None:
        if (planned := moment(last.scheduled_timestamp)) is not None and planned > now:
            return InteractionStatus.SCHEDULED
        is_met = last.agent_info is not None and moment(last.agent_info.connected_to_agent_timestamp) is not None
        return InteractionStatus.QUEUED if last.queue_info and not is_met else InteractionStatus.ACTIVE
    if has_agent:
        return InteractionStatus.COMPLETED
    if last.disconnect_reason in _FAILED:
        return InteractionStatus.FAILED
    if any(contact.queue_info for contact in contacts) and direction is not Direction.OUTBOUND:
        gave_up = last.disconnect_reason == "CUSTOMER_DISCONNECT"
        return InteractionStatus.ABANDONED if gave_up else InteractionStatus.MISSED
    return InteractionStatus.MISSED if direction is Direction.OUTBOUND else InteractionStatus.COMPLETED


def _details(channel: Channel, legs: Sequence[Leg], talks: Sequence[Leg]) -> CallDetails | ConversationDetails | None:
    if channel in CONVERSATION_CHANNELS:
        return ConversationDetails()
    if channel not in (Channel.VOICE, Channel.CALLBACK):
        return None
    waits = [seconds_between(leg.started_at, leg.ended_at) for leg in legs if leg.kind is LegKind.QUEUE]
    talked = [seconds_between(leg.started_at, leg.ended_at) for leg in talks]
    return CallDetails(
        answered_at=talks[0].started_at if talks else None,
        wait_seconds=_sum(waits),
        talk_seconds=_sum(talked),
    )


def _sum(lengths: Sequence[int | None]) -> int | None:
    known = [length for length in lengths if length is not None]
    return sum(known) if known and len(known) == len(lengths) else None
