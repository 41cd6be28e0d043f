"""Compiled selections answer as graphql-core does, byte for byte: random documents over random data.

`SEED=7 CASES=100000 pytest -s tests/gateway/graph/execution/test_differential.py` compares others, and more of them.
"""

from __future__ import annotations

import asyncio
import gc
import os
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

import pytest

from tests.gateway.graph.execution.comparing import ByPlan, CountingExecutor, cases, differs, is_valid, report

SEED = int(os.environ.get("SEED", "20261123"))
CASES = int(os.environ.get("CASES", "20000"))
PROCESSES = 2


class Compared(NamedTuple):
    """What compiled and planned code did, and what it left to graphql-core: see `CountingExecutor`."""

    counted: Counter[str]
    difference: str | None


def compare(seed: int, amount: int) -> Compared:
    async def run() -> str | None:
        warnings.simplefilter("ignore", RuntimeWarning)  # graphql-core drops coroutines that were cancelled early
        by_plan = ByPlan(executor_class=CountingExecutor)
        for case in islice(cases(seed), amount):
            if await differs(case, by_plan):
                return await report(case, by_plan)
        return None

    difference = asyncio.run(run())
    gc.collect()  # while nobody is told of coroutines
    return Compared(CountingExecutor.counted, difference)


def test_the_documents_are_valid() -> None:
    asked = {id(case.document): case.document for case in islice(cases(SEED), 400)}
    assert all(map(is_valid, asked.values()))


def test_compiled_selections_answer_as_graphql_core_does() -> None:
    seeds = [SEED + place for place in range(PROCESSES)]
    print(f"SEED={SEED} CASES={CASES}")
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        parts = list(pool.map(compare, seeds, [CASES // PROCESSES] * PROCESSES))
    for part in parts:
        if part.difference:
            pytest.fail(part.difference, pytrace=False)
    counted = sum((part.counted for part in parts), Counter())
    print(
        f"lists of objects: {counted['served']} written by compiled selections, {counted['left']} left to graphql-core"
    )
    print(f"other fields: {counted['planned']} planned, {counted['unplanned']} left to graphql-core")
    assert counted["served"] / (counted["served"] + counted["left"]) > 0.6
    assert counted["planned"] / (counted["planned"] + counted["unplanned"]) > 0.8
