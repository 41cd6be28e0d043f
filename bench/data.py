"""What the upstream knows: customers by number, each with a journey of known depth over five sources.

Pure arithmetic: any row of any customer can be written down without the rows before it, so a million deep is as easy
as fifty. The same customer is always the same, for every subject that asks.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

SOURCES = ("s1", "s2", "s3", "s4", "s5")
CHANNELS = ("VOICE", "TICKET", "CHAT", "WHATSAPP", "EMAIL")
"""One a source."""

DEPTHS = (50, 200, 100, 1_000, 10_000, 100_000, 1_000_000)
"""Rows of a customer in all five sources, by the first digit of the customer's number."""

SPACING_SECONDS = 120
"""Between two rows of one source: a million rows in all are 278 days, within the twelve months a journey shows."""
OFFSET_SECONDS = 24
"""Between the sources, so that the merge is a real one."""

VARIANTS = 32
"""Different texts; row `i` of customer `c` is of variant `(c + i) % VARIANTS`."""

CUSTOMER_DIGITS = 8
PLACEHOLDER = "@" * CUSTOMER_DIGITS

_AGENTS = ("Nora Lindqvist", "Paolo Serra", "Aisha Karim", "Tom Hadley", "Inês Duarte", "Jan Kowal", "Maya Iyer", "Leo")
QUEUES = ("billing", "sales", "support", "returns")
_SUBJECTS = (
    "Invoice shows the old address",
    "Router keeps restarting after the update",
    "Where is my parcel?",
    "Upgrade of the contract, questions about the price",
)
_TOPICS = ("billing", "technical", "delivery", "contract")
_PREVIEWS = (
    "Hello, I have been waiting since Monday and nobody has called me back about the invoice that I sent you.",
    "Good morning, the device restarts every ten minutes; I have tried another cable and another socket already.",
    "The parcel should have been here on Friday, the tracking page says “delivered”, but there is nothing here.",
)
_TAGS = (("vip", "invoice"), ("router",), ("parcel", "late", "web"), (), ("contract", "upgrade"))
_STATUSES = ("COMPLETED", "COMPLETED", "COMPLETED", "MISSED", "ABANDONED")


def customer(depth: int, number: int) -> str:
    """The number of the `number`th customer with so many rows."""
    return f"{DEPTHS.index(depth)}{number:0{CUSTOMER_DIGITS - 1}d}"


def rows_a_source(customer_number: str) -> int:
    return DEPTHS[int(customer_number[0])] // len(SOURCES)


def started_seconds(epoch: int, source: int, place: int) -> int:
    """When row `place` (0: the newest) of a source (1 to 5) began; `epoch` is the newest moment there is."""
    return epoch - place * SPACING_SECONDS - source * OFFSET_SECONDS


def first_place(epoch: int, source: int, before_microseconds: int | None) -> int:
    """The newest row of a source that began before that moment."""
    if before_microseconds is None:
        return 0
    newest = started_seconds(epoch, source, 0) * 1_000_000
    behind = newest - before_microseconds
    return 0 if behind < 0 else behind // (SPACING_SECONDS * 1_000_000) + 1


def row(epoch: int, source: int, place: int, variant: int, customer_number: str) -> dict[str, Any]:
    started = started_seconds(epoch, source, place)
    seconds = 45 + variant * 7
    subject = _SUBJECTS[variant % len(_SUBJECTS)]
    return {
        "id": f"{customer_number}-{place}",
        "customer": customer_number,
        "url": f"https://s{source}.example.org/work/{customer_number}/{place}",
        "channel": CHANNELS[source - 1],
        "direction": "OUTBOUND" if variant % 4 == 3 else "INBOUND",
        "started_at": _text(started),
        "ended_at": _text(started + seconds),
        "last_activity_at": _text(started + seconds),
        "duration_seconds": seconds,
        "status": _STATUSES[variant % len(_STATUSES)],
        "subject": None if variant % 8 == 5 else subject,
        "topic": _TOPICS[variant % len(_TOPICS)],
        "preview": _PREVIEWS[variant % len(_PREVIEWS)],
        "agent": {"id": f"a{variant % len(_AGENTS)}", "name": _AGENTS[variant % len(_AGENTS)]},
        "queue": {"id": f"q{variant % len(QUEUES)}", "name": QUEUES[variant % len(QUEUES)]},
        "tags": _TAGS[variant % len(_TAGS)],
        "division": "south" if variant % 3 == 2 else "north",
    }


def page(epoch: int, source: int, customer_number: str, limit: int, before: int | None, variant: int) -> bytes:
    """One answer: rows newest first, and `next` (the `before` of the next question) when there are more."""
    total = rows_a_source(customer_number)
    first = min(first_place(epoch, source, before), total)
    last = min(first + limit, total)
    shown = customer_number if variant < 0 else PLACEHOLDER
    start = int(customer_number) if variant < 0 else variant
    rows = [row(epoch, source, place, (start + place) % VARIANTS, shown) for place in range(first, last)]
    following = started_seconds(epoch, source, last - 1) * 1_000_000 if first < last < total else None
    body = {"rows": rows, "next": following}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
