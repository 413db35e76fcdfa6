"""Templates registered, filled and rolled out through the one road of plan and apply."""

import pytest
from django.db import DatabaseError, transaction

from pipelines_app.definitions import files as definition_files
from pipelines_app.definitions import plans, rolling, templates
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.definitions.rolling import Wave
from pipelines_app.errors import DefinitionInvalid, NameTaken, NotFound, Outdated
from pipelines_app.models import AuditEntry, Event, Pipeline, Revision, Template, TemplateRevision
from tests import road
from tests.definitions.test_plans import ORDERS

pytestmark = pytest.mark.django_db
SUMMED = """
template: summed
team: shop
parameters:
  name: {type: string, pattern: "[a-z][a-z0-9_]*", example: sums}
  by: {type: column, of: [id, shop], default: shop}
  least: {type: integer, default: 0, min: 0}
steps:
  - dataset: mart.${name}
    sql: SELECT $by AS key, sum(amount) AS total FROM staging.orders WHERE amount >= $least GROUP BY $by
"""
NORTH = "{pipeline: north, team: shop, template: {name: summed, values: {name: north_sums}}}"
SOUTH = "{pipeline: south, team: shop, template: {name: summed, values: {name: south_sums, by: id, least: 5}}}"
COUNTING = SUMMED.replace("AS total", "AS total, count(*) AS n")
WITHOUT = SUMMED.replace("  least: {type: integer, default: 0, min: 0}\n", "").replace(" WHERE amount >= $least", "")
RETYPED = SUMMED.replace(
    "least: {type: integer, default: 0, min: 0}", "least: {type: date, default: 2013-01-01}"
).replace("amount >= $least", "current_date >= $least")
AUTHOR = Author(actor="user:ana", user=None, teams=frozenset({"shop"}))


@pytest.fixture(autouse=True)
def shop(db):
    road.team("shop")
    apply(orders=ORDERS)


def files(**texts):
    return [File(name=f"{name}.yaml", content=text) for name, text in texts.items()]


def plan(**texts):
    return plans.plan(files(**texts), author=AUTHOR)


def apply(**texts):
    return plans.carry_out(files(**texts), author=AUTHOR)


def told(work):
    with pytest.raises(DefinitionInvalid) as refused:
        work()
    return [f"{problem.path}: {problem.message}" for problem in refused.value.problems]


def test_a_template_and_its_pipelines_come_in_together():
    planned = plan(summed=SUMMED, north=NORTH, south=SOUTH)
    assert [(one.name, one.was, one.revision) for one in planned.templates] == [("summed", 0, 1)]
    assert not Template.objects.filter(name="summed").exists()
    done = apply(summed=SUMMED, north=NORTH, south=SOUTH)
    assert [revision.template.name for revision in done.templates] == ["summed"]
    assert {revision.pipeline.name for revision, _ in done.pipelines} == {"north", "south"}
    south = Pipeline.objects.get(name="south").current
    assert (south.made_from.template.name, south.made_from.number) == ("summed", 1)
    assert south.document["parameters"]["least"]["default"] == 5
    assert plan(summed=SUMMED, north=NORTH, south=SOUTH).is_empty
    assert Event.objects.filter(kind="template.revised").count() == 1
    assert AuditEntry.objects.filter(action="template.revised", subject="summed").exists()


def test_what_is_exported_and_applied_again_changes_nothing():
    apply(summed=SUMMED, north=NORTH)
    texts = definition_files.exported(
        Pipeline.objects.select_related("current"), Template.objects.filter(name="summed").select_related("current")
    )
    assert set(texts) == {"orders.yaml", "north.yaml", "templates/summed.yaml"}
    assert "revision" not in texts["north.yaml"]
    assert "sql" not in texts["north.yaml"]
    given = [File(name=name, content=text) for name, text in texts.items()]
    assert plans.plan(given, author=AUTHOR).is_empty
    apply(summed=COUNTING)
    behind = definition_files.exported(Pipeline.objects.filter(name="north").select_related("current"))
    assert "revision: 1" in behind["north.yaml"]
    assert plan(north=behind["north.yaml"]).is_empty


