"""A middleware that says how long an answer took at the server, and how many statements the database was asked."""

import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

SECONDS, QUERIES = "X-Seconds", "X-Queries"
Execute = Callable[..., Any]


def cost(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Measure everything inside, templates and other middleware included."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked = 0

        def count(execute: Execute, *statement: object) -> Any:
            nonlocal asked
            asked += 1
            return execute(*statement)

        begun = time.perf_counter()
        with connection.execute_wrapper(count):
            response = answer(request)
        response.headers[SECONDS] = f"{time.perf_counter() - begun:.6f}"
        response.headers[QUERIES] = str(asked)
        return response

    return middleware
