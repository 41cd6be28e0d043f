"""Acme Desk, held against the contract of connectors and against its own documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from acme_desk import AcmeDesk
from imitation import TOKEN, app

from connectors.base import SourceConfig, VendorConnector
from connectors.identifiers import email, external, phone
from connectors.interaction import Agent, Channel, Direction, InteractionStatus, LegKind, Queue, TicketStatus
from connectors.testing.vendor import Samples, VendorContract
from connectors.testing.walks import deadline


class TestAcmeDesk(VendorContract):
    cls = AcmeDesk
    config = SourceConfig("desk", "https://acme.example.org", {"token": TOKEN}, external_id_source="crm", region="IT")
    somebody = phone("+393331110002")
    nobody = phone("+393339999999")
    now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    rows_path = "/api/v2/tickets"
    rows_key = "tickets"

    @pytest.fixture
    def app(self) -> object:
        return app()

    async def test_one_as_it_becomes(self, connector: VendorConnector) -> None:
        row = await connector.get("t-101", deadline())
        assert row is not None
        assert (row.record_id, row.channel, row.direction) == ("c-1", Channel.TICKET, Direction.INBOUND)
        assert row.started_at == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)
        assert (row.status, row.ended_at) == (InteractionStatus.ACTIVE, None)
        assert (row.subject, row.preview) == ("Invoice of November", "My invoice names two meters.")
        assert row.url == "https://acme.example.org/tickets/t-101"
        (leg,) = row.legs
        assert (leg.kind, leg.queue, leg.agent) == (
            LegKind.AGENT,
            Queue("q-1", "Billing"),
            Agent("a-7", "Marta Conti"),
        )

    async def test_ticket_statuses(self, connector: VendorConnector, samples: Samples) -> None:
        told = [await connector.get(row["id"], deadline()) for row in samples("tickets")]
        assert [row.details.status for row in told] == [
            TicketStatus.OPEN,
            TicketStatus.CLOSED,
            TicketStatus.PENDING,
            TicketStatus.CLOSED,
            TicketStatus.NEW,
            TicketStatus.NEW,
        ]

    async def test_an_agent_without_a_name_is_called_by_the_id(self, connector: VendorConnector) -> None:
        row = await connector.get("t-104", deadline())
        assert row is not None
        assert row.legs[0].agent == Agent("a-9", "a-9")

    @pytest.mark.parametrize(
        ("identifier", "found"),
        [
            (phone("+393331110002"), ["c-1", "c-2"]),
            (email("Ugo.Abissi@example.org"), ["c-2"]),
            (external("crm", "1002"), ["c-1"]),
            (external("desk", "c-3"), ["c-3"]),
        ],
    )
    async def test_a_contact_is_found(self, identifier, found, connector: VendorConnector) -> None:
        assert [record.id for record in await connector.find([identifier], deadline())] == found
