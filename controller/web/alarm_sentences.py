"""What each alarm is called in front of a person, in Vietnamese and English, and what to do about it."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.service.alarms import AlarmView
from controller.web.sentences import LANGUAGES, Language, fill

ALARMS: dict[str, tuple[str, str]] = {
    "alarms.full": (
        "Có quá nhiều cảnh báo mở: {number} cảnh báo nữa không được ghi lại. Hãy xem và đóng bớt.",
        "Too many alarms are open: {number} more were not kept. See to some and close them.",
    ),
    "controller.clock": (
        "Đồng hồ máy chủ chậm {behind_s} giây so với lần ghi cuối: máy chủ không ký lệnh nào. Hãy chỉnh lại giờ của máy.",
        "The server's clock is {behind_s} s behind its last commit: nothing is signed. Set the machine's clock right.",
    ),
    "controller.clock-forgiven": (
        "Mốc giờ của máy chủ đã được lùi lại {behind_s} giây theo lệnh của người vận hành.",
        "The server's mark of time was set back by {behind_s} s, as an operator asked.",
    ),
    "node.alarms-full": (
        "{name}: báo quá nhiều loại lỗi ({number} lần nữa không được ghi riêng). Có thể thiết bị hỏng hoặc bị lấy cắp.",
        "{name}: it reports too many kinds of trouble ({number} more not kept apart). It may be broken, or stolen.",
    ),
    "node.clock.moved": (
        "{name}: đồng hồ vừa bị chỉnh hơn một phút.",
        "{name}: its clock was moved by more than a minute.",
    ),
    "node.clone": (
        "{name}: hai thiết bị dùng chung một khóa (bộ nhớ bị sao chép). Hãy xem tại chỗ, rồi: tienglang nodes renew {node}.",
        "{name}: two devices speak with one key (a copied memory). Look at the place, then: tienglang nodes renew {node}.",
    ),
    "node.memory.damaged": ("{name}: bộ nhớ bị hỏng một phần.", "{name}: its memory is damaged in part."),
    "node.memory.lost": (
        "{name}: một văn bản trong bộ nhớ không còn mở được; máy chủ gửi lại.",
        "{name}: a document in its memory no longer opens; it is sent again.",
    ),
    "node.memory.new": (
        "{name}: bộ nhớ trống như lúc mới lắp. Nếu không ai thay thiết bị thì nó đã bị xoá.",
        "{name}: its memory is empty as on the first day. Unless somebody replaced it, it was wiped.",
    ),
    "node.memory.rolled-back": (
        "{name}: bộ nhớ bị đưa về trạng thái cũ.",
        "{name}: its memory was set back to an older state.",
    ),
    "node.order.trust": (
        "{name}: nhận được lệnh ký bằng khóa không được phép phát ở đây.",
        "{name}: an order came under a key that may not say this there.",
    ),
    "node.plan.body": (
        "{name}: kế hoạch phát tải về không đúng với bản đã ký.",
        "{name}: the plan that it fetched is not the one that was signed.",
    ),
}

_REASON = ("{name}: cụm loa báo “{reason}”.", "{name}: it reports “{reason}”.")
_CODE = ("Cảnh báo “{code}”.", "Alarm “{code}”.")


def alarm_sentence(view: AlarmView, language: Language) -> str:
    """The sentence for an alarm; one whose code we don't know is shown as it is."""
    alarm = view.alarm
    known: dict[str, Any] = msgspec.json.decode(alarm.detail)
    place = f"{view.name} ({view.village})" if view.name else alarm.node
    fields = {**known, "name": place, "node": alarm.node, "number": alarm.number, "code": alarm.code}
    fields["reason"] = alarm.code.removeprefix("node.")
    pair = ALARMS.get(alarm.code) or (_REASON if alarm.node is not None else _CODE)
    return fill(pair[LANGUAGES.index(language)], fields)
