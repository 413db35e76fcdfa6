"""What is reused, set aside or passed over: never what nobody has looked at."""

import pytest

from pipelines_app.models import Arrival, Pipeline, Reject, Run, RunState, StepRun
from pipelines_app.runs import queue
from tests import road

pytestmark = pytest.mark.django_db
KNOWN = """
pipeline: people
team: ops-analytics
sources:
  raw.people: {format: csv, columns: {name: VARCHAR}}
"""
ORDERS = """
pipeline: orders
team: ops-analytics
sources:
  raw.orders: {{format: csv, columns: {{id: BIGINT, name: VARCHAR}}, tolerance: 1}}
steps:
  - dataset: mart.orders
    sql: SELECT id, name, TIMESTAMP '2100-01-01' AS at FROM raw.orders
    checks: [{check}]
"""
REFERENCES = "{references: {column: name, dataset: raw.people, to: name}}"


def last_state() -> str:
    return StepRun.objects.filter(dataset__name="mart.orders").latest("id").state


def ask_again() -> None:
    queue.request(Pipeline.objects.get(name="orders"), period="", actor="user:ana")
    road.drain()


def test_a_step_is_checked_again_when_what_its_checks_compare_it_with_has_changed() -> None:
    road.register_yaml(KNOWN)
    road.send("raw.people", b"name\nann\n")
    road.drain()
    road.register_yaml(ORDERS.format(check=REFERENCES))
    road.send("raw.orders", b"id,name\n1,ann\n")
    road.drain()
    assert last_state() == "succeeded"
    ask_again()
    assert last_state() == "reused"
    road.send("raw.people", b"name\nbob\n")
    road.drain()
    ask_again()
    assert last_state() == "quarantined"


@pytest.mark.parametrize(
    "check", ["{freshness_within: {column: at, within: 1d}}", '{expression_is_true: "at > now()"}']
)
def test_a_step_whose_checks_depend_on_the_time_is_never_reused(check: str) -> None:
    road.register_yaml(ORDERS.format(check=check))
    road.send("raw.orders", b"id,name\n1,ann\n")
    road.drain()
    ask_again()
    assert last_state() == "succeeded"


def test_of_two_files_for_one_period_only_the_one_that_was_read_is_quarantined() -> None:
    road.register_yaml(KNOWN)
    good, bad = road.send("raw.people", b"name\nann\n"), road.send("raw.people", b"\x1f\x8bnot a gzip")
    road.drain()
    good.refresh_from_db()
    bad.refresh_from_db()
    assert good.run == bad.run == Run.objects.get(state=RunState.QUARANTINED)
    assert (good.state, good.disposition) == ("superseded", f"arrival {bad.pk} for the same period came after it")
    assert bad.state == "quarantined"


def test_a_nul_byte_in_a_bad_row_is_shown_as_a_sign_and_kept_from_the_database() -> None:
    road.register_yaml(ORDERS.format(check="{not_null: id}"))
    road.send("raw.orders", b"id,name\n1,ann\n2,bob\n3\x00x,eve\n")
    road.drain()
    assert last_state() == "succeeded"
    reject = Reject.objects.get()
    assert "3\N{SYMBOL FOR NULL}x" in reject.text
    assert "\0" not in reject.text + reject.message
    assert Arrival.objects.get().state == "consumed"
