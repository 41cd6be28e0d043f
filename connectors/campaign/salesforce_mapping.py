"""Salesforce: its people, tasks and voice calls, and what they become.

Shapes: "Object Reference for the Salesforce Platform" (Contact, Lead, CampaignMember, Task, VoiceCall), API 61.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from connectors import identifiers
from connectors.campaign.literals import check_name, is_id
from connectors.campaign.values import Row, instant, number, seconds, text, value_of
from connectors.campaign.words import address_of, channel_of, details_of, direction_of, outcome_of
from connectors.interaction import (
    Address,
    Agent,
    CallDetails,
    Campaign,
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    OutcomeKind,
    Queue,
    Record,
    ScoreChange,
)
from connectors.mapping import preview, seconds_between

CONTACT, LEAD, GROUP, CAMPAIGN, TASK = "003", "00Q", "00G", "701", "00T"
"""How ids of such objects begin ("Standard Object Prefixes")."""

STILL_WAITING = timedelta(days=1)
"""A call that is `new` for longer waits for nobody: one that no agent took stays so for ever."""

STATUSES: Mapping[str, InteractionStatus] = {
    "Not Started": InteractionStatus.SCHEDULED,
    "In Progress": InteractionStatus.ACTIVE,
    "Waiting on someone else": InteractionStatus.PENDING,
    "Deferred": InteractionStatus.ON_HOLD,
    "Completed": InteractionStatus.COMPLETED,
}

PEOPLE_FIELDS = {
    "Contact": ("Id", "Name", "Email", "Phone", "MobilePhone", "HomePhone", "OtherPhone", "CreatedDate"),
    "Lead": ("Id", "Name", "Email", "Phone", "MobilePhone", "CreatedDate"),
}
PHONE_FIELDS = ("MobilePhone", "Phone", "HomePhone", "OtherPhone")
TASK_FIELDS = (
    "Id",
    "WhoId",
    "WhatId",
    "What.Name",
    "OwnerId",
    "Owner.Name",
    "Subject",
    "Description",
    "Status",
    "IsClosed",
    "TaskSubtype",
    "CallType",
    "CallDisposition",
    "CallDurationInSeconds",
    "CreatedDate",
    "CompletedDateTime",
    "LastModifiedDate",
)
VOICE_CALL_FIELDS = (
    "Id",
    "PreviousCallId",
    "NextCallId",
    "OwnerId",
    "Owner.Name",
    "CallType",
    "CallDisposition",
    "DisconnectReason",
    "QueueName",
    "FromPhoneNumber",
    "ToPhoneNumber",
    "CallStartDateTime",
    "CallQueuedDateTime",
    "CallAcceptDateTime",
    "CallConnectDateTime",
    "CallEndDateTime",
    "CallDurationInSeconds",
    "CustomerHoldDuration",
    "Description",
    "LastModifiedDate",
    "Activity.Subject",
    "Activity.Description",
    "Activity.CallDisposition",
)


class Fields(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which of an object's fields hold what Salesforce has no standard field for: their API names."""

    phone_number: str | None = None
    number_type: str | None = None
    previous_score: str | None = None
    current_score: str | None = None
    outcome: str | None = None
    comments: str | None = None
    channel: str | None = None
    direction: str | None = None
    campaign_id: str | None = None
    campaign_name: str | None = None
    division: str | None = None
    topic: str | None = None
    tags: str | None = None

    def __post_init__(self) -> None:
        for name in self.names():
            check_name(name)

    def names(self) -> tuple[str, ...]:
        return tuple(filter(None, msgspec.structs.astuple(self)))


