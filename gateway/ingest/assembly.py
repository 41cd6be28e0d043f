"""The ingest of one gateway, put together: its endpoints, what runs behind them, and who is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.core import Gateway
from gateway.live.bus import Bus
from gateway.settings import Settings
from gateway.web import Endpoint


@dataclass(frozen=True, slots=True)
class Assembled:
    """`endpoints`, `body_limits`: by path. `background`: runs as long as the application does."""

    bus: Bus = field(default_factory=Bus)
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    body_limits: Mapping[str, int] = field(default_factory=dict)
    background: Sequence[Callable[[], Awaitable[None]]] = ()


def ingest_over(settings: Settings, gateway: Gateway) -> Assembled:
    """Without a store there is nothing: no source has a webhook then."""
    store = gateway.store
    if store is None:
        return Assembled()
    utc_now = gateway.clocks.utc_now
    from gateway.ingest.endpoint import Ingest
    from gateway.ingest.ways import PATH, ways_in
    from gateway.ingest.worker import IngestWorker

    bus, ways = Bus(), ways_in(settings)
    worker = IngestWorker(store, ways, bus, gateway.cache, utc_now)
    ingest = Ingest(store.inbox, worker.nudge, utc_now)
    return Assembled(
        bus,
        {f"{PATH}{name}": partial(ingest.take, way) for name, way in ways.items()},
        {f"{PATH}{name}": way.max_body_bytes for name, way in ways.items()},
        [worker.run],
    )
