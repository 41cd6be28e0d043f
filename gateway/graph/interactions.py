"""Interactions as the API shows them. They read rows that are judged already, and decide nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from connectors import interaction as i
from connectors.interaction import Channel, Direction, InteractionStatus, TicketPriority, TicketStatus
from gateway.errors import BadUserInputError
from gateway.graph import parts
from gateway.graph.nodes import (
    Agent,
    Campaign,
    Division,
    Node,
    Queue,
    Source,
    agent_node,
    campaign_node,
    derived,
    division_node,
    queue_node,
    read_off,
    source_node,
)
from gateway.graph.parts import (
    Comment,
    ContactAddress,
    Leg,
    Message,
    Outcome,
    ScoreChange,
    SurveyAnswer,
    Touchpoint,
    WebEvent,
    WrapUpCode,
)
from gateway.graph.scalars import URL
from gateway.journey.episodes import key_of
from gateway.journey.figures import NpsCategory, category_of
from gateway.journey.liveness import Liveness, LivenessState, liveness_of
from gateway.operation import Operation, Person
from gateway.visibility import Shown

if TYPE_CHECKING:
    from gateway.graph.customer import Customer
    from gateway.graph.episodes import Episode

MAX_LAST = 200


def of_row(name: str, description: str) -> Any:
    """A field read off the shown row as it is."""
    return read_off(f"shown.row.{name}", description)


def of_details(name: str, description: str) -> Any:
    """A field of the row's details; null when the source gave none."""
    return derived(lambda self: getattr(self.shown.row.details, name, None), description)


