from __future__ import annotations

from pathlib import Path

import pytest

from controller.config import FILE_NAME, is_loopback, load, may_listen
from controller.domain.errors import Refused
from controller.options import OPTIONS, hide, split_listen


def held(name: str, environ: dict[str, str], file: Path | None = None) -> tuple[str, str]:
    row = next(row for row in load(environ, file).held if row.name == name)
    return row.shown, row.origin


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_with_nothing_set_all_is_on_loopback_and_in_var(tmp_path: Path) -> None:
    settings = load({}).settings
    assert settings.home == tmp_path / "var"
    assert settings.address == ("127.0.0.1", 8080)
    assert settings.base_url == "http://127.0.0.1:8080"
    assert (settings.mqtt_url, settings.database_url, settings.demo, settings.lang) == (None, None, False, "vi")
    assert settings.api_file == tmp_path / "var" / "run" / "api.json"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('listen = "127.0.0.1:9000"\ncontroller_id = "cao-bang"\ndemo = true\n')
    environ = {"TIENGLANG_CONFIG": str(file), "TIENGLANG_CONTROLLER_ID": "ha-noi"}
    settings = load(environ).settings
    assert (settings.listen, settings.controller_id, settings.demo) == ("127.0.0.1:9000", "ha-noi", True)
    assert held("listen", environ) == ("127.0.0.1:9000", str(file))
    assert held("controller_id", environ) == ("ha-noi", "TIENGLANG_CONTROLLER_ID")
    assert held("log", environ) == ("info", "default")
    assert held("base_url", environ) == ("http://127.0.0.1:9000", "listen")


def test_the_file_in_the_home_is_read_without_being_named(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    (tmp_path / "h" / FILE_NAME).write_text('log = "debug"\n')
    assert load({"TIENGLANG_HOME": "h"}).settings.log == "debug"
    assert load({"TIENGLANG_HOME": "elsewhere"}).settings.log == "info"
    assert load({"TIENGLANG_HOME": "elsewhere"}, home=tmp_path / "h").settings.log == "debug"


def test_a_home_in_a_named_file_is_beside_the_file_and_in_the_homes_own_file_makes_no_sense(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / FILE_NAME
    file.write_text('home = "data"\n')
    assert load({}, file).settings.home == tmp_path / "etc" / "data"
    with pytest.raises(Refused) as caught:
        load({"TIENGLANG_HOME": str(tmp_path / "etc")})
    assert (caught.value.code, caught.value.fields["reason"]) == ("config.bad-value", "home-in-home")


@pytest.mark.parametrize(
    ("environ", "file", "name", "nearest"),
    [
        ({"TIENGLANG_LISTN": "x"}, "", "TIENGLANG_LISTN", "TIENGLANG_LISTEN"),
        ({"TIENGLANG_MQTTURL": ""}, "", "TIENGLANG_MQTTURL", "TIENGLANG_MQTT_URL"),
        ({"TIENGLANG_CONFIGS": ""}, "", "TIENGLANG_CONFIGS", "TIENGLANG_CONFIG"),
        ({}, 'databse_url = "sqlite:///x"', "databse_url", "database_url"),
        ({}, "[server]\nlisten = 1", "server", "listen"),
    ],
)
def test_a_typo_is_an_error_that_names_the_nearest_known_name(
    environ: dict[str, str], file: str, name: str, nearest: str, tmp_path: Path
) -> None:
    (tmp_path / "t.toml").write_text(file)
    with pytest.raises(Refused) as caught:
        load(environ, tmp_path / "t.toml")
    assert caught.value.code == "config.unknown"
    assert caught.value.fields["name"] == name
    assert not file.startswith("d") or caught.value.fields["nearest"] == nearest
    assert not environ or caught.value.fields["nearest"] == nearest


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("listen", "8080", "host-port"),
        ("listen", "0.0.0.0:99999", "host-port"),
        ("listen", "::1:80", "host-port"),
        ("base_url", "ftp://x", "http-url"),
        ("base_url", "http://u@x", "http-url"),
        ("base_url", "http://x:port", "http-url"),
        ("mqtt_url", "tcp://x", "mqtt-url"),
        ("mqtt_url", "mqtt://x:1883?ca=/x", "mqtt-url"),
        ("mqtt_url", "mqtts://x/?cert=/x", "mqtt-url"),
        ("database_url", "mysql://x", "database-url"),
        ("controller_id", "Tiếng Làng", "id"),
        ("demo", "maybe", "flag"),
        ("lang", "fr", "choice"),
        ("log", "DEBUG", "choice"),
        ("home", "x" * 3000, "too-long"),
    ],
)
def test_a_value_that_can_not_mean_anything_is_refused(name: str, text: str, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        load({f"TIENGLANG_{name.upper()}": text})
    assert caught.value.code == "config.bad-value"
    assert (caught.value.fields["name"], caught.value.fields["reason"]) == (name, reason)


@pytest.mark.parametrize("text", ["listen = 8080", "demo = 1", 'demo = "true"', 'lang = ["vi"]', "home = true"])
def test_a_value_of_the_wrong_type_in_the_file_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(text)
    with pytest.raises(Refused) as caught:
        load({}, tmp_path / "t.toml")
    assert (caught.value.code, caught.value.fields["origin"]) == ("config.bad-value", str(tmp_path / "t.toml"))


@pytest.mark.parametrize("text", [b"\xff", b"listen = ", b"#" * 70_000, None])
def test_a_file_that_can_not_be_read_is_refused_by_name(text: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(Refused) as caught:
        load({"TIENGLANG_CONFIG": str(path)})
    assert (caught.value.code, caught.value.fields["path"]) == ("config.no-file", str(path))


@pytest.mark.parametrize("url", ["mqtt://u:s3cret@h:99", "mqtts://u:s3%40cret@h/?ca=/etc/ca.pem"])
def test_passwords_inside_urls_are_never_shown(url: str) -> None:
    shown, _ = held("mqtt_url", {"TIENGLANG_MQTT_URL": url})
    assert "cret" not in shown
    assert shown.startswith(url[: url.index("s3")] + "***@h")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:pa@ss@h/db",
        "postgresql+psycopg://u:pass@h/db?password=pass",
        "postgresql:///db?user=u&password=pass&sslmode=require",
        "x://:pass@h",
    ],
)
def test_hide_leaves_no_password(text: str) -> None:
    assert "pass@" not in hide(text)
    assert "pass" not in hide(text).replace("password", "")
    assert "ss@" not in hide(text)


