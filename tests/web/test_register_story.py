"""The form from the first page to the last, as an analyst fills it."""

import gzip
import json

import pytest

from pipelines_app import lake
from pipelines_app.models import Arrival, Draft, Pipeline
from tests.road import drain
from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db

SQL = "SELECT country, order_date, sum(amount) AS revenue FROM raw.orders GROUP BY country, order_date"


def to_checks(client):
    filling = begun(client)
    filling.send("look")
    filling.send(
        "steps", **{"steps-0-dataset": "mart.revenue_by_day", "steps-0-sql": SQL, "steps-0-materialise": "table"}
    )
    return filling


def test_a_sample_is_looked_at_and_said_in_words(client):
    editor(client)
    filling = begun(client)
    assert filling.answer.status_code == 302
    assert filling.answer["Location"] == f"/register/{filling.draft.pk}/look/"
    said = words(filling.open("look"))
    assert "order_date: 14 of 5,000 rows are not dates, for example '31/02/2024'" in said
    assert "amount: 3 of 5,000 rows are not numbers, for example 'n.a.'" in said
    assert "4,983 rows fit and 17 (0.3 %) are set aside" in said
    entry = filling.draft.document["sources"]["raw.orders"]
    assert entry["columns"] == {
        "order_id": "BIGINT",
        "order_date": "DATE",
        "customer": "VARCHAR",
        "country": "VARCHAR",
        "amount": "DOUBLE",
        "quantity": "BIGINT",
    }
    assert entry["tolerance"] == 0.01


def test_the_name_of_the_sample_proposes_the_period(client):
    editor(client)
    filling = begun(client, name="orders_2024-03-05.csv.gz", content=gzip.compress(b"id,v\n1,2\n2,3\n"))
    entry = filling.draft.document["sources"]["raw.orders"]
    assert (entry["period"], entry["from"], entry["mode"]) == ("day", "orders_{period}.csv", "partition")


def test_a_pipeline_is_registered_and_its_sample_brought_in(client):
    editor(client)
    filling = to_checks(client)
    page = filling.open("checks")
    assert "order_id is different in every row" in words(page)
    assert "all 4,983 values differ" in words(page)
    assert "6 columns are never empty" in words(page)
    assert "none of 4,983 rows is empty here" in words(page)
    ticked = {name: "on" for name in fields_of(filling.send("checks", button="all")) if name.endswith("-on")}
    assert len(ticked) >= 5
    assert filling.send("checks").status_code == 302
    assert filling.send("when", emails="ana@example.com").status_code == 302
    review = words(filling.open("review"))
    assert "Starts by itself when data arrive for raw.orders." in review
    assert "It makes mart.revenue_by_day." in review
    dry = filling.client.post(filling.url("review"), {"dry": "1"})
    assert "4,983" in words(dry)
    assert "nothing was written" in words(dry)
    assert not list((lake.root() / "exports").rglob("*.parquet"))
    answer = filling.client.post(filling.url("review"), {"bring": "on"})
    assert answer["Location"] == "/pipelines/orders/"
    pipeline = Pipeline.objects.get(name="orders")
    assert pipeline.current.number == 1
    assert pipeline.current.document["alerts"] == {"emails": ["ana@example.com"]}
    assert not Draft.objects.exists()
    assert Arrival.objects.get().name == "orders.csv"
    drain()
    assert {run.state for run in pipeline.runs.all()} <= {"succeeded", "warned"}
    assert not (lake.root() / "samples" / str(filling.draft.pk)).exists()


def test_what_is_never_empty_is_one_row_whose_columns_can_be_taken_out(client):
    editor(client)
    filling = to_checks(client)
    rows = fields_of(filling.open("checks"))
    place = next(name.split("-")[1] for name, value in rows.items() if value.startswith("order_id, order_date"))
    tick = {f"checks-{place}-on": "on", f"checks-{place}-columns": "order_id, order_date, customer"}
    filling.send("checks", **tick)
    checks = filling.draft.document["sources"]["raw.orders"]["checks"]
    assert checks == [{"not_null": {"columns": ["order_id", "order_date", "customer"], "severity": "block"}}]
    said = words(filling.open("checks"))
    assert "3 columns are never empty Columns of 3 columns are never empty" in said
    assert "in the definition" in said
    answer = filling.send("checks", **{"checks-0-columns": "order_id, nothing"})
    assert answer.status_code == 422
    assert "nothing" in words(answer)


def test_the_deadline_is_one_sentence(client):
    editor(client)
    filling = begun(client, name="orders_2024-03-05.csv", content=b"id,v\n1,2\n2,3\n")
    filling.send("look")
    filling.send("steps")
    filling.send("checks")
    filling.send(
        "when", **{"deadlines-0-on": "on", "deadlines-0-by": "7:00", "deadlines-0-timezone": "America/New_York"}
    )
    arrival = filling.draft.document["sources"]["raw.orders"]["arrival"]
    assert arrival == {"by": "07:00", "timezone": "America/New_York", "days_after": 1}
    assert "raw.orders is expected every day by 07:00 America/New_York, a day later." in words(filling.open("review"))


