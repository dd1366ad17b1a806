"""A real RabbitMQ with its MQTT plugin; see `broker.py`.

It shares nothing with a RabbitMQ of the machine: its own home, node name, cookie, database, and name server of Erlang (epmd).
Beside the addresses its settings are RabbitMQ's own; who says no name is its `guest`, from this machine only.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import IO

from tests.support.broker import Broker, program
from tests.support.ports import free_port, wait_until_listening

_CONFIG = "listeners.tcp = none\nmqtt.listeners.tcp.1 = 127.0.0.1:{port}\nlog.console = true\n"
# Debian's own `rabbitmq-server` on the PATH changes to another user and reads /etc; these do neither.
_FOLDERS = "/usr/lib/rabbitmq/bin:/usr/local/lib/rabbitmq/bin:/opt/homebrew/sbin:/usr/local/sbin"


class RabbitMQ(Broker):
    """One broker; it forgets all when it is killed, for nothing on it is durable."""

    name = "rabbitmq"
    start_s = 120  # an Erlang machine and its database, on a busy machine with a slow disk
    stop_s = 30

    def __init__(self, port: int | None = None) -> None:
        super().__init__(port)
        self._distribution, self._names = free_port(), free_port()

    def _launch(self, folder: Path, log: IO[bytes]) -> list[subprocess.Popen[bytes]]:
        (folder / "rabbitmq.conf").write_text(_CONFIG.format(port=self.port))
        (folder / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        names = program("epmd", "/usr/bin", "rabbitmq-server")
        server = program("rabbitmq-server", _FOLDERS, "rabbitmq-server")
        epmd = self._run(folder, log, names, "-address", "127.0.0.1", "-port", str(self._names))
        wait_until_listening(self._names, lambda: True)
        return [self._run(folder, log, server, "-noinput"), epmd]

    def _run(self, folder: Path, log: IO[bytes], *command: str) -> subprocess.Popen[bytes]:
        environment = self._environment(folder)
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)

    def _environment(self, folder: Path) -> dict[str, str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return others | {
            "HOME": str(folder),  # where the cookie is
            "ERL_EPMD_PORT": str(self._names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the broker, instead of waiting for it
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": f"{folder}/rabbitmq.conf",
            "RABBITMQ_ADVANCED_CONFIG_FILE": f"{folder}/none.config",
            "RABBITMQ_ENABLED_PLUGINS_FILE": f"{folder}/enabled_plugins",
            "RABBITMQ_MNESIA_BASE": f"{folder}/mnesia",
            "RABBITMQ_LOG_BASE": f"{folder}/logs",
            "RABBITMQ_PID_FILE": f"{folder}/pid",
            "RABBITMQ_NODENAME": f"tl-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}",
        }
