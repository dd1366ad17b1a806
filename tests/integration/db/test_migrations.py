from __future__ import annotations

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from controller.db.database import MIGRATIONS, Database
from controller.db.tables import metadata


def test_the_revisions_make_exactly_the_tables_that_the_code_believes_in(migrated: Database) -> None:
    with migrated.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_twice_changes_nothing(migrated: Database) -> None:
    def schema() -> object:
        found = inspect(migrated.engine)
        return {table: (found.get_columns(table), found.get_indexes(table)) for table in sorted(found.get_table_names())}

    before = repr(schema())
    migrated.migrate()
    assert repr(schema()) == before


def test_a_database_is_at_the_newest_revision_and_there_is_one_such(migrated: Database) -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    with migrated.read() as connection:
        assert MigrationContext.configure(connection).get_current_heads() == tuple(script.get_heads())
    assert len(script.get_heads()) == 1
