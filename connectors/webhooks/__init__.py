"""What vendors send by themselves: which receivers there are, and how one is made for a source.

Pure code: a receiver takes a `connectors.events.Delivery` and gives `Event`s. docs/webhooks.md says how an operator
sets each up.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

from connectors.events import Receiver
from connectors.questions import SourceConfig
from connectors.webhooks.receiver import VendorReceiver

RECEIVERS = {
    "whatsapp_cloud": "connectors.webhooks.whatsapp_cloud:WhatsAppCloud",
    "360dialog": "connectors.webhooks.whatsapp_cloud:Dialog360",
    "twilio_messages": "connectors.webhooks.twilio:Twilio",
    "twilio_voice": "connectors.webhooks.twilio:Twilio",
    "zendesk": "connectors.webhooks.zendesk:Zendesk",
    "zammad": "connectors.webhooks.zammad:Zammad",
    "chatwoot": "connectors.webhooks.chatwoot:Chatwoot",
    "intercom": "connectors.webhooks.intercom:Intercom",
    "formbricks": "connectors.webhooks.formbricks:Formbricks",
    "genesys_cloud": "connectors.webhooks.genesys_cloud:GenesysCloud",
    "genesys_journey": "connectors.webhooks.genesys_cloud:GenesysCloud",
    "freeswitch": "connectors.webhooks.freeswitch:FreeSwitch",
    "signed": "connectors.webhooks.signed:Signed",
}
"""By the connector's name in `gateway.toml`, or by a name of its own (`signed`: any sender, our own shape)."""


def receiver_class(name: str) -> type[VendorReceiver]:
    """Raises KeyError for a name that nobody offers."""
    module, _, attribute = RECEIVERS[name].partition(":")
    found: type[VendorReceiver] = getattr(import_module(module), attribute)
    return found


def make_receiver(name: str, options: Mapping[str, Any], config: SourceConfig) -> Receiver:
    """Raises KeyError for a name that nobody offers, `msgspec.ValidationError` for odd options."""
    made: Any = receiver_class(name)(options, config)
    return cast(Receiver, made)
