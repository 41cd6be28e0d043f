"""Twilio Messages meets the contract."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from connectors.base import SourceConfig
from connectors.identifiers import phone
from connectors.testing.contract import ConnectorContract, Subject
from connectors.whatsapp.twilio_messages import TwilioMessages
from tests.connectors.support import NOW
from tests.connectors.whatsapp.fake_twilio import ACCOUNT, ANNA, BRUNO, OURS, FakeTwilio, Sent

OTHER_SENDER = "+390651110009"


def history() -> list[Sent]:
    """Talks of two messages each, every third of them with two senders in the same second."""
    messages: list[Sent] = []
    for number in range(0, 240, 4):
        at = NOW - timedelta(days=number)
        messages += [Sent(number, at), Sent(number + 1, at + timedelta(hours=1), direction="outbound-api")]
        if number % 3 == 0:
            messages.append(Sent(number + 2, at, ours=OTHER_SENDER, prefix="whatsapp:"))
    return messages


class TestTwilioMessages(ConnectorContract):
    @pytest.fixture
    def subject(self) -> Subject:
        config = SourceConfig(
            "wa", "https://api.twilio.com", credentials={"account_sid": ACCOUNT, "auth_token": "rather-secret"}
        )
        return Subject(
            connect=lambda transport: TwilioMessages(config, transport, utc_now=lambda: NOW),
            transport=httpx.MockTransport(FakeTwilio(history(), largest_page=25)),
            known=phone(ANNA),
            stranger=phone(BRUNO),
            foreign=httpx.MockTransport(FakeTwilio(history(), ignores_addresses=True)),
        )


def test_the_history_holds_ties():
    starts = [m.at for m in history() if m.ours in (OURS, OTHER_SENDER) and m.is_inbound]
    assert len(set(starts)) < len(starts)
