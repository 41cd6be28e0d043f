"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from connectors import registry
from tests.project.support import PACKAGES, ROOT, read, tracked

LONGEST_MODULE_LINES = 500

REGISTRIES = re.compile(rb"(pypi|pythonhosted|crates)[.](org|io)|npmjs[.](org|com)|proxy[.]golang")
UNFINISHED = re.compile(r"TODO|FIXME")
BLANKET = re.compile(r"# type: ignore(?!\[)|# noqa(?!: [A-Z])|# (?:mypy|ruff): ignore")


def modules(*folders: str) -> dict[str, str]:
    """Name → text of the Python modules in these folders."""
    relative = (str(path.relative_to(ROOT)) for path in tracked() if path.suffix == ".py")
    return {name: read(name) for name in relative if name.startswith(tuple(f"{folder}/" for folder in folders))}


def imports(text: str) -> Iterator[tuple[str, bool]]:
    """Each package that is imported, and whether only when a function runs."""
    tree = ast.parse(text)
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    inside = {id(node) for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], id(node) in inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0], id(node) in inside


def importing(folder: str, *packages: str) -> dict[str, list[bool]]:
    """Name of each module that imports one of these → for each import, whether it is lazy."""
    found = {
        name: [lazy for package, lazy in imports(text) if package in packages] for name, text in modules(folder).items()
    }
    return {name: lazily for name, lazily in found.items() if lazily}


def test_no_module_is_too_long():
    lengths = {name: len(text.splitlines()) for name, text in modules(*PACKAGES, "tests").items()}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE_LINES} == {}


def test_connectors_know_neither_the_gateway_nor_the_sandbox():
    assert importing("connectors", "gateway", "sandbox") == {}


def test_the_sandbox_knows_neither_the_gateway_nor_the_connectors():
    assert importing("sandbox", "gateway", "connectors") == {}


def test_only_the_demo_knows_the_sandbox():
    others = {name: lazily for name, lazily in importing("gateway", "sandbox").items() if "/demo/" not in name}
    assert others.keys() == {"gateway/cli.py"}
    assert all(others["gateway/cli.py"]), "a command imports the sandbox only when it runs"


def test_nothing_is_left_for_later_and_no_check_is_switched_off():
    texts = modules(*PACKAGES, "tests")
    del texts["tests/project/test_hygiene.py"]
    lines = ((name, line) for name, text in texts.items() for line in text.splitlines())
    assert [(name, line) for name, line in lines if UNFINISHED.search(line) or BLANKET.search(line)] == []


def test_no_package_registry_is_named():
    assert [path for path in tracked() if REGISTRIES.search(path.read_bytes())] == []


@pytest.mark.parametrize("connector", sorted(registry.BUILT_IN))
def test_every_connector_has_a_page(connector: str):
    assert f'connector = "{connector}"' in read(f"docs/connectors/{connector}.md")


def test_every_connector_is_proved_by_the_contract():
    contracts = ("(ConnectorContract", "(VendorContract")
    proving = "".join(text for text in modules("tests").values() if any(contract in text for contract in contracts))
    proved = {name for name in registry.BUILT_IN if f'"{name}"' in proving or f".{name} import" in proving}
    assert registry.BUILT_IN.keys() - proved == set()
