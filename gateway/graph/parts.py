"""What interactions are made of: legs, messages, comments, answers and the like."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from connectors import interaction as i
from connectors.interaction import (
    AddressKind,
    DeliveryState,
    IdentifierKind,
    JourneyStage,
    LegKind,
    MessageParty,
    OutcomeKind,
)
from gateway.graph.nodes import Agent, Queue, agent_node, queue_node
from gateway.graph.scalars import URL
from gateway.operation import Operation


def plain(description: str) -> Any:
    """A field whose value is there already."""
    return strawberry.field(description=description)


@strawberry.type(description="How an interaction went.")
class Outcome:
    kind: OutcomeKind = plain("For colours and figures.")
    label: str = plain("In the source's own words.")


@strawberry.type(description="What an agent filed an interaction under when wrapping it up.")
class WrapUpCode:
    code: str = plain("The source's own id of it.")
    label: str = plain("For people.")
    levels: list[str] = plain("The dispositions, outermost first; the last of them is `label`.")
    note: str | None = plain("What the agent wrote beside it.")


@strawberry.type(description="The customer's score in a campaign, before and after.")
class ScoreChange:
    previous: float | None = plain("Before the contact.")
    current: float | None = plain("After it.")


@strawberry.type(description="The customer's address that was used.")
class ContactAddress:
    kind: AddressKind = plain("What kind of address it is; a phone's icon follows it.")
    identifier_kind: IdentifierKind = plain("What kind of identifier it is.")
    value: str = plain("The address, masked without `customer:pii:view`.")
    masked: bool = plain("Whether `value` is masked.")


@strawberry.type(description="A remark of an agent, or the customer's own words in a survey.")
class Comment:
    text: str = plain("Plain text.")
    author: Agent | None = plain("Who wrote it, if somebody of the company did.")
    at: datetime | None = plain("When, if the source says.")


@strawberry.type(description="Where in the customer's journey a contact took place, as the operator mapped it.")
class Touchpoint:
    name: str = plain("As configured.")
    stage: JourneyStage = plain("Its stage.")


@strawberry.type(description="One question of a survey and its answer.")
class SurveyAnswer:
    question: str = plain("As it was asked.")
    answer: str | None = plain("Null when it was skipped.")


@strawberry.type(description="Something that happened during a visit.")
class WebEvent:
    at: datetime = plain("When.")
    name: str = plain("The event's own, such as `page_view`, `content_offer` or `cart_abandoned`.")
    title: str | None = plain("Of the page or offer.")
    url: URL | None = plain("Of the page.")


@strawberry.type(description="One stretch of an interaction with one queue, agent or machine.")
class Leg:
    started_at: datetime = plain("When it began.")
    ended_at: datetime | None = plain("Null while it lasts, or when the source does not say.")
    queue: Queue | None = plain("Null without `routing:queue:search`, or outside this viewer's divisions.")
    agent: Agent | None = plain("Null outside this viewer's divisions.")
    kind: LegKind = plain("What happened.")


@strawberry.type(description="A file that came with a message.")
class Attachment:
    name: str | None = plain("The file's name.")
    content_type: str | None = plain("Its media type.")
    url: URL | None = plain("Where the source serves it, to those who are signed in there.")


@strawberry.type(description="One message of a conversation.")
class Message:
    at: datetime = plain("When it was sent.")
    from_: MessageParty = strawberry.field(name="from", description="Who wrote it.")
    agent: Agent | None = plain("Which person of the company.")
    text: str | None = plain("Plain text; null for an attachment alone, or when the source keeps it back.")
    attachments: list[Attachment] = plain("Files that came with it.")
    delivery: DeliveryState | None = plain("How far it got, for messages of the company.")


def wrap_up_code(code: i.WrapUpCode) -> WrapUpCode:
    return WrapUpCode(code=code.code, label=code.label, levels=list(code.levels or (code.label,)), note=code.note)


def comment(operation: Operation, source: str, value: i.Comment) -> Comment:
    author = None if value.author is None else agent_node(operation, source, value.author)
    return Comment(text=value.text, author=author, at=value.at)


def leg(operation: Operation, source: str, value: i.Leg) -> Leg:
    return Leg(
        started_at=value.started_at,
        ended_at=value.ended_at,
        queue=None if value.queue is None else queue_node(operation, source, value.queue),
        agent=None if value.agent is None else agent_node(operation, source, value.agent),
        kind=value.kind,
    )


def message(operation: Operation, source: str, value: i.Message) -> Message:
    return Message(
        at=value.at,
        from_=value.party,
        agent=None if value.agent is None else agent_node(operation, source, value.agent),
        text=value.text,
        attachments=[
            Attachment(name=a.name, content_type=a.content_type, url=None if a.url is None else URL(a.url))
            for a in value.attachments
        ],
        delivery=value.delivery,
    )
