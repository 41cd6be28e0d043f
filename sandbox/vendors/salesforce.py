"""Salesforce's REST API: client credentials, SOQL over people, tasks and voice calls, SOSL for people.

A batch may hold fewer rows than a query asks for, and its locator leads on; whatever is absent or hidden is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.population import Population
from sandbox.vendor import CALLS_LEFT, Clock, Vendor, json_answer, tells_foreign_rows
from sandbox.vendors import salesforce_rows as rows
from sandbox.vendors.salesforce_http import VERSION, error, failure, number_of, refusal, token
from sandbox.vendors.salesforce_soql import Parser, Row, Soql, SoqlError, value_at

MOST_A_BATCH = 60
MOST_CALLS_A_DAY = 15_000
WHOSE = ("WhoId", "RelatedRecordId", "Id")
LED_BY = ("PreviousCallId", "PreviousCall.PreviousCallId", "PreviousCall.PreviousCall.PreviousCallId")
COLUMNS: Mapping[str, frozenset[str]] = {
    "Contact": rows.PEOPLE_COLUMNS,
    "Lead": rows.LEAD_COLUMNS,
    "Task": rows.TASK_COLUMNS,
    "VoiceCall": rows.CALL_COLUMNS,
}
_SOSL = re.compile(r"FIND \{(?P<looked_for>(?:[^{}\\]|\\.)+)\} IN (?P<where>PHONE|ALL) FIELDS RETURNING (?P<people>.+)")
_RETURNED = re.compile(r"(\w+)\(Id LIMIT (\d+)\)")


class Salesforce(Vendor):
    name = "salesforce"
    plays = "genesys_cloud"
    calls_per_minute = 600

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {rows.person_id(person): person for person in self.people()}

    def routes(self) -> Sequence[Route]:
        return [
            Route("/services/oauth2/token", token, methods=["POST"]),
            Route(f"{VERSION}/query", self._answering(self.query)),
            Route(f"{VERSION}/query/{{locator}}", self._answering(self.query_more)),
            Route(f"{VERSION}/search", self._answering(self.search)),
        ]

    def refusal(self, request: Request) -> Response | None:
        return refusal(request)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return failure(status, retry_after)

    def _answering(self, handler: Callable[[Request], Row]) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            used = MOST_CALLS_A_DAY - (request.scope.get(CALLS_LEFT) or MOST_CALLS_A_DAY)
            headers = {"sforce-limit-info": f"api-usage={used}/{MOST_CALLS_A_DAY}"}
            try:
                return json_answer(handler(request), headers=headers)
            except SoqlError as refused:
                return error(404 if refused.code == "NOT_FOUND" else 400, refused.code, str(refused))

        return answer

    # SOQL

    def query(self, request: Request) -> Row:
        return self._batch(request.query_params.get("q", ""), 0)

    def query_more(self, request: Request) -> Row:
        """A locator: what was asked, and where it goes on."""
        name, _, start = request.path_params["locator"].rpartition("-")
        try:
            return self._batch(bytes.fromhex(name.removeprefix("01g")).decode(), int(start))
        except ValueError:
            raise SoqlError("INVALID_QUERY_LOCATOR", "invalid query locator") from None

    def _batch(self, text: str, start: int) -> Row:
        query = Parser(text, WHOSE if tells_foreign_rows.get() else ()).parse()
        if query.table not in COLUMNS:
            raise SoqlError("INVALID_TYPE", f"sObject type '{query.table}' is not supported.")
        for path in query.paths():
            if path not in COLUMNS[query.table]:
                raise SoqlError("INVALID_FIELD", f"No such column '{path}' on entity '{query.table}'.")
        found = [row for row in self._candidates(query) if query.holds(row)]
        query.sort(found)
        found = found[: query.limit]
        batch = [_shown(row, query) for row in found[start : start + MOST_A_BATCH]]
        end = start + len(batch)
        following = {} if end >= len(found) else {"nextRecordsUrl": f"{VERSION}/query/01g{text.encode().hex()}-{end}"}
        return {"totalSize": len(found), "done": not following, **following, "records": batch}

    def _candidates(self, query: Soql) -> Iterable[Row]:
        """Rows that conditions on people or ids may let through; without any, the newest few."""
        if query.table in ("Contact", "Lead"):
            people = [p for p in self._people.values() if rows.is_lead(p) is (query.table == "Lead")]
            if tells_foreign_rows.get():
                people = [self.told(self._people[id_]) for id_ in query.values_of("Id") if id_ in self._people]
            return [self._person_row(person) for person in people]
        found: dict[int, Contact] = {}
        for id_ in query.values_of("WhoId", "RelatedRecordId"):
            if id_ in self._people and not query.values_of("ActivityId"):
                found |= {contact.number: contact for contact in self.contacts(self._people[id_])}
        for number in self._numbers(query):
            contact = self.contact(number)
            found |= {} if contact is None else {contact.number: contact}
        if not found and not query.conditions:
            found = {contact.number: contact for contact in islice(self.population.all_contacts(self.part), 50)}
        contacts = sorted(found.values(), key=lambda contact: contact.number)
        if query.table == "Task":
            return [rows.task_row(contact) for contact in contacts]
        return [row for contact in contacts if rows.is_call(contact) for row in rows.call_rows(contact)]

    def _numbers(self, query: Soql) -> list[int]:
        """Of the contacts whose ids are asked for."""
        tasks = [number_of("00T", id_) for id_ in query.values_of("Id", "ActivityId")]
        calls = [number_of("0LQ", id_) for id_ in query.values_of("Id", *LED_BY)]
        return [n for n in tasks if n is not None] + [n // 10 for n in calls if n is not None]

    def _person_row(self, person: Person) -> Row:
        return rows.person_row(person, self.population.held(person, self.part))

    # SOSL

    def search(self, request: Request) -> Row:
        asked = _SOSL.fullmatch(request.query_params.get("q", ""))
        if asked is None:
            raise SoqlError("MALFORMED_SEARCH", "unexpected token")
        limits = {name: int(limit) for name, limit in _RETURNED.findall(asked["people"])}
        matches = _by_number if asked["where"] == "PHONE" else _by_words
        found: list[Row] = []
        for kind, limit in limits.items():
            people = [p for p in self._people.values() if rows.is_lead(p) is (kind == "Lead")]
            held = [person for person in people if matches(asked["looked_for"], self._person_row(person))]
            shown = [self._person_row(self.told(person)) for person in held[:limit]]
            found += [{"attributes": row["attributes"], "Id": row["Id"]} for row in shown]
        return {"searchRecords": found}


def _by_number(looked_for: str, row: Row) -> bool:
    """A number is one word of its digits, and each of its groups is one."""
    asked = [_digits(part) for part in looked_for.split(" OR ")]
    if not all(asked):
        raise SoqlError("MALFORMED_SEARCH", "search term must be longer than one character")
    numbers = [_digits(row[name] or "") for name in ("Phone", "MobilePhone")]
    return any(number and number.endswith(part) for number in numbers for part in asked)


def _by_words(looked_for: str, row: Row) -> bool:
    """Every word begins a word of the row's."""
    words = re.sub(r"\\(.)", r"\1", looked_for).split()
    if sum(map(len, words)) < 2:
        raise SoqlError("MALFORMED_SEARCH", "search term must be longer than one character")
    held = [word for value in row.values() if isinstance(value, str) for word in value.lower().split()]
    return all(any(other.startswith(word.lower()) for other in held) for word in words)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _shown(row: Row, query: Soql) -> Row:
    """The columns that were asked for, those of other objects within them."""
    shown: Row = {"attributes": row["attributes"]}
    for path in query.columns:
        within = shown
        *objects, last = path.split(".")
        for place, step in enumerate(objects):
            found: Any = value_at(row, ".".join(objects[: place + 1]))
            if found is None:
                within[step] = None
                break
            within = within.setdefault(step, {"attributes": found.get("attributes", {})})
        else:
            within[last] = value_at(row, path)
    return shown | {name: row[name] for name in query.nested}
