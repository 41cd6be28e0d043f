"""Which connectors there are: the built-in ones, and those of other packages.

Another package offers one by the entry-point group `journey_gateway.connectors`: its name is the connector's name
in `gateway.toml`, its value the class.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from connectors.base import VendorConnector

ENTRY_POINT_GROUP = "journey_gateway.connectors"

BUILT_IN = {
    "zendesk": "connectors.ticketing.zendesk:Zendesk",
    "request_tracker": "connectors.ticketing.request_tracker:RequestTracker",
    "limesurvey": "connectors.survey.limesurvey:LimeSurvey",
    "chatwoot": "connectors.chat.chatwoot:Chatwoot",
    "twilio_messages": "connectors.whatsapp.twilio_messages:TwilioMessages",
    "genesys_cloud": "connectors.telephony.genesys_cloud:GenesysCloud",
}


def names() -> list[str]:
    """Every connector that `gateway.toml` may name, sorted."""
    return sorted({*BUILT_IN, *(entry.name for entry in entry_points(group=ENTRY_POINT_GROUP))})


@cache
def connector_class(name: str) -> type[VendorConnector]:
    """Raises KeyError for a name that nobody offers. A built-in name cannot be taken over by another package."""
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found = getattr(import_module(module), attribute)
    else:
        found = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}[name].load()
    if not issubclass(found, VendorConnector):
        raise TypeError(f"connector {name!r} is not a VendorConnector")
    return found  # type: ignore[no-any-return]
