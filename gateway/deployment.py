"""What an operator decided, as values: licence, divisions, work profiles, and how each source maps to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.interaction import Campaign, Channel, Queue

EVERY_DIVISION = "*"


class Module(StrEnum):
    JOURNEY = "JOURNEY"
    SUPPORT = "SUPPORT"
    SURVEYS = "SURVEYS"
    WEB_WIDGET = "WEB_WIDGET"
    WHATSAPP = "WHATSAPP"
    SOCIAL = "SOCIAL"
    CAMPAIGNS = "CAMPAIGNS"
    WEB_TRACKING = "WEB_TRACKING"
    OTHER = "OTHER"


MODULE_OF = {
    **dict.fromkeys((Channel.VOICE, Channel.CALLBACK, Channel.VIDEO, Channel.FAX), Module.JOURNEY),
    **dict.fromkeys((Channel.TICKET, Channel.EMAIL), Module.SUPPORT),
    Channel.SURVEY: Module.SURVEYS,
    **dict.fromkeys((Channel.CHAT, Channel.WEB_MESSAGING, Channel.COBROWSE), Module.WEB_WIDGET),
    Channel.WHATSAPP: Module.WHATSAPP,
    **dict.fromkeys(
        (
            Channel.SMS,
            Channel.LINE,
            Channel.X,
            Channel.FACEBOOK,
            Channel.INSTAGRAM,
            Channel.TELEGRAM,
            Channel.APPLE_MESSAGES,
        ),
        Module.SOCIAL,
    ),
    Channel.CAMPAIGN: Module.CAMPAIGNS,
    **dict.fromkeys((Channel.WEB, Channel.KNOWLEDGE), Module.WEB_TRACKING),
    **dict.fromkeys((Channel.IN_PERSON, Channel.OTHER), Module.OTHER),
}
"""VISIBILITY.md §2.1."""


@dataclass(frozen=True, slots=True)
class WorkProfile:
    """`queues` are service names; `campaigns` are written `source/campaign id`."""

    name: str
    channels: frozenset[Channel]
    queues: frozenset[str] = frozenset()
    campaigns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SourceRules:
    """How rows of one source are read by this deployment.

    divisions: of rows that name none (`EVERY_DIVISION` alone: every one; empty: the home division).
    division_names: the vendor's division id or name → ours. services: the vendor's queue id or name → ours.
    """

    name: str
    channels: frozenset[Channel]
    divisions: tuple[str, ...] = ()
    division_names: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] = field(default_factory=dict)

    def division(self, vendor_id: str) -> str:
        """Our name of a vendor's division; one that nobody mapped keeps its own, prefixed with the source."""
        return self.division_names.get(vendor_id) or f"{self.name}/{vendor_id}"

    def service(self, queue: Queue) -> str:
        """The service a vendor's queue stands for; one that nobody mapped is `source/queue id`."""
        return self.services.get(queue.id) or self.services.get(queue.name) or f"{self.name}/{queue.id}"

    def campaign(self, campaign: Campaign) -> str:
        return f"{self.name}/{campaign.id}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """`sources` holds every configured source, in the order of the configuration."""

    modules: frozenset[Module]
    sources: Mapping[str, SourceRules]
    home_division: str
    divisions: frozenset[str]
    work_profiles: Mapping[str, WorkProfile] = field(default_factory=dict)

    def licenses(self, channel: Channel) -> bool:
        """Nothing shows without the JOURNEY module."""
        return Module.JOURNEY in self.modules and MODULE_OF[channel] in self.modules
