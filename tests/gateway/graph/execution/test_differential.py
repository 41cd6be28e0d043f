"""Compiled selections answer as graphql-core does, byte for byte: random documents over random data.

`SEED=7 CASES=100000 pytest -s tests/gateway/graph/execution/test_differential.py` compares others, and more of them.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import NamedTuple

import pytest

from tests.gateway.graph.execution.comparing import CountingExecutor, cases, differs, is_valid, report

SEED = int(os.environ.get("SEED", "20261123"))
CASES = int(os.environ.get("CASES", "20000"))
PROCESSES = 2


class Compared(NamedTuple):
    """`served`, `left`: lists of objects that compiled code wrote, and those left to graphql-core."""

    served: int
    left: int
    difference: str | None


def compare(seed: int, amount: int) -> Compared:
    async def run() -> str | None:
        for case in islice(cases(seed), amount):
            if await differs(case):
                return await report(case, CountingExecutor)
        return None

    difference = asyncio.run(run())
    return Compared(CountingExecutor.counted["served"], CountingExecutor.counted["left"], difference)


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
    served, left = sum(part.served for part in parts), sum(part.left for part in parts)
    print(f"lists of objects: {served} written by compiled selections, {left} left to graphql-core")
    assert served / (served + left) > 0.6
