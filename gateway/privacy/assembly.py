"""Privacy over one application, put together: what runs beside it, and who has to forget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from gateway.core import Gateway
from gateway.graph.execution.executor import PLANS
from gateway.graph.schema import Executable
from gateway.live.bus import Bus
from gateway.live.hub import Hub
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.live.bus import News


def keeping(settings: Settings, gateway: Gateway) -> Sequence[Callable[[], Awaitable[None]]]:
    """What runs as long as the application does."""
    store = gateway.store
    if store is None:
        return ()
    from gateway.privacy.retention import Retention

    kept = (gateway.following, gateway.recorder, gateway.widgets)
    return (*(one.run for one in kept if one is not None), Retention.of(settings, store, gateway.clocks.utc_now).run)


def remember(gateway: Gateway, hub: Hub, executable: Executable, bus: Bus) -> None:
    """Who is to be woken when operators say who is who, and what is to be dropped when somebody is forgotten."""
    following, store = gateway.following, gateway.store
    if store is None or following is None:
        return
    memories = gateway.memories

    def hear(news: News) -> None:
        if any(entry.touched.source == "" for entry in news.entries):
            following.nudge()
        memories.hear(news)

    bus.subscribe(hear)
    following.listeners.append(lambda records: hub.wake(record_ids=records))
    memories.places["streams"] = partial(hub.forget, store.vault.digest)
    memories.whole += (executable.documents.forget, PLANS.forget, gateway.judges.clear)
    memories.learned.append(partial(following.look, anew=True))
    if gateway.widgets is not None:
        memories.whole.append(gateway.widgets.forget)
    if gateway.cache is not None:
        memories.learned.append(partial(gateway.cache.forget, lambda key: True))
