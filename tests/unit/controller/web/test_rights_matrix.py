"""Every operation of the API x every role x the own commune and another one: the answers agree with the one table of rights.

An operation that nobody put into a table here fails the first test; one that is answered otherwise than `MAY` says, the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from controller.domain.rights import MAY, OPERATOR, Deed, Role
from controller.service.alarms import Raised, raise_alarms
from controller.service.users import Wanted
from controller.web.schemas import _rfc3339
from scheduler.clock import moment
from tests.unit.controller.web.conftest import NOW_MS, House, browser

API = "/api/v1"
OWN, FOREIGN = "x01654", "x01576"
WORD = "mot-mat-khau-dai"
LATER = _rfc3339(moment(NOW_MS) + timedelta(hours=30))


@dataclass(frozen=True)
class Place:
    """One commune with one of everything."""

    unit: str
    node: str
    bulletin: str
    sha256: str
    airing: str
    programme: str
    alarm: int
    user: str

    @property
    def village(self) -> str:
        return f"{self.unit}-1"

    @property
    def day(self) -> dict[str, Any]:
        return {
            "owner": self.unit,
            "units": [self.unit],
            "title": "Buổi sáng",
            "rule": {"first": "2026-11-23", "at": ["05:00"], "every": "day"},
            "segments": [{"take": "relay", "source": "VOV1", "length_ms": 60_000}],
        }


Asks = Callable[[httpx.Client, Place], httpx.Response]


def get(path: str) -> Asks:
    return lambda client, at: client.get(API + path.format(at=at))


def watch(path: str) -> Asks:
    def ask(client: httpx.Client, at: Place) -> httpx.Response:
        with client.stream("GET", API + path.format(at=at)) as answer:
            if answer.is_error:
                answer.read()
            return answer

    return ask


def send(method: str, path: str, body: Callable[[Place], dict[str, Any]] = lambda _: {}) -> Asks:
    return lambda client, at: client.request(method, API + path.format(at=at), json=body(at))


def upload(client: httpx.Client, at: Place) -> httpx.Response:
    form = {"title": "Họp thôn", "owner": at.unit, "to": at.village}
    return client.post(f"{API}/bulletins", files={"file": ("tin.mp3", b"sound")}, data=form)


def wish(at: Place) -> dict[str, Any]:
    return {"bulletin": at.bulletin, "to": [at.village], "at": LATER}


def rights(at: Place) -> list[dict[str, Any]]:
    return [{"role": "head", "unit": at.village}]


ANYBODY: frozenset[str] = frozenset(
    {
        "get /healthz",
        "post /session",
        "get /session",
        "delete /session",
        "put /session/password",
        "post /session/second",
        "put /session/second",
        "post /session/second/off",
        "get /sessions",
        "delete /sessions/{session}",
        "get /tokens",
        "post /tokens",
        "delete /tokens/{token}",
        "post /invitation",
        "get /version",
        "get /clock",
        "get /units",
        "get /airings",
        "get /today/events",
        "get /alarms",
        "get /users",
        "get /approvals",
        "get /policies",
        "get /special-places",
    }
)
"""What needs no right: it is one's own, harmless, or a list of what one may see (below)."""

WHOLE: dict[str, tuple[Deed, Asks]] = {
    "post /units/import": (Deed.UNIT_ADD, send("POST", "/units/import", lambda _: {"code": "01501"})),
    "post /clock/forgive": (Deed.CLOCK_FORGIVE, send("POST", "/clock/forgive")),
    "post /demo": (Deed.DEMO_MAKE, send("POST", "/demo")),
}
"""What concerns more than any commune."""

