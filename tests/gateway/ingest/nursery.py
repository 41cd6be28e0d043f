"""Starts gateways in no time, to be killed: everything is imported once, and each gateway is a fork of that.

For each line on standard input a gateway is started over that configuration; `PID PORT` is printed once it listens.
After the path may stand `early`: then it acknowledges before it stores, which is what the harness must notice.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from connectors.events import Delivery
from gateway.logs import configure_logs
from gateway.serving import assemble, listen, make_server
from gateway.store.inbox import Inbox
from tests.gateway.ingest.support import ENVIRONMENT, write_config

EARLY_SECONDS = 0.02


def acknowledge_early() -> None:
    """The planted fault."""
    put = Inbox.put
    later: set[asyncio.Task[None]] = set()

    async def soon(inbox: Inbox, source: str, delivery: Delivery) -> None:
        await asyncio.sleep(EARLY_SECONDS)
        await put(inbox, source, delivery)

    async def early(inbox: Inbox, source: str, delivery: Delivery) -> None:
        task = asyncio.create_task(soon(inbox, source, delivery))
        later.add(task)
        task.add_done_callback(later.discard)

    Inbox.put = early  # type: ignore[method-assign]


async def warm_up() -> None:
    """Everything imported and made once. No thread must be left: they are not forked along."""
    with tempfile.TemporaryDirectory() as folder:
        app = assemble(write_config(Path(folder)), ENVIRONMENT, watch=False).app
        async with app.router.lifespan_context(app):
            pass


async def serve(config: Path) -> None:
    assembled = assemble(config, ENVIRONMENT, watch=False)
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        server = make_server(assembled.app, lambda: print(os.getpid(), port, flush=True))
        await server.serve(sockets=[bound])


def main() -> None:
    configure_logs("ERROR")
    asyncio.run(warm_up())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        config, _, fault = line.strip().partition(" ")
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            if fault == "early":
                acknowledge_early()
            try:
                uvloop.run(serve(Path(config)))
            except BaseException as error:
                print(f"it does not start: {error!r}", flush=True)
            os._exit(0)


if __name__ == "__main__":
    main()
