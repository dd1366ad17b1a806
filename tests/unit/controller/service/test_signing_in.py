"""Second step, tokens, invitations: each opens its own door, once or for a while, and a new password shuts them all."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from controller.db.tables import metadata
from controller.domain.errors import Conflict, NotFound, Refused, TiengLangError
from controller.domain.rights import OPERATOR, Deed, Role
from controller.domain.unit import Unit
from controller.service import second_step
from controller.service.feeds import Feeds
from controller.service.invitations import GOOD_MS, Invitations
from controller.service.passwords import Passwords
from controller.service.sessions import FREE_TRIES, Caller, Sessions
from controller.service.tokens import MAX_TOKENS, Tokens
from controller.service.users import Users
from controller.service.vault import Vault
from tests.support.people import admin, somebody
from tests.unit.controller.service.house import DAY_MS, TREE, House

WORD = "mot-mat-khau-dai"
STEP_MS = 30_000
VILLAGE: Unit = TREE[3]


@dataclass
class Door:
    """All that opens a session or a token, and the house behind."""

    house: House
    users: Users
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations


@pytest.fixture
def door(house: House) -> Door:
    return opened(house)


@pytest.fixture
def small_door(small: House) -> Door:
    return opened(small)


def opened(house: House) -> Door:
    passwords, vault = Passwords(memory_kib=64), Vault(house.keyring.vault_key)
    common = {"database": house.work, "clock": house.clock}
    users = Users(passwords=passwords, **common)  # type: ignore[arg-type]
    users.add("canbo", WORD, [(Role.EDITOR, "x1")], by=OPERATOR)
    return Door(
        house=house,
        users=users,
        sessions=Sessions(passwords=passwords, vault=vault, **common),  # type: ignore[arg-type]
        tokens=Tokens(**common),  # type: ignore[arg-type]
        invitations=Invitations(passwords=passwords, **common),  # type: ignore[arg-type]
    )


def code_at(secret: str, at_ms: int) -> str:
    """What the app on the phone shows, from the text that was typed into it."""
    from base64 import b32decode

    raw = b32decode(secret + "=" * (-len(secret) % 8))
    return TOTP(raw, 6, SHA1(), 30).generate(at_ms // 1000).decode()


def refusal(error: pytest.ExceptionInfo[TiengLangError]) -> str:
    return error.value.code


# ── sessions ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_sessions_are_listed_and_ended_by_their_owner_only(door: Door) -> None:
    phone = door.sessions.sign_in("canbo", WORD, caller=Caller(agent="Điện thoại" + "x" * 300, address="10.0.0.7"))
    desk = door.sessions.sign_in("canbo", WORD)
    door.users.add("khác", WORD, [(Role.EDITOR, "x1")], by=OPERATOR)
    stranger = door.sessions.sign_in("khác", WORD)
    views = door.sessions.list(by=desk.user, token=desk.token)
    assert {(view.kept.address, view.here) for view in views} == {("10.0.0.7", False), ("", True)}
    assert max(len(view.kept.agent) for view in views) == 200
    lost = next(view.kept.id for view in views if not view.here)
    with pytest.raises(NotFound) as unknown:
        door.sessions.end(lost, by=stranger.user)
    assert refusal(unknown) == "session.unknown"
    door.sessions.end(lost, by=desk.user)
    assert door.sessions.who(phone.token) is None
    assert door.sessions.who(desk.token) is not None


# ── the second step ──────────────────────────────────────────────────────────────────────────────────────────────────


def with_second(door: Door) -> str:
    """The account asks for a code; the app's secret."""
    session = door.sessions.sign_in("canbo", WORD)
    offered = door.sessions.offer_second(by=session.user, password=WORD)
    door.sessions.confirm_second(code_at(offered.secret, door.house.clock.now_ms()), by=session.user, token=session.token)
    return offered.secret


