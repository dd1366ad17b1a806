from __future__ import annotations

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from controller.db.accounts import SqlAccounts
from controller.db.database import MIGRATIONS, Database, upgrade
from controller.db.people_tables import grants, sessions
from controller.db.tables import bulletins, custody, metadata, tallies
from controller.domain.rights import Deed


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


def test_a_database_of_the_first_release_keeps_its_receipts_and_knows_how_far_it_has_them(empty: Database) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with empty.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO custody VALUES ('n1', 'aa', 4), ('n2', 'bb', 9)"))
        word = "INSERT INTO receipts VALUES ('n1', 'aa', {seq}, 7, 'a', 1, 'accepted', '', NULL, 0, 0)"
        for seq in (3, 4, 6):
            connection.execute(text(word.format(seq=seq)))
    empty.migrate()
    with empty.read() as connection:
        rows = connection.execute(select(custody).order_by(custody.c.node)).all()
        assert [tuple(row) for row in rows] == [("n1", "aa", 4, 6), ("n2", "bb", 9, 9)]
        assert connection.execute(text("SELECT count(*) FROM receipts")).scalar_one() == 3
        assert connection.execute(text("SELECT count(*) FROM alarms")).scalar_one() == 0


def test_bulletins_of_before_programmes_are_no_notices_and_were_approved_when_they_were_made(empty: Database) -> None:
    with empty.write() as connection:
        upgrade(connection, "0002")
        connection.execute(text("INSERT INTO units VALUES ('x1', NULL, 'commune', 'x1', '/x1/')"))
        row = (
            "INSERT INTO bulletins VALUES ('{state}', 'x1', 't', 'normal', 'vi', '{state}', NULL, NULL, NULL, NULL, NULL, 7, 'a')"
        )
        for state in ("draft", "approved"):
            connection.execute(text(row.format(state=state)))
    empty.migrate()
    with empty.read() as connection:
        columns = (bulletins.c.id, bulletins.c.kind, bulletins.c.until_ms, bulletins.c.approved_ms)
        rows = connection.execute(select(*columns).order_by(bulletins.c.id)).all()
        assert [tuple(row) for row in rows] == [("approved", "", None, 7), ("draft", "", None, None)]


def test_who_had_an_account_before_rights_may_still_do_everything_and_signs_in_once_more(empty: Database) -> None:
    with empty.write() as connection:
        upgrade(connection, "0005")
        connection.execute(text("INSERT INTO users VALUES ('u1', 'canbo', 'h', FALSE, 1, 0, 0)"))
        connection.execute(text("INSERT INTO sessions VALUES ('t', 'u1', 1, 2)"))
    empty.migrate()
    with empty.read() as connection:
        assert [tuple(row) for row in connection.execute(select(grants))] == [("u1", "", "admin")]
        assert connection.execute(select(sessions)).all() == []
        assert SqlAccounts(connection).all()[0].may(Deed.CLOCK_FORGIVE, None)


def test_what_was_settled_before_the_log_is_counted_by_the_update(empty: Database) -> None:
    with empty.write() as connection:
        upgrade(connection, "0006")
        connection.execute(text("INSERT INTO units VALUES ('v1', NULL, 'village', 'v1', '/v1/')"))
        made = "id, owner, title, klass, language, state, created_ms, created_by"
        values = "'b', 'v1', 't', 'normal', 'vi', 'approved', 0, 'u'"
        connection.execute(text(f"INSERT INTO bulletins ({made}) VALUES ({values})"))
        for name, settled in (("over", "9"), ("open", "NULL")):
            first = "bulletin, mode, rev, units, start_ms, grace_ms, duration_ms, klass, rank, sha256, size, gain, language"
            values = f"'b', 'now', 1, 'v1', 0, 0, 0, 'normal', 1, '', 0, 0, 'vi', 0, 'u', 0, {settled}"
            rest = "created_ms, created_by, settles_ms, settled_ms"
            connection.execute(text(f"INSERT INTO airings (id, {first}, {rest}) VALUES ('{name}', {values})"))
            for node, state, evidence in (("1", "finished", "NULL"), ("2", "finished", "'silent'"), ("3", "missed", "NULL")):
                row = f"'{name}', '{node}', 'v1', '{state}', '', {evidence}, 0"
                connection.execute(text(f"INSERT INTO deliveries VALUES ({row})"))
    empty.migrate()
    with empty.read() as connection:
        assert [tuple(row) for row in connection.execute(select(tallies))] == [("over", "v1", 3, 1)]
