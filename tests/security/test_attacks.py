"""Attacks that others have suffered, named by their numbers, on what is here."""

import json

import pytest
from django.utils.html import escape

from pipelines_app import lake
from pipelines_app.access import permits
from pipelines_app.errors import LooplineError
from pipelines_app.models import Arrival, Dataset, Event, Pipeline, Revision, Role
from tests import factories, road
from tests.api.callers import Caller
from tests.security.world import DAY, OPEN, ORDERS, RESTRICTED

FILES = [
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/proc/self/environ')",
    "SELECT getenv('HOME') AS home",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table('raw.orders')",
    'SELECT * FROM "/etc/passwd"',
    "SELECT * FROM 's3://bucket/x.parquet'",
    "SELECT current_setting('secret_directory') AS s",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM sqlite_scan('loopline.sqlite3', 'pipelines_app_user')",
]
WRITES = [
    "COPY (SELECT 1) TO '/tmp/x.csv'",
    "SELECT 1 AS one; DROP TABLE x",
    "ATTACH 'loopline.sqlite3' AS c",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "WITH x AS (DELETE FROM raw.orders RETURNING *) SELECT * FROM x",
    "PRAGMA database_list",
    "EXPORT DATABASE '/tmp/x'",
    "SELECT 1 INTO x",
    "CALL pragma_version()",
    "SELECT * FROM pipelines_app_user",
    "SELECT * FROM main.sqlite_master",
]


@pytest.fixture
def people(db):
    road.register_yaml(OPEN)
    return road.team("people")


@pytest.fixture
def editor(people):
    return Caller(factories.make_user("ed", team=people, role=Role.EDITOR))


def mine(sql, **more):
    step = {"dataset": "mart.mine", "sql": sql}
    return {"pipeline": "mine", "team": "people", "steps": [step], **more}


@pytest.mark.parametrize("sql", FILES, ids=range(len(FILES)))
def test_cve_2026_77371_no_file_of_the_host_is_read_by_sql(editor, sql):
    assert_refused(editor, sql)


@pytest.mark.parametrize("sql", WRITES, ids=range(len(WRITES)))
def test_cve_2026_23984_no_statement_writes_or_leaves_its_data(editor, sql):
    assert_refused(editor, sql)


def assert_refused(editor, sql):
    answer = editor.post("/pipelines", mine(sql))
    assert (answer.status_code, answer.json()["code"]) == (422, "definition_invalid"), answer.content
    assert not Pipeline.objects.filter(name="mine").exists()
    assert "root:" not in answer.content.decode()


@pytest.mark.parametrize("value", ["x' OR '1'='1", "'; DROP TABLE raw.orders; --", "$$", "{{ 7*7 }}", "\\"])
def test_cve_2026_41490_a_quote_in_a_parameter_or_a_period_stays_a_value(editor, value):
    document = mine("SELECT $who AS who, count(*) AS n FROM raw.orders", parameters={"who": {"type": "string"}})
    answer = editor.post("/pipelines", {**document, "values": {"who": value}})
    assert answer.status_code == 201, answer.content
    road.send("raw.orders", ORDERS, name=f"orders_{DAY}.csv")
    road.drain()
    rows = editor.get("/datasets/mart.mine/rows").json()["results"]
    assert rows == [{"who": value, "n": 2}]
    assert editor.post("/pipelines/orders/run", {"period": value[:13]}).status_code == 422


def test_cve_2026_21858_a_json_body_that_pretends_to_be_an_upload_names_no_file(editor):
    lie = {"file": {"filepath": "/etc/passwd", "originalFilename": "orders.csv"}, "path": "/etc/passwd"}
    answer = editor.text(
        f"/datasets/raw.orders/arrivals?name=orders_{DAY}.csv", json.dumps(lie), kind="application/json"
    )
    assert answer.status_code == 201
    arrival = Arrival.objects.get()
    assert json.loads(lake.original(arrival.path).read_bytes()) == lie
    assert lake.original(arrival.path).resolve().is_relative_to(lake.root().resolve())


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "/etc/passwd", "..\\..\\x", "\0.csv", "a" * 5000]
)
def test_cve_2025_51481_a_name_never_becomes_a_path(editor, name):
    answer = editor.send("raw.orders", ORDERS, query=f"?period={DAY}", headers={"Content-Disposition": _as(name)})
    assert answer.status_code in (201, 422), answer.content
    for arrival in Arrival.objects.all():
        assert arrival.path.startswith("arrivals/")
        assert "/" not in arrival.name
        assert len(arrival.name) <= 300


def _as(name):
    quoted = "".join(f"%{byte:02x}" for byte in name.encode())
    return f"attachment; filename*=UTF-8''{quoted}"