@strawberry.interface(
    description="One contact between a customer and the company, whatever system it happened in. "
    "`channel` alone decides the type."
)
class Interaction(Node):
    shown: strawberry.Private[Shown]
    operation: strawberry.Private[Operation]
    person: strawberry.Private[Person]

    id: strawberry.ID = derived(
        lambda self: self.operation.gateway.ids.interaction(
            self.shown.position.source, self.shown.position.external_id
        ),
        "Opaque, unique over all types, and stable.",
    )

    @strawberry.field(description="Whose it is.")
    def customer(self) -> Annotated[Customer, strawberry.lazy("gateway.graph.customer")] | None:
        from gateway.graph.customer import customer_node

        return customer_node(self.operation, self.person)

    @strawberry.field(description="The source that it came from.")
    def source(self) -> Source:
        return source_node(self.operation, self.shown.row.source)

    external_id: str = of_row("external_id", "Its id in that source; empty when it would tell a masked address.")
    url: URL | None = of_row("url", "Opens it in that source's own interface.")
    channel: Channel = of_row("channel", "Alone decides which type of interaction this is.")
    direction: Direction = of_row("direction", "Who began it.")
    started_at: datetime = of_row("started_at", "When it began; the journey is ordered by it.")
    ended_at: datetime | None = of_row("ended_at", "When it ended; null while it goes on.")
    last_activity_at: datetime = of_row("last_activity_at", "When something last happened in it.")
    duration_seconds: int | None = of_row("duration_seconds", "How long it took; null while it goes on.")
    status: InteractionStatus = of_row("status", "Where it stands.")

    @strawberry.field(description="Whether it is going on now.")
    def liveness(self) -> Liveness:
        return self._liveness().liveness

    @strawberry.field(description="When `liveness` turns IDLE if nothing more happens; null when it won't.")
    def idle_at(self) -> datetime | None:
        return self._liveness().idle_at

    @strawberry.field(description="When `liveness` turns INACTIVE if nothing more happens; null when it won't.")
    def inactive_at(self) -> datetime | None:
        return self._liveness().inactive_at

    @strawberry.field(description="How it went.")
    def outcome(self) -> Outcome | None:
        outcome = self.shown.row.outcome
        return None if outcome is None else Outcome(kind=outcome.kind, label=outcome.label)

    @strawberry.field(description="The last queue; null without `routing:queue:search`.")
    def queue(self) -> Queue | None:
        queue = self.shown.queue
        return None if queue is None else queue_node(self.operation, self.shown.row.source, queue)

    @strawberry.field(description="The last agent.")
    def agent(self) -> Agent | None:
        agent = self.shown.agent
        return None if agent is None else agent_node(self.operation, self.shown.row.source, agent)

    @strawberry.field(
        description="Every leg, oldest first, so that a transfer can be followed. "
        "Empty without `journey:eventType:view`."
    )
    def legs(self) -> list[Leg]:
        row = self.shown.row
        return [parts.leg(self.operation, row.source, leg) for leg in row.legs]

    @strawberry.field(
        description="One for each time it was wrapped up, oldest first; empty without `routing:wrapupCode:view`."
    )
    def wrap_up_codes(self) -> list[WrapUpCode]:
        return [parts.wrap_up_code(code) for code in self.shown.wrap_up_codes]

    tags: list[str] = of_row("tags", "Labels that the source put on it.")

    @strawberry.field(description="The campaign it belongs to.")
    def campaign(self) -> Campaign | None:
        row = self.shown.row
        return None if row.campaign is None else campaign_node(self.operation, row.source, row.campaign)

    @strawberry.field(description="Those in which this viewer may see it.")
    def divisions(self) -> list[Division]:
        return [division_node(self.operation, name) for name in self.shown.divisions]

    @strawberry.field(description="The customer's address that was used; masked without `customer:pii:view`.")
    def address(self) -> ContactAddress | None:
        address = self.shown.row.address
        if address is None:
            return None
        return ContactAddress(
            kind=address.kind,
            identifier_kind=address.identifier_kind,
            value=address.value,
            masked=self.shown.masked,
        )

    subject: str | None = of_row("subject", "Its subject line.")
    topic: str | None = of_row("topic", "What it was about, in the deployment's own terms.")

    @strawberry.field(
        description="The matter that it belongs to; null for what is no contact, such as a visit or a survey, unless "
        "its source links it to one, and for what lies further back than is read. Reads the customer's whole history."
    )
    async def episode(self) -> Annotated[Episode, strawberry.lazy("gateway.graph.episodes")] | None:
        from gateway.graph.episodes import episode_node

        history = await self.operation.history(self.person)
        found = history.by_row.get(key_of(self.shown))
        return None if found is None else episode_node(self.operation, self.person, found)

    preview: str | None = of_row("preview", "The first words of it; null without `journey:eventType:view`.")

    @strawberry.field(description="Remarks; empty without `journey:eventType:view`.")
    def comments(self) -> list[Comment]:
        row = self.shown.row
        return [parts.comment(self.operation, row.source, comment) for comment in row.comments]

    @strawberry.field(description="The customer's score in a campaign, before and after.")
    def score(self) -> ScoreChange | None:
        score = self.shown.row.score
        return None if score is None else ScoreChange(previous=score.previous, current=score.current)

    @strawberry.field(description="Where in the customer's journey it took place, as the operator mapped it.")
    def touchpoint(self) -> Touchpoint | None:
        touchpoint = self.shown.row.touchpoint
        return None if touchpoint is None else Touchpoint(name=touchpoint.name, stage=touchpoint.stage)

    def _liveness(self) -> LivenessState:
        return liveness_of(self.shown.row, self.operation.now, self.operation.gateway.limits)


@strawberry.type(description="VOICE, CALLBACK, VIDEO.")
class Call(Interaction):
    answered_at: datetime | None = of_details("answered_at", "When an agent answered.")
    wait_seconds: int | None = of_details(
        "wait_seconds", "How long the customer waited; null without `journey:eventType:view`."
    )
    talk_seconds: int | None = of_details(
        "talk_seconds", "How long they talked; null without `journey:eventType:view`."
    )
    hold_seconds: int | None = of_details(
        "hold_seconds", "How long the customer was on hold; null without `journey:eventType:view`."
    )


@strawberry.type(description="TICKET.")
class Ticket(Interaction):
    @strawberry.field(description="The number that people call it by.")
    def number(self) -> str:
        return self._ticket().number

    @strawberry.field(description="Where it stands.")
    def ticket_status(self) -> TicketStatus:
        return self._ticket().status

    @strawberry.field(description="As the source itself says it.")
    def source_status(self) -> str:
        return self._ticket().source_status

    priority: TicketPriority | None = of_details("priority", "How pressing it is.")
    escalated: bool | None = of_details("escalated", "Null when nothing says what counts as escalated in this source.")
    opened_via: Channel | None = of_details("opened_via", "How it was opened.")

    def _ticket(self) -> i.TicketDetails:
        details = self.shown.row.details
        if isinstance(details, i.TicketDetails):
            return details
        return i.TicketDetails(self.shown.row.external_id, TicketStatus.UNKNOWN, "")


