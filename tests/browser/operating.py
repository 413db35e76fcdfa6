"""What the browser tests of operating share: somebody signed in, and something to look at."""

from django.conf import settings
from django.test import Client

from pipelines_app.models import Dataset
from tests import factories
from tests.web import orders


def sign_in(context, live_server, name="ana"):
    """Ana, an admin of the team shop, signed in with this browser."""
    user = factories.make_user(name, team=factories.make_team("shop", email="shop@example.org"), role="admin")
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    return user


def happen():
    """A pipeline with a good run, one with warnings and one that quarantined its file; a late file, an alert each."""
    orders.register()
    orders.send(day="2013-02-06")
    orders.send(orders.LARGE, day="2013-02-07")
    orders.send(orders.BROKEN, day="2013-02-08")
    return Dataset.objects.get(name="raw.orders")
