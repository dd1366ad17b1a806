"""What the pages say, in Vietnamese and English: the words of the field, nothing of the machine."""

from __future__ import annotations

from controller.domain.delivery import State
from controller.web import (
    airing_words,
    approval_words,
    calendar_words,
    compose_words,
    log_words,
    node_words,
    people_words,
    today_words,
)
from controller.web.sentences import LANGUAGES, WHY, Language

STATES: dict[str, tuple[str, str]] = {
    State.PLANNED: ("Chưa gửi", "Not sent yet"),
    State.PUBLISHED: ("Đã gửi, chờ trả lời", "Sent, no answer yet"),
    State.ACCEPTED: ("Đã nhận lệnh", "Order taken"),
    State.CACHED: ("Đã tải xong, chờ giờ phát", "Sound there, waiting for the time"),
    State.STARTED: ("Đang phát", "Playing"),
    State.FINISHED: ("Đã phát xong", "Played"),
    State.REFUSED: ("Từ chối phát", "Refused"),
    State.FAILED: ("Không phát được", "Failed"),
    State.MISSED: ("Lỡ giờ phát", "Missed its time"),
    State.CUT: ("Bị dừng giữa chừng", "Cut short"),
    State.CANCELLED: ("Đã huỷ, không phát", "Cancelled before it sounded"),
    State.CANCELLING: ("Đang dừng, chưa xác nhận", "Stopping, not confirmed"),
    State.UNKNOWN: ("Không có tin báo", "No word from it"),
    "heard": ("Đã phát xong, có tiếng", "Played, and heard"),
    "silent": ("Phát xong nhưng loa không kêu", "Played, but the horn was silent"),
}

WORDS: dict[str, tuple[str, str]] = {
    **approval_words.WORDS,
    **calendar_words.WORDS,
    **compose_words.WORDS,
    **node_words.WORDS,
    **people_words.WORDS,
    **airing_words.WORDS,
    **log_words.WORDS,
    **today_words.WORDS,
    "name": ("Tiếng Làng", "Tiếng Làng"),
    "motto": ("Nói một lần, cả làng nghe", "Said once, heard by the whole village"),
    "sign-in": ("Đăng nhập", "Sign in"),
    "sign-out": ("Đăng xuất", "Sign out"),
    "user-name": ("Tên đăng nhập", "Name"),
    "password": ("Mật khẩu", "Password"),
    "old-password": ("Mật khẩu hiện tại", "Present password"),
    "new-password": ("Mật khẩu mới", "New password"),
    "change-password": ("Đổi mật khẩu", "Change password"),
    "password-changed": ("Đã đổi mật khẩu.", "The password is changed."),
    "pages": ("Các trang", "Pages"),
    "today": ("Hôm nay", "Today"),
    "compose-short": ("Soạn tin", "Compose"),
    "back": ("Về trang chính", "Back"),
    "other-language": ("English", "Tiếng Việt"),
    "skip": ("Tới phần chính", "To the main part"),
    "compose": ("Bản tin mới", "New bulletin"),
    "recent": ("Các lượt phát gần đây", "Recent airings"),
    "no-airings": ("Chưa phát bản tin nào.", "Nothing was said yet."),
    "no-airings-do": (
        "Bấm Bản tin mới để ghi âm hoặc chọn tệp, rồi chọn nơi phát.",
        "Press “New bulletin” to record or choose a sound, then choose where it is said.",
    ),
    "airing": ("Lượt phát", "Airing"),
    "standby": ("Đây là máy dự phòng; máy đang trực:", "This controller stands by; the one that acts:"),
    "standby-since": ("từ", "since"),
    "standby-nobody": (
        "Lúc này chưa máy nào trực; máy này sẽ trực trong vài giây.",
        "No controller acts at this moment; this one will in some seconds.",
    ),
    "standby-tell": (
        "Việc làm ở đây vẫn có hiệu lực như ở máy đang trực.",
        "What is done here counts as it does there.",
    ),
    "open-alarm": ("cảnh báo mở", "open alarm"),
    "open-alarms": ("cảnh báo mở", "open alarms"),
    "see-alarms": ("Xem các cụm loa có cảnh báo", "See the loudspeakers with alarms"),
    "class-normal": ("Thông thường", "Ordinary"),
    "class-priority": ("Ưu tiên", "Priority"),
    "class-emergency": ("Khẩn cấp", "Emergency"),
    "legend": ("Chú giải", "Legend"),
    "stop": ("Dừng phát", "Stop"),
    "cancel": ("Huỷ lượt phát", "Cancel it"),
    "keep": ("Không, cứ phát", "No, let it sound"),
    "listen": ("Nghe lại", "Listen"),
    "close": ("Đóng", "Close"),
    "script-needed": ("Trang này cần JavaScript.", "This page needs JavaScript."),
    "waiting": ("Chờ phát", "Waiting"),
    "running": ("Đang phát", "On air"),
    "done": ("Đã xong", "Done"),
    "cancelled": ("Đã dừng", "Stopped"),
}