NEEDS: dict[str, tuple[Deed, Asks]] = {
    "get /units/{unit}/day": (Deed.SEE, get("/units/{at.unit}/day")),
    "get /units/{unit}/days": (Deed.SEE, get("/units/{at.unit}/days?first=2026-11-16&last=2026-11-22")),
    "get /units/{unit}/days/short": (Deed.SEE, get("/units/{at.unit}/days/short?first=2026-11-16&last=2026-11-22")),
    "post /units/{unit}/calendar": (Deed.SEE, send("POST", "/units/{at.unit}/calendar")),
    "get /units/{unit}/calendar.ics": (Deed.SEE, get("/units/{at.unit}/calendar.ics")),
    "get /nodes": (Deed.SEE, get("/nodes?unit={at.unit}")),
    "get /bulletins/{bulletin}": (Deed.SEE, get("/bulletins/{at.bulletin}")),
    "get /bulletins/{bulletin}/events": (Deed.SEE, watch("/bulletins/{at.bulletin}/events")),
    "get /airings/{airing}": (Deed.SEE, get("/airings/{at.airing}")),
    "get /airings/{airing}/events": (Deed.SEE, watch("/airings/{at.airing}/events")),
    "get /airings/{airing}/ledger.csv": (Deed.SEE, get("/airings/{at.airing}/ledger.csv")),
    "get /airings/{airing}/ledger.xlsx": (Deed.SEE, get("/airings/{at.airing}/ledger.xlsx")),
    "get /log.csv": (Deed.SEE, get("/log.csv?unit={at.unit}")),
    "get /log.xlsx": (Deed.SEE, get("/log.xlsx?unit={at.unit}")),
    "get /programmes": (Deed.SEE, get("/programmes?unit={at.unit}")),
    "get /programmes/{programme}": (Deed.SEE, get("/programmes/{at.programme}")),
    "get /policies/{unit}": (Deed.SEE, get("/policies/{at.unit}")),
    "get /policies/{unit}/effective": (Deed.SEE, get("/policies/{at.unit}/effective")),
    "get /trail": (Deed.TRAIL_SEE, get("/trail?unit={at.unit}")),
    "post /airings/preview": (Deed.AIRING_SAY, send("POST", "/airings/preview", wish)),
    "post /programmes/preview": (Deed.PROGRAMME_EDIT, send("POST", "/programmes/preview", lambda at: at.day)),
    "post /programmes/{programme}/preview": (
        Deed.PROGRAMME_EDIT,
        send("POST", "/programmes/{at.programme}/preview", lambda at: {"programme": at.day}),
    ),
    "post /policies/{unit}/preview": (Deed.POLICY_SET, send("POST", "/policies/{at.unit}/preview", lambda _: {"policy": {}})),
    "post /units": (Deed.UNIT_ADD, send("POST", "/units", lambda at: {"parent": at.unit, "name": "Thôn mới"})),
    "put /units/{unit}/held/{sha256}": (Deed.CLIP_HOLD, send("PUT", "/units/{at.unit}/held/{at.sha256}")),
    "delete /units/{unit}/held/{sha256}": (Deed.CLIP_HOLD, send("DELETE", "/units/{at.unit}/held/{at.sha256}")),
    "post /nodes": (Deed.NODE_ADD, send("POST", "/nodes", lambda at: {"village": at.village, "names": ["Mới"]})),
    "post /nodes/provision": (Deed.NODE_SET_UP, send("POST", "/nodes/provision", lambda at: {"unit": at.village})),
    "post /bulletins": (Deed.BULLETIN_RECEIVE, upload),
    "post /airings": (Deed.AIRING_SAY, send("POST", "/airings", wish)),
    "post /airings/{airing}/repeat": (Deed.AIRING_SAY, send("POST", "/airings/{at.airing}/repeat")),
    "put /airings/{airing}/order": (Deed.AIRING_ORDER, send("PUT", "/airings/{at.airing}/order", lambda _: {"order": -1})),
    "post /programmes": (Deed.PROGRAMME_EDIT, send("POST", "/programmes", lambda at: at.day)),
    "put /programmes/{programme}": (
        Deed.PROGRAMME_EDIT,
        send("PUT", "/programmes/{at.programme}", lambda at: {"version": 1, "programme": at.day}),
    ),
    "put /programmes/{programme}/order": (
        Deed.PROGRAMME_EDIT,
        send("PUT", "/programmes/{at.programme}/order", lambda _: {"order": 1}),
    ),
    "post /programmes/{programme}/pause": (
        Deed.PROGRAMME_EDIT,
        send("POST", "/programmes/{at.programme}/pause", lambda _: {"first": "2027-01-01", "last": "2027-01-02"}),
    ),
    "put /programmes/{programme}/skips/{day}": (Deed.PROGRAMME_EDIT, send("PUT", "/programmes/{at.programme}/skips/2027-02-01")),
    "put /programmes/{programme}/days/{day}": (
        Deed.PROGRAMME_EDIT,
        send("PUT", "/programmes/{at.programme}/days/2027-02-02", lambda _: {"at": "06:00"}),
    ),
    "post /programmes/{programme}/end": (Deed.PROGRAMME_EDIT, send("POST", "/programmes/{at.programme}/end")),
    "post /programmes/{programme}/reopen": (
        Deed.PROGRAMME_EDIT,
        send("POST", "/programmes/{at.programme}/reopen", lambda _: {"version": 1}),
    ),
    "put /policies/{unit}": (Deed.POLICY_SET, send("PUT", "/policies/{at.unit}", lambda _: {"version": 0, "policy": {}})),
    "delete /policies/{unit}": (Deed.POLICY_SET, send("DELETE", "/policies/{at.unit}?version=1")),
    "post /alarms/{alarm}/close": (Deed.ALARM_CLOSE, send("POST", "/alarms/{at.alarm}/close")),
    "post /users": (
        Deed.USER_EDIT,
        send("POST", "/users", lambda at: {"name": f"mới {at.unit}", "password": WORD, "grants": rights(at)}),
    ),
    "put /users/{of}/grants": (Deed.USER_EDIT, send("PUT", "/users/{at.user}/grants", lambda at: {"grants": rights(at)})),
    "put /users/{of}/password": (Deed.USER_EDIT, send("PUT", "/users/{at.user}/password", lambda _: {"password": WORD})),
    "post /users/{of}/invitation": (Deed.USER_EDIT, send("POST", "/users/{at.user}/invitation")),
    "delete /users/{of}/second": (Deed.USER_EDIT, send("DELETE", "/users/{at.user}/second")),
    "delete /users/{of}": (Deed.USER_EDIT, send("DELETE", "/users/{at.user}")),
    "get /bulletins/{bulletin}/preview": (Deed.BULLETIN_APPROVE, get("/bulletins/{at.bulletin}/preview")),
    "post /bulletins/{bulletin}/submit": (Deed.BULLETIN_SUBMIT, send("POST", "/bulletins/{at.bulletin}/submit")),
    "post /bulletins/{bulletin}/approve": (
        Deed.BULLETIN_APPROVE,
        send("POST", "/bulletins/{at.bulletin}/approve", lambda _: {"submitted": LATER}),
    ),
    "post /bulletins/{bulletin}/return": (
        Deed.BULLETIN_RETURN,
        send("POST", "/bulletins/{at.bulletin}/return", lambda _: {"note": "Nói rõ giờ họp"}),
    ),
    "post /bulletins/{bulletin}/withdraw": (Deed.BULLETIN_WITHDRAW, send("POST", "/bulletins/{at.bulletin}/withdraw")),
    "post /bulletins/{bulletin}/cancel": (Deed.BULLETIN_CANCEL, send("POST", "/bulletins/{at.bulletin}/cancel")),
    "post /airings/{airing}/cancel": (Deed.AIRING_CANCEL, send("POST", "/airings/{at.airing}/cancel")),
    "post /nodes/{node}/renew": (Deed.NODE_SET_UP, send("POST", "/nodes/{at.node}/renew")),
    "post /nodes/{node}/move": (Deed.NODE_MOVE, send("POST", "/nodes/{at.node}/move", lambda at: {"to": f"{at.unit}-2"})),
    "post /nodes/{node}/retire": (Deed.NODE_RETIRE, send("POST", "/nodes/{at.node}/retire")),
}
"""The deed that each operation is, and the operation in a commune; what takes things away comes last."""


