"""What SurveyMonkey answers, field by field, written by hand from its API v3 documentation and answers others saw."""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
ERROR = {"error": {"docs": str, "message": str, "id": str, "name": str, "http_status_code": int}}
LISTED_CONTACT = {"id": str, "first_name": str, "last_name": str, "email": str, "href": str}
CONTACT = {**LISTED_CONTACT, "custom_fields": {str(number): str for number in range(1, 7)}}
SURVEY = {
    "id": str,
    "title": str,
    "nickname": str,
    "language": str,
    "question_count": int,
    "page_count": int,
    "pages": [{"id": str, "position": int, "title": str, "question_count": int, "questions": [dict]}],
}
ANSWER = {"choice_id?": str, "row_id?": str, "text?": str}
RESPONSE = {
    "id": str,
    "survey_id": str,
    "collector_id": str,
    "recipient_id": str,
    "response_status": {"completed", "partial"},
    "collection_mode": {"default"},
    "date_created": TIME,
    "date_modified": TIME,
    "total_time": int,
    "custom_value": str,
    "custom_variables": dict,
    "email_address": str,
    "first_name": str,
    "last_name": str,
    "ip_address": str,
    "logic_path": dict,
    "metadata": {"contact": dict},
    "page_path": [str],
    "pages": [{"id": str, "questions": [{"id": str, "answers": [ANSWER]}]}],
    "edit_url": str,
    "analyze_url": str,
    "href": str,
}


def listing(shape: object) -> dict[str, object]:
    links = {"self": str, "next?": str}
    return {"data": [shape], "per_page": int, "page": int, "total": int, "links": links}
