"""What the command line says, in Vietnamese and English. Sentences for the server's codes are `controller.web.sentences`'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.cli import people_sentences, planning_sentences
from controller.cli.api import ApiError
from controller.domain.errors import TiengLangError
from controller.web.sentences import LANGUAGES, SENTENCES, Language, fill, sentence

CODES: dict[str, tuple[str, str]] = {
    **planning_sentences.CODES,
    **people_sentences.CODES,
    "backup.changed": (
        "Tệp {member} thay đổi trong lúc sao lưu. Hãy chạy lại lệnh.",
        "{member} changed while the backup was being made. Run it again.",
    ),
    "backup.damaged": (
        "Bản sao lưu bị hỏng ở {member}. Không có gì bị thay đổi; hãy dùng bản khác.",
        "The backup is damaged at {member}. Nothing was changed; use another one.",
    ),
    "backup.exists": ("Tệp {path} đã có sẵn; không ghi đè.", "{path} exists already; it is not overwritten."),
    "backup.foreign": (
        "Tệp này không phải là bản sao lưu của Tiếng Làng.",
        "This file is no backup of Tiếng Làng.",
    ),
    "backup.newer": (
        "Bản sao lưu do phiên bản mới hơn tạo ra ({program}). Hãy nâng cấp chương trình rồi khôi phục.",
        "A newer program made this backup ({program}). Upgrade this one, then restore.",
    ),
    "backup.nothing": (
        "Chưa có gì để sao lưu trong {home}. Dữ liệu có khi chạy `tienglang serve` lần đầu.",
        "There is nothing to back up in {home} yet. It begins when `tienglang serve` first runs.",
    ),
    "broker.no-port": (
        "Không còn cổng trống cho máy chủ MQTT đi kèm (từ {first}, đã thử {tried} cổng).",
        "No free port for the embedded MQTT broker (from {first}, {tried} tried).",
    ),
    "broker.not-ready": (
        "Máy chủ MQTT đi kèm không khởi động được ở cổng {port}.",
        "The embedded MQTT broker did not come up on port {port}.",
    ),
    "broker.port-taken": ("Cổng {port} đang có chương trình khác dùng.", "Another program uses port {port}."),
    "config.bad-value": (
        "Cấu hình “{name}” không hợp lệ: “{value}” ({origin}). {hint}",
        "The setting “{name}” can't be “{value}” ({origin}). {hint}",
    ),
    "config.base-url-needed": (
        "Lắng nghe ở {listen} thì phải cho biết cụm loa tải tệp từ đâu: đặt TIENGLANG_BASE_URL=http://ĐỊA-CHỈ:CỔNG.",
        "To listen on {listen}, say how loudspeakers reach us: set TIENGLANG_BASE_URL=http://HOST:PORT.",
    ),
    "config.listen-wide": (
        "Không mở {listen} ra mạng khi còn tài khoản dùng thử: ai cũng biết mật khẩu. Hãy đổi mật khẩu hoặc xoá chúng.",
        "Not listening on {listen} while demo accounts exist: everybody knows their passwords. Change or remove them first.",
    ),
    "config.no-file": (
        "Không đọc được tệp cấu hình {path} ({reason}).",
        "The settings file {path} can't be read ({reason}).",
    ),
    "config.unknown": (
        "Không có cấu hình “{name}” ({origin}). Có phải ý bạn là “{nearest}”?",
        "There is no setting “{name}” ({origin}). Did you mean “{nearest}”?",
    ),
    "keys.after-long": (
        "Khóa mới chỉ được đợi tối đa {days} ngày trước khi ký.",
        "A new key may wait {days} days at most before it signs.",
    ),
    "keys.damaged": (
        "Tệp khóa {path} bị hỏng. Hãy lấy lại từ bản sao lưu; đừng tạo khóa mới, cụm loa sẽ không nghe theo.",
        "The key file {path} is damaged. Restore it from your backup; loudspeakers would not obey new keys.",
    ),
    "keys.many": (
        "Đã có quá nhiều khóa ({limit}). Hãy đợi các khóa cũ hết hạn (8 ngày) hoặc thu hồi chúng.",
        "There are too many keys ({limit}). Wait until the old ones end (8 days), or revoke some.",
    ),
    "keys.mismatch": (
        "{path} và {other} không thuộc cùng một bộ khóa. Hãy lấy lại cả thư mục từ một bản sao lưu.",
        "{path} and {other} do not belong together. Restore the whole folder from one backup.",
    ),
    "keys.exchanged": (
        "Khóa ở đây là của đài khác: cơ sở dữ liệu và cụm loa dùng khóa khác. Chép thư mục keys của bộ điều khiển kia sang.",
        "These are another station's keys: database and loudspeakers use others. Copy the other controller's folder keys.",
    ),
    "keys.missing": (
        "Thiếu tệp khóa {path}. Hãy lấy lại từ bản sao lưu; đừng tạo khóa mới, cụm loa sẽ không nghe theo.",
        "The key file {path} is missing. Restore it from your backup; loudspeakers would not obey new keys.",
    ),
    "keys.none": (
        "Chưa có khóa nào trong {home}. Khóa được tạo khi chạy `tienglang serve` lần đầu.",
        "There are no keys in {home} yet. They are made when `tienglang serve` first runs.",
    ),
    "keys.open-to-others": (
        "Người khác đọc được {path}. Hãy chạy: chmod go= {path}",
        "Others may read {path}. Run: chmod go= {path}",
    ),
    "keys.root-exists": ("Tệp {path} đã có sẵn; không ghi đè.", "{path} exists already; it is not overwritten."),
    "keys.root-off": (
        "Khóa gốc không còn trên máy này ({folder}). Hãy lấy tệp đã cất ra và thêm --root TỆP vào lệnh `tienglang keys`.",
        "The root key is not on this machine ({folder}). Fetch the file it was taken off to, and add --root FILE.",
    ),
    "keys.unknown": (
        "Đài không có khóa nào tên “{kid}”. Xem: tienglang keys",
        "This station has no key “{kid}”. See: tienglang keys",
    ),
    "restore.keys": (
        "Không dùng được bộ khóa trong bản sao lưu ({reason}). Hãy xem TIENGLANG_CONTROLLER_ID có đúng là của đài này không.",
        "The backup's keys can't be used ({reason}). Is TIENGLANG_CONTROLLER_ID this station's?",
    ),
    "restore.not-empty": (
        "Ở đây đã có dữ liệu ({what}). Muốn thay bằng bản sao lưu thì thêm --replace; dữ liệu cũ được cất sang bên cạnh.",
        "Something is here already ({what}). To put the backup in its place add --replace; what is here is put aside.",
    ),
    "restore.room": (
        "Không đủ chỗ trống: cần {needed_mb} MB, còn {free_mb} MB.",
        "There is not enough room: {needed_mb} MB are needed, {free_mb} MB are free.",
    ),
    "server.away": ("Máy chủ Tiếng Làng không trả lời ({url}).", "The Tiếng Làng server does not answer ({url})."),
    "server.file": (
        "Không đọc được {file}. Hãy chạy lệnh bằng tài khoản đã chạy máy chủ.",
        "{file} can't be read. Run this as the account that runs the server.",
    ),
    "server.none": (
        "Chưa có máy chủ Tiếng Làng nào chạy ở đây. Hãy chạy `tienglang serve` trước (hoặc đặt TIENGLANG_HOME cho đúng).",
        "No Tiếng Làng server runs here. Start `tienglang serve` first (or set TIENGLANG_HOME right).",
    ),
    "server.running": (
        "Máy chủ đang chạy trên {home}. Hãy dừng nó trước (systemctl stop tienglang).",
        "A server runs on {home}. Stop it first (systemctl stop tienglang).",
    ),
    "usage.free": (
        'Không hiểu "{text}". Hãy viết vai trò rồi giới hạn: "head 3m 05:00-21:00".',
        'Not understood: "{text}". Write a role, then its limits: "head 3m 05:00-21:00".',
    ),
    "usage.file": ("Không đọc được tệp {path} ({reason}).", "The file {path} can't be read ({reason})."),
    "usage.names": ("--count cần đúng một --name.", "--count needs exactly one --name."),
    "usage.not-confirmed": (
        "Chưa xác nhận, nên không có gì thay đổi. Trong kịch bản: thêm --yes.",
        "Not confirmed: nothing is changed. In a script, say --yes.",
    ),
    "usage.place": ("Chọn --province hoặc --commune.", "Give either --province or --commune."),
    "usage.place-ambiguous": (
        "Có nhiều nơi tên “{text}”: {candidates}. Hãy dùng mã.",
        "Several places are called “{text}”: {candidates}. Use the code.",
    ),
    "usage.place-unknown": ("Không có tỉnh, xã nào tên “{text}”.", "No province or commune is called “{text}”."),
    "usage.span": (
        "Không hiểu khoảng thời gian “{text}”. Ví dụ: 90s, 30m, 2h, 1d.",
        "“{text}” is no length of time. Examples: 90s, 30m, 2h, 1d.",
    ),
    "usage.time": (
        "Không hiểu giờ “{text}”. Ví dụ: 17:30, 17h30, 23/11/2026 17:30, 2026-11-23 17:30.",
        "“{text}” is no time. Examples: 17:30, 17h30, 2026-11-23 17:30, 2026-11-23T10:30:00Z.",
    ),
    "usage.unit-ambiguous": (
        "Có nhiều đơn vị tên “{text}”: {candidates}. Hãy dùng mã.",
        "Several units are called “{text}”: {candidates}. Use the id.",
    ),
    "usage.unit-unknown": (
        "Không có đơn vị nào tên “{text}”. Xem: tienglang units",
        "No unit is called “{text}”. See: tienglang units",
    ),
    "usage.write": ("Không ghi được tệp {path} ({reason}).", "The file {path} can't be written ({reason})."),
}
"""Sentences for codes that only this machine's own side can meet."""

