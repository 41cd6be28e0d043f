"""What a journey's filter menus offer: counted over the whole window, within a bound a source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connectors.base import Window
from connectors.interaction import Queue
from gateway.journey.figures import Facets, count_facets
from gateway.journey.filter import Filter
from gateway.journey.read import Reading, open_lanes, pull_until
from gateway.sources.report import ANSWERED
from gateway.visibility import Shown

S = TypeVar("S")

MAX_ROWS_A_SOURCE = 2_000
PAGE_ROWS = 200


async def read_facets(
    reading: Reading, window: Window, campaigns: Filter, service_of: Callable[[str, Queue], S]
) -> Facets[S]:
    """Campaigns count the whole window, the rest what `campaigns` keeps; no other filter applies."""
    readers = open_lanes(reading, window, max_rows=MAX_ROWS_A_SOURCE)

    def unread(waiting: frozenset[str]) -> list[str]:
        return [r.source.name for r in readers if not r.lane.done and r.source.name not in waiting]

    await pull_until(readers, unread, PAGE_ROWS, reading)
    deployment = reading.judge.deployment

    def in_campaigns(shown: Shown) -> bool:
        return campaigns.keeps(shown, deployment, reading.now, reading.limits)

    rows = [shown for reader in readers for shown in list(reader.lane.rows)[:MAX_ROWS_A_SOURCE]]
    exhaustive = all(
        r.report.state in ANSWERED
        and r.lane.stopped_at is None
        and not r.report.capped
        and len(r.lane.rows) <= MAX_ROWS_A_SOURCE
        for r in readers
    )
    return count_facets(rows, in_campaigns, service_of, exhaustive=exhaustive)
