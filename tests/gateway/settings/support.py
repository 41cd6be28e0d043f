"""What tests of the settings share: a good file, and the connectors and secrets that it names."""

from __future__ import annotations

import msgspec

from connectors.base import Capabilities, VendorConnector
from connectors.interaction import Channel, SourceKind

SEAL = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
TOKEN = "tok-canary-5d1f"
PASSWORD = "pass-canary-77aa"


class Desk(VendorConnector):
    vendor = "desk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET, Channel.EMAIL})
    capabilities = Capabilities(seek=True, ascending=True, finds_by=frozenset())

    class Credentials(msgspec.Struct, forbid_unknown_fields=True):
        token: str
        password: str = ""

        def __post_init__(self) -> None:
            if self.password == "never":
                raise ValueError(f"the password may not be {self.password}")

    class Options(msgspec.Struct, forbid_unknown_fields=True):
        project: str
        page: int = 10
        forms: list[dict[str, int]] = []


class Survey(Desk):
    vendor = "survey"
    kind = SourceKind.SURVEY
    channels = frozenset({Channel.SURVEY})


class Offered:
    """A registry of two connectors, and one whose package is broken."""

    def names(self) -> list[str]:
        return ["broken", "desk", "survey"]

    def connector_class(self, name: str) -> type[VendorConnector] | None:
        return {"desk": Desk, "survey": Survey}.get(name)


GOOD = """\
[gateway]
deadline_ms = 900
modules = ["JOURNEY", "SUPPORT"]
region = "IT"
time_zone = "Europe/Rome"
public_url = "https://journey.example.org"
origins = ["https://desk.example.org"]
hosts = []
secret = { env = "SEAL" }
messaging_idle_seconds = 45
messaging_inactive_seconds = 60

[identity]
shared_after = 5
shared = ["+390212345678", "Info@Example.org"]

[auth]
leeway_seconds = 30

[[auth.issuers]]
issuer = "https://login.example.org"
audience = "journey"
jwks_url = "https://login.example.org/keys"
algorithms = ["RS256", "EdDSA"]
claims = { roles = "realm.roles" }

[[auth.keys]]
id = "reports"
name = "Nightly"
hashes = ["1f0e6c3a8d5b7492e6a1c0f3b2d49587061e2d3c4b5a69788796a5b4c3d2e1f0"]
roles = ["agent"]
divisions = "*"
work_profiles = ["front"]

[roles.agent]
permissions = ["journey:event:view", "customer:pii:view"]

[roles."team lead"]
permissions = [
  "journey:event:view",
  "routing:queue:search",
]
divisions = ["emea"]

[divisions.emea]
label = "Europe"

[divisions.apac]

[work_profiles.front]
channels = ["TICKET"]
queues = ["billing"]
campaigns = ["help/c1"]

[[sources]]
name = "help"
connector = "desk"
base_url = "https://help.example.org"
credentials = { token = { env = "HELP_TOKEN" } }
channels = ["TICKET"]
divisions = ["emea", "apac"]
division_names = { "1" = "emea" }
services = { "Billing IT" = "billing" }
max_connections = 8

[sources.options]
project = "main"
forms = [{ id = 1 }]

[[sources]]
name = "nps"
connector = "survey"
base_url = "https://nps.example.org"
credentials = { token = { env = "HELP_TOKEN" }, password = { file = "password" } }
options = { project = "nps" }

[touchpoints.quote]
stage = "COMPARISON"
channels = ["TICKET"]
sources = ["help"]
campaigns = ["help/c1"]
"""

ENVIRONMENT = {"SEAL": SEAL, "HELP_TOKEN": TOKEN, "PATH": "/bin"}
