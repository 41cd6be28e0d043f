"""The record of who looked at whom: noted with every answer, on the disk within 50 ms of it.

Entries wait in a spool of bounded length and are appended together. While the store is away they go on waiting; once
the spool is full nobody is shown anything more, since it could not be recorded. Edits, erasure and export wait for
their entry. Customers stand in it as keyed hashes. Why: docs/decisions/0020-audit-record.md.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
import structlog

from connectors.interaction import Identifier
from gateway.errors import InternalError
from gateway.privacy.trail import Trail
from gateway.viewer.viewer import Viewer

if TYPE_CHECKING:
    from gateway.store.store import Store

log = structlog.get_logger()

GATHER_SECONDS = 0.02
AGAIN_SECONDS = 0.5
CLOSING_SECONDS = 2.0
MAX_TOGETHER = 500
MAX_WHOM = 300
"""Of one entry: an operation cannot name more keys than this."""
MAX_HANDLES_KNOWN = 5_000
"""To be in the store already. Who is shown again later than that costs an upsert."""


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who did what to whom. `whom`: keyed hashes of the handles shown and of the keys asked for; `misses`: keys that
    led to nobody. `token`: of a widget. `reason`: as whoever did it gave it."""

    subject: str
    kind: str
    operation: str
    whom: tuple[bytes, ...] = ()
    profile: str | None = None
    rows: int = 0
    misses: int = 0
    request_id: str | None = None
    token: str | None = None
    reason: str | None = None


class SpoolFullError(InternalError):
    default_message = "Nothing can be shown now, since it cannot be recorded."


_encoder = msgspec.msgpack.Encoder()
_seen = msgspec.msgpack.Decoder(Seen)


def read_entry(content: bytes) -> Seen:
    return _seen.decode(content)


class Recorder:
    """`max_waiting`: entries in the spool."""

    def __init__(
        self, store: Store, max_waiting: int = 20_000, utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._store = store
        self._max_waiting = max_waiting
        self._utc_now = utc_now
        self._waiting: deque[tuple[datetime, bytes]] = deque()
        self._handles: deque[tuple[Identifier, Identifier | None]] = deque()
        self._handles_known: OrderedDict[Identifier, None] = OrderedDict()
        self._something = asyncio.Event()
        self._writing = asyncio.Lock()
        self._is_full = False

    def admit(self) -> None:
        """Raises `SpoolFullError` when what would be shown could not be recorded."""
        if len(self._waiting) < self._max_waiting:
            self._is_full = False
            return
        if not self._is_full:
            self._is_full = True
            log.error("audit_spool_full")
        raise SpoolFullError

    def note(self, viewer: Viewer, operation: str, trail: Trail, request_id: str | None) -> None:
        """What was shown, or looked for in vain."""
        self._put(self._entry(viewer, operation, trail.whom(), len(trail.rows), trail.misses, request_id))
        for handle, record in trail.people.items():
            if handle not in self._handles_known:
                self._handles_known[handle] = None
                self._handles.append((handle, record))
                if len(self._handles_known) > MAX_HANDLES_KNOWN:
                    self._handles_known.popitem(last=False)

    def note_rows(self, viewer: Viewer, operation: str, whom: Identifier, rows: int, request_id: str | None) -> None:
        """What a stream told."""
        self._put(self._entry(viewer, operation, [whom], rows, 0, request_id))

    async def write(
        self,
        viewer: Viewer,
        operation: str,
        whom: Iterable[Identifier],
        request_id: str | None,
        reason: str | None,
        *,
        of_token: str | None = None,
    ) -> None:
        """On the disk when it returns; `of_token`: the widget's that it is about. Raises `UnavailableError`."""
        entry = self._entry(viewer, operation, whom, 0, 0, request_id)
        entry = msgspec.structs.replace(entry, reason=reason, token=of_token or entry.token)
        await self._store.audit.append([(self._utc_now(), _encoder.encode(entry))])

    def _entry(
        self, viewer: Viewer, operation: str, whom: Iterable[Identifier], rows: int, misses: int, request_id: str | None
    ) -> Seen:
        digests = tuple(map(self._store.vault.digest, whom))[:MAX_WHOM]
        profile = None if viewer.active is None else viewer.active.name
        return Seen(
            viewer.subject, viewer.kind, operation, digests, profile, rows, misses, request_id, token=viewer.token
        )

    def _put(self, entry: Seen) -> None:
        self._waiting.append((self._utc_now(), _encoder.encode(entry)))
        self._something.set()

    def forget(self, identifiers: Iterable[Identifier]) -> None:
        """Ids made of these are remembered anew when they are given again."""
        gone = frozenset(identifiers)
        for handle in gone:
            self._handles_known.pop(handle, None)
        self._handles = deque(one for one in self._handles if one[0] not in gone and one[1] not in gone)

    async def run(self) -> None:
        """As long as the application does."""
        is_away = False
        while True:
            await self._something.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._something.clear()
            try:
                await self.flush()
                is_away = False
            except Exception as error:
                if not is_away:
                    is_away = True
                    log.error("audit_waits", error=type(error).__name__)
                self._something.set()
                await asyncio.sleep(AGAIN_SECONDS)

    async def flush(self) -> None:
        """Everything that waits. What cannot be appended goes on waiting. Whoever leaves meanwhile interrupts nothing:
        it must be known what was appended."""
        flushing = asyncio.ensure_future(self._flush())
        flushing.add_done_callback(_seen_to)
        await asyncio.shield(flushing)

    async def _flush(self) -> None:
        async with self._writing:
            while self._waiting or self._handles:
                entries = [self._waiting[n] for n in range(min(len(self._waiting), MAX_TOGETHER))]
                handles = list(self._handles)
                appended, remembered = await asyncio.gather(
                    self._store.audit.append(entries), self._remember(handles), return_exceptions=True
                )
                if not isinstance(appended, BaseException):
                    for _ in entries:
                        self._waiting.popleft()
                if not isinstance(remembered, BaseException):
                    written = frozenset(handles)
                    self._handles = deque(one for one in self._handles if one not in written)
                for failed in (appended, remembered):
                    if isinstance(failed, BaseException):
                        raise failed

    async def _remember(self, handles: Sequence[tuple[Identifier, Identifier | None]]) -> None:
        if handles:  # seldom: most people were shown before
            await self._store.handles.remember([handle for handle, _ in handles], self._utc_now(), dict(handles))

    async def aclose(self) -> None:
        """What waits is written, if that is possible now."""
        with suppress(Exception):
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.flush()
        if self._waiting:
            log.error("audit_lost")


def _seen_to(flushing: asyncio.Future[None]) -> None:
    """An error is told to whoever waits; nobody does when they have left."""
    if not flushing.cancelled():
        flushing.exception()
