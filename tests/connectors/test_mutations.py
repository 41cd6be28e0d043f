"""Each mapper is given spoiled rows: a bad one is dropped and counted, or mapped as far as it goes; the rest stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.errors import MalformedError
from connectors.identifiers import phone
from connectors.interaction import Identifier
from connectors.testing.mutations import ABSENT, Listing, Mutation, mutations
from sandbox.credentials import SURVEYMONKEY_SURVEY_ID, TWILIO_ACCOUNT_SID
from sandbox.population import SHARED_MOBILE
from sandbox.vendors.genesys_ids import person_id
from tests.connectors import test_contract as acme
from tests.connectors.test_sandbox_contract import POPULATION, identified, subject_of


@dataclass(frozen=True)
class Place:
    """Where a vendor lists things, and in which field of the answer; without one it is the answer. hides, id_of: see
    `Listing`."""

    path: str
    field: str = ""
    hides: Callable[[Mutation], bool] = lambda mutation: False
    id_of: Callable[[Any], str] = lambda row: str(row["id"])

    def rows_of(self, body: Any) -> list[Any]:
        rows = body[self.field] if self.field else body
        assert isinstance(rows, list)
        return rows


INTERACTIONS = {
    "surveymonkey": Place(
        f"/surveymonkey/v3/surveys/{SURVEYMONKEY_SURVEY_ID}/responses/bulk",
        "data",
        id_of=lambda row: f"{row['survey_id']}:{row['id']}",
    ),
    "live_helper_chat": Place("/live_helper_chat/restapi/chats", "list"),
    "chatwoot": Place("/chatwoot/api/v1/accounts/1/contacts/2/conversations", "payload"),
    "intercom": Place("/intercom/conversations/search", "conversations"),
    "formbricks": Place("/formbricks/api/v2/management/responses", "data"),
    "zendesk": Place(  # a search answers with rows of other types too
        "/zendesk/api/v2/search", "results", hides=lambda mutation: mutation.path == ("result_type",)
    ),
    "request_tracker": Place("/request_tracker/REST/2.0/tickets", "items"),
    "twilio_voice": Place(
        f"/twilio_voice/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Calls.json", "calls", id_of=lambda row: row["sid"]
    ),
    "zammad": Place("/zammad/api/v1/tickets/search"),
    "jira_service_management": Place("/jira_service_management/rest/api/3/search/jql", "issues"),
    "salesforce": Place("/salesforce/services/data/v61.0/query", "records", id_of=lambda row: str(row.get("Id"))),
    "genesys_journey": Place(  # conversations have sessions of their own type
        f"/genesys_journey/api/v2/externalcontacts/contacts/{person_id(POPULATION.named('deep'))}/journey/sessions",
        "entities",
        hides=lambda mutation: mutation.path == ("type",),
    ),
    "freshdesk": Place("/freshdesk/api/v2/tickets", hides=lambda mutation: mutation == Mutation(("spam",), True)),
}
RECORDS = {
    "intercom": Place("/intercom/contacts/search", "data"),
    "zendesk": Place("/zendesk/api/v2/search", "results"),
    "chatwoot": Place("/chatwoot/api/v1/accounts/1/contacts/filter", "payload"),
    "zammad": Place("/zammad/api/v1/users/search"),
    "freshdesk": Place("/freshdesk/api/v2/contacts"),
    "salesforce": Place("/salesforce/services/data/v61.0/query", "records", id_of=lambda row: str(row.get("Id"))),
}


def listing(vendor: str, place: Place, known: Identifier | None = None) -> Listing:
    subject = subject_of(vendor)
    return Listing(
        connect=subject.connect,
        transport=subject.transport,
        known=known or subject.known,
        path=place.path,
        rows_of=place.rows_of,
        id_of=place.id_of,
        hides=place.hides,
    )


@pytest.mark.parametrize("vendor", INTERACTIONS)
async def test_a_spoiled_interaction_costs_no_other(vendor: str) -> None:
    assert await listing(vendor, INTERACTIONS[vendor]).spoil_interactions() > 200


@pytest.mark.parametrize("vendor", RECORDS)
async def test_a_spoiled_record_costs_no_other(vendor: str) -> None:
    family = identified(phone(SHARED_MOBILE))
    assert await listing(vendor, RECORDS[vendor], family).spoil_records() > 100


async def test_a_connector_that_reads_a_page_all_or_nothing_is_found_out() -> None:
    subject = acme.subject_of(acme.AcmeDesk)
    pages = Listing(
        connect=subject.connect,
        transport=subject.transport,
        known=subject.known,
        path="/talks",
        rows_of=lambda body: body["talks"],
    )
    with pytest.raises(MalformedError):
        await pages.spoil_interactions()


def test_a_mutation_leaves_the_row_itself_alone() -> None:
    row = {"id": 1, "at": "2026-11-23T09:00:00Z", "inner": {"tags": ["a", "b"]}}
    spoiled = [mutation.apply(row) for mutation in mutations(row)]
    assert row == {"id": 1, "at": "2026-11-23T09:00:00Z", "inner": {"tags": ["a", "b"]}}
    assert all(one != row for one in spoiled if one.get("id") is not True)
    assert Mutation(("inner", "tags", 0), ABSENT).apply(row)["inner"] == {"tags": ["b"]}
    assert {"id": 1, "at": "9999-12-31T23:59:59.999999Z", "inner": {"tags": ["a", "b"]}} in spoiled
