"""What Request Tracker answers, and how it becomes records and interactions. Scalars are strings; unset is `""`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Direction,
    HeldIdentifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WrapUpCode,
)
from connectors.mapping import plausible, seconds_between
from connectors.ticketing.shared import INTERACTION_STATUS

STATUSES = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "stalled": TicketStatus.PENDING,
    "resolved": TicketStatus.SOLVED,
    "rejected": TicketStatus.CLOSED,
    "deleted": TicketStatus.CLOSED,
}
"""Of RT's default lifecycle."""

PRIORITIES = {TicketPriority.LOW: 0, TicketPriority.NORMAL: 50, TicketPriority.HIGH: 100}
"""Each from this number on: RT's own labels Low, Medium and High (RT_Config, `%PriorityAsString`)."""

NOBODY = "Nobody"
SYSTEM_USERS = frozenset({NOBODY, "RT_System"})


class Listing(msgspec.Struct):
    """`total` and `pages` are null where RT cannot tell how much this credential may see."""

    items: list[msgspec.Raw]
    page: float = 1
    per_page: int = 100
    total: int | None = None
    pages: float | None = None

    @property
    def is_last(self) -> bool:
        return not self.items if self.pages is None else self.page >= self.pages

    @property
    def hides(self) -> bool:
        """It counted rows that it does not give, or did not count."""
        if self.total is None:
            return True
        return len(self.items) < min(self.per_page, self.total - (self.page - 1) * self.per_page)


class CustomField(msgspec.Struct):
    name: str | None = None
    values: list[Any] = []


class User(msgspec.Struct, rename="pascal"):
    """`id` is not asked for: RT cuts its own organisation's name off it. `type` may be `group` among requestors.

    `custom_fields` is `""` when the credential may not see them; so are phones and the time of creation.
    """

    name: str | None = None
    real_name: str | None = None
    email_address: str | None = None
    mobile_phone: str | None = None
    work_phone: str | None = None
    home_phone: str | None = None
    pager_phone: str | None = None
    created: str | None = None
    custom_fields: list[CustomField] | str | None = None
    type: str = msgspec.field(name="type", default="user")


class QueueRef(msgspec.Struct, rename="pascal"):
    id: str | int = msgspec.field(name="id")
    name: str | None = None


class Ticket(msgspec.Struct, rename="pascal"):
    created: str
    id: str | int = msgspec.field(name="id")
    subject: str | None = None
    status: str | None = None
    queue: QueueRef | None = None
    owner: User | None = None
    creator: User | None = None
    requestor: list[User] = []
    last_updated: str | None = None
    resolved: str | None = None
    priority: str | int | None = None
    custom_fields: list[CustomField] | str | None = None


class Requestors(msgspec.Struct, rename="pascal"):
    requestor: list[User] = []


class Transaction(msgspec.Struct, rename="pascal"):
    """`old_value` and `new_value` of a change of `field` `Queue` or `Owner` are numeric ids."""

    id: str | int = msgspec.field(name="id")
    type: str | None = None
    field: str | None = None
    old_value: str | None = None
    new_value: str | None = None
    created: str | None = None
    object_type: str | None = None
    object_id: str | int | None = None


class Attachment(msgspec.Struct, rename="pascal"):
    id: str | int = msgspec.field(name="id")
    content_type: str | None = None
    filename: str | None = None
    content_length: str | int | None = None
    headers: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """At `at` the queue or the owner became `new`; ids as the history tells them."""

    at: datetime
    field: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Story:
    """What only a single ticket is asked for: the changes of queue and owner, their names, and its first words."""

    changes: Sequence[Change] = ()
    queues: Mapping[str, Queue | None] = field(default_factory=dict)
    agents: Mapping[str, Agent | None] = field(default_factory=dict)
    preview: str | None = None
    opened_via: Channel | None = None


NO_STORY = Story()
NOBODY_ASKED: frozenset[str] = frozenset()


