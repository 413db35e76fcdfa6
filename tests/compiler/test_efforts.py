"""`timeout:` and `retries:` of a step or source: what is read, what is refused, and what is written back."""

import pytest

from pipelines_app.compiler import documents, efforts
from pipelines_app.compiler.definition import Effort, RetryOn
from pipelines_app.errors import DefinitionInvalid

PIPELINE = """
pipeline: orders
team: shop
sources:
  raw.orders: {format: csv, columns: {id: INTEGER}, %s}
steps:
  - dataset: staging.orders
    sql: select id from raw.orders
"""


def read(entries):
    document = documents.from_yaml(PIPELINE % entries)
    definition = documents.parse(document)
    assert documents.parse(documents.dump(definition)) == definition
    return definition.sources[0].effort


@pytest.mark.parametrize(
    ("entries", "effort"),
    [
        ("period: none", Effort()),
        ("timeout: 90s", Effort(seconds=90)),
        ("timeout: 10m", Effort(seconds=600)),
        ("timeout: 45", Effort(seconds=45)),
        ("timeout: 24h", Effort(seconds=86_400)),
        ("retries: {attempts: 1}", Effort(attempts=1)),
        ("retries: {on: [timeout, memory]}", Effort(on=(RetryOn.MEMORY, RetryOn.TIMEOUT))),
        ("retries: {attempts: 10, on: platform}", Effort(attempts=10, on=(RetryOn.PLATFORM,))),
        ("retries: {on: []}", Effort(on=())),
    ],
)
def test_an_effort_is_read_and_written_back(entries, effort):
    assert read(entries) == effort


@pytest.mark.parametrize(
    ("entries", "path", "words"),
    [
        ("timeout: soon", "timeout", "such as 90s, 10m or 2h"),
        ("timeout: true", "timeout", "such as 90s"),
        ("timeout: 0s", "timeout", "between 1s and 24h"),
        ("timeout: 25h", "timeout", "between 1s and 24h"),
        ("timeout: 999999999999h", "timeout", "such as 90s"),
        ("retries: 3", "retries", "must be a mapping"),
        ("retries: {attempts: 0}", "retries.attempts", "at least 1"),
        ("retries: {attempts: 11}", "retries.attempts", "at most 10"),
        ("retries: {on: [memori]}", "retries.on", "engine, memory, disk, platform, timeout"),
        ("retries: {on: true}", "retries.on", "list of texts"),
        ("retries: {wait: 3}", "retries.wait", "unknown key"),
    ],
)
def test_an_effort_that_makes_no_sense_is_refused_with_its_place(entries, path, words):
    with pytest.raises(DefinitionInvalid) as caught:
        read(entries)
    (problem,) = caught.value.problems
    assert problem.path == f'sources["raw.orders"].{path}'
    assert words in problem.message


@pytest.mark.parametrize(("seconds", "text"), [(90, "90s"), (600, "10m"), (3600, "1h"), (86_400, "24h")])
def test_a_length_is_written_in_its_largest_unit(seconds, text):
    assert efforts.written(seconds) == text
    assert efforts.seconds_of(text) == seconds
