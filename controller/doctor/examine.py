"""`tienglang doctor`: look at everything, judge everything. What is broken keeps nothing else from being looked at."""

from __future__ import annotations

from controller.broker import last_url
from controller.config import Settings
from controller.doctor import findings as judge
from controller.doctor import probes as look
from controller.doctor.database import look_at_database
from controller.doctor.findings import Finding
from scheduler.clock import Clock


def examine(settings: Settings, clock: Clock) -> list[Finding]:
    """Every finding, in the order of `Area`."""
    now_ms = clock.now_ms()
    database = look_at_database(settings.database)
    server = look.look_at_server(settings)
    broker_url = settings.mqtt_url or (last_url(settings.run_dir) if server.runs else None)
    folders = dict.fromkeys((settings.home, settings.files))
    newest = database.newest_sound if database else None
    keys = look.look_at_keys(settings.home, now_ms, settings.controller_id)
    return [
        *judge.judge_settings(look.look_at_settings(settings)),
        *(finding for folder in folders for finding in judge.judge_disk(look.look_at_disk(folder))),
        *judge.judge_sounds(str(settings.files), newest_is_there=newest is None or look.is_sound_there(settings.files, newest)),
        *judge.judge_clock(now_ms, database.newest_ms if database else None),
        *judge.judge_keys(keys, now_ms, knows_nodes=database is not None and database.nodes > 0),
        *judge.judge_database(database),
        *judge.judge_broker(look.look_at_broker(broker_url, clock) if broker_url else None),
        *judge.judge_server(server),
    ]
