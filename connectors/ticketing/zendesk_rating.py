"""The customer's satisfaction with a Zendesk ticket, told as a survey of its own: CSAT, which is no NPS."""

from __future__ import annotations

from connectors.interaction import (
    Channel,
    Direction,
    Interaction,
    InteractionStatus,
    Link,
    LinkKind,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.mapping import plain_text
from connectors.ticketing.zendesk_mapping import RATINGS, Ticket

RATING_MARK = ":rating"
SURVEY_NAME = "CSAT"


def rating_row(ticket: Ticket, row: Interaction) -> Interaction | None:
    """`row`: the ticket's. None as long as nobody answered.

    It stands at its ticket's beginning: the search is ordered by that and by nothing else, and a ticket does not tell
    when it was rated. Whoever had the ticket is whom the answer is about.
    """
    rating = ticket.satisfaction_rating
    score, text, reason = (rating, None, None) if isinstance(rating, str | None) else rating.told()
    if score not in RATINGS:
        return None
    answers = [SurveyAnswer("Satisfaction", score.partition("_")[0])]
    more = (("Reason", plain_text(reason)), ("Comment", plain_text(text)))
    answers += [SurveyAnswer(question, answer) for question, answer in more if answer is not None]
    return Interaction(
        source=row.source,
        external_id=f"{row.external_id}{RATING_MARK}",
        record_id=row.record_id,
        channel=Channel.SURVEY,
        direction=Direction.INBOUND,
        started_at=row.started_at,
        ended_at=row.last_activity_at,
        last_activity_at=row.last_activity_at,
        status=InteractionStatus.COMPLETED,
        url=row.url,
        legs=row.legs,
        tags=row.tags,
        division_ids=row.division_ids,
        comments=row.comments,
        details=SurveyDetails(survey_name=SURVEY_NAME, answers=tuple(answers)),
        links=(Link(LinkKind.PARENT, row.external_id),),
    )