@dataclass(frozen=True, slots=True)
class Mapper:
    """What the operator says of this source, and the mapping that depends on it.

    outcomes, statuses: what the organisation's own call results and statuses mean.
    """

    source: str
    region: str | None
    external_id_source: str | None
    external_id_fields: Mapping[str, str]
    task: Fields
    voice_call: Fields
    voice_call_person: str
    outcomes: Mapping[str, OutcomeKind]
    statuses: Mapping[str, InteractionStatus]
    lightning_url: str | None

    # people

    def record(self, row: Row, kind: str) -> Record | None:
        id_ = text(row, "Id")
        if id_ is None or not is_id(id_):
            return None
        return Record(
            source=self.source,
            id=id_,
            identifiers=(
                HeldIdentifier(identifiers.external(self.source, id_), True),
                *map(HeldIdentifier, dict.fromkeys(self._carried(row, kind))),
            ),
            name=text(row, "Name"),
            since=instant(row, "CreatedDate"),
            campaigns=tuple(_campaigns(row)),
        )

    def _carried(self, row: Row, kind: str) -> Iterator[Identifier]:
        """Salesforce has no mark for a verified address."""
        for field in PHONE_FIELDS:
            found = identifiers.phone(text(row, field) or "", self.region)
            if found is not None:
                yield found
        address = identifiers.email(text(row, "Email") or "")
        if address is not None:
            yield address
        external = text(row, self.external_id_fields.get(kind))
        if external is not None and self.external_id_source is not None:
            yield identifiers.external(self.external_id_source, external)

    # tasks

    def from_task(self, row: Row) -> Interaction | None:
        """None for a row without an id, a person or a believable time."""
        id_, person, started_at = text(row, "Id"), text(row, "WhoId"), instant(row, "CreatedDate")
        if id_ is None or person is None or started_at is None or not is_id(id_) or not is_id(person):
            return None
        fields, subtype = self.task, text(row, "TaskSubtype")
        channel = channel_of(text(row, fields.channel) or subtype)
        talked = seconds(row, "CallDurationInSeconds")
        label = text(row, fields.outcome or "CallDisposition")
        status = self._task_status(row, label)
        ended_at = self._task_end(row, status, started_at, talked)
        owner = _owner(row)
        return Interaction(
            source=self.source,
            external_id=id_,
            record_id=person,
            channel=channel,
            direction=self._task_direction(row, subtype),
            started_at=started_at,
            last_activity_at=_latest(started_at, ended_at, instant(row, "LastModifiedDate")),
            status=status,
            ended_at=ended_at,
            duration_seconds=None if ended_at is None else talked or seconds_between(started_at, ended_at),
            url=self._url("Task", id_),
            outcome=outcome_of(label, self.outcomes),
            legs=_legs(started_at, ended_at, owner),
            tags=_tags(text(row, fields.tags)),
            campaign=self._campaign(row, fields),
            division_ids=_one(text(row, fields.division)),
            address=address_of(text(row, fields.phone_number), text(row, fields.number_type), channel, self.region),
            subject=text(row, "Subject"),
            topic=text(row, fields.topic),
            preview=preview(text(row, fields.comments or "Description")),
            comments=_comments(text(row, fields.comments or "Description"), owner, ended_at),
            score=_score(row, fields),
            details=details_of(channel, talked, agentless=subtype == "ListEmail"),
        )

    def _task_status(self, row: Row, label: str | None) -> InteractionStatus:
        word = text(row, "Status") or ""
        known = self.statuses.get(label or "") or self.statuses.get(word)
        if known is not None:
            return known
        if value_of(row, "IsClosed") is True:
            return InteractionStatus.COMPLETED
        return STATUSES.get(word, InteractionStatus.UNKNOWN)

    def _task_end(
        self, row: Row, status: InteractionStatus, started_at: datetime, talked: int | None
    ) -> datetime | None:
        if status in _RUNNING:
            return None
        told = instant(row, "CompletedDateTime") or instant(row, "LastModifiedDate")
        spoken = started_at + timedelta(seconds=talked) if talked else None
        return max(started_at, spoken or told or started_at)

    def _task_direction(self, row: Row, subtype: str | None) -> Direction:
        if subtype == "ListEmail":
            return Direction.OUTBOUND
        return direction_of(text(row, self.task.direction) or text(row, "CallType"))

    # voice calls

    def from_voice_call(self, row: Row, followers: Sequence[Row], now: datetime) -> Interaction | None:
        """`followers`: the calls that it was transferred to, or that were made about it."""
        id_, person, started_at = text(row, "Id"), text(row, self.voice_call_person), instant(row, "CallStartDateTime")
        if id_ is None or person is None or started_at is None or not is_id(id_) or not is_id(person):
            return None
        fields = self.voice_call
        calls = [row, *sorted(followers, key=lambda call: instant(call, "CallStartDateTime") or now)]
        statuses = [_call_status(call, now) for call in calls]
        is_running = any(status in _RUNNING for status in statuses)
        ends = [at for call in calls if (at := instant(call, "CallEndDateTime")) is not None]
        ended_at = None if is_running else max(started_at, *ends) if ends else started_at
        status = next((s for s in statuses if s in _RUNNING), statuses[0])
        label = text(row, fields.outcome) or text(row, "Activity.CallDisposition")
        comments = text(row, fields.comments or "Description") or text(row, "Activity.Description")
        legs = tuple(sorted((leg for call in calls for leg in _call_legs(call, now)), key=lambda leg: leg.started_at))
        last_agent = next((leg.agent for leg in reversed(legs) if leg.agent is not None), None)
        is_callback = text(row, "CallType") == "Callback"
        return Interaction(
            source=self.source,
            external_id=id_,
            record_id=person,
            channel=Channel.CALLBACK if is_callback else Channel.VOICE,
            direction=direction_of(text(row, "CallType")),
            started_at=started_at,
            last_activity_at=_latest(started_at, ended_at, *(instant(call, "LastModifiedDate") for call in calls)),
            status=self.statuses.get(label or "", status) if ended_at is not None else status,
            ended_at=ended_at,
            duration_seconds=seconds_between(started_at, ended_at),
            url=self._url("VoiceCall", id_),
            outcome=outcome_of(label, self.outcomes),
            legs=legs,
            tags=_tags(text(row, fields.tags)),
            campaign=self._campaign(row, fields),
            division_ids=_one(text(row, fields.division)),
            address=self._call_address(row),
            subject=text(row, "Activity.Subject"),
            topic=text(row, fields.topic),
            preview=preview(comments),
            comments=_comments(comments, last_agent, ended_at),
            score=_score(row, fields),
            details=_call_details(calls),
        )

    def _call_address(self, row: Row) -> Address | None:
        fields = self.voice_call
        is_inbound = direction_of(text(row, "CallType")) is Direction.INBOUND
        number_used = text(row, fields.phone_number) or text(row, "FromPhoneNumber" if is_inbound else "ToPhoneNumber")
        return address_of(number_used, text(row, fields.number_type), Channel.VOICE, self.region)

    # both

    def _campaign(self, row: Row, fields: Fields) -> Campaign | None:
        """What the operator's fields say, else what a task is related to, when that is a campaign."""
        name = text(row, fields.campaign_name)
        id_ = text(row, fields.campaign_id) or name
        if id_ is not None:
            return Campaign(id_, name or id_)
        related = text(row, "WhatId")
        if related is None or not related.startswith(CAMPAIGN):
            return None
        return Campaign(related, text(row, "What.Name") or related)

    def _url(self, kind: str, id_: str) -> str | None:
        return None if self.lightning_url is None else f"{self.lightning_url}/lightning/r/{kind}/{id_}/view"


