"""Formbricks' management API: contacts, attributes and surveys of v1, responses and attribute keys of v2.

It tells the people and answers of the population's surveys. v1 refuses with `{code, message, details}`, v2 with
`{error: {code, message}}`; neither finds a contact by what it carries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import FORMBRICKS_API_KEY, FORMBRICKS_PHONE_ATTRIBUTE
from sandbox.population import Population
from sandbox.vendor import Clock, Memo, Vendor, iso_millis, json_answer, retry_headers, same

Row = dict[str, Any]

LIMIT, MOST = 50, 250
ENVIRONMENT, WORKSPACE, ORGANIZATION = (
    "cmenvproduction00000000001",
    "cmworkspace00000000000001",
    "cmorganization0000000001",
)
SURVEY, NPS_QUESTION, COMMENT_QUESTION = "cmsurveynps00000000000001", "recommend", "reason"
ATTRIBUTES = ("userId", "email", "firstName", "lastName", FORMBRICKS_PHONE_ATTRIBUTE)
HEADLINES = {
    NPS_QUESTION: ("nps", {"default": "How likely are you to recommend us?", "it": "Quanto ci consiglieresti?"}),
    COMMENT_QUESTION: ("openText", {"default": "<p>What is the <b>reason</b>?</p>", "it": "Perché?"}),
}


class Refused(Exception):
    """Answered with this status; `details` as v2 tells them: a field and what is wrong with it."""

    def __init__(self, status: int, message: str, *details: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.message, self.details = status, message, details


def contact_id(person: Person) -> str:
    return f"cmcontact{person.number:016}"


def response_id(answer: Contact) -> str:
    return f"cmresponse{answer.number:015}"


def key_id(name: str) -> str:
    return f"cmkey{ATTRIBUTES.index(name):020}"


class Formbricks(Vendor):
    name = "formbricks"
    plays = "limesurvey"
    calls_per_minute = 100

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._people = {contact_id(person): person for person in self.people()}
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        first: Mapping[str, Callable[[Request], Any]] = {
            "/contacts": self.contacts_of_all,
            "/contacts/{id}": self.show_contact,
            "/contact-attributes": self.attributes_of_all,
            "/surveys": self.surveys,
            "/surveys/{id}": self.show_survey,
        }
        second: Mapping[str, Callable[[Request], Any]] = {
            "/me": self.me,
            "/management/contact-attribute-keys": self.keys,
            "/management/responses": self.responses,
            "/management/responses/{id}": self.show_response,
        }
        return [
            *(Route(f"/api/v1/management{path}", self._answering(handler)) for path, handler in first.items()),
            *(Route(f"/api/v2{path}", self._answering(handler)) for path, handler in second.items()),
        ]

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            try:
                return json_answer(handler(request))
            except Refused as refused:
                return _error(request, refused)

        return answer

    def refusal(self, request: Request) -> Response | None:
        if same(request.headers.get("x-api-key", ""), FORMBRICKS_API_KEY):
            return None
        return _error(request, Refused(401, "Unauthorized"))

    def failure(self, status: int, retry_after: int | None) -> Response:
        """Too many requests are refused by the proxy in front, in words; the rest by the application."""
        if status == 429:
            return PlainTextResponse("Too Many Requests", 429, retry_headers(retry_after))
        error = {"code": status, "message": "Internal Server Error"}
        return json_answer({"error": error}, status, retry_headers(retry_after))

    def me(self, request: Request) -> Row:
        place = {
            "workspaceId": WORKSPACE,
            "environmentId": ENVIRONMENT,
            "environmentType": "production",
            "permission": "read",
            "projectId": WORKSPACE,
            "projectName": "Contact centre",
        }
        access = {"accessControl": {"read": True, "write": False}}
        return {"organizationId": ORGANIZATION, "organizationAccess": access, "workspaces": [place]}

    # Contacts

    def contacts_of_all(self, request: Request) -> Row:
        return {"data": [self._contact(person) for person in self.people()]}

    def show_contact(self, request: Request) -> Row:
        person = self._people.get(request.path_params["id"])
        if person is None:
            raise Refused(404, "Contact not found")
        return {"data": self._contact(self.told(person))}

    def _contact(self, person: Person) -> Row:
        since = iso_millis(person.known_since)
        return {
            "id": contact_id(person),
            "createdAt": since,
            "updatedAt": since,
            "userId": None,
            "workspaceId": WORKSPACE,
            "environmentId": ENVIRONMENT,
        }

    def attributes_of_all(self, request: Request) -> Row:
        return {"data": [row for person in self.people() for row in self._attributes(person)]}

    def _attributes(self, person: Person) -> list[Row]:
        since = iso_millis(person.known_since)
        return [
            {
                "id": f"cmattribute{person.number:08}{ATTRIBUTES.index(name):06}",
                "attributeKeyId": key_id(name),
                "contactId": contact_id(self.told(person)),
                "createdAt": since,
                "updatedAt": since,
                "value": value,
            }
            for name, value in self._carried(person).items()
        ]

    def _carried(self, person: Person) -> dict[str, str]:
        held = self.population.held(person, self.part)
        told = {
            "userId": held.crm_id,
            "email": next(iter(held.emails), None),
            "firstName": person.given_name,
            "lastName": person.family_name,
            FORMBRICKS_PHONE_ATTRIBUTE: next((number for number, _ in held.phones), None),
        }
        return {name: value for name, value in told.items() if value}

    def keys(self, request: Request) -> Row:
        since = iso_millis(self.population.now)
        rows = [
            {
                "id": key_id(name),
                "createdAt": since,
                "updatedAt": since,
                "isUnique": name in ("userId", "email"),
                "key": name,
                "name": None,
                "description": None,
                "type": "custom" if name == FORMBRICKS_PHONE_ATTRIBUTE else "default",
                "environmentId": ENVIRONMENT,
                "workspaceId": WORKSPACE,
            }
            for name in ATTRIBUTES
        ]
        return _page(request, rows)

    # Surveys

    def surveys(self, request: Request) -> Row:
        return {"data": [self._survey()]}

    def show_survey(self, request: Request) -> Row:
        if request.path_params["id"] != SURVEY:
            raise Refused(404, "Survey not found")
        return {"data": self._survey()}

    def _survey(self) -> Row:
        questions = [
            {"id": id_, "type": kind, "headline": headline, "required": kind == "nps", "inputType": "text"}
            for id_, (kind, headline) in HEADLINES.items()
        ]
        since = iso_millis(self.population.now)
        return {
            "id": SURVEY,
            "name": "Recommendation",
            "type": "link",
            "status": "inProgress",
            "environmentId": ENVIRONMENT,
            "workspaceId": WORKSPACE,
            "createdAt": since,
            "updatedAt": since,
            "hiddenFields": {"enabled": False, "fieldIds": []},
            "questions": questions,
            "blocks": [{"id": "cmblock000000000000000001", "name": "Block 1", "elements": questions}],
        }

    # Responses

    def responses(self, request: Request) -> Row:
        """Without a contact everybody's; both ends of the window are included."""
        query = request.query_params
        start, end = (_moment(name, query.get(name)) for name in ("startDate", "endDate"))
        if start is not None and end is not None and start > end:
            raise Refused(400, "Bad Request", ("startDate", "startDate must be before endDate"))
        order = query.get("order", "desc")
        if order not in ("asc", "desc") or query.get("sortBy", "createdAt") not in ("createdAt", "updatedAt"):
            raise Refused(400, "Bad Request", ("order", "Invalid enum value"))
        people = list(self.people())
        if "contactId" in query:
            found = self._people.get(query["contactId"])
            people = [] if found is None else [found]
        by_change = query.get("sortBy") == "updatedAt"
        answers = [answer for person in people for answer in self.contacts(person)]
        answers = [a for a in answers if (not start or a.started_at >= start) and (not end or a.started_at <= end)]
        answers.sort(key=lambda a: a.last_activity_at if by_change else a.started_at, reverse=order == "desc")
        return _page(request, answers, self._response)

    def show_response(self, request: Request) -> Row:
        number = request.path_params["id"].removeprefix("cmresponse")
        answer = self.contact(int(number)) if number.isascii() and number.isdigit() else None
        if answer is None:
            raise Refused(404, "Not Found", ("response", "not found"))
        return {"data": self._response(answer)}

    def _response(self, answer: Contact) -> Any:
        return self._memo.row((answer.number, answer.last_activity_at), lambda: self._spelled(answer))

    def _spelled(self, answer: Contact) -> Row:
        data = {NPS_QUESTION: answer.nps_score, COMMENT_QUESTION: answer.nps_comment}
        return {
            "id": response_id(answer),
            "createdAt": iso_millis(answer.started_at),
            "updatedAt": iso_millis(answer.last_activity_at),
            "finished": answer.status == "completed",
            "surveyId": SURVEY,
            "contactId": contact_id(answer.person),
            "endingId": None,
            "data": {name: value for name, value in data.items() if value is not None},
            "variables": {},
            "ttc": {"_total": (answer.last_activity_at - answer.started_at).total_seconds() * 1000},
            "meta": {"source": "", "url": "https://www.contact-centre.example.com/"},
            "contactAttributes": self._carried(answer.person),
            "singleUseId": None,
            "language": answer.person.language,
            "displayId": None,
        }


def _page(request: Request, rows: Sequence[Any], spelled: Callable[[Any], Any] = lambda row: row) -> Row:
    query = request.query_params
    limit, skip = _number("limit", query.get("limit"), LIMIT), _number("skip", query.get("skip"), 0)
    if not 1 <= limit <= MOST:
        raise Refused(400, "Bad Request", ("limit", "Number must be between 1 and 250"))
    shown = [spelled(row) for row in rows[skip : skip + limit]]
    return {"data": shown, "meta": {"total": len(rows), "limit": limit, "offset": skip}}


def _number(name: str, text: str | None, default: int) -> int:
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise Refused(400, "Bad Request", (name, "Expected number, received nan"))
    return int(text)


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "Bad Request", (name, "Invalid date")) from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _error(request: Request, refused: Refused) -> Response:
    if "/api/v1/" in request.url.path:
        code = {401: "not_authenticated", 404: "not_found"}.get(refused.status, "bad_request")
        return json_answer({"code": code, "message": refused.message, "details": {}}, refused.status)
    details = [{"field": field, "issue": issue} for field, issue in refused.details]
    error: Row = {"code": refused.status, "message": refused.message}
    return json_answer({"error": error | ({"details": details} if details else {})}, refused.status)
