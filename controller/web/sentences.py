"""What each code is called in front of a person, in Vietnamese and English. The words are those of the field.

A sentence may hold fields, "{limit}"; a parenthesis whose field is not known is left out. A code nobody wrote a sentence for
still gets one that names it. Sounds' codes are `audio.sentences`', rules' and segments' are `scheduler.sentences`'; what a
loudspeaker gives as its reason is `WHY`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from audio import sentences as audio_sentences
from audio.clip import Limits
from audio.errors import CODES as AUDIO_CODES
from audio.errors import AudioError
from controller.web import bulletin_sentences
from controller.web.right_sentences import deed_words
from scheduler.sentences import SENTENCES as RULE_SENTENCES

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

WHYS: dict[str, tuple[str, str]] = {
    "taken": ("lúc đó đang có lượt phát khác (“{by}”)", "something else sounds then (“{by}”)"),
    "late": ("phải chờ quá lâu (“{by}”)", "it would have to wait too long (“{by}”)"),
    "past": ("đã quá giờ", "its time is past"),
    "segment": ("hết thời lượng của phần này ({minutes} phút)", "the end of its segment ({minutes} min)"),
    "programme": ("hết thời lượng của chương trình ({minutes} phút)", "the end of its programme ({minutes} min)"),
    "next": ("phần sau bắt đầu đúng giờ", "the next segment begins at its exact time"),
    "hours": ("ngoài giờ được phát của {unit}", "outside the hours of {unit}"),
    "session": ("giới hạn một buổi {minutes} phút của {unit}", "session limit of {minutes} minutes of {unit}"),
    "sessions": ("giới hạn {number} buổi một ngày của {unit}", "limit of {number} sessions a day of {unit}"),
    "length": ("giới hạn một bản tin {minutes} phút của {unit}", "limit of {minutes} minutes a sound of {unit}"),
    "language": ("{unit} không phát ngôn ngữ này ({languages})", "not a language of {unit} ({languages})"),
    "reach": ("{unit} không được phát ở đây", "{unit} has no say here"),
    "cancelled": ("có người cho dừng", "somebody stopped it"),
    "emergency": ("nhường cho tin khẩn cấp", "an emergency went before it"),
}
"""Why something does not sound as it was wished (`scheduler.laying`). What is refused for it at once is "airing.<why>"."""


SENTENCES: dict[str, tuple[str, str]] = {
    **bulletin_sentences.SENTENCES,
    "alarm.unknown": ("Không có cảnh báo này.", "There is no such alarm."),
    "feed.person": (
        "Hãy đăng nhập bằng tài khoản của mình để lấy địa chỉ lịch.",
        "Sign in with an account of your own for a calendar's address.",
    ),
    "hold.full": (
        "{unit} đã giữ đủ {limit} tệp phát. Hãy bỏ bớt một tệp rồi làm lại.",
        "{unit} holds {limit} clips already. Let go of one, then try again.",
    ),
    "clip.unknown": ("Không có tệp phát này.", "There is no such clip."),
    "clock.behind": (
        "Đồng hồ máy chủ chậm {behind_s} giây so với lần ghi cuối: chưa ký được lệnh nào. Hãy chỉnh lại giờ (tienglang clock).",
        "The server's clock is {behind_s} s behind its last commit: nothing is signed. Set it right (tienglang clock).",
    ),
    "clock.right": (
        "Đồng hồ máy chủ không bị chậm; không có gì phải bỏ qua.",
        "The server's clock is not behind: nothing to forgive.",
    ),
    "database.away": ("Cơ sở dữ liệu không trả lời. Xin thử lại.", "The database does not answer. Try again."),
    "database.full": ("Ổ đĩa của máy chủ đã đầy.", "The server's disk is full."),
    "database.locked": ("Cơ sở dữ liệu đang bận. Xin thử lại.", "The database is busy. Try again."),
    "day.far": ("Chỉ xem được trong vòng {limit} ngày.", "Only {limit} days ahead or back can be told."),
    "day.order": ("Ngày cuối phải sau ngày đầu.", "The last day must not be before the first."),
    "day.range": ("Mỗi lần chỉ xem được {limit} ngày.", "At most {limit} days can be told at once."),
    "day.wide": (
        "Nơi này quá rộng để xem nhiều ngày một lúc. Xin chọn một xã hay một thôn.",
        "This place is too large to tell several days at once. Choose a commune or a village.",
    ),
    "demo.not-allowed": ("Máy chủ này không chạy ở chế độ thử.", "This server does not run as a demo."),
    "disk.full": ("Không ghi được lên ổ đĩa của máy chủ.", "The server's disk can't be written."),
    "id.malformed": ("Mã không đúng.", "That is not a proper id."),
    "internal": (
        "Máy chủ gặp lỗi. Việc vừa rồi có thể chưa xong; xin xem lại rồi thử lại.",
        "The server met an error. What you asked may not be done: look, then try again.",
    ),
    "invitation.over": (
        "Lời mời này đã dùng rồi hoặc đã quá hạn. Xin người quản trị gửi lời mời khác.",
        "This invitation was used, or is too old. Ask your administrator for another one.",
    ),
    "log.many": (
        "Nhật ký quá dài để xem một lần (hơn {limit} lượt phát). Xin chọn khoảng ngắn hơn hoặc một đơn vị nhỏ hơn.",
        "The log is too long to be seen at once (over {limit} airings). Choose a shorter time or a smaller unit.",
    ),
    "login.code": ("Xin nhập mã 6 số trên điện thoại.", "Enter the six digits that your phone shows."),
    "login.code-wrong": (
        "Mã không đúng hoặc đã dùng. Xin nhập mã mới nhất trên điện thoại.",
        "The code is wrong, or was used. Enter the newest one that your phone shows.",
    ),
    "login.locked": (
        "Sai mật khẩu nhiều lần. Xin đợi {seconds} giây rồi thử lại.",
        "Too many wrong passwords. Wait {seconds} seconds, then try again.",
    ),
    "login.slow": (
        "Có quá nhiều lần đăng nhập từ máy này. Xin đợi {seconds} giây.",
        "Too many sign-ins from this machine. Wait {seconds} seconds.",
    ),
    "login.wrong": ("Tên hoặc mật khẩu không đúng.", "The name or the password is wrong."),
    "node.names": ("Xin cho từ 1 đến {limit} tên cụm loa.", "Give 1 to {limit} names of loudspeakers."),
    "node.number": (
        "Số thứ tự là một số, ví dụ 3, hoặc một khoảng, ví dụ 1-4; nhiều nhất {limit} cụm một lần.",
        "The number is one, for example 3, or a range, for example 1-4; at most {limit} at once.",
    ),
    "node.not-a-village": ("Cụm loa phải thuộc một thôn ({unit}).", "A loudspeaker stands in a village ({unit})."),
    "node.quiet-hours": (
        "Lúc này ngoài giờ được phát ở {unit}, nên cũng không phát thử. Xin thử lại trong giờ.",
        "This is outside the hours of {unit}, so no test either. Try again within them.",
    ),
    "node.retired": (
        "Cụm loa này đã ngừng dùng ({name}). Dùng lại: tienglang nodes renew {node}.",
        "This loudspeaker is retired ({name}). To bring it back: tienglang nodes renew {node}.",
    ),
    "node.stands-there": (
        "Cụm loa {node} đã đứng ở {village} rồi; không có gì thay đổi.",
        "{node} stands in {village} already; nothing is changed.",
    ),
    "node.unknown": ("Không có cụm loa này ({node}).", "There is no such loudspeaker ({node})."),
    "password.long": ("Mật khẩu dài quá {limit} chữ.", "The password is longer than {limit} characters."),
    "password.short": ("Mật khẩu phải có ít nhất {limit} chữ.", "The password needs at least {limit} characters."),
    "password.wrong": ("Mật khẩu hiện tại không đúng.", "The present password is wrong."),
    "place.unknown": ("Không có xã, tỉnh mang mã này ({place}).", "No commune or province has that code ({place})."),
    "policy.ceiling": (
        "Mức âm lượng trần không đúng ({window}): giờ từ 00:00 đến 24:00, mức từ -60 đến +12 dB.",
        "That ceiling is not right ({window}): 00:00 to 24:00, -60 to +12 dB.",
    ),
    "policy.changed": (
        "{by} vừa sửa quy định của {unit} trước bạn. Chưa lưu gì; hãy xem chỗ khác nhau rồi sửa lại.",
        "{by} changed the policy of {unit} before you. Nothing is saved: look at what differs, then edit again.",
    ),
    "policy.limit": (
        "Giới hạn “{field}” phải từ {least} đến {most}.",
        "The limit “{field}” has to be {least} to {most}.",
    ),
    "policy.place": ("Không có loại địa điểm này ({place}).", "There is no such kind of place ({place})."),
    "policy.too-many": (
        "Quá nhiều khung giờ hoặc mức âm lượng cộng lại ở một nơi: cụm loa nhận nhiều nhất {limit}.",
        "Too many hours or ceilings bind one place together: a loudspeaker takes {limit} at most.",
    ),
    "policy.window": (
        "Khung giờ được phát không đúng ({window}). Ví dụ: 05:00-21:00, từ thứ Hai đến Chủ nhật.",
        "Those hours are not right ({window}). For example 05:00-21:00, Monday to Sunday.",
    ),
    "programme.changed": (
        "{by} vừa sửa chương trình “{title}” trước bạn. Chưa lưu gì; hãy xem chỗ khác nhau rồi sửa lại.",
        "{by} changed the programme “{title}” before you. Nothing is saved: look at what differs, then edit again.",
    ),
    "programme.ended": ("Chương trình đã kết thúc ({title}).", "The programme has ended ({title})."),
    "programme.hours": (
        "Lúc {start} không nơi nào của chương trình này được phép phát (giờ không được phát của {unit}). Xin xem lại giờ.",
        "At {start} this programme may sound nowhere (quiet hours of {unit}). Look at its time again.",
    ),
    "programme.many": ("Đã có quá nhiều chương trình ({limit}).", "There are too many programmes ({limit})."),
    "programme.no-turn": (
        "Ngày {day} chương trình không phát ({title}).",
        "The programme has no turn on {day} ({title}).",
    ),
    "programme.reach": (
        "Chương trình của {owner} không được phát tới {unit}.",
        "A programme of {owner} may not reach {unit}.",
    ),
    "programme.title": (
        "Tên chương trình phải có từ 1 đến {limit} chữ.",
        "A programme's title has 1 to {limit} characters.",
    ),
    "programme.unknown": ("Không có chương trình này.", "There is no such programme."),
    "request.bad": ("Yêu cầu không đúng.", "The request is not right."),
    "request.invalid": ("Có mục điền chưa đúng.", "Something is not filled in right."),
    "request.method": ("Địa chỉ này không nhận việc đó.", "This address does not do that."),
    "request.not-found": ("Không có địa chỉ này.", "There is nothing at this address."),
    "request.origin": ("Yêu cầu đến từ một trang khác nên bị từ chối.", "The request came from another site and is refused."),
    "request.too-big": ("Yêu cầu quá lớn.", "The request is too large."),
    "segment.many": (
        "Phần {segment} có quá nhiều bản tin: nhiều nhất {limit}.",
        "Segment {segment} has too many bulletins: at most {limit}.",
    ),
    "segment.relay": (
        "Phần {segment} là tiếp âm: cần tên đài hoặc địa chỉ và thời lượng.",
        "Segment {segment} is a relay: it needs one station, by name or address, and a length.",
    ),
    "policy.consent": (
        "Vai trò {role} không soạn bản tin, hoặc loại bản tin ấy không tự phát được.",
        "The role {role} says nothing, or that class is never said without a yes.",
    ),
    "right.none": ("Tài khoản này không được {deed} ({unit}).", "This account may not {deed} ({unit})."),
    "second.off": ("Chưa có mã bí mật nào để xác nhận.", "There is no secret to be confirmed."),
    "second.on": ("Đăng nhập hai bước đã bật rồi.", "The second step is on already."),
    "session.person": (
        "Việc này chỉ người đăng nhập bằng mật khẩu của mình mới làm được.",
        "Only a person who signed in with their own password can do this.",
    ),
    "session.unknown": ("Không có phiên đăng nhập này.", "There is no such session."),
    "session.none": ("Xin đăng nhập.", "Please sign in."),
    "unit.below-village": ("Dưới thôn không có đơn vị nào nữa ({unit}).", "Nothing stands below a village ({unit})."),
    "unit.name": ("Tên đơn vị phải có từ 1 đến {limit} chữ.", "A unit's name has 1 to {limit} characters."),
    "unit.unknown": ("Không có đơn vị này ({unit}).", "There is no such unit ({unit})."),
    "upload.cut": ("Tệp gửi lên bị đứt giữa chừng. Xin gửi lại.", "The upload broke off in the middle. Send it again."),
    "upload.field": ("Mục “{field}” điền chưa đúng.", "“{field}” is not filled in right."),
    "upload.kind": ("Phải gửi biểu mẫu có tệp (multipart/form-data).", "A form with a file is needed (multipart/form-data)."),
    "upload.no-file": ("Chưa chọn tệp âm thanh.", "No sound file is chosen."),
    "upload.too-big": ("Tệp lớn quá {limit_mb} MB.", "The file is larger than {limit_mb} MB."),
    "token.days": ("Mã truy cập có hạn từ 1 đến {limit} ngày.", "A token is good for 1 to {limit} days."),
    "token.deeds": ("Mã truy cập không bao giờ được sửa tài khoản.", "No token is ever for editing accounts."),
    "token.many": ("Đã có {limit} mã truy cập. Xin huỷ bớt.", "There are {limit} tokens already. End some of them."),
    "token.name": ("Tên mã truy cập phải có từ 1 đến {limit} chữ.", "A token's name has 1 to {limit} characters."),
    "token.unknown": ("Không có mã truy cập này.", "There is no such token."),
    "unit.none": ("Không có nơi nào tên “{text}”.", "No place is called “{text}”."),
    "unit.several": (
        "Có nhiều nơi tên “{text}”: {units}. Xin chọn một.",
        "Several places are called “{text}”: {units}. Choose one.",
    ),
    "user.role": ("Chưa chọn vai trò.", "No role is chosen."),
    "user.exists": ("Đã có tài khoản mang tên này.", "There is an account of that name already."),
    "user.name": ("Tên tài khoản phải có từ 1 đến {limit} chữ.", "An account's name has 1 to {limit} characters."),
    "user.no-role": (
        "Tài khoản phải có ít nhất một vai trò, nhiều nhất {limit}.",
        "An account has at least one role, at most {limit}.",
    ),
    "user.unknown": ("Không có tài khoản này.", "There is no such account."),
}

WHY: dict[str, tuple[str, str]] = {
    "trust": ("Chữ ký của lệnh không được phép phát ở đây.", "The order's key may not say this here."),
    "future": ("Lệnh đến từ tương lai: đồng hồ hai bên lệch nhau.", "The order is from the future: the clocks disagree."),
    "expired": ("Lệnh tới khi đã hết hạn.", "The order had expired when it came."),
    "unsupported": ("Cụm loa không hiểu lệnh này.", "The loudspeaker does not know this kind of order."),
    "full": ("Cụm loa đang giữ quá nhiều lệnh.", "The loudspeaker has no room for one more order."),
    "hours": ("Ngoài giờ được phép phát.", "Outside the hours in which it may sound."),
    "length": ("Dài hơn mức được phép.", "Longer than it may sound."),
    "late": ("Lệnh tới quá muộn.", "The order came too late."),
    "off": ("Cụm loa mất điện lúc đó.", "The loudspeaker had no power then."),
    "clock": ("Cụm loa không biết chắc giờ.", "The loudspeaker was not sure of the time."),
    "floors": ("Cụm loa thiếu cấu hình mới nhất.", "The loudspeaker lacked the newest documents."),
    "clip": ("Tệp phát không tải về kịp.", "Its sound did not come in time."),
    "busy": ("Cụm loa bận phát tin khác.", "Something else sounded all the while."),
    "stop": ("Có lệnh dừng.", "It was told to stop."),
    "plan": ("Đã bỏ khỏi kế hoạch phát.", "It is no longer in the plan."),
    "moved": ("Cụm loa đã chuyển sang nơi khác.", "The loudspeaker stands elsewhere now."),
    "emergency": ("Nhường cho tin khẩn cấp.", "An emergency took the horn."),
    "power": ("Mất điện khi đang phát.", "The power went while it sounded."),
    "player": ("Bộ phát âm thanh bị lỗi.", "The sound broke off."),
    "memory": ("Bộ nhớ của cụm loa bị hỏng.", "The loudspeaker's memory was damaged."),
    "link": ("Không có mạng để tải tệp phát.", "No connection to fetch its sound."),
    "status": ("Máy chủ không đưa được tệp phát.", "The server did not give its sound."),
    "size": ("Tệp phát tải về sai độ dài.", "Its sound came with a wrong length."),
    "hash": ("Tệp phát tải về bị sai.", "Its sound came with other bytes."),
    "disk": ("Bộ nhớ của cụm loa đã đầy.", "The loudspeaker's disk is full."),
    "fetch": ("Không tải được tệp phát.", "Its sound could not be fetched."),
}
"""The codes of section 15 of docs/wire.md."""

_NOT_THEN = ("Không phát được vào giờ đó: {why}.", "It can't be said as a whole at that time: {why}.")
_UNKNOWN = ("Có lỗi chưa rõ (mã {code}).", "Something went wrong (code {code}).")
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_FIELD = re.compile(r"\{(\w+)\}")


def sentence(code: str, fields: Mapping[str, object], language: Language) -> str:
    """The sentence for a code; an unknown code is named in it."""
    if code in AUDIO_CODES:
        return _audio(code, fields, language)
    which = LANGUAGES.index(language)
    if code == "right.none":
        fields = {**fields, "deed": deed_words(str(fields["deed"]), language)}
    pair, why = SENTENCES.get(code) or RULE_SENTENCES.get(code), WHYS.get(code.removeprefix("airing."))
    if pair is None and why is not None:
        pair, fields = _NOT_THEN, {"why": fill(why[which], fields)}
    if pair is None:
        pair, fields = _UNKNOWN, {"code": code}
    return fill(pair[which], fields)


def why_sentence(why: str, language: Language) -> str:
    """What a loudspeaker gave as its reason; empty when it gave none."""
    if not why:
        return ""
    pair = WHY.get(why)
    return pair[LANGUAGES.index(language)] if pair else why


def fill(template: str, fields: Mapping[str, object]) -> str:
    """The template with its fields; a parenthesis that lacks one is left out, any other lack reads as a question mark."""

    def known(match: re.Match[str]) -> str:
        names = _FIELD.findall(match.group())
        return match.group() if all(fields.get(name) not in (None, "") for name in names) else ""

    return _FIELD.sub(lambda match: str(fields.get(match.group(1), "?")), _PARENTHESIS.sub(known, template))


def _audio(code: str, fields: Mapping[str, object], language: Language) -> str:
    limits = Limits()
    usual = {
        "max_duration_ms": limits.max_duration_ms,
        "max_size": limits.max_size,
        "min_duration_ms": limits.min_duration_ms,
    }
    said = {name: value for name, value in fields.items() if isinstance(value, int | float | str)}
    text = audio_sentences.sentence(AudioError(code, **(usual | said)), language)
    return re.sub(r"\s*\([^()]*\?[^()]*\)", "", text)
