"""A customer's journey and the header above it, as the API shows them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from connectors.interaction import Channel
from gateway.graph.interactions import Interaction, SurveyResponse, interaction_node
from gateway.graph.nodes import (
    Agent,
    Campaign,
    Queue,
    SourceReport,
    derived,
    report_nodes,
)
from gateway.graph.parts import plain
from gateway.journey import figures, summary
from gateway.journey.cursor import Cursors
from gateway.journey.figures import FigureState, NpsCategory
from gateway.operation import Operation, Person
from gateway.visibility import Shown


@strawberry.type(description="One row and its place.")
class JourneyEdge:
    shown: strawberry.Private[Shown]
    cursors: strawberry.Private[Cursors]

    cursor: str = derived(lambda self: self.cursors.seal(self.shown.position), "For `after` or `before`.")
    node: Interaction = plain("The row.")


@strawberry.type(description="A field left null or empty throughout for want of a permission.")
class WithheldField:
    field: str = plain("As `Interaction.queue`.")
    permission: str = plain("What is missing in at least one of the viewer's divisions.")


@strawberry.type(description="How many rows are of a channel.")
class ChannelCount:
    channel: Channel = plain("The channel.")
    count: int = plain("Rows.")


@strawberry.type(description="How many rows belong to a campaign.")
class CampaignCount:
    campaign: Campaign = plain("The campaign.")
    count: int = plain("Rows.")


@strawberry.type(description="How many rows were last in a queue.")
class QueueCount:
    queue: Queue = plain("The queue.")
    count: int = plain("Rows.")


@strawberry.type(description="How many rows were last with an agent.")
class AgentCount:
    agent: Agent = plain("The agent.")
    count: int = plain("Rows.")


@strawberry.type(description="How many rows carry a tag.")
class TagCount:
    tag: str = plain("The tag.")
    count: int = plain("Rows.")


@strawberry.type(
    description="Campaign comes first: `campaigns` counts the whole period, the others within `campaignIds`; "
    "no other filter applies."
)
class JourneyFacets:
    exhaustive: bool = plain("False when the scan stopped at its bound: more values may exist.")
    channels: list[ChannelCount] = plain("Most frequent first.")
    campaigns: list[CampaignCount] = plain("Most frequent first.")
    queues: list[QueueCount] = plain("Most frequent first; empty without `routing:queue:search`.")
    agents: list[AgentCount] = plain("Most frequent first.")
    tags: list[TagCount] = plain("Most frequent first.")


@strawberry.type(description="A figure that says when it is only a lower bound, and why there is none.")
class Count:
    value: int | None = plain("Null only when `state` is neither EXACT nor AT_LEAST.")
    state: FigureState = plain("How sure it is.")
    as_of: datetime | None = plain("When it was true, if that is not now.")


@strawberry.type(description="Contacts of a stretch of time.")
class ActivityCount:
    interactions: Count = plain("From or to the customer.")
    missed: Count = plain("Of these, lost: nobody answered.")


@strawberry.type(description="One customer's answer to the recommendation question.")
class NpsAnswer:
    state: FigureState = plain("How sure it is; EXACT with a null score when there is no answer.")
    score: int | None = plain("0 to 10; null when there is no answer.")
    category: NpsCategory | None = plain("What the score means.")
    answered_at: datetime | None = plain("When it was given.")
    comment: str | None = plain("The customer's words; null without `journey:eventType:view`.")
    survey: SurveyResponse | None = plain("The row it was taken from.")


@strawberry.type(description="The header above a journey: counts only what this viewer may see.")
class JourneySummary:
    as_of: datetime = plain("The server's clock when this was put together.")
    sources: list[SourceReport] = plain("How each source answered.")
    nps: NpsAnswer = plain("From the customer's last answered survey.")
    last30_days: ActivityCount = strawberry.field(name="last30Days", description="The last 30 × 24 hours.")
    previous30_days: ActivityCount = strawberry.field(
        name="previous30Days", description="The 30 days before those, for the trend."
    )
    today: ActivityCount = plain("Since midnight in `timeZone`.")
    active_tickets: Count = plain("Not CLOSED or SOLVED, however old.")
    escalated_tickets: Count = plain("Never more than `activeTickets`.")
    last_interaction: Interaction | None = plain("The newest row.")
    live: list[Interaction] = plain("LIVE or IDLE, newest first.")


def count_node(count: figures.Count) -> Count:
    return Count(value=count.value, state=count.state, as_of=count.as_of)


def _activity_node(activity: summary.Activity) -> ActivityCount:
    return ActivityCount(interactions=count_node(activity.interactions), missed=count_node(activity.missed))


def _nps_node(operation: Operation, person: Person, nps: summary.Nps) -> NpsAnswer:
    shown = nps.survey
    score = None if shown is None else figures.nps_score(shown)
    if shown is None or score is None:
        return NpsAnswer(state=nps.state, score=None, category=None, answered_at=None, comment=None, survey=None)
    node = interaction_node(operation, person, shown)
    return NpsAnswer(
        state=nps.state,
        score=score,
        category=figures.category_of(score),
        answered_at=shown.row.ended_at or shown.row.last_activity_at,
        comment=shown.row.comments[0].text if shown.row.comments else None,
        survey=node if isinstance(node, SurveyResponse) else None,
    )


def summary_node(operation: Operation, person: Person, figures_: summary.Summary) -> JourneySummary:
    last = figures_.last_interaction
    return JourneySummary(
        as_of=figures_.as_of,
        sources=report_nodes(operation, figures_.reports),
        nps=_nps_node(operation, person, figures_.nps),
        last30_days=_activity_node(figures_.last_30_days),
        previous30_days=_activity_node(figures_.previous_30_days),
        today=_activity_node(figures_.today),
        active_tickets=count_node(figures_.active_tickets),
        escalated_tickets=count_node(figures_.escalated_tickets),
        last_interaction=None if last is None else interaction_node(operation, person, last),
        live=[interaction_node(operation, person, shown) for shown in figures_.live],
    )
