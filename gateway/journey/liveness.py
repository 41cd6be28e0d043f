"""What is going on now: computed from the row and the clock, never stored.

Source: BEHAVIOUR.md, "Time and figures".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    WEB_VISIT_CHANNELS,
    Channel,
    Interaction,
    InteractionStatus,
)

MESSAGING_CHANNELS = (CONVERSATION_CHANNELS | WEB_VISIT_CHANNELS) - {Channel.EMAIL}
OVER = frozenset(
    {
        InteractionStatus.SCHEDULED,  # not begun
        InteractionStatus.COMPLETED,
        InteractionStatus.MISSED,
        InteractionStatus.ABANDONED,
        InteractionStatus.FAILED,
    }
)


class Liveness(StrEnum):
    LIVE = "LIVE"
    IDLE = "IDLE"
    INACTIVE = "INACTIVE"


@dataclass(frozen=True, slots=True)
class LivenessLimits:
    """Silence after which a conversation is idle, then inactive."""

    idle_seconds: float = 45
    inactive_seconds: float = 60


class LivenessState(NamedTuple):
    """`idle_at`, `inactive_at`: when that comes if nothing more happens; None when it won't or has come."""

    liveness: Liveness
    idle_at: datetime | None = None
    inactive_at: datetime | None = None


_INACTIVE = LivenessState(Liveness.INACTIVE)
_ON_THE_LINE = LivenessState(Liveness.LIVE)


def liveness_of(row: Interaction, now: datetime, limits: LivenessLimits) -> LivenessState:
    """Messaging without an end is LIVE, IDLE, then INACTIVE by silence; a call is LIVE until it ends."""
    if row.ended_at is not None or row.status in OVER:
        return _INACTIVE
    if row.channel in CALL_CHANNELS:
        return _ON_THE_LINE
    if row.channel not in MESSAGING_CHANNELS:
        return _INACTIVE
    idle_at = row.last_activity_at + timedelta(seconds=limits.idle_seconds)
    inactive_at = row.last_activity_at + timedelta(seconds=limits.inactive_seconds)
    if now >= inactive_at:
        return _INACTIVE
    if now >= idle_at:
        return LivenessState(Liveness.IDLE, None, inactive_at)
    return LivenessState(Liveness.LIVE, idle_at, inactive_at)
