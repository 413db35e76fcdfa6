"""A message or a file name sets the parameters of the run that it starts; what differs in them never merges."""

import json

import pytest
from django.utils import timezone

from pipelines_app.compiler import statements
from pipelines_app.environments import mapping
from pipelines_app.errors import ArrivalRefused, IllegalMove
from pipelines_app.intake import previewing, webhooks
from pipelines_app.models import (
    Arrival,
    ArrivalState,
    Dataset,
    Delivery,
    Disposition,
    Event,
    Pipeline,
    Run,
    RunState,
)
from pipelines_app.runs import pausing, queue, rerunning
from pipelines_app.runs.rerunning import Asked
from tests import road
from tests.intake.test_webhooks import signed

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"
TEXT = """
pipeline: sales
team: ops
parameters:
  region: {{type: enum, of: [EU, US, ASIA], default: ASIA}}
  most: {{type: integer, default: 5, min: 0}}
sources:
  raw.sales: {{format: jsonl, period: day, columns: {{k: BIGINT}}, {source}}}
steps:
  - dataset: mart.sold
    sql: "SELECT k, $region AS region FROM raw.sales WHERE k < $most"
    materialise: {{kind: incremental, by: period}}
{more}"""
POINTED = "payload: {period: /day, records: /rows, parameters: {region: /of/region}}"
NAMED = 'from: "sales_{region}_{most}_{period}.jsonl"'


def register(source: str = POINTED, more: str = "") -> Pipeline:
    return road.register_yaml(TEXT.format(source=source, more=more)).pipeline


def message(region: object = "EU", *keys: int) -> bytes:
    return json.dumps({"day": DAY, "of": {"region": region}, "rows": [{"k": key} for key in keys or (1,)]}).encode()


def post(body: bytes, message_id: str) -> Arrival:
    webhook, secret = webhooks.create(Dataset.objects.get(name="raw.sales"))
    return webhooks.receive(
        webhooks.find(webhook.public_id), signed(secret, body, message_id=message_id), now=timezone.now()
    )[0]


def drop(name: str, *keys: int) -> Arrival:
    return road.send("raw.sales", "".join(f'{{"k": {key}}}\n' for key in keys or (1,)).encode(), name=name)


def sold() -> set[str]:
    """The regions in what readers see."""
    dataset = Dataset.objects.get(name="mart.sold")
    version = mapping.current(mapping.production(), [dataset])[dataset.pk]
    engine = road.receiving.lake.engine()
    content = mapping.content(version)
    statement = statements.parse("SELECT DISTINCT region FROM mart.sold")
    answer = engine.preview(statement, [content.relation], rows=50, limits=road.receiving.lake.limits(20))
    return {str(row[0]) for row in answer.rows}


def runs() -> list[tuple[str, dict[str, object]]]:
    return list(Run.objects.order_by("id").values_list("state", "parameters"))


def test_a_message_sets_the_parameters_of_its_run_and_of_what_is_made() -> None:
    register()
    post(message("EU"), "m1")
    road.drain()
    assert runs() == [(RunState.SUCCEEDED, {"region": "EU"})]
    assert sold() == {"EU"}
    published = Event.objects.get(kind="dataset.published", dataset="mart.sold")
    assert published.body["parameters"] == {"region": "EU"}


def test_a_file_name_sets_typed_parameters() -> None:
    register(NAMED)
    drop(f"sales_US_2_{DAY}.jsonl", 1, 2, 3)
    road.drain()
    assert runs() == [(RunState.SUCCEEDED, {"region": "US", "most": 2})]
    assert Run.objects.get().steps.get(dataset__name="mart.sold").rows_out == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (message("MOON"), "is 'MOON'; it must be one of EU, US, ASIA"),
        (message(7), "must be one of its values, not 7"),
        (message(None), "must be one of its values, not None"),
        (json.dumps({"day": DAY, "rows": []}).encode(), "There is nothing at /of/region, where the parameter region"),
    ],
)
def test_a_message_whose_value_does_not_fit_is_refused_at_the_door_and_starts_nothing(body, said) -> None:
    register()
    with pytest.raises(ArrivalRefused, match=said.replace("/", "/")):
        post(body, "m1")
    assert not Arrival.objects.exists()
    assert not Run.objects.exists()
    assert said in previewing.message(Dataset.objects.get(name="raw.sales"), body).refused


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (f"sales_EU_{DAY}.jsonl", "gives no day for raw.sales"),
        (f"sales_EU_many_{DAY}.jsonl", "must be a whole number, not 'many'"),
        (f"sales_EU_-1_{DAY}.jsonl", "it must be at least 0"),
    ],
)
def test_a_file_whose_name_does_not_fit_is_refused_at_the_door(name, said) -> None:
    register(NAMED)
    with pytest.raises(ArrivalRefused, match=said):
        drop(name)
    assert said in previewing.file_name(Dataset.objects.get(name="raw.sales"), name).refused


