"""The customer's satisfaction with a Chatwoot conversation, told as a survey of its own: CSAT, which is no NPS.

It is a message of the type `input_csat`, which carries the answer once it is given (1 to 5, and a text).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    Interaction,
    InteractionStatus,
    Link,
    LinkKind,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.mapping import decode_rows, from_unix, plain_text, preview

CSAT_MARK = ":csat:"
SURVEY_NAME = "CSAT"
RATINGS = range(1, 6)


class _Question(msgspec.Struct):
    id: int
    created_at: float
    content_type: str | None = None
    content_attributes: dict[str, Any] | None = None


def rating_rows(conversation: Interaction, messages: Iterable[msgspec.Raw]) -> list[Interaction]:
    """Those that were answered. Each stands when it was asked for: when it was answered is not told."""
    questions = (row for row in decode_rows(messages, _Question)[0] if row.content_type == "input_csat")
    rows = (_rating_row(conversation, question) for question in questions)
    return [row for row in rows if row is not None]


def _rating_row(conversation: Interaction, question: _Question) -> Interaction | None:
    asked_at, answer = from_unix(question.created_at), _answer(question)
    rating = answer.get("rating")
    if asked_at is None or type(rating) is not int or rating not in RATINGS:
        return None
    said = answer.get("feedback_message")
    feedback = plain_text(said) if isinstance(said, str) else None
    answers = [SurveyAnswer("Rating", str(rating)), *([] if feedback is None else [SurveyAnswer("Feedback", feedback)])]
    return Interaction(
        source=conversation.source,
        external_id=f"{conversation.external_id}{CSAT_MARK}{question.id}",
        record_id=conversation.record_id,
        channel=Channel.SURVEY,
        direction=Direction.OUTBOUND,
        started_at=asked_at,
        ended_at=asked_at,
        last_activity_at=asked_at,
        status=InteractionStatus.COMPLETED,
        url=conversation.url,
        legs=tuple(msgspec.structs.replace(leg, started_at=asked_at, ended_at=asked_at) for leg in conversation.legs),
        tags=conversation.tags,
        division_ids=conversation.division_ids,
        preview=preview(feedback),
        comments=() if feedback is None else (Comment(feedback),),
        details=SurveyDetails(survey_name=SURVEY_NAME, answers=tuple(answers)),
        links=(Link(LinkKind.PARENT, conversation.external_id),),
    )


def _answer(question: _Question) -> dict[str, Any]:
    """Empty as long as nobody answered."""
    submitted = (question.content_attributes or {}).get("submitted_values")
    answer = submitted.get("csat_survey_response") if isinstance(submitted, dict) else None
    return answer if isinstance(answer, dict) else {}
