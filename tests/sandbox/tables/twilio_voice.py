"""What Twilio answers about calls, field by field, written by hand from its API description (twilio-oai, api v2010)."""

from __future__ import annotations

import re

from tests.sandbox.tables.twilio_messages import RELATIVE_URI, RFC_2822

CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")

CALL = {
    "account_sid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "answered_by": (str, None),
    "api_version": {"2010-04-01"},
    "caller_name": (str, None),
    "date_created": RFC_2822,
    "date_updated": RFC_2822,
    "direction": {"inbound", "outbound-api", "outbound-dial"},
    "duration": (re.compile(r"\d+"), None),
    "end_time": (RFC_2822, None),
    "forwarded_from": (str, None),
    "from": str,
    "from_formatted": str,
    "group_sid": (str, None),
    "parent_call_sid": (CALL_SID, None),
    "phone_number_sid": (str, None),
    "price": (str, None),
    "price_unit": str,
    "queue_time": re.compile(r"\d+"),
    "sid": CALL_SID,
    "start_time": (RFC_2822, None),
    "status": {"queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"},
    "subresource_uris": {"recordings": RELATIVE_URI},
    "to": str,
    "to_formatted": str,
    "trunk_sid": (str, None),
    "uri": RELATIVE_URI,
}
CALLS = {
    "calls": [CALL],
    "end": int,
    "first_page_uri": RELATIVE_URI,
    "next_page_uri": (RELATIVE_URI, None),
    "page": int,
    "page_size": int,
    "previous_page_uri": (RELATIVE_URI, None),
    "start": int,
    "uri": RELATIVE_URI,
}
