"""Operators merge customers and take it back; every answer, every id and every gateway follows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.customers.following import Following
from gateway.customers.identity import IdentityRules
from gateway.privacy.recorder import Seen
from tests.gateway.privacy.support import House, contact, email, phone

WHO = """query Who($by: CustomerKey!) { singleCustomerView(by: $by) { state customer {
  id displayName identifiers { id kind value evidence { by source { name } since } }
  journey { nodes { externalId } } } candidates { id } } }"""
BY_ID = "query($id: ID!) { customer(id: $id) { id journey { nodes { externalId } } } }"
MERGE = """mutation($into: ID!, $from: ID!, $reason: String = "the same person") {
  mergeCustomers(input: {intoId: $into, fromId: $from, reason: $reason}) {
    customer { id identifiers { value evidence { by source { name } } } journey { nodes { externalId } } } } }"""
UNLINK = """mutation($id: ID!) { unlinkIdentifier(input: {identifierId: $id, reason: "not the same"}) {
  customer { id journey { nodes { externalId } } } separated { id journey { nodes { externalId } } } } }"""
ANNA, BRUNO = {"phone": "+393331112201"}, {"email": "bruno@example.org"}


async def who(house: House, by: Any) -> Any:
    return (await house.ask(WHO, by=by))["data"]["singleCustomerView"]["customer"]


def rows(customer: Any) -> list[str]:
    return [node["externalId"] for node in customer["journey"]["nodes"]]


def code(answer: Any) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


async def test_two_become_one_and_both_ids_lead_to_them(house: House) -> None:
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    assert (rows(anna), rows(bruno)) == (["c1", "t1"], ["c2"])
    merged = (await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]}))["data"]["mergeCustomers"]["customer"]
    assert (merged["id"], rows(merged)) == (anna["id"], ["c1", "c2", "t1"])
    for id_ in (anna["id"], bruno["id"]):
        found = (await house.ask(BY_ID, id=id_))["data"]["customer"]
        assert (found["id"], rows(found)) == (anna["id"], ["c1", "c2", "t1"])
    evidence = {i["value"]: {e["by"] for e in i["evidence"]} for i in merged["identifiers"]}
    assert evidence["bruno@example.org"] == {"SOURCE", "OPERATOR"}
    assert evidence["+393331112201"] == {"SOURCE"}
    assert rows(await who(house, BRUNO)) == ["c1", "c2", "t1"]


async def test_a_merge_is_taken_back_whole(house: House) -> None:
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
    of_bruno = next(i["id"] for i in bruno["identifiers"] if i["kind"] == "EMAIL")
    parted = (await house.ask(UNLINK, id=of_bruno))["data"]["unlinkIdentifier"]
    assert (parted["customer"]["id"], rows(parted["customer"])) == (anna["id"], ["c1", "t1"])
    assert (parted["separated"]["id"], rows(parted["separated"])) == (bruno["id"], ["c2"])
    assert [await who(house, ANNA), await who(house, BRUNO)] == [anna, bruno]


async def test_cursors_that_are_open_go_on_through_a_merge_and_its_undoing(house: House) -> None:
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    page = """query($id: ID!, $after: String) { customer(id: $id) { journey(first: 1, after: $after) {
      edges { cursor node { externalId } } } } }"""

    async def following(id_: str, after: str | None = None) -> Any:
        return (await house.ask(page, id=id_, after=after))["data"]["customer"]["journey"]["edges"]

    (first,) = await following(anna["id"])
    before = await following(anna["id"], first["cursor"])
    assert (first["node"]["externalId"], before[0]["node"]["externalId"]) == ("c1", "t1")
    await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
    (joined,) = await following(anna["id"], first["cursor"])
    assert joined["node"]["externalId"] == "c2"
    of_bruno = next(i["id"] for i in bruno["identifiers"] if i["kind"] == "EMAIL")
    await house.ask(UNLINK, id=of_bruno)
    assert await following(anna["id"], first["cursor"]) == before
    assert (await following(anna["id"], joined["cursor"])) == before, "given while they were one"
    assert await following(bruno["id"], first["cursor"]) == [joined]


async def test_an_identifier_that_joins_is_cut(house: House) -> None:
    anna = await who(house, ANNA)
    joining = next(i["id"] for i in anna["identifiers"] if i["kind"] == "PHONE")
    parted = (await house.ask(UNLINK, id=joining))["data"]["unlinkIdentifier"]
    assert sorted([rows(parted["customer"]), rows(parted["separated"])]) == [["c1"], ["t1"]]
    assert parted["customer"]["id"] == anna["id"]
    for part in (parted["customer"], parted["separated"]):
        assert rows((await house.ask(BY_ID, id=part["id"]))["data"]["customer"]) == rows(part)


async def test_what_joins_nobody_cannot_be_cut(house: House) -> None:
    bruno = await who(house, BRUNO)
    answer = await house.ask(UNLINK, id=bruno["identifiers"][0]["id"])
    assert (answer["data"], code(answer)) == ({"unlinkIdentifier": None}, "BAD_USER_INPUT")


@pytest.mark.parametrize("kind", ["hidden", "unknown", "same", "identifier", "no reason"])
async def test_who_is_hidden_or_unknown_is_refused_alike(house: House, kind: str) -> None:
    anna = await who(house, ANNA)
    carla = await who(house, {"phone": "+393331112203"})
    other = {
        "hidden": carla["id"],
        "unknown": house.gateway.ids.customer(phone("+393331119999")),
        "same": anna["id"],
        "identifier": anna["identifiers"][0]["id"],
        "no reason": carla["id"],
    }[kind]
    token = house.token("olga", roles=["editor"], divisions=["home"])
    answer = await house.ask(
        MERGE, token, into=anna["id"], reason="" if kind == "no reason" else "x", **{"from": other}
    )
    assert (answer["data"], code(answer)) == ({"mergeCustomers": None}, "BAD_USER_INPUT")
    if kind in ("hidden", "unknown"):
        assert answer["errors"][0]["message"] == "`fromId` must be the id of a customer."
    assert await house.store.links.all() == []


async def test_nobody_without_the_right_edits(house: House) -> None:
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    token = house.token("rita", roles=["reader"], divisions=["home"])
    for answer in (
        await house.ask(MERGE, token, into=anna["id"], **{"from": bruno["id"]}),
        await house.ask(UNLINK, token, id=anna["identifiers"][0]["id"]),
    ):
        assert code(answer) == "FORBIDDEN"


async def test_an_edit_is_on_record_before_it_is_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.store.errors import UnavailableError

    anna, bruno = await who(house, ANNA), await who(house, BRUNO)

    async def away(*_: Any) -> None:
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr(house.store.audit, "append", away)
        answer = await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
        assert code(answer) == "INTERNAL"
        assert await house.store.links.all() == []
    await house.ask(MERGE, into=anna["id"], reason="they called", **{"from": bruno["id"]})
    made = [entry for entry in await house.recorded() if entry.operation == "mergeCustomers" and entry.reason]
    digests = tuple(map(house.store.vault.digest, (phone("+393331112201"), email("bruno@example.org"))))
    assert made == [
        Seen("emma", "SUPERVISOR", "mergeCustomers", digests, request_id=made[0].request_id, reason="they called")
    ]


async def test_other_gateways_follow(house: House, tmp_path: Path) -> None:
    other = Following(IdentityRules(verifies={}), house.store.links)
    touched: list[Any] = []
    other.listeners.append(touched.extend)
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
    await other.look()
    assert other.rules().links == house.gateway.identity().links
    assert sorted(touched) == [("calls", "anna"), ("calls", "bruno")]
    await house.ask(UNLINK, id=next(i["id"] for i in bruno["identifiers"] if i["kind"] == "EMAIL"))
    await other.look()
    assert not other.rules().links


async def test_an_id_outlives_what_it_was_made_of(house: House) -> None:
    bruno = await who(house, BRUNO)
    await house.recorded()
    calls: Any = house.gateway.sources["calls"].connector
    calls.records[1] = contact("calls", "bruno", phone("+393331112202"))
    assert house.gateway.cache is not None
    await house.gateway.cache.forget(lambda key: True)
    found = (await house.ask(BY_ID, id=bruno["id"]))["data"]["customer"]
    assert rows(found) == ["c2"]


@pytest.mark.parametrize("listens_before", [True, False])
async def test_who_watches_is_told_to_read_anew(house: House, listens_before: bool) -> None:
    """Also who took a page's cursor before the merge and follows it only after."""
    anna, bruno = await who(house, ANNA), await who(house, BRUNO)
    page = "query($id: ID!) { customer(id: $id) { journey { updateCursor } } }"
    for id_ in (anna["id"], bruno["id"]):
        await house.ask(page, id=id_)
    watches = [watch for watch, _ in house.hub._watches.values()]
    listeners = [watch.listen(0) for watch in watches]
    async with asyncio.timeout(10):
        if listens_before:
            first = [asyncio.ensure_future(anext(listener)) for listener in listeners]
            await asyncio.sleep(0)
        await house.ask(MERGE, into=anna["id"], **{"from": bruno["id"]})
        if not listens_before:
            first = [asyncio.ensure_future(anext(listener)) for listener in listeners]
        told = await asyncio.gather(*first)
    assert [type(one.update).__name__ for one in told] == ["Reset", "Reset"]
    for listener in listeners:
        await listener.aclose()
