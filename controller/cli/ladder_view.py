"""Showing an airing's ladder as it fills, and its outcome: shared by `say --wait` and `airings show --wait`."""

from __future__ import annotations

import click

from controller.cli.ledger import Ledger, as_json, ladder_line, unheard_lines, village_rows
from controller.cli.progress import Progress
from controller.cli.session import EXIT_INTERRUPTED, EXIT_NOT_ALL, Session
from controller.cli.times import parse_time, show_time
from controller.cli.watch import Deadline, Watch

_NAMED = 200
"""Loudspeakers named at the end: a commune's. Of a province's thousands the rest is counted; --json tells all."""


def follow(session: Session, watch: Watch, airing_id: str, deadline: Deadline, progress: Progress) -> int:
    """Show the ladder until every loudspeaker has an end; the exit code."""
    introduced = False

    def show(ledger: Ledger) -> None:
        nonlocal introduced
        if not introduced:
            introduce(session, ledger)
            introduced = True
        progress.show(ladder_line(ledger, session.lang))

    try:
        ledger = watch.airing(airing_id, show)
    except KeyboardInterrupt:
        progress.end()
        session.warn("interrupted", id=airing_id)
        return EXIT_INTERRUPTED
    progress.end()
    if not ledger.airing.ended and deadline.is_over:
        session.warn("wait-over")
    return tell_outcome(session, ledger)


def introduce(session: Session, ledger: Ledger) -> None:
    """One line about which airing this is."""
    line = ledger.airing
    time = show_time(parse_time(line.start, 0))
    session.say("airing-line", id=line.id, title=line.title, time=time, total=line.total)


def tell_outcome(session: Session, ledger: Ledger) -> int:
    """Say of everybody that all is well, or name those who were not heard; the exit code."""
    session.give(as_json(ledger))
    if ledger.all_good:
        if len(ledger.rows) <= _NAMED:
            session.table(village_rows(ledger, session.lang))
        session.say("all-good", total=len(ledger.rows))
        return 0
    if not session.as_json:
        good = sum(row.is_good for row in ledger.rows.values())
        session.say("not-all", good=good, total=len(ledger.rows))
        lines = list(unheard_lines(ledger, session.lang))
        for each in lines[:_NAMED]:
            click.echo(each)
        if len(lines) > _NAMED:
            session.say("and-more", number=len(lines) - _NAMED)
    return EXIT_NOT_ALL
