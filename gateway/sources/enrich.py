"""What an operator adds to a source's rows: what counts as escalated, what a contact was about, and which touchpoint
it belongs to.

Pure; made of what a viewer is shown, so that it tells nothing of a queue, a tag or a campaign that they are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
class TopicRule:
    """Contacts with one of these marks are about `topic`; the first rule that matches wins. Case makes no difference.

    words: what the source itself says it was about. wrap_up_codes: by code, label or any of their levels.
    """

    topic: str
    sources: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    wrap_up_codes: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset()

    def matches(self, shown: Shown, services: set[str]) -> bool:
        row = shown.row
        if self.sources and row.source not in self.sources:
            return False
        own = (row.topic,) if row.topic else ()
        coded = (word for code in shown.wrap_up_codes for word in (code.code, code.label, *code.levels))
        return (
            _share(self.words, own)
            or _share(self.tags, row.tags)
            or _share(self.wrap_up_codes, coded)
            or _share(self.queues, services)
        )


def _share(named: frozenset[str], told: Iterable[str]) -> bool:
    return bool(named) and not {word.casefold() for word in named}.isdisjoint(word.casefold() for word in told)


@dataclass(frozen=True, slots=True)
class Enrichment:
    rules: SourceRules
    escalation: EscalationRule | None = None
    touchpoints: Sequence[TouchpointRule] = ()
    topics: Sequence[TopicRule] = ()

    @property
    def adds_nothing(self) -> bool:
        return self.escalation is None and not self.touchpoints and not self.topics

    def apply(self, shown: Shown) -> Shown:
        """With `escalated`, `topic` and `touchpoint` filled in; the same object when there is nothing to add."""
        row = shown.row
        judged = self.escalation is not None and row.channel is Channel.TICKET
        if not (self.touchpoints or self.topics or judged):
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
        topic = next((rule.topic for rule in self.topics if rule.matches(shown, services)), row.topic)
        row = msgspec.structs.replace(row, details=details, topic=topic, touchpoint=touchpoint)
        return msgspec.structs.replace(shown, row=row)

    def _is_escalated(self, row: Interaction, ticket: TicketDetails, services: set[str]) -> bool:
        rule = self.escalation
        assert rule is not None
        return ticket.status not in CLOSED and (
            ticket.priority in rule.priorities
            or not rule.tags.isdisjoint(row.tags)
            or not rule.queues.isdisjoint(services)
        )
