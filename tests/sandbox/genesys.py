"""What tests of the sandbox's Genesys Cloud share: a caller with a token, and answers of the shape described."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from sandbox.contacts import Contact
from sandbox.credentials import GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET
from sandbox.population import Population, build
from sandbox.vendors.genesys_ids import person_id
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED
from tests.sandbox.tables import genesys_cloud as tables

TOLD = build(SEED, NOW, depth=300)
QUERY = "/api/v2/analytics/conversations/details/query"


async def signed_in(client: httpx.AsyncClient) -> httpx.AsyncClient:
    answer = await client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET)
    )
    assert differences(answer.json(), tables.TOKEN) == []
    client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


async def told(client: httpx.AsyncClient, path: str, shape: object, **params: object):
    answer = await client.get(f"/api/v2{path}", params=params)
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), shape) == []
    return answer.json()


async def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert differences(answer.json(), tables.ERROR) == []


def interval(end: datetime = NOW, days: int = 31) -> str:
    return f"{end - timedelta(days=days):%Y-%m-%dT%H:%M:%S.000Z}/{end:%Y-%m-%dT%H:%M:%S.000Z}"


def about(key: str) -> list[dict[str, object]]:
    return [matching("externalContactId", person_id(TOLD.named(key)))]


def matching(dimension: str, *values: str) -> dict[str, object]:
    return {"type": "or", "predicates": [{"dimension": dimension, "value": value} for value in values]}


async def asked(client: httpx.AsyncClient, **query: object) -> dict[str, list[dict]]:
    answer = await client.post(QUERY, json={"interval": interval(), **query})
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), tables.QUERY_ANSWER) == []
    return answer.json()


def contacts(key: str, population: Population = TOLD) -> list[Contact]:
    return list(population.contacts(population.named(key), "genesys_cloud"))
