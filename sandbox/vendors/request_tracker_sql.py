"""TicketSQL, as far as a caller that asks for one customer's tickets needs it, with the server's own leniencies."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sandbox.contacts import LONGEST, OPEN_WITHIN, Contact, Person, Priority, Status

LIB = "/usr/share/request-tracker5/lib/RT"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STATUSES: dict[Status, str] = {
    "queued": "new",
    "active": "open",
    "pending": "stalled",
    "on_hold": "stalled",
    "completed": "resolved",
    "missed": "rejected",
    "abandoned": "rejected",
    "failed": "rejected",
}
PRIORITIES: dict[Priority | None, int] = {None: 0, "low": 20, "normal": 50, "high": 80, "urgent": 100}
OPEN = {"new", "open", "stalled", "__active__"}
PHONE_FIELDS = {"MobilePhone": "mobile", "WorkPhone": "work", "HomePhone": "home", "PagerPhone": "office"}
USER_FIELDS = {"EmailAddress", "Name", "RealName", "NickName", "Organization", "id", *PHONE_FIELDS}
DATE_FIELDS = {"Created", "LastUpdated", "Started", "Resolved", "Due", "Starts", "Told"}
TEXT_FIELDS = {"Subject", "Status", "Queue", "Owner", "Type"}
NUMBER_FIELDS = {"id", "Priority"}

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
      | (?P<operator>!=|<>|<=|>=|=|<|>)
      | (?P<word>-?\w+(?:\.\w+|\.\{[^}]*\})*)
    )""",
    re.VERBOSE,
)
_WORD_OPERATORS = ("NOT LIKE", "LIKE", "NOT STARTSWITH", "STARTSWITH", "NOT ENDSWITH", "ENDSWITH", "IS NOT", "IS")
_SERVER_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?: (\d\d):(\d\d)(?::(\d\d))?)?$")


class BadQuery(Exception):
    """The server refuses the query with a 400 and this message, which names a file of its own."""


class Span(NamedTuple):
    """start inclusive, end exclusive, of Created."""

    start: datetime | None = None
    end: datetime | None = None


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Condition:
    field: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Group:
    """Several conditions joined by one word."""

    all_of: bool
    parts: tuple[Condition | Group, ...]


Node = Condition | Group


@dataclass(frozen=True, slots=True)
class Plan:
    """Where the tickets can be: `exact` when every ticket of these people in this span is one of them."""

    people: frozenset[int] | None = None
    span: Span = ALWAYS
    exact: bool = True


def parse(query: str) -> Node:
    tokens = list(_tokens(query))
    node, rest = _any_of(tokens)
    if rest:
        raise BadQuery(f"Incomplete query, expecting an aggregator at '{rest[0]}' at {LIB}/SQL.pm line 188.\n")
    return node


def _tokens(query: str) -> Iterator[str]:
    position, query = 0, query.rstrip()
    while position < len(query):
        found = _TOKEN.match(query, position)
        if found is None:
            raise BadQuery(f"Wrong query, no way to read '{query[position:]}' at {LIB}/SQL.pm line 152.\n")
        position = found.end()
        yield found.group().strip()


def _any_of(tokens: list[str]) -> tuple[Node, list[str]]:
    parts, rest = [], tokens
    while True:
        part, rest = _all_of(rest)
        parts.append(part)
        if not rest or rest[0].upper() != "OR":
            return (parts[0] if len(parts) == 1 else Group(False, tuple(parts))), rest
        rest = rest[1:]


def _all_of(tokens: list[str]) -> tuple[Node, list[str]]:
    parts, rest = [], tokens
    while True:
        part, rest = _one(rest)
        parts.append(part)
        if not rest or rest[0].upper() != "AND":
            return (parts[0] if len(parts) == 1 else Group(True, tuple(parts))), rest
        rest = rest[1:]


def _one(tokens: list[str]) -> tuple[Node, list[str]]:
    if tokens and tokens[0] == "(":
        node, rest = _any_of(tokens[1:])
        if not rest or rest[0] != ")":
            raise BadQuery(f"Incomplete query, the bracket is never closed at {LIB}/SQL.pm line 192.\n")
        return node, rest[1:]
    if len(tokens) < 3:
        raise BadQuery(f"Incomplete query, expecting a condition at {LIB}/SQL.pm line 181.\n")
    field, rest = tokens[0], tokens[1:]
    for words in _WORD_OPERATORS:
        count = words.count(" ") + 1
        if " ".join(rest[:count]).upper() == words and len(rest) > count:
            return _condition(field, words, rest[count]), rest[count + 1 :]
    return _condition(field, rest[0], rest[1]), rest[2:]


def _condition(field: str, word: str, literal: str) -> Condition:
    value = re.sub(r"\\(.)", r"\1", literal[1:-1]) if literal[:1] in "'\"" else literal
    name, _, sub = field.partition(".")
    if name == "Requestor":
        if sub and sub not in USER_FIELDS and not sub.startswith("CustomField."):
            raise BadQuery(f"Invalid watcher subfield: '{sub}' at {LIB}/Tickets.pm line 1165.\n")
        return Condition(f"Requestor.{sub or 'EmailAddress'}", "!=" if word == "<>" else word, value)
    if field not in DATE_FIELDS | TEXT_FIELDS | NUMBER_FIELDS and name not in ("CF", "CustomField"):
        raise BadQuery(f"Unknown field: {field} at {LIB}/Tickets.pm line 3187.\n")
    return Condition(field, "!=" if word == "<>" else word, value)


