"""A Zammad that searches tickets as its conditions say: order, pages, 200 rows at most."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import httpx

Row = dict[str, Any]


class FakeSearch:
    """For `respx`' `side_effect`; `bodies` are those that were asked. One of `between_pages` comes in after each."""

    def __init__(self, tickets: Iterable[Row], between_pages: Iterable[Row] = ()) -> None:
        self.tickets = list(tickets)
        self.bodies: list[Any] = []
        self._incoming = list(between_pages)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        assert "query" not in body and body["expand"] is True and body["per_page"] <= 100
        found = [ticket for ticket in self.tickets if _matches(ticket, body["condition"])]
        found.sort(key=lambda ticket: (ticket["created_at"], ticket["id"]), reverse=body["order_by"] == "desc, desc")
        first = (body["page"] - 1) * body["per_page"]
        if self._incoming:
            self.tickets.append(self._incoming.pop(0))
        return httpx.Response(200, json=found[first : first + body["per_page"]])


def _matches(ticket: Row, condition: dict[str, Row]) -> bool:
    for name, term in condition.items():
        held, value = ticket[name.removeprefix("ticket.")], term["value"]
        if term["operator"] == "is":
            assert value, "a condition without a value finds everything"
            holds = held in value
        else:
            at, bound = datetime.fromisoformat(held), datetime.fromisoformat(value)
            holds = at <= bound if term["operator"] == "before (absolute)" else at >= bound
        if not holds:
            return False
    return True


def ticket(id_: int, created_at: datetime, customer_id: int = 41, **fields: Any) -> Row:
    stamp = f"{created_at:%Y-%m-%dT%H:%M:%S}.{created_at.microsecond // 1000:03}Z"
    return {
        "id": id_,
        "created_at": stamp,
        "updated_at": stamp,
        "customer_id": customer_id,
        "state_id": 2,
        "group_id": 3,
        **fields,
    }
