"""Every shipped manifest meets the contract of connectors, against its imitation."""

from __future__ import annotations

import pytest

from connectors.declarative.connector import Declarative
from connectors.declarative.reading import shipped
from connectors.registry import connector_class
from connectors.testing.contract import ConnectorContract, Subject, TokenContract
from tests.connectors.declarative.support import subject_of


class TestPlainRest(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("plain_rest")


class TestWebEvents(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("web_events", depth=600)


class TestXcallyMotion(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("xcally_motion")


class TestAcqueonCampaignManager(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("acqueon_campaign_manager")


def test_no_shipped_manifest_is_left_out() -> None:
    proved = {name.removeprefix("Test").casefold() for name in globals() if name.startswith("Test")}
    assert {name.replace("_", "") for name in shipped()} <= proved


def test_the_registry_has_it() -> None:
    assert connector_class("declarative") is Declarative
