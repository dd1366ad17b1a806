"""How progress is shown: one redrawn line before a person's eyes, a line for each change where nobody watches, none for JSON."""

from __future__ import annotations

import shutil
import unicodedata

import click


class Progress:
    """Shows the newest of many states. `live` redraws one line; else a line is printed when the text changed."""

    def __init__(self, *, live: bool, silent: bool) -> None:
        self._live = live
        self._silent = silent
        self._shown = ""

    def show(self, line: str) -> None:
        """This is how it stands now."""
        if self._silent or line == self._shown:
            return
        self._shown = line
        if self._live:
            click.echo(f"\r\x1b[2K{fit(line, shutil.get_terminal_size().columns - 1)}", nl=False)
        else:
            click.echo(line)

    def percent(self, text: str, fraction: float) -> None:
        """How far something is; where nobody watches, only its beginning and its end are worth a line."""
        percent = int(100 * min(1.0, max(0.0, fraction)))
        if self._live or percent in (0, 100):
            self.show(f"{text} {percent} %")

    def end(self) -> None:
        """Leave the line as it is, and begin the next."""
        if self._live and self._shown:
            click.echo()
        self._shown = ""


def fit(line: str, columns: int) -> str:
    """The line, cut to so many columns: a longer one would wrap, and only its last part be redrawn."""
    width = 0
    for at, sign in enumerate(line):
        width += 0 if unicodedata.combining(sign) else 1
        if width > columns:
            return line[: max(0, at - 1)] + "…"
    return line
