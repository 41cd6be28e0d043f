"""What Jira Cloud answers, field by field, written by hand from its REST API documentation.

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
API_URL = re.compile(r"http://.+/rest/api/3/.+")
ACCOUNT = re.compile(r"(qm:[0-9a-f-]+:[0-9a-f-]+|\d+:[0-9a-f-]+)")
NUMBER = re.compile(r"\d+")

ERROR = {"errorMessages": [str], "errors": dict}

USER = {
    "self": API_URL,
    "accountId": ACCOUNT,
    "accountType": {"atlassian", "customer"},
    "emailAddress": str,
    "avatarUrls": dict,
    "displayName": str,
    "active": bool,
    "timeZone": str,
    "locale": str,
}
CUSTOMER = {
    "accountId": ACCOUNT,
    "emailAddress": str,
    "displayName": str,
    "active": bool,
    "timeZone": str,
    "_links": dict,
}
CUSTOMERS = {
    "size": int,
    "start": int,
    "limit": int,
    "isLastPage": bool,
    "_links": dict,
    "_expands": [str],
    "values": [CUSTOMER],
}

FIELDS = {
    "summary": str,
    "description": ({"type": {"doc"}, "version": int, "content": [dict]}, None),
    "created": TIME,
    "updated": TIME,
    "resolutiondate": (TIME, None),
    "resolution": ({"id": NUMBER, "name": str, "description": str}, None),
    "status": {
        "id": NUMBER,
        "name": str,
        "description": str,
        "statusCategory": {"id": int, "key": {"new", "indeterminate", "done"}, "name": str, "colorName": str},
    },
    "priority": {"id": NUMBER, "name": str, "iconUrl": str},
    "project": {
        "id": NUMBER,
        "key": str,
        "name": str,
        "projectTypeKey": str,
        "simplified": bool,
        "avatarUrls": dict,
    },
    "reporter": USER,
    "creator": USER,
    "assignee": (USER, None),
    "labels": [str],
    "customfield_10010": dict,
}
ISSUE = {"id": NUMBER, "key": str, "self": API_URL, "expand": str, "fields": FIELDS, "properties?": dict}
