"""What the doctor says of each finding, in Vietnamese and English: what it means, and what to do about it, if anything is."""

from __future__ import annotations

from typing import NamedTuple

from controller.doctor.findings import Area, Verdict


class Said(NamedTuple):
    """Two sentences in two languages; `do_*` are empty where nothing is to be done."""

    vi: str
    en: str
    do_vi: str = ""
    do_en: str = ""


AREAS: dict[Area, tuple[str, str]] = {
    Area.SETTINGS: ("Cấu hình", "Settings"),
    Area.DISK: ("Ổ đĩa", "Disk"),
    Area.CLOCK: ("Đồng hồ", "Clock"),
    Area.KEYS: ("Khóa", "Keys"),
    Area.DATABASE: ("Cơ sở dữ liệu", "Database"),
    Area.BROKER: ("Máy chủ MQTT", "Broker"),
    Area.SERVER: ("Máy chủ Tiếng Làng", "Server"),
}

VERDICTS: dict[Verdict, tuple[str, str]] = {
    Verdict.OK: ("ổn", "ok"),
    Verdict.ADVICE: ("nên làm", "advice"),
    Verdict.TROUBLE: ("HỎNG", "TROUBLE"),
}

_FROM_BACKUP = (
    "Lấy lại từ bản sao lưu: tienglang restore TỆP --replace. Đừng tạo khóa mới, cụm loa sẽ không nghe theo.",
    "Restore it from a backup: tienglang restore FILE --replace. Loudspeakers would not obey new keys.",
)

