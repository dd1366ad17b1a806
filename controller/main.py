"""The composition root: everything is built once, here, from the settings, and handed to whoever needs it.

    main > web | mqtt | db > service > protocol > domain

`build` makes the parts and starts nothing; `App.start` starts the threads, `App.stop` ends them. `controller.running` is the
process around them.
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from audio.chime import chime_clip
from audio.rest import rest_of
from audio.store import Store
from audio.worker import prepare_in_process
from controller import keyfile, opening
from controller.config import Settings
from controller.db.database import Database
from controller.db.lease import SqlLease
from controller.db.restoring import sqlite_path
from controller.db.unit_of_work import UnitOfWork
from controller.domain.errors import TiengLangError
from controller.lock import name_of
from controller.mqtt.inbox import Inbox
from controller.mqtt.link import Link
from controller.mqtt.outbox import Outbox
from controller.protocol.address import without_user
from controller.service.airings import Airings
from controller.service.alarms import Alarms
from controller.service.approvals import Approvals
from controller.service.bulletins import Bulletins
from controller.service.bus import LocalBus
from controller.service.coverage import Coverages
from controller.service.days import Days
from controller.service.deliveries import Sweeper
from controller.service.demo import make_demo
from controller.service.feeds import Feeds
from controller.service.inspection import Inspection
from controller.service.invitations import Invitations
from controller.service.keyring import Keyring
from controller.service.lease import Lease, Sole
from controller.service.logbook import Log
from controller.service.node_tests import NodeTests
from controller.service.nodes import Nodes
from controller.service.offers import Offers
from controller.service.papers import Papers, bases_of
from controller.service.passwords import Passwords
from controller.service.planner import Planner
from controller.service.plans import Plans
from controller.service.policies import Policies
from controller.service.posting import Posting
from controller.service.previews import Previews
from controller.service.programmes import Programmes
from controller.service.rekeying import Rekeying
from controller.service.reports import Reports
from controller.service.resuming import Resuming
from controller.service.retention import Retention
from controller.service.sessions import Sessions
from controller.service.timekeeping import Timekeeping
from controller.service.tokens import Tokens
from controller.service.trail import Trail
from controller.service.units import Units
from controller.service.users import Users
from controller.service.vault import Vault
from controller.web.services import Services
from scheduler.clock import Clock, SystemClock
from scheduler.runner import Job, Runner

log = logging.getLogger(__name__)

SWEEP_MS = 1_000
"""A deadline is kept to the second."""

LOOK_MS = 1_000
"""A clock that falls behind is known before anybody is refused for it, mostly."""

RENEW_MS = 3_600_000
"""Plans are looked at each hour: they are good for two days."""

PLAN_MS = 250
"""Whoever edits is followed within 2 s: half a second of quiet, this, and the plan itself."""

FORGET_MS = 1_000
"""A small step a second: a day's rows of a province are gone within the hour."""

SHOW_MS = 1_000
"""While another controller acts, our pages look for what it has brought home: as quick as a person reads."""

KEYS_MS = 1_000
"""Whoever revokes a key waits for it: two files' stamps are looked at each second."""

PREPARE_TIMEOUT_S = 900
"""An hour of sound takes three minutes on a small machine; what takes five times that is stuck."""