def test_a_code_is_asked_for_once_it_was_confirmed_and_each_is_good_once(door: Door) -> None:
    early = door.sessions.sign_in("canbo", WORD)
    offered = door.sessions.offer_second(by=early.user, password=WORD)
    assert door.sessions.sign_in("canbo", WORD)  # not confirmed: nobody is locked out by a half-done set-up
    with pytest.raises(Refused) as wrong:
        door.sessions.confirm_second("000000", by=early.user, token=early.token)
    assert refusal(wrong) == "login.code-wrong"
    other = door.sessions.sign_in("canbo", WORD)
    now_ms = door.house.clock.now_ms()
    door.sessions.confirm_second(code_at(offered.secret, now_ms), by=early.user, token=early.token)
    assert door.sessions.who(early.token) is not None
    assert door.sessions.who(other.token) is None
    with pytest.raises(Refused) as asked:
        door.sessions.sign_in("canbo", WORD)
    assert refusal(asked) == "login.code"
    with pytest.raises(Refused) as used:
        door.sessions.sign_in("canbo", WORD, code_at(offered.secret, now_ms))
    assert refusal(used) == "login.code-wrong"
    fresh = code_at(offered.secret, now_ms + STEP_MS)
    assert door.sessions.sign_in("canbo", WORD, f"{fresh[:3]} {fresh[3:]}").user.name == "canbo"
    with pytest.raises(Refused):
        door.sessions.sign_in("canbo", WORD, fresh)


