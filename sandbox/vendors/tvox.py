"""TVox's public JSON-RPC interface: a version, a session, and the search of recorded calls.

Its guide shows the questions; the answers' fields are named here after the criteria of the search.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Stretch
from sandbox.credentials import PBX_NUMBER, TVOX_PASSWORD, TVOX_SESSION, TVOX_USER
from sandbox.vendor import Vendor, json_answer, retry_headers, tells_foreign_rows

VERSIONS = ["10.26.32", "10.26.0"]
CALLS = ("voice", "callback")
CRITERIA = (
    "startFrom",
    "startTo",
    "users",
    "exten",
    "direction",
    "services",
    "clid",
    "dnis",
    "duration",
    "note",
    "userSites",
    "fileName",
    "customFileName",
    "externalData",
    "type",
)


class _Refused(Exception):
    """With a code of JSON-RPC's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class TVox(Vendor):
    name = "tvox"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        return [Route("/tvox/webapi", self.call, methods=["POST"])]

    def refusal(self, request: Request) -> Response | None:
        """Who asks is told in the question, or by a cookie."""
        return None

    def failure(self, status: int, retry_after: int | None) -> Response:
        return json_answer({"error": {"code": -32603, "message": "Internal error"}}, status, retry_headers(retry_after))

    async def call(self, request: Request) -> Response:
        try:
            asked = json.loads(await request.body())
            method, params, id_ = asked["method"], asked["params"], asked.get("id")
        except (ValueError, KeyError, TypeError):
            return json_answer({"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "Parse error"}})
        try:
            result = self._answer(method, params, request.cookies.get("JSESSIONID"))
        except _Refused as error:
            told = {"code": error.code, "message": str(error)}
            return json_answer({"jsonrpc": "2.0", "id": id_, "error": told})
        return json_answer({"jsonrpc": "2.0", "id": id_, "result": result})

    def _answer(self, method: str, params: list[Any], session: str | None) -> Any:
        if method == "getVersion":
            return VERSIONS
        if method == "login":
            if params != [VERSIONS[-1], TVOX_USER, TVOX_PASSWORD]:
                raise _Refused(-32001, "Login failed")
            return {"sessionId": TVOX_SESSION, "accessToken": "", "logged": True, "profileRoles": ["SUPERVISOR"]}
        if session != TVOX_SESSION:
            raise _Refused(-32000, "Session expired")
        if method != "searchRecordedCall":
            raise _Refused(-32601, "Method not found")
        return self._search(params[0])

    def _search(self, asked: dict[str, Any]) -> dict[str, Any]:
        criteria = asked["criterias"]
        if tuple(criteria) != CRITERIA or None in (criteria["startFrom"]["value"], criteria["startTo"]["value"]):
            raise _Refused(-32602, "Invalid params")
        found = [row for row in self._rows(criteria) if _fits(row, criteria)]
        found.sort(key=lambda row: (row[asked["sortField"]], row["fileName"]), reverse=asked["sortOrder"] == "DESC")
        begin = (asked["page"] - 1) * asked["size"]
        return {"totalCount": len(found), "list": found[begin : begin + asked["size"]]}

    def _rows(self, criteria: dict[str, Any]) -> list[dict[str, Any]]:
        """Recordings of the people whose number is asked for, or of all."""
        part = criteria["clid"]["value"] or criteria["dnis"]["value"]
        people = [p for p in self.people() if part is None or any(part in number for number, _ in p.phones)]
        calls = (call for person in people for call in self.contacts(person) if call.channel in CALLS)
        return [_row(call, place, talk) for call in calls for place, talk in enumerate(_talks(call))]


def _fits(row: dict[str, Any], criteria: dict[str, Any]) -> bool:
    if not criteria["startFrom"]["value"] <= row["date"] <= criteria["startTo"]["value"]:
        return False
    for name in ("clid", "dnis", "fileName", "direction"):
        operation, value = criteria[name]["operation"], criteria[name]["value"]
        if value is None or (tells_foreign_rows.get() and name in ("clid", "dnis")):
            continue
        if value != row[name] if operation == "EQUAL" else value not in row[name]:
            return False
    return True


def _talks(call: Contact) -> list[Stretch]:
    """What is recorded: talks that are over."""
    return [stretch for stretch in call.stretches if stretch.agent is not None and stretch.end is not None]


def _row(call: Contact, place: int, talk: Stretch) -> dict[str, Any]:
    assert talk.agent is not None and talk.end is not None
    is_in = call.direction == "inbound"
    began = datetime.fromtimestamp(int(talk.start.timestamp()), UTC)
    return {
        "fileName": f"{began:%Y%m%d%H%M%S}-{call.number}-{place}.wav",
        "date": int(began.timestamp() * 1000),
        "duration": int((talk.end - talk.start) / timedelta(seconds=1)),
        "clid": call.address if is_in else PBX_NUMBER,
        "dnis": PBX_NUMBER if is_in else call.address,
        "direction": call.direction.upper(),
        "service": talk.queue.name,
        "user": f"{talk.agent.given_name}.{talk.agent.family_name}".lower(),
        "exten": str(200 + talk.agent.number),
        "note": None,
        "externalData": None,
        "type": "SERVICE",
    }
