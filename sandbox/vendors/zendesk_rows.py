"""Zendesk's resources, spelled from the population: users, identities, groups, tickets, comments, audits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.company import Agent, Queue
from sandbox.contacts import Contact, Person, Turn
from sandbox.population import Population
from sandbox.vendor import iso_seconds
from sandbox.vendors.zendesk_search import status_of

Row = dict[str, Any]

USERS_FROM, AGENTS_FROM, GROUPS_FROM = 360_000_000, 350_000_000, 340_000_000
WRAP_UP_FIELD = 27_642
LOCALES = {"it": ("it", 22), "fr": ("fr", 16), "en": ("en-US", 1)}
VIA = {"email": "email", "web": "web", "phone": "voice", "chat": "chat"}


def user_id(person: Person) -> int:
    return USERS_FROM + person.number


def agent_id(agent: Agent) -> int:
    return AGENTS_FROM + agent.number


def group_id(queue: Queue) -> int:
    return GROUPS_FROM + queue.number


@dataclass(frozen=True, slots=True)
class Spelling:
    """`root`: where the vendor is mounted; every `url` is an address of the API, never a page for people."""

    population: Population
    root: str

    def phones(self, person: Person) -> list[tuple[str, bool]]:
        """The user's numbers and whether others share them; a shared one cannot be an identity and so comes first."""
        held = [
            (number, len(self.population.holders("zendesk", number)) > 1)
            for number, _ in self.population.held(person, "zendesk").phones
        ]
        return sorted(held, key=lambda phone: not phone[1])

    def emails(self, person: Person) -> list[str]:
        """An address is one user's alone: a shared one stays with the first who had it."""
        return [
            email
            for email in self.population.held(person, "zendesk").emails
            if self.population.holders("zendesk", email)[0] is person
        ]

    def user(self, person: Person) -> Row:
        phone, shared = next(iter(self.phones(person)), (None, False))
        if phone and person.number % 3 == 0:
            phone = f"{phone[:3]} {phone[3:6]} {phone[6:]}"
        locale, locale_id = LOCALES[person.language]
        since = iso_seconds(person.known_since)
        return {
            **self._user(user_id(person), person.name, next(iter(self.emails(person)), None), since, "end-user"),
            "external_id": person.crm_id,
            "phone": phone,
            "shared_phone_number": shared if phone else None,
            "locale": locale,
            "locale_id": locale_id,
        }

    def agent(self, agent: Agent) -> Row:
        since = iso_seconds(self.population.now - timedelta(days=900))
        return {
            **self._user(agent_id(agent), agent.name, agent.email, since, "agent"),
            "external_id": None,
            "phone": None,
            "shared_phone_number": None,
            "locale": "en-US",
            "locale_id": 1,
        }

    def _user(self, number: int, name: str, email: str | None, since: str | None, role: str) -> Row:
        return {
            "id": number,
            "url": f"{self.root}/api/v2/users/{number}.json",
            "name": name,
            "email": email,
            "created_at": since,
            "updated_at": since,
            "time_zone": "Rome",
            "iana_time_zone": "Europe/Rome",
            "photo": None,
            "organization_id": None,
            "role": role,
            "verified": True,
            "alias": "",
            "active": True,
            "shared": False,
            "shared_agent": False,
            "last_login_at": None,
            "signature": "",
            "details": "",
            "notes": "",
            "role_type": None,
            "custom_role_id": None,
            "moderator": False,
            "ticket_restriction": None if role == "agent" else "requested",
            "only_private_comments": False,
            "restricted_agent": role != "agent",
            "suspended": False,
            "default_group_id": None,
            "report_csv": False,
            "two_factor_auth_enabled": None,
            "tags": [],
            "user_fields": {},
        }

    def identities(self, person: Person) -> list[Row]:
        values = [("email", email) for email in self.emails(person)]
        values += [("phone_number", number) for number, shared in self.phones(person) if not shared]
        owner, since = user_id(person), iso_seconds(person.known_since)
        seen: set[str] = set()
        rows: list[Row] = []
        for place, (kind, value) in enumerate(values):
            number = owner * 10 + place
            rows.append(
                {
                    "url": f"{self.root}/api/v2/users/{owner}/identities/{number}.json",
                    "id": number,
                    "user_id": owner,
                    "type": kind,
                    "value": value,
                    "verified": kind == "phone_number" or kind not in seen,
                    "primary": kind not in seen,
                    "created_at": since,
                    "updated_at": since,
                    **({"undeliverable_count": 0, "deliverable_state": "deliverable"} if kind == "email" else {}),
                }
            )
            seen.add(kind)
        return rows

    def group(self, queue: Queue) -> Row:
        since = iso_seconds(self.population.now - timedelta(days=900))
        number = group_id(queue)
        return {
            "url": f"{self.root}/api/v2/groups/{number}.json",
            "id": number,
            "is_public": True,
            "name": queue.name,
            "description": "",
            "default": queue.number == 1,
            "deleted": False,
            "created_at": since,
            "updated_at": since,
        }

    def ticket(self, contact: Contact) -> Row:
        requester = user_id(contact.person)
        agent, public = contact.agent, [turn for turn in contact.texts if not turn.private]
        outcome = contact.wrap_up.name.lower().replace(" ", "_") if contact.wrap_up else None
        return {
            "url": f"{self.root}/api/v2/tickets/{contact.number}.json",
            "id": contact.number,
            "external_id": None,
            "via": {"channel": VIA[contact.via], "source": {"from": {}, "to": {}, "rel": None}},
            "created_at": iso_seconds(contact.started_at),
            "updated_at": iso_seconds(contact.last_activity_at),
            "type": "incident" if contact.topic.tag == "fault" else "question",
            "subject": contact.subject,
            "raw_subject": contact.subject,
            "description": public[0].text if public else contact.subject,
            "priority": contact.priority,
            "status": status_of(contact, self.population.now),
            "recipient": "support@contact-centre.example.com" if contact.via == "email" else None,
            "requester_id": requester,
            "submitter_id": requester if contact.direction == "inbound" or agent is None else agent_id(agent),
            "assignee_id": agent_id(agent) if agent else None,
            "organization_id": None,
            "group_id": group_id(contact.last_queue),
            "collaborator_ids": [],
            "follower_ids": [],
            "email_cc_ids": [],
            "forum_topic_id": None,
            "problem_id": None,
            "has_incidents": False,
            "is_public": True,
            "due_at": None,
            "tags": [*contact.tags, *(["escalated"] if contact.escalated else [])],
            "custom_fields": [{"id": WRAP_UP_FIELD, "value": outcome}],
            "satisfaction_rating": self._rating(contact),
            "sharing_agreement_ids": [],
            "followup_ids": [],
            "ticket_form_id": 360_001,
            "brand_id": 360_002,
            "allow_channelback": False,
            "allow_attachments": True,
            "from_messaging_channel": contact.via == "chat",
            "custom_status_id": 1,
        }

    def _rating(self, contact: Contact) -> Row:
        if contact.ended_at is None or contact.number // 1_000 % 3:
            return {"score": "unoffered"}
        if contact.number // 3_000 % 2:
            return {"score": "offered"}
        return {"id": contact.number + 1, "score": "good", "comment": None}

    def _author(self, contact: Contact, turn: Turn) -> int:
        return agent_id(turn.agent) if turn.agent else user_id(contact.person)

    def comments(self, contact: Contact) -> list[Row]:
        """Oldest first; the first repeats the description, notes among agents have `public` false."""
        return [
            {
                "id": contact.number * 100 + place,
                "type": "Comment",
                "author_id": self._author(contact, turn),
                "body": turn.text,
                "html_body": f'<div class="zd-comment" dir="auto"><p dir="auto">{turn.text}</p></div>',
                "plain_body": turn.text,
                "public": not turn.private,
                "attachments": [],
                "audit_id": contact.number * 1_000 + place,
                "via": {"channel": VIA[contact.via], "source": {"from": {}, "to": {}, "rel": None}},
                "created_at": iso_seconds(turn.at),
                "metadata": {"system": {}, "custom": {}},
            }
            for place, turn in enumerate(contact.texts, start=1)
        ]

    def audits(self, contact: Contact) -> list[Row]:
        """What changed, oldest first: the ticket is made, then each queue and agent takes it."""
        number = contact.number * 1_000
        rows = [self._audit(contact, number, contact.started_at, [_set("Create", number, "status", "new", None)])]
        before: dict[str, str | None] = {"group_id": None, "assignee_id": None}
        for stretch in contact.stretches:
            number += 10
            after = {
                "group_id": str(group_id(stretch.queue)),
                "assignee_id": str(agent_id(stretch.agent)) if stretch.agent else None,
            }
            changes = [
                _set("Change", number + place, name, value, before[name])
                for place, (name, value) in enumerate(after.items(), start=1)
                if value != before[name]
            ]
            before = after
            rows.append(self._audit(contact, number, stretch.start, changes))
        return rows

    def _audit(self, contact: Contact, number: int, moment: datetime, events: list[Row]) -> Row:
        return {
            "id": number,
            "ticket_id": contact.number,
            "created_at": iso_seconds(moment),
            "author_id": agent_id(contact.agent) if contact.agent else user_id(contact.person),
            "metadata": {"system": {}, "custom": {}},
            "events": events,
            "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        }


def _set(kind: str, number: int, name: str, value: str | None, previous: str | None) -> Row:
    event = {"id": number, "type": kind, "field_name": name, "value": value}
    return event if kind == "Create" else {**event, "previous_value": previous}
