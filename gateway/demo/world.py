"""The demo's configuration, viewers and customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.viewer.issuer import LocalIssuer
from sandbox import credentials as c
from sandbox.people import JOHN_PHONE, SHARED_MOBILE, SWITCHBOARD
from sandbox.population import Population

CONFIG = Path(__file__).with_name("gateway.toml")
AT_THE_DESK = Path(__file__).with_name("desk.toml")
"""What the demo page needs besides, where there is a store."""

SECRET = "ZGVtby1vbmx5LW5vdC1hLXNlY3JldC0zMi1ieXRlcyE="  # noqa: S105 - known to everybody, guards invented people
TOKEN_LIFETIME = timedelta(hours=12)

SOURCES = {
    "genesys": "genesys_cloud",
    "zendesk": "zendesk",
    "requests": "request_tracker",
    "chat": "chatwoot",
    "whatsapp": "twilio_messages",
    "surveys": "limesurvey",
}
"""Our name of a source → the sandbox's name of its vendor."""

WEBHOOKS = {"genesys_cloud": "genesys", "chatwoot": "chat", "whatsapp_cloud": "meta"}
"""The sandbox's name of a vendor that posts → our name of the source that takes it."""


def environment(sandbox_url: str) -> dict[str, str]:
    """What the demo's `gateway.toml` refers to, and where the sandbox is."""
    addresses = {
        f"GATEWAY_SOURCES__{name.upper()}__BASE_URL": f"{sandbox_url}/{vendor}" for name, vendor in SOURCES.items()
    }
    return {
        **addresses,
        "DEMO_SECRET": SECRET,
        "DEMO_GENESYS_ID": c.GENESYS_CLIENT_ID,
        "DEMO_GENESYS_SECRET": c.GENESYS_CLIENT_SECRET,
        "DEMO_ZENDESK_EMAIL": c.ZENDESK_EMAIL,
        "DEMO_ZENDESK_TOKEN": c.ZENDESK_TOKEN,
        "DEMO_RT_TOKEN": c.REQUEST_TRACKER_TOKEN,
        "DEMO_CHATWOOT_TOKEN": c.CHATWOOT_TOKEN,
        "DEMO_TWILIO_SID": c.TWILIO_ACCOUNT_SID,
        "DEMO_TWILIO_TOKEN": c.TWILIO_AUTH_TOKEN,
        "DEMO_LIMESURVEY_USER": c.LIMESURVEY_USER,
        "DEMO_LIMESURVEY_PASSWORD": c.LIMESURVEY_PASSWORD,
    }


def environment_at_the_desk(sandbox_url: str) -> dict[str, str]:
    """The same for `desk.toml`, and the webhooks of vendors that are asked as well."""
    return {
        "GATEWAY_SOURCES__META__BASE_URL": f"{sandbox_url}/whatsapp_cloud",
        "GATEWAY_SOURCES__GENESYS__WEBHOOK__SECRETS": c.GENESYS_RELAY_SECRET,
        "GATEWAY_SOURCES__CHAT__WEBHOOK__SECRETS": c.CHATWOOT_WEBHOOK_SECRET,
        "DEMO_META_TOKEN": c.WHATSAPP_CLOUD_TOKEN,
        "DEMO_META_APP_SECRET": c.WHATSAPP_CLOUD_APP_SECRET,
        "DEMO_META_VERIFY_TOKEN": c.WHATSAPP_CLOUD_VERIFY_TOKEN,
    }


@dataclass(frozen=True, slots=True)
class DemoViewer:
    subject: str
    name: str
    kind: str
    description: str
    claims: Mapping[str, Any]


VIEWERS = (
    DemoViewer(
        "anna.verdi",
        "Anna Verdi",
        "AGENT",
        "Support agent for Italy and International, profile Support desk: tickets, chats, calls and WhatsApp of the "
        "support queues.",
        {
            "roles": ["agent"],
            "divisions": ["Italy", "International"],
            "work_profiles": ["Support desk"],
            "work_profile": "Support desk",
        },
    ),
    DemoViewer(
        "daniel.osborne",
        "Daniel Osborne",
        "AGENT",
        "Sales agent for International, profile Sales line: calls, e-mails and chats of the sales queues; neither "
        "message texts, nor wrap-up codes, nor whole phone numbers.",
        {
            "roles": ["junior"],
            "divisions": ["International"],
            "work_profiles": ["Sales line"],
            "work_profile": "Sales line",
        },
    ),
    DemoViewer(
        "emma.hartley",
        "Emma Hartley",
        "SUPERVISOR",
        "Supervisor: everything, in every division.",
        {"roles": ["supervisor"], "work_profiles": ["Support desk", "Sales line"]},
    ),
    DemoViewer(
        "crm",
        "CRM",
        "SERVICE",
        "A third-party tool that asks for the Single Customer View of International: masked addresses, no contents.",
        {"roles": ["partner"], "divisions": ["International"]},
    ),
    DemoViewer("nobody", "Nobody", "AGENT", "A valid token that grants nothing.", {}),
)


