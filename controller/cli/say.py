"""`tienglang say FILE --to UNIT`: say a sound file, and with --wait see that everybody heard it."""

from __future__ import annotations

from pathlib import Path

import click

from audio.clip import Limits
from controller.cli.api import Api, ApiError
from controller.cli.ladder_view import follow
from controller.cli.progress import Progress
from controller.cli.session import EXIT_INTERRUPTED, EXIT_NOT_ALL, Session, with_session
from controller.cli.times import parse_time, show_iso
from controller.cli.units import find_unit
from controller.cli.watch import Bulletin, Deadline, Watch
from controller.domain.errors import Refused
from scheduler.clock import Clock, SystemClock


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--to", "to", multiple=True, required=True, help="Mã hoặc tên đơn vị, không cần dấu; lặp lại được. / A unit's id or name."
)
@click.option("--at", "at", help="Giờ phát: 17:30, 17h30, 23/11/2026 17:30; bỏ trống là ngay. / When; now unless told.")
@click.option("--latest", help="Vướng lịch thì đợi, chậm nhất đến giờ này. / If something is in its way: until then.")
@click.option("--title", help="Tên bản tin; mặc định là tên tệp. / Title; the file's name unless told.")
@click.option("--class", "klass", type=click.Choice(["normal", "priority"]), default="normal", help="Loại bản tin. / Class.")
@click.option("--language", default="vi", help="Ngôn ngữ: vi, tyz, nut, mww... / Language.")
@click.option("--lead", "lead_ms", type=click.IntRange(0, 600_000), help="Phát sau bấy nhiêu ms. / ms until it begins.")
@click.option("--wait", is_flag=True, help="Đợi đến khi mọi loa phát xong. / Wait until every loudspeaker is done.")
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0), help="Đợi lâu nhất bấy nhiêu giây. / Longest wait.")
@with_session
def say(
    session: Session,
    *,
    file: Path,
    to: tuple[str, ...],
    at: str | None,
    latest: str | None,
    title: str | None,
    klass: str,
    language: str,
    lead_ms: int | None,
    wait: bool,
    timeout_s: float | None,
) -> int:
    """Phát một tệp âm thanh tới các đơn vị, ngay hoặc vào một giờ.

    \b
    Say a sound file to units, now or at a time. With --wait the exit code is 0 only when every
    loudspeaker finished and none was measured silent; 3 otherwise, and they are named.
    """
    clock = SystemClock()
    fields: dict[str, str | list[str]] = {"title": title or file.stem, "class": klass, "language": language}
    if at is not None:
        fields["at"] = show_iso(parse_time(at, clock.now_ms()))
    if latest is not None:
        fields["latest"] = show_iso(parse_time(latest, clock.now_ms()))
    if lead_ms is not None:
        fields["lead_ms"] = str(lead_ms)
    progress = Progress(live=session.is_terminal, silent=session.as_json)
    with Api(session.settings.api_file) as api:
        units = api.get("/units")
        fields["to"] = [find_unit(units, text)["id"] for text in to]
        bulletin = _upload(session, api, fields, file, progress)
        if not wait:
            session.say("bulletin-received", id=bulletin["id"])
            session.give(bulletin)
            return 0
        return _wait(session, api, clock, bulletin["id"], timeout_s, progress)


def _upload(session: Session, api: Api, fields: dict[str, str | list[str]], file: Path, progress: Progress) -> dict[str, str]:
    text = session.text("uploading")
    limit = Limits().max_size
    if file.is_file() and file.stat().st_size > limit:  # the server would say so too, but after a long while
        raise Refused("upload.too-big", limit_mb=limit // 1_000_000)

    def show(sent: int, size: int) -> None:
        progress.percent(text, sent / max(1, size))

    try:
        said: dict[str, str] = api.upload("/bulletins", fields, file, show)
    finally:
        progress.end()
    return said


def _wait(session: Session, api: Api, clock: Clock, bulletin_id: str, timeout_s: float | None, progress: Progress) -> int:
    deadline = Deadline(clock, timeout_s)
    watch = Watch(api, clock, deadline, on_away=lambda: session.warn("watch-again"))
    text = session.text("preparing")
    try:
        bulletin = watch.bulletin(bulletin_id, lambda fraction: progress.percent(text, fraction))
    except KeyboardInterrupt:
        progress.end()
        session.warn("bulletin-received", id=bulletin_id)
        return EXIT_INTERRUPTED
    progress.end()
    _raise_error(bulletin)
    if bulletin.airing is None:  # time is over before its sound was ready
        session.warn("wait-over")
        session.give({"bulletin": bulletin_id, "airing": None, "all_good": False})
        return EXIT_NOT_ALL
    return follow(session, watch, bulletin.airing, deadline, progress)


def _raise_error(bulletin: Bulletin) -> None:
    """What the server met after it had taken the bulletin in: no sound in it, or nothing that could be aired."""
    if bulletin.error is not None:
        raise ApiError(422, bulletin.error)
