"""`gateway demo` as a process: its page, and what lets only that page act."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.project.support import ADDRESS, GATEWAY, running_demo

ELEANOR = "tel:+447700900862"
HOST = {"anna.verdi": "widget", "daniel.osborne": "widget", "emma.hartley": "widget", "nobody": "agent"}


@pytest.fixture(scope="module")
def demo() -> Iterator[httpx.Client]:
    with running_demo() as (address, _), httpx.Client(base_url=address, timeout=30) as client:
        yield client


def own(client: httpx.Client) -> dict[str, str]:
    """What the page's own requests carry."""
    return {
        "origin": str(client.base_url).rstrip("/"),
        "x-journey-demo": "desk",
        "sec-fetch-site": "same-origin",
        "content-type": "application/json",
    }


def post(client: httpx.Client, path: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    return client.post(path, json=body, headers=own(client) if headers is None else headers)


def ask(client: httpx.Client, token: str, query: str, origin: str | None = None) -> Any:
    headers = {"authorization": f"Bearer {token}"} | ({} if origin is None else {"origin": origin})
    return client.post("/graphql", json={"query": query}, headers=headers).json()


def test_each_file_of_the_page_is_under_its_policy(demo: httpx.Client) -> None:
    page = demo.get("/demo")
    names = set(re.findall(r'(?:src|href)="(/demo/[\w.]+)"', page.text))
    assert names >= {"/demo/desk.js", "/demo/desk.css"}
    for answer in (page, *(demo.get(name) for name in names)):
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert demo.get("/demo/../world.py").status_code == 404
    assert demo.get("/demo/gateway.toml").status_code == 404


def test_what_the_page_shows_holds_no_token(demo: httpx.Client) -> None:
    told = demo.get("/demo/desk.json").text
    assert "Eleanor Whitmore" in told
    assert not re.search(r"eyJ|jgw_|secret", told)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"origin": "https://elsewhere.example"}, id="another origin"),
        pytest.param({"origin": "null"}, id="a sandboxed page"),
        pytest.param({"origin": None}, id="no origin"),
        pytest.param({"x-journey-demo": None}, id="a form or a simple request"),
        pytest.param({"sec-fetch-site": "cross-site"}, id="cross-site"),
        pytest.param({"sec-fetch-site": "same-site"}, id="another port of this machine"),
    ],
)
@pytest.mark.parametrize("path", ["/demo/token", "/demo/control/ring", "/demo/control/fault"])
def test_no_other_page_gets_a_token_or_makes_anything_happen(
    demo: httpx.Client, path: str, wrong: dict[str, str | None]
) -> None:
    headers = {name: value for name, value in {**own(demo), **wrong}.items() if value is not None}
    answer = post(demo, path, headers, viewer="anna.verdi", lookup=ELEANOR)
    assert answer.status_code == 403
    assert "token" not in answer.json()
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    preflight = demo.options(path, headers={**asked, "access-control-request-headers": "x-journey-demo"})
    assert "access-control-allow-origin" not in preflight.headers


def test_another_name_of_this_machine_is_not_answered(demo: httpx.Client) -> None:
    assert post(demo, "/demo/token", {**own(demo), "host": "rebound.example"}).status_code == 400


@pytest.mark.parametrize(("viewer", "kind"), HOST.items())
def test_the_back_end_gets_a_widget_token_for_whoever_may_have_one(demo: httpx.Client, viewer: str, kind: str) -> None:
    given = post(demo, "/demo/token", viewer=viewer, lookup=ELEANOR).json()
    assert given["kind"] == kind
    assert given["token"].startswith("jgw_") == (kind == "widget")


def test_a_widget_token_shows_one_customer_on_one_page(demo: httpx.Client) -> None:
    origin = own(demo)["origin"]
    token = post(demo, "/demo/token", viewer="anna.verdi", lookup=ELEANOR).json()["token"]
    query = '{ singleCustomerView(by: {phone: "%s"}) { state customer { displayName } } }'
    mine = ask(demo, token, query % "+447700900862", origin)["data"]["singleCustomerView"]
    assert mine == {"state": "MATCHED", "customer": {"displayName": "Eleanor Whitmore"}}
    other = ask(demo, token, query % "+393331110001", origin)["data"]["singleCustomerView"]
    assert other == {"state": "NOT_FOUND", "customer": None}
    refused = ask(demo, token, query % "+447700900862", "https://elsewhere.example")
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not refused.get("data")


