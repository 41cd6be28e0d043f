"""What Intercom answers, field by field, written by hand from its published REST API 2.14."""

from __future__ import annotations

TEXT_OR_NULL = (str, None)
NUMBER_OR_NULL = (int, None)

ERRORS = {"type": {"error.list"}, "request_id": str, "errors": [{"code": str, "message": str}]}
PAGES = {
    "type": {"pages"},
    "page": int,
    "per_page": int,
    "total_pages": int,
    "next?": {"page": int, "starting_after": str},
}
CONTACT = {
    "type": {"contact"},
    "id": str,
    "workspace_id": str,
    "external_id": TEXT_OR_NULL,
    "role": {"user", "lead"},
    "email": TEXT_OR_NULL,
    "phone": TEXT_OR_NULL,
    "name": TEXT_OR_NULL,
    "avatar": TEXT_OR_NULL,
    "owner_id": NUMBER_OR_NULL,
    "created_at": int,
    "updated_at": int,
    "last_seen_at": NUMBER_OR_NULL,
    "custom_attributes": dict,
}
AUTHOR = {"type": {"user", "lead", "admin", "bot"}, "id": str, "name": TEXT_OR_NULL, "email": TEXT_OR_NULL}
CONVERSATION = {
    "type": {"conversation"},
    "id": str,
    "title": TEXT_OR_NULL,
    "created_at": int,
    "updated_at": int,
    "waiting_since": NUMBER_OR_NULL,
    "snoozed_until": NUMBER_OR_NULL,
    "open": bool,
    "state": {"open", "closed", "snoozed"},
    "read": bool,
    "priority": {"priority", "not_priority"},
    "admin_assignee_id": NUMBER_OR_NULL,
    "team_assignee_id": NUMBER_OR_NULL,
    "tags": {"type": {"tag.list"}, "tags": [{"type": {"tag"}, "id": str, "name": str}]},
    "conversation_rating": (dict, None),
    "source": {
        "type": {"conversation", "email"},
        "id": str,
        "delivered_as": {"customer_initiated", "admin_initiated"},
        "subject": str,
        "body": str,
        "author": AUTHOR,
        "attachments": [dict],
        "url": TEXT_OR_NULL,
        "redacted": bool,
    },
    "contacts": {"type": {"contact.list"}, "contacts": [{"type": str, "id": str, "external_id": TEXT_OR_NULL}]},
    "teammates": dict,
    "custom_attributes": dict,
    "first_contact_reply": (dict, None),
    "sla_applied": (dict, None),
    "statistics": {"type": str, "last_close_at": NUMBER_OR_NULL},
    "linked_objects": dict,
    "ai_agent_participated": bool,
    "ai_agent": (dict, None),
}
PART = {
    "type": {"conversation_part"},
    "id": str,
    "part_type": {"comment", "note"},
    "body": TEXT_OR_NULL,
    "created_at": int,
    "updated_at": int,
    "notified_at": int,
    "assigned_to": (dict, None),
    "author": AUTHOR,
    "attachments": [dict],
    "external_id": TEXT_OR_NULL,
    "redacted": bool,
}
PARTS = {"type": {"conversation_part.list"}, "conversation_parts": [PART], "total_count": int}
