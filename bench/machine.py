"""Where and with what the figures were had."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from bench.subjects import PEERS, REPOSITORY

PACKAGES = (
    "strawberry-graphql",
    "graphql-core",
    "msgspec",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "httpx",
    "httpx-aiohttp",
    "aiohttp",
)


def describe() -> dict[str, str]:
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load when it began": " ".join(f"{value:.1f}" for value in os.getloadavg()),
        "commit": _commit(),
        "Python": f"{platform.python_version()}; " + ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "Node": "; ".join(_node()) or "not present: the peers were left out",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None or not (REPOSITORY / ".git").exists():
        return "unknown"
    commit = _said(git, "-C", str(REPOSITORY), "rev-parse", "--short", "HEAD")
    changed = _said(git, "-C", str(REPOSITORY), "status", "--porcelain", "gateway", "connectors", "bench")
    return f"{commit}, with changes not committed" if changed else commit


def _node() -> Iterator[str]:
    node = shutil.which("node")
    if node is not None:
        yield _said(node, "--version")
        wanted = json.loads((PEERS / "package.json").read_text())["dependencies"]
        yield ", ".join(f"{name} {number}" for name, number in wanted.items())


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
