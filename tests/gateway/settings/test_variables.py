"""Variables of the environment override keys of the file, and are placed when they are at fault."""

from __future__ import annotations

import pytest

from connectors.interaction import OutcomeKind
from gateway.deployment import Module
from gateway.viewer.viewer import ViewerKind
from tests.gateway.settings.support import GOOD, PASSWORD, SEAL


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
        ("GATEWAY_SOURCES__NPS__OUTCOMES__SOLD", "SUCCESS", ("sources", 1, "outcomes", "sold"), OutcomeKind.SUCCESS),
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
        ("GATEWAY_DEADLINE_MS", "1", "known: audit, auth"),
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
