"""A period added to a large dataset costs that period: the whole is put together from what was measured before."""

import math
import random
from itertools import pairwise

import pytest

from monitoring_app.models import Profile
from monitoring_app.profiling import keeping, measuring, merging, sketches, wholes
from monitoring_app.profiling.asking import HASHES, QUANTILES
from monitoring_app.profiling.profile import ColumnProfile, Metric
from pipelines_app.models import DatasetVersion
from tests.profiling import shop

DAYS = ("2024-05-01", "2024-05-02", "2024-05-03")


def whole() -> Profile:
    return Profile.objects.get(version__dataset__name="raw.sales", is_merged=True, version__number=_last())


def _last() -> int:
    return DatasetVersion.objects.filter(dataset__name="raw.sales", state="published").latest("number").number


def compared_with_all_at_once(profile: Profile) -> None:
    """What was put together says the same as one look at all rows."""
    slice_ = measuring.slices.of(profile)
    answers = measuring.lake.engine().measure(slice_.statements(), [slice_.relation], measuring.lake.limits(60))
    asked, found = slice_.read(answers), keeping.of(profile)
    assert (found.rows, found.content) == (asked.rows, asked.content)
    for column in asked.columns:
        other = found.column(column.name)
        assert (other.minimum, other.maximum, other.sketch) == (column.minimum, column.maximum, column.sketch)
        for metric in (Metric.NULL_SHARE, Metric.MINIMUM, Metric.MAXIMUM, Metric.MEAN, Metric.STDDEV, Metric.DISTINCT):
            expected = column.value(metric)
            near = pytest.approx(expected, rel=1e-9) if expected is not None else None
            assert other.value(metric) == near, (column.name, metric)
    city, same = asked.column("city"), found.column("city")
    assert sorted((one.text, one.rows) for one in city.top) == sorted((one.text, one.rows) for one in same.top)


def test_a_period_added_is_added_to_the_whole_and_nothing_else_is_looked_at(sales, monkeypatch):
    for day, rows in zip(DAYS, (40, 50, 60), strict=True):
        shop.send(day, rows=rows)
        shop.measure()
    assert (whole().rows, whole().period) == (150, "")
    compared_with_all_at_once(whole())
    looked = []
    monkeypatch.setattr(merging, "merged", lambda parts: looked.append(len(parts)) or parts[0])
    shop.send("2024-05-04", rows=9)
    shop.measure()
    assert looked == [2]


def test_a_period_that_came_again_is_in_the_whole_as_it_is_now(sales):
    for day in DAYS:
        shop.send(day, rows=40)
    shop.measure()
    shop.send(DAYS[1], rows=7)
    shop.measure()
    assert whole().rows == 87
    compared_with_all_at_once(whole())
    old = Profile.objects.filter(is_merged=True).exclude(pk=whole().pk)
    assert [bytes(one.sketch) for one in old] == [b""]


def test_the_whole_of_what_came_at_once_is_put_together_when_the_last_of_it_is_measured(sales):
    for day in DAYS:
        shop.send(day, rows=5)
    waiting = list(Profile.objects.filter(dataset__name="raw.sales").order_by("-pk").values_list("pk", flat=True))
    for pk in waiting[:-1]:
        measuring.measure(pk)
        assert not Profile.objects.filter(is_merged=True).exists()
    measuring.measure(waiting[-1])
    assert whole().rows == 15
    assert wholes.put_together(Profile.objects.get(pk=waiting[0])) is None  # it is there already


def levels_of(numbers) -> dict[Metric, float]:
    ordered = sorted(numbers)

    def at(share: float) -> float:
        place = (len(ordered) - 1) * share
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        return low + (high - low) * (place - math.floor(place))

    shares = {Metric.MINIMUM: 0.0, **QUANTILES, Metric.MAXIMUM: 1.0}
    return {metric: at(share) for metric, share in shares.items()}


@pytest.mark.parametrize("kind", ["normal", "skewed"])
def test_quantiles_of_many_periods_are_right_within_one_percent_of_the_rows(kind):
    chance = random.Random(7)
    draw = {"normal": lambda day: chance.gauss(day / 50, 1), "skewed": lambda day: chance.expovariate(0.1)}[kind]
    days = [[draw(day) for _ in range(400)] for day in range(100)]
    found = merging.quantiles([(merging.levels(levels_of(one)), float(len(one))) for one in days])
    everything = sorted(number for day in days for number in day)
    for metric, share in QUANTILES.items():
        below = sum(number <= found[metric] for number in everything) / len(everything)
        assert below == pytest.approx(share, abs=0.01), metric


def test_different_values_are_counted_by_their_least_hashes():
    chance = random.Random(3)
    hashes = [chance.randrange(HASHES) for _ in range(20_000)]
    parts = [
        merging.united([(dict.fromkeys(hashes[start : start + 2000], 1), HASHES)]) for start in range(0, 20_000, 1000)
    ]
    sketch, below = merging.united(parts)
    assert len(sketch) == 512
    assert merging.distinct(sketch, below) == pytest.approx(20_000, rel=0.15)
    few = merging.united([({1: 2, 5: 1}, HASHES), ({5: 4}, HASHES)])
    assert few == ({1: 2, 5: 5}, HASHES)
    assert merging.distinct(*few) == 2


def test_a_sketch_is_kept_in_few_bytes_and_comes_back():
    sketch = {0: 1, 7: 300, HASHES - 1: 5_000_000}
    for below in (HASHES, 9):
        assert sketches.unpacked(sketches.packed(sketch, below)) == (sketch, below)
    assert sketches.unpacked(b"") == ({}, 0)
    assert len(sketches.packed(dict.fromkeys(range(512), 1), HASHES)) < 512 * 8


def test_a_column_that_a_part_has_not_is_null_there():
    numbers = {Metric.NULL_SHARE: 0.0, Metric.MEAN: 4.0, Metric.MINIMUM: 4.0, Metric.MAXIMUM: 4.0}
    new = ColumnProfile(name="new", type="BIGINT", metrics=numbers, minimum="4", maximum="4")
    old = merging.Profile(period="1", rows=30, columns=())
    both = merging.merged([old, merging.Profile(period="2", rows=10, columns=(new,))])
    column = both.column("new")
    assert (column.value(Metric.NULL_SHARE), column.value(Metric.MEAN), column.minimum) == (0.75, 4.0, "4")


def test_nothing_put_together_with_nothing_is_nothing():
    empty = merging.Profile(period="", rows=0, columns=(ColumnProfile(name="a", type="BIGINT"),))
    both = merging.merged([empty, empty])
    assert (both.rows, both.content, both.column("a").metrics) == (0, "", {})
    assert all(low <= high for low, high in pairwise(merging.quantiles([([(0.0, 0.0), (1.0, 1.0)], 1.0)]).values()))