COMMON: dict[str, tuple[str, str]] = {
    "no-link": (
        "Không liên lạc được với máy chủ. Những gì đã điền vẫn còn; xin bấm lại.",
        "The server can't be reached. What you filled in is still here; press again.",
    ),
    "reconnecting": ("Mất liên lạc với máy chủ, đang nối lại…", "The link to the server is gone, coming back…"),
    "signed-out": (
        "Phiên làm việc đã hết. Đăng nhập lại ở thẻ mới rồi bấm lại; những gì đã điền vẫn còn.",
        "Your session is over. Sign in in a new tab and press again; what you filled in is still here.",
    ),
    "sign-in": ("Đăng nhập", "Sign in"),
}
"""What any page's modules say."""

LEDGER: dict[str, tuple[str, str]] = {
    "stop": ("Dừng phát", "Stop"),
    "cancel": ("Huỷ lượt phát", "Cancel it"),
    "stop-ask": ("Dừng phát ở {number} cụm loa?", "Stop it on {number} loudspeakers?"),
    "cancel-ask": ("Huỷ lượt phát này ở {number} cụm loa?", "Cancel it on {number} loudspeakers?"),
    "cancel-tell": (
        "Loa sẽ không phát bản tin này. Muốn phát thì phải gửi bản tin lần nữa.",
        "No loudspeaker will play it. To say it after all, send the bulletin again.",
    ),
    "stop-tell": (
        "Loa đang phát sẽ im ngay khi nhận lệnh. Muốn phát lại thì phải gửi bản tin lần nữa.",
        "Loudspeakers fall silent as the order reaches them. To say it again, send the bulletin again.",
    ),
    "at": ("lúc {time}", "at {time}"),
    "starts": ("Phát lúc {time}", "Starts at {time}"),
    "started": ("Phát lúc {time}", "Started at {time}"),
    "long": ("dài {length}", "{length} long"),
    "reason": ("Lý do", "Reason"),
    "step": ("Kết quả", "Step"),
    "time": ("Thời điểm", "Time"),
    "code": ("Mã cụm loa", "Id"),
}
"""What the modules of an airing's page say."""


def say(key: str, language: Language) -> str:
    """A word of a template; KeyError when there is none, so that a typo shows at once."""
    return WORDS[key][LANGUAGES.index(language)]


def for_script(language: Language, *tables: dict[str, tuple[str, str]], ledger: bool = False) -> dict[str, dict[str, str]]:
    """What a page's modules say: COMMON and `tables`; with `ledger` also what loudspeakers say, states and reasons."""
    at = LANGUAGES.index(language)
    told: dict[str, dict[str, tuple[str, str]]] = {"words": {}}
    for table in (COMMON, *tables, *((LEDGER,) if ledger else ())):
        told["words"] |= table
    if ledger:
        told |= {"states": STATES, "why": WHY}
    return {name: {str(key): pair[at] for key, pair in table.items()} for name, table in told.items()}
