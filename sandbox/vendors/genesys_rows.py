"""How Genesys Cloud spells external contacts, journey sessions, running conversations and the company's own things."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company import Agent, Division, Queue, WrapUpCode, agents_of
from sandbox.contacts import Contact, Person, Stretch
from sandbox.population import Held
from sandbox.vendor import iso_millis
from sandbox.vendors.genesys_details import MEDIA, PROVIDERS, addresses, customer_purpose, division_ids, hung_up
from sandbox.vendors.genesys_ids import (
    CRM_SOURCE_ID,
    agent_id,
    conversation_id,
    division_id,
    guest_id,
    part_id,
    person_id,
    queue_id,
    session_id,
    wrap_up_id,
)

Row = dict[str, Any]

IDLE_AFTER, AWAY_AFTER = timedelta(seconds=45), timedelta(seconds=60)

COUNTRIES = {"+39": "IT", "+33": "FR", "+44": "GB"}
_CHANNELS: dict[str, Row] = {
    "voice": {"type": "Call"},
    "callback": {"type": "Callback"},
    "email": {"type": "Email"},
    "web_messaging": {"type": "Message", "messageType": "WebMessaging"},
}
_DISCONNECTS = {"abandoned": "Endpoint", "missed": "Timeout"}


def reference(kind: str, identity: str) -> Row:
    """`kind`: the path of the collection, `routing/queues`."""
    return {"id": identity, "selfUri": f"/api/v2/{kind}/{identity}"}


def division_row(division: Division) -> Row:
    return {
        **reference("authorization/divisions", division_id(division)),
        "name": division.name,
        "description": f"Customers and queues of {division.name}",
        "homeDivision": division.number == 1,
    }


def _division_reference(division: Division, *, named: bool = True) -> Row:
    row = reference("authorization/divisions", division_id(division))
    return row | {"name": division.name} if named else row


def queue_row(queue: Queue, made_at: datetime) -> Row:
    members = len(agents_of(queue.division))
    return {
        **reference("routing/queues", queue_id(queue)),
        "name": queue.name,
        "division": _division_reference(queue.division),
        "dateCreated": iso_millis(made_at),
        "dateModified": iso_millis(made_at),
        "memberCount": members,
        "userMemberCount": members,
        "joinedMemberCount": members,
    }


def wrap_up_row(code: WrapUpCode, made_at: datetime, made_by: Agent) -> Row:
    return {
        **reference("routing/wrapupcodes", wrap_up_id(code)),
        "name": code.name,
        "division": {"id": "*"},
        "dateCreated": iso_millis(made_at),
        "createdBy": agent_id(made_by),
    }


def user_row(agent: Agent) -> Row:
    return {
        **reference("users", agent_id(agent)),
        "name": agent.name,
        "division": _division_reference(agent.division),
        "email": agent.email,
        "primaryContactInfo": [{"address": agent.email, "mediaType": "EMAIL", "type": "PRIMARY"}],
        "state": "active",
        "username": agent.email,
        "version": 1,
        "acdAutoAnswer": False,
    }


def external_source_row(*, named: bool) -> Row:
    row = reference("externalcontacts/externalsources", CRM_SOURCE_ID)
    return row | {"name": "crm", "active": True} if named else row


def contact_row(person: Person, held: Held, identifiers: list[Row] | None, expanded: frozenset[str]) -> Row:
    """`held`: what this vendor knows of the person. `identifiers`: the claimed ones, when they are asked for."""
    row: Row = {
        **reference("externalcontacts/contacts", person_id(person)),
        "division": _division_reference(person.division, named="division" in expanded),
        "firstName": person.given_name,
        "lastName": person.family_name,
        **_phones(held),
        **dict(zip(("personalEmail", "otherEmail", "workEmail"), held.emails, strict=False)),
        "modifyDate": iso_millis(person.known_since),
        "createDate": iso_millis(person.known_since),
        "surveyOptOut": False,
        "type": "Curated",
    }
    if held.whatsapp:
        row["whatsAppId"] = {"phoneNumber": _phone(held.whatsapp), "displayName": person.name}
    if held.crm_id:
        source = external_source_row(named="externalSources" in expanded)
        row["externalIds"] = [{"externalSource": source, "value": held.crm_id}]
    return row if identifiers is None else row | {"identifiers": identifiers}


def _phones(held: Held) -> Row:
    """Each number in the field of its kind; where that is taken, as the other one."""
    fields = {"mobile": "cellPhone", "home": "homePhone", "work": "workPhone", "office": "workPhone"}
    row: Row = {}
    for number, kind in held.phones:
        row.setdefault("otherPhone" if fields[kind] in row else fields[kind], _phone(number))
    return row


def _phone(number: str) -> Row:
    return {"display": number, "acceptsSMS": True, "userInput": number, "e164": number, "countryCode": _country(number)}


def _country(number: str) -> str:
    return next((country for prefix, country in COUNTRIES.items() if number.startswith(prefix)), "IT")


def identifier_row(kind: str, value: str, person: Person) -> Row:
    row: Row = {"type": kind, "value": value, "dateCreated": iso_millis(person.known_since)}
    if kind == "ExternalId":
        row["externalSource"] = external_source_row(named=False)
    return row


def session_row(contact: Contact) -> Row:
    """The conversation as one session of the customer's journey."""
    last = contact.last_activity_at
    row: Row = {
        **reference("journey/sessions", session_id(contact)),
        "externalContact": reference("externalcontacts/contacts", person_id(contact.person)),
        **_customer_id(contact),
        "type": "conversation",
        "shortId": f"{contact.number % 900_000 + 100_000}",
        "eventCount": 2 + len(contact.stretches),
        "pageviewCount": 0,
        "screenviewCount": 0,
        "lastEvent": {
            "id": part_id(contact, "last-event"),
            "eventName": "conversation_ended" if contact.ended_at else "conversation_updated",
            "createdDate": iso_millis(last),
        },
        "conversation": reference("conversations", conversation_id(contact)),
        "conversationChannels": [{**_CHANNELS[contact.channel], "platform": PROVIDERS[contact.channel]}],
        "originatingDirection": contact.direction.capitalize(),
        "lastAcdOutcome": _acd_outcome(contact),
        "authenticated": False,
        "divisionIds": division_ids(contact),
        "createdDate": iso_millis(contact.started_at),
        "durationInSeconds": int((last - contact.started_at).total_seconds()),
    }
    if contact.stretches:
        row["lastConnectedQueue"] = reference("routing/queues", queue_id(contact.last_queue))
    if contact.agent:
        row["lastConnectedUser"] = reference("users", agent_id(contact.agent))
    if contact.channel == "email":
        row["conversationSubject"] = contact.subject
    if contact.wrap_up and contact.agent:
        row["lastUserDisposition"] = {
            "code": wrap_up_id(contact.wrap_up),
            **({"notes": contact.wrap_up_note} if contact.wrap_up_note else {}),
            "user": reference("users", agent_id(contact.agent)),
        }
    if contact.ended_at:
        row["endedDate"] = iso_millis(contact.ended_at)
        row["lastUserDisconnectType"] = _DISCONNECTS.get(contact.status, "Peer" if hung_up(contact) else "Client")
    elif contact.channel == "web_messaging":
        row |= {"idleDate": iso_millis(last + IDLE_AFTER), "awayDate": iso_millis(last + AWAY_AFTER)}
    return row


