"""Jira's resources, spelled from the population: users, issues with their documents and odd times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.company import Agent, Division, stable_uuid
from sandbox.contacts import Contact, Person
from sandbox.population import Population

Row = dict[str, Any]

SITE = "5a4db0c0-0000-4000-8000-00000000000a"
ZONE = "Europe/Rome"
PROJECTS_FROM = 10_000
REQUEST_TYPE_FIELD = "customfield_10010"
STATUSES = {
    "queued": ("10001", "Waiting for support", "new", 2),
    "active": ("10002", "In progress", "indeterminate", 4),
    "pending": ("10003", "Waiting for customer", "indeterminate", 4),
    "on_hold": ("10004", "With the supplier", "indeterminate", 4),
    "completed": ("10005", "Resolved", "done", 3),
}
PRIORITIES = {"low": ("4", "Low"), "normal": ("3", "Medium"), "high": ("2", "High"), "urgent": ("1", "Highest")}
CHANNELS = {"email": "email", "web": "portal", "phone": "jira", "chat": "chat"}


def account_id(person: Person) -> str:
    """Of a customer who only knows the portal."""
    return f"qm:{SITE}:{stable_uuid('jira', 'customer', person.number)}"


def agent_account_id(agent: Agent) -> str:
    return f"557058:{stable_uuid('jira', 'agent', agent.number)}"


def project_id(division: Division) -> str:
    return str(PROJECTS_FROM + division.number)


def project_key(division: Division) -> str:
    return f"SD{division.name[:2].upper()}"


def jira_time(moment: datetime | None) -> str | None:
    """`2026-11-23T01:02:03.000+0000`: an offset without a colon."""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}+0000"


def document(text: str) -> Row:
    """One paragraph for each sentence."""
    sentences = [sentence.strip() for sentence in text.split(". ") if sentence.strip()]
    return {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "paragraph", "content": [{"type": "text", "text": sentence, "marks": [{"type": "strong"}]}]}
            for sentence in sentences
        ],
    }


@dataclass(frozen=True, slots=True)
class Spelling:
    """`root`: where the vendor is mounted; every `self` is an address of the API, never a page for people."""

    population: Population
    root: str

    def email(self, person: Person) -> str:
        held = self.population.held(person, "zendesk").emails
        own = (address for address in held if self.population.holders("zendesk", address)[0] is person)
        return next(own, "")

    def hides_email(self, person: Person) -> bool:
        return person.number % 5 == 0

    def user(self, person: Person) -> Row:
        shown = "" if self.hides_email(person) else self.email(person)
        return self._user(account_id(person), "customer", person.name, shown)

    def customer(self, person: Person) -> Row:
        """As the service desk's agents see their customer: with the address."""
        row = self.user(person)
        return {
            "accountId": row["accountId"],
            "emailAddress": self.email(person),
            "displayName": person.name,
            "active": True,
            "timeZone": ZONE,
            "_links": {"self": row["self"], "jiraRest": row["self"], "avatarUrls": {}},
        }

    def agent(self, agent: Agent) -> Row:
        return self._user(agent_account_id(agent), "atlassian", agent.name, agent.email)

    def _user(self, account: str, kind: str, name: str, email: str) -> Row:
        return {
            "self": f"{self.root}/rest/api/3/user?accountId={account}",
            "accountId": account,
            "accountType": kind,
            "emailAddress": email,
            "avatarUrls": {},
            "displayName": name,
            "active": True,
            "timeZone": ZONE,
            "locale": "en_GB",
        }

    def issue(self, contact: Contact, fields: frozenset[str], properties: frozenset[str]) -> Row:
        """Only what is asked for; nothing but the id when nothing is."""
        row: Row = {"id": str(contact.number)}
        if fields:
            shown = {name: value for name, value in self._fields(contact).items() if name in fields or "*all" in fields}
            row |= {
                "expand": "",
                "self": f"{self.root}/rest/api/3/issue/{contact.number}",
                "key": f"{project_key(contact.person.division)}-{contact.number}",
                "fields": shown,
            }
        if "request.channel.type" in properties:
            row["properties"] = {"request.channel.type": {"value": CHANNELS[contact.via]}}
        return row

    def _fields(self, contact: Contact) -> Row:
        reporter, agent = self.user(contact.person), contact.agent
        public = [turn for turn in contact.texts if not turn.private]
        number, name, category, category_id = STATUSES[contact.status]
        priority_id, priority = PRIORITIES[contact.priority or "normal"]
        by_agent = contact.direction == "outbound" and agent is not None
        done = category == "done"
        return {
            "summary": contact.subject,
            "description": document(public[0].text) if public else None,
            "created": jira_time(contact.started_at),
            "updated": jira_time(contact.last_activity_at),
            "resolutiondate": jira_time(contact.ended_at) if done else None,
            "resolution": {"id": "10000", "name": "Done", "description": ""} if done else None,
            "status": {
                "id": number,
                "name": name,
                "description": "",
                "statusCategory": {"id": category_id, "key": category, "name": name, "colorName": "blue-gray"},
            },
            "priority": {"id": priority_id, "name": priority, "iconUrl": ""},
            "project": self._project(contact.person.division),
            "reporter": reporter,
            "creator": self.agent(agent) if by_agent and agent is not None else reporter,
            "assignee": self.agent(agent) if agent is not None else None,
            "labels": list(contact.tags),
            REQUEST_TYPE_FIELD: {"requestType": {"id": "7", "name": contact.topic.group}},
        }

    def _project(self, division: Division) -> Row:
        return {
            "id": project_id(division),
            "key": project_key(division),
            "name": f"Service desk {division.name}",
            "projectTypeKey": "service_desk",
            "simplified": False,
            "avatarUrls": {},
        }
