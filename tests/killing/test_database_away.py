"""While the database does not answer, people get a page and machines a problem, both with when to come back."""

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory

from controlplane.middleware import DatabaseAway, viewer_zone


class Somebody:
    """A user whose session cannot be read."""

    @property
    def zone(self) -> str:
        raise OperationalError("the connection is closed")


def broken(path: str) -> HttpResponse | None:
    request = RequestFactory().get(path)
    return DatabaseAway(HttpResponse).process_exception(request, OperationalError("server closed the connection"))


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/api/v1/me", "application/problem+json"), ("/hooks/x", "application/problem")],
)
def test_a_view_without_a_database_becomes_503(path: str, kind: str) -> None:
    answer = broken(path)
    assert answer is not None
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.headers["Content-Type"].startswith(kind)


def test_a_session_that_cannot_be_read_becomes_503_too() -> None:
    request = RequestFactory().get("/runs/")
    request.user = Somebody()
    answer = viewer_zone(lambda request: HttpResponse("never"))(request)
    assert answer.status_code == 503
    assert b"Back in a moment" in answer.content


def test_another_fault_is_left_to_break() -> None:
    assert DatabaseAway(HttpResponse).process_exception(RequestFactory().get("/"), ValueError("a bug")) is None
