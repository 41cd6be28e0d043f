"""The widget as it was built: read once, and held against its own manifest."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha384
from pathlib import Path

import msgspec

FOLDER = Path(__file__).with_name("widget")


class _Listed(msgspec.Struct):
    integrity: str


class _Manifest(msgspec.Struct):
    version: str
    files: dict[str, _Listed]


class Bundle(msgspec.Struct, frozen=True):
    """`manifest`: its own text. `files` and `integrity`: by name. `documents`: what the widget asks, by SHA-256."""

    version: str
    manifest: bytes
    files: Mapping[str, bytes]
    integrity: Mapping[str, str]
    documents: Mapping[str, str]


def read_bundle(folder: Path = FOLDER) -> Bundle:
    """What the manifest names and nothing else. Raises ValueError when a file is another than it says: browsers would
    refuse it."""
    manifest = (folder / "manifest.json").read_bytes()
    listed = msgspec.json.decode(manifest, type=_Manifest)
    files = {name: (folder / name).read_bytes() for name in listed.files}
    for name, body in files.items():
        if integrity_of(body) != listed.files[name].integrity:
            raise ValueError(f"the widget's {name} is not the one that its manifest names")
    return Bundle(
        listed.version,
        manifest,
        files,
        {name: file.integrity for name, file in listed.files.items()},
        msgspec.json.decode(files["documents.json"], type=dict[str, str]),
    )


def integrity_of(body: bytes) -> str:
    """As browsers compare it."""
    return f"sha384-{b64encode(sha384(body).digest()).decode()}"
