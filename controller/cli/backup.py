"""`tienglang backup` and `tienglang restore`: on the files and the database; a backup also while the server runs."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.cli.session import Session, with_session
from controller.cli.times import show_iso, show_time
from scheduler.clock import SystemClock

if TYPE_CHECKING:
    from controller.backup.restore import Restored


@click.command()
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--without-clips", is_flag=True, help="Không kèm tệp phát. / Without the sounds.")
@with_session
def backup(session: Session, *, target: Path, without_clips: bool) -> None:
    """Sao lưu cơ sở dữ liệu, khóa và tệp phát vào một tệp. / Back up database, keys and sounds into one file.

    \b
    Máy chủ vẫn chạy. FILE là một thư mục thì tên tệp là thời điểm sao lưu.
    The server may run. In a folder the file is named by its time.
    """
    from controller.backup.make import make_backup  # SQLAlchemy takes half a second that no other command should pay

    settings = session.settings
    made = make_backup(
        home=settings.home,
        files=settings.files,
        database_url=settings.database,
        target=target,
        now_ms=SystemClock().now_ms(),
        issuer=settings.controller_id,
        program=version("tienglang"),
        with_clips=not without_clips,
    )
    session.give(
        {"path": str(made.path), "size": made.size, "rows": made.rows, "clips": made.clips, "missing": list(made.missing)}
    )
    session.say("backup-made", path=made.path, rows=made.rows, clips=made.clips, size_mb=-(-made.size // 1_000_000))
    if made.missing:
        session.warn("backup-missing", number=len(made.missing))


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Thay dữ liệu đang có. / In the place of what is here.")
@with_session
def restore(session: Session, *, path: Path, replace: bool) -> None:
    """Khôi phục từ một bản sao lưu; máy chủ phải dừng. / Restore a backup; the server must be stopped.

    \b
    Bị từ chối hay hỏng giữa chừng thì dữ liệu đang có vẫn nguyên vẹn.
    When it is refused or fails, what is here stays as it is.
    """
    from controller.backup.restore import Place
    from controller.backup.restore import restore as put_back

    settings = session.settings
    place = Place(
        home=settings.home,
        files=settings.files,
        run_dir=settings.run_dir,
        database_url=settings.database,
        issuer=settings.controller_id,
    )
    restored = put_back(place, path, SystemClock().now_ms(), replace=replace)
    session.give(
        {
            "made": show_iso(restored.made_ms),
            "program": restored.program,
            "rows": restored.rows,
            "clips": restored.clips,
            "with_clips": restored.with_clips,
            "kept_keys": restored.kept_keys,
            "aside": [str(each) for each in restored.aside],
        }
    )
    _tell(session, restored)


def _tell(session: Session, restored: Restored) -> None:
    session.say("restored", time=show_time(restored.made_ms), program=restored.program, rows=restored.rows, clips=restored.clips)
    if restored.kept_keys:
        session.say("restored-keys-kept")
    if not restored.with_clips:
        session.say("restored-without-clips")
    for each in restored.aside:
        session.say("restored-aside", path=each)
    session.say("restored-next")
