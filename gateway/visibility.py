"""Who sees what: the one rule that every way out of the gateway passes through.

Pure functions of (deployment, viewer, row, the record it hangs on): no I/O, no clock, no framework. No verdict means
no. Filters, facets, figures, cursors and GraphQL types read what `Judge.show` gives and never the interaction.

Source: VISIBILITY.md (the public contract); docs/visibility.md explains it to operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, TypeVar

import msgspec

from connectors.base import Position
from connectors.interaction import (
    Address,
    Agent,
    CallDetails,
    Campaign,
    Channel,
    ConversationDetails,
    Details,
    Identifier,
    Interaction,
    Leg,
    Queue,
    Record,
    SurveyDetails,
    WebVisitDetails,
    WrapUpCode,
)
from gateway.deployment import EVERY_DIVISION, Deployment, WorkProfile
from gateway.masking import Hidden, mask, spell_nothing_out
from gateway.permissions import (
    EVENT_TYPE_VIEW,
    EVENT_VIEW,
    PII_VIEW,
    QUEUE_SEARCH,
    SESSION_VIEW,
    WITHHELD_FIELDS,
    WRAP_UP_CODE_VIEW,
)
from gateway.viewer.viewer import NOWHERE, Scope, Viewer, ViewerKind

T = TypeVar("T")


class Shown(msgspec.Struct, gc=False, frozen=True):
    """A row as this viewer is shown it; `row` carries only what may be seen.

    position: its true place in the journey, for ids and cursors, which are sealed. queue and agent are the last
    shown; wrap_up_codes those of every shown leg and of the row, oldest first; divisions those in which this
    viewer may see it. masked: the address is not the whole one.
    """

    row: Interaction
    position: Position
    queue: Queue | None
    agent: Agent | None
    wrap_up_codes: tuple[WrapUpCode, ...]
    divisions: tuple[str, ...]
    masked: bool = False


class ShownIdentifier(NamedTuple):
    """`value` is masked where `masked`; `identifier` is the true one, for ids and joins alone."""

    identifier: Identifier
    value: str
    masked: bool


class _Sight(NamedTuple):
    """What a viewer may see of things that carry one set of divisions.

    divisions: of those, where they see it; vendor_divisions: the same by the vendor's ids. whole: nothing is withheld.
    The others: whether the permission counts, in the order of `_FIELD_PERMISSIONS`.
    """

    divisions: tuple[str, ...] = ()
    vendor_divisions: tuple[str, ...] = ()
    whole: bool = False
    event_type: bool = False
    queue: bool = False
    wrap_up: bool = False
    pii: bool = False


_FIELD_PERMISSIONS = (EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)
_BLIND = _Sight()
MAX_REMEMBERED = 1_000
"""A judge may live for many requests: what it remembers of customers is dropped now and then."""


@dataclass(frozen=True)
class Judge:
    """The rule for one viewer of one deployment; remembers verdicts about divisions, so one is made a request."""

    deployment: Deployment
    viewer: Viewer

    # ---------------------------------------------------------------- reach

    @cached_property
    def channels(self) -> frozenset[Channel]:
        """Channels whose module is licensed and that the active profile lists (VISIBILITY.md §2.1, §2.2)."""
        if self.viewer.active is not None:
            candidates: Iterable[Channel] = self.viewer.active.channels
        elif self.viewer.kind is ViewerKind.AGENT:
            candidates = ()
        else:
            candidates = Channel
        return frozenset(c for c in candidates if self.deployment.licenses(c))

    def reaches(self, source: str) -> bool:
        """Whether a source may answer this viewer at all; one out of reach gives no rows and appears nowhere."""
        rules = self.deployment.sources.get(source)
        return rules is not None and bool(self._scope(EVENT_VIEW)) and not self.channels.isdisjoint(rules.channels)

    def source_channels(self, source: str) -> tuple[Channel, ...]:
        """What a source reports and this viewer may see, in the order of the enum."""
        if not self.reaches(source):
            return ()
        open_here = self.channels & self.deployment.sources[source].channels
        return tuple(c for c in Channel if c in open_here)

    def sees_record(self, record: Record) -> bool:
        """§2.3: its source is in reach, and it has no division or one with `externalContacts:session:view`."""
        key = (record.source, record.division_ids)
        seen = self._remembered_records.get(key)
        if seen is None:
            seen = self._remembered_records[key] = self.reaches(record.source) and (
                not record.division_ids or any(self._session.holds(d) for d in self._record_divisions(record))
            )
        return seen

    # ---------------------------------------------------------------- rows

    def show(self, row: Interaction, record: Record, identifiers: Sequence[Identifier] = ()) -> Shown | None:
        """The row as this viewer is shown it, or None.

        `record` is the one the row hangs on; `identifiers` are those that the viewer knows the customer by, so that
        none of them survives in a name, an externalId or a url when it is masked.
        """
        if row.channel not in self._taken(row.source) or record.source != row.source or not self.sees_record(record):
            return None
        if len(row.legs) <= 1:
            shown = self._show_whole(row, row.legs[0] if row.legs else None)
            if shown is not None:
                return shown
        row = _in_order(row)
        sights = self._sights(row)
        if not any(sight.divisions for sight in sights):
            return None
        return self._redact(row, sights, identifiers)

    def _taken(self, source: str) -> frozenset[Channel]:
        """Channels open to this viewer that the operator takes from this source."""
        taken = self._remembered_channels.get(source)
        if taken is None:
            rules = self.deployment.sources.get(source)
            taken = self._remembered_channels[source] = self.channels & rules.channels if rules else frozenset()
        return taken

    def _show_whole(self, row: Interaction, leg: Leg | None) -> Shown | None:
        """The usual case, quickly: a row of one leg of which nothing is withheld. None: it takes a closer look."""
        own = self._sight(row.source, row.division_ids)
        sight = self._sight(row.source, leg.division_ids) if leg is not None and leg.division_ids else own
        if not sight.whole or (row.division_ids and not own.whole):
            return None
        if self.viewer.active is not None and not self._leg_on_profile(row, leg, self.viewer.active):
            return None
        wrapped_up = row.wrap_up_codes or (leg is not None and leg.wrap_up_codes)
        return Shown(
            row,
            Position(row.started_at, row.source, row.external_id),
            None if leg is None else leg.queue,
            None if leg is None else leg.agent,
            _wrap_ups(row, [sight]) if wrapped_up else (),
            sight.divisions,
        )

    def _sights(self, row: Interaction) -> list[_Sight]:
        """One a leg, in their order; a row without legs is one leg."""
        legs: Sequence[Leg | None] = row.legs or (None,)
        on_profile = self._legs_on_profile(row)
        return [
            self._sight(row.source, leg.division_ids if leg and leg.division_ids else row.division_ids)
            if on_profile[index]
            else _BLIND
            for index, leg in enumerate(legs)
        ]

    def _leg_on_profile(self, row: Interaction, leg: Leg | None, profile: WorkProfile) -> bool:
        """§2.4 for a row of one leg."""
        rules, queue = self.deployment.sources[row.source], None if leg is None else leg.queue
        if queue is None and row.campaign is None:
            return True
        return (queue is not None and rules.service(queue) in profile.queues) or (
            row.campaign is not None and rules.campaign(row.campaign) in profile.campaigns
        )

    def _legs_on_profile(self, row: Interaction) -> list[bool]:
        """§2.4: a leg's services are unknown, or one of them is on the profile."""
        profile = self.viewer.active
        if profile is None:
            return [True] * max(1, len(row.legs))
        rules = self.deployment.sources[row.source]
        found: list[set[bool]] = [
            {rules.service(leg.queue) in profile.queues} if leg.queue else set() for leg in row.legs
        ]
        found = found or [set()]
        if row.campaign is not None:
            found[0].add(rules.campaign(row.campaign) in profile.campaigns)
        return [not known or True in known for known in _nearest(found)]

    def _redact(self, row: Interaction, sights: list[_Sight], identifiers: Sequence[Identifier]) -> Shown:
        pii = any(s.pii for s in sights)
        told = row if pii else spell_nothing_out(row, self._hidden(identifiers, row.address))
        queues = [leg.queue for leg, s in zip(told.legs, sights, strict=False) if leg.queue is not None and s.queue]
        agents = [leg.agent for leg, s in zip(told.legs, sights, strict=False) if leg.agent is not None and s.divisions]
        own = self._sight(row.source, row.division_ids)
        if all(s.whole for s in sights) and (own.whole or not row.division_ids):
            shown = row
        else:
            first, last = sights[0], sights[-1]
            event_type = any(s.event_type for s in sights)
            shown = msgspec.structs.replace(
                told,
                address=row.address if pii or row.address is None else _masked_address(row.address),
                outcome=row.outcome if last.divisions else None,
                score=row.score if last.divisions else None,
                campaign=told.campaign if first.divisions else None,
                preview=row.preview if first.event_type else None,
                legs=tuple(map(_shown_leg, told.legs, sights)) if event_type else (),
                wrap_up_codes=row.wrap_up_codes if last.wrap_up else (),
                tags=self._shown_tags(row, sights),
                comments=tuple(c for c in told.comments if _at_leg(row, sights, c.at).event_type),
                division_ids=own.vendor_divisions,
                details=_shown_details(told, sights, event_type),
            )
        return Shown(
            shown,
            Position(row.started_at, row.source, row.external_id),
            queues[-1] if queues else None,
            agents[-1] if agents else None,
            _wrap_ups(row, sights),
            tuple(dict.fromkeys(d for s in sights for d in s.divisions)),
            masked=not pii and row.address is not None,
        )

    def _shown_tags(self, row: Interaction, sights: list[_Sight]) -> tuple[str, ...]:
        """A tag equal to a withheld queue or wrap-up goes with it."""
        if not row.tags:
            return ()
        rules = self.deployment.sources[row.source]
        withheld: set[str] = set()
        shown: set[str] = set()
        for leg, sight in zip(row.legs, sights, strict=False):
            if leg.queue is not None:
                names = {leg.queue.id, leg.queue.name, rules.service(leg.queue)}
                (shown if sight.queue else withheld).update(n.casefold() for n in names)
            for code in leg.wrap_up_codes:
                (shown if sight.wrap_up else withheld).update(_words(code))
        for code in row.wrap_up_codes:
            (shown if sights[-1].wrap_up else withheld).update(_words(code))
        gone = withheld - shown
        return tuple(tag for tag in row.tags if tag.casefold() not in gone)

    def _hidden(self, identifiers: Sequence[Identifier], address: Address | None) -> Hidden:
        """The customer's identifiers, and the row's address, which need not be among them."""
        used = Identifier(address.identifier_kind, address.value) if address else None
        key = tuple(identifiers) if used is None or used in identifiers else (*identifiers, used)
        hidden = self._remembered_identifiers.get(key)
        if hidden is None:
            if len(self._remembered_identifiers) >= MAX_REMEMBERED:
                self._remembered_identifiers.clear()
            hidden = self._remembered_identifiers[key] = Hidden(key)
        return hidden

    # ---------------------------------------------------------------- the customer

    def visible_identifiers(self, records: Iterable[Record]) -> tuple[Identifier, ...]:
        """What a customer is known by, as far as visible records say."""
        return tuple(dict.fromkeys(h.identifier for r in records if self.sees_record(r) for h in r.identifiers))

    def show_identifier(self, identifier: Identifier, records: Iterable[Record]) -> ShownIdentifier | None:
        """An identifier as this viewer is shown it: None when no visible record carries it."""
        carriers = [
            r for r in records if self.sees_record(r) and any(h.identifier == identifier for h in r.identifiers)
        ]
        if not carriers:
            return None
        if any(self._pii_on(record) for record in carriers):
            return ShownIdentifier(identifier, identifier.value, masked=False)
        return ShownIdentifier(identifier, mask(identifier), masked=True)

    def _pii_on(self, record: Record) -> bool:
        pii = self._scope(PII_VIEW)
        return any(map(pii.holds, self._record_divisions(record))) if record.division_ids else bool(pii)

    def show_name(self, records: Sequence[Record]) -> str | None:
        """The name of the first configured source that has one; none when it holds an identifier not seen whole."""
        order = {name: place for place, name in enumerate(self.deployment.sources)}
        visible = sorted((r for r in records if self.sees_record(r)), key=lambda r: (order[r.source], r.id))
        named = next((r for r in visible if r.name), None)
        if named is None or named.name is None:
            return None
        known = self.visible_identifiers(visible)
        hidden = Hidden(i for i in known if (shown := self.show_identifier(i, visible)) is None or shown.masked)
        return None if hidden.within(named.name) else named.name

    def show_campaigns(self, records: Iterable[Record]) -> list[tuple[str, Campaign]]:
        """(source, campaign) of those that list this customer, as far as licence and profile go."""
        found: dict[tuple[str, str], tuple[str, Campaign]] = {}
        for record in records:
            if self.sees_record(record):
                for campaign in record.campaigns:
                    if self.has_campaign(record.source, campaign):
                        found[record.source, campaign.id] = (record.source, campaign)
        return list(found.values())

    def has_queue(self, source: str, queue: Queue) -> bool:
        """Whether a queue's node is in this viewer's scope."""
        rules = self.deployment.sources.get(source)
        return rules is not None and self.has_service(rules.service(queue)) and self.reaches(source)

    def has_service(self, service: str) -> bool:
        profile = self.viewer.active
        return bool(self._scope(QUEUE_SEARCH)) and (profile is None or service in profile.queues)

    def has_campaign(self, source: str, campaign: Campaign) -> bool:
        rules = self.deployment.sources.get(source)
        profile = self.viewer.active
        if rules is None or not self.reaches(source):
            return False
        return profile is None or rules.campaign(campaign) in profile.campaigns

    def has_division(self, division: str) -> bool:
        return any(scope.holds(division) for scope in self._grants.values())

    @cached_property
    def withheld(self) -> tuple[tuple[str, str], ...]:
        """(field, permission) of what the viewer lacks in any of their divisions, whatever the data."""
        mine = Scope()
        for scope in self._grants.values():
            mine = mine | scope
        lacking = [
            p
            for p in WITHHELD_FIELDS
            if not self._scope(p).everywhere
            and (mine.everywhere or not mine.divisions <= self._scope(p).divisions or not mine)
        ]
        return tuple((name, permission) for permission in lacking for name in WITHHELD_FIELDS[permission])

    # ---------------------------------------------------------------- divisions

    @cached_property
    def _grants(self) -> Mapping[str, Scope]:
        """What is held where; a division that nobody configured counts as nothing."""
        known = Scope(divisions=self.deployment.divisions | {self.deployment.home_division})
        return {p: scope if scope.everywhere else scope & known for p, scope in self.viewer.grants.items()}

    def _scope(self, permission: str) -> Scope:
        return self._grants.get(permission, NOWHERE)

    @cached_property
    def _session(self) -> Scope:
        return self._scope(SESSION_VIEW)

    @cached_property
    def _base(self) -> Scope:
        """Where a leg is visible: both permissions in one division."""
        return self._scope(EVENT_VIEW) & self._session

    @cached_property
    def _remembered(self) -> dict[tuple[str, tuple[str, ...]], _Sight]:
        return {}

    @cached_property
    def _remembered_channels(self) -> dict[str, frozenset[Channel]]:
        return {}

    @cached_property
    def _remembered_records(self) -> dict[tuple[str, tuple[str, ...]], bool]:
        return {}

    @cached_property
    def _remembered_identifiers(self) -> dict[tuple[Identifier, ...], Hidden]:
        return {}

    def _record_divisions(self, record: Record) -> list[str]:
        rules = self.deployment.sources[record.source]
        return [rules.division(vendor_id) for vendor_id in record.division_ids]

    def _sight(self, source: str, vendor_divisions: tuple[str, ...]) -> _Sight:
        key = (source, vendor_divisions)
        sight = self._remembered.get(key)
        if sight is None:
            sight = self._remembered[key] = self._judge_divisions(source, vendor_divisions)
        return sight

    def _judge_divisions(self, source: str, vendor_divisions: tuple[str, ...]) -> _Sight:
        rules = self.deployment.sources[source]
        if vendor_divisions:
            candidates: Iterable[str] = [rules.division(vendor_id) for vendor_id in vendor_divisions]
        elif EVERY_DIVISION in rules.divisions:
            candidates = sorted(self.deployment.divisions)
        else:
            candidates = rules.divisions or (self.deployment.home_division,)
        visible = tuple(dict.fromkeys(d for d in candidates if self._base.holds(d)))
        seen = tuple(vendor_id for vendor_id in vendor_divisions if rules.division(vendor_id) in visible)
        held = [any(map(self._scope(permission).holds, visible)) for permission in _FIELD_PERMISSIONS]
        return _Sight(visible, seen, all(held) and seen == vendor_divisions, *held)


