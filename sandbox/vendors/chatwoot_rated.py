"""Chatwoot with its satisfaction survey switched on: resolved conversations end with the question, some with an answer.

It tells what the other Chatwoot tells, and beside it; so that nobody who asks that one gets more than before.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.contacts import Contact
from sandbox.vendor import json_answer
from sandbox.vendors import chatwoot
from sandbox.vendors.chatwoot_rows import INBOXES, LINES_A_CONVERSATION, STATUSES, Row, inbox_of, inbox_row, unix

TEMPLATE = 3
FEEDBACK = "Quick and kind."


class ChatwootRated(chatwoot.Chatwoot):
    name = "chatwoot_rated"
    plays = "chatwoot"

    async def inboxes(self, request: Request) -> Response:
        return json_answer({"payload": [inbox_row(inbox) | {"csat_survey_enabled": True} for inbox in INBOXES]})

    async def messages(self, request: Request) -> Response:
        """The question stands behind all that was said, so it is on the last page alone."""
        answer = await super().messages(request)
        contact = self._asked_conversation(request)
        is_last = not {"before", "after"} & request.query_params.keys()
        if contact is None or answer.status_code != 200 or not is_last or STATUSES[contact.status] != "resolved":
            return answer
        body: dict[str, Any] = msgspec.json.decode(answer.body)
        body["payload"] = [*body["payload"], question_row(contact)][-chatwoot.MESSAGES_BEFORE :]
        return json_answer(body)


def question_row(contact: Contact) -> Row:
    """Zero is no answer."""
    rating = Random(contact.number).randrange(6)
    given = {"rating": rating, "feedback_message": FEEDBACK if rating == 5 else ""}
    return {
        "id": contact.number * LINES_A_CONVERSATION + LINES_A_CONVERSATION - 1,
        "content": "Please rate this conversation",
        "inbox_id": inbox_of(contact).number,
        "conversation_id": contact.number,
        "message_type": TEMPLATE,
        "content_type": "input_csat",
        "status": "sent",
        "content_attributes": {"submitted_values": {"csat_survey_response": given}} if rating else {},
        "created_at": unix(contact.ended_at),
        "private": False,
        "source_id": None,
    }
