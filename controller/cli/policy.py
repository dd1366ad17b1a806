"""`tienglang policy`: when, how long, how often and how loud a unit and all below it may sound."""

from __future__ import annotations

import re
from typing import Any

import click

from controller.cli.api import Api
from controller.cli.preview_view import preview_option, tell_preview
from controller.cli.programmes import with_differences
from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import parse_span
from controller.cli.units import find_unit
from controller.domain.errors import Refused

_WINDOW = re.compile(r"([0-9]{1,2}[:h][0-9]{2})-([0-9]{1,2}[:h][0-9]{2})")
_DAYS = re.compile(r"([1-7])-([1-7])|[1-7](,[1-7])*")
_NONE: dict[str, Any] = {
    "hours": [],
    "ceilings": [],
    "item": None,
    "session": None,
    "sessions": None,
    "languages": [],
    "places": [],
    "consent": None,
}
_ROLE = re.compile(r"[a-z]+")
_CLASSES = frozenset({"normal", "priority"})


@click.group(cls=NounGroup, default="show")
def policy() -> None:
    """Quy định phát: giờ, thời lượng, âm lượng, ngôn ngữ. / Policy: hours, lengths, loudness, languages."""


@policy.command("show")
@click.argument("unit")
@click.option("--own", is_flag=True, help="Chỉ những gì đơn vị tự quy định. / Only what the unit itself decided.")
@with_session
def show(session: Session, *, unit: str, own: bool) -> None:
    """Những gì có hiệu lực ở một đơn vị, kể cả của cấp trên. / What binds a unit, from above too."""
    with Api(session.settings.api_file) as api:
        tree = api.get("/units")
        place = find_unit(tree, unit)
        said = api.get(f"/policies/{place['id']}" if own else f"/policies/{place['id']}/effective")
    session.give(said)
    names = {each["id"]: each["name"] for each in tree}
    by = [place["id"]] if own else said["by"]
    session.say("policy-of", unit=place["name"], by=", ".join(names.get(each, each) for each in by))
    _tell(session, said["policy"] | {"horizon_h": said["policy"].get("horizon_h", said.get("horizon_h"))})


@policy.command("set")
@click.argument("unit")
@click.option("--hours", multiple=True, help="Giờ được phát, 05:00-21:00; lặp lại được. / When sound is allowed.")
@click.option("--days", help="Những ngày của --hours: 1-6 hoặc 1,3,5 (1 là thứ Hai). / The days of --hours.")
@click.option("--ceiling", "ceilings", multiple=True, help="Mức âm lượng trần, 21:00-06:00=-15 (dB). / The loudest gain.")
@click.option("--item", help="Một bản tin dài nhất, 30m. / The longest single sound.")
@click.option("--session", "length", help="Một buổi dài nhất, 45m. / The longest session.")
@click.option("--sessions", type=click.IntRange(min=1), help="Số buổi một ngày. / Sessions a day.")
@click.option("--language", "languages", multiple=True, help="Ngôn ngữ được phát; lặp lại được. / A language spoken here.")
@click.option("--place", "places", multiple=True, help="Ở cạnh: school, clinic, pagoda. / A special place that it is beside.")
@click.option("--horizon", type=click.IntRange(min=1), help="Lập kế hoạch trước bấy nhiêu giờ (48-168). / Hours planned ahead.")
@click.option(
    "--free", multiple=True, help='Tự phát không cần duyệt: "head 3m 05:00-21:00", "editor priority". / May say without a yes.'
)
@click.option("--two-persons/--one-person", "two", default=None, help="Không ai tự duyệt của mình. / Nobody approves their own.")
@click.option("--clear", multiple=True, type=click.Choice([*_NONE]), help="Bỏ một giới hạn. / Take a limit away.")
@click.option("--remove", is_flag=True, help="Bỏ mọi quy định riêng của đơn vị. / The unit decides nothing any more.")
@preview_option
@with_session
def set_(
    session: Session, *, unit: str, remove: bool, preview: bool, free: tuple[str, ...], two: bool | None, **told: Any
) -> None:
    """Đổi những gì được ghi; phần khác giữ nguyên. / Change what is given, keep the rest.

    \b
    Cụm loa nhận quy định mới ngay và tự giữ, kể cả khi mất mạng.
    Loudspeakers are told at once and keep it by themselves, without a link too.
    """
    with Api(session.settings.api_file) as api:
        place = find_unit(api.get("/units"), unit)
        at = f"/policies/{place['id']}"
        before = api.get(at)
        wanted = None if remove else before["policy"] | changes(**told)
        if wanted is not None and (free or two is not None):
            wanted["consent"] = consent(wanted["consent"], free, two)
        if preview:
            tell_preview(session, api.post(f"{at}/preview", {"policy": wanted}))
            return
        if wanted is None:
            api.delete(at, version=before["version"])
            session.give(None)
            session.say("policy-removed", unit=place["name"])
            return
        body = {"version": before["version"], "policy": wanted}

        def put() -> None:
            said = api.put(at, body)
            session.give(said)
            session.say("policy-set", unit=place["name"], version=said["version"])

        with_differences(session, put)


