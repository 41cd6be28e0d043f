"""What systems told by webhook alone meets the contract of every connector, read from a journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from connectors.base import SourceConfig
from connectors.deadline import Deadline
from connectors.errors import UnavailableError
from connectors.events import Event, RowChanged
from connectors.interaction import Channel
from connectors.journal import Journal
from connectors.registry import connector_class
from connectors.testing.contract import ConnectorContract, Subject
from gateway.store.connector import JournalConnector
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from tests.connectors.support import NOW
from tests.gateway.privacy.support import contact, phone
from tests.gateway.support import SECRET, row_of

NAME = "visits"
ANNA, BRUNO, NOBODY = (phone(f"+39333111220{n}") for n in (1, 2, 9))


def told() -> list[Event]:
    """Two people, with ties, each row told twice."""
    changes = []
    for who, person in (("anna", contact(NAME, "anna", ANNA)), ("bruno", contact(NAME, "bruno", BRUNO))):
        for n in range(30):
            row = row_of(NAME, f"{who}-{n:02}", NOW - timedelta(days=n // 3), record_id=who, channel=Channel.IN_PERSON)
            changes.append(RowChanged(NOW, row, person))
    return [Event(f"{mark}-{n}", (change,)) for mark in ("once", "again") for n, change in enumerate(changes)]


def nobody(request: httpx.Request) -> httpx.Response:
    raise AssertionError("there is nobody to be asked")


class TestJournal(ConnectorContract):
    asks = ()

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        store = Store(database_at("sqlite:///journey.db", tmp_path), Vault(SECRET))
        await store.open()
        await store.intake.apply(NAME, told(), NOW)
        yield store
        await store.aclose()

    @pytest.fixture
    def subject(self, store: Store) -> Subject:
        cls = connector_class("journal")
        assert cls is Journal
        config = SourceConfig(NAME, "", {}, {"kind": "WEB"})

        def connect(transport: httpx.AsyncBaseTransport) -> JournalConnector:
            return JournalConnector(cls(config, transport, lambda: NOW), store, transport)

        return Subject(connect=connect, transport=httpx.MockTransport(nobody), known=ANNA, stranger=NOBODY)

    def test_it_is_of_the_kind_that_the_operator_says(self, subject: Subject) -> None:
        assert subject.connect(subject.transport).kind == "WEB"
        assert Journal.configured({"kind": "WEB"}).kind == "WEB"
        assert [Journal.configured(odd).kind for odd in ({}, {"kind": 7}, {"kind": "NONE"})] == ["OTHER"] * 3


async def test_without_a_store_it_does_not_say_that_there_is_nothing() -> None:

    connector = Journal(SourceConfig(NAME, ""), httpx.MockTransport(nobody), lambda: NOW)
    with pytest.raises(UnavailableError, match="nothing keeps it"):
        await connector.find([ANNA], Deadline.after(1))
    await connector.check(Deadline.after(1))
