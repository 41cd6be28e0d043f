"""Every fault of a configuration is named at once, with its place and its mend, and never with its values."""

from __future__ import annotations

import pytest

from gateway.settings import SettingsError, load
from tests.gateway.settings.support import GOOD, SEAL, Offered


def webhook(receiver: str) -> str:
    return f'webhook = {{ receiver = {receiver}, secrets = [{{ env = "HELP_TOKEN" }}] }}'


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
    ('["https://desk.example.org"]', '["https://desk.example.org;x"]', "gateway.origins[0]", "origins", "alone"),
    ('["https://desk.example.org"]', '["https://a.example,https://b"]', "gateway.origins[0]", "origins", "alone"),
    ('["https://desk.example.org"]', '["https://*.example.org"]', "gateway.origins[0]", "origins", "alone"),
    ('["https://desk.example.org"]', '["https://desk.example.org:443"]', "gateway.origins[0]", "origins", "no port"),
    ("deadline_ms = 900", "graphiql = true", "gateway.graphiql", "graphiql", "`introspection`"),
    (
        "deadline_ms = 900",
        "introspection = true\nonly_trusted_documents = true\ngraphiql = true",
        "gateway.graphiql",
        "graphiql",
        "`only_trusted_documents`",
    ),
    ("hosts = []", 'hosts = ["*"]', "gateway.hosts[0]", "hosts", "small letters"),
    ('secret = { env = "SEAL" }\n', "", "gateway.secret", "[gateway]", "32 random bytes"),
    ('{ env = "SEAL" }', f'"{SEAL}"', "gateway.secret", "secret", '{ env = "NAME" }'),
    ('{ env = "SEAL" }', '{ env = "SEAL_2" }', "gateway.secret", "secret", "set SEAL_2"),
    ('{ env = "SEAL" }', '{ evn = "SEAL" }', "gateway.secret", "secret", "`env`"),
    ('{ env = "SEAL" }', '{ env = "HELP_TOKEN" }', "gateway.secret", "secret", "openssl"),
    ('{ env = "SEAL" }', '{ file = "/no/such" }', "gateway.secret", "secret", "check its path"),
    ('{ env = "SEAL" }', "{ env = 1 }", "gateway.secret", "secret", '{ env = "NAME" }'),
    ("inactive_seconds = 60", "inactive_seconds = 45", "gateway.messaging_inactive_seconds", "= 45\n\n", "longer"),
    (
        "[identity]\n",
        '[harvest]\nsources = ["help"]\n[identity]\n',
        "harvest.sources[0]",
        'sources = ["help"]',
        "leave",
    ),
    ("[identity]\n", '[harvest]\nsources = ["hepl"]\n[identity]\n', "harvest.sources[0]", '"hepl"', "`help`"),
    (
        "[identity]\n",
        "[harvest]\ninterval_seconds = 1\n[identity]\n",
        "harvest.interval_seconds",
        "= 1\n",
        "at least 5",
    ),
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
    ("max_connections = 8", 'inboxes = { "7" = "CALL" }', "sources[0].inboxes.7", "CALL", "known: VOICE"),
    ("max_connections = 8", 'inboxes = { "7" = "VOICE" }', "sources[0].inboxes.7", "VOICE", "known: EMAIL, TICKET"),
    ("max_connections = 8", 'inboxes = { "7" = "CHAT" }', "sources[0].inboxes.7", "CHAT", "add it to `channels`"),
    ("max_connections = 8", 'inboxes = ["CHAT"]', "sources[0].inboxes", "inboxes", "a table"),
    ("max_connections = 8", 'outcomes = { "Sold" = "GOOD" }', "sources[0].outcomes.Sold", "GOOD", "known: SUCCESS"),
    (
        "max_connections = 8",
        'number_types = { "+393*" = "CELL" }',
        'sources[0].number_types."+393*"',
        "CELL",
        "known: HOME",
    ),
    (
        "max_connections = 8",
        'number_types = { "+39*3" = "MOBILE" }',
        'sources[0].number_types."+39*3"',
        "+39*3",
        "begin so",
    ),
    (
        "max_connections = 8",
        'number_types = { "3331110001" = "MOBILE" }',
        "sources[0].number_types.3331110001",
        "3331110001",
        "+390212345678",
    ),
    ("max_connections = 8", "max_connections = 0", "sources[0].max_connections", "max_conn", "at least 1"),
    (
        "max_connections = 8",
        'webhook = { secrets = [{ env = "HELP_TOKEN" }] }',
        "sources[0].webhook.receiver",
        "webhook",
        "did you mean",
    ),
    ("max_connections = 8", webhook('"sighned"'), "sources[0].webhook.receiver", "sighned", "`signed`"),
    (
        "max_connections = 8",
        webhook('"signed", verify_token = "x"'),
        "sources[0].webhook.verify_token",
        "verify_token",
        "known: credentials",
    ),
    (
        "max_connections = 8",
        webhook('"whatsapp_cloud", options = { verify_token = "x" }'),
        "sources[0].webhook.options.verify_token",
        "verify_token",
        "move it to `credentials`",
    ),
    ("max_connections = 8", 'webhook = { receiver = "signed" }', "sources[0].webhook.secrets", "webhook", "add it"),
    (
        "max_connections = 8",
        webhook('"signed"') + '\n\n[store]\nurl = ""',
        "store.url",
        'url = ""',
        "name a file or a database",
    ),
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
