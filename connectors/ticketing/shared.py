"""What vendors of tickets share: one leg for who has a ticket now, and a second look at what a search found."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from connectors.interaction import Agent, InteractionStatus, Leg, LegKind, Queue, Record, TicketStatus

INTERACTION_STATUS = {
    TicketStatus.NEW: InteractionStatus.QUEUED,
    TicketStatus.OPEN: InteractionStatus.ACTIVE,
    TicketStatus.PENDING: InteractionStatus.PENDING,
    TicketStatus.ON_HOLD: InteractionStatus.ON_HOLD,
    TicketStatus.SOLVED: InteractionStatus.COMPLETED,
    TicketStatus.CLOSED: InteractionStatus.COMPLETED,
    TicketStatus.UNKNOWN: InteractionStatus.UNKNOWN,
}


def legs_of(
    started_at: datetime,
    ended_at: datetime | None,
    queue: Queue | None,
    agent: Agent | None,
    division_ids: tuple[str, ...] = (),
) -> tuple[Leg, ...]:
    """Who has it now, as from the beginning, for vendors that tell no more without a call for each ticket."""
    if queue is None and agent is None:
        return ()
    kind = LegKind.QUEUE if agent is None else LegKind.AGENT
    return (Leg(started_at, ended_at, kind, queue, agent, division_ids),)


def holds_text(record: Record, text: str) -> bool:
    """Whether every word shows in the name or an identifier: vendors also search what is not ours to reveal."""
    haystack = _folded(" ".join([record.name or "", *(held.identifier.value for held in record.identifiers)]))
    return all(word in haystack for word in _folded(text).split())


def _folded(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
