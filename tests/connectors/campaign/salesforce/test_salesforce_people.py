"""Whom Salesforce knows, and how it is asked."""

from __future__ import annotations

import httpx
import pytest

from connectors.errors import MalformedError, RateLimitedError, RefusedError
from connectors.identifiers import email, external, phone
from connectors.interaction import Campaign, Identifier
from tests.connectors.campaign.salesforce.fake import NOTHING, asked, org, salesforce, sample
from tests.connectors.support import soon

LIVIA_ID, SANDRO_ID = "0035f00000AbCdEAAV", "0035f00000AbCdFAAV"
CRM = {"external_id_source": "crm", "options": {"external_id_fields": {"Contact": "Crm_Id__c"}}}


def known(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


async def test_a_number_is_searched_as_people_write_it_and_compared() -> None:
    routes = org(search=[LIVIA_ID, SANDRO_ID, "0015f00000AbCdEAAV", "odd"], Contact=sample("contacts"))
    (record,) = await salesforce(routes, **CRM).find([known(phone("+393331115501"))], soon())
    assert (record.id, record.name) == (LIVIA_ID, "Livia Tarsia")
    assert {h.identifier for h in record.identifiers} == {
        external("salesforce", LIVIA_ID),
        known(phone("+393331115501")),
        known(phone("+390255550144")),
        known(email("livia.tarsia@example.org")),
        external("crm", "CRM-551"),
    }
    assert record.campaigns == (Campaign("7015f000000AbCdAAK", "Renewals"),)
    sosl, soql = asked(routes)
    assert sosl == (
        'FIND {"393331115501" OR "3331115501" OR "39 333 111 5501" OR "333 111 5501"} IN PHONE FIELDS '
        "RETURNING Contact(Id LIMIT 25), Lead(Id LIMIT 25)"
    )
    assert f"WHERE (Id IN ('{LIVIA_ID}', '{SANDRO_ID}')) LIMIT 100" in soql


async def test_one_question_for_each_kind_of_people() -> None:
    routes = org(Contact=sample("contacts"))
    identifiers = [
        known(email("livia.tarsia@example.org")),
        external("crm", "CRM-551"),
        external("salesforce", SANDRO_ID),
    ]
    found = await salesforce(routes, **CRM).find(identifiers, soon())
    assert [record.id for record in found] == [LIVIA_ID, SANDRO_ID]
    (contacts,), (leads,) = asked(routes, "Contact"), asked(routes, "Lead")
    assert (
        f"(Id IN ('{SANDRO_ID}') OR Email IN ('livia.tarsia@example.org') OR Crm_Id__c IN ('CRM-551')) LIMIT"
        in contacts
    )
    assert "(SELECT Campaign.Id, Campaign.Name FROM CampaignMembers LIMIT 50)" in contacts
    assert "WHERE (Email IN ('livia.tarsia@example.org')) AND IsConverted = false LIMIT" in leads


async def test_who_may_not_read_campaigns_asks_for_none() -> None:
    routes = org(Contact=sample("contacts"))
    await salesforce(routes, options={"campaigns": False}).find([known(email("livia.tarsia@example.org"))], soon())
    assert not any("CampaignMembers" in soql for soql in asked(routes))


async def test_without_a_field_for_them_ids_of_others_are_not_asked_for() -> None:
    routes = org(Contact=sample("contacts"))
    assert await salesforce(routes, external_id_source="crm").find([external("crm", "CRM-551")], soon()) == []
    assert asked(routes) == []


async def test_a_text_is_searched_and_must_show() -> None:
    routes = org(search=[LIVIA_ID], Contact=sample("contacts"))
    found = await salesforce(routes).search("Tarsia {x} OR", 10, soon())
    assert found == []
    assert asked(routes)[0].startswith(r"FIND {tarsia \{x\} or} IN ALL FIELDS")
    assert [r.id for r in await salesforce(routes).search("livia", 10, soon())] == [LIVIA_ID]
    assert [r.id for r in await salesforce(routes).search("333 111 5501", 10, soon())] == [LIVIA_ID]


@pytest.mark.parametrize(
    ("status", "code", "leaf"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", RateLimitedError),
        (403, "API_DISABLED_FOR_ORG", RefusedError),
        (400, "INVALID_TYPE", RefusedError),
        (400, "INVALID_FIELD", RefusedError),
        (400, "MALFORMED_QUERY", MalformedError),
    ],
)
async def test_errors_are_told_by_their_code(status: int, code: str, leaf: type[Exception]) -> None:
    answer = httpx.Response(status, json=[{"message": "secret", "errorCode": code}])
    with pytest.raises(leaf) as caught:
        await salesforce(org(Contact=answer)).find([known(email("livia.tarsia@example.org"))], soon())
    assert "secret" not in str(caught.value)


async def test_a_text_that_only_looks_like_an_id_is_nobodys() -> None:
    answer = httpx.Response(400, json=[{"message": "invalid ID field", "errorCode": "INVALID_QUERY_FILTER_OPERATOR"}])
    assert await salesforce(org(Contact=answer)).find([external("salesforce", "003000000000000000")], soon()) == []


async def test_check_asks_for_all_that_is_ever_asked() -> None:
    routes = org()
    options = {"objects": ("Task", "VoiceCall"), "task_fields": {"number_type": "Number_Type__c"}}
    await salesforce(routes, options=options).check(soon())
    samples = {soql.rpartition(" FROM ")[2]: soql for soql in asked(routes)}
    assert set(samples) == {"Contact LIMIT 1", "Lead LIMIT 1", "Task LIMIT 1", "VoiceCall LIMIT 1"}
    assert "Number_Type__c" in samples["Task LIMIT 1"] and "RelatedRecordId" in samples["VoiceCall LIMIT 1"]
    token = routes.calls[0].request
    assert token.content == b"grant_type=client_credentials" and token.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "options",
    [
        {"objects": ()},
        {"people": ()},
        {"task_subtypes": ()},
        {"objects": ("Event",)},
        {"external_id_fields": {"Contact": "Id = '' OR Name"}},
        {"voice_call_person": "RelatedRecordId) OR (Id"},
        {"task_fields": {"outcome": "Result__c FROM User"}},
        {"task_fields": {"colour": "Colour__c"}},
    ],
)
def test_options_that_are_none_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(Exception, match=r"(at least one|no field's name|Invalid enum|unknown field)"):
        salesforce(org(Contact=NOTHING), options=options)
