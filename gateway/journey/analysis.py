"""Did the customer get an answer, in how many steps, by which channels, through how many hands? Pure figures over
episodes and shown rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from connectors.interaction import Channel
from gateway.journey.episodes import (
    Episode,
    Resolution,
    agents_of,
    channels_of,
    is_contact,
    key_of,
    oldest_first,
    transfers_of,
)
from gateway.journey.figures import UNCOUNTED_CHANNELS, Basis, Count, FigureState
from gateway.visibility import Shown

CONTACT_CHANNELS = frozenset(Channel) - UNCOUNTED_CHANNELS - {Channel.SURVEY}
"""What contacts come by."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """`agents_involved`: people. `channels_used`: in the order of their first use."""

    agents_involved: Count
    channels_used: tuple[Channel, ...]
    transfers: Count


def analyse(rows: Iterable[Shown], basis: Basis, *, legs_shown: bool) -> Analysis:
    """Over the contacts among `rows`. legs_shown: whether this viewer is shown legs anywhere; who is not, knows the
    last agents alone, and no transfers."""
    contacts = [s for s in oldest_first(rows) if is_contact(s)]
    agents, transfers = basis.count(len(agents_of(contacts))), basis.count(transfers_of(contacts))
    if not legs_shown and agents.value is not None:
        agents, transfers = Count(agents.value, FigureState.AT_LEAST), Count(None, FigureState.NOT_PERMITTED)
    return Analysis(agents, channels_of(contacts), transfers)


def having(
    episodes: Sequence[Episode], rows: Collection[Shown], resolutions: Collection[Resolution] | None
) -> list[Episode]:
    """Those that one of `rows` belongs to, and that ended in one of these ways."""
    keys = set(map(key_of, rows))
    return [
        e
        for e in episodes
        if (resolutions is None or e.resolution in resolutions) and any(key_of(s) in keys for s in e.rows)
    ]
