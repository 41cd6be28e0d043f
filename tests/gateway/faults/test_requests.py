"""Around every request: its id, origins, hosts, health, and who is let in. The configuration is read again at once."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.demo import world
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.keys import new_key
from tests.gateway.faults.conftest import NOW, Front, Sandbox, running_gateway

WHO = {"query": "{ viewer { subject kind activeWorkProfile { name } } }"}
DESK = "https://desk.example.org"
NEVER_SEALED = b"another deployment's 32 secret b"


@pytest.fixture
async def open_front(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[tuple[Front, Path]]:
    """A gateway with one origin, one more host and an API key, over a configuration that a test may change."""
    path = tmp_path / "gateway.toml"
    path.write_text(world.CONFIG.read_text())
    async with running_gateway(sandbox, path, {"GATEWAY_GATEWAY__ORIGINS": DESK}) as front:
        yield front, path


# ------------------------------------------------------------------------ request ids


@pytest.mark.parametrize("offered", ["abcdefgh", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "A.b_c-" + "9" * 58])
async def test_a_sane_request_id_is_the_answers_too(front: Front, offered: str) -> None:
    answer = await front.post({"query": "{ nonsense }"}, **{"x-request-id": offered})
    assert answer.headers["x-request-id"] == offered
    assert answer.json()["errors"][0]["extensions"]["requestId"] == offered


@pytest.mark.parametrize("offered", ["", "short", "9" * 65, "id with space", "<script>8</script>", "naïve-naïve"])
async def test_any_other_is_replaced(front: Front, offered: str) -> None:
    headers = {"x-request-id": offered.encode("latin-1")}
    tokens = {"authorization": f"Bearer {front.tokens['Emma Hartley']}"}
    answer = await front.client.post("/graphql", json={"query": "{ nonsense }"}, headers={**tokens, **headers})  # type: ignore[dict-item]
    given = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", given)
    assert answer.json()["errors"][0]["extensions"]["requestId"] == given


async def test_every_answer_has_an_id_and_safe_headers(front: Front) -> None:
    for answer in [
        await front.client.get("/healthz"),
        await front.client.get("/nowhere"),
        await front.client.get("/graphql"),
        await front.post({"query": "{"}, None),
        await front.post("x" * 200_000),
    ]:
        assert answer.headers["x-request-id"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


# ------------------------------------------------------------------------ origins, hosts, health


@pytest.mark.parametrize(
    "origin", [DESK, "https://evil.example.com", "null", "https://desk.example.org.evil.com", None]
)
async def test_only_configured_origins_may_read(open_front: tuple[Front, Path], origin: str | None) -> None:
    front, _ = open_front
    headers = {"origin": origin} if origin else {}
    answer = await front.post(WHO, **headers)
    assert answer.status_code == 200
    assert answer.headers.get("access-control-allow-origin") == (origin if origin == DESK else None)
    assert "access-control-allow-credentials" not in answer.headers
    if origin == DESK:
        assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("origin", [DESK, "https://evil.example.com"])
@pytest.mark.parametrize(
    ("method", "header"), [("POST", "authorization,content-type,x-work-profile"), ("DELETE", "x-other")]
)
async def test_a_preflight_allows_what_clients_need_and_no_more(
    open_front: tuple[Front, Path], origin: str, method: str, header: str
) -> None:
    front, _ = open_front
    asked = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": header,
    }
    answer = await front.client.options("/graphql", headers=asked)
    allowed = origin == DESK and method == "POST"
    assert (answer.status_code == 200) is allowed
    assert answer.headers.get("access-control-allow-origin") == (DESK if origin == DESK else None)


async def test_a_refusal_can_be_read_by_a_configured_origin(open_front: tuple[Front, Path]) -> None:
    front, _ = open_front
    answer = await front.post(WHO, None, origin=DESK)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, DESK)


@pytest.mark.parametrize(
    ("host", "answered"),
    [
        ("localhost", True),
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("evil.example.com", False),
        ("localhost.evil.example.com", False),
        ("", False),
    ],
)
async def test_only_known_hosts_are_answered(front: Front, host: str, answered: bool) -> None:
    answer = await front.post(WHO, host=host)
    assert (answer.status_code == 200) is answered
    if not answered:
        assert answer.status_code == 400
        assert not host or host not in answer.text


async def test_healthz_answers_always_and_readyz_while_serving(sandbox: Sandbox) -> None:
    async with running_gateway(sandbox) as front:
        app = front.assembled.app
        assert (await front.client.get("/healthz")).status_code == 200
        assert (await front.client.get("/readyz")).status_code == 200
        for source in world.SOURCES:
            sandbox.control(source, fault="reset")
        assert (await front.client.get("/readyz")).status_code == 200, "a broken vendor is no reason to restart"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 503


# ------------------------------------------------------------------------ who is let in


def bearers(front: Front) -> dict[str, str]:
    good = front.tokens["Emma Hartley"]
    header, payload, signature = good.split(".")
    claims = {"roles": ["supervisor"], "divisions": ["*"]}
    late = LocalIssuer(world_secret(front), lambda: NOW - timedelta(days=2)).mint("emma", claims, timedelta(hours=1))
    foreign = LocalIssuer(NEVER_SEALED, lambda: NOW).mint("emma", claims, timedelta(hours=1))
    return {
        "none": "",
        "no scheme": good,
        "basic": f"Basic {good}",
        "empty": "Bearer ",
        "garbage": "Bearer nonsense",
        "expired": f"Bearer {late}",
        "foreign issuer": f"Bearer {foreign}",
        "forged payload": f"Bearer {header}.{payload[:-2]}AA.{signature}",
        "without signature": f"Bearer {header}.{payload}.",
        "two tokens": f"Bearer {good} {good}",
        "unknown key": f"Bearer {new_key('stranger')[0]}",
        "over-long": "Bearer " + "a" * 20_000,
    }


def world_secret(front: Front) -> bytes:
    return front.assembled.configuration.settings.gateway.secret.get_secret_value()


KINDS = (
    "none", "no scheme", "basic", "empty", "garbage", "expired", "foreign issuer", "forged payload",
    "without signature", "two tokens", "unknown key", "over-long",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_a_token_that_is_not_valid_now_is_told_nothing(front: Front, kind: str) -> None:
    answer = await front.post(WHO, None, **{"authorization": bearers(front)[kind], "x-request-id": "the-same-id"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json() == {
        "errors": [
            {
                "message": "A valid token or key is needed.",
                "extensions": {"code": "UNAUTHENTICATED", "requestId": "the-same-id"},
            }
        ]
    }


async def test_an_unknown_work_profile_is_one_that_is_not_allowed(front: Front) -> None:
    """Anna may choose `Support desk` alone; `Sales line` exists, `Night shift` doesn't."""
    answers = [
        await front.post(WHO, "Anna Verdi", **{"x-work-profile": name, "x-request-id": "the-same-id"})
        for name in ("Sales line", "Night shift", "", "support desk")
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    allowed = await front.post(WHO, "Anna Verdi", **{"x-work-profile": "Support desk"})
    assert allowed.json()["data"]["viewer"]["activeWorkProfile"] == {"name": "Support desk"}


# ------------------------------------------------------------------------ the configuration is read again


async def test_an_api_key_works_from_the_moment_it_is_configured(open_front: tuple[Front, Path]) -> None:
    front, path = open_front
    key, digest = new_key("crm")
    bearer = {"authorization": f"Bearer {key}"}
    assert (await front.post(WHO, None, **bearer)).status_code == 401
    entry = f'\n[[auth.keys]]\nid = "crm"\nname = "CRM"\nkind = "SERVICE"\nhashes = ["{digest}"]\nroles = ["partner"]\n'
    before = path.read_text()
    path.write_text(before + entry + 'divisions = ["International"]\n')
    assert front.assembled.configuration.reload()
    answer = await front.post(WHO, None, **bearer)
    assert answer.json()["data"]["viewer"] == {"subject": "key:crm", "kind": "SERVICE", "activeWorkProfile": None}
    path.write_text(before)
    assert front.assembled.configuration.reload()
    assert (await front.post(WHO, None, **bearer)).status_code == 401


SUPPORT_CHANNELS = (
    'channels = ["VOICE", "CALLBACK", "TICKET", "EMAIL", "CHAT", "WEB_MESSAGING", "WHATSAPP", "SMS", "SURVEY"]'
)
ANNAS = """{
  sources { name }
  singleCustomerView(by: {phone: "+393331110001"}) { customer { journey(first: 200) { nodes { channel subject } } } }
}"""


async def channels_of(front: Front) -> set[str]:
    data = (await front.ask(ANNAS, "Anna Verdi"))["data"]
    return {node["channel"] for node in data["singleCustomerView"]["customer"]["journey"]["nodes"]}


async def test_changed_roles_and_profiles_count_at_the_next_request(
    open_front: tuple[Front, Path], logged: list[MutableMapping[str, Any]]
) -> None:
    front, path = open_front
    assert len(await channels_of(front)) > 1
    before = path.read_text()
    path.write_text(before.replace(SUPPORT_CHANNELS, 'channels = ["CHAT"]'))
    assert front.assembled.configuration.reload()
    assert await channels_of(front) <= {"CHAT"}
    path.write_text(
        before.replace('[roles.agent]\npermissions = [\n  "journey:event:view",', "[roles.agent]\npermissions = [")
    )
    assert front.assembled.configuration.reload()
    answer = await front.ask(ANNAS, "Anna Verdi")
    assert answer["data"]["sources"] == []
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    path.write_text(before)
    assert front.assembled.configuration.reload()
    assert len(await channels_of(front)) > 1


@pytest.mark.parametrize(
    "faulty",
    [
        pytest.param(lambda text: text.replace("[roles.agent]", "[roles.agent"), id="no TOML"),
        pytest.param(
            lambda text: text.replace('"routing:queue:search"', '"routing:queue:serach"'), id="unknown permission"
        ),
        pytest.param(lambda text: "", id="empty"),
    ],
)
async def test_a_faulty_file_keeps_what_was(
    open_front: tuple[Front, Path], faulty: Any, logged: list[MutableMapping[str, Any]]
) -> None:
    front, path = open_front
    before = await channels_of(front)
    path.write_text(faulty(path.read_text()))
    assert not front.assembled.configuration.reload()
    assert await channels_of(front) == before
    assert any(entry["event"] == "settings_refused" for entry in logged)
