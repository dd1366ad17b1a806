"""`tienglang audit`: who did what, and whether that record is whole. It reads the database itself: no server is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from controller.cli.session import EXIT_NOT_ALL, NounGroup, Session, with_session
from controller.cli.times import show_iso, show_time
from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR
from controller.service.trail import LineView, Trail
from controller.web.right_sentences import deed_words
from scheduler.clock import SystemClock


@click.group(cls=NounGroup)
def audit() -> None:
    """Nhật ký thao tác: ai làm gì, ở đâu, lúc nào. / The trail: who did what, where, when."""


@audit.command("list")
@click.option("--unit", help="Chỉ ở đơn vị này. / In this unit only.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Số dòng. / Lines.")
@with_session
def list_(session: Session, *, unit: str | None, limit: int) -> None:
    """Việc mới nhất trước. / The newest first."""
    with _trail(session) as trail:
        found = trail.list(by=OPERATOR, unit=unit, limit=limit)
    session.give([_told(view) for view in found])
    session.table([_row(session, view) for view in found])
    if not found:
        session.say("none")


@audit.command("verify")
@click.option("--expect", metavar="N:MAC", help="Dòng cuối đã ghi lại lần trước. / The last line as it was noted before.")
@with_session
def verify(session: Session, *, expect: str | None) -> int:
    """Kiểm tra nhật ký có bị sửa, xoá hay cắt không; mã thoát 3 nếu có. / Was it edited, or cut? Exit code 3 if so."""
    noted = _noted(expect) if expect else None
    with _trail(session) as trail:
        verdict = trail.verify()
        broken = verdict.broken
        if broken is None and noted is not None and trail.mac_of(noted[0]) != noted[1]:
            broken = noted[0]
    session.give({"lines": verdict.lines, "mac": verdict.mac, "broken": broken})
    if broken is not None:
        session.say("audit-broken", number=broken)
        return EXIT_NOT_ALL
    session.say("audit-whole" if verdict.lines else "audit-empty", lines=verdict.lines, mac=verdict.mac)
    return 0


@contextmanager
def _trail(session: Session) -> Iterator[Trail]:
    from controller.opening import opened  # SQLAlchemy takes half a second that no other command should pay

    with opened(session.settings, SystemClock()) as all_of_it:
        yield Trail(database=all_of_it.work, key=all_of_it.keyring.trail_key)


def _noted(text: str) -> tuple[int, str]:
    number, _, mac = text.partition(":")
    if not number.isascii() or not number.isdigit() or not mac:
        raise Refused("usage.line", text=text[:80])
    return int(number), mac


def _row(session: Session, view: LineView) -> tuple[str, ...]:
    line = view.line
    deed = deed_words(line.deed, session.lang)
    return (str(line.number), show_time(line.at_ms), line.name, deed, ", ".join(view.places), line.subject, line.detail)


def _told(view: LineView) -> dict[str, object]:
    line = view.line
    said = {name: getattr(line, name) for name in ("number", "by", "name", "deed", "units", "subject", "detail")}
    return said | {"at": show_iso(line.at_ms), "places": view.places}