@pytest.mark.parametrize(("steps", "is_right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phones_clock_may_be_half_a_minute_wrong(small_door: Door, steps: int, is_right: bool) -> None:
    secret = with_second(small_door)
    small_door.house.clock.advance(10 * STEP_MS)
    code = code_at(secret, small_door.house.clock.now_ms() + steps * STEP_MS)
    if is_right:
        assert small_door.sessions.sign_in("canbo", WORD, code)
    else:
        with pytest.raises(Refused):
            small_door.sessions.sign_in("canbo", WORD, code)


@pytest.mark.parametrize("code", ["12345", "1234567", "abcdef", "１２３４５６", "-12345", " "])
def test_what_is_no_code_is_refused(small_door: Door, code: str) -> None:
    with_second(small_door)
    with pytest.raises(Refused) as refused:
        small_door.sessions.sign_in("canbo", WORD, code)
    assert refusal(refused) in ("login.code", "login.code-wrong")


def test_codes_can_not_be_guessed_either(small_door: Door) -> None:
    secret = with_second(small_door)
    for _ in range(FREE_TRIES):
        with pytest.raises(Refused):
            small_door.sessions.sign_in("canbo", WORD, "000000")
    with pytest.raises(Refused) as locked:
        small_door.sessions.sign_in("canbo", WORD, code_at(secret, small_door.house.clock.now_ms() + STEP_MS))
    assert refusal(locked) == "login.locked"


def test_the_second_step_is_taken_off_by_its_owner_or_by_an_administrator(small_door: Door) -> None:
    with_second(small_door)
    owner = next(user for user in small_door.users.list(by=OPERATOR) if user.name == "canbo")
    with pytest.raises(Refused) as wrong:
        small_door.sessions.drop_second(by=owner, password="sai-mat-khau")
    assert refusal(wrong) == "password.wrong"
    with pytest.raises(Refused) as twice:
        small_door.sessions.offer_second(by=owner, password=WORD)
    assert refusal(twice) == "second.on"
    small_door.sessions.drop_second(by=owner, password=WORD)
    assert not small_door.sessions.has_second(by=owner)
    with pytest.raises(Refused) as off:
        small_door.sessions.confirm_second("123456", by=owner, token="x")
    assert refusal(off) == "second.off"
    found = [view.line.deed for view in small_door.house.trail.list(by=admin())]
    assert found[:2] == ["second.off", "second.on"]
    with_second(small_door)
    with pytest.raises(Refused):
        small_door.users.drop_second("canbo", by=somebody(Role.ADMIN, "p04", "x10"))
    small_door.users.drop_second("canbo", by=admin())
    assert small_door.sessions.sign_in("canbo", WORD)


def test_the_database_alone_opens_nothing(small_door: Door) -> None:
    secret = with_second(small_door)
    token = small_door.tokens.add("đài tỉnh", [], 30, by=_owner(small_door)).secret
    invitation = small_door.invitations.add("mới", [(Role.HEAD, "x1-1")], by=OPERATOR).token
    with small_door.house.database.read() as connection:
        everything = str([connection.execute(table.select()).all() for table in metadata.sorted_tables])
    assert not any(each in everything for each in (secret, token, invitation, WORD))
    sealed = Vault(b"1" * 32).seal(b"secret", "u1")
    assert Vault(b"1" * 32).open(sealed, "u1") == b"secret"
    assert [Vault(b"1" * 32).open(sealed, "u2"), Vault(b"2" * 32).open(sealed, "u1"), Vault(b"1" * 32).open(b"", "u1")] == [
        None
    ] * 3


def test_the_address_for_the_app_names_whose_it_is() -> None:
    address = second_step.address(b"\x00" * 20, "nông văn an")
    assert address.startswith("otpauth://totp/Ti%E1%BA%BFng%20L%C3%A0ng%3An%C3%B4ng%20v%C4%83n%20an?secret=AAAA")


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _owner(door: Door):  # type: ignore[no-untyped-def]
    return next(user for user in door.users.list(by=OPERATOR) if user.name == "canbo")


def test_a_token_does_what_it_is_for_of_what_its_owner_may_at_that_moment(door: Door) -> None:
    made = door.tokens.add("đài tỉnh", [Deed.AIRING_SAY, Deed.POLICY_SET], 30, by=_owner(door))
    program = door.tokens.who(made.secret)
    assert program is not None
    assert program.name == "canbo (đài tỉnh)"
    assert [program.may(deed, VILLAGE) for deed in (Deed.SEE, Deed.AIRING_SAY, Deed.AIRING_CANCEL)] == [True, True, False]
    assert not program.may(Deed.POLICY_SET, VILLAGE)  # an editor may not, so no token of theirs
    door.users.grant("canbo", [(Role.EDITOR, "x10")], by=OPERATOR)
    later = door.tokens.who(made.secret)
    assert later is not None
    assert not later.may(Deed.AIRING_SAY, VILLAGE)
    door.house.clock.advance(30 * DAY_MS)
    assert door.tokens.who(made.secret) is None
    assert door.tokens.list(by=_owner(door)) == []


def test_a_token_makes_no_token_and_no_people_and_changes_no_password(small_door: Door) -> None:
    made = small_door.tokens.add("đài tỉnh", list(set(Deed) - {Deed.USER_EDIT}), 30, by=_owner(small_door))
    program = small_door.tokens.who(made.secret)
    assert program is not None
    for refused in (
        lambda: small_door.tokens.add("nữa", [], 30, by=program),
        lambda: small_door.users.add("nữa", WORD, [(Role.HEAD, "x1-1")], by=program),
        lambda: small_door.sessions.change_password(by=program, old=WORD, new="mat-khau-moi"),
        lambda: small_door.sessions.offer_second(by=program, password=WORD),
        lambda: small_door.sessions.confirm_second("123456", by=program, token=""),
        lambda: small_door.sessions.list(by=program, token=""),
        lambda: small_door.tokens.list(by=program),
        lambda: small_door.tokens.end(made.kept.id, by=program),
        lambda: small_door.house.nodes.provision(by=program),
    ):
        with pytest.raises(Refused) as error:
            refused()
        assert refusal(error) in ("session.person", "right.none")


@pytest.mark.parametrize(
    ("name", "deeds", "days", "code"),
    [
        (" ", [], 30, "token.name"),
        ("x" * 41, [], 30, "token.name"),
        ("a\0b", [], 30, "token.name"),
        ("a", [Deed.USER_EDIT], 30, "token.deeds"),
        ("a", [], 0, "token.days"),
        ("a", [], 367, "token.days"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(small_door: Door, name: str, deeds: list[Deed], days: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        small_door.tokens.add(name, deeds, days, by=_owner(small_door))
    assert refusal(refused) == code


def test_tokens_are_few_and_ended_by_their_owner_only(small_door: Door) -> None:
    made = [small_door.tokens.add(f"số {number}", [], 30, by=_owner(small_door)) for number in range(MAX_TOKENS)]
    with pytest.raises(Refused) as many:
        small_door.tokens.add("nữa", [], 30, by=_owner(small_door))
    assert refusal(many) == "token.many"
    with pytest.raises(NotFound):
        small_door.tokens.end(made[0].kept.id, by=OPERATOR)
    small_door.tokens.end(made[0].kept.id, by=_owner(small_door))
    assert small_door.tokens.who(made[0].secret) is None
    assert small_door.tokens.who(made[1].secret) is not None
    with pytest.raises(Refused):  # the machine's operator has no account
        small_door.tokens.add("a", [], 30, by=OPERATOR)
    for nobody in ("", "tl_", "tl_x", made[1].secret[3:]):
        assert small_door.tokens.who(nobody) is None


# ── invitations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_was_invited_chooses_a_password_and_is_signed_in_once(door: Door) -> None:
    invited = door.invitations.add("Trưởng thôn", [(Role.HEAD, "x1-1")], by=somebody(Role.ADMIN, "p04", "x1"))
    for guess in ("", "nobody has this password", "!"):
        with pytest.raises(Refused):
            door.sessions.sign_in("trưởng thôn", guess)
    assert door.invitations.whose(invited.token).name == "trưởng thôn"
    with pytest.raises(Refused) as short:
        door.invitations.accept(invited.token, "ngan")
    assert refusal(short) == "password.short"
    session = door.invitations.accept(invited.token, WORD, Caller(agent="Zalo"))
    assert session is not None
    assert door.sessions.who(session.token) == invited.user
    with pytest.raises(Refused) as over:
        door.invitations.accept(invited.token, "mat-khau-khac")
    assert refusal(over) == "invitation.over"
    assert [view.line.deed for view in door.house.trail.list(by=admin())][:2] == ["invitation.accept", Deed.USER_EDIT]


def test_an_invitation_grows_old_and_a_new_one_takes_its_place(small_door: Door) -> None:
    first = small_door.invitations.add("mới", [(Role.HEAD, "x1-1")], by=OPERATOR)
    second = small_door.invitations.renew("mới", by=OPERATOR)
    with pytest.raises(Refused):
        small_door.invitations.whose(first.token)
    small_door.house.clock.advance(GOOD_MS)
    with pytest.raises(Refused):
        small_door.invitations.accept(second.token, WORD)
    with pytest.raises(Conflict):
        small_door.invitations.add("MỚI", [(Role.HEAD, "x1-1")], by=OPERATOR)


def test_a_link_takes_the_place_of_a_password_and_never_of_a_phone(small_door: Door) -> None:
    secret = with_second(small_door)
    link = small_door.invitations.renew("canbo", by=OPERATOR)
    assert small_door.invitations.accept(link.token, "mat-khau-moi") is None
    with pytest.raises(Refused) as asked:
        small_door.sessions.sign_in("canbo", "mat-khau-moi")
    assert refusal(asked) == "login.code"
    fresh = code_at(secret, small_door.house.clock.now_ms() + STEP_MS)
    assert small_door.sessions.sign_in("canbo", "mat-khau-moi", fresh)


def test_who_has_no_password_yet_has_no_calendar_that_anybody_could_work_out(small_door: Door) -> None:
    invited = small_door.invitations.add("mới", [(Role.HEAD, "x1-1")], by=OPERATOR).user
    feeds = Feeds(database=small_door.house.work)
    with pytest.raises(Refused):
        feeds.token(invited, "x1-1")
    mac = hmac.new(b"", f"calendar:{invited.id}:x1-1".encode(), hashlib.sha256).hexdigest()
    assert feeds.who(f"{invited.id}.{mac}", "x1-1") is None
    known = feeds.token(_owner(small_door), "x1-1")
    assert feeds.who(known, "x1-1") is not None


def test_nobody_invites_beyond_their_place(small_door: Door) -> None:
    commune = somebody(Role.ADMIN, "p04", "x10")
    for refused in (
        lambda: small_door.invitations.add("mới", [(Role.HEAD, "x1-1")], by=commune),
        lambda: small_door.invitations.renew("canbo", by=commune),
    ):
        with pytest.raises(Refused) as error:
            refused()
        assert refusal(error) == "right.none"


@pytest.mark.parametrize("how", ["own", "administrator", "invitation"])
def test_a_new_password_shuts_every_door_that_was_open(small_door: Door, how: str) -> None:
    session = small_door.sessions.sign_in("canbo", WORD)
    token = small_door.tokens.add("đài tỉnh", [], 30, by=session.user)
    link = small_door.invitations.renew("canbo", by=OPERATOR)
    if how == "own":
        small_door.sessions.change_password(by=session.user, old=WORD, new="mat-khau-moi")
    elif how == "administrator":
        small_door.users.set_password("canbo", "mat-khau-moi", by=OPERATOR)
    else:
        small_door.invitations.accept(link.token, "mat-khau-moi")
    assert small_door.sessions.who(session.token) is None
    assert small_door.tokens.who(token.secret) is None
    with pytest.raises(Refused):
        small_door.invitations.whose(link.token)
