"""Who is one person: the rule by example, and its properties over random worlds."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from connectors.identifiers import external
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.customers.identity import WEAK_KINDS, Cluster, IdentityRules, cluster, matching, shared_identifiers

PHONE = Identifier(IdentifierKind.PHONE, "+393331110001")
OTHER_PHONE = Identifier(IdentifierKind.PHONE, "+393331110002")
EMAIL = Identifier(IdentifierKind.EMAIL, "john@example.org")
WHATSAPP = Identifier(IdentifierKind.WHATSAPP, "+393331110001")
CRM = external("crm", "C-1")
RULES = IdentityRules(verifies={name: frozenset(IdentifierKind) for name in ("desk", "calls", "chat", "web")})
UNVERIFYING = IdentityRules(verifies={})


def record(source: str, id_: str, *identifiers: Identifier, verified: bool | None = None) -> Record:
    own = HeldIdentifier(external(source, id_), verified=True)
    return Record(source=source, id=id_, identifiers=(own, *(HeldIdentifier(i, verified) for i in identifiers)))


def groups(clusters: list[Cluster]) -> set[frozenset[tuple[str, str]]]:
    return {frozenset((r.source, r.id) for r in c.records) for c in clusters}


def joined(*records: Record, rules: IdentityRules = RULES) -> bool:
    return len(cluster(records, rules)) == 1


@pytest.mark.parametrize("identifier", [PHONE, EMAIL, WHATSAPP, CRM])
def test_across_sources_the_same_verified_identifier_joins(identifier: Identifier) -> None:
    assert joined(record("desk", "1", identifier), record("calls", "9", identifier))


def test_an_unverified_identifier_joins_nothing() -> None:
    assert not joined(record("desk", "1", EMAIL), record("calls", "9", EMAIL), rules=UNVERIFYING)
    assert not joined(record("desk", "1", EMAIL, verified=False), record("calls", "9", EMAIL))
    assert joined(
        record("desk", "1", EMAIL, verified=True), record("calls", "9", EMAIL, verified=True), rules=UNVERIFYING
    )


@pytest.mark.parametrize(("identifier", "together"), [(PHONE, False), (EMAIL, False), (WHATSAPP, True), (CRM, True)])
def test_within_one_source_a_phone_or_an_address_is_not_enough(identifier: Identifier, together: bool) -> None:
    assert joined(record("desk", "1", identifier), record("desk", "2", identifier)) is together


def test_a_contested_identifier_joins_neither_to_anybody() -> None:
    records = [record("desk", "1", PHONE), record("desk", "2", PHONE), record("calls", "9", PHONE)]
    assert groups(cluster(records, RULES)) == {
        frozenset({("desk", "1")}),
        frozenset({("desk", "2")}),
        frozenset({("calls", "9")}),
    }


def test_two_records_of_one_source_do_not_meet_by_way_of_another_source() -> None:
    records = [record("desk", "1", PHONE), record("calls", "9", PHONE, EMAIL), record("desk", "2", EMAIL)]
    assert len(cluster(records, RULES)) == 3


def test_a_strong_link_holds_where_weak_ones_conflict() -> None:
    records = [record("desk", "1", PHONE, CRM), record("calls", "9", PHONE, EMAIL), record("desk", "2", EMAIL, CRM)]
    assert len(cluster(records, RULES)) == 1


def test_shared_identifiers_never_join_and_never_match() -> None:
    office = [record("desk", str(n), PHONE) for n in range(5)]
    assert shared_identifiers(office, RULES) == {PHONE}
    assert shared_identifiers(office[:4], RULES) == frozenset()
    everybody = [*office, record("calls", "9", PHONE)]
    assert len(cluster(everybody, RULES)) == 6
    assert matching(cluster(everybody, RULES), PHONE, RULES) == []
    configured = IdentityRules(verifies=RULES.verifies, shared=frozenset({EMAIL}))
    assert not joined(record("desk", "1", EMAIL), record("calls", "9", EMAIL), rules=configured)


def test_a_match_prefers_those_who_hold_the_key_verified() -> None:
    sure, unsure = record("desk", "1", EMAIL, verified=True), record("web", "2", EMAIL, verified=False)
    assert groups(matching(cluster([sure, unsure], RULES), EMAIL, RULES)) == {frozenset({("desk", "1")})}
    assert groups(matching(cluster([unsure], RULES), EMAIL, RULES)) == {frozenset({("web", "2")})}


def test_an_id_is_made_of_the_first_identifier_that_nobody_else_has() -> None:
    (one,) = cluster([record("desk", "1", EMAIL, WHATSAPP, PHONE, CRM)], RULES)
    assert one.handle == PHONE
    contested = cluster([record("desk", "1", PHONE, EMAIL), record("desk", "2", PHONE)], RULES)
    assert {c.handle for c in contested} == {EMAIL, external("desk", "2")}


POOL = [
    *(Identifier(IdentifierKind.PHONE, f"+3933311100{n:02}") for n in range(6)),
    *(Identifier(IdentifierKind.EMAIL, f"p{n}@example.org") for n in range(6)),
    *(Identifier(IdentifierKind.WHATSAPP, f"+3933311100{n:02}") for n in range(3)),
    *(external("crm", f"C-{n}") for n in range(4)),
]


def random_world(rng: random.Random) -> list[Record]:
    return [
        record(
            source,
            str(number),
            *rng.sample(POOL, rng.randint(0, 3)),
            verified=rng.choice((True, True, True, None, False)),
        )
        for source in rng.sample(("desk", "calls", "chat", "web"), rng.randint(1, 4))
        for number in range(rng.randint(1, 4))
    ]


def holds_verified(record_: Record, identifier: Identifier) -> bool:
    return any(h.identifier == identifier and RULES.verified(record_, h) for h in record_.identifiers)


@pytest.mark.parametrize("seed", range(3))
def test_properties_of_clusters_over_random_worlds(seed: int) -> None:
    rng = random.Random(seed)
    print(f"seed {seed}")
    for _ in range(1_500):
        records = random_world(rng)
        clusters = cluster(records, RULES)
        ids = [(r.source, r.id) for c in clusters for r in c.records]
        assert sorted(ids) == sorted({(r.source, r.id) for r in records}), "every record in exactly one cluster"

        shuffled = rng.sample(records, len(records))
        assert cluster(shuffled, RULES) == clusters, "the order of the answers does not matter"

        handles = [c.handle for c in clusters]
        assert len(set(handles)) == len(handles), "no two people share an id"
        for c in clusters:
            assert c.carries(c.handle)

        shared = shared_identifiers(records, RULES)
        for c in clusters:
            for one, two in combinations(c.records, 2):
                if one.source == two.source:
                    assert strongly_linked(c, one, two, shared), (one, two)
        for i in POOL:
            owners = {id(owner(clusters, r)) for r in records if holds_verified(r, i)}
            if i.kind not in WEAK_KINDS and i not in shared:
                assert len(owners) <= 1, "a strong identifier always joins"
            if len(owners) > 1:
                assert all(c.handle != i for c in clusters), "what two people hold is nobody's id"


def owner(clusters: list[Cluster], wanted: Record) -> Cluster:
    return next(c for c in clusters if any((r.source, r.id) == (wanted.source, wanted.id) for r in c.records))


def strongly_linked(c: Cluster, one: Record, two: Record, shared: frozenset[Identifier]) -> bool:
    """Whether a chain of strong identifiers leads from one to two, by plain search."""
    reached, frontier = {(one.source, one.id)}, [one]
    while frontier:
        here = frontier.pop()
        for other in c.records:
            if (other.source, other.id) not in reached and any(
                h.identifier.kind not in WEAK_KINDS
                and h.identifier not in shared
                and RULES.verified(here, h)
                and holds_verified(other, h.identifier)
                for h in here.identifiers
            ):
                reached.add((other.source, other.id))
                frontier.append(other)
    return (two.source, two.id) in reached
