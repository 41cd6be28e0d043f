"""Which records are one person: pure functions from what the sources said to clusters.

Source: BEHAVIOUR.md, "Who is it"; docs/decisions/0005-identity-clusters.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.customers.links import NO_LINKS, Links, Merge

WEAK_KINDS = frozenset({IdentifierKind.PHONE, IdentifierKind.EMAIL, IdentifierKind.SOCIAL, IdentifierKind.COOKIE})
"""Within one source two records never join by these alone: a household shares a phone, a desk an address."""

_ID_ORDER = {
    kind: place
    for place, kind in enumerate(
        (
            IdentifierKind.PHONE,
            IdentifierKind.WHATSAPP,
            IdentifierKind.EMAIL,
            IdentifierKind.EXTERNAL_ID,
            IdentifierKind.SOCIAL,
            IdentifierKind.COOKIE,
        )
    )
}


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """verifies: per source, the kinds that it verifies although it has no flag for them.

    shared: identifiers that never join and never match alone. shared_after: an identifier carried by so many
    records of one source is shared as well. links: what operators said.
    """

    verifies: Mapping[str, frozenset[IdentifierKind]]
    shared: frozenset[Identifier] = frozenset()
    shared_after: int = 5
    links: Links = NO_LINKS

    def verified(self, record: Record, held: HeldIdentifier) -> bool:
        if held.verified is not None:
            return held.verified
        return held.identifier.kind in self.verifies.get(record.source, frozenset())


@dataclass(frozen=True, slots=True)
class Cluster:
    """One person, as far as the sources and the operators say. `handle` is the identifier that the customer's id is
    made of.

    linking: what may be asked of other sources to learn more: verified, not shared, nobody else's. known_as: handles
    that were this person's, and go on leading here. merges: those that brought these records together. anchor: the
    record that the handle goes with, where a link says so.
    """

    records: tuple[Record, ...]
    handle: Identifier
    linking: frozenset[Identifier]
    known_as: frozenset[Identifier] = frozenset()
    merges: tuple[Merge, ...] = ()
    anchor: Identifier | None = None

    def carries(self, identifier: Identifier) -> bool:
        return any(held.identifier == identifier for r in self.records for held in r.identifiers)

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """All of them, verified or not, in the order in which a customer's id prefers them."""
        return tuple(sorted({h.identifier for r in self.records for h in r.identifiers}, key=preference))


def shared_identifiers(records: Iterable[Record], rules: IdentityRules) -> frozenset[Identifier]:
    """Those configured as shared, and those carried by `shared_after` records of one source."""
    records = list(records)
    if len({r.source for r in records}) == len(records):  # and shared_after is two at least
        return rules.shared
    carriers: dict[tuple[str, Identifier], set[str]] = defaultdict(set)
    for record in records:
        for held in record.identifiers:
            carriers[record.source, held.identifier].add(record.id)
    crowded = {identifier for (_, identifier), ids in carriers.items() if len(ids) >= rules.shared_after}
    return rules.shared | crowded


def cluster(records: Collection[Record], rules: IdentityRules) -> list[Cluster]:
    """Every record in exactly one cluster, in an order that does not depend on the order of `records`."""
    unique = sorted({(r.source, r.id): r for r in records}.values(), key=lambda r: (r.source, r.id))
    shared = shared_identifiers(unique, rules)
    carriers = _carriers(unique, rules, shared)
    if not rules.links and len({r.source for r in unique}) == len(unique):  # nothing to contest, nothing to separate
        return [_cluster(group, carriers) for group in _join(unique, carriers)]
    contested = {i for i, holders in carriers.items() if i in rules.links.cuts or _is_contested(i, holders)}
    joining = {i: holders for i, holders in carriers.items() if i not in contested}
    strong = {i: holders for i, holders in joining.items() if i.kind not in WEAK_KINDS}
    apart = [part for group in _join(unique, joining) for part in _separate(group, strong)]
    if rules.links.merges:
        apart = _merged(apart, rules.links)
    owner = {(r.source, r.id): number for number, group in enumerate(apart) for r in group}
    exclusive = {i: holders for i, holders in carriers.items() if len({owner[r.source, r.id] for r in holders}) == 1}
    return [_cluster(group, exclusive, rules.links) for group in apart]


def _merged(groups: Sequence[Sequence[Record]], links: Links) -> list[list[Record]]:
    """Whole groups that operators declared to be one person's: what the sources say within them stays as it is."""
    records = [record for group in groups for record in group]
    by_id = {own_id(r): r for r in records}
    joints: dict[int, Sequence[Record]] = {-number: group for number, group in enumerate(groups, 1)}
    for merge in links.merges:
        if merge.into in by_id and merge.absorbed in by_id:
            joints[merge.id] = (by_id[merge.into], by_id[merge.absorbed])
    return _join(sorted(records, key=lambda r: (r.source, r.id)), joints)


