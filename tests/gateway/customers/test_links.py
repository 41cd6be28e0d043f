"""Operators' links: any sequence of merges and separations can be undone exactly, and no id is ever lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from connectors.identifiers import external
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from gateway.customers.edits import SamePersonError, Stamp, StillJoinedError, merge, parts_of, unlink
from gateway.customers.identity import Cluster, IdentityRules, cluster
from gateway.customers.links import Cut, Link, Links, Merge, Undone

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RULES = IdentityRules(verifies={})
SOURCES = ("calls", "chat", "desk", "web")
PHONES = [Identifier(IdentifierKind.PHONE, f"+39333111000{n}") for n in range(6)]
MAILS = [Identifier(IdentifierKind.EMAIL, f"p{n}@example.org") for n in range(6)]


def record(source: str, id_: str, *identifiers: Identifier) -> Record:
    own = HeldIdentifier(external(source, id_), verified=True)
    return Record(source=source, id=id_, identifiers=(own, *(HeldIdentifier(i, verified=True) for i in identifiers)))


def stamp(number: int) -> Stamp:
    return Stamp(number, NOW + timedelta(seconds=number), "emma", "the customer said so")


def under(links: list[Link]) -> IdentityRules:
    return replace(RULES, links=Links.replay(links))


def keys(person: Cluster) -> frozenset[tuple[str, str]]:
    return frozenset((r.source, r.id) for r in person.records)


def partition(people: list[Cluster]) -> set[tuple[frozenset[tuple[str, str]], Identifier]]:
    return {(keys(p), p.handle) for p in people}


def led_to(people: list[Cluster], handle: Identifier) -> list[Cluster]:
    """Whom an id that holds `handle` leads to, as `Operation.customer` finds them."""
    return [p for p in people if handle == p.handle or handle in p.linking or handle in p.known_as]


ANNA, BRUNO = record("desk", "1", PHONES[0]), record("calls", "9", MAILS[0])


def test_a_merge_makes_one_person_known_as_both() -> None:
    anna, bruno = cluster([BRUNO, ANNA], RULES)[::-1]
    link = merge(anna, bruno, stamp(1))
    (both,) = cluster([ANNA, BRUNO], under([link]))
    assert both.handle == anna.handle and bruno.handle in both.known_as | both.linking
    assert both.merges == (link,)


def test_a_merge_is_undone_whole_by_any_identifier_of_the_one_who_was_absorbed() -> None:
    mobile = record("web", "7", MAILS[0], PHONES[1])
    before = cluster([ANNA, BRUNO, mobile], RULES)
    anna = next(p for p in before if ANNA in p.records)
    other = next(p for p in before if BRUNO in p.records)
    made = merge(anna, other, stamp(1))
    (both,) = cluster([ANNA, BRUNO, mobile], under([made]))
    for identifier in (MAILS[0], PHONES[1], external("calls", "9")):
        undone = unlink(both, identifier, under([made]), stamp(2))
        assert isinstance(undone, Undone) and undone.link == 1
        assert partition(cluster([ANNA, BRUNO, mobile], under([made, undone]))) == partition(before)


def test_an_identifier_that_joins_by_mistake_is_cut_and_the_id_stays_with_one_of_them() -> None:
    records = [record("desk", "1", PHONES[0]), record("calls", "9", PHONES[0])]
    (person,) = cluster(records, RULES)
    cut = unlink(person, PHONES[0], RULES, stamp(1))
    assert isinstance(cut, Cut)
    stays, (separated,) = parts_of(person, RULES, cut)
    assert stays.handle == person.handle and separated.handle != person.handle
    people = cluster(records, under([cut]))
    assert [keys(p) for p in led_to(people, person.handle)] == [keys(stays)]


def test_a_cut_that_would_change_nothing_is_refused() -> None:
    (person,) = cluster([record("desk", "1", PHONES[0], MAILS[0]), record("calls", "9", PHONES[0], MAILS[0])], RULES)
    with pytest.raises(StillJoinedError):
        unlink(person, PHONES[0], RULES, stamp(1))


def test_nobody_is_merged_with_themselves() -> None:
    (person,) = cluster([ANNA], RULES)
    with pytest.raises(SamePersonError):
        merge(person, person, stamp(1))


def test_a_separation_that_was_undone_joins_again() -> None:
    records = [record("desk", "1", PHONES[0]), record("calls", "9", PHONES[0])]
    (person,) = cluster(records, RULES)
    cut = unlink(person, PHONES[0], RULES, stamp(1))
    undone = Undone(*stamp(2), link=1)
    assert partition(cluster(records, under([cut, undone]))) == partition([person])


@pytest.mark.parametrize("batch", range(10))
def test_any_sequence_of_edits_is_its_replay_and_can_be_taken_back(batch: int) -> None:
    for seed in range(batch * 40, batch * 40 + 40):
        print(f"seed {seed}")
        random = Random(f"links {seed}")
        records = [
            record(
                source,
                str(n),
                *random.sample(PHONES, random.choice((0, 1, 1, 2))),
                *random.sample(MAILS, random.choice((0, 1))),
            )
            for source in SOURCES
            for n in range(random.randrange(3))
        ]
        if not records:
            continue
        links: list[Link] = []
        states = [partition(cluster(records, RULES))]
        given = {p.handle for p in cluster(records, RULES)}
        for number in range(1, 12):
            rules = under(links)
            people = cluster(records, rules)
            person = random.choice(people)
            try:
                if random.random() < 0.6:
                    link: Link = merge(person, random.choice(people), stamp(number))
                else:
                    link = unlink(person, random.choice(person.identifiers), rules, stamp(number))
            except (SamePersonError, StillJoinedError):
                continue
            links.append(link)
            after = cluster(random.sample(records, len(records)), under(random.sample(links, len(links))))
            states.append(partition(after))
            if isinstance(link, Merge):
                assert any(link.into in map_own(p) and link.absorbed in map_own(p) for p in after)
            for handle in given:
                assert len(led_to(after, handle)) == 1, "an id that was given leads nowhere, or to two people"
            given |= {p.handle for p in after}
        for number in range(len(links)):
            states.pop()
            undone = [*links[: len(links) - number - 1]]
            assert partition(cluster(records, under(undone))) == states[-1]


def map_own(person: Cluster) -> set[Identifier]:
    return {external(r.source, r.id) for r in person.records}
