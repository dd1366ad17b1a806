"""The page of people: who may do what, where; invite somebody, change their roles, take an account away. Plain forms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from controller.domain.errors import Refused, TiengLangError
from controller.domain.rights import Actor, Deed, Grant, Role
from controller.domain.unit import Unit
from controller.places import fold
from controller.service.accounts import User
from controller.service.invitations import Invitation
from controller.service.rights import require_anywhere
from controller.service.users import Wanted
from controller.web.errors import status_of
from controller.web.headline import name_order
from controller.web.pages import Pages, ThePages, Visitor, language_of, to_door
from controller.web.qr import svg
from controller.web.right_sentences import ROLES
from controller.web.sentences import LANGUAGES, Language, sentence
from controller.web.services import Services, TheServices
from controller.web.session import is_https
from scheduler.clock import moment

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

OFFERED = 400
"""Units that the field offers while one types: of more, one types the name and is told if there are several."""

EVERYWHERE = "*"
"""What the field says for everywhere."""

Text = Annotated[str, Form(max_length=200)]


def _administrator(user: Visitor) -> Actor | None:
    if user is not None:
        require_anywhere(user, Deed.USER_EDIT)
    return user


Administrator = Annotated[Actor | None, Depends(_administrator)]


@router.get("/people")
def people(request: Request, services: TheServices, user: Administrator, pages: ThePages) -> Response:
    """Everybody within reach, and a form to invite one more."""
    return _page(request, services, user, pages)


@router.post("/people")
def invite(
    request: Request,
    services: TheServices,
    user: Administrator,
    pages: ThePages,
    name: Text = "",
    role: Text = "",
    unit: Text = "",
) -> Response:
    """Make an account and show its invitation, once. What was typed stays, if it can't be."""
    if user is None:
        return to_door()
    try:
        made = services.invitations.add(name, [_wanted(services, user, role, unit)], by=user)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, typed={"name": name, "role": role, "unit": unit})
    return _invitation(request, services, user, pages, made)


@router.post("/people/{of}/invitation")
def invite_again(of: str, request: Request, services: TheServices, user: Administrator, pages: ThePages) -> Response:
    """A new link, shown once; the old one opens nothing."""
    if user is None:
        return to_door()
    return _invitation(request, services, user, pages, services.invitations.renew(of, by=user))


@router.post("/people/{of}/roles")
def change_roles(
    of: str,
    request: Request,
    services: TheServices,
    user: Administrator,
    pages: ThePages,
    keep: Annotated[list[str] | None, Form(max_length=100)] = None,
    role: Text = "",
    unit: Text = "",
) -> Response:
    """The roles that are still ticked, and one more if a role was chosen."""
    if user is None:
        return to_door()
    try:
        wanted = [_kept(text) for text in keep or ()]
        if role:
            wanted.append(_wanted(services, user, role, unit))
        services.users.grant(of, wanted, by=user)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, at=of)
    return RedirectResponse(f"/people#{of}", status_code=303)


@router.post("/people/{of}/second-off")
def second_off(of: str, request: Request, services: TheServices, user: Administrator, pages: ThePages) -> Response:
    """Their phone is lost: no code is asked for any more."""
    return _done(request, services, user, pages, of, lambda by: services.users.drop_second(of, by=by))


@router.post("/people/{of}/remove")
def remove(of: str, request: Request, services: TheServices, user: Administrator, pages: ThePages) -> Response:
    """Take the account away."""
    return _done(request, services, user, pages, of, lambda by: services.users.remove(of, by=by))


def _done(request: Request, services: Services, user: Actor | None, pages: Pages, of: str, deed: Any) -> Response:
    if user is None:
        return to_door()
    try:
        deed(user)
    except TiengLangError as error:
        return _page(request, services, user, pages, error=error, at=of)
    return RedirectResponse("/people", status_code=303)


