"""How Chatwoot spells people, inboxes, conversations and messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.company import DIVISIONS, INTERNATIONAL, Agent, Division, Queue, stable_uuid
from sandbox.contacts import Contact, Person, Status, Turn
from sandbox.credentials import CHATWOOT_ACCOUNT_ID, CHATWOOT_TOKEN
from sandbox.population import Held

Row = dict[str, Any]

OWNER = Agent(100, "Journey", "Gateway", "gateway@contact-centre.example.com", INTERNATIONAL)
"""Whose token it is: an administrator, who is assigned to every inbox."""

STATUSES: dict[Status, str] = {
    "queued": "open",
    "active": "open",
    "on_hold": "snoozed",
    "pending": "pending",
    "completed": "resolved",
    "missed": "resolved",
    "abandoned": "resolved",
    "failed": "resolved",
}
PRIORITIES = {"low": "low", "normal": "medium", "high": "high", "urgent": "urgent", None: None}

INCOMING, OUTGOING, ACTIVITY = 0, 1, 2
LINES_A_CONVERSATION = 100
"""Message ids keep the conversation in front of their last two digits."""


@dataclass(frozen=True, slots=True)
class Inbox:
    number: int
    name: str
    channel_type: str
    division: Division


INBOXES = tuple(
    Inbox(number, f"{kind} {division.name}", channel_type, division)
    for number, (division, kind, channel_type) in enumerate(
        (
            (division, kind, channel_type)
            for division in DIVISIONS
            for kind, channel_type in (("Website", "Channel::WebWidget"), ("E-mail", "Channel::Email"))
        ),
        start=1,
    )
)


@dataclass(frozen=True, slots=True)
class Line:
    """One message: a turn of the talk, or what the system notes down about it (`turn` is None)."""

    id: int
    at: datetime
    message_type: int
    text: str
    turn: Turn | None

    @property
    def private(self) -> bool:
        return self.turn is not None and self.turn.private


def inbox_of(contact: Contact) -> Inbox:
    channel_type = "Channel::Email" if contact.channel == "email" else "Channel::WebWidget"
    return next(i for i in INBOXES if i.division is contact.queue.division and i.channel_type == channel_type)


def lines_of(contact: Contact) -> list[Line]:
    """Oldest first. Assignments and the end are told as activity, in words alone, as the vendor does."""
    noted = [
        (stretch.start, f"Assigned to {stretch.agent.name} via {stretch.queue.name}")
        for stretch in contact.stretches
        if stretch.agent
    ]
    if contact.ended_at is not None:
        by = contact.agent.name if contact.agent else "system due to inactivity"
        noted.append((contact.ended_at, f"Conversation was marked resolved by {by}"))
    told: list[tuple[datetime, int, str, Turn | None]] = [(at, ACTIVITY, text, None) for at, text in noted]
    told += [(t.at, INCOMING if t.party == "customer" else OUTGOING, t.text, t) for t in contact.texts]
    told.sort(key=lambda entry: (entry[0], entry[1] == ACTIVITY))
    first = contact.number * LINES_A_CONVERSATION
    return [Line(first + place, *entry) for place, entry in enumerate(told, start=1)]


def unix(moment: datetime | None) -> int:
    """What never came is 0: the server casts an absent time to a number."""
    return 0 if moment is None else int(moment.timestamp())


def agent_row(agent: Agent) -> Row:
    return {
        "id": agent.number,
        "account_id": CHATWOOT_ACCOUNT_ID,
        "availability_status": "online",
        "auto_offline": True,
        "confirmed": True,
        "email": agent.email,
        "available_name": agent.name,
        "name": agent.name,
        "role": "administrator" if agent is OWNER else "agent",
        "thumbnail": "",
        "custom_role_id": None,
    }


def team_row(queue: Queue) -> Row:
    return {
        "id": queue.number,
        "name": queue.name,
        "description": None,
        "allow_auto_assign": True,
        "account_id": CHATWOOT_ACCOUNT_ID,
        "is_member": False,
    }


def profile_row() -> Row:
    return {
        "id": OWNER.number,
        "account_id": CHATWOOT_ACCOUNT_ID,
        "access_token": CHATWOOT_TOKEN,
        "available_name": OWNER.name,
        "avatar_url": "",
        "confirmed": True,
        "display_name": None,
        "message_signature": None,
        "email": OWNER.email,
        "inviter_id": None,
        "name": OWNER.name,
        "provider": "email",
        "pubsub_token": "sandbox-pubsub",
        "role": "administrator",
        "ui_settings": {},
        "uid": OWNER.email,
        "type": None,
        "accounts": [
            {
                "id": CHATWOOT_ACCOUNT_ID,
                "name": "Contact centre",
                "status": "active",
                "role": "administrator",
                "permissions": ["administrator"],
                "availability": "online",
                "availability_status": "online",
                "auto_offline": True,
                "active_at": None,
                "custom_role_id": None,
                "custom_role": None,
            }
        ],
    }


def inbox_row(inbox: Inbox) -> Row:
    row: Row = {
        "id": inbox.number,
        "avatar_url": "",
        "channel_id": inbox.number,
        "name": inbox.name,
        "channel_type": inbox.channel_type,
        "greeting_enabled": False,
        "greeting_message": None,
        "working_hours_enabled": False,
        "enable_email_collect": True,
        "csat_survey_enabled": False,
        "enable_auto_assignment": True,
        "auto_assignment_config": {},
        "out_of_office_message": None,
        "working_hours": [],
        "timezone": "UTC",
        "allow_messages_after_resolved": True,
        "lock_to_single_conversation": False,
        "sender_name_type": "friendly",
        "business_name": None,
        "callback_webhook_url": None,
        "provider": None,
    }
    if inbox.channel_type == "Channel::WebWidget":
        row |= {
            "website_url": "https://www.example.com",
            "website_token": stable_uuid("chatwoot", "website", inbox.number),
            "widget_color": "#1f93ff",
            "web_widget_script": "",
            "welcome_title": None,
            "welcome_tagline": None,
            "hmac_mandatory": False,
            "selected_feature_flags": ["attachments", "emoji_picker"],
            "reply_time": "in_a_few_minutes",
        }
    return row


def contact_row(person: Person, held: Held, newest: Contact | None, *, inboxes: bool = False) -> Row:
    """`held`: what this vendor knows of the person. `newest`: the contact that tells the last activity."""
    row: Row = {
        "additional_attributes": {"country": "", "city": ""},
        "availability_status": "online" if newest is not None and newest.live else "offline",
        "email": held.emails[0] if held.emails else None,
        "id": person.number,
        "name": person.name,
        "phone_number": held.phones[0][0] if held.phones else None,
        "blocked": False,
        "identifier": held.crm_id,
        "thumbnail": "",
        "custom_attributes": {},
        "last_activity_at": None if newest is None else unix(newest.last_activity_at),
        "created_at": unix(person.known_since),
    }
    if inboxes:
        row["contact_inboxes"] = [
            {
                "source_id": _source_id(person, inbox),
                "inbox": {
                    "id": inbox.number,
                    "avatar_url": "",
                    "channel_id": inbox.number,
                    "name": inbox.name,
                    "channel_type": inbox.channel_type,
                    "provider": None,
                },
            }
            for inbox in INBOXES
            if inbox.division is person.division
        ]
    return row


def _source_id(person: Person, inbox: Inbox) -> str:
    return stable_uuid("chatwoot", "source", person.number, inbox.number)


def line_row(line: Line, contact: Contact, sender: Row) -> Row:
    """A message as the list of a conversation's messages tells it. `sender`: the contact's row."""
    emailed = contact.channel == "email" and line.message_type == INCOMING
    row: Row = {
        "id": line.id,
        "content": line.text,
        "inbox_id": inbox_of(contact).number,
        "conversation_id": contact.number,
        "message_type": line.message_type,
        "content_type": "incoming_email" if emailed else "text",
        "status": "read" if line.message_type == OUTGOING and contact.ended_at else "sent",
        "content_attributes": {"email": {"subject": contact.subject}} if emailed else {},
        "created_at": unix(line.at),
        "private": line.private,
        "source_id": f"<{line.id}@mail.example.org>" if emailed else None,
    }
    told_by = _sender(line, sender)
    return row if told_by is None else row | {"sender": told_by}


def _sender(line: Line, contact: Row) -> Row | None:
    if line.turn is None or line.turn.party == "system":
        return None
    if line.turn.party == "customer":
        told = ("additional_attributes", "custom_attributes", "email", "id", "identifier", "name", "phone_number")
        return {name: contact[name] for name in (*told, "thumbnail", "blocked")} | {"type": "contact"}
    agent = line.turn.agent
    if line.turn.party == "bot" or agent is None:
        return {"id": 1, "name": "Assistant", "avatar_url": "", "type": "agent_bot"}
    return {
        "id": agent.number,
        "name": agent.name,
        "available_name": agent.name,
        "avatar_url": "",
        "type": "user",
        "availability_status": "online",
        "thumbnail": "",
    }


def _embedded(line: Line, contact: Contact, sender: Row) -> Row:
    """A message as a conversation carries it: with more about itself than in the list."""
    row = line_row(line, contact, sender)
    kinds = {"contact": "Contact", "user": "User", "agent_bot": "AgentBot", None: None}
    told_by: Row = row.get("sender", {})
    return row | {
        "account_id": CHATWOOT_ACCOUNT_ID,
        "updated_at": line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "sender_type": kinds[told_by.get("type")],
        "sender_id": told_by.get("id"),
        "external_source_ids": {},
        "additional_attributes": {},
        "processed_message_content": line.text,
        "sentiment": {},
        "conversation": {
            "assignee_id": contact.agent.number if contact.agent else None,
            "unread_count": _unread(contact),
            "last_activity_at": unix(contact.last_activity_at),
            "contact_inbox": {"source_id": _source_id(contact.person, inbox_of(contact))},
        },
    }


def _unread(contact: Contact) -> int:
    """A customer's last word in an open conversation that no agent has seen."""
    waits = contact.ended_at is None and contact.texts and contact.texts[-1].party == "customer"
    return 1 if waits else 0


