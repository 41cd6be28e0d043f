"""As much of JQL as finds a customer's issues: conditions joined by AND, and an order."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.contacts import Contact, Person
from sandbox.vendors.jira_rows import ZONE, account_id, agent_account_id, project_id, project_key

_CLAUSE = re.compile(r'\s*(\w+)\s*(>=|<=|=|>|<|in\b)\s*(\((?:"[^"]*"|[^()"])*\)|"[^"]*"|\S+)\s*', re.IGNORECASE)
_ORDER = re.compile(r"\s+order\s+by\s+(.+)$", re.IGNORECASE)
_VALUE = re.compile(r'"([^"]*)"|([^\s,()"]+)')
_FORMATS = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")


class BadJqlError(Exception):
    """The query cannot be read, or is without a bound."""


@dataclass(frozen=True, slots=True)
class Clause:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Jql:
    clauses: tuple[Clause, ...]
    order: tuple[tuple[str, bool], ...]
    """Field and whether it descends."""

    @classmethod
    def parse(cls, text: str) -> Jql:
        order = _ORDER.search(text)
        conditions = text[: order.start()] if order else text
        parts = [part for part in re.split(r"\s+and\s+", conditions, flags=re.IGNORECASE) if part.strip()]
        if not parts:
            raise BadJqlError("Unbounded JQL queries are not allowed here. Please add a search restriction.")
        return cls(tuple(map(_clause, parts)), tuple(_ordering(order.group(1)) if order else ()))

    def people(self, everybody: Sequence[Person]) -> list[Person]:
        asked = [clause for clause in self.clauses if clause.field == "reporter"]
        return [person for person in everybody if all(account_id(person) in clause.values for clause in asked)]

    def holds(self, contact: Contact) -> bool:
        return all(_fulfils(clause, contact) for clause in self.clauses if clause.field != "reporter")

    def sort(self, contacts: list[Contact]) -> None:
        for field, descends in reversed(self.order):
            contacts.sort(key=_SORTABLE[field], reverse=descends)


_SORTABLE: Mapping[str, Callable[[Contact], Any]] = {
    "created": lambda contact: contact.started_at,
    "updated": lambda contact: contact.last_activity_at,
    "key": lambda contact: contact.number,
}


def _clause(text: str) -> Clause:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise BadJqlError("Error in the JQL Query")
    field, operator, value = match.group(1).lower(), match.group(2).lower(), match.group(3)
    if field not in ("reporter", "created", "updated", "project", "assignee", "labels"):
        raise BadJqlError("A field does not exist or you do not have permission to view it.")
    if (field in ("created", "updated")) is (operator in ("=", "in")):
        raise BadJqlError("The operator is not supported by the field.")
    return Clause(field, operator, tuple(quoted or plain for quoted, plain in _VALUE.findall(value)))


def _ordering(text: str) -> list[tuple[str, bool]]:
    order = []
    for part in text.split(","):
        field, _, direction = part.strip().lower().partition(" ")
        if field not in _SORTABLE or direction.strip() not in ("", "asc", "desc"):
            raise BadJqlError("Not able to sort using field")
        order.append((field, direction.strip() == "desc"))
    return order


def _fulfils(clause: Clause, contact: Contact) -> bool:
    if clause.field in ("created", "updated"):
        at = contact.started_at if clause.field == "created" else contact.last_activity_at
        bound = _moment(clause.values[0])
        return {">=": at >= bound, "<=": at <= bound, ">": at > bound, "<": at < bound}[clause.operator]
    held = {
        "project": {project_id(contact.person.division), project_key(contact.person.division)},
        "assignee": {agent_account_id(contact.agent)} if contact.agent else set(),
        "labels": set(contact.tags),
    }[clause.field]
    return not held.isdisjoint(clause.values)


def _moment(text: str) -> datetime:
    """In the time zone of whoever asks; relative ones in days."""
    if re.fullmatch(r"-?\d+d", text):
        return datetime.now(UTC) + timedelta(days=int(text[:-1]))
    for format_ in _FORMATS:
        try:
            return datetime.strptime(text, format_).replace(tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
        except ValueError:
            continue
    raise BadJqlError("A date could not be read. Valid formats include: 'yyyy/MM/dd HH:mm'")