def test_a_bad_url_with_a_password_is_refused_without_telling_it() -> None:
    with pytest.raises(Refused) as caught:
        load({"TIENGLANG_MQTT_URL": "mqtt://u:s3cret@:1"})
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("listen", ["127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080", "localhost:80"])
def test_demo_accounts_may_be_served_to_this_machine(listen: str) -> None:
    may_listen(listen, has_demo_accounts=True)


@pytest.mark.parametrize("listen", ["0.0.0.0:8080", "[::]:8080", "10.0.0.7:80", "xa-phuc-sen.example:80", "localhost.example:80"])
def test_and_to_nobody_else(listen: str) -> None:
    may_listen(listen, has_demo_accounts=False)
    with pytest.raises(Refused) as caught:
        may_listen(listen, has_demo_accounts=True)
    assert caught.value.code == "config.listen-wide"


def test_to_listen_everywhere_one_must_say_how_loudspeakers_reach_us() -> None:
    with pytest.raises(Refused) as caught:
        load({"TIENGLANG_LISTEN": "0.0.0.0:80"})
    assert caught.value.code == "config.base-url-needed"
    both = {"TIENGLANG_LISTEN": "0.0.0.0:80", "TIENGLANG_BASE_URL": "https://loa.example.vn/"}
    assert load(both).settings.base_url == "https://loa.example.vn"


def test_an_empty_variable_is_not_set() -> None:
    assert load({"TIENGLANG_LISTEN": "", "TIENGLANG_MQTT_URL": "", "TIENGLANG_CONFIG": ""}).settings.listen == "127.0.0.1:8080"


def test_every_option_is_explained_in_both_languages_and_its_default_passes_its_own_check() -> None:
    for option in OPTIONS:
        assert option.vi
        assert option.en
        if option.default is not None:
            text = str(option.default).lower() if option.flag else str(option.default)
            assert str(option.read_text(text, "default")) in (str(option.default), str(Path(str(option.default))))


def test_hosts_and_ports_are_told_apart() -> None:
    assert split_listen("[::1]:0") == ("::1", 0)
    assert split_listen("localhost:8080") == ("localhost", 8080)
    assert not is_loopback("example.vn")


def test_for_how_long_things_are_kept_is_a_number_of_days(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("keep_receipts_days = 40\n")
    settings = load({"TIENGLANG_CONFIG": str(file), "TIENGLANG_KEEP_CLIPS_DAYS": "3"}).settings
    assert (settings.keep.receipts, settings.keep.clips, settings.keep.airings) == (40, 3, 800)
    for bad in ("0", "-1", "36501", "1.5", "forty"):
        with pytest.raises(Refused) as caught:
            load({"TIENGLANG_KEEP_LETTERS_DAYS": bad})
        assert caught.value.fields["reason"] == "days"
    for name, raw in (("keep_clips_days", "2"), ("keep_letters_days", '"7"'), ("keep_letters_days", "true")):
        file.write_text(f"{name} = {raw}\n")
        with pytest.raises(Refused):
            load({}, file)
