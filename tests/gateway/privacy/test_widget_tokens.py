"""One customer, one origin, minutes, the maker's rights of the moment, and an end that can be brought about."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gateway.errors import UnauthenticatedError
from gateway.graph.ids import WidgetTokenId, WorkProfileId
from gateway.serving import listen, make_server
from gateway.settings.model import ApiKeySection
from gateway.viewer.keys import new_key
from gateway.viewer.viewer import Identity, ViewerKind
from gateway.viewer.widgets import MAX_REMEMBERED, STALE_SECONDS, WidgetTokens
from tests.gateway.privacy.support import ORIGIN, House, contact, phone
from tests.gateway.support import NOW, SECRET

CREATE = """mutation($input: CreateWidgetTokenInput!) { createWidgetToken(input: $input) {
  token { id secret expiresAt } view { state customer { id } candidates { id } } } }"""
REVOKE = "mutation($id: ID!) { revokeWidgetToken(input: {tokenId: $id}) { revokedAt } }"
WHO = """query($by: CustomerKey!) { singleCustomerView(by: $by) {
  state customer { id journey { nodes { externalId } } } } }"""
VIEWER = """{ viewer { subject kind permissions { permission } workProfiles { name }
  activeWorkProfile { name } } }"""
NEWS = "subscription($id: ID!) { journeyUpdated(customerId: $id) { __typename cursor } }"
ANNA, BRUNO, CARLA = {"phone": "+393331112201"}, {"email": "bruno@example.org"}, {"phone": "+393331112203"}
READER_RIGHTS = {"journey:event:view", "externalContacts:session:view", "customer:pii:view"}


async def made(house: House, maker: str | None = None, /, by: Any = None, **given: Any) -> Any:
    answer = await house.ask(CREATE, maker, input={"customer": by or ANNA, "origin": ORIGIN, **given})
    assert "errors" not in answer, answer
    return answer["data"]["createWidgetToken"]


async def refused(house: House, maker: str | None = None, /, by: Any = None, **given: Any) -> str:
    answer = await house.ask(CREATE, maker, input={"customer": by or ANNA, "origin": ORIGIN, **given})
    assert answer["data"] == {"createWidgetToken": None}
    return str(answer["errors"][0]["extensions"]["code"])


async def as_widget(house: House, secret: str, query: str = WHO, origin: str | None = ORIGIN, **variables: Any) -> Any:
    headers = {} if origin is None else {"origin": origin}
    return await house.post(query, variables, secret, **headers)


def host(house: House, **claims: Any) -> str:
    return house.token("crm", **{"roles": ["host"], "divisions": ["home", "north"], **claims})


async def test_a_widget_sees_one_customer_and_nobody_else(house: House) -> None:
    token = (await made(house, host(house)))["token"]
    secret = token["secret"]
    anna = (await as_widget(house, secret, by=ANNA)).json()["data"]["singleCustomerView"]
    assert anna["state"] == "MATCHED"
    assert [n["externalId"] for n in anna["customer"]["journey"]["nodes"]] == ["c1", "t1"]
    carla = (await house.ask(WHO, by=CARLA))["data"]["singleCustomerView"]["customer"]
    row = house.gateway.ids.interaction("desk", "t2")
    own_row = house.gateway.ids.interaction("desk", "t1")
    for by in (BRUNO, CARLA, {"id": carla["id"]}, {"phone": "+393331119999"}):
        assert (await as_widget(house, secret, by=by)).json()["data"]["singleCustomerView"] == {
            "state": "NOT_FOUND",
            "customer": None,
        }
    nodes = 'query($ids: [ID!]!) { nodes(ids: $ids) { id } customers(search: "bruno@example.org") { nodes { id } } }'
    found = (await as_widget(house, secret, nodes, ids=[carla["id"], row, own_row, anna["customer"]["id"]])).json()
    assert [n and n["id"] for n in found["data"]["nodes"]] == [None, None, own_row, anna["customer"]["id"]]
    assert found["data"]["customers"] == {"nodes": []}
    search = (await as_widget(house, secret, '{ customers(search: "+39 333 111 2201") { nodes { id } } }')).json()
    assert search["data"]["customers"]["nodes"] == [{"id": anna["customer"]["id"]}]


@pytest.mark.parametrize(
    "origin", [None, "https://evil.example.com", "https://crm.example.com:8443", "null", ORIGIN + "/"]
)
async def test_it_counts_at_its_origin_alone(house: House, origin: str | None) -> None:
    secret = (await made(house))["token"]["secret"]
    assert (await as_widget(house, secret, by=ANNA)).status_code == 200
    answer = await as_widget(house, secret, origin=origin, by=ANNA)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


async def test_it_reads_and_no_more_than_its_maker(house: House) -> None:
    secret = (await made(house))["token"]["secret"]
    told = (await as_widget(house, secret, VIEWER)).json()["data"]["viewer"]
    assert (told["subject"], told["kind"]) == ("emma", "WIDGET")
    assert {p["permission"] for p in told["permissions"]} == READER_RIGHTS | {
        "journey:eventType:view",
        "routing:queue:search",
        "routing:wrapupCode:view",
    }
    answer = await as_widget(house, secret, CREATE, input={"customer": ANNA, "origin": ORIGIN})
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_right_that_its_maker_loses_is_lost(house: House) -> None:
    secret = (await made(house, host(house)))["token"]["secret"]
    settings = house.settings[0]
    reader = settings.roles["reader"].model_copy(update={"permissions": ("journey:event:view",)})
    house.settings[0] = settings.model_copy(update={"roles": {"host": reader}})
    told = (await as_widget(house, secret, VIEWER)).json()["data"]["viewer"]
    assert [p["permission"] for p in told["permissions"]] == ["journey:event:view"]
    house.settings[0] = settings.model_copy(update={"roles": {}})
    assert (await as_widget(house, secret, by=ANNA)).json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_key_that_is_withdrawn_takes_its_tokens_along(house: House, tmp_path: Path) -> None:
    key, digest = new_key("crm")
    section = ApiKeySection.model_construct(
        id="crm", name="CRM", hashes=(digest,), roles=("host",), divisions=("home",), kind=ViewerKind.SERVICE,
        work_profiles=("front",), work_profile=None,
    )  # fmt: skip
    settings = house.settings[0]
    house.settings[0] = settings.model_copy(update={"auth": settings.auth.model_copy(update={"keys": (section,)})})
    token = (await made(house, key, workProfileId=house.gateway.ids.of(WorkProfileId("front"))))["token"]
    anna = (await as_widget(house, token["secret"], by=ANNA)).json()["data"]["singleCustomerView"]["customer"]
    assert [n["externalId"] for n in anna["journey"]["nodes"]] == ["c1"]
    without = section.model_copy(update={"work_profiles": ()})
    house.settings[0] = settings.model_copy(update={"auth": settings.auth.model_copy(update={"keys": (without,)})})
    assert (await as_widget(house, token["secret"], by=ANNA)).status_code == 403
    house.settings[0] = settings
    assert (await as_widget(house, token["secret"], by=ANNA)).status_code == 401


async def test_its_profile_is_fixed(house: House) -> None:
    front, back = (house.gateway.ids.of(WorkProfileId(name)) for name in ("front", "back"))
    both = {"work_profiles": ["front", "back"], "work_profile": "front"}
    agent = host(house, kind="AGENT", **both)
    secret = (await made(house, agent, workProfileId=back))["token"]["secret"]
    told = (await as_widget(house, secret, VIEWER)).json()["data"]["viewer"]
    assert (told["activeWorkProfile"], told["workProfiles"]) == ({"name": "back"}, [{"name": "back"}])
    assert (await house.post(VIEWER, {}, secret, **{"origin": ORIGIN, "x-work-profile": "front"})).status_code == 403
    inherited = (await made(house, agent))["token"]["secret"]
    told = (await as_widget(house, inherited, VIEWER)).json()["data"]["viewer"]
    assert told["activeWorkProfile"] == {"name": "front"}
    assert await refused(house, host(house, kind="AGENT", work_profiles=["front"])) == "BAD_USER_INPUT"
    assert await refused(house, host(house, work_profiles=["front"]), workProfileId=back) == "FORBIDDEN"
    assert await refused(house, agent, workProfileId="nonsense") == "FORBIDDEN"
    assert (await made(house, host(house, kind="AGENT", work_profiles=["front"]), workProfileId=front))["token"]


async def test_it_ends_with_its_maker_and_within_a_quarter_of_an_hour(house: House) -> None:
    def ends(payload: Any) -> int:
        at = datetime.fromisoformat(payload["token"]["expiresAt"])
        return int((at - house.clock.now).total_seconds())

    assert ends(await made(house)) == 900
    assert ends(await made(house, lifetimeSeconds=60)) == 60
    assert ends(await made(house, lifetimeSeconds=None)) == 900
    short = await made(house, house.token(minutes=2))
    assert ends(short) == 120
    for seconds in (0, -1, 901, 3600):
        assert await refused(house, lifetimeSeconds=seconds) == "BAD_USER_INPUT"
    house.clock.move(119)
    assert house.gateway.widgets is not None
    await house.gateway.widgets.look()
    assert (await as_widget(house, short["token"]["secret"], by=ANNA)).status_code == 200
    house.clock.move(1)
    assert (await as_widget(house, short["token"]["secret"], by=ANNA)).status_code == 401


@pytest.mark.parametrize(
    "origin",
    ["", " ", "crm.example.com", "https://", "https://crm.example.com/x", "https://crm.example.com/", "ftp://a.org",
     "https://u:p@crm.example.com", "https://crm.example.com?x", "javascript:alert(1)", "https://a b.org", "*", "null",
     "https://crm.example.com:x", "https://" + "a" * 300],
)  # fmt: skip
async def test_an_origin_is_scheme_host_and_port(house: House, origin: str) -> None:
    assert await refused(house, origin=origin) == "BAD_USER_INPUT"


async def test_an_origin_is_written_as_browsers_write_it(house: House) -> None:
    secret = (await made(house, origin="HTTPS://CRM.example.com:443"))["token"]["secret"]
    assert (await as_widget(house, secret, by=ANNA)).status_code == 200


async def test_whom_the_key_does_not_find_alone_gets_no_token(house: House) -> None:
    nobody = await made(house, by={"phone": "+393331119999"})
    assert nobody == {"token": None, "view": {"state": "NOT_FOUND", "customer": None, "candidates": []}}
    hidden = await made(house, host(house, divisions=["home"]), by=CARLA)
    assert hidden == nobody
    desk: Any = house.gateway.sources["desk"].connector
    desk.records.append(contact("desk", "a2", phone("+393331112201")))
    several = await made(house)
    assert (several["token"], several["view"]["state"], len(several["view"]["candidates"])) == (None, "AMBIGUOUS", 3)
    assert (await made(house, by={"id": several["view"]["candidates"][0]["id"]}))["token"]


async def test_nobody_without_the_right_makes_or_revokes(house: House) -> None:
    reader = house.token("rita", roles=["reader"], divisions=["home"])
    assert await refused(house, reader) == "FORBIDDEN"
    token = (await made(house))["token"]
    answer = await house.ask(REVOKE, reader, id=token["id"])
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    answer = await house.ask(REVOKE, id="nonsense")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_it_is_revoked_once_and_for_all(house: House) -> None:
    token = (await made(house))["token"]
    other = (await made(house))["token"]
    assert token["secret"] != other["secret"]
    first = (await house.ask(REVOKE, id=token["id"]))["data"]
    assert first == {"revokeWidgetToken": {"revokedAt": NOW.isoformat().replace("+00:00", "Z")}}
    assert (await as_widget(house, token["secret"], by=ANNA)).status_code == 401
    house.clock.move(2)
    assert (await house.ask(REVOKE, id=token["id"]))["data"] == first
    assert (await as_widget(house, other["secret"], by=ANNA)).status_code == 200


async def test_making_and_revoking_are_on_record(house: House) -> None:
    token = (await made(house))["token"]
    assert len(await house.recorded()) == 1
    await house.ask(REVOKE, id=token["id"])
    creation, revocation = await house.recorded()
    anna = house.store.vault.digest(phone("+393331112201"))
    assert (creation.operation, creation.subject, creation.whom) == ("createWidgetToken", "emma", (anna,))
    opened = house.gateway.ids.open(token["id"])
    assert isinstance(opened, WidgetTokenId)
    assert (revocation.operation, revocation.subject, revocation.token) == ("revokeWidgetToken", "emma", opened.token)


async def test_another_gateway_hears_of_it(house: House) -> None:
    token = (await made(house))["token"]
    elsewhere = WidgetTokens(
        SECRET, house.store.revocations, utc_now=house.clock.utc_now, monotonic=house.clock.monotonic
    )
    await elsewhere.look()
    assert elsewhere.open(token["secret"], ORIGIN).customer == phone("+393331112201")
    await house.ask(REVOKE, id=token["id"])
    await elsewhere.look()
    with pytest.raises(UnauthenticatedError):
        elsewhere.open(token["secret"], ORIGIN)


async def test_nobody_vouches_for_a_token_while_the_store_is_silent(house: House) -> None:
    token = (await made(house))["token"]
    elsewhere = WidgetTokens(
        SECRET, house.store.revocations, utc_now=house.clock.utc_now, monotonic=house.clock.monotonic
    )
    with pytest.raises(UnauthenticatedError):
        elsewhere.open(token["secret"], ORIGIN)
    await elsewhere.look()
    house.clock.move(STALE_SECONDS)
    elsewhere.open(token["secret"], ORIGIN)
    house.clock.move(0.1)
    with pytest.raises(UnauthenticatedError):
        elsewhere.open(token["secret"], ORIGIN)


async def test_what_is_stored_of_a_token_is_no_secret(house: House) -> None:
    token = (await made(house))["token"]
    await house.ask(REVOKE, id=token["id"])
    await house.recorded()
    await house.store.scrub()
    files = b"".join(path.read_bytes() for path in house.folder.iterdir())
    assert token["secret"].encode() not in files and token["secret"][4:40].encode() not in files


def test_a_changed_token_is_no_token() -> None:
    tokens = WidgetTokens(SECRET, None, utc_now=lambda: NOW, monotonic=lambda: 0.0)
    maker = Identity("crm", ViewerKind.SERVICE, ("host",), ("*",), key="crm")
    _, secret = tokens.mint(maker, phone("+393331112201"), ORIGIN, None, timedelta(seconds=60))
    for place in range(4, len(secret)):
        for wrong in "A_":
            changed = secret[:place] + wrong + secret[place + 1 :]
            if changed != secret:
                with pytest.raises(UnauthenticatedError):
                    tokens.open(changed, ORIGIN)
    assert len(tokens._opened) <= MAX_REMEMBERED


# ---------------------------------------------------------------- over a socket


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    listening = asyncio.Event()
    server = make_server(house.app, listening.set)
    server.config.lifespan = "off"
    with listen("localhost", 0) as bound:
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        await asyncio.wait_for(listening.wait(), 10)
        yield bound.getsockname()[1]
        server.should_exit = True
        await serving


async def test_a_stream_ends_when_its_token_is_revoked(
    house: House, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = await made(house)
    secret, customer = payload["token"]["secret"], payload["view"]["customer"]["id"]

    async def opened(origin: str) -> Any:
        socket = await connect(
            f"ws://localhost:{port}/graphql",
            subprotocols=["graphql-transport-ws"],
            additional_headers={"Origin": origin},
        )  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}}))
        return socket

    socket = await opened(ORIGIN)
    assert json.loads(await asyncio.wait_for(socket.recv(), 10))["type"] == "connection_ack"
    asked = {"query": NEWS, "variables": {"id": customer}}
    await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": asked}))
    async with asyncio.timeout(10):
        while not house.hub._watches:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    began = asyncio.get_running_loop().time()
    await house.ask(REVOKE, id=payload["token"]["id"])
    with pytest.raises(ConnectionClosed) as closed:
        await asyncio.wait_for(socket.recv(), 10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401
    assert asyncio.get_running_loop().time() - began < 5


async def test_a_socket_of_another_page_is_nobody(house: House, port: int) -> None:
    secret = (await made(house))["token"]["secret"]
    async with connect(f"ws://localhost:{port}/graphql", subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        await socket.send(json.dumps({"type": "connection_init", "payload": {"Authorization": f"Bearer {secret}"}}))
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), 10)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4401


async def test_it_does_not_go_on_with_the_stream_of_its_maker(house: House) -> None:
    page = "query($id: ID!) { customer(id: $id) { journey { updateCursor } } }"
    payload = await made(house)
    customer = payload["view"]["customer"]["id"]
    cursor = (await house.ask(page, id=customer))["data"]["customer"]["journey"]["updateCursor"]
    news = "subscription($id: ID!, $after: String) { journeyUpdated(customerId: $id, after: $after) { __typename } }"
    asked = {"query": news, "variables": {"id": customer, "after": cursor}}
    headers = {"authorization": f"Bearer {payload['token']['secret']}", "origin": ORIGIN, "accept": "text/event-stream"}
    answer = await house.client.post("/graphql", json=asked, headers=headers)
    assert "BAD_CURSOR" in answer.text
