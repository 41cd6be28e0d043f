"""What is measured: how each server is started, asked and stopped. Only what was started here is ever stopped."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import serve_gateway, switches, wire
from bench.plugin import phone_of
from gateway.graph.ids import Ids
from gateway.sealing import Sealer
from gateway.viewer.keys import new_key

HERE = Path(__file__).parent
REPOSITORY = HERE.parent
PEERS = HERE / "peers"
OUT = HERE / "out"
QUESTION = " ".join((HERE / "question.graphql").read_text().split())
START_SECONDS = 20.0
STOP_SECONDS = 5.0
SERVER_CPU = 0
NICE_CPU_CLOCK = 2
"""Linux: a process's CPU clock is `~pid << 3 | 2`; nanoseconds over all its threads, dead ones too."""


class BenchError(Exception):
    """Something that makes the figures worthless; its text is for people."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`title` is for the table; `customer_id` makes the document's `$id` of a customer's number."""

    name: str
    title: str
    command: Callable[[int], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    customer_id: Callable[[str], str] = str
    headers: str = ""
    directory: Path = REPOSITORY
    ready_path: str = ""


@dataclass(slots=True)
class Running:
    subject: Subject
    process: subprocess.Popen[bytes]
    port: int
    ready_seconds: float

    @property
    def pid(self) -> int:
        return self.process.pid

    def question(self, customer: str, first: int = 50, *, document: str = QUESTION, **more: object) -> bytes:
        """The whole HTTP request."""
        variables = {"id": self.subject.customer_id(customer), "first": first, **more}
        body = json.dumps({"query": document, "variables": variables}, separators=(",", ":")).encode()
        return wire.post("/graphql", self.port, body, self.subject.headers)

    def cpu_seconds(self) -> float:
        """Of the process and of what it started."""
        return sum(time.clock_gettime(~pid << 3 | NICE_CPU_CLOCK) for pid in _family(self.pid))

    def memory_megabytes(self) -> float:
        pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(self.pid))
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _family(pid: int) -> list[int]:
    """A process and everything below it."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, children.read_text().split())
    return found


def start(subject: Subject, cpu: int | None) -> Running:
    """Started, pinned to `cpu`, and answering."""
    port = free_port()
    OUT.mkdir(exist_ok=True)
    began = time.perf_counter()
    with (OUT / f"{subject.name}.log").open("wb") as log:
        process = subprocess.Popen(
            list(subject.command(port)),
            cwd=subject.directory,
            env={**_environment(port), **subject.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu}),
        )
    running = Running(subject, process, port, 0.0)
    try:
        while not _answers(port, subject.ready_path):
            if process.poll() is not None or time.perf_counter() - began > START_SECONDS:
                raise BenchError(f"{subject.title} did not start: see {OUT / (subject.name + '.log')}")
            time.sleep(0.002)
    except BaseException:
        running.stop()
        raise
    running.ready_seconds = time.perf_counter() - began
    return running


def _environment(port: int) -> dict[str, str]:
    """Nothing of the caller's settings reaches a subject. Compiled modules are kept, as where it is installed."""
    foreign = ("GATEWAY_", "BENCH_", "NODE_", "PYTHON")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    python = {"PYTHONPATH": str(REPOSITORY), "PYTHONPYCACHEPREFIX": str(OUT / "pycache")}
    return {**kept, **python, "PORT": str(port), "NODE_ENV": "production"}


def _answers(port: int, path: str) -> bool:
    """Whether it takes connections and, where it has a path for that, says that it is ready."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            if not path:
                return True
            connection.sendall(wire.get(path, port).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


# ---------------------------------------------------------------- who is measured


@dataclass(frozen=True, slots=True)
class Upstream:
    running: Running
    epoch: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"


def start_upstream(cpu: int | None) -> Upstream:
    epoch = int(time.time()) // 86_400 * 86_400
    subject = Subject(
        "upstream",
        "the upstream",
        lambda port: (sys.executable, "-m", "bench.upstream", str(port), str(epoch)),
        ready_path="/_stats",
    )
    return Upstream(start(subject, cpu), epoch)


class Keys:
    """What the gateway's variants share: one secret, and one key for each viewer."""

    def __init__(self) -> None:
        self.secret = secrets.token_hex(32)
        made = {key_id: new_key(key_id) for key_id in ("full", "narrow")}
        self.hashes = {key_id: digest for key_id, (_, digest) in made.items()}
        self.texts = {key_id: text for key_id, (text, _) in made.items()}
        self._ids = Ids(Sealer(bytes.fromhex(self.secret), "id"))

    def customer_id(self, customer: str) -> str:
        return self._ids.customer(phone_of(customer))


def gateway(
    variant: switches.Variant, upstream: str, keys: Keys, *, viewer: str = "full", arguments: Sequence[str] = ()
) -> Subject:
    name = variant.name if viewer == "full" else f"{variant.name}-{viewer}"
    return Subject(
        name,
        variant.title if viewer == "full" else f"{variant.title}, a viewer of one division",
        lambda port: (sys.executable, "-m", "bench.serve_gateway", str(port), upstream, *arguments),
        serve_gateway.environment(upstream, keys.secret, keys.hashes) | variant.environment,
        keys.customer_id,
        f"Authorization: Bearer {keys.texts[viewer]}\r\n",
        ready_path="/readyz",
    )


def fan_outs(upstream: str) -> list[Subject]:
    def subject(name: str, title: str, kind: str) -> Subject:
        return Subject(name, title, lambda port: (sys.executable, "-m", "bench.fanout", str(port), upstream, kind), {})

    return [
        subject("fanout", "Raw fan-out in Python, the gateway's transport, uvicorn", "gateway"),
        subject("floor", "Raw fan-out in Python, bare protocols both ways", "floor"),
    ]


PEER_TITLES = {
    "bare": "Bare Node handler, no GraphQL",
    "apollo": "Apollo Server",
    "yoga": "GraphQL Yoga with JIT",
    "mercurius": "Mercurius with JIT",
    "hive": "Hive Gateway",
}


def peers(upstream: str) -> list[Subject]:
    """Where Node and the peers' packages are present; else none."""
    if shutil.which("node") is None or not (PEERS / "node_modules").is_dir():
        return []
    return [peer(name, upstream) for name in PEER_TITLES]


def peer(name: str, upstream: str, *, cached: bool = False) -> Subject:
    environment = {"UPSTREAM": upstream} | ({"CACHE": "1"} if cached else {})
    title = PEER_TITLES[name] + (" with its response cache" if cached else "")
    return Subject(
        f"{name}-cached" if cached else name, title, lambda port: ("node", f"{name}.js"), environment, directory=PEERS
    )
