"""What Twilio answers, field by field, written by hand from its API description (twilio-oai, api v2010).

How a shape reads: see `tests.sandbox.shapes`.
"""

from __future__ import annotations

import re

RFC_2822 = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}"
    r" \d{2}:\d{2}:\d{2} \+0000"
)
RELATIVE_URI = re.compile(r"/2010-04-01/Accounts/.*")

DIRECTIONS = {"inbound", "outbound-api", "outbound-call", "outbound-reply"}
STATUSES = {
    "queued", "sending", "sent", "failed", "delivered", "undelivered", "receiving", "received", "accepted",
    "scheduled", "read", "partially_delivered", "canceled",
}  # fmt: skip

MESSAGE = {
    "account_sid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "api_version": {"2010-04-01"},
    "body": (str, None),
    "date_created": RFC_2822,
    "date_sent": (RFC_2822, None),
    "date_updated": RFC_2822,
    "direction": DIRECTIONS,
    "error_code": (int, None),
    "error_message": (str, None),
    "from": (str, None),
    "messaging_service_sid": (re.compile(r"MG[0-9a-fA-F]{32}"), None),
    "num_media": re.compile(r"\d+"),
    "num_segments": re.compile(r"\d+"),
    "price": (re.compile(r"-?\d+\.\d+"), None),
    "price_unit": (re.compile(r"[A-Z]{3}"), None),
    "sid": re.compile(r"(SM|MM)[0-9a-fA-F]{32}"),
    "status": STATUSES,
    "subresource_uris": {"media": RELATIVE_URI, "feedback?": RELATIVE_URI},
    "to": (str, None),
    "uri": RELATIVE_URI,
}
_PAGE = {
    "end": int,
    "first_page_uri": RELATIVE_URI,
    "next_page_uri": (RELATIVE_URI, None),
    "page": int,
    "page_size": int,
    "previous_page_uri": (RELATIVE_URI, None),
    "start": int,
    "uri": RELATIVE_URI,
}
MESSAGES = _PAGE | {"messages": [MESSAGE]}

MEDIA = {
    "account_sid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "content_type": str,
    "date_created": RFC_2822,
    "date_updated": RFC_2822,
    "parent_sid": re.compile(r"(SM|MM)[0-9a-fA-F]{32}"),
    "sid": re.compile(r"ME[0-9a-fA-F]{32}"),
    "uri": RELATIVE_URI,
}
MEDIA_LIST = _PAGE | {"media_list": [MEDIA]}

ACCOUNT = {
    "auth_token": (str, None),
    "date_created": RFC_2822,
    "date_updated": RFC_2822,
    "friendly_name": str,
    "owner_account_sid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "sid": re.compile(r"AC[0-9a-fA-F]{32}"),
    "status": {"active", "suspended", "closed"},
    "subresource_uris": dict,
    "type": {"Trial", "Full"},
    "uri": RELATIVE_URI,
}

# The description has no error answer; this is the one of "Twilio's Response", /docs/usage/twilios-response.
ERROR = {
    "code": int,
    "message": str,
    "more_info": re.compile(r"https://www\.twilio\.com/docs/errors/\d+"),
    "status": int,
}
