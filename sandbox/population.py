"""One deterministic population of customers, whose contacts the imitated vendors tell.

`build(seed, now)` is a function of its arguments alone: the same seed gives the same people and contacts, another
`now` only shifts them. Contacts are made when they are first looked at, so depth costs nothing until it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from random import Random

from sandbox.company import AGENTS, CAMPAIGNS, DIVISIONS, QUEUES, WRAP_UP_CODES, stable_uuid
from sandbox.contacts import Channel, Contact, ContactLog, Person, PhoneKind, Stretch, Turn, compose
from sandbox.people import (
    DEEP_EMAIL,
    DEEP_PHONE,
    JOHN_EMAIL,
    JOHN_PHONE,
    MAX_PEOPLE,
    SHARED_EMAIL,
    SHARED_MOBILE,
    SWITCHBOARD,
    VENDORS,
    make_people,
    showcase_person,
)
from sandbox.scenes import scene

__all__ = [
    "AGENTS",
    "CAMPAIGNS",
    "DEEP_EMAIL",
    "DEEP_PHONE",
    "DIVISIONS",
    "JOHN_EMAIL",
    "JOHN_PHONE",
    "QUEUES",
    "SHARED_EMAIL",
    "SHARED_MOBILE",
    "SWITCHBOARD",
    "VENDORS",
    "WRAP_UP_CODES",
    "Contact",
    "ContactLog",
    "Held",
    "Person",
    "Population",
    "Stretch",
    "Turn",
    "build",
    "stable_uuid",
]

CHANNELS: dict[str, tuple[Channel, ...]] = {
    "zendesk": ("ticket",),
    "request_tracker": ("ticket",),
    "limesurvey": ("survey",),
    "chatwoot": ("web_chat", "web_chat", "email"),
    "twilio_messages": ("whatsapp", "whatsapp", "sms"),
    "genesys_cloud": ("voice", "voice", "voice", "callback", "email", "web_messaging"),
}
FULL_RECORDS = frozenset({"zendesk", "genesys_cloud"})
"""Vendors that know all of a person's numbers and addresses; the others know the first of each."""

CYCLE = "GZGCRGZTGCRGZCGRZGTCGRZL"
"""Which vendor the deep customer's contacts fall to, in turn, newest first: the mean gap of each stays constant."""

SLOT = timedelta(hours=3)
DEEP_LETTERS = {
    "G": "genesys_cloud",
    "Z": "zendesk",
    "R": "request_tracker",
    "C": "chatwoot",
    "T": "twilio_messages",
    "L": "limesurvey",
}
LAST_MINUTE = 30_000_000
"""Minutes (57 years) that contact numbers count down from, so that they grow with time."""


@dataclass(frozen=True, slots=True)
class Held:
    """What one vendor's record of a person carries."""

    phones: tuple[tuple[str, PhoneKind], ...]
    emails: tuple[str, ...]
    whatsapp: str | None
    crm_id: str | None


