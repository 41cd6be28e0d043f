"""Jira Service Management: its users and issues, and what they become.

Shapes: "The Jira Cloud platform REST API" v3 (Issue search, Issues, Users, Myself); descriptions are Atlassian
Document Format, times `2026-11-23T01:02:03.000+0000`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from connectors import identifiers
from connectors.identifiers import external
from connectors.interaction import (
    Agent,
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WrapUpCode,
)
from connectors.mapping import legs_of, plain_text, plausible, preview, seconds_between
from connectors.ticketing.shared import INTERACTION_STATUS

CHANNEL_PROPERTY = "request.channel.type"
"""The issue property that says how a request came."""

MOST_NODES = 500
"""Of a description looked at for its preview."""

STATUSES = {"new": TicketStatus.NEW, "indeterminate": TicketStatus.OPEN, "done": TicketStatus.SOLVED}
"""By the category of the status: its name is the project's."""

PRIORITIES = {
    "Lowest": TicketPriority.LOW,
    "Low": TicketPriority.LOW,
    "Medium": TicketPriority.NORMAL,
    "High": TicketPriority.HIGH,
    "Highest": TicketPriority.URGENT,
}

CHANNELS = {
    "email": Channel.EMAIL,
    "portal": Channel.WEB,
    "anonymousportal": Channel.WEB,
    "widget": Channel.WEB,
    "help_widget": Channel.WEB,
    "chat": Channel.CHAT,
}


class User(msgspec.Struct, rename="camel"):
    """`emailAddress` is empty or absent where the user's privacy settings hide it."""

    account_id: str
    account_type: str | None = None
    email_address: str | None = None
    display_name: str | None = None


