"""Request Tracker's objects, spelled from the population. Every scalar is a string; a date not set is 1970."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.company import AGENTS, QUEUES, Agent, Queue
from sandbox.contacts import Contact, Person
from sandbox.population import Population
from sandbox.vendor import iso_seconds
from sandbox.vendors.request_tracker_sql import EPOCH, PHONE_FIELDS, PRIORITIES, STATUSES

Row = dict[str, Any]

CUSTOM_FIELDS = {"Wrap-up": "1", "Tags": "2"}
SYSTEM_USERS = {"Nobody": "Nobody in particular", "root": "Enoch Root", "RT_System": "The RT System itself"}
SYSTEM_IDS = {"RT_System": 1, "Nobody": 6, "root": 14}
AGENTS_FROM, PEOPLE_FROM, QUEUES_FROM = 100, 1_000, 2
USER_DETAILS = ("Name", "EmailAddress", "RealName", *PHONE_FIELDS, "Organization", "Disabled")


def queue_id(queue: Queue) -> str:
    return str(QUEUES_FROM + queue.number)


def agent_login(agent: Agent) -> str:
    return agent.email.partition("@")[0]


def requestor_login(person: Person) -> str:
    """A customer who wrote in is made a user with the address as the name."""
    return person.emails[0] if person.emails else f"caller{person.number}"


@dataclass(frozen=True, slots=True)
class Users:
    """Everybody the server knows by login: its own three, the agents, the customers."""

    population: Population
    people: dict[str, Person]
    agents: dict[str, Agent]

    @classmethod
    def of(cls, population: Population) -> Users:
        people = {requestor_login(person): person for person in population.people_in("request_tracker")}
        return cls(population, people, {agent_login(agent): agent for agent in AGENTS})

    def logins(self) -> list[str]:
        return sorted((*SYSTEM_USERS, *self.agents, *self.people), key=str.lower)

    def number(self, login: str) -> int:
        if login in SYSTEM_IDS:
            return SYSTEM_IDS[login]
        if login in self.agents:
            return AGENTS_FROM + self.agents[login].number
        return PEOPLE_FROM + self.people[login].number

    def login(self, name_or_number: str) -> str | None:
        """Users are addressed by name, in any case, or by number."""
        for login in self.logins():
            if name_or_number.lower() == login.lower() or name_or_number == str(self.number(login)):
                return login
        return None

    def value(self, login: str, field: str) -> str:
        if login in self.people:
            return self.customer_value(self.people[login], field)
        if login in self.agents:
            agent = self.agents[login]
            values = {"EmailAddress": agent.email, "RealName": agent.name}
        else:
            values = {"EmailAddress": "root@localhost" if login == "root" else "", "RealName": SYSTEM_USERS[login]}
        return {"Name": login, "id": str(self.number(login)), **values}.get(field, "")

    def customer_value(self, person: Person, field: str) -> str:
        held = self.population.held(person, "request_tracker")
        if field in PHONE_FIELDS:
            return next((number for number, kind in held.phones if kind == PHONE_FIELDS[field]), "")
        if field == "CustomField.{CRM}":
            return held.crm_id or ""
        return {
            "Name": requestor_login(person),
            "EmailAddress": next(iter(held.emails), ""),
            "RealName": person.name,
            "id": str(PEOPLE_FROM + person.number),
        }.get(field, "")


@dataclass(frozen=True, slots=True)
class Spelling:
    """`root`: the server's configured address, which every `_url` begins with."""

    users: Users
    root: str

    def ref(self, kind: str, name: str) -> Row:
        return {"type": kind, "id": name, "_url": f"{self.root}/REST/2.0/{kind}/{name}"}

    def user(self, login: str, fields: Sequence[str] = ()) -> Row:
        return {**self.ref("user", login), **{field: self.users.value(login, field) for field in fields}}

    def queue(self, queue: Queue, fields: Sequence[str] = ()) -> Row:
        values = {"Name": queue.name, "Description": f"{queue.division.name}", "Lifecycle": "default"}
        return {**self.ref("queue", queue_id(queue)), **{field: values.get(field, "") for field in fields}}

    def owner(self, contact: Contact) -> str:
        return agent_login(contact.agent) if contact.agent else "Nobody"

    def creator(self, contact: Contact) -> str:
        return requestor_login(contact.person) if contact.direction == "inbound" else self.owner(contact)

    def ticket(self, contact: Contact, fields: Sequence[str], inner: dict[str, list[str]]) -> Row:
        """The reference that is always given, and the fields that were asked for; unknown ones are left out."""
        row = self.ref("ticket", str(contact.number))
        for field in fields:
            if field == "Queue":
                row[field] = self.queue(contact.last_queue, inner.get(field, ()))
            elif field == "Owner":
                row[field] = self.user(self.owner(contact), inner.get(field, ()))
            elif field in ("Creator", "LastUpdatedBy"):
                row[field] = self.user(self.creator(contact), inner.get(field, ()))
            elif field in ("Requestor", "Requestors"):
                row[field] = [self.user(requestor_login(contact.person), inner.get(field, ()))]
            elif field in ("Cc", "AdminCc"):
                row[field] = []
            elif field == "CustomFields":
                row[field] = self.custom_fields(contact)
            elif field in DATES:
                row[field] = iso_seconds(date_of(contact, field))
            elif field in SCALARS:
                row[field] = scalar_of(contact, field)
        return row

    def ticket_details(self, contact: Contact) -> Row:
        fields = [*DATES, *SCALARS, "Queue", "Owner", "Creator", "LastUpdatedBy", "Requestor", "Cc", "AdminCc"]
        number = str(contact.number)
        address = f"{self.root}/REST/2.0/ticket/{number}"
        return {
            **self.ticket(contact, [*fields, "CustomFields"], {}),
            "id": contact.number,
            "EffectiveId": self.ref("ticket", number),
            "_hyperlinks": [
                {"ref": "self", "type": "ticket", "id": contact.number, "_url": address},
                *({"ref": ref, "_url": f"{address}/{ref}"} for ref in ("history", "correspond", "comment")),
            ],
        }

    def custom_fields(self, contact: Contact) -> list[Row]:
        wrap_up = contact.wrap_up
        values = {"Wrap-up": [f"{wrap_up.group}: {wrap_up.name}"] if wrap_up else [], "Tags": list(contact.tags)}
        return [
            {**self.ref("customfield", number), "name": name, "values": values[name]}
            for name, number in CUSTOM_FIELDS.items()
        ]

    def user_details(self, login: str) -> Row:
        number, person = self.users.number(login), self.users.people.get(login)
        since = person.known_since if person else self.users.population.now - timedelta(days=900)
        address = f"{self.root}/REST/2.0/user/{number}"
        crm = self.users.customer_value(person, "CustomField.{CRM}") if person else ""
        values = {field: self.users.value(login, field) for field in USER_DETAILS}
        return {
            **{field: value for field, value in values.items() if value},
            "id": number,
            "Privileged": 0 if person else 1,
            "Disabled": "0",
            "Created": iso_seconds(since),
            "LastUpdated": iso_seconds(since),
            "Creator": self.ref("user", "RT_System"),
            "LastUpdatedBy": self.ref("user", "root"),
            "Memberships": [],
            "CustomFields": [{**self.ref("customfield", "3"), "name": "CRM", "values": [crm] if crm else []}],
            "_hyperlinks": [
                {"ref": "self", "type": "user", "id": number, "_url": address},
                {"ref": "history", "_url": f"{address}/history"},
                {"ref": "memberships", "_url": f"{address}/groups"},
            ],
        }

    def history(self, contact: Contact) -> list[Row]:
        """Transactions, oldest first. `Comment` is an internal note; `Set` is a transfer to another queue or owner."""
        events: list[tuple[datetime, str, str, str, str, str]] = [
            (contact.started_at, self.creator(contact), "Create", "", "", "")
        ]
        queue, owner = queue_id(contact.queue), str(SYSTEM_IDS["Nobody"])
        for stretch in contact.stretches:
            agent = agent_login(stretch.agent) if stretch.agent else "Nobody"
            by = agent if stretch.agent else "RT_System"
            if queue_id(stretch.queue) != queue:
                events.append((stretch.start, by, "Set", "Queue", queue, queue_id(stretch.queue)))
            if str(self.users.number(agent)) != owner:
                events.append((stretch.start, by, "Set", "Owner", owner, str(self.users.number(agent))))
            queue, owner = queue_id(stretch.queue), str(self.users.number(agent))
        for turn in contact.texts[1:]:
            by = agent_login(turn.agent) if turn.agent else requestor_login(contact.person)
            events.append((turn.at, by, "Comment" if turn.private else "Correspond", "", "", ""))
        if contact.status != "queued":
            status = STATUSES[contact.status]
            events.append((contact.last_activity_at, self.owner(contact), "Status", "Status", "new", status))
        events.sort(key=lambda event: event[0])
        return [
            {
                **self.ref("transaction", str(contact.number * 100 + place)),
                "Type": kind,
                "Created": iso_seconds(moment),
                "Creator": self.ref("user", by),
                "Field": field,
                "OldValue": old,
                "NewValue": new,
                "Data": contact.subject if kind in ("Correspond", "Comment") else "",
            }
            for place, (moment, by, kind, field, old, new) in enumerate(events, start=1)
        ]


