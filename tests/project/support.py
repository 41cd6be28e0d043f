"""Where the project's files are, and a running demo to hold them against."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("gateway", "connectors", "sandbox")
GATEWAY = Path(sys.executable).with_name("gateway")

ADDRESS = re.compile(r"http://[\w.]+:\d+")


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@cache
def tracked() -> list[Path]:
    """The project's files: in a clone what git knows or will know, else all that is no tool's."""
    if (ROOT / ".git").exists():
        listing = ["git", "-c", "safe.directory=*", "ls-files", "-co", "--exclude-standard", "-z"]
        listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, text=True).stdout
        found = [ROOT / name for name in listed.split("\0") if name]
    else:
        tops = [path for path in ROOT.iterdir() if not path.name.startswith(".") or path.name == ".ci"]
        found = [inside for top in tops for inside in (top.rglob("*") if top.is_dir() else [top])]
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


@contextmanager
def running_demo() -> Iterator[tuple[str, str]]:
    """The address of a `gateway demo`, and what it printed."""
    with subprocess.Popen([GATEWAY, "demo", "--port", "0"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        try:
            said = ""
            for line in process.stdout:
                said += line
                if line.startswith("  -d "):
                    break
            found = ADDRESS.search(said)
            assert found, said
            yield found[0], said
        finally:
            process.send_signal(signal.SIGINT)
