"""What roles and deeds are called in front of a person, in Vietnamese and English."""

from __future__ import annotations

from typing import Literal

from controller.domain.rights import Deed, Role

ROLES: dict[str, tuple[str, str]] = {
    Role.ADMIN: ("Quản trị", "Administrator"),
    Role.EDITOR: ("Cán bộ đài", "Radio officer"),
    Role.APPROVER: ("Người duyệt", "Approver"),
    Role.LEADER: ("Lãnh đạo", "Leader"),
    Role.HEAD: ("Trưởng thôn", "Village head"),
    Role.TECHNICIAN: ("Kỹ thuật viên", "Technician"),
    Role.AUDITOR: ("Người kiểm tra", "Auditor"),
    Role.EMERGENCY: ("Quyền phát khẩn cấp", "May call an emergency"),
}

DEEDS: dict[str, tuple[str, str]] = {
    Deed.SEE: ("xem", "look"),
    Deed.BULLETIN_RECEIVE: ("soạn bản tin", "make bulletins"),
    Deed.BULLETIN_CANCEL: ("bỏ bản tin", "give up bulletins"),
    Deed.BULLETIN_SUBMIT: ("gửi duyệt bản tin", "submit bulletins"),
    Deed.BULLETIN_WITHDRAW: ("rút bản tin chờ duyệt", "withdraw bulletins"),
    Deed.BULLETIN_APPROVE: ("duyệt bản tin", "approve bulletins"),
    Deed.BULLETIN_RETURN: ("trả lại bản tin", "return bulletins"),
    Deed.AIRING_SAY: ("phát bản tin", "say bulletins"),
    Deed.AIRING_CANCEL: ("dừng lượt phát", "stop airings"),
    Deed.AIRING_ORDER: ("đổi thứ tự phát", "change the order of airings"),
    Deed.PROGRAMME_EDIT: ("sửa chương trình", "edit programmes"),
    Deed.POLICY_SET: ("đặt quy định phát", "set the policy"),
    Deed.UNIT_ADD: ("thêm đơn vị", "add units"),
    Deed.CLIP_HOLD: ("giữ sẵn tệp phát ở cụm loa", "let loudspeakers keep a clip"),
    Deed.NODE_ADD: ("thêm cụm loa", "add loudspeakers"),
    Deed.NODE_MOVE: ("chuyển cụm loa", "move loudspeakers"),
    Deed.NODE_RETIRE: ("ngừng dùng cụm loa", "retire loudspeakers"),
    Deed.NODE_SET_UP: ("cài đặt cụm loa", "set up loudspeakers"),
    Deed.NODE_TEST: ("cho cụm loa phát thử", "let a loudspeaker play the test phrase"),
    Deed.ALARM_CLOSE: ("đóng cảnh báo", "close alarms"),
    Deed.CLOCK_FORGIVE: ("xác nhận đồng hồ máy chủ", "vouch for the server's clock"),
    Deed.USER_EDIT: ("sửa tài khoản", "edit accounts"),
    Deed.TRAIL_SEE: ("xem nhật ký thao tác", "read the trail"),
    Deed.DEMO_MAKE: ("tạo dữ liệu thử", "make the demo"),
}

OWN: dict[str, tuple[str, str]] = {
    "password.change": ("đổi mật khẩu của mình", "change their own password"),
    "second.on": ("bật đăng nhập hai bước", "turn the second step on"),
    "second.off": ("tắt đăng nhập hai bước", "turn the second step off"),
    "token.add": ("tạo mã truy cập", "make an access token"),
    "token.end": ("huỷ mã truy cập", "end an access token"),
    "invitation.accept": ("nhận lời mời", "take an invitation"),
}
"""What everybody does for themselves, and the trail tells."""


def deed_words(deed: str, language: Literal["vi", "en"]) -> str:
    """A deed in words; one that this program does not know any more, by its code."""
    pair = DEEDS.get(deed) or OWN.get(deed)
    return pair[language == "en"] if pair else deed
