"""A unit test taken from a run: few rows that hang together, a test that holds, and nothing of what is restricted."""

import pytest

from pipelines_app.compiler import documents, step_tests
from pipelines_app.errors import StatementRefused
from pipelines_app.models import Current, Dataset
from pipelines_app.runs import capturing
from tests import factories, road

pytestmark = pytest.mark.django_db
PIPELINE = """
pipeline: orders
team: ops-analytics
sources:
  raw.orders: {format: csv, columns: {id: BIGINT, who: VARCHAR, n: BIGINT}, period: day, from: "o_{period}.csv"}
  raw.people: {format: csv, columns: {who: VARCHAR, town: VARCHAR, since: DATE}}
steps:
  - dataset: mart.spent
    sql: >-
      SELECT o.who, p.town, min(p.since) AS since, sum(o.n) AS n, $period AS day FROM raw.orders AS o
      JOIN raw.people AS p USING (who) GROUP BY o.who, p.town
    materialise: {kind: incremental, by: period}
"""


def captured(**asked: int) -> dict[str, object]:
    version = Current.objects.select_related("version__dataset").get(dataset__name="mart.spent").version
    user = factories.make_user(superuser=True)
    return step_tests.dump(capturing.capture(version, user=user, **asked))


def play() -> None:
    road.register_yaml(PIPELINE)
    road.send(
        "raw.people", b"who,town,since\nann,bern,2020-02-02\nbob,chur,2021-01-01\neve,genf,2022-01-01\n", name="p"
    )
    lines = "".join(f"{n},{who},{n}\n" for n in range(30) for who in ("ann", "bob"))
    road.send("raw.orders", f"id,who,n\n{lines}".encode(), name="o_2024-01-01.csv")
    road.drain()


def with_test(test: dict[str, object]) -> dict[str, object]:
    document = documents.from_yaml(PIPELINE)
    document["steps"][0]["tests"] = [test]
    return document


def test_the_rows_that_lead_to_some_rows_make_a_test_that_holds() -> None:
    play()
    test = captured(rows=1)
    assert (len(test["given"]["raw.orders"]), len(test["given"]["raw.people"])) == (30, 1)
    assert [(row["n"], row["day"]) for row in test["expect"]] == [("435", "2024-01-01")]
    road.register_yaml(documents.to_yaml(with_test(test)))


def test_what_is_restricted_stands_there_under_other_values_and_the_test_still_holds() -> None:
    play()
    Dataset.objects.filter(name__startswith="raw.").update(restricted=True)
    test = captured(rows=2)
    assert not any(word in str(test) for word in ("ann", "bob", "bern", "chur", "2020", "2021"))
    assert len(test["expect"]) == 2
    road.register_yaml(documents.to_yaml(with_test(test)))


def test_only_what_a_query_makes_and_what_one_may_see_is_taken() -> None:
    play()
    loaded = Current.objects.get(dataset__name="raw.people").version
    with pytest.raises(StatementRefused, match="loaded from files"):
        capturing.capture(loaded, user=factories.make_user(superuser=True))
    Dataset.objects.filter(name="raw.people").update(restricted=True)
    made = Current.objects.get(dataset__name="mart.spent").version
    with pytest.raises(StatementRefused, match="may not see"):
        capturing.capture(made, user=factories.make_user())


def test_the_page_of_a_run_leads_to_a_test_of_its_step_and_the_api_gives_the_same(client) -> None:
    play()
    version = Current.objects.get(dataset__name="mart.spent").version
    client.force_login(factories.make_user(team=road.team(), role="editor"))
    run = client.get(f"/runs/{version.step_run.run_id}/").content.decode()
    assert f'href="/versions/{version.pk}/test"' in run
    assert run.count("Make a test of") == 1
    page = client.get(f"/versions/{version.pk}/test?rows=1").content.decode()
    assert "as in run" in page
    assert "raw.orders" in page
    answer = client.get(f"/api/v1/versions/{version.pk}/test?rows=1").json()
    assert documents.from_yaml(answer["yaml"]) == {"tests": [answer["test"]]}
    assert client.get(f"/api/v1/versions/{version.pk}/test?rows=99").status_code == 422
    client.force_login(factories.make_user(team=road.team(), role="viewer"))
    assert client.get(f"/versions/{version.pk}/test").status_code == 404
