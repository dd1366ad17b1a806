"""What an airing's page says, in Vietnamese and English; a part of `controller.web.words`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "repeat": ("Phát lại cho nơi chưa nghe", "Repeat where it was missed"),
    "repeat-no": ("Không phát lại", "No, don't repeat"),
    "repeat-yes": ("Phát lại ngay", "Repeat it now"),
    "repeats": ("Đây là lượt phát lại, cho nơi chưa nghe, của", "This repeats, for those that missed it,"),
    "repeated-of": ("lượt trước", "an earlier airing"),
    "repeated-at": ("Đã phát lại cho nơi chưa nghe:", "Repeated for those that missed it:"),
    "print": ("In", "Print"),
    "csv": ("Tải CSV", "CSV file"),
    "xlsx": ("Tải Excel", "Excel file"),
}

SCRIPT: dict[str, tuple[str, str]] = {
    "missed-one": ("1 nơi chưa nghe:", "1 place has not heard it:"),
    "missed-many": ("{number} nơi chưa nghe:", "{number} places have not heard it:"),
    "and-more": ("và {number} nơi khác", "and {number} more"),
    "repeat-ask": ("Phát lại ở {number} thôn?", "Repeat it in {number} villages?"),
    "repeat-ask-one": ("Phát lại ở {village}?", "Repeat it in {village}?"),
    "repeat-tell": ("Bản tin “{title}” sẽ phát ngay ở: {villages}.", "“{title}” will be said at once in: {villages}."),
    "repeat-twice": (
        "Cả thôn cùng phát: {number} cụm loa ở {villages} đã phát rồi, người ở đó sẽ nghe hai lần.",
        "A whole village sounds: {number} loudspeakers in {villages} have played it already; people there hear it twice.",
    ),
    "paper-place": ("Thôn", "Village"),
    "paper-heard": ("Nghe được", "Heard it"),
    "paper-at": ("Xong lúc", "Ended at"),
    "paper-missed": ("Nơi chưa nghe, lý do", "Not heard, and why"),
    "paper-all": ("Nghe đủ", "All heard it"),
    "paper-said": ("Phát lúc {time}, dài {length}", "Said at {time}, {length} long"),
    "paper-made": ("In lúc {time}", "Printed at {time}"),
}
"""What its modules say."""
