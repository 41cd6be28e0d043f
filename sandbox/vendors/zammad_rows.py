"""Zammad's resources, spelled from the population: users, states, tickets, articles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.company import AGENTS, QUEUES, Agent, Queue
from sandbox.contacts import Contact, Person, Turn
from sandbox.population import Population
from sandbox.vendor import first_with, iso_millis

Row = dict[str, Any]

NOBODY, AGENTS_FROM, USERS_FROM = 1, 10, 1_000
STATES = (
    (1, "neu", 1, "new", True),
    (2, "offen", 2, "open", True),
    (3, "warten auf Erinnerung", 3, "pending reminder", True),
    (4, "geschlossen", 5, "closed", True),
    (5, "zusammengefasst", 6, "merged", True),
    (6, "entfernt", 7, "removed", False),
    (7, "warten auf Schliessen", 4, "pending action", True),
    (8, "beim Lieferanten", 2, "open", True),
)
"""Id, name, type's id, type's name, active. Names are the installation's: here translated, and one of its own."""

STATE_OF = {"queued": 1, "active": 2, "pending": 3, "on_hold": 8}
PRIORITIES = {"low": (1, "1 low"), "normal": (2, "2 normal"), "high": (3, "3 high"), "urgent": (4, "4 sofort")}
TYPES = {"email": (1, "email"), "phone": (5, "phone"), "web": (11, "web"), "chat": (3, "chat")}
NOTE = (10, "note")
SENDERS = {"agent": (1, "Agent"), "customer": (2, "Customer")}


def user_id(person: Person) -> int:
    return USERS_FROM + person.number


def agent_id(agent: Agent) -> int:
    return AGENTS_FROM + agent.number


def state_id(contact: Contact) -> int:
    if contact.status == "completed":
        return 5 if contact.number // 1_000 % 11 == 0 else 4
    return STATE_OF[contact.status]


def owner_id(contact: Contact) -> int:
    return agent_id(contact.agent) if contact.agent else NOBODY


