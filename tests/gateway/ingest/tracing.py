"""What the kernel saw: whether the journal was on the disk before the vendor was told so."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.gateway.ingest.crash import Nursery, request_of
from tests.gateway.ingest.support import write_config

STRACE = shutil.which("strace")
CANNOT = "strace is missing: `make setup` installs it as root, or install your system's package"
CALLS = "trace=read,write,recvfrom,recvmsg,sendto,sendmsg,writev,fsync,fdatasync"

_ASKED = re.compile(r'"POST /ingest')
_SYNCED = re.compile(r"(?:\b(?:fsync|fdatasync)\(.*|<\.\.\. (?:fsync|fdatasync) resumed>.*)= 0$")
_TOLD = re.compile(r'"HTTP/1\.1 200')


def may_trace() -> bool:
    """False where the system has no such thing, or forbids it. Where only the program is missing, tests fail."""
    if sys.platform != "linux":
        return False
    assert STRACE is not None, CANNOT
    return subprocess.run([STRACE, "-o", os.devnull, "true"], capture_output=True).returncode == 0


async def trace(folder: Path, requests: int, *, early: bool = False) -> list[str]:
    """What a gateway called while it was told so many events, one after the other."""
    assert STRACE is not None
    written = folder / "trace"
    nursery = Nursery(early=early, wrapper=(STRACE, "-f", "-s", "40", "-e", CALLS, "-o", str(written)))
    try:
        pid, port = await asyncio.to_thread(nursery.start, write_config(folder))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for n in range(requests):
                writer.write(request_of(f"row-{n:07}"))
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            writer.close()
            await writer.wait_closed()
        finally:
            os.kill(pid, signal.SIGKILL)
    finally:
        await asyncio.to_thread(nursery.close)
    return await asyncio.to_thread(lambda: written.read_text(errors="replace").splitlines())


def told_before_synced(lines: list[str]) -> tuple[int, int]:
    """Answers that were told, and those of them before anything had been synced since they were asked for."""
    told = early = 0
    synced = False
    for line in lines:
        if _ASKED.search(line):
            synced = False
        elif _SYNCED.search(line):
            synced = True
        elif _TOLD.search(line):
            told += 1
            early += not synced
    return told, early
