"""What Freshdesk answers, field by field, written by hand from its API documentation v2.

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIME_OR_NULL = (TIME, None)
TEXT_OR_NULL = (str, None)
ID_OR_NULL = (int, None)

INVALID = {"description": str, "errors": [{"field": str, "message": str, "code": str}]}
REFUSED = {"code": str, "message": str}

CONTACT = {
    "active": bool,
    "address": TEXT_OR_NULL,
    "company_id": ID_OR_NULL,
    "view_all_tickets": bool,
    "custom_fields": dict,
    "deleted": bool,
    "description": TEXT_OR_NULL,
    "email": TEXT_OR_NULL,
    "id": int,
    "job_title": TEXT_OR_NULL,
    "language": str,
    "mobile": TEXT_OR_NULL,
    "name": str,
    "other_emails": [str],
    "phone": TEXT_OR_NULL,
    "tags": [str],
    "time_zone": str,
    "twitter_id": TEXT_OR_NULL,
    "unique_external_id": TEXT_OR_NULL,
    "created_at": TIME,
    "updated_at": TIME,
}

LISTED_TICKET = {
    "cc_emails": [str],
    "fwd_emails": [str],
    "reply_cc_emails": [str],
    "ticket_cc_emails": [str],
    "fr_escalated": bool,
    "spam": bool,
    "email_config_id": ID_OR_NULL,
    "group_id": ID_OR_NULL,
    "priority": {1, 2, 3, 4},
    "requester_id": int,
    "responder_id": ID_OR_NULL,
    "source": {1, 2, 3, 7, 10},
    "company_id": ID_OR_NULL,
    "status": {2, 3, 4, 5, 7},
    "subject": str,
    "association_type": ID_OR_NULL,
    "support_email": TEXT_OR_NULL,
    "to_emails": ([str], None),
    "product_id": ID_OR_NULL,
    "id": int,
    "type": TEXT_OR_NULL,
    "due_by": TIME,
    "fr_due_by": TIME,
    "is_escalated": bool,
    "custom_fields": dict,
    "created_at": TIME,
    "updated_at": TIME,
    "tags": [str],
}
STATS = {
    "agent_responded_at": TIME_OR_NULL,
    "requester_responded_at": TIME_OR_NULL,
    "first_responded_at": TIME_OR_NULL,
    "status_updated_at": TIME_OR_NULL,
    "reopened_at": TIME_OR_NULL,
    "resolved_at": TIME_OR_NULL,
    "closed_at": TIME_OR_NULL,
    "pending_since": TIME_OR_NULL,
}
TICKET = {**LISTED_TICKET, "description": str, "description_text": str}

CONVERSATION = {
    "id": int,
    "body": str,
    "body_text": str,
    "incoming": bool,
    "private": bool,
    "user_id": int,
    "ticket_id": int,
    "source": {0, 2},
    "support_email": TEXT_OR_NULL,
    "to_emails": [str],
    "cc_emails": [str],
    "attachments": [dict],
    "created_at": TIME,
    "updated_at": TIME,
}

AGENT = {
    "available": bool,
    "occasional": bool,
    "id": int,
    "ticket_scope": {1, 2, 3},
    "type": str,
    "signature": TEXT_OR_NULL,
    "group_ids": [int],
    "role_ids": [int],
    "created_at": TIME,
    "updated_at": TIME,
    "contact": dict,
}

GROUP = {
    "id": int,
    "name": str,
    "description": TEXT_OR_NULL,
    "escalate_to": ID_OR_NULL,
    "unassigned_for": TEXT_OR_NULL,
    "business_hour_id": ID_OR_NULL,
    "agent_ids": [int],
    "created_at": TIME,
    "updated_at": TIME,
}
