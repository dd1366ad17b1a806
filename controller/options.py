"""The table of settings: each option's name, meaning, default, and how its text is read. `controller.config` merges them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from controller.domain.errors import Refused
from controller.domain.ids import ID
from controller.protocol.address import parse_broker

PREFIX = "TIENGLANG_"
ENV_CONFIG = PREFIX + "CONFIG"
"""Names the settings file; it is no option itself."""

Value = str | bool | int | Path | None

_MAX_TEXT = 2_000
"""Characters of one value: a database URL with certificates' paths fits ten times."""

MOST_DAYS = 36_500
"""A hundred years: for ever, in a number that no sum of moments overflows."""

LEAST_DAYS = {"clips": 3}
"""A loudspeaker may still be fetching the body of a plan that was good for two days."""

_PASSWORD = re.compile(r"(?<=://)([^/@\s:]*):\S*(?=@)")  # up to the last @: a password may hold any sign, even unescaped
_QUERY_PASSWORD = re.compile(r"(?i)([?&](?:password|sslpassword|passfile|token|secret)=)[^&\s]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One setting. `check` turns a text into the value, or raises ValueError with a reason's code (`cli.sentences` says it).

    `flag` options are true or false, `number` ones whole. A `secret` one is never shown; passwords inside URLs never are anyway.
    """

    name: str
    check: Callable[[str], Value]
    default: Value
    vi: str
    en: str
    secret: bool = False
    flag: bool = False
    number: bool = False

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    def read_text(self, text: str, origin: str) -> Value:
        """The value of a text from the environment; Refused("config.bad-value") if it has none."""
        try:
            if len(text) > _MAX_TEXT:
                raise ValueError("too-long")
            return self.check(text)
        except ValueError as error:
            raise self._bad(text, str(error), origin) from None

    def read_toml(self, raw: object, origin: str, folder: Path) -> Value:
        """The value of what a TOML file in `folder` says; Refused("config.bad-value") if its type or text is wrong."""
        if self.flag:
            if not isinstance(raw, bool):
                raise self._bad(raw, "flag", origin)
            return raw
        if self.number:
            if not isinstance(raw, int) or isinstance(raw, bool):
                raise self._bad(raw, "days", origin)
            return self.read_text(str(raw), origin)
        if not isinstance(raw, str):
            raise self._bad(raw, "text", origin)
        value = self.read_text(raw, origin)
        return folder / value if isinstance(value, Path) else value

    def _bad(self, value: object, reason: str, origin: str) -> Refused:
        shown = "***" if self.secret else hide(str(value))[:200]
        return Refused("config.bad-value", name=self.name, value=shown, reason=reason, origin=origin)


def hide(text: str) -> str:
    """`text` with the passwords inside URLs replaced by ***."""
    return _QUERY_PASSWORD.sub(r"\1***", _PASSWORD.sub(r"\1:***", text))


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT" or "[IPV6]:PORT"; ValueError if it is none. Port 0 is any free one."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError("host-port")
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host or not re.fullmatch(r"[A-Za-z0-9._-]+", host):
        raise ValueError("host-port")
    return host, int(port)


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _listen(text: str) -> str:
    split_listen(text)
    return text


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        _ = parts.port  # ValueError when it is no number
    except ValueError:
        raise ValueError("http-url") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("http-url")
    return text.rstrip("/")


def _mqtt_url(text: str) -> str:
    try:
        parse_broker(text)
    except ValueError:
        raise ValueError("mqtt-url") from None
    return text


def _database_url(text: str) -> str:
    scheme = text.partition(":")[0].partition("+")[0]
    if scheme not in ("sqlite", "postgresql") or "://" not in text:
        raise ValueError("database-url")
    return text


def _id(text: str) -> str:
    if not ID.fullmatch(text):
        raise ValueError("id")
    return text


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("flag")


def _one_of(*words: str) -> Callable[[str], Value]:
    def check(text: str) -> str:
        if text not in words:
            raise ValueError("choice")
        return text

    return check


def _kept(name: str, default: int, vi: str, en: str) -> Option:
    """For how many days something is kept."""

    def check(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not LEAST_DAYS.get(name, 1) <= int(text) <= MOST_DAYS:
            raise ValueError("days")
        return int(text)

    return Option(name=f"keep_{name}_days", check=check, default=default, number=True, vi=f"giữ {vi} bao nhiêu ngày", en=en)


OPTIONS: tuple[Option, ...] = (
    Option(
        name="home",
        check=_path,
        default="./var",
        vi="thư mục chứa mọi dữ liệu: tệp phát, khóa, cơ sở dữ liệu SQLite",
        en="the folder of all data: sounds, keys, the SQLite database",
    ),
    Option(
        name="files",
        check=_path,
        default=None,
        vi="thư mục chứa tệp phát và tệp tải lên; hai bộ điều khiển dùng chung một thư mục; mặc định là home",
        en="the folder of sounds and uploads, which two controllers share; the home unless told",
    ),
    Option(
        name="listen",
        check=_listen,
        default="127.0.0.1:8080",
        vi="địa chỉ và cổng của trang web và API",
        en="where the page and the API listen",
    ),
    Option(
        name="base_url",
        check=_http_url,
        default=None,
        vi="địa chỉ mà cụm loa dùng để tải tệp phát; mặc định là http:// và địa chỉ lắng nghe",
        en="how loudspeakers reach our HTTP to fetch sounds; http:// and `listen` unless told",
    ),
    Option(
        name="other_base_url",
        check=_http_url,
        default=None,
        vi="base_url của bộ điều khiển thứ hai, nếu có: cụm loa tải từ đó khi bộ này không trả lời",
        en="the second controller's base_url, if there is one: loudspeakers fetch there when this one does not answer",
    ),
    Option(
        name="mqtt_url",
        check=_mqtt_url,
        default=None,
        vi="máy chủ MQTT, mqtt:// hoặc mqtts://; để trống thì chạy máy chủ đi kèm",
        en="the MQTT broker, mqtt:// or mqtts://; empty starts the embedded one",
    ),
    Option(
        name="node_mqtt_url",
        check=_mqtt_url,
        default=None,
        vi="địa chỉ MQTT ghi vào cụm loa mới; mặc định như mqtt_url, bỏ tên và mật khẩu",
        en="the MQTT URL that new loudspeakers are given; `mqtt_url` without user and password unless told",
    ),
    Option(
        name="database_url",
        check=_database_url,
        default=None,
        vi="cơ sở dữ liệu, sqlite:/// hoặc postgresql://; để trống là SQLite trong thư mục dữ liệu",
        en="the database, sqlite:/// or postgresql://; empty is SQLite in the home",
    ),
    Option(
        name="controller_id",
        check=_id,
        default="tienglang",
        vi="tên của bộ điều khiển này trong các bản tin đã ký",
        en="this controller's name in what it signs",
    ),
    Option(
        name="demo",
        check=_flag,
        flag=True,
        default=False,
        vi="cho phép tạo dữ liệu và tài khoản dùng thử (chỉ khi nghe ở 127.0.0.1)",
        en="allow demo data and accounts (on loopback only)",
    ),
    Option(
        name="lang",
        check=_one_of("vi", "en"),
        default="vi",
        vi="ngôn ngữ của lệnh: vi hoặc en",
        en="the language of the command line: vi or en",
    ),
    Option(
        name="log",
        check=_one_of("debug", "info", "warning", "error"),
        default="info",
        vi="mức nhật ký: debug, info, warning, error",
        en="how much is logged: debug, info, warning, error",
    ),
    # Receipts are by far the most rows; a half-year's report can still be traced to each word, with some days to write it.
    _kept("receipts", 190, "biên nhận của cụm loa", "days to keep loudspeakers' receipts"),
    # Two years and the report on them: this year beside the last.
    _kept("airings", 800, "lượt phát, kết quả phát và bản tin", "days to keep airings, their results, and bulletins"),
    # Expired they do nothing; a technician may want to see within the week what was sent.
    _kept("letters", 7, "lệnh đã hết hạn", "days to keep orders that have expired"),
    # What a loudspeaker measured a month ago says nothing of today.
    _kept("health", 30, "số đo của cụm loa đã im lặng", "days to keep the telemetry of loudspeakers that fell silent"),
    # Sounds go when their last bulletin has gone; a month to notice a mistake.
    _kept("clips", 30, "tệp phát không còn ai dùng", "days to keep sounds that nothing names any more"),
    # Half an upload, left by a power cut: nobody was told that it was received.
    _kept("uploads", 1, "tệp tải lên dở dang", "days to keep unfinished uploads"),
)
