"""The JSON Schema of definitions: it takes what the parser takes, and knows the keys that the parser knows."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from pipelines_app.compiler import check_catalogue, document_schema, documents, file_schema
from pipelines_app.errors import DefinitionInvalid

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = document_schema.schema()
VALIDATOR = Draft202012Validator(SCHEMA)
WHOLE = """
pipeline: p
team: t
description: all there is
parameters: {late: {type: integer, default: 15, min: 0, max: 90, description: minutes}}
values: {late: 20}
sources:
  raw.o:
    format: csv
    columns: {id: INTEGER}
    period: day
    from: o_{period}.csv
    null: ["", NA]
    tolerance: {count: 3, share: 0.1}
    arrival:
      by: "07:00"
      timezone: UTC
      calendar: {country: CH, subdivision: ZH, weekdays: [mon, tue], except: ["2026-12-24"]}
      usually: "06:00"
      grace: 30m
      missing_after: 24h
    drop: {url: "file:///data/in", pattern: "*.csv", whole: stable, stable_seconds: 5, taken: remember}
    checks: [{not_null: id}, {between: {column: id, min: 1, severity: warn, tolerance: 0.1}}]
    timeout: 10m
    retries: {attempts: 2, on: [memory]}
steps:
  - dataset: mart.m
    sql: SELECT id FROM raw.o WHERE id > $late
    materialise: {kind: incremental, by: period}
    checks: [{custom_sql: "SELECT 1 AS x WHERE false"}]
start: {when: {at_least: 1}, not_before: "06:00", at_latest: "09:00", then: partial, timezone: UTC}
schedule: {cron: "0 6 * * *", timezone: UTC, catch_up: latest, period: previous}
listens: [{namespace: "postgres://w", dataset: public.f}]
sla:
  - arrival: {dataset: mart.m, by: "09:00", timezone: UTC, objective: 0.9, window: month}
  - freshness: {dataset: mart.m, within: 24h, objective: 0.9, window: month}
  - duration: {under: 10m, objective: 0.9, window: month}
  - completeness: {dataset: mart.m, columns: [id], at_least: 0.9, objective: 0.9, window: month}
  - quality: {dataset: mart.m, at_least: 0.9, objective: 0.9, window: month}
  - success_rate: {at_least: 0.9, window: month}
  - end_to_end: {dataset: raw.o, within: 2h, objective: 0.9, window: month}
alerts: {emails: [a@example.org], slack: false}
concurrency: 2
"""


def faults(document):
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_published_schema_is_this_one():
    """Written by `python -m pipelines_app.compiler.file_schema > docs/pipeline.schema.json`."""
    assert json.loads((ROOT / "docs" / "pipeline.schema.json").read_text()) == file_schema.schema()


MADE = "{pipeline: p, team: t, template: {name: x, revision: 2, values: {a: 1}}}"
SHIPPED = sorted((ROOT / "pipelines_app" / "shipped").glob("*.yaml"))


@pytest.mark.parametrize(
    ("text", "at_fault"),
    [
        (WHOLE, False),
        (WHOLE.replace("steps:", "stepz:"), True),
        (MADE, False),
        (MADE.replace("values", "valeus"), True),
        (MADE.replace("team: t,", "team: t, steps: [],"), True),
        *((path.read_text(), False) for path in SHIPPED),
        (SHIPPED[0].read_text().replace("label:", "lable:"), True),
    ],
)
def test_the_published_schema_tells_what_a_file_holds_by_its_keys(text, at_fault):
    validator = Draft202012Validator(file_schema.schema())
    assert bool(list(validator.iter_errors(documents.from_yaml(text)))) is at_fault


@pytest.mark.parametrize(
    "text",
    [WHOLE, *(path.read_text() for path in sorted((ROOT / "sample" / "pipelines").glob("*.yaml")))],
    ids=lambda text: re.search(r"pipeline: (\S+)", text)[1],
)
def test_what_the_parser_takes_the_schema_takes(text):
    document = documents.from_yaml(text)
    documents.parse(document)
    assert faults(document) == []
    assert faults(documents.dump(documents.parse(document))) == []


def known(path, document):
    """The keys that the parser knows at a path of a document, from what it says of an unknown one."""
    inner = document
    for part in path:
        inner = inner[part]
    inner["zzzzzzzz"] = 1
    with pytest.raises(DefinitionInvalid) as refused:
        documents.parse(document)
    [message] = [one.message for one in refused.value.problems if "'zzzzzzzz'" in one.message]
    return set(message.partition("known here: ")[2].split(", "))


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), ()),
        (("parameters", "late"), ("$defs", "parameter")),
        (("sources", "raw.o"), ("$defs", "source")),
        (("sources", "raw.o", "arrival"), ("$defs", "arrival")),
        (("sources", "raw.o", "arrival", "calendar"), ("$defs", "arrival", "properties", "calendar")),
        (("sources", "raw.o", "drop"), ("$defs", "drop")),
        (("sources", "raw.o", "retries"), ("$defs", "source", "properties", "retries")),
        (("steps", 0), ("$defs", "step")),
        (("steps", 0, "materialise"), ("$defs", "step", "properties", "materialise")),
        (("start",), ("$defs", "start")),
        (("schedule",), ("$defs", "schedule")),
        (("listens", 0), ("$defs", "listens")),
        *(
            (("sla", place, kind), ("$defs", "target", "properties", kind))
            for place, kind in enumerate(
                ["arrival", "freshness", "duration", "completeness", "quality", "success_rate", "end_to_end"]
            )
        ),
        (("alerts",), ("properties", "alerts")),
    ],
)
def test_the_schema_knows_the_keys_that_the_parser_knows(path, place):
    inner = SCHEMA
    for part in place:
        inner = inner[part]
    assert set(inner["properties"]) == known(path, documents.from_yaml(WHOLE))


def test_every_kind_of_check_is_in_it():
    assert set(SCHEMA["$defs"]["check"]["properties"]) == set(check_catalogue.KINDS)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("pipeline: p", "pipelin: p"),
        ("format: csv", "format: cvs"),
        ("concurrency: 2", "concurrency: many"),
        ("{not_null: id}", "{not_nul: id}"),
        ("then: partial", "then: hope"),
        ('by: "07:00"', "by: seven"),
    ],
)
def test_plain_faults_are_seen(written, instead):
    assert faults(documents.from_yaml(WHOLE.replace(written, instead, 1)))
