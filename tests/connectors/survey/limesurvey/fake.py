"""A RemoteControl that answers as a real LimeSurvey 6.4.2 did (recorded.json), or as a test says."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from connectors.base import Window
from connectors.interaction import Identifier, IdentifierKind
from connectors.survey.limesurvey import LimeSurvey
from tests.connectors.support import connect, router

RECORDED = {e["name"]: e for e in json.loads((Path(__file__).parent / "recorded.json").read_text())["exchanges"]}
SITE = "https://survey.example.org/limesurvey"
EVER = Window()
GIULIA = Identifier(IdentifierKind.EMAIL, "giulia.bianchi@example.org")
NPS = {"id": 841298, "nps_question": "NPS", "phone_attribute": "attribute_1", "language": "it"}

Answer = Callable[[list[Any]], Any]


def body_of(name: str) -> dict[str, Any]:
    return RECORDED[name]["body"]


class Server:
    """Answers each method with a function of its parameters; a value stands for a function that ignores them."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            "get_session_key": "key-1",
            "list_surveys": body_of("surveys")["result"],
            "list_questions": body_of("questions")["result"],
            **answers,
        }
        self.calls: list[tuple[str, list[Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = json.loads(request.content)
        method, params = call["method"], call["params"]
        self.calls.append((method, params))
        answer = self.answers[method]
        result = answer(params) if callable(answer) else answer
        if isinstance(result, httpx.Response):
            return result
        return httpx.Response(200, json={"id": call["id"], "result": result, "error": None})

    def count(self, method: str) -> int:
        return sum(1 for name, _ in self.calls if name == method)


def limesurvey(server: Server, *surveys: dict[str, Any], **config: Any) -> LimeSurvey:
    routes = router()
    routes.post(f"{SITE}/index.php/admin/remotecontrol").mock(side_effect=server)
    config.setdefault("time_zone", "Europe/Rome")
    return connect(
        LimeSurvey,
        routes,
        f"{SITE}/",
        credentials={"user": "gateway", "password": "correct horse"},
        options={"surveys": list(surveys) or [NPS]},
        **config,
    )


def recorded_participants(params: list[Any]) -> Any:
    condition = params[6]
    if condition in ({"email": GIULIA.value}, {"attribute_1": "+393331112222"}, {"token": "tokgb1"}):
        return body_of("participants by e-mail")["result"]
    return body_of("no participant")["result"]


def recorded_responses(params: list[Any]) -> Any:
    name = "responses of a token" if params[3] == "tokgb1" else "responses of an unknown token"
    return body_of(name)["result"]


def recorded_server() -> Server:
    return Server(
        list_participants=recorded_participants,
        export_responses_by_token=recorded_responses,
        export_responses=body_of("responses, language null: numbers become strings")["result"],
    )


def export(*rows: dict[str, Any]) -> str:
    return b64encode(json.dumps({"responses": list(rows)}).encode()).decode()


def line(token: str | None, mail: str = "", **attributes: str) -> dict[str, Any]:
    return {
        "tid": 7,
        "token": token,
        "participant_info": {"firstname": "", "lastname": "", "email": mail},
        **attributes,
    }
