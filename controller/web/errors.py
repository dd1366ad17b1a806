"""The one place where an error becomes an answer: a status, {code, message_vi, message_en, fields}, or a page that says so."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from audio.errors import AudioError
from controller.domain.errors import Conflict, NotFound, Refused, TiengLangError, Unavailable
from controller.web.sentences import sentence

log = logging.getLogger(__name__)

STATUS_OF_KIND: dict[type[TiengLangError], int] = {NotFound: 404, Conflict: 409, Unavailable: 503, Refused: 422}
STATUS_OF_CODE = {
    "session.none": 401,
    "login.wrong": 401,
    "login.code": 401,
    "login.code-wrong": 401,
    "login.locked": 429,
    "login.slow": 429,
    "request.origin": 403,
    "right.none": 403,
    "request.too-big": 413,
    "request.not-found": 404,
    "request.method": 405,
    "upload.too-big": 413,
    "upload.kind": 415,
    "store.full": 503,
    "store.missing": 404,
}


def problem(code: str, fields: dict[str, Any]) -> dict[str, Any]:
    """An error as our API says it."""
    return {
        "code": code,
        "message_vi": sentence(code, fields, "vi"),
        "message_en": sentence(code, fields, "en"),
        "fields": jsonable_encoder(fields),
    }


def problem_response(error: TiengLangError) -> JSONResponse:
    """The answer to an error of ours."""
    return JSONResponse(problem(error.code, error.fields), status_code=status_of(error), headers=_headers(error))


def status_of(error: TiengLangError) -> int:
    """Its HTTP status."""
    by_kind = next((status for kind, status in STATUS_OF_KIND.items() if isinstance(error, kind)), 500)
    return STATUS_OF_CODE.get(error.code, by_kind)


def install(app: FastAPI) -> None:
    """Let every error of the application be answered here."""
    app.add_exception_handler(TiengLangError, _ours)
    app.add_exception_handler(AudioError, _audio)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _headers(error: TiengLangError) -> dict[str, str]:
    if error.code == "session.none":
        return {"WWW-Authenticate": "Bearer"}
    if status_of(error) == 429:
        return {"Retry-After": str(error.fields.get("seconds", 60))}
    return {"Retry-After": "2"} if status_of(error) == 503 else {}


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, TiengLangError)
    return _answer(request, error.code, error.fields, status_of(error), _headers(error))


async def _audio(request: Request, error: Exception) -> Response:
    assert isinstance(error, AudioError)
    return _answer(request, error.code, dict(error.fields), STATUS_OF_CODE.get(error.code, 422), {})


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = {".".join(str(part) for part in each["loc"][1:]) or str(each["loc"][0]): each["msg"] for each in error.errors()}
    return _answer(request, "request.invalid", places, 422, {})


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "request.not-found", 405: "request.method"}.get(error.status_code, "request.bad")
    return _answer(request, code, {}, error.status_code, dict(error.headers or {}))


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, "internal", {}, 500, {})


def _answer(request: Request, code: str, fields: dict[str, Any], status: int, headers: dict[str, str]) -> Response:
    """A page for a person who followed a link, JSON for everybody else."""
    said = problem(code, fields)
    if request.method == "GET" and not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", ""):
        page: Response = request.app.state.pages.render("error.html", request, status=status, problem=said)
        return page
    return JSONResponse(said, status_code=status, headers=headers)
