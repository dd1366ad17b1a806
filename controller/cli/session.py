"""What every command shares: its common options, the settings, the language, how it speaks, and how errors become exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from controller.cli.api import ApiError, ServerAway
from controller.cli.sentences import describe, text
from controller.config import Loaded, Settings, load
from controller.domain.errors import Refused, TiengLangError
from controller.web.sentences import Language

EXIT_USAGE, EXIT_NOT_ALL, EXIT_REFUSED, EXIT_AWAY, EXIT_INTERRUPTED = 2, 3, 4, 5, 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of one command."""

    loaded: Loaded
    lang: Language
    as_json: bool

    @property
    def settings(self) -> Settings:
        """The settings that hold."""
        return self.loaded.settings

    @property
    def is_terminal(self) -> bool:
        """May lines be redrawn? Only before a person's eyes."""
        return not self.as_json and sys.stdout.isatty()

    def text(self, key: str, **fields: object) -> str:
        """A text of ours in the person's language."""
        return text(key, self.lang, fields)

    def say(self, key: str, **fields: object) -> None:
        """Print a text of ours; with --json nothing but JSON is printed."""
        if not self.as_json:
            click.echo(self.text(key, **fields))

    def warn(self, key: str, **fields: object) -> None:
        """Print a text of ours beside the results, on stderr."""
        click.echo(self.text(key, **fields), err=True)

    def confirm(self, key: str, *, yes: bool, **fields: object) -> None:
        """Ask a person before what is not easily undone; Refused("usage.not-confirmed") unless they say yes, or said --yes."""
        try:
            if yes or click.confirm(self.text(key, **fields), err=True):
                return
        except click.Abort:  # Ctrl-C, or nobody is there to ask
            click.echo(err=True)
        raise Refused("usage.not-confirmed")

    def give(self, value: object) -> None:
        """Print a result as one JSON document, if --json was asked for."""
        if self.as_json:
            click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def table(self, rows: Sequence[Sequence[str]]) -> None:
        """Print rows in aligned columns (none with --json)."""
        if self.as_json or not rows:
            return
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


class NounGroup(click.Group):
    """A noun whose `default` verb may be left out: `tienglang nodes --unit U` is `tienglang nodes list --unit U`."""

    def __init__(self, *args: Any, default: str = "list", **options: Any) -> None:
        super().__init__(*args, **options)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default verb before options that stand alone."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [self.default, *args]
        return super().parse_args(ctx, args)


def with_session(function: Callable[..., int | None]) -> Callable[..., None]:
    """Make `function(session, **options) -> exit code` a command's body, with --json, --english, --config and --home."""

    @click.option("--json", "as_json", is_flag=True, help="Kết quả dạng JSON. / Results as JSON.")
    @click.option("--english", is_flag=True, help="Trả lời bằng tiếng Anh. / Answer in English.")
    @click.option("--config", "config_file", type=click.Path(path_type=Path), help="Tệp cấu hình. / Settings file.")
    @click.option("--home", type=click.Path(path_type=Path), help="Thư mục dữ liệu. / Folder of all data.")
    @click.pass_context
    @functools.wraps(function)
    def body(
        ctx: click.Context, /, as_json: bool, english: bool, config_file: Path | None, home: Path | None, **options: Any
    ) -> None:
        lang: Language = "en" if english or os.environ.get("TIENGLANG_LANG") == "en" else "vi"
        try:
            loaded = load(os.environ, config_file, home)
            lang = "en" if english or loaded.settings.lang == "en" else "vi"
            code = function(Session(loaded=loaded, lang=lang, as_json=as_json), **options)
        except KeyboardInterrupt:
            code = EXIT_INTERRUPTED
        except TiengLangError as error:
            code = _told(error, lang, as_json)
        ctx.exit(code or 0)

    return body


def _told(error: TiengLangError, lang: Language, as_json: bool) -> int:
    """Tell an error, on stdout as JSON or on stderr as a sentence with its code; the exit code."""
    told = describe(error)
    if as_json:
        click.echo(json.dumps({"error": told}, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(f"{told[f'message_{lang}']} [{error.code}]", err=True)
    if isinstance(error, ServerAway):
        return EXIT_AWAY
    wrong_usage = error.code.startswith(("config.", "usage.")) and not isinstance(error, ApiError)
    return EXIT_USAGE if wrong_usage and error.code != "config.listen-wide" else EXIT_REFUSED
