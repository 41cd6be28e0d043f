"""Whom LimeSurvey's participants are found as."""

from __future__ import annotations

import pytest

from connectors.identifiers import external, phone
from tests.connectors.support import soon
from tests.connectors.survey.limesurvey.fake import (
    EVER,
    GIULIA,
    Server,
    export,
    limesurvey,
    line,
    recorded_participants,
)


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
