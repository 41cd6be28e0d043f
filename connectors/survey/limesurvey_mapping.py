"""LimeSurvey: participants, questions and responses, and what they become.

Shapes: RemoteControl 2 of LimeSurvey 6, as recorded in tests/connectors/survey/limesurvey/recorded.json. Columns are
named by the survey's owner (attributes, question codes), so rows are dictionaries here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.mapping import plain_text, plausible, preview, seconds_between
from connectors.survey.answers import nps_score

Row = dict[str, Any]
AttributeName = Annotated[str, msgspec.Meta(pattern=r"^attribute_[1-9][0-9]*$")]

NOT_STORED = "1980-01-01 00:00:00"
"""Written as `submitdate` by surveys that do not store dates: it only says that the response was submitted."""
_NOT_ASKED = frozenset({"X", "*"})
"""Question types that nobody answers: a text on the page, a calculation."""


class SurveyOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One survey as an operator declares it; questions by their code, attributes by their column name.

    name: shown instead of the survey's own title. language: in which questions and answers are told; the survey's
    base language where it is left out.
    """

    id: Annotated[int, msgspec.Meta(gt=0)]
    name: str | None = None
    nps_question: str | None = None
    comment_question: str | None = None
    phone_attribute: AttributeName | None = None
    external_id_attribute: AttributeName | None = None
    language: str | None = None

    def attributes(self) -> list[str]:
        return [name for name in (self.phone_attribute, self.external_id_attribute) if name is not None]


@dataclass(frozen=True, slots=True)
class Participant:
    """One line of one survey's participant list. `person` is the id of the record that it belongs to."""

    survey_id: int
    token: str
    person: str
    name: str | None = None
    email: Identifier | None = None
    phone: Identifier | None = None
    external_id: str | None = None


def token_id(survey_id: int, token: str) -> str:
    """What a participant without e-mail and phone is known as; cannot be mistaken for either of them."""
    return f"{survey_id}:{token}"


def participant(row: Row, survey: SurveyOption, region: str | None) -> Participant | None:
    """None for a row without a token: nothing that was answered can hang on it.

    Tokens differ from survey to survey, so a person is who the e-mail says, else who the phone says. Only one who
    has neither is a token.
    """
    token = _text(row.get("token"))
    if token is None:
        return None
    info = row.get("participant_info")
    told: Mapping[str, Any] = info if isinstance(info, dict) else {}
    email = identifiers.email(_text(told.get("email")) or "")
    phone = identifiers.phone(_attribute(row, survey.phone_attribute) or "", region)
    names = (_text(told.get("firstname")), _text(told.get("lastname")))
    return Participant(
        survey_id=survey.id,
        token=token,
        person=email.value if email else phone.value if phone else token_id(survey.id, token),
        name=" ".join(name for name in names if name) or None,
        email=email,
        phone=phone,
        external_id=_attribute(row, survey.external_id_attribute),
    )


def record(source: str, external_id_source: str | None, participants: Iterable[Participant]) -> Record:
    """One person, from their lines in any number of surveys (at least one).

    When these tell different customer numbers, a mailbox is shared or a list is wrong. None is held then: else one
    record would join two customers.
    """
    lines = sorted(participants, key=lambda line: (line.survey_id, line.token))
    held = [HeldIdentifier(identifiers.external(source, lines[0].person), True)]
    addresses = [address for line in lines for address in (line.email, line.phone) if address is not None]
    held += [HeldIdentifier(address) for address in dict.fromkeys(addresses)]
    numbers = {line.external_id for line in lines if line.external_id is not None}
    if external_id_source is not None and len(numbers) == 1:
        held.append(HeldIdentifier(identifiers.external(external_id_source, numbers.pop())))
    return Record(
        source=source,
        id=lines[0].person,
        identifiers=tuple(held),
        name=next((line.name for line in lines if line.name), None),
    )


class Question(msgspec.Struct):
    qid: int | str
    title: str
    question: str | None = None
    parent_qid: int | str | None = None
    type: str | None = None


