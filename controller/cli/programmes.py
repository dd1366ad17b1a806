"""`tienglang programmes`: recurring slots, written in a file and kept by the server."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from datetime import date, time
from pathlib import Path
from typing import Any

import click

from controller.cli.api import Api, ApiError
from controller.cli.preview_view import preview_option, tell_preview
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_day, parse_span, parse_time, show_day, show_time
from controller.cli.units import find_unit
from controller.domain.errors import Refused

_SPANS = frozenset({"length", "offset", "wait", "finish"})
"""Members that a file may write as people do, "30m"; the server takes them in ms."""

_MAX_FILE = 1_000_000
"""Characters: a programme of 400 changed days has half of it."""


@click.group(cls=NounGroup)
def programmes() -> None:
    """Chương trình, khung giờ: xem, thêm, sửa, nghỉ, kết thúc. / Programmes: see, add, change, skip, pause, end."""


@programmes.command("list")
@click.option("--unit", help="Chỉ những chương trình nghe được ở đơn vị này. / Only what is heard in this unit.")
@with_session
def list_(session: Session, *, unit: str | None) -> None:
    """Các chương trình đang có. / The living programmes."""
    with Api(session.settings.api_file) as api:
        tree = api.get("/units")
        found = api.get("/programmes", unit=None if unit is None else find_unit(tree, unit)["id"])
    session.give(found)
    session.table([_row(session, tree, kept) for kept in found])
    if not found:
        session.say("none")
        session.say("programme-help")


@programmes.command("show")
@click.argument("programme")
@with_session
def show(session: Session, *, programme: str) -> None:
    """Một chương trình; với --json là tệp để sửa rồi đưa cho change. / One; with --json a file for `change`."""
    with Api(session.settings.api_file) as api:
        tree = api.get("/units")
        kept = api.get(f"/programmes/{programme}")
    session.give(kept)
    session.table([_row(session, tree, kept)])
    for number, segment in enumerate(kept["programme"]["segments"], 1):
        what = segment["source"] or ", ".join(segment["bulletins"] or segment["kinds"])
        session.say("programme-segment", number=number, take=session.text(f"take-{segment['take']}"), what=what)
    if kept["ended"]:
        session.say("programme-ended", id=kept["id"])
    session.say("programme-by", version=kept["version"], by=kept["changed_by"], at=show_time(parse_time(kept["changed"], 0)))


@programmes.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@preview_option
@with_session
def add(session: Session, *, file: Path, preview: bool) -> None:
    """Thêm chương trình viết trong một tệp .toml hoặc .json. / Add a programme from a file; see docs/lenh.md."""
    said = read_file(file)
    with Api(session.settings.api_file) as api:
        wanted = _placed(api.get("/units"), said.get("programme", said))
        if preview:
            tell_preview(session, api.post("/programmes/preview", wanted))
        else:
            _told(session, "programme-added", api.post("/programmes", wanted))


@programmes.command("change")
@click.argument("programme")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--version", type=click.IntRange(min=1), help="Phiên bản đã xem; mặc định lấy trong tệp. / What was looked at.")
@preview_option
@with_session
def change(session: Session, *, programme: str, file: Path, version: int | None, preview: bool) -> None:
    """Thay bằng nội dung trong tệp; ai sửa trước thì được báo chỗ khác nhau. / Replace it by what a file says."""
    said = read_file(file)
    version = version or said.get("version")
    if not preview and not isinstance(version, int):
        raise Refused("usage.version")
    with Api(session.settings.api_file) as api:
        wanted = _placed(api.get("/units"), said.get("programme", said))
        if preview:
            tell_preview(session, api.post(f"/programmes/{programme}/preview", {"programme": wanted}))
            return
        body = {"version": version, "programme": wanted}
        with_differences(session, lambda: _told(session, "programme-changed", api.put(f"/programmes/{programme}", body)))


@programmes.command("skip")
@click.argument("programme")
@click.argument("day")
@preview_option
@with_session
def skip(session: Session, *, programme: str, day: str, preview: bool) -> None:
    """Nghỉ một ngày. / Silent on one day."""
    when = parse_day(day)
    with Api(session.settings.api_file) as api:
        if preview:
            _preview_off(session, api, programme, "skips", when.isoformat())
            return
        kept = api.put(f"/programmes/{programme}/skips/{when.isoformat()}", {})
    session.give(kept)
    session.say("programme-skipped", title=kept["programme"]["title"], day=show_day(when))


@programmes.command("pause")
@click.argument("programme")
@click.option("--from", "begin", required=True, help="Ngày đầu. / The first day.")
@click.option("--to", "end", required=True, help="Ngày cuối. / The last day.")
@preview_option
@with_session
def pause(session: Session, *, programme: str, begin: str, end: str, preview: bool) -> None:
    """Tạm ngừng từ ngày này đến hết ngày kia. / Silent from one day to another, both included."""
    first, last = parse_day(begin), parse_day(end)
    days = {"from": first.isoformat(), "to": last.isoformat()}
    with Api(session.settings.api_file) as api:
        if preview:
            _preview_off(session, api, programme, "pauses", days)
            return
        kept = api.post(f"/programmes/{programme}/pause", days)
    session.give(kept)
    session.say("programme-paused", title=kept["programme"]["title"], first=show_day(first), last=show_day(last))


@programmes.command("end")
@click.argument("programme")
@click.option("--yes", is_flag=True, help="Không hỏi lại. / Do not ask.")
@preview_option
@with_session
def end(session: Session, *, programme: str, yes: bool, preview: bool) -> None:
    """Kết thúc hẳn một chương trình. / No more turns of it."""
    if preview:
        with Api(session.settings.api_file) as api:
            tell_preview(session, api.post(f"/programmes/{programme}/preview", {"programme": None}))
        return
    session.confirm("programme-end-ask", yes=yes, programme=programme)
    with Api(session.settings.api_file) as api:
        kept = api.post(f"/programmes/{programme}/end")
    session.give(kept)
    session.say("programme-ended", id=kept["id"])


def with_differences(session: Session, ask: Callable[[], None]) -> None:
    """Ask; where somebody else was first, tell what differs before the error is told."""
    try:
        ask()
    except ApiError as error:
        found = error.fields.get("differences")
        for name, values in found.items() if isinstance(found, dict) else ():
            now, yours = (json.dumps(values[side], ensure_ascii=False) for side in ("now", "yours"))
            session.warn("difference", name=name, now=now, yours=yours)
        raise


def read_file(path: Path) -> dict[str, Any]:
    """What a .json or .toml file says, as the server takes it; Refused("usage.file", "usage.programme-file", "usage.span")."""
    try:
        text = path.read_text(encoding="utf-8")[: _MAX_FILE + 1]
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("usage.file", path=str(path), reason=getattr(error, "strerror", None) or str(error)) from None
    try:
        said = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise Refused("usage.programme-file", path=str(path), reason=str(error)) from None
    if not isinstance(said, dict) or len(text) > _MAX_FILE or not isinstance(said.get("programme", {}), dict):
        raise Refused("usage.programme-file", path=str(path))
    plain: dict[str, Any] = _plain(said)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(_member(name, each) for name, each in value.items())
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return value.isoformat() if isinstance(value, date) else value


def _member(name: str, value: Any) -> tuple[str, Any]:
    if name in _SPANS and isinstance(value, str):
        return f"{name}_ms", parse_span(value)
    return name, _plain(value)


def _placed(tree: Sequence[dict[str, Any]], said: dict[str, Any]) -> dict[str, Any]:
    """With its units by id, where the file calls them by name."""
    found = dict(said)
    if isinstance(said.get("owner"), str):
        found["owner"] = find_unit(tree, said["owner"])["id"]
    if isinstance(said.get("units"), list):
        found["units"] = [find_unit(tree, str(name))["id"] for name in said["units"]]
    return found


def _preview_off(session: Session, api: Api, programme: str, member: str, days: str | dict[str, str]) -> None:
    """Tell what it would change if these days too were among the `skips` or `pauses` of a programme's rule."""
    wanted = api.get(f"/programmes/{programme}")["programme"]
    wanted["rule"][member].append(days)
    tell_preview(session, api.post(f"/programmes/{programme}/preview", {"programme": wanted}))


def _told(session: Session, key: str, kept: dict[str, Any]) -> None:
    session.give(kept)
    session.say(key, id=kept["id"], title=kept["programme"]["title"], version=kept["version"])


def _row(session: Session, tree: Sequence[dict[str, Any]], kept: dict[str, Any]) -> tuple[str, ...]:
    names = {unit["id"]: unit["name"] for unit in tree}
    said = kept["programme"]
    rule = said["rule"]
    places = ", ".join(names.get(unit, unit) for unit in said["units"])
    return kept["id"], said["title"], places, " ".join(rule["at"]), _rhythm(session, rule)


def _rhythm(session: Session, rule: dict[str, Any]) -> str:
    """How it repeats, as far as a line holds."""
    days = ",".join(session.text(f"weekday-{day}") for day in rule["weekdays"]) or ",".join(map(str, rule["monthdays"]))
    return session.text(f"every-{rule['every']}", interval=rule["interval"] if rule["interval"] != 1 else "", days=days)
