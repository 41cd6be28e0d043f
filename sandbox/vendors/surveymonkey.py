"""SurveyMonkey's API v3: contacts, one survey, and the responses to its invitations.

It tells the people and answers of the population's surveys. Lists of contacts leave out their custom fields, and
responses come in the order of their last change alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import (
    SURVEYMONKEY_COMMENT_QUESTION,
    SURVEYMONKEY_CRM_FIELD,
    SURVEYMONKEY_PHONE_FIELD,
    SURVEYMONKEY_SURVEY_ID,
    SURVEYMONKEY_TOKEN,
)
from sandbox.population import Population
from sandbox.vendor import CALLS_LEFT, Clock, Memo, Vendor, json_answer, page_of, retry_headers, root_url, same

Row = dict[str, Any]

PER_PAGE, MOST_PER_PAGE = 50, 100
NPS_QUESTION, NPS_ROW, FIRST_CHOICE = "910001", "920001", 930_000
NAMES = {
    1000: "Bad Request",
    1003: "Bad Request",
    1010: "Authorization Error",
    1011: "Authorization Error",
    1020: "Resource Not Found",
    1040: "Rate limit reached",
    1050: "Internal Server Error",
}
LINK = "https://www.surveymonkey.com/analyze/browse/sandbox"


class Refused(Exception):
    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class SurveyMonkey(Vendor):
    name = "surveymonkey"
    plays = "limesurvey"
    calls_per_minute = 120

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {str(person.number): person for person in self.people()}
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        survey = f"/surveys/{SURVEYMONKEY_SURVEY_ID}"
        handlers: Mapping[str, Callable[[Request], Any]] = {
            "/contacts": self.contacts_with,
            "/contacts/{id}": self.show_contact,
            "/surveys": self.surveys,
            f"{survey}/details": self.show_survey,
            f"{survey}/responses/bulk": self.responses,
            f"{survey}/responses/{{id}}/details": self.show_response,
            "/{rest:path}": self.nothing,
        }
        return [Route(f"/v3{path}", self._answering(handler)) for path, handler in handlers.items()]

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            headers = self._limit_headers(request)
            try:
                return json_answer(handler(request), headers=headers)
            except Refused as refused:
                return json_answer(_error(refused.status, refused.code, refused.message), refused.status, headers)

        return answer

    def _limit_headers(self, request: Request) -> dict[str, str]:
        left = request.scope.get(CALLS_LEFT)
        if left is None:
            return {}
        named = {"limit": self.calls_per_minute, "remaining": left, "reset": 60}
        return {f"x-ratelimit-app-global-minute-{name}": str(value) for name, value in named.items()}

    def refusal(self, request: Request) -> Response | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not token:
            return json_answer(_error(401, 1010, "The authorization token was not provided."), 401)
        if scheme.lower() == "bearer" and same(token, SURVEYMONKEY_TOKEN):
            return None
        return json_answer(_error(401, 1011, "The authorization token provided was invalid."), 401)

    def failure(self, status: int, retry_after: int | None) -> Response:
        code = 1040 if status == 429 else 1050
        return json_answer(_error(status, code, "Oh bananas!"), status, retry_headers(retry_after))

    def nothing(self, request: Request) -> Row:
        raise Refused(404, 1020, "There was an error retrieving the requested resource.")

    # Contacts

    def contacts_with(self, request: Request) -> Row:
        query = request.query_params
        people = list(self.people())
        if "search_by" in query:
            field, text = query["search_by"], query.get("search", "").casefold()
            if field not in ("email", "first_name", "last_name", *map(str, range(1, 7))):
                raise Refused(400, 1003, "Invalid URL parameters.")
            people = [person for person in people if text in self._searched(person, field).casefold()]
        people.sort(key=lambda person: self._searched(person, "email"))
        listed = [self._contact(request, self.told(person)) for person in people]
        rows = [{name: value for name, value in row.items() if name != "custom_fields"} for row in listed]
        return _page(request, rows)

    def _searched(self, person: Person, field: str) -> str:
        named = {"email": self._email(person), "first_name": person.given_name, "last_name": person.family_name}
        return str(named[field] if field in named else self._custom_fields(person).get(field, ""))

    def _email(self, person: Person) -> str:
        return next(iter(self.population.held(person, self.part).emails), "")

    def _custom_fields(self, person: Person) -> dict[str, str]:
        held = self.population.held(person, self.part)
        fields = dict.fromkeys(map(str, range(1, 7)), "")
        fields[str(SURVEYMONKEY_PHONE_FIELD)] = next((number for number, _ in held.phones), "")
        fields[str(SURVEYMONKEY_CRM_FIELD)] = held.crm_id or ""
        return fields

    def _contact(self, request: Request, person: Person) -> Row:
        return {
            "id": str(person.number),
            "first_name": person.given_name,
            "last_name": person.family_name,
            "email": self._email(person),
            "custom_fields": self._custom_fields(person),
            "href": f"{root_url(request)}/v3/contacts/{person.number}",
        }

    def show_contact(self, request: Request) -> Row:
        person = self._people.get(request.path_params["id"])
        return self.nothing(request) if person is None else self._contact(request, self.told(person))

    # Surveys

    def surveys(self, request: Request) -> Row:
        href = f"{root_url(request)}/v3/surveys/{SURVEYMONKEY_SURVEY_ID}"
        return _page(request, [{"id": SURVEYMONKEY_SURVEY_ID, "title": "Recommendation", "nickname": "", "href": href}])

    def show_survey(self, request: Request) -> Row:
        choices = [
            {"id": _choice_id(score), "text": str(score), "position": score + 1, "visible": True, "is_na": False}
            for score in range(11)
        ]
        row = {"id": NPS_ROW, "text": "", "position": 1, "visible": True}
        questions = [
            _question(NPS_QUESTION, "matrix", "rating", "How likely are you to recommend us?")
            | {"answers": {"choices": choices, "rows": [row]}},
            _question(SURVEYMONKEY_COMMENT_QUESTION, "open_ended", "essay", "<b>Why?</b>"),
        ]
        return {
            "id": SURVEYMONKEY_SURVEY_ID,
            "title": "Recommendation",
            "nickname": "",
            "language": "en",
            "question_count": 2,
            "page_count": 1,
            "pages": [{"id": "900001", "position": 1, "title": "", "question_count": 2, "questions": questions}],
        }

    # Responses

    def responses(self, request: Request) -> Row:
        """Of everybody, unless an address is asked for. Both ends of a window are left out."""
        query = request.query_params
        after, before = (_moment(query.get(name)) for name in ("start_created_at", "end_created_at"))
        people = list(self.people())
        if "email" in query:
            people = [person for person in people if self._email(person) == query["email"].casefold()]
        answers = [answer for person in people for answer in self.contacts(person)]
        answers = [a for a in answers if (not after or a.started_at > after) and (not before or a.started_at < before)]
        order = query.get("sort_order", "ASC")
        if order not in ("ASC", "DESC") or query.get("sort_by", "date_modified") != "date_modified":
            raise Refused(400, 1003, "Invalid URL parameters.")
        answers.sort(key=lambda answer: answer.last_activity_at, reverse=order == "DESC")
        return _page(request, answers, lambda answer: self._response(request, answer))

    def show_response(self, request: Request) -> Any:
        id_ = request.path_params["id"]
        answer = self.contact(int(id_)) if id_.isascii() and id_.isdigit() else None
        return self.nothing(request) if answer is None else self._response(request, answer)

    def _response(self, request: Request, answer: Contact) -> Any:
        key = (answer.number, answer.last_activity_at, root_url(request))
        return self._memo.row(key, lambda: self._spelled(request, answer))

    def _spelled(self, request: Request, answer: Contact) -> Row:
        person, custom = answer.person, self._custom_fields(answer.person)
        told = {"email": self._email(person), "first_name": person.given_name, "last_name": person.family_name}
        told |= {f"custom_value{'' if number == '1' else number}": value for number, value in custom.items() if value}
        questions: list[Row] = []
        if answer.nps_score is not None:
            given = {"choice_id": _choice_id(answer.nps_score), "row_id": NPS_ROW}
            questions.append({"id": NPS_QUESTION, "answers": [given]})
        if answer.nps_comment is not None:
            questions.append({"id": SURVEYMONKEY_COMMENT_QUESTION, "answers": [{"text": answer.nps_comment}]})
        survey = f"{root_url(request)}/v3/surveys/{SURVEYMONKEY_SURVEY_ID}"
        return {
            "id": str(answer.number),
            "survey_id": SURVEYMONKEY_SURVEY_ID,
            "collector_id": "402113",
            "recipient_id": str(person.number),
            "response_status": "completed" if answer.status == "completed" else "partial",
            "collection_mode": "default",
            "date_created": _iso(answer.started_at),
            "date_modified": _iso(answer.last_activity_at),
            "total_time": int((answer.last_activity_at - answer.started_at).total_seconds()),
            "custom_value": custom["1"],
            "custom_variables": {},
            "email_address": "",
            "first_name": person.given_name,
            "last_name": person.family_name,
            "ip_address": "",
            "logic_path": {},
            "metadata": {"contact": {name: {"type": "string", "value": value} for name, value in told.items()}},
            "page_path": [],
            "pages": [{"id": "900001", "questions": questions}],
            "edit_url": "https://www.surveymonkey.com/r/",
            "analyze_url": f"{LINK}?respondent_id={answer.number}",
            "href": f"{survey}/responses/{answer.number}",
        }


def _question(id_: str, family: str, subtype: str, heading: str) -> Row:
    return {"id": id_, "family": family, "subtype": subtype, "visible": True, "headings": [{"heading": heading}]}


def _choice_id(score: int) -> str:
    return str(FIRST_CHOICE + score)


def _page(request: Request, rows: Sequence[Any], spelled: Callable[[Any], Any] = lambda row: row) -> Row:
    query = request.query_params
    page, per_page = _number(query.get("page"), 1), _number(query.get("per_page"), PER_PAGE)
    if per_page > MOST_PER_PAGE:
        raise Refused(400, 1003, "Invalid URL parameters.")
    shown = [spelled(row) for row in page_of(rows, page, per_page)]
    links = {"self": str(request.url.include_query_params(page=page, per_page=per_page))}
    if page * per_page < len(rows):
        links["next"] = str(request.url.include_query_params(page=page + 1, per_page=per_page))
    return {"data": shown, "per_page": per_page, "page": page, "total": len(rows), "links": links}


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise Refused(400, 1003, "Invalid URL parameters.")
    return int(text)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, 1003, "Invalid URL parameters.") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _iso(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat()


def _error(status: int, code: int, message: str) -> Row:
    docs = "https://developer.surveymonkey.com/api/v3/#error-codes"
    told = {"docs": docs, "message": message, "id": str(code), "name": NAMES[code], "http_status_code": status}
    return {"error": told}
