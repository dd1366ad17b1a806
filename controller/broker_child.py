"""The embedded broker's own process: rumqttd, until whoever started us goes away. `controller.broker` runs this file.

    python -P broker_child.py CONFIG.toml HOST PORT

Says "ready" on stdout once *this* process listens there. Why not `iotcore.Broker`, which does nearly that: its child takes
the terminal's Ctrl-C (so the broker would be gone before the controller has said goodbye), and it takes another program's
broker on the same port for its own.
"""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
import sys
import threading
import time

from iotcore.iotcore import IotCoreBroker

_LOOK_S = 0.02


def main() -> None:
    """Serve until stdin closes, which it does whatever kills our parent; exit code 1 when the port can't be had."""
    config, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # rumqttd opens an error-level span for each packet; what it logs inside them is no error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    _take_all_files()
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    threading.Thread(target=_say_when_listening, args=(host, port), daemon=True).start()
    try:
        IotCoreBroker(config_path=config).run_forever()
    except OSError as error:
        print(error, file=sys.stderr)
    sys.exit(1)


def _take_all_files() -> None:
    """A connection is a file descriptor: thousands of loudspeakers need more than the usual 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _exit_with_parent() -> None:
    try:
        sys.stdin.buffer.read()  # returns when the other end of the pipe is closed, by stop() or by the parent's death
    finally:
        os._exit(0)


def _say_when_listening(host: str, port: int) -> None:
    while not _we_listen(host, port):
        time.sleep(_LOOK_S)
    print("ready", flush=True)


def _we_listen(host: str, port: int) -> bool:
    """Is one of our own descriptors a socket that listens at host:port? (Connecting would also find a stranger's.)"""
    for name in os.listdir("/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"):
        try:
            with socket.socket(fileno=os.dup(int(name))) as probe:
                if probe.getsockname()[:2] == (host, port) and probe.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    return True
        except (OSError, ValueError):  # no socket, or closed since we listed it
            continue
    return False


if __name__ == "__main__":
    main()
