"""Episodes and what they say about one customer's journey, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from connectors.base import Position, Window
from connectors.interaction import Channel
from gateway.errors import BadCursorError, BadUserInputError
from gateway.graph.inputs import MAX_ROWS, MIN_ROWS, given, read_count, read_list
from gateway.graph.interactions import Interaction, interaction_node
from gateway.graph.journey import Count, count_node
from gateway.graph.nodes import Agent, Node, PageInfo, agent_node, derived, read_off
from gateway.graph.parts import plain
from gateway.journey.analysis import CONTACT_CHANNELS, Analysis, analyse, having
from gateway.journey.cursor import Cursors, digest_of, open_cursor
from gateway.journey.episodes import Episode as FoundEpisode
from gateway.journey.episodes import Resolution
from gateway.journey.filter import Filter
from gateway.journey.history import History
from gateway.journey.merge import comes_first
from gateway.operation import Operation, Person
from gateway.permissions import EVENT_TYPE_VIEW

if TYPE_CHECKING:
    from gateway.graph.customer import Customer

DEFAULT_EPISODES = 20
DEFAULT_INTERACTIONS = 50


@strawberry.type(
    description="Contacts about one matter, across channels and sources, as far as this viewer may see them."
)
class Episode(Node):
    found: strawberry.Private[FoundEpisode]
    operation: strawberry.Private[Operation]
    person: strawberry.Private[Person]

    id: strawberry.ID = derived(
        lambda self: self.operation.gateway.ids.episode(self.found.position.source, self.found.position.external_id),
        "Opaque and unique over all types. It goes on answering as the episode grows, or is joined to another.",
    )

    @strawberry.field(description="Whose it is.")
    def customer(self) -> Annotated[Customer, strawberry.lazy("gateway.graph.customer")] | None:
        from gateway.graph.customer import customer_node

        return customer_node(self.operation, self.person)

    topic: str | None = read_off("found.topic", "The first that one of its contacts named.")
    started_at: datetime = read_off("found.started_at", "When the first of its interactions began.")
    ended_at: datetime | None = read_off("found.ended_at", "When the last of them ended; null while it is OPEN.")
    resolution: Resolution = read_off("found.resolution", "Whether the customer got an answer.")
    steps: int = derived(lambda self: len(self.found.contacts), "Contacts, not messages or transfers.")
    channels: list[Channel] = derived(lambda self: list(self.found.channels), "In the order of their first use.")

    @strawberry.field(description="The people who had to do with it, the first one first; bots are left out.")
    def agents(self) -> list[Agent]:
        return [agent_node(self.operation, source, agent) for source, agent in self.found.agents]

    @strawberry.field(
        description="The interactions it is made of, oldest first, so that the answer can be checked. "
        "More: `journey(filter: {episodeIds})`."
    )
    def interactions(
        self, first: Annotated[int | None, strawberry.argument(description="How many at most, 1 to 200.")] = 50
    ) -> list[Interaction]:
        count = DEFAULT_INTERACTIONS if first is None else first
        if not MIN_ROWS <= count <= MAX_ROWS:
            raise BadUserInputError(f"`first` must be between {MIN_ROWS} and {MAX_ROWS}.")
        return [interaction_node(self.operation, self.person, shown) for shown in self.found.rows[:count]]

    joined_by: str = read_off(
        "found.joined_by",
        "Which rule joined them: `ticket`, `parent`, `reply`, `transfer` (as their source says) or `topic` (the same "
        "within the deployment's days of a repeat contact); several with commas, the surest first; `single` for one "
        "alone.",
    )


@strawberry.type(description="One episode of a list and its place in it.")
class EpisodeEdge:
    place: strawberry.Private[Position]
    cursors: strawberry.Private[Cursors]

    cursor: str = derived(lambda self: self.cursors.seal(self.place), "For `after`.")
    node: Episode = plain("The episode.")


@strawberry.type(description="A page of episodes, newest first.")
class EpisodeConnection:
    edges: list[EpisodeEdge] = plain("Episodes with their cursors.")
    nodes: list[Episode] = plain("The episodes alone.")
    page_info: PageInfo = plain("Where this page stands.")


@strawberry.type(
    description="Did the customer get an answer, in how many steps, by which channels, and through how many hands?"
)
class JourneyAnalysis:
    """`sent`: the filter as sent, which cursors belong to; `rows` what it means."""

    operation: strawberry.Private[Operation]
    person: strawberry.Private[Person]
    history: strawberry.Private[History]
    sent: strawberry.Private[object]
    window: strawberry.Private[Window]
    rows: strawberry.Private[Filter]

    @strawberry.field(description="Did the customer get an answer? Newest first.")
    def episodes(
        self,
        first: Annotated[int | None, strawberry.argument(description="How many, 1 to 200.")] = 20,
        after: Annotated[str | None, strawberry.argument(description="An `endCursor`.")] = strawberry.UNSET,
        resolutions: Annotated[
            list[Resolution] | None, strawberry.argument(description="That ended in one of these ways.")
        ] = strawberry.UNSET,
    ) -> EpisodeConnection:
        after, wanted = given(after), read_list("resolutions", given(resolutions))
        count = read_count(first, None, after, None, DEFAULT_EPISODES)
        question = digest_of(["episodes", self.sent, None if wanted is None else sorted(set(wanted))])
        window, position, sealer = self.window, None, self.operation.gateway.cursors
        if after is not None:
            opened = open_cursor(sealer, after, question)
            if opened is None:
                raise BadCursorError
            position, window = opened
        found = having(self.history.episodes, self.history.kept(window, self.rows), wanted)
        if position is not None:
            found = [e for e in found if comes_first(position, e.position, ascending=False)]
        return self._connection(found, count, after, Cursors(sealer, question, window))

    def _connection(
        self, found: Sequence[FoundEpisode], count: int, after: str | None, cursors: Cursors
    ) -> EpisodeConnection:
        edges = [
            EpisodeEdge(place=e.position, cursors=cursors, node=episode_node(self.operation, self.person, e))
            for e in found[:count]
        ]
        return EpisodeConnection(
            edges=edges,
            nodes=[edge.node for edge in edges],
            page_info=PageInfo(
                has_next_page=len(found) > count,
                has_previous_page=after is not None,
                start=edges[0].place if edges else None,
                end=edges[-1].place if edges else None,
                seal=cursors.seal,
            ),
        )

    @strawberry.field(
        description="People; bots are not counted. AT_LEAST without `journey:eventType:view`, when only the last agent "
        "of each contact is known."
    )
    def agents_involved(self) -> Count:
        return count_node(self._figures().agents_involved)

    @strawberry.field(description="In the order of their first use.")
    def channels_used(self) -> list[Channel]:
        return list(self._figures().channels_used)

    @strawberry.field(description="From one agent or queue to another. NOT_PERMITTED without `journey:eventType:view`.")
    def transfers(self) -> Count:
        return count_node(self._figures().transfers)

    def _figures(self) -> Analysis:
        basis = self.history.basis(CONTACT_CHANNELS, self.rows, self.window.start)
        kept = self.history.kept(self.window, self.rows)
        return analyse(kept, basis, legs_shown=self.operation.viewer.holds(EVENT_TYPE_VIEW))


def episode_node(operation: Operation, person: Person, found: FoundEpisode) -> Episode:
    return Episode(found=found, operation=operation, person=person)
