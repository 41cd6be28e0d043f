"""Leaks to plant: each is a line or two of the product that somebody might write one day."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from inspect import getsource
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace as with_fields

from gateway import operation
from gateway.customers import identity
from gateway.deployment import Module
from gateway.errors import ForbiddenError
from gateway.graph import customer
from gateway.journey import facets, history, read, summary
from gateway.journey.read import LaneReader, Reading
from gateway.operation import Operation
from gateway.permissions import ALL_PERMISSIONS
from gateway.sources.source import Source
from gateway.viewer.viewer import EVERYWHERE, Viewer, ViewerKind
from gateway.visibility import Judge


@dataclass(frozen=True)
class Planted:
    """`line` of `owner`'s function becomes `instead`; `also`: other modules that imported the function."""

    owner: Any
    function: str
    line: str
    instead: str
    also: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Leak:
    """`seen`: a pair of worlds that shows it."""

    name: str
    planted: tuple[Planted, ...]
    seen: str = "leaks/0"


@contextmanager
def leaking(leak: Leak) -> Iterator[None]:
    with ExitStack() as stack:
        for planted in leak.planted:
            function = rewritten(planted)
            for owner in (planted.owner, *planted.also):
                stack.enter_context(patch.object(owner, planted.function, function))
        yield


def rewritten(planted: Planted) -> Any:
    """The function with one line changed, in its own module's names."""
    original = vars(planted.owner)[planted.function]
    plain = original.fget if isinstance(original, property) else original
    source = textwrap.dedent(getsource(plain))
    assert source.count(planted.line) == 1, f"{planted.function} has changed, so this leak must be planted anew"
    names: dict[str, Any] = {}
    leaky = "from __future__ import annotations\n" + source.replace(planted.line, planted.instead)
    helpers = {"all_seeing": all_seeing, "with_fields": with_fields, "ForbiddenError": ForbiddenError}
    exec(leaky, {**plain.__globals__, **helpers}, names)
    return names[planted.function]


def all_seeing(reading: Reading) -> Reading:
    """The same reading for somebody who may see everything."""
    deployment = replace(reading.judge.deployment, modules=frozenset(Module))
    everything = dict.fromkeys(ALL_PERMISSIONS, EVERYWHERE)
    return replace(reading, judge=Judge(deployment, Viewer("everybody", ViewerKind.SUPERVISOR, everything)))


