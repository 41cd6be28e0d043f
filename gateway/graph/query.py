"""Entry points: what can be asked for, and the right it takes to ask."""

from __future__ import annotations

import asyncio
from typing import Annotated

import strawberry

from connectors.interaction import Campaign as CampaignValue
from connectors.interaction import Queue as QueueValue
from gateway.errors import BadUserInputError, ForbiddenError
from gateway.graph import ids
from gateway.graph.customer import (
    Customer,
    CustomerConnection,
    SingleCustomerView,
    customer_node,
    search_customers,
    view_node,
)
from gateway.graph.episodes import episode_node
from gateway.graph.inputs import MAX_VALUES, CustomerKey, given, read_identifier
from gateway.graph.interactions import interaction_node
from gateway.graph.nodes import (
    Agent,
    Info,
    Node,
    Source,
    campaign_node,
    division_node,
    service_node,
    source_node,
    work_profile_node,
)
from gateway.graph.viewer import Viewer, viewer_node
from gateway.operation import Operation
from gateway.permissions import EVENT_VIEW


@strawberry.type(description="Everything that can be read.")
class Query:
    @strawberry.federation.field(
        inaccessible=True,
        description="Null when the object does not exist or this viewer may not see it: the two are indistinguishable.",
    )
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Any id of this API.")],
    ) -> Node | None:
        return await find_node(info.context, id)

    @strawberry.federation.field(inaccessible=True, description="The same for a list, in the order asked.")
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], strawberry.argument(description="At most 50.")],
    ) -> list[Node | None]:
        if len(ids) > MAX_VALUES:
            raise BadUserInputError(f"`ids` must not hold more than {MAX_VALUES} values.")
        return await asyncio.gather(*(find_node(info.context, text) for text in ids))

    @strawberry.field(description="Who is asking, and what they may see.")
    def viewer(self, info: Info) -> Viewer:
        return viewer_node(info.context)

    @strawberry.field(description="The Single Customer View: one customer, by whichever key the caller has in hand.")
    async def single_customer_view(
        self, info: Info, by: Annotated[CustomerKey, strawberry.argument(description="The key.")]
    ) -> SingleCustomerView | None:
        return await _view(info.context, by)

    @strawberry.field(description="The same for a list, in the order asked.")
    async def single_customer_views(
        self, info: Info, by: Annotated[list[CustomerKey], strawberry.argument(description="At most 50 keys.")]
    ) -> list[SingleCustomerView | None]:
        if len(by) > MAX_VALUES:
            raise BadUserInputError(f"`by` must not hold more than {MAX_VALUES} values.")
        # an exception among the items is that item's error, and costs no other
        return await asyncio.gather(*(_view(info.context, key) for key in by), return_exceptions=True)  # type: ignore[return-value]

    @strawberry.field(description="One customer by id; null when unknown, or not this viewer's to see.")
    async def customer(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="A customer's id.")],
    ) -> Customer | None:
        _require_event_view(info.context)
        node = await find_node(info.context, id)
        return node if isinstance(node, Customer) else None

    @strawberry.field(
        description="Search by name, phone, e-mail or external id, in the sources and in what the gateway "
        "already knows."
    )
    async def customers(
        self,
        info: Info,
        search: Annotated[str, strawberry.argument(description="A name or part of it, or a whole key.")],
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 200.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="An `endCursor`.")] = strawberry.UNSET,
    ) -> CustomerConnection | None:
        _require_event_view(info.context)
        return await search_customers(info, search, first, given(after))

    @strawberry.field(
        description="The configured sources that this viewer's licence and profile reach, with their current health."
    )
    def sources(self, info: Info) -> list[Source]:
        operation: Operation = info.context
        return [source_node(operation, name) for name in operation.gateway.sources if operation.judge.reaches(name)]


def _require_event_view(operation: Operation) -> None:
    if not operation.viewer.holds(EVENT_VIEW):
        raise ForbiddenError


async def _view(operation: Operation, key: CustomerKey) -> SingleCustomerView:
    _require_event_view(operation)
    identifier = read_identifier(operation, key)
    if identifier is None:
        return view_node(operation, operation.nobody())
    if isinstance(identifier, ids.CustomerId):
        return view_node(operation, await operation.look_up_handle(identifier.identifier))
    return view_node(operation, await operation.look_up(identifier))


async def find_node(operation: Operation, text: str) -> Node | None:
    """The object of any id, under the same rule as in any list; None when unknown, hidden, or not to be had."""
    opened = operation.gateway.ids.open(text)
    judge = operation.judge
    match opened:
        case ids.CustomerId():
            person = await operation.customer(opened.identifier)
            return None if person is None else customer_node(operation, person)
        case ids.InteractionId():
            found = await operation.interaction(opened.source, opened.external_id)
            return None if found is None else interaction_node(operation, found[1], found[0])
        case ids.EpisodeId():
            found = await operation.interaction(opened.source, opened.external_id)
            if found is None:
                return None
            history = await operation.history(found[1])
            episode = history.by_row.get((opened.source, opened.external_id))
            return None if episode is None else episode_node(operation, found[1], episode)
        case ids.SourceId():
            known = opened.name in operation.gateway.sources and judge.reaches(opened.name)
            return source_node(operation, opened.name) if known else None
        case ids.ServiceId():
            return service_node(operation, opened) if _sees_service(operation, opened) else None
        case ids.AgentId():
            known = judge.reaches(opened.source)
            return Agent(id=strawberry.ID(text), name=opened.name) if known else None
        case ids.CampaignId():
            campaign = CampaignValue(opened.campaign_id, opened.name)
            seen = judge.has_campaign(opened.source, campaign)
            return campaign_node(operation, opened.source, campaign) if seen else None
        case ids.DivisionId():
            return division_node(operation, opened.name) if judge.has_division(opened.name) else None
        case ids.WorkProfileId():
            profile = judge.deployment.work_profiles.get(opened.name)
            mine = profile is not None and opened.name in operation.viewer.profiles
            return work_profile_node(operation, profile) if profile is not None and mine else None
        case _:
            return None


def _sees_service(operation: Operation, service: ids.ServiceId) -> bool:
    if service.source is None or service.queue_id is None:
        return operation.judge.has_service(service.service)
    return operation.judge.has_queue(service.source, QueueValue(service.queue_id, service.name))
