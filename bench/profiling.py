"""Where the CPU goes: stacks taken every millisecond of CPU time, and how to read them.

python -m bench.profiling FILE          the functions with most CPU of their own, and with most below them
"""

from __future__ import annotations

import cProfile
import json
import signal
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

INTERVAL_SECONDS = 0.001
_REPOSITORY = str(Path(__file__).parent.parent) + "/"


class Sampler:
    """Of the main thread, from SIGUSR1 on. C code is charged to the Python function that called it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._stacks: Counter[tuple[str, ...]] = Counter()

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._take)
        signal.signal(signal.SIGUSR1, self._begin)
        return self

    def __exit__(self, *error: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        stacks = [[count, *stack] for stack, count in self._stacks.most_common()]
        self._file.write_text(json.dumps(stacks))

    def _begin(self, number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)

    def _take(self, number: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append(f"{_short(code.co_filename)}:{code.co_qualname}")
            frame = frame.f_back
        self._stacks[tuple(stack)] += 1


class Counted:
    """Every call counted by cProfile, from SIGUSR1 on: it makes small functions look dearer than they are."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._profile = cProfile.Profile()

    def __enter__(self) -> Counted:
        signal.signal(signal.SIGUSR1, lambda number, frame: self._profile.enable())
        return self

    def __exit__(self, *error: object) -> None:
        self._profile.disable()
        self._profile.dump_stats(self._file)


def _short(path: str) -> str:
    for folder in (_REPOSITORY, "site-packages/", f"python{sys.version_info[0]}.{sys.version_info[1]}/"):
        path = path.rpartition(folder)[2]
    return path


PHASES: Mapping[str, Sequence[str]] = {
    "the transport and its sockets": (
        "aiohttp/",
        "httpx_aiohttp/",
        "connectors/transport.py:",
        "connectors/connection.py:",
        "connectors/http1.py:",
    ),
    "connectors/http.py and httpx's types": ("connectors/http.py:", "connectors/wire.py:", "httpx/"),
    "logging": ("structlog/",),
    "sealing": ("gateway/sealing.py:",),
    "decoding and mapping rows": ("bench/plugin.py:BenchDesk.fetch_page", "connectors/mapping.py:"),
    "who is it": ("gateway/customers/", "bench/plugin.py:", "connectors/base.py:VendorConnector.find"),
    "guards of connectors/base.py": ("connectors/base.py:",),
    "the visibility rule": ("gateway/visibility.py:", "gateway/masking.py:"),
    "merge": ("gateway/journey/merge.py:",),
    "source: deadline, report, enrichment, cache": ("gateway/sources/",),
    "reading a page": ("gateway/journey/",),
    "authentication": ("gateway/viewer/",),
    "compiled selections": ("<compiled selection>:",),
    "GraphQL nodes and resolvers": ("gateway/graph/customer", "gateway/graph/nodes", "gateway/graph/interactions"),
    "our GraphQL execution and view": ("gateway/graph/",),
    "graphql-core and Strawberry": ("graphql/", "strawberry/"),
    "Starlette, uvicorn, gateway/web.py": ("starlette/", "uvicorn/", "gateway/web.py:"),
}
"""What a moment of CPU was for: the innermost frame that one of these begins decides, and the first phase wins."""


def phase_of(stack: Sequence[str]) -> str:
    for frame in stack:
        for phase, beginnings in PHASES.items():
            if frame.startswith(tuple(beginnings)):
                return phase
    return "the event loop and what it calls directly"


def table(file: Path, top: int = 25) -> str:
    """Three tables in Markdown: what it was for, by own time, and by time with everything called."""
    stacks = json.loads(file.read_text())
    total = sum(count for count, *_ in stacks)
    phases: Counter[str] = Counter()
    own: Counter[str] = Counter()
    below: Counter[str] = Counter()
    for count, *stack in stacks:
        phases[phase_of(stack)] += count
        own[stack[0]] += count
        for name in set(stack):
            below[name] += count
    parts = Counter({name: count for name, count in below.items() if count < 0.99 * total})
    lines = [f"{total} samples"]
    for title, counts in (("for", phases), ("own, function", own), ("with what it calls, function", parts)):
        lines += ["", f"| CPU | {title} |", "|---|---|"]
        lines += [f"| {count / total:.1%} | {name} |" for name, count in counts.most_common(top)]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(Path(sys.argv[1])))
