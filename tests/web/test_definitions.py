"""Definitions as code on a page: planned, looked at, applied; and all of them as files."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from pipelines_app.models import Pipeline, Revision, Role
from pipelines_app.web.definitions import split
from tests import factories, road
from tests.definitions.test_plans import COUNTS, ORDERS, TOTALS, WITHOUT
from tests.web.registering import fields_of, words

pytestmark = pytest.mark.django_db
ALL = f"--- # orders.yaml{ORDERS}--- # totals.yaml{TOTALS}---{COUNTS}"


@pytest.fixture
def ana(client):
    client.force_login(factories.make_user("ana", team=road.team("shop"), role=Role.EDITOR))
    return client


def planned(client, text, **more):
    return client.post("/definitions", {"text": text, **more})


def applied(client, text, **more):
    fields = fields_of(planned(client, text))
    return client.post("/definitions", {**fields, **more}, follow=True)


def test_a_text_is_split_where_it_says():
    assert [(file.name, file.content.strip()[:8]) for file in split(ALL)] == [
        ("orders.yaml", "pipeline"),
        ("totals.yaml", "pipeline"),
        ("definition 3", "pipeline"),
    ]
    assert [file.name for file in split("a: 1")] == ["definition 1"]
    assert split("---\n---\n") == []
    assert len(split("--- # x" + " " * 500_000 + "y\na: 1")) == 1


def test_what_is_planned_is_shown_and_then_applied(ana):
    shown = words(planned(ana, ALL))
    assert "3 pipelines would change" in shown
    assert not Pipeline.objects.exists()
    answer = applied(ana, ALL, why="the first")
    assert "Applied: orders (revision 1), counts (revision 1), totals (revision 1)." in words(answer)
    assert set(Revision.objects.values_list("why", flat=True)) == {"the first"}
    assert "Nothing would change: 3 definitions" in words(planned(ana, ALL))


def test_files_are_taken_beside_the_text(ana):
    file = SimpleUploadedFile("totals.yaml", TOTALS.encode())
    assert "2 pipelines would change" in words(planned(ana, ORDERS, files=[file]))


def test_what_breaks_is_said_and_has_to_be_accepted(ana):
    applied(ana, ALL)
    shown = words(planned(ana, WITHOUT))
    assert "1 reader would no longer find a column in use" in shown
    assert "it uses amount" in shown
    refused = applied(ana, WITHOUT)
    assert refused.status_code == 422
    assert "or accept that it breaks" in words(refused)
    assert "Applied: orders (revision 2)" in words(applied(ana, WITHOUT, breaking="on"))


def test_a_plan_that_is_old_is_refused(ana):
    applied(ana, ALL)
    fields = fields_of(planned(ana, WITHOUT))
    road.register_yaml(TOTALS.replace("sum(", "max("))
    answer = ana.post("/definitions", {**fields, "breaking": "on"})
    assert "What the plan was made against has changed since." in words(answer)
    assert not Revision.objects.filter(pipeline__name="orders", number=2).exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is nothing here"),
        ("pipeline: [", "definition 1:"),
        (
            TOTALS.replace("(amount", "(amout") + "---" + ORDERS,
            "definition 1:6: steps[0].sql: there is no column",
        ),
        ("--- # <script>alert(1)</script>\npipeline: 1", "alert(1)"),
        (ORDERS.replace("team: shop", "team: others"), "There is no team 'others' that you may write for."),
    ],
)
def test_faults_are_said_and_what_was_typed_stays(ana, text, said):
    answer = planned(ana, text)
    assert answer.status_code == 422
    assert said in words(answer)
    assert b"<script>alert" not in answer.content


def test_who_only_reads_gets_the_files_and_no_form(client):
    road.register_yaml(ORDERS)
    client.force_login(factories.make_user("vic", team=road.team("shop"), role=Role.VIEWER))
    assert "Only editors change definitions" in words(client.get("/definitions"))
    with zipfile.ZipFile(io.BytesIO(client.get("/definitions.zip").content)) as packed:
        assert packed.namelist() == ["orders.yaml"]
        assert "pipeline: orders" in packed.read("orders.yaml").decode()
    assert planned(client, WITHOUT).status_code == 422


def test_the_page_costs_a_fixed_number_of_queries(ana, django_assert_num_queries):
    applied(ana, ALL)
    with django_assert_num_queries(5):
        ana.get("/definitions")
