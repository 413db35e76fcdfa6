"""The pages of drop folders, of what a message gives, and of other tools."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from pipelines_app.intake import openlineage, runevents
from pipelines_app.models import AuditEntry, DropSource, DropTaken, Role
from tests import factories, road
from tests.api.test_drops import MAPPED
from tests.api.test_openlineage import LISTENING, told
from tests.intake.dropped import BYTES, day, look, register

pytestmark = pytest.mark.django_db
HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "ü" * 50 + ".csv"
PAGE_QUERIES = 6
CANARY = "a-canary-that-nobody-may-read"


@pytest.fixture
def ana(client):
    client.force_login(factories.make_user("ana", team=road.team("ops-analytics"), role=Role.EDITOR))
    return client


@pytest.fixture
def folder(tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    (tmp_path / "in").mkdir()
    register(f"file://{tmp_path}/in")
    return tmp_path / "in"


def text(answer, status=200):
    assert answer.status_code == status
    return answer.content.decode()


def test_the_list_shows_what_each_last_look_found(ana, folder):
    assert "Not looked at yet" in text(ana.get("/drops"))
    folder.rename(folder.parent / "gone")
    look()
    page = ana.get("/drops")
    assert "Failing" in text(page)
    assert [item.label for group in page.context["nav"] for item in group["items"] if item.current] == ["Arrivals"]


def test_an_empty_list_says_how_to_have_one(ana):
    assert "No drop folders yet" in text(ana.get("/drops"))


def test_a_folder_that_cannot_be_read_says_what_happened_and_what_to_do(ana, folder):
    folder.rename(folder.parent / "gone")
    page = text(ana.get(f"/drops/{look().pk}"))
    assert "The folder is not there." in page
    assert "Make it, or mount what it is on." in page


def test_files_that_were_taken_and_refused_are_shown_with_the_reason(ana, folder):
    (folder / day(1)).write_bytes(BYTES)
    (folder / HOSTILE).write_bytes(BYTES)
    source = look()
    DropTaken.objects.create(source=source, path="<script>alert(1)</script>", mark="1", refused="<script>alert(2)")
    page = text(ana.get(f"/drops/{source.pk}"))
    assert day(1) in page
    assert "gives no day" in page
    assert "<script>alert" not in page


def test_a_page_takes_as_many_queries_however_many_files_there_are(ana, folder, django_assert_num_queries):
    source = look()
    DropTaken.objects.bulk_create(
        DropTaken(source=source, path=f"{number}.csv", mark="1", refused="no") for number in range(60)
    )
    with django_assert_num_queries(PAGE_QUERIES):
        ana.get(f"/drops/{source.pk}")


def test_a_person_has_a_folder_looked_at_again(ana, folder):
    (folder / "x.csv").write_bytes(BYTES)
    source = look()
    DropSource.objects.update(next_look=timezone.now() + timedelta(hours=1))
    answer = ana.post(f"/drops/{source.pk}/look", follow=True)
    assert "looked at within a few seconds" in text(answer)
    assert DropSource.objects.get().next_look <= timezone.now()
    look(10)
    assert DropTaken.objects.refused().count() == 1


def test_keys_are_kept_sealed_and_never_shown(ana, settings):
    settings.S3_ENDPOINTS = ["https://store.example.org"]
    source = register("s3://arrivals/in", endpoint="https://store.example.org")
    page = text(ana.post(f"/drops/{source.pk}/keys", {"key": "AKIA", "secret": CANARY}, follow=True))
    assert "There are keys." in page
    assert CANARY not in page
    assert CANARY not in json.dumps(list(DropSource.objects.values()), default=str)
    assert AuditEntry.objects.filter(action="drop.keys_given").exists()
    refused = text(ana.post(f"/drops/{source.pk}/keys", {"key": "AKIA"}), 422)
    assert "Give the access key and its secret" in refused


def test_a_viewer_sees_a_drop_and_may_not_touch_it(client, folder):
    client.force_login(factories.make_user("vic", team=road.team("ops-analytics"), role=Role.VIEWER))
    pk = DropSource.objects.get().pk
    assert "Look again" not in text(client.get(f"/drops/{pk}"))
    assert client.post(f"/drops/{pk}/look").status_code == 404


def test_a_message_is_tried_on_its_page(ana):
    road.register_yaml(MAPPED.replace("team: sales", "team: ops-analytics"))
    message = {"batch": {"day": "2026-05-04", "rows": [{"at": "<b>x</b>"}]}, "file": "a.jsonl"}
    page = text(ana.post("/datasets/raw.readings/preview", {"body": json.dumps(message)}))
    assert "<b>2026-05-04</b>" in page
    assert "<b>x</b>" not in page
    refused = text(ana.post("/datasets/raw.readings/preview", {"body": "{}"}))
    assert "There is nothing at /batch/day" in refused
    assert "<b>2026-05-04</b>" in text(ana.post("/datasets/raw.readings/preview", {"name": "readings_20260504.jsonl"}))


def test_what_came_lately_is_tried_by_its_name(ana):
    road.register_yaml(MAPPED.replace("team: sales", "team: ops-analytics"))
    arrival = road.send("raw.readings", b"{}\n", name="readings_2026-05-04.jsonl")
    page = text(ana.get(f"/datasets/raw.readings/preview?arrival={arrival.pk}"))
    assert page.count("2026-05-04") >= 3
    assert 'value="readings_2026-05-04.jsonl"' in page


def test_the_page_of_other_tools_shows_their_runs_and_who_listens(ana, django_assert_max_num_queries):
    assert "No other tool has told of a run" in text(ana.get("/other-tools"))
    road.register_yaml(LISTENING.replace("team: sales", "team: ops-analytics"))
    body = json.dumps(told(job={"namespace": "w", "name": "<script>x</script>"})).encode()
    openlineage.record(runevents.read(body), team=road.team("ops-analytics"), sender="token:x", now=timezone.now())
    with django_assert_max_num_queries(12):
        page = text(ana.get("/other-tools"))
    assert "public.flights" in page
    assert "after-load" in page
    assert "<script>x" not in page
