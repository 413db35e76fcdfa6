"""The pages of promises, and their API."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from monitoring_app.models import SlaResult
from monitoring_app.slas import sweeping
from pipelines_app.models import Team
from tests import factories
from tests.monitoring.slas.promising import after, of_runs, promise, ran

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, who looks at a promise of which some runs kept nothing."""
    promise("{duration: {under: 5m, objective: 0.8}}", "{freshness: {dataset: mart.orders, within: 24h}}")
    for hour, seconds in enumerate([60, 70, 80, 90, 400]):
        ran(after(hours=hour), seconds=seconds, period=f"2026-02-{hour + 1:02}")
    sweeping.sweep(after(hours=5))
    now = timezone.now()
    for place, result in enumerate(SlaResult.objects.filter(run__isnull=False)):
        moved = now - timedelta(days=place + 1) - result.due_at
        shifted = {"due_at": result.due_at + moved, "begins_at": result.begins_at + moved}
        shifted["kept_at"] = result.kept_at + moved
        SlaResult.objects.filter(pk=result.pk).update(**shifted)
    user = factories.make_user("ana", team=Team.objects.get(name="shop"), role="viewer")
    client.force_login(user)
    return user


@pytest.mark.usefixtures("ana")
def test_the_list_says_how_well_each_promise_is_kept(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(8):
        page = client.get(reverse("monitoring:slas")).content.decode()
    assert "a run ends within 5m" in page
    assert "mart.orders is renewed within 1d" in page
    assert "80.0 %" in page or "80 %" in page
    assert "Kept" in page


@pytest.mark.usefixtures("ana")
def test_the_list_is_narrowed_and_says_when_nothing_fits(client):
    assert "a run ends" not in client.get(reverse("monitoring:slas"), {"kind": "freshness"}).content.decode()
    assert "No promise fits" in client.get(reverse("monitoring:slas"), {"q": "nowhere"}).content.decode()


@pytest.mark.usefixtures("ana")
def test_a_promise_shows_its_days_its_breaches_and_what_could_be_promised(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        page = client.get(reverse("monitoring:sla", args=[of_runs("duration").pk])).content.decode()
    assert "Met late" in page
    assert "1 of 1 not kept" in page
    assert "Within 90s" in page


@pytest.mark.usefixtures("ana")
def test_programs_read_promises_and_their_judgements(client):
    sla = of_runs("duration")
    listed = client.get("/api/v1/slas?kind=duration").json()["results"]
    assert [(one["id"], one["dataset"], one["kind"], one["objective"]) for one in listed] == [
        (sla.pk, "", "duration", 0.8)
    ]
    told = client.get(f"/api/v1/slas/{sla.pk}").json()
    assert told["attained"] == {"kept": 4, "missed": 1, "share": 0.8, "budget": 0}
    assert told["suggested_seconds"] == 90
    late = client.get(f"/api/v1/slas/{sla.pk}/results?state=met_late,missed").json()["results"]
    assert [(one["state"], round(one["late_seconds"])) for one in late] == [("met_late", 100)]


def test_nothing_promised_is_an_empty_page_with_a_way_on(client):
    client.force_login(factories.make_user("bo"))
    assert "Nothing is promised yet" in client.get(reverse("monitoring:slas")).content.decode()