def test_a_pipeline_may_read_only_what_exists(client):
    user = editor(client)
    filling = to_checks(client)
    filling.client.post(filling.url("review"), {})
    second = type(filling)(client)
    answer = second.send("source", pipeline="totals", team="shop", origin="exists")
    assert answer["Location"].endswith("/steps/")
    sql = "SELECT sum(revenue) AS total FROM mart.revenue_by_day"
    second.send("steps", **{"steps-0-dataset": "mart.total", "steps-0-sql": sql})
    second.send("checks")
    second.send("when")
    assert second.client.post(second.url("review"), {})["Location"] == "/pipelines/totals/"
    assert user.drafts.count() == 0


def test_editing_makes_a_new_revision_and_shows_what_changes(client):
    editor(client)
    filling = to_checks(client)
    filling.client.post(filling.url("review"), {})
    answer = client.get("/pipelines/orders/edit/")
    filling.draft = Draft.objects.get()
    assert answer["Location"] == f"/register/{filling.draft.pk}/source/"
    assert client.get("/pipelines/orders/edit/")["Location"] == answer["Location"]  # the same draft goes on
    filling.send("source", description="Money by day")
    review = words(filling.open("review"))
    assert "Money by day" in review
    assert "What changes" in review
    filling.client.post(filling.url("review"), {"why": "asked for by finance"})
    pipeline = Pipeline.objects.get(name="orders")
    assert pipeline.current.number == 2
    assert pipeline.current.why == "asked for by finance"


def test_parameters_are_typed_and_used(client):
    editor(client)
    filling = begun(client)
    filling.send("steps", button="add", value="parameter")
    page = {
        "steps-0-dataset": "mart.big",
        "steps-0-sql": "SELECT order_id FROM raw.orders WHERE amount > $least",
        "steps-0-materialise": "table",
        "parameters-TOTAL_FORMS": "1",
        "parameters-0-was": "",
        "parameters-0-name": "least",
        "parameters-0-type": "integer",
        "parameters-0-default": "100",
        "parameters-0-minimum": "0",
        "parameters-0-maximum": "500",
    }
    assert filling.send("steps", **page).status_code == 302
    assert filling.draft.document["parameters"]["least"] == {"type": "integer", "default": 100, "min": 0, "max": 500}


def test_sql_is_checked_as_it_is_typed(client):
    editor(client)
    filling = begun(client)
    body = {**fields_of(filling.open("steps")), "field": "steps-0-sql", "steps-0-sql": "SELECT amuont\nFROM raw.orders"}
    answer = client.post(f"/register/{filling.draft.pk}/check-sql", body).json()
    assert answer["problems"] == [
        {"line": 1, "column": 8, "message": answer["problems"][0]["message"], "suggestion": "amount"}
    ]
    good = client.post(f"/register/{filling.draft.pk}/check-sql", {**body, "steps-0-sql": SQL}).json()
    assert good["problems"] == []
    assert good["columns"][2] == {"name": "revenue", "type": "DOUBLE"}
    assert filling.draft.document.get("steps") is None  # a check writes nothing
    tables = client.get(f"/register/{filling.draft.pk}/schema").json()["tables"]
    assert json.dumps(tables[0]["columns"][0]) == '{"name": "order_id", "type": "BIGINT"}'


def test_a_preview_runs_a_step_with_the_steps_it_reads(client):
    editor(client)
    filling = begun(client)
    body = {
        **fields_of(filling.open("steps")),
        "steps-TOTAL_FORMS": "2",
        "steps-0-dataset": "staging.orders",
        "steps-0-sql": "WITH paid AS (SELECT * FROM raw.orders WHERE amount > 250) SELECT country, amount FROM paid",
        "steps-0-materialise": "table",
        "steps-1-was": "",
        "steps-1-dataset": "mart.countries",
        "steps-1-sql": "SELECT country, count(*) AS orders FROM staging.orders GROUP BY country ORDER BY country",
        "steps-1-materialise": "table",
        "field": "steps-1-sql",
    }
    shown = client.post(f"/register/{filling.draft.pk}/preview", body)
    assert "The first rows of mart.countries" in words(shown)
    assert "CH" in words(shown)
    graph = client.post(f"/register/{filling.draft.pk}/graph", body)
    assert "mart.countries made here from staging.orders" in words(graph)
    without_script = filling.client.post(filling.url("steps"), {**body, "preview": "steps-1-sql"})
    assert "The first rows of mart.countries" in words(without_script)
