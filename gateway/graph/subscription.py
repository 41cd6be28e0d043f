"""What is told as it happens: `journeyUpdated`, and the kinds of news there are."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry
from graphql import FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from gateway.errors import BadUserInputError, ForbiddenError
from gateway.graph.ids import CustomerId
from gateway.graph.inputs import JourneyFilter, as_sent, given, read_filter, read_window
from gateway.graph.interactions import Interaction, interaction_node
from gateway.graph.journey import JourneySummary, summary_node
from gateway.graph.nodes import Info, SourceReport, report_nodes
from gateway.graph.parts import plain
from gateway.journey.cursor import digest_of
from gateway.live import changes
from gateway.live.hub import Hub
from gateway.live.stream import Subject, Told, Watch, rights_of
from gateway.operation import Operation, Person
from gateway.permissions import EVENT_VIEW


@strawberry.interface(description="One piece of news of a stream.")
class JourneyUpdate:
    cursor: str = plain("For `journeyUpdated(after:)`; not a page cursor.")


@strawberry.type(description="New, or changed: replace by `interaction.id`.")
class InteractionChanged(JourneyUpdate):
    interaction: Interaction = plain("The row as it is shown now.")


@strawberry.type(description="Gone, merged away, or no longer this viewer's to see: take it off the screen.")
class InteractionRetracted(JourneyUpdate):
    interaction_id: strawberry.ID = plain("Whose row it was.")


@strawberry.type(description="The header above the journey says something else now.")
class SummaryChanged(JourneyUpdate):
    summary: JourneySummary = plain("The whole header.")


@strawberry.type(description="A source answers otherwise than before: it went down, came back, or is late.")
class SourceChanged(JourneyUpdate):
    report: SourceReport = plain("How it answers now.")


@strawberry.type(
    description="What was missed can't be told (reader too slow, cursor too old, customers merged or separated): "
    "fetch the page again."
)
class JourneyReset(JourneyUpdate):
    pass


UPDATE_TYPES = (InteractionChanged, InteractionRetracted, SummaryChanged, SourceChanged, JourneyReset)


@strawberry.type(description="Everything that is told as it happens.")
class Subscription:
    @strawberry.subscription(
        description="Everything that happens to one customer's journey after `after`, else from now on, under the "
        "viewer's rights at each moment."
    )
    async def journey_updated(
        self,
        info: Info,
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="A customer's id.")],
        filter: Annotated[
            JourneyFilter | None, strawberry.argument(description="Which rows; the page's own, to go on from there.")
        ] = strawberry.UNSET,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="A `JourneyConnection.updateCursor`, or the `cursor` of the last update received."
            ),
        ] = strawberry.UNSET,
    ) -> AsyncGenerator[JourneyUpdate, None]:
        operation: Operation = info.context
        if not operation.viewer.holds(EVENT_VIEW):
            raise ForbiddenError
        opened = operation.gateway.ids.open(customer_id)
        person = await operation.customer(opened.identifier) if isinstance(opened, CustomerId) else None
        if person is not None:
            operation.note_person(person)
        operation.told("journeyUpdated")
        if person is None:
            raise BadUserInputError("`customerId` must be the id of a customer.")
        subject = subject_of(operation, person, given(filter))
        live, credential, text = operation.live, operation.credential, given(after)
        assert live is not None and credential is not None, "streams are begun with both"
        found = None if text is None else live.resume(text, subject, operation.viewer, credential)
        if found is not None:
            watch, number = found
        else:
            watch, number = live.open(subject, operation.viewer, credential), 0
            if text is not None:
                yield JourneyReset(cursor=live.cursor(watch, 0))
        watch.with_summary |= _asks_for(info, "SummaryChanged")
        async with aclosing(watch.listen(number)) as news:
            async for told in news:
                if rights_of(await credential()) != rights_of(told.operation.viewer):
                    told = told._replace(update=changes.Reset())  # judged before this listener's rights changed
                _record(told, operation.request_id)
                yield update_node(live, watch, told)


def subject_of(operation: Operation, person: Person, filter_: JourneyFilter | None) -> Subject:
    return Subject(
        person.handle,
        operation.viewer.caller,
        read_filter(operation, filter_),
        read_window(filter_, operation.now),
        digest_of(as_sent(filter_)),
    )


def _record(told: Told, request_id: str) -> None:
    """Of what shows something of the customer. Raises a `GatewayError` where it could not be recorded."""
    recorder, update = told.operation.gateway.recorder, told.update
    if recorder is not None and isinstance(update, changes.Changed | changes.SummaryChanged):
        recorder.admit()
        rows = 1 if isinstance(update, changes.Changed) else 0
        recorder.note_rows(told.operation.viewer, "journeyUpdated", told.person.handle, rows, request_id)


def update_node(live: Hub, watch: Watch, told: Told) -> JourneyUpdate:
    operation, update = told.operation, told.update
    cursor = live.cursor(watch, told.number)
    match update:
        case changes.Changed():
            return InteractionChanged(cursor=cursor, interaction=interaction_node(operation, told.person, update.shown))
        case changes.Retracted():
            id_ = operation.gateway.ids.interaction(update.key.source, update.key.external_id)
            return InteractionRetracted(cursor=cursor, interaction_id=strawberry.ID(id_))
        case changes.SummaryChanged():
            return SummaryChanged(cursor=cursor, summary=summary_node(operation, told.person, update.summary))
        case changes.SourceChanged():
            (report,) = report_nodes(operation, [update.report])
            return SourceChanged(cursor=cursor, report=report)
        case _:
            return JourneyReset(cursor=cursor)


def _asks_for(info: Info, type_name: str) -> bool:
    """Whether a type condition of the subscription's selection names this type: what nobody reads is not worked out."""
    raw = info._raw_info
    return any(_names(node.selection_set, type_name, raw.fragments) for node in raw.field_nodes)


def _names(selections: SelectionSetNode | None, type_name: str, fragments: dict[str, FragmentDefinitionNode]) -> bool:
    for selection in selections.selections if selections else ():
        if isinstance(selection, FragmentSpreadNode):
            fragment = fragments[selection.name.value]
            if fragment.type_condition.name.value == type_name or _names(fragment.selection_set, type_name, fragments):
                return True
        elif isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition
            if condition is not None and condition.name.value == type_name:
                return True
            if _names(selection.selection_set, type_name, fragments):
                return True
    return False
