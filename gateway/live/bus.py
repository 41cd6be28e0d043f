"""What the store learned, told within this process to whoever wants to know: streams, and caches.

Only a nudge. Who must not miss anything reads the feed itself, by its numbers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import structlog

from connectors.interaction import Identifier

if TYPE_CHECKING:
    from gateway.store.feed import Entry, Touched

Pair = tuple[str, str]
log = structlog.get_logger()


class News(msgspec.Struct, frozen=True):
    """Entries of the feed, none left out and none twice; and identifiers that hints among them named, where this
    process took them in: the feed itself keeps hashes."""

    entries: Sequence[Entry]
    identifiers: Sequence[Identifier] = ()

    @property
    def record_ids(self) -> list[tuple[str, str]]:
        """Source and record of whom it is about, where that is known."""
        about = [(entry.touched.source, entry.touched.record_id) for entry in self.entries]
        return [(source, record_id) for source, record_id in dict.fromkeys(about) if record_id is not None]


@dataclass(frozen=True, slots=True)
class Whom:
    """Whom news are about: records (source and id) and keyed hashes of identifiers, each with the rows (source and id)
    that are named with them. `sources`: where something happened to nobody knows whom."""

    records: Mapping[Pair, frozenset[Pair]]
    digests: Mapping[bytes, frozenset[Pair]]
    sources: frozenset[str]


def whom_of(entries: Iterable[Entry]) -> Whom:
    """What one source tells of one instant belongs together: it may name a row, and beside it whose that is."""
    records: dict[Pair, frozenset[Pair]] = defaultdict(frozenset)
    digests: dict[bytes, frozenset[Pair]] = defaultdict(frozenset)
    sources = set()
    together: dict[tuple[str, datetime], list[Touched]] = defaultdict(list)
    for entry in entries:
        together[entry.touched.source, entry.touched.at].append(entry.touched)
    for (source, _), told in together.items():
        ownerless = frozenset((source, one.external_id) for one in told if one.external_id and one.record_id is None)
        named = [one for one in told if one.record_id is not None or one.digest is not None]
        for one in named:
            rows = ownerless if one.external_id is None else ownerless | {(source, one.external_id)}
            if one.record_id is not None:
                records[source, one.record_id] |= rows
            if one.digest is not None:
                digests[one.digest] |= rows
        if not named:
            sources.add(source)
    return Whom(records, digests, frozenset(sources))


Listener = Callable[[News], None]


class Bus:
    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """From now on; what comes back ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, news: News) -> None:
        """A listener that fails keeps nobody else from hearing."""
        for listener in tuple(self._listeners):
            try:
                listener(news)
            except Exception as error:
                log.error("listener_failed", error=type(error).__name__)
