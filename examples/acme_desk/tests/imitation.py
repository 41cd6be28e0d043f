"""Acme Desk as its documentation tells it, from the samples. To serve it:

uvicorn --factory imitation:app
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

TOKEN = "acme-desk-token"
PAGE_SIZE = 4
SAMPLES = Path(__file__).with_name("samples")
Row = dict[str, Any]


def app() -> Starlette:
    contacts, tickets = (json.loads((SAMPLES / f"{name}.json").read_text()) for name in ("contacts", "tickets"))

    def find_contacts(request: Request) -> Row:
        asked = request.query_params
        keys = asked.keys() & {"phone", "email", "external_id"}
        return {"contacts": [row for row in contacts if keys and all(row[key] == asked[key] for key in keys)]}

    def list_tickets(request: Request) -> Row:
        asked = request.query_params
        start, end = (datetime.fromisoformat(asked[key]) if key in asked else None for key in ("from", "until"))
        rows = [
            row
            for row in tickets
            if row["contact_id"] in asked["contact_ids"].split(",")
            and (start is None or opened_at(row) >= start)
            and (end is None or opened_at(row) < end)
        ]
        rows.sort(key=lambda row: (opened_at(row), row["id"]), reverse=asked["order"] == "desc")
        first = int(asked.get("cursor", 0))
        last = first + min(PAGE_SIZE, int(asked["limit"]))
        return {"tickets": rows[first:last], "next": str(last) if last < len(rows) else None}

    return Starlette(
        routes=[
            guarded("/api/v2/contacts", find_contacts),
            guarded("/api/v2/contacts/{id}", lambda request: one(contacts, request)),
            guarded("/api/v2/tickets", list_tickets),
            guarded("/api/v2/tickets/{id}", lambda request: one(tickets, request)),
        ]
    )


def guarded(path: str, answer: Callable[[Request], Row | None]) -> Route:
    """401 without the token, 404 where there is nothing."""

    async def endpoint(request: Request) -> JSONResponse:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"error": "unauthorized"}, 401)
        found = answer(request)
        return JSONResponse({"error": "not found"}, 404) if found is None else JSONResponse(found)

    return Route(path, endpoint)


def one(rows: list[Row], request: Request) -> Row | None:
    return next((row for row in rows if row["id"] == request.path_params["id"]), None)


def opened_at(row: Row) -> datetime:
    return datetime.fromisoformat(row["opened_at"])
