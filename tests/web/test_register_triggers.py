"""What starts a pipeline from outside, in the form: written down, given back, and its faults at their fields."""

import pytest

from pipelines_app.definitions import drafts
from pipelines_app.models import Clock, Draft, DropSource, Pipeline
from tests import road
from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(client, settings, tmp_path):
    settings.DROP_ROOTS = [str(tmp_path)]
    person = editor(client)
    begun(client)
    return Draft.objects.get(author=person)


def post(client, draft, page, **changes):
    address = f"/register/{draft.pk}/{page}/"
    answer = client.post(address, {**fields_of(client.get(address)), **changes})
    draft.refresh_from_db()
    return answer


def test_a_drop_folder_is_written_down_and_given_back(client, draft, tmp_path):
    name = next(iter(draft.document["sources"]))
    drop = {
        "sources-0-door": "drop",
        "sources-0-drop_url": f"file://{tmp_path}/in",
        "sources-0-drop_whole": "stable",
        "sources-0-drop_stable_seconds": "30",
    }
    assert post(client, draft, "source", **drop).status_code == 302
    written = draft.document["sources"][name]["drop"]
    assert (written["url"], written["whole"], written["stable_seconds"]) == (f"file://{tmp_path}/in", "stable", 30)
    shown = fields_of(client.get(f"/register/{draft.pk}/source/"))
    assert {key: shown[key] for key in drop} == drop
    post(client, draft, "source", **{"sources-0-door": "upload"})
    assert "drop" not in draft.document["sources"][name]


def test_the_fault_of_a_drop_is_said_at_its_field(client, draft):
    answer = post(client, draft, "source", **{"sources-0-door": "drop", "sources-0-drop_url": "/etc/passwd"})
    assert answer.status_code == 422
    assert "must begin with file:// or s3://" in words(answer)


def test_the_shape_of_messages_is_written_down(client, draft):
    name = next(iter(draft.document["sources"]))
    shape = {"sources-0-door": "webhook", "sources-0-format": "jsonl", "sources-0-payload_records": "/items"}
    post(client, draft, "source", **shape)
    assert draft.document["sources"][name]["payload"] == {"records": "/items"}


def test_parameters_that_messages_give_are_written_down_given_back_and_missed_where_they_are_declared(client, draft):
    name = next(iter(draft.document["sources"]))
    shape = {
        "sources-0-door": "webhook",
        "sources-0-format": "jsonl",
        "sources-0-payload_parameters": "region = /of/region, most = /most",
    }
    post(client, draft, "source", **shape)
    assert draft.document["sources"][name]["payload"] == {"parameters": {"region": "/of/region", "most": "/most"}}
    shown = fields_of(client.get(f"/register/{draft.pk}/source/"))
    assert shown["sources-0-payload_parameters"] == "region = /of/region, most = /most"
    assert f"{name} gives it, and it is not declared" in words(client.get(f"/register/{draft.pk}/review/"))
    refused = post(client, draft, "source", **{**shape, "sources-0-payload_parameters": "region"})
    assert refused.status_code == 422
    assert "region is missing" in words(refused)


def test_a_schedule_is_written_down_given_back_and_taken_out(client, draft):
    clock = {"schedule_on": "on", "schedule_cron": "0 6 * * 1-5", "schedule_timezone": "Europe/Zurich"}
    post(client, draft, "when", **clock)
    assert draft.document["schedule"]["cron"] == "0 6 * * 1-5"
    shown = fields_of(client.get(f"/register/{draft.pk}/when/"))
    assert {key: shown[key] for key in clock} == clock
    refused = post(client, draft, "when", schedule_cron="0 0 30 2 *")
    assert refused.status_code == 422
    assert "is not a cron line" in words(refused)
    answer = fields_of(client.get(f"/register/{draft.pk}/when/"))
    answer.pop("schedule_on")
    client.post(f"/register/{draft.pk}/when/", answer)
    draft.refresh_from_db()
    assert "schedule" not in draft.document


def test_what_is_registered_in_yaml_is_kept_when_it_is_edited_in_the_form(client, tmp_path, settings):
    settings.DROP_ROOTS = [str(tmp_path)]
    person = editor(client)
    road.register_yaml(
        f"""
        pipeline: kept
        team: shop
        sources:
          raw.kept:
            format: jsonl
            columns: {{n: INTEGER}}
            drop: {{url: "file://{tmp_path}/in", whole: done, taken: remember, pattern: "k_*"}}
            payload: {{records: /items}}
        schedule: {{cron: "0 6 * * *", timezone: UTC, catch_up: all, period: current}}
        listens: [{{namespace: n, dataset: d}}]
        """
    )
    draft = drafts.edit(Pipeline.objects.get(name="kept"), person)
    before = Pipeline.objects.get(name="kept").in_force.document
    for page in ("source", "when"):
        assert post(client, draft, page).status_code == 302
    after = draft.document
    assert after["schedule"] == before["schedule"]
    assert after["listens"] == before["listens"]
    assert after["sources"]["raw.kept"]["payload"] == {"records": "/items"}
    drop = after["sources"]["raw.kept"]["drop"]
    assert {key: drop[key] for key in before["sources"]["raw.kept"]["drop"]} == before["sources"]["raw.kept"]["drop"]
    assert Clock.objects.exists()
    assert DropSource.objects.exists()


LISTENS = {
    "listens-0-namespace": "postgres://ledger:5432",
    "listens-0-dataset": "books.public.the postings",
    "listens-0-period": "/run/facets/day",
}


def test_a_dataset_of_another_tool_is_listened_to_given_back_and_taken_out(client, draft):
    assert post(client, draft, "when", **LISTENS).status_code == 302
    wanted = {
        "namespace": "postgres://ledger:5432",
        "dataset": "books.public.the postings",
        "period": "/run/facets/day",
    }
    assert draft.document["listens"] == [wanted]
    shown = fields_of(client.get(f"/register/{draft.pk}/when/"))
    assert {key: shown[key] for key in LISTENS} == LISTENS
    post(client, draft, "when", **dict.fromkeys(LISTENS, ""))
    assert "listens" not in draft.document


def test_the_fault_of_what_is_listened_to_is_said_at_its_row_though_an_empty_row_is_above_it(client, draft):
    answer = post(client, draft, "when", **{"listens-1-namespace": "airflow", "listens-1-period": "day"})
    assert answer.status_code == 422
    assert "'day' is not a JSON pointer" in words(answer)
    assert 'href="#id_listens-1-period"' in answer.content.decode()
    assert 'href="#id_listens-1-dataset"' in answer.content.decode()


def test_how_many_runs_go_at_once_is_written_down_given_back_and_bounded(client, draft):
    assert "concurrency" not in draft.document
    name = next(iter(draft.document["sources"]))
    draft.document["sources"][name] |= {"period": "day", "mode": "partition"}
    for typed, kept in [("3", 3), ("", None), ("1", None)]:
        post(client, draft, "when", concurrency=typed)
        assert draft.document.get("concurrency") == kept
    answer = post(client, draft, "when", concurrency="many")
    assert answer.status_code == 422
    assert "Runs at once: must be a whole number" in words(answer)
    assert fields_of(client.get(f"/register/{draft.pk}/when/"))["concurrency"] == "many"
