"""`tienglang users`: accounts, changed in the database itself: whoever can do that needs no password of the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from controller.cli.session import NounGroup, Session, with_session
from controller.cli.times import show_iso, show_time
from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Role
from controller.service.accounts import User
from controller.service.invitations import Invitations
from controller.service.passwords import Passwords
from controller.service.ports import Database
from controller.service.users import Users, Wanted
from controller.web.right_sentences import ROLES
from controller.web.sentences import LANGUAGES
from scheduler.clock import SystemClock

ROLE_OPTION = click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE[@UNIT]",
    help="Vai trò, ở đơn vị nào: editor@x01576; không có @ là mọi nơi. / A role, and in which unit; none is everywhere.",
)


@click.group(cls=NounGroup)
def users() -> None:
    """Tài khoản đăng nhập. / Accounts."""


@users.command("list")
@with_session
def list_(session: Session) -> None:
    """Mọi tài khoản. / Every account."""
    with _users(session) as book:
        found = book.list(by=OPERATOR)
    session.give([_told(user) for user in found])
    session.table(
        [(user.name, _roles(session, user), session.text("account-demo") if user.demo else "") for user in found],
    )
    if not found:
        session.say("none")


@users.command("add")
@click.argument("name")
@ROLE_OPTION
@with_session
def add(session: Session, *, name: str, roles: Sequence[str]) -> None:
    """Thêm tài khoản; mật khẩu được hỏi, hoặc đọc từ stdin. / Add an account; its password is asked for, or read from stdin."""
    wanted = _wanted(roles)
    with _users(session) as book:
        user = book.add(name, _new_password(session), wanted, by=OPERATOR)
    session.give(_told(user))
    session.say("account-added", name=user.name, roles=_roles(session, user))


@users.command("grant")
@click.argument("name")
@ROLE_OPTION
@with_session
def grant(session: Session, *, name: str, roles: Sequence[str]) -> None:
    """Đặt lại vai trò: từ nay chỉ còn những vai trò này. / Set its roles: from now on these and no others."""
    wanted = _wanted(roles)
    with _users(session) as book:
        user = book.grant(name, wanted, by=OPERATOR)
    session.give(_told(user))
    session.say("account-granted", name=user.name, roles=_roles(session, user))


@users.command("password")
@click.argument("name")
@with_session
def password(session: Session, *, name: str) -> None:
    """Đặt lại mật khẩu; mọi phiên đăng nhập cũ chấm dứt. / Set a new password; every session of it ends."""
    with _users(session) as book:
        user = book.set_password(name, _new_password(session), by=OPERATOR)
    session.give({"name": user.name})
    session.say("account-changed", name=user.name)


@users.command("second-off")
@click.argument("name")
@with_session
def second_off(session: Session, *, name: str) -> None:
    """Tắt đăng nhập hai bước khi mất điện thoại. / Ask for no second step any more: the phone is lost."""
    with _users(session) as book:
        user = book.drop_second(name, by=OPERATOR)
    session.give({"name": user.name})
    session.say("account-second-off", name=user.name)


@users.command("invite")
@click.argument("name")
@ROLE_OPTION
@with_session
def invite(session: Session, *, name: str, roles: Sequence[str]) -> None:
    """Gửi lời mời: người nhận mở liên kết, tự chọn mật khẩu. / A link by which its owner chooses a password."""
    wanted = _wanted(roles) if roles else None
    with _invitations(session) as book:
        made = book.add(name, wanted, by=OPERATOR) if wanted else book.renew(name, by=OPERATOR)
    url = f"{session.settings.base_url}/invite#{made.token}"
    session.give({"name": made.user.name, "url": url, "expires": show_iso(made.expires_ms)})
    session.say("account-invited", name=made.user.name, url=url, until=show_time(made.expires_ms))


@users.command("remove")
@click.argument("name")
@with_session
def remove(session: Session, *, name: str) -> None:
    """Xoá tài khoản. / Remove an account."""
    with _users(session) as book:
        book.remove(name, by=OPERATOR)
    session.give({"name": name})
    session.say("account-removed", name=name)


@contextmanager
def _users(session: Session) -> Iterator[Users]:
    with _opened(session) as (work, passwords):
        yield Users(database=work, passwords=passwords, clock=SystemClock())


@contextmanager
def _invitations(session: Session) -> Iterator[Invitations]:
    with _opened(session) as (work, passwords):
        yield Invitations(database=work, passwords=passwords, clock=SystemClock())


@contextmanager
def _opened(session: Session) -> Iterator[tuple[Database, Passwords]]:
    from controller.opening import opened  # SQLAlchemy takes half a second that no other command should pay

    with opened(session.settings, SystemClock()) as all_of_it:
        yield all_of_it.work, Passwords()


def _wanted(roles: Sequence[str]) -> list[Wanted]:
    """Roles as they are typed: "editor@x01576", "admin"."""
    wanted: list[Wanted] = []
    for text in roles:
        role, _, unit = text.partition("@")
        if role not in set(Role):
            raise Refused("usage.role", role=role[:40], roles=", ".join(Role))
        wanted.append((Role(role), unit or None))
    if not wanted:
        raise Refused("usage.no-role", roles=", ".join(Role))
    return wanted


def _roles(session: Session, user: User) -> str:
    which = LANGUAGES.index(session.lang)
    everywhere = session.text("account-everywhere")
    return ", ".join(f"{ROLES[grant.role][which]} ({grant.unit or everywhere})" for grant in user.grants)


def _told(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "demo": user.demo,
        "grants": [{"role": grant.role.value, "unit": grant.unit} for grant in user.grants],
    }


def _new_password(session: Session) -> str:
    """Asked for twice at a terminal; the first line of stdin in a script."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first: str = click.prompt(session.text("answer-password"), hide_input=True)
    if click.prompt(session.text("answer-password-again"), hide_input=True) != first:
        raise Refused("usage.passwords-differ")
    return first
