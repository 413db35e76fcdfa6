"""Every door of these pages, tried by nobody in particular."""

import pytest
from django.test import Client

from pipelines_app.web import urls_know

OPEN = {"sign-in", "sign-out"}
ARGUMENTS = {"name": "raw.orders", "pk": 1}
ROUTES = [
    pytest.param(route.pattern._route, id=route.name) for route in urls_know.urlpatterns if route.name not in OPEN
]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", ROUTES)
def test_who_is_not_signed_in_is_sent_to_sign_in(db, route, method):
    path = "/" + route
    for kind in ("str", "slug", "int"):
        for name, value in ARGUMENTS.items():
            path = path.replace(f"<{kind}:{name}>", "sales" if kind == "slug" else str(value))
    answer = getattr(Client(), method)(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in?next=/")
