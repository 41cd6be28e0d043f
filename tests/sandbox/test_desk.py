"""What happens while somebody looks: the vendors tell it, and what they post is what their receivers read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.events import Delivery, Hint, MessageArrived
from connectors.questions import SourceConfig
from connectors.webhooks import make_receiver
from sandbox import credentials as c
from sandbox.app import SandboxSettings, create_app
from sandbox.desk import Desk, UnknownThingError
from sandbox.population import Population, build
from sandbox.vendors.genesys_ids import conversation_id, person_id
from sandbox.webhooks import Posted
from tests.sandbox.support import NOW, SEED, client_of

SECRETS = {
    "genesys_cloud": c.GENESYS_RELAY_SECRET,
    "chatwoot": c.CHATWOOT_WEBHOOK_SECRET,
    "whatsapp_cloud": c.WHATSAPP_CLOUD_APP_SECRET,
}
OPTIONS = {"whatsapp_cloud": {"verify_token": c.WHATSAPP_CLOUD_VERIFY_TOKEN}}


class Scene:
    def __init__(self) -> None:
        self.moment = NOW + timedelta(minutes=5)
        self.posted: list[Posted] = []
        self.population = build(SEED, NOW, showcase=True)
        self.desk = Desk(self.population, self.clock, self.post)
        self.sandbox = create_app(self.population, SandboxSettings(clock=self.clock, goes_on=True))

    def clock(self) -> datetime:
        return self.moment

    async def post(self, posted: Posted) -> None:
        self.posted.append(posted)

    def passes(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def told(self) -> list[Any]:
        """The changes that the receivers read in what was posted, once the signatures are found right."""
        changes: list[Any] = []
        for posted in self.posted:
            config = SourceConfig(name="it", base_url="", credentials={}, options={}, region="IT")
            receiver = make_receiver(posted.vendor, OPTIONS.get(posted.vendor, {}), config)
            delivery = Delivery("POST", "https://gateway.test/ingest/it", posted.headers, posted.body, self.moment)
            receiver.verify(delivery, [SECRETS[posted.vendor]], self.moment)
            changes += [change for event in receiver.events(delivery) for change in event.changes]
        return changes


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def genesys(scene: Scene) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(scene.sandbox, "/genesys_cloud") as http:
        answer = await http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(c.GENESYS_CLIENT_ID, c.GENESYS_CLIENT_SECRET),
        )
        http.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        yield http


def people_and_contacts(population: Population) -> list[object]:
    vendors = ("zendesk", "genesys_cloud", "chatwoot", "twilio_messages", "limesurvey", "request_tracker")
    known = [person for person in population.people if person.key != "showcase"]
    return [known, *(contact for v in vendors for p in known for contact in population.contacts(p, v))]


def test_the_pages_customer_leaves_the_others_as_they_are():
    assert people_and_contacts(build(SEED, NOW, showcase=True)) == people_and_contacts(build(SEED, NOW))
    with pytest.raises(KeyError):
        build(SEED, NOW).named("showcase")


def test_a_year_on_every_channel():
    population = build(SEED, NOW, showcase=True)
    person = population.named("showcase")
    log = [contact for vendor in person.known_in for contact in population.contacts(person, vendor)]
    assert {contact.channel for contact in log} == {
        *("voice", "callback", "email", "web_chat", "web_messaging", "whatsapp", "ticket", "survey")
    }
    assert min(contact.started_at for contact in log) < NOW - timedelta(days=330)
    assert max(contact.started_at for contact in log) > NOW - timedelta(hours=1), "today is never empty"
    assert {contact.status for contact in log} >= {"missed", "abandoned", "failed", "active", "pending", "completed"}
    assert any(contact.campaign for contact in log)
    assert any(contact.escalated for contact in log)
    assert any(len({stretch.queue for stretch in contact.stretches}) > 1 for contact in log)


async def test_a_call_rings_is_answered_and_ends(scene: Scene, genesys: httpx.AsyncClient):
    call = await scene.desk.ring("showcase")
    details = f"/api/v2/analytics/conversations/{conversation_id(call)}/details"

    async def purposes() -> tuple[list[str], bool]:
        row = (await genesys.get(details)).json()
        return [participant["purpose"] for participant in row["participants"]], "conversationEnd" in row

    assert await purposes() == (["customer", "acd"], False)
    assert await scene.desk.ring("showcase") == call, "whoever is on the line does not ring again"
    scene.passes(4)
    answered = await scene.desk.answer("showcase", "anna.verdi")
    assert answered.agent is not None
    assert answered.agent.name == "Anna Verdi"
    assert await purposes() == (["customer", "acd", "agent"], False)
    scene.passes(60)
    ended = await scene.desk.hang_up("showcase")
    assert (ended.status, ended.ended_at) == ("completed", scene.moment)
    assert await purposes() == (["customer", "acd", "agent"], True)
    wrapped = await scene.desk.wrap_up("showcase", "Fault solved")
    assert "Fault solved" in str(wrapped.wrap_up)
    assert "wrapUpCode" in (await genesys.get(details)).text
    hints = scene.told()
    assert len(hints) == 4
    assert {hint.external_ids for hint in hints} == {(conversation_id(call),)}
    assert {hint.record_ids for hint in hints} == {(person_id(call.person),)}


async def test_a_call_that_nobody_answers_is_abandoned_and_the_next_is_another(scene: Scene):
    first = await scene.desk.ring("john", sales=True)
    assert first.queue.name == "International Sales"
    assert (await scene.desk.hang_up("john")).status == "abandoned"
    second = await scene.desk.ring("john")
    assert second.number > first.number
    newest = scene.population.contacts(second.person, "genesys_cloud")[:3]
    assert [contact.number for contact in newest[:2]] == [second.number, first.number]
    assert newest[2].started_at < NOW
    assert scene.population.contact("genesys_cloud", first.number) == newest[1]


async def test_a_chat_gains_lines_falls_silent_and_ends(scene: Scene):
    await scene.desk.chat("showcase", "Hello?")
    scene.passes(10)
    chat = await scene.desk.chat("showcase", "Is anybody there?")
    assert [turn.text for turn in chat.texts] == ["Hello?", "Is anybody there?"]
    silent = await scene.desk.fall_silent("showcase", 40)
    assert scene.moment - silent.last_activity_at == timedelta(seconds=40)
    assert silent.started_at == silent.texts[0].at == scene.moment - timedelta(seconds=50)
    async with client_of(scene.sandbox, "/chatwoot", headers={"api_access_token": c.CHATWOOT_TOKEN}) as http:
        row = (await http.get(f"/api/v1/accounts/1/conversations/{chat.number}")).json()
        assert row["last_activity_at"] == int(silent.last_activity_at.timestamp())
        assert (await scene.desk.close_chat("showcase")).status == "completed"
        row = (await http.get(f"/api/v1/accounts/1/conversations/{chat.number}")).json()
        assert row["status"] == "resolved"
    assert all(isinstance(change, Hint) and change.external_ids == (str(chat.number),) for change in scene.told())


async def test_what_is_silent_already_is_not_made_younger(scene: Scene):
    chat = await scene.desk.chat("showcase", "Hello?")
    scene.passes(50)
    assert (await scene.desk.fall_silent("showcase", 40)).last_activity_at == chat.last_activity_at


async def test_a_whatsapp_message_is_told_once_by_webhook_alone(scene: Scene):
    message_id = await scene.desk.whatsapp("showcase", "Is anybody coming?")
    await scene.desk.whatsapp("showcase", "Hello?")
    first, second = scene.told()
    assert isinstance(first, MessageArrived)
    assert (first.id, first.message.text) == (message_id, "Is anybody coming?")
    assert second.id != message_id
    person = scene.population.named("showcase")
    assert all(contact.started_at < NOW for contact in scene.population.contacts(person, "twilio_messages"))


@pytest.mark.parametrize("key", ["nobody", "no-such-person"])
async def test_what_cannot_happen_to_somebody_does_not(scene: Scene, key: str):
    for happening in (
        scene.desk.ring(key),
        scene.desk.answer(key, "anna.verdi"),
        scene.desk.hang_up(key),
        scene.desk.chat(key, "Hello?"),
        scene.desk.fall_silent(key, 40),
        scene.desk.close_chat(key),
    ):
        with pytest.raises(UnknownThingError):
            await happening
    await scene.desk.ring("john")
    with pytest.raises(UnknownThingError):
        await scene.desk.wrap_up("john", "No such code")
    with pytest.raises(UnknownThingError):
        await scene.desk.close_chat("john")