def viewers(issuer: LocalIssuer) -> list[dict[str, str]]:
    """`/demo/viewers.json`, with a fresh token each."""
    return [
        {
            "name": viewer.name,
            "kind": viewer.kind,
            "description": viewer.description,
            "token": issuer.mint(
                viewer.subject, {"name": viewer.name, "kind": viewer.kind, **viewer.claims}, TOKEN_LIFETIME
            ),
        }
        for viewer in VIEWERS
    ]


def viewer(subject: str) -> DemoViewer:
    """Raises KeyError for somebody who is not of the demo."""
    return {each.subject: each for each in VIEWERS}[subject]


def at_the_desk(viewer: DemoViewer) -> dict[str, Any]:
    """A viewer's claims, with the role of those whose back end makes widget tokens."""
    roles = [*viewer.claims.get("roles", ()), "desk"]
    return {"name": viewer.name, "kind": viewer.kind, **viewer.claims, "roles": roles}


_PARTS = {
    "showcase": "The demo page's customer: a year on every channel, and a matter that is still open.",
    "john": "The reference customer: chat, e-mail, call, demo, e-mail again; tickets, WhatsApp and a survey.",
    "deep": "Hundreds of interactions in every system: page through them.",
    "live-call": "On the telephone at this moment.",
    "live-chat": "Chatting on the website at this moment.",
    "live-whatsapp": "Writing on WhatsApp at this moment.",
    "lost": "Calls that nobody answered.",
    "nobody": "No system knows this person.",
}


def customers(population: Population) -> list[dict[str, Any]]:
    """`/demo/customers.json`: whom to ask for, and by what."""
    found: list[dict[str, Any]] = []
    for key, description in _PARTS.items():
        person = population.named(key)
        keys: list[dict[str, Any]] = [{"phone": phone} for phone, _ in person.phones[:1]]
        keys += [{"email": email} for email in person.emails[:1]]
        if person.whatsapp and "twilio_messages" in person.known_in:
            keys.append({"whatsApp": person.whatsapp})
        if person.crm_id:
            keys.append({"external": {"source": "crm", "id": person.crm_id}})
        name = f"{person.given_name} {person.family_name}"
        found.append({"name": name, "description": description, "keys": keys})
    found.append(
        {
            "name": "Paola or Nicola Ferri",
            "description": "Two people with one mobile: AMBIGUOUS, the caller chooses.",
            "keys": [{"phone": SHARED_MOBILE}],
        }
    )
    found.append(
        {
            "name": "Meridiana's switchboard",
            "description": "A number that a whole office shares: it never matches alone.",
            "keys": [{"phone": SWITCHBOARD}],
        }
    )
    return found


_CALLERS = ("showcase", "john", "live-chat", "live-whatsapp", "live-call", "lost", "deep")


def callers(population: Population) -> list[dict[str, Any]]:
    """Who can ring at the demo page: the number, and what a CRM would know of them. `name` is null where it knows
    nobody for sure."""
    found: list[dict[str, Any]] = []
    for key in _CALLERS:
        person = population.named(key)
        found.append(
            {
                "key": key,
                "name": person.name,
                "phone": person.phones[0][0],
                "email": person.emails[0],
                "crmId": person.crm_id,
                "language": person.language,
                "since": person.known_since.date().isoformat(),
            }
        )
    for key, phone in (
        ("shared", SHARED_MOBILE),
        ("switchboard", SWITCHBOARD),
        ("nobody", population.named("nobody").phones[0][0]),
    ):
        found.append({"key": key, "name": None, "phone": phone})
    return found


QUERY = f"""\
{{
  singleCustomerView(by: {{phone: "{JOHN_PHONE}"}}) {{
    state
    customer {{
      displayName
      journey(first: 5) {{
        nodes {{ channel direction startedAt status subject queue {{ name }} agent {{ name }} }}
        complete
        sources {{ source {{ name }} state items }}
      }}
    }}
  }}
}}"""
