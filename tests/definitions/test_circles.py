"""Pipelines that would start each other without end are refused, by whichever of them closes the circle."""

import pytest

from pipelines_app.errors import DefinitionInvalid
from tests import road

pytestmark = pytest.mark.django_db


def register(name: str, **steps: str) -> None:
    lines = [f"pipeline: {name}", "team: ops-analytics", "steps:"]
    for dataset, sql in steps.items():
        lines += [f"  - dataset: {dataset.replace('_', '.', 1)}", f"    sql: {sql}"]
    road.register_yaml("\n".join(lines))


def test_a_new_pipeline_that_takes_up_a_dropped_dataset_may_not_read_what_is_made_from_it() -> None:
    register("first", staging_x="SELECT 1 AS a", staging_z="SELECT 1 AS a")
    register("second", mart_y="SELECT a FROM staging.x")
    register("first", staging_z="SELECT 1 AS a")
    with pytest.raises(DefinitionInvalid, match="third -> second -> third"):
        register("third", staging_x="SELECT a FROM mart.y")
    register("third", staging_x="SELECT a FROM staging.z")


def test_a_pipeline_may_not_be_revised_to_read_what_others_make_from_its_own() -> None:
    register("first", staging_x="SELECT 1 AS a")
    register("second", mart_y="SELECT a FROM staging.x")
    register("third", mart_z="SELECT a FROM mart.y")
    with pytest.raises(DefinitionInvalid, match="first -> third -> second -> first"):
        register("first", staging_x="SELECT a FROM mart.z")
