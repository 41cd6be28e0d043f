"""Things that interactions refer to: sources, queues, agents, campaigns, divisions, work profiles."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import strawberry
from strawberry.types import Info as StrawberryInfo

from connectors.interaction import Agent as AgentValue
from connectors.interaction import Campaign as CampaignValue
from connectors.interaction import Channel, SourceKind
from connectors.interaction import Queue as QueueValue
from gateway import deployment
from gateway.graph import ids
from gateway.operation import Operation
from gateway.sources.report import Report, SourceHealth, SourceState
from gateway.sources.source import Source as ConfiguredSource

Info = StrawberryInfo[Operation, None]


NODES_REMEMBERED = 4_096


def derived(resolver: Callable[[Any], Any], description: str) -> Any:
    """A field that is worked out when it is asked for; the resolver's parameter must be called `self`."""
    return strawberry.field(resolver=resolver, description=description)


def read_off(path: str, description: str) -> Any:
    """A field found at a path of attributes, which compiled selections read without calling anybody."""
    read = attrgetter(path)

    def resolve(self: Any) -> Any:
        return read(self)

    resolve.reads = path  # type: ignore[attr-defined]
    return derived(resolve, description)


@strawberry.interface(description="Anything that has an id of this API.")
class Node:
    id: strawberry.ID = strawberry.field(description="Opaque, unique over all types, and stable.")


@strawberry.federation.type(shareable=True, description="Where a page of a list stands in the whole list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description="The only sign of the end: a page may be short, even empty, and still have a next."
    )
    has_previous_page: bool = strawberry.field(description="Whether there may be something in front of this page.")
    start: strawberry.Private[Any]
    end: strawberry.Private[Any]
    seal: strawberry.Private[Callable[[Any], str]]

    start_cursor: str | None = derived(
        lambda self: None if self.start is None else self.seal(self.start),
        "Of the first edge; null when the page is empty.",
    )
    end_cursor: str | None = derived(
        lambda self: None if self.end is None else self.seal(self.end),
        "What to give as `after` for the next page; never null while `hasNextPage`.",
    )


@strawberry.type(description="A configured system that the gateway asks.")
class Source(Node):
    operation: strawberry.Private[Operation]
    configured: strawberry.Private[ConfiguredSource]

    id: strawberry.ID = derived(
        lambda self: self.operation.gateway.ids.of(ids.SourceId(self.name)),
        "Opaque, unique over all types, and stable.",
    )
    name: str = strawberry.field(description="As configured.")
    kind: SourceKind = read_off("configured.connector.kind", "What kind of system it is.")
    vendor: str = read_off("configured.connector.vendor", "The product behind it, such as `zendesk`.")
    channels: list[Channel] = derived(
        lambda self: self.operation.judge.source_channels(self.name),
        "What it can report and this viewer may see: with the source down, these are unknown, not empty.",
    )
    health: SourceHealth = read_off("configured.health", "How it has been doing lately.")


@strawberry.type(description="How one source answered. A source that fails is a report, not an error.")
class SourceReport:
    source: Source = strawberry.field(description="Which source.")
    state: SourceState = strawberry.field(description="How it answered.")
    items: int = strawberry.field(description="Items of this answer that came from it.")
    as_of: datetime | None = strawberry.field(description="When a CACHED or STALE answer was true.")
    message: str | None = strawberry.field(description="For people; names no address, credential or customer.")
    retry_after_seconds: int | None = strawberry.field(description="When RATE_LIMITED: how long it asked us to wait.")


@strawberry.type(description="Where interactions wait: a queue of one source, or a service that stands for several.")
class Queue(Node):
    name: str = strawberry.field(description="For people.")


@strawberry.type(description="Somebody, or some bot, of the company.")
class Agent(Node):
    name: str = strawberry.field(description="For people.")


@strawberry.type(description="A campaign.")
class Campaign(Node):
    external_id: str = strawberry.field(description="The campaign id that its source and its people use.")
    name: str = strawberry.field(description="For people.")


