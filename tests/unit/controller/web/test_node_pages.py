"""The technician's pages: silent loudspeakers first, cut to one's reach, and what can be done about one, once."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from controller import places
from controller.domain.delivery import Evidence, State
from controller.domain.errors import Refused
from controller.domain.rights import OPERATOR, Role
from controller.protocol.codec import encode
from controller.protocol.messages import Health
from controller.service.alarms import Raised, raise_alarms
from controller.service.ports import Delivery, Status
from controller.web.node_pages import numbered
from tests.unit.controller.web.conftest import NOW_MS, PASSWORD, House, browser

HOUR_MS = 3_600_000
HTML = {"Accept": "text/html"}
NODE = "x01576-3-l2"  # Lũng Vài 2


def status(node: str, *, online: bool = True, seen_ms: int = NOW_MS, u: int = 40, version: int = 0) -> Status:
    return Status(
        node=node, life="00000000000000aa", boot=1, connection=1, counter=1, online=online, seen_ms=seen_ms,
        clock_u_ms=u, trust=version, config=version, plan=version,
    )  # fmt: skip


def health(node: str, **more: int) -> str:
    said = Health(node=node, generation=1, life="00000000000000aa", t=NOW_MS - HOUR_MS, u=40, uptime_s=200_000, **more)
    return encode(said).decode()


@pytest.fixture
def demo(house: House) -> House:
    """Forty loudspeakers on line, but Lũng Vài 2 (silent for three hours) and Khào A 1 (for two)."""
    house.services.make_demo(OPERATOR)
    every = [view.node.id for view in house.services.nodes.list(by=OPERATOR)]
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status(node) for node in every])
        tx.nodes.set_health({NODE: (health(NODE, mains=0, battery=109), 40)}, NOW_MS)
        tx.nodes.set_statuses([status(NODE, online=False, seen_ms=NOW_MS - 3 * HOUR_MS)])
        tx.nodes.set_statuses([status("x01576-4-l1", seen_ms=NOW_MS - 2 * HOUR_MS)])
    return house


@pytest.fixture
def technician(demo: House) -> Iterator[httpx.Client]:
    """The technician of one of the two communes."""
    demo.services.users.add("thợ", PASSWORD, [(Role.TECHNICIAN, "x01576")], by=OPERATOR)
    with browser(demo) as client:
        client.post("/login", data={"name": "thợ", "password": PASSWORD})
        yield client


def headline(page: str) -> str:
    found = re.search(r'id="headline"[^>]*>([^<]+)<', page)
    assert found is not None, page
    return found[1].replace("\N{NO-BREAK SPACE}", " ")


def test_the_answer_comes_first_and_names_who_is_silent(technician: httpx.Client) -> None:
    page = technician.get("/nodes").text
    assert headline(page) == "20 trong 22 cụm loa đang nối mạng; im lặng: Khào A 1, Lũng Vài 2."
    first, second, other = page.index(">Khào A 1<"), page.index(">Lũng Vài 2<"), page.index(">Pác Rằng 1<")
    assert first < second < other
    assert "Im lặng từ 13:26, 3 giờ trước" in page or re.search(r"Im lặng từ \d\d:\d\d, 3 giờ trước", page)
    assert "Đã mất kết nối, mất điện lưới, ắc quy 10,9 V" in page
    assert "Vẫn nối mạng nhưng thôi không báo gì" in page
    assert "Silent since" in technician.get("/nodes?lang=en").text


def test_who_never_called_is_told_apart(house: House, officer: httpx.Client) -> None:
    assert "Chưa có cụm loa nào." in officer.get("/nodes").text
    house.services.make_demo(OPERATOR)
    assert headline(officer.get("/nodes").text).startswith("0 trong 40 cụm loa đang nối mạng; chưa nối mạng lần nào: ")
    page = officer.get("/nodes").text
    assert ('id="s-nodes-never"' in page, 'id="s-nodes-rest"' in page) == (True, False)
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status(view.node.id) for view in house.services.nodes.list(by=OPERATOR)])
    assert headline(officer.get("/nodes").text) == "Cả 40 cụm loa đang nối mạng."


def test_filters_and_search_are_in_the_address(technician: httpx.Client, demo: House) -> None:
    with demo.work.writing() as tx:
        raise_alarms(tx, [Raised(code="node.clock.moved", node="x01576-1-l1", at_ms=NOW_MS)])
        raise_alarms(tx, [Raised(code="node.strange", node="x01501-1-l1", at_ms=NOW_MS)])
    page = technician.get("/nodes?show=silent").text
    assert re.findall(r'href="/nodes/(x[^"]+)"', page) == ["x01576-4-l1", NODE]
    page = technician.get("/nodes?show=alarms").text
    assert re.findall(r'href="/nodes/(x[^"]+)"', page) == ["x01576-1-l1"]
    assert "Đồng hồ vừa bị chỉnh hơn một phút." in page
    assert len(re.findall(r'href="/nodes/(x[^"]+)"', technician.get("/nodes?show=all").text)) == 22
    found = technician.get("/nodes", params={"q": "lung vai 2"}).text
    assert re.findall(r'href="/nodes/(x[^"]+)"', found) == [NODE]
    assert "Không có cụm loa nào như vậy." in technician.get("/nodes?q=ban%20gioc").text  # of the other commune
    assert headline(technician.get("/nodes?unit=x01576-3").text) == "2 trong 3 cụm loa đang nối mạng; im lặng: Lũng Vài 2."
    assert technician.get("/nodes?show=%3Cb%3E&q=%3Cb%3E").text.count("<b>") == 0


def test_nobody_sees_or_touches_what_is_beyond_their_reach(technician: httpx.Client) -> None:
    theirs = "x01501-1-l1"
    assert "Bản Giốc" not in technician.get("/nodes?show=all").text
    assert technician.get("/nodes?unit=x01501").status_code == 403
    for path in (f"/nodes/{theirs}", f"/fragments/nodes/{theirs}"):
        assert (technician.get(path).status_code, technician.get(path).json()["code"]) == (403, "right.none")
    for deed in ("test", "move", "retire"):
        assert technician.post(f"/nodes/{theirs}/{deed}", data={"unit": "Khào A"}).status_code == 403, deed
    assert technician.get("/nodes/nobody", headers=HTML).status_code == 404
    away = technician.post(f"/nodes/{NODE}/move", data={"unit": "x01501-1"})
    assert (away.status_code, "Không có nơi nào tên" in away.text) == (422, True)


def test_who_only_looks_finds_no_button(demo: House) -> None:
    demo.services.users.add("trưởng thôn", PASSWORD, [(Role.HEAD, "x01576-3")], by=OPERATOR)
    with browser(demo) as client:
        assert client.get("/nodes").headers["location"] == "/login?after=/nodes"
        client.post("/login", data={"name": "trưởng thôn", "password": PASSWORD})
        assert headline(client.get("/nodes").text) == "2 trong 3 cụm loa đang nối mạng; im lặng: Lũng Vài 2."
        pages = client.get("/nodes").text + client.get(f"/nodes/{NODE}").text
        assert re.findall(r'method="post" action="([^"]+)"', pages) == ["/logout", "/logout"]
        assert client.post(f"/nodes/{NODE}/test").status_code == 403
        assert client.post("/nodes", data={"unit": "Lũng Vài", "name": "Mới"}).status_code == 403


def test_one_loudspeaker_is_told_whole(technician: httpx.Client, demo: House) -> None:
    with demo.work.writing() as tx:
        tx.nodes.set_statuses([status(NODE, u=-1)])
        tx.nodes.set_health(
            {NODE: (health(NODE, mains=2285, battery=126, signal=-107, temperature=415, disk_free=40_000_000, clips=12), -1)},
            NOW_MS,
        )
    page = technician.get(f"/nodes/{NODE}").text
    assert headline(page) == "Đang nối mạng"
    for said in ("228,5 V", "12,6 V", "−107 dBm, yếu", "41,5 °C", "40 MB, sắp đầy", ">12<", "2 ngày", "chưa chắc giờ", NODE):
        assert said in page, said
    assert "Lũng Vài</a> · Quảng Uyên" in page or "Quảng Uyên" in page
    assert "228.5 V" in technician.get(f"/nodes/{NODE}?lang=en").text


def test_versions_are_held_against_the_newest(technician: httpx.Client, demo: House) -> None:
    demo.services.nodes.move("x01576-1-l1", "x01576-3", by=OPERATOR)  # it and its new village have documents
    page = technician.get("/nodes/x01576-1-l1").text
    assert page.count("chưa có bản nào") >= 1
    with demo.work.writing() as tx:
        tx.nodes.set_statuses([status("x01576-1-l1", version=NOW_MS * 2)])
    page = technician.get("/nodes/x01576-1-l1").text
    assert "chưa có bản" not in page
    assert "đã có bản mới nhất" in page


def test_the_last_twenty_airings_are_told_newest_first(technician: httpx.Client, demo: House) -> None:
    with httpx.Client(base_url=technician.base_url, headers={"Authorization": f"Bearer {demo.services.local_token}"}) as desk:
        for number in range(22):
            form = {"title": f"Tin số {number}.", "to": "x01576-3"}
            desk.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data=form)
            demo.prepare_all()
            demo.clock.advance(120_000)
        newest = desk.get("/api/v1/airings").json()[0]["id"]
    with demo.work.writing() as tx:
        said = Delivery(
            airing=newest, node=NODE, village="x01576-3", state=State.FINISHED, why="", evidence=Evidence.SILENT, at_ms=NOW_MS
        )
        tx.deliveries.write([said])
    page = technician.get(f"/nodes/{NODE}").text
    assert re.findall(r"<strong>Tin số (\d+)\.", page) == [str(number) for number in range(21, 1, -1)]
    assert "Phát xong nhưng loa không kêu" in page


def test_an_alarm_is_closed_by_whoever_may(technician: httpx.Client, demo: House) -> None:
    with demo.work.writing() as tx:
        raise_alarms(tx, [Raised(code="node.clone", node=NODE, at_ms=NOW_MS), Raised(code="node.<b>", node=NODE, at_ms=NOW_MS)])
    page = technician.get(f"/nodes/{NODE}").text
    assert "Hai thiết bị dùng chung một khóa" in page
    assert "<b>" not in page
    for alarm in re.findall(r'action="(/nodes/[^"]+/close)"', page):
        assert technician.post(alarm).headers["location"] == f"/nodes/{NODE}#alarms"
    assert "Cảnh báo đang mở" not in technician.get(f"/nodes/{NODE}").text
    assert demo.services.trail.list(by=OPERATOR)[0].line.name == "thợ"
    gone = technician.post(f"/nodes/{NODE}/alarms/999/close")
    assert (gone.status_code, "Không có cảnh báo này." in gone.text) == (404, True)
    assert gone.text.index("Không có cảnh báo này.") < gone.text.index('id="live"')


def test_a_test_is_sent_once_and_followed_to_its_end(technician: httpx.Client, demo: House) -> None:
    at = f"/nodes/{NODE}"
    assert technician.post(f"{at}/test").headers["location"] == f"{at}#test"
    technician.post(f"{at}/test")  # a double click
    live = technician.get(f"/fragments{at}").text
    assert "Đã gửi lệnh, chờ cụm loa trả lời" in live
    assert 'data-busy="1"' in live
    with demo.work.writing() as tx:
        test = tx.sightings.newest_test(NODE)
        assert test is not None
        [delivery] = tx.deliveries.of_airing(test.id)

    def became(state: State, why: str = "", evidence: Evidence | None = None) -> str:
        said = Delivery(
            airing=delivery.airing, node=NODE, village=delivery.village, state=state, why=why, evidence=evidence, at_ms=NOW_MS
        )
        with demo.work.writing() as tx:
            tx.deliveries.write([said])
        return technician.get(f"/fragments{at}").text

    assert "Đang phát thử. Hãy lắng nghe." in became(State.STARTED)
    ended = became(State.REFUSED, "hours")
    assert "Từ chối phát" in ended
    assert "Ngoài giờ được phép phát." in ended
    assert 'data-busy="0"' in ended
    assert "Đã phát xong, có tiếng" in became(State.FINISHED, evidence=Evidence.HEARD)
    became(State.PUBLISHED)
    demo.clock.advance(60_000)
    assert "Cụm loa không trả lời." in technician.get(f"/fragments{at}").text
    assert "<strong>Phát thử</strong>" in technician.get(at).text  # in the list of what it played
    assert "Phát thử" not in technician.get("/").text


def test_what_can_not_be_tested_says_why_at_the_button(technician: httpx.Client, demo: House) -> None:
    with httpx.Client(base_url=technician.base_url, headers={"Authorization": f"Bearer {demo.services.local_token}"}) as desk:
        desk.post("/api/v1/bulletins", files={"file": ("a.mp3", b"sound")}, data={"title": "Họp", "to": "x01576-3"})
        demo.prepare_all()
        met = technician.post(f"/nodes/{NODE}/test")
        assert (met.status_code, "Lúc đó đã có lượt phát khác" in met.text) == (409, True)
        assert met.text.index("Lúc đó đã có lượt phát khác") < met.text.index('id="live"')  # else the next look takes it away
        quiet = {"hours": [{"from": "00:00", "to": "00:01", "days": [1]}]}
        desk.put("/api/v1/policies/x01576", json={"version": 1, "policy": quiet}).raise_for_status()
    refused = technician.post("/nodes/x01576-1-l1/test")
    assert (refused.status_code, "ngoài giờ được phát ở Pác Rằng" in refused.text) == (422, True), refused.text


def test_it_is_moved_to_a_village_that_was_typed_and_what_was_wrong_stays_typed(technician: httpx.Client, demo: House) -> None:
    at = f"/nodes/{NODE}"
    wrong = technician.post(f"{at}/move", data={"unit": "Khào"})
    assert (wrong.status_code, 'value="Khào"' in wrong.text, "Có nhiều nơi tên" in wrong.text) == (422, True, True), wrong.text
    same = technician.post(f"{at}/move", data={"unit": "Lũng Vài"})
    assert (same.status_code, "đứng ở Lũng Vài rồi" in same.text) == (409, True)
    assert technician.post(f"{at}/move", data={"unit": "khao a"}).headers["location"] == f"{at}?done=moved#move"
    assert "Đã chuyển." in technician.get(f"{at}?done=moved").text
    with demo.work.reading() as tx:
        moved = tx.nodes.get(NODE)
    assert moved is not None
    assert moved.village == "x01576-4"


def test_it_is_retired_by_a_second_button_and_says_how_to_come_back(technician: httpx.Client) -> None:
    at = f"/nodes/{NODE}"
    page = technician.get(at).text
    assert "Không hoàn tác được" in page
    assert "Ngừng dùng hẳn: Lũng Vài 2" in page
    assert technician.post(f"{at}/retire").status_code == 303
    page = technician.get(at).text
    assert "Cụm loa này đã ngừng dùng" in page
    assert f"tienglang nodes renew {NODE}" in page
    assert f"{at}/test" not in page
    assert f"{at}/retire" not in page
    assert NODE not in technician.get("/nodes?show=all").text
    assert "đã ngừng dùng" in technician.post(f"{at}/test").text


def test_loudspeakers_are_added_and_sending_it_twice_adds_nothing(technician: httpx.Client, demo: House) -> None:
    form = {"unit": "Lũng Vài", "name": "Lũng Vài", "number": "3-5"}
    for _ in range(2):
        assert technician.post("/nodes", data=form).headers["location"] == "/nodes?unit=x01576-3&added=x01576-3"
    assert "tienglang nodes provision --unit x01576-3" in technician.get("/nodes?unit=x01576-3&added=x01576-3").text
    assert "provision" not in technician.get("/nodes?added=%3Cb%3E").text
    assert len(demo.services.nodes.list("x01576-3", by=OPERATOR)) == 5
    wrong = technician.post("/nodes", data=form | {"number": "5-3"})
    assert (wrong.status_code, 'value="5-3"' in wrong.text, "Số thứ tự là một số" in wrong.text) == (422, True, True)
    other = technician.post("/nodes", data=form | {"unit": "Bản Giốc"})
    assert (other.status_code, "Không có nơi nào tên" in other.text) == (422, True)
    elsewhere = technician.post("/nodes", data=form, headers={"Origin": "https://evil.example"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "request.origin")


@pytest.mark.parametrize(
    ("number", "names"), [("", ["A b"]), (" 3 ", ["A b 3"]), ("1-2", ["A b 1", "A b 2"]), ("9 – 10", ["A b 9", "A b 10"])]
)
def test_names_are_numbered(number: str, names: list[str]) -> None:
    assert numbered(" A  b ", number) == names


@pytest.mark.parametrize("number", ["0", "3-1", "1-51", "x", "1-2-3", "١", "-1"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(Refused) as refused:
        numbered("A", number)
    assert refused.value.code == "node.number"


def test_names_are_shown_as_they_are(technician: httpx.Client, demo: House) -> None:
    evil = '</script><img src=x onerror="x">'
    [node] = demo.services.nodes.add("x01576-3", [evil], by=OPERATOR)
    for path in ("/nodes", "/nodes?show=all", "/nodes?q=img", f"/nodes/{node.id}", f"/fragments/nodes/{node.id}"):
        page = technician.get(path)
        assert (page.status_code, "<img src=x" in page.text) == (200, False), path


@pytest.fixture
def province(house: House, officer: httpx.Client) -> httpx.Client:
    """Fifty communes of five villages, with twenty loudspeakers each: five thousand, a tenth of them silent."""
    services = house.services
    for place in places.communes("04")[:50]:
        commune = services.units.import_commune(place.code, by=OPERATOR)
        for each in range(5):
            village = services.units.add(commune.id, f"Lũng {each} {commune.name}", by=OPERATOR)
            services.nodes.add(village.id, [f"Lũng {each} {number}" for number in range(1, 21)], by=OPERATOR)
    every = [view.node.id for view in services.nodes.list(by=OPERATOR)]
    assert len(every) == 5_000
    with house.work.writing() as tx:
        tx.nodes.set_statuses([status(node, online=number % 10 > 0) for number, node in enumerate(every)])
        tx.nodes.set_health({node: (health(node, mains=0, battery=100), 40) for node in every}, NOW_MS)
        raise_alarms(tx, [Raised(code="node.clock.moved", node=node, at_ms=NOW_MS) for node in every[5:500:5]])
    return officer


def test_five_thousand_are_a_small_page_and_a_quick_one(province: httpx.Client) -> None:
    for path in ("/nodes", "/nodes?show=silent", "/nodes?show=alarms", "/nodes?show=all", "/nodes?q=lung%203"):
        took = []
        for _ in range(4):
            began = time.perf_counter()
            page = province.get(path)
            took.append(time.perf_counter() - began)
        print(f"{path}: {min(took) * 1000:.0f} ms, {len(page.content) / 1000:.0f} kB")
        assert headline(page.text).startswith("4.500 trong 5.000 cụm loa đang nối mạng; im lặng: ")
        assert len(page.content) < 350_000, path
        assert min(took) < 0.6, path  # 0.2 s where nobody else computes
