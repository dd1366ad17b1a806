"""Settings: built once, from the environment, then one TOML file, then defaults. A typo is an error that names its nearest.

`OPTIONS` is the whole list. An option `listen` is TIENGLANG_LISTEN in the environment and `listen = "..."` in the file. The
file is the one of --config or TIENGLANG_CONFIG, else `tienglang.toml` in the home, if there is one.

    Refused("config.unknown", name, nearest, origin)        a variable or key that nobody reads
    Refused("config.bad-value", name, value, reason, origin)  one that can't mean anything (a secret's value is left out)
    Refused("config.no-file", path, reason)                 a file that was named, or is there, but can't be read
    Refused("config.listen-wide", listen)                   more than loopback, while demo accounts exist
"""

from __future__ import annotations

import difflib
import ipaddress
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.domain.errors import Refused
from controller.options import ENV_CONFIG, OPTIONS, PREFIX, Option, Value, hide, split_listen
from controller.service.retention import Keep

FILE_NAME = "tienglang.toml"
"""The settings file that is read without being named, in the home."""

_MAX_FILE = 65_536
"""Bytes of a settings file: a hundred times what it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for this process. `mqtt_url` None is our own embedded broker, `database_url` None is SQLite in the home."""

    home: Path
    files: Path
    listen: str
    base_url: str
    other_base_url: str | None
    mqtt_url: str | None
    node_mqtt_url: str | None
    database_url: str | None
    controller_id: str
    demo: bool
    lang: str
    log: str
    keep_receipts_days: int
    keep_airings_days: int
    keep_letters_days: int
    keep_health_days: int
    keep_clips_days: int
    keep_uploads_days: int

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        return split_listen(self.listen)

    @property
    def database(self) -> str:
        """Where the database is, as an SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.home / 'tienglang.db'}"

    @property
    def keep(self) -> Keep:
        """For how long each kind of row and file is kept."""
        return Keep(
            receipts=self.keep_receipts_days,
            airings=self.keep_airings_days,
            letters=self.keep_letters_days,
            health=self.keep_health_days,
            clips=self.keep_clips_days,
            uploads=self.keep_uploads_days,
        )

    @property
    def run_dir(self) -> Path:
        """What lives only while a server runs."""
        return self.home / "run"

    @property
    def api_file(self) -> Path:
        """Where a running server tells this machine's command line its URL and token."""
        return self.run_dir / "api.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One option as it holds, fit to be shown: secrets are hidden. `origin` is "default", a file or a variable."""

    name: str
    variable: str
    shown: str
    origin: str
    option: Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The settings, and where each came from."""

    settings: Settings
    held: tuple[Held, ...]
    file: Path | None


def load(environ: Mapping[str, str], config_file: Path | None = None, home: Path | None = None) -> Loaded:
    """The settings of this process. `config_file` and `home` (--config, --home) win over everything; Refused as told above."""
    values: dict[str, tuple[Value, str]] = {option.name: (option.default, "default") for option in OPTIONS}
    from_env = dict(_from_environment(environ))
    if home is not None:
        from_env["home"] = (home.absolute(), "--home")
    named = config_file or (Path(environ[ENV_CONFIG]) if environ.get(ENV_CONFIG) else None)
    path = named or _file_in_home(from_env.get("home", values["home"])[0])
    if path is not None:
        values.update(_from_file(path.absolute(), in_home=named is None))
    values.update(from_env)
    _derive(values)
    settings = Settings(**{name: value for name, (value, _) in values.items()})  # type: ignore[arg-type]
    return Loaded(settings=settings, held=tuple(_held(option, *values[option.name]) for option in OPTIONS), file=path)


def may_listen(listen: str, has_demo_accounts: bool) -> None:
    """Refused("config.listen-wide") for more than loopback while demo accounts, whose passwords are public, exist."""
    if has_demo_accounts and not is_loopback(split_listen(listen)[0]):
        raise Refused("config.listen-wide", listen=listen)


def is_loopback(host: str) -> bool:
    """Does `host` name this machine to itself only? A name other than localhost may resolve to anything: no."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _from_environment(environ: Mapping[str, str]) -> Iterable[tuple[str, tuple[Value, str]]]:
    known = {option.variable: option for option in OPTIONS}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == ENV_CONFIG:
            continue
        option = known.get(variable)
        if option is None:
            raise _unknown(variable, [*known, ENV_CONFIG], "environment")
        if environ[variable]:  # an empty variable is one that is not set: so do shells and unit files clear it
            yield option.name, (option.read_text(environ[variable], variable), variable)


def _from_file(path: Path, *, in_home: bool) -> dict[str, tuple[Value, str]]:
    known = {option.name: option for option in OPTIONS}
    values: dict[str, tuple[Value, str]] = {}
    for name, raw in _parse_file(path).items():
        option = known.get(name)
        if option is None:
            raise _unknown(name, known, str(path))
        if name == "home" and in_home:
            raise Refused("config.bad-value", name=name, value=raw, reason="home-in-home", origin=str(path))
        values[name] = (option.read_toml(raw, str(path), path.parent), str(path))
    return values


def _parse_file(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE + 1)
        if len(data) > _MAX_FILE:
            raise Refused("config.no-file", path=str(path), reason="too-long")
        return tomllib.loads(data.decode())
    except OSError as error:
        raise Refused("config.no-file", path=str(path), reason=error.strerror or str(error)) from None
    except ValueError as error:  # not UTF-8, not TOML
        raise Refused("config.no-file", path=str(path), reason=str(error)) from None


def _file_in_home(home: Value) -> Path | None:
    path = Path(str(home)) / FILE_NAME
    return path if path.exists() else None


def _derive(values: dict[str, tuple[Value, str]]) -> None:
    """Fill what follows from the rest: home and files as absolute paths, the base URL from where we listen."""
    home, origin = values["home"]
    values["home"] = (Path(str(home)).absolute(), origin)
    files, origin = values["files"]
    values["files"] = (Path(str(files)).absolute(), origin) if files is not None else (values["home"][0], "home")
    if values["base_url"][0] is not None:
        return
    listen, origin = values["listen"]
    host, _ = split_listen(str(listen))
    if host in ("0.0.0.0", "::"):
        raise Refused("config.base-url-needed", listen=listen, origin=origin)
    values["base_url"] = (f"http://{listen}", "listen")


def _held(option: Option, value: Value, origin: str) -> Held:
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else hide(str(value))
    shown = "***" if option.secret and text else text
    return Held(name=option.name, variable=option.variable, shown=shown, origin=origin, option=option)


def _unknown(name: str, known: Iterable[str], origin: str) -> Refused:
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return Refused("config.unknown", name=name, nearest=nearest[0] if nearest else "", origin=origin)