@strawberry.type(description="A part of the company whose records are kept apart.")
class Division(Node):
    name: str = strawberry.field(description="For people.")


@strawberry.type(description="What an agent works on: the channels, and the services behind them.")
class WorkProfile(Node):
    name: str = strawberry.field(description="As configured.")
    channels: list[Channel] = strawberry.field(description="Channels that it shows.")
    queues: list[Queue] = strawberry.field(description="Its services that are queues.")
    campaigns: list[Campaign] = strawberry.field(description="Its services that are campaigns.")


def source_node(operation: Operation, name: str) -> Source:
    return Source(operation=operation, configured=operation.gateway.sources[name], name=name)


def report_nodes(operation: Operation, reports: Iterable[Report]) -> list[SourceReport]:
    return [
        SourceReport(
            source=source_node(operation, report.source),
            state=report.state,
            items=report.items,
            as_of=report.as_of,
            message=report.message,
            retry_after_seconds=report.retry_after_seconds,
        )
        for report in reports
    ]


def service_id(operation: Operation, source: str, queue: QueueValue) -> ids.ServiceId:
    """A queue that the operator mapped is the service, whichever source it comes from."""
    rules = operation.judge.deployment.sources[source]
    service = rules.service(queue)
    if service in rules.services.values():
        return ids.ServiceId(service, service)
    return ids.ServiceId(service, queue.name, source, queue.id)


def queue_node(operation: Operation, source: str, queue: QueueValue) -> Queue:
    nodes, key = operation.nodes, (source, queue)
    node: Queue | None = nodes.get(key)
    if node is None:
        node = nodes[key] = service_node(operation, service_id(operation, source, queue))
    return node


def service_node(operation: Operation, service: ids.ServiceId) -> Queue:
    return _service_node(operation.gateway.ids, service)


def agent_node(operation: Operation, source: str, agent: AgentValue) -> Agent:
    nodes, key = operation.nodes, (source, agent)
    node: Agent | None = nodes.get(key)
    if node is None:
        node = nodes[key] = Agent(id=_id(operation.gateway.ids.agent(source, agent)), name=agent.name)
    return node


def campaign_node(operation: Operation, source: str, campaign: CampaignValue) -> Campaign:
    return _campaign_node(operation.gateway.ids, source, campaign)


def division_node(operation: Operation, name: str) -> Division:
    return _division_node(operation.gateway.ids, name)


# A page has few of these, each many times. They say the same to every viewer, so they are remembered across requests.


@lru_cache(NODES_REMEMBERED)
def _service_node(known: ids.Ids, service: ids.ServiceId) -> Queue:
    return Queue(id=_id(known.of(service)), name=service.name)


@lru_cache(NODES_REMEMBERED)
def _campaign_node(known: ids.Ids, source: str, campaign: CampaignValue) -> Campaign:
    return Campaign(id=_id(known.campaign(source, campaign)), external_id=campaign.id, name=campaign.name)


@lru_cache(NODES_REMEMBERED)
def _division_node(known: ids.Ids, name: str) -> Division:
    return Division(id=_id(known.of(ids.DivisionId(name))), name=name)


def work_profile_node(operation: Operation, profile: deployment.WorkProfile) -> WorkProfile:
    """A profile's campaigns are known by `source/campaign id` alone."""
    campaigns = [key.partition("/") for key in sorted(profile.campaigns)]
    return WorkProfile(
        id=_id(operation.gateway.ids.of(ids.WorkProfileId(profile.name))),
        name=profile.name,
        channels=[c for c in Channel if c in profile.channels],
        queues=[service_node(operation, ids.ServiceId(service, service)) for service in sorted(profile.queues)],
        campaigns=[
            campaign_node(operation, source, CampaignValue(campaign_id, campaign_id))
            for source, _, campaign_id in campaigns
        ],
    )


def _id(sealed: str) -> strawberry.ID:
    return strawberry.ID(sealed)
