"""The Dockerfile, read for what an image must be, and carried out as far as it goes without an engine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from gateway.graph.schema import print_schema
from tests.project.image import Image, Instruction, only, parse
from tests.project.support import ADDRESS, read

STAGES = parse(read("Dockerfile"))
BUILD, FINAL = STAGES
INSTRUCTIONS = [instruction for stage in STAGES for instruction in stage]


def named(name: str, stage: Sequence[Instruction] = INSTRUCTIONS) -> list[Instruction]:
    return [instruction for instruction in stage if instruction.name == name]


def test_both_stages_stand_on_one_supported_python():
    bases = [stage[0].words[0] for stage in STAGES]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.1[123]-slim", bases[0])


def test_the_final_stage_only_takes_what_was_built():
    assert {copy.words[0] for copy in named("COPY", FINAL)} == {"--from=build"}
    assert not named("RUN", FINAL)


def test_nothing_is_fetched_but_by_its_hash():
    assert not named("ADD")
    installs = [
        step for run in named("RUN") for step in run.argument.split("&&") if "pip" in step and " install " in step
    ]
    assert installs
    for step in installs:
        assert "--require-hashes" in step or "--no-index" in step
    assert not re.search(r"\b(curl|wget|apt-get|git)\b|https?://(?!127\.0\.0\.1)", read("Dockerfile"))


def test_nobody_needs_node():
    """What browsers are served is built already."""
    assert not re.search(r"\b(node|npm|npx)\b", read("Dockerfile"))


def test_it_holds_no_secret():
    assert not named("ARG")
    given = " ".join(env.argument for env in named("ENV")) + only(FINAL, "CMD").argument
    assert not re.search(r"secret|token|password|key", given, re.IGNORECASE)


def test_only_what_is_copied_is_sent_to_the_engine():
    ignored = [line for line in read(".dockerignore").splitlines() if line and not line.startswith("#")]
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {source for copy in named("COPY", BUILD) for source in copy.words[:-1]}
    assert ignored[0] == "*"
    assert sent == copied


def test_it_runs_as_a_user_without_rights():
    user = only(FINAL, "USER")
    uid, gid = (int(part) for part in user.argument.split(":"))
    assert uid >= 1000
    assert gid >= 1000
    assert FINAL.index(user) > max(FINAL.index(copy) for copy in named("COPY", FINAL))


def test_it_has_one_port_and_looks_after_itself():
    assert only(FINAL, "EXPOSE").argument == "8000"
    assert "/healthz" in only(FINAL, "HEALTHCHECK").argument
    assert only(FINAL, "ENTRYPOINT").command == ["gateway"]
    assert only(FINAL, "CMD").command[0] == "serve"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    """Not below pytest's own folder, which is closed to other users."""
    folder = Path(tempfile.mkdtemp(prefix="image-"))
    folder.chmod(0o755)
    try:
        uid = int(only(FINAL, "USER").argument.partition(":")[0])
        built = Image(folder, uid, Path(sys.prefix) / "wheels")
        built.build(STAGES)
        mounted = built.path(".")
        configure(mounted)
        yield built
        mounted.chmod(0o755)
    finally:
        shutil.rmtree(folder)


def configure(folder: Path) -> None:
    """Mounts the documented example, and the one secret of it that is a file; then nothing can be written there."""
    (folder / "gateway.toml").write_text(read("docs/gateway.example.toml"))
    (folder / "secrets").mkdir()
    (folder / "secrets/zendesk_token").write_text("invented\n")
    folder.chmod(0o555)


def secrets() -> dict[str, str]:
    variables = set(re.findall(r'env = "(\w+)"', read("docs/gateway.example.toml")))
    return {**dict.fromkeys(variables, "invented"), "JOURNEY_SECRET": bytes(range(32)).hex()}


@contextmanager
def started(image: Image, command: Sequence[str], stream: str, **more: Any) -> Iterator[str]:
    """The address that a command tells on its `stream`: it listens on this machine only, at a free port."""
    here = [word.replace("0.0.0.0", "127.0.0.1") for word in command]
    with image.popen([*here, "--port", "0"], **{stream: subprocess.PIPE}, **more) as process:
        try:
            yield first_address(getattr(process, stream))
        finally:
            process.send_signal(signal.SIGTERM)


def first_address(lines: IO[str]) -> str:
    said = ""
    for line in lines:
        said += line
        if found := ADDRESS.search(line):
            return found[0]
    raise AssertionError(said)


def test_what_is_installed_is_the_users_and_complete(image: Image):
    assert image.path("/opt/gateway/bin/gateway").is_file()
    assert not image.path("/opt/gateway/bin/pip").exists()
    assert image.path("/opt/gateway/bin/gateway").stat().st_uid == image.user.get("user", os.geteuid())
    code, schema = image.run(["gateway", "schema"])
    assert (code, schema) == (0, print_schema())


def test_it_serves_and_its_health_check_knows(image: Image):
    command = [*only(FINAL, "ENTRYPOINT").command, *only(FINAL, "CMD").command]
    health = only(FINAL, "HEALTHCHECK").command
    with started(image, command, "stderr", env=secrets()) as address:
        port = address.rpartition(":")[2]
        at_port = [word.replace("8000", port) for word in health]
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert image.run(at_port) == (0, "")
        widget = httpx.get(f"{address}/widget/manifest.json").json()
        assert {httpx.get(f"{address}/widget/1/{name}").status_code for name in widget["files"]} == {200}
        assert httpx.get(f"{address}/graphiql").status_code == 404
        assert image.path("/opt/journal/journey.db").is_file(), "reads are recorded without a word of configuration"
    code, _ = image.run(at_port)
    assert code != 0


def test_compose_starts_the_demo(image: Image):
    command = re.search(r"command: (\[.*\])", read("compose.yaml"))
    assert command
    words = Instruction("CMD", command[1]).command
    volume = image.path("/opt/journal")
    with started(image, ["gateway", *words], "stdout") as address:
        assert [path.name for path in volume.glob("journey-gateway-*/journey.db")] == ["journey.db"]
        assert httpx.get(f"{address}/readyz").status_code == 200
        assert httpx.get(f"{address}/graphiql").status_code == 200
        viewers = httpx.get(f"{address}/demo/viewers.json").json()
        query = {"query": "{ viewer { name } }"}
        headers = {"authorization": f"Bearer {viewers[0]['token']}"}
        answer = httpx.post(f"{address}/graphql", json=query, headers=headers).json()
    assert answer == {"data": {"viewer": {"name": viewers[0]["name"]}}}
    assert not list(volume.glob("journey-gateway-*")), "what the demo kept goes with it, also when it is told to end"


def test_compose_gives_no_rights():
    compose = read("compose.yaml")
    for line in ("read_only: true", "cap_drop: [ALL]", 'security_opt: ["no-new-privileges:true"]'):
        assert line in compose
    assert "127.0.0.1:8000:8000" in compose
