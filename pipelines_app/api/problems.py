"""Everything that goes wrong becomes one kind of answer: application/problem+json (RFC 9457)."""

import logging
import math
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.db import InterfaceError, InternalError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from pipelines_app.errors import (
    DefinitionInvalid,
    LooplineError,
    MessageInvalid,
    NotAllowed,
    NotFound,
    StatementRefused,
    TooLarge,
    TooMany,
)

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER = {"Retry-After": "5"}


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a caller is told about one failure."""

    status: int
    code: str
    detail: str
    todo: str = ""
    problems: list[dict[str, object]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """The answer's body; its reference is also in the log."""
        told: dict[str, object] = {
            "type": f"urn:loopline:problem:{self.code}",
            "title": self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "todo": self.todo,
            "reference": uuid.uuid4().hex[:12],
        }
        if self.problems:
            told["problems"] = self.problems
        log = logger.error if self.status >= 500 else logger.info
        log("answered %s %s", self.status, self.code, extra={"reference": told["reference"]})
        return told


def answer(exception: Exception, context: Mapping[str, object]) -> Response:
    """The answer to any exception that a view of the API raises."""
    told = tell(exception)
    if told is None:
        told = Told(status=500, code="broken", detail="Something went wrong in the platform itself.")
        logger.exception("the API broke", exc_info=exception)
        request = getattr(context.get("request"), "_request", None)
        got_request_exception.send(sender=type(context.get("view")), request=request)
    return Response(told.body(), status=told.status, headers=dict(told.headers), content_type=CONTENT_TYPE)


def response(exception: LooplineError) -> HttpResponse:
    """The same answer from a view outside the framework."""
    return _plain(_of_the_house(exception))


def _plain(told: Told) -> HttpResponse:
    return JsonResponse(told.body(), status=told.status, headers=dict(told.headers), content_type=CONTENT_TYPE)


def away() -> HttpResponse:
    """The answer while the database is away, from a view outside the framework."""
    return _plain(AWAY)


AWAY = Told(
    status=503,
    code="database_away",
    detail="The database does not answer at the moment; nothing was changed.",
    todo="Send the same request again in a few seconds.",
    headers=RETRY_AFTER,
)


def tell(exception: Exception) -> Told | None:
    """What to tell about an exception, or nothing if it is a fault of the platform."""
    match exception:
        case LooplineError():
            return _of_the_house(exception)
        case APIException():
            return _of_the_framework(exception)
        case Http404():
            return _of_the_house(NotFound("There is nothing here that you may see."))
        case PermissionDenied():
            return _of_the_house(NotAllowed("You may not do this."))
        case OperationalError() | InterfaceError() | InternalError():
            logger.error("the database is away", exc_info=exception)
            return AWAY
        case RequestDataTooBig():
            return _of_the_house(TooLarge("The body is larger than this address accepts."))
        case SuspiciousOperation():
            return Told(status=400, code="bad_request", detail="The request cannot be understood.")
    return None


def _of_the_house(error: LooplineError) -> Told:
    return Told(
        status=error.status,
        code=error.code,
        detail=error.message,
        todo=error.todo,
        problems=_places(error),
        headers=_advice(error),
    )


def _advice(error: LooplineError) -> Mapping[str, str]:
    if isinstance(error, TooMany):
        return {"Retry-After": str(math.ceil(error.retry_after))}
    return RETRY_AFTER if error.status in {503, 507} else {}


def _places(error: LooplineError) -> list[dict[str, object]]:
    match error:
        case DefinitionInvalid(problems=problems):
            return [
                {
                    "path": problem.path,
                    "message": problem.message,
                    "line": problem.line,
                    "column": problem.column,
                    "suggestion": problem.suggestion,
                }
                for problem in problems
            ]
        case StatementRefused(line=line, column=column, suggestion=suggestion):
            place = {"path": "sql", "message": error.message, "line": line, "column": column}
            return [{**place, "suggestion": suggestion}]
        case MessageInvalid(pointer=pointer) if pointer:
            where = {"path": pointer, "message": error.message, "line": None, "column": None}
            return [{**where, "suggestion": ""}]
    return []


def _of_the_framework(error: APIException) -> Told:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(wait)
    if isinstance(error, ValidationError):
        problems: list[dict[str, object]] = [
            {"path": path, "message": message, "line": None, "column": None, "suggestion": ""}
            for path, message in _faults(error.detail, "")
        ]
        detail = "; ".join(
            f"{one['path']}: {one['message']}" if one["path"] else str(one["message"]) for one in problems
        )
        return Told(status=422, code="invalid", detail=detail, problems=problems)
    return Told(status=error.status_code, code=_code(error), detail=_sentence(error.detail), headers=headers)


def _code(error: APIException) -> str:
    codes = error.get_codes()
    return codes if isinstance(codes, str) else str(error.default_code)


def _sentence(detail: object) -> str:
    return "; ".join(message for _, message in _faults(detail, ""))


def _faults(detail: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            below = "" if name == "non_field_errors" else str(name)
            yield from _faults(inner, ".".join(part for part in (path, below) if part))
    elif isinstance(detail, list | tuple):
        for inner in detail:
            yield from _faults(inner, path)
    else:
        yield path, str(detail)


def nothing_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """404 as a problem for an address below the API that is none."""
    return response(NotFound("There is nothing at this address.", todo="Look at /api/v1/schema for what there is."))
