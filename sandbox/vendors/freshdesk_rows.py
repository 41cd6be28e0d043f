"""Freshdesk's resources, spelled from the population: contacts, agents, groups, tickets, conversations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sandbox.company import Agent, Queue
from sandbox.contacts import Contact, Person
from sandbox.population import Population
from sandbox.vendor import iso_seconds

Row = dict[str, Any]

CONTACTS_FROM, AGENTS_FROM, GROUPS_FROM = 43_000_000_000, 42_000_000_000, 41_000_000_000
STATUSES = {"queued": 2, "active": 2, "pending": 3, "on_hold": 7}
RESOLVED, CLOSED = 4, 5
SETTLED = timedelta(days=2)
"""Resolved tickets are closed by themselves after that."""

PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
SOURCES = {"email": 1, "web": 2, "phone": 3, "chat": 7}
OUTBOUND_EMAIL = 10


def contact_id(person: Person) -> int:
    return CONTACTS_FROM + person.number


def agent_id(agent: Agent) -> int:
    return AGENTS_FROM + agent.number


def group_id(queue: Queue) -> int:
    return GROUPS_FROM + queue.number


@dataclass(frozen=True, slots=True)
class Spelling:
    population: Population

    def numbers(self, person: Person) -> tuple[str | None, str | None]:
        """Phone and mobile, as somebody typed them: every third person's without the country."""
        held = self.population.held(person, "zendesk").phones
        mobile = next((number for number, kind in held if kind == "mobile"), None)
        other = next((number for number, kind in held if kind != "mobile"), None)
        typed = [n.removeprefix("+39") if n and person.number % 3 == 0 else n for n in (other, mobile)]
        return typed[0], typed[1]

    def emails(self, person: Person) -> list[str]:
        """An address is one contact's alone: a shared one stays with the first who had it."""
        held = self.population.held(person, "zendesk").emails
        return [address for address in held if self.population.holders("zendesk", address)[0] is person]

    def contact(self, person: Person) -> Row:
        phone, mobile = self.numbers(person)
        emails = self.emails(person)
        since = iso_seconds(person.known_since)
        return {
            "active": person.number % 2 == 0,
            "address": None,
            "company_id": None,
            "view_all_tickets": False,
            "custom_fields": {},
            "deleted": False,
            "description": None,
            "email": next(iter(emails), None),
            "id": contact_id(person),
            "job_title": None,
            "language": person.language,
            "mobile": mobile,
            "name": person.name,
            "other_emails": emails[1:],
            "phone": phone,
            "tags": [],
            "time_zone": "Rome",
            "twitter_id": None,
            "unique_external_id": person.crm_id,
            "created_at": since,
            "updated_at": since,
        }

    def agent(self, agent: Agent) -> Row:
        since = iso_seconds(self.population.now - timedelta(days=900))
        return {
            "available": True,
            "occasional": False,
            "id": agent_id(agent),
            "ticket_scope": 1,
            "type": "support_agent",
            "signature": None,
            "group_ids": [],
            "role_ids": [],
            "created_at": since,
            "updated_at": since,
            "contact": {
                "active": True,
                "email": agent.email,
                "job_title": None,
                "language": "en",
                "mobile": None,
                "name": agent.name,
                "phone": None,
                "time_zone": "Rome",
                "created_at": since,
                "updated_at": since,
            },
        }

    def group(self, queue: Queue) -> Row:
        since = iso_seconds(self.population.now - timedelta(days=900))
        return {
            "id": group_id(queue),
            "name": queue.name,
            "description": None,
            "escalate_to": None,
            "unassigned_for": None,
            "business_hour_id": None,
            "agent_ids": [],
            "created_at": since,
            "updated_at": since,
        }

    def status(self, contact: Contact) -> int:
        if contact.status != "completed":
            return STATUSES[contact.status]
        return RESOLVED if self.population.now - contact.last_activity_at < SETTLED else CLOSED

    def ticket(self, contact: Contact, include: frozenset[str]) -> Row:
        agent, status = contact.agent, self.status(contact)
        outbound = contact.direction == "outbound" and contact.via == "email"
        row: Row = {
            "cc_emails": [],
            "fwd_emails": [],
            "reply_cc_emails": [],
            "ticket_cc_emails": [],
            "fr_escalated": False,
            "spam": False,
            "email_config_id": None,
            "group_id": group_id(contact.last_queue),
            "priority": PRIORITIES[contact.priority or "normal"],
            "requester_id": contact_id(contact.person),
            "responder_id": agent_id(agent) if agent else None,
            "source": OUTBOUND_EMAIL if outbound else SOURCES[contact.via],
            "company_id": None,
            "status": status,
            "subject": contact.subject,
            "association_type": None,
            "support_email": None,
            "to_emails": None,
            "product_id": None,
            "id": contact.number,
            "type": "Problem" if contact.topic.tag == "fault" else "Question",
            "due_by": iso_seconds(contact.started_at + timedelta(days=3)),
            "fr_due_by": iso_seconds(contact.started_at + timedelta(days=1)),
            "is_escalated": contact.escalated and status not in (RESOLVED, CLOSED),
            "custom_fields": {"cf_topic": contact.topic.tag},
            "created_at": iso_seconds(contact.started_at),
            "updated_at": iso_seconds(contact.last_activity_at),
            "tags": list(contact.tags),
        }
        if "stats" in include:
            row["stats"] = self._stats(contact, status)
        if "description" in include:
            text = next((turn.text for turn in contact.texts if not turn.private), contact.subject)
            row |= {"description": f"<div>{text}</div>", "description_text": text}
        return row

    def _stats(self, contact: Contact, status: int) -> Row:
        resolved_at = contact.ended_at if status in (RESOLVED, CLOSED) else None
        return {
            "agent_responded_at": None,
            "requester_responded_at": None,
            "first_responded_at": None,
            "status_updated_at": iso_seconds(contact.last_activity_at),
            "reopened_at": None,
            "resolved_at": iso_seconds(resolved_at),
            "closed_at": iso_seconds(resolved_at) if status == CLOSED else None,
            "pending_since": None,
        }

    def conversations(self, contact: Contact) -> list[Row]:
        """What followed the description, oldest first; notes among agents are private."""
        return [
            {
                "id": contact.number * 100 + place,
                "body": f"<div>{turn.text}</div>",
                "body_text": turn.text,
                "incoming": turn.agent is None,
                "private": turn.private,
                "user_id": agent_id(turn.agent) if turn.agent else contact_id(contact.person),
                "ticket_id": contact.number,
                "source": 2 if turn.private else 0,
                "support_email": None,
                "to_emails": [],
                "cc_emails": [],
                "attachments": [],
                "created_at": iso_seconds(turn.at),
                "updated_at": iso_seconds(turn.at),
            }
            for place, turn in enumerate(contact.texts[1:], start=1)
        ]
