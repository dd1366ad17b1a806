"""What the refusal of a rule is called in front of a person, Vietnamese and English. For the edge only: it fills the fields."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "rule.empty": ("Lịch lặp chưa chọn giờ phát hoặc ngày phát.", "The rule chooses no time or no day."),
    "rule.exceptions": (
        "Lịch lặp có quá nhiều ngày nghỉ: nhiều nhất {limit}.",
        "The rule has too many skipped days and pauses: at most {limit}.",
    ),
    "rule.interval": (
        "Khoảng cách giữa hai lần lặp phải từ 1 đến {limit}.",
        "A rule repeats every 1 to {limit} days, weeks, months or years.",
    ),
    "rule.minute": ("Giờ phát không đúng.", "That is not a time of the day."),
    "rule.monthday": (
        "Ngày trong tháng không đúng: {monthday}.",
        "There is no such day of a month: {monthday}.",
    ),
    "rule.never": (
        "Lịch lặp này không có lần phát nào. Xin xem lại ngày bắt đầu, ngày kết thúc và các ngày nghỉ.",
        "This rule never occurs. Look at its first and last day and at the days that are left out.",
    ),
    "rule.nth": (
        "Chỉ chọn được lần thứ 1 đến thứ 5 hoặc lần cuối trong tháng.",
        "Only the first to the fifth or the last of a month can be chosen.",
    ),
    "rule.pause": (
        "Thời gian tạm ngừng kết thúc ({end}) trước khi bắt đầu ({begin}).",
        "The pause ends ({end}) before it begins ({begin}).",
    ),
    "rule.stray": (
        "Kiểu lặp này không dùng mục {stray}.",
        "A rule of this kind does not use {stray}.",
    ),
    "rule.too-often": (
        "Phát {starts} lần một ngày là quá nhiều: nhiều nhất {limit} lần.",
        "{starts} starts a day are too many: at most {limit}.",
    ),
    "rule.weekday": ("Thứ trong tuần không đúng: {weekday}.", "There is no such day of a week: {weekday}."),
}
