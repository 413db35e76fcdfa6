"""Service levels: what `sla` may say beside deadlines, and what it may not."""

import pytest

from pipelines_app.compiler import documents, target_documents
from pipelines_app.errors import DefinitionInvalid

PIPELINE = """
pipeline: orders
team: shop
sources:
  raw.orders: {{format: csv, period: day, columns: {{id: BIGINT}}}}
steps:
  - {{dataset: mart.orders, sql: SELECT id FROM raw.orders}}
sla: [{target}]
"""


def read(target):
    return documents.parse(documents.from_yaml(PIPELINE.format(target=target)))


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("{freshness: {dataset: mart.orders, within: 24h}}", "mart.orders is renewed within 1d"),
        ("{freshness: {dataset: raw.orders, within: 90m, objective: 0.99}}", "raw.orders is renewed within 90m"),
        ("{duration: {under: 90s}}", "a run ends within 90s"),
        ("{duration: {under: 10m, window: month}}", "a run ends within 10m"),
        ("{completeness: {dataset: mart.orders, at_least: 0.985}}", "mart.orders is filled to 98.5 %"),
        (
            "{completeness: {dataset: mart.orders, columns: [id], at_least: 1}}",
            "id of mart.orders is filled to 100 %",
        ),
        ("{quality: {dataset: mart.orders, at_least: 0.9}}", "of the checks on mart.orders 90 % hold"),
        ("{success_rate: {at_least: 0.97}}", "a run succeeds"),
        (
            "{end_to_end: {dataset: mart.orders, within: 2h}}",
            "mart.orders is published within 2h of what it is made from coming in",
        ),
    ],
)
def test_a_service_level_is_read_said_and_written_back(written, sentence):
    definition = read(written)
    (target,) = definition.targets
    assert target_documents.sentence(target) == sentence
    assert documents.parse(documents.dump(definition)) == definition


def test_a_success_rate_is_its_own_objective():
    (target,) = read("{success_rate: {at_least: 0.97}}").targets
    assert target.objective == 0.97


def test_a_deadline_has_an_objective_and_a_window_too():
    text = '{arrival: {dataset: mart.orders, by: "09:00", timezone: UTC, objective: 0.9, window: month}}'
    definition = read(text)
    (promise,) = definition.promises
    assert (promise.objective, promise.window) == (0.9, "month")
    assert documents.parse(documents.dump(definition)) == definition


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("{freshness: {dataset: mart.orders}}", "within is missing"),
        ("{freshness: {dataset: mart.orders, within: soon}}", "a length such as 90s, 30m, 24h or 7d"),
        ("{freshness: {dataset: mart.orders, within: 900d}}", "a year at most"),
        ("{freshness: {dataset: mart.ordres, within: 1h}}", "not made by this pipeline; did you mean mart.orders"),
        ("{duration: {dataset: mart.orders, under: 1h}}", "unknown key 'dataset'"),
        ("{quality: {dataset: mart.orders}}", "at_least is missing"),
        ("{quality: {dataset: mart.orders, at_least: 95}}", "a share above 0 and up to 1"),
        ("{quality: {dataset: mart.orders, at_least: true}}", "a share above 0 and up to 1"),
        ("{success_rate: {at_least: 0.9, objective: 0.9}}", "unknown key 'objective'"),
        ("{duration: {under: 1h, window: year}}", "not one of 30d, month"),
        ("{duration: {under: 1h}}, {duration: {under: 2h}}", "another duration for the runs"),
        ("{duration: {under: 1h}, freshness: {dataset: mart.orders, within: 1h}}", "an entry of its own"),
        ("{duration: 1h}", "must be a mapping"),
        ("{duration: }", "is empty"),
        ("{}", "an entry of its own"),
    ],
)
def test_a_service_level_that_cannot_be_is_refused(target, message):
    with pytest.raises(DefinitionInvalid, match=message):
        read(target)