def own_id(record: Record) -> Identifier:
    """The external id of the record itself."""
    return Identifier(IdentifierKind.EXTERNAL_ID, record.id, source=record.source)


def _carriers(
    records: Sequence[Record], rules: IdentityRules, shared: frozenset[Identifier]
) -> dict[Identifier, list[Record]]:
    carriers: dict[Identifier, list[Record]] = defaultdict(list)
    for record in records:
        for identifier in {h.identifier for h in record.identifiers if rules.verified(record, h)} - shared:
            carriers[identifier].append(record)
    return carriers


def _is_contested(identifier: Identifier, holders: Sequence[Record]) -> bool:
    """Two records of one source say that it is theirs: it tells nothing about whose the others are."""
    return identifier.kind in WEAK_KINDS and len({r.source for r in holders}) < len(holders)


def _join(records: Sequence[Record], carriers: Mapping[Any, Sequence[Record]]) -> list[list[Record]]:
    """Connected components, by union-find."""
    if any(len(holders) == len(records) for holders in carriers.values()):  # as with most people
        return [list(records)]
    parent = {(r.source, r.id): (r.source, r.id) for r in records}

    def root(key: tuple[str, str]) -> tuple[str, str]:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for holders in carriers.values():
        first = root((holders[0].source, holders[0].id))
        for record in holders[1:]:
            parent[root((record.source, record.id))] = first
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[root((record.source, record.id))].append(record)
    return list(groups.values())


def _separate(group: list[Record], strong: Mapping[Identifier, Sequence[Record]]) -> list[list[Record]]:
    """A group in which two records of one source met by way of others is a conflict: only strong links stay."""
    members = {(r.source, r.id) for r in group}
    inside = {i: kept for i, holders in strong.items() if (kept := [r for r in holders if (r.source, r.id) in members])}
    by_strong_links = _join(group, inside)
    if len(by_strong_links) == 1:
        return [group]
    sources_of = [{r.source for r in part} for part in by_strong_links]
    conflict = sum(len(sources) for sources in sources_of) > len(set().union(*sources_of))
    return by_strong_links if conflict else [group]


def _cluster(
    group: Sequence[Record], exclusive: Mapping[Identifier, Sequence[Record]], links: Links = NO_LINKS
) -> Cluster:
    own = {(r.source, r.id) for r in group}
    linking = frozenset(i for i, holders in exclusive.items() if (holders[0].source, holders[0].id) in own)
    if not links:
        return Cluster(tuple(group), min(linking or map(own_id, group), key=preference), linking)
    ids = set(map(own_id, group))
    merges = tuple(m for m in links.merges if m.into in ids and m.absorbed in ids)
    kept = [cut for cut in links.cuts.values() if cut.keeper in ids]
    said = [(m.id, m.handle, m.into) for m in merges] + [(cut.id, cut.handle, cut.keeper) for cut in kept]
    _, handle, anchor = max(said) if said else (0, min(linking or ids, key=preference), None)
    known_as = {h for m in merges for h in (m.handle, m.known_as)} | {h for c in kept for h in (c.handle, c.identifier)}
    return Cluster(tuple(group), handle, linking, frozenset(known_as - {handle}), merges, anchor)


def preference(identifier: Identifier) -> tuple[int, str, str, str]:
    return (_ID_ORDER[identifier.kind], identifier.value, identifier.source or "", identifier.channel or "")


def matching(
    clusters: Collection[Cluster],
    asked: Identifier,
    rules: IdentityRules,
    sees: Callable[[Record], bool] = lambda record: True,
) -> list[Cluster]:
    """Clusters that an identifier points at: those that hold it verified, else those that merely carry it, as far as
    `sees` goes: a record that is hidden from the caller takes nobody's place.

    None for a shared identifier, which never matches alone; what is shared, hidden records say as well.
    """
    if asked in shared_identifiers([r for c in clusters for r in c.records], rules):
        return []

    def holders(candidate: Cluster) -> list[tuple[Record, HeldIdentifier]]:
        return [(r, h) for r in candidate.records if sees(r) for h in r.identifiers if h.identifier == asked]

    candidates = [c for c in clusters if holders(c)]
    verified = [c for c in candidates if any(rules.verified(r, h) for r, h in holders(c))]
    return verified or candidates
