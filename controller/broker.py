"""The embedded broker: rumqttd in a process of its own, for a commune that has no Mosquitto. Nothing to install.

It listens on loopback only: rumqttd as iotcore ships it knows no passwords and no access lists. Real loudspeakers need a
real broker; the contract makes any broker safe to lose, this one included (design, law 8).

What was measured of it (iotcore 0.4.0, rumqttd 0.20), and what follows for its settings:

* It keeps what was published on each filter in segments, up to 1 GB a filter if let. 9,000 inboxes would eat the machine in
  days, so every filter keeps at most 96 kB, and the four filters on which the whole province speaks to us 32 MB.
* A publish above its limit cuts the publisher, and a client library then sends it again for ever. So the limit is far above
  our 16 kB: what is too big passes, and links drop it unread (contract, 64 kB).
* At most 100 QoS 1 messages are in flight to one client, whatever one sets; acks must come in order; a client needs an id and
  a keepalive above zero.
"""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from controller.domain.errors import Unavailable
from controller.protocol.topics import SUBSCRIPTIONS

HOST = "127.0.0.1"
FIRST_PORT = 1883
_PORTS_TRIED = 100
"""From 1883 up: enough for every demo and test a machine may run at once, few enough to give up soon."""

_FILE = "broker.toml"
_CHILD = Path(__file__).with_name("broker_child.py")
_START_S = 20
"""It takes 0.2 s; a small computer that starts everything at once may take its time."""
_STOP_S = 5

_CONFIG = """\
# Written by controller/broker.py at each start.
id = 0

[router]
max_connections = 20000
max_outgoing_packet_count = 200
max_segment_size = 32768
max_segment_count = 3
{wide}
[v4.1]
name = "tienglang"
listen = "{host}:{port}"
next_connection_delay_ms = 0

[v4.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 200
dynamic_filters = true
"""
_LISTEN = re.compile(rf'^listen = "{re.escape(HOST)}:([0-9]{{4,5}})"$', re.MULTILINE)
_WIDE = """
[router.custom_segment."{filter}"]
max_segment_size = 8388608
max_segment_count = 4
"""


@dataclass(slots=True)
class EmbeddedBroker:
    """A running broker at `url`. One thread at a time starts or stops it; it dies with this process, however that dies."""

    port: int
    _config: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it listens, as `protocol.address` reads it."""
        return f"mqtt://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The broker's process, None when it was stopped."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Does its process live?"""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it on `port`; nothing happens if it runs. Unavailable("broker.port-taken" | "broker.not-ready")."""
        if self.is_running:
            return
        self.stop()
        if not _is_free(self.port):
            raise Unavailable("broker.port-taken", port=self.port)
        self._config.parent.mkdir(parents=True, exist_ok=True)
        self._config.write_text(_config(self.port))
        self._process = _spawn(self._config, self.port)
        try:
            word = _first_word(self._process)
        except BaseException:
            self.stop()
            raise
        if word != b"ready":
            code = self._process.poll()
            self.stop()
            raise Unavailable("broker.not-ready", port=self.port, exit_code=code)

    def stop(self) -> None:
        """End it and free its port. Safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def start_broker(run_dir: Path, first_port: int = FIRST_PORT) -> EmbeddedBroker:
    """Start the broker where it was the last time, for loudspeakers were told so, else on `first_port` or the next free one.

    Its settings are written into `run_dir`. Unavailable("broker.no-port") when all of a hundred are taken, "broker.not-ready"
    when it does not come up.
    """
    config = run_dir / _FILE
    for port in (*_last_port(config), *range(first_port, min(first_port + _PORTS_TRIED, 65_536))):
        if not _is_free(port):
            continue
        broker = EmbeddedBroker(port, config)
        try:
            broker.start()
        except Unavailable:
            if _is_free(port):  # nobody took it from us in between: the next port would not help
                raise
            continue
        return broker
    raise Unavailable("broker.no-port", first=first_port, tried=_PORTS_TRIED)


def last_url(run_dir: Path) -> str | None:
    """Where the broker of this home listens, or did when it last ran; None if it never did."""
    return next((f"mqtt://{HOST}:{port}" for port in _last_port(run_dir / _FILE)), None)


def _last_port(config: Path) -> tuple[int, ...]:
    """The port in the settings that we wrote the last time, if there are any."""
    try:
        found = _LISTEN.search(config.read_text())
    except (OSError, UnicodeDecodeError):
        return ()
    return (int(found[1]),) if found else ()


def _config(port: int) -> str:
    wide = "".join(_WIDE.format(filter=name) for name in SUBSCRIPTIONS)
    return _CONFIG.format(host=HOST, port=port, wide=wide)


def _spawn(config: Path, port: int) -> subprocess.Popen[bytes]:
    # A session of its own: the terminal's Ctrl-C and hang-up are for us, we stop it when we have said goodbye. The pipe to
    # its stdin is what tells it of our death; nothing else inherits that pipe's end (close_fds).
    return subprocess.Popen(
        [sys.executable, "-P", str(_CHILD), str(config), HOST, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        env=os.environ | {"RUST_BACKTRACE": "0"},
    )


def _first_word(process: subprocess.Popen[bytes]) -> bytes:
    """What the child says first; nothing when it ends, or says nothing in time."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        return process.stdout.readline().strip() if selector.select(_START_S) else b""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT will do
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
