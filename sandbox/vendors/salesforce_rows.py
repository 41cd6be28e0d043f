"""How Salesforce writes people, tasks and voice calls; custom fields are those that a dialler would add."""

from __future__ import annotations

from typing import Any

from sandbox.company import CAMPAIGNS, Agent, Campaign
from sandbox.contacts import Contact, Person, Stretch
from sandbox.population import Held
from sandbox.vendors.salesforce_http import make_id, told

Row = dict[str, Any]

SUBTYPES = {"voice": "Call", "callback": "Call", "email": "Email", "web_messaging": "Task"}
CHANNELS = {"voice": "Voice", "callback": "Voice", "email": "Email", "web_messaging": "Chat"}
STATUSES = {"queued": "Not Started", "active": "In Progress", "pending": "Waiting on someone else"}
RESULTS = {"missed": "No Answer", "abandoned": "Hung Up"}
NEVER_TAKEN = ("abandoned", "missed", "queued")
COMPANY_PHONE = "+39 02 5555 0197"

PEOPLE_COLUMNS = frozenset(
    {"Id", "Name", "Email", "Phone", "MobilePhone", "CreatedDate", "Crm_Id__c", "HomePhone", "OtherPhone"}
)
TASK_COLUMNS = frozenset(
    {
        "Id",
        "WhoId",
        "WhatId",
        "What.Name",
        "OwnerId",
        "Owner.Name",
        "Subject",
        "Description",
        "Status",
        "IsClosed",
        "TaskSubtype",
        "CallType",
        "CallDisposition",
        "CallDurationInSeconds",
        "CreatedDate",
        "CompletedDateTime",
        "LastModifiedDate",
        "Phone_Number__c",
        "Number_Type__c",
        "Previous_Score__c",
        "Current_Score__c",
        "Channel__c",
        "Direction__c",
        "Division__c",
        "Tags__c",
    }
)
CALL_COLUMNS = frozenset(
    {
        "Id",
        "RelatedRecordId",
        "PreviousCallId",
        "PreviousCall.PreviousCallId",
        "PreviousCall.PreviousCall.PreviousCallId",
        "NextCallId",
        "OwnerId",
        "Owner.Name",
        "CallType",
        "CallDisposition",
        "DisconnectReason",
        "QueueName",
        "FromPhoneNumber",
        "ToPhoneNumber",
        "CallStartDateTime",
        "CallQueuedDateTime",
        "CallAcceptDateTime",
        "CallConnectDateTime",
        "CallEndDateTime",
        "CallDurationInSeconds",
        "CustomerHoldDuration",
        "Description",
        "LastModifiedDate",
        "ActivityId",
        "Activity.Subject",
        "Activity.Description",
        "Activity.CallDisposition",
        "Previous_Score__c",
        "Current_Score__c",
        "Number_Type__c",
        "Division__c",
    }
)
LEAD_COLUMNS = PEOPLE_COLUMNS - {"HomePhone", "OtherPhone"} | {"IsConverted"}


def is_lead(person: Person) -> bool:
    return person.number % 5 == 0


def person_id(person: Person) -> str:
    return make_id("00Q" if is_lead(person) else "003", person.number)


def agent_id(agent: Agent) -> str:
    return make_id("005", agent.number)


def campaign_id(campaign: Campaign) -> str:
    return make_id("701", campaign.number)


def task_id(contact: Contact) -> str:
    return make_id("00T", contact.number)


def call_id(contact: Contact, place: int = 0) -> str:
    """`place`: 0 for the call itself, then those that it was transferred to."""
    return make_id("0LQ", contact.number * 10 + place)


