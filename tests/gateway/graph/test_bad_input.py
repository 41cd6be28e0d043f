"""Bad input gets the error and the code of the contract, never a 500, never a value that the caller sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.graph.conftest import Running

JOHN = '{phone: "+393331110001"}'
SECRET_VALUE = "3339876543"


def journey(arguments: str) -> str:
    return (
        f"{{ singleCustomerView(by: {JOHN}) {{ customer {{ journey{arguments} "
        "{ nodes { id } pageInfo { endCursor } } } } }"
    )


BAD_ARGUMENTS = [
    pytest.param("(first: 0)", "BAD_USER_INPUT", "`first`", id="first of nought"),
    pytest.param("(first: -1)", "BAD_USER_INPUT", "`first`", id="first below nought"),
    pytest.param("(first: 10000)", "BAD_USER_INPUT", "`first`", id="first too large"),
    pytest.param("(last: 201)", "BAD_USER_INPUT", "`last`", id="last too large"),
    pytest.param("(first: 1, last: 1)", "BAD_USER_INPUT", "together", id="first and last"),
    pytest.param('(first: 1, before: "x")', "BAD_USER_INPUT", "`before`", id="first and before"),
    pytest.param('(last: 1, after: "x")', "BAD_USER_INPUT", "`after`", id="last and after"),
    pytest.param("(waitMs: 0)", "BAD_USER_INPUT", "`waitMs`", id="no patience"),
    pytest.param('(after: "nonsense")', "BAD_CURSOR", "cursor", id="bad cursor"),
    pytest.param('(after: "")', "BAD_CURSOR", "cursor", id="empty cursor"),
    pytest.param('(after: "é")', "BAD_CURSOR", "cursor", id="cursor that is no base64"),
    pytest.param(
        '(filter: {from: "2026-02-01T00:00:00Z", to: "2026-01-01T00:00:00Z"})',
        "BAD_USER_INPUT",
        "`from`",
        id="from after to",
    ),
    pytest.param(
        '(filter: {from: "2026-01-01T00:00:00Z", to: "2026-01-01T01:00:00+01:00"})',
        "BAD_USER_INPUT",
        "`from`",
        id="from equal to to, spelled otherwise",
    ),
    pytest.param(
        '(filter: {period: ALL_TIME, from: "2026-02-01T00:00:00Z"})', "BAD_USER_INPUT", "`period`", id="period and from"
    ),
    pytest.param('(filter: {text: "  "})', "BAD_USER_INPUT", "`text`", id="empty text"),
    pytest.param(f'(filter: {{text: "{"x" * 201}"}})', "BAD_USER_INPUT", "`text`", id="over-long text"),
    pytest.param(f"(filter: {{tags: {json.dumps(['t'] * 51)}}})", "BAD_USER_INPUT", "`tags`", id="too many values"),
    pytest.param('(filter: {from: "yesterday"})', "GRAPHQL_VALIDATION_FAILED", "DateTime", id="no instant"),
    pytest.param('(filter: {from: "2026-02-01"})', "GRAPHQL_VALIDATION_FAILED", "DateTime", id="a day is no instant"),
    pytest.param("(filter: {channels: [PIGEON]})", "GRAPHQL_VALIDATION_FAILED", "", id="unknown enum value"),
]


@pytest.mark.parametrize(("arguments", "code", "word"), BAD_ARGUMENTS)
async def test_a_bad_argument_is_named(running: Running, arguments: str, code: str, word: str) -> None:
    answer = await running.ask(journey(arguments))
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["requestId"]
    assert word in error["message"]
    if code != "GRAPHQL_VALIDATION_FAILED":
        assert answer["data"]["singleCustomerView"]["customer"]["journey"] is None


BAD_KEYS: list[Any] = [
    ({"phone": f"not-a-number-{SECRET_VALUE}"}, "BAD_USER_INPUT"),
    ({"phone": ""}, "BAD_USER_INPUT"),
    ({"phone": "1" * 500}, "BAD_USER_INPUT"),
    ({"email": "nobody at all"}, "BAD_USER_INPUT"),
    ({"email": "a@b@c"}, "BAD_USER_INPUT"),
    ({"whatsApp": "abc"}, "BAD_USER_INPUT"),
    ({"external": {"source": "atlantis", "id": "1"}}, "BAD_USER_INPUT"),
    ({"external": {"source": "zendesk", "id": " "}}, "BAD_USER_INPUT"),
    ({"social": {"channel": "LINE", "id": ""}}, "BAD_USER_INPUT"),
    ({"social": {"channel": "PIGEON", "id": "x"}}, "BAD_USER_INPUT"),
    ({"phone": "+393331110001", "email": "a@example.org"}, "BAD_USER_INPUT"),
    ({}, "BAD_USER_INPUT"),
    ({"phone": None}, "BAD_USER_INPUT"),
    ({"telephone": SECRET_VALUE}, "BAD_USER_INPUT"),
    ({"phone": {"number": SECRET_VALUE}}, "BAD_USER_INPUT"),
    (SECRET_VALUE, "BAD_USER_INPUT"),
    (None, "BAD_USER_INPUT"),
]


@pytest.mark.parametrize(("key", "code"), BAD_KEYS)
async def test_a_bad_key_is_refused_without_repeating_it(running: Running, key: Any, code: str) -> None:
    query = "query($by: CustomerKey!) { singleCustomerView(by: $by) { state } }"
    response = await running.post({"query": query, "variables": {"by": key}})
    assert response.status_code == 200
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == code
    assert SECRET_VALUE not in response.text


async def test_a_literal_of_the_wrong_type_is_not_repeated(running: Running) -> None:
    answer = await running.post({"query": f"{{ singleCustomerView(by: {{phone: {SECRET_VALUE}}}) {{ state }} }}"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert SECRET_VALUE not in answer.text


async def test_one_bad_key_of_a_list_costs_no_other(running: Running) -> None:
    keys = [{"phone": "+393331110001"}, {"phone": "nonsense"}, {"email": "unknown@example.org"}]
    query = "query($by: [CustomerKey!]!) { singleCustomerViews(by: $by) { state } }"
    answer = await running.ask(query, by=keys)
    assert answer["data"]["singleCustomerViews"] == [{"state": "MATCHED"}, None, {"state": "NOT_FOUND"}]
    assert [error["path"] for error in answer["errors"]] == [["singleCustomerViews", 1]]


async def test_a_cursor_of_another_filter_is_refused(running: Running) -> None:
    answer = await running.ask(journey("(first: 1)"))
    cursor = answer["data"]["singleCustomerView"]["customer"]["journey"]["pageInfo"]["endCursor"]
    assert "errors" not in await running.ask(journey(f'(first: 1, after: "{cursor}")'))
    answer = await running.ask(journey(f'(first: 1, after: "{cursor}", filter: {{channels: [VOICE]}})'))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, "BAD_USER_INPUT"),
        (b"\xff\xfe", {}, 400, "BAD_USER_INPUT"),
        (b"", {}, 400, "BAD_USER_INPUT"),
        (b"[]", {}, 400, "BAD_USER_INPUT"),
        (b'[{"query": "{ viewer { subject } }"}]', {}, 400, "BAD_USER_INPUT"),
        (b"{}", {}, 400, "BAD_USER_INPUT"),
        (b'{"query": 7}', {}, 400, "BAD_USER_INPUT"),
        (b'{"query": "{ viewer { subject } }", "variables": []}', {}, 400, "BAD_USER_INPUT"),
        (b'"text"', {}, 400, "BAD_USER_INPUT"),
        (b"null", {}, 400, "BAD_USER_INPUT"),
        (b"[" * 60_000, {}, 400, "BAD_USER_INPUT"),
        (b'{"query": "{"}', {}, 200, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{"}', {"accept": "application/graphql-response+json"}, 400, "GRAPHQL_PARSE_FAILED"),
        (b'{"query": "{ nothing }"}', {}, 200, "GRAPHQL_VALIDATION_FAILED"),
        (
            b'{"query": "{ nothing }"}',
            {"accept": "application/graphql-response+json"},
            400,
            "GRAPHQL_VALIDATION_FAILED",
        ),
        (b'{"query": "{ viewer { subject } }"}', {"content-type": "text/plain"}, 400, "BAD_USER_INPUT"),
        (b"x" * 70_000, {}, 413, "BAD_USER_INPUT"),
    ],
)
async def test_whatever_is_sent_the_answer_is_graphql_json(
    running: Running, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = await running.client.post(
        "/graphql",
        content=content,
        headers={
            "authorization": f"Bearer {running.tokens['Emma Hartley']}",
            "content-type": "application/json",
            **headers,
        },
    )
    assert response.status_code == status
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == code
    assert error["extensions"]["requestId"] == response.headers["x-request-id"]
    assert "data" not in response.json()


async def test_a_body_that_lies_about_its_length_is_counted(running: Running) -> None:
    async def endless() -> Any:
        for _ in range(100):
            yield b" " * 1_000

    response = await running.client.post("/graphql", content=endless())
    assert response.status_code == 413


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            '{ customers(search: "x") { nodes { '
            + "journey { nodes { customer { " * 6
            + "id"
            + " } } }" * 6
            + " } } }",
            id="deep",
        ),
        pytest.param("{ " + " ".join(f"a{n}: viewer {{ subject }}" for n in range(31)) + " }", id="aliases"),
        pytest.param("{ " + "viewer { subject } " * 51 + " }", id="repeated"),
        pytest.param("{ " + " ".join(f"a{n}: sources {{ id }}" for n in range(21)) + " }", id="root fields"),
        pytest.param(
            "{ viewer { ...f0 } } "
            + " ".join(f"fragment f{n} on Viewer {{ ...f{n + 1} ...f{n + 1} }}" for n in range(20))
            + " fragment f20 on Viewer { subject }",
            id="fragments that double",
        ),
    ],
)
async def test_a_document_that_asks_for_too_much_is_refused(running: Running, document: str) -> None:
    response = await running.post({"query": document})
    codes = {error["extensions"]["code"] for error in response.json()["errors"]}
    assert codes == {"TOO_COMPLEX"}


async def test_a_document_of_too_many_tokens_is_refused(running: Running) -> None:
    response = await running.post({"query": "{ " + "viewer { subject } " * 300 + "}"})
    assert response.json()["errors"][0]["extensions"]["code"] == "TOO_COMPLEX"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_taken(running: Running, method: str) -> None:
    response = await running.client.request(method, "/graphql?query={viewer{subject}}")
    assert response.status_code == 405
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_an_unknown_path_is_json_too(running: Running) -> None:
    response = await running.client.get("/admin")
    assert response.status_code == 404
    assert response.json()["errors"][0]["extensions"]["requestId"]
