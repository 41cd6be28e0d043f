"""What Zendesk answers, field by field, written by hand from its Support API description.

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
API_URL = re.compile(r"http://.+/api/v2/.+\.json(\?.*)?")
TEXT_OR_NULL = (str, None)
ID_OR_NULL = (int, None)

VIA = {"channel": {"email", "web", "voice", "chat"}, "source": {"from": dict, "to": dict, "rel": TEXT_OR_NULL}}

TICKET = {
    "id": int,
    "url": API_URL,
    "external_id": TEXT_OR_NULL,
    "via": VIA,
    "created_at": TIME,
    "updated_at": TIME,
    "type": ({"problem", "incident", "question", "task"}, None),
    "subject": str,
    "raw_subject": str,
    "description": str,
    "priority": ({"urgent", "high", "normal", "low"}, None),
    "status": {"new", "open", "pending", "hold", "solved", "closed"},
    "custom_status_id": int,
    "recipient": TEXT_OR_NULL,
    "requester_id": int,
    "submitter_id": int,
    "assignee_id": ID_OR_NULL,
    "organization_id": ID_OR_NULL,
    "group_id": ID_OR_NULL,
    "brand_id": int,
    "ticket_form_id": int,
    "collaborator_ids": [int],
    "follower_ids": [int],
    "email_cc_ids": [int],
    "followup_ids": [int],
    "sharing_agreement_ids": [int],
    "forum_topic_id": ID_OR_NULL,
    "problem_id": ID_OR_NULL,
    "has_incidents": bool,
    "is_public": bool,
    "due_at": (TIME, None),
    "tags": [str],
    "custom_fields": [{"id": int, "value": TEXT_OR_NULL}],
    "satisfaction_rating": {"score": {"offered", "unoffered", "good", "bad"}, "id?": int, "comment?": TEXT_OR_NULL},
    "allow_channelback": bool,
    "allow_attachments": bool,
    "from_messaging_channel": bool,
    "result_type?": {"ticket"},
}

USER = {
    "id": int,
    "url": API_URL,
    "name": str,
    "email": TEXT_OR_NULL,
    "phone": TEXT_OR_NULL,
    "shared_phone_number": (bool, None),
    "external_id": TEXT_OR_NULL,
    "role": {"end-user", "agent", "admin"},
    "role_type": ID_OR_NULL,
    "custom_role_id": ID_OR_NULL,
    "created_at": TIME,
    "updated_at": TIME,
    "last_login_at": (TIME, None),
    "time_zone": str,
    "iana_time_zone": str,
    "locale": str,
    "locale_id": int,
    "organization_id": ID_OR_NULL,
    "default_group_id": ID_OR_NULL,
    "photo": (dict, None),
    "active": bool,
    "verified": bool,
    "suspended": bool,
    "moderator": bool,
    "shared": bool,
    "shared_agent": bool,
    "restricted_agent": bool,
    "only_private_comments": bool,
    "report_csv": bool,
    "two_factor_auth_enabled": (bool, None),
    "ticket_restriction": ({"organization", "groups", "assigned", "requested"}, None),
    "alias": str,
    "signature": str,
    "details": str,
    "notes": str,
    "tags": [str],
    "user_fields": dict,
    "result_type?": {"user"},
}

IDENTITY = {
    "id": int,
    "url": API_URL,
    "user_id": int,
    "type": {
        *(
            "email",
            "twitter",
            "facebook",
            "google",
            "phone_number",
            "agent_forwarding",
            "any_channel",
            "foreign",
            "sdk",
        ),
    },
    "value": str,
    "verified": bool,
    "primary": bool,
    "created_at": TIME,
    "updated_at": TIME,
    "undeliverable_count?": int,
    "deliverable_state?": str,
}

GROUP = {
    "id": int,
    "url": API_URL,
    "name": str,
    "description": str,
    "default": bool,
    "deleted": bool,
    "is_public": bool,
    "created_at": TIME,
    "updated_at": TIME,
    "result_type?": {"group"},
}

COMMENT = {
    "id": int,
    "type": {"Comment", "VoiceComment"},
    "author_id": int,
    "body": str,
    "html_body": str,
    "plain_body": str,
    "public": bool,
    "attachments": list,
    "audit_id": int,
    "via": VIA,
    "created_at": TIME,
    "metadata": dict,
}

EVENT = {
    "id": int,
    "type": {"Create", "Change"},
    "field_name": str,
    "value": TEXT_OR_NULL,
    "previous_value?": TEXT_OR_NULL,
}
AUDIT = {
    "id": int,
    "ticket_id": int,
    "created_at": TIME,
    "author_id": int,
    "metadata": dict,
    "events": [EVENT],
    "via": VIA,
}

OFFSET_PAGE = {"count": int, "next_page": (API_URL, None), "previous_page": (API_URL, None)}
CURSOR_PAGE = {
    "meta": {"has_more": bool, "after_cursor": TEXT_OR_NULL, "before_cursor": TEXT_OR_NULL},
    "links": {"next": (API_URL, None), "prev": (API_URL, None)},
}
SEARCH = {**OFFSET_PAGE, "facets": TEXT_OR_NULL, "results": [(TICKET, USER, GROUP)]}
EXPORT = {**CURSOR_PAGE, "facets": TEXT_OR_NULL, "results": [(TICKET, USER)]}
INCREMENTAL = {
    "tickets": [TICKET],
    "after_cursor": str,
    "after_url": API_URL,
    "before_cursor": None,
    "before_url": None,
    "end_of_stream": bool,
}
ERROR = {"error": str, "description?": str}
