"""Intercom's resources, spelled from the population: contacts, admins, teams, conversations and their parts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from sandbox.company import Agent, Queue
from sandbox.contacts import Contact, Person, Turn
from sandbox.credentials import INTERCOM_TIME_ZONE
from sandbox.population import Population

Row = dict[str, Any]

WORKSPACE = "sandboxws"
ADMINS_FROM, TEAMS_FROM = 814_000, 5_017_000
SOURCES = {"web_chat": "conversation", "email": "email"}
STATES = {"queued": "open", "active": "open", "pending": "open", "on_hold": "snoozed"}
"""Others are closed."""


def contact_id(person: Person) -> str:
    return f"{person.number:024x}"


def unix(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())


def admin_row(agent: Agent) -> Row:
    return {
        "type": "admin",
        "id": str(ADMINS_FROM + agent.number),
        "name": agent.name,
        "email": agent.email,
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
    }


def team_row(queue: Queue) -> Row:
    return {"type": "team", "id": str(TEAMS_FROM + queue.number), "name": queue.name, "admin_ids": []}


def me_row(agent: Agent) -> Row:
    app = {
        "type": "app",
        "id_code": WORKSPACE,
        "name": "Contact centre",
        "created_at": 1_700_000_000,
        "secure": False,
        "identity_verification": False,
        "timezone": INTERCOM_TIME_ZONE,
        "region": "EU",
    }
    row = {name: value for name, value in admin_row(agent).items() if name != "team_ids"}
    return row | {"email_verified": True, "app": app}


@dataclass(frozen=True, slots=True)
class Spelling:
    population: Population

    def contact(self, person: Person) -> Row:
        held = self.population.held(person, "chatwoot")
        since = unix(person.known_since)
        return {
            "type": "contact",
            "id": contact_id(person),
            "workspace_id": WORKSPACE,
            "external_id": held.crm_id,
            "role": "user",
            "email": next(iter(held.emails), None),
            "phone": next((number for number, _ in held.phones), None),
            "name": person.name,
            "avatar": None,
            "owner_id": None,
            "created_at": since,
            "updated_at": since,
            "last_seen_at": None,
            "custom_attributes": {},
        }

    def listed(self, contact: Contact) -> Row:
        """A conversation as a search tells it: without its parts."""
        outbound = contact.direction == "outbound"
        opening = next((turn for turn in contact.texts if not turn.private), None)
        agent, last = contact.agent, next((turn for turn in reversed(contact.texts) if not turn.private), None)
        state = STATES.get(contact.status, "closed")
        waiting = state == "open" and contact.status != "pending" and last is not None
        return {
            "type": "conversation",
            "id": str(contact.number),
            "title": contact.subject,
            "created_at": unix(contact.started_at),
            "updated_at": unix(contact.last_activity_at),
            "waiting_since": unix(last.at) if waiting and last is not None else None,
            "snoozed_until": None,
            "open": state == "open",
            "state": state,
            "read": True,
            "priority": "priority" if contact.priority == "urgent" else "not_priority",
            "admin_assignee_id": None if agent is None else ADMINS_FROM + agent.number,
            "team_assignee_id": TEAMS_FROM + contact.last_queue.number,
            "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": name, "name": name} for name in contact.tags]},
            "conversation_rating": None,
            "source": {
                "type": SOURCES[contact.channel],
                "id": f"{contact.number}1",
                "delivered_as": "admin_initiated" if outbound else "customer_initiated",
                "subject": f"<p>{escape(contact.subject)}</p>" if contact.channel == "email" else "",
                "body": "" if opening is None else _markup(opening),
                "author": self._author(contact, opening),
                "attachments": [],
                "url": None,
                "redacted": False,
            },
            "contacts": {"type": "contact.list", "contacts": [self._reference(contact.person)]},
            "teammates": {"type": "admin.list", "teammates": []},
            "custom_attributes": {},
            "first_contact_reply": None,
            "sla_applied": None,
            "statistics": {"type": "conversation_statistics", "last_close_at": unix(contact.ended_at)},
            "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
            "ai_agent_participated": False,
            "ai_agent": None,
        }

    def conversation(self, contact: Contact) -> Row:
        parts = [self._part(contact, place, turn) for place, turn in enumerate(_after_the_first(contact), start=2)]
        told = {"type": "conversation_part.list", "conversation_parts": parts, "total_count": len(parts)}
        return self.listed(contact) | {"conversation_parts": told}

    def _part(self, contact: Contact, place: int, turn: Turn) -> Row:
        return {
            "type": "conversation_part",
            "id": f"{contact.number}{place}",
            "part_type": "note" if turn.private else "comment",
            "body": _markup(turn),
            "created_at": unix(turn.at),
            "updated_at": unix(turn.at),
            "notified_at": unix(turn.at),
            "assigned_to": None,
            "author": self._author(contact, turn),
            "attachments": [],
            "external_id": None,
            "redacted": False,
        }

    def _author(self, contact: Contact, turn: Turn | None) -> Row:
        if turn is not None and turn.party != "customer" and turn.agent is not None:
            agent = turn.agent
            return {"type": "admin", "id": str(ADMINS_FROM + agent.number), "name": agent.name, "email": agent.email}
        row = self.contact(contact.person)
        return {"type": "user", "id": row["id"], "name": row["name"], "email": row["email"]}

    def _reference(self, person: Person) -> Row:
        held = self.population.held(person, "chatwoot")
        return {"type": "contact", "id": contact_id(person), "external_id": held.crm_id}


def _after_the_first(contact: Contact) -> list[Turn]:
    """What follows the message that the conversation began with."""
    opening = next((turn for turn in contact.texts if not turn.private), None)
    return [turn for turn in contact.texts if turn is not opening]


def _markup(turn: Turn) -> str:
    return f'<p class="no-margin">{escape(turn.text)}</p>'
