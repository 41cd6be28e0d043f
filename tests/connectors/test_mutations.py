"""Each mapper is given spoiled rows: a bad one is dropped and counted, or mapped as far as it goes; the rest stays."""

from __future__ import annotations

import base64
import json
from itertools import groupby
from typing import Any

import pytest

from connectors.base import Page
from connectors.errors import MalformedError
from connectors.identifiers import phone
from connectors.interaction import ConversationDetails, Identifier
from connectors.mapping import from_rfc2822
from connectors.testing.mutations import ABSENT, Listing, Mutation, mutations
from sandbox.credentials import LIMESURVEY_SURVEY_ID, SURVEYMONKEY_SURVEY_ID, TWILIO_ACCOUNT_SID
from sandbox.population import SHARED_MOBILE
from sandbox.vendors.genesys_ids import person_id
from tests.connectors import test_contract as acme
from tests.connectors.test_sandbox_contract import POPULATION, identified, subject_of


def place(path: str, key: str | None = None, **rest: Any) -> dict[str, Any]:
    """Where a vendor lists things, and under which key of the answer; without one it is the answer. `rest`: whatever
    else a `Listing` must know of it."""
    return {"path": path, "rows_of": lambda body: body if key is None else body[key], **rest}


def exported(body: Any) -> list[Any]:
    """LimeSurvey's responses: base64 of JSON, among whatever else is asked at its one address."""
    try:
        rows = json.loads(base64.b64decode(body["result"], validate=True))["responses"]
    except (TypeError, ValueError):
        return []
    assert isinstance(rows, list)
    return rows


def put_back(body: Any, rows: list[Any]) -> None:
    if exported(body):
        body["result"] = base64.b64encode(json.dumps({"responses": rows}).encode()).decode()


def by_conversation(page: Page) -> dict[str, Any]:
    """With the surveys that hang on it."""
    rows = sorted(page.items, key=lambda row: row.external_id)
    return {id_: tuple(of) for id_, of in groupby(rows, lambda row: row.external_id.partition(":")[0])}


def by_message(page: Page) -> dict[str, Any]:
    """Its party is left out: what the company wrote is a notice, once the customer's only message is lost."""
    rows = [row.details for row in page.items if isinstance(row.details, ConversationDetails)]
    return {f"{m.at} {m.text}": (m.at, m.text, m.attachments, m.delivery) for row in rows for m in row.messages}


INTERACTIONS = {
    "surveymonkey": place(
        f"/surveymonkey/v3/surveys/{SURVEYMONKEY_SURVEY_ID}/responses/bulk",
        "data",
        id_of=lambda row: f"{row['survey_id']}:{row['id']}",
    ),
    "live_helper_chat": place("/live_helper_chat/restapi/chats", "list"),
    "chatwoot": place("/chatwoot/api/v1/accounts/1/contacts/2/conversations", "payload"),
    "intercom": place("/intercom/conversations/search", "conversations"),
    "formbricks": place("/formbricks/api/v2/management/responses", "data"),
    "zendesk": place(  # a search answers with rows of other types too
        "/zendesk/api/v2/search", "results", hides=lambda mutation: mutation.path == ("result_type",)
    ),
    "request_tracker": place("/request_tracker/REST/2.0/tickets", "items"),
    "twilio_voice": place(
        f"/twilio_voice/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Calls.json", "calls", id_of=lambda row: row["sid"]
    ),
    "zammad": place("/zammad/api/v1/tickets/search"),
    "jira_service_management": place("/jira_service_management/rest/api/3/search/jql", "issues"),
    "salesforce": place("/salesforce/services/data/v61.0/query", "records", id_of=lambda row: str(row.get("Id"))),
    "genesys_journey": place(  # conversations have sessions of their own type
        f"/genesys_journey/api/v2/externalcontacts/contacts/{person_id(POPULATION.named('deep'))}/journey/sessions",
        "entities",
        hides=lambda mutation: mutation.path == ("type",),
    ),
    "freshdesk": place("/freshdesk/api/v2/tickets", hides=lambda mutation: mutation == Mutation(("spam",), True)),
    "genesys_cloud": place(
        "/genesys_cloud/api/v2/analytics/conversations/details/query",
        "conversations",
        id_of=lambda row: row["conversationId"],
        told_of=by_conversation,
    ),
    "limesurvey": place(
        "/limesurvey/index.php/admin/remotecontrol",
        rows_of=exported,
        put_back=put_back,
        id_of=lambda row: f"{LIMESURVEY_SURVEY_ID}:{row['id']}",
    ),
    "twilio_messages": place(
        f"/twilio_messages/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages.json",
        "messages",
        id_of=lambda row: f"{from_rfc2822(row['date_sent'])} {row['body'] or None}",
        told_of=by_message,
    ),
}
RECORDS = {
    "intercom": place("/intercom/contacts/search", "data"),
    "zendesk": place("/zendesk/api/v2/search", "results"),
    "chatwoot": place("/chatwoot/api/v1/accounts/1/contacts/filter", "payload"),
    "zammad": place("/zammad/api/v1/users/search"),
    "freshdesk": place("/freshdesk/api/v2/contacts"),
    "salesforce": place("/salesforce/services/data/v61.0/query", "records", id_of=lambda row: str(row.get("Id"))),
}


def listing(vendor: str, place: dict[str, Any], known: Identifier | None = None) -> Listing:
    subject = subject_of(vendor)
    return Listing(connect=subject.connect, transport=subject.transport, known=known or subject.known, **place)


@pytest.mark.parametrize("vendor", INTERACTIONS)
async def test_a_spoiled_interaction_costs_no_other(vendor: str) -> None:
    assert await listing(vendor, INTERACTIONS[vendor]).spoil_interactions() > 150


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
