"""The same answers, read by httpx's own transport and by ours."""

from __future__ import annotations

import random
from time import monotonic

import httpx
import pytest

from connectors.transport import LeanTransport
from tests.connectors.transport.answers import Sample, sample
from tests.connectors.transport.wire import Peer, head_for, serving

SAMPLES_A_SEED = 100


async def read(transport: httpx.AsyncBaseTransport, url: str, method: str) -> tuple[int, list[tuple[str, str]], bytes]:
    request = httpx.Request(method, url, extensions={"timeout": {"connect": 5.0, "read": 5.0, "pool": 5.0}})
    response = await transport.handle_async_request(request)
    assert isinstance(response.stream, httpx.AsyncByteStream)
    raw = b"".join([piece async for piece in response.stream])
    await response.aclose()
    headers = [
        (name, value.lower() if name == "transfer-encoding" else value.strip())  # h11 writes it small
        for name, value in response.headers.multi_items()
    ]
    return response.status_code, headers, raw


@pytest.mark.parametrize("seed", range(4))
async def test_both_read_the_same(seed: int):
    print(f"seed {seed}")
    rng = random.Random(seed)
    samples = [sample(rng) for _ in range(SAMPLES_A_SEED)]

    async def script(peer: Peer) -> None:
        while True:
            head = await peer.hear()
            asked: Sample = samples[int(head.split(b" ")[1][1:])]
            await peer.say(asked.wire)
            if asked.ends_with_connection:
                return

    async with serving(script) as wire:
        theirs, ours = httpx.AsyncHTTPTransport(trust_env=False), LeanTransport()
        for number, each in enumerate(samples):
            url = f"{wire.url}/{number}"
            expected = await read(theirs, url, each.method)
            assert await read(ours, url, each.method) == expected, each.wire[:2000]
            status, headers, raw = expected
            head = head_for(wire, b"/%d" % number, each.method.encode())
            answer = await ours.exchange(wire.origin, head, None, monotonic() + 5)
            latin = [(name.encode(), value.encode("latin-1")) for name, value in headers]
            response = httpx.Response(status, headers=latin, stream=httpx.ByteStream(raw))
            assert (answer.status, answer.body) == (status, await response.aread())
            joined: dict[bytes, bytes] = {}
            for name, value in latin:
                joined[name] = joined[name] + b", " + value if name in joined else value
            fields = {**answer.fields, b"transfer-encoding": answer.fields.get(b"transfer-encoding", b"").lower()}
            assert fields == {b"transfer-encoding": b"", **joined}
        assert ours.active == 0
        await theirs.aclose()
        await ours.aclose()
