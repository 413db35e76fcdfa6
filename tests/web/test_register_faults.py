"""Whatever is typed into the form: the fault is said at its field, and what was typed stays."""

import gzip
import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pipelines_app import lake
from pipelines_app.models import Draft, Pipeline, Role
from tests.factories import make_dataset, make_pipeline, make_team, make_user
from tests.web.registering import Filling, begun, editor, fields_of, words

pytestmark = pytest.mark.django_db
SMALL = b"id,v\n1,2\n2,3\n3,4\n"


def kept_files():
    """What the lake keeps of what came in."""
    return {path for folder in ("samples", "arrivals") for path in (lake.root() / folder).rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pipeline": "Orders Daily"}, "must start with a letter and hold only a-z, 0-9 and -"),
        ({"pipeline": ""}, "pipeline is missing"),
        ({"sources-0-dataset": "orders"}, "must be written layer.domain_entity, for example raw.orders"),
        ({"sources-0-dataset": "mart.orders"}, "a source belongs in the layer raw: name it raw.orders"),
        ({"sources-0-dataset": "rw.orders"}, "'rw' is not a layer"),
        ({"sources-0-format": "xls"}, "'xls' is not one of csv, tsv, jsonl, parquet"),
        ({"team": "others"}, "there is no team 'others' that you may write for"),
        ({"sources-0-dataset": ""}, "Name the dataset that arrives"),
    ],
)
def test_a_name_against_the_convention_is_said_at_its_field(client, changes, said):
    make_team("others")
    editor(client)
    filling = begun(client, content=SMALL, **{"sources-0-sample": None, **changes})
    page = filling.answer if filling.answer.status_code == 422 else filling.open("review")
    assert said in words(page)
    if filling.answer.status_code == 422:
        assert b"<title>Error: " in page.content
        name, value = next(iter(changes.items()))
        assert fields_of(page)[name] == value


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "it is empty"),
        ("header.csv", b"id,v\n", "no rows below its header"),
        ("cut.csv.gz", gzip.compress(os.urandom(4000).hex().encode())[:900], "cut short"),
        ("binary.csv", bytes(range(256)) * 20, "binary data"),
        ("late.csv", b"id,v\n" + b"1,2\n" * 40_000 + b"3,\xff\xfe\n", ""),
    ],
)
def test_a_sample_that_cannot_be_read_is_said_and_not_kept(client, name, content, said):
    editor(client)
    before = kept_files()
    filling = begun(client, name=name, content=content)
    if said:
        assert filling.answer.status_code == 422
        assert said in words(filling.answer)
        assert not filling.draft.samples.get("sources")
        assert kept_files() == before
    else:
        assert filling.answer.status_code in {302, 422}
        assert filling.open("look").status_code == 200


def test_another_encoding_is_proposed(client):
    editor(client)
    filling = begun(client, content="id,city\n1,Zürich\n2,Genève\n".encode("latin-1"))
    assert filling.draft.document["sources"]["raw.orders"]["encoding"] == "latin-1"
    assert "all 2 rows fit" in words(filling.open("look"))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM raw.orders", "only a query (SELECT) is allowed"),
        ("SELECT 1; SELECT 2", "one statement is allowed"),
        ("SELECT * FROM read_csv('/etc/passwd')", "read_csv(...) cannot stand for a table"),
        ("SELECT * FROM '/etc/passwd'", "/etc/passwd"),
        ("SET memory_limit = '1GB'", "only a query (SELECT) is allowed"),
        ("SELECT current_setting('home_directory')", "current_setting"),
        ("SELECT * FROM elsewhere.raw.orders", "elsewhere"),
        ("SELECT * FROM raw.ordres", "did you mean raw.orders?"),
        ("SELECT qty FROM raw.orders", "there is no column qty"),
        ("SELECT id FROM raw.orders WHERE v > $least", "there is no parameter $least; declare it among the parameters"),
        ("SELECT no_such_function(id) AS x FROM raw.orders", "no_such_function"),
        ("SELECT '", "opened and not closed"),
        ("SELECT id FROM mart.numbers", "circle: mart.numbers -> mart.numbers"),
    ],
)
def test_sql_that_may_not_run_is_refused_with_its_place(client, sql, said):
    editor(client)
    filling = begun(client, content=SMALL)
    page = {"steps-0-dataset": "mart.numbers", "steps-0-sql": sql, "steps-0-materialise": "table"}
    body = {**fields_of(filling.open("steps")), **page, "field": "steps-0-sql"}
    problems = client.post(f"/register/{filling.draft.pk}/check-sql", body).json()["problems"]
    assert said in problems[0]["message"]
    assert problems[0]["line"] >= 1
    answer = filling.send("steps", **page)
    assert answer.status_code == 422
    assert said in words(answer)
    assert fields_of(answer)["steps-0-sql"] == sql


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM raw.ordres", "there is no dataset raw.ordres; did you mean raw.orders?"),
        ("SELECT id FROM raw.orders WHERE v > $least", "$least must be a whole number, not 'x1'"),
        ("SELECT id FROM raw.orders WHERE v > $most", "there is no parameter $most"),
    ],
)
def test_what_is_typed_is_blamed_and_not_what_follows_from_it(client, sql, said):
    editor(client)
    filling = begun(client, name="orders_2024-12-31.csv", content=SMALL)
    page = {"steps-0-dataset": "mart.numbers", "steps-0-sql": sql, "steps-0-materialise": "period"}
    parameter = {"name": "least", "type": "integer", "default": "x1"}
    page |= {f"parameters-0-{name}": value for name, value in parameter.items()}
    body = {**fields_of(filling.open("steps")), **page, "parameters-TOTAL_FORMS": "1", "field": "steps-0-sql"}
    problems = client.post(f"/register/{filling.draft.pk}/check-sql", body).json()["problems"]
    assert said in problems[0]["message"]


