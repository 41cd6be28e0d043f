"""What happens while somebody looks: calls come in, customers write. The vendors tell it, and post their webhooks.

Only for who runs the sandbox in the same process; it has no address.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sandbox.company import AGENTS, Agent, Queue, agents_of, queues_of, wrap_up_code
from sandbox.contacts import Channel, Contact, Person, Status, Stretch, Turn
from sandbox.population import Population
from sandbox.vendor import Clock
from sandbox.webhooks import Posted, chatwoot_event, genesys_event, whatsapp_message
from sandbox.words import TOPICS

Post = Callable[[Posted], Awaitable[None]]

CALLS, CHATS, MESSAGES = "genesys_cloud", "chatwoot", "twilio_messages"
_FAULT = next(topic for topic in TOPICS if topic.tag == "fault")


class UnknownThingError(Exception):
    """There is no such customer, or nothing of theirs that this could happen to."""


class Desk:
    """`clock` tells the current moment; `post` delivers a webhook."""

    def __init__(self, population: Population, clock: Clock, post: Post) -> None:
        self._population = population
        self._clock = clock
        self._post = post
        self._calls: dict[int, Contact] = {}
        self._chats: dict[int, Contact] = {}
        self._messages = 0

    # Calls, in Genesys Cloud

    async def ring(self, key: str, *, sales: bool = False) -> Contact:
        """It waits in a queue. Whoever is on the line already stays there."""
        person = self._person(key, CALLS)
        if person.number not in self._calls:
            queue = queues_of(person.division)[sales]
            call = self._begun(person, CALLS, "voice", queue)
            call = replace(
                call, status="queued", stretches=(Stretch(queue, None, queue.division, call.started_at, None),)
            )
            await self._tell_call(call, "customer.start")
        return self._calls[person.number]

    async def answer(self, key: str, agent: str) -> Contact:
        """`agent`: as the first part of their address, `anna.verdi`."""
        call, now = self._call(key), self._now()
        if call.status == "queued":
            queue = call.queue
            waited = replace(call.stretches[0], end=now)
            talking = Stretch(queue, _agent(agent, queue), queue.division, now, None)
            call = replace(call, status="active", stretches=(waited, talking), last_activity_at=now)
            await self._tell_call(call, "user.start")
        return call

    async def hang_up(self, key: str) -> Contact:
        """Abandoned when nobody had answered."""
        call, now = self._call(key), self._now()
        status: Status = "abandoned" if call.status == "queued" else "completed"
        stretches = (*call.stretches[:-1], replace(call.stretches[-1], end=now))
        call = replace(call, status=status, stretches=stretches, ended_at=now, last_activity_at=now)
        await self._tell_call(call, "customer.end")
        if status == "abandoned":
            del self._calls[call.person.number]
        return call

    async def wrap_up(self, key: str, code: str) -> Contact:
        """Of the call that has just ended."""
        call = self._call(key)
        try:
            call = replace(call, wrap_up=wrap_up_code(code))
        except StopIteration:
            raise UnknownThingError(code) from None
        await self._tell_call(call, "acw")
        del self._calls[call.person.number]
        return call

    # Chats, in Chatwoot

    async def chat(self, key: str, text: str) -> Contact:
        """The customer writes; the first line begins a chat, which an agent takes."""
        person, now = self._person(key, CHATS), self._now()
        chat = self._chats.get(person.number)
        event = "message_created"
        if chat is None:
            queue = queues_of(person.division)[0]
            chat = self._begun(person, CHATS, "web_chat", queue)
            agent = agents_of(queue.division)[0]
            chat = replace(chat, subject=text, stretches=(Stretch(queue, agent, queue.division, now, None),))
            event = "conversation_created"
        chat = replace(chat, texts=(*chat.texts, Turn(now, "customer", text)), last_activity_at=now)
        await self._tell_chat(chat, event)
        return chat

    async def fall_silent(self, key: str, seconds: int) -> Contact:
        """As if the last line of the chat were so old, so that nobody has to wait for it to go idle."""
        chat = self._chats.get(self._person(key, CHATS).number)
        if chat is None:
            raise UnknownThingError(key)
        back = max(timedelta(), chat.last_activity_at - (self._now() - timedelta(seconds=seconds)))
        chat = replace(
            chat,
            started_at=chat.started_at - back,
            stretches=tuple(replace(one, start=one.start - back) for one in chat.stretches),
            texts=tuple(replace(one, at=one.at - back) for one in chat.texts),
            last_activity_at=chat.last_activity_at - back,
        )
        await self._tell_chat(chat, "conversation_updated")
        return chat

    async def close_chat(self, key: str) -> Contact:
        chat, now = self._chats.pop(self._person(key, CHATS).number, None), self._now()
        if chat is None:
            raise UnknownThingError(key)
        stretches = tuple(replace(one, end=now) for one in chat.stretches)
        chat = replace(chat, status="completed", stretches=stretches, ended_at=now, last_activity_at=now)
        self._population.happen(chat)
        await self._post(chatwoot_event(chat, "conversation_status_changed", now))
        return chat

    # WhatsApp, from Meta: told once, and kept by nobody but whoever was told

    async def whatsapp(self, key: str, text: str) -> str:
        """Gives the message's id."""
        person, now = self._person(key, None), self._now()
        if not person.whatsapp:
            raise UnknownThingError(key)
        self._messages += 1
        told = f"{person.number}:{now.timestamp()}:{self._messages}"
        message_id = f"wamid.{base64.b64encode(told.encode()).decode()}"
        queue = queues_of(person.division)[0]
        contact = replace(self._begun(person, MESSAGES, "whatsapp", queue), address=person.whatsapp)
        await self._post(whatsapp_message(contact, message_id, text, now))
        return message_id

    # What they have in common

    def _now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def _person(self, key: str, vendor: str | None) -> Person:
        try:
            person = self._population.named(key)
        except KeyError:
            raise UnknownThingError(key) from None
        if vendor is not None and vendor not in person.known_in:
            raise UnknownThingError(key)
        return person

    def _call(self, key: str) -> Contact:
        call = self._calls.get(self._person(key, CALLS).number)
        if call is None:
            raise UnknownThingError(key)
        return call

    def _begun(self, person: Person, vendor: str, channel: Channel, queue: Queue) -> Contact:
        now = self._now()
        return Contact(
            vendor=vendor,
            person=person,
            number=self._population.begin_number(person),
            channel=channel,
            direction="inbound",
            started_at=now,
            ended_at=None,
            last_activity_at=now,
            status="active",
            subject=_FAULT.subject[person.language],
            address=person.emails[0] if vendor == CHATS else person.phones[0][0],
            topic=_FAULT,
            queue=queue,
            tags=(_FAULT.tag,),
        )

    async def _tell_call(self, call: Contact, what: str) -> None:
        self._calls[call.person.number] = call
        self._population.happen(call)
        await self._post(genesys_event(call, what, self._now()))

    async def _tell_chat(self, chat: Contact, event: str) -> None:
        self._chats[chat.person.number] = chat
        self._population.happen(chat)
        await self._post(chatwoot_event(chat, event, self._now()))


def _agent(name: str, queue: Queue) -> Agent:
    """Whoever is not of this company answers by the queue's first agent."""
    known = (agent for agent in AGENTS if agent.email.startswith(f"{name}@"))
    return next(known, agents_of(queue.division)[0])
