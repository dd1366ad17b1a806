"""What a change would change, shown by `--preview` before anybody saves it: what sounds now, what would sound, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from controller.cli.session import Session
from controller.cli.times import parse_time, show_time
from controller.cli.tonight import sound, village_names, why

NOW, THEN = "-", "+"
"""Marks: as it is, as it would be."""

LINE = ("start", "length_ms", "title", "programme", "owner", "class", "relay", "whole")
"""What people are shown of a sound, its moment first. Two that differ in nothing of it are one to them, whatever their ids."""

REASON = ("at", "title", "sounds", "text")
"""The same of a decision."""

_PLAIN = frozenset({"plays", "in", "empty"})
"""Decisions without a word, as in `tonight`: the sound is in the list, or there is nothing of it."""

Marked = tuple[str, dict[str, Any]]

preview_option = click.option(
    "--preview", is_flag=True, help="Chỉ xem những gì sẽ thay đổi, không lưu. / Only show what would change."
)
"""For each command that the server can look ahead of."""


def tell_preview(session: Session, said: dict[str, Any]) -> None:
    """The server's preview, villages that change alike together; how to save it comes last."""
    session.give(said)
    villages, groups = said["villages"], said["groups"]
    changed = sum(len(group["villages"]) for group in groups)
    session.say(
        _headline(changed, villages),
        changed=changed,
        same=villages - changed,
        villages=villages,
        until=_time(said["to"]),
    )
    if groups:
        session.say("preview-marks")
    for group in groups:
        session.say("tonight-villages", number=len(group["villages"]), names=village_names(session, group["villages"]))
        _tell_sounds(session, group["before"], group["after"])
        for mark, reason in differing_reasons(group["decisions"]):
            session.say("preview-reason", mark=mark, at=_time(reason["at"]), **why(session, reason))
    session.say("preview-save")


def differing(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], members: Sequence[str]) -> list[Marked]:
    """What is on one side only, as far as these members tell, by the moment that is the first of them; NOW before THEN."""
    was, would = ({_told(each, members) for each in side} for side in (before, after))
    gone = [(NOW, each) for each in before if _told(each, members) not in would]
    new = [(THEN, each) for each in after if _told(each, members) not in was]
    return sorted(gone + new, key=lambda marked: parse_time(marked[1][members[0]], 0))


def differing_reasons(decisions: Sequence[dict[str, Any]]) -> list[Marked]:
    """Why something is not said as it was wished: the reasons that hold on one side only."""
    before, after = (
        [each[side] for each in decisions if each[side] is not None and each[side]["code"] not in _PLAIN]
        for side in ("before", "after")
    )
    return differing(before, after, REASON)


def _headline(changed: int, villages: int) -> str:
    if not villages:
        return "tonight-no-nodes"
    if not changed:
        return "preview-none"
    return "preview-all" if changed == villages else "preview-some"


def _tell_sounds(session: Session, before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> None:
    """The lines that differ, and how many do not."""
    marked = differing(before, after, LINE)
    if not marked:
        session.say("preview-same")
        return
    if not before:
        session.say("preview-silent", mark=NOW)
    session.table([(f"  {mark} {_time(line['start'])}", *sound(session, line)) for mark, line in marked])
    if not after:
        session.say("preview-silent", mark=THEN)
    if kept := len(after) - sum(mark == THEN for mark, _ in marked):
        session.say("preview-kept", number=kept)


def _told(item: dict[str, Any], members: Sequence[str]) -> str:
    return repr([item[member] for member in members])  # a list can't be in a set


def _time(text: str) -> str:
    return show_time(parse_time(text, 0))