def server_time(text: str) -> datetime:
    """What the server reads in a time literal, in the user's time zone (UTC here). What it can't read is 1970."""
    found = _SERVER_TIME.match(text.strip())
    if found is None:
        return EPOCH
    try:
        return datetime(*(int(part or 0) for part in found.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return EPOCH


def plan(
    node: Node,
    people: Sequence[Person],
    user_value: Callable[[Person, str], str],
    numbered: Callable[[int], Contact | None],
    now: datetime,
) -> Plan:
    """Narrow the search. `user_value` tells a field of a user, `numbered` the ticket of a number."""
    if isinstance(node, Group):
        plans = [plan(part, people, user_value, numbered, now) for part in node.parts]
        return _meet(plans) if node.all_of else _join(plans)
    if node.field == "id" and node.operator == "=" and node.value.isdigit():
        contact = numbered(int(node.value))
        return Plan(people=frozenset({contact.person.number} if contact else ()), span=_second(contact), exact=False)
    if node.field.startswith("Requestor."):
        name = node.field.removeprefix("Requestor.")
        held = (person.number for person in people if _text_holds(node, user_value(person, name)))
        return Plan(people=frozenset(held))
    if node.field == "Status" and node.operator == "=" and node.value.lower() in OPEN:
        return Plan(span=Span(now - OPEN_WITHIN), exact=False)
    if node.field == "LastUpdated" and node.operator in (">", ">="):
        return Plan(span=Span(server_time(node.value) - LONGEST), exact=False)
    if node.field == "Created" and node.operator in ("=", "<", "<=", ">", ">="):
        return Plan(span=_created(node))
    return Plan(exact=node == Condition("Type", "=", "ticket"))


def _second(contact: Contact | None) -> Span:
    return Span(contact.started_at, contact.started_at + timedelta(seconds=1)) if contact else ALWAYS


def _created(condition: Condition) -> Span:
    moment, second = server_time(condition.value), timedelta(seconds=1)
    if condition.operator == "=":
        midnight = moment.replace(hour=0, minute=0, second=0)
        return Span(midnight, midnight + timedelta(days=1))
    if condition.operator.startswith(">"):
        return Span(moment if condition.operator == ">=" else moment + second, None)
    return Span(None, moment + second if condition.operator == "<=" else moment)


def _meet(plans: Sequence[Plan]) -> Plan:
    named = [plan.people for plan in plans if plan.people is not None]
    starts = [plan.span.start for plan in plans if plan.span.start]
    ends = [plan.span.end for plan in plans if plan.span.end]
    return Plan(
        people=frozenset.intersection(*named) if named else None,
        span=Span(max(starts, default=None), min(ends, default=None)),
        exact=all(plan.exact for plan in plans),
    )


def _join(plans: Sequence[Plan]) -> Plan:
    """Alternatives about people add up exactly; any other mixture is settled ticket by ticket."""
    named = [plan.people for plan in plans if plan.people is not None]
    starts = [plan.span.start for plan in plans if plan.span.start]
    ends = [plan.span.end for plan in plans if plan.span.end]
    return Plan(
        people=frozenset.union(*named) if len(named) == len(plans) else None,
        span=Span(
            min(starts) if len(starts) == len(plans) else None,
            max(ends) if len(ends) == len(plans) else None,
        ),
        exact=len(named) == len(plans) and all(plan.exact and plan.span == ALWAYS for plan in plans),
    )


def holds(node: Node, contact: Contact, value: Callable[[Contact, str], str | datetime]) -> bool:
    """Whether a ticket fulfils the query. `value` tells a field of it: text, or a moment for dates."""
    if isinstance(node, Group):
        found = (holds(part, contact, value) for part in node.parts)
        return all(found) if node.all_of else any(found)
    held = value(contact, node.field)
    if isinstance(held, datetime):
        return _date_holds(node, held)
    if node.field in NUMBER_FIELDS:
        return _compare(node.operator, int(held or 0), int(node.value) if node.value.lstrip("-").isdigit() else 0)
    return _text_holds(node, held)


def _date_holds(node: Condition, held: datetime) -> bool:
    moment = server_time(node.value)
    if node.operator in ("=", "!="):
        return (held.date() == moment.date()) == (node.operator == "=")
    return _compare(node.operator, held.timestamp(), moment.timestamp())


def _compare(word: str, held: float, wanted: float) -> bool:
    compare = {
        "=": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }.get(word)
    return compare is not None and bool(compare(held, wanted))


def _like(wanted: str, held: str) -> bool:
    """As the database compares: anywhere in the text, `%` for any run of characters and `_` for one."""
    pattern = re.escape(wanted).replace("%", ".*").replace("_", ".")
    return re.search(pattern, held, re.DOTALL) is not None


def _text_holds(node: Condition, held: str) -> bool:
    held, wanted, word = held.lower(), node.value.lower(), node.operator.removeprefix("NOT ")
    if word in ("=", "!="):
        found = held == wanted or (
            node.field == "Status" and wanted == "__active__" and held in ("new", "open", "stalled")
        )
        return found == (word == "=")
    if word in ("IS", "IS NOT"):
        return (held == "") == (word == "IS")
    found = {
        "LIKE": _like(wanted, held),
        "STARTSWITH": held.startswith(wanted),
        "ENDSWITH": held.endswith(wanted),
    }.get(word, False)
    return found != node.operator.startswith("NOT ")
