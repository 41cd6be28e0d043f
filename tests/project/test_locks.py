"""The locks hold what pyproject.toml asks for, each with hashes and none with an address; and all of it is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.support import PACKAGES, ROOT, read

LOCKS = ["requirements.txt", "requirements-build.txt", "requirements-dev.txt", "requirements-node.txt"]
PYPROJECT = tomllib.loads(read("pyproject.toml"))
GROUPS = PYPROJECT["dependency-groups"]
RUNTIME = PYPROJECT["project"]["dependencies"]
BUILD = GROUPS["build"]
DEV = [line for line in GROUPS["dev"] if isinstance(line, str)]
TESTING = PYPROJECT["project"]["optional-dependencies"]["testing"]

BY_NAME = {
    "websockets": "uvicorn speaks by it",
    "asyncpg": "SQLAlchemy speaks with PostgreSQL through it",
    "httptools": "uvicorn parses HTTP with it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
"""Used without an import."""


def pins(lock: str) -> dict[str, tuple[Version, str]]:
    """Name → version and the text of its entry."""
    found = {}
    for entry in re.split(r"\n(?=\w)", read(lock)):
        pin = re.match(r"([\w.-]+)==([^ ;\\]+)", entry)
        if pin:
            found[canonicalize_name(pin[1])] = Version(pin[2]), entry
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str):
    locked = pins(lock)
    assert locked
    assert [name for name, (_, entry) in locked.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_has_an_address_or_an_option(lock: str):
    lines = read(lock).splitlines()
    assert [line for line in lines if "://" in line or "@" in line or line.startswith("-")] == []


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.txt", RUNTIME),
        ("requirements-build.txt", BUILD),
        ("requirements-node.txt", GROUPS["node"]),
        ("requirements-dev.txt", RUNTIME + BUILD + DEV + TESTING),
    ],
)
def test_a_lock_satisfies_what_is_declared(lock: str, wanted: list[str]):
    locked = pins(lock)
    unsatisfied = [
        line
        for line in wanted
        for requirement in [Requirement(line)]
        if locked[canonicalize_name(requirement.name)][0] not in requirement.specifier
    ]
    assert unsatisfied == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-build.txt"])
def test_development_runs_what_is_shipped(lock: str):
    development = pins("requirements-dev.txt")
    assert {name: version for name, (version, _) in pins(lock).items()} == {
        name: development[name][0] for name in pins(lock)
    }


def test_the_build_backend_is_locked():
    assert {Requirement(line).name for line in PYPROJECT["build-system"]["requires"]} <= set(
        pins("requirements-build.txt")
    )


def imported(*folders: str) -> set[str]:
    """Distributions that these packages import, but for `connectors.testing`, which is pytest's."""
    modules: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if path.is_relative_to(ROOT / "connectors/testing"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(node.module or "")
    outside = {module.partition(".")[0] for module in modules} - set(PACKAGES) - sys.stdlib_module_names
    providers = packages_distributions()
    return {canonicalize_name(providers.get(module, [module])[0]) for module in outside}


def test_what_is_declared_is_what_is_used():
    declared = {canonicalize_name(Requirement(line).name) for line in RUNTIME}
    assert declared == imported(*PACKAGES) | set(BY_NAME)
