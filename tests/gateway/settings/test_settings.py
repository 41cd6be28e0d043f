"""A good file becomes a deployment; secrets are taken in every spelling and are told in none."""

from __future__ import annotations

import json

import pytest

from connectors.interaction import AddressKind, Channel, Identifier, IdentifierKind, JourneyStage, OutcomeKind
from connectors.rules import RowRules
from gateway.deployment import Module
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.viewer import ViewerKind
from tests.gateway.settings.support import GOOD, PASSWORD, SEAL, TOKEN


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


def test_rules_of_a_source_go_to_its_connector(read):
    rules = """\
inboxes = { "7" = "CHAT" }
outcomes = { "Sold" = "SUCCESS" }
number_types = { "+393*" = "MOBILE", "*@Example.com" = "WORK", "+39 02 1234 5678" = "OFFICE" }
"""
    settings = read(GOOD.replace('channels = ["TICKET"]\ndivisions', f"{rules}divisions"))
    config, nps_config = settings.source_configs()
    assert config.rules == RowRules(
        {"7": Channel.CHAT},
        {"+393*": AddressKind.MOBILE, "*@example.com": AddressKind.WORK, "+390212345678": AddressKind.OFFICE},
        {"Sold": OutcomeKind.SUCCESS},
    )
    assert nps_config.rules is None
    taken = settings.deployment().sources["help"].channels
    assert taken == {Channel.TICKET, Channel.EMAIL, Channel.CHAT}, "what an inbox carries is taken as well"


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
