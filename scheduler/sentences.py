"""What the refusal of a rule or programme is called in front of a person, Vietnamese and English. The edge fills the fields."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "programme.changes": (
        "Chương trình có quá nhiều ngày phát khác thường: nhiều nhất {limit} ngày.",
        "The programme has too many days that differ: at most {limit}.",
    ),
    "programme.class": (
        "Chương trình chỉ có loại thông thường hoặc ưu tiên; tin khẩn cấp không lên lịch.",
        "A programme is normal or priority; an emergency is not planned.",
    ),
    "programme.length": (
        "Thời lượng chương trình không đúng: nhiều nhất 3 giờ.",
        "The programme's length is not right: at most 3 hours.",
    ),
    "programme.onto": (
        "Một buổi chỉ dời được trong vòng {limit} ngày, và phải có giờ phát mới.",
        "A turn can be moved by at most {limit} days, and needs the time at which it sounds instead.",
    ),
    "programme.segments": (
        "Chương trình phải có từ 1 đến {limit} phần.",
        "A programme has 1 to {limit} segments.",
    ),
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
    "segment.backwards": (
        "Phần {segment} phải bắt đầu sau phần có giờ cố định đứng trước nó.",
        "Segment {segment} has to begin after the one before it that has a fixed time.",
    ),
    "segment.empty": ("Phần {segment} chưa có nội dung.", "Segment {segment} says nothing."),
    "segment.length": (
        "Thời lượng, giờ bắt đầu hoặc thời gian chờ của phần {segment} không đúng: nhiều nhất 3 giờ.",
        "A length, beginning or wait of segment {segment} is not right: at most 3 hours.",
    ),
    "segment.relay-moves": (
        "Phần {segment} là tiếp âm: không dời sang lần sau được.",
        "Segment {segment} is a relay: it can't move to the next time.",
    ),
}