@pytest.fixture
def places(house: House) -> tuple[Place, Place]:
    """The own commune and another one, alike."""
    return furnished(house, OWN), furnished(house, FOREIGN)


@pytest.fixture
def client(house: House) -> Iterator[httpx.Client]:
    with browser(house) as client:
        yield client


def furnished(house: House, commune: str) -> Place:
    services = house.services
    services.units.import_commune(commune.removeprefix("x"), by=OPERATOR)
    for name in ("Thôn Một", "Thôn Hai"):
        services.units.add(commune, name, by=OPERATOR)
    [node] = services.nodes.add(f"{commune}-1", ["Cụm 1"], by=OPERATOR)
    user = services.users.add(f"trưởng thôn {commune}", WORD, [(Role.HEAD, f"{commune}-1")], by=OPERATOR)
    with house.work.writing() as tx:
        raise_alarms(tx, [Raised(code="node.clone", node=node.id, at_ms=NOW_MS)])
    [alarm] = [view.alarm.id for view in services.alarms.list(by=OPERATOR) if view.alarm.node == node.id]
    with browser(house) as local:
        local.headers["Authorization"] = f"Bearer {services.local_token}"
        form = {"title": "Họp xã", "owner": commune}
        bulletin = local.post(f"{API}/bulletins", files={"file": ("a.mp3", commune.encode())}, data=form).json()["id"]
        house.prepare_all()
        clip = local.get(f"{API}/bulletins/{bulletin}").json()["clip"]["sha256"]
        at = Place(commune, node.id, bulletin, clip, "", "", alarm, user.id)
        said = local.post(f"{API}/airings", json=wish(at) | {"at": _rfc3339(moment(NOW_MS) + timedelta(hours=29))})
        made = local.post(f"{API}/programmes", json=at.day)
        assert (said.status_code, made.status_code) == (201, 201), (said.text, made.text)
    return Place(commune, node.id, bulletin, clip, said.json()["id"], made.json()["id"], alarm, user.id)


