"""A Salesforce that answers from samples, by the object that a query is about; and what it was asked."""

from __future__ import annotations

from typing import Any

import httpx
import respx

from connectors.campaign.salesforce import Salesforce
from connectors.interaction import Record
from tests.connectors.support import connect, router, samples_beside

BASE = "https://acme.my.salesforce.com"
API = f"{BASE}/services/data/v61.0"
sample = samples_beside(__file__)
LIVIA = Record(source="salesforce", id="0035f00000AbCdEAAV", identifiers=())
NOTHING: dict[str, Any] = {"totalSize": 0, "done": True, "records": []}


def org(**answers: Any) -> respx.MockRouter:
    """`answers`: by object, or `followers`, `told`, `search`; a list of rows, or an httpx.Response."""
    routes = router()
    routes.post(f"{BASE}/services/oauth2/token").respond(json={"access_token": "00D!token", "token_type": "Bearer"})

    def query(request: httpx.Request) -> httpx.Response:
        soql = request.url.params["q"]
        table = soql.rpartition(" FROM ")[2].split()[0]
        if "ActivityId IN" in soql:
            table = "told"
        elif " OR PreviousCall.PreviousCallId" in soql:
            table = "followers"
        answer = answers.get(table, NOTHING)
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    routes.get(f"{API}/query").mock(side_effect=query)
    found = [{"attributes": {}, "Id": id_} for id_ in answers.get("search", ())]
    routes.get(f"{API}/search").respond(json={"searchRecords": found})
    return routes


def salesforce(routes: respx.MockRouter, **config: Any) -> Salesforce:
    config.setdefault("credentials", {"client_id": "the-client", "client_secret": "the-secret"})
    return connect(Salesforce, routes, BASE, **config)


def asked(routes: respx.MockRouter, table: str = "") -> list[str]:
    """The queries, of one object alone where it is named."""
    queries = [
        call.request.url.params["q"] for call in routes.calls if call.request.url.path.endswith(("query", "search"))
    ]
    return [soql for soql in queries if not table or f" FROM {table} " in f"{soql} "]
