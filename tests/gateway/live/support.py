"""A watch, its clock, its viewer and its listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from connectors.base import Window
from connectors.interaction import Identifier
from gateway.core import Gateway
from gateway.errors import GatewayError
from gateway.journey.filter import Filter
from gateway.live import changes
from gateway.live.hub import Hub
from gateway.live.stream import Subject, Told, Watch
from gateway.viewer.viewer import Viewer
from tests.gateway.support import (
    NOW,
    PHONE,
    FakeVendor,
    gateway_of,
    loop_clock,
    row_of,
    run_leaping,
    supervisor,
)

HOUR = timedelta(hours=1)
QUESTION = b"0123456789abcdef"


class Clock:
    """The wall clock goes with the loop's."""

    def utc_now(self) -> datetime:
        return NOW + timedelta(seconds=loop_clock())

    monotonic = staticmethod(loop_clock)


class Somebody:
    """A credential whose rights can be changed."""

    def __init__(self, viewer: Viewer | None = None) -> None:
        self.viewer = viewer or supervisor()
        self.error: GatewayError | None = None

    async def __call__(self) -> Viewer:
        if self.error is not None:
            raise self.error
        return self.viewer


def live(*vendors: FakeVendor, **fields: Any) -> tuple[Gateway, Hub]:
    gateway = gateway_of(*vendors, clock=Clock(), monotonic=loop_clock, **fields)  # type: ignore[arg-type]
    return gateway, Hub(gateway, poll_seconds=10, linger_seconds=60)


def subject(viewer: str = "emma", **fields: Any) -> Subject:
    return Subject(PHONE, viewer, fields.pop("filter_", Filter()), Window(NOW - 365 * 24 * HOUR), QUESTION)


def desk(*rows: Any) -> FakeVendor:
    return FakeVendor("desk", [row_of("desk", f"{n}", NOW - HOUR * (n + 1)) for n in range(4)] + list(rows))


def ended(row: Any, **fields: Any) -> Any:
    return replace(row, **fields)


def told_of(told: list[Told]) -> list[tuple[str, str]]:
    names = []
    for _, update, _, _ in told:
        if isinstance(update, changes.Changed):
            names.append(("changed", update.shown.position.external_id))
        elif isinstance(update, changes.Retracted):
            names.append(("retracted", update.key.external_id))
        elif isinstance(update, changes.SourceChanged):
            names.append(("source", f"{update.report.source} {update.report.state}"))
        elif isinstance(update, changes.SummaryChanged):
            names.append(("summary", str(update.summary.last_30_days.interactions.value)))
        else:
            names.append(("reset", ""))
    return names


def digest(identifier: Identifier) -> bytes:
    return identifier.value.encode()


class Listener:
    """Takes everything down until told to leave."""

    def __init__(self, watch: Watch, after: int = 0) -> None:
        self.told: list[Told] = []
        self.error: BaseException | None = None
        self._watch, self._after = watch, after
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async with aclosing(self._watch.listen(self._after)) as news:
                async for told in news:
                    self.told.append(told)
        except GatewayError as error:
            self.error = error

    async def leave(self) -> list[Told]:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.told


def scenario(act: Callable[[], Awaitable[None]]) -> None:
    run_leaping(act())  # type: ignore[arg-type]
