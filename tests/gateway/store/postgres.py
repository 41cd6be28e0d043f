"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port of this machine alone."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STARTING_SECONDS = 30
CANNOT = "PostgreSQL is missing: `make setup` installs it as root, or install your system's package `postgresql`"


def programs() -> Path:
    """The folder of `initdb` and `postgres`. Missing, the tests fail: they are not skipped."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if not found and on_path is None:
        raise AssertionError(CANNOT)
    return (found[-1] if found else Path(str(on_path)).resolve()).parent


class Cluster:
    """It refuses to run as root: then it is nobody's."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="journey-postgres-"))
        self.port = _free_port()
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """With an order of texts that is no programmer's, as many servers have."""
        order = ("--locale-provider=icu", "--icu-locale=en-US")
        self._run("initdb", "-D", self.data, "-U", "gateway", "--auth=trust", "--encoding=UTF8", "--no-sync", *order)

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://gateway@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",  # what survives a crash of the machine is not tried here
            "max_connections": "60",
            "shared_buffers": "32MB",
        }
        arguments = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [programs() / "postgres", "-D", self.data, *arguments],
            stdout=log,
            stderr=log,
            cwd=self.folder,
            env=_ENVIRONMENT,
            **self._as,
        )
        log.close()
        until = time.monotonic() + STARTING_SECONDS
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "PostgreSQL does not start"

    def _answers(self) -> bool:
        done = subprocess.run(
            [programs() / "pg_isready", "-h", "127.0.0.1", "-p", str(self.port), "-t", "1"], capture_output=True
        )
        return done.returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends its connections, SIGQUIT also leaves the clearing up to the next start."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(STARTING_SECONDS)
            self._process = None

    def psql(self, statement: str) -> None:
        self._run("psql", "-q", "-d", self.url(), "-v", "ON_ERROR_STOP=1", "-c", statement)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str | Path] = [programs() / program, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=_ENVIRONMENT, **self._as)
        assert done.returncode == 0, done.stderr


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
