"""What the product shows beside what the oracle expects, named field by field."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from gateway import visibility
from tests.gateway.visibility.oracle import Expected, Oracle
from tests.gateway.visibility.worlds import Case, World, smallest

SEED = int(os.environ.get("VISIBILITY_SEED", "20260302"))
"""Another one tries other worlds: `VISIBILITY_SEED=7 pytest tests/gateway/visibility`."""


def row_differences(case: Case, rule: ModuleType = visibility) -> list[str]:
    oracle = Oracle(case.world.deployment, case.world.viewer)
    judge = rule.Judge(case.world.deployment, case.world.viewer)
    arguments = case.row, case.record, case.world.identifiers
    return shown_differences(judge.show(*arguments), oracle.show(*arguments))


def shown_differences(shown: Any, expected: Expected | None) -> list[str]:
    if shown is None or expected is None:
        return [] if shown is expected else ["visible"]
    found = [
        name
        for name in ("queue", "agent", "wrap_up_codes", "masked")
        if getattr(shown, name) != getattr(expected, name)
    ]
    if sorted(shown.divisions) != sorted(expected.divisions):
        found.append("divisions")
    if (shown.position.started_at, shown.position.source, shown.position.external_id) != expected.position:
        found.append("position")
    fields = expected.row.__struct_fields__
    found += [f"row.{name}" for name in fields if getattr(shown.row, name) != getattr(expected.row, name)]
    return found


def world_differences(world: World, rule: ModuleType = visibility) -> list[str]:
    """What is shown of the customer and of the sources, whatever the rows."""
    oracle = Oracle(world.deployment, world.viewer)
    judge = rule.Judge(world.deployment, world.viewer)
    found = []
    if frozenset(judge.withheld) != oracle.withheld() or len(judge.withheld) != len(oracle.withheld()):
        found.append("withheld")
    for source in (*world.deployment.sources, "a source that nobody configured"):
        if judge.reaches(source) != oracle.reaches(source):
            found.append("reaches")
        open_here = oracle.source_channels(source) if oracle.reaches(source) else frozenset()
        if sorted(judge.source_channels(source)) != sorted(open_here):
            found.append("source_channels")
    if any(judge.sees_record(record) != oracle.sees_record(record) for record in world.records):
        found.append("sees_record")
    known = judge.visible_identifiers(world.records)
    if set(known) != set(oracle.visible_identifiers(world.records)) or len(known) != len(set(known)):
        found.append("visible_identifiers")
    for identifier in world.identifiers:
        shown = judge.show_identifier(identifier, world.records)
        value_and_mask = None if shown is None else (shown.value, shown.masked)
        if value_and_mask != oracle.show_identifier(identifier, world.records):
            found.append("show_identifier")
    if judge.show_name(world.records) != oracle.show_name(world.records):
        found.append("show_name")
    return found


def told(case: Case, differences: list[str]) -> str:
    """A failure for people: what differs, in the smallest case that still does."""
    case = smallest(case, lambda smaller: bool(set(row_differences(smaller)) & set(differences)))
    world = case.world
    judge, oracle = (
        by(world.deployment, world.viewer).show(case.row, case.record, world.identifiers)
        for by in (visibility.Judge, Oracle)
    )
    lines = {
        "seed": SEED,
        "differs": differences,
        "row": case.row,
        "record": case.record,
        "identifiers": world.identifiers,
        "viewer": world.viewer,
        "deployment": world.deployment,
        "expected": oracle,
        "shown": judge,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items())
