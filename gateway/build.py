"""From settings to a running gateway: the one place where its parts are put together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import httpx

from connectors.base import VendorConnector
from connectors.http import network_transport
from connectors.interaction import Touchpoint
from connectors.registry import connector_class
from gateway.core import Clocks, Gateway
from gateway.customers.identity import IdentityRules
from gateway.deployment import Deployment
from gateway.graph.ids import Ids
from gateway.graph.limits import DocumentLimits
from gateway.journey.liveness import LivenessLimits
from gateway.sealing import Sealer
from gateway.settings import Settings
from gateway.settings.model import SourceSection
from gateway.sources.cache import SourceCache
from gateway.sources.enrich import Enrichment, EscalationRule, TopicRule, TouchpointRule
from gateway.sources.source import Source

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
) -> Gateway:
    """`deployment` gives the rights in force; everything else is fixed at start. `transport`: the network, unless a
    test stands in for it."""
    clocks = clocks or Clocks()
    transport = transport or network(settings)
    secret = settings.gateway.secret.get_secret_value()
    cache = None
    if settings.cache.url:
        cache = SourceCache(settings.cache.limits(), monotonic=clocks.monotonic, utc_now=clocks.utc_now)
    return Gateway(
        deployment=deployment,
        sources={section.name: _source(settings, section, transport, clocks, cache) for section in settings.sources},
        identity=IdentityRules(
            verifies={section.name: frozenset(section.verifies) for section in settings.sources},
            shared=settings.identity.shared_identifiers(),
            shared_after=settings.identity.shared_after,
        ),
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
    )


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
    settings: Settings, section: SourceSection, transport: httpx.AsyncBaseTransport, clocks: Clocks
) -> VendorConnector:
    return connector_class(section.connector)(section.config(settings.gateway.region), transport, clocks.utc_now)


def _source(
    settings: Settings,
    section: SourceSection,
    transport: TransportFactory,
    clocks: Clocks,
    cache: SourceCache | None,
) -> Source:
    connector = make_connector(settings, section, transport(section), clocks)
    timeout = None if section.timeout_ms is None else section.timeout_ms / 1000
    return Source(connector, _enrichment(settings, section), timeout_seconds=timeout, cache=cache)


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
