"""Zendesk's search language, as far as its search reference documents it for tickets and users."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from heapq import merge, nsmallest
from itertools import islice
from zlib import crc32

from sandbox.contacts import LONGEST, OPEN_WITHIN, Contact, ContactLog, Person, Status

STATUSES: dict[Status, str] = {
    "queued": "new",
    "active": "open",
    "pending": "pending",
    "on_hold": "hold",
    "completed": "solved",
    "missed": "solved",
    "abandoned": "solved",
    "failed": "solved",
}
STATUS_ORDER = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITY_ORDER = (None, "low", "normal", "high", "urgent")
CLOSES_AFTER = timedelta(days=28)
ROW_LIMIT = 1_000

_TERM = re.compile(r'(-?)(\w+)(:|>=|<=|>|<)("[^"]*"|\S+)|"([^"]*)"|(\S+)')
_DAY = re.compile(r"\d{4}-\d\d-\d\d$")
CREATED = frozenset({"created", "created_at"})
UPDATED = frozenset({"updated", "updated_at"})
TIME_FIELDS = CREATED | UPDATED
FREE = CREATED | {"type", "requester", "requester_id"}
"""Properties that are settled without looking at a ticket."""

RANKS = {"status": STATUS_ORDER, "priority": ("low", "normal", "high", "urgent")}


@dataclass(frozen=True, slots=True)
class Term:
    field: str
    operator: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Search:
    """`terms`: property conditions. `words`: free text, which the resource must contain somewhere."""

    terms: tuple[Term, ...]
    words: tuple[str, ...]

    @property
    def types(self) -> set[str]:
        return {term.value.lower() for term in self.terms if term.field == "type"}

    def values(self, name: str) -> list[str]:
        return [term.value for term in self.terms if term.field == name and not term.negated]


def parse(query: str) -> Search:
    terms, words = [], []
    for minus, name, operator, value, quoted, word in _TERM.findall(query):
        if name:
            terms.append(Term(name.lower(), operator, value.strip('"'), bool(minus)))
        elif quoted or word:
            words.append((quoted or word).lower())
    return Search(tuple(terms), tuple(words))


def status_of(contact: Contact, now: datetime) -> str:
    word = STATUSES[contact.status]
    if word == "solved" and contact.ended_at and now - contact.ended_at > CLOSES_AFTER:
        return "closed"
    return word


@dataclass(frozen=True, slots=True)
class Bounds:
    """start inclusive, end exclusive."""

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        return (self.start is None or moment >= self.start) and (self.end is None or moment < self.end)


def bounds(terms: Sequence[Term], names: frozenset[str]) -> Bounds:
    """What the conditions on a time add up to; the vendor counts in whole seconds. Raises ValueError."""
    start, end = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for term in terms:
        if term.field not in names:
            continue
        first, length = _moment(term.value)
        if term.operator in (">=", ":"):
            start = max(start, first)
        if term.operator == ">":
            start = max(start, first + length)
        if term.operator == "<":
            end = min(end, first)
        if term.operator in ("<=", ":"):
            end = min(end, first + length)
    return Bounds(None if start.year == 1 else start, None if end.year == 9999 else end)


def _moment(text: str) -> tuple[datetime, timedelta]:
    if _DAY.match(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC), timedelta(days=1)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC), timedelta(seconds=1)


@dataclass(slots=True)
class TicketRows:
    """The tickets a search finds: how many, and the first of them in the order asked (never above ROW_LIMIT)."""

    search: Search
    now: datetime
    logs: list[ContactLog] = field(default_factory=list)

    def find(self, sort_by: str | None, descending: bool, limit: int | None = ROW_LIMIT) -> tuple[int, list[Contact]]:
        start, end = self._narrowed()
        ranges = [(log, log.window(start, end)) for log in self.logs]
        if self._needs_rows():
            found = [contact for log, span in ranges for at in span if self._holds(contact := log[at])]
            return len(found), self._sorted(found, sort_by, descending)[:limit]
        total = sum(len(span) for _, span in ranges)
        if sort_by == "created_at":
            return total, list(islice(_by_time(ranges, descending), limit))
        if sort_by is None:
            spots = ((log, at) for log, span in ranges for at in span)
            chosen = nsmallest(limit or total, spots, key=lambda spot: crc32(b"%d" % spot[1]))
            return total, [log[at] for log, at in chosen]
        found = [log[at] for log, span in ranges for at in span]
        return total, self._sorted(found, sort_by, descending)[:limit]

    def _narrowed(self) -> tuple[datetime | None, datetime | None]:
        """When the tickets found can have begun: nothing older changed lately, or is still open."""
        created, updated = bounds(self.search.terms, CREATED), bounds(self.search.terms, UPDATED)
        starts = [created.start] if created.start else []
        if updated.start:
            starts.append(updated.start - LONGEST)
        if any(term.field == "status" and not term.negated for term in self.search.terms) and not any(
            self._fulfils("status", done) for done in ("solved", "closed")
        ):
            starts.append(self.now - OPEN_WITHIN)
        return max(starts, default=None), created.end

    def _needs_rows(self) -> bool:
        return bool(self.search.words) or any(term.field not in FREE for term in self.search.terms)

    def _holds(self, contact: Contact) -> bool:
        updated = bounds(self.search.terms, UPDATED)
        if not updated.holds(contact.last_activity_at):
            return False
        text = " ".join((contact.subject, *(turn.text for turn in contact.texts))).lower()
        if not all(word in text for word in self.search.words):
            return False
        values: dict[str, Sequence[str]] = {
            "status": [status_of(contact, self.now)],
            "priority": [contact.priority or ""],
            "tags": contact.tags,
            "subject": [contact.subject.lower()],
            "ticket_id": [str(contact.number)],
        }
        asked = {term.field for term in self.search.terms} - FREE - UPDATED
        return all(any(self._fulfils(name, value) for value in values.get(name, ())) for name in asked)

    def _fulfils(self, name: str, value: str) -> bool:
        """A property asked for with several values may have any of them; comparisons and exclusions all hold."""
        terms = [term for term in self.search.terms if term.field == name]
        equal = [term for term in terms if term.operator == ":" and not term.negated]
        others = [term for term in terms if term not in equal]
        return (not equal or any(_is(term, value) for term in equal)) and all(
            _is(term, value) != term.negated for term in others
        )

    def _sorted(self, found: list[Contact], sort_by: str | None, descending: bool) -> list[Contact]:
        if sort_by is None:
            return sorted(found, key=lambda contact: crc32(b"%d" % contact.number))

        def place(contact: Contact) -> float:
            if sort_by == "updated_at":
                return contact.last_activity_at.timestamp()
            if sort_by == "status":
                return STATUS_ORDER.index(status_of(contact, self.now))
            if sort_by == "priority":
                return PRIORITY_ORDER.index(contact.priority)
            return contact.started_at.timestamp() if sort_by == "created_at" else 0

        return sorted(found, key=place, reverse=descending)


def _by_time(ranges: list[tuple[ContactLog, range]], descending: bool) -> Iterator[Contact]:
    walks = (map(log.__getitem__, span if descending else reversed(span)) for log, span in ranges)
    return merge(*walks, key=lambda contact: contact.started_at, reverse=descending)


def _is(term: Term, value: str) -> bool:
    """Status and priority are ranked; a subject holds the text; the rest is equal."""
    wanted, ranks = term.value.lower(), RANKS.get(term.field)
    if ranks is None:
        return wanted in value if term.field == "subject" else wanted == value
    if wanted not in ranks or value not in ranks:
        return False
    held, asked = ranks.index(value), ranks.index(wanted)
    return {
        ":": held == asked,
        ">": held > asked,
        "<": held < asked,
        ">=": held >= asked,
        "<=": held <= asked,
    }[term.operator]


def user_matches(search: Search, person: Person, user_id: int, phones: Sequence[str], emails: Sequence[str]) -> bool:
    """Whether a user has every property asked for, with any of the values given for it, and holds every free word,
    whole or in part."""
    digits = ["".join(filter(str.isdigit, phone)) for phone in phones]
    texts = [person.name.lower(), *(email.lower() for email in emails), *phones, *digits]
    if not all(any(word.strip("*") in text for text in texts) for word in search.words):
        return False
    asked: dict[tuple[str, bool], list[bool]] = {}
    for term in search.terms:
        holds = _user_term_holds(term, person, user_id, digits, emails)
        asked.setdefault((term.field, term.negated), []).append(holds)
    return all(not any(held) if negated else any(held) for (_, negated), held in asked.items())


def _user_term_holds(term: Term, person: Person, user_id: int, digits: Sequence[str], emails: Sequence[str]) -> bool:
    value = term.value.lower()
    if term.field == "type":
        return value == "user"
    if term.field == "role":
        return value == "end-user"
    if term.field == "phone":
        return any(fnmatchcase(number, value) for number in digits)
    if term.field == "email":
        return any(fnmatchcase(email.lower(), value) for email in emails)
    if term.field == "name":
        return value in person.name.lower()
    if term.field == "external_id":
        return person.crm_id is not None and value == person.crm_id.lower()
    return term.field in ("id", "user_id") and value == str(user_id)