LEAKS = (
    Leak("rows are shown unjudged", (
        Planted(Judge, "_look_closer", "if not any(sight.divisions for sight in sights):", "if False:"),
    )),
    Leak("`hasNextPage` counts hidden rows", (
        Planted(
            read, "read_page", "or unanswered\n",
            "or any(r._scanned > len(r.lane.rows) for r in readers)\n", (customer,),
        ),
    ), "leaks/5"),
    Leak("reports count hidden rows", (
        Planted(read, "read_page", "items=items[reader.source.name]", "items=reader._scanned", (customer,)),
    )),
    Leak("a cursor stands at the last row read, hidden or not", (
        Planted(
            read, "read_page", "end = rows[-1].position",
            "end = edge_position(min(r.oldest or r.reading.now for r in readers), ascending)", (customer,),
        ),
    ), "leaks/5"),
    Leak("facets count everything", (
        Planted(facets, "read_facets", "open_lanes(reading, ", "open_lanes(all_seeing(reading), ", (customer,)),
    )),
    Leak("facets say that hidden rows were left out", (
        Planted(
            facets, "read_facets", "and r.lane.stopped_at is None", "and r._scanned == len(r.lane.rows)", (customer,),
        ),
    ), "leaks/5"),
    Leak("the summary counts everything", (
        Planted(
            summary, "summarise", "open_lanes(reading, Window())", "open_lanes(all_seeing(reading), Window())",
            (customer,),
        ),
    )),
    Leak("the summary's reports count what the last page happened to bring", (
        Planted(summary._Figures, "_read_for_sure", "if whole or s.row.started_at >= self.since", ""),
    ), "leaks/171"),
    Leak("episodes are made of everything", (
        Planted(history, "read_history", "open_lanes(reading, ", "open_lanes(all_seeing(reading), ", (operation,)),
    )),
    Leak("silence proves nothing where rows are hidden", (
        Planted(
            history, "read_history", "Terms(reading.now, within, everyone_answered)",
            "Terms(reading.now, within, everyone_answered and all(r._scanned == len(r.lane.rows) for r in readers))",
            (operation,),
        ),
    ), "leaks/461"),
    Leak("figures of a customer say that hidden rows were left out", (
        Planted(history, "_stopped_short", "if lane.stopped_at is not None:", "if reader._scanned > len(lane.rows):\n"
                "        return True\n    if lane.stopped_at is not None:"),
    ), "leaks/8"),
    Leak("filters read what is hidden", (
        Planted(
            LaneReader, "_kept", "self._filter.keeps(shown,",
            "self._filter.keeps(([*all_seeing(reading).judge.show_each(self.source.name, [r for r in items "
            "if r.external_id == shown.position.external_id], self._records)] or [shown])[0],",
        ),
    ), "leaks/412"),
    Leak("touchpoints and escalations are made of hidden queues", (
        Planted(
            Source, "show", "self.enrichment.apply(one)",
            "with_fields(one, row=with_fields(one.row, touchpoint=self.enrichment.apply(with_fields(one, "
            "row=next(r for r in rows if r.external_id == one.position.external_id), queue=None)).row.touchpoint))",
        ),
    ), "leaks/136"),
    Leak("a name is looked for in hidden records", (
        Planted(Judge, "show_name", "(r for r in records if self.sees_record(r))", "records"),
    ), "leaks/68"),
    Leak("evidence names hidden records", (
        Planted(
            customer, "_identifier_node", "visible = [r for r in records if judge.sees_record(r)]",
            "visible = [r for r in records if judge.reaches(r.source)]",
        ),
    ), "leaks/25"),
    Leak("campaigns of hidden records are listed", (
        Planted(Judge, "show_campaigns", "if self.sees_record(record):", "if self.reaches(record.source):"),
    ), "leaks/68"),
    Leak("a node is shown unjudged", (
        Planted(
            Operation, "interaction", "source.show(self.judge, [row]",
            "source.show(all_seeing(self.reading(person)).judge, [row]",
        ),
    )),
    Leak("a hidden node is FORBIDDEN, an unknown one null", (
        Planted(
            Operation, "interaction", "return (shown[0], person) if shown else None",
            "if not shown:\n        raise ForbiddenError\n    return shown[0], person",
        ),
    )),
    Leak("hidden candidates are counted", (
        Planted(identity, "matching", " if sees(r) for", " for", (operation,)),
    ), "leaks/67"),
    Leak("search finds hidden records", (
        Planted(Operation, "search", "if self.judge.sees_record(r) and self._matches", "if self._matches"),
        Planted(Operation, "_matches", "self.judge.show_name([record])", "record.name"),
    ), "leaks/50"),
    Leak("sources out of reach are reported", (
        Planted(Operation, "_reports", " if self.judge.reaches(name)", ""),
    ), "leaks/87"),
    Leak("sources out of reach are read", (
        Planted(Reading, "reachable", " if self.judge.reaches(s.name)", ""),
    ), "leaks/87"),
    Leak("the agent of a hidden leg is shown", (
        Planted(Judge, "_redact", "if leg.agent is not None and s.divisions", "if leg.agent is not None"),
    ), "leaks/36"),
    Leak("a tag names a hidden queue", (
        Planted(Judge, "_shown_tags", "gone = withheld - shown", "gone = set()"),
    ), "leaks/6"),
    Leak("a comment is told although its leg is hidden", (
        Planted(Judge, "_redact", "if at_leg(row, sights, c.at).event_type", ""),
    ), "leaks/6"),
)  # fmt: skip