WORKER_PAUSE_S = 2.0
"""Before the preparing thread begins again after the database or the disk failed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """All parts of one controller. `start` and `stop` are for the thread that made it."""

    settings: Settings
    database: Database
    services: Services
    link: Link
    inbox: Inbox
    outbox: Outbox
    runner: Runner
    planning: Runner
    bulletins: Bulletins
    preparing: threading.Thread
    lease: Lease | Sole
    leasing: threading.Thread

    def start(self) -> None:
        """Start every thread: the link last, when all who listen to it are there. Alone, we act from here on."""
        self.lease.look()
        self.leasing.start()
        self.inbox.start()
        self.outbox.start()
        self.runner.start()
        self.planning.start()
        self.preparing.start()
        self.link.start()

    def stop(self) -> None:
        """End every thread: what has come is committed, what is not published stays in the outbox, for whoever acts next."""
        self.bulletins.close()
        self.runner.stop()
        self.planning.stop()
        self.outbox.stop()
        self.link.stop()
        self.inbox.stop()
        self.preparing.join(timeout=10)
        self.lease.close()  # last: nobody else begins before we have ended
        self.leasing.join(timeout=10)
        self.lease.release()
        self.database.close()


def build(settings: Settings, broker_url: str, clock: Clock | None = None, more_jobs: Sequence[Job] = ()) -> App:
    """Make a controller that speaks through the broker at `broker_url`; home, keys and tables are made where there are none.

    `more_jobs` are run beside its own.
    """
    clock = clock or SystemClock()
    opened = opening.open_all(settings, clock)
    database, guard, work, keyring = opened.database, opened.guard, opened.work, opened.keyring
    lease = _lease(settings, work, clock)
    files, uploads = Store(settings.files / "clips"), settings.files / "uploads"
    if settings.files == settings.home:
        files.sweep()  # what a power cut left half written
    bus = LocalBus()
    bases = bases_of(settings.base_url, settings.other_base_url)
    papers = Papers(keyring=keyring, bases=bases)
    plans = Plans(database=work, keyring=keyring, files=files, clock=clock, bus=bus)
    airings = Airings(database=work, keyring=keyring, plans=plans, clock=clock, bus=bus)
    prepare = partial(prepare_in_process, store=files, timeout_s=PREPARE_TIMEOUT_S)
    bulletins = Bulletins(
        database=work,
        airings=airings,
        prepare=prepare,
        uploads=uploads,
        clock=clock,
        bus=bus,
        may_prepare=lease.acts,
    )
    offers = Offers(keyring=keyring, papers=papers, plans=plans, clock=clock)
    link, inbox = _mqtt(broker_url, work, keyring, offers, clock, bus, settings.controller_id, lease.acts)
    outbox = Outbox(posting=Posting(database=work, clock=clock, bus=bus), link=link, clock=clock)
    bus.on_outbox = outbox.wake
    timekeeping = Timekeeping(database=work, guard=guard, papers=papers, plans=plans, bus=bus)
    passwords = Passwords()
    users = Users(database=work, passwords=passwords, clock=clock)
    services = Services(
        airings=airings,
        bulletins=bulletins,
        approvals=Approvals(database=work, airings=airings, clock=clock, bus=bus),
        reports=Reports(database=work),
        log=Log(database=work, clock=clock),
        programmes=Programmes(database=work, clock=clock),
        policies=Policies(database=work, papers=papers, clock=clock, bus=bus),
        days=Days(database=work, clock=clock),
        previews=Previews(database=work, clock=clock),
        feeds=Feeds(database=work),
        trail=Trail(database=work, key=keyring.trail_key),
        units=Units(database=work, clock=clock),
        nodes=Nodes(
            database=work,
            keyring=keyring,
            papers=papers,
            plans=plans,
            clock=clock,
            bus=bus,
            broker=settings.node_mqtt_url or without_user(broker_url),
            bases=bases,
        ),
        node_tests=NodeTests(
            database=work, keyring=keyring, clock=clock, bus=bus, phrase=partial(chime_clip, files, prepare), has=files.has
        ),
        inspection=Inspection(database=work, clock=clock),
        alarms=Alarms(database=work, clock=clock),
        coverage=Coverages(database=work, clock=clock),
        timekeeping=timekeeping,
        acting=lease.acting,
        users=users,
        sessions=Sessions(database=work, passwords=passwords, vault=Vault(keyring.vault_key), clock=clock),
        tokens=Tokens(database=work, clock=clock),
        invitations=Invitations(database=work, passwords=passwords, clock=clock),
        clips=files,
        bus=bus,
        clock=clock,
        uploads=uploads,
        local_token=secrets.token_urlsafe(32),
        make_demo=partial(make_demo, database=work, users=users, clock=clock, allowed=settings.demo),
    )
    planner = Planner(database=work, plans=plans, clock=clock, bus=bus)
    resuming = Resuming(database=work, keyring=keyring, rest=partial(rest_of, files), clock=clock, bus=bus)
    sweeper = Sweeper(database=work, clock=clock, bus=bus)
    rekeying = Rekeying(
        database=work,
        keyring=keyring,
        papers=papers,
        plans=plans,
        clock=clock,
        bus=bus,
        stamp=partial(keyfile.stamp, settings.home),
        read=lambda: keyfile.open_existing(settings.home, clock.now_ms(), settings.controller_id),
    )
    retention = Retention(database=work, files=files, uploads=uploads, keep=settings.keep, clock=clock)
    acting, looking_on = partial(Job, may_run=lease.acts), partial(Job, may_run=lambda: not lease.acts())
    jobs = [
        acting(name="sweep", period_ms=SWEEP_MS, run=lambda: sweeper.sweep(link.up_since_ms)),
        acting(name="keys", period_ms=KEYS_MS, run=rekeying.look),
        acting(name="look at the clock", period_ms=LOOK_MS, run=timekeeping.look),
        acting(name="renew plans", period_ms=RENEW_MS, run=plans.renew),
        acting(name="forget", period_ms=FORGET_MS, run=retention.step),
        looking_on(name="follow the keys", period_ms=KEYS_MS, run=rekeying.follow),
        looking_on(name="show", period_ms=SHOW_MS, run=bus.anything_changed),
        *more_jobs,
    ]
    planning = [  # apart from the others: a province takes seconds
        acting(name="look further ahead", period_ms=RENEW_MS, run=planner.extend),
        acting(name="resume", period_ms=PLAN_MS, run=resuming.step),
        acting(name="plan", period_ms=PLAN_MS, run=planner.step),
    ]
    return App(
        settings=settings,
        database=database,
        services=services,
        link=link,
        inbox=inbox,
        outbox=outbox,
        runner=Runner(jobs=jobs, clock=clock),
        planning=Runner(jobs=planning, clock=clock),
        bulletins=bulletins,
        preparing=threading.Thread(target=_kept_alive(bulletins.work), name="preparing", daemon=True),
        lease=lease,
        leasing=threading.Thread(target=lease.work, name="lease", daemon=True),
    )


def _lease(settings: Settings, work: UnitOfWork, clock: Clock) -> Lease | Sole:
    """Who acts: we, where no other controller can be; else whoever has the row."""
    place = f"{socket.gethostname()[:80]}:{settings.address[1]}"
    if sqlite_path(settings.database) is not None:
        return Sole(place=place, clock=clock)
    holder, run = name_of(settings.run_dir), secrets.token_hex(8)
    return Lease(book=SqlLease(settings.database), holder=holder, run=run, place=place, clock=clock, learn=work.recall)


def _mqtt(
    broker_url: str,
    work: UnitOfWork,
    keyring: Keyring,
    offers: Offers,
    clock: Clock,
    bus: LocalBus,
    name: str,
    may_be_up: Callable[[], bool],
) -> tuple[Link, Inbox]:
    """The link hands what comes to the inbox, the inbox answers through the link."""
    box: list[Inbox] = []
    link = Link(
        broker_url,
        client_id=f"{name}-{secrets.token_hex(4)}",
        on_message=lambda topic, payload: box[0].put(topic, payload),
        clock=clock,
        may_be_up=may_be_up,
    )
    box.append(Inbox(database=work, keyring=keyring, offers=offers, link=link, clock=clock, bus=bus))
    return link, box[0]


def _kept_alive(work: Callable[[], None]) -> Callable[[], None]:
    """`work`, begun again when the database or the disk failed it; ends when it returns."""

    def run_it() -> None:
        while True:
            try:
                return work()
            except TiengLangError as error:
                log.warning("preparing waits: %s", error)
            except Exception:
                log.exception("preparing fell over; it begins again")
            threading.Event().wait(WORKER_PAUSE_S)

    return run_it
