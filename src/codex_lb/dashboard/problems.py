"""How every failure under `/api` looks: `{"error": {"code", "message"}}` with a fitting status.

A message is a sentence for the operator. It never quotes what was sent, because that may be a
secret.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from codex_lb.core.operator import Refused
from codex_lb.store import StoreError

_log = structlog.get_logger(__name__)


class ErrorDetail(BaseModel):
    code: str
    message: str


class ErrorBody(BaseModel):
    error: ErrorDetail


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What the schema says of a route, or of all: these statuses come in our envelope.

    By reference, because FastAPI would build a validator for each status of each route.
    """
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    return {
        status: {"content": content, "description": HTTPStatus(status).phrase}
        for status in statuses
    }


# What a request may be answered whatever its route, said once for all of them.
EVERYWHERE = errors(400, 401, 403, 413, 415, 422, 429, 503)


_WORDS = {413: "payload_too_large"}


class Problem(Exception):  # noqa: N818  an answer to the caller, not a fault of ours
    """Ends a request with this answer."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.headers = headers
        self.status = status
        self.code = code
        self.message = message

    @classmethod
    def of(cls, refused: Refused) -> "Problem":
        wait_s = refused.retry_after_s
        headers = {"retry-after": str(wait_s)} if wait_s is not None else None
        return cls(refused.status, refused.code, refused.message, headers)


def answer(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    body = {"error": {"code": problem.code, "message": problem.message}}
    return JSONResponse(body, problem.status, headers or problem.headers)


def install(app: FastAPI) -> None:
    """Let `app` answer its own and the framework's failures in our envelope, and say so."""
    _describe(app)

    @app.exception_handler(Problem)
    async def raised(_request: Request, problem: Problem) -> Response:
        return answer(problem)

    @app.exception_handler(HTTPException)
    async def refused(_request: Request, error: HTTPException) -> Response:
        phrase = HTTPStatus(error.status_code).phrase
        code = _WORDS.get(error.status_code, f"http_{error.status_code}")
        problem = Problem(error.status_code, code, phrase)
        return answer(problem, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> Response:
        return answer(Problem(422, "validation_error", _first_fault(error)))

    @app.exception_handler(StoreError)
    async def not_stored(request: Request, error: StoreError) -> Response:
        _log.warning("request not served", path=request.url.path, error=str(error))
        return answer(Problem(503, "store_unavailable", f"Nothing can be kept now: {error}."))


def _describe(app: FastAPI) -> None:
    """Put the envelope's shape where `errors` refers to it."""
    describe = app.openapi

    def described() -> dict[str, Any]:
        document = describe()
        shapes = document["components"]["schemas"]
        _, own = models_json_schema(
            [(ErrorBody, "serialization")], ref_template="#/components/schemas/{model}"
        )
        shapes |= own["$defs"]
        document["components"]["schemas"] = dict(sorted(shapes.items()))
        return document

    # FastAPI's own way to extend its document.
    app.openapi = described  # type: ignore[method-assign]


def _first_fault(error: RequestValidationError) -> str:
    """Names the field by its place, `body.limits.0.maxValue`, and what is wrong with it."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}"