def test_a_circle_of_steps_is_named(client):
    editor(client)
    filling = begun(client, content=SMALL)
    answer = filling.send(
        "steps",
        **{
            "steps-TOTAL_FORMS": "2",
            "steps-0-dataset": "staging.a",
            "steps-0-sql": "SELECT * FROM staging.b",
            "steps-1-was": "",
            "steps-1-dataset": "staging.b",
            "steps-1-sql": "SELECT * FROM staging.a",
        },
    )
    assert answer.status_code == 422
    assert "circle: staging.a -> staging.b -> staging.a" in words(answer)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("integer", "many", "$least must be a whole number, not 'many'"),
        ("integer", "1.5", "$least must be a whole number, not 1.5"),
        ("date", "31/02/2024", "$least must be a date such as 2013-02-08"),
        ("boolean", "perhaps", "$least must be true or false"),
        ("enum", "a", "a enum needs the list of values it may have"),
        ("number", "1", "'number' is not a type of parameter"),
        ("integer", "", "$least has no value"),
    ],
)
def test_a_parameter_of_the_wrong_type_is_said_at_it(client, kind, value, said):
    editor(client)
    filling = begun(client, content=SMALL)
    answer = filling.send(
        "steps",
        **{
            "parameters-TOTAL_FORMS": "1",
            "parameters-0-name": "least",
            "parameters-0-type": kind,
            "parameters-0-default": value,
            "steps-0-sql": "SELECT id FROM raw.orders",
        },
    )
    assert answer.status_code == 422
    assert said in words(answer)
    assert fields_of(answer)["parameters-0-default"] == value


@pytest.mark.parametrize(
    ("which", "changes", "said"),
    [
        ("look", {"pattern": "orders.csv", "period": "day"}, "must hold {period} once"),
        ("look", {"tolerance": "plenty"}, "must be a share of the rows below 1"),
        ("look", {"delimiter": "ab"}, "must be one character"),
        ("look", {"encoding": "utf-9"}, "'utf-9' is not one of"),
        ("look", {"columns-0-type": "NUMBR"}, "'NUMBR' is not a column type"),
        ("look", {"columns-1-name": "ID"}, "the column ID is here twice"),
        ("when", {"emails": "nobody"}, "'nobody' (number 1) is not an e-mail address"),
    ],
)
def test_a_fault_of_any_page_stands_on_that_page(client, which, changes, said):
    editor(client)
    filling = begun(client, content=SMALL)
    filling.send("steps")
    answer = filling.send(which, **changes)
    assert answer.status_code == 422
    assert said in words(answer)


def test_a_deadline_without_a_zone_is_refused(client):
    editor(client)
    filling = begun(client, name="orders_2024-01-05.csv", content=SMALL)
    answer = filling.send(
        "when", **{"deadlines-0-on": "on", "deadlines-0-timezone": "Mars/North", "deadlines-0-by": "25:00"}
    )
    assert answer.status_code == 422
    assert "must be a time of day such as 07:00" in words(answer)
    again = filling.send("when", **{"deadlines-0-timezone": "Mars/North", "deadlines-0-by": "07:00"})
    assert "'Mars/North' is not a time zone" in words(again)


