"""`tienglang users`: accounts, changed in the database itself: whoever can do that needs no password of the page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from controller.cli.session import NounGroup, Session, with_session
from controller.domain.errors import Refused
from controller.service.users import Users
from scheduler.clock import SystemClock


@click.group(cls=NounGroup)
def users() -> None:
    """Tài khoản đăng nhập. / Accounts."""


@users.command("list")
@with_session
def list_(session: Session) -> None:
    """Mọi tài khoản. / Every account."""
    with _users(session) as book:
        found = book.list()
    session.give([{"name": user.name, "demo": user.demo} for user in found])
    session.table([(user.name, session.text("account-demo") if user.demo else "") for user in found])
    if not found:
        session.say("none")


@users.command("add")
@click.argument("name")
@with_session
def add(session: Session, *, name: str) -> None:
    """Thêm tài khoản; mật khẩu được hỏi, hoặc đọc từ stdin. / Add an account; its password is asked for, or read from stdin."""
    with _users(session) as book:
        user = book.add(name, _new_password(session))
    session.give({"name": user.name})
    session.say("account-added", name=user.name)


@users.command("password")
@click.argument("name")
@with_session
def password(session: Session, *, name: str) -> None:
    """Đặt lại mật khẩu; mọi phiên đăng nhập cũ chấm dứt. / Set a new password; every session of it ends."""
    with _users(session) as book:
        user = book.set_password(name, _new_password(session))
    session.give({"name": user.name})
    session.say("account-changed", name=user.name)


@users.command("remove")
@click.argument("name")
@with_session
def remove(session: Session, *, name: str) -> None:
    """Xoá tài khoản. / Remove an account."""
    with _users(session) as book:
        book.remove(name)
    session.give({"name": name})
    session.say("account-removed", name=name)


@contextmanager
def _users(session: Session) -> Iterator[Users]:
    from controller.db.database import Database  # SQLAlchemy takes half a second that no other command should pay
    from controller.db.users import UserBook
    from controller.service.passwords import Passwords

    settings = session.settings
    settings.home.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    try:
        database.migrate()
        yield Users(database=UserBook(database), passwords=Passwords(), clock=SystemClock())
    finally:
        database.close()


def _new_password(session: Session) -> str:
    """Asked for twice at a terminal; the first line of stdin in a script."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first: str = click.prompt(session.text("answer-password"), hide_input=True)
    if click.prompt(session.text("answer-password-again"), hide_input=True) != first:
        raise Refused("usage.passwords-differ")
    return first
