"""Who a verified token or key is in this deployment: kind, grants, work profiles."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, product

import httpx
import pytest

from gateway.errors import ForbiddenError, UnauthenticatedError
from gateway.permissions import AUDIT_LOG_VIEW, EVENT_VIEW, PII_VIEW, QUEUE_SEARCH
from gateway.settings import Settings, load
from gateway.viewer.authenticate import Authenticator, Identity, verifier, viewer_of
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.keys import new_key
from gateway.viewer.viewer import EVERYWHERE, NOWHERE, Scope, ViewerKind
from tests.gateway.viewer.support import AUDIENCE, ISSUER, NOW, NOW_S, Endpoint, claims, jwks, token

KEY, KEY_HASH = new_key("reports")
SECRET = bytes(range(32))
TEXT = f"""\
[gateway]
modules = ["JOURNEY"]
secret = {{ env = "SEAL" }}

[[auth.issuers]]
issuer = "{ISSUER}"
audience = "{AUDIENCE}"
jwks_url = "https://login.example.org/jwks"
claims = {{ roles = "realm.roles" }}

[[auth.keys]]
id = "reports"
name = "Nightly"
hashes = ["{KEY_HASH}"]
roles = ["viewer", "auditor"]
divisions = ["emea"]
work_profiles = ["front"]

[divisions]
emea = {{}}
apac = {{}}

[roles.viewer]
permissions = ["journey:event:view", "customer:pii:view"]

[roles.apac]
permissions = ["journey:event:view", "routing:queue:search"]
divisions = ["apac"]

[roles.everywhere]
permissions = ["journey:event:view"]
divisions = "*"

[roles.nowhere]
permissions = ["journey:event:view"]
divisions = []

[roles.auditor]
permissions = ["audit:log:view"]

[roles.auditor_everywhere]
permissions = ["audit:log:view"]
divisions = "*"

[work_profiles.front]
channels = ["VOICE"]

