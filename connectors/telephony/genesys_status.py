"""Where a Genesys Cloud conversation stands. Genesys has no such word: it follows from segments and how they ended.

Source: developer.genesys.cloud, Analytics > "Disconnect types": `client` and `endpoint` are the participant's own
doing, `peer` is the other side's, the rest are the platform's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from connectors.interaction import CALL_CHANNELS, Channel, Direction, InteractionStatus, LegKind
from connectors.telephony.genesys_api import Conversation, Participant, Segment
from connectors.telephony.genesys_legs import AGENTS, Stay

OWN_DOING = frozenset({"client", "endpoint"})
BROKEN = frozenset({"error", "transportFailure", "uncallable", "spam"})
UNDELIVERED = frozenset({"Failed", "DeliveryFailed"})


def status_of(
    conversation: Conversation,
    customer: Participant,
    stays: Sequence[Stay],
    channel: Channel,
    direction: Direction,
    ended_at: datetime | None,
) -> InteractionStatus:
    """Nobody's answer is the customer's giving up only where the customer's own side ended it; a call to the customer
    must be picked up by them first."""
    if ended_at is None:
        return _running(conversation, stays, channel)
    handled = any(stay.is_agent and stay.has("interact") for stay in stays)
    kinds = frozenset(stay.kind for stay in stays)
    if any(s.delivery_status in UNDELIVERED for s in customer.sessions or ()):
        return InteractionStatus.FAILED
    if channel is Channel.CALLBACK or (channel in CALL_CHANNELS and direction is Direction.OUTBOUND):
        if not _picked_up(customer, handled):
            return InteractionStatus.FAILED if _last_disconnect(customer) in BROKEN else InteractionStatus.MISSED
        handled = handled or LegKind.QUEUE not in kinds
    if handled or conversation.self_served or _served_by_machine(kinds, direction):
        return InteractionStatus.COMPLETED
    gave_up = LegKind.VOICEMAIL not in kinds and _last_disconnect(customer) in OWN_DOING
    return InteractionStatus.ABANDONED if gave_up else InteractionStatus.MISSED


def _served_by_machine(kinds: frozenset[LegKind], direction: Direction) -> bool:
    """A bot's conversation, or a notice to the customer, that never asked for an agent."""
    return LegKind.QUEUE not in kinds and (LegKind.BOT in kinds or direction is Direction.OUTBOUND)


def _running(conversation: Conversation, stays: Sequence[Stay], channel: Channel) -> InteractionStatus:
    """What goes on: an agent first, then the queue, then machines; a conversation that nobody is in waits for the
    customer's next message."""
    now = [(stay, s) for stay in stays for s in stay.segments if s.segment_end is None]
    agents = {s.segment_type for stay, s in now if stay.is_agent}
    if "interact" in agents or "barging" in agents:
        return InteractionStatus.ACTIVE
    if agents & {"hold", "parked"}:
        return InteractionStatus.ON_HOLD
    if agents:
        return InteractionStatus.ACTIVE
    everybody = conversation.participants or ()
    if any(s.segment_type == "scheduled" for s in _open_segments(everybody)):
        return InteractionStatus.SCHEDULED
    alerted = any(s.segment_type == "alert" for s in _open_segments(p for p in everybody if p.purpose in AGENTS))
    if alerted or any(stay.kind is LegKind.QUEUE for stay, _ in now):
        return InteractionStatus.QUEUED
    if now or channel in CALL_CHANNELS or not stays:
        return InteractionStatus.ACTIVE
    return InteractionStatus.PENDING


def _picked_up(customer: Participant, handled: bool) -> bool:
    """Whether the customer took the company's call: an agent also "interacts" with a callback that nobody takes."""
    calls = [s for s in customer.sessions or () if s.media_type in ("voice", "video")]
    if not calls:
        return handled
    return any(s.segment_type == "interact" for call in calls for s in call.segments or ())


def _last_disconnect(customer: Participant) -> str | None:
    ended = [(s.segment_end, s.disconnect_type) for s in customer.segments() if s.segment_end and s.disconnect_type]
    return max(ended)[1] if ended else None


def _open_segments(participants: Iterable[Participant]) -> Iterator[Segment]:
    for participant in participants:
        yield from (s for s in participant.segments() if s.segment_start and s.segment_end is None)