class Questions:
    """Texts of one survey's questions by the column of an export: `CODE`, `CODE[SUB]`, `CODE[other]`."""

    def __init__(self, questions: Iterable[Question]) -> None:
        asked = list(questions)
        self._texts: dict[str, str] = {}
        parents = {str(q.qid): q for q in asked if str(q.parent_qid or 0) == "0"}
        for question in parents.values():
            if question.type not in _NOT_ASKED:
                self._texts[question.title] = plain_text(question.question) or question.title
        for question in asked:
            parent = parents.get(str(question.parent_qid))
            if parent is not None and parent.title in self._texts:
                text = plain_text(question.question) or question.title
                self._texts[f"{parent.title}[{question.title}]"] = f"{self._texts[parent.title]}: {text}"

    def text(self, column: str) -> str | None:
        """None for columns that are no answer: ids, dates, texts on the page."""
        text = self._texts.get(column)
        if text is None and "[" in column:
            code, _, part = column.partition("[")
            parent = self._texts.get(code)
            text = None if parent is None else f"{parent} ({part.rstrip(']')})"
        return text

    def answers(self, row: Row) -> tuple[SurveyAnswer, ...]:
        """In the survey's order. A question left empty is told as such, a part of one (a box not ticked) is not."""
        told = []
        for column, value in row.items():
            question, answer = self.text(column), plain_text(_text(value))
            if question is not None and (answer is not None or "[" not in column):
                told.append(SurveyAnswer(question, answer))
        return tuple(told)


@dataclass(frozen=True, slots=True)
class ResponseMapper:
    """`time_zone`: the server's, which its dates are told in. `site`: its root address, for links."""

    source: str
    site: str
    time_zone: ZoneInfo

    def response(
        self, row: Row, participant: Participant, survey: SurveyOption, name: str, questions: Questions
    ) -> Interaction | None:
        """None for a response without an id, or one that says nothing about when it was given.

        The row hangs on the participant only if it carries that participant's token itself.
        """
        id_ = _text(row.get("id"))
        submitted = _text(row.get("submitdate"))
        submitted_at, touched_at = self._instant(submitted), self._instant(_text(row.get("datestamp")))
        started_at = self._instant(_text(row.get("startdate"))) or submitted_at or touched_at
        if id_ is None or started_at is None:
            return None
        is_finished = submitted is not None
        ended_at = max(started_at, submitted_at or touched_at or started_at) if is_finished else None
        token = _text(row.get("token")) or ""
        comment = plain_text(_text(row.get(survey.comment_question))) if survey.comment_question else None
        return Interaction(
            source=self.source,
            external_id=f"{survey.id}:{id_}",
            record_id=participant.person if token == participant.token else token_id(survey.id, token),
            channel=Channel.SURVEY,
            direction=Direction.OUTBOUND,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=max(at for at in (started_at, submitted_at, touched_at) if at is not None),
            duration_seconds=seconds_between(started_at, ended_at),
            status=InteractionStatus.COMPLETED if is_finished else InteractionStatus.PENDING,
            url=f"{self.site}/index.php/responses/view?surveyId={survey.id}&id={id_}",
            preview=preview(comment),
            comments=() if comment is None else (Comment(comment, at=ended_at or touched_at or started_at),),
            details=SurveyDetails(
                survey_name=name,
                nps_score=nps_score(row.get(survey.nps_question)) if survey.nps_question else None,
                answers=questions.answers(row),
            ),
        )

    def _instant(self, text: str | None) -> datetime | None:
        if text is None or text == NOT_STORED:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return None
        return plausible(at if at.tzinfo else at.replace(tzinfo=self.time_zone))


def conditions(survey: SurveyOption, identifier: Identifier, source: str, region: str | None) -> list[dict[str, str]]:
    """How to ask one survey's participant list for somebody: exact matches, one call each.

    LimeSurvey compares text, so a phone is asked for in each spelling that lists usually have.
    """
    value = identifier.value
    match identifier.kind:
        case IdentifierKind.EMAIL:
            return [{"email": value}]
        case IdentifierKind.PHONE if survey.phone_attribute is not None:
            return [{survey.phone_attribute: spelling} for spelling in identifiers.spellings(value, region)]
        case IdentifierKind.EXTERNAL_ID if identifier.source == source:
            return _conditions_of_person(survey, value, region)
        case IdentifierKind.EXTERNAL_ID if survey.external_id_attribute is not None:
            return [{survey.external_id_attribute: value}]
        case _:
            return []


def _conditions_of_person(survey: SurveyOption, person: str, region: str | None) -> list[dict[str, str]]:
    if "@" in person:
        return [{"email": person}]
    if person.startswith("+"):
        attribute = survey.phone_attribute
        return [{attribute: spelling} for spelling in identifiers.spellings(person, region)] if attribute else []
    survey_id, _, token = person.partition(":")
    return [{"token": token}] if token and survey_id == str(survey.id) else []


def _attribute(row: Row, name: str | None) -> str | None:
    return None if name is None else _text(row.get(name))


def _text(value: object) -> str | None:
    """LimeSurvey writes ids and answers as numbers or as texts, and nothing as null or as an empty text."""
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
