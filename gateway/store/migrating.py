"""Brings a store to the shape of this version: Alembic's revisions, run in one transaction."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from gateway.store.database import is_postgres
from gateway.store.schema import metadata

FOLDER = Path(__file__).with_name("migrations")
ADVISORY_LOCK = 7_305_801_001
"""Two gateways that start at once migrate one after the other."""


class Shape(Enum):
    EMPTY = "EMPTY"
    OLDER = "OLDER"
    CURRENT = "CURRENT"
    NEWER = "NEWER"


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def shape(connection: Connection) -> Shape:
    known = scripts()
    if not inspect(connection).has_table("alembic_version"):
        return Shape.EMPTY
    current = MigrationContext.configure(connection).get_current_revision()
    if current == known.get_current_head():
        return Shape.CURRENT
    return (
        Shape.OLDER
        if current is None or current in {script.revision for script in known.walk_revisions()}
        else Shape.NEWER
    )


def migrate(connection: Connection, to: str = "head") -> None:
    """Does nothing to a store that has that shape already."""
    if is_postgres(connection):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    known = scripts()
    environment = EnvironmentContext(Config(), known, fn=lambda revision, _: known._upgrade_revs(to, revision))
    environment.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True)
    environment.run_migrations()
