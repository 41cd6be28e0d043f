"""What Zammad answers, field by field, written by hand from its REST API documentation.

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TIME_OR_NULL = (TIME, None)
TEXT_OR_NULL = (str, None)
ID_OR_NULL = (int, None)

ERROR = {"error": str, "error_human?": str}

USER = {
    "id": int,
    "organization_id": ID_OR_NULL,
    "login": str,
    "firstname": str,
    "lastname": str,
    "email": str,
    "web": str,
    "phone": str,
    "fax": str,
    "mobile": str,
    "department": str,
    "vip": bool,
    "verified": bool,
    "active": bool,
    "note": str,
    "last_login": TIME_OR_NULL,
    "out_of_office": bool,
    "preferences": dict,
    "crm_id": TEXT_OR_NULL,
    "role_ids": [int],
    "group_ids": dict,
    "created_by_id": int,
    "updated_by_id": int,
    "created_at": TIME,
    "updated_at": TIME,
}
EXPANDED_USER = {**USER, "roles": [str], "organization": TEXT_OR_NULL}

STATE = {
    "id": int,
    "state_type_id": int,
    "name": str,
    "next_state_id": ID_OR_NULL,
    "ignore_escalation": bool,
    "default_create": bool,
    "default_follow_up": bool,
    "note": TEXT_OR_NULL,
    "active": bool,
    "created_by_id": int,
    "updated_by_id": int,
    "created_at": TIME,
    "updated_at": TIME,
}
EXPANDED_STATE = {
    **STATE,
    "state_type": {"new", "open", "pending reminder", "pending action", "closed", "merged", "removed"},
}

TICKET = {
    "id": int,
    "group_id": int,
    "priority_id": int,
    "state_id": int,
    "organization_id": ID_OR_NULL,
    "number": str,
    "title": str,
    "owner_id": int,
    "customer_id": int,
    "note": TEXT_OR_NULL,
    "first_response_at": TIME_OR_NULL,
    "first_response_escalation_at": TIME_OR_NULL,
    "close_at": TIME_OR_NULL,
    "close_escalation_at": TIME_OR_NULL,
    "update_escalation_at": TIME_OR_NULL,
    "last_contact_at": TIME_OR_NULL,
    "last_contact_agent_at": TIME_OR_NULL,
    "last_contact_customer_at": TIME_OR_NULL,
    "last_owner_update_at": TIME_OR_NULL,
    "create_article_type_id": int,
    "create_article_sender_id": int,
    "article_count": int,
    "escalation_at": TIME_OR_NULL,
    "pending_time": TIME_OR_NULL,
    "type": TEXT_OR_NULL,
    "time_unit": TEXT_OR_NULL,
    "preferences": dict,
    "created_by_id": int,
    "updated_by_id": int,
    "created_at": TIME,
    "updated_at": TIME,
}
EXPANDED_TICKET = {
    **TICKET,
    "article_ids": [int],
    "ticket_time_accounting_ids": [int],
    "group": str,
    "organization": TEXT_OR_NULL,
    "state": str,
    "priority": str,
    "owner": str,
    "customer": str,
    "created_by": str,
    "updated_by": str,
    "create_article_type": {"email", "phone", "web", "chat"},
    "create_article_sender": {"Agent", "Customer"},
}
SEARCH = {"tickets": [int], "tickets_count": int, "assets": {"Ticket": dict}}

ARTICLE = {
    "id": int,
    "ticket_id": int,
    "type_id": int,
    "sender_id": int,
    "from": str,
    "to": str,
    "cc": str,
    "subject": str,
    "message_id": TEXT_OR_NULL,
    "content_type": {"text/html", "text/plain"},
    "body": str,
    "internal": bool,
    "preferences": dict,
    "attachments": [dict],
    "type": {"email", "phone", "web", "chat", "note"},
    "sender": {"Agent", "Customer"},
    "created_by": str,
    "updated_by": str,
    "created_at": TIME,
    "updated_at": TIME,
}
