"""A form with a file, streamed to the disk as it comes: at most one block of it is in memory, and never more than the cap."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.requests import ClientDisconnect, Request

from audio.clip import Limits
from controller.domain.errors import Refused, Unavailable

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

MAX_FILE = Limits().max_size
"""What `audio.prepare` takes."""

MAX_FIELDS = 100_000
"""Bytes of all other fields together: 200 units and a title fit twenty times."""

MAX_HEADERS = 16_000
"""Bytes of all parts' headers together."""

BLOCK = 1 << 20
"""Bytes gathered before they are written: one thread hop a megabyte."""


@dataclass(slots=True)
class Form:
    """What came: the file's path (it is the caller's to move or remove), its own name, and the fields by name."""

    path: Path
    filename: str = ""
    size: int = 0
    fields: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A path for an unfinished upload, removed on leaving unless it was moved away; Unavailable("disk.full")."""
    with _disk_errors():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".upload-", delete=False) as file:
            path = Path(file.name)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


async def receive(request: Request, path: Path) -> Form:
    """Read the whole form; Refused with upload.* when it is none, too big, or breaks off; Unavailable("disk.full")."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise Refused("upload.kind")
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > MAX_FILE + MAX_FIELDS + MAX_HEADERS:
        raise _too_big()  # before a byte of it is read
    parts = _Parts(Form(path=path))
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        with _disk_errors(), path.open("wb") as file:
            async for chunk in request.stream():
                parser.write(chunk)
                if len(parts.block) >= BLOCK:
                    await asyncio.to_thread(file.write, parts.take())
            await asyncio.to_thread(file.write, parts.take())
    except (MultipartParseError, ClientDisconnect, UnicodeDecodeError) as error:
        raise Refused("upload.cut") from error
    if not parts.ended:
        raise Refused("upload.cut")
    if not parts.has_file or parts.form.size == 0:
        raise Refused("upload.no-file")
    return parts.form


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable("disk.full", detail=str(error)) from error


def _too_big() -> Refused:
    return Refused("upload.too-big", limit_mb=MAX_FILE // 1_000_000)


class _Parts:
    """What the parser tells us, gathered."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.block = bytearray()
        self.ended = False
        self.has_file = False
        self._in_file = False
        self._headers_left = MAX_HEADERS
        self._fields_left = MAX_FIELDS
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._value = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """As python_multipart wants them."""
        return {
            "on_part_begin": self._headers.clear,
            "on_header_field": lambda data, start, end: self._header(self._header_name, data[start:end]),
            "on_header_value": lambda data, start, end: self._header(self._header_value, data[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._part_begins,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._part_ended,
            "on_end": self._all_ended,
        }

    def take(self) -> bytes:
        """The bytes of the file since the last time."""
        taken = bytes(self.block)
        self.block.clear()
        return taken

    def _header(self, into: bytearray, data: bytes) -> None:
        self._headers_left -= len(data)
        if self._headers_left < 0:
            raise Refused("request.too-big", limit=MAX_HEADERS)
        into += data

    def _header_ended(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _part_begins(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode()
        self._in_file = b"filename" in options
        self._value.clear()
        if self._in_file:
            if self.has_file or self._name != "file":
                raise Refused("upload.field", field=self._name)
            self.has_file = True
            with suppress(UnicodeDecodeError):  # a strange name is no reason to lose the sound
                self.form.filename = options[b"filename"].decode()[:255]

    def _data(self, data: bytes) -> None:
        if self._in_file:
            self.form.size += len(data)
            if self.form.size > MAX_FILE:
                raise _too_big()
            self.block += data
        else:
            self._fields_left -= len(data)
            if self._fields_left < 0:
                raise Refused("request.too-big", limit=MAX_FIELDS)
            self._value += data

    def _part_ended(self) -> None:
        if not self._in_file:
            self.form.fields.setdefault(self._name, []).append(bytes(self._value).decode())

    def _all_ended(self) -> None:
        self.ended = True
