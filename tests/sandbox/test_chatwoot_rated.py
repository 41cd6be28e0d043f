"""The imitation of a Chatwoot that asks for ratings, beside the one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.credentials import CHATWOOT_ACCOUNT_ID, CHATWOOT_TOKEN
from sandbox.population import DEEP_PHONE, build
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of

TOLD = build(SEED, NOW)


async def conversations_of(mount: str) -> tuple[list[Any], list[list[Any]]]:
    """The deep customer's conversations, and the messages of each."""
    path = f"/{mount}/api/v1/accounts/{CHATWOOT_ACCOUNT_ID}"
    async with client_of(sandbox_of(TOLD), path, headers={"api_access_token": CHATWOOT_TOKEN}) as http:
        (contact,) = (await http.get("/contacts/search", params={"q": DEEP_PHONE})).json()["payload"]
        rows = (await http.get(f"/contacts/{contact['id']}/conversations")).json()["payload"]
        return rows, [(await http.get(f"/conversations/{row['id']}/messages")).json()["payload"] for row in rows]


def question(messages: list[Any]) -> Any:
    return next((one for one in messages if one["content_type"] == "input_csat"), None)


async def test_resolved_conversations_end_with_the_question_and_some_with_an_answer() -> None:
    rows, messages = await conversations_of("chatwoot_rated")
    asked = [(row, question(told)) for row, told in zip(rows, messages, strict=True)]
    assert all((found is not None) == (row["status"] == "resolved") for row, found in asked)
    given = [found["content_attributes"] for _, found in asked if found is not None]
    ratings = [one["submitted_values"]["csat_survey_response"]["rating"] for one in given if one]
    assert 0 < len(ratings) < len(given) and set(ratings) <= {1, 2, 3, 4, 5}


async def test_beside_it_the_other_one_tells_what_it_told() -> None:
    rated, plain = await conversations_of("chatwoot_rated"), await conversations_of("chatwoot")
    assert rated[0] == plain[0]
    assert all(question(told) is None for told in plain[1])
    assert [[one for one in told if one["content_type"] != "input_csat"] for told in rated[1]] == plain[1]


@pytest.mark.parametrize(("mount", "asks"), [("chatwoot", False), ("chatwoot_rated", True)])
async def test_inboxes_say_whether_they_ask(mount: str, asks: bool) -> None:
    path = f"/{mount}/api/v1/accounts/{CHATWOOT_ACCOUNT_ID}"
    async with client_of(sandbox_of(TOLD), path, headers={"api_access_token": CHATWOOT_TOKEN}) as http:
        told = (await http.get("/inboxes")).json()["payload"]
        assert {inbox["csat_survey_enabled"] for inbox in told} == {asks}
