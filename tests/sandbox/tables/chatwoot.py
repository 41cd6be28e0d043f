"""What Chatwoot answers, field by field, written by hand from its API description (Application API, swagger 1.1.0).

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

UNIX_SECONDS = int
NUMBER = (int, float)

CONTACT_INBOX = {
    "source_id": str,
    "inbox": {
        "id": int,
        "avatar_url": str,
        "channel_id": int,
        "name": str,
        "channel_type": re.compile(r"Channel::[A-Z]\w+"),
        "provider": (str, None),
    },
}
CONTACT = {
    "additional_attributes": {"city?": str, "country?": str, "country_code?": (str, None), "created_at_ip?": str},
    "availability_status": {"online", "offline"},
    "email": (str, None),
    "id": int,
    "name": str,
    "phone_number": (re.compile(r"\+\d{5,15}"), None),
    "blocked": bool,
    "identifier": (str, None),
    "thumbnail": str,
    "custom_attributes": dict,
    "last_activity_at?": (UNIX_SECONDS, None),
    "created_at": UNIX_SECONDS,
    "contact_inboxes?": [CONTACT_INBOX],
}
# `has_more` came to the search after the description was written.
CONTACTS = {"meta": {"count": int, "current_page": (str, int), "has_more?": bool}, "payload": [CONTACT]}

AGENT = {
    "id": int,
    "account_id": int,
    "availability_status": {"online", "busy", "offline"},
    "auto_offline": bool,
    "confirmed": bool,
    "email": str,
    "available_name": str,
    "name": str,
    "role": {"agent", "administrator"},
    "thumbnail": str,
    "custom_role_id?": (int, None),
}
TEAM = {
    "id": int,
    "name": str,
    "description": (str, None),
    "allow_auto_assign": bool,
    "account_id": int,
    "is_member": bool,
}

MESSAGE_TYPES = {0, 1, 2, 3}
MESSAGE_STATUSES = {"sent", "delivered", "read", "failed"}
CONTENT_TYPES = {
    "text", "input_text", "input_textarea", "input_email", "input_select", "cards", "form", "article",
    "incoming_email", "input_csat", "integrations", "sticker", "voice_call",
}  # fmt: skip
SENDER_TYPES = {"Contact", "User", "AgentBot", "Captain::Assistant"}

MESSAGE = {
    "id": int,
    "content": (str, None),
    "inbox_id": int,
    "conversation_id": int,
    "message_type": MESSAGE_TYPES,
    "created_at": UNIX_SECONDS,
    "private": bool,
    "status": (MESSAGE_STATUSES, None),
    "source_id": (str, None),
    "content_type": (CONTENT_TYPES, None),
    "content_attributes": dict,
    "sender?": dict,
    "attachments?": [dict],
}
EMBEDDED_MESSAGE = MESSAGE | {
    "account_id": int,
    "updated_at": (NUMBER, str),
    "sender_type": (SENDER_TYPES, None),
    "sender_id": (int, None),
    "external_source_ids": dict,
    "additional_attributes": dict,
    "processed_message_content": (str, None),
    "sentiment": (dict, None),
    "conversation": (dict, None),
}
MESSAGES = {
    "meta": {
        "labels": [str],
        "additional_attributes": dict,
        "contact": CONTACT,
        "assignee?": AGENT,
        "agent_last_seen_at": (str, None),
        "assignee_last_seen_at": (str, None),
    },
    "payload": [MESSAGE],
}

CONVERSATION_STATUSES = {"open", "resolved", "pending", "snoozed"}
PRIORITIES = {"low", "medium", "high", "urgent"}
CONVERSATION = {
    "meta": {
        "sender": CONTACT,
        "channel": re.compile(r"Channel::[A-Z]\w+"),
        "assignee?": AGENT,
        "team?": TEAM,
        "hmac_verified": bool,
    },
    "id": int,
    "messages": [EMBEDDED_MESSAGE],
    "account_id": int,
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "additional_attributes": dict,
    "agent_last_seen_at": NUMBER,
    "assignee_last_seen_at": NUMBER,
    "can_reply": bool,
    "contact_last_seen_at": NUMBER,
    "custom_attributes": dict,
    "inbox_id": int,
    "labels": [str],
    "muted": bool,
    "snoozed_until": (int, None),
    "status": CONVERSATION_STATUSES,
    "created_at": NUMBER,
    "updated_at": NUMBER,
    "timestamp": NUMBER,
    "first_reply_created_at": (int, None),
    "unread_count": int,
    "last_non_activity_message": (EMBEDDED_MESSAGE, None),
    "last_activity_at": NUMBER,
    "priority": (PRIORITIES, None),
    "waiting_since": (int, None),
    "sla_policy_id": (int, None),
}
CONTACT_CONVERSATIONS = {"payload": [CONVERSATION]}
CONVERSATIONS = {
    "data": {
        "meta": {"mine_count": int, "unassigned_count": int, "assigned_count": int, "all_count": int},
        "payload": [CONVERSATION],
    }
}

INBOX = {
    "id": int,
    "name": str,
    "channel_id": int,
    "channel_type": re.compile(r"Channel::[A-Z]\w+"),
    "avatar_url": str,
    "greeting_enabled": bool,
    "greeting_message": (str, None),
    "working_hours_enabled": bool,
    "enable_email_collect": bool,
    "csat_survey_enabled": bool,
    "enable_auto_assignment": bool,
    "auto_assignment_config": dict,
    "out_of_office_message": (str, None),
    "working_hours": [dict],
    "timezone": str,
    "allow_messages_after_resolved": bool,
    "lock_to_single_conversation": bool,
    "sender_name_type": str,
    "business_name": (str, None),
    "callback_webhook_url": (str, None),
    "phone_number?": (str, None),
    "provider": (str, None),
    "website_url?": str,
    "website_token?": str,
    "widget_color?": str,
    "web_widget_script?": str,
    "welcome_title?": (str, None),
    "welcome_tagline?": (str, None),
    "hmac_mandatory?": bool,
    "selected_feature_flags?": ([str], None),
    "reply_time?": str,
}
INBOXES = {"payload": [INBOX]}

PROFILE = {
    "id": int,
    "account_id": int,
    "access_token": str,
    "available_name": str,
    "avatar_url": str,
    "confirmed": bool,
    "display_name": (str, None),
    "message_signature": (str, None),
    "email": str,
    "inviter_id": (int, None),
    "name": str,
    "provider": str,
    "pubsub_token": str,
    "role": {"agent", "administrator"},
    "ui_settings": dict,
    "uid": str,
    "type": (str, None),
    "accounts": [
        {
            "id": int,
            "name": str,
            "status": str,
            "role": {"agent", "administrator"},
            "permissions": [str],
            "availability": str,
            "availability_status": str,
            "auto_offline": bool,
            "active_at": (str, None),
            "custom_role_id?": (int, None),
            "custom_role?": (dict, None),
        }
    ],
}

# The description names {description, errors}; the server's code answers the shorter form, and devise a list.
ERROR = {"error": str}
NOT_SIGNED_IN = {"errors": [str]}
