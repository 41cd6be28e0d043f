"""Two companies that differ only in what one viewer may not see.

What may be seen is asked of the oracle: `entitled` says everything that this viewer may learn, and two companies are
twins when that is equal. Who is who is the deployment's (VISIBILITY.md §4), so links must be equal as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from msgspec.structs import replace as with_fields

from connectors.interaction import HeldIdentifier, Identifier, Interaction, Record
from gateway.customers.identity import Cluster, shared_identifiers
from tests.gateway.visibility.oracle_masks import holds
from tests.gateway.visibility.twins import a_twin, with_hidden_divisions
from tests.gateway.visibility.worlds import CAMPAIGNS, Case, World, a_text, some
from tests.gateway.worlds.company import (
    FAMILY,
    FAULTS,
    GIVEN,
    Company,
    a_company,
    a_record,
    a_row,
    new_id,
    some_identifiers,
    with_record,
)

HIDDEN_NAMES = ("Rosa Segreta", "Livia Conti", "Marta Neri")
MAX_ROWS = 40


@dataclass(frozen=True)
class Pair:
    """The same viewer's two worlds; `one` is what was made up first."""

    seed: str
    one: Company
    other: Company


def pairs(seed: str) -> Iterator[Pair]:
    """Without end; the same ones for the same seed."""
    number = 0
    while True:
        name = f"{seed}/{number}"
        number += 1
        pair = a_pair(Random(name), name)
        if pair is not None:
            yield pair


def a_pair(random: Random, name: str) -> Pair | None:
    one = a_company(random)
    if not any(is_visible(one, row) for row in one.rows) and random.random() < 0.8:
        return None  # who sees nothing is told nothing: one in five of these is enough
    known = entitled(one)
    other = one
    for change in random.choices(OF_ROWS, k=2) + random.choices(OF_RECORDS, k=4):
        changed = change(random, other)
        if changed != other and entitled(changed) == known:
            other = changed
    return Pair(name, one, other) if other != one else None


# ------------------------------------------------------------------------ what a viewer may learn


def entitled(company: Company) -> dict[str, Any]:
    oracle = company.oracle
    clusters = company.clusters
    of_record = {(r.source, r.id): c for c in clusters for r in c.records}
    visible = {(r.source, r.id) for c in clusters for r in c.records if oracle.sees_record(r)}
    shared = shared_identifiers([r for c in clusters for r in c.records], company.identity)
    seen: dict[str, Any] = {"records": {}, "rows": {}, "faults": {}}
    for name, held in company.holdings.items():
        if oracle.reaches(name):
            seen["faults"][name] = (held.fault, held.pages_fail)
        for record in held.records:
            if (name, record.id) in visible:
                seen["records"][name, record.id] = shown_record(company, record, of_record[name, record.id], shared)
        for row in held.rows:
            found = company.record_of(row)
            if found is not None and (name, found.id) in visible:
                identifiers = shown_identifiers(company, of_record[name, found.id])
                shown = oracle.show(row, found, identifiers)
                if shown is not None:
                    seen["rows"][name, row.external_id] = shown
    return seen


def shown_record(company: Company, record: Record, person: Cluster, shared: frozenset[Identifier]) -> object:
    oracle = company.oracle
    visible = [r for r in person.records if oracle.sees_record(r)]
    profile = company.viewer.active
    return {
        "person": person.handle,
        "with": sorted((r.source, r.id) for r in visible),
        "name": oracle.show_name(visible),
        "own name": oracle.show_name([record]),
        "identifiers": [(held, oracle.show_identifier(held.identifier, visible)) for held in record.identifiers],
        "own identifiers": [oracle.show_identifier(held.identifier, [record]) for held in record.identifiers],
        "linking": sorted(i for i in person.linking if any(h.identifier == i for r in visible for h in r.identifiers)),
        "shared": [held.identifier in shared for held in record.identifiers],
        "since": record.since,
        "campaigns": [c for c in record.campaigns if profile is None or f"{record.source}/{c.id}" in profile.campaigns],
    }


def owners(company: Company) -> dict[Identifier, list[tuple[str, str]]]:
    """Whose every id that this deployment may have given is: visible records alone."""
    oracle = company.oracle
    return {
        identifier: sorted((r.source, r.id) for r in person.records if oracle.sees_record(r))
        for person in company.clusters
        for identifier in (*person.linking, person.handle)
    }


