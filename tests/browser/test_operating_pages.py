"""Every page of operating, wide and narrow, light and dark: no barrier, no sideways scroll, no complaint."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring_app.models import Alert
from pipelines_app.intake import slots
from pipelines_app.models import DatasetVersion, Event, Run
from tests import factories, road
from tests.browser import accessibility, operating
from tests.web import orders

pytestmark = pytest.mark.django_db(transaction=True)


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
    pages.append(reverse("console:pipeline-edit", args=["orders"]))
    return pages + [one + tab for tab in ("", "?tab=checks", "?tab=data", "?tab=log", "?tab=attempts")]


def whys(late):
    """Expected arrivals, what is learned of them, and why things came about or did not."""
    habit = factories.make_habit(late.dataset)
    version, run = DatasetVersion.objects.latest("id"), Run.objects.latest("id")
    return [
        reverse("console:expected"),
        reverse("console:slot", args=[late.pk]),
        reverse("console:habit", args=[habit.pk]),
        reverse("console:run-why", args=[run.pk]),
        reverse("console:event-why", args=[run.cause_id]),
        reverse("console:version-why", args=[version.pk]),
    ]


def test_the_pages_of_operating_have_no_barriers_and_fit(page, context, live_server, axe):
    operating.sign_in(context, live_server)
    dataset = operating.happen()
    road.register_yaml(orders.PIPELINE.replace("amount < 100", "amount < 500"), why="Larger shops")
    late = slots.announce(dataset, period="2013-02-09", due_at=timezone.now() - timedelta(hours=1), actor="user:ana")
    slots.pass_time(timezone.now())
    road.drain()
    for address in [*addresses(), *whys(late)]:
        page.goto(live_server.url + address)
        accessibility.everywhere(page, axe)


def test_a_new_workspace_is_readable_too(page, context, live_server, axe):
    operating.sign_in(context, live_server)
    for name in ("monitoring:today", "monitoring:alerts", "console:pipelines", "console:runs", "console:events"):
        page.goto(live_server.url + reverse(name))
        accessibility.settled(page)
        axe(page)