def test_the_preview_says_what_a_real_message_would_give() -> None:
    register()
    found = previewing.message(Dataset.objects.get(name="raw.sales"), message("EU", 1, 2))
    assert (found.period, found.records, found.parameters) == (DAY, 2, "region = EU")


def test_messages_of_one_period_with_different_parameters_have_a_run_each_and_equal_ones_merge() -> None:
    pipeline = register()
    pausing.pause(pipeline, actor="user:ana")
    for number, region in enumerate(["EU", "US", "EU"]):
        post(message(region, number), f"m{number}")
    road.drain()
    assert runs() == [(RunState.QUEUED, {"region": "EU"}), (RunState.QUEUED, {"region": "US"})]
    pausing.resume(Pipeline.objects.get(), actor="user:ana")
    road.drain()
    assert runs() == [(RunState.SUCCEEDED, {"region": "EU"}), (RunState.SUCCEEDED, {"region": "US"})]
    assert not Arrival.objects.filter(state=ArrivalState.PENDING).exists()
    taken = dict(Arrival.objects.values_list("parameters__region", "run__parameters__region"))
    assert taken == {"EU": "EU", "US": "US"}
    assert sold() == {"US"}  # the same period of the same dataset: the newest of them is what readers see


def test_the_same_records_with_other_parameters_are_no_duplicate() -> None:
    register()
    first, second, third = (post(message(region), f"m-{number}") for number, region in enumerate(["EU", "US", "US"]))
    assert [one.state for one in (first, second, third)] == ["pending", "pending", "duplicate"]


def test_a_period_that_is_asked_for_again_is_made_with_what_it_was_made_with() -> None:
    pipeline = register()
    post(message("EU"), "m1")
    road.drain()
    queue.request(pipeline, period=DAY, actor="user:ana")
    road.drain()
    rerunning.again(Run.objects.order_by("id")[0], Asked(start_from="mart.sold"), actor="user:ana")
    road.drain()
    assert runs() == [(RunState.SUCCEEDED, {"region": "EU"})] * 3
    assert sold() == {"EU"}
    reused = Run.objects.order_by("id")[1].steps.get(dataset__name="mart.sold")
    assert reused.state == "reused"


def test_a_revision_that_does_not_take_a_value_fails_the_run_with_the_reason_and_loses_nothing() -> None:
    pipeline = register()
    pausing.pause(pipeline, actor="user:ana")
    arrival = post(message("EU"), "m1")
    road.drain()
    road.register_yaml(TEXT.format(source=POINTED, more="").replace("of: [EU, US, ASIA]", "of: [US, ASIA]"))
    pausing.resume(Pipeline.objects.get(), actor="user:ana")
    road.drain()
    run = Run.objects.get()
    assert run.state == RunState.FAILED
    assert "$region is 'EU'; it must be one of US, ASIA" in run.reason
    arrival.refresh_from_db()
    assert (arrival.state, arrival.run) == (ArrivalState.FAILED, run)
    assert not Delivery.objects.filter(disposition=Disposition.WAITING).exists()
    road.register_yaml(TEXT.format(source=POINTED, more=""))
    queue.retry(run, actor="user:ana")
    road.drain()
    assert runs()[-1] == (RunState.SUCCEEDED, {"region": "EU"})
    assert sold() == {"EU"}


def test_a_run_whose_parameters_the_newest_revision_refuses_is_not_done_again_by_it() -> None:
    register()
    post(message("EU"), "m1")
    road.drain()
    road.register_yaml(TEXT.format(source=POINTED, more="").replace("of: [EU, US, ASIA]", "of: [US, ASIA]"))
    road.drain()
    with pytest.raises(IllegalMove, match="gave parameters that do not fit"):
        rerunning.preview(Run.objects.get(), Asked(start_from="start"))
    assert rerunning.preview(Run.objects.get(), Asked(start_from="start", same_revision=True)).steps
