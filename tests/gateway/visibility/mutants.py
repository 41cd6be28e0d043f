"""Bugs to plant in a copy of the rule, each one line of its source."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import getsource
from types import ModuleType

from gateway import masking, redaction, visibility

RULE, PARTS, MASKS = visibility, redaction, masking


@dataclass(frozen=True)
class Mutant:
    """`leaks`: what it shows depends on hidden data, so two rows that differ only there come out differently."""

    name: str
    line: str
    planted: str
    module: ModuleType = RULE
    leaks: bool = False


@contextmanager
def planted(mutant: Mutant) -> Iterator[ModuleType]:
    """`gateway.visibility` with the bug in it, under a name of its own."""
    source = getsource(mutant.module)
    assert source.count(mutant.line) == 1, f"{mutant.name}: the rule has changed, so this bug must be planted anew"
    names = {MASKS: "mutant_masking", PARTS: "mutant_redaction", RULE: "mutant_visibility"}
    sources = {module: getsource(module) for module in names}
    sources[mutant.module] = source.replace(mutant.line, mutant.planted)
    for module in names:
        for used, name in names.items():
            sources[module] = sources[module].replace(f"from {used.__name__} import", f"from {name} import")
    modules = {module: ModuleType(name) for module, name in names.items()}
    sys.modules.update({module.__name__: module for module in modules.values()})
    try:
        for module in names:  # those that others use come first
            exec(compile(sources[module], names[module], "exec"), modules[module].__dict__)
        yield modules[RULE]
    finally:
        for name in names.values():
            del sys.modules[name]


MUTANTS = (
    # §1
    Mutant(
        "an agent without a profile sees everything",
        "            candidates = ()\n",
        "            candidates = Channel\n",
    ),
    Mutant(
        "nobody needs a licence",
        "frozenset(c for c in candidates if self.deployment.licenses(c))",
        "frozenset(candidates)",
    ),
    Mutant("a source answers without `journey:event:view`", "and bool(self._scope(EVENT_VIEW)) and not", "and not"),
    Mutant("a source needs no open channel", " and not self.channels.isdisjoint(rules.channels)", ""),
    Mutant("divisions that nobody configured count", "scope if scope.everywhere else scope & known", "scope"),
    # §2
    Mutant(
        "the profile's channels are not asked", "self.channels & rules.channels if rules", "rules.channels if rules"
    ),
    Mutant(
        "a channel taken from another source is shown twice",
        "self.channels & rules.channels if rules",
        "self.channels if rules",
    ),
    Mutant(
        "quick: withheld parts are not looked at",
        "whole = sight.whole and (own",
        "whole = bool(sight.divisions) and (own",
    ),
    Mutant(
        "quick: a row's own divisions are not looked at",
        "sight.whole and (own.whole or not row.division_ids)",
        "sight.whole",
    ),
    Mutant(
        "quick: services are not looked at",
        "if whole and self.viewer.active is not None:",
        "if False and self.viewer.active is not None:",
    ),
    Mutant(
        "quick: a verdict goes for every queue",
        "leg_divisions, queue, row.campaign)",
        "leg_divisions, None, row.campaign)",
    ),
    Mutant(
        "quick: a verdict goes for every campaign", "leg_divisions, queue, row.campaign)", "leg_divisions, queue, None)"
    ),
    Mutant(
        "quick: a verdict goes for every division", "key = (row.source, row.division_ids, ", "key = (row.source, (), "
    ),
    Mutant(
        "quick: a verdict goes for every leg's division",
        "row.division_ids, leg_divisions, queue",
        "row.division_ids, (), queue",
    ),
    Mutant("quick: a verdict goes for every source", "key = (row.source, row", 'key = ("", row'),
    Mutant(
        "quick: a campaign opens everything",
        "row.campaign is not None and rules.campaign(row.campaign) in profile.campaigns\n        )",
        "row.campaign is not None\n        )",
    ),
    Mutant(
        "quick: a leg's own divisions are not looked at",
        "if leg is not None and leg.division_ids else own",
        "if False else own",
    ),
    Mutant("the record is not asked", " and self.sees_record(record)}", "}"),
    Mutant("rows of records that are not there are shown", " or row.record_id not in visible:", ":"),
    Mutant(
        "a record without a division is hidden",
        "                not record.division_ids or any(",
        "                any(",
    ),
    Mutant(
        "a record needs every one of its divisions",
        "or any(self._session.holds(d) for d in self._record_divisions(record))",
        "or all(self._session.holds(d) for d in self._record_divisions(record))",
    ),
    Mutant(
        "every leg must be visible",
        "if not any(sight.divisions for sight in sights):",
        "if not all(sight.divisions for sight in sights):",
    ),
    Mutant(
        "a leg's own divisions are forgotten",
        "leg.division_ids if leg and leg.division_ids else row.division_ids",
        "row.division_ids",
    ),
    Mutant(
        "the row's divisions are forgotten",
        "leg.division_ids if leg and leg.division_ids else row.division_ids",
        "leg.division_ids if leg else row.division_ids",
    ),
    Mutant("`*` is only the home division", "sorted(self.deployment.divisions)", "[self.deployment.home_division]"),
    Mutant(
        "a source's divisions are forgotten",
        "rules.divisions or (self.deployment.home_division,)",
        "(self.deployment.home_division,)",
    ),
    Mutant("one of the two permissions is enough", "EVENT_VIEW) & self._session", "EVENT_VIEW) | self._session"),
    Mutant(
        "vendors' divisions are taken as ours",
        "[rules.division(vendor_id) for vendor_id in vendor_divisions]",
        "vendor_divisions",
    ),
    Mutant("legs keep a connector's order", "row = in_order(row)", "pass"),
    Mutant(
        "services are not asked",
        "if profile is None:\n            return [True]",
        "if True:\n            return [True]",
    ),
    Mutant("a leg of unknown service is hidden", "return [not known or True in known", "return [True in known"),
    Mutant("every service must be on the profile", "not known or True in known", "False not in known"),
    Mutant(
        "campaigns are looked up among queues",
        "in profile.campaigns)\n        return [",
        "in profile.queues)\n        return [",
    ),
    Mutant("the campaign belongs to the last leg", "found[0].add(", "found[-1].add("),
    Mutant("a leg takes no service of an earlier one", "before = own or before", "before = own"),
    Mutant("a leg takes no service of a later one", "[own or first_known for own in filled]", "filled"),
    # §3, what counts where
    Mutant(
        "a permission held anywhere counts",
        "any(map(self._scope(permission).holds, visible))",
        "bool(visible and self._scope(permission))",
    ),
    Mutant(
        "a permission counts in divisions where the leg is hidden",
        "any(map(self._scope(permission).holds, visible))",
        "bool(visible) and any(map(self._scope(permission).holds, candidates))",
        leaks=True,
    ),
    Mutant("the row's permissions must count for every leg", "event_type = any(s.", "event_type = all(s."),
    Mutant("personal data needs every leg", "pii = any(s.pii", "pii = all(s.pii"),
    # §3, fields
    Mutant(
        "legs are shown without `journey:eventType:view`",
        " if event_type else (),\n                wrap",
        ",\n                wrap",
    ),
    Mutant("a hidden leg keeps all", "    if not sight.event_type:\n", "    if False:\n", module=PARTS, leaks=True),
    Mutant(
        "a hidden leg is dropped",
        "tuple(map(shown_leg, told.legs, sights))",
        "tuple(shown_leg(l, s) for l, s in zip(told.legs, sights) if s.divisions)",
    ),
    Mutant(
        "a leg shows its queue anyway",
        "queue=leg.queue if sight.queue else None",
        "queue=leg.queue",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "a leg shows its wrap-ups anyway",
        "wrap_up_codes=leg.wrap_up_codes if sight.wrap_up else ()",
        "wrap_up_codes=leg.wrap_up_codes",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "a leg names divisions that are hidden",
        "sight.vendor_divisions if leg.division_ids else ()",
        "leg.division_ids",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "the row names divisions that are hidden",
        "division_ids=own.vendor_divisions",
        "division_ids=row.division_ids",
        leaks=True,
    ),
    Mutant("a whole sight forgets hidden divisions", "all(held) and seen == vendor_divisions", "all(held)", leaks=True),
    Mutant(
        "the row's own divisions are not asked",
        "all(s.whole for s in sights) and (own.whole or not row.division_ids)",
        "all(s.whole for s in sights)",
        leaks=True,
    ),
    Mutant("the queue of a hidden leg is the last", "is not None and s.queue]", "is not None]", leaks=True),
    Mutant("the agent of a hidden leg is the last", "is not None and s.divisions]", "is not None]", leaks=True),
    Mutant("the first queue is taken for the last", "queues[-1] if queues", "queues[0] if queues"),
    Mutant("the first agent is taken for the last", "agents[-1] if agents", "agents[0] if agents"),
    Mutant("the agent needs `journey:eventType:view`", "is not None and s.divisions]", "is not None and s.event_type]"),
    Mutant(
        "the outcome follows the first leg",
        "row.outcome if last.divisions",
        "row.outcome if first.divisions",
        leaks=True,
    ),
    Mutant("the score follows any leg", "row.score if last.divisions", "row.score if True", leaks=True),
    Mutant(
        "the campaign follows the last leg",
        "told.campaign if first.divisions",
        "told.campaign if last.divisions",
        leaks=True,
    ),
    Mutant("the preview follows any leg", "row.preview if first.event_type", "row.preview if event_type", leaks=True),
    Mutant(
        "the preview needs no permission",
        "row.preview if first.event_type",
        "row.preview if first.divisions",
        leaks=True,
    ),
    Mutant(
        "wrap-ups of no leg follow the first leg",
        "row.wrap_up_codes if last.wrap_up",
        "row.wrap_up_codes if first.wrap_up",
        leaks=True,
    ),
    Mutant("wrap-ups of hidden legs are listed", " if s.wrap_up for code", " for code", module=PARTS, leaks=True),
    Mutant("comments need only some leg", "if at_leg(row, sights, c.at).event_type", "if event_type", leaks=True),
    Mutant(
        "messages need only some leg",
        "if at_leg(row, sights, m.at).event_type",
        "if event_type",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "a comment at the start of a leg is before it",
        "if leg.started_at <= at:",
        "if leg.started_at < at:",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "a comment before every leg is the last one's",
        "found = sights[0]\n",
        "found = sights[-1]\n",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "calls keep their seconds",
        "details if event_type else CallDetails(answered_at=details.answered_at)",
        "details",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "surveys keep their answers",
        "details if event_type else msgspec.structs.replace(details, answers=())",
        "details",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "visits keep their events",
        "details if event_type else msgspec.structs.replace(details, events=())",
        "details",
        module=PARTS,
        leaks=True,
    ),
    Mutant(
        "tags give withheld queues away", "(shown if sight.queue else withheld).update(", "shown.update(", leaks=True
    ),
    Mutant(
        "tags give withheld wrap-ups away",
        "(shown if sight.wrap_up else withheld).update(",
        "shown.update(",
        leaks=True,
    ),
    Mutant(
        "tags give the row's withheld wrap-ups away",
        "(shown if sights[-1].wrap_up else withheld).update(",
        "shown.update(",
        leaks=True,
    ),
    Mutant("a tag goes though its queue is shown", "gone = withheld - shown", "gone = withheld", leaks=True),
    # §3, `customer:pii:view`
    Mutant(
        "addresses are never masked",
        "row.address if pii or row.address is None else",
        "row.address if True else",
        leaks=True,
    ),
    Mutant("a masked address does not say so", "masked=not pii and row.address is not None", "masked=False"),
    Mutant(
        "an address may be spelled out in a link",
        "tuple(identifiers) if used is None or used in identifiers else (*identifiers, used)",
        "tuple(identifiers)",
    ),
    Mutant(
        "identifiers may be spelled out in a link",
        "tuple(identifiers) if used is None or used in identifiers else (*identifiers, used)",
        "(used,) if used else ()",
        leaks=True,
    ),
    Mutant(
        "hidden records lend the customer identifiers",
        "for r in records if self.sees_record(r) for h in r.identifiers",
        "for r in records for h in r.identifiers",
    ),
    Mutant(
        "an identifier of a hidden record is shown",
        "r for r in records if self.sees_record(r) and any(",
        "r for r in records if any(",
    ),
    Mutant(
        "personal data held anywhere counts for identifiers", " if record.division_ids else bool(pii)", " or bool(pii)"
    ),
    Mutant(
        "the name comes from hidden records too",
        "sorted((r for r in records if self.sees_record(r)), key",
        "sorted((r for r in records if self.reaches(r.source)), key",
    ),
    Mutant("the name comes from the last source", "(order[r.source], r.id))", "(-order[r.source], r.id))"),
    Mutant(
        "a name may spell out a masked identifier",
        "return None if hidden.within(named.name) else named.name",
        "return named.name",
    ),
    Mutant(
        "`withheld` knows only what is held nowhere",
        "mine.everywhere or not mine.divisions <= self._scope(p).divisions or not mine",
        "not self._scope(p)",
    ),
    Mutant("a phone shows three digits", "identifier.value[-2:]", "identifier.value[-3:]", MASKS, leaks=True),
    Mutant("an e-mail shows all of its name", "{local[0]}{MASK}", "{local}{MASK}", MASKS, leaks=True),
    Mutant(
        "WhatsApp numbers are no phones",
        "(IdentifierKind.PHONE, IdentifierKind.WHATSAPP)",
        "(IdentifierKind.PHONE,)",
        MASKS,
    ),
    Mutant("eight digits make a phone", "PHONE_TAIL_DIGITS = 7", "PHONE_TAIL_DIGITS = 8", MASKS),
    Mutant("capitals hide an identifier", "self._spelled(text.casefold())", "self._spelled(text)", MASKS),
    Mutant("percent signs hide an identifier", "text, encoded = unquote(text), text", "encoded = text", MASKS),
    Mutant("contact 7 blanks ticket 1073", "TELLING_LENGTH = 7", "TELLING_LENGTH = 1", MASKS),
    Mutant(
        "only the row itself is combed",
        "shown = spell_nothing_out(value, hidden) if value else value",
        "shown = value",
        MASKS,
    ),
    Mutant("links are not combed", ', "url": None}', "}", MASKS, leaks=True),
)