def shown_identifiers(company: Company, person: Cluster) -> list[Identifier]:
    oracle = company.oracle
    return [i for i in person.identifiers if oracle.show_identifier(i, person.records) is not None]


# ------------------------------------------------------------------------ what may change behind a viewer's back

Change = Callable[[Random, Company], Company]


def other_hidden_rows(random: Random, company: Company) -> Company:
    """Some of the hidden rows go, and others come."""
    for name, held in company.holdings.items():
        visible = [row for row in held.rows if is_visible(company, row)]
        rows = visible + [row for row in held.rows if row not in visible and random.random() < 0.5]
        for _ in range(random.choice([0, 3, 9]) if held.records else 0):
            row = a_row(random, company, random.choice(held.records), (*rows, *held.rows))
            if not is_visible(company, row) and len(rows) < MAX_ROWS:
                rows.append(row)
        company = company.with_source(name, rows=tuple(rows))
    return company


def is_visible(company: Company, row: Interaction) -> bool:
    record = company.record_of(row)
    return record is not None and company.oracle.visible(row, record)


def other_hidden_fields(random: Random, company: Company) -> Company:
    """What visible rows keep from this viewer is made up again."""
    for name, held in company.holdings.items():
        company = company.with_source(name, rows=tuple(twin_of(random, company, row) for row in held.rows))
    return company


def twin_of(random: Random, company: Company, row: Interaction) -> Interaction:
    record = company.record_of(row)
    if record is None or not is_visible(company, row):
        return row
    person = next((c for c in company.clusters if record in c.records), None)
    if person is None:
        return row
    identifiers = shown_identifiers(company, person)
    case = Case(World(company.deployment, company.viewer, person.records), row, record)
    twin = a_twin(random, case, company.oracle)
    same = twin is not None and company.oracle.show(twin.row, record, identifiers) == company.oracle.show(
        row, record, identifiers
    )
    return twin.row if twin is not None and same else row


def other_hidden_record(random: Random, company: Company) -> Company:
    """A record that this viewer doesn't see says something else of its person."""
    hidden = [r for r in company.records if not company.oracle.sees_record(r)]
    if not hidden:
        return company
    record = random.choice(hidden)
    kept = tuple(held for held in record.identifiers if held.verified or random.random() < 0.8)
    own = {held.identifier for held in kept}
    names = [r.name for r in company.records if r.name and company.oracle.sees_record(r)]
    spelled = [i for i in anybodys() if any(holds(name, i) for name in names)]
    more = [
        HeldIdentifier(i, verified=False)
        for i in dict.fromkeys(
            (*some(random, spelled, 0.4), *some(random, anybodys(), random.choice([0, 0, 0.05, 0.1])))
        )
        if i not in own
    ]
    values = [held.identifier for held in record.identifiers]
    name = random.choice([*HIDDEN_NAMES, None])
    return with_changed(
        company,
        record,
        name=name and a_text(random, name, values),
        identifiers=(*kept, *more),
        campaigns=some(random, CAMPAIGNS, 0.3),
        since=None,
    )


def anybodys() -> list[Identifier]:
    return [i for number in (0, 1, 2, 3, 8, 9) for i in some_identifiers(number)]


def one_more_hidden_record(random: Random, company: Company) -> Company:
    source = random.choice(list(company.holdings))
    name = f"{random.choice(GIVEN)} {random.choice(FAMILY)}"
    own = some_identifiers(random.choice([0, 1, 2, 8]))
    record = a_record(random, source, f"{new_id(company)}-{random.randrange(1000)}", name, own, anybodys())
    unsure = [h.identifier for r in company.records for h in r.identifiers if not h.verified]
    if unsure and random.random() < 0.5:  # a stranger holds for certain what others merely carry
        held = (record.identifiers[0], HeldIdentifier(random.choice(unsure), verified=True))
        record = with_fields(record, identifiers=held)
    if company.oracle.sees_record(record):
        return company
    return with_record(company, record)


def one_fewer_hidden_record(random: Random, company: Company) -> Company:
    hidden = [r for r in company.records if not company.oracle.sees_record(r)]
    if not hidden:
        return company
    record = random.choice(hidden)
    held = company.holdings[record.source]
    return company.with_source(
        record.source,
        records=tuple(r for r in held.records if r is not record),
        rows=tuple(row for row in held.rows if row.record_id != record.id),
    )


