"""`tienglang keys`: what signs for this station. Works on the files, whether a server runs or not; a running one follows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from controller import keyfile
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_span, show_iso, show_time
from controller.domain.errors import Refused
from controller.protocol.messages import Use
from controller.service.generations import AFTER_MS, ending, standing
from controller.service.keyring import KeySet
from scheduler.clock import SystemClock

USES = [use.value for use in Use]

_root_file = click.option(
    "--root",
    "root_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Khóa gốc đã cất đi, chỉ đọc, không chép lại. / The root key that was taken off; read, never copied back.",
)


@click.group(cls=NounGroup, default="show")
def keys() -> None:
    """Khóa ký của đài. / The station's signing keys."""


@keys.command("show")
@with_session
def show(session: Session) -> None:
    """Các khóa, hạn dùng, khóa nào đang ký; không hiện khóa bí mật. / The keys, their days, which one signs; nothing secret."""
    settings, now_ms = session.settings, SystemClock().now_ms()
    ring = keyfile.open_existing(settings.home, now_ms, settings.controller_id)
    if ring is None:
        raise Refused("keys.none", home=str(settings.home))
    root_here = keyfile.root_is_here(settings.home)
    session.give(_as_json(ring.held, now_ms) | {"root_here": root_here})
    session.say("keys-trust", version=ring.trust_version, root=ring.root_text)
    session.table(_rows(session, ring.held, now_ms))
    for key in ending(ring.held, now_ms):
        session.say("keys-ends", kid=key.kid, exp=show_time(key.exp), use=key.use.value)
    session.say("keys-root-here" if root_here else "keys-root-off")


@keys.command("rotate")
@click.argument("use", type=click.Choice(USES))
@_root_file
@click.option("--after", help="Bao lâu nữa khóa mới bắt đầu ký: 30m, 2h, 1d (mặc định 1h). / When the new key begins to sign.")
@with_session
def rotate(session: Session, *, use: str, root_file: Path | None, after: str | None) -> None:
    """Đổi khóa của một việc; không ai nghe thấy gì. / Change the key of a use; nobody notices.

    \b
    Cụm loa được báo ngay về khóa mới; khóa cũ vẫn được tin thêm 8 ngày.
    Loudspeakers learn of the new key now; the old one is believed for 8 days more.
    """
    settings, now_ms = session.settings, SystemClock().now_ms()
    after_ms = AFTER_MS if after is None else parse_span(after)
    changed = _with_root(
        root_file,
        lambda: keyfile.rotate(
            settings.home,
            Use(use),
            now_ms=now_ms,
            after_ms=after_ms,
            random=os.urandom,
            issuer=settings.controller_id,
            root_file=root_file,
        ),
    )
    new, held = changed.new, changed.keyring.held
    assert new is not None  # a rotation makes one
    elders = [key for key in held.keys.values() if key.use is new.use and key is not new]
    session.give({"kid": new.kid, "use": use, "since": show_iso(new.since), "trust_version": held.trust_version})
    session.say("keys-rotated", kid=new.kid, use=use, since=show_time(new.since))
    for key in elders:
        session.say("keys-elder", kid=key.kid, exp=show_time(key.exp))


@keys.command("revoke")
@click.argument("kid")
@_root_file
@with_session
def revoke(session: Session, *, kid: str, root_file: Path | None) -> None:
    """Thu hồi một khóa ngay lập tức, khi nó có thể đã lộ. / Let nobody obey a key any more, at once.

    \b
    Nếu khóa đó đang ký thì một khóa mới thay ngay; kế hoạch và lệnh còn chờ được ký lại.
    If it signs today, a new one takes over at once; plans and waiting orders are sealed anew.
    """
    settings, now_ms = session.settings, SystemClock().now_ms()
    changed = _with_root(
        root_file,
        lambda: keyfile.revoke(
            settings.home, kid, now_ms=now_ms, random=os.urandom, issuer=settings.controller_id, root_file=root_file
        ),
    )
    new = changed.new
    session.give({"kid": kid, "new": new.kid if new else None, "trust_version": changed.keyring.trust_version})
    session.say("keys-revoked", kid=kid)
    if new is not None:
        session.say("keys-instead", kid=new.kid, use=new.use.value)


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


def _with_root(root_file: Path | None, change: Callable[[], keyfile.Changed]) -> keyfile.Changed:
    """Change the keys; a file of theirs that can't be read or written is told by its name."""
    try:
        return change()
    except OSError as error:
        path = error.filename or root_file
        raise Refused("usage.write", path=str(path), reason=error.strerror or str(error)) from None


def _rows(session: Session, held: KeySet, now_ms: int) -> list[tuple[str, str, str, str]]:
    rows = [
        (
            key.use.value,
            key.kid,
            session.text(f"keys-{standing(held, key, now_ms)}", since=show_time(key.since)),
            session.text("keys-row", nbf=show_time(key.nbf), exp=show_time(key.exp)),
        )
        for key in held.keys.values()
    ]
    gone = [
        (key.use.value, key.kid, session.text("keys-gone"), session.text("keys-at", at=show_time(key.at))) for key in held.revoked
    ]
    return sorted(rows, key=lambda row: USES.index(row[0])) + gone


def _as_json(held: KeySet, now_ms: int) -> dict[str, object]:
    soon = {key.kid for key in ending(held, now_ms)}
    return {
        "root": held.root_text,
        "trust_version": held.trust_version,
        "issuer": held.issuer,
        "keys": [
            {
                "kid": key.kid,
                "use": key.use,
                "state": standing(held, key, now_ms),
                "x": key.public_text,
                "nbf": show_iso(key.nbf),
                "exp": show_iso(key.exp),
                "since": show_iso(key.since) if key.since else None,
                "ends_soon": key.kid in soon,
            }
            for key in held.keys.values()
        ],
        "revoked": [{"kid": key.kid, "use": key.use, "at": show_iso(key.at)} for key in held.revoked],
    }