def is_call(contact: Contact) -> bool:
    return contact.channel == "voice" and (contact.live or contact.number // 1000 % 3 == 0)


def person_row(person: Person, held: Held) -> Row:
    """Numbers as somebody typed them."""
    kind = "Lead" if is_lead(person) else "Contact"
    campaign = campaign_of(person)
    row = {
        "attributes": _attributes(kind, person_id(person)),
        "Id": person_id(person),
        "Name": person.name,
        "Email": next(iter(held.emails), None),
        "Phone": _typed(held.phones[1][0]) if len(held.phones) > 1 else None,
        "MobilePhone": _typed(held.phones[0][0]) if held.phones else None,
        "CreatedDate": told(person.known_since),
        "Crm_Id__c": held.crm_id,
        "CampaignMembers": {
            "totalSize": 1,
            "done": True,
            "records": [
                {
                    "attributes": _attributes("CampaignMember", make_id("00v", person.number)),
                    "Campaign": {
                        "attributes": _attributes("Campaign", campaign_id(campaign)),
                        "Id": campaign_id(campaign),
                        "Name": campaign.name,
                    },
                }
            ],
        },
    }
    return row | ({"IsConverted": False} if is_lead(person) else {"HomePhone": None, "OtherPhone": None})


def campaign_of(person: Person) -> Campaign:
    return next(campaign for campaign in CAMPAIGNS if campaign.division is person.division)


def task_row(contact: Contact) -> Row:
    result = RESULTS.get(contact.status) or (contact.wrap_up.name if contact.wrap_up else None)
    before = 40 + contact.number % 30
    is_spoken = contact.channel in ("voice", "callback")
    last = contact.ended_at or contact.last_activity_at
    campaign = contact.campaign
    return {
        "attributes": _attributes("Task", task_id(contact)),
        "Id": task_id(contact),
        "WhoId": person_id(contact.person),
        "WhatId": campaign and campaign_id(campaign),
        "What": campaign and {"attributes": _attributes("Campaign", campaign_id(campaign)), "Name": campaign.name},
        **_owner(contact.agent),
        "Subject": contact.subject,
        "Description": contact.wrap_up_note,
        "Status": "Completed" if contact.ended_at else STATUSES.get(contact.status, "Deferred"),
        "IsClosed": contact.ended_at is not None,
        "TaskSubtype": SUBTYPES[contact.channel],
        "CallType": contact.direction.title() if is_spoken else None,
        "CallDisposition": result if is_spoken else None,
        "CallDurationInSeconds": int((last - contact.started_at).total_seconds()) if is_spoken else None,
        "CreatedDate": told(contact.started_at),
        "CompletedDateTime": told(contact.ended_at),
        "LastModifiedDate": told(contact.last_activity_at),
        "Phone_Number__c": contact.address if contact.address.startswith("+") else None,
        "Number_Type__c": dict(contact.person.phones).get(contact.address, "").title() or None,
        "Previous_Score__c": before,
        "Current_Score__c": before + (12 if contact.status == "completed" else -5),
        "Channel__c": CHANNELS[contact.channel],
        "Direction__c": contact.direction.title(),
        "Division__c": contact.last_queue.division.name,
        "Tags__c": ";".join(contact.tags) or None,
    }


def call_rows(contact: Contact) -> list[Row]:
    """One for each agent who had it, the first alone where nobody did."""
    handled = [stretch for stretch in contact.stretches if stretch.agent] or list(contact.stretches[:1])
    return [_call_row(contact, place, handled) for place in range(len(handled))]


def _call_row(contact: Contact, place: int, handled: list[Stretch]) -> Row:
    stretch = handled[place]
    waited = contact.stretches[0].start if place == 0 else _queued(contact, stretch)
    before, after = place > 0, place + 1 < len(handled)
    is_inbound = contact.direction == "inbound"
    customer, company = contact.address, COMPANY_PHONE
    task = task_row(contact)
    return {
        "attributes": _attributes("VoiceCall", call_id(contact, place)),
        "Id": call_id(contact, place),
        "RelatedRecordId": person_id(contact.person),
        "PreviousCallId": call_id(contact, place - 1) if before else None,
        "PreviousCall": {"PreviousCallId": None if place == 1 else call_id(contact, place - 2)} if before else None,
        "NextCallId": call_id(contact, place + 1) if after else None,
        **_owner(stretch.agent),
        "CallType": "Transfer" if before else contact.direction.title(),
        "CallDisposition": _disposition(contact, stretch),
        "DisconnectReason": "CUSTOMER_DISCONNECT" if contact.status == "abandoned" else None,
        "QueueName": stretch.queue.name,
        "FromPhoneNumber": customer if is_inbound else company,
        "ToPhoneNumber": company if is_inbound else customer,
        "CallStartDateTime": told(waited),
        "CallQueuedDateTime": told(waited),
        "CallAcceptDateTime": told(stretch.start) if stretch.agent else None,
        "CallConnectDateTime": None,
        "CallEndDateTime": told(stretch.end or contact.last_activity_at),
        "CallDurationInSeconds": int(((stretch.end or contact.last_activity_at) - waited).total_seconds()),
        "CustomerHoldDuration": contact.number % 40,
        "Description": None if before else contact.wrap_up_note,
        "LastModifiedDate": told(contact.last_activity_at),
        "ActivityId": None if before else task["Id"],
        "Activity": None
        if before
        else {
            "attributes": task["attributes"],
            "Subject": contact.subject,
            "Description": contact.wrap_up_note,
            "CallDisposition": task["CallDisposition"],
        },
        "Previous_Score__c": task["Previous_Score__c"],
        "Current_Score__c": task["Current_Score__c"],
        "Number_Type__c": task["Number_Type__c"],
        "Division__c": stretch.division.name,
    }


def _queued(contact: Contact, stretch: Stretch) -> Any:
    waits = [other for other in contact.stretches if other.agent is None and other.end == stretch.start]
    return waits[0].start if waits else stretch.start


def _disposition(contact: Contact, stretch: Stretch) -> str:
    """What nobody took stays new."""
    if stretch.agent is None:
        return "new"
    return "completed" if stretch.end else "in-progress"


def _owner(agent: Agent | None) -> Row:
    if agent is None:
        queue = make_id("00G", 1)
        return {"OwnerId": queue, "Owner": {"attributes": _attributes("Group", queue), "Name": "Voice queue"}}
    user = agent_id(agent)
    return {"OwnerId": user, "Owner": {"attributes": _attributes("User", user), "Name": agent.name}}


def _attributes(kind: str, id_: str) -> Row:
    return {"type": kind, "url": f"/services/data/v61.0/sobjects/{kind}/{id_}"}


def _typed(number: str) -> str:
    """`+393331110001` as `+39 333 1110001`."""
    return f"{number[:3]} {number[3:6]} {number[6:]}"
