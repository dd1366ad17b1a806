"""What the command line says of accounts and the trail, in Vietnamese and English; a part of `controller.cli.sentences`."""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "usage.line": ("“{text}” không phải dạng SỐ:MÃ.", "“{text}” is not NUMBER:MAC."),
    "usage.no-role": (
        "Tài khoản cần vai trò: --role VAI-TRÒ[@ĐƠN-VỊ], với vai trò là {roles}.",
        "An account needs a role: --role ROLE[@UNIT], one of {roles}.",
    ),
    "usage.passwords-differ": ("Hai lần nhập mật khẩu không giống nhau.", "The two passwords differ."),
    "usage.role": ("Không có vai trò “{role}”. Các vai trò: {roles}.", "There is no role “{role}”. Roles: {roles}."),
}

TEXTS: dict[str, tuple[str, str]] = {
    "account-added": ("Đã thêm tài khoản {name}: {roles}.", "Account {name} is added: {roles}."),
    "account-changed": ("Đã đổi mật khẩu của {name}.", "The password of {name} is changed."),
    "account-demo": ("dùng thử", "demo"),
    "account-everywhere": ("mọi nơi", "everywhere"),
    "account-granted": ("Từ nay {name} là: {roles}.", "From now on {name} is: {roles}."),
    "account-invited": (
        "{name} mở liên kết này, tự chọn mật khẩu rồi vào luôn. Dùng một lần, hạn đến {until}:\n{url}",
        "{name} opens this link, chooses a password and is signed in. Good once, until {until}:\n{url}",
    ),
    "account-removed": ("Đã xoá tài khoản {name}.", "Account {name} is removed."),
    "account-second-off": (
        "{name} không bị hỏi mã 6 số nữa; các phiên đăng nhập đã chấm dứt.",
        "{name} is asked for no code any more; the sessions are ended.",
    ),
    "answer-password": ("Mật khẩu", "Password"),
    "answer-password-again": ("Nhập lại mật khẩu", "The same password again"),
    "audit-broken": (
        "Nhật ký thao tác KHÔNG nguyên vẹn: từ dòng {number} trở đi có chỗ bị sửa, xoá hoặc cắt.",
        "The trail is NOT whole: from line {number} on something was changed, taken out or cut off.",
    ),
    "audit-empty": ("Nhật ký thao tác chưa có dòng nào.", "The trail has no line yet."),
    "audit-whole": (
        "Nhật ký thao tác nguyên vẹn: {lines} dòng. Ghi lại để lần sau đối chiếu bằng --expect: {lines}:{mac}",
        "The trail is whole: {lines} lines. Note this, and give it to --expect next time: {lines}:{mac}",
    ),
}
