"""`tienglang config`: which settings hold, and where each came from."""

from __future__ import annotations

import click

from controller.cli.session import Session, with_session
from controller.config import Held


@click.command()
@with_session
def config(session: Session) -> None:
    """Cấu hình đang có hiệu lực và nguồn của từng mục; mật khẩu được che. / What holds, and where it came from."""
    loaded = session.loaded
    session.give(
        {
            "file": loaded.file and str(loaded.file),
            "settings": [
                {"name": held.name, "variable": held.variable, "value": held.shown, "origin": held.origin} for held in loaded.held
            ],
        }
    )
    if session.as_json:
        return
    session.table([_row(session, held) for held in loaded.held])
    click.echo()
    session.table([(held.name, getattr(held.option, session.lang)) for held in loaded.held])
    click.echo()
    if loaded.file is None:
        session.say("config-no-file")
    else:
        session.say("config-file", path=loaded.file)


def _row(session: Session, held: Held) -> tuple[str, str, str]:
    origin = session.text("config-default") if held.origin == "default" else held.origin
    return held.variable, held.shown or session.text("config-empty"), f"[{origin}]"
