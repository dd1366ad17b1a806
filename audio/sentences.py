"""What each refusal is called in front of a person. For the edge only: the rest of the house uses codes."""

from __future__ import annotations

from typing import Literal

from audio.errors import AudioError

Language = Literal["vi", "en"]

SENTENCES: dict[str, tuple[str, str]] = {
    "audio.missing": ("Không tìm thấy tệp âm thanh.", "The sound file was not found."),
    "audio.empty": ("Tệp rỗng, không có âm thanh nào.", "The file is empty: there is no sound in it."),
    "audio.picture": ("Đây là tệp ảnh, không phải âm thanh.", "This is a picture, not a sound."),
    "audio.not-sound": ("Không đọc được âm thanh nào trong tệp này.", "No sound could be read in this file."),
    "audio.truncated": (
        "Tệp bị cắt giữa chừng. Xin chép hoặc ghi âm lại.",
        "The file is cut off in the middle. Copy or record it again.",
    ),
    "audio.damaged": (
        "Tệp bị hỏng nhiều chỗ. Xin chép hoặc ghi âm lại.",
        "The file is damaged in many places. Copy or record it again.",
    ),
    "audio.silent": (
        "Tệp không có tiếng, hoặc tiếng quá nhỏ ({loudness_lufs} LUFS).",
        "There is no sound in the file, or it is too quiet ({loudness_lufs} LUFS).",
    ),
    "audio.too-short": (
        "Âm thanh quá ngắn: phải dài ít nhất {min_duration_ms} ms.",
        "The sound is too short: it must last at least {min_duration_ms} ms.",
    ),
    "audio.too-long": ("Âm thanh dài quá {max_minutes} phút.", "The sound is longer than {max_minutes} minutes."),
    "audio.too-big": ("Tệp lớn quá {max_mb} MB.", "The file is larger than {max_mb} MB."),
    "audio.unlevel": (
        "Không chỉnh được âm lượng của tệp này cho phù hợp với loa.",
        "The level of this sound cannot be made fit for a loudspeaker.",
    ),
    "audio.cancelled": ("Đã hủy xử lý tệp.", "The preparation was cancelled."),
    "audio.joined-too-long": (
        "Các đoạn ghép dài quá {max_minutes} phút.",
        "The pieces together are longer than {max_minutes} minutes.",
    ),
    "audio.crashed": (
        "Tệp làm hỏng chương trình xử lý âm thanh, nên bị từ chối.",
        "The file broke the sound program, so it is refused.",
    ),
    "audio.timeout": ("Xử lý tệp quá lâu nên đã dừng.", "The preparation took too long and was stopped."),
    "store.full": ("Ổ đĩa của máy chủ đã đầy.", "The server's disk is full."),
    "store.name": ("Tên tệp phát không đúng.", "That is not the name of a clip."),
    "store.missing": ("Tệp phát không còn trong kho.", "The clip is no longer kept."),
    "store.failed": ("Ổ đĩa của máy chủ báo lỗi.", "The server's disk reports an error."),
}


def sentence(error: AudioError, language: Language) -> str:
    """One sentence for a person, fields filled in; an absent field reads as a question mark."""
    template = SENTENCES[error.code][0 if language == "vi" else 1]
    return template.format_map(_Fields(_with_units(error)))


class _Fields(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def _with_units(error: AudioError) -> dict[str, object]:
    """The error's fields, and beside them those a person would rather read."""
    fields: dict[str, object] = dict(error.fields)
    if isinstance(longest := fields.get("max_duration_ms"), int):
        fields["max_minutes"] = f"{longest / 60_000:g}"
    if isinstance(largest := fields.get("max_size"), int):
        fields["max_mb"] = f"{largest / 1_000_000:g}"
    return fields