# -------------------------------------------------------------------- parts of a row


def _in_order(row: Interaction) -> Interaction:
    """Legs go by start, whatever a connector promised."""
    if all(leg.started_at <= later.started_at for leg, later in pairwise(row.legs)):
        return row
    return msgspec.structs.replace(row, legs=tuple(sorted(row.legs, key=lambda leg: leg.started_at)))


def _nearest(services: list[set[T]]) -> list[set[T]]:
    """A leg without services takes the nearest earlier leg's, else the nearest later's."""
    filled: list[set[T]] = []
    before: set[T] = set()
    for own in services:
        before = own or before
        filled.append(before)
    first_known = next((own for own in filled if own), set())
    return [own or first_known for own in filled]


def _shown_leg(leg: Leg, sight: _Sight) -> Leg:
    """A hidden leg, or one whose details are withheld, keeps its times and its kind."""
    if not sight.event_type:
        return Leg(leg.started_at, leg.ended_at, leg.kind)
    if sight.whole:
        return leg
    return msgspec.structs.replace(
        leg,
        queue=leg.queue if sight.queue else None,
        wrap_up_codes=leg.wrap_up_codes if sight.wrap_up else (),
        division_ids=sight.vendor_divisions if leg.division_ids else (),
    )


def _at_leg(row: Interaction, sights: list[_Sight], at: datetime | None) -> _Sight:
    """What may be seen of something said at `at`: it belongs to the last leg begun by then, else to the first."""
    found = sights[0]
    if at is not None:
        for leg, sight in zip(row.legs, sights, strict=False):
            if leg.started_at <= at:
                found = sight
    return found


