"""The guard, seen to fail: every bug planted in a copy of the compiler, or of the plans, must be noticed."""

from __future__ import annotations

import asyncio
import gc
import warnings
from functools import cache
from itertools import islice
from typing import Any

import pytest

from tests.gateway.graph.execution.comparing import Case, answer, by_graphql_core, cases
from tests.gateway.graph.execution.mutants import MUTANTS, Mutant, planted

SEED, CASES, ENOUGH, COLLECT_AFTER = 7, 8_000, 1_500, 500


@cache
def some_cases() -> list[Case]:
    return list(islice(cases(SEED), CASES))


@cache
def right_answers() -> list[tuple[Any, ...]]:
    """Of graphql-core, to as many of the cases as were needed yet."""
    return []


def noticed_after(mutant: Mutant, most: int = CASES) -> int | None:
    """How many cases told nothing before one did."""

    async def run() -> int | None:
        with planted(mutant) as by_plan:
            for place, case in enumerate(some_cases()[:most]):
                if place % COLLECT_AFTER == 0:
                    gc.collect()
                if place == len(right_answers()):
                    right_answers().append(await answer(case, by_graphql_core))
                if await answer(case, by_plan) != right_answers()[place]:
                    return place
        return None

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # graphql-core drops coroutines that were cancelled early
        gc.disable()  # within a named tuple's `__new__`, which has no builtins, Python cannot even warn of them
        try:
            place = asyncio.run(run())
        finally:
            gc.enable()
            gc.collect()
    return place


def test_an_unharmed_copy_is_not_noticed() -> None:
    for _ in range(2):
        assert noticed_after(Mutant("nothing", "class Unserved(", "class Unserved("), ENOUGH) is None


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_is_noticed(mutant: Mutant) -> None:
    place = noticed_after(mutant)
    assert place is not None
    print(f"{place:5} {mutant.name}")
