"""VISIBILITY.md §4: two worlds with the same identity links that differ only in what a viewer may not see give the
same bytes, errors included. Whole HTTP answers, at a stopped moment; nothing in them is masked for the comparison.

`WORLDS_SEED=7 pytest tests/gateway/worlds` tries other worlds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import chain, islice
from multiprocessing import get_context
from random import Random

import pytest
import structlog

from tests.gateway.worlds.asking import IDS, Asked
from tests.gateway.worlds.comparing import compare, compare_many
from tests.gateway.worlds.leaks import LEAKS, Leak, leaking
from tests.gateway.worlds.questions import ALL_TIME, EVERYTHING, NODES, a_customer, row_ids
from tests.gateway.worlds.twins import a_pair, entitled, pairs

SEED = os.environ.get("WORLDS_SEED", "2026")
PROCESSES = 2
PAIRS_A_PROCESS = 750
MOST_PAIRS_UNNOTICED = 300


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of requests would each log a line."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


def test_what_is_hidden_changes_no_byte_of_any_answer() -> None:
    seeds = [f"{SEED}/{number}" for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as processes:
        counts = list(processes.map(compare_many, seeds, [PAIRS_A_PROCESS] * PROCESSES))
    for seed, count in zip(seeds, counts, strict=True):
        print(f"seed {seed}: {count.pairs} pairs, {count.questions} questions of each world, {count.seconds:.1f} s")
        assert count.parted is None, count.parted


@pytest.mark.parametrize("leak", LEAKS, ids=lambda leak: leak.name)
def test_a_planted_leak_is_noticed(leak: Leak) -> None:
    """The comparison is trusted only because it was seen to fail. `leak.seen` saves looking for a pair."""
    known = a_pair(Random(leak.seen), leak.seen)
    with asyncio.Runner() as runner, leaking(leak):
        for pair in chain([known] if known else [], islice(pairs("leaks"), MOST_PAIRS_UNNOTICED)):
            if runner.run(compare(pair)) is not None:
                print(f"{leak.name}: noticed in {pair.seed}")
                return
    pytest.fail("nobody noticed")


async def test_the_worlds_are_worth_comparing() -> None:
    """Rows are seen, and rows, records and fields are hidden, in enough of them."""
    some = list(islice(pairs(f"{SEED}/0"), 60))
    seen = [entitled(pair.one) for pair in some]
    assert sum(bool(known["rows"]) for known in seen) > 30
    assert sum(len(pair.one.rows) > len(known["rows"]) for pair, known in zip(some, seen, strict=True)) > 30
    assert sum(pair.one.records != pair.other.records for pair in some) > 20
    assert sum(pair.one.rows != pair.other.rows for pair in some) > 30


async def test_a_hidden_id_is_an_unknown_id() -> None:
    """Beside the comparison: a row's node is null exactly when the oracle hides it or its source is down."""
    for pair in islice(pairs(f"{SEED}/nodes"), 40):
        known = entitled(pair.other)["rows"]
        shown = {IDS.interaction(*key) for key in known if pair.other.holdings[key[0]].fault is None}
        asked = row_ids(pair)[:50]
        answer = await Asked(pair.other).ask(NODES, {"ids": asked, "one": "nonsense"})
        assert {node["id"] for node in answer.data["nodes"] if node} == shown & set(asked)


async def test_the_same_question_twice_gives_the_same_bytes() -> None:
    """What the comparison stands on: nothing but the worlds makes answers differ."""
    for pair in islice(pairs(f"{SEED}/again"), 20):
        by = {"by": {"id": a_customer(Random(pair.seed), pair)}, "filter": ALL_TIME}
        asked = Asked(pair.one)
        assert await asked.ask(EVERYTHING, by) == await asked.ask(EVERYTHING, by)
