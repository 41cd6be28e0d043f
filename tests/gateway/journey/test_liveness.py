"""What is going on now: by the channel, the row's end, and the silence since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.interaction import Channel, InteractionStatus
from gateway.journey.liveness import Liveness, LivenessLimits, LivenessState, liveness_of
from tests.gateway.support import NOW, row_of

LIMITS = LivenessLimits()
LIVE, IDLE, INACTIVE = Liveness.LIVE, Liveness.IDLE, Liveness.INACTIVE

CALLS = (Channel.VOICE, Channel.CALLBACK, Channel.VIDEO)
MESSAGING = (
    Channel.CHAT,
    Channel.WEB_MESSAGING,
    Channel.COBROWSE,
    Channel.WHATSAPP,
    Channel.SMS,
    Channel.LINE,
    Channel.X,
    Channel.FACEBOOK,
    Channel.INSTAGRAM,
    Channel.TELEGRAM,
    Channel.APPLE_MESSAGES,
    Channel.WEB,
    Channel.KNOWLEDGE,
)
NEVER = tuple(channel for channel in Channel if channel not in CALLS + MESSAGING)
OPEN = (
    InteractionStatus.QUEUED,
    InteractionStatus.ACTIVE,
    InteractionStatus.ON_HOLD,
    InteractionStatus.PENDING,
    InteractionStatus.UNKNOWN,
)
OVER = tuple(status for status in InteractionStatus if status not in OPEN)


def state(
    channel: Channel, silent_seconds: float, status: InteractionStatus = InteractionStatus.ACTIVE, **fields: Any
) -> LivenessState:
    last = NOW - timedelta(seconds=silent_seconds)
    row = row_of("s", "1", NOW - timedelta(days=1), channel=channel, status=status, last_activity_at=last, **fields)
    return liveness_of(row, NOW, LIMITS)


@pytest.mark.parametrize("channel", MESSAGING)
@pytest.mark.parametrize(
    ("silent_seconds", "expected"),
    [
        (-5, LIVE),
        (0, LIVE),
        (44, LIVE),
        (44.999999, LIVE),
        (45, IDLE),
        (59, IDLE),
        (59.999999, IDLE),
        (60, INACTIVE),
        (86_400, INACTIVE),
    ],
)
def test_silence_makes_a_conversation_idle_then_inactive(channel: Channel, silent_seconds: float, expected: Liveness):
    assert state(channel, silent_seconds).liveness is expected


def test_when_that_will_be_is_told_as_long_as_it_has_not_come():
    last = NOW - timedelta(seconds=44)
    assert state(Channel.CHAT, 44) == (LIVE, last + timedelta(seconds=45), last + timedelta(seconds=60))
    last = NOW - timedelta(seconds=45)
    assert state(Channel.CHAT, 45) == (IDLE, None, last + timedelta(seconds=60))
    assert state(Channel.CHAT, 60) == (INACTIVE, None, None)
    assert state(Channel.VOICE, 9_000) == (LIVE, None, None)


def test_the_next_event_brings_it_back_to_life():
    assert state(Channel.WHATSAPP, 61).liveness is INACTIVE
    assert state(Channel.WHATSAPP, 1).liveness is LIVE


@pytest.mark.parametrize("channel", CALLS)
@pytest.mark.parametrize("silent_seconds", [0, 60, 86_400])
def test_a_call_is_live_until_it_ends(channel: Channel, silent_seconds: float):
    assert state(channel, silent_seconds).liveness is LIVE
    assert state(channel, silent_seconds, ended_at=NOW).liveness is INACTIVE


@pytest.mark.parametrize("channel", NEVER)
def test_tickets_surveys_and_letters_are_never_live(channel: Channel):
    assert {Channel.TICKET, Channel.SURVEY, Channel.EMAIL} <= set(NEVER)
    assert state(channel, 0) == (INACTIVE, None, None)


@pytest.mark.parametrize("channel", CALLS + MESSAGING)
def test_what_is_over_is_inactive_and_what_waits_is_not(channel: Channel):
    assert all(state(channel, 0, status).liveness is INACTIVE for status in OVER)
    assert all(state(channel, 0, status).liveness is LIVE for status in OPEN)
    assert all(state(channel, 0, status, ended_at=NOW).liveness is INACTIVE for status in OPEN)


@pytest.mark.parametrize(
    ("idle", "inactive", "silent", "expected"),
    [(10, 20, 9, LIVE), (10, 20, 10, IDLE), (10, 20, 20, INACTIVE), (30, 30, 30, INACTIVE), (0, 30, 0, IDLE)],
)
def test_both_limits_are_settings(idle: float, inactive: float, silent: float, expected: Liveness):
    row = row_of(
        "s",
        "1",
        channel=Channel.CHAT,
        status=InteractionStatus.ACTIVE,
        last_activity_at=NOW - timedelta(seconds=silent),
    )
    assert liveness_of(row, NOW, LivenessLimits(idle, inactive)).liveness is expected
