"""Asks both worlds the same things, and says where their answers part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from random import Random
from typing import Any

import msgspec
import structlog

from connectors.deadline import Deadline
from connectors.interaction import Identifier
from gateway.customers.resolve import Resolver
from tests.gateway.worlds.asking import Answer, Asked, gateway_over
from tests.gateway.worlds.company import Company
from tests.gateway.worlds.questions import scripts
from tests.gateway.worlds.twins import Pair, pairs, smallest

ENOUGH_LINES = 60


@dataclass(frozen=True)
class Parting:
    """Where two worlds part: one question and its two answers."""

    document: str
    variables: dict[str, Any]
    one: Answer
    other: Answer

    def told(self) -> str:
        name = self.document.split("{", 1)[1].strip().split("\n", 1)[0]
        diff = unified_diff(self.one.pretty(), self.other.pretty(), "one", "other", n=6, lineterm="")
        return "\n".join([name, msgspec.json.encode(self.variables).decode(), *list(diff)[:ENOUGH_LINES]])


class Parted(Exception):
    def __init__(self, parting: Parting) -> None:
        super().__init__()
        self.parting = parting


@dataclass
class Count:
    """`parted` tells the first failure for people."""

    pairs: int = 0
    questions: int = 0
    seconds: float = 0
    parted: str | None = None


def compare_many(seed: str, amount: int) -> Count:
    """Until the first failure. For a process of its own: it says nothing on the way."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    started, count = time.perf_counter(), Count()
    with asyncio.Runner() as runner:
        for pair in islice(pairs(seed), amount):
            parting = runner.run(compare(pair, count))
            count.pairs += 1
            if parting is not None:
                count.parted = told(runner, pair, parting)
                break
    count.seconds = time.perf_counter() - started
    return count


def told(runner: asyncio.Runner, pair: Pair, parting: Parting) -> str:
    """The failure in the smallest pair of worlds that still shows it."""
    small = smallest(pair, lambda smaller: runner.run(compare(smaller)) is not None)
    parting = runner.run(compare(small)) or parting
    return "\n".join([f"seed: {pair.seed}", parting.told(), f"viewer: {small.one.viewer}", *differences(small)])


def differences(pair: Pair) -> Iterator[str]:
    for name, held in pair.one.holdings.items():
        if pair.other.holdings[name] != held:
            yield f"{name}, one: {held}"
            yield f"{name}, other: {pair.other.holdings[name]}"


async def compare(pair: Pair, count: Count | None = None) -> Parting | None:
    """The first difference, or None. Both worlds are asked alike, in the same order."""
    random = Random(f"questions of {pair.seed}")
    one, other = Asked(pair.one), Asked(pair.other)

    async def ask(document: str, variables: dict[str, Any]) -> Answer:
        answers = await one.ask(document, variables), await other.ask(document, variables)
        if count is not None:
            count.questions += 1
        if answers[0] != answers[1]:
            raise Parted(Parting(document, variables, *answers))
        for never in (b'"code":"INTERNAL"', b'"code":"GRAPHQL_'):
            assert never not in answers[0].body, "\n".join(answers[0].pretty()[-30:])
        return answers[0]

    try:
        for script in scripts(random):
            await script(random, pair, ask)
    except Parted as parted:
        return parted.parting if agree(await who_is_who(pair.one), await who_is_who(pair.other)) else None
    return None


Who = dict[Identifier, dict[tuple[str, str], tuple[Identifier, list[tuple[str, str]]]]]
"""By what was asked, by visible record: the handle of its person, and that person's visible records."""


def agree(one: Who, other: Who) -> bool:
    return all(
        one[asked][record] == other[asked][record]
        for asked in one.keys() & other.keys()
        for record in one[asked].keys() & other[asked].keys()
    )


async def who_is_who(company: Company) -> Who:
    """As the deployment finds out for itself, whoever asks: it follows a person's links a few steps and no further, so
    what a hidden record carries may lead it another way. Such worlds differ in their links, and prove nothing."""
    oracle = company.oracle
    gateway = gateway_over(company)
    sources = [
        source
        for name, source in gateway.sources.items()
        if any(map(oracle.licensed, company.deployment.sources[name].channels))
    ]
    found: Who = {}
    for identifier in company.identifiers:
        resolver = Resolver(sources, gateway.identity(), Deadline.after(60, lambda: 0.0))
        found[identifier] = {}
        for person in (await resolver.resolve(identifier)).clusters:
            visible = [(r.source, r.id) for r in person.records if oracle.sees_record(r)]
            found[identifier].update(dict.fromkeys(visible, (person.handle, visible)))
    return found
