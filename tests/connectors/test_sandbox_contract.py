"""Every built-in connector meets the contract over its vendor's imitation, configured as in the demo."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from connectors.base import VendorConnector
from connectors.identifiers import email, phone
from connectors.interaction import Identifier
from connectors.registry import BUILT_IN, connector_class
from connectors.testing.contract import ConnectorContract, Subject, TokenContract
from gateway.demo import world
from gateway.settings import load
from sandbox.app import SandboxSettings, create_app
from sandbox.population import build

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8100"
SETTINGS = {section.connector: section for section in load(world.CONFIG, world.environment(URL)).sources}
POPULATION = build(1, NOW, depth=100)


def identified(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


def subject_of(name: str) -> Subject:
    app = create_app(POPULATION, SandboxSettings(clock=lambda: NOW))

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return connector_class(name)(SETTINGS[name].config("IT"), transport, lambda: NOW)

    by_mail = name == "limesurvey"
    return Subject.over_asgi(
        app,
        connect,
        known=identified(email("vera.abissi@example.org") if by_mail else phone("+393331110002")),
        stranger=identified(email("stranger@example.org") if by_mail else phone("+393339999999")),
        token_path="/genesys_cloud/oauth/token" if name == "genesys_cloud" else None,
        nothing=frozenset({("get", "400")}) if name == "genesys_cloud" else frozenset(),
    )


class TestZendesk(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("zendesk")


class TestRequestTracker(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("request_tracker")


class TestLimeSurvey(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("limesurvey")


class TestChatwoot(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("chatwoot")


class TestTwilioMessages(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("twilio_messages")


class TestGenesysCloud(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("genesys_cloud")


def test_no_built_in_connector_is_left_out() -> None:
    proved = {name.removeprefix("Test").casefold() for name in globals() if name.startswith("Test")}
    assert {name.replace("_", "") for name in BUILT_IN} <= proved
