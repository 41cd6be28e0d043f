"""What an operator's edit of an identity comes to: which link is added, so that it can be undone exactly. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from connectors.interaction import Identifier
from gateway.customers.identity import Cluster, IdentityRules, cluster, own_id
from gateway.customers.links import Cut, Link, Links, Merge, Undone


class Stamp(NamedTuple):
    """Number, time, author and reason of a link that is about to be made."""

    id: int
    at: datetime
    by: str
    reason: str


class StillJoinedError(Exception):
    """Without that identifier the records are one person's nevertheless: others join them as well."""


class SamePersonError(Exception):
    """Nobody can be merged with themselves."""


def merge(into: Cluster, absorbed: Cluster, stamp: Stamp) -> Merge:
    """The link that makes `absorbed` known as `into`. Raises `SamePersonError`."""
    if into.handle == absorbed.handle or not {*map(own_id, into.records)}.isdisjoint(map(own_id, absorbed.records)):
        raise SamePersonError
    return Merge(
        *stamp,
        into=_anchor(into),
        absorbed=_anchor(absorbed),
        handle=into.handle,
        known_as=absorbed.handle,
    )


def unlink(person: Cluster, identifier: Identifier, rules: IdentityRules, stamp: Stamp) -> Undone | Cut:
    """What separates the holders of an identifier from the rest of a person: an operator's merge is undone whole, else
    the identifier counts no more. Raises `StillJoinedError`."""
    for made in reversed(person.merges):
        rest = replace(rules.links, merges=tuple(m for m in rules.links.merges if m.id != made.id))
        parts = cluster(person.records, replace(rules, links=rest))
        absorbed = next(part for part in parts if made.absorbed in map(own_id, part.records))
        if absorbed.carries(identifier) and made.into not in map(own_id, absorbed.records):
            return Undone(*stamp, link=made.id)
    cut = Cut(*stamp, identifier=identifier, keeper=_anchor(person), handle=person.handle)
    cuts = Links(rules.links.merges, {**rules.links.cuts, identifier: cut})
    if len(cluster(person.records, replace(rules, links=cuts))) == 1:
        raise StillJoinedError
    return cut


def _anchor(person: Cluster) -> Identifier:
    """The record that the person's id goes with, whatever becomes of the others: where an earlier link put it, else
    the first that holds what it is made of."""
    if person.anchor is not None:
        return person.anchor
    holds = (r for r in person.records if any(held.identifier == person.handle for held in r.identifiers))
    return own_id(next(holds))


class Separation(NamedTuple):
    link: Undone | Cut
    stays: Cluster
    leaves: Cluster


def separation(person: Cluster, identifier: Identifier, rules: IdentityRules, stamp: Stamp) -> Separation:
    """As `unlink`, with who goes on under the person's id and who, holding the identifier, does not."""
    link = unlink(person, identifier, rules, stamp)
    stays, others = parts_of(person, rules, link)
    if not others:
        raise StillJoinedError
    return Separation(link, stays, next((part for part in others if part.carries(identifier)), others[0]))


def brought(person: Cluster, rules: IdentityRules) -> Mapping[Identifier, Merge]:
    """The records, by their external ids, that are this person's because an operator said so, and the link that says
    it: the last one, where several do."""
    found: dict[Identifier, Merge] = {}
    for made in person.merges:
        rest = replace(rules.links, merges=tuple(m for m in rules.links.merges if m.id != made.id))
        parts = cluster(person.records, replace(rules, links=rest))
        absorbed = next(part for part in parts if made.absorbed in map(own_id, part.records))
        if made.into not in map(own_id, absorbed.records):
            found.update(dict.fromkeys(map(own_id, absorbed.records), made))
    return found


def parts_of(person: Cluster, rules: IdentityRules, link: Link) -> tuple[Cluster, list[Cluster]]:
    """After `link`: who goes on under the person's id, and those who are separated from them."""
    before: list[Link] = [*rules.links.merges, *rules.links.cuts.values()]
    parts = cluster(person.records, replace(rules, links=Links.replay([*before, link])))
    stays = next(p for p in parts if person.handle == p.handle or person.handle in p.linking | p.known_as)
    return stays, [part for part in parts if part is not stays]
