"""The files as they are read at the start."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.pages.bundle import FOLDER, read_bundle
from gateway.pages.routes import widget_routes

MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


def test_a_file_that_is_another_than_the_manifest_says_stops_the_start(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "widget")
    (tmp_path / "widget" / "it.json").write_text("{}")
    with pytest.raises(ValueError, match=r"it\.json"):
        read_bundle(tmp_path / "widget")


def test_a_file_that_the_manifest_does_not_name_is_not_read(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "widget")
    (tmp_path / "widget" / "notes.js").write_text("x")
    assert "notes.js" not in read_bundle(tmp_path / "widget").files


@pytest.mark.parametrize(("version", "floating"), [("0.9.0", "1"), ("1.4.2", "1"), ("2.0.0", "2")])
def test_the_floating_folder_is_named_by_the_first_number(tmp_path: Path, version: str, floating: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "widget")
    (tmp_path / "widget" / "manifest.json").write_text(json.dumps(MANIFEST | {"version": version}))
    folders = {route.path.split("/")[2] for route in widget_routes(read_bundle(tmp_path / "widget"))}
    assert folders == {version, floating, "manifest.json"}


def test_whose_work_is_in_it_lies_beside_it() -> None:
    assert "## lit-html - " in (FOLDER / "licences.md").read_text()
