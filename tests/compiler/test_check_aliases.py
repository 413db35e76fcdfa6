"""Checks under the names of other tools: what they become here."""

import pytest

from pipelines_app.compiler import check_catalogue
from pipelines_app.compiler.check_aliases import _PLAIN
from pipelines_app.errors import DefinitionInvalid

GX = "expect_column_values_to_"
ALIKE = [
    ({f"{GX}not_be_null": {"column": "a", "mostly": 0.99}}, {"not_null": {"column": "a", "tolerance": 0.01}}),
    ({f"{GX}be_unique": {"column": "a"}}, {"unique": "a"}),
    ({f"{GX}be_in_set": {"column": "a", "value_set": ["x"]}}, {"in_set": {"column": "a", "values": ["x"]}}),
    ({f"{GX}be_between": {"column": "a", "min_value": 1}}, {"between": {"column": "a", "min": 1}}),
    ({"expect_compound_columns_to_be_unique": {"column_list": ["a", "b"]}}, {"compound_unique": ["a", "b"]}),
    ({"expect_table_row_count_to_be_between": {"max_value": 9}}, {"row_count_between": {"max": 9}}),
    ({"accepted_values": {"column": "a", "values": ["x"]}}, {"in_set": {"column": "a", "values": ["x"]}}),
    (
        {"relationships": {"column": "a", "to": "raw.b", "field": "id", "severity": "warn"}},
        {"references": {"column": "a", "dataset": "raw.b", "to": "id", "severity": "warn"}},
    ),
]


@pytest.mark.parametrize(("entry", "wanted"), ALIKE, ids=[next(iter(entry)) for entry, _ in ALIKE])
def test_it_is_read_as_the_standard_check(entry, wanted):
    assert check_catalogue.parse(entry, "") == check_catalogue.parse(wanted, "")


def test_every_alias_leads_to_a_kind_of_the_catalogue():
    assert set(_PLAIN.values()) <= check_catalogue.KINDS.keys()


def test_what_no_alias_knows_is_refused_with_the_standard_names():
    with pytest.raises(DefinitionInvalid, match="there is no check 'expect_the_unexpected'"):
        check_catalogue.parse({"expect_the_unexpected": {}}, "")
