"""What the command line does with the store, beside a gateway that may be running."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from gateway.build import make_store
from gateway.settings import Settings
from gateway.store.inbox import UNDONE, State, Waiting
from gateway.store.store import Store


async def migrate_store(settings: Settings, folder: Path) -> None:
    """Raises `InUseError` while a gateway works on the same file."""
    store = make_store(settings, folder)
    await store.open(migrate=True)
    await store.aclose()


async def waiting_deliveries(settings: Settings, folder: Path, *, everything: bool) -> list[Waiting]:
    async with _beside(settings, folder) as store:
        return await store.inbox.listed(UNDONE if everything else (State.POISON,))


async def replay(settings: Settings, folder: Path, ids: Sequence[int] | None, source: str | None) -> int:
    """All, unless numbers or a source are given."""
    async with _beside(settings, folder) as store:
        return await store.inbox.replay(datetime.now(UTC), ids, source)


@asynccontextmanager
async def _beside(settings: Settings, folder: Path) -> AsyncIterator[Store]:
    store = make_store(settings, folder, exclusive=False)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()