def test_a_changed_template_plans_the_pipelines_that_follow_it_and_leaves_the_others():
    apply(summed=SUMMED, north=NORTH, south=SOUTH)
    planned = plan(summed=COUNTING, north=NORTH)
    [north] = planned.changed
    assert [(step.change.dataset, step.change.kind) for step in north.steps] == [("mart.north_sums", "additive")]
    [template] = planned.templates
    assert [(one.pipeline, one.revision, one.problems) for one in template.staying] == [("south", 1, ())]
    apply(summed=COUNTING, north=NORTH)
    numbers = {one.name: one.current.made_from.number for one in Pipeline.objects.exclude(name="orders")}
    assert numbers == {"north": 2, "south": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (WITHOUT, "template.values.least: the template summed has no parameter 'least'"),
        (RETYPED, "template.values.least: $least must be a date"),
    ],
)
def test_a_template_that_removes_or_retypes_what_a_pipeline_gives_says_which(text, words):
    apply(summed=SUMMED, north=NORTH, south=SOUTH)
    [template] = plan(summed=text).templates
    [broken] = template.breaks
    assert (broken.pipeline, broken.problems[0][: len(words)]) == ("south", words)
    [fault] = told(lambda: plan(summed=text, north=NORTH, south=SOUTH))
    assert fault.startswith(f"south.yaml:1: {words}")
    apply(summed=text, north=NORTH)
    assert Pipeline.objects.get(name="south").current.made_from.number == 1
    [fault] = told(lambda: rolling.plan(Wave(template="summed"), author=AUTHOR))
    assert fault.startswith(f"south: {words}")


def test_a_revision_is_rolled_out_to_some_and_then_to_the_rest():
    apply(summed=SUMMED, north=NORTH, south=SOUTH)
    apply(summed=COUNTING)
    planned = rolling.plan(Wave(template="summed"), author=AUTHOR)
    assert [one.name for one in planned.changed] == ["north", "south"]
    rolling.roll_out(Wave(template="summed", names=("south",)), author=AUTHOR, why="first one")
    assert [one.name for one in rolling.plan(Wave(template="summed"), author=AUTHOR).changed] == ["north"]
    with pytest.raises(Outdated):
        rolling.roll_out(Wave(template="summed"), author=AUTHOR, state=planned.state)
    rolling.roll_out(Wave(template="summed"), author=AUTHOR)
    assert set(Revision.objects.filter(why="first one").values_list("pipeline__name", flat=True)) == {"south"}
    assert {one.current.made_from.number for one in Pipeline.objects.exclude(name="orders")} == {2}
    rolling.roll_out(Wave(template="summed", number=1, names=("north",)), author=AUTHOR)
    assert Pipeline.objects.get(name="north").current.made_from.number == 1
    facts = Event.objects.filter(kind="template.rolled_out").order_by("pk")
    assert [(one.body["revision"], one.body["pipelines"]) for one in facts] == [(2, 1), (2, 1), (1, 1)]


def test_faults_of_the_sql_are_told_with_their_place_in_the_template():
    wrong = SUMMED.replace("of: [id, shop]", 'pattern: "[a-z]+"')
    apply(summed=wrong)
    [fault] = told(lambda: plan(north=NORTH.replace("north_sums", "north_sums, by: shp")))
    assert fault.startswith("north.yaml:1: template: in summed revision 1, steps[0].sql: there is no column shp")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (NORTH.replace("summed", "sumed"), "template.name: there is no template 'sumed'; did you mean summed?"),
        (NORTH.replace("name: summed,", "name: summed, revision: 7,"), "template.revision: summed has no revision 7"),
        (NORTH.replace("team: shop,", "team: shop, steps: [],"), "steps: comes from the template"),
        (NORTH.replace("values:", "valeus:"), "template.valeus: unknown key"),
        ("{pipeline: x, team: shop, template: summed}", "template: must be {name: …, values: {…}}"),
        (NORTH.replace("north_sums", "orders; DROP"), "template.values.name: $name is 'orders; DROP'"),
    ],
)
def test_what_does_not_fit_is_told_by_file_and_line(text, words):
    apply(summed=SUMMED)
    assert any(fault.startswith(f"x.yaml:1: {words}") for fault in told(lambda: plan(x=text)))


def test_a_template_belongs_to_its_team_and_what_came_with_the_product_to_nobody():
    apply(summed=SUMMED)
    road.team("others")
    stranger = Author(actor="user:bob", user=None, teams=frozenset({"others"}))
    with pytest.raises(NotFound):
        plans.plan(files(x=SUMMED), author=stranger)
    with pytest.raises(NotFound):
        plans.plan(files(x=SUMMED.replace("team: shop", "team: others")), author=stranger)
    plans.apply(files(x=NORTH.replace("team: shop", "team: others")), author=stranger)
    with pytest.raises(NameTaken):
        templates.register(
            {"template": "deduplicate", "team": "shop", "steps": [{"dataset": "mart.x", "sql": "SELECT 1 AS a"}]},
            author=AUTHOR,
        )


def test_a_revision_of_a_template_cannot_be_changed():
    apply(summed=SUMMED)
    with pytest.raises(DatabaseError), transaction.atomic():
        TemplateRevision.objects.update(why="another")


def test_a_template_that_somebody_else_changed_meanwhile_is_refused():
    apply(summed=SUMMED)
    planned = plan(summed=WITHOUT)
    apply(summed=COUNTING)
    with pytest.raises(Outdated):
        plans.carry_out(files(summed=WITHOUT), author=AUTHOR, state=planned.state)
    with pytest.raises(Outdated):
        templates.register(planned.templates[0].prepared.document, author=AUTHOR, onto=1)
