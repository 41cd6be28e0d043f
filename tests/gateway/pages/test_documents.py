"""What the widget asks is known by its hash: without being configured, beside what is, and whatever the limits are."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import PersistedQueryNotFoundError
from gateway.graph.execution.prepare import Documents
from gateway.graph.limits import DocumentLimits
from gateway.graph.schema import build_schema
from gateway.pages.bundle import read_bundle
from tests.gateway.pages.support import gateway

DOCUMENTS = read_bundle().documents
CORE = build_schema()._schema
LEAST = DocumentLimits(depth=1, aliases=0, root_fields=1, fields=1, directives=0, repetitions=1)


def hash_of(operation: str) -> str:
    (found,) = (digest for digest, text in DOCUMENTS.items() if f"query {operation}(" in text)
    return found


def by_hash(digest: str, **variables: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}}, "variables": variables}


@pytest.mark.parametrize("digest", DOCUMENTS)
def test_each_is_valid_against_the_schema_and_no_limit_is_for_it(digest: str) -> None:
    documents = Documents(CORE, LEAST, max_tokens=1, introspection=False, own=DOCUMENTS, only_trusted=True)
    prepared = documents.prepare(None, digest)
    assert prepared.errors == ()
    assert documents.prepare(None, digest) is prepared
    assert documents.prepare(DOCUMENTS[digest]) is prepared, "its text does as well"


@pytest.mark.parametrize("only_trusted", [True, False])
def test_what_is_trusted_stays_so_and_others_are_not(only_trusted: bool) -> None:
    ours = {"0" * 64: "{ viewer { name } }"}
    documents = Documents(
        CORE,
        DocumentLimits(),
        max_tokens=1_000,
        introspection=False,
        trusted=ours,
        own=DOCUMENTS,
        only_trusted=only_trusted,
    )
    assert documents.prepare(None, "0" * 64).document is not None
    with pytest.raises(PersistedQueryNotFoundError):
        documents.prepare(None, "f" * 64)


async def test_the_first_page_is_asked_for_by_hash_where_nothing_else_is_taken() -> None:
    strict = {"only_trusted_documents": "true", "graphiql": "false", "max_tokens": "50", "introspection": "false"}
    digest = hash_of("FirstPage")
    async with gateway(**strict) as running:
        refused = await running.post({"query": "{ viewer { name } }"})
        assert refused.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
        variables = {"by": {"phone": "+393331110001"}, "first": 5, "filter": {}}
        answer = (await running.post(by_hash(digest, **variables))).json()
    assert "errors" not in answer, answer
    assert "John Fairweather" in str(answer["data"])
