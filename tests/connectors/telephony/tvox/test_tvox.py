"""TVox: sessions, the question as its guide shows it, and recordings as rows."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from connectors.base import Query, Window
from connectors.errors import MalformedError, RefusedError
from connectors.identifiers import phone
from connectors.interaction import Direction, Interaction, InteractionStatus
from connectors.telephony.numbers import Numbers
from connectors.telephony.tvox import TVox
from connectors.telephony.tvox_mapping import Fields, Setting, row_of
from connectors.testing.mutations import Listing
from connectors.testing.walks import read_all
from tests.connectors.support import connect, router, soon
from tests.connectors.telephony.sandboxed import subject_of
from tests.connectors.test_sandbox_contract import sandbox

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GIULIA, COMPANY = "+393331112222", "+390255550198"


def recording(number: int = 1, ago: int = 0, **more: Any) -> dict[str, Any]:
    row = {
        "fileName": f"rec-{number}.wav",
        "date": int(BEGAN.timestamp() - ago) * 1000,
        "duration": 60,
        "clid": "3331112222",
        "dnis": COMPANY,
        "direction": "INBOUND",
        "service": "600",
        "user": "anna.verdi",
    }
    return {**row, **more}


def told(row: dict[str, Any], **options: Any) -> Interaction | None:
    return row_of(row, Setting("tvox", Numbers("IT", own=(COMPANY,)), options.pop("fields", Fields()), **options))


def test_a_recording_is_a_talk_with_an_agent():
    row = told(recording(), agents={"anna.verdi": "Anna Verdi"}, services={"600": "Assistenza"})
    assert row is not None
    assert (row.external_id, row.record_id, row.direction) == ("rec-1.wav", GIULIA, Direction.INBOUND)
    assert (row.started_at, row.duration_seconds, row.status) == (BEGAN, 60, InteractionStatus.COMPLETED)
    (leg,) = row.legs
    assert (leg.queue.name, leg.agent.name) == ("Assistenza", "Anna Verdi")


def test_sides_and_names_of_fields():
    out = told(recording(direction="OUTBOUND", clid=COMPANY, dnis=GIULIA))
    assert out is not None and (out.direction, out.record_id) == (Direction.OUTBOUND, GIULIA)
    unsaid = told(recording(direction=None, clid=COMPANY, dnis=GIULIA))
    assert unsaid is not None and unsaid.direction is Direction.OUTBOUND
    named = {"recId": 7, "start": "2026-11-20T09:00:00Z", "clid": GIULIA, "operator": {"username": "anna.verdi"}}
    row = told(named, fields=Fields(id="recId", date="start", user="operator"))
    assert row is not None and (row.external_id, row.started_at) == ("7", BEGAN)
    assert row.legs[0].agent.id == "anna.verdi"


@pytest.mark.parametrize("more", [{"clid": "anonimo"}, {"date": None}, {"date": "2026-11-20 09:00"}, {"fileName": ""}])
def test_what_is_nobodys_or_of_no_time_is_none(more: dict[str, Any]):
    assert told(recording(**more)) is None


class Server:
    """Answers with these recordings, and notes what it was asked. `sessions`: those it has given."""

    def __init__(self, rows: list[dict[str, Any]], *, refuses: bool = False) -> None:
        self.rows = rows
        self.refuses = refuses
        self.asked: list[dict[str, Any]] = []
        self.sessions: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if body["method"] == "getVersion":
            return self.answer(["10.26.32", "10.26.0"])
        if body["method"] == "login":
            if self.refuses:
                return httpx.Response(200, json={"id": 1, "error": {"code": 1, "message": "no"}})
            assert body["params"] == ["10.26.0", "gateway", "secret"]
            self.sessions.append(f"S{len(self.sessions)}")
            return self.answer({"sessionId": self.sessions[-1], "logged": True})
        if not self.sessions or request.headers.get("cookie") != f"JSESSIONID={self.sessions[-1]}":
            return httpx.Response(200, json={"id": 2, "error": {"code": 2, "message": "expired"}})
        (question,) = body["params"]
        self.asked.append(question)
        return self.answer({"count": 1, "rows": self.found(question)})

    def answer(self, result: Any) -> httpx.Response:
        return httpx.Response(200, json={"jsonrpc": "2.0", "id": 1, "result": result})

    def found(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        criteria = question["criterias"]
        fits = [
            row
            for row in self.rows
            if criteria["startFrom"]["value"] <= row["date"] <= criteria["startTo"]["value"]
            and all((criteria[side]["value"] or "") in row[side] for side in ("clid", "dnis"))
        ]
        fits.sort(key=lambda row: row["date"], reverse=question["sortOrder"] == "DESC")
        begin = (question["page"] - 1) * question["size"]
        return fits[begin : begin + question["size"]]


def tvox(server: Server) -> TVox:
    routes = router()
    routes.post("https://tvox.example.org/tvox/webapi").mock(side_effect=server)
    return connect(
        TVox,
        routes,
        "https://tvox.example.org",
        credentials={"username": "gateway", "password": "secret"},
        options={"numbers": (COMPANY,)},
    )


async def test_the_question_is_the_one_of_the_guide():
    server = Server([recording()])
    await tvox(server).fetch_page((await tvox(server).find([phone(GIULIA)], soon())), Query(Window(), 20), soon())
    question = server.asked[-1]
    assert list(question) == ["criterias", "exclusions", "page", "size", "sortField", "sortOrder"]
    assert list(question["criterias"]) == [
        *("startFrom", "startTo", "users", "exten", "direction", "services", "clid", "dnis", "duration", "note"),
        *("userSites", "fileName", "customFileName", "externalData", "type"),
    ]
    given = {name for name, one in question["criterias"].items() if one["value"] is not None}
    assert given in ({"startFrom", "startTo", "clid"}, {"startFrom", "startTo", "dnis"})
    assert {one["value"] for name, one in question["criterias"].items() if name in given} >= {"3331112222"}


async def test_one_session_serves_all_and_is_opened_again_when_it_has_ended():
    server = Server([recording()])
    connector = tvox(server)
    assert await connector.find([phone(GIULIA), phone("+393339990000")], soon())
    assert len(server.sessions) == 1
    server.sessions.append("ended elsewhere")
    assert await connector.find([phone(GIULIA)], soon())
    assert len(server.sessions) == 3


async def test_a_wrong_password_is_refused():
    with pytest.raises(RefusedError):
        await tvox(Server([], refuses=True)).check(soon())


async def test_both_sides_are_one_history_whatever_the_ties():
    rows = [recording(n, ago=3600 * (n // 15)) for n in range(40)]
    rows += [
        recording(100 + n, ago=1800 + 3600 * n, direction="OUTBOUND", clid=COMPANY, dnis=GIULIA) for n in range(15)
    ]
    connector = tvox(Server(rows))
    (record,) = await connector.find([phone(GIULIA)], soon())
    newest_first = await read_all(connector, [record], limit=5)
    assert {row.external_id for row in newest_first} == {row["fileName"] for row in rows}
    assert await read_all(connector, [record], limit=5, ascending=True) == newest_first[::-1]


async def test_digits_that_are_only_alike_are_somebody_elses():
    server = Server([recording(clid="+4433311122223")])
    assert await tvox(server).find([phone(GIULIA)], soon()) == []


def recordings(body: Any) -> list[Any]:
    """Of a search: the answers about version and session have none."""
    result = body["result"]
    return result.get("list", []) if isinstance(result, dict) else []


async def test_a_spoiled_recording_costs_no_other():
    subject = subject_of("tvox", sandbox())
    listing = Listing(
        connect=subject.connect,
        transport=subject.transport,
        known=subject.known,
        path="/tvox/tvox/webapi",
        rows_of=recordings,
        id_of=lambda row: row["fileName"],
    )
    assert await listing.spoil_interactions() > 150


@pytest.mark.parametrize("result", [7, "x", {}, {"count": 0}])
async def test_an_answer_without_a_list_is_malformed(result: Any):
    server = Server([])
    server.found = lambda question: []  # type: ignore[method-assign]
    connector = tvox(server)
    await connector.check(soon())
    server.answer = lambda told: httpx.Response(200, json={"result": result})  # type: ignore[method-assign]
    with pytest.raises(MalformedError, match="no list"):
        await connector.check(soon())
    server.answer = lambda told: httpx.Response(200, json={"result": None})  # type: ignore[method-assign]
    await connector.check(soon())