FINDINGS: dict[str, Said] = {
    "broker.away": Said(
        "Không vào được {address} ({reason}): không lệnh nào tới được cụm loa.",
        "{address} does not take us in ({reason}): no order reaches a loudspeaker.",
        "Xem máy chủ MQTT có chạy không, và TIENGLANG_MQTT_URL có đúng tên, mật khẩu, cổng không.",
        "See whether the broker runs, and whether TIENGLANG_MQTT_URL has the right user, password and port.",
    ),
    "broker.mute": Said(
        "{address} cho vào nhưng không chuyển lại lời của chính mình trong 2 giây.",
        "{address} takes us in, but does not carry our own word back within 2 s.",
        "Xem quyền đọc và ghi tl/1/# của tài khoản này trên máy chủ MQTT, và máy chủ đó có quá tải không.",
        "See whether this user may read and write tl/1/# there, and whether the broker is overloaded.",
    ),
    "broker.ok": Said(
        "{address} chuyển lời đi và về trong {ms} ms.",
        "{address} carries our word there and back in {ms} ms.",
    ),
    "broker.own": Said("Máy chủ MQTT đi kèm, sẽ chạy cùng máy chủ.", "Our own broker; it starts with the server."),
    "clock.ahead": Said(
        "Dòng dữ liệu mới nhất đã cách đây hơn một năm ({newest}), đồng hồ chỉ {now}.",
        "The newest row is more than a year old ({newest}); the clock says {now}.",
        "Xem ngày giờ của máy có đúng không: timedatectl.",
        "See whether this machine's date is right: timedatectl.",
    ),
    "clock.behind": Said(
        "Đồng hồ chỉ {now}, chậm hơn dòng dữ liệu mới nhất ({newest}): lệnh ký bây giờ sẽ sai giờ.",
        "The clock says {now}, behind the newest row ({newest}): what is signed now has the wrong time.",
        "Chỉnh lại giờ và bật đồng bộ: timedatectl set-ntp true. Sau đó mới chạy máy chủ.",
        "Set the time and keep it set (timedatectl set-ntp true) before the server runs on.",
    ),
    "clock.ok": Said("Đồng hồ chỉ {now}.", "The clock says {now}."),
    "database.away": Said(
        "Không mở được cơ sở dữ liệu ({reason}).",
        "The database can't be opened ({reason}).",
        "Xem PostgreSQL có chạy không, TIENGLANG_DATABASE_URL có đúng không, hoặc quyền đọc tệp.",
        "See whether PostgreSQL runs, whether TIENGLANG_DATABASE_URL is right, or whether the file may be read.",
    ),
    "database.damaged": Said(
        "Tệp cơ sở dữ liệu bị hỏng ({reason}).",
        "The database file is damaged ({reason}).",
        "Dừng máy chủ, chép tệp sang nơi khác, rồi lấy lại bản sao lưu: tienglang restore TỆP --replace.",
        "Stop the server, copy the file away, then restore a backup: tienglang restore FILE --replace.",
    ),
    "database.locked": Said(
        "Một chương trình khác đang giữ cơ sở dữ liệu ({reason}).",
        "Another program holds the database ({reason}).",
        "Thử lại sau một phút; nếu vẫn vậy, tìm chương trình đang mở tệp đó.",
        "Try again in a minute; if it stays so, find the program that holds it.",
    ),
    "database.newer": Said(
        "Cơ sở dữ liệu do phiên bản mới hơn tạo ra ({revision}): chương trình này không chạy được trên đó.",
        "A newer program made the database ({revision}): this one can't run on it.",
        "Nâng cấp chương trình, hoặc khôi phục bản sao lưu trước khi nâng cấp.",
        "Upgrade the program, or restore the backup that was made before the upgrade.",
    ),
    "database.not-yet": Said(
        "Chưa có cơ sở dữ liệu; nó được tạo khi chạy máy chủ lần đầu.",
        "There is no database yet; it is made when the server first runs.",
        "Nếu đài này từng chạy, xem TIENGLANG_HOME và TIENGLANG_DATABASE_URL có đúng không.",
        "If this station has run before, see whether TIENGLANG_HOME and TIENGLANG_DATABASE_URL are right.",
    ),
    "database.ok": Said(
        "Đọc được, ghi được, nguyên vẹn; có {nodes} cụm loa.", "It can be read and written and is whole; {nodes} loudspeakers."
    ),
    "database.older": Said(
        "Cơ sở dữ liệu thuộc phiên bản cũ hơn; nó được nâng cấp khi máy chủ khởi động.",
        "The database is of an older version; it is migrated when the server starts.",
        "Sao lưu trước khi khởi động: tienglang backup TỆP.",
        "Make a backup before you start it: tienglang backup FILE.",
    ),
    "database.read-only": Said(
        "Đọc được nhưng không ghi được ({reason}): không bản tin nào được nhận.",
        "It can be read but not written ({reason}): no bulletin is taken in.",
        "Xem quyền của tệp và thư mục (SQLite), hoặc quyền của tài khoản (PostgreSQL).",
        "See the permissions of file and folder (SQLite), or of the user (PostgreSQL).",
    ),
    "disk.few-inodes": Said(
        "Ổ đĩa chỉ còn chỗ cho {number} tệp (inode).",
        "The disk has room for {number} more files only (inodes).",
        "Xoá bớt tệp nhỏ, hoặc giảm TIENGLANG_KEEP_AIRINGS_DAYS.",
        "Remove small files, or lower TIENGLANG_KEEP_AIRINGS_DAYS.",
    ),
    "disk.little-room": Said(
        "Chỉ còn {free_mb} MB.",
        "Only {free_mb} MB are free.",
        "Dọn ổ đĩa, hoặc giữ dữ liệu ít ngày hơn (TIENGLANG_KEEP_…_DAYS, xem tienglang config).",
        "Make room, or keep things for fewer days (TIENGLANG_KEEP_…_DAYS, see tienglang config).",
    ),
    "disk.no-home": Said(
        "Chưa có thư mục dữ liệu; nó được tạo khi chạy máy chủ lần đầu.",
        "There is no home yet; it is made when the server first runs.",
        "Nếu đài này từng chạy, xem TIENGLANG_HOME có đúng không.",
        "If this station has run before, see whether TIENGLANG_HOME is right.",
    ),
    "disk.ok": Said("Còn {free_mb} MB; ghi và lưu chắc được.", "{free_mb} MB are free; what is written is kept."),
    "disk.sound-missing": Said(
        "Bản tin mới nhất không có tệp phát trong {folder}: cụm loa không tải được.",
        "The sound of the newest bulletin is not in {folder}: loudspeakers can't fetch it.",
        "Xem TIENGLANG_FILES; hai bộ điều khiển phải dùng chung một thư mục. Mất thật thì lấy lại từ bản sao lưu.",
        "See TIENGLANG_FILES: two controllers must share one folder. If it is lost, restore it from a backup.",
    ),
    "disk.unwritable": Said(
        "Không ghi được vào thư mục dữ liệu ({reason}).",
        "Nothing can be written into the home ({reason}).",
        "Chạy lệnh bằng tài khoản của máy chủ; nếu vẫn vậy, xem ổ đĩa có bị khóa ghi hay hỏng không (dmesg).",
        "Run this as the server's account; if it stays so, see whether the disk is read-only or failing (dmesg).",
    ),
    "keys.damaged": Said("Tệp khóa {path} bị hỏng.", "The key file {path} is damaged.", *_FROM_BACKUP),
    "keys.expired": Said(
        "Khóa {kid} đã hết hạn {days} ngày: cụm loa không nghe theo nó nữa.",
        "The key {kid} expired {days} days ago: loudspeakers do not obey it any more.",
        "Đổi khóa ngay; cần khóa gốc. Xem: tienglang keys --help.",
        "Change it now; that takes the root key. See: tienglang keys --help.",
    ),
    "keys.expires-soon": Said(
        "Khóa {kid} còn hạn {days} ngày.",
        "The key {kid} expires in {days} days.",
        "Đổi khóa trước lúc đó; cần khóa gốc. Xem: tienglang keys --help.",
        "Change it before; that takes the root key. See: tienglang keys --help.",
    ),
    "keys.lost": Said(
        "Cơ sở dữ liệu có cụm loa nhưng không có khóa: máy chủ không khởi động.",
        "The database knows loudspeakers, but the keys are gone: no server starts.",
        *_FROM_BACKUP,
    ),
    "keys.mismatch": Said("{path} và {other} không cùng một bộ.", "{path} and {other} do not belong together.", *_FROM_BACKUP),
    "keys.missing": Said("Thiếu tệp khóa {path}.", "The key file {path} is missing.", *_FROM_BACKUP),
    "keys.not-yet": Said(
        "Chưa có khóa; chúng được tạo khi chạy máy chủ lần đầu.",
        "There are no keys yet; they are made when the server first runs.",
        "Nếu đài này từng chạy, đừng chạy máy chủ; xem TIENGLANG_HOME có đúng không, hoặc khôi phục bản sao lưu.",
        "If this station has run before, start no server: see whether TIENGLANG_HOME is right, or restore a backup.",
    ),
    "keys.ok": Said("Đủ, nguyên vẹn, chỉ chủ của chúng đọc được.", "They are complete, whole, and open to nobody else."),
    "keys.open-to-others": Said(
        "Người khác đọc được {path}: ai có khóa thì phát được loa.",
        "Others may read {path}: whoever has the keys can speak.",
        "Chạy: chmod go= {path}. Nếu người lạ đã vào được máy này, hãy đổi khóa.",
        "Run: chmod go= {path}. If a stranger has been on this machine, change the keys.",
    ),
    "keys.root-here": Said(
        "Khóa gốc còn trên máy này: ai chiếm được máy sẽ chiếm được mọi cụm loa, mãi mãi.",
        "The root key is on this machine: who takes it over has every loudspeaker, for good.",
        "Cất đi: tienglang keys take-root-off --to /media/usb/root.key",
        "Take it off: tienglang keys take-root-off --to /media/usb/root.key",
    ),
    "keys.root-off": Said(
        "Khóa ký không khớp bản tin cậy, mà khóa gốc không có ở đây để ký lại ({folder}).",
        "The signing keys are not what the trust document says, and the root key is not here to seal another ({folder}).",
        "Xem TIENGLANG_CONTROLLER_ID có đúng không; nếu vừa đổi khóa, làm nốt với khóa gốc (tienglang keys --help).",
        "See whether TIENGLANG_CONTROLLER_ID is right; a change of keys is finished with the root key (tienglang keys --help).",
    ),
    "keys.unreadable": Said(
        "Không đọc được thư mục khóa ({reason}).",
        "The folder of keys can't be read ({reason}).",
        "Chạy lệnh bằng tài khoản của máy chủ (sudo -u tienglang tienglang doctor).",
        "Run this as the server's account (sudo -u tienglang tienglang doctor).",
    ),
    "server.none": Said("Không có máy chủ nào chạy ở đây.", "No server runs here."),
    "server.nobody": Said(
        "Đang chạy ở {url}, nhưng không bộ điều khiển nào đang trực: lệnh chưa được gửi đi.",
        "It runs at {url}, but no controller acts: nothing is sent.",
        "Đợi 15 giây rồi khám lại; nếu vẫn vậy, xem cơ sở dữ liệu có trả lời không và nhật ký (journalctl -u tienglang).",
        "Look again in 15 s; if it stays so, see whether the database answers, and the log (journalctl -u tienglang).",
    ),
    "server.ok": Said(
        "Đang chạy và trả lời ở {url}, trực từ {since}.",
        "It runs, answers at {url}, and acts since {since}.",
    ),
    "server.silent": Said(
        "Đang chạy nhưng không trả lời đúng ở {url} (mã {status}).",
        "It runs, but does not answer well at {url} (status {status}).",
        "Xem nhật ký (journalctl -u tienglang); nếu cơ sở dữ liệu ổn, khởi động lại nó.",
        "See its log (journalctl -u tienglang); if the database is well, restart it.",
    ),
    "server.standby": Said(
        "Đang chạy ở {url} và dự phòng: {place} đang trực từ {since}.",
        "It runs at {url} and stands by: {place} acts since {since}.",
    ),
    "settings.base-url": Said(
        "Cụm loa ở xa được bảo tải tệp phát từ chính chúng (127.0.0.1).",
        "Loudspeakers elsewhere are told to fetch sounds from themselves (127.0.0.1).",
        "Đặt TIENGLANG_BASE_URL là địa chỉ mà cụm loa tới được.",
        "Set TIENGLANG_BASE_URL to an address that loudspeakers reach.",
    ),
    "settings.demo": Said(
        "Đang cho phép dữ liệu và tài khoản dùng thử.",
        "Demo data and accounts are allowed.",
        "Bỏ TIENGLANG_DEMO khi dùng thật.",
        "Take TIENGLANG_DEMO away for real use.",
    ),
    "settings.no-tls": Said(
        "Mật khẩu MQTT đi qua mạng không mã hóa.",
        "The MQTT password crosses the network in the clear.",
        "Dùng mqtts:// trong TIENGLANG_MQTT_URL.",
        "Use mqtts:// in TIENGLANG_MQTT_URL.",
    ),
    "settings.ok": Said("Không có gì đáng lưu ý.", "Nothing to note."),
}
"""By the finding's code."""
