"""A commune of one village with two loudspeakers, both of them strangers (tests/stranger), on a real controller and broker."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.stranger.wire import decode, unb64
from tests.support.stack import Controller, Json, Stack

ROOT = Path(__file__).parents[2]
COMMUNE = "x01501"
START_S = 30.0


class Stranger:
    """One of them as a process of its own; its disk and its sound log outlive it."""

    def __init__(self, home: Path, provision: Json) -> None:
        self.id: str = provision["node"]
        self.disk = home / self.id
        self._file, self._log = home / f"{self.id}.json", home / f"{self.id}.sounds"
        self._file.write_text(json.dumps([provision]))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """It has power."""
        command = [sys.executable, "-m", "tests.stranger.node", "--provision", self._file, "--home", self.disk]
        with self._log.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--sound-log", self._log], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Its power is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_S)
            self._process = None

    def wipe(self) -> None:
        """Its disk is empty."""
        shutil.rmtree(self.disk)

    @property
    def memory(self) -> Json:
        """What lies on its disk; nothing yet is {}."""
        file = self.disk / "memory.json"
        held: Json = json.loads(file.read_text()) if file.exists() else {}
        return held

    def sounds(self) -> list[str | None]:
        """What its horn did, in order: None for each begin, and how each ended."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [json.loads(line)["end"] for line in lines]


class Hamlet:
    """The controller and both strangers; enter it. Who enters waits until both may sound."""

    def __init__(self, home: Path, mqtt_url: str) -> None:
        self.controller = Controller(home / "controller", mqtt_url=mqtt_url, demo=False)
        self._home, self._url = home, mqtt_url
        self.nodes: list[Stranger] = []

    def __enter__(self) -> Self:
        try:
            self.controller.start()
            call = self.controller.call
            call("POST", "/units/import", json={"code": COMMUNE.removeprefix("x")})
            village = call("POST", "/units", json={"parent": COMMUNE, "name": "Xóm Mới"})["id"]
            call("POST", "/nodes", json={"village": village, "names": ["Loa A", "Loa B"]})
            self.nodes = [Stranger(self._home, record) for record in call("POST", "/nodes/provision", json={})]
            for node in self.nodes:
                node.start()
            Stack.wait_for(lambda: all(row["online"] and row["config"] for row in self.rows()), START_S)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for node in self.nodes:
            node.kill()
        self.controller.kill()

    def rows(self) -> list[Json]:
        """How the controller sees them."""
        rows: list[Json] = self.controller.call("GET", "/nodes")
        return rows

    def say(self, file: Path, **how: object) -> str:
        """Air a file for the commune; the airing's id."""
        form = {"title": "Thử loa", "class": "normal", "language": "vi", "owner": COMMUNE}
        with file.open("rb") as opened:
            bulletin = self.controller.call("POST", "/bulletins", data=form, files={"file": opened})["id"]
        Stack.wait_for(lambda: self.controller.call("GET", f"/bulletins/{bulletin}")["state"] == "approved", START_S)
        airing: str = self.controller.call("POST", "/airings", json={"bulletin": bulletin, "to": [COMMUNE], **how})["id"]
        return airing

    def ledger(self, airing: str) -> list[tuple[str, str]]:
        """(state, why) of each, in the order of `nodes`."""
        report = self.controller.call("GET", f"/airings/{airing}")
        rows = {row["node"]: (row["state"], row["why"]) for village in report["villages"] for row in village["nodes"]}
        return [rows[node.id] for node in self.nodes]

    @contextmanager
    def spy(self) -> Iterator[Spy]:
        """Whoever has the broker's password."""
        spy = Spy(self._url)
        try:
            yield spy
        finally:
            spy.close()


class Spy:
    """Hears all that passes through the broker, and can say it again."""

    def __init__(self, url: str) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("tl/#", 1)
        self._client.on_message = lambda _client, _user, message: self.heard.append((message.topic, bytes(message.payload)))
        self._client.connect(urlsplit(url).hostname or "", urlsplit(url).port or 1883)
        self._client.loop_start()
        Stack.wait_for(self._client.is_connected, START_S)

    def replay(self, heard: list[tuple[str, bytes]]) -> None:
        """Say it once more, word for word."""
        for topic, token in heard:
            self._client.publish(topic, token, 1)

    def to(self, *topics: str) -> list[tuple[str, bytes]]:
        """What came on these."""
        return [(topic, token) for topic, token in self.heard if topic in topics]

    def said(self, node: str, leaf: str, typ: str) -> list[Json]:
        """What a node said, opened without asking whether its seal is true."""
        return [decode(typ, unb64(token.decode().split(".")[1])) for _, token in self.to(f"tl/1/node/{node}/{leaf}")]

    def close(self) -> None:
        """Gone."""
        self._client.disconnect()
        self._client.loop_stop()
