"""What the command line says of programmes and policies, in Vietnamese and English; a part of `controller.cli.sentences`."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "usage.day": (
        "Không hiểu ngày “{text}”. Ví dụ: 24/12/2026, 2026-12-24.",
        "“{text}” is no day. Examples: 24/12/2026, 2026-12-24.",
    ),
    "usage.days": (
        "Không hiểu các ngày “{text}”. Ví dụ: 1-6 hoặc 1,3,5 (1 là thứ Hai).",
        "“{text}” are no days. Examples: 1-6 or 1,3,5 (1 is Monday).",
    ),
    "usage.programme-file": (
        "Tệp {path} không phải là một chương trình ({reason}). Xem mẫu trong docs/lenh.md.",
        "{path} holds no programme ({reason}). There is an example in docs/lenh.md.",
    ),
    "usage.version": (
        "Hãy cho biết đã sửa từ phiên bản nào: --version SỐ, hoặc lấy tệp từ `tienglang programmes show MÃ --json`.",
        "Say which version was looked at: --version N, or take the file from `tienglang programmes show ID --json`.",
    ),
    "usage.window": (
        "Không hiểu khung giờ “{text}”. Ví dụ: 05:00-21:00; mức âm lượng: 21:00-06:00=-15.",
        "“{text}” is no time window. Examples: 05:00-21:00; a ceiling: 21:00-06:00=-15.",
    ),
}

TEXTS: dict[str, tuple[str, str]] = {
    "difference": ("  {name}: nay là {now}; bạn muốn {yours}", "  {name}: it is {now}; you want {yours}"),
    "every-day": ("mỗi ngày ({interval})", "daily ({interval})"),
    "every-month": ("hằng tháng ({interval}) {days}", "monthly ({interval}) {days}"),
    "every-once": ("một lần", "once"),
    "every-week": ("hằng tuần ({interval}) {days}", "weekly ({interval}) {days}"),
    "every-year": ("hằng năm ({interval})", "yearly ({interval})"),
    "policy-ceiling": ("  {begin}-{end}: to nhất {gain} dB", "  {begin}-{end}: at most {gain} dB"),
    "policy-horizon": ("  lập kế hoạch trước {hours} giờ", "  planned {hours} h ahead"),
    "policy-free": ("  tự phát được: {role} ({limits})", "  says by itself: {role} ({limits})"),
    "policy-hours": ("  được phát {begin}-{end} ({days})", "  allowed {begin}-{end} ({days})"),
    "policy-item": ("  một bản tin dài nhất {minutes} phút", "  one sound: at most {minutes} min"),
    "policy-two": ("  còn lại phải có người thứ hai duyệt", "  all else needs a second person's yes"),
    "policy-yes": ("  còn lại phải được duyệt", "  all else needs a yes"),
    "policy-languages": ("  ngôn ngữ: {names}", "  languages: {names}"),
    "policy-of": ("Quy định phát ở {unit} (của: {by}).", "What binds {unit} (by: {by})."),
    "policy-places": ("  ở cạnh: {names}", "  beside: {names}"),
    "policy-removed": ("{unit} không còn quy định riêng.", "{unit} decides nothing any more."),
    "policy-session": ("  một buổi dài nhất {minutes} phút", "  one session: at most {minutes} min"),
    "policy-sessions": ("  nhiều nhất {number} buổi một ngày", "  at most {number} sessions a day"),
    "policy-set": (
        "Đã lưu quy định của {unit} (bản {version}); cụm loa đang được báo.",
        "The policy of {unit} is kept (version {version}); loudspeakers are being told.",
    ),
    "preview-all": (
        "Mọi thôn đều thay đổi: {changed} (xem đến {until}).",
        "Every village would change: {changed} (looked at until {until}).",
    ),
    "preview-kept": ("    ({number} mục khác như cũ)", "    (as before: {number} more)"),
    "preview-marks": ("Dấu -: như hiện nay. Dấu +: nếu lưu.", "-: as it is. +: as it would be."),
    "preview-none": (
        "Không có gì thay đổi ở {villages} thôn, xem đến {until}.",
        "Nothing would change in the villages ({villages}), looked at until {until}.",
    ),
    "preview-reason": ("  {mark} ! {at} {title} ({sounds}): {text}", "  {mark} ! {at} {title} ({sounds}): {text}"),
    "preview-same": ("    (vẫn phát như cũ)", "    (it sounds as before)"),
    "preview-save": (
        "Chưa lưu gì. Muốn lưu, chạy lại lệnh này mà không có --preview.",
        "Nothing is saved. To save it, run this again without --preview.",
    ),
    "preview-silent": ("  {mark} (không phát gì)", "  {mark} (silent)"),
    "preview-some": (
        "{changed} thôn thay đổi, {same} thôn không (xem đến {until}).",
        "Villages that would change: {changed}; that would not: {same} (looked at until {until}).",
    ),
    "programme-added": ("Đã thêm chương trình {id}: {title}.", "Programme {id} is added: {title}."),
    "programme-by": ("Bản {version}, {by} sửa lúc {at}.", "Version {version}, changed by {by} at {at}."),
    "programme-changed": (
        "Đã sửa chương trình {id}: {title} (bản {version}).",
        "Programme {id} is changed: {title} (version {version}).",
    ),
    "programme-end-ask": (
        "Kết thúc hẳn chương trình {programme}? Tạm nghỉ thì dùng pause.",
        "End the programme {programme} for good? For a break, use pause.",
    ),
    "programme-ended": ("Chương trình {id} đã kết thúc.", "Programme {id} has ended."),
    "programme-help": (
        "Thêm một chương trình: `tienglang programmes add TỆP`; tệp mẫu ở docs/lenh.md.",
        "Add a programme: `tienglang programmes add FILE`; docs/lenh.md shows such a file.",
    ),
    "programme-paused": (
        "“{title}” tạm ngừng từ {first} đến hết {last}.",
        "“{title}” is silent from {first} to {last}, both included.",
    ),
    "programme-segment": ("  {number}. {take}: {what}", "  {number}. {take}: {what}"),
    "programme-skipped": ("“{title}” nghỉ ngày {day}.", "“{title}” is silent on {day}."),
    "take-fresh": ("bản tin mới", "what is new"),
    "take-own": ("tin của thôn", "the village's own notices"),
    "take-pieces": ("bản tin", "bulletins"),
    "take-relay": ("tiếp âm", "relay"),
    "tonight-cut": ("bị cắt", "cut"),
    "tonight-day": ("{unit}, ngày {day}", "{unit}, {day}"),
    "tonight-emergency": ("khẩn cấp", "emergency"),
    "tonight-help": (
        "Muốn phát: `tienglang programmes add TỆP` (mẫu: docs/lenh.md) hoặc `tienglang say TỆP --to ĐƠN-VỊ --at 17h30`.",
        "To be heard: `tienglang programmes add FILE` (see docs/lenh.md) or `tienglang say FILE --to UNIT --at 17h30`.",
    ),
    "tonight-more": ("{names} và {number} thôn nữa", "{names} and {number} more"),
    "tonight-no-nodes": ("Chưa có cụm loa nào.", "No loudspeaker stands here yet."),
    "tonight-priority": ("ưu tiên", "priority"),
    "tonight-reason": ("  ! {title} ({sounds}): {text}", "  ! {title} ({sounds}): {text}"),
    "tonight-relay": ("tiếp âm", "relay"),
    "tonight-silent": ("  (không phát gì)", "  (silent)"),
    "tonight-villages": ("{number} thôn: {names}", "Villages ({number}): {names}"),
    "weekday-1": ("T2", "Mon"),
    "weekday-2": ("T3", "Tue"),
    "weekday-3": ("T4", "Wed"),
    "weekday-4": ("T5", "Thu"),
    "weekday-5": ("T6", "Fri"),
    "weekday-6": ("T7", "Sat"),
    "weekday-7": ("CN", "Sun"),
}