@dataclass(frozen=True, slots=True)
class Spelling:
    population: Population

    def numbers(self, person: Person) -> tuple[str, str]:
        """Phone and mobile, as somebody typed them: every third person's in groups."""
        held = self.population.held(person, "zendesk").phones
        mobile = next((number for number, kind in held if kind == "mobile"), "")
        other = next((number for number, kind in held if kind != "mobile"), "")
        typed = [f"{n[:3]} {n[3:6]} {n[6:9]} {n[9:]}" if n and person.number % 3 == 0 else n for n in (other, mobile)]
        return typed[0], typed[1]

    def email(self, person: Person) -> str:
        """An address is one user's alone: a shared one stays with the first who had it."""
        held = self.population.held(person, "zendesk").emails
        own = (address for address in held if self.population.holders("zendesk", address)[0] is person)
        return next(own, "")

    def user(self, person: Person, expand: bool) -> Row:
        phone, mobile = self.numbers(person)
        row = self._user(user_id(person), person.given_name, person.family_name, self.email(person), person.known_since)
        row |= {"phone": phone, "mobile": mobile, "crm_id": person.crm_id, "role_ids": [3]}
        return row | ({"roles": ["Customer"], "organization": None} if expand else {})

    def agent(self, agent: Agent, expand: bool) -> Row:
        since = self.population.now - timedelta(days=900)
        row = self._user(agent_id(agent), agent.given_name, agent.family_name, agent.email, since)
        return row | ({"roles": ["Agent"], "organization": None} if expand else {})

    def _user(self, number: int, given_name: str, family_name: str, email: str, since: datetime) -> Row:
        return {
            "id": number,
            "organization_id": None,
            "login": email or f"auto-{number}",
            "firstname": given_name,
            "lastname": family_name,
            "email": email,
            "web": "",
            "phone": "",
            "fax": "",
            "mobile": "",
            "department": "",
            "vip": False,
            "verified": False,
            "active": True,
            "note": "",
            "last_login": None,
            "out_of_office": False,
            "preferences": {},
            "crm_id": None,
            "role_ids": [2],
            "group_ids": {},
            "created_by_id": NOBODY,
            "updated_by_id": NOBODY,
            "created_at": iso_millis(since),
            "updated_at": iso_millis(since),
        }

    def state(self, number: int, expand: bool) -> Row:
        _, name, type_id, type_, active = next(state for state in STATES if state[0] == number)
        since = iso_millis(self.population.now - timedelta(days=900))
        row: Row = {
            "id": number,
            "state_type_id": type_id,
            "name": name,
            "next_state_id": 4 if number == 7 else None,
            "ignore_escalation": type_ not in ("new", "open"),
            "default_create": number == 1,
            "default_follow_up": number == 2,
            "note": None,
            "active": active,
            "created_by_id": NOBODY,
            "updated_by_id": NOBODY,
            "created_at": since,
            "updated_at": since,
        }
        return row | ({"state_type": type_} if expand else {})

    def ticket(self, contact: Contact, expand: bool) -> Row:
        priority_id, priority = PRIORITIES[contact.priority or "normal"]
        (type_id, type_), (sender_id, sender) = self._opening(contact)
        queue = contact.last_queue
        row: Row = {
            "id": contact.number,
            "group_id": queue.number,
            "priority_id": priority_id,
            "state_id": state_id(contact),
            "organization_id": None,
            "number": f"86{contact.number}",
            "title": contact.subject,
            "owner_id": owner_id(contact),
            "customer_id": user_id(contact.person),
            "note": None,
            "first_response_at": None,
            "first_response_escalation_at": None,
            "close_at": iso_millis(contact.ended_at),
            "close_escalation_at": None,
            "update_escalation_at": None,
            "last_contact_at": iso_millis(contact.last_activity_at),
            "last_contact_agent_at": None,
            "last_contact_customer_at": iso_millis(contact.started_at),
            "last_owner_update_at": None,
            "create_article_type_id": type_id,
            "create_article_sender_id": sender_id,
            "article_count": len(contact.texts),
            "escalation_at": iso_millis(self._escalation(contact)),
            "pending_time": None,
            "type": None,
            "time_unit": None,
            "preferences": {},
            "created_by_id": user_id(contact.person),
            "updated_by_id": NOBODY,
            "created_at": iso_millis(contact.started_at),
            "updated_at": iso_millis(contact.last_activity_at),
        }
        if not expand:
            return row
        return row | {
            "article_ids": [article_id(contact, place) for place, _ in enumerate(contact.texts, start=1)],
            "ticket_time_accounting_ids": [],
            "group": queue.name,
            "organization": None,
            "state": next(name for number, name, *_ in STATES if number == state_id(contact)),
            "priority": priority,
            "owner": contact.agent.email if contact.agent else "-",
            "customer": self.email(contact.person) or f"auto-{user_id(contact.person)}",
            "created_by": "-",
            "updated_by": "-",
            "create_article_type": type_,
            "create_article_sender": sender,
        }

    def _escalation(self, contact: Contact) -> datetime | None:
        """When the next service level passes; states that ignore it, and closed ones, keep none."""
        if contact.status not in ("queued", "active"):
            return None
        return self.population.now + (timedelta(hours=-1) if contact.escalated else timedelta(hours=4))

    def _opening(self, contact: Contact) -> tuple[tuple[int, str], tuple[int, str]]:
        first = next(iter(contact.texts), None)
        sender = SENDERS["agent" if first is not None and first.party == "agent" else "customer"]
        return TYPES[contact.via], sender

    def articles(self, contact: Contact, expand: bool) -> list[Row]:
        """Oldest first; notes among agents are internal. Names are told with and without `expand`."""
        return [self._article(contact, turn, place) for place, turn in enumerate(contact.texts, start=1)]

    def _article(self, contact: Contact, turn: Turn, place: int) -> Row:
        type_id, type_ = NOTE if turn.private else TYPES[contact.via]
        sender_id, sender = SENDERS["agent" if turn.agent else "customer"]
        customer = f"{contact.person.name} <{self.email(contact.person) or contact.address}>"
        desk = "Contact centre <support@contact-centre.example.com>"
        return {
            "id": article_id(contact, place),
            "ticket_id": contact.number,
            "type_id": type_id,
            "sender_id": sender_id,
            "from": desk if turn.agent else customer,
            "to": "" if turn.private else customer if turn.agent else desk,
            "cc": "",
            "subject": contact.subject,
            "message_id": None,
            "content_type": "text/html",
            "body": f"<div>{turn.text}</div>",
            "internal": turn.private,
            "preferences": {},
            "attachments": [],
            "type": type_,
            "sender": sender,
            "created_by": "-",
            "updated_by": "-",
            "created_at": iso_millis(turn.at),
            "updated_at": iso_millis(turn.at),
        }


def article_id(contact: Contact, place: int) -> int:
    return contact.number * 100 + place


def agent_with(number: int) -> Agent | None:
    return first_with(AGENTS, lambda agent: agent_id(agent) == number)


def group(queue: Queue) -> Row:
    return {"id": queue.number, "name": queue.name, "active": True}


GROUPS = tuple(group(queue) for queue in QUEUES)
