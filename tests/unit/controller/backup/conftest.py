"""Stations to back up: a home with keys, sounds and a database of either kind that somebody has worked in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from audio.store import Store
from controller import keyfile
from controller.backup.make import Made, make_backup
from controller.backup.restore import Place, Restored, restore
from controller.db.database import Database
from controller.db.tables import metadata
from controller.domain.airing import Klass
from controller.domain.rights import OPERATOR, Deed, Role
from controller.service.asking import Wish
from controller.service.invitations import Invitations
from controller.service.kept import KeptPolicy, Request
from controller.service.passwords import Passwords
from controller.service.sessions import Sessions
from controller.service.tokens import Tokens
from controller.service.users import Users
from controller.service.vault import Vault
from scheduler.clock import VirtualClock
from tests.support.people import admin
from tests.support.postgres import Postgres
from tests.unit.controller.service.databases import sqlalchemy_url, sqlite_template
from tests.unit.controller.service.house import HOUR_MS, NOW_MS, House, receipt, receipts
from tests.unit.controller.service.slots import naming, programme

__all__ = ["sqlite_template"]

Rows = dict[str, list[tuple[object, ...]]]


@dataclass
class Station:
    """A home and its database."""

    home: Path
    url: str
    elsewhere: Path | None = None

    @property
    def place(self) -> Place:
        return Place(home=self.home, files=self.folder, run_dir=self.home / "run", database_url=self.url, issuer="test")

    @property
    def folder(self) -> Path:
        """Where sounds and uploads are."""
        return self.elsewhere or self.home

    @property
    def store(self) -> Store:
        return Store(self.folder / "clips")

    def back_up(self, target: Path, *, with_clips: bool = True, issuer: str = "test") -> Made:
        return make_backup(
            home=self.home,
            files=self.folder,
            database_url=self.url,
            target=target,
            now_ms=NOW_MS,
            issuer=issuer,
            program="1.2.3",
            with_clips=with_clips,
        )

    def restore(self, path: Path, *, replace: bool = False, now_ms: int = NOW_MS + HOUR_MS) -> Restored:
        return restore(self.place, path, now_ms, replace=replace)

    def rows(self) -> Rows:
        """All that is in the database, in order."""
        database = Database(self.url)
        try:
            with database.read() as connection:
                return {
                    table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
                    for table in metadata.sorted_tables
                }
        finally:
            database.close()

    def files(self) -> dict[str, bytes]:
        """Every file of the home but the database's and the lock."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and path.parts[len(self.home.parts)] not in ("run",) and "tienglang.db" not in path.name
        }

    def live(self) -> None:
        """A day's work: places, loudspeakers, an account that is signed in, a bulletin that aired and one that is planned."""
        database = Database(self.url)
        database.migrate()
        ring = keyfile.open_or_create(self.home, NOW_MS, os.urandom, "test")
        house = House(database, ring, self.home / "clips")
        house.uploads = self.home / "uploads"
        house.bulletins = house.new_bulletins()
        aired = _brought(house, Wish(to=("x1",)))
        _prepare(house)
        airing = house.bulletins.view(aired, by=admin()).airing or ""
        house.post()
        house.hear(receipts("x1-1-l1", receipt(1, airing, "accepted"), receipt(2, airing, "finished")))
        house.say("x10", at_ms=NOW_MS + 5 * HOUR_MS)  # its clip is known, and its file was lost
        _brought(house, Wish(to=("x1",)))
        _decided(house)
        users = Users(database=house.work, passwords=Passwords(), clock=VirtualClock(NOW_MS))
        users.add("canbo", "một mật khẩu dài", [(Role.ADMIN, None)], by=OPERATOR)
        sessions = Sessions(database=house.work, passwords=Passwords(), vault=Vault(ring.vault_key), clock=VirtualClock(NOW_MS))
        officer = sessions.sign_in("canbo", "một mật khẩu dài").user
        Tokens(database=house.work, clock=house.clock).add("đài tỉnh", [Deed.AIRING_SAY], 30, by=officer)
        Invitations(database=house.work, passwords=Passwords(), clock=house.clock).add("mới", [(Role.HEAD, "x1-1")], by=OPERATOR)
        database.close()


def _brought(house: House, wish: Wish) -> str:
    said = {"title": "Họp thôn", "klass": Klass.NORMAL, "language": "vi", "owner": "x1", "by": OPERATOR}
    return house.bulletins.receive(house.upload(b"a recording"), wish=wish, **said).id  # type: ignore[arg-type]


def _decided(house: House) -> None:
    """A programme that names a bulletin, a policy, a request, and what is to be planned anew for them."""
    jingle = house.bulletin("jingle")
    house.programmes.create(programme(naming(jingle)), by=admin())
    request = Request(
        id="r1", bulletin=jingle, owner="x1", units=("x1",), start_ms=NOW_MS, level=2, created_ms=1, created_by="canbo"
    )
    with house.work.writing() as tx:
        tx.policies.put(KeptPolicy(unit="x1", version=1, changed_ms=NOW_MS, changed_by="canbo"))
        tx.requests.add(request)


def _prepare(house: House) -> None:
    """Prepare what waits, and end."""
    house.prepare.meanwhile = house.bulletins.close
    house.bulletins.work()
    house.bulletins = house.new_bulletins()


NewStation = Callable[[str], Station]


@pytest.fixture
def new_station(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewStation]:
    """Makes an empty station on "sqlite" or "postgres"."""
    number = iter(range(10))

    def make(kind: str) -> Station:
        home = tmp_path / f"home{next(number)}"
        if kind == "sqlite":
            return Station(home=home, url=f"sqlite:///{home / 'tienglang.db'}")
        server: Postgres = request.getfixturevalue("_postgres")
        return Station(home=home, url=sqlalchemy_url(server.new_database()))

    return make


@pytest.fixture
def lived(new_station: NewStation) -> Station:
    """A station on SQLite after a day's work."""
    station = new_station("sqlite")
    station.home.mkdir()
    station.live()
    return station