def become(house: House, client: httpx.Client, *grants: Wanted) -> None:
    house.services.users.add("ai đó", WORD, grants, by=OPERATOR)
    assert client.post(f"{API}/session", json={"name": "ai đó", "password": WORD}).status_code == 201


def is_refused(answer: httpx.Response) -> bool:
    assert answer.status_code not in (401, 405), answer.text
    assert answer.status_code < 500, answer.text
    if answer.status_code != 403:
        return False
    said = answer.json()
    assert said["code"] == "right.none"
    assert said["message_vi"].startswith("Tài khoản này không được ")
    return True


def test_every_operation_has_its_place_in_the_table(house: House, client: httpx.Client) -> None:
    document = client.get(f"{API}/openapi.json").json()
    known = {f"{method} {path.removeprefix(API)}" for path, methods in document["paths"].items() for method in methods}
    assert known == {*NEEDS, *WHOLE, *ANYBODY}


@pytest.mark.parametrize("role", Role)
def test_the_answers_of_a_role_agree_with_the_table(
    house: House, client: httpx.Client, places: tuple[Place, Place], role: Role
) -> None:
    own, foreign = places
    become(house, client, (role, OWN))
    wrong = []
    for name, (deed, ask) in NEEDS.items():
        if not is_refused(ask(client, foreign)):
            wrong.append(f"{name}, elsewhere")
        if is_refused(ask(client, own)) == (role in MAY[deed]):
            wrong.append(f"{name}, here")
    wrong += [name for name, (_, ask) in WHOLE.items() if not is_refused(ask(client, own))]
    assert wrong == []


def test_an_administrator_of_everything_is_refused_nothing(
    house: House, client: httpx.Client, places: tuple[Place, Place]
) -> None:
    become(house, client, (Role.ADMIN, None))
    asked = [(f"{name} {at.unit}", ask(client, at)) for at in places for name, (_, ask) in {**NEEDS, **WHOLE}.items()]
    assert [name for name, answer in asked if is_refused(answer)] == []


@pytest.mark.parametrize("role", Role)
def test_lists_show_what_is_within_reach_and_nothing_else(
    house: House, client: httpx.Client, places: tuple[Place, Place], role: Role
) -> None:
    own, foreign = places
    become(house, client, (role, OWN))
    for path in (
        "units",
        "airings",
        "alarms",
        "users",
        "policies",
        "nodes",
        "programmes",
        *(["trail"] if role in MAY[Deed.TRAIL_SEE] else []),
    ):
        answer = client.get(f"{API}/{path}")
        assert answer.status_code == 200, answer.text
        assert not any(each in answer.text for each in (FOREIGN, foreign.airing, foreign.programme)), path
    assert own.airing in client.get(f"{API}/airings").text
    assert [unit["id"] for unit in client.get(f"{API}/units").json()] == ["p04", OWN, f"{OWN}-1", f"{OWN}-2"]


def test_a_village_head_hears_of_the_communes_airing_in_the_own_village_only(
    house: House, client: httpx.Client, places: tuple[Place, Place]
) -> None:
    own, _ = places
    house.services.nodes.add(f"{OWN}-2", ["Cụm 2"], by=OPERATOR)
    with browser(house) as local:
        local.headers["Authorization"] = f"Bearer {house.services.local_token}"
        said = local.post(f"{API}/airings", json={"bulletin": own.bulletin, "to": [OWN]})
        assert said.json()["total"] == 2, said.text
    become(house, client, (Role.HEAD, own.village))
    ledger = client.get(f"{API}/airings/{said.json()['id']}").json()
    assert [village["village"] for village in ledger["villages"]] == [own.village]
    assert ledger["airing"]["total"] == 1
    assert {each["id"]: each["total"] for each in client.get(f"{API}/airings").json()}[ledger["airing"]["id"]] == 1
    assert is_refused(client.post(f"{API}/airings/{said.json()['id']}/cancel"))  # it is not theirs alone
    assert is_refused(client.post(f"{API}/airings", json={"bulletin": own.bulletin, "to": [OWN]}))
