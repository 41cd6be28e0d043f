"""Arguments: read once at the edge, and refused there with one clear sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TypeVar

import strawberry

from connectors import identifiers
from connectors.base import Window
from connectors.interaction import Channel, Direction, Identifier, InteractionStatus, OutcomeKind
from gateway.errors import BadUserInputError, ForbiddenError
from gateway.graph import ids
from gateway.graph.parts import plain
from gateway.journey.filter import Filter, Period, window_of
from gateway.journey.liveness import Liveness
from gateway.operation import Operation
from gateway.permissions import QUEUE_SEARCH

T = TypeVar("T")

MAX_VALUES = 50
MAX_TEXT_CHARACTERS = 200
MIN_ROWS, MAX_ROWS = 1, 200


class AbsentIsNull:
    """For inputs in which a field that is left out means the same as null, and the schema shows no default."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is strawberry.UNSET:
                setattr(self, name, None)


def given(value: T | None) -> T | None:
    """The same for arguments."""
    return None if value is strawberry.UNSET else value


@strawberry.input(description="An account of a social network.")
class SocialKey:
    channel: Channel = plain("Such as LINE or FACEBOOK.")
    id: str = plain("The network's own id of the account.")


@strawberry.input(description="An id that some source knows the customer by.")
class ExternalKey:
    source: str = plain("The name of a configured source.")
    id: str = plain("As that source spells it.")


@strawberry.input(one_of=True, description="What the caller knows a customer by. Exactly one field.")
class CustomerKey(AbsentIsNull):
    id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="An id of this API.")
    phone: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Any usual notation; without a country prefix the deployment's default region applies.",
    )
    email: str | None = strawberry.field(default=strawberry.UNSET, description="An e-mail address.")
    whats_app: str | None = strawberry.field(
        name="whatsApp", default=strawberry.UNSET, description="A number, or WhatsApp's own user id."
    )
    social: SocialKey | None = strawberry.field(default=strawberry.UNSET, description="An account of a social network.")
    cookie: str | None = strawberry.field(default=strawberry.UNSET, description="A browser's cookie.")
    external: ExternalKey | None = strawberry.field(
        default=strawberry.UNSET, description="An id that some source knows the customer by."
    )


@strawberry.input(
    description="All of the fields given, any of the values within one. `from`, `to` and `period` are about "
    "`startedAt`. Filtering on what this viewer is denied is FORBIDDEN; an id that is unknown or hidden matches "
    "nothing."
)
class JourneyFilter(AbsentIsNull):
    period: Period | None = strawberry.field(default=strawberry.UNSET, description="How far back from now.")
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="Instead of `period`; inclusive."
    )
    to: datetime | None = strawberry.field(default=strawberry.UNSET, description="Instead of `period`; exclusive.")
    active_since: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="With activity at or after: what has changed, for tools that keep a copy."
    )
    source_ids: list[strawberry.ID] | None = strawberry.field(default=strawberry.UNSET, description="Of these sources.")
    channels: list[Channel] | None = strawberry.field(default=strawberry.UNSET, description="Of these channels.")
    directions: list[Direction] | None = strawberry.field(default=strawberry.UNSET, description="Begun by these.")
    queue_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Last in one of these queues. Needs `routing:queue:search`."
    )
    campaign_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Of these campaigns."
    )
    agent_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Last with one of these agents."
    )
    episode_ids: list[strawberry.ID] | None = strawberry.field(
        default=strawberry.UNSET, description="Belonging to one of these episodes."
    )
    tags: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Carrying one of these tags.")
    outcomes: list[OutcomeKind] | None = strawberry.field(default=strawberry.UNSET, description="That went like this.")
    statuses: list[InteractionStatus] | None = strawberry.field(
        default=strawberry.UNSET, description="That stand like this."
    )
    liveness: list[Liveness] | None = strawberry.field(
        default=strawberry.UNSET, description="That are going on, or not."
    )
    text: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Words, all of them, to find in those of subject, topic, preview, comments, tags and names that "
        "this viewer may see.",
    )


def read_text(name: str, text: str) -> str:
    """Trimmed; refused when empty or over-long."""
    stripped = text.strip()
    if not stripped:
        raise BadUserInputError(f"`{name}` must not be empty.")
    if len(text) > MAX_TEXT_CHARACTERS:
        raise BadUserInputError(f"`{name}` must not be longer than {MAX_TEXT_CHARACTERS} characters.")
    return stripped


def read_list(name: str, values: Sequence[T] | None) -> Sequence[T] | None:
    if values is not None and len(values) > MAX_VALUES:
        raise BadUserInputError(f"`{name}` must not hold more than {MAX_VALUES} values.")
    return values


def read_identifier(operation: Operation, key: CustomerKey) -> Identifier | ids.CustomerId | None:
    """What a key stands for: an identifier in its normal form, or an id; None for an id that is unknown."""
    gateway = operation.gateway
    if key.id is not None:
        opened = gateway.ids.open(key.id)
        return opened if isinstance(opened, ids.CustomerId) else None
    if key.phone is not None:
        return _valid(identifiers.phone(read_text("phone", key.phone), gateway.region), "phone", "a telephone number")
    if key.email is not None:
        return _valid(identifiers.email(read_text("email", key.email)), "email", "an e-mail address")
    if key.whats_app is not None:
        return _read_whats_app(operation, read_text("whatsApp", key.whats_app))
    if key.social is not None:
        return identifiers.social(key.social.channel, read_text("social.id", key.social.id))
    if key.cookie is not None:
        return identifiers.cookie(read_text("cookie", key.cookie))
    if key.external is not None:
        return _read_external(operation, key.external)
    raise BadUserInputError("A customer key must not be empty.")