HINTS: dict[str, tuple[str, str]] = {
    "choice": ("Xem `tienglang config`.", "See `tienglang config`."),
    "database-url": (
        "Phải là sqlite:///TỆP hoặc postgresql://TÊN:MẬT-KHẨU@MÁY/CSDL.",
        "It is sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.",
    ),
    "days": (
        "Phải là số ngày, từ 1 (tệp phát: từ 3) đến 36500.",
        "It is a number of days, 1 (for sounds: 3) to 36500.",
    ),
    "flag": ("Phải là true hoặc false.", "It is true or false."),
    "home-in-home": (
        "Tệp này được tìm thấy trong chính thư mục dữ liệu.",
        "This file was found in the home itself.",
    ),
    "host-port": ("Phải là MÁY:CỔNG, như 127.0.0.1:8080 hay [::1]:8080.", "It is HOST:PORT, as 127.0.0.1:8080 or [::1]:8080."),
    "http-url": ("Phải là http://MÁY[:CỔNG][/ĐƯỜNG-DẪN].", "It is http://HOST[:PORT][/PATH]."),
    "id": ("Chỉ gồm a-z, 0-9 và dấu gạch, tối đa 36 chữ.", "1 to 36 of a-z, 0-9 and dash."),
    "mqtt-url": (
        "Phải là mqtt://[TÊN:MẬT-KHẨU@]MÁY[:CỔNG], hoặc mqtts:// với ?ca=TỆP.",
        "It is mqtt://[USER:PASSWORD@]HOST[:PORT], or mqtts:// with ?ca=FILE.",
    ),
    "text": ("Phải là chữ trong ngoặc kép.", "It is a text in quotes."),
    "too-long": ("Quá dài.", "It is too long."),
}
"""Why a setting's value is none, by the `reason` of config.bad-value."""

