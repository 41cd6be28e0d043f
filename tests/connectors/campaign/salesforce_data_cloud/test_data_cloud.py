"""What Data Cloud's rows become by the operator's statement, and what is asked around it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Query, Window
from connectors.campaign.salesforce_data_cloud import Mapper, SalesforceDataCloud
from connectors.campaign.words import number_of
from connectors.errors import MalformedError, RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    CallDetails,
    Campaign,
    Channel,
    Comment,
    ConversationDetails,
    Direction,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Outcome,
    OutcomeKind,
    Record,
    ScoreChange,
)
from connectors.testing.mutations import _assert_sound, mutations
from tests.connectors.support import connect, router, soon

BASE = "https://acme.my.salesforce.com"
QUERY = f"{BASE}/services/data/v61.0/ssot/queryv2"
SQL = "SELECT Id__c AS id FROM Attempt__dlm"
LIVIA = Record(source="salesforce_data_cloud", id="individual-1", identifiers=())
ROW = {
    "id": "attempt-1",
    "person": "individual-1",
    "phone": "393331115501",
    "email": "livia.tarsia@example.org",
    "customer": "CRM-551",
    "started_at": "2026-11-20 10:00:00.000 UTC",
    "ended_at": "2026-11-20T10:02:00.000+00:00",
    "channel": "Voice",
    "direction": "Outbound",
    "outcome": "Not interested",
    "outcome_kind": "Failure",
    "agent_id": "agent-7",
    "agent_name": "Bruna Agosti",
    "agent_comments": "Asked not to be called again.",
    "campaign_id": "7",
    "campaign_name": "Renewals",
    "number_type": "Mobile",
    "previous_score": "40",
    "current_score": 35.5,
    "division": "North",
    "subject": "Renewal",
    "topic": "contract",
    "status": None,
}


def table(*rows: dict[str, Any], done: bool = True, wrapped: bool = True, columns: Any = ROW) -> dict[str, Any]:
    """Columns in the order of their places, which is not the one in which they are listed."""
    names = list(columns)
    values = [[row.get(name) for name in names] for row in rows]
    return {
        "data": [{"rowData": row} if wrapped else row for row in values],
        "metadata": {
            name.upper(): {"type": "VARCHAR", "placeInOrder": place, "typeCode": 12}
            for place, name in reversed(list(enumerate(names)))
        },
        "done": done,
        "rowCount": len(rows),
    }


def cloud(answer: Any) -> respx.MockRouter:
    routes = router()
    routes.post(f"{BASE}/services/oauth2/token").respond(json={"access_token": "00D!token"})
    routes.post(QUERY).mock(
        side_effect=lambda request: answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)
    )
    return routes


def data_cloud(routes: respx.MockRouter, **options: Any) -> SalesforceDataCloud:
    credentials = {"client_id": "the-client", "client_secret": "the-secret"}
    return connect(
        SalesforceDataCloud,
        routes,
        BASE,
        credentials=credentials,
        options={"sql": SQL, **options},
        external_id_source="crm",
    )


def asked(routes: respx.MockRouter) -> list[str]:
    return [
        json.loads(call.request.content)["sql"] for call in routes.calls if call.request.url.path.endswith("queryv2")
    ]


def known(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


async def read(routes: respx.MockRouter, window: Window | None = None, **options: Any) -> Page:
    return await data_cloud(routes, **options).interactions([LIVIA], window or Window(), None, 20, soon())


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_row_with_everything(wrapped: bool) -> None:
    (row,) = (await read(cloud(table(ROW, wrapped=wrapped)))).items
    began, ended = datetime(2026, 11, 20, 10, tzinfo=UTC), datetime(2026, 11, 20, 10, 2, tzinfo=UTC)
    bruna = Agent("agent-7", "Bruna Agosti")
    assert row == Interaction(
        source="salesforce_data_cloud",
        external_id="attempt-1",
        record_id="individual-1",
        channel=Channel.VOICE,
        direction=Direction.OUTBOUND,
        started_at=began,
        last_activity_at=ended,
        ended_at=ended,
        duration_seconds=120,
        status=InteractionStatus.COMPLETED,
        outcome=Outcome(OutcomeKind.FAILURE, "Not interested"),
        legs=(Leg(began, ended, LegKind.AGENT, agent=bruna),),
        campaign=Campaign("7", "Renewals"),
        division_ids=("North",),
        address=Address(AddressKind.MOBILE, IdentifierKind.PHONE, "+393331115501"),
        subject="Renewal",
        topic="contract",
        preview="Asked not to be called again.",
        comments=(Comment("Asked not to be called again.", bruna, ended),),
        score=ScoreChange(40.0, 35.5),
        details=CallDetails(talk_seconds=120),
    )


@pytest.mark.parametrize(
    ("word", "channel"),
    [
        ("SMS", Channel.SMS),
        ("E-mail", Channel.EMAIL),
        ("Web Chat", Channel.CHAT),
        ("Fax", Channel.OTHER),
        (None, Channel.OTHER),
    ],
)
async def test_channels(word: str | None, channel: Channel) -> None:
    (row,) = (await read(cloud(table(ROW | {"channel": word})))).items
    assert row.channel is channel
    assert isinstance(row.details, ConversationDetails) is (channel is not Channel.OTHER)


async def test_what_the_words_mean_is_the_operators_to_say() -> None:
    row = ROW | {"outcome": "No answer", "outcome_kind": None, "status": "Expired"}
    options = {"outcomes": {"No answer": "FAILURE"}, "statuses": {"No answer": "MISSED", "Expired": "FAILED"}}
    (told,) = (await read(cloud(table(row)), **options)).items
    assert (told.outcome, told.status) == (Outcome(OutcomeKind.FAILURE, "No answer"), InteractionStatus.FAILED)
    (missed,) = (await read(cloud(table(row | {"status": None})), **options)).items
    assert missed.status is InteractionStatus.MISSED


async def test_a_statement_of_three_columns_is_enough() -> None:
    small = {name: ROW[name] for name in ("id", "person", "started_at")}
    (row,) = (await read(cloud(table(small, columns=small)))).items
    assert (row.channel, row.ended_at, row.legs, row.address) == (Channel.OTHER, row.started_at, (), None)


async def test_people_are_found_by_the_columns_that_are_named() -> None:
    columns = ("person", "phone", "email", "customer")
    rows = [ROW, ROW | {"phone": "+390255550144"}, ROW | {"person": "individual-2", "phone": "x", "email": None}]
    routes = cloud(table(*rows, columns=columns))
    connector = data_cloud(routes, finds_by=("phone", "email", "customer"))
    identifiers = [known(phone("+393331115501")), known(email("livia.tarsia@example.org")), external("crm", "CRM'551")]
    found = await connector.find([*identifiers, external("salesforce_data_cloud", "individual-1")], soon())
    assert [record.id for record in found] == ["individual-1"]
    assert {h.identifier.value for h in found[0].identifiers} == {
        "individual-1",
        "+393331115501",
        "+390255550144",
        "livia.tarsia@example.org",
        "CRM-551",
    }
    assert asked(routes) == [
        f"SELECT DISTINCT person, phone, email, customer FROM ({SQL}) AS told WHERE "
        "(phone IN ('+393331115501', '393331115501', '00393331115501', '3331115501') "
        "OR email IN ('livia.tarsia@example.org') OR customer IN ('CRM''551') OR person IN ('individual-1')) LIMIT 500"
    ]


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("393331115501", None, "+393331115501"),
        ("00393331115501", None, "+393331115501"),
        ("3331115501", "IT", "+393331115501"),
        ("+39 333 111 5501", "FR", "+393331115501"),
        ("3331115501", None, None),
        ("withheld", "IT", None),
        (None, "IT", None),
    ],
)
def test_numbers_however_they_are_kept(written: str | None, region: str | None, number: str | None) -> None:
    assert number_of(written, region) == number


async def test_what_is_not_named_is_not_asked_for() -> None:
    routes = cloud(table())
    connector = data_cloud(routes)
    assert await connector.find([known(email("livia.tarsia@example.org"))], soon()) == []
    assert connector.capabilities.finds_by == {IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}
    assert asked(routes) == []


async def test_the_window_and_the_order_stand_around_the_statement() -> None:
    routes = cloud(table(ROW, done=False))
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    connector = data_cloud(routes)
    fetched = await connector.fetch_page([LIVIA], Query(Window(start, end), 30), soon())
    assert asked(routes)[0] == (
        f"SELECT * FROM ({SQL}) AS told WHERE person IN ('individual-1')"
        " AND started_at >= TIMESTAMP WITH TIME ZONE '2026-11-01 00:00:00.000+00:00'"
        " AND started_at < TIMESTAMP WITH TIME ZONE '2026-12-01 00:00:00.000+00:00'"
        " ORDER BY started_at DESC, id DESC LIMIT 31"
    )
    await connector.fetch_page([LIVIA], Query(Window(start, end), 30, cursor=fetched.cursor), soon())
    assert "started_at < TIMESTAMP WITH TIME ZONE '2026-11-20 10:00:01.000+00:00'" in asked(routes)[1]
    assert asked(routes)[1].endswith("LIMIT 32")


async def test_check_wants_the_columns_that_are_needed() -> None:
    await data_cloud(cloud(table(ROW))).check(soon())
    with pytest.raises(RefusedError, match="lacks a column"):
        await data_cloud(cloud(table(columns=("id", "person", "started_at")))).check(soon())
    answer = httpx.Response(400, json=[{"errorCode": "INVALID_ARGUMENT", "message": "Unknown column"}])
    with pytest.raises(MalformedError):
        await data_cloud(cloud(answer)).check(soon())


@pytest.mark.parametrize(
    "options", [{"sql": " "}, {"sql": "SELECT 1; SELECT 2"}, {"finds_by": ()}, {"finds_by": ("name",)}]
)
def test_options_that_are_none_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"(one statement|needs a column|Invalid enum)"):
        data_cloud(cloud(table()), **options)


def test_a_spoiled_row_is_dropped_or_mapped_as_far_as_it_goes() -> None:
    mapper = Mapper("salesforce_data_cloud", "IT", "crm", {}, {})
    count = 0
    for mutation in mutations(ROW):
        spoiled = mutation.apply(ROW)
        row = mapper.interaction(spoiled)
        if row is not None:
            _assert_sound(row, mutation)
        assert all(record.id.strip() for record in mapper.records([spoiled]))
        count += 1
    assert count > 300
