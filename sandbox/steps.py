"""One contact as a scene tells it: what a person remembers of it, before it is anybody's row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sandbox.company import Agent, Campaign, Queue
from sandbox.contacts import Channel, Direction, Priority, Status


@dataclass(frozen=True, slots=True)
class Step:
    """`ago` and `minutes`: when it began and how long it lasted. `agent`: who took it first, else the queue's first."""

    vendor: str
    channel: Channel
    ago: timedelta
    minutes: float
    subject: str
    lines: tuple[str, ...] = ()
    status: Status = "completed"
    direction: Direction = "inbound"
    wrap_up: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    escalated: bool = False
    score: int | None = None
    comment: str | None = None
    queue: Queue | None = None
    handed_to: Queue | None = None
    address: str | None = None
    live: bool = False
    agent: Agent | None = None
    campaign: Campaign | None = None
