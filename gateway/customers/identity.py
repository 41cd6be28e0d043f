"""Which records are one person: pure functions from what the sources said to clusters.

Source: BEHAVIOUR.md, "Who is it"; docs/decisions/0005-identity-clusters.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record

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
    records of one source is shared as well.
    """

    verifies: Mapping[str, frozenset[IdentifierKind]]
    shared: frozenset[Identifier] = frozenset()
    shared_after: int = 5

    def verified(self, record: Record, held: HeldIdentifier) -> bool:
        if held.verified is not None:
            return held.verified
        return held.identifier.kind in self.verifies.get(record.source, frozenset())


@dataclass(frozen=True, slots=True)
class Cluster:
    """One person, as far as the sources say. `handle` is the identifier that the customer's id is made of.

    linking: what may be asked of other sources to learn more: verified, not shared, nobody else's.
    """

    records: tuple[Record, ...]
    handle: Identifier
    linking: frozenset[Identifier]

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
    if len({r.source for r in unique}) == len(unique):  # one record a source: nothing to contest, nothing to separate
        return [_cluster(group, carriers) for group in _join(unique, carriers)]
    contested = {i for i, holders in carriers.items() if _is_contested(i, holders)}
    groups = _join(unique, {i: holders for i, holders in carriers.items() if i not in contested})
    apart = [part for group in groups for part in _separate(group, carriers)]
    owner = {(r.source, r.id): number for number, group in enumerate(apart) for r in group}
    exclusive = {i: holders for i, holders in carriers.items() if len({owner[r.source, r.id] for r in holders}) == 1}
    return [_cluster(group, exclusive) for group in apart]


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


def _join(records: Sequence[Record], carriers: Mapping[Identifier, Sequence[Record]]) -> list[list[Record]]:
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


def _separate(group: list[Record], carriers: Mapping[Identifier, Sequence[Record]]) -> list[list[Record]]:
    """A group in which two records of one source met by way of others is a conflict: only strong links stay."""
    strong = {i: holders for i, holders in carriers.items() if i.kind not in WEAK_KINDS}
    members = {(r.source, r.id) for r in group}
    inside = {i: kept for i, holders in strong.items() if (kept := [r for r in holders if (r.source, r.id) in members])}
    by_strong_links = _join(group, inside)
    if len(by_strong_links) == 1:
        return [group]
    sources_of = [{r.source for r in part} for part in by_strong_links]
    conflict = sum(len(sources) for sources in sources_of) > len(set().union(*sources_of))
    return by_strong_links if conflict else [group]


def _cluster(group: Sequence[Record], exclusive: Mapping[Identifier, Sequence[Record]]) -> Cluster:
    own = {(r.source, r.id) for r in group}
    linking = frozenset(i for i, holders in exclusive.items() if (holders[0].source, holders[0].id) in own)
    handles = linking or [Identifier(IdentifierKind.EXTERNAL_ID, r.id, source=r.source) for r in group]
    return Cluster(tuple(group), min(handles, key=preference), linking)


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
