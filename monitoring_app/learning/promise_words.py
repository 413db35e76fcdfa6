"""Promises and what was measured of them, as sentences. Pure."""

from collections.abc import Callable, Mapping

from monitoring_app.learning.bounds import SHARES
from monitoring_app.learning.promises import Judged, Kind, Measured, Promise
from pipelines_app.compiler.check_sentences import listed, number

HOUR, DAY = 3600.0, 86_400.0
FEW = 6  # columns that are named one by one
LONGEST = 60  # of a name or value within a sentence


def sentence(promise: Promise) -> str:
    """What is promised, such as `carrier is empty in at most 0.8 % of the rows`."""
    return _SENTENCES[promise.kind](promise)


def measured(promise: Promise, found: Measured | None) -> str:
    """What a batch held, with the culprits."""
    if found is None:
        return "nothing to measure"
    is_told = bool(found.what) and set(found.what) != set(promise.columns)
    what = f" ({listed([_cut(one) for one in found.what])})" if is_told else ""
    return f"{value(promise.kind, found)}{what}"


def value(kind: Kind, found: Measured) -> str:
    """A measured number, or from which to which."""
    low, high = said(kind, found.low), said(kind, found.high)
    return low if found.low == found.high else f"{low} to {high}"


def said(kind: Kind, amount: float | None) -> str:
    """A number of a promise for people."""
    if amount is None:
        return ""
    if kind in SHARES and kind is not Kind.COLUMNS:
        return f"{100 * amount:.3g} %"
    if kind in (Kind.MOMENTS, Kind.FRESH):
        return length(amount)
    return number(int(amount)) if float(amount).is_integer() else number(amount)


def broken(judged: Judged) -> str:
    """What was measured instead of what is promised."""
    by = " apart" if judged.promise.kind in (Kind.SAME_ROWS, Kind.SAME_SUM) else ""
    return f"{sentence(judged.promise)}: it was {measured(judged.promise, judged.measured)}{by}"


def length(seconds: float) -> str:
    """A length of time; before the period it is below nothing."""
    sign, amount = ("-" if seconds < 0 else ""), abs(seconds)
    if amount >= 2 * DAY:
        return f"{sign}{amount / DAY:.3g} days"
    return f"{sign}{amount / HOUR:.3g} h"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _columns(promise: Promise) -> str:
    names = [_cut(name) for name in promise.columns]
    if 1 < len(names) <= FEW:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return listed(names)


def _are(promise: Promise) -> str:
    return "are" if len(promise.columns) > 1 else "is"


def _between(promise: Promise) -> str:
    low, high = said(promise.kind, promise.low), said(promise.kind, promise.high)
    if not low:
        return f"at most {high}"
    return f"between {low} and {high}" if high else f"at least {low}"


def _but(promise: Promise) -> str:
    return f", but for at most {said(promise.kind, promise.high)} of the rows" if promise.high else ""


def _rows(promise: Promise) -> str:
    days = ", by weekday narrower" if promise.weekdays else ""
    return f"the number of rows is {_between(promise)}{days}"


def _nulls(promise: Promise) -> str:
    if not promise.high:
        return f"{_columns(promise)} {_are(promise)} never empty"
    return f"{_columns(promise)} {_are(promise)} empty in at most {said(promise.kind, promise.high)} of the rows"


def _repeats(promise: Promise) -> str:
    return f"at most {said(promise.kind, promise.high)} of the rows repeat another row"


def _domain(promise: Promise) -> str:
    values = listed([_cut(str(one)) for one in promise.terms["values"]])
    return f"{_columns(promise)} is one of {values}{_but(promise)}"


def _pattern(promise: Promise) -> str:
    patterns = listed([_cut(str(one)) for one in promise.terms["patterns"]])
    return f"{_columns(promise)} looks like {patterns}{_but(promise)}"


def _moments(promise: Promise) -> str:
    low, high = said(promise.kind, promise.low), said(promise.kind, promise.high)
    return f"{_columns(promise)} lies from {low} to {high} after its period begins"


def _pair(promise: Promise) -> tuple[str, str]:
    left, right = promise.columns
    return _cut(left), _cut(right)


def _ordered(promise: Promise) -> str:
    left, right = _pair(promise)
    return f"{left} is not greater than {right}{_but(promise)}"


def _determines(promise: Promise) -> str:
    left, right = _pair(promise)
    but = f", but for at most {said(promise.kind, promise.high)} of them" if promise.high else ""
    return f"each {left} has one {right}{but}"


def _references(promise: Promise) -> str:
    dataset, to = promise.terms["dataset"], promise.terms["to"]
    return f"{_columns(promise)} is among the {_cut(to)} of {dataset}{_but(promise)}"


def _same_rows(promise: Promise) -> str:
    return f"there are as many rows as in {promise.terms['dataset']}{_same_period(promise)}"


def _same_sum(promise: Promise) -> str:
    to = f"to the {_cut(promise.terms['to'])}" if promise.terms.get("to") else "to the number of rows"
    return f"{_columns(promise)} adds up {to} of {promise.terms['dataset']}{_same_period(promise)}"


def _same_period(promise: Promise) -> str:
    return " for the same period" if promise.terms.get("by_period") else ""


_SENTENCES: Mapping[Kind, Callable[[Promise], str]] = {
    Kind.COLUMNS: lambda one: f"the columns are exactly {_columns(one)}, of the types they have",
    Kind.ROWS: _rows,
    Kind.REPEATS: _repeats,
    Kind.UNIQUE: lambda one: f"{_columns(one)} is different in every row",
    Kind.KEY: lambda one: f"{_columns(one)} together are different in every row",
    Kind.NOT_NULL: _nulls,
    Kind.NULLS: _nulls,
    Kind.CALENDAR: lambda one: f"{_columns(one)} {'say' if len(one.columns) > 1 else 'says'} the day the data are of",
    Kind.MOMENTS: _moments,
    Kind.FRESH: lambda one: f"the latest {_columns(one)} is at most {said(one.kind, one.high)} old when it comes",
    Kind.DOMAIN: _domain,
    Kind.PATTERN: _pattern,
    Kind.RANGE: lambda one: f"{_columns(one)} is {_between(one)}",
    Kind.MEAN: lambda one: f"{_columns(one)} is {_between(one)} on average",
    Kind.DRIFT: lambda one: (
        f"no value of {_columns(one)} is more or less frequent than usual by over {said(one.kind, one.high)}"
    ),
    Kind.ORDERED: _ordered,
    Kind.DETERMINES: _determines,
    Kind.REFERENCES: _references,
    Kind.SAME_ROWS: _same_rows,
    Kind.SAME_SUM: _same_sum,
}
