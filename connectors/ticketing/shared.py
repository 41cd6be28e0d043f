"""What vendors of tickets share: what a ticket's status is, as an interaction's."""

from __future__ import annotations

from connectors.interaction import InteractionStatus, TicketStatus

INTERACTION_STATUS = {
    TicketStatus.NEW: InteractionStatus.QUEUED,
    TicketStatus.OPEN: InteractionStatus.ACTIVE,
    TicketStatus.PENDING: InteractionStatus.PENDING,
    TicketStatus.ON_HOLD: InteractionStatus.ON_HOLD,
    TicketStatus.SOLVED: InteractionStatus.COMPLETED,
    TicketStatus.CLOSED: InteractionStatus.COMPLETED,
    TicketStatus.UNKNOWN: InteractionStatus.UNKNOWN,
}