TEXTS: dict[str, tuple[str, str]] = {
    **planning_sentences.TEXTS,
    **people_sentences.TEXTS,
    "airing-ordered": ("Lượt phát {id} có thứ tự {order}.", "Airing {id} has the order {order}."),
    "airing-cancelled": (
        "Đã yêu cầu dừng lượt phát {id}. Loa nào chưa xác nhận thì vẫn có thể phát.",
        "Airing {id} is asked to be silent. A loudspeaker that has not confirmed may still sound.",
    ),
    "airing-line": (
        "Lượt phát {id}: “{title}”, {time}, {total} cụm loa.",
        "Airing {id}: “{title}”, {time}, {total} loudspeakers.",
    ),
    "alarm-closed": ("Đã đóng cảnh báo {id}.", "Alarm {id} is closed."),
    "alarm-is-closed": ("đã đóng", "closed"),
    "all-good": ("Xong: cả {total} cụm loa đã phát.", "Done: all {total} loudspeakers played it."),
    "and-more": ("  và {number} cụm loa khác (xem --json)", "  and {number} more (see --json)"),
    "backup-made": (
        "Đã sao lưu vào {path}: {rows} dòng dữ liệu, {clips} tệp phát, {size_mb} MB. Trong đó có khóa: ai có thì phát được loa.",
        "The backup is {path}: {rows} rows, {clips} sounds, {size_mb} MB. The keys are in it: whoever has it can speak.",
    ),
    "backup-missing": (
        "Thiếu hoặc hỏng {number} tệp phát mà cơ sở dữ liệu có nhắc đến; phần còn lại đã được sao lưu.",
        "{number} sounds that the database names are lost or damaged here; everything else is in the backup.",
    ),
    "bulletin-received": (
        "Đã nhận bản tin {id}. Theo dõi: tienglang airings",
        "Bulletin {id} is received. Follow it: tienglang airings",
    ),
    "clock-behind": (
        "Đồng hồ máy chủ chậm {behind_s} giây so với lần ghi cuối: máy chủ không ký gì. Hãy chỉnh lại giờ của máy.",
        "The server's clock is {behind_s} s behind its last commit: it signs nothing. Set the machine's clock right.",
    ),
    "clock-behind-do": (
        "Nếu giờ hiện nay đúng và trước đó máy chạy nhanh: tienglang clock forgive",
        "If it is right now and was ahead before: tienglang clock forgive",
    ),
    "clock-forgive-ask": (
        "Giờ của máy hiện nay ({now}) có đúng không? Nếu đúng, mốc của lần ghi cuối ({last}) sẽ được lùi về giờ này.",
        "Is the machine's time ({now}) right? Then the mark of the last commit ({last}) is set back to it.",
    ),
    "clock-forgiven": (
        "Máy chủ tin giờ của máy trở lại. Việc này được ghi trong tienglang alarms.",
        "The server believes the machine's clock again. tienglang alarms keeps a trace of it.",
    ),
    "clock-line": ("Giờ máy chủ {now}, lần ghi cuối {last}.", "Server's time {now}, last commit {last}."),
    "config-default": ("mặc định", "default"),
    "config-empty": ("(trống)", "(empty)"),
    "config-file": ("Tệp cấu hình: {path}", "Settings file: {path}"),
    "config-no-file": ("Không có tệp cấu hình.", "No settings file."),
    "demo-made": (
        "Dữ liệu dùng thử: {communes} xã, {nodes} cụm loa.",
        "The demo: {communes} communes, {nodes} loudspeakers.",
    ),
    "demo-account": ("Tài khoản dùng thử: {name} / {password}", "Demo account: {name} / {password}"),
    "interrupted": (
        "Thôi theo dõi; lượt phát vẫn tiếp tục. Xem lại: tienglang airings show {id}",
        "No longer watching; the airing goes on. See: tienglang airings show {id}",
    ),
    "keys-at": ("lúc {at}", "at {at}"),
    "keys-current": ("đang ký", "signs"),
    "keys-elder": ("Khóa cũ {kid} vẫn được tin đến {exp}.", "The old key {kid} is believed until {exp}."),
    "keys-ended": ("đã hết hạn", "ended"),
    "keys-ends": (
        "Khóa {kid} hết hạn lúc {exp}. Hãy đổi: tienglang keys rotate {use}",
        "The key {kid} ends at {exp}. Change it: tienglang keys rotate {use}",
    ),
    "keys-gone": ("đã thu hồi", "revoked"),
    "keys-instead": ("Từ nay {kid} ký cho việc {use}.", "From now on {kid} signs for {use}."),
    "keys-next": ("sẽ ký từ {since}", "signs from {since}"),
    "keys-old": ("cũ", "old"),
    "keys-revoked": (
        "Đã thu hồi {kid}. Máy chủ đang chạy làm theo trong một giây; cụm loa đang nối được báo ngay, cụm khác khi nối lại.",
        "{kid} is revoked. A running server follows within a second; loudspeakers are told now, or when they next call.",
    ),
    "keys-rotated": ("Khóa mới {kid} cho việc {use}, ký từ {since}.", "A new key {kid} for {use}; it signs from {since}."),
    "keys-row": ("từ {nbf} đến {exp}", "from {nbf} to {exp}"),
    "keys-root-here": (
        "Khóa gốc còn trên máy này. Nên cất đi: tienglang keys take-root-off --to /usb/root.key",
        "The root key is on this machine. Take it to a safe place: tienglang keys take-root-off --to /usb/root.key",
    ),
    "keys-root-off": ("Khóa gốc đã được cất khỏi máy này.", "The root key was taken off this machine."),
    "keys-root-taken": (
        "Khóa gốc nay chỉ còn ở {path}. Hãy cất tệp đó nơi an toàn và giữ thêm một bản; mất nó thì phải cài lại mọi cụm loa.",
        "The root key is now only in {path}. Keep it safe, and a second copy: without it every loudspeaker is set up anew.",
    ),
    "keys-trust": ("Bản tin cậy số {version}, khóa gốc {root}", "Trust document {version}, root {root}"),
    "ladder-total": ("{good}/{total} cụm loa", "{good} of {total}"),
    "level-commune": ("xã", "commune"),
    "level-province": ("tỉnh", "province"),
    "level-village": ("thôn", "village"),
    "node-added": ("Đã có {number} cụm loa ở {village}.", "{number} loudspeakers stand in {village}."),
    "node-moved": ("{name} ({node}) nay đứng ở {village}.", "{name} ({node}) stands in {village} from now on."),
    "node-never": ("chưa gọi về", "never called"),
    "node-offline": ("mất kết nối", "offline"),
    "node-online": ("đang nối", "online"),
    "node-renew-ask": (
        "Cấp khóa mới cho {node}? Thiết bị đang dùng khóa cũ sẽ không còn được tin.",
        "Give {node} a new key? The board with the old one is believed no longer.",
    ),
    "node-retire-ask": (
        "Ngừng dùng {node}? Nó sẽ không nhận bản tin nào nữa.",
        "Retire {node}? It is told nothing from now on.",
    ),
    "node-retired": (
        "Đã ngừng dùng {node}. Dùng lại: tienglang nodes renew {node}",
        "{node} is retired. To bring it back: tienglang nodes renew {node}",
    ),
    "none": ("(chưa có gì)", "(nothing yet)"),
    "not-all": (
        "Chưa đủ: {good}/{total} cụm loa đã phát. Chưa nghe được ở:",
        "Not all: {good} of {total} loudspeakers played it. Not heard at:",
    ),
    "preparing": ("Đang chuẩn bị âm thanh", "Preparing the sound"),
    "provisioned": (
        "Đã ghi thông tin cài đặt của {number} cụm loa vào {path} (chỉ bạn đọc được; có khóa bí mật).",
        "The set-up of {number} loudspeakers is in {path} (only you can read it; it holds secret keys).",
    ),
    "restored": (
        "Đã khôi phục bản sao lưu lúc {time} (phiên bản {program}): {rows} dòng dữ liệu, {clips} tệp phát.",
        "Restored the backup of {time} (version {program}): {rows} rows, {clips} sounds.",
    ),
    "restored-aside": ("Dữ liệu cũ còn ở: {path}", "What was here is now: {path}"),
    "restored-keys-kept": (
        "Giữ nguyên khóa đang có: không cũ hơn khóa trong bản sao lưu.",
        "The keys that were here stay: they are not older than the backup's.",
    ),
    "restored-next": (
        "Trước khi chạy máy chủ: những gì làm sau lúc sao lưu đã mất. Việc cần làm: docs/huong-dan/sao-luu-va-khoi-phuc.md",
        "Before you start the server: what was done after that moment is gone. What to do about it: docs/lenh.md",
    ),
    "restored-without-clips": (
        "Bản sao lưu không có tệp phát: hãy chép thư mục clips của đài vào thư mục dữ liệu.",
        "The backup holds no sounds: copy the station's clips folder into the home.",
    ),
    "state-accepted": ("đã nhận", "accepted"),
    "state-cached": ("đã tải", "cached"),
    "state-cancelled": ("đã huỷ", "cancelled"),
    "state-cancelling": ("đang dừng", "stopping"),
    "state-cut": ("dừng giữa chừng", "cut"),
    "state-failed": ("hỏng", "failed"),
    "state-finished": ("phát xong", "finished"),
    "state-missed": ("lỡ giờ", "missed"),
    "state-planned": ("chờ gửi", "planned"),
    "state-published": ("đã gửi", "published"),
    "state-refused": ("từ chối", "refused"),
    "state-silent": ("phát xong nhưng loa câm", "finished, but the horn was silent"),
    "state-started": ("đang phát", "playing"),
    "state-unknown": ("không rõ", "unknown"),
    "wait-over": ("Hết thời gian chờ; lượt phát vẫn tiếp tục.", "The wait is over; the airing goes on."),
    "units-added": ("Đã có đơn vị {id}: {name}.", "The unit {id} is there: {name}."),
    "units-imported": ("Đã nhập {number} đơn vị.", "{number} units are imported."),
    "unheard": ("  {village}: {name} ({node}): {state} ({why})", "  {village}: {name} ({node}): {state} ({why})"),
    "uploading": ("Đang gửi tệp", "Sending the file"),
    "watch-again": ("Mất kết nối với máy chủ, đang nối lại.", "The server is away; trying again."),
}
"""Everything that is no error."""


