"""Reads all of a customer that a viewer is shown, and finds its episodes.

Always the whole history, within a bound a source: an episode must be the same one whichever page, period or filter it
is met by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Window
from connectors.interaction import Channel
from gateway.journey.episodes import Episode, Key, Terms, find_episodes, key_of
from gateway.journey.figures import Basis
from gateway.journey.filter import Filter
from gateway.journey.read import LaneReader, Reading, open_lanes, pull_until
from gateway.permissions import EVENT_VIEW
from gateway.sources.report import ANSWERED
from gateway.visibility import Shown

MAX_ROWS_A_SOURCE = 2_000
PAGE_ROWS = 200


@dataclass(frozen=True, slots=True)
class History:
    """rows: as they were read. episodes: newest first; by_row: that of each row which is in one."""

    reading: Reading
    readers: tuple[LaneReader, ...]
    rows: tuple[Shown, ...]
    episodes: tuple[Episode, ...]
    by_row: Mapping[Key, Episode]

    def kept(self, window: Window, filter_: Filter) -> list[Shown]:
        reading = self.reading
        deployment, now, limits = reading.judge.deployment, reading.now, reading.limits
        return [s for s in self.rows if window.holds(s.row.started_at) and filter_.keeps(s, deployment, now, limits)]

    def holding(self, rows: Iterable[Key]) -> frozenset[Key]:
        """Every row of the episodes that one of `rows` belongs to."""
        found = (self.by_row.get(key) for key in rows)
        return frozenset(key_of(s) for episode in found if episode is not None for s in episode.rows)

    def basis(self, channels: frozenset[Channel], filter_: Filter, since: datetime | None) -> Basis:
        """What a figure of the rows since then stands on, over the sources that it may come from."""
        judge = self.reading.judge
        channels = channels & (filter_.channels or channels) or channels
        readers = [
            reader
            for reader in self.readers
            if not channels.isdisjoint(judge.source_channels(reader.source.name))
            and (filter_.sources is None or reader.source.name in filter_.sources)
        ]
        return Basis(
            licensed=any(map(judge.deployment.licenses, channels)),
            permitted=judge.viewer.holds(EVENT_VIEW) and not channels.isdisjoint(judge.channels),
            sources=len(readers),
            failed=sum(reader.report.state not in ANSWERED for reader in readers),
            bounded=any(_stopped_short(reader, since) for reader in readers),
        )


async def read_history(reading: Reading, within: timedelta) -> History:
    """Never raises for a source that fails: its rows are missing, and figures say so."""
    readers = open_lanes(reading, Window(), max_rows=MAX_ROWS_A_SOURCE)

    def unread(waiting: frozenset[str]) -> list[str]:
        return [r.source.name for r in readers if not r.lane.done and r.source.name not in waiting]

    await pull_until(readers, unread, PAGE_ROWS, reading)
    rows = tuple(shown for reader in readers for shown in reader.lane.rows[:MAX_ROWS_A_SOURCE])
    everyone_answered = all(reader.report.state in ANSWERED for reader in readers)
    episodes = tuple(find_episodes(rows, Terms(reading.now, within, everyone_answered)))
    by_row = {key_of(shown): episode for episode in episodes for shown in episode.rows}
    return History(reading, tuple(readers), rows, episodes, by_row)


def _stopped_short(reader: LaneReader, since: datetime | None) -> bool:
    """A bound, ours or the vendor's, struck among the rows that count."""
    lane = reader.lane
    left_out = lane.rows[MAX_ROWS_A_SOURCE : MAX_ROWS_A_SOURCE + 1]
    if left_out and (since is None or left_out[0].row.started_at >= since):
        return True
    if lane.stopped_at is not None:
        return since is None or lane.stopped_at >= since
    oldest = reader.oldest
    return reader.report.capped and (since is None or oldest is None or oldest >= since)
