"""Ratings of Zendesk's tickets as surveys of their own, kept apart from NPS."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.base import Wanted
from connectors.interaction import (
    Channel,
    Interaction,
    InteractionStatus,
    Link,
    LinkKind,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.registry import configured
from connectors.testing.walks import EVER, read_all
from connectors.ticketing.zendesk import Zendesk
from tests.connectors.support import soon
from tests.connectors.test_sandbox_contract import subject_of
from tests.connectors.ticketing.zendesk.test_zendesk_tickets import BASE, desk, read, sample, zendesk

ON = {"satisfaction": True}


async def both(fields: dict[str, Any]) -> tuple[Interaction, Interaction | None]:
    """A ticket and its rating."""
    ticket = sample("tickets")["results"][0] | fields
    page = await read(zendesk(desk({"results": [ticket], "count": 1}), options=ON))
    rows = {row.channel: row for row in page.items}
    assert page.dropped == 0
    return rows[Channel.TICKET], rows.get(Channel.SURVEY)


async def test_a_rating_hangs_on_its_ticket() -> None:
    ticket, rating = await both({})
    assert rating == Interaction(
        source="zendesk",
        external_id="3001:rating",
        record_id="5001",
        channel=Channel.SURVEY,
        direction=rating.direction if rating else ticket.direction,
        started_at=ticket.started_at,
        ended_at=ticket.last_activity_at,
        last_activity_at=ticket.last_activity_at,
        status=InteractionStatus.COMPLETED,
        url=ticket.url,
        legs=ticket.legs,
        tags=ticket.tags,
        comments=ticket.comments,
        details=SurveyDetails(
            survey_name="CSAT",
            answers=(SurveyAnswer("Satisfaction", "good"), SurveyAnswer("Comment", "Quick and kind")),
        ),
        links=(Link(LinkKind.PARENT, "3001"),),
    )
    assert isinstance(rating.details, SurveyDetails) and rating.details.nps_score is None


@pytest.mark.parametrize(
    ("rating", "answers"),
    [
        (
            {"score": "bad", "comment": " ", "reason": "It took too long"},
            [("Satisfaction", "bad"), ("Reason", "It took too long")],
        ),
        ({"score": "good_with_comment", "comment": "ok"}, [("Satisfaction", "good"), ("Comment", "ok")]),
        ("bad", [("Satisfaction", "bad")]),
        ({"score": "offered", "comment": "early"}, None),
        ({"score": "splendid"}, None),
        ("unoffered", None),
        (None, None),
    ],
)
async def test_only_an_answer_is_a_survey(rating: Any, answers: list[tuple[str, str]] | None) -> None:
    _, row = await both({"satisfaction_rating": rating})
    assert (row is None) == (answers is None)
    if row is not None and answers is not None:
        assert isinstance(row.details, SurveyDetails)
        assert [(one.question, one.answer) for one in row.details.answers] == answers


async def test_without_the_option_there_are_tickets_alone() -> None:
    page = await read(zendesk(desk()))
    assert {row.channel for row in page.items} == {Channel.TICKET}
    assert await zendesk(desk()).get("3001:rating", soon()) is None


async def test_the_option_says_which_channels_there_are() -> None:
    assert configured(Zendesk, {}).channels == {Channel.TICKET}
    assert configured(Zendesk, ON).channels == {Channel.TICKET, Channel.SURVEY}
    assert configured(Zendesk, ON).vendor == "zendesk"


async def test_one_by_its_id() -> None:
    routes = desk()
    ticket = sample("tickets")["results"][0]
    routes.get(f"{BASE}/api/v2/tickets/3001").respond(json={"ticket": ticket})
    connector = zendesk(routes, options=ON)
    ticket_row, rating = await connector.get("3001", soon()), await connector.get("3001:rating", soon())
    assert ticket_row is not None and rating is not None
    assert (ticket_row.channel, rating.channel) == (Channel.TICKET, Channel.SURVEY)
    routes.get(f"{BASE}/api/v2/tickets/3001").respond(json={"ticket": ticket | {"satisfaction_rating": None}})
    assert await connector.get("3001:rating", soon()) is None


@pytest.mark.parametrize(
    ("status", "pushed"), [(InteractionStatus.COMPLETED, False), (InteractionStatus.PENDING, True)]
)
async def test_a_rated_ticket_may_be_open_again(status: InteractionStatus, pushed: bool) -> None:
    routes = desk()
    await read(zendesk(routes, options=ON), wanted=Wanted(statuses=frozenset({status})))
    asked = next(call.request.url.params["query"] for call in routes.calls if call.request.url.path == "/api/v2/search")
    assert ("status:" in asked) == pushed


async def test_over_many_pages_each_rating_comes_with_its_ticket() -> None:
    subject = subject_of("zendesk", satisfaction=True)
    connector = subject.connect(subject.transport)
    records = await connector.find([subject.known], soon())
    rows = await read_all(connector, records, EVER, limit=3)
    ratings = {row.links[0].external_id for row in rows if row.channel is Channel.SURVEY}
    tickets = {row.external_id: row for row in rows if row.channel is Channel.TICKET}
    rated = {id_ for id_, row in tickets.items() if row.outcome is not None}
    assert ratings == rated and len(rated) > 1
