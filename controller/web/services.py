"""What the faces are given: the use cases, the files and the bus. Filled in `controller.main`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from audio.store import Store
from controller.domain.rights import Actor
from controller.service.airings import Airings
from controller.service.alarms import Alarms
from controller.service.approvals import Approvals
from controller.service.bulletins import Bulletins
from controller.service.bus import LocalBus
from controller.service.coverage import Coverages
from controller.service.days import Days
from controller.service.demo import Demo
from controller.service.feeds import Feeds
from controller.service.inspection import Inspection
from controller.service.invitations import Invitations
from controller.service.lease import Acting
from controller.service.logbook import Log
from controller.service.node_tests import NodeTests
from controller.service.nodes import Nodes
from controller.service.policies import Policies
from controller.service.previews import Previews
from controller.service.programmes import Programmes
from controller.service.reports import Reports
from controller.service.sessions import Sessions
from controller.service.timekeeping import Timekeeping
from controller.service.tokens import Tokens
from controller.service.trail import Trail
from controller.service.units import Units
from controller.service.users import Users
from scheduler.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """All are thread-safe and synchronous. `uploads`: a folder on the file system where bulletins keep theirs."""

    airings: Airings
    bulletins: Bulletins
    approvals: Approvals
    reports: Reports
    log: Log
    programmes: Programmes
    policies: Policies
    days: Days
    previews: Previews
    feeds: Feeds
    trail: Trail
    units: Units
    nodes: Nodes
    node_tests: NodeTests
    inspection: Inspection
    alarms: Alarms
    coverage: Coverages
    timekeeping: Timekeeping
    acting: Callable[[], Acting]
    users: Users
    sessions: Sessions
    tokens: Tokens
    invitations: Invitations
    clips: Store
    bus: LocalBus
    clock: Clock
    uploads: Path
    local_token: str
    make_demo: Callable[[Actor], Demo]


def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


TheServices = Annotated[Services, Depends(_services)]
