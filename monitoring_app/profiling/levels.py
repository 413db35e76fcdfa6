"""What is told of numbers and of texts: of one column as aggregates, or of all columns of a relation as rows. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from monitoring_app.profiling.asking import LONGEST_SHOWN, QUANTILES, Asked, Family, family
from monitoring_app.profiling.profile import Metric
from pipelines_app.engines import trees

LEVELS, WORDS = "levels", "words"
PLACE, VALUE, SHOWN, LENGTH = "place", "value", "shown", "long"
QUANTILES_TOLD = "quantiles"
Told = Iterator[tuple[str, exp.Expr]]
Forms = Mapping[str, Sequence[exp.Expr]]


def lists(asked: Asked, held: str, batch: Sequence[exp.Expr]) -> dict[str, exp.Select]:
    """The numbers of all columns, and the texts of all: a plan that does not grow with the columns."""
    found = {}
    numbers = _places(asked, Family.NUMBER, Family.MOMENT)
    if numbers:
        forms: Forms = {
            VALUE: [trees.name(f"x{place}") for place in numbers],
            SHOWN: [_shown(place) for place in numbers],
        }
        found[LEVELS] = _told(LEVELS, _rows(forms, numbers, held, batch), of_numbers(*_two(VALUE, SHOWN)), batch)
    texts = _places(asked, Family.TEXT)
    if texts:
        lengths = [trees.call("length", trees.name(f"v{place}")) for place in texts]
        forms = {VALUE: [_shown(place) for place in texts], LENGTH: lengths}
        found[WORDS] = _told(WORDS, _rows(forms, texts, held, batch), of_texts(*_two(VALUE, LENGTH)), batch)
    return found


def _two(one: str, other: str) -> tuple[exp.Column, exp.Column]:
    return trees.name(one), trees.name(other)


def _places(asked: Asked, *kinds: Family) -> list[int]:
    return [place for place, column in enumerate(asked.columns) if family(column.type) in kinds]


def _shown(place: int) -> exp.Expr:
    return trees.name(f"s{place}")


def _rows(forms: Forms, places: Sequence[int], held: str, batch: Sequence[exp.Expr]) -> exp.Subquery:
    """Forms of some columns below one another, those that have a value."""
    listed: Forms = {**forms, PLACE: [exp.convert(place) for place in places]}
    unnested = (
        exp.alias_(trees.call("unnest", exp.Array(expressions=list(values))), name) for name, values in listed.items()
    )
    below = trees.subquery(exp.select(*batch, *unnested).from_(held), "below")
    valued = exp.select(exp.Star()).from_(below).where(trees.name(VALUE).is_(exp.null()).not_())
    return trees.subquery(valued, "valued")


def _told(name: str, rows: exp.Subquery, fields: Told, batch: Sequence[exp.Expr]) -> exp.Select:
    return by_place(rows, name, dict(fields), batch)


def by_place(
    rows: str | exp.Subquery, name: str, fields: Mapping[str, exp.Expr], batch: Sequence[exp.Expr]
) -> exp.Select:
    """Aggregates of each column, as one list: [{place, ...}, ...]."""
    keys = [*batch, trees.name(PLACE)]
    inside = [exp.alias_(value, key, quoted=True) for key, value in fields.items()]
    grouped = exp.select(*keys, *inside).from_(rows).group_by(*keys)
    packed = [exp.PropertyEQ(this=exp.Literal.string(key), expression=trees.name(key)) for key in (PLACE, *fields)]
    listed = json(trees.call("list", exp.Struct(expressions=packed)))
    told = exp.select(*batch, exp.alias_(listed, name)).from_(trees.subquery(grouped, "grouped"))
    return told.group_by(*batch) if batch else told


def json(value: exp.Expr) -> exp.Expr:
    return trees.typed(trees.call("to_json", value), "VARCHAR")


def of_levels(number: exp.Expr) -> Told:
    shares = exp.Array(expressions=[exp.convert(share) for share in QUANTILES.values()])
    yield "finite", exp.Count(this=number.copy())
    yield Metric.MINIMUM, exp.Min(this=number.copy())
    yield Metric.MAXIMUM, exp.Max(this=number.copy())
    yield Metric.MEAN, exp.Avg(this=number.copy())
    yield QUANTILES_TOLD, trees.call("quantile_cont", number.copy(), shares)


def of_numbers(number: exp.Expr, shown: exp.Expr) -> Told:
    yield from of_levels(number)
    yield Metric.STDDEV, trees.call("stddev_samp", number.copy())
    yield Metric.ZERO_SHARE, count_if(number.copy().eq(0))
    yield Metric.NEGATIVE_SHARE, count_if(exp.LT(this=number.copy(), expression=exp.convert(0)))
    yield Metric.WHOLE_SHARE, count_if(number.copy().eq(exp.Floor(this=number.copy())))
    fraction = trees.call("split_part", shown, text("."), exp.convert(2))
    yield Metric.DECIMALS, exp.Avg(this=trees.call("length", trees.call("rtrim", fraction, text("0"))))


def of_texts(shown: exp.Expr, length: exp.Expr) -> Told:
    upper, lower = trees.call("upper", shown.copy()), trees.call("lower", shown.copy())
    tests: Mapping[Metric, exp.Expr] = {
        Metric.BLANK_SHARE: trees.call("trim", shown.copy()).eq(text("")),
        Metric.PADDED_SHARE: trees.call("trim", shown.copy()).neq(shown.copy()),
        Metric.UPPER_SHARE: exp.and_(shown.copy().eq(upper), shown.copy().neq(lower)),
        Metric.LOWER_SHARE: exp.and_(shown.copy().eq(lower.copy()), shown.copy().neq(upper.copy())),
        Metric.FOREIGN_SHARE: trees.call("length", shown.copy()).neq(trees.call("strlen", shown.copy())),
    }
    for metric, test in tests.items():
        yield metric, count_if(test)
    yield Metric.MIN_LENGTH, exp.Min(this=length.copy())
    yield Metric.MEAN_LENGTH, exp.Avg(this=length.copy())
    yield Metric.MAX_LENGTH, exp.Max(this=length.copy())


def count_if(condition: exp.Expr) -> exp.Expr:
    return trees.call("count_if", condition)


def text(value: str) -> exp.Literal:
    return exp.Literal.string(value)


def beginning(shown: exp.Expr) -> exp.Expr:
    return trees.call("left", shown, exp.convert(LONGEST_SHOWN))