def test_a_number_of_several_people_gets_the_agents_own_token(demo: httpx.Client) -> None:
    given = post(demo, "/demo/token", viewer="anna.verdi", lookup="tel:+393331110020").json()
    assert given["kind"] == "agent"
    query = '{ singleCustomerView(by: {phone: "+393331110020"}) { state candidates { id } } }'
    found = ask(demo, given["token"], query)["data"]["singleCustomerView"]
    assert found["state"] == "AMBIGUOUS"
    for candidate in found["candidates"]:
        assert post(demo, "/demo/token", viewer="anna.verdi", customer=candidate["id"]).json()["kind"] == "widget"


@pytest.mark.parametrize("body", [{}, {"viewer": "no.such"}, {"viewer": "crm", "colour": "red"}, {"viewer": 7}])
def test_a_request_for_a_token_that_says_nothing_known_is_refused(demo: httpx.Client, body: dict[str, Any]) -> None:
    assert post(demo, "/demo/token", **body).status_code == 400


def test_a_command_that_says_nothing_known_is_refused(demo: httpx.Client) -> None:
    assert post(demo, "/demo/control/fly").status_code == 404
    assert post(demo, "/demo/control/fault", source="meta", mode="down").status_code == 404
    assert post(demo, "/demo/control/fault", source="chat", mode="odd").status_code == 400
    assert post(demo, "/demo/control/chat", customer="showcase", text="x" * 501).status_code == 400
    for action in ("ring", "answer"):
        for body in ({"customer": "nobody", "viewer": "crm"}, {"customer": "john", "viewer": "no.such"}):
            assert post(demo, f"/demo/control/{action}", **body).json() == {"told": False}


def test_a_source_that_is_down_is_so_at_once_and_stays_so_for_the_next_page(demo: httpx.Client) -> None:
    token = post(demo, "/demo/token", viewer="anna.verdi", lookup=ELEANOR).json()["token"]
    query = '{ singleCustomerView(by: {phone: "+447700900862"}) { customer { journey { sources '
    query += "{ source { name } state } } } } }"

    def state() -> str:
        sources = ask(demo, token, query, own(demo)["origin"])["data"]["singleCustomerView"]["customer"]["journey"]
        return next(each["state"] for each in sources["sources"] if each["source"]["name"] == "zendesk")

    assert state() in ("FRESH", "CACHED")
    told = post(demo, "/demo/control/fault", source="zendesk", mode="down").json()
    assert told["faults"]["zendesk"] == "down"
    assert state() == "UNAVAILABLE"
    assert demo.get("/demo/desk.json").json()["faults"]["zendesk"] == "down"
    post(demo, "/demo/control/fault", source="zendesk", mode="normal")
    assert state() == "FRESH"


def test_a_line_that_is_cut_is_the_pages_alone(demo: httpx.Client) -> None:
    origin = {"origin": own(demo)["origin"]}
    assert demo.post("/graphql", json={"query": "{ __typename }"}, headers=origin).status_code != 503
    post(demo, "/demo/control/line", cut=True)
    assert demo.post("/graphql", json={"query": "{ __typename }"}, headers=origin).status_code == 503
    assert post(demo, "/demo/token", viewer="anna.verdi", lookup=ELEANOR).json()["kind"] == "widget"
    post(demo, "/demo/control/line", cut=False)
    assert demo.post("/graphql", json={"query": "{ __typename }"}, headers=origin).status_code != 503


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_behind(tmp_path: Path, how: signal.Signals) -> None:
    command = [GATEWAY, "demo", "--port", "0"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        address = next(found[0] for line in process.stdout if "answers at" in line and (found := ADDRESS.search(line)))
        with httpx.Client(base_url=address, timeout=30) as client:
            assert post(client, "/demo/control/whatsapp", customer="showcase", text="Hello").json()["told"]
        assert [path.name.startswith("journey-gateway-") for path in tmp_path.iterdir()] == [True]
        process.send_signal(how)
        assert process.wait(timeout=30) == 0
    assert list(tmp_path.iterdir()) == []
