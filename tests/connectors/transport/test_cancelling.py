"""Callers who leave at any moment, by the thousand: no slot, no task and no file may stay behind.

This is what httpx 0.28's pool does not survive: docs/decisions/0003-http-transport.md.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import httpx
import pytest

from connectors.transport import LeanTransport
from tests.connectors.transport.wire import HELLO, Peer, ask, chunked, only_open, open_files, serving, sized

SEEDS = 4
WAVES = 4
CALLERS = 200
LIMIT = 20
PROBES = 30
LONGEST_SECONDS = 0.06


class Moody:
    """Answers promptly, late, in pieces, wrongly, or not at all, until it is told to be calm."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.is_calm = False

    async def __call__(self, peer: Peer) -> None:
        if not self.is_calm and self.rng.random() < 0.02:
            peer.reset()
            return
        while True:
            head = await peer.hear()
            reply = sized(b"answer to " + head.split(b" ")[1])
            mood = 1.0 if self.is_calm else self.rng.random()
            if mood < 0.03:
                peer.reset()
                return
            if mood < 0.06:
                await peer.say(reply[:-3])
                return
            if mood < 0.10:
                await peer.wait_until_they_leave()
                return
            if mood < 0.25:
                await asyncio.sleep(self.rng.random() * LONGEST_SECONDS)
            if mood < 0.35:
                await peer.say(reply[:20], reply[20:-4], reply[-4:], pause_seconds=0.002)
            elif mood < 0.40:
                await peer.say(reply, b"surplus")
            elif mood < 0.50:
                await peer.say(chunked(b"answer", b" to ", head.split(b" ")[1]))
            elif mood < 0.53:
                await peer.say(b"nonsense\r\n\r\n")
            else:
                await peer.say(reply)


async def caller(transport: LeanTransport, wire, number: int, rng: random.Random) -> str:
    """One question with a short deadline; a right answer or a failure, never another's answer."""
    target = b"/%d" % number
    try:
        answer = await ask(transport, wire, target, seconds=rng.choice([0.01, 0.03, 0.5]))
    except httpx.TransportError as error:
        return type(error).__name__
    assert answer.body == b"answer to " + target
    return "answered"


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_nothing_leaks_however_callers_leave(seed: int):
    print(f"seed {seed}")
    rng = random.Random(seed)
    loop = asyncio.get_running_loop()
    reported: list[object] = []
    loop.set_exception_handler(lambda loop, context: reported.append(context))
    files, tasks = open_files(), asyncio.all_tasks()
    moody = Moody(random.Random(seed + 1))
    outcomes: Counter[str] = Counter()
    async with serving(moody) as wire:
        transport = LeanTransport(max_connections=LIMIT)
        for wave in range(WAVES):
            callers = [asyncio.create_task(caller(transport, wire, wave * CALLERS + n, rng)) for n in range(CALLERS)]
            for task in callers:
                if rng.random() < 0.6:
                    loop.call_later(rng.random() * LONGEST_SECONDS, task.cancel)
                elif rng.random() < 0.1:
                    task.cancel()
            for outcome in await asyncio.gather(*callers, return_exceptions=True):
                if isinstance(outcome, BaseException) and not isinstance(outcome, asyncio.CancelledError):
                    raise outcome
                outcomes["left" if isinstance(outcome, BaseException) else outcome] += 1
            assert transport.active == 0 and transport.idle <= LIMIT
        moody.is_calm = True
        for number in range(PROBES):
            answer = await ask(transport, wire, b"/probe%d" % number)
            assert answer.body == b"answer to /probe%d" % number
        await transport.aclose()
        assert (transport.active, transport.idle) == (0, 0)
    print(outcomes)
    assert outcomes["answered"] > 50 and outcomes["left"] > 50 and len(outcomes) > 4
    assert asyncio.all_tasks() == tasks
    await only_open(files)
    assert reported == []


@pytest.mark.parametrize("after_turns", range(12))
async def test_a_caller_may_leave_at_every_turn_of_the_loop(after_turns: int):
    files = open_files()
    async with serving(Moody(random.Random(0))) as wire:
        transport = LeanTransport(max_connections=1)
        for round_ in range(10):
            task = asyncio.create_task(ask(transport, wire, b"/%d" % round_, seconds=0.2))
            for _ in range(after_turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            assert transport.active == 0
        await transport.aclose()
    await only_open(files)


async def test_callers_who_time_out_outside_leave_nothing():
    """As `asyncio.timeout` around a call does it."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.hear()
            await asyncio.sleep(0.01)
            await peer.say(HELLO)

    async def one(transport: LeanTransport, wire) -> None:
        try:
            async with asyncio.timeout(0.011):
                await ask(transport, wire)
        except TimeoutError:
            pass

    async with serving(script) as wire:
        transport = LeanTransport(max_connections=5)
        for _ in range(10):
            await asyncio.gather(*(one(transport, wire) for _ in range(20)))
            assert transport.active == 0
        assert (await ask(transport, wire)).body == b"hello"
        await transport.aclose()