class Population:
    """`now` is the moment everything is told from. `depth`: contacts of the deep customer over all vendors. `showcase`:
    whether the demo page's customer is among them, as the last one."""

    def __init__(self, seed: int, now: datetime, people: int, depth: int, *, showcase: bool = False) -> None:
        self.seed = seed
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.depth = depth
        self.people = make_people(seed, self.now, people)
        if showcase:
            self.people += (showcase_person(len(self.people) + 1, self.now),)
        self._logs: dict[tuple[int, str], ContactLog] = {}
        self._happened: dict[tuple[int, str], list[Contact]] = {}
        self._begun = 0
        self._by_key = {person.key: person for person in self.people}
        self._known = {vendor: tuple(p for p in self.people if vendor in p.known_in) for vendor in VENDORS}
        self._holders: dict[tuple[str, str], list[Person]] = defaultdict(list)
        for vendor in VENDORS:
            for person in self._known[vendor]:
                for value in self._values(person, vendor):
                    self._holders[vendor, value].append(person)

    def _values(self, person: Person, vendor: str) -> set[str]:
        held = self.held(person, vendor)
        found = {phone for phone, _ in held.phones} | set(held.emails) | {held.whatsapp or "", held.crm_id or ""}
        return found - {""}

    def named(self, key: str) -> Person:
        return self._by_key[key]

    def person(self, number: int) -> Person | None:
        return self.people[number - 1] if 0 < number <= len(self.people) else None

    def people_in(self, vendor: str) -> tuple[Person, ...]:
        return self._known[vendor]

    def held(self, person: Person, vendor: str) -> Held:
        if vendor == "twilio_messages":
            return Held((), (), person.whatsapp, None)
        most = None if vendor in FULL_RECORDS else 1
        return Held(person.phones[:most], person.emails[:most], person.whatsapp, person.crm_id)

    def holders(self, vendor: str, value: str) -> tuple[Person, ...]:
        """The people whose record in `vendor` carries this phone (E.164), e-mail, WhatsApp number or CRM id."""
        return tuple(self._holders.get((vendor, value), ()))

    def contacts(self, person: Person, vendor: str) -> ContactLog:
        """Newest first; empty where the vendor does not know the person."""
        log = self._logs.get((person.number, vendor))
        if log is None:
            log = self._logs[person.number, vendor] = self._log(person, vendor)
        happened = self._happened.get((person.number, vendor))
        return log if happened is None else _before(happened, log)

    def begin_number(self, person: Person) -> int:
        """Of a contact that begins now: greater than all before."""
        self._begun += 1
        return (LAST_MINUTE + self._begun) * MAX_PEOPLE + person.number

    def happen(self, contact: Contact) -> None:
        """A contact that began after `now`, as it is from here on: new the first time, then in its own place."""
        happened = self._happened.setdefault((contact.person.number, contact.vendor), [])
        happened[:] = [contact, *(one for one in happened if one.number != contact.number)]
        happened.sort(key=lambda one: one.number, reverse=True)

    def contact(self, vendor: str, number: int) -> Contact | None:
        person = self.person(number % MAX_PEOPLE)
        if person is None or vendor not in person.known_in:
            return None
        if number // MAX_PEOPLE > LAST_MINUTE:
            happened = self._happened.get((person.number, vendor), [])
            return next((one for one in happened if one.number == number), None)
        log = self.contacts(person, vendor)
        started = self.now - timedelta(minutes=LAST_MINUTE - number // MAX_PEOPLE)
        position = log.at(started)
        return log[position] if position < len(log) and log[position].number == number else None

    def all_contacts(self, vendor: str) -> Iterator[Contact]:
        """Everybody's, newest first, as far as it is read."""
        return merge(
            *(iter(self.contacts(person, vendor)) for person in self.people_in(vendor)),
            key=lambda contact: contact.started_at,
            reverse=True,
        )

    def another(self, person: Person, vendor: str) -> Person:
        """Somebody else the vendor knows: whose rows a confused vendor would give."""
        others = [other for other in self.people_in(vendor) if other is not person]
        return others[person.number % len(others)]

    def _log(self, person: Person, vendor: str) -> ContactLog:
        if vendor not in person.known_in:
            return _listed([])
        if person.key == "deep":
            return self._deep_log(person, vendor)
        played = scene(person, vendor, self.now, self._number)
        return _listed(self._ordinary(person, vendor) if played is None else played)

    def _number(self, person: Person, started_at: datetime) -> int:
        minutes = (self.now - started_at) // timedelta(minutes=1)
        return (LAST_MINUTE - minutes) * MAX_PEOPLE + person.number

    def _ordinary(self, person: Person, vendor: str) -> list[Contact]:
        random = Random(f"{self.seed}/contacts/{person.number}/{vendor}")
        started_at = self.now - timedelta(minutes=random.randint(90, 30 * 24 * 60))
        contacts = []
        for _ in range(random.randint(1, 9)):
            channel = random.choice(CHANNELS[vendor])
            number = self._number(person, started_at)
            contacts.append(compose(random, person, vendor, channel, number, started_at, self.now))
            started_at -= timedelta(seconds=random.randint(26 * 3_600, 60 * 86_400))
        return contacts

    def _deep_log(self, person: Person, vendor: str) -> ContactLog:
        slots = [slot for slot, letter in enumerate(CYCLE) if DEEP_LETTERS[letter] == vendor]
        cycles, rest = divmod(self.depth, len(CYCLE))
        length = cycles * len(slots) + sum(slot < rest for slot in slots)

        def starts_at(position: int) -> datetime:
            cycle, place = divmod(position, len(slots))
            slot = cycle * len(CYCLE) + slots[place]
            jitter = (slot * 7_919 + self.seed * 104_729) % 7_200
            return self.now - SLOT * (slot + 1) + timedelta(seconds=jitter)

        def make(position: int) -> Contact:
            random = Random(f"{self.seed}/deep/{vendor}/{position}")
            started_at = starts_at(position)
            channel = random.choice(CHANNELS[vendor])
            return compose(random, person, vendor, channel, self._number(person, started_at), started_at, self.now)

        return ContactLog(length, starts_at, make)


def _listed(contacts: list[Contact]) -> ContactLog:
    newest_first = sorted(contacts, key=lambda contact: contact.number, reverse=True)
    return ContactLog(len(newest_first), lambda at: newest_first[at].started_at, newest_first.__getitem__)


def _before(happened: list[Contact], log: ContactLog) -> ContactLog:
    """What has happened since, then what is told of the time before."""
    newer = tuple(happened)
    count = len(newer)
    return ContactLog(
        count + len(log),
        lambda at: newer[at].started_at if at < count else log.starts_at(at - count),
        lambda at: newer[at] if at < count else log[at - count],
    )


def build(seed: int, now: datetime, people: int = 60, depth: int = 200, *, showcase: bool = False) -> Population:
    return Population(seed, now, people, depth, showcase=showcase)
