"""The running gateway: what every operation stands on. Built once, by `gateway.build`."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gateway.customers.following import Following
from gateway.customers.identity import IdentityRules
from gateway.deployment import Deployment
from gateway.graph.ids import Ids
from gateway.journey.liveness import LivenessLimits
from gateway.privacy.erasure import Memories
from gateway.privacy.limits import RateLimiter
from gateway.privacy.recorder import Recorder
from gateway.sealing import Sealer
from gateway.sources.cache import SourceCache
from gateway.sources.source import Source
from gateway.viewer.viewer import Viewer
from gateway.viewer.widgets import WidgetTokens
from gateway.visibility import Judge

if TYPE_CHECKING:  # what speaks with databases is loaded where there is one
    from gateway.store.store import Store

MAX_JUDGES = 2_000
MAX_NODES = 4_096


@dataclass(slots=True)
class Remembered:
    """Things that are the same for every viewer of one deployment, such as the nodes of its queues and agents."""

    deployment: Deployment | None = None
    things: dict[Hashable, Any] = field(default_factory=dict)

    def under(self, deployment: Deployment) -> dict[Hashable, Any]:
        """Forgotten when the deployment is another one, and now and then, since vendors may name ever more."""
        if deployment is not self.deployment or len(self.things) > MAX_NODES:
            self.deployment, self.things = deployment, {}
        return self.things


@dataclass(frozen=True, slots=True)
class Clocks:
    """Wall clock for data, monotonic clock (seconds) for waits; passed in so that tests can stop them."""

    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Gateway:
    """`deployment` and `identity` are functions, since licence, divisions and profiles are read again while it runs,
    and operators say who is who.

    sources: in the order of the configuration. namespaces: names that an external id may belong to beside sources.
    store: the journal, where anything is kept; following, recorder: what operators say and who looked, kept there.
    widgets: tokens of pages. limiter: how often somebody may look. memories: what is kept of customers besides the
    store. repeat_within: a customer who comes back so soon has not been helped
    yet.
    """

    deployment: Callable[[], Deployment]
    sources: Mapping[str, Source]
    identity: Callable[[], IdentityRules]
    ids: Ids
    cursors: Sealer
    deadline_seconds: float
    limits: LivenessLimits = field(default_factory=LivenessLimits)
    repeat_within: timedelta = timedelta(days=7)
    namespaces: frozenset[str] = frozenset()
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    region: str | None = None
    clocks: Clocks = field(default_factory=Clocks)
    cache: SourceCache | None = None
    store: Store | None = None
    following: Following | None = None
    recorder: Recorder | None = None
    widgets: WidgetTokens | None = None
    limiter: RateLimiter | None = None
    memories: Memories = field(default_factory=Memories)
    nodes: Remembered = field(default_factory=Remembered, repr=False)
    judges: OrderedDict[int, Judge] = field(default_factory=OrderedDict, repr=False)

    def judge(self, viewer: Viewer) -> Judge:
        """The rule for a viewer under the rights in force; kept, since it remembers what it found out."""
        deployment = self.deployment()
        known = self.judges.get(id(viewer))
        if known is not None and known.viewer is viewer and known.deployment is deployment:
            return known
        judge = self.judges[id(viewer)] = Judge(deployment, viewer)
        if len(self.judges) > MAX_JUDGES:
            self.judges.popitem(last=False)
        return judge

    def charge(self, viewer: Viewer) -> None:
        """For one question. Raises `RateLimitedError`."""
        if self.limiter is not None:
            self.limiter.take(viewer.caller)

    def admit(self, viewer: Viewer) -> None:
        """Before anything is looked up for them: whether they may ask now, and what they see can be recorded. Raises a
        `GatewayError`."""
        self.charge(viewer)
        if self.recorder is not None:
            self.recorder.admit()

    async def aclose(self) -> None:
        if self.recorder is not None:
            await self.recorder.aclose()
        if self.cache is not None:
            await self.cache.aclose()
        for source in self.sources.values():
            await source.aclose()
        if self.store is not None:
            await self.store.aclose()
