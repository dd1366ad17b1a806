"""The API over real use cases: what is taken in, what is answered, and how each refusal reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from controller.service.alarms import Raised, raise_alarms
from tests.unit.controller.web.conftest import NOW_MS, House

SOUND = {"file": ("tin.mp3", b"sound" * 100, "audio/mpeg")}


@pytest.fixture
def village(officer: httpx.Client) -> str:
    """A commune with one village and two loudspeakers."""
    commune = officer.post("/api/v1/units/import", json={"code": "01654"}).json()["id"]
    unit: str = officer.post("/api/v1/units", json={"parent": commune, "name": "Pác Rằng"}).json()["id"]
    answer = officer.post("/api/v1/nodes", json={"village": unit, "names": ["Pác Rằng 1", "Pác Rằng 2"]})
    assert [node["name"] for node in answer.json()] == ["Pác Rằng 1", "Pác Rằng 2"]
    return unit


def send(client: httpx.Client, **fields: Any) -> Any:
    return client.post("/api/v1/bulletins", files=SOUND, data={"title": "Họp thôn"} | fields)


def test_a_bulletin_is_kept_before_the_answer_then_prepared_then_aired(officer: httpx.Client, house: House, village: str) -> None:
    answer = send(officer, to=[village])
    assert answer.status_code == 202, answer.text
    bulletin = answer.json()
    assert (bulletin["preparing"], bulletin["class"], bulletin["owner"]) == (True, "normal", village)
    house.prepare_all()
    done = officer.get(f"/api/v1/bulletins/{bulletin['id']}").json()
    assert (done["preparing"], done["error"]) == (False, None)
    ledger = officer.get(f"/api/v1/airings/{done['airing']}").json()
    assert ledger["airing"]["counts"] == {"planned": 2}
    assert [node["name"] for node in ledger["villages"][0]["nodes"]] == ["Pác Rằng 1", "Pác Rằng 2"]
    assert officer.get("/clips/" + done["clip"]["sha256"]).content == b"OggS" + b"sound" * 100


def test_a_time_needs_an_offset_and_comes_back_in_utc(officer: httpx.Client, house: House, village: str) -> None:
    assert send(officer, to=[village], at="2026-11-22T17:30:00").status_code == 422
    bulletin = send(officer, to=[village], at="2026-11-22T17:30:00+07:00").json()
    house.prepare_all()
    airing = officer.get(f"/api/v1/bulletins/{bulletin['id']}").json()["airing"]
    said = officer.get(f"/api/v1/airings/{airing}").json()["airing"]
    assert (said["start"], said["mode"]) == ("2026-11-22T10:30:00.000Z", "planned")


def test_a_bad_sound_is_told_in_both_languages(officer: httpx.Client, house: House, village: str) -> None:
    files = {"file": ("hỏng.mp3", b"bad", "audio/mpeg")}
    bulletin = officer.post("/api/v1/bulletins", files=files, data={"title": "x", "to": village}).json()
    house.prepare_all()
    error = officer.get(f"/api/v1/bulletins/{bulletin['id']}").json()["error"]
    assert error["code"] == "audio.truncated"
    assert "cắt giữa chừng" in error["message_vi"]
    assert "cut off" in error["message_en"]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"title": "  "}, 422, "bulletin.title-empty"),
        ({"title": "a" * 201}, 422, "request.invalid"),
        ({"class": "emergency"}, 422, "bulletin.emergency"),
        ({"class": "loud"}, 422, "request.invalid"),
        ({"to": ["nowhere"]}, 404, "unit.unknown"),
        ({"to": ["NO/WHERE"]}, 422, "request.invalid"),
        ({"lead_ms": "-1"}, 422, "request.invalid"),
        ({"colour": "red"}, 422, "request.invalid"),
        ({"title": ["a", "b"]}, 422, "request.invalid"),
    ],
)
def test_a_wrong_field_is_refused_by_name(
    officer: httpx.Client, village: str, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = send(officer, **({"to": [village]} | fields))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert problem["message_vi"]
    assert problem["message_en"]


def test_an_upload_that_is_refused_leaves_nothing(officer: httpx.Client, house: House) -> None:
    send(officer, to=["nowhere"])
    officer.post("/api/v1/bulletins", data={"title": "x"})
    assert list(house.services.uploads.iterdir()) == []


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{}", "application/json", 415, "upload.kind"),
        (b"", "multipart/form-data", 415, "upload.kind"),
        (b"--b\r\nrubbish", "multipart/form-data; boundary=b", 422, "upload.cut"),
        (b'--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--b--\r\n', None, 422, "upload.no-file"),
        (b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf', None, 422, "upload.cut"),
        (b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n', None, 422, "upload.field"),
        (b'--b\r\nContent-Disposition: form-data; name="t"\r\n\r\n' + b"x" * 200_000, None, 413, "request.too-big"),
    ],
)
def test_a_form_that_is_none(officer: httpx.Client, body: bytes, kind: str | None, status: int, code: str) -> None:
    headers = {"Content-Type": kind or "multipart/form-data; boundary=b"}
    answer = officer.post("/api/v1/bulletins", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_file_above_the_cap_is_refused_while_it_comes(officer: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.web.upload.MAX_FILE", 400)
    answer = send(officer)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload.too-big")


def test_said_again_stopped_and_listed(officer: httpx.Client, house: House, village: str) -> None:
    bulletin = send(officer).json()["id"]
    house.prepare_all()
    airing = officer.post("/api/v1/airings", json={"bulletin": bulletin, "to": [village]})
    assert airing.status_code == 201
    assert airing.json()["summary"]["vi"] == "Đã gửi tới 2 cụm loa, đang chờ trả lời."
    overlap = officer.post("/api/v1/airings", json={"bulletin": bulletin, "to": [village]})
    assert (overlap.status_code, overlap.json()["code"]) == (409, "airing.overlap")
    assert "Pác Rằng" in overlap.json()["message_vi"]
    stopped = officer.post(f"/api/v1/airings/{airing.json()['id']}/cancel").json()
    assert stopped["summary"]["vi"] == "Đang dừng; có thể vẫn phát: Pác Rằng 1, Pác Rằng 2."
    assert [each["id"] for each in officer.get("/api/v1/airings").json()] == [airing.json()["id"]]


def test_clips_are_held_and_released(officer: httpx.Client, house: House, village: str) -> None:
    bulletin = send(officer).json()["id"]
    house.prepare_all()
    sha256 = officer.get(f"/api/v1/bulletins/{bulletin}").json()["clip"]["sha256"]
    assert officer.put(f"/api/v1/units/{village}/held/{sha256}").status_code == 204
    assert officer.delete(f"/api/v1/units/{village}/held/{sha256}").status_code == 204
    assert officer.put(f"/api/v1/units/{village}/held/{'0' * 64}").json()["code"] == "clip.unknown"


def test_nodes_are_shown_and_provisioned(officer: httpx.Client, village: str) -> None:
    [first, _] = officer.get("/api/v1/nodes", params={"unit": village}).json()
    assert first["online"] is False
    assert first["seen"] is None
    given = officer.post("/api/v1/nodes/provision", json={"unit": village}).json()
    assert {each["node"] for each in given} == {f"{village}-l1", f"{village}-l2"}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/api/v1/airings/none", "airing.unknown"),
        ("GET", "/api/v1/airings/none/events", "airing.unknown"),
        ("GET", "/api/v1/bulletins/none", "bulletin.unknown"),
        ("GET", "/api/v1/bulletins/none/events", "bulletin.unknown"),
        ("GET", "/api/v1/nowhere", "request.not-found"),
        ("DELETE", "/api/v1/airings", "request.method"),
        ("GET", "/api/v1/airings/NO!", "request.invalid"),
    ],
)
def test_what_is_not_there_says_so(officer: httpx.Client, method: str, path: str, code: str) -> None:
    assert officer.request(method, path).json()["code"] == code


def test_an_error_of_ours_is_one_sentence_not_a_trace(
    officer: httpx.Client, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.services.reports), "recent", lambda *_: 1 / 0)
    answer = officer.get("/api/v1/airings")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")


def test_the_document_of_the_api_names_every_answer(officer: httpx.Client) -> None:
    document = officer.get("/api/v1/openapi.json").json()
    operations = {(path, method): op for path, methods in document["paths"].items() for method, op in methods.items()}
    assert ("/api/v1/airings/{airing}/events", "get") in operations
    for (path, _), operation in operations.items():
        if path.startswith("/api/"):
            [said] = operation["responses"]["422"]["content"].values()
            assert said["schema"]["$ref"].endswith("/Problem")
    form = operations["/api/v1/bulletins", "post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert set(form) >= {"file", "title", "class", "language", "owner", "to", "at", "lead_ms", "grace_ms"}


def test_the_demo_is_made_once(officer: httpx.Client, tmp_path: Path) -> None:
    first, second = (officer.post("/api/v1/demo").json() for _ in range(2))
    assert first == second
    assert first["nodes"] == 40


# ── moved, retired, renewed ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_node_is_moved_retired_and_renewed(officer: httpx.Client, village: str) -> None:
    other = officer.post("/api/v1/units", json={"parent": "x01654", "name": "Khào A"}).json()["id"]
    node = f"{village}-l1"
    moved = officer.post(f"/api/v1/nodes/{node}/move", json={"to": other}).json()
    assert (moved["village"], moved["village_name"]) == (other, "Khào A")
    again = officer.post(f"/api/v1/nodes/{node}/move", json={"to": other})
    assert (again.status_code, again.json()["code"]) == (409, "node.stands-there")
    assert "Khào A" in again.json()["message_vi"]
    assert officer.post(f"/api/v1/nodes/{node}/retire").json()["node"] == node
    gone = officer.post(f"/api/v1/nodes/{node}/move", json={"to": village})
    assert (gone.status_code, gone.json()["code"]) == (422, "node.retired")
    given = officer.post(f"/api/v1/nodes/{node}/renew").json()
    assert (given["node"], given["generation"]) == (node, 2)
    assert [each["id"] for each in officer.get("/api/v1/nodes", params={"unit": other}).json()] == [node]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/nodes/nobody/move", {"to": "x01654-1"}, 404, "node.unknown"),
        ("/nodes/nobody/move", {}, 422, "request.invalid"),
        ("/nodes/nobody/retire", {}, 404, "node.unknown"),
        ("/nodes/nobody/renew", {}, 404, "node.unknown"),
        ("/alarms/7/close", {}, 404, "alarm.unknown"),
        ("/alarms/0/close", {}, 422, "request.invalid"),
        ("/clock/forgive", {}, 422, "clock.right"),
    ],
)
def test_what_can_not_be_done_to_nodes_alarms_and_clock(
    officer: httpx.Client, path: str, body: dict[str, str], status: int, code: str
) -> None:
    answer = officer.post(f"/api/v1{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


# ── alarms and the clock ─────────────────────────────────────────────────────────────────────────────────────────────


def alarm(house: House, *raised: Raised) -> None:
    with house.work.writing() as tx:
        raise_alarms(tx, raised)


def test_an_alarm_is_listed_with_its_sentence_and_closed(officer: httpx.Client, house: House, village: str) -> None:
    node = f"{village}-l1"
    alarm(house, Raised(code="node.clone", node=node, at_ms=NOW_MS, detail={"seq": 12}))
    [told] = officer.get("/api/v1/alarms").json()
    assert (told["code"], told["node"], told["number"], told["detail"], told["closed"]) == (
        "node.clone",
        node,
        1,
        {"seq": 12},
        None,
    )
    assert told["message_vi"].startswith("Pác Rằng 1 (Pác Rằng): hai thiết bị")
    assert f"tienglang nodes renew {node}" in told["message_en"]
    closed = officer.post(f"/api/v1/alarms/{told['id']}/close").json()
    assert closed["closed"] is not None
    assert officer.get("/api/v1/alarms").json() == []
    assert officer.get("/api/v1/alarms", params={"all": True}).json() == [closed]


def test_an_alarm_nobody_wrote_a_sentence_for_is_shown_as_it_is(officer: httpx.Client, house: House) -> None:
    alarm(
        house,
        Raised(code="node.flux-low", node="gone", at_ms=NOW_MS),
        Raised(code="controller.other", node=None, at_ms=NOW_MS),
    )
    assert {told["message_vi"] for told in officer.get("/api/v1/alarms").json()} == {
        "gone: cụm loa báo “flux-low”.",
        "Cảnh báo “controller.other”.",
    }


def test_a_clock_that_is_behind_refuses_with_a_sentence_and_is_forgiven(
    officer: httpx.Client, house: House, village: str
) -> None:
    house.clock.step(-7_200_000)
    refused = officer.post(f"/api/v1/nodes/{village}-l1/renew")
    assert (refused.status_code, refused.json()["code"]) == (503, "clock.behind")
    assert "7200 giây" in refused.json()["message_vi"]
    assert officer.get("/api/v1/clock").json()["behind_ms"] == 7_200_000
    assert officer.post("/api/v1/clock/forgive").json()["behind_ms"] == 0
    assert officer.post(f"/api/v1/nodes/{village}-l1/renew").status_code == 200
    assert [told["code"] for told in officer.get("/api/v1/alarms").json()] == ["controller.clock-forgiven"]


def test_a_bulletin_that_is_sent_twice_under_one_name_is_one(officer: httpx.Client, house: House) -> None:
    officer.post("/api/v1/demo")
    form = {"title": "Họp", "text": "Kính thưa bà con", "draft": "0a1b-1", "to": "x01576-1", "from_ms": "500", "to_ms": "2500"}
    first = officer.post("/api/v1/bulletins", files={"file": ("a.webm", b"sound")}, data=form)
    again = officer.post("/api/v1/bulletins", files={"file": ("a.webm", b"sound")}, data=form)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["text"] == "Kính thưa bà con"
    assert again.json()["id"] == first.json()["id"]
    house.prepare_all()
    assert len(officer.get("/api/v1/airings").json()) == 1
    assert officer.post("/api/v1/bulletins", files={"file": ("a", b"s")}, data=form).json()["airing"] is not None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_ms": "2000", "to_ms": "2000"}, "bulletin.part"),
        ({"from_ms": "-1"}, "request.invalid"),
        ({"draft": "Có dấu"}, "request.invalid"),
        ({"text": "a" * 5001}, "bulletin.text-long"),
    ],
)
def test_a_part_a_name_or_a_text_that_is_none_is_refused(officer: httpx.Client, fields: dict[str, str], code: str) -> None:
    officer.post("/api/v1/demo")
    data = {"title": "Họp", "to": "x01576-1"} | fields
    answer = officer.post("/api/v1/bulletins", files={"file": ("a.webm", b"sound")}, data=data)
    assert answer.json()["code"] == code


def test_what_is_not_clear_keeps_its_sound_and_waits_for_a_person(officer: httpx.Client, house: House) -> None:
    officer.post("/api/v1/demo")
    send = {"files": {"file": ("a.webm", b"sound")}}
    officer.post("/api/v1/bulletins", data={"title": "Trước", "to": "x01576", "at": "2026-11-20T10:00:00+07:00"}, **send)
    house.prepare_all()
    wish = {"to": "x01576-1", "at": "2026-11-20T10:00:00+07:00", "latest": "2026-11-20T11:00:00+07:00"}
    said = officer.post("/api/v1/bulletins", data={"title": "Sau", "if_clear": "true", **wish}, **send).json()
    house.prepare_all()
    said = officer.get(f"/api/v1/bulletins/{said['id']}").json()
    assert (said["error"]["code"], said["airing"], said["preparing"]) == ("airing.not-clear", None, False)
    asked = {"bulletin": said["id"], **wish, "to": [wish["to"]]}
    assert officer.post("/api/v1/airings", json=asked | {"if_clear": True}).json()["code"] == "airing.not-clear"
    preview = officer.post("/api/v1/airings/preview", json=asked).json()
    assert "later.taken" in {each["after"]["code"] for each in preview["groups"][0]["decisions"] if each["after"]}
    assert officer.post("/api/v1/airings", json=asked).status_code == 201
