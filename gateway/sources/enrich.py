"""What an operator adds to a source's rows: what counts as escalated, and which touchpoint a contact belongs to.

Pure; made of what a viewer is shown, so that it tells nothing of a queue, a tag or a campaign that they are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors.interaction import Channel, Interaction, TicketDetails, TicketPriority, TicketStatus, Touchpoint
from gateway.deployment import SourceRules
from gateway.visibility import Shown

CLOSED = frozenset({TicketStatus.SOLVED, TicketStatus.CLOSED})


@dataclass(frozen=True, slots=True)
class EscalationRule:
    """A ticket with one of these is escalated, where the source has no mark of its own. Queues: the
    vendor's id or name, or the service."""

    tags: frozenset[str] = frozenset()
    priorities: frozenset[TicketPriority] = frozenset()
    queues: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TouchpointRule:
    """Contacts that match every list that is not empty are of this touchpoint; the first rule that matches wins."""

    touchpoint: Touchpoint
    sources: frozenset[str] = frozenset()
    channels: frozenset[Channel] = frozenset()
    queues: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()

    def matches(self, rules: SourceRules, row: Interaction, services: set[str]) -> bool:
        campaign = {rules.campaign(row.campaign)} if row.campaign else set()
        return (
            (not self.sources or row.source in self.sources)
            and (not self.channels or row.channel in self.channels)
            and (not self.queues or not self.queues.isdisjoint(services))
            and (not self.campaigns or not self.campaigns.isdisjoint(campaign))
        )


@dataclass(frozen=True, slots=True)
class Enrichment:
    rules: SourceRules
    escalation: EscalationRule | None = None
    touchpoints: Sequence[TouchpointRule] = ()

    @property
    def adds_nothing(self) -> bool:
        return self.escalation is None and not self.touchpoints

    def apply(self, shown: Shown) -> Shown:
        """With `escalated` and `touchpoint` filled in; the same object when there is nothing to add."""
        row = shown.row
        if not self.touchpoints and (self.escalation is None or row.channel is not Channel.TICKET):
            return shown
        services = {
            name
            for queue in (shown.queue, *(leg.queue for leg in row.legs))
            if queue is not None
            for name in (queue.id, queue.name, self.rules.service(queue))
        }
        details = row.details
        if self.escalation is not None and isinstance(details, TicketDetails) and details.escalated is None:
            details = msgspec.structs.replace(details, escalated=self._is_escalated(row, details, services))
        touchpoint = row.touchpoint or next(
            (rule.touchpoint for rule in self.touchpoints if rule.matches(self.rules, row, services)), None
        )
        return msgspec.structs.replace(shown, row=msgspec.structs.replace(row, details=details, touchpoint=touchpoint))

    def _is_escalated(self, row: Interaction, ticket: TicketDetails, services: set[str]) -> bool:
        rule = self.escalation
        assert rule is not None
        return ticket.status not in CLOSED and (
            ticket.priority in rule.priorities
            or not rule.tags.isdisjoint(row.tags)
            or not rule.queues.isdisjoint(services)
        )
