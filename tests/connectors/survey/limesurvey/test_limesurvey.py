"""LimeSurvey against what a real 6.4.2 answered, its sessions, and its failures."""

from __future__ import annotations

import asyncio
import time
import traceback
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest

from connectors.deadline import Deadline
from connectors.errors import MalformedError, RateLimitedError, RefusedError, TimedOutError, UnavailableError
from connectors.identifiers import email, external, phone
from connectors.interaction import Channel, Direction, Identifier, InteractionStatus, SurveyAnswer, SurveyDetails
from connectors.survey.limesurvey import LOGIN_PAUSE_SECONDS, LimeSurvey
from tests.connectors.support import connect, router, soon
from tests.connectors.survey.limesurvey.fake import (
    EVER,
    GIULIA,
    NPS,
    RECORDED,
    SITE,
    Server,
    body_of,
    limesurvey,
    recorded_participants,
    recorded_server,
)

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


async def test_who_has_less_time_does_not_wait_for_anothers_session() -> None:
    asked = asyncio.Event()

    async def silence(request: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    routes = router()
    routes.post(f"{SITE}/index.php/admin/remotecontrol").mock(side_effect=silence)
    credentials = {"user": "reader", "password": "secret"}
    source = connect(LimeSurvey, routes, SITE, credentials=credentials, options={"surveys": [NPS]})
    patient = asyncio.create_task(source.find([GIULIA], soon()))
    await asked.wait()
    async with asyncio.timeout(5):
        with pytest.raises(TimedOutError):
            await source.find([GIULIA], Deadline.after(0.05))
    patient.cancel()


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
