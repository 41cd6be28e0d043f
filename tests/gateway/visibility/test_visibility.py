"""The product's rule against the oracle's over seeded worlds: every field of every row, and what surrounds the rows."""

from __future__ import annotations

from itertools import islice

from gateway.visibility import Judge
from tests.gateway.visibility.comparison import (
    SEED,
    shown_differences,
    told,
    world_differences,
)
from tests.gateway.visibility.oracle import Oracle
from tests.gateway.visibility.twins import pairs
from tests.gateway.visibility.worlds import cases, worlds

ROWS = 24_000
WORLDS = 3_000
PAIRS = 20_000


def test_every_row_is_shown_as_the_oracle_says() -> None:
    print(f"seed {SEED}, {ROWS} rows")
    visible = redacted = 0
    world = None
    for case in islice(cases(SEED), ROWS):
        if (
            case.world is not world
        ):  # one judge for the rows of a world, as in a request: what it remembers is tested too
            world = case.world
            judge, oracle = Judge(world.deployment, world.viewer), Oracle(world.deployment, world.viewer)
        shown = judge.show(case.row, case.record, world.identifiers)
        differences = shown_differences(shown, oracle.show(case.row, case.record, world.identifiers))
        assert not differences, told(case, differences)
        if shown is not None:
            visible += 1
            redacted += shown.row is not case.row
    # A generator that shows nothing, or withholds nothing, would agree with anything.
    assert visible > ROWS // 5
    assert visible // 5 < redacted < visible


def test_every_customer_and_source_is_shown_as_the_oracle_says() -> None:
    for world in islice(worlds(SEED), WORLDS):
        differences = world_differences(world)
        assert not differences, f"seed {SEED}: {differences} in {world}"


def test_rows_that_differ_only_in_what_is_hidden_are_shown_alike() -> None:
    print(f"seed {SEED}, {PAIRS} pairs")
    different = 0
    world = None
    for one, other in islice(pairs(SEED), PAIRS):
        if one.world is not world:
            world = one.world
            judge = Judge(world.deployment, world.viewer)
        shown = judge.show(one.row, one.record, world.identifiers)
        assert shown is not None
        assert shown == judge.show(other.row, other.record, world.identifiers), (
            f"seed {SEED}: of\n{one.row}\nand\n{other.row}\nby {world.viewer}\nin {world.deployment}"
        )
        different += one != other
    assert different > PAIRS // 2
