"""What the pages of approval say, in Vietnamese and English; a part of `controller.web.words`."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "approvals": ("Chờ duyệt", "Approvals"),
    "waits-none": ("Không có bản tin nào chờ bạn duyệt.", "No bulletin waits for your yes."),
    "waits-one": ("1 bản tin chờ bạn duyệt.", "1 bulletin waits for your yes."),
    "waits-some": ("{number} bản tin chờ bạn duyệt.", "{number} bulletins wait for your yes."),
    "waits-hint": (
        "Khi có người gửi duyệt, bản tin hiện ra ở đây. Nghe, rồi bấm Duyệt hoặc Trả lại.",
        "What people submit appears here. Listen, then approve or return it.",
    ),
    "your-own": ("Bản tin của bạn", "Your own"),
    "your-own-none": (
        "Bạn không có bản tin nào đang chờ. Soạn xong mà cần duyệt thì bản tin nằm ở đây.",
        "None of yours waits. What you make and needs a yes is here.",
    ),
    "sent-at": ("gửi lúc", "sent at"),
    "when-said": ("Phát lúc", "When"),
    "at-once": ("ngay khi được duyệt", "as soon as it is approved"),
    "by-programme": ("trong chương trình", "in a programme"),
    "where-said": ("Ở đâu", "Where"),
    "sound-length": ("Dài", "Length"),
    "why-asked": ("Vì sao cần duyệt", "Why a yes is needed"),
    "what-comes": ("Nếu duyệt", "If approved"),
    "or-until": ("hoặc muộn nhất", "or at the latest"),
    "gain": ("Âm lượng thêm", "Louder by"),
    "text-read": ("Bài đọc", "The text"),
    "time-past": ("đã quá giờ", "past already"),
    "approve": ("Duyệt", "Approve"),
    "approve-now": ("Duyệt và phát ngay", "Approve and say it now"),
    "return": ("Trả lại", "Return"),
    "return-note": ("Cần sửa gì?", "What should be changed?"),
    "return-send": ("Gửi lời nhắn và trả lại", "Send the note and return it"),
    "note-slow": ("Nói chậm và rõ hơn", "Speak slower and clearer"),
    "note-time": ("Nói rõ ngày, giờ", "Say the day and the hour"),
    "note-place": ("Nói rõ địa điểm", "Say the place"),
    "note-check": ("Nội dung chưa đúng, xem lại", "Something is not right; check it"),
    "withdraw": ("Rút lại", "Withdraw"),
    "submit": ("Gửi duyệt", "Submit"),
    "submit-again": ("Gửi duyệt lại", "Submit again"),
    "state-submitted": ("Đang chờ duyệt", "Waits for a yes"),
    "state-returned": ("Bị trả lại", "Returned"),
    "state-draft": ("Chưa gửi", "Not submitted"),
    "state-approved": ("Đã duyệt", "Approved"),
    "who-approves": ("Người duyệt được", "Who may approve"),
    "nobody-approves": (
        "Chưa ai có quyền duyệt ở đây. Nhờ người quản trị thêm một người duyệt.",
        "Nobody may approve here. Ask the administrator to add an approver.",
    ),
    "approved-said": ("Đã duyệt", "Approved"),
    "returned-said": ("Đã trả lại", "Returned"),
    "withdrawn-said": ("Đã rút lại", "Withdrawn"),
    "submitted-said": ("Đã gửi duyệt", "Submitted"),
    "see-how-it-goes": ("Xem phát đến đâu", "See how it goes"),
    "see-bulletin": ("Xem bản tin", "See the bulletin"),
    "bulletin": ("Bản tin", "Bulletin"),
    "preparing-now": ("Đang chuẩn bị âm thanh…", "Preparing the sound…"),
    "approved-kind": ("Đã duyệt. Chương trình sẽ phát bản tin này.", "Approved. A programme will say it."),
    "approved-unsaid": ("Bản tin này chưa phát ở đâu.", "This bulletin was said nowhere yet."),
    "changed-reload": ("Danh sách vừa thay đổi. Bấm để xem.", "The list has changed. Press to see it."),
}

SCRIPT: dict[str, tuple[str, str]] = {
    "preview-all": (
        "{villages} thôn nghe lúc {time}; không vướng gì.",
        "{villages} villages hear it at {time}; nothing is in the way.",
    ),
    "preview-some": ("{villages} thôn nghe lúc {time}.", "{villages} villages hear it at {time}."),
    "preview-none": ("Không thôn nào nghe được vào lúc ấy.", "No village would hear it then."),
    "preview-other": ("{title}: {reason}", "{title}: {reason}"),
}
"""What its modules say."""