def other_withheld_of_a_record(random: Random, company: Company) -> Company:
    """A visible record: divisions, campaigns and a name that this viewer isn't shown."""
    visible = [r for r in company.records if company.oracle.sees_record(r)]
    if not visible:
        return company
    record = random.choice(visible)
    profile = company.viewer.active
    beyond = [c for c in CAMPAIGNS if profile is not None and f"{record.source}/{c.id}" not in profile.campaigns]
    name = record.name
    if name is not None and company.oracle.show_name([record]) is None:
        name = a_text(random, random.choice(HIDDEN_NAMES), [h.identifier for h in record.identifiers])
    return with_changed(
        company,
        record,
        division_ids=with_hidden_divisions(random, record, company.oracle).division_ids,
        campaigns=tuple(dict.fromkeys((*record.campaigns, *some(random, beyond, 0.5)))),
        name=name,
    )


def source_out_of_reach(random: Random, company: Company) -> Company:
    """It answers differently, or not at all."""
    beyond = [name for name in company.holdings if not company.oracle.reaches(name)]
    if not beyond:
        return company
    name = random.choice(beyond)
    held = company.holdings[name]
    fault = random.choice([None, *FAULTS])
    company = company.with_source(name, fault=fault, pages_fail=fault is not None and random.random() < 0.5)
    rows = tuple(a_row(random, company, random.choice(held.records), ()) for _ in held.rows) if held.records else ()
    unique = {row.external_id: row for row in rows}
    return company.with_source(name, rows=tuple(unique.values()))


def unlicensed_source(random: Random, company: Company) -> Company:
    """Nobody asks it, so it may know anything."""
    oracle = company.oracle
    names = [n for n, rules in company.deployment.sources.items() if not any(map(oracle.licensed, rules.channels))]
    if not names:
        return company
    name = random.choice(names)
    record = a_record(random, name, new_id(company), "Rosa Neri", some_identifiers(0), anybodys())
    return company.with_source(name, records=(record,), rows=(a_row(random, company, record, ()),))


def with_changed(company: Company, record: Record, **changes: object) -> Company:
    held = company.holdings[record.source]
    records = tuple(with_fields(r, **changes) if r is record else r for r in held.records)
    return company.with_source(record.source, records=records)


OF_ROWS: Sequence[Change] = (other_hidden_rows, other_hidden_fields)
OF_RECORDS: Sequence[Change] = (
    other_hidden_record,
    other_hidden_record,
    other_hidden_record,
    one_more_hidden_record,
    one_more_hidden_record,
    one_fewer_hidden_record,
    other_withheld_of_a_record,
    other_withheld_of_a_record,
    source_out_of_reach,
    source_out_of_reach,
    unlicensed_source,
)


# ------------------------------------------------------------------------ the smallest pair that still fails


def smallest(pair: Pair, fails: Callable[[Pair], bool]) -> Pair:
    """Undoes every difference, and takes away from both, whatever the failure does without."""
    shrunk = True
    while shrunk:
        shrunk = False
        for smaller in smaller_pairs(pair):
            if smaller.one != smaller.other and entitled(smaller.one) == entitled(smaller.other) and fails(smaller):
                pair, shrunk = smaller, True
                break
    return pair


def smaller_pairs(pair: Pair) -> Iterator[Pair]:
    one, other = pair.one, pair.other
    for name in one.holdings:
        if one.holdings[name] != other.holdings[name]:
            yield replace(pair, other=replace(other, holdings={**other.holdings, name: one.holdings[name]}))
        for kind in ("rows", "records"):
            ours = {key_of(x): x for x in getattr(one.holdings[name], kind)}
            theirs = {key_of(x): x for x in getattr(other.holdings[name], kind)}
            for key in {**ours, **theirs}:
                without = [
                    c.with_source(name, **{kind: tuple(x for k, x in all_.items() if k != key)})
                    for c, all_ in ((one, ours), (other, theirs))
                ]
                yield replace(pair, one=without[0], other=without[1])
                if ours.get(key) != theirs.get(key):
                    kept = {k: ours.get(k) if k == key else x for k, x in {**theirs, key: None}.items()}
                    back = tuple(x for x in kept.values() if x is not None)
                    yield replace(pair, other=other.with_source(name, **{kind: back}))
    if one.touchpoints or one.escalation:
        plain: dict[str, Any] = {"touchpoints": (), "escalation": None}
        yield replace(pair, one=replace(one, **plain), other=replace(other, **plain))


def key_of(part: Any) -> str:
    return str(part.external_id if isinstance(part, Interaction) else part.id)