def _wrap_ups(row: Interaction, sights: list[_Sight]) -> tuple[WrapUpCode, ...]:
    """Of the shown legs, and of the row itself, which follow the last leg; oldest first."""
    codes = [code for leg, s in zip(row.legs, sights, strict=False) if s.wrap_up for code in leg.wrap_up_codes]
    if sights[-1].wrap_up:
        codes += row.wrap_up_codes
    if all(code.at is not None for code in codes):
        codes.sort(key=lambda code: code.at or row.started_at)
    return tuple(codes)


def _words(code: WrapUpCode) -> set[str]:
    return {word.casefold() for word in (code.code, code.label, *code.levels)}


def _shown_details(row: Interaction, sights: list[_Sight], event_type: bool) -> Details | None:
    details = row.details
    if isinstance(details, CallDetails):
        return details if event_type else CallDetails(answered_at=details.answered_at)
    if isinstance(details, ConversationDetails):
        messages = tuple(m for m in details.messages if _at_leg(row, sights, m.at).event_type)
        return msgspec.structs.replace(details, messages=messages)
    if isinstance(details, SurveyDetails):
        return details if event_type else msgspec.structs.replace(details, answers=())
    if isinstance(details, WebVisitDetails):
        return details if event_type else msgspec.structs.replace(details, events=())
    return details


def _masked_address(address: Address) -> Address:
    return msgspec.structs.replace(address, value=mask(Identifier(address.identifier_kind, address.value)))