def text(key: str, lang: Language, fields: Mapping[str, object]) -> str:
    """A text of ours with its fields."""
    return fill(TEXTS[key][LANGUAGES.index(lang)], fields)


def describe(error: TiengLangError) -> dict[str, Any]:
    """An error as our API says it: {code, message_vi, message_en, fields}. The server's own sentences are kept."""
    fields = dict(error.fields)
    if isinstance(error, ApiError) and (error.message_vi or error.message_en):
        return {"code": error.code, "message_vi": error.message_vi, "message_en": error.message_en, "fields": fields}
    return {
        "code": error.code,
        "message_vi": _sentence(error, "vi"),
        "message_en": _sentence(error, "en"),
        "fields": fields,
    }


def _sentence(error: TiengLangError, lang: Language) -> str:
    pair = CODES.get(error.code)
    if pair is None or error.code in SENTENCES:
        return sentence(error.code, error.fields, lang)
    fields = dict(error.fields)
    if error.code == "config.bad-value":
        hint = HINTS.get(str(fields.get("reason")))
        fields["hint"] = hint[LANGUAGES.index(lang)] if hint else ""
    if isinstance(fields.get("candidates"), list | tuple):
        fields["candidates"] = ", ".join(str(each) for each in fields["candidates"])  # type: ignore[attr-defined]
    return fill(pair[LANGUAGES.index(lang)], fields).strip()
