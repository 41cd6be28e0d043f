"""What is in hand at the population's moment goes on as the clock does, so that a demo stays alive."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.contacts import Channel, Contact, Turn
from sandbox.words import WAITING

PULSE_SECONDS: dict[Channel, int] = {"web_messaging": 20, "web_chat": 20, "whatsapp": 50}
"""Seconds between two lines of a live conversation. WhatsApp's are more than the 45 after which one is idle."""

MOST_LINES = 1_000


def as_of(contact: Contact, now: datetime, moment: datetime) -> Contact:
    """The contact as it is at `moment`, when it was told at `now`: a call runs on, a conversation gains lines."""
    if not contact.live or moment <= now:
        return contact
    pulse = PULSE_SECONDS.get(contact.channel)
    if pulse is None:
        return replace(contact, last_activity_at=moment.replace(microsecond=0))
    lines = WAITING[contact.person.language]
    count = min(int((moment - now).total_seconds()) // pulse, MOST_LINES)
    more = tuple(
        Turn(now + timedelta(seconds=pulse * (place + 1)), "agent", lines[0], contact.agent)
        if place % 2 == 0
        else Turn(now + timedelta(seconds=pulse * (place + 1)), "customer", lines[1])
        for place in range(count)
    )
    last = more[-1].at if more else contact.last_activity_at
    return replace(contact, texts=contact.texts + more, last_activity_at=last)