@strawberry.type(
    description="Everything made of messages: CHAT, WEB_MESSAGING, COBROWSE, EMAIL, WHATSAPP, SMS and the social "
    "channels. Grouped by the channel's own threads, or by 24 hours of silence."
)
class Conversation(Interaction):
    @strawberry.field(description="Sent by the company without an agent: a notification.")
    def agentless(self) -> bool:
        details = self.shown.row.details
        return isinstance(details, i.ConversationDetails) and details.agentless

    message_count: int | None = of_details("message_count", "Null when the source does not say.")

    @strawberry.field(description="The last of them, oldest first. Needs `journey:eventType:view`; empty without.")
    def messages(
        self,
        last: Annotated[int | None, strawberry.argument(description="How many at most, 1 to 200.")] = 20,
    ) -> list[Message]:
        row = self.shown.row
        details = row.details
        count = _checked_last(last)
        messages = details.messages if isinstance(details, i.ConversationDetails) else ()
        return [parts.message(self.operation, row.source, message) for message in messages[-count:]]


@strawberry.type(description="SURVEY.")
class SurveyResponse(Interaction):
    @strawberry.field(description="The survey's title.")
    def survey_name(self) -> str:
        details = self.shown.row.details
        return details.survey_name if isinstance(details, i.SurveyDetails) else ""

    nps_score: int | None = of_details("nps_score", "0 to 10, when it asked the recommendation question.")

    @strawberry.field(description="What `npsScore` means.")
    def nps_category(self) -> NpsCategory | None:
        details = self.shown.row.details
        score = details.nps_score if isinstance(details, i.SurveyDetails) else None
        return None if score is None else category_of(score)

    @strawberry.field(description="Every question with its answer; empty without `journey:eventType:view`.")
    def answers(self) -> list[SurveyAnswer]:
        details = self.shown.row.details
        answers = details.answers if isinstance(details, i.SurveyDetails) else ()
        return [SurveyAnswer(question=a.question, answer=a.answer) for a in answers]


@strawberry.type(description="A visit to the web site or the help centre: WEB, KNOWLEDGE.")
class WebVisit(Interaction):
    page_count: int | None = of_details("page_count", "How many pages were seen.")

    @strawberry.field(description="The last of them, oldest first. Needs `journey:eventType:view`; empty without.")
    def events(
        self,
        last: Annotated[int | None, strawberry.argument(description="How many at most, 1 to 200.")] = 20,
    ) -> list[WebEvent]:
        details = self.shown.row.details
        events = details.events if isinstance(details, i.WebVisitDetails) else ()
        return [
            WebEvent(at=e.at, name=e.name, title=e.title, url=None if e.url is None else URL(e.url))
            for e in events[-_checked_last(last) :]
        ]


@strawberry.type(description="CAMPAIGN, FAX, IN_PERSON, OTHER.")
class OtherInteraction(Interaction):
    pass


def _checked_last(last: int | None) -> int:
    if last is None:
        return 20
    if not 1 <= last <= MAX_LAST:
        raise BadUserInputError(f"`last` must be between 1 and {MAX_LAST}.")
    return last


CONCRETE_TYPES: tuple[type[Interaction], ...] = (
    Call,
    Ticket,
    Conversation,
    SurveyResponse,
    WebVisit,
    OtherInteraction,
)

_TYPE_OF: dict[Channel, type[Interaction]] = {
    **dict.fromkeys(i.CALL_CHANNELS, Call),
    Channel.TICKET: Ticket,
    **dict.fromkeys(i.CONVERSATION_CHANNELS, Conversation),
    Channel.SURVEY: SurveyResponse,
    **dict.fromkeys(i.WEB_VISIT_CHANNELS, WebVisit),
}


def interaction_node(operation: Operation, person: Person, shown: Shown) -> Interaction:
    """The row as the type that its channel asks for."""
    cls = _TYPE_OF.get(shown.row.channel, OtherInteraction)
    operation.note_row(person, shown)
    return cls(shown=shown, operation=operation, person=person)