_RUNNING = frozenset(
    {
        InteractionStatus.SCHEDULED,
        InteractionStatus.QUEUED,
        InteractionStatus.ACTIVE,
        InteractionStatus.ON_HOLD,
        InteractionStatus.PENDING,
    }
)


def _call_status(call: Row, now: datetime) -> InteractionStatus:
    """`new` is also what a call stays that nobody took; Sales Dialer writes `in progress` without a dash."""
    word = (text(call, "CallDisposition") or "").replace(" ", "-").lower()
    started_at = instant(call, "CallStartDateTime") or now
    was_taken = instant(call, "CallAcceptDateTime") or instant(call, "CallConnectDateTime")
    is_inbound = direction_of(text(call, "CallType")) is Direction.INBOUND
    lost = _lost(call)
    match word:
        case "in-progress":
            return InteractionStatus.ACTIVE
        case "new" if was_taken:
            return InteractionStatus.ACTIVE
        case "new":
            is_over = (instant(call, "CallEndDateTime") or started_at) > started_at
            return lost if is_over or now - started_at > STILL_WAITING else InteractionStatus.QUEUED
        case "failed":
            return InteractionStatus.FAILED
        case "busy":
            return InteractionStatus.MISSED
        case "completed" | "transferred":
            return lost if is_inbound and not was_taken else InteractionStatus.COMPLETED
        case _:
            return InteractionStatus.UNKNOWN


def _lost(call: Row) -> InteractionStatus:
    """The customer's hanging up is told by Amazon Connect's word for it, which other telephonies may use as well."""
    gave_up = text(call, "DisconnectReason") == "CUSTOMER_DISCONNECT"
    return InteractionStatus.ABANDONED if gave_up else InteractionStatus.MISSED