def _customer_id(contact: Contact) -> Row:
    if contact.channel == "web_messaging":
        return {"customerId": guest_id(contact.person), "customerIdType": "cookie"}
    return {"customerId": contact.address, "customerIdType": "email" if contact.channel == "email" else "phone"}


def _acd_outcome(contact: Contact) -> str:
    if contact.agent:
        return "Answered"
    return "Abandon" if contact.status in ("abandoned", "missed") else "Unknown"


def conversation_row(contact: Contact) -> Row:
    """The conversation as it is being held, or was; parties that left are disconnected."""
    told = addresses(contact)
    row: Row = {
        **reference("conversations", conversation_id(contact)),
        "startTime": iso_millis(contact.started_at),
        "address": told.get("ani") or told.get("addressFrom") or contact.address,
        "divisions": [
            {"division": reference("authorization/divisions", identity), "entities": []}
            for identity in division_ids(contact)
        ],
        "participants": [
            _party(contact, None, None),
            *(_party(contact, place, stretch) for place, stretch in enumerate(contact.stretches)),
        ],
    }
    return row | ({"endTime": iso_millis(contact.ended_at)} if contact.ended_at else {})


def _party(contact: Contact, place: int | None, stretch: Stretch | None) -> Row:
    """The customer (no stretch), a queue or an agent."""
    start = stretch.start if stretch else contact.started_at
    end = stretch.end if stretch else contact.ended_at
    where = "customer" if place is None else place
    row: Row = {
        "id": part_id(contact, "participant", where),
        "startTime": iso_millis(start),
        "connectedTime": iso_millis(start),
        "attributes": {},
        "calls": [],
        "messages": [],
        "emails": [],
        "callbacks": [],
    }
    if end is not None:
        row["endTime"] = iso_millis(end)
    if stretch is None:
        row |= {"purpose": customer_purpose(contact), "name": contact.person.name}
        row["externalContactId"] = person_id(contact.person)
        row |= {name: value for name, value in addresses(contact).items() if name in ("ani", "dnis")}
    else:
        row |= {"queueId": queue_id(stretch.queue), "queueName": stretch.queue.name}
        row |= _agent_part(contact, stretch) if stretch.agent else {"purpose": "acd", "name": stretch.queue.name}
    kind = {"voice": "calls", "callback": "callbacks", "email": "emails", "message": "messages"}[MEDIA[contact.channel]]
    row[kind].append(_communication(contact, where, start, end, following=_is_followed(contact, place)))
    return row


