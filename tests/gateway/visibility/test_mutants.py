"""The guard, seen to fail: every bug planted in a copy of the rule must be noticed by the comparison with the oracle,
and every one that lets hidden data through must be noticed by the twins as well."""

from __future__ import annotations

from functools import cache
from itertools import islice
from types import ModuleType

import pytest

from gateway import visibility
from tests.gateway.visibility.comparison import SEED, shown_differences, world_differences
from tests.gateway.visibility.mutants import MUTANTS, Mutant, planted
from tests.gateway.visibility.oracle import Expected, Oracle
from tests.gateway.visibility.twins import pairs
from tests.gateway.visibility.worlds import Case, World, cases, worlds

ROWS, WORLDS, PAIRS = 4_000, 500, 3_000
ROWS_A_WORLD = 25
"""One judge sees them all, so that what it remembers is tried as well."""


@cache
def judged_rows() -> list[tuple[Case, Expected | None]]:
    return [
        (case, Oracle(case.world.deployment, case.world.viewer).show(case.row, case.record, case.world.identifiers))
        for case in islice(cases(SEED, ROWS_A_WORLD), ROWS)
    ]


@cache
def some_worlds() -> list[World]:
    return list(islice(worlds(SEED), WORLDS))


@cache
def some_pairs() -> list[tuple[Case, Case]]:
    return list(islice(pairs(SEED), PAIRS))


def is_noticed(rule: ModuleType) -> bool:
    return any(world_differences(world, rule) for world in some_worlds()[:50]) or (
        any(shown_differences(shown_by(rule, case), expected) for case, expected in judged_rows())
        or any(world_differences(world, rule) for world in some_worlds()[50:])
    )


def is_told_by_twins(rule: ModuleType) -> bool:
    return any(shown_by(rule, one) != shown_by(rule, other) for one, other in some_pairs())


def shown_by(rule: ModuleType, case: Case) -> object:
    world = case.world
    judge = vars(rule).get("judge")
    if judge is None or judge.deployment is not world.deployment or judge.viewer is not world.viewer:
        judge = vars(rule)["judge"] = rule.Judge(world.deployment, world.viewer)
    return judge.show(case.row, case.record, world.identifiers)


def test_an_unharmed_copy_is_not_noticed() -> None:
    with planted(Mutant("nothing", "row = in_order(row)", "row = in_order(row)")) as rule:
        assert rule is not visibility
        assert not is_noticed(rule)
        assert not is_told_by_twins(rule)


def test_there_are_enough_of_them() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 25


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_noticed(mutant: Mutant) -> None:
    with planted(mutant) as rule:
        assert is_noticed(rule), f"{ROWS} rows and {WORLDS} worlds of seed {SEED} do not notice that {mutant.name}"


@pytest.mark.parametrize("mutant", [m for m in MUTANTS if m.leaks], ids=lambda mutant: mutant.name)
def test_a_planted_leak_is_told_by_twins(mutant: Mutant) -> None:
    with planted(mutant) as rule:
        assert is_told_by_twins(rule), f"{PAIRS} pairs of seed {SEED} do not notice that {mutant.name}"