def _call_legs(call: Row, now: datetime) -> Iterator[Leg]:
    started_at = instant(call, "CallStartDateTime")
    if started_at is None:
        return
    taken_at = instant(call, "CallAcceptDateTime") or instant(call, "CallConnectDateTime")
    is_running = _call_status(call, now) in _RUNNING
    ended_at = None if is_running else max(started_at, instant(call, "CallEndDateTime") or started_at)
    name = text(call, "QueueName")
    if name is not None:
        queued_at = max(started_at, instant(call, "CallQueuedDateTime") or started_at)
        left_at = max(queued_at, taken_at) if taken_at else ended_at and max(queued_at, ended_at)
        yield Leg(queued_at, left_at, LegKind.QUEUE, queue=Queue(name, name))
    owner = _owner(call)
    if isinstance(owner, Agent) and (taken_at or name is None):
        began = max(started_at, taken_at or started_at)
        kind = {"Transfer": LegKind.TRANSFER, "Consult": LegKind.CONSULT}.get(
            text(call, "CallType") or "", LegKind.AGENT
        )
        queue = None if name is None else Queue(name, name)
        yield Leg(began, ended_at and max(began, ended_at), kind, queue=queue, agent=owner)


def _call_details(calls: Sequence[Row]) -> CallDetails:
    first = calls[0]
    queued_at = instant(first, "CallQueuedDateTime") or instant(first, "CallStartDateTime")
    answered_at = instant(first, "CallAcceptDateTime") or instant(first, "CallConnectDateTime")
    held = [second for call in calls if (second := seconds(call, "CustomerHoldDuration")) is not None]
    return CallDetails(
        answered_at=answered_at,
        wait_seconds=None if queued_at is None else seconds_between(queued_at, answered_at),
        talk_seconds=_talked(calls, sum(held)),
        hold_seconds=sum(held) if held else None,
    )


def _talked(calls: Iterable[Row], held: int) -> int | None:
    """With agents, holds taken off; consultations are not with the customer."""
    talks = []
    for call in calls:
        began = instant(call, "CallAcceptDateTime") or instant(call, "CallConnectDateTime")
        lasted = None if began is None else seconds_between(began, instant(call, "CallEndDateTime"))
        if lasted is not None and text(call, "CallType") != "Consult":
            talks.append(lasted)
    return max(0, sum(talks) - held) if talks else None


def _owner(row: Row) -> Agent | Queue | None:
    """Owned by a user, or by a queue that nobody has taken it from."""
    id_ = text(row, "OwnerId")
    if id_ is None:
        return None
    name = text(row, "Owner.Name") or id_
    return Queue(id_, name) if id_.startswith(GROUP) else Agent(id_, name)


def _legs(started_at: datetime, ended_at: datetime | None, owner: Agent | Queue | None) -> tuple[Leg, ...]:
    if owner is None:
        return ()
    if isinstance(owner, Queue):
        return (Leg(started_at, ended_at, LegKind.QUEUE, queue=owner),)
    return (Leg(started_at, ended_at, LegKind.AGENT, agent=owner),)


def _comments(words: str | None, author: Agent | Queue | None, at: datetime | None) -> tuple[Comment, ...]:
    if words is None:
        return ()
    return (Comment(words, author if isinstance(author, Agent) else None, at),)


def _score(row: Row, fields: Fields) -> ScoreChange | None:
    previous, current = number(row, fields.previous_score), number(row, fields.current_score)
    return None if previous is None and current is None else ScoreChange(previous, current)


def _campaigns(row: Row) -> Iterator[Campaign]:
    members = value_of(row, "CampaignMembers.records")
    for member in members if isinstance(members, list) else ():
        found = member if isinstance(member, Mapping) else {}
        id_ = text(found, "Campaign.Id")
        if id_ is not None:
            yield Campaign(id_, text(found, "Campaign.Name") or id_)


def _tags(joined: str | None) -> tuple[str, ...]:
    """Of a picklist of several values, which Salesforce joins with semicolons."""
    return tuple(dict.fromkeys(tag for part in (joined or "").split(";") if (tag := part.strip())))


def _one(value: str | None) -> tuple[str, ...]:
    return () if value is None else (value,)


def _latest(started_at: datetime, *others: datetime | None) -> datetime:
    return max([started_at, *(at for at in others if at is not None)])
