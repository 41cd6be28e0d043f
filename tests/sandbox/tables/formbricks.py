"""What Formbricks answers, field by field, written by hand from its published management API v1 and v2."""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TEXT_OR_NULL = (str, None)

ERROR_V1 = {"code": {"not_authenticated", "not_found", "bad_request"}, "message": str, "details": dict}
ERROR_V2 = {"error": {"code": int, "message": str, "details?": [{"field": str, "issue": str}]}}

CONTACT = {
    "id": str,
    "createdAt": TIME,
    "updatedAt": TIME,
    "userId": TEXT_OR_NULL,
    "workspaceId": str,
    "environmentId": str,
}
ATTRIBUTE = {"id": str, "attributeKeyId": str, "contactId": str, "createdAt": TIME, "updatedAt": TIME, "value": str}
KEY = {
    "id": str,
    "createdAt": TIME,
    "updatedAt": TIME,
    "isUnique": bool,
    "key": str,
    "name": TEXT_OR_NULL,
    "description": TEXT_OR_NULL,
    "type": {"custom", "default"},
    "environmentId": str,
    "workspaceId": str,
}
QUESTION = {"id": str, "type": {"nps", "openText"}, "headline": dict, "required": bool, "inputType": str}
SURVEY = {
    "id": str,
    "name": str,
    "type": str,
    "status": str,
    "environmentId": str,
    "workspaceId": str,
    "createdAt": TIME,
    "updatedAt": TIME,
    "hiddenFields": dict,
    "questions": [QUESTION],
    "blocks": [{"id": str, "name": str, "elements": [QUESTION]}],
}
RESPONSE = {
    "id": str,
    "createdAt": TIME,
    "updatedAt": TIME,
    "finished": bool,
    "surveyId": str,
    "contactId": TEXT_OR_NULL,
    "endingId": TEXT_OR_NULL,
    "data": dict,
    "variables": dict,
    "ttc": dict,
    "meta": dict,
    "contactAttributes": (dict, None),
    "singleUseId": TEXT_OR_NULL,
    "language": TEXT_OR_NULL,
    "displayId": TEXT_OR_NULL,
}
META = {"total": int, "limit": int, "offset": int}
