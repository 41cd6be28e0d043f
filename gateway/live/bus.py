"""What the store learned, told within this process to whoever wants to know: streams, and caches.

Only a nudge. Who must not miss anything reads the feed itself, by its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import structlog

from connectors.interaction import Identifier

if TYPE_CHECKING:
    from gateway.store.feed import Entry

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

    @property
    def may_be_anybody(self) -> bool:
        """Whether some of it names neither a record nor an identifier that is known here."""
        nameless = [e.touched for e in self.entries if e.touched.record_id is None]
        return any(touched.digest is None for touched in nameless) or len(nameless) > len(self.identifiers)


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
