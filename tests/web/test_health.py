"""Health: every part with its fault or none, signs of life, what is stuck and what could not be told."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from controlplane import sweep
from monitoring_app.models import Notification, NotificationState
from pipelines_app.models import Delivery, DeliveryState
from tests import factories
from tests.web import orders

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    """Ana, an editor of the team shop, signed in."""
    user = factories.make_user("ana", team=factories.make_team("shop", email="shop@example.org"), role="editor")
    client.force_login(user)
    return user


def health(client):
    return client.get(reverse("monitoring:health"))


def text(answer):
    return answer.content.decode()


@pytest.mark.promise(30, faults="a sweep that is silent")
def test_a_dead_sweep_is_said_first_and_in_the_title(client, ana, settings):
    settings.REDIS_URL = ""
    sweep.beat("sweep", timezone.now() - timedelta(minutes=5))
    page = health(client)
    assert "1 part of the platform needs attention" in text(page)
    assert page.context["parts"][0].name == "sweep"
    assert re.search(r"the sweep last ran 30\d s ago", text(page))
    sweep.beat("sweep", timezone.now())
    assert "The platform is well" in text(health(client))


def test_while_only_redis_is_away_the_web_stays_in_service_and_the_console_is_red(client, ana, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    sweep.beat("sweep", timezone.now())
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["degraded"]) == (200, {"redis": "Redis does not answer"})
    assert "1 part of the platform needs attention" in text(health(client))
    sweep.beat("sweep", timezone.now() - timedelta(minutes=5))
    ready = client.get("/readyz")
    assert (ready.status_code, sorted(ready.json()["faults"])) == (503, ["redis", "sweep"])


def test_the_sandbox_is_on_or_off_with_the_reason(client, ana):
    strip = health(client).context["strip"]
    assert strip.sandbox_words in text(health(client))


def test_signs_of_life_tell_the_living_from_the_silent(client, ana):
    sweep.beat("worker:one", timezone.now(), "2 threads")
    sweep.beat("worker:two", timezone.now() - timedelta(hours=1))
    sweep.beat("worker:three", timezone.now() - timedelta(days=3))
    beats = {beat.name: beat.alive for beat in health(client).context["beats"]}
    assert beats == {"worker:one": True, "worker:two": False}


def test_a_worker_that_went_silent_is_not_counted_among_those_there_are(client, ana):
    sweep.beat("worker:one", timezone.now())
    sweep.beat("worker:killed", timezone.now() - timedelta(minutes=2))
    page = text(health(client)).partition("<dt>Workers</dt>")[2]
    assert '<span class="word">1</span></span> <span class="quiet">1 went silent</span>' in page[:400]
    sweep.beat("worker:one", timezone.now() - timedelta(minutes=3))
    assert 'none</span></span> <span class="quiet">2 went silent</span>' in text(health(client))


def test_what_is_stuck_and_what_could_not_be_told_is_listed(client, ana):
    orders.register()
    orders.send(orders.BROKEN)
    Notification.objects.update(state=NotificationState.UNDELIVERED, error="the mail server refused it")
    Delivery.objects.filter(pk=Delivery.objects.latest("id").pk).update(state=DeliveryState.STUCK, error="ValueError")
    page = text(health(client))
    assert "the mail server refused it" in page
    assert "ValueError" in page
    assert "Events stuck" in page


def test_disk_and_work_in_hand_are_shown(client, ana):
    page = text(health(client))
    assert "free of" in page
    assert "Steps waiting" in page


def test_health_takes_the_same_number_of_queries_for_any_number_of_workers(client, ana, django_assert_num_queries):
    for number in range(9):
        sweep.beat(f"worker:{number}", timezone.now())
    with django_assert_num_queries(17):
        health(client)
