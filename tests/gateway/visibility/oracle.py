"""The rule of VISIBILITY.md written a second time: plain, slow, sentence by sentence, sharing nothing with the product.

Comments quote the sentence that each line transcribes. Nothing here is clever: where the product folds, caches or stops
early, this walks every leg, every division and every identifier again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from connectors.interaction import (
    Agent,
    CallDetails,
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
from gateway.deployment import Deployment
from gateway.viewer.viewer import Viewer, ViewerKind
from tests.gateway.visibility.oracle_masks import (
    address_identifiers,
    emptied,
    emptied_url,
    masked_address,
    masked_value,
    named,
    without_secret_names,
)

EVENT = "journey:event:view"
SESSION = "externalContacts:session:view"
EVENT_TYPE = "journey:eventType:view"
QUEUE = "routing:queue:search"
WRAP_UP = "routing:wrapupCode:view"
PII = "customer:pii:view"

CHANNELS_OF_MODULE = {
    "JOURNEY": "VOICE CALLBACK VIDEO FAX",
    "SUPPORT": "TICKET EMAIL",
    "SURVEYS": "SURVEY",
    "WEB_WIDGET": "CHAT WEB_MESSAGING COBROWSE",
    "WHATSAPP": "WHATSAPP",
    "SOCIAL": "SMS LINE X FACEBOOK INSTAGRAM TELEGRAM APPLE_MESSAGES",
    "CAMPAIGNS": "CAMPAIGN",
    "WEB_TRACKING": "WEB KNOWLEDGE",
    "OTHER": "IN_PERSON OTHER",
}
MODULE_OF_CHANNEL = {channel: module for module, channels in CHANNELS_OF_MODULE.items() for channel in channels.split()}

WITHHELD_FIELDS = {
    EVENT_TYPE: (
        "Interaction.legs",
        "Interaction.preview",
        "Interaction.comments",
        "NpsAnswer.comment",
        "Conversation.messages",
        "WebVisit.events",
        "SurveyResponse.answers",
        "Call.waitSeconds",
        "Call.talkSeconds",
        "Call.holdSeconds",
    ),
    QUEUE: ("Interaction.queue", "Leg.queue", "JourneyFacets.queues"),
    WRAP_UP: ("Interaction.wrapUpCodes",),
    PII: ("Customer.identifiers", "Interaction.address"),
}


@dataclass(frozen=True)
class Expected:
    """What `Shown` must say; `divisions` without an order."""

    row: Interaction
    position: tuple[datetime, str, str]
    queue: Queue | None
    agent: Agent | None
    wrap_up_codes: tuple[WrapUpCode, ...]
    divisions: frozenset[str]
    masked: bool


@dataclass(frozen=True)
class JudgedLeg:
    """`stands_for_row`: the one leg of an interaction that has none of its own. `seen_in`: empty when hidden."""

    leg: Leg
    stands_for_row: bool
    seen_in: frozenset[str]


@dataclass(frozen=True)
class Oracle:
    deployment: Deployment
    viewer: Viewer

    # ------------------------------------------------------------------ 1. A viewer

    def held_in(self, permission: str, division: str) -> bool:
        """«Its grants (permission @ divisions, or @ every one) ... Unknown role, profile, division: nothing.»"""
        scope = self.viewer.grants.get(permission)
        if scope is None:
            return False
        if scope.everywhere:
            return True
        return division in self.deployment.divisions and division in scope.divisions

    def held_anywhere(self, permission: str) -> bool:
        scope = self.viewer.grants.get(permission)
        if scope is None:
            return False
        return scope.everywhere or any(self.held_in(permission, division) for division in self.deployment.divisions)

    def on_profile(self, channel: Channel) -> bool:
        """«An AGENT with none reaches nothing; anyone else with none is not narrowed by channel and service.»"""
        if self.viewer.active is None:
            return self.viewer.kind is not ViewerKind.AGENT
        return channel in self.viewer.active.channels

    def licensed(self, channel: Channel) -> bool:
        """«2.1. Licence: the module of its channel is on. ... Nothing shows without JOURNEY.»"""
        return "JOURNEY" in self.deployment.modules and MODULE_OF_CHANNEL[channel] in self.deployment.modules

    def source_channels(self, source: str) -> frozenset[Channel]:
        """The configured channels of a source that are licensed and on the profile."""
        rules = self.deployment.sources.get(source)
        if rules is None:
            return frozenset()
        return frozenset(c for c in rules.channels if self.licensed(c) and self.on_profile(c))

    def reaches(self, source: str) -> bool:
        """«A source is in reach when the viewer holds `journey:event:view` anywhere and one of its configured
        channels is licensed and on the profile; else it gives no rows and appears nowhere.»"""
        return self.held_anywhere(EVENT) and bool(self.source_channels(source))

    # ------------------------------------------------------------------ 2. A row is visible when all four hold

    def record_divisions(self, record: Record) -> frozenset[str]:
        rules = self.deployment.sources[record.source]
        return frozenset(rules.division(vendor_id) for vendor_id in record.division_ids)

    def sees_record(self, record: Record) -> bool:
        """«2.3. Record: the source's contact it hangs on is in reach and has no division, or one with
        `externalContacts:session:view`.»"""
        if not self.reaches(record.source):
            return False
        divisions = self.record_divisions(record)
        return not divisions or any(self.held_in(SESSION, division) for division in divisions)

    def leg_divisions(self, row: Interaction, leg: Leg) -> frozenset[str]:
        """«Divisions of a leg: its own, else the interaction's, else its source's by configuration (`*`: every), else
        the home division.»"""
        rules = self.deployment.sources[row.source]
        if leg.division_ids:
            return frozenset(rules.division(vendor_id) for vendor_id in leg.division_ids)
        if row.division_ids:
            return frozenset(rules.division(vendor_id) for vendor_id in row.division_ids)
        if "*" in rules.divisions:
            return self.deployment.divisions
        if rules.divisions:
            return frozenset(rules.divisions)
        return frozenset({self.deployment.home_division})

    def own_services(self, row: Interaction, legs: list[Leg], index: int) -> frozenset[tuple[str, str]]:
        """«Services: its queue, and for the first leg the campaign.» As ("queue" or "campaign", name)."""
        rules = self.deployment.sources[row.source]
        services = set()
        queue = legs[index].queue
        if queue is not None:
            services.add(("queue", rules.service(queue)))
        if index == 0 and row.campaign is not None:
            services.add(("campaign", rules.campaign(row.campaign)))
        return frozenset(services)

    def leg_services(self, row: Interaction, legs: list[Leg], index: int) -> frozenset[tuple[str, str]]:
        """«A leg with none takes the nearest earlier leg's, else the nearest later's.»"""
        for candidate in [index, *range(index - 1, -1, -1), *range(index + 1, len(legs))]:
            services = self.own_services(row, legs, candidate)
            if services:
                return services
        return frozenset()

    def service_allowed(self, services: frozenset[tuple[str, str]]) -> bool:
        """«Its services are unknown or one is on the profile.» «Profiles list queues and campaigns.»"""
        profile = self.viewer.active
        if profile is None or not services:
            return True
        return any(name in (profile.queues if kind == "queue" else profile.campaigns) for kind, name in services)

    def judged_legs(self, row: Interaction) -> list[JudgedLeg]:
        """«Legs go by start; an interaction without any is one leg.»

        «2.4. Leg: one leg is visible: both `journey:event:view` and `externalContacts:session:view` are held in one of
        its divisions, and its services are unknown or one is on the profile.»"""
        legs = sorted(row.legs, key=lambda leg: leg.started_at) or [Leg(started_at=row.started_at)]
        judged = []
        for index, leg in enumerate(legs):
            seen_in = frozenset(
                division
                for division in self.leg_divisions(row, leg)
                if self.held_in(EVENT, division) and self.held_in(SESSION, division)
            )
            if not self.service_allowed(self.leg_services(row, legs, index)):
                seen_in = frozenset()
            judged.append(JudgedLeg(leg, not row.legs, seen_in))
        return judged

    def visible(self, row: Interaction, record: Record) -> bool:
        return (
            self.reaches(row.source)
            and row.channel in self.deployment.sources[row.source].channels
            and self.licensed(row.channel)
            and self.on_profile(row.channel)
            and self.sees_record(record)
            and any(leg.seen_in for leg in self.judged_legs(row))
        )

    # ------------------------------------------------------------------ 3. A field is withheld without

    def counts_for_leg(self, permission: str, leg: JudgedLeg) -> bool:
        """«It counts for a leg if held in a division where that leg is visible.»"""
        return any(self.held_in(permission, division) for division in leg.seen_in)

    def counts_for_row(self, permission: str, legs: list[JudgedLeg]) -> bool:
        """«... for the row, if for any leg.»"""
        return any(self.counts_for_leg(permission, leg) for leg in legs)

    def counts_for_identifier(self, identifier: Identifier, records: Sequence[Record]) -> bool:
        """«... for an identifier, if in a division of a visible record carrying it (undivided: anywhere).»"""
        for record in records:
            if not self.sees_record(record) or identifier not in carried_by(record):
                continue
            divisions = self.record_divisions(record)
            if not divisions and self.held_anywhere(PII):
                return True
            if any(self.held_in(PII, division) for division in divisions):
                return True
        return False

    def show(self, row: Interaction, record: Record, identifiers: Sequence[Identifier]) -> Expected | None:
        if not self.visible(row, record):
            return None
        legs = self.judged_legs(row)
        pii = self.counts_for_row(PII, legs)
        secrets = [] if pii else [*identifiers, *address_identifiers(row.address)]
        shown = replace(
            row,
            # «A name, externalId or url holding one is emptied.»
            external_id=emptied(row.external_id, secrets),
            url=emptied_url(row.url, secrets),
            # «Outcome, score and wrap-ups of no leg follow the last leg; campaign and preview the first.»
            outcome=row.outcome if legs[-1].seen_in else None,
            score=row.score if legs[-1].seen_in else None,
            wrap_up_codes=row.wrap_up_codes if self.counts_for_leg(WRAP_UP, legs[-1]) else (),
            campaign=row.campaign if legs[0].seen_in else None,
            preview=row.preview if self.counts_for_leg(EVENT_TYPE, legs[0]) else None,
            legs=self.shown_legs(row, legs),
            tags=self.shown_tags(row, legs),
            comments=tuple(c for c in row.comments if self.said_shown(c.at, legs)),
            details=self.shown_details(row.details, legs),
            address=row.address if row.address is None or pii else masked_address(row.address),
            division_ids=self.shown_division_ids(row, row.division_ids),
        )
        return Expected(
            row=without_secret_names(shown, secrets),
            position=(row.started_at, row.source, row.external_id),
            queue=named(self.last_queue(legs), secrets),
            agent=named(last_agent(legs), secrets),
            wrap_up_codes=self.all_wrap_ups(row, legs),
            divisions=divisions_of(legs),
            masked=row.address is not None and not pii,
        )

    def shown_legs(self, row: Interaction, legs: list[JudgedLeg]) -> tuple[Leg, ...]:
        """«`journey:eventType:view`: legs». «A hidden leg keeps times and kind; its queue, agent, divisions, wrap-ups
        ... go.» A leg that the permission doesn't count for shows no more of itself than a hidden one."""
        if legs[0].stands_for_row or not self.counts_for_row(EVENT_TYPE, legs):
            return ()
        shown = []
        for judged in legs:
            leg = judged.leg
            bare = Leg(started_at=leg.started_at, ended_at=leg.ended_at, kind=leg.kind)
            if judged.seen_in and self.counts_for_leg(EVENT_TYPE, judged):
                bare = replace(
                    bare,
                    agent=leg.agent,
                    # «`routing:queue:search`: queue, legs[].queue»
                    queue=leg.queue if self.counts_for_leg(QUEUE, judged) else None,
                    wrap_up_codes=leg.wrap_up_codes if self.counts_for_leg(WRAP_UP, judged) else (),
                    division_ids=self.shown_division_ids(row, leg.division_ids),
                )
            shown.append(bare)
        return tuple(shown)

    def shown_division_ids(self, row: Interaction, vendor_ids: tuple[str, ...]) -> tuple[str, ...]:
        """A division that the viewer may see nothing in goes from wherever it is named."""
        rules = self.deployment.sources[row.source]
        return tuple(
            vendor_id
            for vendor_id in vendor_ids
            if self.held_in(EVENT, rules.division(vendor_id)) and self.held_in(SESSION, rules.division(vendor_id))
        )

    def leg_queue(self, judged: JudgedLeg) -> Queue | None:
        return judged.leg.queue if self.counts_for_leg(QUEUE, judged) else None

    def leg_wrap_ups(self, judged: JudgedLeg) -> tuple[WrapUpCode, ...]:
        return judged.leg.wrap_up_codes if self.counts_for_leg(WRAP_UP, judged) else ()

    def last_queue(self, legs: list[JudgedLeg]) -> Queue | None:
        """«`queue` and `agent` are the last shown.»"""
        last = None
        for judged in legs:
            last = self.leg_queue(judged) or last
        return last

    def all_wrap_ups(self, row: Interaction, legs: list[JudgedLeg]) -> tuple[WrapUpCode, ...]:
        """Oldest first: by time where every one shown tells it, else in the order of the legs, the row's own last."""
        shown: list[WrapUpCode] = []
        for judged in legs:
            shown.extend(self.leg_wrap_ups(judged))
        if self.counts_for_leg(WRAP_UP, legs[-1]):
            shown.extend(row.wrap_up_codes)
        if any(code.at is None for code in shown):
            return tuple(shown)
        return tuple(sorted(shown, key=lambda code: code.at or row.started_at))

    def shown_tags(self, row: Interaction, legs: list[JudgedLeg]) -> tuple[str, ...]:
        """«A tag equal to a withheld queue or wrap-up goes.» Equal to its id, its name or the service it stands for, in
        any case. One that is also shown is withheld no more."""
        rules = self.deployment.sources[row.source]
        withheld: set[str] = set()
        shown: set[str] = set()
        for judged in legs:
            if judged.leg.queue is not None:
                (shown if self.leg_queue(judged) else withheld).update(
                    {judged.leg.queue.id, judged.leg.queue.name, rules.service(judged.leg.queue)}
                )
            for code in judged.leg.wrap_up_codes:
                (shown if self.leg_wrap_ups(judged) else withheld).update(wrap_up_words(code))
        for code in row.wrap_up_codes:
            (shown if self.counts_for_leg(WRAP_UP, legs[-1]) else withheld).update(wrap_up_words(code))
        gone = {word.casefold() for word in withheld} - {word.casefold() for word in shown}
        return tuple(tag for tag in row.tags if tag.casefold() not in gone)

    def said_shown(self, at: datetime | None, legs: list[JudgedLeg]) -> bool:
        """Whether a comment or message is: "theirs is the last leg begun by then, else the first"."""
        theirs = legs[0]
        for judged in legs:
            if at is not None and judged.leg.started_at <= at:
                theirs = judged
        return self.counts_for_leg(EVENT_TYPE, theirs)

    def shown_details(self, details: Details | None, legs: list[JudgedLeg]) -> Details | None:
        """«`journey:eventType:view`: ... messages, web events, answers, wait/talk/hold seconds»."""
        if isinstance(details, ConversationDetails):
            return replace(details, messages=tuple(m for m in details.messages if self.said_shown(m.at, legs)))
        if self.counts_for_row(EVENT_TYPE, legs):
            return details
        if isinstance(details, CallDetails):
            return replace(details, wait_seconds=None, talk_seconds=None, hold_seconds=None)
        if isinstance(details, SurveyDetails):
            return replace(details, answers=())
        if isinstance(details, WebVisitDetails):
            return replace(details, events=())
        return details

    # ------------------------------------------------------------------ the customer

    def visible_identifiers(self, records: Sequence[Record]) -> list[Identifier]:
        """«Names, identifiers, evidence, divisions come from visible records.»"""
        return [identifier for record in records if self.sees_record(record) for identifier in carried_by(record)]

    def show_identifier(self, identifier: Identifier, records: Sequence[Record]) -> tuple[str, bool] | None:
        """(value, masked), or None when no visible record carries it."""
        if not any(self.sees_record(record) and identifier in carried_by(record) for record in records):
            return None
        if self.counts_for_identifier(identifier, records):
            return identifier.value, False
        return masked_value(identifier.kind, identifier.value), True

    def show_name(self, records: Sequence[Record]) -> str | None:
        """BEHAVIOUR.md: «`displayName`: of the first configured source that has one»; emptied when it holds one of the
        customer's identifiers that this viewer does not see whole. One that only hidden records carry is no identifier
        of this customer to them: «Hidden means absent.»"""
        secrets = [
            identifier
            for identifier in self.visible_identifiers(records)
            if not self.counts_for_identifier(identifier, records)
        ]
        for source in self.deployment.sources:
            for record in sorted(records, key=lambda record: record.id):
                if record.source == source and record.name and self.sees_record(record):
                    return emptied(record.name, secrets) or None
        return None

    # ------------------------------------------------------------------ withheld

    def withheld(self) -> frozenset[tuple[str, str]]:
        """«`withheld` names what the viewer lacks in any of their divisions, whatever the data.» Theirs are those that
        they hold anything in; who has none lacks everything."""
        lacking: set[tuple[str, str]] = set()
        for permission, fields in WITHHELD_FIELDS.items():
            theirs = [
                division
                for division in [*self.deployment.divisions, "one that nobody configured"]
                if any(self.held_in(held, division) for held in self.viewer.grants)
            ]
            if not theirs or any(not self.held_in(permission, division) for division in theirs):
                lacking.update((field, permission) for field in fields)
        return frozenset(lacking)


def carried_by(record: Record) -> list[Identifier]:
    return [held.identifier for held in record.identifiers]


def divisions_of(legs: list[JudgedLeg]) -> frozenset[str]:
    return frozenset(division for leg in legs for division in leg.seen_in)


def last_agent(legs: list[JudgedLeg]) -> Agent | None:
    last = None
    for judged in legs:
        if judged.seen_in:
            last = judged.leg.agent or last
    return last


def wrap_up_words(code: WrapUpCode) -> set[str]:
    return {code.code, code.label, *code.levels}
