"""The tables the imitations are held to, held to what real servers were recorded answering."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.shapes import differences
from tests.sandbox.tables import limesurvey, request_tracker

CONNECTORS = Path(__file__).parents[1] / "connectors"
RECORDED = {
    "request_tracker": CONNECTORS / "ticketing" / "request_tracker" / "recorded.json",
    "limesurvey": CONNECTORS / "survey" / "limesurvey" / "recorded.json",
}
TICKETS = request_tracker.listing(request_tracker.TICKET_REF)

REQUEST_TRACKER = {
    "tickets newest first p1": request_tracker.listing(request_tracker.LISTED_TICKET),
    "tickets newest first p3 (last)": request_tracker.listing(request_tracker.LISTED_TICKET),
    "page past the end": TICKETS,
    "by phone, TicketSQL": TICKETS,
    "time window, server format": TICKETS,
    "TRAP unknown orderby gives no rows but a total": TICKETS,
    "no match": TICKETS,
    "queues": request_tracker.listing(request_tracker.LISTED_QUEUE),
    "history": request_tracker.listing(request_tracker.TRANSACTION),
    "user": {**request_tracker.USER, "Comments?": str},
    "user by e-mail": request_tracker.listing({**request_tracker.LISTED_USER, "Disabled": str}),
    "bad query": request_tracker.ERROR,
    "bad watcher subfield": request_tracker.ERROR,
    "ticket absent": request_tracker.ERROR,
    "no credentials": request_tracker.ERROR,
}
LIMESURVEY = {
    "surveys": [limesurvey.SURVEY],
    "participants by e-mail": [limesurvey.PARTICIPANT],
    "participants by attribute": [limesurvey.PARTICIPANT],
    "questions": [limesurvey.QUESTION],
    "summary": limesurvey.SUMMARY,
    "ids of a token": [int],
    "no participant": {"status": str},
    "bad login is 200 with a dict": {"status": str},
}


def exchanges(name: str) -> dict[str, dict[str, Any]]:
    found = json.loads(RECORDED[name].read_text())["exchanges"]
    return {exchange["name"]: exchange for exchange in found}


@pytest.mark.parametrize("name", REQUEST_TRACKER)
def test_the_tables_of_request_tracker_fit_a_real_one(name):
    assert differences(exchanges("request_tracker")[name]["body"], REQUEST_TRACKER[name]) == []


def test_a_recorded_ticket_has_the_fields_of_the_table_but_for_those_not_set_up():
    """The recorded server had no custom fields, and offered changes of status."""
    link = {**request_tracker.LINK, "from?": str, "to?": str, "label?": str, "update?": str}
    shape = {**request_tracker.TICKET, "_hyperlinks": [link], "type?": str, "_url?": str}
    shape = {name: kind for name, kind in shape.items() if name not in ("type", "_url")}
    assert differences(exchanges("request_tracker")["ticket"]["body"], shape) == []


@pytest.mark.parametrize("name", LIMESURVEY)
def test_the_tables_of_limesurvey_fit_a_real_one(name):
    assert differences(exchanges("limesurvey")[name]["body"]["result"], LIMESURVEY[name]) == []


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("responses of a token", limesurvey.RESPONSE),
        ("responses, language it", limesurvey.RESPONSE),
        ("responses, language null: numbers become strings", limesurvey.RESPONSE_IN_TEXT),
    ],
)
def test_the_tables_of_responses_fit_recorded_ones(name, shape):
    """The recorded survey asked the score alone."""
    rows = exchanges("limesurvey")[name]["decoded"]["responses"]
    asked = {field: kind for field, kind in shape.items() if field != "WHY"}
    assert differences(rows, [asked]) == []


def test_the_field_map_fits_a_recorded_one():
    for field in exchanges("limesurvey")["field map"]["body"]["result"].values():
        assert differences(field, limesurvey.QUESTION_FIELD if field["qid"] else limesurvey.OWN_FIELD) == []


def test_a_table_tells_what_is_missing_strange_or_of_another_kind():
    table = {"id": int, "name?": str, "kind": {"a", "b"}, "rows": [(int, None)]}
    assert differences({"id": 1, "kind": "a", "rows": [1, None]}, table) == []
    wrong = {"id": True, "kind": "c", "rows": ["x"], "more": 1}
    assert len(differences(wrong, table)) == 4
    assert differences({"kind": "a", "rows": []}, table) == ["$.id: missing"]
