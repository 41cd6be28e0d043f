"""The ids that Genesys Cloud gives to things, and what hides in them."""

from __future__ import annotations

import hashlib
import re
from functools import cache

from sandbox.company import Agent, Campaign, Division, Queue, WrapUpCode, stable_uuid
from sandbox.contacts import Contact, Person

COMPANY_PHONE = "+390255550180"
COMPANY_EMAIL = "service@contact-centre.example.com"
CRM_SOURCE_ID = stable_uuid("genesys", "external-source", "crm")
DEPLOYMENT_ID = stable_uuid("genesys", "deployment")
SURVEY_FORM_ID = stable_uuid("genesys", "survey-form")

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def person_id(person: Person) -> str:
    return _of("contact", person.number)


def guest_id(person: Person) -> str:
    """What a visitor of the website is called in messages; it says nothing about who that is."""
    return _of("guest", person.number)


def queue_id(queue: Queue) -> str:
    return _of("queue", queue.number)


def agent_id(agent: Agent) -> str:
    return _of("user", agent.number)


def division_id(division: Division) -> str:
    return _of("division", division.number)


def wrap_up_id(code: WrapUpCode) -> str:
    return _of("wrap-up", code.number)


def campaign_id(campaign: Campaign) -> str:
    return _of("campaign", campaign.number)


def conversation_id(contact: Contact) -> str:
    return _numbered("conversation", contact.number)


def session_id(contact: Contact) -> str:
    """Of the journey session that a conversation is."""
    return _numbered("session", contact.number)


def visit_id(contact: Contact) -> str:
    """Of the web session before a conversation."""
    return _numbered("visit", contact.number)


def visit_number(text: str) -> int | None:
    return _number("visit", text)


def conversation_number(text: str) -> int | None:
    return _number("conversation", text)


def session_number(text: str) -> int | None:
    return _number("session", text)


def part_id(contact: Contact, *parts: object) -> str:
    """Of something within one conversation."""
    return _digest(f"part/{contact.number}/{'/'.join(map(str, parts))}")


@cache
def _of(kind: str, number: int) -> str:
    return stable_uuid("genesys", kind, number)


def _numbered(kind: str, number: int) -> str:
    """A UUID that ends in the contact's number, so that it is found again without a register."""
    return f"{_digest(f'{kind}/{number}')[:24]}{number:012x}"


def _digest(text: str) -> str:
    """In the form of a UUID, but made several times faster: one journey's page has thousands."""
    told = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{told[:8]}-{told[8:12]}-5{told[13:16]}-a{told[17:20]}-{told[20:]}"


def _number(kind: str, text: str) -> int | None:
    if not _UUID.fullmatch(text):
        return None
    number = int(text[-12:], 16)
    return number if text == _numbered(kind, number) else None
