"""What docs/privacy.md asks can be asked."""

from __future__ import annotations

import re

from graphql import build_schema, parse, validate

from tests.project.support import read


def test_every_document_on_the_page_is_valid() -> None:
    schema = build_schema(read("schema.graphql"), assume_valid_sdl=True)
    documents = re.findall(r"```graphql\n(.*?)```", read("docs/privacy.md"), re.DOTALL)
    assert len(documents) == 4
    for document in documents:
        assert validate(schema, parse(document)) == []


def test_every_command_on_the_page_is_there() -> None:
    from gateway.cli import app

    named = set(re.findall(r"gateway (audit|erase|export|purge)", read("docs/privacy.md")))
    assert named == {"audit", "erase", "export", "purge"}
    commands = {command.callback.__name__ for command in app.registered_commands if command.callback is not None}
    assert named <= commands
