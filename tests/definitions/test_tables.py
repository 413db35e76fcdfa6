"""A table of values registers many pipelines at once: one plan for all, all or nothing, faults by row and column."""

import pytest

from pipelines_app.compiler import documents, expanding, typed
from pipelines_app.compiler.definition import Parameter
from pipelines_app.definitions import plans, tables
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Pipeline
from tests import road
from tests.definitions.test_plans import ORDERS
from tests.definitions.test_templates import SUMMED

AUTHOR = Author(actor="user:ana", user=None, teams=frozenset({"shop"}))
TABLE = """pipeline;name;by;least
north;north_sums;shop;
south;south_sums;id;5
"""


def template():
    return expanding.parse(documents.from_yaml(SUMMED))


def files(text):
    return tables.files(tables.read(text), template(), team="shop")


def faults(work):
    with pytest.raises(DefinitionInvalid) as refused:
        work()
    return [(one.row, one.column, one.message) for one in tables.faults(refused.value.problems)]


def test_a_row_is_a_pipeline_and_an_empty_cell_is_the_default():
    first, second = files(TABLE)
    assert first.content == {
        "pipeline": "north",
        "team": "shop",
        "template": {"name": "summed", "values": {"name": "north_sums", "by": "shop"}},
    }
    assert second.content["template"]["values"] == {"name": "south_sums", "by": "id", "least": 5}


@pytest.mark.parametrize(
    ("text", "row", "column", "words"),
    [
        ("", 0, "", "a line with the names"),
        ("pipeline,name", 0, "", "a line for each pipeline"),
        ("pipeline,nmae\na,b", 0, "nmae", "did you mean name?"),
        ("name,by\na,id", 0, "pipeline", "in a column `pipeline`"),
        ("pipeline,name,name\na,b,c", 0, "name", "twice"),
        ("pipeline,name\na,b,c", 0, "", "has 3 cells"),
        ('pipeline,name\na,"b', 0, "", "this is no table"),
        ("pipeline,name\n" + "a,b\n" * 1001, 0, "", "up to 1,000 rows"),
        ("pipeline,name\n" + "a,b" * 1_000_000, 0, "", "longer than"),
    ],
)
def test_what_is_no_table_is_refused(text, row, column, words):
    [found] = faults(lambda: files(text))
    assert found[:2] == (row, column) or words in found[2]
    assert words in found[2]


@pytest.mark.django_db
def test_a_table_is_planned_and_registered_as_a_whole_or_not_at_all():
    road.team("shop")
    road.register_yaml(ORDERS)
    road.register_yaml_template(SUMMED)
    wrong = TABLE + "east;Bad Name;shop;0\nnorth;east_sums;colour;x\nwest;south_sums;id;1\n"
    found = faults(lambda: plans.apply(files(wrong), author=AUTHOR))
    assert [(row, column) for row, column, _ in found] == [(3, "name"), (4, "by"), (4, "least")]
    found = faults(lambda: plans.apply(files(TABLE + "north;east_sums;id;1\nW;w;id;1\n"), author=AUTHOR))
    assert [(row, column) for row, column, _ in found] == [(3, "pipeline"), (4, "pipeline")]
    assert Pipeline.objects.count() == 1
    planned = plans.plan(files(TABLE), author=AUTHOR)
    assert [one.name for one in planned.changed] == ["north", "south"]
    plans.apply(files(TABLE), author=AUTHOR, state=planned.state)
    assert Pipeline.objects.filter(current__made_from__template__name="summed").count() == 2


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-5", -5),
        ("integer", "5.5", "5.5"),
        ("integer", "9" * 25, "9" * 25),
        ("decimal", "0.50", "0.50"),
        ("boolean", "Yes", True),
        ("boolean", "perhaps", "perhaps"),
        ("string", " kept ", " kept "),
        ("list[integer]", "1 | 2|3", [1, 2, 3]),
        ("list[string]", "a\nb\n", ["a", "b"]),
        ("list[string]", "", [""]),
        ("dataset", " raw.x ", "raw.x"),
    ],
)
def test_what_is_typed_is_read_by_its_type(kind, text, value):
    parameter = Parameter(name="x", type=kind, value=None)
    assert typed.value(parameter, text) == value
    assert typed.value(parameter, typed.text(parameter, value)) == value
