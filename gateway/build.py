"""From settings to a running gateway: the one place where its parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx

from connectors.base import VendorConnector
from connectors.http import network_transport
from connectors.interaction import Touchpoint
from connectors.journal import Journal
from connectors.registry import connector_class
from connectors.whatsapp.whatsapp_cloud import KeptConversations
from gateway.core import Clocks, Gateway
from gateway.customers.following import Following
from gateway.customers.identity import IdentityRules
from gateway.deployment import Deployment
from gateway.graph.ids import Ids
from gateway.graph.limits import DocumentLimits
from gateway.journey.liveness import LivenessLimits
from gateway.privacy.limits import RateLimiter
from gateway.privacy.recorder import Recorder
from gateway.sealing import Sealer
from gateway.settings import Settings
from gateway.settings.model import SourceSection
from gateway.sources.cache import SourceCache
from gateway.sources.enrich import Enrichment, EscalationRule, TopicRule, TouchpointRule
from gateway.sources.source import Source
from gateway.viewer.widgets import WidgetTokens

if TYPE_CHECKING:
    from gateway.store.store import Store

TransportFactory = Callable[[SourceSection], httpx.AsyncBaseTransport]


def network(settings: Settings) -> TransportFactory:
    """Real HTTP by the transport that the operator chose, with as many connections as they allow each source."""
    lean = settings.gateway.transport == "lean"
    return lambda section: network_transport(section.max_connections, lean=lean)


def build_gateway(
    settings: Settings,
    deployment: Callable[[], Deployment],
    *,
    transport: TransportFactory | None = None,
    clocks: Clocks | None = None,
    store: Store | None = None,
) -> Gateway:
    """`deployment` gives the rights in force; everything else is fixed at start. `transport`: the network, unless a
    test stands in for it."""
    clocks = clocks or Clocks()
    transport = transport or network(settings)
    secret = settings.gateway.secret.get_secret_value()
    cache = None
    if settings.cache.url:
        cache = SourceCache(settings.cache.limits(), monotonic=clocks.monotonic, utc_now=clocks.utc_now)
    said = IdentityRules(
        verifies={section.name: frozenset(section.verifies) for section in settings.sources},
        shared=settings.identity.shared_identifiers(),
        shared_after=settings.identity.shared_after,
    )
    following = Following(said, None if store is None else store.links, cache)
    return Gateway(
        deployment=deployment,
        sources={
            section.name: _source(settings, section, transport, clocks, cache, store) for section in settings.sources
        },
        identity=following.rules,
        ids=Ids(Sealer(secret, "id")),
        cursors=Sealer(secret, "cursor"),
        deadline_seconds=settings.gateway.deadline_ms / 1000,
        limits=LivenessLimits(settings.gateway.messaging_idle_seconds, settings.gateway.messaging_inactive_seconds),
        repeat_within=timedelta(days=settings.gateway.repeat_contact_days),
        namespaces=frozenset(s.external_id_source for s in settings.sources if s.external_id_source),
        time_zone=ZoneInfo(settings.gateway.time_zone),
        region=settings.gateway.region,
        clocks=clocks,
        cache=cache,
        store=store,
        following=following,
        recorder=None if store is None else Recorder(store, settings.audit.max_waiting, clocks.utc_now),
        widgets=WidgetTokens(
            secret,
            None if store is None else store.revocations,
            limit=timedelta(seconds=settings.auth.widget_token_seconds),
            utc_now=clocks.utc_now,
            monotonic=clocks.monotonic,
        ),
        limiter=RateLimiter(settings.rate_limits.per_second, settings.rate_limits.burst, clocks.monotonic),
    )


def make_store(settings: Settings, folder: Path, *, exclusive: bool = True) -> Store:
    """Closed as yet. `folder`: of the configuration. `exclusive`: for a process that serves; a command works beside
    it. Raises `NoStoreError`."""
    from gateway.store.errors import NoStoreError
    from gateway.store.store import Store, database_at
    from gateway.store.vault import Vault

    section = settings.store
    if not section.url:
        raise NoStoreError
    password = None if section.password is None else section.password.get_secret_value()
    database = database_at(section.url, folder, password=password, exclusive=exclusive)
    only = {source.name: source.channels[0] for source in settings.sources if len(source.channels) == 1}
    return Store(database, Vault(settings.gateway.secret.get_secret_value(), section.keys()), only)


def document_limits(settings: Settings) -> DocumentLimits:
    section = settings.gateway
    return DocumentLimits(
        depth=section.max_depth,
        aliases=section.max_aliases,
        root_fields=section.max_root_fields,
        fields=section.max_selections,
        directives=section.max_directives,
        repetitions=section.max_repeated_fields,
    )


def make_connector(
    settings: Settings,
    section: SourceSection,
    transport: httpx.AsyncBaseTransport,
    clocks: Clocks,
    store: Store | None = None,
) -> VendorConnector:
    """Of a system without a history that can be asked for: over the journal, if there is one."""
    cls, config = connector_class(section.connector), section.config(settings.gateway.region)
    if store is not None and issubclass(cls, KeptConversations | Journal):
        from gateway.store.connector import JournalConnector, KeptMessages, MessagesConnector

        if issubclass(cls, KeptConversations):
            talks = cls(config, transport, clocks.utc_now, KeptMessages(store))
            return MessagesConnector(talks, store, transport)
        return JournalConnector(cls(config, transport, clocks.utc_now), store, transport)
    return cls(config, transport, clocks.utc_now)


def _source(
    settings: Settings,
    section: SourceSection,
    transport: TransportFactory,
    clocks: Clocks,
    cache: SourceCache | None,
    store: Store | None,
) -> Source:
    connector = make_connector(settings, section, transport(section), clocks, store)
    timeout = None if section.timeout_ms is None else section.timeout_ms / 1000
    journal = None
    if store is not None and section.name in settings.harvest.sources:
        from gateway.harvest.fallback import Harvested

        journal = Harvested(store, section.name, clocks.utc_now)
    return Source(connector, _enrichment(settings, section), timeout_seconds=timeout, cache=cache, journal=journal)


def _enrichment(settings: Settings, section: SourceSection) -> Enrichment:
    rule = EscalationRule(
        frozenset(section.escalation.tags),
        frozenset(section.escalation.priorities),
        frozenset(section.escalation.queues),
    )
    touchpoints = [
        TouchpointRule(
            Touchpoint(name, touchpoint.stage),
            frozenset(touchpoint.sources),
            frozenset(touchpoint.channels),
            frozenset(touchpoint.queues),
            frozenset(touchpoint.campaigns),
        )
        for name, touchpoint in settings.touchpoints.items()
    ]
    topics = [
        TopicRule(
            name,
            frozenset(topic.sources),
            frozenset(topic.words),
            frozenset(topic.tags),
            frozenset(topic.wrap_up_codes),
            frozenset(topic.queues),
        )
        for name, topic in settings.topics.items()
    ]
    return Enrichment(section.rules(), rule if rule != EscalationRule() else None, touchpoints, topics)
