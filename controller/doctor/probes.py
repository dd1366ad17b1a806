"""Looks at the home, the broker and the running server. Nothing is changed; what goes wrong is what is seen, never an error."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import tempfile
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from audio.store import Store
from controller import keyfile
from controller.backup.keys import opened_copy
from controller.config import Settings, is_loopback
from controller.doctor.findings import BrokerSeen, DiskSeen, KeySeen, KeysSeen, ServerSeen, SettingsSeen
from controller.domain.errors import Refused
from controller.lock import is_held
from controller.mqtt.link import Link
from controller.protocol.address import parse_broker, without_user
from controller.protocol.topics import PREFIX
from controller.service.generations import lasting
from scheduler.clock import Clock, to_ms

UP_S = 5.0
"""For the broker to take us in: a TLS handshake over a slow line takes one."""

ECHO_S = 2.0
"""For our word to come back: an order that takes longer on its way is late at the loudspeaker."""

HTTP_S = 5.0
"""A server that needs longer for /healthz lets people wait."""

MAX_HEALTH = 10_000
"""Bytes of its answer: some hundred are due."""

_POLL_S = 0.05


def look_at_settings(settings: Settings) -> SettingsSeen:
    """What the settings say about who reaches whom."""
    broker = parse_broker(settings.mqtt_url) if settings.mqtt_url else None
    return SettingsSeen(
        listens_wide=not is_loopback(settings.address[0]),
        broker_elsewhere=broker is not None and not is_loopback(broker.host),
        broker_in_the_clear=broker is not None and not broker.tls,
        base_is_loopback=is_loopback(urlsplit(settings.base_url).hostname or ""),
        demo=settings.demo,
    )


def look_at_disk(home: Path) -> DiskSeen | None:
    """Room, and whether a file that is written and synced can be; it is gone again after."""
    if not home.exists():
        return None
    room = os.statvfs(home)
    trouble = None
    try:
        with tempfile.NamedTemporaryFile(dir=home, prefix=".doctor-") as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        trouble = error.strerror or str(error)
    return DiskSeen(free=room.f_bavail * room.f_frsize, inodes=room.f_favail if room.f_files else None, trouble=trouble)


def is_sound_there(files: Path, sha256: str) -> bool:
    """Is it in the store that a controller with this setting would serve from?"""
    return Store(files / "clips").has(sha256)


def look_at_keys(home: Path, now_ms: int, issuer: str) -> KeysSeen | None:
    """The keys as a controller would open them."""
    try:
        ring = opened_copy(home, now_ms, issuer)
    except Refused as error:
        return KeysSeen(keys=(), root_here=False, refused=(error.code, error.fields))
    except OSError as error:
        return KeysSeen(keys=(), root_here=False, refused=("keys.unreadable", {"reason": error.strerror or str(error)}))
    if ring is None:
        return None
    keys = [KeySeen(kid=key.kid, expires_ms=key.exp) for key in lasting(ring.held, now_ms)]
    return KeysSeen(keys=keys, root_here=keyfile.root_is_here(home))


def look_at_broker(url: str, clock: Clock) -> BrokerSeen:
    """Log in as a client of its own, and hear a word of its own on a topic that no loudspeaker listens to."""
    name, word = secrets.token_hex(8), secrets.token_bytes(16)
    topic, heard = f"{PREFIX}/doctor/{name}", threading.Event()

    def came(_topic: str, payload: bytes) -> None:
        if payload == word:
            heard.set()

    link = Link(url, client_id=f"doctor-{name}", on_message=came, clock=clock, subscriptions=(topic,))
    link.start()
    try:
        waited = threading.Event()
        for _ in range(int(UP_S / _POLL_S)):
            if link.up_since_ms is not None or link.trouble is not None:
                break
            waited.wait(_POLL_S)
        if link.up_since_ms is None:
            return BrokerSeen(address=without_user(url), trouble=link.trouble or "timed out", echo_ms=None)
        begun_ms = clock.monotonic_ms()
        link.publish([(topic, word)], lambda _taken: None)
        echo = heard.wait(ECHO_S)
        return BrokerSeen(address=without_user(url), trouble=None, echo_ms=clock.monotonic_ms() - begun_ms if echo else None)
    finally:
        link.stop()


def look_at_server(settings: Settings) -> ServerSeen:
    """Does a server have the home's lock, and what does it answer?"""
    if not is_held(settings.run_dir):
        return ServerSeen(runs=False, url="", status=0)
    try:
        url = str(json.loads(settings.api_file.read_text())["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ServerSeen(runs=True, url=settings.base_url, status=0)
    status, body = _answer(url)
    try:
        said = msgspec.json.decode(body, type=_Health)
    except msgspec.DecodeError:  # whatever answers there, it is no server of ours
        return ServerSeen(runs=True, url=url, status=0 if status == http.client.OK else status)
    since_ms = to_ms(said.since) if said.since else 0
    return ServerSeen(runs=True, url=url, status=status, acts=said.acts, place=said.place, since_ms=since_ms)


class _Health(msgspec.Struct):
    """What /healthz says of who acts."""

    acts: bool
    place: str
    since: Annotated[datetime, msgspec.Meta(tz=True)] | None


def _answer(url: str) -> tuple[int, bytes]:
    """The status (0: none) and the body of what /healthz answers."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=HTTP_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        return answer.status, answer.read(MAX_HEALTH)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
