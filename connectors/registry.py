"""Which connectors there are: the built-in ones, and those of other packages.

Another package offers one by the entry-point group `journey_gateway.connectors`: its name is the connector's name
in `gateway.toml`, its value the class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from connectors.base import VendorConnector

ENTRY_POINT_GROUP = "journey_gateway.connectors"

BUILT_IN = {
    "zendesk": "connectors.ticketing.zendesk:Zendesk",
    "request_tracker": "connectors.ticketing.request_tracker:RequestTracker",
    "zammad": "connectors.ticketing.zammad:Zammad",
    "freshdesk": "connectors.ticketing.freshdesk:Freshdesk",
    "jira_service_management": "connectors.ticketing.jira_service_management:JiraServiceManagement",
    "limesurvey": "connectors.survey.limesurvey:LimeSurvey",
    "surveymonkey": "connectors.survey.surveymonkey:SurveyMonkey",
    "formbricks": "connectors.survey.formbricks:Formbricks",
    "chatwoot": "connectors.chat.chatwoot:Chatwoot",
    "intercom": "connectors.chat.intercom:Intercom",
    "live_helper_chat": "connectors.chat.live_helper_chat:LiveHelperChat",
    "twilio_messages": "connectors.whatsapp.twilio_messages:TwilioMessages",
    "asterisk": "connectors.telephony.asterisk:Asterisk",
    "twilio_voice": "connectors.telephony.twilio_voice:TwilioVoice",
    "freeswitch": "connectors.telephony.freeswitch:FreeSwitch",
    "amazon_connect": "connectors.telephony.amazon_connect:AmazonConnect",
    "tvox": "connectors.telephony.tvox:TVox",
    "genesys_cloud": "connectors.telephony.genesys_cloud:GenesysCloud",
    "whatsapp_cloud": "connectors.whatsapp.whatsapp_cloud:WhatsAppCloud",
    "360dialog": "connectors.whatsapp.dialog360:Dialog360",
    "genesys_journey": "connectors.web.genesys_journey:GenesysJourney",
    "salesforce": "connectors.campaign.salesforce:Salesforce",
    "salesforce_data_cloud": "connectors.campaign.salesforce_data_cloud:SalesforceDataCloud",
    "journal": "connectors.journal:Journal",
    "declarative": "connectors.declarative.connector:Declarative",
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


def configured(cls: type[VendorConnector], options: Mapping[str, Any]) -> type[VendorConnector]:
    """The class for these options. A connector that is made by them has a class method of this name.

    Raises `connectors.toml_text.TomlError` with the faults of a file that the options name.
    """
    made: Callable[[Any], type[VendorConnector]] | None = getattr(cls, "configured", None)
    return cls if made is None else made(options)


def files(cls: type[VendorConnector]) -> frozenset[str]:
    """Its options that name a file when there is a dot in them, as the class attribute `files` tells."""
    return getattr(cls, "files", frozenset())
