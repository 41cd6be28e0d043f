"""Data Cloud's query service as Salesforce's Connect API has it: any SQL over one engagement object, told by SQLite.

A row is an object that holds a list, a column's place stands in `metadata`, times read `2026-11-23 01:02:03.000 UTC`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import CAMPAIGNS, stable_uuid
from sandbox.contacts import Contact, Person
from sandbox.vendor import Vendor, json_answer, tells_foreign_rows
from sandbox.vendors.salesforce_http import VERSION, error, failure, refusal, token

TABLE = "Contact_Attempt__dlm"
COLUMNS = {
    "ssot__Id__c": "VARCHAR",
    "ssot__IndividualId__c": "VARCHAR",
    "PhoneNumber__c": "VARCHAR",
    "EmailAddress__c": "VARCHAR",
    "CustomerId__c": "VARCHAR",
    "CallStart__c": "TIMESTAMP WITH TIME ZONE",
    "CallEnd__c": "TIMESTAMP WITH TIME ZONE",
    "ChannelType__c": "VARCHAR",
    "Direction__c": "VARCHAR",
    "Outcome__c": "VARCHAR",
    "OutcomeType__c": "VARCHAR",
    "AgentId__c": "VARCHAR",
    "AgentName__c": "VARCHAR",
    "AgentComments__c": "VARCHAR",
    "Campaign__c": "VARCHAR",
    "NumberType__c": "VARCHAR",
    "PreviousScore__c": "DECIMAL",
    "CurrentScore__c": "DECIMAL",
}
STATEMENT = """
    SELECT ssot__Id__c AS id, ssot__IndividualId__c AS person, PhoneNumber__c AS phone, EmailAddress__c AS email,
           CustomerId__c AS customer, CallStart__c AS started_at, CallEnd__c AS ended_at, ChannelType__c AS channel,
           Direction__c AS direction, Outcome__c AS outcome, OutcomeType__c AS outcome_kind, AgentId__c AS agent_id,
           AgentName__c AS agent_name, AgentComments__c AS agent_comments, Campaign__c AS campaign_name,
           NumberType__c AS number_type, PreviousScore__c AS previous_score, CurrentScore__c AS current_score
    FROM Contact_Attempt__dlm
