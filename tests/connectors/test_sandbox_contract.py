"""Every built-in connector meets the contract over its vendor's imitation, configured as in the demo."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import pytest

from connectors.base import SourceConfig, VendorConnector
from connectors.identifiers import email, phone
from connectors.interaction import Identifier
from connectors.registry import BUILT_IN, configured, connector_class
from connectors.testing.contract import ConnectorContract, Subject, TokenContract
from connectors.testing.stored import DATABASE_FAULTS, FILE_FAULTS, FOLDER_FAULTS, StoredContract
from gateway.demo import world
from gateway.settings import load
from sandbox.app import Sandbox, SandboxSettings, create_app
from sandbox.credentials import (
    CHATWOOT_ACCOUNT_ID,
    CHATWOOT_TOKEN,
    FORMBRICKS_API_KEY,
    FORMBRICKS_PHONE_ATTRIBUTE,
    FRESHDESK_API_KEY,
    GENESYS_CLIENT_ID,
    GENESYS_CLIENT_SECRET,
    INTERCOM_TOKEN,
    JIRA_EMAIL,
    JIRA_SERVICE_DESK_ID,
    JIRA_TOKEN,
    LIVE_HELPER_CHAT_KEY,
    LIVE_HELPER_CHAT_USER,
    SURVEYMONKEY_COMMENT_QUESTION,
    SURVEYMONKEY_CRM_FIELD,
    SURVEYMONKEY_PHONE_FIELD,
    SURVEYMONKEY_SURVEY_ID,
    SURVEYMONKEY_TOKEN,
    TWILIO_ACCOUNT_SID,
    TWILIO_AUTH_TOKEN,
    TWILIO_VOICE_NUMBER,
    ZAMMAD_TOKEN,
)
from sandbox.population import build
from sandbox.vendors import VENDOR_TYPES
from sandbox.vendors.genesys_ids import CRM_SOURCE_ID
from tests.connectors.campaign import sandboxed as campaign
from tests.connectors.telephony import sandboxed as telephony
from tests.connectors.telephony.asterisk import sandboxed as asterisk
from tests.connectors.telephony.freeswitch import sandboxed as freeswitch
from tests.connectors.whatsapp import kept

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
URL = "http://127.0.0.1:8100"
SETTINGS = {section.connector: section for section in load(world.CONFIG, world.environment(URL)).sources}
POPULATION = build(1, NOW, depth=100)

BESIDE = {
    mount: SourceConfig(mount, f"{URL}/{mount}", credentials, options, external_id_source="crm", region="IT")
    for mount, credentials, options in (
        ("zammad", {"token": ZAMMAD_TOKEN}, {"external_id_attribute": "crm_id"}),
        ("zammad_plain", {"token": ZAMMAD_TOKEN}, {"external_id_attribute": "crm_id"}),
        ("freshdesk", {"api_key": FRESHDESK_API_KEY}, {}),
        ("chatwoot_rated", {"token": CHATWOOT_TOKEN}, {"account_id": CHATWOOT_ACCOUNT_ID, "satisfaction": True}),
        (
            "twilio_voice",
            {"account_sid": TWILIO_ACCOUNT_SID, "auth_token": TWILIO_AUTH_TOKEN},
            {"numbers": (TWILIO_VOICE_NUMBER,)},
        ),
        (
            "surveymonkey",
            {"access_token": SURVEYMONKEY_TOKEN},
            {
                "surveys": [{"id": SURVEYMONKEY_SURVEY_ID, "comment_question": SURVEYMONKEY_COMMENT_QUESTION}],
                "phone_field": SURVEYMONKEY_PHONE_FIELD,
                "external_id_field": SURVEYMONKEY_CRM_FIELD,
            },
        ),
        ("live_helper_chat", {"user": LIVE_HELPER_CHAT_USER, "api_key": LIVE_HELPER_CHAT_KEY}, {}),
        ("intercom", {"access_token": INTERCOM_TOKEN}, {}),
        ("formbricks", {"api_key": FORMBRICKS_API_KEY}, {"phone_attribute": FORMBRICKS_PHONE_ATTRIBUTE}),
        (
            "jira_service_management",
            {"email": JIRA_EMAIL, "token": JIRA_TOKEN},
            {"service_desks": (JIRA_SERVICE_DESK_ID,), "topic_field": "customfield_10010"},
        ),
        *campaign.SOURCES,
        (
            "genesys_journey",
            {"client_id": GENESYS_CLIENT_ID, "client_secret": GENESYS_CLIENT_SECRET},
            {"external_source": CRM_SOURCE_ID},
        ),
    )
}
"""What the demo does without, by where the sandbox has it."""
GENESYS = ("genesys_cloud", "genesys_journey")
TOKEN_PATHS = {name: f"/{name}/oauth/token" for name in GENESYS} | campaign.TOKEN_PATHS


def identified(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


@cache
def sandbox() -> Sandbox:
    """One for all: its clock stands still, and nobody writes to it."""
    return create_app(POPULATION, SandboxSettings(clock=lambda: NOW))


def subject_of(name: str, mount: str = "", **options: object) -> Subject:
    """`mount`: where the sandbox has it, when not under the connector's name. `options`: beside those of its own."""
    config = BESIDE.get(mount or name) or SETTINGS[name].config("IT")
    config = replace(config, options={**config.options, **options})
    app = sandbox()

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return configured(connector_class(name), config.options)(config, transport, lambda: NOW)

    by_mail = name in ("limesurvey", "jira_service_management")
    return Subject.over_asgi(
        app,
        connect,
        known=identified(email("vera.abissi@example.org") if by_mail else phone("+393331110002")),
        stranger=identified(email("stranger@example.org") if by_mail else phone("+393339999999")),
        token_path=TOKEN_PATHS.get(name),
        nothing=frozenset({("get", "400")}) if name in GENESYS else frozenset(),
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


class TestZammad(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("zammad")


class TestZammadWithoutElasticsearch(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("zammad", "zammad_plain")


class TestIntercom(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("intercom")


class TestLiveHelperChat(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("live_helper_chat")


class TestSurveyMonkey(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("surveymonkey")


class TestZendeskWithRatings(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("zendesk", satisfaction=True)


class TestChatwootWithRatings(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("chatwoot", "chatwoot_rated")


class TestFormbricks(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("formbricks")


class TestFreshdesk(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("freshdesk")


class TestJiraServiceManagement(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("jira_service_management")


class TestAsterisk(StoredContract):
    faults = DATABASE_FAULTS

    @pytest.fixture
    def stored(self, tmp_path: Path) -> tuple[Subject, Path]:
        return asterisk.over_database(tmp_path, POPULATION, sandbox())

    @pytest.fixture
    def subject(self, stored: tuple[Subject, Path]) -> Subject:
        return stored[0]

    @pytest.fixture
    def path(self, stored: tuple[Subject, Path]) -> Path:
        return stored[1]


class TestAsteriskFiles(TestAsterisk):
    faults = FILE_FAULTS

    @pytest.fixture
    def stored(self, tmp_path: Path) -> tuple[Subject, Path]:
        return asterisk.over_files(tmp_path, POPULATION, sandbox())


class TestFreeSwitch(StoredContract):
    faults = FOLDER_FAULTS

    @pytest.fixture
    def stored(self, tmp_path: Path) -> tuple[Subject, Path]:
        return freeswitch.over_folder(tmp_path, sandbox())

    @pytest.fixture
    def subject(self, stored: tuple[Subject, Path]) -> Subject:
        return stored[0]

    @pytest.fixture
    def path(self, stored: tuple[Subject, Path]) -> Path:
        return stored[1]


class TestFreeSwitchTable(TestFreeSwitch):
    faults = DATABASE_FAULTS

    @pytest.fixture
    def stored(self, tmp_path: Path) -> tuple[Subject, Path]:
        return freeswitch.over_table(tmp_path, POPULATION, sandbox())


class TestAmazonConnect(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return telephony.subject_of("amazon_connect", sandbox())


class TestTVox(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return telephony.subject_of("tvox", sandbox())


class TestTwilioVoice(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("twilio_voice")


class TestTwilioVoiceWithoutAskingForLegs(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("twilio_voice", ask_for_legs=False)


class TestSalesforce(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("salesforce")


class TestWhatsappCloud(ConnectorContract):
    asks = ("get", "check")

    @pytest.fixture
    def subject(self) -> Subject:
        return kept.subject_of("whatsapp_cloud", POPULATION, sandbox())


class Test360dialog(ConnectorContract):
    asks = ("check",)

    @pytest.fixture
    def subject(self) -> Subject:
        return kept.subject_of("360dialog", POPULATION, sandbox())


class TestGenesysJourney(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("genesys_journey")


class TestSalesforceDataCloud(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of("salesforce_data_cloud")


def test_no_imitated_vendor_is_left_out() -> None:
    """Of the others, tests/project/test_hygiene.py knows that they are proved somewhere."""
    proved = {name.removeprefix("Test").casefold() for name in globals() if name.startswith("Test")}
    imitated = {kind.name for kind in VENDOR_TYPES} & BUILT_IN.keys()
    assert {name.replace("_", "") for name in imitated} <= proved