def _page(
    request: Request,
    services: Services,
    user: Actor | None,
    pages: Pages,
    *,
    error: TiengLangError | None = None,
    at: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    if user is None:
        return to_door()
    language = language_of(request)
    units = {unit.id: unit for unit in services.units.tree(by=user)}
    mine = sorted((unit for unit in units.values() if user.may(Deed.USER_EDIT, unit)), key=lambda unit: name_order(unit.name))
    persons = [_person(each, user, units, language) for each in services.users.list(by=user)]
    return pages.render(
        "people.html",
        request,
        status=status_of(error) if error else 200,
        user=user,
        people=persons,
        roles=[(role.value, ROLES[role][LANGUAGES.index(language)]) for role in Role],
        places=[label(unit, units) for unit in mine[:OFFERED]],
        everywhere=EVERYWHERE if user.may(Deed.USER_EDIT, None) else "",
        error=sentence(error.code, error.fields, language) if error else "",
        at=at if any(each["id"] == at and each["mine"] for each in persons) else "",
        typed=typed or {"name": "", "role": "", "unit": ""},
    )


def _person(each: User, by: Actor, units: dict[str, Unit], language: Language) -> dict[str, Any]:
    """One row. `mine`: every place in which they have rights is one where `by` is an administrator."""
    places = [units.get(grant.unit) if grant.unit else None for grant in each.grants]
    known = all(place is not None or not grant.path for place, grant in zip(places, each.grants, strict=True))
    return {
        "id": each.id,
        "name": each.name,
        "demo": each.demo,
        "is_me": each.id == by.id,
        "mine": known and all(by.may(Deed.USER_EDIT, place) for place in places),
        "grants": [_grant(grant, units, language) for grant in each.grants],
    }


def _grant(grant: Grant, units: dict[str, Unit], language: Language) -> dict[str, str]:
    place = units.get(grant.unit or "")
    named = place.name if place else grant.unit or ""
    return {"value": f"{grant.role}@{grant.unit or ''}", "role": ROLES[grant.role][LANGUAGES.index(language)], "place": named}


def _invitation(request: Request, services: Services, user: Actor, pages: Pages, made: Invitation) -> Response:
    url = invitation_url(request, made.token)
    return pages.render(
        "invitation.html",
        request,
        user=user,
        invited=made.user.name,
        url=url,
        svg=svg(url),
        expires=moment(made.expires_ms),
        now=moment(services.clock.now_ms()),
    )


def invitation_url(request: Request, token: str) -> str:
    """The link. The token is behind the #: no log of a proxy, and no page that is linked from there, ever sees it."""
    at = request.url_for("invite_page")
    return f"{at.replace(scheme='https') if is_https(request) else at}#{token}"


def label(unit: Unit, units: dict[str, Unit]) -> str:
    """A unit as the field offers it: "Pác Rằng, Quảng Uyên"."""
    above = units.get(unit.parent or "")
    return f"{unit.name}, {above.name}" if above else unit.name


def find(units: Sequence[Unit], text: str) -> Unit:
    """The unit that was typed: its id, its label, its name, or words of it, "lung vai, quang uyen", if no other has them.

    Refused("unit.none", "unit.several").
    """
    by_id = {unit.id: unit for unit in units}
    wanted = fold(text)
    name, _, above = wanted.partition(",")
    tries = (
        [unit for unit in units if wanted in (unit.id, fold(label(unit, by_id)))],
        [unit for unit in units if wanted == fold(unit.name)],
        [unit for unit in units if name.strip() and _has(unit, name) and _has(by_id.get(unit.parent or ""), above)],
    )
    found = next((each for each in tries if each), [])
    if not found:
        raise Refused("unit.none", text=text[:80])
    if len(found) > 1:
        raise Refused("unit.several", text=text[:80], units="; ".join(label(unit, by_id) for unit in found[:5]))
    return found[0]


def _has(unit: Unit | None, words: str) -> bool:
    return set(words.split()) <= set(fold(unit.name).split() if unit else ())


def _wanted(services: Services, by: Actor, role: str, unit: str) -> Wanted:
    if role not in set(Role):
        raise Refused("user.role")
    if unit.strip() == EVERYWHERE:
        return (Role(role), None)
    return (Role(role), find(services.units.tree(by=by), unit).id)


def _kept(text: str) -> Wanted:
    role, _, unit = text.partition("@")
    if role not in set(Role):
        raise Refused("user.role")
    return (Role(role), unit or None)
