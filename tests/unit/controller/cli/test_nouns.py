"""The other nouns of the command line: airings, nodes, units, keys, config, users."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from controller import keyfile
from tests.support.stub_api import UNITS, Server, airing, ledger, row, run


def test_airings_are_listed_shown_and_cancelled(home: Path, server: Server) -> None:
    server.on("GET", "/airings?limit=20", [airing(ended=False)])
    server.on("GET", "/airings/a1", ledger(row(2, "finished"), row(1, "cut", why="x"), ended=True))
    server.on("POST", "/airings/a1/cancel", airing(ended=False))
    assert run(home, "airings").stdout == "a1  22/11/2026 12:00:00  0/2  Họp thôn  Câu.\n"
    assert json.loads(run(home, "airings", "--json").stdout)[0]["id"] == "a1"
    shown = run(home, "airings", "show", "a1").stdout.splitlines()
    assert shown[1:] == [
        "Khào A  Khào A 1  dừng giữa chừng: x",
        "Khào A  Khào A 2  phát xong",
        "1/2 cụm loa · dừng giữa chừng 1",
        "Câu.",
    ]
    assert run(home, "airings", "show", "a1", "--wait").exit_code == 3
    assert "a1" in run(home, "airings", "cancel", "a1").stdout
    server.on("PUT", "/airings/a1/order", airing(ended=False))
    assert run(home, "airings", "order", "a1", "--", "-1").stdout == "Lượt phát a1 có thứ tự -1.\n"
    assert json.loads(server.body("PUT", "/airings/a1/order")) == {"order": -1}
    assert run(home, "airings", "show", "b2").exit_code == 4
    assert run(home, "airings", "dance").exit_code == 2


def test_nodes_are_listed_added_and_provisioned_into_a_private_file(home: Path, server: Server, tmp_path: Path) -> None:
    node = {"id": "n1", "name": "Khào A 1", "village": "x1-1", "village_name": "Khào A", "online": False, "seen": None}
    server.on("GET", "/nodes", [node, node | {"online": True, "seen": "2026-11-22T05:00:00.000Z"}])
    server.on("GET", "/nodes?unit=x1", [])
    server.on("POST", "/nodes", [node], status=201)
    server.on("POST", "/nodes/provision", [{"node": "n1", "key": "secret"}])
    assert run(home, "nodes").stdout.splitlines() == [
        "Khào A  Khào A 1  n1  chưa gọi về",
        "Khào A  Khào A 1  n1  đang nối     22/11/2026 12:00:00",
    ]
    assert run(home, "nodes", "--unit", "quang uyen", "--json").stdout == "[]\n"
    assert run(home, "nodes", "add", "--village", "khào a", "--name", "Loa", "--count", "3").exit_code == 0
    assert json.loads(server.body("POST", "/nodes")) == {"village": "x1-1", "names": ["Loa 1", "Loa 2", "Loa 3"]}
    assert run(home, "nodes", "add", "--village", "x1-1", "--name", "a", "--name", "b", "--count", "3").exit_code == 2
    file = tmp_path / "provision.json"
    file.write_text("old")
    assert run(home, "nodes", "provision", "--unit", "x1-1", "-o", str(file)).exit_code == 0
    assert json.loads(file.read_text()) == [{"node": "n1", "key": "secret"}]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(run(home, "nodes", "provision").stdout) == [{"node": "n1", "key": "secret"}]
    assert "[usage.write]" in run(home, "nodes", "provision", "-o", str(tmp_path / "no" / "where")).stderr


def test_a_node_is_moved_to_a_village_by_name(home: Path, server: Server) -> None:
    server.on("POST", "/nodes/n1/move", {"id": "n1", "name": "Cột 1", "village": "x1-1", "village_name": "Khào A"})
    assert run(home, "nodes", "move", "n1", "--to", "khao a").stdout == "Cột 1 (n1) nay đứng ở Khào A.\n"
    assert json.loads(server.body("POST", "/nodes/n1/move")) == {"to": "x1-1"}
    assert run(home, "nodes", "move", "n2", "--to", "x1-1").exit_code == 4


def test_retiring_and_renewing_ask_first(home: Path, server: Server, tmp_path: Path) -> None:
    server.on("POST", "/nodes/n1/retire", {"node": "n1", "retired": "2026-11-22T05:00:00.000Z"})
    server.on("POST", "/nodes/n1/renew", {"node": "n1", "generation": 2, "key": "secret"})
    for answer in ("", "n\n"):
        kept = run(home, "nodes", "retire", "n1", stdin=answer)
        assert (kept.exit_code, "[usage.not-confirmed]" in kept.stderr) == (2, True)
    assert run(home, "nodes", "renew", "n1").exit_code == 2
    assert server.asked == []
    assert "nodes renew n1" in run(home, "nodes", "retire", "n1", stdin="y\n").stdout
    file = tmp_path / "new.json"
    assert run(home, "nodes", "renew", "n1", "--yes", "-o", str(file)).exit_code == 0
    assert json.loads(file.read_text())[0]["generation"] == 2
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(run(home, "nodes", "renew", "n1", "--yes", "--json").stdout)[0]["key"] == "secret"


def test_alarms_are_listed_and_closed(home: Path, server: Server) -> None:
    alarm = {"id": 7, "number": 3, "last": "2026-11-22T05:00:00.000Z", "closed": None, "message_vi": "Câu.", "message_en": "One."}
    server.on("GET", "/alarms", [alarm])
    server.on("GET", "/alarms?all=true", [alarm | {"closed": "2026-11-22T06:00:00.000Z"}])
    server.on("POST", "/alarms/7/close", alarm)
    assert run(home, "alarms").stdout == "7  22/11/2026 12:00:00  ×3  Câu.\n"
    assert run(home, "alarms", "--all", "--english").stdout == "7  22/11/2026 12:00:00  ×3  One.  closed\n"
    assert run(home, "alarms", "close", "7").stdout == "Đã đóng cảnh báo 7.\n"
    server.on("GET", "/alarms", [])
    assert run(home, "alarms").stdout == "(chưa có gì)\n"


def test_the_clock_is_shown_and_forgiven_after_a_question(home: Path, server: Server) -> None:
    told = {"now": "2026-11-22T05:00:00.000Z", "last_commit": "2027-11-22T05:00:00.000Z", "behind_ms": 31_536_000_000}
    server.on("GET", "/clock", told)
    server.on("POST", "/clock/forgive", told | {"behind_ms": 0})
    shown = run(home, "clock").stdout.splitlines()
    assert shown[0] == "Giờ máy chủ 22/11/2026 12:00:00, lần ghi cuối 22/11/2027 12:00:00."
    assert (len(shown), "tienglang clock forgive" in shown[2]) == (3, True)
    asked = run(home, "clock", "forgive")
    assert (asked.exit_code, "22/11/2027 12:00:00" in asked.stderr) == (2, True)
    assert run(home, "clock", "forgive", "--yes").exit_code == 0
    server.on("GET", "/clock", told | {"behind_ms": 0})
    assert len(run(home, "clock").stdout.splitlines()) == 1


def test_units_are_shown_as_a_tree_imported_and_added(home: Path, server: Server) -> None:
    server.on("POST", "/units/import", UNITS[1], status=201)
    server.on("POST", "/units", UNITS[2], status=201)
    server.on("POST", "/demo", {"communes": ["x1"], "nodes": 40, "accounts": [{"name": "canbo", "password": "p"}]})
    assert run(home, "units").stdout.splitlines() == [
        "Cao Bằng         tỉnh  p04",
        "  Xã Quảng Uyên  xã    x1",
        "    Khào A       thôn  x1-1",
    ]
    assert run(home, "units", "import", "--commune", "dam thuy").exit_code == 0
    assert json.loads(server.body("POST", "/units/import")) == {"code": "01501"}
    server.asked.clear()
    assert run(home, "units", "import", "--province", "Cao Bằng").exit_code == 0
    codes = [json.loads(body)["code"] for _, path, body in server.asked if path == "/units/import"]
    assert len(codes) == len(set(codes)) > 40
    assert run(home, "units", "import").exit_code == 2
    assert run(home, "units", "add", "--under", "quang uyen", "Khào A").stdout == "Đã có đơn vị x1-1: Khào A.\n"
    assert "canbo / p" in run(home, "units", "demo").stdout


def test_keys_are_shown_without_their_secrets_and_the_root_goes_off(home: Path, tmp_path: Path) -> None:
    assert "[keys.none]" in run(home, "keys").stderr
    ring = keyfile.open_or_create(home, 1_795_323_600_000, os.urandom, "tienglang")
    shown = run(home, "keys")
    assert shown.exit_code == 0
    assert all(key.kid in shown.stdout for key in ring.keys.values())
    usb = tmp_path / "root.key"
    assert run(home, "keys", "take-root-off", "--to", str(usb)).exit_code == 0
    said = json.loads(run(home, "keys", "show", "--json").stdout)
    assert (said["root_here"], said["root"]) == (False, ring.root_text)
    assert usb.read_text().strip() not in shown.stdout
    again = run(home, "keys", "take-root-off", "--to", str(tmp_path / "b"))
    assert (again.exit_code, "[keys.root-off]" in again.stderr) == (4, True)


def test_config_tells_what_holds_and_hides_passwords(home: Path) -> None:
    result = run(home, "config", TIENGLANG_MQTT_URL="mqtts://me:s3cret@broker")
    assert result.exit_code == 0
    assert "mqtts://me:***@broker" in result.stdout
    assert "s3cret" not in result.stdout
    rows = {each["name"]: each for each in json.loads(run(home, "config", "--json").stdout)["settings"]}
    assert rows["home"] == {"name": "home", "variable": "TIENGLANG_HOME", "value": str(home), "origin": "TIENGLANG_HOME"}
    assert rows["listen"]["origin"] == "default"
    typo = run(home, "config", TIENGLANG_LISTN="x")
    assert (typo.exit_code, "TIENGLANG_LISTEN" in typo.stderr) == (2, True)


def test_users_are_added_and_changed_in_the_database_itself(home: Path) -> None:
    added = run(home, "users", "add", "Nông Văn An", "--role", "editor", "--role", "emergency", stdin="a-good-password\n")
    assert added.stdout == ("Đã thêm tài khoản nông văn an: Cán bộ đài (mọi nơi), Quyền phát khẩn cấp (mọi nơi).\n")
    twice = run(home, "users", "add", "nông văn an", "--role", "admin", stdin="a-good-password\n")
    assert (twice.exit_code, "[user.exists]" in twice.stderr) == (4, True)
    assert "[password.short]" in run(home, "users", "add", "b", "--role", "admin", stdin="x\n").stderr
    assert run(home, "users", "password", "Nông Văn An", stdin="another-password\n").exit_code == 0
    assert "[user.unknown]" in run(home, "users", "password", "b", stdin="another-password\n").stderr
    assert run(home, "users", "grant", "Nông Văn An", "--role", "leader").exit_code == 0
    assert json.loads(run(home, "users", "--json").stdout) == [
        {"name": "nông văn an", "demo": False, "grants": [{"role": "leader", "unit": None}]}
    ]
    assert run(home, "users").stdout == "nông văn an  Lãnh đạo (mọi nơi)\n"
    assert run(home, "users", "second-off", "nông văn an").exit_code == 0
    invited = json.loads(run(home, "users", "invite", "nông văn an", "--json").stdout)
    assert invited["url"].startswith("http://127.0.0.1:8080/invite#")
    assert run(home, "users", "invite", "mới", "--role", "head@x9").exit_code == 4
    assert invited["url"] not in run(home, "users", "invite", "mới", "--role", "auditor").stdout
    assert run(home, "users", "remove", "mới").exit_code == 0
    assert run(home, "users", "remove", "nông văn an").exit_code == 0
    assert run(home, "users").stdout == "(chưa có gì)\n"


def test_an_account_needs_a_role_that_there_is_in_a_place_that_there_is(home: Path) -> None:
    for roles, code, said in (
        ((), 2, "[usage.no-role]"),
        (("--role", "boss"), 2, "[usage.role]"),
        (("--role", "head@x9"), 4, "[unit.unknown]"),
    ):
        refused = run(home, "users", "add", "an", *roles, stdin="a-good-password\n")
        assert (refused.exit_code, said in refused.stderr) == (code, True)


def test_the_trail_is_listed_and_looked_at_and_an_edit_is_found(home: Path) -> None:
    assert run(home, "audit").stdout == "(chưa có gì)\n"
    assert run(home, "audit", "verify").stdout == "Nhật ký thao tác chưa có dòng nào.\n"
    for role in ("editor", "leader"):
        run(home, "users", "add", role, "--role", role, stdin="a-good-password\n")
    lines = run(home, "audit").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert "local  sửa tài khoản" in lines[0]
    assert json.loads(run(home, "audit", "list", "--limit", "1", "--json").stdout)[0]["detail"] == (
        '{"did":"add","grants":[["leader",""]]}'
    )
    whole = run(home, "audit", "verify")
    noted = whole.stdout.split()[-1]
    assert (whole.exit_code, noted.split(":")[0]) == (0, "2")
    assert run(home, "audit", "verify", "--expect", noted).exit_code == 0
    assert run(home, "audit", "verify", "--expect", "2").exit_code == 2
    with closing(sqlite3.connect(home / "tienglang.db")) as database, database:
        database.execute("DELETE FROM trail WHERE number = 2")
    assert run(home, "audit", "verify").exit_code == 0  # nobody can know that there was more
    cut = run(home, "audit", "verify", "--expect", noted)
    assert (cut.exit_code, "từ dòng 2 trở đi" in cut.stdout) == (3, True)
    with closing(sqlite3.connect(home / "tienglang.db")) as database, database:
        database.execute("UPDATE trail SET name = 'ai khác'")
    changed = run(home, "audit", "verify", "--json")
    assert (changed.exit_code, json.loads(changed.stdout)["broken"]) == (3, 1)


def test_every_command_explains_itself_in_both_languages(home: Path) -> None:
    for words in (
        [],
        ["say"],
        ["airings"],
        ["programmes"],
        ["programmes", "change"],
        ["policy"],
        ["policy", "set"],
        ["nodes"],
        ["units"],
        ["keys"],
        ["users"],
        ["users", "grant"],
        ["users", "invite"],
        ["audit"],
        ["audit", "verify"],
        ["nodes", "provision"],
        ["serve"],
        ["config"],
    ):
        result = run(home, *words, "--help")
        assert result.exit_code == 0
        assert " / " in result.stdout or "Each command" in result.stdout or "Say a sound" in result.stdout