[work_profiles.back]
channels = ["TICKET"]
"""


@pytest.fixture
def settings(tmp_path) -> Settings:
    path = tmp_path / "gateway.toml"
    path.write_text(TEXT)
    return load(path, {"SEAL": SECRET.hex()})


@pytest.fixture
async def authenticator(settings):
    tokens = verifier(
        settings, lambda: Endpoint(jwks()), [LocalIssuer(SECRET).trusted()], utc_now=lambda: NOW, clock=lambda: 0.0
    )
    yield Authenticator(lambda: settings, tokens)
    await tokens.aclose()


def some(*divisions: str) -> Scope:
    return Scope(divisions=frozenset(divisions))


@pytest.mark.parametrize(
    ("roles", "divisions", "expected"),
    [
        ((), ("*",), {}),
        (("unknown",), ("*",), {}),
        (("viewer",), (), {}),
        (("viewer",), ("unknown",), {}),
        (("viewer",), ("emea", "unknown"), {EVENT_VIEW: some("emea"), PII_VIEW: some("emea")}),
        (("viewer",), ("Home",), {EVENT_VIEW: some("Home"), PII_VIEW: some("Home")}),
        (("viewer",), ("*",), {EVENT_VIEW: EVERYWHERE, PII_VIEW: EVERYWHERE}),
        (("viewer",), ("emea", "*"), {EVENT_VIEW: EVERYWHERE, PII_VIEW: EVERYWHERE}),
        (("apac",), ("emea",), {EVENT_VIEW: some("apac"), QUEUE_SEARCH: some("apac")}),
        (("apac",), ("*",), {EVENT_VIEW: some("apac"), QUEUE_SEARCH: some("apac")}),
        (("nowhere",), ("*",), {}),
        (
            ("viewer", "apac"),
            ("emea",),
            {EVENT_VIEW: some("emea", "apac"), PII_VIEW: some("emea"), QUEUE_SEARCH: some("apac")},
        ),
        (("viewer", "everywhere"), ("emea",), {EVENT_VIEW: EVERYWHERE, PII_VIEW: some("emea")}),
        (("everywhere", "viewer"), ("emea",), {EVENT_VIEW: EVERYWHERE, PII_VIEW: some("emea")}),
        (("auditor",), ("emea", "apac", "Home"), {}),
        (("auditor",), ("*",), {AUDIT_LOG_VIEW: EVERYWHERE}),
        (("auditor_everywhere",), ("emea",), {AUDIT_LOG_VIEW: EVERYWHERE}),
        (("auditor", "auditor_everywhere"), ("emea",), {AUDIT_LOG_VIEW: EVERYWHERE}),
    ],
)
def test_what_roles_and_divisions_grant(settings, roles, divisions, expected):
    viewer = viewer_of(settings, Identity("ada", ViewerKind.AGENT, roles, divisions))
    assert viewer.grants == expected
    assert viewer.scope("no:such:permission") == NOWHERE


FORBIDDEN = "forbidden"


@pytest.mark.parametrize(
    ("allowed", "claim", "header", "expected"),
    [
        ((), None, None, None),
        (("front",), None, None, None),
        (("front",), "front", None, "front"),
        (("front", "back"), "front", "back", "back"),
        (("front",), "back", "front", "front"),
        (("front",), None, "front", "front"),
        (("front",), "front", "back", FORBIDDEN),
        (("front",), "back", None, FORBIDDEN),
        ((), "front", None, FORBIDDEN),
        (("front",), None, "unknown", FORBIDDEN),
        (("unknown",), "unknown", None, FORBIDDEN),
        (("front",), None, "", FORBIDDEN),
        (("front",), "", None, FORBIDDEN),
        (("front",), ["front"], None, FORBIDDEN),
        (("front",), 1, None, FORBIDDEN),
        (("front",), None, "Front", FORBIDDEN),
    ],
)
def test_which_work_profile_is_active(settings, allowed, claim, header, expected):
    identity = Identity("ada", ViewerKind.AGENT, ("viewer",), ("emea",), allowed, claim)
    if expected is FORBIDDEN:
        with pytest.raises(ForbiddenError) as caught:
            viewer_of(settings, identity, header)
        assert str(caught.value) == "This is not allowed."
    else:
        viewer = viewer_of(settings, identity, header)
        assert (viewer.active.name if viewer.active else None) == expected
        assert viewer.profiles == tuple(name for name in allowed if name != "unknown")


async def test_a_token_becomes_a_viewer(authenticator):
    payload = claims(
        realm={"roles": ["viewer"]},
        divisions=["emea"],
        work_profiles=["front", "back"],
        work_profile="back",
        kind="SUPERVISOR",
        name="Ada",
    )
    viewer = await authenticator.viewer(f"Bearer {token(payload)}", None)
    assert (viewer.subject, viewer.kind, viewer.name) == ("ada", ViewerKind.SUPERVISOR, "Ada")
    assert viewer.grants == {EVENT_VIEW: some("emea"), PII_VIEW: some("emea")}
    assert viewer.profiles == ("front", "back")
    assert viewer.active and viewer.active.name == "back"
    assert viewer.expires_at == NOW + timedelta(seconds=300)
    assert (await authenticator.viewer(f"bearer {token(payload)}", "front")).active.name == "front"


@pytest.mark.parametrize("kind", [None, "", "agent", "ADMIN", 3, ["SERVICE"], {"a": 1}, True])
async def test_an_unknown_kind_is_an_agent(authenticator, kind):
    assert (await authenticator.viewer(f"Bearer {token(claims(kind=kind))}", None)).kind is ViewerKind.AGENT


@pytest.mark.parametrize(
    ("name", "value"),
    list(
        product(
            ["divisions", "realm", "work_profiles", "name"], [3, {"roles": 3}, [1, None, ["emea"]], True, "x" * 500]
        )
    ),
)
async def test_claims_of_a_strange_shape_grant_nothing_and_break_nothing(authenticator, name, value):
    viewer = await authenticator.viewer(f"Bearer {token(claims(**{name: value}))}", None)
    assert viewer.grants == {}
    assert viewer.profiles == ()
    assert len(viewer.name or "") <= 200


async def test_one_name_may_be_a_text_instead_of_a_list(authenticator):
    payload = claims(realm={"roles": "viewer"}, divisions="*", work_profiles="front", work_profile="front")
    viewer = await authenticator.viewer(f"Bearer {token(payload)}", None)
    assert viewer.grants == {EVENT_VIEW: EVERYWHERE, PII_VIEW: EVERYWHERE}
    assert viewer.active and viewer.active.name == "front"


async def test_a_key_becomes_a_viewer(authenticator):
    viewer = await authenticator.viewer(f"Bearer {KEY}", None)
    assert (viewer.subject, viewer.kind, viewer.name) == ("key:reports", ViewerKind.SERVICE, "Nightly")
    assert viewer.grants == {EVENT_VIEW: some("emea"), PII_VIEW: some("emea")}
    assert viewer.active is None
    assert viewer.expires_at is None
    assert (await authenticator.viewer(f"Bearer {KEY}", "front")).active.name == "front"
    with pytest.raises(ForbiddenError):
        await authenticator.viewer(f"Bearer {KEY}", "back")


async def test_the_gateway_takes_its_own_tokens_where_it_is_told_to(authenticator, settings):
    minted = LocalIssuer(SECRET, lambda: NOW).mint(
        "demo", {"roles": ["viewer"], "divisions": "*"}, timedelta(minutes=1)
    )
    viewer = await authenticator.viewer(f"Bearer {minted}", None)
    assert (viewer.subject, viewer.grants[EVENT_VIEW]) == ("demo", EVERYWHERE)
    without = Authenticator(lambda: settings, verifier(settings, lambda: Endpoint(jwks()), utc_now=lambda: NOW))
    with pytest.raises(UnauthenticatedError):
        await without.viewer(f"Bearer {minted}", None)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "Bearer  ",
        f"Basic {KEY}",
        KEY,
        token(),
        f"Bearer  {KEY}",
        f"Bearer {KEY} ",
        f"Bearer {KEY[:-1]}",
        f"Bearer {new_key('reports')[0]}",
        f"Bearer {new_key('nobody')[0]}",
        f"Bearer {KEY_HASH}",
        f"Bearer {token(claims(exp=NOW_S - 100))}",
        f"Bearer {token(claims(), key=None, kid='x')}",
        f"Bearer,{token()}",
        f"Bearer {token()}, Bearer {token()}",
    ],
    ids=map(str, count()),  # keys and tokens are others each time
)
async def test_every_fault_of_a_credential_is_told_alike(authenticator, authorization):
    with pytest.raises(UnauthenticatedError) as caught:
        await authenticator.viewer(authorization, "front")
    assert (str(caught.value), caught.value.code) == ("A valid token or key is needed.", "UNAUTHENTICATED")


async def test_a_changed_role_counts_at_the_next_request(settings):
    current = [settings]
    authenticator = Authenticator(lambda: current[0], verifier(settings, lambda: Endpoint(jwks()), utc_now=lambda: NOW))
    assert (await authenticator.viewer(f"Bearer {KEY}", None)).grants
    current[0] = settings.model_copy(update={"roles": {}})
    assert not (await authenticator.viewer(f"Bearer {KEY}", None)).grants
    current[0] = settings.model_copy(update={"auth": settings.auth.model_copy(update={"keys": ()})})
    with pytest.raises(UnauthenticatedError):
        await authenticator.viewer(f"Bearer {KEY}", None)


async def test_keys_of_a_file_are_used_without_asking_anybody(tmp_path):
    (tmp_path / "jwks.json").write_bytes(jwks())
    path = tmp_path / "gateway.toml"
    path.write_text(TEXT.replace('jwks_url = "https://login.example.org/jwks"', 'jwks_file = "jwks.json"'))
    settings = load(path, {"SEAL": SECRET.hex()})

    def nobody() -> httpx.AsyncBaseTransport:
        raise AssertionError("no transport is needed")

    authenticator = Authenticator(lambda: settings, verifier(settings, nobody, utc_now=lambda: NOW))
    assert (await authenticator.viewer(f"Bearer {token()}", None)).subject == "ada"
