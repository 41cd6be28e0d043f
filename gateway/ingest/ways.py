"""Each configured source's way in: who reads its deliveries, and what proves that they are its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connectors.events import Delivery, Event, Receiver
from connectors.webhooks import make_receiver
from gateway.settings import Settings
from gateway.settings.model import SourceSection

PATH = "/ingest/"


@dataclass(frozen=True, slots=True)
class WayIn:
    """`address`: as the vendor knows it, without a query. `secrets`: those that are live."""

    source: str
    receiver: Receiver
    address: str
    max_body_bytes: int
    secrets: Sequence[str] = field(repr=False)


Ways = Mapping[str, WayIn]


def ways_in(settings: Settings) -> dict[str, WayIn]:
    """By the source's name."""
    found = (_way_in(settings, section) for section in settings.sources)
    return {way.source: way for way in found if way is not None}


def _way_in(settings: Settings, section: SourceSection) -> WayIn | None:
    webhook = section.webhook
    if webhook is None:
        return None
    config = section.config(settings.gateway.region)
    return WayIn(
        section.name,
        make_receiver(webhook.receiver or section.connector, webhook.all_options(), config),
        f"{settings.gateway.public_url.rstrip('/')}{PATH}{section.name}",
        webhook.max_body_bytes,
        [secret.get_secret_value() for secret in webhook.secrets],
    )


def read_with(ways: Ways, source: str, delivery: Delivery) -> Sequence[Event]:
    """What a delivery says. Raises KeyError for a source that has no way in any more."""
    return ways[source].receiver.events(delivery)
