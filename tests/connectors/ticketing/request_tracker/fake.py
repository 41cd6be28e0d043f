"""A Request Tracker that behaves as the real one was seen to: TicketSQL, local times, orders, page caps, rights."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

Row = dict[str, Any]
Test = Callable[[Row], bool]

_TOKEN = re.compile(r"\s*(?:(AND|OR|[()])|([\w.]+)\s*(>=|<=|!=|=|LIKE)\s*'((?:[^'\\]|\\.)*)')")
_UNSET = "1970-01-01T00:00:00Z"


def person(name: str, email: str | None = None, **more: str) -> Row:
    """`id` is cut as RT cuts it, for an organisation called `vm`."""
    return {"type": "user", "id": name.removeprefix("vm-"), "Name": name, "EmailAddress": email or name, **more}


def ticket(id_: int, created: datetime, *requestors: Row, **more: Any) -> Row:
    return {
        "type": "ticket",
        "id": str(id_),
        "Created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "LastUpdated": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "Resolved": _UNSET,
        "Subject": f"Ticket {id_}",
        "Status": "new",
        "Type": "ticket",
        "Priority": "0",
        "Queue": {"type": "queue", "id": "3", "Name": "Support-IT"},
        "Owner": person("Nobody", "", RealName="Nobody in particular"),
        "Creator": person("root"),
        "Requestor": list(requestors),
        "CustomFields": [],
        **more,
    }


class FakeTickets:
    """For `respx`' `side_effect`. `queries` are those that were asked; `between` arrive one after each answer.

    hidden: ids that are counted and not given, as without UseSQLForACLChecks. counts: whether totals are told.
    """

    def __init__(
        self,
        tickets: Iterable[Row],
        *,
        zone: str = "UTC",
        between: Iterable[Row] = (),
        hidden: Sequence[str] = (),
        counts: bool = True,
    ) -> None:
        self.tickets = list(tickets)
        self.queries: list[str] = []
        self._zone = ZoneInfo(zone)
        self._between = list(between)
        self._hidden = frozenset(hidden)
        self._counts = counts

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        self.queries.append(params["query"])
        matches = self._condition(params["query"])
        found = [row for row in self.tickets if matches(row)]
        for field, order in reversed(list(zip(params.get_list("orderby"), params.get_list("order"), strict=True))):
            assert field in ("Created", "id")
            found.sort(key=lambda row: int(row["id"]) if field == "id" else row["Created"], reverse=order == "DESC")
        page, size = int(params.get("page", "1")), min(100, int(params["per_page"]))
        items = [row for row in found[(page - 1) * size : page * size] if row["id"] not in self._hidden]
        body: Row = {"items": items, "count": len(items), "page": page, "per_page": size}
        body |= (
            {"total": len(found), "pages": float(math.ceil(len(found) / size))}
            if self._counts
            else {
                "total": None,
                "pages": None,
            }
        )
        if self._between:
            self.tickets.append(self._between.pop(0))
        return httpx.Response(200, json=body)

    def _condition(self, query: str) -> Test:
        tokens = [match.groups() for match in _TOKEN.finditer(query)]
        assert "".join(match.group() for match in _TOKEN.finditer(query)) == query, query
        test, rest = self._any(tokens)
        assert not rest
        return test

    def _any(self, tokens: list[Any]) -> tuple[Test, list[Any]]:
        tests, rest = self._joined(tokens, "OR", lambda later: self._joined(later, "AND", self._one, all), any)
        return tests, rest

    def _joined(
        self,
        tokens: list[Any],
        word: str,
        part: Callable[[list[Any]], tuple[Test, list[Any]]],
        how: Callable[[Iterable[bool]], bool],
    ) -> tuple[Test, list[Any]]:
        first, rest = part(tokens)
        tests = [first]
        while rest and rest[0][0] == word:
            following, rest = part(rest[1:])
            tests.append(following)
        return (lambda row: how(test(row) for test in tests)), rest

    def _one(self, tokens: list[Any]) -> tuple[Test, list[Any]]:
        bracket, field, operator, value = tokens[0]
        if bracket == "(":
            test, rest = self._any(tokens[1:])
            assert rest[0][0] == ")"
            return test, rest[1:]
        return self._comparison(field, operator, re.sub(r"\\(.)", r"\1", value)), tokens[1:]

    def _comparison(self, field: str, operator: str, value: str) -> Test:
        if field.startswith("Requestor."):
            column = field.removeprefix("Requestor.")
            pattern = re.compile(".*".join(map(re.escape, value.split("%"))), re.IGNORECASE)
            match = pattern.search if operator == "LIKE" else pattern.fullmatch

            def watched(row: Row) -> bool:
                found = any(match(user.get(column, "")) for user in row["Requestor"])
                return not found if operator == "!=" else found

            return watched
        if field in ("Created", "LastUpdated"):
            at = self._read(value)
            return lambda row: row[field] >= at if operator == ">=" else row[field] <= at
        if field == "Queue":
            return lambda row: row["Queue"]["id"] == value
        assert operator == "="
        return lambda row: row[field].lower() == value.lower()

    def _read(self, text: str) -> str:
        """As RT does: read the text as UTC, then take off the user's offset at that instant."""
        as_if_utc = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        offset = as_if_utc.astimezone(self._zone).utcoffset()
        assert offset is not None
        return (as_if_utc - offset).strftime("%Y-%m-%dT%H:%M:%SZ")
