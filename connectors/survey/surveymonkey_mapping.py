"""SurveyMonkey: contacts, surveys and responses, and what they become.

Shapes: API v3, "Contacts", "Survey Details", "Survey Responses". A response to an invitation tells its recipient in
`metadata.contact`, where each field is an object of type and value. Answers name choices, rows and columns by ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Record,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.mapping import decode_rows, plain_text, plausible, preview, seconds_between
from connectors.survey.answers import nps_score

REHEARSALS = frozenset({"preview", "survey_preview"})
"""Modes of responses that nobody gave: somebody of the company looked at the survey."""

SCALE = tuple(str(score) for score in range(11))

Id = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]
CustomField = Annotated[int, msgspec.Meta(ge=1, le=6)]


class SurveyOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One survey as an operator declares it, questions by their ids.

    name: shown instead of the survey's own title. nps_question: where it is not the one rating from 0 to 10.
    """

    id: Id
    name: str | None = None
    nps_question: Id | None = None
    comment_question: Id | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """Which of a contact's six custom fields hold the number and another system's id."""

    phone: int | None
    external_id: int | None


class ContactRow(msgspec.Struct):
    id: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    custom_fields: dict[str, Any] | None = None

    def field(self, number: int | None) -> str:
        return _text((self.custom_fields or {}).get(str(number)))


class _Metadata(msgspec.Struct):
    contact: dict[str, Any] | None = None


class _Answer(msgspec.Struct):
    choice_id: str | None = None
    row_id: str | None = None
    col_id: str | None = None
    other_id: str | None = None
    text: str | None = None


class _Answered(msgspec.Struct):
    id: str
    answers: list[_Answer] | None = None


class _AnsweredPage(msgspec.Struct):
    questions: list[_Answered] | None = None


class ResponseRow(msgspec.Struct):
    id: str
    survey_id: str
    date_created: datetime
    date_modified: datetime | None = None
    response_status: str | None = None
    collection_mode: str | None = None
    total_time: int | None = None
    analyze_url: str | None = None
    metadata: _Metadata | None = None
    pages: list[_AnsweredPage] | None = None

    def told(self, name: str) -> str:
        """A field of the recipient; empty where the response tells none."""
        contact = (self.metadata.contact if self.metadata else None) or {}
        held = contact.get(name)
        return _text(held.get("value") if isinstance(held, dict) else held)

    def custom(self, number: int | None) -> str:
        """A custom field of the recipient: the first has no number in its name."""
        return "" if number is None else self.told("custom_value" if number == 1 else f"custom_value{number}")


class _Choice(msgspec.Struct):
    id: str
    text: str | None = None


class _Options(msgspec.Struct):
    choices: list[_Choice] | None = None
    rows: list[_Choice] | None = None
    cols: list[msgspec.Raw] | None = None


class _Column(_Choice):
    """Of a matrix of menus; its own choices are what was picked in it."""

    choices: list[_Choice] | None = None


class _Heading(msgspec.Struct):
    heading: str | None = None


class _Question(msgspec.Struct):
    id: str
    family: str | None = None
    subtype: str | None = None
    headings: list[_Heading] | None = None
    answers: _Options | None = None


class _Page(msgspec.Struct):
    questions: list[msgspec.Raw] | None = None


class SurveyRow(msgspec.Struct):
    id: str
    title: str | None = None
    pages: list[_Page] | None = None


class Question:
    """What was asked, and what the ids in an answer stand for."""

    def __init__(self, row: _Question) -> None:
        options = row.answers or _Options()
        columns = decode_rows(options.cols or (), _Column)[0]
        listed = [*(options.choices or ()), *(choice for column in columns for choice in column.choices or ())]
        self._choices = {choice.id: plain_text(choice.text) for choice in listed}
        self._rows = {one.id: plain_text(one.text) for one in options.rows or ()}
        self._columns = {one.id: plain_text(one.text) for one in columns}
        headings = (plain_text(heading.heading) for heading in row.headings or ())
        self.id = row.id
        self.text = next((heading for heading in headings if heading), None) or row.id
        self.is_nps = (row.family, row.subtype) == ("matrix", "rating") and self._has_scale(options)

    def _has_scale(self, options: _Options) -> bool:
        texts = tuple(plain_text(choice.text) or "" for choice in options.choices or ())
        return sorted(texts, key=lambda text: (len(text), text)) == list(SCALE) and len(options.rows or ()) <= 1

    def score(self, answers: Iterable[_Answer]) -> int | None:
        scores = (nps_score(self._choices.get(answer.choice_id or "") or answer.text) for answer in answers)
        return next((score for score in scores if score is not None), None)

    def told(self, answers: Iterable[_Answer]) -> str | None:
        """As one text, the parts of a table with the name of their row and column."""
        return "; ".join(text for text in map(self._part, answers) if text) or None

    def _part(self, answer: _Answer) -> str | None:
        said = plain_text(answer.text) or self._choices.get(answer.choice_id or "")
        if said is None:
            return None
        places = (self._rows.get(answer.row_id or ""), self._columns.get(answer.col_id or ""))
        return ": ".join([*(place for place in places if place), said])


