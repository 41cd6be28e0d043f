"""What LimeSurvey's responses become."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.interaction import Comment, InteractionStatus, SurveyAnswer, SurveyDetails
from connectors.survey.answers import nps_score
from connectors.survey.limesurvey import MAX_INVITATIONS, TOKENS_A_CALL
from connectors.survey.limesurvey_mapping import Question, Questions
from tests.connectors.support import soon
from tests.connectors.survey.limesurvey.fake import (
    EVER,
    GIULIA,
    NPS,
    Server,
    export,
    limesurvey,
    line,
    recorded_participants,
    recorded_server,
)


async def rows_of(*rows: dict[str, Any], survey: dict[str, Any] = NPS, **config: Any) -> Any:
    server = Server(list_participants=recorded_participants, export_responses_by_token=export(*rows))
    source = limesurvey(server, survey, **config)
    return await source.interactions(await source.find([GIULIA], soon()), EVER, None, 50, soon())


async def test_a_response_with_another_token_is_dropped_as_foreign() -> None:
    rows = [
        {"id": 1, "token": "tokgb1", "startdate": "2026-11-20 10:00:00"},
        {"id": 2, "token": "tokmr1", "startdate": "2026-11-20 10:00:00"},
        {"id": 3, "token": None, "startdate": "2026-11-20 10:00:00"},
        {"id": 4, "startdate": "2026-11-20 10:00:00"},
    ]
    page = await rows_of(*rows)
    assert ([row.external_id for row in page.items], page.foreign) == (["841298:1"], 3)


async def test_an_unfinished_response_waits_for_the_customer() -> None:
    page = await rows_of(
        {"id": 1, "submitdate": None, "startdate": "2026-11-20 10:00:00", "datestamp": "2026-11-20 10:05:00"}
        | {"token": "tokgb1", "NPS": "8"},
        {"id": 2, "submitdate": "", "startdate": "2026-11-19 10:00:00", "token": "tokgb1", "NPS": ""},
    )
    answered, opened = page.items
    assert (answered.status, answered.ended_at, answered.duration_seconds) == (InteractionStatus.PENDING, None, None)
    assert answered.last_activity_at == datetime(2026, 11, 20, 9, 5, tzinfo=UTC)
    assert answered.details.nps_score == 8
    assert (opened.status, opened.details.nps_score) == (InteractionStatus.PENDING, None)
    assert opened.details.answers == (SurveyAnswer("Quanto ci consiglieresti?", None),)


@pytest.mark.parametrize(
    ("dates", "started", "ended"),
    [
        ({"startdate": "2026-11-20 10:00:00", "submitdate": "2026-11-20 10:04:00"}, "09:00", "09:04"),
        ({"submitdate": "2026-11-20 10:04:00"}, "09:04", "09:04"),
        ({"submitdate": "1980-01-01 00:00:00", "startdate": "2026-11-20 10:00:00"}, "09:00", "09:00"),
        (
            {
                "submitdate": "1980-01-01 00:00:00",
                "startdate": "2026-11-20 10:00:00",
                "datestamp": "2026-11-20 10:09:00",
            },
            "09:00",
            "09:09",
        ),
        ({"datestamp": "2026-11-20 10:09:00"}, "09:09", None),
        ({"startdate": "2026-11-20T10:00:00+00:00", "submitdate": "2026-11-20 11:30:00"}, "10:00", "10:30"),
    ],
)
async def test_times(dates: dict[str, str], started: str, ended: str | None) -> None:
    [row] = (await rows_of({"id": "1", "token": "tokgb1", **dates})).items
    assert row.started_at.strftime("%H:%M") == started
    assert (None if row.ended_at is None else row.ended_at.strftime("%H:%M")) == ended
    assert row.started_at.tzinfo is UTC


async def test_rows_without_id_or_time_are_dropped_and_counted() -> None:
    page = await rows_of(
        {"token": "tokgb1", "startdate": "2026-11-20 10:00:00"},
        {"id": 2, "token": "tokgb1", "submitdate": "1980-01-01 00:00:00"},
        {"id": 3, "token": "tokgb1", "startdate": "yesterday"},
        ["odd"],
        {"id": 5, "token": "tokgb1", "startdate": "2026-11-20 10:00:00"},
    )
    assert ([row.external_id for row in page.items], page.dropped) == (["841298:5"], 4)


async def test_the_customers_comment_and_a_configured_name() -> None:
    survey = {**NPS, "name": "After the call", "comment_question": "WHY"}
    page = await rows_of(
        {"id": 1, "token": "tokgb1", "submitdate": "2026-11-20 10:00:00", "NPS": "10", "WHY": "Fast & kind"},
        {"id": 2, "token": "tokgb1", "submitdate": "2026-11-19 10:00:00", "NPS": "10", "WHY": ""},
        survey=survey,
    )
    told, silent = page.items
    assert told.comments == (Comment("Fast & kind", at=told.ended_at),)
    assert told.preview == "Fast & kind"
    assert (silent.comments, silent.preview) == ((), None)
    assert told.details.survey_name == "After the call"


async def test_names_are_read_once_an_hour() -> None:
    server = recorded_server()
    source = limesurvey(server)
    records = await source.find([GIULIA], soon())
    for _ in range(3):
        await source.interactions(records, EVER, None, 50, soon())
    assert (server.count("list_questions"), server.count("list_surveys")) == (1, 1)
    assert ("list_questions", ["key-1", 841298, None, "it"]) in server.calls


async def test_a_survey_without_title_is_told_by_its_id() -> None:
    server = recorded_server()
    server.answers |= {
        "list_surveys": {"status": "No surveys found"},
        "list_questions": {"status": "No questions found"},
    }
    source = limesurvey(server)
    page = await source.interactions(await source.find([GIULIA], soon()), EVER, None, 50, soon())
    assert page.items[0].details == SurveyDetails("841298", 9, ())


async def test_many_invitations_are_read_in_turns_and_a_full_list_is_capped() -> None:
    lines = [line(f"t{i}", GIULIA.value) for i in range(MAX_INVITATIONS)]
    at_once: list[int] = []

    def responses(params: list[Any]) -> str:
        at_once.append(1)
        return export({"id": int(params[3][1:]) + 1, "token": params[3], "submitdate": "2026-11-20 10:00:00"})

    server = Server(list_participants=lines, export_responses_by_token=responses)
    source = limesurvey(server)
    page = await source.interactions(await source.find([GIULIA], soon()), EVER, None, 50, soon())
    assert (len(page.items), page.capped) == (MAX_INVITATIONS, True)
    assert len(at_once) == MAX_INVITATIONS
    assert MAX_INVITATIONS // TOKENS_A_CALL < 30  # pages that the guards read for a whole source


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("9", 9),
        (0, 0),
        ("10", 10),
        ("9.0000000000", 9),
        (7.0, 7),
        ("10 - certainly", 10),
        (" 3", 3),
        ("11", None),
        ("100", None),
        ("8.5", None),
        ("1.000", 1),
        ("-1", None),
        ("", None),
        (None, None),
        (True, None),
        ("certainly", None),
    ],
)
def test_nps_scores(answer: object, score: int | None) -> None:
    assert nps_score(answer) == score


def test_questions_by_the_columns_of_an_export() -> None:
    questions = Questions(
        [
            Question(qid=1, title="NPS", question="<p>How likely&nbsp;are you?</p>", parent_qid=0, type="N"),
            Question(qid="2", title="WHY", question="", parent_qid="0", type="T"),
            Question(qid=3, title="BUY", question="What did you buy?", parent_qid=0, type="M"),
            Question(qid=4, title="SQ1", question="A phone", parent_qid=3, type="T"),
            Question(qid=5, title="SQ2", question="A car", parent_qid="3", type="T"),
            Question(qid=6, title="INTRO", question="Welcome", parent_qid=0, type="X"),
            Question(qid=7, title="CALC", question="{NPS*2}", parent_qid=0, type="*"),
        ]
    )
    row = {
        "id": 1,
        "token": "a",
        "NPS": 9,
        "WHY": None,
        "BUY[SQ1]": "Yes",
        "BUY[SQ2]": "",
        "BUY[other]": "A <b>boat</b>",
    }
    assert questions.answers(row | {"INTRO": "", "CALC": "18", "BUY[SQ9_1]": "x"}) == (
        SurveyAnswer("How likely are you?", "9"),
        SurveyAnswer("WHY", None),
        SurveyAnswer("What did you buy?: A phone", "Yes"),
        SurveyAnswer("What did you buy? (other)", "A boat"),
        SurveyAnswer("What did you buy? (SQ9_1)", "x"),
    )
