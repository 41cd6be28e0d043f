"""A Zendesk search that keeps to its published rules: terms, order, pages, 1,000 rows, 422 behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import httpx

Row = dict[str, Any]
_TERM = re.compile(r"(created|updated)(>=|<)(\S+)|(type|requester|status|tags):(\S+)")
_KEYS = {"requester": "requester_id", "status": "status"}


class FakeSearch:
    """For `respx`' `side_effect`; `queries` are those that were asked."""

    def __init__(self, tickets: Iterable[Row], between_pages: Iterable[Row] = ()) -> None:
        self.tickets = list(tickets)
        self.queries: list[str] = []
        self.status_codes: list[int] = []
        self._incoming = list(between_pages)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        self.queries.append(params["query"])
        response = self._answer(params["query"], params)
        self.status_codes.append(response.status_code)
        if self._incoming:
            self.tickets.append(self._incoming.pop(0))
        return response

    def _answer(self, query: str, params: httpx.QueryParams) -> httpx.Response:
        size, page = int(params["per_page"]), int(params["page"])
        assert params["sort_by"] == "created_at" and size <= 100
        if page * size > 1000:
            return httpx.Response(422, json={"error": "unprocessable", "description": "Insufficient resource"})
        found = [ticket for ticket in self.tickets if _matches(ticket, query)]
        # ties in an order of the vendor's own, which is not ours
        found.sort(key=lambda ticket: (ticket["created_at"], ticket["id"] * 7919 % 10007))
        if params["sort_order"] == "desc":
            found.reverse()
        rows = found[(page - 1) * size : page * size]
        more = page * size < min(len(found), 1000)
        next_page = f"https://acme.zendesk.com/api/v2/search.json?page={page + 1}" if more else None
        return httpx.Response(200, json={"results": rows, "count": len(found), "next_page": next_page})


def _matches(ticket: Row, query: str) -> bool:
    alternatives: dict[str, list[bool]] = {}
    for term in query.split(" "):
        match = _TERM.fullmatch(term)
        assert match, f"no term of the language: {term}"
        time, operator, bound, keyword, value = match.groups()
        if time:
            at, limit = datetime.fromisoformat(ticket[f"{time}_at"]), datetime.fromisoformat(bound)
            if not (at >= limit if operator == ">=" else at < limit):
                return False
        elif keyword == "tags":
            alternatives.setdefault(keyword, []).append(value in ticket["tags"])
        elif keyword != "type":
            alternatives.setdefault(keyword, []).append(str(ticket[_KEYS[keyword]]) == value)
    return all(any(found) for found in alternatives.values())


def ticket(id_: int, created_at: datetime, requester_id: int = 5001, **fields: Any) -> Row:
    stamp = created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": id_,
        "created_at": stamp,
        "updated_at": stamp,
        "requester_id": requester_id,
        "status": "open",
        "tags": [],
        "result_type": "ticket",
        **fields,
    }