@dataclass(frozen=True, slots=True)
class Survey:
    """A survey's title, and its questions in their order."""

    title: str | None
    questions: Sequence[Question]

    @classmethod
    def of(cls, row: SurveyRow) -> Survey:
        listed = [raw for page in row.pages or () for raw in page.questions or ()]
        return cls(plain_text(row.title), [Question(question) for question in decode_rows(listed, _Question)[0]])


def record(
    person: Identifier,
    told: Sequence[ContactRow | ResponseRow],
    source: str,
    fields: Fields,
    external_id_source: str | None,
    region: str | None,
) -> Record:
    """Whom invitations to that address went to, by what contacts or responses tell (at least one of them).

    When these tell different customer numbers, a mailbox is shared or a list is wrong: none is held then.
    """
    numbers = dict.fromkeys(identifiers.phone(_carried(one, fields.phone), region) for one in told)
    customers = {customer for one in told if (customer := _carried(one, fields.external_id))}
    held = [HeldIdentifier(identifiers.external(source, person.value), True), HeldIdentifier(person)]
    held += [HeldIdentifier(number) for number in numbers if number is not None]
    if external_id_source is not None and len(customers) == 1:
        held.append(HeldIdentifier(identifiers.external(external_id_source, customers.pop())))
    names = (_name(one) for one in told)
    return Record(
        source=source, id=person.value, identifiers=tuple(held), name=next((name for name in names if name), None)
    )


def _carried(one: ContactRow | ResponseRow, number: int | None) -> str:
    if number is None:
        return ""
    return one.field(number) if isinstance(one, ContactRow) else one.custom(number)


def _name(one: ContactRow | ResponseRow) -> str:
    if isinstance(one, ContactRow):
        parts = (one.first_name or "", one.last_name or "")
    else:
        parts = (one.told("first_name"), one.told("last_name"))
    return " ".join(part.strip() for part in parts if part.strip())


@dataclass(frozen=True, slots=True)
class ResponseMapper:
    """`site`: what links to responses begin with."""

    source: str
    site: str

    def response(self, row: ResponseRow, option: SurveyOption, survey: Survey) -> Interaction | None:
        """None for a response that tells no recipient, or not when it was begun."""
        person, started_at = identifiers.email(row.told("email")), plausible(row.date_created)
        if person is None or started_at is None or not row.id:
            return None
        changed_at = max(started_at, plausible(row.date_modified) or started_at)
        is_over = row.response_status not in ("partial", None)
        ended_at = changed_at if is_over else None
        given = {answered.id: answered.answers or [] for page in row.pages or () for answered in page.questions or ()}
        comments = (q.told(given[q.id]) for q in survey.questions if q.id in given and q.id == option.comment_question)
        comment = next(comments, None)
        return Interaction(
            source=self.source,
            external_id=f"{row.survey_id}:{row.id}",
            record_id=person.value,
            channel=Channel.SURVEY,
            direction=Direction.OUTBOUND,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=changed_at,
            duration_seconds=seconds_between(started_at, ended_at),
            status=InteractionStatus.COMPLETED if is_over else InteractionStatus.PENDING,
            url=row.analyze_url if (row.analyze_url or "").startswith(self.site) else None,
            preview=preview(comment),
            comments=() if comment is None else (Comment(comment, at=changed_at),),
            details=SurveyDetails(
                survey_name=option.name or survey.title or option.id,
                nps_score=_score(option, survey, given),
                answers=tuple(SurveyAnswer(q.text, q.told(given[q.id])) for q in survey.questions if q.id in given),
            ),
        )


def _score(option: SurveyOption, survey: Survey, given: Mapping[str, Sequence[_Answer]]) -> int | None:
    """Of the question that an operator named, else of the first rating from 0 to 10 that was answered."""
    asked = (q for q in survey.questions if (q.is_nps if option.nps_question is None else q.id == option.nps_question))
    scores = (question.score(given.get(question.id, ())) for question in asked)
    return next((score for score in scores if score is not None), None)


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""