def test_datasets_and_pipelines_of_others_are_not_taken(client):
    editor(client)
    make_dataset("raw.orders", pipeline=make_pipeline("billing"))
    filling = begun(client, content=SMALL)
    assert filling.answer.status_code == 422
    assert "raw.orders is made by the pipeline billing; choose another name" in words(filling.answer)
    other = begun(client, content=SMALL, **{"pipeline": "billing", "sources-0-dataset": "raw.mine"})
    assert "there is a pipeline billing already" in words(other.answer)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"new-kind": "between", "new-columns": "v"}, "give min, max or both"),
        ({"new-kind": "matches_pattern", "new-columns": "v", "new-pattern": "("}, "is not a regular expression"),
        ({"new-kind": "not_null", "new-columns": "w"}, "there is no column 'w'"),
        ({"new-kind": "references", "new-columns": "v", "new-other": "raw.none"}, "there is no dataset raw.none"),
        ({"new-kind": "custom_sql", "new-sql": "DROP TABLE x"}, "only a query (SELECT) is allowed"),
        ({"new-kind": "expression_is_true", "new-expression": "w > 1"}, "there is no column w"),
        ({"new-kind": "blank_rate_below", "new-columns": "v", "new-max": "5"}, "must be a share from 0 to 1"),
        ({"new-kind": "nonsense"}, "there is no check 'nonsense'"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused_and_what_was_typed_stays(client, changes, said):
    editor(client)
    filling = begun(client, content=SMALL)
    filling.send("steps")
    answer = filling.send("checks", button="add", value="check", **{"new-dataset": "raw.orders", **changes})
    assert answer.status_code == 422
    assert said in words(answer)
    assert "checks" not in filling.draft.document["sources"]["raw.orders"]


def test_a_check_of_ones_own_is_added(client):
    editor(client)
    filling = begun(client, content=SMALL)
    filling.send("steps")
    chosen = {"new-dataset": "raw.orders", "new-kind": "in_set", "new-columns": "v", "new-values": "2, 3, 4"}
    filling.send("checks", button="add", value="check", **chosen, **{"new-severity": "warn", "new-tolerance": "1 %"})
    kept = filling.draft.document["sources"]["raw.orders"]["checks"]
    assert kept == [{"in_set": {"columns": ["v"], "values": [2, 3, 4], "severity": "warn", "tolerance": 0.01}}]
    assert "v is one of 2, 3, 4" in words(filling.open("checks"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pipeline: x\nteam: [", "Line "),
        ("- a\n- b\n", "the document must be a mapping"),
        ("pipeline: &a x\nteam: *a\n", "anchors and aliases are not allowed"),
        ("", "the document must be a mapping, not nothing"),
        ('pipeline: "a\\0b"', "cannot be kept"),
        ('pipeline: "\\ud800"', "invalid Unicode character"),
        ("pipeline: 1e999", "cannot be kept"),
    ],
)
def test_yaml_that_is_none_is_said_with_its_line(client, text, said):
    editor(client)
    answer = client.post("/register/yaml/", {"text": text})
    assert answer.status_code == 422
    assert said in words(answer)
    assert not Draft.objects.exists()


def test_yaml_goes_to_the_review_which_names_every_fault_and_its_page(client):
    editor(client)
    text = (
        "pipeline: x\nteam: shop\nsurprise: 1\nsources:\n  raw.a: {format: csv, columns: {id: NUMBR}, colour: red}\n"
        "steps:\n- {dataset: a, sql: SELECT 1 AS one}\nalerts: {emails: [nobody]}\n"
    )
    file = SimpleUploadedFile("x.yaml", text.encode())
    answer = client.post("/register/yaml/", {"text": "", "file": file}, follow=True)
    assert answer.status_code == 200
    for said in ("unknown key 'surprise'", "'NUMBR' is not a column type", "unknown key 'colour'", "is not an e-mail"):
        assert said in words(answer)
    page = answer.content.decode()
    draft = Draft.objects.get()
    for link in ("look/?problems=1", "yaml/?problems=1", "steps/?problems=1", "when/?problems=1"):
        assert f'href="/register/{draft.pk}/{link}' in page
    assert "Register</button>" not in page
    mending = client.get(f"/register/{draft.pk}/look/?problems=1&source=raw.a")
    assert "'NUMBR' is not a column type" in words(mending)
    assert b'<a href="#id_columns-0-type" data-error-link>' in mending.content
    steps = client.get(f"/register/{draft.pk}/steps/?problems=1")
    assert b'<a href="#id_steps-0-dataset" data-error-link>' in steps.content


def test_a_document_of_any_shape_breaks_no_page(client):
    user = editor(client)
    shapes = [
        {},
        {"sources": [1], "steps": {"a": 1}, "parameters": "x", "start": 3, "alerts": []},
        {
            "sources": {"raw.a": None, "": {"columns": 3, "null": 7, "checks": "no", "arrival": 5}},
            "steps": [None, 4, {}],
        },
        {"steps": [{"dataset": 3, "sql": None, "checks": [{"nope": 1}, 7], "materialise": "x"}], "values": [1]},
    ]
    for shape in shapes:
        filling = Filling(client, Draft.objects.create(author=user, document=shape))
        for page in ("source", "look", "steps", "checks", "when", "review", "yaml"):
            assert filling.open(page, "?problems=1").status_code == 200, (shape, page)


@pytest.mark.parametrize("nasty", ["x" * 3_000, "a\x00b", "\U0001f600 \u202e", "' OR 1=1 --", "{{ 7*7 }}{% x %}"])
def test_whatever_is_typed_anywhere_breaks_no_page(client, nasty):
    editor(client)
    filling = begun(client, content=SMALL)
    filling.send("steps")
    for which in ("source", "look", "steps", "checks", "when"):
        texts = {name: nasty for name in fields_of(filling.open(which)) if "_FORMS" not in name}
        assert filling.send(which, **texts).status_code in {302, 422}, which
        assert filling.open("review").status_code == 200


def test_hostile_text_stays_text(client):
    editor(client)
    nasty = "<script>alert(1)</script>\u202e" + "x" * 200
    filling = begun(client, content=f"id,{nasty[:40]}\n1,{nasty}\n2,b\n".encode(), description=nasty)
    for page in ("source", "look", "steps", "checks", "review"):
        assert b"<script>alert" not in filling.open(page).content


def test_two_windows_on_one_draft_do_not_break_each_other(client):
    editor(client)
    filling = begun(client, content=SMALL)
    filling.send("steps", **{"steps-0-dataset": "mart.a", "steps-0-sql": "SELECT id FROM raw.orders"})
    stale = fields_of(filling.open("steps"))
    filling.send("steps", **{"steps-0-remove": "on"})
    assert filling.client.post(filling.url("steps"), {**stale, "steps-0-was": "7"}).status_code in {302, 422}
    filling.send("source", description="from the other window")
    filling.draft.refresh_from_db()
    assert filling.draft.document["steps"][0]["dataset"] == "mart.a"
    assert filling.draft.document["description"] == "from the other window"
    assert filling.client.post(filling.url("steps"), {}).status_code in {302, 422}  # a form without anything


def test_somebody_else_was_quicker(client):
    editor(client)
    filling = begun(client, content=SMALL)
    for page in ("look", "steps", "checks", "when"):
        filling.send(page)
    filling.client.post(filling.url("review"), {})
    mine, theirs = [Filling(client, Draft(pk=None)) for _ in range(2)]
    client.get("/pipelines/orders/edit/")
    mine.draft = Draft.objects.get()
    theirs.draft = Draft.objects.create(
        author=mine.draft.author, pipeline=mine.draft.pipeline, document=mine.draft.document, samples=mine.draft.samples
    )
    mine.send("source", description="first")
    mine.client.post(mine.url("review"), {})
    theirs.send("source", description="second")
    refused = theirs.client.post(theirs.url("review"), {})
    assert refused.status_code == 422
    assert "orders is at revision 2 by now, not at 1" in words(refused)
    assert Pipeline.objects.get(name="orders").current.number == 2


def test_only_the_author_sees_a_draft_and_only_editors_may_begin_one(client):
    editor(client)
    filling = begun(client, content=SMALL)
    other = make_user(team=make_team("others"), role=Role.EDITOR)
    client.force_login(other)
    for path in ("source/", "review/", "schema"):
        assert client.get(f"/register/{filling.draft.pk}/{path}").status_code == 404
    for path in ("source/", "check-sql", "preview", "graph", "discard"):
        assert client.post(f"/register/{filling.draft.pk}/{path}").status_code == 404
    viewer = make_user(team=filling.draft.author.teams.first(), role=Role.VIEWER)
    client.force_login(viewer)
    assert client.get("/register/").status_code == 403
    client.logout()
    assert client.get("/register/")["Location"].startswith("/sign-in")


def test_a_pipeline_of_another_team_is_not_edited(client):
    editor(client)
    make_pipeline("theirs")
    make_pipeline("secret", restricted=True)
    assert client.get("/pipelines/theirs/edit/").status_code == 403
    assert client.get("/pipelines/secret/edit/").status_code == 404


def test_a_discarded_draft_leaves_nothing(client):
    editor(client)
    filling = begun(client, content=SMALL)
    folder = lake.root() / "samples" / str(filling.draft.pk)
    assert list(folder.iterdir())
    client.post(f"/register/{filling.draft.pk}/discard")
    assert not Draft.objects.exists()
    assert not folder.exists()
