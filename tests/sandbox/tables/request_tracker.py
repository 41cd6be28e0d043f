"""What Request Tracker 5.0.3 answers, field by field, written by hand from recorded answers.

How a shape reads: see `tests.sandbox.shapes`. Scalars are strings; only a single object's own id is a number.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
NUMBER = re.compile(r"\d+")
API_URL = re.compile(r"http://.+/REST/2\.0/.+")

TICKET_REF = {"type": {"ticket"}, "id": NUMBER, "_url": API_URL}
USER_REF = {"type": {"user"}, "id": str, "_url": API_URL}
QUEUE_REF = {"type": {"queue"}, "id": NUMBER, "_url": API_URL}
CUSTOM_FIELD = {"type": {"customfield"}, "id": NUMBER, "_url": API_URL, "name": str, "values": [str]}
LINK = {"ref": str, "_url": API_URL, "type?": str, "id?": int}

STATUS = {"new", "open", "stalled", "resolved", "rejected", "deleted"}

LISTED_TICKET = {
    **TICKET_REF,
    "Subject": str,
    "Status": STATUS,
    "Type": {"ticket"},
    "Priority": NUMBER,
    "Created": TIME,
    "LastUpdated": TIME,
    "Started": TIME,
    "Resolved": TIME,
    "Due": TIME,
    "Queue": {**QUEUE_REF, "Name": str},
    "Owner": {**USER_REF, "Name": str, "RealName": str, "EmailAddress": str},
    "Requestor": [{**USER_REF, "Name": str, "RealName": str, "EmailAddress": str}],
    "Creator": USER_REF,
}

TICKET = {
    "id": int,
    "type": {"ticket"},
    "_url": API_URL,
    "EffectiveId": TICKET_REF,
    "Subject": str,
    "Status": STATUS,
    "Type": {"ticket"},
    "Priority": NUMBER,
    "InitialPriority": NUMBER,
    "FinalPriority": NUMBER,
    "TimeWorked": NUMBER,
    "TimeLeft": NUMBER,
    "TimeEstimated": NUMBER,
    "Created": TIME,
    "LastUpdated": TIME,
    "Started": TIME,
    "Starts": TIME,
    "Resolved": TIME,
    "Due": TIME,
    "Told": TIME,
    "Queue": QUEUE_REF,
    "Owner": USER_REF,
    "Creator": USER_REF,
    "LastUpdatedBy": USER_REF,
    "Requestor": [USER_REF],
    "Cc": [USER_REF],
    "AdminCc": [USER_REF],
    "CustomFields": [CUSTOM_FIELD],
    "_hyperlinks": [LINK],
}

TRANSACTION = {
    "type": {"transaction"},
    "id": NUMBER,
    "_url": API_URL,
    "Type": {"Create", "Status", "Set", "Correspond", "Comment", "EmailRecord"},
    "Created": TIME,
    "Creator": USER_REF,
    "Field": str,
    "OldValue": str,
    "NewValue": str,
    "Data": str,
}

LISTED_USER = {**USER_REF, "Name": str, "EmailAddress": str, "RealName": str, "MobilePhone": str, "WorkPhone": str}

USER = {
    "id": int,
    "Name": str,
    "EmailAddress": str,
    "RealName": str,
    "MobilePhone?": str,
    "WorkPhone?": str,
    "Privileged": {0, 1},
    "Disabled": NUMBER,
    "Created": TIME,
    "LastUpdated": TIME,
    "Creator": USER_REF,
    "LastUpdatedBy": USER_REF,
    "Memberships": list,
    "CustomFields": [CUSTOM_FIELD],
    "_hyperlinks": [LINK],
}

LISTED_QUEUE = {**QUEUE_REF, "Name": str, "Description": str, "Lifecycle": str}
ERROR = {"message": str}


def listing(item: object) -> dict[str, object]:
    """`pages` is a fraction when there are none."""
    return {
        "page": int,
        "per_page": int,
        "pages": (int, float),
        "total": int,
        "count": int,
        "items": [item],
        "next_page?": API_URL,
        "prev_page?": API_URL,
    }
