"""The HTTP face: `/clips` by hash, beside it FastAPI with the API, the pages and their files, behind one guard.

/clips/{sha256}    web.clips    public, and as fast as this process can
/api/v1/...        web.api_*    one module a noun; OpenAPI at /api/v1/docs
/healthz           web.api_system
/static/...        web.assets
/, /compose ...    web.*_pages  one module a page; web.pages is what they share, web.nav what is at their top
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from controller.web import (
    account_pages,
    airing_pages,
    api_airings,
    api_alarms,
    api_approvals,
    api_bulletins,
    api_days,
    api_log,
    api_nodes,
    api_policies,
    api_programmes,
    api_session,
    api_system,
    api_today,
    api_units,
    api_users,
    approval_pages,
    calendar_pages,
    compose_pages,
    door_pages,
    errors,
    log_pages,
    node_pages,
    pages,
    people_pages,
    today_pages,
)
from controller.web.assets import PREFIX as STATIC
from controller.web.assets import Assets
from controller.web.clips import PREFIX as CLIPS
from controller.web.clips import Clips
from controller.web.guard import Guard
from controller.web.live import Bells, Live
from controller.web.schemas import Problem
from controller.web.services import Services
from controller.web.session import Tries
from controller.web.today_live import TodayLive

__all__ = ["Services", "build_app"]

API = "/api/v1"

LEAST_PACKED = 1_000
"""Bytes: what fits a packet is not made smaller. Event streams are never held back to be packed."""

PACKING = 5
"""Of zlib: a page of 300 kB becomes 20 in 4 ms; 9 takes three times as long for a twentieth less."""

_NOUNS = (
    api_system,
    api_session,
    api_bulletins,
    api_approvals,
    api_airings,
    api_log,
    api_programmes,
    api_policies,
    api_units,
    api_nodes,
    api_alarms,
    api_users,
    api_today,
)

_PAGES = (
    today_pages,
    compose_pages,
    approval_pages,
    calendar_pages,
    airing_pages,
    log_pages,
    node_pages,
    people_pages,
    account_pages,
    door_pages,
)

_PROBLEM = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem},
    # Named as a model each of them would cost each route a validator that nobody calls: most of the time to build the app.
    **dict.fromkeys((401, 403, 404, 409, 413, 415, 422, 429, 503), _PROBLEM),
}


class _Front:
    """Clips first, without walking anything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(CLIPS):
            await scope["app"].state.clips(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def build_app(services: Services) -> FastAPI:
    """The whole face as one ASGI application."""
    return furnished(faces(), services)


def faces() -> FastAPI:
    """Every address, its files and its guard; nobody behind them yet. Most of the time that it takes to build the whole."""
    app = FastAPI(
        title="Tiếng Làng",
        version=version("tienglang"),
        summary="A commune says something once; every loudspeaker it was meant for says it at the right moment.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.include_router(api_system.health)
    api = APIRouter(prefix=API, responses=_PROBLEMS)
    for each in _NOUNS:
        api.include_router(each.router)
    for more in (api_policies.places, api_days.units, api_days.programmes, api_days.policies, api_days.airings):
        api.include_router(more)
    app.include_router(api)
    assets = Assets()
    pages.install(app, assets)
    for each_page in _PAGES:
        app.include_router(each_page.router)
    app.mount(STATIC.rstrip("/"), assets)
    errors.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=LEAST_PACKED, compresslevel=PACKING)
    app.add_middleware(Guard)
    app.add_middleware(_Front)
    return app


def furnished(app: FastAPI, services: Services) -> FastAPI:
    """The faces with these use cases behind them, and what lives between requests; for one server at a time."""
    bells = Bells(services.bus)
    app.state.services = services
    app.state.clips = Clips(services.clips)
    app.state.tries = Tries(services.clock)
    app.state.bells = bells
    app.state.live = Live(bells=bells, reports=services.reports, bulletins=services.bulletins, clock=services.clock)
    app.state.today_live = TodayLive(
        bells=bells,
        reports=services.reports,
        coverage=services.coverage,
        approvals=services.approvals,
        clock=services.clock,
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    bells: Bells = app.state.bells
    async with bells.open():
        yield
