"""All watches of this process: opened, found again by cursor, woken, and let go when nobody comes back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from connectors.interaction import Identifier, Interaction
from gateway.core import Gateway
from gateway.errors import BadCursorError, RateLimitedError
from gateway.live.bus import News, whom_of
from gateway.live.changes import Key
from gateway.live.stream import Credential, Subject, Watch
from gateway.operation import Person
from gateway.sources.report import Report
from gateway.viewer.viewer import Viewer

MAX_WATCHES = 5_000
SWEEP_SECONDS = 5.0


class Cursor(NamedTuple):
    """What a cursor of a stream holds, sealed: the watch, and the number of the last update received."""

    watch: str
    number: int


@dataclass(slots=True)
class Hub:
    """linger_seconds: how long a watch goes on when nobody listens."""

    gateway: Gateway
    poll_seconds: float = 10.0
    linger_seconds: float = 60.0
    max_watches: int = MAX_WATCHES
    _watches: dict[str, tuple[Watch, asyncio.Task[None]]] = field(default_factory=dict)
    _ending: set[asyncio.Task[None]] = field(default_factory=set)

    def open(
        self,
        subject: Subject,
        viewer: Viewer,
        credential: Credential,
        person: Person | None = None,
        known: dict[Key, bytes] | None = None,
        unread: Callable[[Interaction], bool] | None = None,
        reports: Sequence[Report] | None = None,
    ) -> Watch:
        """A new watch. `known`: what its viewer has been shown already of `person`, by a page that left out what is
        `unread` and said `reports` of the sources. Raises `RateLimitedError` when there are too many."""
        self._sweep()
        if len(self._watches) >= self.max_watches:
            raise RateLimitedError("Too many streams are open.", self.linger_seconds)
        watch = Watch(
            secrets.token_urlsafe(12),
            self.gateway,
            subject,
            viewer,
            credential,
            self.poll_seconds,
            person=person,
            known=known,
            unread=unread,
            reports=None if reports is None else {report.source: report for report in reports},
            left_at=self.gateway.clocks.monotonic(),
        )
        self._watches[watch.id] = (watch, asyncio.create_task(watch.run()))
        return watch

    def cursor(self, watch: Watch, number: int) -> str:
        return self.gateway.cursors.seal(Cursor(watch.id, number))

    def resume(self, text: str, subject: Subject, viewer: Viewer, credential: Credential) -> tuple[Watch, int] | None:
        """The watch that a cursor belongs to and the number to go on after; None when it is gone, is of somebody else
        since a merge, or looks under other rights, so that what was missed cannot be told. From now on it goes by this
        credential. Raises `BadCursorError` for a cursor of something else."""
        opened = self.gateway.cursors.open(text, tuple[str, int])
        if opened is None:
            raise BadCursorError
        cursor = Cursor(*opened)
        self._sweep()
        found = self._watches.get(cursor.watch)
        if found is None or found[0].has_ended:
            return None
        watch = found[0]
        theirs = (watch.subject.viewer, watch.subject.question)
        if theirs != (subject.viewer, subject.question) or cursor.number > watch.number:
            raise BadCursorError
        if watch.subject.handle != subject.handle or not watch.suits(viewer):  # merged or separated since, perhaps
            return None
        watch.credential = credential
        return watch, cursor.number

    def wake(
        self,
        identifiers: Sequence[Identifier] = (),
        record_ids: Sequence[tuple[str, str]] = (),
        *,
        everybody: bool = False,
    ) -> None:
        """Something happened to these people: whoever watches them looks at once."""
        for watch, _ in self._watches.values():
            if everybody or watch.touches(identifiers, record_ids):
                watch.wake()

    def hear(self, news: News) -> None:
        """Whoever watches somebody that it is about looks at once."""
        assert self.gateway.store is not None, "what is told is stored"
        whom, digest = whom_of(news.entries), self.gateway.store.vault.digest
        for watch, _ in self._watches.values():
            watch.hear(whom, digest)

    def forget(self, digest: Callable[[Identifier], bytes], digests: Collection[bytes]) -> int:
        """Nothing of what was told of these people is kept: who watches them is told to read anew. How much there
        was."""
        return sum(watch.forget() for watch, _ in self._watches.values() if watch.is_about(digest, digests))

    def _sweep(self) -> None:
        """Let go of what nobody has listened to for a while."""
        long_ago = self.gateway.clocks.monotonic() - self.linger_seconds
        for id_, (watch, task) in list(self._watches.items()):
            if watch.listeners == 0 and watch.left_at < long_ago:
                self._let_go(task)
                del self._watches[id_]

    def _let_go(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def run(self) -> None:
        """Sweep as long as the application runs."""
        try:
            while True:
                await asyncio.sleep(SWEEP_SECONDS)
                self._sweep()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        for _, task in self._watches.values():
            self._let_go(task)
        self._watches.clear()
        await asyncio.gather(*self._ending, return_exceptions=True)