def _read_whats_app(operation: Operation, text: str) -> Identifier:
    international = identifiers.whatsapp(text)
    found = international or identifiers.whatsapp(text, operation.gateway.region)
    return _valid(found, "whatsApp", "a number or a WhatsApp user id")


def _read_external(operation: Operation, key: ExternalKey) -> Identifier:
    """A source out of reach is an unknown one."""
    gateway = operation.gateway
    if key.source not in gateway.namespaces and not operation.judge.reaches(key.source):
        raise BadUserInputError("`external.source` must be the name of a configured source.")
    return identifiers.external(key.source, read_text("external.id", key.id))


def _valid(identifier: Identifier | None, name: str, what: str) -> Identifier:
    if identifier is None:
        raise BadUserInputError(f"`{name}` must be {what}.")
    return identifier


def read_window(filter_: JourneyFilter | None, now: datetime) -> Window:
    """Of `period`, or of `from` and `to`; the last twelve months when nothing is said."""
    if filter_ is None:
        return window_of(Period.LAST_12_MONTHS, now)
    if filter_.from_ is None and filter_.to is None:
        return window_of(filter_.period or Period.LAST_12_MONTHS, now)
    if filter_.period is not None:
        raise BadUserInputError("`period` cannot be given together with `from` or `to`.")
    if filter_.from_ is not None and filter_.to is not None and filter_.from_ >= filter_.to:
        raise BadUserInputError("`from` must be before `to`.")
    return Window(filter_.from_, filter_.to)


def read_filter(operation: Operation, given: JourneyFilter | None) -> Filter:
    """Everything but the window. An id that cannot be opened, or is of another type, matches nothing."""
    if given is None:
        return Filter()
    if given.queue_ids is not None and not operation.viewer.holds(QUEUE_SEARCH):
        raise ForbiddenError
    sources = _opened(operation, "sourceIds", given.source_ids, ids.SourceId)
    queues = _opened(operation, "queueIds", given.queue_ids, ids.ServiceId)
    campaigns = _opened(operation, "campaignIds", given.campaign_ids, ids.CampaignId)
    agents = _opened(operation, "agentIds", given.agent_ids, ids.AgentId)
    tags = read_list("tags", given.tags)
    for tag in tags or ():
        read_text("tags", tag)
    return Filter(
        active_since=given.active_since,
        sources=None if sources is None else frozenset(s.name for s in sources),
        channels=_frozen("channels", given.channels),
        directions=_frozen("directions", given.directions),
        queues=None if queues is None else frozenset(q.service for q in queues),
        campaigns=None if campaigns is None else frozenset((c.source, c.campaign_id) for c in campaigns),
        agents=None if agents is None else frozenset((a.source, a.agent_id) for a in agents),
        tags=None if tags is None else frozenset(tags),
        outcomes=_frozen("outcomes", given.outcomes),
        statuses=_frozen("statuses", given.statuses),
        liveness=_frozen("liveness", given.liveness),
        words=() if given.text is None else tuple(read_text("text", given.text).casefold().split()),
    )


def read_episodes(operation: Operation, given: JourneyFilter | None) -> list[ids.EpisodeId] | None:
    """What `episodeIds` name; which rows these are, the customer's history says."""
    return None if given is None else _opened(operation, "episodeIds", given.episode_ids, ids.EpisodeId)


def as_sent(given: JourneyFilter | None) -> object:
    """What a cursor belongs to."""
    return {} if given is None else {k: v for k, v in asdict(given).items() if v is not None}


def only_campaigns(filter_: Filter) -> Filter:
    """The part of a filter that facets obey."""
    return replace(Filter(), campaigns=filter_.campaigns)


def _frozen(name: str, values: Sequence[T] | None) -> frozenset[T] | None:
    checked = read_list(name, values)
    return None if checked is None else frozenset(checked)


def _opened(operation: Operation, name: str, given: Sequence[strawberry.ID] | None, type_: type[T]) -> list[T] | None:
    checked = read_list(name, given)
    if checked is None:
        return None
    opened = (operation.gateway.ids.open(text) for text in checked)
    return [content for content in opened if isinstance(content, type_)]


def read_count(first: int | None, last: int | None, after: str | None, before: str | None, default: int) -> int:
    """How many rows, checked together with where they are read from."""
    if first is not None and last is not None:
        raise BadUserInputError("`first` and `last` cannot be given together.")
    if first is not None and before is not None:
        raise BadUserInputError("`before` goes with `last`, not with `first`.")
    if last is not None and after is not None:
        raise BadUserInputError("`after` goes with `first`, not with `last`.")
    if after is not None and before is not None:
        raise BadUserInputError("`after` and `before` cannot be given together.")
    name, count = ("first", first) if last is None else ("last", last)
    if count is None:
        return default
    if not MIN_ROWS <= count <= MAX_ROWS:
        raise BadUserInputError(f"`{name}` must be between {MIN_ROWS} and {MAX_ROWS}.")
    return count
