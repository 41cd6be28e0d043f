"""Every fault of a configuration is named at once, with its place and its mend, and never with its values."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from connectors.base import VendorConnector
from connectors.interaction import Channel, Identifier, IdentifierKind, JourneyStage, SourceKind
from gateway.deployment import Module
from gateway.settings import Settings, SettingsError, load
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.viewer import ViewerKind

SEAL = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
TOKEN = "tok-canary-5d1f"
PASSWORD = "pass-canary-77aa"


class Desk(VendorConnector):
    vendor = "desk"
    kind = SourceKind.TICKETING
    channels = frozenset({Channel.TICKET, Channel.EMAIL})

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


@pytest.fixture
def write(tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")

    def write(text: str) -> Path:
        path = tmp_path / "gateway.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def read(write):
    def read(text: str = GOOD, **more: str) -> Settings:
        return load(write(text), {**ENVIRONMENT, **more}, Offered())

    return read


@pytest.fixture
def faults(read):
    def faults(text: str = GOOD, **more: str):
        with pytest.raises(SettingsError) as caught:
            read(text, **more)
        return caught.value.faults

    return faults


def test_a_good_file_becomes_a_deployment(read):
    settings = read()
    deployment = settings.deployment()
    assert deployment.modules == {Module.JOURNEY, Module.SUPPORT}
    assert deployment.divisions == {"emea", "apac", "Home"}
    assert deployment.home_division == "Home"
    assert deployment.work_profiles["front"].campaigns == {"help/c1"}
    rules = deployment.sources["help"]
    assert rules.channels == {Channel.TICKET}
    assert rules.divisions == ("emea", "apac")
    assert rules.division("1") == "emea"
    assert rules.services == {"Billing IT": "billing"}
    assert list(deployment.sources) == ["help", "nps"]


def test_what_is_left_out_comes_from_the_connector_or_the_gateway(read):
    settings = read(GOOD.replace('channels = ["TICKET"]\ndivisions = ["emea", "apac"]\n', ""))
    help_desk, nps = settings.sources
    assert set(help_desk.channels) == {Channel.TICKET, Channel.EMAIL}
    assert set(help_desk.verifies) == {IdentifierKind.EMAIL, IdentifierKind.PHONE}
    assert nps.verifies == ()
    assert help_desk.divisions == ()
    config, nps_config = settings.source_configs()
    assert (config.name, config.region, config.time_zone) == ("help", "IT", "UTC")
    assert config.credentials == {"token": TOKEN}
    assert config.options == {"project": "main", "forms": [{"id": 1}]}
    assert nps_config.credentials["password"] == PASSWORD
    assert settings.touchpoints["quote"].stage is JourneyStage.COMPARISON
    assert settings.auth.keys[0].kind is ViewerKind.SERVICE
    assert settings.gateway.answered_hosts() == ("journey.example.org", "localhost", "127.0.0.1", "[::1]")


def test_a_shared_number_is_shared_on_whatsapp_as_well(read):
    assert read().identity.shared_identifiers() == {
        Identifier(IdentifierKind.PHONE, "+390212345678"),
        Identifier(IdentifierKind.WHATSAPP, "+390212345678"),
        Identifier(IdentifierKind.EMAIL, "info@example.org"),
    }


@pytest.mark.parametrize("spelling", [SEAL, SEAL.rstrip("="), SEAL.replace("+", "-").replace("/", "_"), "hex"])
def test_the_secret_may_be_base64_of_either_alphabet_or_hexadecimal(read, spelling):
    raw = bytes.fromhex("abcdef1234567890" * 4)
    text = raw.hex() if spelling == "hex" else spelling
    assert read(SEAL=text).gateway.secret.get_secret_value() == raw


# what to replace, by what, and what must be said of it: key path, the line's own text, a word of the mend
PLANTED = [
    ("deadline_ms = 900", "deadlin_ms = 900", "gateway.deadlin_ms", "deadlin_ms", "`deadline_ms`"),
    ("deadline_ms = 900", 'deadline_ms = "900"', "gateway.deadline_ms", "deadline_ms", "a whole number"),
    ("deadline_ms = 900", "deadline_ms = true", "gateway.deadline_ms", "deadline_ms", "a whole number"),
    ("deadline_ms = 900", "deadline_ms = 1.5", "gateway.deadline_ms", "deadline_ms", "a whole number"),
    ("deadline_ms = 900", "deadline_ms = 2026-11-23", "gateway.deadline_ms", "deadline_ms", "a whole number"),
    ("deadline_ms = 900", "deadline_ms = 49", "gateway.deadline_ms", "deadline_ms", "at least 50"),
    ("deadline_ms = 900", f"deadline_ms = {10**30}", "gateway.deadline_ms", "deadline_ms", ""),
    ("deadline_ms = 900", "deadline_ms = 30001", "gateway.deadline_ms", "deadline_ms", "at most 30000"),
    ('modules = ["JOURNEY", "SUPPORT"]\n', "", "gateway.modules", "[gateway]", "add it"),
    ('"JOURNEY", "SUPPORT"', '"JOURNEY", "SUPORT"', "gateway.modules[1]", "SUPORT", "known: JOURNEY"),
    ('region = "IT"', 'region = "XX"', "gateway.region", "region", "ISO 3166"),
    ('"Europe/Rome"', '"Europe/Roma"', "gateway.time_zone", "Roma", "`Europe/Rome`"),
    ("https://journey.example.org", "http://journey.example.org", "gateway.public_url", "public_url", "https"),
    ('["https://desk.example.org"]', '["*"]', "gateway.origins[0]", "origins", "https://"),
    ('["https://desk.example.org"]', '["https://desk.example.org/"]', "gateway.origins[0]", "origins", "alone"),
    ("hosts = []", 'hosts = ["*"]', "gateway.hosts[0]", "hosts", "small letters"),
    ('secret = { env = "SEAL" }\n', "", "gateway.secret", "[gateway]", "32 random bytes"),
    ('{ env = "SEAL" }', f'"{SEAL}"', "gateway.secret", "secret", '{ env = "NAME" }'),
    ('{ env = "SEAL" }', '{ env = "SEAL_2" }', "gateway.secret", "secret", "set SEAL_2"),
    ('{ env = "SEAL" }', '{ evn = "SEAL" }', "gateway.secret", "secret", "`env`"),
    ('{ env = "SEAL" }', '{ env = "HELP_TOKEN" }', "gateway.secret", "secret", "openssl"),
    ('{ env = "SEAL" }', '{ file = "/no/such" }', "gateway.secret", "secret", "check its path"),
    ('{ env = "SEAL" }', "{ env = 1 }", "gateway.secret", "secret", '{ env = "NAME" }'),
    ("inactive_seconds = 60", "inactive_seconds = 45", "gateway.messaging_inactive_seconds", "= 45\n\n", "longer"),
    ("shared_after = 5", "shared_after = 1", "identity.shared_after", "shared_after", "at least 2"),
    ('"+390212345678"', '"0212345678"', "identity.shared[0]", "shared =", "+390212345678"),
    ("leeway_seconds = 30", "leeway_seconds = 61", "auth.leeway_seconds", "leeway", "at most 60"),
    ('jwks_url = "https', 'jwks_url = "http', "auth.issuers[0].jwks_url", "jwks_url", "https"),
    ('jwks_url = "https://login.example.org/keys"\n', "", "auth.issuers[0].jwks_url", "[[auth.issuers]]", "jwks_file"),
    ("jwks_url =", 'jwks_file = "jwks.json"\njwks_url =', "auth.issuers[0].jwks_file", "jwks_file", "keep one"),
    (
        'jwks_url = "https://login.example.org/keys"',
        'jwks_file = "password"',
        "auth.issuers[0].jwks_file",
        "jwks_f",
        "JWKS",
    ),
    ('"RS256", "EdDSA"', '"RS256", "HS256"', "auth.issuers[0].algorithms[1]", "HS256", "EdDSA"),
    ('"RS256", "EdDSA"', '"none"', "auth.issuers[0].algorithms[0]", '"none"', "EdDSA"),
    ('["RS256", "EdDSA"]', "[]", "auth.issuers[0].algorithms", "algorithms", "at least one"),
    ('{ roles = "realm.roles" }', '{ role = "x" }', "auth.issuers[0].claims.role", "claims", "`roles`"),
    ('id = "reports"', 'id = "My_reports"', "auth.keys[0].id", "My_reports", "match"),
    ('["1f0e', '["zz0e', "auth.keys[0].hashes[0]", "zz0e", "match"),
    ('roles = ["agent"]', 'roles = ["agnet"]', "auth.keys[0].roles[0]", "agnet", "`agent`"),
    ('divisions = "*"\nwork', 'divisions = ["*", "emea"]\nwork', "auth.keys[0].divisions", '["*", "emea"]', "alone"),
    ('work_profiles = ["front"]', 'work_profiles = ["back"]', "auth.keys[0].work_profiles[0]", "back", "front"),
    (
        'work_profiles = ["front"]',
        'work_profiles = []\nwork_profile = "front"',
        "auth.keys[0].work_profile",
        "work_profile =",
        "add it there",
    ),
    ('"customer:pii:view"', '"customer:pi:view"', "roles.agent.permissions[1]", "pi:view", "`customer:pii:view`"),
    (
        '"routing:queue:search",\n]',
        '"routing:queues:search",\n]',
        'roles."team lead".permissions[1]',
        '  "routing:queues',
        "`routing:queue:search`",
    ),
    ('divisions = ["emea"]\n', 'divisions = ["emae"]\n', 'roles."team lead".divisions[0]', "emae", "`emea`"),
    ('divisions = ["emea"]\n', 'divisions = "emea"\n', 'roles."team lead".divisions', 's = "emea"', "a list"),
    ("[divisions.apac]", '[divisions.apac]\n[divisions."*"]', 'divisions."*"', '[divisions."*"]', "choose another"),
    ('label = "Europe"', 'lable = "Europe"', "divisions.emea.lable", "lable", "`label`"),
    (
        '[work_profiles.front]\nchannels = ["TICKET"]',
        "[work_profiles.front]",
        "work_profiles.front.channels",
        "[work_pr",
        "add",
    ),
    (
        'campaigns = ["help/c1"]\n\n[[',
        'campaigns = ["halp/c1"]\n\n[[',
        "work_profiles.front.campaigns[0]",
        "halp",
        "`help`",
    ),
    (
        'campaigns = ["help/c1"]\n\n[[',
        'campaigns = ["c1"]\n\n[[',
        "work_profiles.front.campaigns[0]",
        '["c1"]',
        "source/",
    ),
    ('name = "nps"', 'name = "Nps!"', "sources[1].name", "Nps!", "match"),
    ('connector = "desk"', 'connector = "dsek"', "sources[0].connector", "dsek", "`desk`"),
    ('connector = "desk"', 'connector = "phone"', "sources[0].connector", "phone", "known: broken, desk, survey"),
    ('connector = "desk"', 'connector = "broken"', "sources[0].connector", "broken", "reinstall"),
    ("https://help.example.org", "http://help.example.org", "sources[0].base_url", "http://help", "allow_insecure"),
    ("https://help.example.org", "https://a:b@help.example.org", "sources[0].base_url", "a:b@", "credentials"),
    ("https://help.example.org", "https://help.example.org?x=1", "sources[0].base_url", "x=1", "after the path"),
    ("https://help.example.org", "ftp://help.example.org", "sources[0].base_url", "ftp", "https://host/path"),
    ("https://help.example.org", "https://help.example.org:99999", "sources[0].base_url", "99999", "https://host/path"),
    ('{ token = { env = "HELP_TOKEN" } }', "{}", "sources[0].credentials.token", "credentials = {}", "needs it"),
    (
        '{ token = { env = "HELP_TOKEN" } }',
        '{ token = { env = "HELP_TOKEN" }, tokne = { env = "HELP_TOKEN" } }',
        "sources[0].credentials.tokne",
        "tokne",
        "`token`",
    ),
    ('{ token = { env = "HELP_TOKEN" } }', '{ token = "t" }', "sources[0].credentials.token", '"t"', "{ file ="),
    (
        '{ token = { env = "HELP_TOKEN" } }',
        '{ token = { env = "NO" } }',
        "sources[0].credentials.token",
        "NO",
        "set NO",
    ),
    (
        'channels = ["TICKET"]\ndiv',
        'channels = ["VOICE"]\ndiv',
        "sources[0].channels[0]",
        "VOICE",
        "known: EMAIL, TICKET",
    ),
    ('channels = ["TICKET"]\ndiv', 'channels = ["FAXES"]\ndiv', "sources[0].channels[0]", "FAXES", "known: VOICE"),
    ('channels = ["TICKET"]\ndiv', "channels = []\ndiv", "sources[0].channels", "channels = []", "leave it out"),
    ('["emea", "apac"]', '["emea", "apca"]', "sources[0].divisions[1]", "apca", "`apac`"),
    ('{ "1" = "emea" }', '{ "1" = "eema" }', "sources[0].division_names.1", "eema", "`emea`"),
    ("max_connections = 8", "max_connections = 0", "sources[0].max_connections", "max_conn", "at least 1"),
    ('project = "main"\n', "", "sources[0].options.project", "[sources.options]", "needs it"),
    ('project = "main"', "project = 3", "sources[0].options.project", "project = 3", "expected `str`"),
    ('project = "main"', 'project = "main"\npaeg = 3', "sources[0].options.paeg", "paeg", "`page`"),
    ("forms = [{ id = 1 }]", 'forms = [{ id = "x" }]', "sources[0].options.forms[0]", "forms", "expected `int`"),
    ('name = "nps"', 'name = "help"', "sources[1].name", None, "choose another name"),
    ('stage = "COMPARISON"', 'stage = "COMPARE"', "touchpoints.quote.stage", "COMPARE", "COMPARISON"),
    ('sources = ["help"]', 'sources = ["helpdesk"]', "touchpoints.quote.sources[0]", "helpdesk", "`help`"),
    ("[touchpoints.quote]", "[touchpoint.quote]", "touchpoint", "[touchpoint.quote]", "`touchpoints`"),
    ("[gateway]\n", "[gatewya]\n", "gateway", None, "add it"),
]


@pytest.mark.parametrize(("old", "new", "key_path", "line_text", "mend"), PLANTED)
def test_a_planted_fault_is_named_with_its_line_and_mend(faults, old, new, key_path, line_text, mend):
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = {fault.key_path: fault for fault in faults(text)}
    assert key_path in found
    if key_path != "gateway":
        assert len(found) == 1, "one mistake, one fault"
    fault = found[key_path]
    assert mend in fault.mend
    if line_text is not None:
        assert fault.where == f"gateway.toml:{text[: text.index(line_text)].count(chr(10)) + 1}"
    assert str(fault) == f"{fault.where}: {fault.key_path} {fault.problem}; {fault.mend}"


def test_every_fault_is_named_at_once(faults):
    text, expected = GOOD, set()
    for old, new, key_path, _, _ in PLANTED:
        disturbs = (
            key_path in expected or old not in text or "\n" in old or new.startswith(("[gatewya", "[touchpoint."))
        )
        if not disturbs and key_path not in ("sources[1].name", "sources[0].connector"):
            text = text.replace(old, new, 1)
            expected.add(key_path)
    named = {fault.key_path for fault in faults(text, GATEWAY_SOURCES__NPS__MAX_CONNECTIONS="no", GATEWAY_NO="1")}
    assert len(expected) > 25
    assert expected <= named
    assert {"sources[1].max_connections", "GATEWAY_NO"} <= named


@pytest.mark.parametrize(
    ("text", "where", "mend"),
    [
        ("[gateway]\nmodules = [\n", "gateway.toml:3", "invalid value"),
        ("[gateway]\ndeadline_ms = \n", "gateway.toml:2", "invalid value"),
        ("[gateway]\na = 1\na = 2\n", "gateway.toml:3", "overwrite"),
        ('secret = "sk-canary\n', "gateway.toml:1", ""),
        ("[sk-canary]\n[sk-canary]\n", "gateway.toml:2", "twice"),
    ],
)
def test_a_text_that_is_no_toml_is_one_fault_with_its_line(faults, text, where, mend):
    (fault,) = faults(text)
    assert fault.where == where
    assert mend in fault.mend
    assert "canary" not in str(fault)


def test_a_file_that_is_not_there_or_not_text_is_one_fault(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path / "gateway.toml", {}, Offered())
    (tmp_path / "gateway.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="UTF-8"):
        load(tmp_path / "gateway.toml", {}, Offered())


@pytest.mark.parametrize(
    ("variable", "value", "path", "expected"),
    [
        ("GATEWAY_GATEWAY__DEADLINE_MS", "700", ("gateway", "deadline_ms"), 700),
        ("GATEWAY_GATEWAY__INTROSPECTION", "true", ("gateway", "introspection"), True),
        ("GATEWAY_GATEWAY__REGION", "DE", ("gateway", "region"), "DE"),
        ("GATEWAY_GATEWAY__MODULES", "JOURNEY, SURVEYS", ("gateway", "modules"), (Module.JOURNEY, Module.SURVEYS)),
        ("GATEWAY_GATEWAY__MODULES", '["JOURNEY"]', ("gateway", "modules"), (Module.JOURNEY,)),
        ("GATEWAY_IDENTITY__SHARED_AFTER", "9", ("identity", "shared_after"), 9),
        (
            "GATEWAY_SOURCES__HELP__BASE_URL",
            "https://h2.example.org",
            ("sources", 0, "base_url"),
            "https://h2.example.org",
        ),
        ("GATEWAY_SOURCES__NPS__DIVISIONS", "*", ("sources", 1, "divisions"), ("*",)),
        ("GATEWAY_SOURCES__NPS__TIMEOUT_MS", "800", ("sources", 1, "timeout_ms"), 800),
        ("GATEWAY_SOURCES__HELP__OPTIONS__PROJECT", "12", ("sources", 0, "options", "project"), "12"),
        ("GATEWAY_SOURCES__HELP__OPTIONS__PAGE", "12", ("sources", 0, "options", "page"), 12),
        ("GATEWAY_SOURCES__HELP__OPTIONS__FORMS", "[{ id = 2 }]", ("sources", 0, "options", "forms"), [{"id": 2}]),
        ("GATEWAY_SOURCES__HELP__SERVICES__BILLING_IT", "b2", ("sources", 0, "services", "Billing IT"), "b2"),
        ("GATEWAY_SOURCES__HELP__ESCALATION__TAGS", "vip", ("sources", 0, "escalation", "tags"), ("vip",)),
        ("GATEWAY_AUTH__KEYS__REPORTS__KIND", "AGENT", ("auth", "keys", 0, "kind"), ViewerKind.AGENT),
        ("GATEWAY_AUTH__ISSUERS__0__AUDIENCE", "j2", ("auth", "issuers", 0, "audience"), "j2"),
        ("GATEWAY_AUTH__ISSUERS__0__CLAIMS__KIND", "k", ("auth", "issuers", 0, "claims", "kind"), "k"),
        ("GATEWAY_ROLES__TEAM_LEAD__DIVISIONS", "apac", ("roles", "team lead", "divisions"), ("apac",)),
        ("GATEWAY_DIVISIONS__APAC__LABEL", "Asia", ("divisions", "apac", "label"), "Asia"),
    ],
)
def test_a_variable_overrides_its_key(read, variable, value, path, expected):
    found = read(**{variable: value})
    for step in path:
        found = found[step] if isinstance(step, int) or isinstance(found, dict) else getattr(found, step)
    assert found == expected


def test_a_variable_may_hold_a_secret_or_name_its_file(read, tmp_path):
    settings = read(GATEWAY_SOURCES__HELP__CREDENTIALS__TOKEN="other", GATEWAY_GATEWAY__SECRET__ENV="SEAL")
    assert settings.source_configs()[0].credentials == {"token": "other"}
    settings = read(GATEWAY_SOURCES__HELP__CREDENTIALS__TOKEN__FILE=str(tmp_path / "password"))
    assert settings.source_configs()[0].credentials == {"token": PASSWORD}
    assert read(GOOD.replace('secret = { env = "SEAL" }\n', ""), GATEWAY_GATEWAY__SECRET=SEAL)


@pytest.mark.parametrize(
    ("variable", "value", "mend"),
    [
        ("GATEWAY_DEADLINE_MS", "1", "known: auth"),
        ("GATEWAY_GATEWAY__DEADLIN_MS", "1", "`deadline_ms`"),
        ("GATEWAY_GATEWAY", "1", "name a key below it"),
        ("GATEWAY_SOURCES__ZENDESK__BASE_URL", "x", "help, nps"),
        ("GATEWAY_SOURCES__HELP__CREDENTIALS", "x", "name an entry"),
        ("GATEWAY_ROLES__NOBODY__DIVISIONS", "*", "`roles` of the file"),
        ("GATEWAY_GATEWAY__REGION__X", "x", "end the name there"),
        ("GATEWAY_GATEWAY__SECRET__X", "x", "__FILE"),
        ("GATEWAY_SERVICE_HOST", "10.0.0.1", "enableServiceLinks"),
        ("GATEWAY_PORT_8000_TCP_ADDR", "10.0.0.1", "enableServiceLinks"),
    ],
)
def test_a_variable_that_is_no_setting_is_a_fault(faults, variable, value, mend):
    (fault,) = faults(**{variable: value})
    assert (fault.key_path, fault.where) == (variable, variable)
    assert mend in fault.mend


def test_a_wrong_value_of_a_variable_is_placed_at_the_variable(faults):
    (fault,) = faults(GATEWAY_GATEWAY__DEADLINE_MS="soon")
    assert (fault.key_path, fault.where) == ("gateway.deadline_ms", "GATEWAY_GATEWAY__DEADLINE_MS")
    (fault,) = faults(GATEWAY_AUTH__KEYS__REPORTS__ROLES="agent,boss")
    assert (fault.key_path, fault.where) == ("auth.keys[0].roles[1]", "GATEWAY_AUTH__KEYS__REPORTS__ROLES")


def test_variables_that_the_file_names_and_our_own_are_no_settings(read):
    assert read(GOOD.replace('"SEAL"', '"GATEWAY_SEAL"'), GATEWAY_SEAL=SEAL, GATEWAY_CONFIG="gateway.toml")


def test_secrets_are_in_no_text_of_the_settings_or_their_faults(read, faults):
    canaries = (SEAL, TOKEN, PASSWORD, bytes.fromhex("abcdef1234567890" * 4).hex())
    settings = read()
    shown = [
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        str(settings.model_dump()),
        repr(settings.sources),
    ]
    broken = GOOD.replace('{ env = "SEAL" }', f'"{SEAL}"').replace('{ env = "HELP_TOKEN" }', f'"{TOKEN}"')
    shown += [str(fault) for fault in faults(broken)]
    shown += [str(fault) for fault in faults(GATEWAY_GATEWAY__SECRET=TOKEN)]
    shown += [str(fault) for fault in faults(HELP_TOKEN=f"{TOKEN}\nX-Admin: 1")]
    shown += [str(fault) for fault in faults(GOOD, HELP_TOKEN="  ")]
    for text in shown:
        assert not [canary for canary in canaries if canary in text]


def test_a_rule_among_credentials_is_told_without_them(faults, tmp_path, write):
    write(GOOD)
    (tmp_path / "password").write_text("never")
    (fault,) = faults()
    assert fault.key_path == "sources[1].credentials"
    assert "never" not in str(fault)


@pytest.mark.parametrize("text", ["AAAA" * 16, "00" * 32, SEAL[:-4], "x" * 44, SEAL + SEAL])
def test_a_weak_or_short_secret_is_refused(faults, text):
    (fault,) = faults(SEAL=text)
    assert fault.key_path == "gateway.secret"


def test_a_key_set_file_is_read_with_the_settings(read, tmp_path):
    (tmp_path / "jwks.json").write_text(json.dumps(LocalIssuer(b"s" * 32).jwks()))
    settings = read(GOOD.replace('jwks_url = "https://login.example.org/keys"', 'jwks_file = "jwks.json"'))
    assert settings.auth.issuers[0].jwks_file.content == (tmp_path / "jwks.json").read_bytes()


def test_http_is_taken_on_this_machine_or_where_the_operator_says_so(read):
    assert read(GOOD.replace("https://help.example.org", "http://127.0.0.1:9100"))
    assert read(GOOD.replace('base_url = "https://help', 'allow_insecure = true\nbase_url = "http://help'))


def test_settings_are_frozen(read):
    with pytest.raises(ValueError, match="frozen"):
        read().gateway.deadline_ms = 1