DATES = ("Created", "LastUpdated", "Started", "Resolved", "Due", "Starts", "Told")
SCALARS = (
    *("Subject", "Status", "Type", "Priority", "InitialPriority", "FinalPriority"),
    *("TimeWorked", "TimeLeft", "TimeEstimated"),
)


def date_of(contact: Contact, field: str) -> datetime:
    handled = next((stretch.start for stretch in contact.stretches if stretch.agent), None)
    moments = {
        "Created": contact.started_at,
        "LastUpdated": contact.last_activity_at,
        "Started": handled,
        "Resolved": contact.ended_at,
        "Told": handled,
    }
    return (moments.get(field) or EPOCH).replace(microsecond=0)


def scalar_of(contact: Contact, field: str) -> str:
    values = {
        "Subject": contact.subject,
        "Status": STATUSES[contact.status],
        "Type": "ticket",
        "Priority": str(PRIORITIES[contact.priority]),
    }
    return values.get(field, "0")


def ticket_value(contact: Contact, field: str) -> str:
    """A field of a ticket as a query compares it; empty where the ticket has none."""
    wrap_up = contact.wrap_up
    values = {
        "id": str(contact.number),
        "Queue": contact.last_queue.name,
        "Owner": agent_login(contact.agent) if contact.agent else "Nobody",
        "CF.{Wrap-up}": f"{wrap_up.group}: {wrap_up.name}" if wrap_up else "",
    }
    if field in SCALARS:
        return scalar_of(contact, field)
    return values.get(field, "")


def queue_named(name_or_id: str) -> Queue | None:
    return next((queue for queue in QUEUES if name_or_id in (queue.name, queue_id(queue))), None)