def conversation_row(contact: Contact, sender: Row) -> Row:
    lines = lines_of(contact)
    spoken = [line for line in lines if line.message_type != ACTIVITY]
    replied = next((turn.at for turn in contact.texts if turn.party == "agent" and not turn.private), None)
    seen = unix(contact.last_activity_at) if contact.agent else 0
    meta: Row = {"sender": sender, "channel": inbox_of(contact).channel_type, "hmac_verified": False}
    if contact.agent:
        meta["assignee"] = agent_row(contact.agent)
    if contact.stretches:
        meta["team"] = team_row(contact.last_queue)
    return {
        "meta": meta,
        "id": contact.number,
        "messages": [_embedded(line, contact, sender) for line in lines[-1:]],
        "account_id": CHATWOOT_ACCOUNT_ID,
        "uuid": stable_uuid("chatwoot", "conversation", contact.number),
        "additional_attributes": _additional(contact),
        "agent_last_seen_at": seen,
        "assignee_last_seen_at": seen,
        "can_reply": True,
        "contact_last_seen_at": unix(contact.last_activity_at),
        "custom_attributes": {},
        "inbox_id": inbox_of(contact).number,
        "labels": list(contact.tags),
        "muted": False,
        "snoozed_until": unix(contact.last_activity_at) + 86_400 if contact.status == "on_hold" else None,
        "status": STATUSES[contact.status],
        "created_at": unix(contact.started_at),
        "updated_at": contact.last_activity_at.timestamp(),
        "timestamp": unix(contact.last_activity_at),
        "first_reply_created_at": unix(replied),
        "unread_count": _unread(contact),
        "last_non_activity_message": _embedded(spoken[-1], contact, sender) if spoken else None,
        "last_activity_at": unix(contact.last_activity_at),
        "priority": PRIORITIES[contact.priority],
        "waiting_since": unix(contact.texts[-1].at) if _unread(contact) else 0,
        "sla_policy_id": None,
    }


def _additional(contact: Contact) -> Row:
    if contact.channel == "email":
        return {"source": "email", "mail_subject": contact.subject}
    return {
        "browser": {"browser_name": "Firefox", "platform_name": "Linux"},
        "referer": "https://www.example.com/contact",
        "initiated_at": {"timestamp": contact.started_at.strftime("%a %b %d %Y %H:%M:%S GMT+0000")},
    }
