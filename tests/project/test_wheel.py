"""The wheel holds what runs, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.project.support import PACKAGES, ROOT, read

SERVED = {
    str(path.relative_to(ROOT))
    for pattern in ("gateway/pages/*/*", "gateway/demo/page/*", "gateway/demo/*.toml")
    for path in ROOT.glob(pattern)
    if "__pycache__" not in path.parts
}
MANIFESTS = {str(path.relative_to(ROOT)) for path in ROOT.glob("connectors/declarative/manifests/*.toml")}
DATA = {"gateway/py.typed", "connectors/py.typed"} | MANIFESTS | SERVED


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-w"]
    subprocess.run([*build, folder, ROOT], check=True, capture_output=True, cwd=folder)
    (built,) = folder.glob("journey_gateway-*-py3-none-any.whl")
    return zipfile.ZipFile(built)


def members(wheel: zipfile.ZipFile) -> set[str]:
    return {name for name in wheel.namelist() if ".dist-info/" not in name}


def test_it_holds_every_module_and_its_data(wheel: zipfile.ZipFile):
    sources = {str(path.relative_to(ROOT)) for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")}
    assert members(wheel) == sources | DATA


def test_it_holds_what_browsers_are_served_and_nothing_that_makes_it(wheel: zipfile.ZipFile):
    manifest = json.loads(wheel.read("gateway/pages/widget/manifest.json"))
    for name, listed in manifest["files"].items():
        digest = hashlib.sha384(wheel.read(f"gateway/pages/widget/{name}")).digest()
        assert listed["integrity"] == f"sha384-{base64.b64encode(digest).decode()}"
    assert {"cj.js", "embed.js"} <= manifest["files"].keys()
    assert {name for name in members(wheel) if name.startswith("gateway/pages/graphiql/")} == {
        f"gateway/pages/graphiql/{name}" for name in ("graphiql.js", "graphiql.css", "licences.md")
    }
    assert not [
        name for name in wheel.namelist() if re.search(r"node_modules|package.*json|\.(mjs|map)$|(?<!\.d)\.ts$", name)
    ]


def test_it_starts_with_gateway_and_carries_its_licence(wheel: zipfile.ZipFile):
    inside = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert b"gateway = gateway.cli:main" in wheel.read(inside["entry_points.txt"])
    assert wheel.read(inside["LICENSE"]).decode() == read("LICENSE")
    assert "Apache License" in read("LICENSE")
    metadata = wheel.read(inside["METADATA"]).decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
