"""Salesforce's REST API as far as it is read: queries in SOQL, SOSL and Data Cloud's SQL, and its errors.

"REST API Developer Guide": Query, Search, Status Codes and Error Responses; "Connect REST API": Query V2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, RateLimitedError, RefusedError
from connectors.http import ClientCredentials, VendorHttp
from connectors.mapping import decode_rows
from connectors.wire import Answer

VERSION = "/services/data/v61.0"
"""From 62.0 on a voice call's numbers have other names (Object Reference, VoiceCall)."""

ABSENT = frozenset({"INVALID_TYPE", "INVALID_FIELD", "INSUFFICIENT_ACCESS"})
"""What is not there and what may not be read is one to Salesforce."""

NO_SUCH_ID = "INVALID_QUERY_FILTER_OPERATOR"
"""Said of a text that could be an id, and is none."""


class Found(NamedTuple):
    """odd: rows that are no objects. is_last: the vendor gave all that the query asked for."""

    rows: list[dict[str, Any]]
    odd: int
    is_last: bool


class Table(NamedTuple):
    """As `Found`; the columns are those of the statement, in small letters, whether there are rows or not."""

    rows: list[dict[str, Any]]
    odd: int
    is_last: bool
    columns: frozenset[str]


class _Records(msgspec.Struct):
    records: list[msgspec.Raw]
    done: bool = True


class _SearchRecords(msgspec.Struct, rename="camel"):
    search_records: list[msgspec.Raw]


class _WithId(msgspec.Struct, rename="pascal"):
    id: str


class _Column(msgspec.Struct, rename="camel"):
    place_in_order: int


class _Answered(msgspec.Struct):
    data: list[msgspec.Raw]
    metadata: dict[str, _Column]
    done: bool = True


class _TableRow(msgspec.Struct, rename="camel"):
    """How the Connect API writes a row from 55.0 on; before, and by Data Cloud's own address, it is the list alone."""

    row_data: list[Any]


class _Fault(msgspec.Struct, rename="camel"):
    error_code: str


def client_credentials(login_url: str, client_id: str, client_secret: str) -> ClientCredentials:
    return ClientCredentials(f"{login_url.rstrip('/')}/services/oauth2/token", client_id, client_secret)


class SalesforceApi:
    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    async def rows(self, soql: str, deadline: Deadline) -> Found:
        answer = await self._http.send("GET", f"{VERSION}/query", deadline, params=[("q", soql)], expect=(400, 403))
        if self._is_no_such_id(answer):
            return Found([], 0, True)
        records = self._http.decode(answer.body, _Records)
        rows, odd = decode_rows(records.records, dict[str, Any])
        return Found(rows, odd, records.done)

    async def search(self, sosl: str, deadline: Deadline) -> list[str]:
        """Ids of what was found."""
        answer = await self._http.send("GET", f"{VERSION}/search", deadline, params=[("q", sosl)], expect=(400, 403))
        self._is_no_such_id(answer)
        found = self._http.decode(answer.body, _SearchRecords).search_records
        return [row.id for row in decode_rows(found, _WithId)[0]]

    async def table(self, sql: str, deadline: Deadline) -> Table:
        answer = await self._http.send(
            "POST", f"{VERSION}/ssot/queryv2", deadline, json={"sql": sql}, expect=(400, 403)
        )
        self._is_no_such_id(answer)
        table = self._http.decode(answer.body, _Answered)
        rows, odd = decode_rows(table.data, _TableRow | list[Any])  # type: ignore[arg-type]
        names = {column.place_in_order: name.lower() for name, column in table.metadata.items()}
        return Table([_named(row, names) for row in rows], odd, table.done, frozenset(names.values()))

    def _is_no_such_id(self, answer: Answer) -> bool:
        """Whether it says so; any other error is raised."""
        if answer.status < 400:
            return False
        faults, _ = decode_rows([msgspec.Raw(answer.body)], list[_Fault])
        codes = {fault.error_code for fault in faults[0]} if faults else set()
        if codes == {NO_SUCH_ID}:
            return True
        raise self._failure(answer.status, codes)

    def _failure(self, status: int, codes: set[str]) -> ConnectorError:
        source = self._http.source
        if "REQUEST_LIMIT_EXCEEDED" in codes:
            return RateLimitedError(source, "its calls of this day are used up")
        if codes & ABSENT:
            return RefusedError(source, "an object or a field is not there, or may not be read by the app's user")
        if status == 403:
            return RefusedError(source, "the credential is not accepted, or may not read this")
        return MalformedError(source, f"it did not understand the question (status {status})")


def _named(row: _TableRow | list[Any], names: dict[int, str]) -> dict[str, Any]:
    values = row if isinstance(row, list) else row.row_data
    return {names[place]: value for place, value in enumerate(values) if place in names}
