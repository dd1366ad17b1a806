"""`tienglang serve`: the controller itself, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import logging

import click

from controller.cli.session import Session, with_session


@click.command()
@with_session
def serve(session: Session) -> int:
    """Chạy máy chủ cho đến khi nhấn Ctrl-C. / Run the server until Ctrl-C."""
    from controller.running import run  # everything a server needs: half a second that no other command should pay

    logging.basicConfig(
        level=session.settings.log.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", datefmt="%H:%M:%S"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at each start that there was nothing to do
    return run(session.settings)
