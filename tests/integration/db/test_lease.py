"""The lease's row in a real database: one statement a step, and no writer in its way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from controller.db import database as module
from controller.db.database import Database
from controller.db.lease import SqlLease
from controller.domain.errors import Unavailable
from controller.service.lease import Entry

ONE = Entry(holder="a", run="a-1", beat=1, place="may-1:8080", since_ms=1_795_000_000_000)
OTHER = Entry(holder="b", run="b-1", beat=2, place="may-2:8080", since_ms=1_795_000_009_000)


@pytest.fixture
def url(postgres_url: str) -> str:
    """A PostgreSQL with its tables: a file has one server, and needs no row."""
    with closing(Database(postgres_url)) as database:
        database.migrate()
    return postgres_url


@pytest.fixture
def book(url: str) -> Iterator[SqlLease]:
    """The row of an empty database."""
    with closing(SqlLease(url)) as book:
        yield book


def test_nobody_has_it_then_the_first_then_not_the_second(book: SqlLease) -> None:
    assert book.look() is None
    assert book.take(None, ONE)
    assert not book.take(None, OTHER)
    found = book.look()
    assert found is not None
    assert replace(found, beat=1) == ONE


def test_it_is_taken_only_as_it_was_seen(book: SqlLease) -> None:
    book.take(None, ONE)
    seen = book.look()
    assert book.renew("a-1")
    assert not book.take(seen, OTHER)
    assert book.take(book.look(), OTHER)
    assert book.look() == OTHER
    assert not book.renew("a-1"), "whoever was followed is told so"


def test_a_renewal_is_seen_by_others(book: SqlLease) -> None:
    book.take(None, ONE)
    before = book.look()
    assert book.renew("a-1")
    assert book.look() != before


def test_it_is_released_by_its_own_run_only(book: SqlLease) -> None:
    book.take(None, ONE)
    book.release("a-0")
    assert book.look() is not None
    book.release("a-1")
    assert book.look() is None


def test_of_eight_that_take_it_at_once_one_has_it(book: SqlLease, url: str) -> None:
    book.take(None, ONE)
    seen = book.look()
    had: list[str] = []
    together = threading.Barrier(8)

    def take(name: str) -> None:
        with closing(SqlLease(url)) as mine:
            mine.look()
            together.wait(20)
            if mine.take(seen, replace(OTHER, run=name, beat=9)):
                had.append(name)

    threads = [threading.Thread(target=take, args=(f"b-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(had) == 1
    found = book.look()
    assert found is not None
    assert [found.run] == had


def test_a_database_that_is_away_is_unavailable() -> None:
    with closing(SqlLease("postgresql+psycopg://nobody@127.0.0.1:1/none")) as book, pytest.raises(Unavailable):
        book.look()


def test_a_long_commit_does_not_hold_it_up(book: SqlLease, url: str) -> None:
    with closing(Database(url)) as database, database.write():
        assert book.take(None, ONE)
        assert book.renew("a-1")


def test_whoever_stands_still_in_a_commit_is_given_up_and_others_write(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def commit_standing_still() -> None:
        with still.write() as connection:
            with other.write() as theirs:  # waits for the writer that stands still, and is let in
                theirs.exec_driver_sql("SELECT 1")
            connection.exec_driver_sql("SELECT 1")

    monkeypatch.setattr(module, "STANDSTILL_MS", 300)
    with closing(Database(url)) as still, closing(Database(url)) as other:
        with pytest.raises(Unavailable) as told:
            commit_standing_still()
        assert told.value.code == "database.away"
