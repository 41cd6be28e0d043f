"""Trusted documents: sent by hash; others refused where the operator says so."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.errors import PersistedQueryNotFoundError
from gateway.graph.execution.prepare import Documents, Prepared
from gateway.graph.limits import DocumentLimits
from gateway.graph.schema import build_schema
from tests.gateway.graph.conftest import Running

TEXT = "{ viewer { subject } }"
DIGEST = sha256(TEXT.encode()).hexdigest()
CORE = build_schema()._schema


def documents(trusted: dict[str, str] | None = None, *, only_trusted: bool = False) -> Documents:
    return Documents(
        CORE, DocumentLimits(), max_tokens=1_000, introspection=False, trusted=trusted, only_trusted=only_trusted
    )


def is_ready(prepared: Prepared) -> bool:
    return prepared.document is not None and not prepared.errors


def test_a_trusted_document_is_found_by_its_hash() -> None:
    assert is_ready(documents({DIGEST: TEXT}).prepare(None, DIGEST))
    with pytest.raises(PersistedQueryNotFoundError):
        documents().prepare(None, DIGEST)


def test_other_documents_are_refused_where_only_the_trusted_are_taken() -> None:
    trusted = documents({DIGEST: TEXT}, only_trusted=True)
    assert is_ready(trusted.prepare(TEXT))
    with pytest.raises(PersistedQueryNotFoundError):
        trusted.prepare("{ viewer { name } }")
    assert is_ready(documents({DIGEST: TEXT}).prepare("{ viewer { name } }"))


def test_a_trusted_document_that_is_not_valid_stops_the_start() -> None:
    wrong = "{ nothing }"
    with pytest.raises(ValueError, match="not valid"):
        documents({sha256(wrong.encode()).hexdigest(): wrong})


def test_the_memory_of_documents_is_bounded() -> None:
    memory = documents()
    for number in range(1_200):
        memory.prepare(f"{{ a{number}: viewer {{ subject }} }}")
    assert len(memory._known) == 1_000
    first = memory.prepare("{ a1199: viewer { subject } }")
    assert memory.prepare("{ a1199: viewer { subject } }") is first


async def test_an_unknown_hash_is_told_so_over_http(running: Running) -> None:
    body = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": DIGEST}}}
    response = await running.post(body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
