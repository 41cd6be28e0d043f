"""LimeSurvey against answers that a real 6.4.2 gave (recorded.json), and hand-written ones for what it did not."""

from __future__ import annotations

import asyncio
import json
import time
import traceback
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import Window
from connectors.deadline import Deadline
from connectors.errors import MalformedError, RateLimitedError, RefusedError, TimedOutError, UnavailableError
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    Identifier,
    IdentifierKind,
    InteractionStatus,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.survey.limesurvey import LOGIN_PAUSE_SECONDS, MAX_INVITATIONS, TOKENS_A_CALL, LimeSurvey
from connectors.survey.limesurvey_mapping import Question, Questions, nps_score
from tests.connectors.support import connect, router, soon

RECORDED = {e["name"]: e for e in json.loads((Path(__file__).parent / "recorded.json").read_text())["exchanges"]}
SITE = "https://survey.example.org/limesurvey"
EVER = Window()
GIULIA = Identifier(IdentifierKind.EMAIL, "giulia.bianchi@example.org")
NPS = {"id": 841298, "nps_question": "NPS", "phone_attribute": "attribute_1", "language": "it"}

Answer = Callable[[list[Any]], Any]


def body_of(name: str) -> dict[str, Any]:
    return RECORDED[name]["body"]


class Server:
    """Answers each method with a function of its parameters; a value stands for a function that ignores them."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "get_session_key": "key-1",
            "list_surveys": body_of("surveys")["result"],
            "list_questions": body_of("questions")["result"],
            **answers,
        }
        self.calls: list[tuple[str, list[Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        method, params = call["method"], call["params"]
        self.calls.append((method, params))
        answer = self.answers[method]
        result = answer(params) if callable(answer) else answer
        if isinstance(result, httpx.Response):
            return result
        return httpx.Response(200, json={"id": call["id"], "result": result, "error": None})

    def count(self, method: str) -> int:
        return sum(1 for name, _ in self.calls if name == method)


def limesurvey(server: Server, *surveys: dict[str, Any], **config: Any) -> LimeSurvey:
    routes = router()
    routes.post(f"{SITE}/index.php/admin/remotecontrol").mock(side_effect=server)
    config.setdefault("time_zone", "Europe/Rome")
    return connect(
        LimeSurvey,
        routes,
        f"{SITE}/",
        credentials={"user": "gateway", "password": "correct horse"},
        options={"surveys": list(surveys) or [NPS]},
        **config,
    )


def recorded_participants(params: list[Any]) -> Any:
    condition = params[6]
    if condition in ({"email": GIULIA.value}, {"attribute_1": "+393331112222"}, {"token": "tokgb1"}):
        return body_of("participants by e-mail")["result"]
    return body_of("no participant")["result"]


def recorded_responses(params: list[Any]) -> Any:
    name = "responses of a token" if params[3] == "tokgb1" else "responses of an unknown token"
    return body_of(name)["result"]


def recorded_server() -> Server:
    return Server(
        list_participants=recorded_participants,
        export_responses_by_token=recorded_responses,
        export_responses=body_of("responses, language null: numbers become strings")["result"],
    )


def export(*rows: dict[str, Any]) -> str:
    return b64encode(json.dumps({"responses": list(rows)}).encode()).decode()


def line(token: str | None, mail: str = "", **attributes: str) -> dict[str, Any]:
    return {
        "tid": 7,
        "token": token,
        "participant_info": {"firstname": "", "lastname": "", "email": mail},
        **attributes,
    }


# ------------------------------------------------------------------ recorded


@pytest.mark.parametrize("asked", [GIULIA, phone("+393331112222")])
async def test_a_recorded_participant_is_found_by_email_and_by_attribute(asked: Identifier) -> None:
    [found] = await limesurvey(recorded_server()).find([asked], soon())
    assert (found.id, found.name) == ("giulia.bianchi@example.org", "Giulia Bianchi")
    assert {(h.identifier, h.verified) for h in found.identifiers} == {
        (external("limesurvey", "giulia.bianchi@example.org"), True),
        (GIULIA, None),
        (phone("+393331112222"), None),
    }


async def test_nobody_is_found_where_the_recorded_server_says_so() -> None:
    assert await limesurvey(recorded_server()).find([email("nobody@example.org")], soon()) == []


async def test_recorded_responses_newest_first_in_utc() -> None:
    source = limesurvey(recorded_server())
    page = await source.interactions(await source.find([GIULIA], soon()), EVER, None, 50, soon())
    assert (page.next, page.capped, page.dropped, page.foreign) == (None, False, 0, 0)
    newest, older = page.items
    assert newest.external_id == "841298:1"
    assert newest.record_id == "giulia.bianchi@example.org"
    assert newest.started_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # 10:00 in Rome's winter
    assert (newest.ended_at, newest.duration_seconds) == (newest.started_at, 0)
    assert (newest.channel, newest.direction) == (Channel.SURVEY, Direction.OUTBOUND)
    assert newest.status is InteractionStatus.COMPLETED
    assert newest.url == f"{SITE}/index.php/responses/view?surveyId=841298&id=1"
    assert newest.details == SurveyDetails("NPS", 9, (SurveyAnswer("Quanto ci consiglieresti?", "9"),))
    assert older.external_id == "841298:3"
    assert older.started_at == datetime(2026, 10, 1, 7, 0, tzinfo=UTC)  # 9:00 in Rome's summer
    assert isinstance(older.details, SurveyDetails)
    assert older.details.nps_score == 6


async def test_one_recorded_response_names_its_participant() -> None:
    source = limesurvey(recorded_server())
    row = await source.get("841298:3", soon())  # its id is a text in this recording
    assert row is not None
    assert (row.external_id, row.record_id) == ("841298:3", "giulia.bianchi@example.org")
    assert await source.get("841298:2", soon()) is None  # its participant is not to be had any more
    assert await source.get("841298:77", soon()) is None


@pytest.mark.parametrize("id_", ["841298", "841298:", "841298:x", "1:1", "841298:²", ":"])
async def test_ids_that_are_not_ours_are_not_asked_for(id_: str) -> None:
    server = Server()
    assert await limesurvey(server).get(id_, soon()) is None
    assert server.calls == []


async def test_check_wants_every_configured_survey() -> None:
    await limesurvey(Server()).check(soon())
    with pytest.raises(RefusedError):
        await limesurvey(Server(), NPS, {"id": 5}).check(soon())


async def test_a_recorded_wrong_login_is_refused() -> None:
    server = Server(get_session_key=body_of("bad login is 200 with a dict")["result"])
    source = limesurvey(server)
    for _ in range(2):
        with pytest.raises(RefusedError):
            await source.find([GIULIA, phone("+393331112222")], soon())
    assert server.count("get_session_key") == 1  # a third wrong one would shut the gateway's address out
    server.answers |= {"get_session_key": "key-1", "list_participants": recorded_participants}
    later = time.monotonic() + LOGIN_PAUSE_SECONDS
    assert await source.find([GIULIA], Deadline.after(5, clock=lambda: later))


async def test_a_recorded_500_page_is_unavailable() -> None:
    page = RECORDED["unknown method is a 500 page"]
    answer = httpx.Response(page["status"], headers=page["headers"], text=page["body"])
    with pytest.raises(UnavailableError):
        await limesurvey(Server(list_participants=lambda _: answer)).find([GIULIA], soon())


# ------------------------------------------------------------------ session


async def test_one_session_serves_many_calls_at_once() -> None:
    server = recorded_server()
    source = limesurvey(server)
    await asyncio.gather(*(source.find([GIULIA], soon()) for _ in range(5)))
    assert server.count("get_session_key") == 1
    assert {params[0] for method, params in server.calls if method == "list_participants"} == {"key-1"}


async def test_an_ended_session_is_begun_again_once_for_all() -> None:
    keys = iter(["key-1", "key-2"])

    def participants(params: list[Any]) -> Any:
        return (
            body_of("bad key is 200 with a dict")["result"] if params[0] == "key-1" else recorded_participants(params)
        )

    server = Server(get_session_key=lambda _: next(keys), list_participants=participants)
    source = limesurvey(server)
    found = await asyncio.gather(*(source.find([GIULIA], soon()) for _ in range(3)))
    assert [len(records) for records in found] == [1, 1, 1]
    assert server.count("get_session_key") == 2


async def test_keys_that_never_work_are_refused() -> None:
    server = Server(list_participants={"status": "Invalid Session key"})
    with pytest.raises(RefusedError):
        await limesurvey(server).find([GIULIA], soon())
    assert server.count("list_participants") == 2


# ------------------------------------------------------------------ failures

CANARY = "canary.person@example.org"
FAILURES = [
    pytest.param(httpx.ReadTimeout("slow"), TimedOutError, id="timeout"),
    pytest.param(httpx.ConnectError("gone"), UnavailableError, id="no connection"),
    pytest.param(httpx.Response(429, headers={"Retry-After": "7"}), RateLimitedError, id="throttled"),
    pytest.param(httpx.Response(403), RefusedError, id="blocked"),
    pytest.param(httpx.Response(200, text=f"<html>{CANARY}"), MalformedError, id="JSON-RPC switched off"),
    pytest.param(httpx.Response(200, json={"result": None, "error": CANARY}), MalformedError, id="protocol error"),
    pytest.param(httpx.Response(200, json={}), MalformedError, id="no result"),
    pytest.param(httpx.Response(200, json={"result": 7}), MalformedError, id="another type"),
    pytest.param(httpx.Response(200, json={"result": {"rows": []}}), MalformedError, id="an object without status"),
    pytest.param(httpx.Response(200, json={"result": {"status": CANARY}}), MalformedError, id="unknown status"),
    pytest.param(httpx.Response(200, json={"result": {"status": "No permission"}}), RefusedError, id="no permission"),
    pytest.param(
        httpx.Response(200, json={"result": {"status": "Error: Invalid survey ID"}}), RefusedError, id="no survey"
    ),
]


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
async def test_failures_become_ours_and_name_nobody(
    answer: httpx.Response | Exception, expected: type[Exception]
) -> None:
    def fail(_: list[Any]) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(expected) as caught:
        await limesurvey(Server(list_participants=fail)).find([email(CANARY)], soon())
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert isinstance(caught.value, expected)
    if isinstance(caught.value, RateLimitedError):
        assert caught.value.retry_after_seconds == 7


@pytest.mark.parametrize("document", ["not base64!", b64encode(b"<html>").decode(), b64encode(b'{"a": 1}').decode()])
async def test_an_export_that_is_none_is_malformed(document: str) -> None:
    source = limesurvey(Server(list_participants=recorded_participants, export_responses_by_token=document))
    records = await source.find([GIULIA], soon())
    with pytest.raises(MalformedError):
        await source.interactions(records, EVER, None, 50, soon())


@pytest.mark.parametrize(
    "status",
    [
        "No survey participants found.",
        "No Response found for Token",
        "No Data, survey table does not exist.",
        "No Data, could not get max id.",
        "Error: No survey participants table",
    ],
)
async def test_nothing_found_is_no_failure(status: str) -> None:
    server = Server(list_participants=recorded_participants, export_responses_by_token={"status": status})
    source = limesurvey(server)
    records = await source.find([GIULIA], soon())
    assert (await source.interactions(records, EVER, None, 50, soon())).items == ()
    server.answers["list_participants"] = {"status": status}
    assert await source.find([GIULIA], soon()) == []


# ------------------------------------------------------------------ who is one person


async def test_one_person_is_one_record_over_all_surveys() -> None:
    lines = {10: line("a", "Giulia.Bianchi@example.org"), 20: line("b", GIULIA.value, attribute_2="333 1112222")}
    server = Server(list_participants=lambda p: [lines[p[1]]] if p[1] in lines else {"status": "No surveys found"})
    surveys = [{"id": 10}, {"id": 20, "phone_attribute": "attribute_2"}, {"id": 30}]
    [found] = await limesurvey(server, *surveys).find([GIULIA], soon())
    assert found.id == GIULIA.value
    assert phone("+393331112222") in {h.identifier for h in found.identifiers}
    assert server.count("list_participants") == 3


async def test_without_email_a_person_is_a_phone_and_without_both_a_token() -> None:
    survey = {"id": 10, "phone_attribute": "attribute_1", "external_id_attribute": "attribute_2"}
    lines = [line("a", attribute_1="333 1112222", attribute_2="C-1"), line("b", "no address", attribute_2="C-1")]
    source = limesurvey(Server(list_participants=lines), survey, external_id_source="crm")
    found = await source.find([external("crm", "C-1")], soon())
    assert [r.id for r in found] == ["+393331112222", "10:b"]
    assert all(external("crm", "C-1") in {h.identifier for h in r.identifiers} for r in found)


@pytest.mark.parametrize(
    ("person", "asked"),
    [
        ("giulia.bianchi@example.org", [{"email": "giulia.bianchi@example.org"}]),
        ("+393331112222", [{"attribute_1": n} for n in ("+393331112222", "393331112222", "3331112222")]),
        ("+447700900123", [{"attribute_1": n} for n in ("+447700900123", "447700900123")]),
        ("10:b", [{"token": "b"}]),
        ("20:b", []),
        ("10:", []),
        ("nonsense", []),
    ],
)
async def test_a_record_id_says_how_to_ask_for_it(person: str, asked: list[dict[str, str]]) -> None:
    server = Server(list_participants={"status": "No survey participants found."})
    await limesurvey(server, {"id": 10, "phone_attribute": "attribute_1"}).find(
        [external("limesurvey", person)], soon()
    )
    assert [params[6] for method, params in server.calls if method == "list_participants"] == asked


async def test_several_that_share_a_number_are_several_records() -> None:
    lines = [line(f"t{i}", f"person{i}@example.org", attribute_1="+39021234567") for i in range(8)]
    found = await limesurvey(Server(list_participants=lines)).find([phone("+39021234567")], soon())
    assert len(found) == 8


async def test_two_customer_numbers_on_one_mailbox_join_nobody() -> None:
    survey = {"id": 10, "external_id_attribute": "attribute_2"}
    lines = [line("a", GIULIA.value, attribute_2="C-1"), line("b", GIULIA.value, attribute_2="C-2")]
    source = limesurvey(Server(list_participants=lines), survey, external_id_source="crm")
    [found] = await source.find([GIULIA], soon())
    assert {h.identifier for h in found.identifiers} == {external("limesurvey", GIULIA.value), GIULIA}


async def test_a_condition_that_the_server_left_out_finds_nobody() -> None:
    everybody = [line(f"t{i}", f"person{i}@example.org", attribute_1="+39021234567") for i in range(50)]
    server = Server(list_participants=everybody, export_responses_by_token=export())
    source = limesurvey(server)
    assert await source.find([GIULIA], soon()) == []
    server.answers["list_participants"] = recorded_participants
    records = await source.find([GIULIA], soon())
    server.answers["list_participants"] = everybody
    page = await source.interactions(records, EVER, None, 50, soon())
    assert (page.items, page.capped, server.count("export_responses_by_token")) == ((), False, 0)


async def test_a_line_without_a_token_is_passed_over() -> None:
    lines = [
        line(None, GIULIA.value),
        line("", GIULIA.value),
        "odd",
        {"token": 5},
        {"token": "a", "participant_info": 3},
    ]
    source = limesurvey(Server(list_participants=lines), {"id": 10})
    assert await source.find([GIULIA], soon()) == []
    assert [r.id for r in await source.find([external("limesurvey", "10:a")], soon())] == ["10:a"]


# ------------------------------------------------------------------ responses


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


# ------------------------------------------------------------------ tables


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


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"surveys": []},
        {"surveys": [{"id": 0}]},
        {"surveys": [{"id": 1, "phone_attribute": "phone"}]},
        {"surveys": [{"id": 1, "nps": "NPS"}]},
    ],
)
def test_options_that_are_not_understood_are_refused_at_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        connect(LimeSurvey, router(), SITE, credentials={"user": "u", "password": "p"}, options=options)
