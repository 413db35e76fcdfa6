"""Parameters that messages and file names give: declared, refused with a reason, read, and bound into the queries."""

import pytest

from pipelines_app.compiler import documents, giving, periods, rebinding
from pipelines_app.compiler.compile import compile_definition
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.errors import DefinitionInvalid

PARAMETERS = {
    "region": {"type": "enum", "of": ["EU", "US"], "default": "EU"},
    "most": {"type": "integer", "default": 5, "min": 0},
    "fine": {"type": "boolean", "default": True},
    "of": {"type": "list[integer]", "default": [1]},
    "by": {"type": "column", "of": ["k"], "default": "k"},
}
STEPS = [
    {"dataset": "staging.a", "sql": "SELECT k FROM raw.a WHERE k < $most", "materialise": {"kind": "incremental"}},
    {"dataset": "mart.b", "sql": "SELECT count(*) AS n FROM raw.a"},
]


def document(*, source=None, **more):
    entry = {"format": "jsonl", "columns": {"k": "BIGINT"}, "period": "day", **(source or {})}
    given = {"pipeline": "p", "team": "t", "parameters": PARAMETERS, "sources": {"raw.a": entry}, "steps": STEPS}
    return {**given, **more}


def compiled(**given):
    return compile_definition(documents.parse(document(**given)), {})


def faults(**given) -> str:
    with pytest.raises(DefinitionInvalid) as refusal:
        compiled(**given)
    return "; ".join(f"{problem.path}: {problem.message}" for problem in refusal.value.problems)


POINTED = {"payload": {"parameters": {"region": "/region"}}}


@pytest.mark.parametrize("source", [POINTED, {"from": "a_{region}_{period}.jsonl"}])
def test_what_gives_parameters_goes_through_yaml_and_back(source) -> None:
    definition = documents.parse(document(source=source))
    assert documents.parse(documents.from_yaml(documents.to_yaml(documents.dump(definition)))) == definition
    assert giving.is_given_any(definition)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"source": {"from": "a_{regoin}_{period}.jsonl"}}, "parameters.regoin: raw.a gives it, and it is not"),
        ({"source": {"from": "a_{of}_{period}.jsonl"}}, "is a list[integer], and a file name holds one value"),
        ({"source": {"from": "a_{by}_{period}.jsonl"}}, "is a column: it decides what is read"),
        ({"source": {"from": "a_{region}{period}.jsonl"}}, "must have something between them"),
        ({"source": {"from": "a_{region}_{region}_{period}.jsonl"}}, "$region is given twice"),
        ({"source": {**POINTED, "from": "a_{region}_{period}.jsonl"}}, "$region is given twice"),
        ({"source": {"payload": {"parameters": {"by": "/by"}}}}, "parameters.by: $by is a column"),
        (
            {"source": POINTED, "start": {"not_before": "06:00", "timezone": "UTC"}},
            "start: its messages give parameters, so each has to start a run of its own",
        ),
    ],
)
def test_what_cannot_be_given_is_refused_with_the_reason(given, said) -> None:
    assert said in faults(**given)


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("a_{region}_{period}.csv", "a_EU_2013-01-05.csv", {"region": "EU"}),
        ("a_{region}_{period}.csv", "a_EU_20130105.csv.gz", {"region": "EU"}),
        ("a_{region}_{period}.csv", "a_north_west_2013-01-05.csv", {"region": "north_west"}),
        ("{period}-{region}-{most}.csv", "2013-01-05-EU-7.csv", {"region": "EU", "most": "7"}),
        ("a_{region}_{period}.csv", "a_2013-01-05.csv", None),
        ("a_{region}_{period}.csv", "a__2013-01-05.csv", None),
        ("a.b_{region}_{period}.csv", "axb_EU_2013-01-05.csv", None),
        ("a_{period}.csv", "a_2013-01-05.csv", {}),
    ],
)
def test_a_name_gives_as_little_as_fits(pattern, name, found) -> None:
    assert periods.parameters_in(pattern, name, PeriodKind.DAY) == found
    assert periods.from_filename(pattern, name, PeriodKind.DAY) == ("" if found is None else "2013-01-05")


@pytest.mark.parametrize(
    ("texts", "given", "values"),
    [
        ({"most": "7"}, {}, {"most": 7}),
        ({"fine": "FALSE"}, {}, {"fine": False}),
        ({"region": "US"}, {"most": 1, "of": [2, 3]}, {"region": "US", "most": 1, "of": (2, 3)}),
    ],
)
def test_what_is_given_becomes_typed_values(texts, given, values) -> None:
    assert giving.values(documents.parse(document()).parameters, texts, given) == values


@pytest.mark.parametrize(
    ("texts", "given", "said"),
    [
        ({"most": "seven"}, {}, r"\$most must be a whole number, not 'seven'"),
        ({"most": "9" * 40}, {}, r"\$most must be a whole number"),
        ({"fine": "yes"}, {}, r"\$fine must be true or false"),
        ({}, {"region": "ASIA"}, r"\$region is 'ASIA'; it must be one of EU, US"),
        ({}, {"most": -1}, "it must be at least 0"),
        ({}, {"most": None}, "must be a whole number, not None"),
        ({}, {"most": "7"}, "must be a whole number, not '7'"),
        ({}, {"region": {"a": 1}}, "must be one of its values"),
        ({}, {"of": []}, "must have 1 to 1000 values"),
        ({}, {"gone": 1}, r"there is no parameter \$gone"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(texts, given, said) -> None:
    with pytest.raises(ValueRefused, match=said):
        giving.values(documents.parse(document()).parameters, texts, given)


def test_another_value_is_another_recipe_where_it_is_used_and_nowhere_else() -> None:
    usual = compiled(source=POINTED)
    other = rebinding.compiled_with(usual, {"most": 9})
    recipes = {step.dataset: step.recipe for step in usual.steps}
    changed = [step.dataset for step in other.steps if step.recipe != recipes[step.dataset]]
    assert changed == ["staging.a"]
    assert rebinding.compiled_with(usual, {"most": 5}).steps == usual.steps
    assert [step.columns for step in other.steps] == [step.columns for step in usual.steps]


def test_the_order_in_which_parameters_are_given_makes_no_difference() -> None:
    assert giving.key({"a": 1, "b": 2}) == giving.key({"b": 2, "a": 1}) != giving.key({"a": 2, "b": 1})
    assert giving.key({}) == ""
    assert giving.sentence({"region": "EU", "fine": True, "of": [1, 2]}) == "fine = true and of = 1, 2 and region = EU"
