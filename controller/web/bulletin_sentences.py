"""Why a bulletin can't be taken in, approved or said, in Vietnamese and English; a part of `controller.web.sentences`."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, str]] = {
    "airing.emergency": ("Tin khẩn cấp phát ngay, không hẹn giờ.", "An emergency is said at once, not at a time."),
    "airing.far": ("Giờ phát xa quá một năm. Xin chọn lại ngày.", "That is more than a year ahead. Choose another day."),
    "airing.fixed": (
        "Lượt phát này không đổi thứ tự được nữa: đã huỷ, sắp phát, hoặc thuộc một chương trình (xin đổi ở chương trình).",
        "This airing's order can't be changed any more: cancelled, about to begin, or of a programme (change it there).",
    ),
    "airing.grace": (
        "Thời gian cho phép phát muộn quá ngắn: ít nhất {least_ms} ms.",
        "The time in which it may begin late is too short: at least {least_ms} ms.",
    ),
    "airing.latest": (
        "Giờ muộn nhất phải sau giờ phát, và không quá {hours} giờ.",
        "The latest time has to be after its time, by at most {hours} hours.",
    ),
    "airing.many-units": (
        "Chọn quá {limit} đơn vị. Hãy chọn cả xã thay cho từng thôn.",
        "More than {limit} units are chosen. Choose a whole commune instead of its villages.",
    ),
    "airing.no-nodes": ("Nơi đã chọn chưa có cụm loa nào.", "No loudspeaker stands in the chosen places yet."),
    "airing.no-units": ("Chưa chọn thôn nào.", "No village is chosen."),
    "airing.not-clear": (
        "Giờ này còn vướng: có nơi không nghe trọn bản tin, hoặc tin khác phải nhường chỗ. Xin xem trước rồi quyết định.",
        "Something is in the way: some places would not hear all of it, or something else would have to make room. Look first.",
    ),
    "airing.over": ("Lượt phát này đã kết thúc.", "This airing is over."),
    "airing.none-missed": (
        "Không còn nơi nào chưa nghe lượt phát này.",
        "Nobody is left who has not heard this airing.",
    ),
    "airing.overlap": (
        "Lúc đó đã có lượt phát khác ở nơi đã chọn ({village}: “{title}”). Xin chọn giờ khác hoặc huỷ lượt kia.",
        "Something else sounds there at that time ({village}: “{title}”). Choose another time or cancel the other one.",
    ),
    "airing.past": ("Giờ phát đã qua. Xin chọn giờ khác.", "That time is past. Choose another one."),
    "airing.reach": (
        "Bản tin của {owner} không phát được ở {unit}.",
        "A bulletin of {owner} can't be said in {unit}.",
    ),
    "airing.repeat-changed": (
        "Vừa có nơi báo kết quả khác. Xin xem lại danh sách nơi chưa nghe rồi bấm lần nữa.",
        "What became of it has just changed. Look at who missed it and press again.",
    ),
    "airing.running": (
        "Lượt phát này chưa kết thúc. Xin chờ mọi cụm loa báo xong rồi phát lại.",
        "This airing is not over yet. Wait until every loudspeaker has answered, then repeat it.",
    ),
    "airing.sound-gone": (
        "Tệp phát của bản tin này không còn. Xin soạn bản tin mới.",
        "The sound of this bulletin is there no more. Make a new bulletin.",
    ),
    "airing.stopped": (
        "Lượt phát này đã có người cho dừng. Muốn phát thì gửi bản tin lần nữa.",
        "Somebody stopped this airing. To say it after all, send the bulletin again.",
    ),
    "airing.unknown": ("Không có lượt phát này.", "There is no such airing."),
    "bulletin.emergency": (
        "Tin khẩn cấp có trang riêng, không phát từ trang này.",
        "An emergency has its own page and is not said from here.",
    ),
    "bulletin.many-waiting": (
        "Đang có nhiều bản tin chờ xử lý. Xin thử lại sau ít phút.",
        "Many bulletins wait to be prepared. Try again in a few minutes.",
    ),
    "bulletin.no-sound": ("Bản tin chưa có âm thanh.", "The bulletin has no sound yet."),
    "bulletin.not-approved": ("Bản tin chưa được duyệt.", "The bulletin is not approved."),
    "bulletin.part": ("Đoạn đã chọn của âm thanh bị ngược.", "The chosen part of the sound ends before it begins."),
    "bulletin.text-long": ("Bài đọc dài quá {limit} chữ.", "The text is longer than {limit} characters."),
    "bulletin.title-empty": ("Chưa đặt tên cho bản tin.", "The bulletin has no title."),
    "bulletin.title-long": ("Tên bản tin dài quá {limit} chữ.", "The title is longer than {limit} characters."),
    "bulletin.restored": (
        "Bản tin này đang chờ xử lý lúc sao lưu; có thể nó đã được phát rồi. Nếu chưa, xin phát lại.",
        "This bulletin was waiting when the backup was made; it may have been aired since. If not, air it anew.",
    ),
    "bulletin.unknown": ("Không có bản tin này.", "There is no such bulletin."),
    "bulletin.decided": (
        "Bản tin này không còn ở bước đó nữa: có người đã duyệt, trả lại hoặc rút. Tải lại trang để xem.",
        "This bulletin is not at that step any more: somebody approved, returned or withdrew it. Load the page again.",
    ),
    "bulletin.changed": (
        "Bản tin này vừa được gửi lại với nơi phát hoặc giờ phát khác. Xem lại rồi hãy duyệt.",
        "This bulletin was submitted again, for another place or time. Look at it before you approve.",
    ),
    "bulletin.in-use": (
        "Bản tin này đang nằm trong một lượt phát hoặc chương trình. Huỷ lượt ấy trước.",
        "This bulletin is in an airing or a programme. Cancel that first.",
    ),
    "bulletin.not-yours": (
        "Chỉ người soạn mới gửi duyệt được bản tin của mình.",
        "Only its author submits a bulletin.",
    ),
    "bulletin.said": ("Bản tin này đã được duyệt hoặc đã phát rồi.", "This bulletin was approved, or said, already."),
    "bulletin.author": (
        "Người soạn ({name}) không còn quyền phát ở đó. Hãy trả lại, hoặc nhờ người khác gửi.",
        "Its author ({name}) may not speak there any more. Return it, or let somebody else send it.",
    ),
    "bulletin.note-empty": ("Xin ghi vì sao trả lại.", "Say why it is returned."),
    "bulletin.note-long": (
        "Lời nhắn dài {length} chữ; tối đa {limit}.",
        "The note has {length} characters; {limit} are the most.",
    ),
    "consent.role": (
        "Ở {unit}, bản tin này phải được duyệt trước khi phát.",
        "In {unit} this bulletin needs a yes before it is said.",
    ),
    "consent.class": (
        "Phải được duyệt: ở {unit}, người soạn chỉ tự phát được bản tin thông thường.",
        "It needs a yes: in {unit} its author says ordinary bulletins only by themselves.",
    ),
    "consent.length": (
        "Phải được duyệt: ở {unit}, người soạn chỉ tự phát được bản tin dài tối đa {minutes} phút.",
        "It needs a yes: in {unit} its author says at most {minutes} minutes by themselves.",
    ),
    "consent.hours": (
        "Phải được duyệt: ở {unit}, người soạn chỉ tự phát được trong giờ {hours}.",
        "It needs a yes: in {unit} its author speaks by themselves at {hours} only.",
    ),
    "consent.two": (
        "Phải có người thứ hai duyệt: {unit} quy định hai người cùng chịu trách nhiệm.",
        "It needs a second person's yes: {unit} asks for two.",
    ),
    "consent.own": (
        "Không tự duyệt bản tin của mình được: ở đây cần hai người.",
        "Nobody approves their own here: two persons are asked for.",
    ),
}
