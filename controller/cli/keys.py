"""`tienglang keys`: what signs for this station. Works on the files, whether a server runs or not."""

from __future__ import annotations

from pathlib import Path

import click

from controller import keyfile
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import show_iso, show_time
from controller.domain.errors import Refused
from scheduler.clock import SystemClock


@click.group(cls=NounGroup, default="show")
def keys() -> None:
    """Khóa ký của đài. / The station's signing keys."""


@keys.command("show")
@with_session
def show(session: Session) -> None:
    """Các khóa và hạn dùng; không hiện khóa bí mật. / The keys and their validity; nothing secret."""
    settings = session.settings
    ring = keyfile.open_existing(settings.home, SystemClock().now_ms(), settings.controller_id)
    if ring is None:
        raise Refused("keys.none", home=str(settings.home))
    root_here = keyfile.root_is_here(settings.home)
    session.give(
        {
            "root": ring.root_text,
            "root_here": root_here,
            "trust_version": ring.trust_version,
            "issuer": ring.issuer,
            "keys": [
                {"kid": key.kid, "use": key.use, "x": key.public_text, "nbf": show_iso(key.nbf), "exp": show_iso(key.exp)}
                for key in ring.keys.values()
            ],
        }
    )
    session.say("keys-trust", version=ring.trust_version, root=ring.root_text)
    session.table(
        [
            (key.use.value, key.kid, session.text("keys-row", nbf=show_time(key.nbf), exp=show_time(key.exp)))
            for key in ring.keys.values()
        ]
    )
    session.say("keys-root-here" if root_here else "keys-root-off")


@keys.command("take-root-off")
@click.option("--to", "to", required=True, type=click.Path(path_type=Path), help="Tệp mới, ví dụ trên USB. / A new file.")
@with_session
def take_root_off(session: Session, *, to: Path) -> None:
    """Cất khóa gốc ra khỏi máy này. / Move the root key off this machine.

    \b
    Đài vẫn phát bình thường; chỉ việc đổi khóa ký mới cần khóa gốc.
    Everything goes on; only changing the signing keys needs the root again.
    """
    try:
        keyfile.take_root_off(session.settings.home, to)
    except OSError as error:
        raise Refused("usage.write", path=str(to), reason=error.strerror or str(error)) from None
    session.give({"path": str(to)})
    session.say("keys-root-taken", path=to)
