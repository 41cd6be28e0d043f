"""Ratings of Chatwoot's conversations as surveys of their own, kept apart from NPS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import respx

from connectors.base import Page
from connectors.chat.chatwoot import Chatwoot
from connectors.interaction import Channel, Comment, Link, LinkKind, SurveyAnswer, SurveyDetails
from connectors.registry import configured
from connectors.testing.walks import EVER, read_all
from tests.connectors.chat.chatwoot.samples import (
    API,
    INBOXES,
    RECORD,
    STARTED,
    chatwoot,
    conversation,
    from_agent,
    message,
    routes_with,
)
from tests.connectors.support import soon
from tests.connectors.test_sandbox_contract import subject_of

ON = {"account_id": 3, "satisfaction": True}


def question(answer: Any = None, **fields: Any) -> dict[str, Any]:
    attributes = {} if answer is None else {"submitted_values": {"csat_survey_response": answer}}
    told = {"message_type": 3, "content_type": "input_csat", "content_attributes": attributes, "sender": None}
    return message(900, "Please rate this conversation", 300, **{**told, **fields})


def site(*messages: Any, **fields: Any) -> respx.MockRouter:
    routes = routes_with(conversation(501, **{"status": "resolved", **fields}), conversation(502, inbox_id=2))
    asking = [inbox | {"csat_survey_enabled": inbox["id"] == 1} for inbox in INBOXES]
    routes.get(f"{API}/inboxes").respond(json={"payload": asking})
    routes.get(f"{API}/conversations/501").respond(json=conversation(501, status="resolved"))
    routes.get(f"{API}/conversations/501/messages").respond(json={"payload": list(messages)})
    return routes


async def read(routes: respx.MockRouter) -> Page:
    return await chatwoot(routes, options=ON).interactions([RECORD], EVER, None, 50, soon())


async def test_a_rating_hangs_on_its_conversation() -> None:
    routes = site(from_agent(800, "Done"), question({"rating": 4, "feedback_message": "Quick <b>and</b> kind"}))
    rows = {row.external_id: row for row in (await read(routes)).items}
    assert set(rows) == {"501", "502", "501:csat:900"}
    rating, about = rows["501:csat:900"], rows["501"]
    asked_at = datetime.fromtimestamp(STARTED + 300, UTC)
    assert (rating.channel, rating.record_id) == (Channel.SURVEY, "42")
    assert rating.started_at == rating.ended_at == asked_at
    assert rating.links == (Link(LinkKind.PARENT, "501"),)
    assert [leg.queue for leg in rating.legs] == [leg.queue for leg in about.legs]
    assert rating.comments == (Comment("Quick and kind"),)
    assert rating.details == SurveyDetails(
        survey_name="CSAT",
        nps_score=None,
        answers=(SurveyAnswer("Rating", "4"), SurveyAnswer("Feedback", "Quick and kind")),
    )


@pytest.mark.parametrize(
    "asked",
    [
        question(),
        question({}),
        question({"rating": 0}),
        question({"rating": 6}),
        question({"rating": True}),
        question({"rating": "5"}),
        question("5"),
        question({"rating": 5}, content_attributes={"submitted_values": [{"rating": 5}]}),
        question({"rating": 5}, content_attributes=None),
        question({"rating": 5}, content_type="text"),
        question({"rating": 5}, created_at=0),
        {"content_type": "input_csat"},
        "odd",
    ],
)
async def test_only_an_answer_is_a_survey(asked: Any) -> None:
    page = await read(site(asked))
    assert {row.channel for row in page.items} == {Channel.CHAT, Channel.WHATSAPP}


async def test_only_conversations_of_inboxes_that_ask_are_looked_into() -> None:
    routes = site(question({"rating": 5}))
    await read(routes)
    looked = [call.request.url.path for call in routes.calls if call.request.url.path.endswith("/messages")]
    assert looked == ["/inbox/api/v1/accounts/3/conversations/501/messages"]


async def test_without_the_option_nothing_more_is_asked() -> None:
    routes = site(question({"rating": 5}))
    page = await chatwoot(routes).interactions([RECORD], EVER, None, 50, soon())
    assert [row.external_id for row in page.items] == ["501", "502"]
    assert len(routes.calls) == 2
    assert await chatwoot(routes).get("501:csat:900", soon()) is None


async def test_the_option_says_which_channels_there_are() -> None:
    assert Channel.SURVEY not in configured(Chatwoot, {"account_id": 3}).channels
    assert configured(Chatwoot, ON).channels == Chatwoot.channels | {Channel.SURVEY}


async def test_one_by_its_id() -> None:
    connector = chatwoot(site(question({"rating": 5})), options=ON)
    rating = await connector.get("501:csat:900", soon())
    assert rating is not None and rating.channel is Channel.SURVEY
    assert await connector.get("501:csat:901", soon()) is None
    assert await connector.get("x:csat:900", soon()) is None


async def test_over_real_answers_some_are_rated() -> None:
    subject = subject_of("chatwoot", "chatwoot_rated")
    connector = subject.connect(subject.transport)
    rows = await read_all(connector, await connector.find([subject.known], soon()), EVER)
    ratings = [row for row in rows if row.channel is Channel.SURVEY]
    assert 0 < len(ratings) < len(rows) / 2
    assert all(isinstance(row.details, SurveyDetails) and row.details.nps_score is None for row in ratings)
