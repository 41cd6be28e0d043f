"""SurveyMonkey: whom responses are of, what they become, and how they are read."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import respx

from connectors.base import Page, Window
from connectors.errors import RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.survey.surveymonkey import SurveyMonkey
from tests.connectors.support import connect, router, samples_beside, soon

BASE = "https://api.surveymonkey.com"
V3 = f"{BASE}/v3"
sample = samples_beside(__file__)
NORA, MOBILE = email("nora@example.org"), phone("+393331110142")
assert NORA and MOBILE
RECORD = Record(source="surveymonkey", id="nora@example.org", identifiers=())
SURVEY: dict[str, Any] = {"id": "3184", "comment_question": "102"}
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def site(rows: list[Any] | None = None) -> respx.MockRouter:
    routes = router()
    answer = sample("bulk") if rows is None else {"data": rows, "page": 1, "per_page": 100, "total": len(rows)}
    routes.get(f"{V3}/surveys/3184/responses/bulk").respond(json=answer)
    routes.get(f"{V3}/surveys/3184/details").respond(json=sample("details"))
    return routes


def surveymonkey(routes: respx.MockRouter, survey: dict[str, Any] | None = None, **config: Any) -> SurveyMonkey:
    options = {"surveys": [survey or SURVEY], "phone_field": 1, "external_id_field": 2} | config.pop("options", {})
    return connect(SurveyMonkey, routes, BASE, credentials={"access_token": "t0ken"}, options=options, **config)


async def read(connector: SurveyMonkey, window: Window | None = None) -> Page:
    return await connector.interactions([RECORD], window or Window(), None, 50, soon())


async def one(fields: dict[str, Any], survey: dict[str, Any] | None = None) -> SurveyDetails:
    row = copy.deepcopy(sample("bulk")["data"][0]) | fields
    page = await read(surveymonkey(site([row]), survey))
    assert (len(page.items), page.dropped) == (1, 0)
    details = page.items[0].details
    assert isinstance(details, SurveyDetails)
    return details


def rated(choice_id: str) -> dict[str, Any]:
    return {"pages": [{"id": "900001", "questions": [{"id": "101", "answers": [{"choice_id": choice_id}]}]}]}


def bulk_params(routes: respx.MockRouter) -> list[Any]:
    return [call.request.url.params for call in routes.calls if call.request.url.path.endswith("/bulk")]


# ------------------------------------------------------------------ people


async def test_a_recipient_is_found_by_the_responses() -> None:
    routes = site()
    (record,) = await surveymonkey(routes, external_id_source="crm").find([NORA], soon())
    assert (record.id, record.name) == ("nora@example.org", "Nora Valli")
    assert record.identifiers == (
        HeldIdentifier(external("surveymonkey", "nora@example.org"), True),
        HeldIdentifier(NORA, None),
        HeldIdentifier(MOBILE, None),
        HeldIdentifier(external("crm", "C-42"), None),
    )
    (asked,) = bulk_params(routes)
    assert (asked["email"], asked["per_page"]) == ("nora@example.org", "10")
    assert routes.calls.last.request.headers["authorization"] == "Bearer t0ken"


async def test_responses_of_others_and_those_by_a_link_are_nobodys() -> None:
    others = [
        {**row, "metadata": metadata}
        for row in sample("bulk")["data"][:1]
        for metadata in ({}, {"contact": {}}, {"contact": {"email": {"value": "norah@example.org"}}})
    ]
    connector = surveymonkey(site([*others, "odd", {}]))
    assert await connector.find([NORA], soon()) == []
    page = await read(connector)
    assert (page.items, page.foreign, page.dropped) == ((), 1, 4)


async def test_a_shared_mailbox_has_no_customer_number() -> None:
    row = sample("bulk")["data"][0]
    other = copy.deepcopy(row)
    other["metadata"]["contact"]["custom_value2"]["value"] = "C-43"
    (record,) = await surveymonkey(site([row, other]), external_id_source="crm").find([NORA], soon())
    assert all(held.identifier.source != "crm" for held in record.identifiers)


def contacts(*found: Any) -> respx.MockRouter:
    routes = router()
    routes.get(f"{V3}/contacts").respond(json={"data": [{"id": one["id"], "email": one["email"]} for one in found]})
    for one in found:
        routes.get(f"{V3}/contacts/{one['id']}").respond(json=one)
    return routes


CONTACT = {
    "id": "77",
    "email": "nora@example.org",
    "first_name": "Nora",
    "last_name": None,
    "custom_fields": {"1": "+39 333 111 0142", "2": "C-42", "3": ""},
}


@pytest.mark.parametrize(
    ("identifier", "field", "values"),
    [
        (MOBILE, "1", ["+393331110142", "393331110142", "3331110142"]),
        (external("crm", "C-42"), "2", ["C-42"]),
    ],
)
async def test_numbers_and_other_ids_are_found_through_contacts(
    identifier: Identifier, field: str, values: list[str]
) -> None:
    routes = contacts(
        CONTACT, CONTACT | {"id": "78", "email": "olivia@example.org", "custom_fields": {"1": "+39 02 1"}}
    )
    (record,) = await surveymonkey(routes, external_id_source="crm").find([identifier], soon())
    assert (record.id, record.name) == ("nora@example.org", "Nora")
    searches = [call.request.url.params for call in routes.calls if call.request.url.path == "/v3/contacts"]
    assert [(asked["search_by"], asked["search"]) for asked in searches] == [(field, value) for value in values]


async def test_a_number_that_many_share() -> None:
    many = [CONTACT | {"id": str(n), "email": f"p{n}@example.org"} for n in range(20)]
    assert len(await surveymonkey(contacts(*many)).find([MOBILE], soon())) == 12


async def test_without_fields_for_them_neither_is_looked_for() -> None:
    routes = router()
    connector = surveymonkey(routes, options={"phone_field": None, "external_id_field": None}, external_id_source="crm")
    assert IdentifierKind.PHONE not in connector.capabilities.finds_by
    assert await connector.find([MOBILE, external("crm", "C-42"), external("surveymonkey", "77")], soon()) == []


# ------------------------------------------------------------------ responses


async def test_a_response_with_everything() -> None:
    page = await read(surveymonkey(site()))
    began, ended = datetime(2026, 11, 20, 8, 15, 30, tzinfo=UTC), datetime(2026, 11, 20, 8, 17, 54, tzinfo=UTC)
    assert page.items[0] == Interaction(
        source="surveymonkey",
        external_id="3184:5007154402",
        record_id="nora@example.org",
        channel=Channel.SURVEY,
        direction=Direction.OUTBOUND,
        started_at=began,
        ended_at=ended,
        last_activity_at=ended,
        duration_seconds=144,
        status=InteractionStatus.COMPLETED,
        url="https://www.surveymonkey.com/analyze/browse/abc?respondent_id=5007154402",
        preview="The courier rang first.",
        comments=(Comment("The courier rang first.", at=ended),),
        details=SurveyDetails(
            survey_name="After delivery",
            nps_score=9,
            answers=(
                SurveyAnswer("How likely are you to recommend us?", "9"),
                SurveyAnswer("Why?", "The courier rang first."),
                SurveyAnswer("Which channels did you use?", "Phone; Fax"),
                SurveyAnswer("How were they?", "Speed: Grade: Good; Tone: Grade: Bad"),
            ),
        ),
    )
    assert len(page.items) == 2 and page.dropped == 0  # that somebody looked at the survey is no response


async def test_one_that_is_not_finished_waits_for_the_customer() -> None:
    row = (await read(surveymonkey(site()))).items[1]
    assert (row.status, row.ended_at, row.duration_seconds) == (InteractionStatus.PENDING, None, None)
    assert isinstance(row.details, SurveyDetails) and row.details.nps_score is None


@pytest.mark.parametrize(("choice", "score"), [("300", 0), ("310", 10), ("307", 7), ("999", None)])
async def test_scores(choice: str, score: int | None) -> None:
    assert (await one(rated(choice))).nps_score == score


async def test_an_operator_may_say_which_question_it_is() -> None:
    answered = {
        "pages": [{"questions": [{"id": "102", "answers": [{"text": "4"}]}, *rated("309")["pages"][0]["questions"]]}]
    }
    details = await one(answered, {"id": "3184", "nps_question": "102", "name": "NPS 2026"})
    assert (details.nps_score, details.survey_name) == (4, "NPS 2026")


async def test_a_rating_of_five_is_no_nps() -> None:
    routes = site()
    survey = sample("details")
    choices = survey["pages"][0]["questions"][0]["answers"]["choices"]
    del choices[6:]
    routes.get(f"{V3}/surveys/3184/details").respond(json=survey)
    row = (await read(surveymonkey(routes))).items[0]
    assert isinstance(row.details, SurveyDetails) and row.details.nps_score is None


@pytest.mark.parametrize("url", ["https://evil.example.org/", "https://api.surveymonkey.com/v3/x", None])
async def test_links_lead_to_where_people_open_responses(url: str | None) -> None:
    row = sample("bulk")["data"][0] | {"analyze_url": url}
    assert (await read(surveymonkey(site([row])))).items[0].url is None


async def test_every_page_of_every_survey_is_read() -> None:
    routes = router()
    rows = [sample("bulk")["data"][1] | {"id": str(n)} for n in range(130)]
    first = routes.get(f"{V3}/surveys/3184/responses/bulk")
    first.mock(
        side_effect=[respx.MockResponse(json={"data": rows[:100]}), respx.MockResponse(json={"data": rows[100:]})]
    )
    routes.get(f"{V3}/surveys/3185/responses/bulk").respond(json={"data": [rows[0] | {"survey_id": "3185"}]})
    for id_ in ("3184", "3185"):
        routes.get(f"{V3}/surveys/{id_}/details").respond(json=sample("details") | {"id": id_})
    page = await read(surveymonkey(routes, options={"surveys": [{"id": "3184"}, {"id": "3185"}]}))
    assert (len(page.items), page.capped) == (131, False)
    assert sorted(asked["page"] for asked in bulk_params(routes)) == ["1", "1", "2"]


async def test_the_window_is_asked_for_a_second_wider() -> None:
    routes = site()
    await read(surveymonkey(routes), Window(NOON, datetime(2026, 11, 21, tzinfo=UTC)))
    (asked,) = bulk_params(routes)
    assert asked["start_created_at"] == "2026-11-01T11:59:59+00:00"
    assert asked["end_created_at"] == "2026-11-21T00:00:01+00:00"


async def test_one_by_its_id() -> None:
    routes = site()
    routes.get(f"{V3}/surveys/3184/responses/5007154402/details").respond(json=sample("bulk")["data"][0])
    routes.get(f"{V3}/surveys/3184/responses/5007153000/details").respond(json=sample("bulk")["data"][2])
    routes.get(f"{V3}/surveys/3184/responses/4/details").respond(404, json={"error": {"id": "1020"}})
    connector = surveymonkey(routes)
    row = await connector.get("3184:5007154402", soon())
    assert row == (await read(connector)).items[0]
    for id_ in ("3184:5007153000", "3184:4", "9999:5007154402", "3184:../details", "3184"):
        assert await connector.get(id_, soon()) is None


# ------------------------------------------------------------------ access


@pytest.mark.parametrize("status", [401, 403])
async def test_check_needs_the_scope_for_answers(status: int) -> None:
    routes = site()
    await surveymonkey(routes).check(soon())
    routes.get(f"{V3}/surveys/3184/responses/bulk").respond(status, json={"error": {"id": "1014"}})
    with pytest.raises(RefusedError):
        await surveymonkey(routes).check(soon())


@pytest.mark.parametrize("options", [{"surveys": []}, {"surveys": [{"id": "../x"}]}, {"phone_field": 7}])
def test_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        surveymonkey(router(), options=options)
