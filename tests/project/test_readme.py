"""What the README shows is what a newcomer sees."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest
import typer.main

from connectors import registry
from gateway.cli import app
from gateway.demo import world
from tests.project.support import GATEWAY, ROOT, read, running_demo, tracked

README = read("README.md")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
LOCAL_TIME = re.compile(r"\d\d [A-Z][a-z]{2} \d\d:\d\d")
TEXTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
TEXTS += [str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))]


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[str, str]]:
    with running_demo() as running:
        yield running


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def ages(text: str) -> list[timedelta]:
    """How long before the newest instant each one is: the demo's people live relative to its start."""
    instants = [datetime.fromisoformat(instant) for instant in INSTANT.findall(text)]
    return [max(instants) - instant for instant in instants]


def test_how_fast_it_is_was_measured():
    results = read("bench/RESULTS.md")

    def measured(part: str) -> dict[str, str]:
        section = results.split(f"\n## {part}\n")[1].split("\n## ")[0]
        return dict(re.findall(r"^\| ([^|]+) \| ([\d.]+)", section, re.MULTILINE))

    few, many, must = map(measured, ("50 rows, cold", "200 rows, cold", "What must hold"))
    quoted = re.findall(r"^\| (.+) \| ([\d.]+) ms \| ([\d.]+) ms \|$", README, re.MULTILINE)
    assert len(quoted) == 6
    assert quoted == [(name, few[name], many[name]) for name, _, _ in quoted]
    memory, start = float(must["Memory after 100,000 customers"]), must["Cold start to ready"]
    assert f"it holds {memory:.0f} MB, and it is ready {start} s after" in README


def test_the_query_is_the_one_that_the_demo_prints():
    assert block("graphql").strip() == world.QUERY.strip()


def test_the_answer_is_the_demos(demo: tuple[str, str]):
    printed = shlex.split(demo[1][demo[1].index("\ncurl ") :].strip())
    address, body = printed[2], printed[printed.index("-d") + 1]
    headers = dict(printed[i + 1].split(": ", 1) for i, word in enumerate(printed) if word == "-H")
    answer = httpx.post(address, content=body, headers=headers, timeout=10).text
    told = block("json")
    assert ages(answer) == ages(told)
    assert json.loads(INSTANT.sub("", answer)) == json.loads(INSTANT.sub("", told))


def test_the_picture_is_what_the_command_draws(demo: tuple[str, str]):
    command, _, picture = block("console").partition("\n")
    asked = shlex.split(command.removeprefix("$ gateway "))
    drawn = subprocess.run(
        [GATEWAY, *asked, "--url", demo[0]],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "120", "TZ": "UTC"},
    ).stdout
    assert lines(drawn) == lines(picture)


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in LOCAL_TIME.sub("when", text).splitlines()]


def test_the_first_screen_gives_two_commands():
    commands = re.findall(r"^    (make \w+)  ", README, re.MULTILINE)
    assert commands == ["make demo", "make test"]
    assert README.index("make demo") < README.index("\n## ")


def test_every_command_is_told_and_no_other():
    told = set(re.findall(r"^\| `gateway ([^`]+)` \|", README, re.MULTILINE))
    assert told == commands(typer.main.get_command(app))


def commands(command: object, path: str = "") -> set[str]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        return {path.strip()}
    return {name for key, value in subcommands.items() for name in commands(value, f"{path} {key}")}


def test_every_folder_is_told_and_no_other():
    told = set(re.findall(r"^\| `([^`]+)/` \|", README, re.MULTILINE))
    assert told == {path.relative_to(ROOT).parts[0] for path in tracked() if path.parent != ROOT} - {".ci"}


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_every_connector_is_told(name: str):
    """In the table that is made from the connectors, to which the README leads."""
    assert "(docs/connectors/README.md)" in README
    assert f"({name}.md)" in read("docs/connectors/README.md")


@pytest.mark.parametrize("path", TEXTS)
def test_links_lead_somewhere(path: str):
    folder = (ROOT / path).parent
    targets = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", read(path))}
    missing = {t for t in targets if t and "://" not in t and not t.startswith("mailto:") and not (folder / t).exists()}
    assert not missing


def test_every_make_target_that_is_told_exists():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    for path in TEXTS:
        told = {t for code in re.findall(r"`make ([a-z-]+)", read(path)) for t in [code]}
        told |= set(re.findall(r"^    make ([a-z-]+)", read(path), re.MULTILINE))
        assert told <= targets, path
