"""What Salesforce answers, field by field, written by hand from its REST API and object references.

How a shape reads: see `tests.sandbox.shapes`. Fields that end in `__c` are custom: a dialler's.
"""

from __future__ import annotations

import re

ID = re.compile(r"[0-9A-Za-z]{15}[0-9A-Z]{3}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
ATTRIBUTES = {"type": str, "url": re.compile(r"/services/data/v61\.0/sobjects/\w+/\w{18}")}

ERROR = [{"message": str, "errorCode": re.compile(r"[A-Z_]+")}]
TOKEN = {
    "access_token": str,
    "signature": str,
    "scope": str,
    "instance_url": re.compile(r"http://.+"),
    "id": str,
    "token_type": {"Bearer"},
    "issued_at": re.compile(r"\d+"),
}
NAMED = ({"attributes": ATTRIBUTES, "Name": str}, None)
MEMBERS = {
    "totalSize": int,
    "done": bool,
    "records": [{"attributes": ATTRIBUTES, "Campaign": {"attributes": ATTRIBUTES, "Id": ID, "Name": str}}],
}
CONTACT = {
    "attributes": ATTRIBUTES,
    "Id": ID,
    "Name": str,
    "Email": (str, None),
    "MobilePhone": (str, None),
    "CreatedDate": TIME,
    "CampaignMembers": (MEMBERS, None),
}
TASK = {
    "attributes": ATTRIBUTES,
    "Id": ID,
    "WhoId": ID,
    "What": NAMED,
    "OwnerId": ID,
    "Owner": NAMED,
    "Status": {"Completed", "Not Started", "In Progress", "Waiting on someone else", "Deferred"},
    "IsClosed": bool,
    "TaskSubtype": {"Call", "Email", "Task"},
    "CallType": ({"Inbound", "Outbound"}, None),
    "CallDisposition": (str, None),
    "CallDurationInSeconds": (int, None),
    "CreatedDate": TIME,
    "CompletedDateTime": (TIME, None),
}
VOICE_CALL = {
    "attributes": ATTRIBUTES,
    "Id": ID,
    "RelatedRecordId": ID,
    "PreviousCallId": (ID, None),
    "NextCallId": (ID, None),
    "CallType": {"Inbound", "Outbound", "Transfer"},
    "CallDisposition": {"new", "in-progress", "completed"},
    "QueueName": str,
    "FromPhoneNumber": str,
    "ToPhoneNumber": str,
    "CallStartDateTime": TIME,
    "CallAcceptDateTime": (TIME, None),
    "CallEndDateTime": TIME,
    "CustomerHoldDuration": int,
    "ActivityId": (ID, None),
}


def answer(row: object) -> dict[str, object]:
    return {
        "totalSize": int,
        "done": bool,
        "nextRecordsUrl?": re.compile(r"/services/data/v61\.0/query/.+"),
        "records": [row],
    }
