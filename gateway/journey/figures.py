"""Figures over rows already judged: counts that say how sure they are, and facets. Pure.

Source: BEHAVIOUR.md, "Time and figures".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from connectors.interaction import (
    Agent,
    Campaign,
    Channel,
    Direction,
    InteractionStatus,
    Queue,
    SurveyDetails,
    TicketDetails,
    TicketStatus,
)
from gateway.visibility import Shown

S = TypeVar("S")

UNCOUNTED_CHANNELS = frozenset({Channel.WEB, Channel.KNOWLEDGE})
LOST = frozenset({InteractionStatus.MISSED, InteractionStatus.ABANDONED})
UNFINISHED = frozenset({TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD})


class FigureState(StrEnum):
    EXACT = "EXACT"
    AT_LEAST = "AT_LEAST"
    UNAVAILABLE = "UNAVAILABLE"
    NOT_LICENSED = "NOT_LICENSED"
    NOT_PERMITTED = "NOT_PERMITTED"


class NpsCategory(StrEnum):
    DETRACTOR = "DETRACTOR"
    PASSIVE = "PASSIVE"
    PROMOTER = "PROMOTER"


@dataclass(frozen=True, slots=True)
class Count:
    """`value` is None unless the state is EXACT or AT_LEAST."""

    value: int | None
    state: FigureState
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a figure stands on. `sources`: how many should have been counted; `failed`: of those, how many gave
    nothing; `bounded`: a scan stopped before its end."""

    licensed: bool
    permitted: bool
    sources: int
    failed: int
    bounded: bool

    @property
    def state(self) -> FigureState:
        """The first that applies, in the contract's order."""
        if not self.licensed:
            return FigureState.NOT_LICENSED
        if not self.permitted:
            return FigureState.NOT_PERMITTED
        if self.sources and self.failed == self.sources:
            return FigureState.UNAVAILABLE
        if self.failed or self.bounded:
            return FigureState.AT_LEAST
        return FigureState.EXACT

    def count(self, value: int) -> Count:
        known = self.state in (FigureState.EXACT, FigureState.AT_LEAST)
        return Count(value if known else None, self.state)


def category_of(score: int) -> NpsCategory:
    """0 to 6 DETRACTOR, 7 and 8 PASSIVE, 9 and 10 PROMOTER (Reichheld 2003)."""
    if score <= 6:
        return NpsCategory.DETRACTOR
    return NpsCategory.PASSIVE if score <= 8 else NpsCategory.PROMOTER


def is_activity(shown: Shown) -> bool:
    """Counts as a contact from or to the customer."""
    return shown.row.direction is not Direction.INTERNAL and shown.row.channel not in UNCOUNTED_CHANNELS


def is_lost(shown: Shown) -> bool:
    return shown.row.status in LOST


def is_active_ticket(shown: Shown) -> bool:
    details = shown.row.details
    return isinstance(details, TicketDetails) and details.status in UNFINISHED


def is_escalated(shown: Shown) -> bool:
    details = shown.row.details
    return isinstance(details, TicketDetails) and details.escalated is True


def nps_score(shown: Shown) -> int | None:
    details = shown.row.details
    return details.nps_score if isinstance(details, SurveyDetails) else None


@dataclass(slots=True)
class Facets(Generic[S]):
    """How many shown rows carry each value; queues are what `service_of` makes of them, agents (source, agent)."""

    exhaustive: bool
    channels: Counter[Channel] = field(default_factory=Counter)
    campaigns: Counter[tuple[str, Campaign]] = field(default_factory=Counter)
    queues: Counter[S] = field(default_factory=Counter)
    agents: Counter[tuple[str, Agent]] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)


def count_facets(
    rows: Iterable[Shown],
    in_campaigns: Callable[[Shown], bool],
    service_of: Callable[[str, Queue], S],
    *,
    exhaustive: bool,
) -> Facets[S]:
    """Campaigns over all rows; the rest over those that `in_campaigns` keeps."""
    facets: Facets[S] = Facets(exhaustive)
    for shown in rows:
        row = shown.row
        if row.campaign is not None:
            facets.campaigns[row.source, row.campaign] += 1
        if not in_campaigns(shown):
            continue
        facets.channels[row.channel] += 1
        if shown.queue is not None:
            facets.queues[service_of(row.source, shown.queue)] += 1
        if shown.agent is not None:
            facets.agents[row.source, shown.agent] += 1
        facets.tags.update(set(row.tags))
    return facets
