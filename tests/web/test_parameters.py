"""What a message gives a run, as it is told: on the pages of the run and the arrival, in the preview and the API."""

import json

import pytest
from django.test import Client

from pipelines_app import lake
from pipelines_app.models import Arrival, Role, Run
from tests import factories, road
from tests.intake.test_parameters import DAY, message, post, register

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    client = Client()
    client.force_login(factories.make_user("ana", team=road.team("ops"), role=Role.EDITOR))
    return client


def text(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_a_message_gave_is_told_wherever_its_run_is(ana) -> None:
    register()
    lake.path("arrivals").mkdir(parents=True, exist_ok=True)
    post(message("EU", 1), "m1")
    road.drain()
    run, arrival = Run.objects.get(), Arrival.objects.get()
    page = text(ana.get(f"/runs/{run.pk}/"))
    assert "with region = EU, from " in page
    assert f"/arrivals/{arrival.pk}" in page
    assert "region = EU" in text(ana.get(f"/arrivals/{arrival.pk}"))
    assert ana.get(f"/api/v1/runs/{run.pk}").json()["parameters"] == {"region": "EU"}
    assert ana.get(f"/api/v1/arrivals/{arrival.pk}").json()["parameters"] == {"region": "EU"}
    preview = text(ana.get(f"/datasets/raw.sales/preview?arrival={arrival.pk}"))
    assert "the parameter region at" in preview
    shown = json.loads(
        preview.partition("<textarea")[2].partition(">")[2].partition("</textarea>")[0].replace("&quot;", '"')
    )
    assert shown == {"day": DAY, "rows": [{"k": 1}], "of": {"region": "EU"}}
    tried = text(ana.post("/datasets/raw.sales/preview", {"body": json.dumps(shown)}))
    assert "its run would have <b>region = EU</b>" in tried
    said = ana.post(
        "/api/v1/datasets/raw.sales/preview", json.dumps({"body": json.dumps(shown)}), content_type="application/json"
    )
    assert said.json()["parameters"] == "region = EU"
