"""What Jira's issues become, and how they are searched."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Wanted, Window
from connectors.errors import MalformedError
from connectors.interaction import (
    Agent,
    Channel,
    Direction,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
    WrapUpCode,
)
from connectors.ticketing.jira_mapping import document_text, topic_of
from connectors.ticketing.jira_service_management import JiraServiceManagement
from tests.connectors.support import NOW, connect, router, samples_beside, soon

BASE = "https://acme.atlassian.net"
API = f"{BASE}/rest/api/3"
sample = samples_beside(__file__)
NAME = "jira_service_management"
LIVIA = Record(source=NAME, id="qm:a7:41", identifiers=())
ALWAYS = Window()


def jira(routes: respx.MockRouter, **config: Any) -> JiraServiceManagement:
    return connect(
        JiraServiceManagement, routes, BASE, credentials={"email": "bot@example.com", "token": "t"}, **config
    )


def desk(found: Any = None, zone: str = "Europe/Rome") -> respx.MockRouter:
    routes = router()
    routes.get(f"{API}/myself").respond(json={"accountId": "557058:bot", "timeZone": zone})
    routes.post(f"{API}/search/jql").respond(json=sample("issues") if found is None else found)
    routes.get(f"{API}/issue/20412").respond(json=sample("issues")["issues"][0])
    routes.get(f"{API}/issue/1").respond(404, json={"errorMessages": ["Issue does not exist"]})
    return routes


async def read(connector: JiraServiceManagement, window: Window = ALWAYS, **how: Any) -> Page:
    return await connector.interactions([LIVIA], window, None, 50, soon(), **how)


async def one(fields: dict[str, Any], properties: Any = None, **config: Any) -> Interaction:
    issue = copy.deepcopy(sample("issues")["issues"][0])
    issue["fields"] |= fields
    issue["properties"] = properties
    page = await read(jira(desk({"issues": [issue]}), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def details(row: Interaction) -> TicketDetails:
    assert isinstance(row.details, TicketDetails)
    return row.details


def asked(routes: respx.MockRouter) -> list[Any]:
    return [json.loads(call.request.content) for call in routes.calls if call.request.method == "POST"]


async def test_an_issue_with_everything() -> None:
    options = {"division": "project", "topic_field": "customfield_10010"}
    row = (await read(jira(desk(), options=options))).items[0]
    began = datetime(2026, 11, 22, 16, 5, 11, 482_000, tzinfo=UTC)
    queue, agent = Queue("10004", "Customer help"), Agent("557058:b1", "Bruna Agosti")
    assert row == Interaction(
        source=NAME,
        external_id="20412",
        record_id="qm:a7:41",
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=began,
        last_activity_at=datetime(2026, 11, 22, 16, 40, 0, 120_000, tzinfo=UTC),
        status=InteractionStatus.ACTIVE,
        url="https://acme.atlassian.net/browse/HELP-412",
        legs=(Leg(began, None, LegKind.AGENT, queue, agent, ("10004",)),),
        tags=("lamp", "warranty"),
        division_ids=("10004",),
        subject="Second lamp & its timer",
        topic="Repairs",
        preview="Good morning @Bruna, if a < b then it stays dark. second floor",
        details=TicketDetails(
            "HELP-412", TicketStatus.OPEN, "Waiting for support", TicketPriority.URGENT, None, Channel.EMAIL
        ),
    )


async def test_what_a_page_keeps_and_drops() -> None:
    page = await read(jira(desk()))
    assert [row.external_id for row in page.items] == ["20412", "20398"]
    assert (page.dropped, page.foreign, page.next, page.capped) == (2, 1, None, False)  # bad rows; somebody else's


async def test_a_done_issue_ended_with_its_resolution() -> None:
    row = (await read(jira(desk()))).items[1]
    ended_at = datetime(2026, 10, 3, 12, tzinfo=UTC)
    assert (row.status, details(row).status) == (InteractionStatus.COMPLETED, TicketStatus.SOLVED)
    assert (row.ended_at, row.duration_seconds) == (ended_at, 2 * 86_400)
    assert row.wrap_up_codes == (WrapUpCode("10200", "Declined", ("Declined",), at=ended_at),)
    assert row.legs == (Leg(row.started_at, ended_at, LegKind.QUEUE, Queue("10004", "Customer help")),)
    assert (row.direction, row.preview, details(row).priority) == (Direction.UNKNOWN, None, None)
    assert details(row).opened_via is None


@pytest.mark.parametrize(
    ("category", "status", "ticket_status"),
    [
        ("new", InteractionStatus.QUEUED, TicketStatus.NEW),
        ("indeterminate", InteractionStatus.ACTIVE, TicketStatus.OPEN),
        ("done", InteractionStatus.COMPLETED, TicketStatus.SOLVED),
        ("undefined", InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
        (None, InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN),
    ],
)
async def test_a_status_means_what_its_category_says(category, status, ticket_status) -> None:
    row = await one({"status": {"name": "Done", "statusCategory": {"key": category}}})
    assert (row.status, details(row).status) == (status, ticket_status)


async def test_a_status_means_what_the_operator_says() -> None:
    waiting = {"name": "Waiting for customer", "statusCategory": {"key": "indeterminate"}}
    row = await one({"status": waiting}, options={"statuses": {"Waiting for customer": "PENDING"}})
    assert (row.status, details(row).status) == (InteractionStatus.PENDING, TicketStatus.PENDING)
    assert (await one({"status": None})).status is InteractionStatus.UNKNOWN


@pytest.mark.parametrize(
    ("properties", "via"),
    [
        ({"request.channel.type": {"value": "portal"}}, Channel.WEB),
        ({"request.channel.type": {"value": "telepathy"}}, Channel.OTHER),
        ({"request.channel.type": "email"}, None),
        ({}, None),
    ],
)
async def test_how_it_came_is_a_property(properties, via) -> None:
    assert details(await one({}, properties)).opened_via is via


async def test_the_operators_priorities_come_first() -> None:
    row = await one({"priority": {"name": "Blocker"}}, options={"priorities": {"Blocker": "URGENT"}})
    assert details(row).priority is TicketPriority.URGENT


@pytest.mark.parametrize(
    ("value", "topic"),
    [
        ("plain", "plain"),
        ({"value": "a choice"}, "a choice"),
        ({"name": "a version"}, "a version"),
        ({"requestType": {"name": "a request type"}}, "a request type"),
        ({"requestType": None}, None),
        (["several"], None),
        (7, None),
        (None, None),
    ],
)
def test_a_topic_is_a_fields_text(value: Any, topic: str | None) -> None:
    assert topic_of(value) == topic


def test_a_document_as_deep_as_it_likes_is_read() -> None:
    node: Any = {"type": "text", "text": "down here"}
    for _ in range(400):
        node = {"type": "panel", "content": [node]}
    assert document_text(node) == "down here"
    assert document_text("<b>old</b> text") == "old text"
    assert document_text({"type": "doc", "content": "no list"}) is None
    assert document_text([None]) is None


async def test_what_is_asked() -> None:
    routes = desk({"issues": []})
    await read(jira(routes, options={"projects": ["HELP", "ops2"]}))
    (body,) = asked(routes)
    assert body["jql"] == 'reporter in ("qm:a7:41") AND project in ("HELP", "ops2") ORDER BY created DESC, key DESC'
    assert body["maxResults"] == 51
    assert body["properties"] == ["request.channel.type"]
    assert {"summary", "status", "reporter"} <= set(body["fields"])
    assert "nextPageToken" not in body and "startAt" not in body
    assert routes.calls[0].request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("window", "zone", "clauses"),
    [
        (
            Window(datetime(2026, 11, 1, 8, 0, 30, tzinfo=UTC), datetime(2026, 11, 2, 8, 0, 30, tzinfo=UTC)),
            "Europe/Rome",
            'created >= "2026/11/01 09:00" AND created < "2026/11/02 09:01"',
        ),
        (Window(None, datetime(2026, 7, 1, tzinfo=UTC)), "Asia/Kolkata", 'created < "2026/07/01 05:31"'),
        # the clocks go back on 25 October at 01:00 UTC: an hour more on either side
        (
            Window(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 2, 30, tzinfo=UTC)),
            "Europe/Rome",
            'created >= "2026/10/25 02:30" AND created < "2026/10/25 04:31"',
        ),
    ],
)
async def test_times_are_minutes_of_whoever_asks(window, zone, clauses) -> None:
    routes = desk({"issues": []}, zone)
    await read(jira(routes), window)
    assert asked(routes)[0]["jql"] == f'reporter in ("qm:a7:41") AND {clauses} ORDER BY created DESC, key DESC'


async def test_what_is_wanted_is_pushed() -> None:
    routes = desk({"issues": []})
    wanted = Wanted(
        queue_ids=frozenset({"10004", 'x" OR 1=1'}),
        agent_ids=frozenset({"557058:b1"}),
        tags=frozenset({"vip", "lamp"}),
        active_since=NOW,
    )
    await read(jira(routes), wanted=wanted, ascending=True)
    assert asked(routes)[0]["jql"] == (
        'reporter in ("qm:a7:41") AND updated >= "2026/11/23 10:00" AND project in (10004) '
        'AND assignee in ("557058:b1") AND labels in ("lamp", "vip") ORDER BY created ASC, key ASC'
    )


async def test_what_cannot_be_said_in_jql_is_not_said() -> None:
    routes = desk({"issues": []})
    await read(jira(routes), wanted=Wanted(tags=frozenset({'a"b', "c"})))
    assert "labels" not in asked(routes)[0]["jql"]
    await read(jira(routes), wanted=Wanted(queue_ids=frozenset({"x"})))
    assert len(asked(routes)) == 1
    odd = Record(source=NAME, id='qm" OR reporter != "', identifiers=())
    assert (await jira(routes).interactions([odd], ALWAYS, None, 10, soon())).items == ()
    assert len(asked(routes)) == 1


async def test_pages_follow_the_token() -> None:
    rows = [
        {
            "id": str(1000 + n),
            "key": f"HELP-{n}",
            "fields": {
                "created": (NOW - timedelta(minutes=n // 3)).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
                "reporter": {"accountId": "qm:a7:41"},
            },
        }
        for n in range(120)
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        first = int(body.get("nextPageToken", "t0")[1:])
        following = first + body["maxResults"]
        token = {"nextPageToken": f"t{following}"} if following < len(rows) else {}
        return httpx.Response(200, json={"issues": rows[first:following], **token})

    routes = desk()
    routes.post(f"{API}/search/jql").mock(side_effect=answer)
    connector, found, after = jira(routes), [], None
    while True:
        page = await read(connector, after=after)
        found += [row.external_id for row in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(found, key=int) == [row["id"] for row in rows]
    assert [body.get("nextPageToken") for body in asked(routes)] == [None, "t51", "t102"]
    assert len({body["jql"] for body in asked(routes)}) == 1


async def test_the_time_zone_is_asked_once_and_must_be_one() -> None:
    routes = desk()
    connector = jira(routes)
    await read(connector)
    await read(connector)
    assert sum(call.request.url.path.endswith("/myself") for call in routes.calls) == 1
    with pytest.raises(MalformedError):
        await read(jira(desk(zone="Middle/Earth")))


async def test_one_issue_by_its_id() -> None:
    connector = jira(desk())
    row = await connector.get("20412", soon())
    assert row is not None and row.preview is not None
    assert await connector.get("1", soon()) is None
    assert await connector.get("HELP-412", soon()) is None
