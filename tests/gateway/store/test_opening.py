"""A store is made, checked, brought up to date, and refused when it is somebody else's or of another time."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.schema import CreateIndex, CreateTable

from gateway.store.errors import InUseError, NewerError, OutdatedError, UnavailableError, WrongKeyError
from gateway.store.migrating import REVISIONS, Shape, migrate, scripts, shape
from gateway.store.schema import metadata
from gateway.store.store import Store, database_at
from tests.gateway.store.support import NOW, Place, event, message, take, told


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


def _rights_in(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


async def _set_revision(place: Place, revision: str) -> None:
    store = place.store()
    await store.open()
    await store.database.write(
        lambda c: c.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": revision})
    )
    await store.aclose()


async def test_an_empty_store_is_made_and_opens_again(place: Place):
    for _ in range(2):
        store = place.store()
        await store.open()
        assert await store.database.read(shape) is Shape.CURRENT
        await store.aclose()


async def test_files_are_for_the_gateways_user_alone(tmp_path: Path):
    store = Place("sqlite:///journey.db", tmp_path).store()
    umask = os.umask(0o022)
    try:
        await store.open()
        await take(store, event(message("1"), id="one"))
        assert _rights_in(tmp_path) == {0o600}
    finally:
        os.umask(umask)
        await store.aclose()


async def test_revisions_make_what_a_new_store_is_made_with(store: Store):
    def statements(connection: Connection) -> list[str]:
        found = MetaData()
        found.reflect(connection)
        made = [
            make for table in found.sorted_tables for make in (CreateTable(table), *map(CreateIndex, table.indexes))
        ]
        return sorted(str(each.compile(connection)) for each in made)

    def both(connection: Connection) -> None:
        made = statements(connection)
        assert len(made) > len(metadata.tables)
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        migrate(connection)
        assert shape(connection) is Shape.CURRENT
        assert list(compare_metadata(MigrationContext.configure(connection), metadata)) == []
        assert statements(connection) == made

    await store.database.write(both)


async def test_an_older_store_is_refused_until_it_is_migrated(place: Place, monkeypatch: pytest.MonkeyPatch):
    store = place.store()
    await store.open()
    await store.database.write(lambda c: metadata.drop_all(c))
    await store.database.write(lambda c: c.execute(text("DELETE FROM alembic_version")))
    await store.aclose()
    store = place.store()
    with pytest.raises(OutdatedError, match="gateway migrate"):
        await store.open()
    await store.open(migrate=True)
    assert await store.database.read(shape) is Shape.CURRENT
    await store.aclose()


async def test_a_store_of_a_later_version_is_left_alone(place: Place):
    await _set_revision(place, "from the future")
    for also_migrate in (False, True):
        with pytest.raises(NewerError):
            await place.store().open(migrate=also_migrate)


async def test_every_revision_is_known_and_follows_one_other():
    assert [script.revision for script in scripts().walk_revisions()] == list(reversed(REVISIONS))


async def test_a_second_process_on_one_file_is_refused(tmp_path: Path):
    place = Place(f"sqlite:///{tmp_path}/journey.db", tmp_path)
    store = place.store()
    await store.open()
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from gateway.store.store import Store, database_at\n"
        "from gateway.store.vault import Vault\n"
        "store = Store(database_at(sys.argv[1], Path('.')), Vault(bytes(range(32))))\n"
        "try:\n    asyncio.run(store.open())\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    said = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program, place.url], capture_output=True, text=True, timeout=60
    )
    assert said.stdout.startswith("InUseError Another gateway uses this store already."), said
    with pytest.raises(InUseError):  # also from within
        await place.store().open()
    await store.aclose()
    store = place.store()
    await store.open()
    await store.aclose()


async def test_a_command_may_look_and_write_beside_the_gateway(place: Place):
    serving, command = place.store(), place.store(exclusive=False)
    await serving.open()
    await command.open()
    await serving.inbox.put("whatsapp", told(event(message("a"))))
    assert len(await command.inbox.listed()) == 1
    assert await command.inbox.replay(NOW) == 0
    await command.aclose()
    await serving.aclose()


@pytest.mark.parametrize(
    "url", ["", "journey.db", "sqlite://", "sqlite:///:memory:", "mysql://localhost/journey", "postgresql://localhost"]
)
def test_an_odd_address_is_refused(url: str, tmp_path: Path):
    with pytest.raises(ValueError, match="is no address of a store"):
        database_at(url, tmp_path)


async def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path):
    with pytest.raises(UnavailableError, match="folder of the store"):
        await Place(f"sqlite:///{tmp_path}/nowhere/journey.db", tmp_path).store().open()


async def test_contents_are_sealed_with_a_key_and_open_with_its_successor(place: Place):
    old, new, other = (bytes([n]) * 32 for n in range(3))
    store = place.store(keys=[old])
    await store.open()
    await take(store, event(message("a", text="a confidence")))
    row = await store.journal.get("whatsapp", "a", NOW)
    assert row is not None
    await store.aclose()

    successor = place.store(keys=[new, old])
    await successor.open()
    assert await successor.journal.get("whatsapp", "a", NOW) == row
    await successor.aclose()

    stranger = place.store(keys=[other])
    await stranger.open()
    with pytest.raises(WrongKeyError):
        await stranger.journal.get("whatsapp", "a", NOW)
    await stranger.aclose()


async def test_nothing_readable_stands_in_a_sealed_file(tmp_path: Path):
    store = Place(f"sqlite:///{tmp_path}/journey.db", tmp_path).store(keys=[bytes(32)])
    await store.open()
    await store.inbox.put("whatsapp", told(event(message("a", text="a confidence", name="Anna Verdi"))))
    await take(store, event(message("b", text="another confidence", name="Anna Verdi")))
    await store.aclose()
    written = _everything_in(tmp_path)
    assert b"confidence" not in written
    assert b"Verdi" not in written
    assert b"+393331112" not in written
