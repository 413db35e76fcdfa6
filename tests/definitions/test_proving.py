"""Unit tests of steps: run when a definition is planned or registered; one that fails refuses it, with what differs."""

import time

import pytest

from pipelines_app.compiler import documents
from pipelines_app.definitions import plans, register, trying
from pipelines_app.definitions.files import File
from pipelines_app.definitions.register import Author
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import EngineName, Pipeline
from tests import road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: orders
team: ops-analytics
parameters: {least: {type: integer, default: 10}}
sources:
  raw.orders:
    format: csv
    period: day
    from: o_{period}.csv
    columns: {id: BIGINT, who: VARCHAR, amount: "DECIMAL(18,2)", day: DATE}
steps:
  - dataset: staging.orders
    sql: SELECT id, who, amount, day, $period AS of FROM raw.orders WHERE amount >= $least
    materialise: {kind: merge, key: [id]}
    tests:
      - TEST
  - dataset: mart.spent
    sql: SELECT who, sum(amount) AS spent FROM staging.orders GROUP BY who ORDER BY spent DESC
"""
GIVEN = "given: {raw.orders: [{id: 1, who: ann, amount: 10}, {id: 2, who: bob, amount: 9.99}]}"


def document(test: str) -> str:
    return PIPELINE.replace("TEST", test)


def refusal(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionInvalid) as refused:
        road.register_yaml(text)
    return [(problem.path, problem.message) for problem in refused.value.problems]


@pytest.mark.parametrize(
    "test",
    [
        f"{{name: small, {GIVEN}, expect: [{{who: ann, id: 1}}]}}",
        f"{{name: small, {GIVEN}, expect: {{staging.orders: [{{amount: 10.00, day: null}}]}}}}",
        f"{{name: small, {GIVEN}, parameters: {{least: 11}}, expect: []}}",
        f"{{name: of a day, {GIVEN}, period: 2024-02-03, expect: [{{of: 2024-02-03}}]}}",
        '{name: csv, given: {raw.orders: "id,amount,day\\n1,12.5,2024-01-01\\n"}, expect: "id,day\\n1,2024-01-01"}',
        "{name: nothing, given: {}, expect: []}",
    ],
)
def test_a_test_that_holds_lets_its_definition_through(test: str) -> None:
    road.register_yaml(document(test))
    written = documents.dump(documents.parse(documents.from_yaml(document(test))))
    assert documents.dump(documents.parse(written)) == written
    assert Pipeline.objects.count() == 1


@pytest.mark.parametrize(
    ("test", "path", "said"),
    [
        (
            f"{{name: small, {GIVEN}, expect: [{{id: 1, who: bob}}]}}",
            "",
            'the test \'small\' fails: different: id=1: who is "ann", expected "bob"',
        ),
        (f"{{name: small, {GIVEN}, expect: [{{id: 2}}]}}", "", "missing: id=2; unexpected: id=1"),
        (f"{{name: small, {GIVEN}, expect: [{{id: one}}]}}", "", "one"),
        ("{name: odd, given: {raw.order: []}, expect: []}", '.given["raw.order"]', "did you mean raw.orders?"),
        ("{name: odd, given: {raw.orders: [{idd: 1}]}, expect: []}", '.given["raw.orders"]', "no column 'idd'"),
        ("{name: odd, given: {}, expect: [{spent: 1}]}", ".expect", "staging.orders has no column 'spent'"),
        ("{name: odd, given: {}, period: 2024-01, expect: []}", ".period", "runs by day"),
        ("{name: odd, given: {}, parameters: {leest: 1}, expect: []}", ".parameters", "leest"),
        ("{name: odd, given: {raw.orders: 3}, expect: []}", '.given["raw.orders"]', "must be rows"),
        ("{given: {}, expect: []}", ".name", "name is missing"),
    ],
)
def test_a_test_that_fails_or_makes_no_sense_refuses_its_definition(test: str, path: str, said: str) -> None:
    ((where, message),) = refusal(document(test))
    assert where == f"steps[0].tests[0]{path}"
    assert said in message
    assert not Pipeline.objects.exists()


def test_a_plan_and_the_form_say_what_a_registration_would() -> None:
    road.team()
    text = document(f"{{name: small, {GIVEN}, expect: [{{id: 2}}]}}")
    author = Author(actor="user:test", user=None, teams=frozenset({"ops-analytics"}))
    with pytest.raises(DefinitionInvalid, match="the test 'small' fails"):
        plans.plan([File(name="orders.yaml", content=text)], author=author)
    (problem,) = trying.problems(documents.from_yaml(text), None, teams=author.teams)
    assert (problem.path, "missing: id=2" in problem.message) == ("steps[0].tests[0]", True)


@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_a_test_that_cannot_be_run_on_an_engine_it_is_written_for_keeps_its_definition_back(engine, settings) -> None:
    text = document(f"{{name: small, {GIVEN}, expect: [{{id: 1}}]}}")
    own = "SELECT id, who, amount, day, $period AS of FROM raw.orders WHERE amount > $least - 0.01"
    text = text.replace("    materialise:", f'    engines: {{{engine}: {{sql: "{own}"}}}}\n    materialise:', 1)
    road.register_yaml(text)  # nowhere is there such an engine, so none is asked
    settings.WAREHOUSE_URL, settings.SPARK_URL = "postgresql://127.0.0.1:1/nothing", "sc://127.0.0.1:1"
    ((path, message),) = refusal(text)
    assert path == "steps[0].tests[0]"
    assert message.startswith(f"the test 'small' could not be run on {EngineName(engine).label}: ")
    settings.WAREHOUSE_URL = settings.SPARK_URL = ""
    road.register_yaml(text)  # what could not be told was not remembered


def test_the_order_counts_only_where_it_is_asked_for() -> None:
    given = "given: {staging.orders: [{who: a, amount: 1}, {who: b, amount: 2}]}"
    test = f"{{name: o, {given}, expect: [{{who: a}}, {{who: b}}]"
    text = PIPELINE.replace("    tests:\n      - TEST\n", "")
    road.register_yaml(text + f"    tests:\n      - {test}}}\n")
    ((_, message),) = refusal(text + f"    tests:\n      - {test}, order: true}}\n")
    assert 'the order differs: row 1 is who="b", expected who="a"' in message


def test_a_hundred_tests_take_less_than_three_seconds() -> None:
    tests = "\n".join(
        f"      - {{name: n{n}, given: {{raw.orders: [{{id: {n}, amount: {n}}}]}}, "
        f"expect: [{f'{{id: {n}}}' if n >= 10 else ''}]}}"
        for n in range(100)
    )
    text = PIPELINE.replace("      - TEST", tests)
    road.team()
    definition = documents.parse(documents.from_yaml(text))
    began = time.monotonic()
    register.prepare(definition)
    took = time.monotonic() - began
    assert took < 3 * 3  # on a quiet machine three; others may be busy here