class Named(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class Category(msgspec.Struct):
    key: str | None = None


class Status(msgspec.Struct, rename="camel"):
    name: str | None = None
    status_category: Category | None = None


class Project(msgspec.Struct):
    id: str
    name: str | None = None


class Fields(msgspec.Struct):
    created: str
    reporter: User
    updated: str | None = None
    resolutiondate: str | None = None
    summary: str | None = None
    description: Any = None
    status: Status | None = None
    priority: Named | None = None
    resolution: Named | None = None
    project: Project | None = None
    assignee: User | None = None
    creator: User | None = None
    labels: list[str] | None = None


class Issue(msgspec.Struct):
    id: str
    key: str
    fields: Fields
    properties: dict[str, Any] | None = None


FIELDS = [
    "created",
    "updated",
    "resolutiondate",
    "summary",
    "description",
    "status",
    "priority",
    "resolution",
    "project",
    "reporter",
    "assignee",
    "creator",
    "labels",
]


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it."""

    source: str
    agent_url: str
    division: Literal["project"] | None
    statuses: Mapping[str, TicketStatus]
    priorities: Mapping[str, TicketPriority]

    def record(self, user: User) -> Record | None:
        """None for an account that is an app's."""
        if user.account_type == "app" or not user.account_id:
            return None
        held: dict[Identifier, bool | None] = {external(self.source, user.account_id): True}
        address = identifiers.email(user.email_address) if user.email_address else None
        if address is not None:
            held[address] = None
        return Record(
            source=self.source,
            id=user.account_id,
            identifiers=tuple(HeldIdentifier(identifier, verified) for identifier, verified in held.items()),
            name=plain_text(user.display_name),
        )

    def interaction(self, issue: Issue, topic: str | None) -> Interaction | None:
        """None for an issue without an id, a reporter or a time."""
        fields = issue.fields
        started_at = instant(fields.created)
        if started_at is None or not issue.id.isascii() or not issue.id.isdigit() or not fields.reporter.account_id:
            return None
        ticket_status = self._status(fields.status)
        status = INTERACTION_STATUS[ticket_status]
        touched_at = max(started_at, instant(fields.updated) or started_at)
        ended_at = None
        if status is InteractionStatus.COMPLETED:
            ended_at = max(started_at, instant(fields.resolutiondate) or touched_at)
        division_ids = (fields.project.id,) if self.division and fields.project else ()
        return Interaction(
            source=self.source,
            external_id=issue.id,
            record_id=fields.reporter.account_id,
            channel=Channel.TICKET,
            direction=Direction.INBOUND if _is_by_reporter(fields) else Direction.UNKNOWN,
            started_at=started_at,
            last_activity_at=max(touched_at, ended_at or touched_at),
            status=status,
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=f"{self.agent_url}/browse/{issue.key}",
            legs=legs_of(started_at, ended_at, _queue(fields.project), _agent(fields.assignee), division_ids),
            wrap_up_codes=_wrap_up(fields.resolution, ended_at),
            tags=tuple(fields.labels or ()),
            division_ids=division_ids,
            subject=plain_text(fields.summary),
            topic=plain_text(topic),
            preview=_preview(fields),
            details=TicketDetails(
                number=issue.key,
                status=ticket_status,
                source_status=(fields.status and fields.status.name) or "",
                priority=self._priority(fields.priority),
                opened_via=_opened_via(issue.properties),
            ),
        )

    def _status(self, status: Status | None) -> TicketStatus:
        if status is None:
            return TicketStatus.UNKNOWN
        category = status.status_category and status.status_category.key
        return self.statuses.get(status.name or "", STATUSES.get(category or "", TicketStatus.UNKNOWN))

    def _priority(self, priority: Named | None) -> TicketPriority | None:
        name = (priority and priority.name) or ""
        return self.priorities.get(name) or PRIORITIES.get(name)


def instant(text: str | None) -> datetime | None:
    """In UTC; None for what is no time. Atlassian's offset has no colon."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return None if at.tzinfo is None else plausible(at)


def topic_of(value: Any) -> str | None:
    """A custom field's text, whatever kind of field it is: plain, a choice, or a request type."""
    if isinstance(value, dict) and isinstance(value.get("requestType"), dict):
        value = value["requestType"]
    if isinstance(value, dict):
        value = value.get("value", value.get("name"))
    return value if isinstance(value, str) else None


def document_text(document: Any) -> str | None:
    """The words of an Atlassian document, its blocks on lines of their own."""
    if isinstance(document, str):
        return plain_text(document)
    words = "".join(text for _, text in zip(range(MOST_NODES), _texts(document), strict=False))
    return "\n".join(line for raw in words.splitlines() if (line := " ".join(raw.split()))) or None


def _texts(document: Any) -> Iterator[str]:
    """Depth first without recursion: a document may be as deep as its writer likes."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, dict):
            text, content, attributes = node.get("text"), node.get("content"), node.get("attrs")
            if node.get("type") == "text" and isinstance(text, str):
                yield text
            elif node.get("type") in ("mention", "emoji") and isinstance(attributes, dict):
                yield str(attributes.get("text") or "")
            elif node.get("type") == "hardBreak":
                yield "\n"
            if isinstance(content, list):
                waiting += ["\n", *reversed(content)] if node.get("type") != "text" else []


def _is_by_reporter(fields: Fields) -> bool:
    """Agents also raise requests on somebody's behalf."""
    return fields.creator is not None and fields.creator.account_id == fields.reporter.account_id


def _preview(fields: Fields) -> str | None:
    """Of what the customer wrote; an agent's words may not be meant for them."""
    return preview(_markup_free(document_text(fields.description))) if _is_by_reporter(fields) else None


def _markup_free(text: str | None) -> str | None:
    """`preview` takes markup off, of which a document has none: what looks like a tag was written so."""
    return None if text is None else text.replace("&", "&amp;").replace("<", "&lt;")


def _queue(project: Project | None) -> Queue | None:
    return None if project is None else Queue(project.id, project.name or project.id)


def _agent(assignee: User | None) -> Agent | None:
    return None if assignee is None else Agent(assignee.account_id, assignee.display_name or assignee.account_id)


def _wrap_up(resolution: Named | None, ended_at: datetime | None) -> tuple[WrapUpCode, ...]:
    if resolution is None or not resolution.name or ended_at is None:
        return ()
    return (WrapUpCode(resolution.id or resolution.name, resolution.name, (resolution.name,), at=ended_at),)


def _opened_via(properties: dict[str, Any] | None) -> Channel | None:
    told = (properties or {}).get(CHANNEL_PROPERTY)
    value = told.get("value") if isinstance(told, dict) else None
    return CHANNELS.get(value, Channel.OTHER) if isinstance(value, str) else None
