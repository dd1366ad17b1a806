"""What the page of composing says, in Vietnamese and English; a part of `controller.web.words`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "file": ("Tệp âm thanh", "Sound file"),
    "choose-file": ("Chọn tệp âm thanh", "Choose a sound file"),
    "drop-file": ("hoặc kéo tệp thả vào đây", "or drop it here"),
    "file-kinds": ("mp3, wav, m4a, ogg, amr… tối đa 60 phút", "mp3, wav, m4a, ogg, amr… up to 60 minutes"),
    "other-file": ("Chọn tệp khác", "Choose another"),
    "title": ("Tên bản tin", "Title"),
    "title-hint": ("Ví dụ: Họp thôn tối nay", "For example: village meeting tonight"),
    "where": ("Phát ở đâu", "Where"),
    "search": ("Tìm thôn, xã", "Search a village or commune"),
    "all": ("Chọn tất cả", "Choose all"),
    "none": ("Bỏ chọn", "Choose none"),
    "nodes": ("cụm loa", "loudspeakers"),
    "no-nodes-here": ("chưa có cụm loa", "no loudspeaker yet"),
    "nothing-found": ("Không tìm thấy nơi nào.", "Nothing is found."),
    "when": ("Phát lúc nào", "When"),
    "now": ("Phát ngay", "Now"),
    "later": ("Hẹn giờ", "At a time"),
    "local-time": ("Giờ Việt Nam", "Vietnam time"),
    "say": ("Phát", "Say it"),
    "no-units": ("Chưa có xã nào.", "There is no commune yet."),
    "no-units-do": (
        "Người quản trị thêm xã và thôn bằng lệnh sau, rồi tải lại trang này:",
        "The administrator adds a commune and its villages with these commands, then reload this page:",
    ),
    "no-nodes": ("Chưa có cụm loa nào.", "There is no loudspeaker yet."),
    "no-nodes-do": ("Thêm cụm loa vào thôn bằng lệnh:", "Add loudspeakers to a village with:"),
}

SCRIPT: dict[str, tuple[str, str]] = {
    "need-file": ("Chưa chọn tệp âm thanh.", "No sound file is chosen."),
    "need-title": ("Chưa đặt tên cho bản tin.", "The bulletin has no title."),
    "need-units": ("Chưa chọn thôn nào.", "No village is chosen."),
    "need-time": ("Chưa chọn giờ phát.", "No time is chosen."),
    "past-time": ("Giờ phát đã qua. Xin chọn giờ khác.", "That time is past. Choose another one."),
    "too-big": ("Tệp lớn quá 300 MB.", "The file is larger than 300 MB."),
    "chosen": ("Đã chọn {nodes} cụm loa ở {villages} thôn", "{nodes} loudspeakers in {villages} villages are chosen"),
    "sending": ("Đang gửi tệp…", "Sending the file…"),
    "preparing": ("Đang chuẩn bị âm thanh…", "Preparing the sound…"),
    "kept": (
        "Máy chủ đã nhận bản tin. Tắt máy này cũng không sao.",
        "The server has the bulletin. You may close this page.",
    ),
    "say-now": ("Phát ngay tới {nodes} cụm loa", "Say it on {nodes} loudspeakers now"),
    "say-later": ("Hẹn phát tới {nodes} cụm loa", "Say it on {nodes} loudspeakers then"),
    "say": ("Phát", "Say it"),
    "today-evening": ("17:30 hôm nay", "17:30 today"),
    "tomorrow-morning": ("05:00 ngày mai", "05:00 tomorrow"),
    "tomorrow-evening": ("17:30 ngày mai", "17:30 tomorrow"),
}
"""What its modules say."""
