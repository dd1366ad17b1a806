"""The running server's REST API, as the command line uses it. The only importer of httpx in the controller.

The server of this home tells its URL and a token in run/api.json, which only its owner may read. It gets a new token at each
start, so when it refuses ours or does not answer, the file is read again: a restart in the middle of a wait is survived.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx

from controller.domain.errors import Refused, TiengLangError

PREFIX = "/api/v1"

_TIMEOUT = httpx.Timeout(30, connect=5)
"""A province's list takes a second on a slow machine; a server that is silent for half a minute is gone."""

SOON = httpx.Timeout(2)
"""For who only asks whether it is there: another program on its port may take the question and say nothing."""

_MAX_LINE = 16_000_000
"""Characters of one line of an event stream: the ledger of 10,000 loudspeakers takes 2,000,000."""


class ApiError(TiengLangError):
    """The server's refusal: its code and fields, its two sentences, its HTTP status."""

    def __init__(self, status: int, said: Mapping[str, Any]) -> None:
        fields = said.get("fields")
        super().__init__(str(said.get("code", "internal")), **(fields if isinstance(fields, dict) else {}))
        self.status = status
        self.message_vi = str(said.get("message_vi", ""))
        self.message_en = str(said.get("message_en", ""))


class ServerAway(TiengLangError):
    """No server runs here ("server.none"), or it does not answer ("server.away")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One server-sent event."""

    name: str
    data: str


class Api:
    """Speaks to the server whose api.json is at `api_file`. One thread."""

    def __init__(self, api_file: Path, timeout: httpx.Timeout = _TIMEOUT) -> None:
        self._file = api_file
        self._client = _connect(api_file, timeout)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **params: str | int | None) -> Any:
        """The JSON at a path; ApiError or ServerAway."""
        return json.loads(self.get_bytes(path, **params))

    def get_bytes(self, path: str, **params: str | int | None) -> bytes:
        """The body at a path, for who decodes it himself; errors as `get`."""
        given = {name: value for name, value in params.items() if value is not None}
        return self._again(lambda client: client.get(PREFIX + path, params=given))

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What the server answers to a JSON body. Not tried again: a lost answer leaves the question open."""
        return json.loads(self._once(lambda client: client.post(PREFIX + path, json=body or {})))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """What the server answers to a JSON body that takes another's place. Not tried again, as `post`."""
        return json.loads(self._once(lambda client: client.put(PREFIX + path, json=body)))

    def delete(self, path: str, **params: int) -> None:
        """Take what is at a path away."""
        self._once(lambda client: client.delete(PREFIX + path, params=params))

    def upload(
        self, path: str, fields: Mapping[str, str | list[str]], file: Path, on_progress: Callable[[int, int], None]
    ) -> Any:
        """Send a form with one file (the field `file`); `on_progress(sent, size)` as it goes."""
        try:
            opened = file.open("rb")
        except OSError as error:
            raise Refused("usage.file", path=str(file), reason=error.strerror or str(error)) from None
        with opened:
            counted = _Counted(opened, file.stat().st_size, on_progress)
            sent = {"file": (file.name, counted)}
            answer = self._once(lambda client: client.post(PREFIX + path, data=dict(fields), files=sent))  # type: ignore[arg-type]
        return json.loads(answer)

    @contextmanager
    def events(self, path: str, patience_s: float) -> Iterator[Iterator[Event]]:
        """The events of a stream until it ends; ServerAway when it breaks or says nothing for `patience_s`."""
        try:
            with self._client.stream("GET", PREFIX + path, timeout=httpx.Timeout(patience_s, connect=5)) as response:
                if response.status_code == 401:  # it started anew in between; the next question finds its new token
                    raise ServerAway("server.away", url=str(self._client.base_url))
                if response.is_error:
                    response.read()
                    _raise(response)
                yield parse_events(response.iter_lines())
        except httpx.HTTPError as error:
            raise ServerAway("server.away", url=str(self._client.base_url), reason=str(error)) from None

    def _again(self, ask: Callable[[httpx.Client], httpx.Response]) -> bytes:
        try:
            return self._once(ask)
        except (ServerAway, ApiError) as error:
            if isinstance(error, ApiError) and error.code != "session.none":
                raise
        fresh = _connect(self._file)
        self._client.close()
        self._client = fresh
        return self._once(ask)

    def _once(self, ask: Callable[[httpx.Client], httpx.Response]) -> bytes:
        try:
            response = ask(self._client)
        except httpx.HTTPError as error:
            raise ServerAway("server.away", url=str(self._client.base_url), reason=str(error)) from None
        if response.is_error:
            _raise(response)
        return response.content


def parse_events(lines: Iterator[str]) -> Iterator[Event]:
    """Server-sent events (WHATWG HTML, 9.2) out of lines: `event` and `data`; ids and unknown fields are skipped.

    A comment is told as an event without name: a sign of life, and a chance to look at the clock.
    """
    name, data = "message", list[str]()
    for line in lines:
        if len(line) > _MAX_LINE:
            raise ServerAway("server.away", reason="a line without end")
        if not line:
            if data:
                yield Event(name=name, data="\n".join(data))
            name, data = "message", []
            continue
        field, _, value = line.partition(":")
        if not field:
            yield Event(name="", data="")
        elif field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))


class _Counted:
    """A file that tells how much of it was read. httpx asks for its length by fileno."""

    def __init__(self, file: IO[bytes], size: int, on_progress: Callable[[int, int], None]) -> None:
        self._file = file
        self._size = size
        self._on_progress = on_progress
        self._sent = 0

    def fileno(self) -> int:
        return self._file.fileno()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._sent += len(piece)
        self._on_progress(self._sent, self._size)
        return piece


def _connect(api_file: Path, timeout: httpx.Timeout = _TIMEOUT) -> httpx.Client:
    try:
        said = json.loads(api_file.read_text())
        url, token = str(said["url"]), str(said["token"])
    except FileNotFoundError:
        raise ServerAway("server.none", file=str(api_file)) from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ServerAway("server.file", file=str(api_file)) from None
    # No proxy and no .netrc from the environment: the server is this machine's own.
    return httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=timeout, trust_env=False)


def _raise(response: httpx.Response) -> None:
    try:
        said = response.json()
    except ValueError:
        said = None
    if not isinstance(said, dict) or "code" not in said:
        said = {"code": "internal", "fields": {"status": response.status_code}}
    raise ApiError(response.status_code, said)
