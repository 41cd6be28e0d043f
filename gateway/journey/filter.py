"""Which rows of a journey are asked for: judged on what this viewer is shown, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.base import Wanted, Window
from connectors.interaction import (
    Campaign,
    Channel,
    Direction,
    InteractionStatus,
    OutcomeKind,
    SurveyDetails,
)
from gateway.deployment import Deployment
from gateway.journey.liveness import Liveness, LivenessLimits, liveness_of
from gateway.visibility import Shown


class Period(StrEnum):
    LAST_30_DAYS = "LAST_30_DAYS"
    LAST_3_MONTHS = "LAST_3_MONTHS"
    LAST_6_MONTHS = "LAST_6_MONTHS"
    LAST_9_MONTHS = "LAST_9_MONTHS"
    LAST_12_MONTHS = "LAST_12_MONTHS"
    ALL_TIME = "ALL_TIME"


@dataclass(frozen=True, slots=True)
class Filter:
    """All of the fields given, any of the values within one; None is not given, and an empty set matches nothing.

    queues are services, campaigns and agents (source, vendor's id): what the ids of the API stand for. rows are
    (source, external id): those of the episodes asked for. `words` are case-folded.
    """

    active_since: datetime | None = None
    sources: frozenset[str] | None = None
    channels: frozenset[Channel] | None = None
    directions: frozenset[Direction] | None = None
    queues: frozenset[str] | None = None
    campaigns: frozenset[tuple[str, str]] | None = None
    agents: frozenset[tuple[str, str]] | None = None
    tags: frozenset[str] | None = None
    outcomes: frozenset[OutcomeKind] | None = None
    statuses: frozenset[InteractionStatus] | None = None
    liveness: frozenset[Liveness] | None = None
    rows: frozenset[tuple[str, str]] | None = None
    words: tuple[str, ...] = ()

    def wanted(self, channels: frozenset[Channel]) -> Wanted:
        """What a source may leave out, given the channels that are open to this viewer."""
        return Wanted(
            channels=channels if self.channels is None else channels & self.channels,
            directions=self.directions,
            statuses=self.statuses,
            active_since=self.active_since,
        )

    def keeps(self, shown: Shown, deployment: Deployment, now: datetime, limits: LivenessLimits) -> bool:
        row = shown.row
        if self.active_since is not None and row.last_activity_at < self.active_since:
            return False
        if self.channels is not None and row.channel not in self.channels:
            return False
        if self.directions is not None and row.direction not in self.directions:
            return False
        if self.statuses is not None and row.status not in self.statuses:
            return False
        if self.sources is not None and row.source not in self.sources:
            return False
        if self.outcomes is not None and (row.outcome is None or row.outcome.kind not in self.outcomes):
            return False
        if self.queues is not None:
            rules = deployment.sources[row.source]
            if shown.queue is None or rules.service(shown.queue) not in self.queues:
                return False
        if self.campaigns is not None and not self._has_campaign(row.source, row.campaign):
            return False
        if self.agents is not None and (shown.agent is None or (row.source, shown.agent.id) not in self.agents):
            return False
        if self.rows is not None and (shown.position.source, shown.position.external_id) not in self.rows:
            return False
        if self.tags is not None and self.tags.isdisjoint(row.tags):
            return False
        if self.liveness is not None and liveness_of(row, now, limits).liveness not in self.liveness:
            return False
        return not self.words or _holds_all(shown, deployment, self.words)

    def _has_campaign(self, source: str, campaign: Campaign | None) -> bool:
        return campaign is not None and self.campaigns is not None and (source, campaign.id) in self.campaigns


EVERYTHING_SHOWN = Filter()


def _holds_all(shown: Shown, deployment: Deployment, words: tuple[str, ...]) -> bool:
    text = "\n".join(_searchable(shown, deployment)).casefold()
    return all(word in text for word in words)


def _searchable(shown: Shown, deployment: Deployment) -> Iterator[str]:
    """Subject, topic, preview, comments, tags and names, as far as they are shown."""
    row = shown.row
    yield from (text for text in (row.subject, row.topic, row.preview) if text)
    yield from (comment.text for comment in row.comments)
    yield from row.tags
    rules = deployment.sources[row.source]
    for queue in (shown.queue, *(leg.queue for leg in row.legs)):
        if queue is not None:
            yield rules.services.get(queue.id) or queue.name
    agents = (shown.agent, *(leg.agent for leg in row.legs), *(comment.author for comment in row.comments))
    yield from (agent.name for agent in agents if agent is not None)
    yield from (code.label for code in shown.wrap_up_codes)
    if row.campaign is not None:
        yield row.campaign.name
    if row.touchpoint is not None:
        yield row.touchpoint.name
    if isinstance(row.details, SurveyDetails):
        yield row.details.survey_name


_MONTHS = {
    Period.LAST_3_MONTHS: 3,
    Period.LAST_6_MONTHS: 6,
    Period.LAST_9_MONTHS: 9,
    Period.LAST_12_MONTHS: 12,
}


def window_of(period: Period, now: datetime) -> Window:
    """From the same day and time that many calendar months ago (the month's last day where it has no such day)."""
    if period is Period.ALL_TIME:
        return Window()
    if period is Period.LAST_30_DAYS:
        return Window(now - timedelta(days=30))
    return Window(_months_before(now, _MONTHS[period]))


def _months_before(now: datetime, months: int) -> datetime:
    year, month = divmod(now.year * 12 + now.month - 1 - months, 12)
    for day in range(now.day, 27, -1):
        try:
            return now.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return now.replace(year=year, month=month + 1)
