"""Who sees what: the one rule that every way out of the gateway passes through.

Pure functions of (deployment, viewer, row, the record it hangs on): no I/O, no clock, no framework. No verdict means
no. Filters, facets, figures, cursors and GraphQL types read what `Judge.show` gives and never the interaction.

Source: VISIBILITY.md (the public contract); docs/visibility.md explains it to operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import msgspec

from connectors.base import Position
from connectors.interaction import (
    Address,
    Agent,
    Campaign,
    Channel,
    Identifier,
    Interaction,
    Leg,
    Queue,
    Record,
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
from gateway.redaction import (
    BLIND,
    WHOLE,
    Sight,
    at_leg,
    in_order,
    masked_address,
    shown_details,
    shown_leg,
    words,
    wrap_ups,
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


_FIELD_PERMISSIONS = (EVENT_TYPE_VIEW, QUEUE_SEARCH, WRAP_UP_CODE_VIEW, PII_VIEW)
_Key = tuple[str, tuple[str, ...], tuple[str, ...], Queue | None, Campaign | None]
"""Of a row of one leg: its source, its divisions, its leg's divisions, its queue and its campaign."""
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

    def asked_channels(self, source: str) -> frozenset[Channel]:
        """What a source is asked for, whoever the viewer is, so that its answer serves everybody."""
        channels = self._remembered_asked.get(source)
        if channels is None:
            taken = self.deployment.sources[source].channels
            channels = self._remembered_asked[source] = frozenset(filter(self.deployment.licenses, taken))
        return channels

    def source_channels(self, source: str) -> tuple[Channel, ...]:
        """What a source reports and this viewer may see, in the order of the enum."""
        channels = self._remembered_open.get(source)
        if channels is None:
            found = self.channels & self.deployment.sources[source].channels if self.reaches(source) else ()
            channels = self._remembered_open[source] = tuple(c for c in Channel if c in found)
        return channels

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
        """The row as this viewer is shown it, or None; `record` is the one it hangs on. As `show_each`."""
        shown = self.show_each(record.source, (row,), {row.record_id: record}, identifiers)
        return shown[0] if shown else None

    def show_each(
        self,
        source: str,
        rows: Iterable[Interaction],
        records: Mapping[str, Record],
        identifiers: Sequence[Identifier] = (),
    ) -> list[Shown]:
        """Of a source's rows, those that this viewer is shown, as they are shown; `records`: what they hang on, by id.

        `identifiers` are those that the viewer knows the customer by, so that none of them survives in a name, an
        externalId or a url when it is masked.
        """
        taken = self._taken(source)
        visible = {id_ for id_, record in records.items() if record.source == source and self.sees_record(record)}
        shown = []
        for row in rows:
            if row.channel not in taken or row.source != source or row.record_id not in visible:
                continue
            legs = row.legs
            one = self._show_whole(row, legs[0] if legs else None) if len(legs) <= 1 else None
            if one is None:
                one = self._look_closer(row, identifiers)
            if one is not None:
                shown.append(one)
        return shown

    def _look_closer(self, row: Interaction, identifiers: Sequence[Identifier]) -> Shown | None:
        row = in_order(row)
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
        queue, leg_divisions = (None, ()) if leg is None else (leg.queue, leg.division_ids)
        key = (row.source, row.division_ids, leg_divisions, queue, row.campaign)
        try:
            divisions = self._remembered_wholes[key]
        except KeyError:
            divisions = self._divisions_of_whole(row, leg, key)
        if divisions is None:
            return None
        wrapped_up = row.wrap_up_codes or (leg is not None and leg.wrap_up_codes)
        return Shown(
            row,
            Position(row.started_at, row.source, row.external_id),
            queue,
            None if leg is None else leg.agent,
            wrap_ups(row, [WHOLE]) if wrapped_up else (),
            divisions,
        )

    def _divisions_of_whole(self, row: Interaction, leg: Leg | None, key: _Key) -> tuple[str, ...] | None:
        own = self._sight(row.source, row.division_ids)
        sight = self._sight(row.source, leg.division_ids) if leg is not None and leg.division_ids else own
        whole = sight.whole and (own.whole or not row.division_ids)
        if whole and self.viewer.active is not None:
            whole = self._leg_on_profile(row, leg, self.viewer.active)
        if len(self._remembered_wholes) >= MAX_REMEMBERED:
            self._remembered_wholes.clear()
        divisions = self._remembered_wholes[key] = sight.divisions if whole else None
        return divisions

    def _sights(self, row: Interaction) -> list[Sight]:
        """One a leg, in their order; a row without legs is one leg."""
        legs: Sequence[Leg | None] = row.legs or (None,)
        on_profile = self._legs_on_profile(row)
        return [
            self._sight(row.source, leg.division_ids if leg and leg.division_ids else row.division_ids)
            if on_profile[index]
            else BLIND
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

    def _redact(self, row: Interaction, sights: list[Sight], identifiers: Sequence[Identifier]) -> Shown:
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
                address=row.address if pii or row.address is None else masked_address(row.address),
                outcome=row.outcome if last.divisions else None,
                score=row.score if last.divisions else None,
                campaign=told.campaign if first.divisions else None,
                preview=row.preview if first.event_type else None,
                legs=tuple(map(shown_leg, told.legs, sights)) if event_type else (),
                wrap_up_codes=row.wrap_up_codes if last.wrap_up else (),
                tags=self._shown_tags(row, sights),
                comments=tuple(c for c in told.comments if at_leg(row, sights, c.at).event_type),
                division_ids=own.vendor_divisions,
                details=shown_details(told, sights, event_type),
            )
        return Shown(
            shown,
            Position(row.started_at, row.source, row.external_id),
            queues[-1] if queues else None,
            agents[-1] if agents else None,
            wrap_ups(row, sights),
            tuple(dict.fromkeys(d for s in sights for d in s.divisions)),
            masked=not pii and row.address is not None,
        )

    def _shown_tags(self, row: Interaction, sights: list[Sight]) -> tuple[str, ...]:
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
                (shown if sight.wrap_up else withheld).update(words(code))
        for code in row.wrap_up_codes:
            (shown if sights[-1].wrap_up else withheld).update(words(code))
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
    def _remembered(self) -> dict[tuple[str, tuple[str, ...]], Sight]:
        return {}

    @cached_property
    def _remembered_asked(self) -> dict[str, frozenset[Channel]]:
        return {}

    @cached_property
    def _remembered_open(self) -> dict[str, tuple[Channel, ...]]:
        return {}

    @cached_property
    def _remembered_wholes(self) -> dict[_Key, tuple[str, ...] | None]:
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

    def _sight(self, source: str, vendor_divisions: tuple[str, ...]) -> Sight:
        key = (source, vendor_divisions)
        sight = self._remembered.get(key)
        if sight is None:
            sight = self._remembered[key] = self._judge_divisions(source, vendor_divisions)
        return sight

    def _judge_divisions(self, source: str, vendor_divisions: tuple[str, ...]) -> Sight:
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
        return Sight(visible, seen, all(held) and seen == vendor_divisions, *held)


def _nearest(services: list[set[T]]) -> list[set[T]]:
    """A leg without services takes the nearest earlier leg's, else the nearest later's."""
    filled: list[set[T]] = []
    before: set[T] = set()
    for own in services:
        before = own or before
        filled.append(before)
    first_known = next((own for own in filled if own), set())
    return [own or first_known for own in filled]