def _is_followed(contact: Contact, place: int | None) -> bool:
    return place is not None and place + 1 < len(contact.stretches)


def _agent_part(contact: Contact, stretch: Stretch) -> Row:
    assert stretch.agent is not None
    identity = agent_id(stretch.agent)
    row: Row = {
        "purpose": "agent",
        "name": stretch.agent.name,
        "userId": identity,
        "userUri": f"/api/v2/users/{identity}",
    }
    if contact.wrap_up and stretch is contact.stretches[-1]:
        row["wrapup"] = {"code": wrap_up_id(contact.wrap_up), "name": contact.wrap_up.name, "tags": list(contact.tags)}
        if contact.wrap_up_note:
            row["wrapup"]["notes"] = contact.wrap_up_note
    return row


def _communication(contact: Contact, where: object, start: datetime, end: datetime | None, *, following: bool) -> Row:
    row: Row = {
        "id": part_id(contact, "communication", where),
        "state": "connected" if end is None else "disconnected",
        "direction": contact.direction,
        "held": False,
        "connectedTime": iso_millis(start),
        "provider": PROVIDERS[contact.channel],
    }
    if end is not None:
        row["disconnectedTime"] = iso_millis(end)
        row["disconnectType"] = "transfer" if following else "peer" if hung_up(contact) else "client"
    own: dict[str, Row] = {
        "voice": {"recording": contact.agent is not None, "muted": False},
        "callback": {"callbackNumbers": [contact.address], "callbackUserName": contact.person.name},
        "email": {"subject": contact.subject, "messagesSent": sum(turn.party == "agent" for turn in contact.texts)},
        "web_messaging": {"type": "webmessaging"},
    }
    return row | own[contact.channel]
