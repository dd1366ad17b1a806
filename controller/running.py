"""`tienglang serve` as a process: alone with its folder and its database, its broker beside it, a page, and a way to end.

    cli > running > main

`run` holds what `controller.main.build` made for as long as the process lives.
"""

from __future__ import annotations

import gc
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn

from controller.broker import start_broker
from controller.config import Settings, may_listen
from controller.db.restoring import sqlite_path
from controller.domain.rights import OPERATOR
from controller.lock import alone, alone_with
from controller.main import build
from controller.protocol.address import without_user
from controller.service.users import Users
from controller.web.app import build_app
from controller.web.services import Services
from scheduler.clock import Clock
from scheduler.runner import Job

BROKER_MS = 500
"""An embedded broker that died is back before most loudspeakers try again."""

COLLECT = (5_000, 20, 20)
"""Garbage collection: a burst of receipts makes hundreds of thousands of objects, none of them in cycles; looking through all
of them again and again would cost a tenth of it."""


def run(settings: Settings, clock: Clock | None = None) -> int:
    """`tienglang serve`: run until SIGINT or SIGTERM; the exit code. Refused when it may not listen where it was told to."""
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _leave)  # uvicorn raises the signal once more when it has shut down: that must not kill us
    with alone(settings.run_dir), alone_with(sqlite_path(settings.database)), _broker(settings) as (broker_url, its_jobs):
        app = build(settings, broker_url, clock, its_jobs)
        if settings.demo:
            app.services.make_demo(OPERATOR)
        may_listen(settings.listen, app.services.users.has_demo())
        _say_first_password(app.services.users)
        server = _server(settings, app.services)
        collect_rarely()
        app.start()
        try:
            with suppress(SystemExit), _told(settings, app.services.local_token):
                print(f"Tiếng Làng: {settings.base_url}  ·  MQTT: {without_user(broker_url)}", flush=True)
                server.run()
        finally:
            app.stop()
    return 0


def collect_rarely() -> None:
    """What was made so far lives as long as this process: look through it no more, and through the rest less often."""
    gc.freeze()
    gc.set_threshold(*COLLECT)


@contextmanager
def _broker(settings: Settings) -> Iterator[tuple[str, list[Job]]]:
    """The broker's URL: the one we were told, or our own embedded one while the block runs; and what keeps that alive."""
    if settings.mqtt_url is not None:
        yield settings.mqtt_url, []
        return
    embedded = start_broker(settings.run_dir)
    try:
        yield embedded.url, [Job(name="broker", period_ms=BROKER_MS, run=embedded.start)]
    finally:
        embedded.stop()


def _server(settings: Settings, services: Services) -> uvicorn.Server:
    host, port = settings.address
    config = uvicorn.Config(
        build_app(services),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,  # an open page would keep us for ever
        proxy_headers=False,
        server_header=False,
    )
    return uvicorn.Server(config)


@contextmanager
def _told(settings: Settings, token: str) -> Iterator[None]:
    """While the block runs, this machine's command line finds our URL and token in a file that only we may read."""
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    host, port = settings.address
    said = json.dumps({"url": f"http://{_reachable(host)}:{port}", "token": token})
    fresh = settings.api_file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(said)
    os.replace(fresh, settings.api_file)
    try:
        yield
    finally:
        settings.api_file.unlink(missing_ok=True)


def _leave(_sign: int, _frame: object) -> None:
    raise SystemExit(0)


def _reachable(host: str) -> str:
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _say_first_password(users: Users) -> None:
    first = users.first()
    if first is not None:
        name, password = first
        print(f"Tài khoản đầu tiên / first account: {name}  mật khẩu / password: {password}  (chỉ hiện một lần)", flush=True)
