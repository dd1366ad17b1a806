"""A real PostgreSQL in a temporary folder, started and stopped by its own process, with a fresh database a test.

    with Postgres() as server:                       # or the fixture `postgres_url`
        url = server.new_database()                  # postgresql://postgres@/t1?host=/tmp/...

It listens on a socket file only, so no port can be taken. PostgreSQL refuses to run as root: started by root, it runs as
`postgres` or `nobody`. Nothing is flushed to disk: what it holds is thrown away.
"""

from __future__ import annotations

import getpass
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

_START_S, _STOP_S = 30, 15
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "listen_addresses": "",
    "max_connections": "60",
}


class Postgres:
    """One server; `new_database()` as often as wanted."""

    def __init__(self) -> None:
        self._names = itertools.count(1)
        self._user = _unprivileged()
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running server's process id."""
        assert self._process is not None, "the server is not running"
        return self._process.pid

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"t{next(self._names)}"
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def start(self) -> None:
        """Make an empty cluster, start the server and wait until it answers."""
        binaries = _binaries(self._user)
        # Not pytest's tmp_path: that belongs to us alone, and its long name does not fit a socket's 107 bytes.
        folder = self._folder = Path(tempfile.mkdtemp(prefix="tl-pg-"))
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)
        folder.chmod(0o755)
        as_user: Any = self._as_user()
        initdb: list[str | Path] = [
            binaries / "initdb",
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ]
        done = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd=folder, **as_user)
        if done.returncode:
            self.stop()
            raise RuntimeError(f"initdb: {done.stderr}")
        options = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-k", folder, *options]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, **as_user)
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End it, cutting whoever is connected; nothing happens if it is not running."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folder}"

    def _as_user(self) -> dict[str, int | list[int]]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        assert self._folder is not None
        end = time.monotonic() + _START_S
        while True:
            try:
                psycopg.connect(self._url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > end:
                    log = (self._folder / "log").read_text(errors="replace")
                    self.stop()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.05)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root; None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("root can't run PostgreSQL, and there is no user postgres or nobody")


def _binaries(user: pwd.struct_passwd | None) -> Path:
    """The folder of a PostgreSQL that `user` may run: the system's newest, the one on PATH, the wheel's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if (wheel := find_spec("pgserver")) and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for folder in found:
        if (folder / "initdb").exists() and (user is None or _is_open_to_all(folder)):
            return folder
    raise RuntimeError(
        f"no PostgreSQL that {user.pw_name if user else getpass.getuser()} may run; deploy/setup-test-packages.sh does it"
    )


def _is_open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))