@pytest.mark.parametrize(
    "tail", ["..%2f..%2fetc%2fpasswd", "%2e%2e/", "raw.orders%00", "raw.orders/../../x", "x" * 4000, "%ff"]
)
def test_cve_2023_51232_no_address_climbs_out_of_its_folder(editor, client, tail):
    client.force_login(editor.user)
    addresses = [f"/datasets/{tail}", f"/datasets/{tail}/download", f"/pipelines/{tail}/", f"/static/{tail}"]
    addresses += [f"/static/..%2f{tail}", f"/alerts/of-dataset/{tail}", f"/api/v1/datasets/{tail}", f"/hooks/{tail}"]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code in (200, 301, 302, 400, 404, 405), address
        assert b"root:" not in answer.getvalue()


def test_cve_2026_41084_what_the_address_names_is_what_the_body_names(editor):
    stranger = Caller(factories.make_user("eve", team=road.team("others"), role=Role.ADMIN))
    theirs = {"pipeline": "mine", "team": "others", "steps": [{"dataset": "mart.mine", "sql": "SELECT 1 AS one"}]}
    assert stranger.post("/pipelines", theirs).status_code == 201
    lies = [
        {**theirs, "pipeline": "orders"},
        {**theirs, "team": "people"},
        {**theirs, "pipeline": "orders", "team": "people"},
    ]
    for lie in lies:
        assert stranger.put("/pipelines/mine", lie).status_code in (404, 422)
        assert stranger.put("/pipelines/orders", lie).status_code in (404, 422)
        assert stranger.post("/pipelines", lie).status_code == 404
    grab = {**theirs, "steps": [{"dataset": "mart.shops", "sql": "SELECT 1 AS one"}]}
    assert stranger.post("/pipelines", grab).json()["code"] == "name_taken"
    assert Revision.objects.filter(pipeline__name="orders").count() == 1
    assert Dataset.objects.get(name="mart.shops").team.name == "people"


def test_cve_2023_40610_the_control_database_is_no_dataset(editor):
    tables = ("pipelines_app_user", "auth_group", "django_session", "sqlite_master", "pg_catalog.pg_user")
    for table in (*tables, "information_schema.tables"):
        answer = editor.post("/pipelines", mine(f"SELECT * FROM {table}"))
        assert answer.status_code == 422
        assert "password" not in answer.content.decode()


def test_cve_2026_23982_a_definition_is_judged_again_whenever_it_is_changed(editor):
    assert editor.post("/pipelines", mine("SELECT id FROM raw.orders")).status_code == 201
    assert editor.put("/pipelines/mine", mine("SELECT * FROM '/etc/passwd'")).status_code == 422
    assert editor.post("/pipelines?dry_run=1", mine("SELECT * FROM '/etc/passwd'")).status_code == 422
    road.register_yaml(RESTRICTED)
    Dataset.objects.filter(name="mart.hush_pay").update(restricted=True)
    stranger = Caller(factories.make_user("eve", team=road.team("others"), role=Role.ADMIN))
    step = {"dataset": "mart.spy", "sql": "SELECT * FROM mart.hush_pay"}
    answer = stranger.post("/pipelines", {"pipeline": "spy", "team": "others", "steps": [step]})
    assert answer.status_code == 422
    assert "hush_name" not in answer.content.decode()


@pytest.mark.parametrize("text", ["{{ 7*7 }}", "{% debug %}", "${7*7}", "#{7*7}", "{0.__class__}", "%(password)s"])
def test_cve_2025_68613_text_is_never_a_template(editor, client, text):
    document = mine("SELECT id FROM raw.orders", description=text)
    assert editor.post("/pipelines", document).status_code == 201
    client.force_login(editor.user)
    for address in ("/pipelines/mine/", "/pipelines/mine/revisions/1/"):
        page = client.get(address).content.decode()
        assert escape(text) in page, address


def test_cve_2026_22922_what_is_set_aside_is_seen_by_those_alone_who_see_the_data(editor):
    road.register_yaml(RESTRICTED)
    Dataset.objects.filter(name__contains="hush").update(restricted=True)
    Pipeline.objects.filter(name="hush-payroll").update(restricted=True)
    body = b"hush_id,hush_name,pay\nx,hush-bob,4\ny,hush-eve,4\n"
    arrival = road.send("raw.hush_salaries", body, name=f"hush_{DAY}.csv")
    road.drain()
    stranger = factories.make_user("eve", team=road.team("others"), role=Role.ADMIN)
    assert not Arrival.objects.visible_to(stranger).filter(pk=arrival.pk).exists()
    assert not Event.objects.visible_to(stranger).filter(dataset__contains="hush").exists()
    with pytest.raises(LooplineError, match="nothing here"):
        permits.operable(Arrival.objects.operable_by(stranger), stranger, team="dataset__team", pk=arrival.pk)
