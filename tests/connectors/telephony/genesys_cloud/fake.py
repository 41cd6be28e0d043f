"""A small Genesys Cloud: tokens, contacts, names, sessions, and Analytics with its whole days, spans and pages."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import httpx
import msgspec
import respx

from connectors.telephony.genesys_cloud import GenesysCloud
from tests.connectors.support import connect, router
from tests.connectors.telephony.genesys_cloud.samples import Json

API = "https://api.mypurecloud.de"
LOGIN = "https://login.mypurecloud.de/oauth/token"
HOST = API + "/api/v2"


class FakeGenesys:
    def __init__(self, conversations: list[Json] | None = None, contacts: list[Json] | None = None) -> None:
        self.conversations = conversations or []
        self.contacts = {contact["id"]: contact for contact in contacts or []}
        self.sessions: list[Json] = []
        self.names: dict[str, dict[str, str]] = {"queues": {}, "users": {}, "wrapupcodes": {}}
        self.hidden: set[str] = set()
        self.unlisted: set[str] = set()
        self.tokens = 0
        self.calls: Counter[str] = Counter()
        self.queries: list[Json] = []
        self.asked_names: list[httpx.URL] = []
        self.lookups: list[Json] = []
        self.routes = self._routes()

    def connect(self, **config: object) -> GenesysCloud:
        config.setdefault("credentials", {"client_id": "id", "client_secret": "secret"})
        return connect(GenesysCloud, self.routes, API, **config)

    def _routes(self) -> respx.MockRouter:
        routes = router()
        routes.post(LOGIN).mock(side_effect=self._token)
        routes.post(f"{HOST}/analytics/conversations/details/query").mock(side_effect=self._query)
        routes.get(f"{HOST}/analytics/conversations/details").mock(side_effect=self._details)
        routes.get(url__regex=r".*/analytics/conversations/(?P<id_>[^/]+)/details$").mock(side_effect=self._one)
        routes.get(url__regex=r".*/contacts/(?P<id_>[^/]+)/journey/sessions").mock(side_effect=self._sessions)
        routes.get(url__regex=r".*/(?P<kind>queues|users|wrapupcodes)\?").mock(side_effect=self._names)
        routes.post(f"{HOST}/externalcontacts/identifierlookup/contacts").mock(side_effect=self._look_up)
        routes.get(f"{HOST}/externalcontacts/reversewhitepageslookup").mock(side_effect=self._reverse)
        routes.get(url__regex=r".*/externalcontacts/contacts/(?P<id_>[^/?]+)(\?|$)").mock(side_effect=self._contact)
        routes.get(f"{HOST}/externalcontacts/contacts").mock(side_effect=self._search)
        return routes

    def _token(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"].startswith("Basic ")
        self.tokens += 1
        return httpx.Response(200, json={"access_token": f"token-{self.tokens}", "expires_in": 86_400})

    def _count(self, request: httpx.Request, kind: str) -> None:
        assert request.headers["Authorization"] == f"Bearer token-{self.tokens}"
        self.calls[kind] += 1

    def _query(self, request: httpx.Request) -> httpx.Response:
        self._count(request, "query")
        asked = msgspec.json.decode(request.content)
        self.queries.append(asked)
        start, end = (datetime.fromisoformat(text) for text in asked["interval"].split("/"))
        assert timedelta(0) < end - start <= timedelta(days=31)
        size, number = asked["paging"]["pageSize"], asked["paging"]["pageNumber"]
        assert 1 <= size <= 100 and number >= 1
        wanted = {p["value"] for p in asked["segmentFilters"][0]["predicates"]}
        found = [
            c
            for c in self.conversations
            if start.date() <= datetime.fromisoformat(c["conversationStart"]).date() <= end.date()
            and c["conversationId"] not in self.unlisted
            and wanted & {p.get("externalContactId") for p in c.get("participants", [])}
        ]
        found.sort(key=lambda c: (c["conversationStart"], c["conversationId"]), reverse=asked["order"] == "desc")
        page = found[(number - 1) * size : number * size]
        return httpx.Response(200, json={"totalHits": len(found), **({"conversations": page} if page else {})})

    def _details(self, request: httpx.Request) -> httpx.Response:
        self._count(request, "details")
        wanted = request.url.params.get_list("id")
        found = [c for c in self.conversations if c["conversationId"] in wanted]
        return httpx.Response(200, json={"conversations": found} if found else {})

    def _one(self, request: httpx.Request, id_: str) -> httpx.Response:
        self._count(request, "one")
        found = next((c for c in self.conversations if c["conversationId"] == id_), None)
        return httpx.Response(200, json=found) if found else httpx.Response(404, json={"code": "not.found"})

    def _sessions(self, request: httpx.Request, id_: str) -> httpx.Response:
        self._count(request, "sessions")
        if "sessions" in self.hidden:
            return httpx.Response(403, json={"code": "missing.any.permissions"})
        assert request.url.params["includeMerged"] == "true"
        return httpx.Response(200, json={"entities": self.sessions})

    def _names(self, request: httpx.Request, kind: str) -> httpx.Response:
        self._count(request, kind)
        self.asked_names.append(request.url)
        if kind in self.hidden:
            return httpx.Response(403, json={"code": "missing.permissions"})
        ids = request.url.params.get_list("id")
        assert int(request.url.params["pageSize"]) >= len(ids)
        known = self.names[kind]
        return httpx.Response(200, json={"entities": [{"id": i, "name": known[i]} for i in ids if i in known]})

    def _look_up(self, request: httpx.Request) -> httpx.Response:
        self._count(request, "lookup")
        asked = msgspec.json.decode(request.content)
        self.lookups.append(asked)
        for found in self.contacts.values():
            for claimed in found.get("identifiers", []):
                if (claimed["type"], claimed.get("value")) == (asked["type"], asked["value"]):
                    return httpx.Response(200, json=found)
        return httpx.Response(404, json={"code": "not.found"})

    def _reverse(self, request: httpx.Request) -> httpx.Response:
        self._count(request, "reverse")
        value = request.url.params["lookupVal"]
        assert request.url.params["divisionId"] == "*"
        found = [
            c
            for c in self.contacts.values()
            if value in (c.get("cellPhone", {}).get("e164"), c.get("personalEmail", "").lower())
        ]
        return httpx.Response(200, json={"contacts": found[:25]})

    def _contact(self, request: httpx.Request, id_: str) -> httpx.Response:
        self._count(request, "contact")
        found = self.contacts.get(id_)
        return httpx.Response(200, json=found) if found else httpx.Response(404, json={"code": "not.found"})

    def _search(self, request: httpx.Request) -> httpx.Response:
        self._count(request, "search")
        text = request.url.params.get("q", "").lower()
        found = [c for c in self.contacts.values() if text in f"{c.get('firstName')} {c.get('lastName')}".lower()]
        return httpx.Response(200, json={"entities": found[: int(request.url.params["pageSize"])]})