def instant(text: str | None) -> datetime | None:
    """A time of RT's (`2026-11-23T01:50:47Z`), or None: unset ones are the beginning of 1970."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return plausible(at) if at.tzinfo is not None else None


def values_of(fields: list[CustomField] | str | None, name: str | None) -> list[str]:
    """The texts that a custom field holds."""
    if name is None or not isinstance(fields, list):
        return []
    values = (value for custom in fields if custom.name == name for value in custom.values)
    return [value for value in values if isinstance(value, str) and value.strip()]


@dataclass(frozen=True, slots=True)
class Mapper:
    """`priorities`: each from that number on. `statuses`: by RT's word in small letters."""

    source: str
    link_url: str
    region: str | None
    external_id_source: str | None
    external_id_field: str | None
    wrap_up_field: str | None
    statuses: Mapping[str, TicketStatus]
    priorities: Mapping[TicketPriority, int]

    def record(self, user: User) -> Record | None:
        """None for groups and for RT's own users."""
        if not user.name or user.type != "user" or user.name in SYSTEM_USERS:
            return None
        held = [HeldIdentifier(identifiers.external(self.source, user.name), verified=True)]
        if self.external_id_source is not None:
            values = values_of(user.custom_fields, self.external_id_field)
            held += [HeldIdentifier(identifiers.external(self.external_id_source, value)) for value in values]
        phones = (user.mobile_phone, user.work_phone, user.home_phone, user.pager_phone)
        reached_by = [identifiers.email(user.email_address or "")]
        reached_by += [identifiers.phone(text, self.region) for text in phones if text]
        held += [HeldIdentifier(identifier) for identifier in dict.fromkeys(reached_by) if identifier is not None]
        return Record(
            source=self.source,
            id=user.name,
            identifiers=tuple(held),
            name=user.real_name or None,
            since=instant(user.created),
        )

    def interaction(
        self, ticket: Ticket, asked: frozenset[str] = frozenset(), story: Story = NO_STORY
    ) -> Interaction | None:
        """None for a ticket without a person as requestor, or without a time.

        Of several requestors it hangs on the first that was asked for, else on the first.
        """
        started_at = instant(ticket.created)
        people = [user for user in ticket.requestor if user.type == "user" and user.name]
        requestor = next((user for user in people if user.name in asked), people[0] if people else None)
        if started_at is None or requestor is None or requestor.name is None:
            return None
        status = self.statuses.get((ticket.status or "").casefold(), TicketStatus.UNKNOWN)
        ended_at = _end(status, started_at, instant(ticket.resolved))
        email = identifiers.email(requestor.email_address or "")
        creator = ticket.creator.name if ticket.creator is not None else None
        return Interaction(
            source=self.source,
            external_id=str(ticket.id),
            record_id=requestor.name,
            channel=Channel.TICKET,
            direction=Direction.INBOUND if creator in {user.name for user in people} else Direction.UNKNOWN,
            started_at=started_at,
            last_activity_at=max(started_at, instant(ticket.last_updated) or started_at),
            status=INTERACTION_STATUS[status],
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=f"{self.link_url}/Ticket/Display.html?id={ticket.id}",
            legs=tuple(trace_legs(ticket, started_at, ended_at, story)),
            wrap_up_codes=tuple(
                WrapUpCode(code=value, label=value, levels=(value,))
                for value in values_of(ticket.custom_fields, self.wrap_up_field)
            ),
            address=None if email is None else Address(AddressKind.OTHER, IdentifierKind.EMAIL, email.value),
            subject=ticket.subject or None,
            preview=story.preview,
            details=TicketDetails(
                number=str(ticket.id),
                status=status,
                source_status=ticket.status or "",
                priority=self._priority(ticket.priority),
                opened_via=story.opened_via,
            ),
        )

    def _priority(self, value: str | int | None) -> TicketPriority | None:
        """The highest whose number is reached, as RT picks its labels."""
        try:
            number = int(value if value is not None else "")
        except ValueError:
            return None
        reached = [(least, priority) for priority, least in self.priorities.items() if number >= least]
        return max(reached)[1] if reached else None


def agent_of(user: User | None) -> Agent | None:
    """None for nobody."""
    if user is None or not user.name or user.name == NOBODY:
        return None
    return Agent(user.name, user.real_name or user.name)


def queue_of(ref: QueueRef | None) -> Queue | None:
    return None if ref is None else Queue(str(ref.id), ref.name or str(ref.id))


def changes_of(ticket_id: str, history: Iterable[Transaction]) -> list[Change]:
    """Changes of queue and owner, oldest first; of this ticket alone, for a merged one brings its own history."""
    changes = []
    for step in sorted(history, key=lambda step: int(step.id)):
        at = instant(step.created)
        if at is None or step.type != "Set" or step.field not in ("Queue", "Owner") or not is_of(ticket_id, step):
            continue
        changes.append(Change(at, step.field, step.old_value or "", step.new_value or ""))
    return changes


def is_of(ticket_id: str, step: Transaction) -> bool:
    return step.object_type == "RT::Ticket" and str(step.object_id) == ticket_id


@dataclass(frozen=True, slots=True)
class _Stretch:
    started_at: datetime
    queue: Queue | None
    agent: Agent | None


def trace_legs(ticket: Ticket, started_at: datetime, ended_at: datetime | None, story: Story) -> list[Leg]:
    """One leg for each stretch with the same queue and owner: the current one alone where no history was asked."""
    stretches = _stretches(ticket, started_at, story)
    legs = []
    for i, stretch in enumerate(stretches):
        before = stretches[i - 1] if i > 0 else None
        last = i == len(stretches) - 1
        end = (ended_at and max(ended_at, stretch.started_at)) if last else stretches[i + 1].started_at
        legs.append(Leg(stretch.started_at, end, _kind(before, stretch), stretch.queue, stretch.agent))
    return legs


def _stretches(ticket: Ticket, started_at: datetime, story: Story) -> list[_Stretch]:
    first = {change.field: change.old for change in reversed(story.changes)}
    queue = story.queues.get(first["Queue"]) if "Queue" in first else queue_of(ticket.queue)
    agent = story.agents.get(first["Owner"]) if "Owner" in first else agent_of(ticket.owner)
    stretches = [_Stretch(started_at, queue, agent)]
    for change in story.changes:
        if change.field == "Queue":
            queue = story.queues.get(change.new)
        else:
            agent = story.agents.get(change.new)
        if (last := stretches[-1]).started_at >= change.at:
            stretches.pop()
        if not stretches or (stretches[-1].queue, stretches[-1].agent) != (queue, agent):
            stretches.append(_Stretch(max(last.started_at, change.at), queue, agent))
    return stretches


def _kind(before: _Stretch | None, stretch: _Stretch) -> LegKind:
    """A transfer is a move to another queue, or from one agent to another; being taken up or given back is none."""
    if before is not None:
        handed_on = before.agent is not None and stretch.agent is not None and before.agent != stretch.agent
        if handed_on or before.queue != stretch.queue:
            return LegKind.TRANSFER
    return LegKind.QUEUE if stretch.agent is None else LegKind.AGENT


def _end(status: TicketStatus, started_at: datetime, resolved_at: datetime | None) -> datetime | None:
    """RT sets `Resolved` on every step to an inactive status and keeps it when a ticket is opened again."""
    if resolved_at is None or INTERACTION_STATUS[status] is not InteractionStatus.COMPLETED:
        return None
    return max(started_at, resolved_at)
