"""What Formbricks' responses become, and how they are read."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Window
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    Interaction,
    InteractionStatus,
    Record,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.survey.formbricks import Formbricks
from tests.connectors.support import connect, router, samples_beside, soon

BASE = "https://surveys.example.org"
V1, V2 = f"{BASE}/api/v1/management", f"{BASE}/api/v2/management"
sample = samples_beside(__file__)
SURVEY, NORA = "clsurveyafterdelivery0001", "clcontact0000000000000042"
ONE = Record(source="formbricks", id=NORA, identifiers=())
TWO = Record(source="formbricks", id="clcontact0000000000000043", identifiers=())


def site(responses: Any = None) -> respx.MockRouter:
    routes = router()
    routes.get(f"{V1}/surveys/{SURVEY}").respond(json=sample("survey"))
    routes.get(f"{V2}/responses").respond(json=sample("responses") if responses is None else responses)
    return routes


def formbricks(routes: respx.MockRouter, **config: Any) -> Formbricks:
    return connect(Formbricks, routes, BASE, credentials={"api_key": "k3y"}, **config)


async def read(connector: Formbricks, window: Window | None = None, limit: int = 50, **how: Any) -> Page:
    return await connector.interactions([ONE], window or Window(), None, limit, soon(), **how)


async def one(fields: dict[str, Any], **config: Any) -> Interaction:
    row = copy.deepcopy(sample("responses")["data"][0]) | fields
    page = await read(formbricks(site({"data": [row]}), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


def survey_of(row: Interaction) -> SurveyDetails:
    assert isinstance(row.details, SurveyDetails)
    return row.details


async def test_a_response_with_everything() -> None:
    row = (await read(formbricks(site()))).items[0]
    began = datetime(2026, 11, 20, 8, 15, 30, 250_000, tzinfo=UTC)
    ended = datetime(2026, 11, 20, 8, 17, 2, tzinfo=UTC)
    assert row == Interaction(
        source="formbricks",
        external_id="clresponse000000000000002",
        record_id=NORA,
        channel=Channel.SURVEY,
        direction=Direction.OUTBOUND,
        started_at=began,
        ended_at=ended,
        last_activity_at=ended,
        duration_seconds=91,
        status=InteractionStatus.COMPLETED,
        url=f"{BASE}/environments/clenvironmentprod0000001/surveys/{SURVEY}/responses",
        preview="The courier rang first. Very kind.",
        comments=(Comment("The courier rang first.\nVery kind.", at=ended),),
        details=SurveyDetails(
            survey_name="After delivery",
            nps_score=9,
            answers=(
                SurveyAnswer("Ci consiglieresti?", "9"),
                SurveyAnswer("Why this score?", "The courier rang first.\nVery kind."),
                SurveyAnswer("Where may we write to?", "nora@example.org"),
                SurveyAnswer("Which channels did you use?", "Phone, Chat"),
                SurveyAnswer("How were they?", "Speed: Good; Tone: Very good"),
                SurveyAnswer("May we call?", None),
            ),
        ),
    )


async def test_one_that_is_not_finished_waits_for_the_customer() -> None:
    row = (await read(formbricks(site()))).items[1]
    assert (row.status, row.ended_at, row.duration_seconds) == (InteractionStatus.PENDING, None, None)
    assert survey_of(row).nps_score == 3


@pytest.mark.parametrize(
    ("answer", "score"), [(0, 0), (10, 10), (7.0, 7), ("8", 8), (11, None), (-1, None), (True, None), (None, None)]
)
async def test_scores(answer: Any, score: int | None) -> None:
    assert survey_of(await one({"data": {"recommend": answer}})).nps_score == score


async def test_a_rating_is_no_nps_unless_the_operator_says_so() -> None:
    assert survey_of(await one({"data": {"late": 5}})).nps_score is None
    named = {"nps_questions": {SURVEY: "late"}}
    assert survey_of(await one({"data": {"late": 5, "recommend": 9}}, options=named)).nps_score == 5


async def test_a_survey_that_may_not_be_read_leaves_its_id() -> None:
    routes = site()
    routes.get(f"{V1}/surveys/{SURVEY}").respond(403, json={"code": "forbidden"})
    row = (await read(formbricks(routes))).items[0]
    assert (survey_of(row).survey_name, survey_of(row).answers, row.url) == (SURVEY, (), None)


async def test_bad_rows_are_dropped_and_counted() -> None:
    good = sample("responses")["data"][0]
    odd = [
        5,
        {},
        good | {"id": "x" * 12, "createdAt": "2026-02-30T00:00:00Z"},
        good | {"id": "y" * 12, "contactId": None},
    ]
    page = await read(formbricks(site({"data": [*odd, good]})))
    assert ([row.external_id for row in page.items], page.dropped) == ([good["id"]], 4)


async def test_rows_of_others_are_not_told() -> None:
    row = sample("responses")["data"][0] | {"contactId": "clcontactsomebodyelse0001"}
    page = await read(formbricks(site({"data": [row]})))
    assert (page.items, page.foreign) == ((), 1)


class Server:
    """Answers as Formbricks does: both ends included, no order within an instant."""

    def __init__(self, times: dict[str, list[datetime]]) -> None:
        self.rows = [
            sample("responses")["data"][0]
            | {"id": f"clresponse{n:04}of{contact[-2:]}", "contactId": contact, "createdAt": at.isoformat()}
            for contact, moments in times.items()
            for n, at in enumerate(moments)
        ]
        self.asked: list[httpx.QueryParams] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        self.asked.append(asked)
        start, end = (datetime.fromisoformat(asked[k]) if k in asked else None for k in ("startDate", "endDate"))
        found = [row for row in self.rows if row["contactId"] == asked["contactId"]]
        found = [r for r in found if start is None or datetime.fromisoformat(r["createdAt"]) >= start]
        found = [r for r in found if end is None or datetime.fromisoformat(r["createdAt"]) <= end]
        flip = len(self.asked) % 2 == 0  # ties come in any order, another one each time
        found.sort(key=lambda row: row["id"], reverse=flip)
        found.sort(key=lambda row: row["createdAt"], reverse=asked["order"] == "desc")
        skip, limit = int(asked["skip"]), int(asked["limit"])
        return httpx.Response(200, json={"data": found[skip : skip + limit]})


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


async def walk(connector: Formbricks, **how: Any) -> list[Interaction]:
    rows: list[Interaction] = []
    after = None
    while True:
        page = await connector.interactions([ONE, TWO], Window(), None, 5, soon(), after=after, **how)
        rows += page.items
        after = page.next
        if after is None:
            return rows


@pytest.mark.parametrize("ascending", [False, True])
async def test_pages_of_several_contacts_with_ties_make_the_whole(ascending: bool) -> None:
    server = Server(
        {
            ONE.id: [NOON - timedelta(hours=n // 3) for n in range(90)],
            TWO.id: [NOON - timedelta(hours=30, minutes=n) for n in range(60)],
        }
    )
    routes = site()
    routes.get(f"{V2}/responses").mock(side_effect=server)
    rows = await walk(formbricks(routes), ascending=ascending)
    assert len(rows) == len({row.external_id for row in rows}) == 150
    times = [row.started_at for row in rows]
    assert times == sorted(times, reverse=not ascending)
    assert len(server.asked) < 20


async def test_more_of_one_instant_than_a_page_holds() -> None:
    """Such as come from an import."""
    server = Server({ONE.id: [NOON] * 60 + [NOON - timedelta(days=1)], TWO.id: []})
    server.rows.sort(key=lambda row: row["id"])
    routes = site()
    routes.get(f"{V2}/responses").mock(side_effect=server)
    rows = await walk(formbricks(routes))
    assert rows[-1].started_at == NOON - timedelta(days=1)
    assert [asked["skip"] for asked in server.asked if asked["contactId"] == ONE.id][:3] == ["0", "0", "25"]


async def test_the_window_is_asked_for_in_milliseconds() -> None:
    routes = site()
    window = Window(NOON + timedelta(microseconds=1_500), NOON + timedelta(days=20))
    await read(formbricks(routes), window)
    asked = next(c.request.url.params for c in routes.calls if c.request.url.path.endswith("/responses"))
    assert (asked["startDate"], asked["endDate"]) == ("2026-11-01T12:00:00.001Z", "2026-11-21T12:00:00.001Z")
    assert (asked["contactId"], asked["sortBy"], asked["order"], asked["limit"]) == (NORA, "createdAt", "desc", "50")


@pytest.mark.parametrize("wrapped", [True, False])
async def test_one_by_its_id(wrapped: bool) -> None:
    """The published description has it bare, servers wrap it."""
    routes = site()
    row = sample("responses")["data"][0]
    routes.get(f"{V2}/responses/{row['id']}").respond(json={"data": row} if wrapped else row)
    found = await formbricks(routes).get(row["id"], soon())
    assert found is not None and survey_of(found).nps_score == 9


async def test_nobodys_and_nothing() -> None:
    routes = site()
    nobodys = sample("responses")["data"][0] | {"contactId": None}
    routes.get(f"{V2}/responses/{nobodys['id']}").respond(json={"data": nobodys})
    routes.get(f"{V2}/responses/clresponsegone00001").respond(404, json={"error": {"code": 404}})
    for id_ in (nobodys["id"], "clresponsegone00001", "../me"):
        assert await formbricks(routes).get(id_, soon()) is None
