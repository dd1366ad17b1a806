"""What the log and its sheets say, in Vietnamese and English; a part of `controller.web.words`."""

from __future__ import annotations

from controller.domain.airing import Klass
from controller.service.logbook import Stage
from controller.web.sentences import LANGUAGES, Language

WORDS: dict[str, tuple[str, str]] = {
    "log": ("Nhật ký", "Log"),
    "log-day": ("Ngày", "Day"),
    "log-month": ("Tháng", "Month"),
    "log-quarter": ("Quý", "Quarter"),
    "log-half": ("6 tháng", "Half-year"),
    "log-kinds": ("Xem theo", "Look by"),
    "log-before": ("Trước", "Before"),
    "log-after": ("Sau", "After"),
    "log-show": ("Xem", "Show"),
    "log-choose-day": ("Chọn ngày khác, lọc", "Another day, filter"),
    "log-choose-month": ("Chọn tháng khác, lọc", "Another month, filter"),
    "log-choose-quarter": ("Chọn quý khác, lọc", "Another quarter, filter"),
    "log-choose-half": ("Chọn 6 tháng khác, lọc", "Another half-year, filter"),
    "log-filter-off": ("Bỏ lọc", "Without filter"),
    "log-unit": ("Đơn vị", "Unit"),
    "log-unit-all": ("Tất cả", "All"),
    "log-class": ("Loại tin", "Class"),
    "log-class-all": ("Mọi loại", "Every class"),
    "log-result": ("Kết quả", "Result"),
    "log-result-all": ("Mọi kết quả", "Every result"),
    "log-result-short": ("Có nơi chưa nghe", "Not heard everywhere"),
    "log-result-cancelled": ("Đã dừng, đã huỷ", "Stopped or cancelled"),
    "log-text": ("Tên bản tin", "Title"),
    "log-text-hint": ("không cần dấu", "accents may be left out"),
    "log-by": ("Người phát: {name}", "Said by {name}"),
    "log-where": ("Ở {names}", "In {names}"),
    "log-more": ("và {number} nơi khác", "and {number} more places"),
    "log-heard": ("{good}/{total} cụm loa nghe được", "{good}/{total} loudspeakers heard it"),
    "log-programme": ("chương trình", "programme"),
    "log-server": ("máy chủ", "the server"),
    "log-gone": ("tài khoản đã xoá", "a removed account"),
    "log-csv": ("Tải CSV", "CSV file"),
    "log-xlsx": ("Tải Excel", "Excel file"),
    "log-page": ("Trang {page} / {pages}", "Page {page} of {pages}"),
    "log-newer": ("Mới hơn", "Newer"),
    "log-older": ("Cũ hơn", "Older"),
    "log-none": ("{period}: không có lượt phát nào.", "{period}: nothing was said."),
    "log-none-do": (
        "Bấm Trước để xem lại xa hơn, hoặc chọn Tháng để xem cả tháng.",
        "Press Before to look further back, or choose Month to see a whole month.",
    ),
    "log-none-filtered": (
        "Không có lượt phát nào như điều kiện lọc. Hãy bớt một điều kiện, hoặc chọn khoảng thời gian dài hơn.",
        "No airing is like that. Take one condition away, or choose a longer time.",
    ),
    "log-one": ("1 lượt phát", "1 airing"),
    "log-number": ("{number} lượt phát", "{number} airings"),
    "log-all-heard": ("mọi nơi đều nghe", "heard everywhere"),
    "log-short": ("{number} lượt có nơi chưa nghe", "{number} not heard everywhere"),
    "log-cancelled": ("{number} lượt đã dừng", "{number} stopped"),
    "log-open": ("{number} lượt chưa xong", "{number} not over yet"),
    "log-sums": ("Tổng hợp", "Summary"),
    "log-sum": ("Cộng", "Sum"),
    "log-villages": ("Các thôn nghe được bao nhiêu", "How much each village heard"),
    "log-reached": (
        "{reached} trên {total} thôn nghe được ít nhất một lượt phát ({share}).",
        "{reached} of {total} villages heard at least one airing ({share}).",
    ),
    "log-other-villages": ("{number} thôn khác", "{number} other villages"),
}

KLASSES: dict[str, tuple[str, str]] = {
    Klass.NORMAL: ("Thông thường", "Ordinary"),
    Klass.PRIORITY: ("Ưu tiên", "Priority"),
    Klass.EMERGENCY: ("Khẩn cấp", "Emergency"),
}

STAGES: dict[str, tuple[str, str]] = {
    Stage.WAITING: ("Chờ phát", "Waiting"),
    Stage.RUNNING: ("Đang phát", "On air"),
    Stage.DONE: ("Đã nghe đủ", "Heard everywhere"),
    "short": ("Có nơi chưa nghe", "Not heard everywhere"),
    Stage.CANCELLED: ("Đã dừng", "Stopped"),
}

HEADS: dict[str, tuple[str, str]] = {
    "airings": ("Lượt phát", "Airings"),
    "sums": ("Tổng hợp", "Summary"),
    "ledger": ("Kết quả phát", "Deliveries"),
    "start": ("Bắt đầu", "Start"),
    "title": ("Tên bản tin", "Title"),
    "class": ("Loại tin", "Class"),
    "by": ("Người phát", "Said by"),
    "where": ("Nơi phát", "Where"),
    "length": ("Thời lượng (giây)", "Length (s)"),
    "good": ("Cụm loa nghe được", "Loudspeakers that heard it"),
    "total": ("Tổng số cụm loa", "Loudspeakers"),
    "share": ("Tỉ lệ nghe được", "Share heard"),
    "state": ("Kết quả", "Result"),
    "id": ("Mã lượt phát", "Id"),
    "number": ("Số lượt phát", "Airings"),
    "cancelled": ("Đã dừng", "Stopped"),
    "open": ("Chưa xong", "Not over yet"),
    "short": ("Có nơi chưa nghe", "Not heard everywhere"),
    "minutes": ("Số phút phát", "Minutes of sound"),
    "commune": ("Xã", "Commune"),
    "village": ("Thôn", "Village"),
    "expected": ("Lượt phát có loa ở thôn", "Airings with a loudspeaker here"),
    "heard": ("Lượt phát thôn nghe được", "Airings heard here"),
    "node": ("Cụm loa", "Loudspeaker"),
    "node-id": ("Mã cụm loa", "Id of the loudspeaker"),
    "why": ("Lý do", "Reason"),
    "at": ("Thời điểm", "Time"),
    "heard-it": ("Đã nghe", "Heard it"),
    "yes": ("có", "yes"),
    "no": ("không", "no"),
    "by-class": ("Theo loại tin", "By class"),
    "by-unit": ("Theo đơn vị", "By unit"),
}
"""Headers of tables and sheets."""


def head(key: str, language: Language) -> str:
    """A header."""
    return HEADS[key][LANGUAGES.index(language)]


def klass(value: Klass, language: Language) -> str:
    """A class by its legal name."""
    return KLASSES[value][LANGUAGES.index(language)]


def who(by: str, name: str | None, language: Language) -> str:
    """Who said it: an account's name; the programme, the server or somebody who is no more."""
    key = {"scheduler": "log-programme", "local": "log-server"}.get(by, "log-gone")
    return name or WORDS[key][LANGUAGES.index(language)]