"""
"""What an operator would configure over it."""

CHANNELS = {"voice": "Voice", "callback": "Voice", "email": "Email", "web_messaging": "Chat"}
IDENTITY = ("person", "phone", "email", "customer")
MOST_A_BATCH = 80
_INSTANT = re.compile(r"TIMESTAMP WITH TIME ZONE '(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})\+00:00'")
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}


class _Asked(msgspec.Struct):
    sql: str


class SalesforceDataCloud(Vendor):
    name = "salesforce_data_cloud"
    plays = "genesys_cloud"
    calls_per_minute = 600

    def routes(self) -> Sequence[Route]:
        return [
            Route("/services/oauth2/token", token, methods=["POST"]),
            Route(f"{VERSION}/ssot/queryv2", self._answering(self.query), methods=["POST"]),
            Route(f"{VERSION}/ssot/queryv2/{{batch}}", self._answering(self.query_more)),
        ]

    def refusal(self, request: Request) -> Response | None:
        return refusal(request)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return failure(status, retry_after)

    def _answering(
        self, handler: Callable[[Request], Awaitable[dict[str, Any]]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                return json_answer(await handler(request))
            except (msgspec.DecodeError, sqlite3.Error, ValueError):
                return error(400, "INVALID_ARGUMENT", "The query could not be executed.")

        return answer

    async def query(self, request: Request) -> dict[str, Any]:
        return self._batch(msgspec.json.decode(await request.body(), type=_Asked).sql, 0)

    async def query_more(self, request: Request) -> dict[str, Any]:
        text, _, start = request.path_params["batch"].rpartition("-")
        return self._batch(bytes.fromhex(text).decode(), int(start))

    def _batch(self, sql: str, start: int) -> dict[str, Any]:
        cursor = self._database.execute(_INSTANT.sub(r"'\1 UTC'", sql))
        names = [column[0] for column in cursor.description or ()]
        if not names:
            raise ValueError("a statement without columns")
        found = [self._shown(names, list(row)) for row in cursor.fetchall()]
        end = start + MOST_A_BATCH
        following = {} if end >= len(found) else {"nextBatchId": f"{sql.encode().hex()}-{end}"}
        kinds = {"started_at": "TIMESTAMP WITH TIME ZONE", "previous_score": "DECIMAL", "current_score": "DECIMAL"}
        return {
            "data": [{"rowData": row} for row in found[start:end]],
            "startTime": f"{self.clock():%Y-%m-%dT%H:%M:%S}Z",
            "endTime": f"{self.clock():%Y-%m-%dT%H:%M:%S}Z",
            "rowCount": len(found[start:end]),
            "queryId": stable_uuid("data cloud query", sql),
            "done": not following,
            **following,
            "metadata": {
                name: {"type": kinds.get(name, "VARCHAR"), "placeInOrder": place, "typeCode": 12}
                for place, name in enumerate(names)
            },
        }

    def _shown(self, names: Sequence[str], row: list[Any]) -> list[Any]:
        """Somebody else's while the fault `foreign` is on."""
        if not tells_foreign_rows.get() or "person" not in names:
            return row
        other = self._values(self.told(self._people[row[names.index("person")]]))
        return [other.get(name, value) for name, value in zip(names, row, strict=True)]

    @cached_property
    def _people(self) -> dict[str, Person]:
        return {_individual(person): person for person in self.people()}

    def _values(self, person: Person) -> dict[str, str | None]:
        held = self.population.held(person, self.part)
        phone = held.phones[0][0].removeprefix("+") if held.phones else None
        return dict(
            zip(IDENTITY, (_individual(person), phone, next(iter(held.emails), None), held.crm_id), strict=True)
        )

    @cached_property
    def _database(self) -> sqlite3.Connection:
        """In memory; whatever is asked, it is only read."""
        database = sqlite3.connect(":memory:", check_same_thread=False)
        columns = ", ".join(f'"{name}" {"REAL" if kind == "DECIMAL" else "TEXT"}' for name, kind in COLUMNS.items())
        database.execute(f"CREATE TABLE {TABLE} ({columns})")
        places = ", ".join("?" for _ in COLUMNS)
        insert = f"INSERT INTO {TABLE} VALUES ({places})"  # noqa: S608 (own names)
        database.executemany(insert, [self._row(c) for person in self.people() for c in self.contacts(person)])
        database.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY)
        return database

    def _row(self, contact: Contact) -> list[Any]:
        """The number that was used, else the first that is known."""
        known = self._values(contact.person)
        agent, code = contact.agent, contact.wrap_up
        campaign = contact.campaign or next(c for c in CAMPAIGNS if c.division is contact.person.division)
        before = 40 + contact.number % 30
        succeeded = contact.status == "completed" and (code is None or code.name != "Not interested")
        ended_at = contact.ended_at or contact.last_activity_at
        return [
            stable_uuid("attempt", contact.number),
            known["person"],
            contact.address.removeprefix("+") if contact.address.startswith("+") else known["phone"],
            known["email"],
            known["customer"],
            f"{contact.started_at:%Y-%m-%d %H:%M:%S}.000 UTC",
            f"{ended_at:%Y-%m-%d %H:%M:%S}.000 UTC",
            CHANNELS[contact.channel],
            contact.direction.title(),
            "No Answer" if contact.status in ("abandoned", "missed") else code.name if code else "Contacted",
            "Success" if succeeded else "Failure",
            agent and agent.email,
            agent and agent.name,
            contact.wrap_up_note,
            campaign.name,
            dict(contact.person.phones).get(contact.address, "").title() or None,
            before,
            before + (12 if succeeded else -5),
        ]


def _individual(person: Person) -> str:
    return stable_uuid("individual", person.number)
