"""The wheel holds what runs, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.project.support import PACKAGES, ROOT, read

MANIFESTS = {str(path.relative_to(ROOT)) for path in ROOT.glob("connectors/declarative/manifests/*.toml")}
DATA = {"gateway/demo/gateway.toml", "gateway/py.typed", "connectors/py.typed"} | MANIFESTS


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


def test_it_starts_with_gateway_and_carries_its_licence(wheel: zipfile.ZipFile):
    inside = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert b"gateway = gateway.cli:main" in wheel.read(inside["entry_points.txt"])
    assert wheel.read(inside["LICENSE"]).decode() == read("LICENSE")
    assert "Apache License" in read("LICENSE")
    metadata = wheel.read(inside["METADATA"]).decode()
    assert "License-Expression: Apache-2.0" in metadata
    assert "Requires-Python: >=3.11" in metadata