def changes(
    *,
    hours: tuple[str, ...] = (),
    days: str | None = None,
    ceilings: tuple[str, ...] = (),
    item: str | None = None,
    length: str | None = None,
    sessions: int | None = None,
    languages: tuple[str, ...] = (),
    places: tuple[str, ...] = (),
    horizon: int | None = None,
    clear: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The members that change, as the server takes them; Refused("usage.window", "usage.days", "usage.span")."""
    said = {_member(name): _NONE[name] for name in clear}
    if hours:
        said["hours"] = [_window(each) | ({"days": _days(days)} if days else {}) for each in hours]
    if ceilings:
        said["ceilings"] = [_ceiling(each) for each in ceilings]
    given = {
        "item_ms": parse_span(item) if item else None,
        "session_ms": parse_span(length) if length else None,
        "sessions": sessions,
        "languages": list(languages) or None,
        "places": list(places) or None,
        "horizon_h": horizon,
    }
    return said | {name: value for name, value in given.items() if value is not None}


def consent(before: dict[str, Any] | None, free: tuple[str, ...], two: bool | None) -> dict[str, Any]:
    """What needs a yes: `before` with other freedoms, if any are given, or for two persons. Refused("usage.free")."""
    said = before or {"free": [], "two": False}
    if free:
        said = said | {"free": [_freedom(each) for each in free]}
    return said if two is None else said | {"two": two}


def _freedom(text: str) -> dict[str, Any]:
    """ "head 3m 05:00-21:00": a role, and in any order a class, a length, windows."""
    role, *limits = text.split() or [""]
    said: dict[str, Any] = {"role": role, "hours": []}
    for each in limits:
        if each in _CLASSES:
            said["class"] = each
        elif _WINDOW.fullmatch(each):
            said["hours"].append(_window(each))
        else:
            said["longest_ms"] = parse_span(each)
    if not _ROLE.fullmatch(role):
        raise Refused("usage.free", text=text[:60])
    return said


def _member(name: str) -> str:
    return f"{name}_ms" if name in ("item", "session") else name


def _window(text: str) -> dict[str, Any]:
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise Refused("usage.window", text=text[:60])
    begin, end = (clock.replace("h", ":").rjust(5, "0") for clock in match.groups())
    return {"from": begin, "to": end}


def _ceiling(text: str) -> dict[str, Any]:
    window, _, gain = text.partition("=")
    try:
        return _window(window) | {"gain": round(float(gain) * 10)}
    except (ValueError, OverflowError):
        raise Refused("usage.window", text=text[:60]) from None


def _days(text: str) -> list[int]:
    match = _DAYS.fullmatch(text.strip())
    if match is None:
        raise Refused("usage.days", text=text[:60])
    if match[1]:
        return list(range(int(match[1]), int(match[2]) + 1))
    return sorted({int(day) for day in text.strip().split(",")})


def _tell(session: Session, said: dict[str, Any]) -> None:
    """Each limit in a line."""
    for window in said["hours"]:
        days = ",".join(session.text(f"weekday-{day}") for day in window["days"])
        session.say("policy-hours", begin=window["from"], end=window["to"], days=days)
    for ceiling in said["ceilings"]:
        session.say("policy-ceiling", begin=ceiling["from"], end=ceiling["to"], gain=ceiling["gain"] / 10)
    for name in ("item_ms", "session_ms"):
        if said[name] is not None:
            session.say(f"policy-{name.removesuffix('_ms')}", minutes=f"{said[name] / 60_000:g}")
    if said["sessions"] is not None:
        session.say("policy-sessions", number=said["sessions"])
    for name in ("languages", "places"):
        if said.get(name):
            session.say(f"policy-{name}", names=", ".join(said[name]))
    session.say("policy-horizon", hours=said["horizon_h"])
    _tell_consent(session, said.get("consent"))


def _tell_consent(session: Session, said: dict[str, Any] | None) -> None:
    """Who may say what without a yes, each in a line."""
    if said is None:
        return
    session.say("policy-two" if said["two"] else "policy-yes")
    for freedom in said["free"]:
        length = freedom["longest_ms"]
        limits = [
            freedom["class"],
            *(["≤ " + f"{length / 60_000:g} min"] if length is not None else []),
            *(f"{window['from']}-{window['to']}" for window in freedom["hours"]),
        ]
        session.say("policy-free", role=freedom["role"], limits=", ".join(limits))
