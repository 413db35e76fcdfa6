"""Every page of operating, wide and narrow, light and dark: no barrier, no sideways scroll, no complaint."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring_app.models import Alert
from pipelines_app.intake import slots
from pipelines_app.models import Event, Run
from tests import factories, road
from tests.browser import operating
from tests.web import orders

pytestmark = pytest.mark.django_db(transaction=True)

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


def addresses():
    run = Run.objects.get(state="quarantined")
    pages = [
        reverse("monitoring:today"),
        reverse("monitoring:alerts"),
        reverse("monitoring:alert", args=[Alert.objects.latest("id").pk]),
        reverse("monitoring:health"),
        reverse("console:pipelines"),
        reverse("console:pipeline", args=["orders"]),
        reverse("console:pipeline-revision", args=["orders", 2]),
        reverse("console:pipeline-compare", args=["orders"]),
        reverse("console:runs"),
        reverse("console:events"),
        reverse("console:event", args=[Event.objects.get(kind="data.quarantined").pk]),
    ]
    filling = factories.make_backfill(run.pipeline, "2013-02-01", "2013-02-02", state="paused")
    pages += [
        reverse("console:run-again", args=[run.pk]),
        f"{reverse('console:runs-bulk')}?action=retry&item={run.pk}&item={run.pk - 1}",
        f"{reverse('console:backfill-new', args=['orders'])}?first=2013-02-01&last=2013-02-08&mode=all",
        reverse("console:backfills"),
        reverse("console:backfill", args=[filling.pk]),
    ]
    one = reverse("console:run", args=[run.pk])
    return pages + [one + tab for tab in ("", "?tab=checks", "?tab=data", "?tab=log", "?tab=attempts")]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_pages_of_operating_have_no_barriers_and_fit(page, context, live_server, axe, width, scheme):
    operating.sign_in(context, live_server)
    dataset = operating.happen()
    road.register_yaml(orders.PIPELINE.replace("amount < 100", "amount < 500"), why="Larger shops")
    slots.announce(dataset, period="2013-02-09", due_at=timezone.now() - timedelta(hours=1), actor="user:ana")
    slots.pass_time(timezone.now())
    road.drain()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    for address in addresses():
        page.goto(live_server.url + address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
        axe(page)


def test_a_new_workspace_is_readable_too(page, context, live_server, axe):
    operating.sign_in(context, live_server)
    for name in ("monitoring:today", "monitoring:alerts", "console:pipelines", "console:runs", "console:events"):
        page.goto(live_server.url + reverse(name))
        axe(page)
