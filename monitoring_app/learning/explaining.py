"""What is unusual about a batch, in the numbers and words of people: the value, the bounds, what is usual. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from math import exp, expm1, isfinite, tanh

from monitoring_app.learning import numbers
from monitoring_app.learning.bands import Band, Number, share_of
from monitoring_app.learning.batches import Finding, Learner
from monitoring_app.learning.numbers import Key
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import SCALES, WORDS, ColumnProfile, Metric, Profile, Scale, Tie

METRICS = frozenset(metric.value for metric in Metric)
ROWS = "row_count_between"
_SCALES: Mapping[str, Scale] = {ROWS: Scale.COUNT, Tie.DETERMINES: Scale.LEVEL, "mean_offset": Scale.SECONDS}
MOST_BESIDE = 2
_HUGE = 1e15
_NOTHING = 1e-12  # what is left of equal numbers when they are added and taken away again
_MOST_POWER = 700.0
_BEYOND = (-62_135_596_800.0, 253_402_300_799.0)  # the moments that a calendar of four digits knows
_OF_COLUMN: Mapping[str, str] = {
    "new_values": "share of the values of {} that never came before",
    "new_value_rate_below": "share of rows with a value of {} that never came before",
    "new_number_rate_below": "share of rows with a number in {} that never came before",
    "mean_offset": "mean moment in {} after the period's beginning",
    "matches_pattern": "share of the values of {} that look like none before",
    "calendar": "share of the values of {} that do not belong to the period",
}
_OF_BATCH: Mapping[str, str] = {
    ROWS: "rows",
    "duplicate_rows_below": WORDS[Metric.DUPLICATE_SHARE],
    "rows_seen_before": "share of rows that came before",
}
_OF_TIE: Mapping[str, str] = {
    Tie.CORRELATED: "correlation of {} and {}",
    Tie.ORDERED: "share of rows in which {} is not greater than {}",
    Tie.EQUAL: "share of rows in which {} equals {}",
    Tie.DETERMINES: "different {1} for each {0}",
}
_OF_TRUTH = {Metric.ZERO_SHARE.value: "share of {} that is false"}


@dataclass(frozen=True, kw_only=True)
class Surprise:
    """One thing that is unusual: its number in its own unit, what is usual, and from where on it is unusual.

    `expected` is the middle of what came before, `least` and `most` its ends, `low` and `high` the bounds. A fact that
    needs no statistics has no numbers. `course` is what came before, the oldest first.
    """

    finding: Finding
    value: float | None = None
    expected: float | None = None
    least: float | None = None
    most: float | None = None
    low: float | None = None
    high: float | None = None
    course: tuple[float, ...] = ()
    words: str = ""

    @property
    def is_allowed(self) -> bool:
        """Whether it is within its bounds: then it is unusual only together with others."""
        if self.value is None:
            return False
        return (self.low is None or self.low <= self.value) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """How a number of a learner's scale is read: which check of which column, and what that differs by."""

    key: Key
    column: ColumnProfile | None
    unit: float
    is_share: bool = False

    @property
    def kind(self) -> Family | None:
        return family(self.column.type) if self.column is not None else None

    def value(self, scaled: float) -> float:
        """The number in its own unit."""
        check = self.key[1]
        if self.is_share:
            return share_of(scaled)
        if check in METRICS and self.kind is not None:
            return numbers.value_of(Metric(check), scaled, self.kind, unit=self.unit)
        match check:
            case "row_count_between":
                return expm1(min(scaled, _MOST_POWER))
            case Tie.CORRELATED:
                return tanh(scaled)
            case Tie.DETERMINES:
                return exp(min(scaled, _MOST_POWER))
        return scaled

    @property
    def ends(self) -> tuple[float, float]:
        """Between what such a number must lie."""
        match self.scale:
            case Scale.SHARE:
                return (-1.0 if self.key[1] == Tie.CORRELATED else 0.0), 1.0
            case Scale.COUNT | Scale.LENGTH:
                return 0.0, float("inf")
        return float("-inf"), float("inf")

    @property
    def scale(self) -> Scale:
        check = self.key[1]
        if check in METRICS:
            return SCALES[Metric(check)]
        if check in _SCALES:
            return _SCALES[check]
        return Scale.SHARE

    def shown(self, number: float) -> str:
        """A number for people."""
        is_moment = self.kind is Family.MOMENT and self.scale is Scale.LEVEL
        match self.scale:
            case Scale.SHARE:
                return share(number)
            case Scale.COUNT:
                return f"{round(number):,}" if abs(number) < _HUGE else f"{number:.3g}"
            case Scale.SECONDS:
                return length(number)
        if is_moment:
            return length(number) if self.key[1] == Metric.STDDEV else _moment(number)
        return plain(number)


def explained(
    learner: Learner, profile: Profile, day: date, told: Sequence[Finding], *, sensitivity: float
) -> list[Surprise]:
    """What was found of a batch, with the numbers; in the order of the findings."""
    keys = {key for one in told for key in (_key(one), *_beside(one))}
    held = {key: (number, band) for key, number, band in learner.standing(profile, day, keys)}
    found = []
    for one in told:
        if _key(one) not in held or one.words:
            found.append(Surprise(finding=one, words=one.words or phrase(_key(one), None)))
            continue
        surprise = _surprise(learner, one, profile, day, *held[_key(one)], sensitivity=sensitivity)
        if surprise.is_allowed:
            others = [_worded(learner, profile, day, key, *held[key]) for key in _beside(one) if key in held]
            surprise = replace(surprise, words=_together(surprise.words, others))
        found.append(surprise)
    return found


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """From where on one number was unusual in the batch before, and how surprising it was."""

    key: Key
    value: float
    expected: float
    low: float
    high: float
    score: float


def still(learner: Learner, profile: Profile, day: date, open_: Sequence[Bounds]) -> list[Surprise]:
    """What is as unusual as in the batch before: one that was odd must not make the next like it look usual."""
    by_key = {one.key: one for one in open_}
    found = []
    for key, number, band in learner.standing(profile, day, by_key.keys()):
        scaled, before = scaled_of(learner, profile, key, number), by_key[key]
        value = scaled.value(number.value)
        if before.low <= value <= before.high:
            continue
        off, was = abs(value - before.expected), abs(before.value - before.expected)
        score, said = max(1.01, before.score * off / was if was else before.score), phrase(key, scaled.column)
        found.append(
            Surprise(
                finding=Finding(column=key[0], check=key[1], score=score),
                value=_finite(value),
                expected=before.expected,
                low=before.low,
                high=before.high,
                course=tuple(scaled.value(one) for one in band.values),
                words=f"{said} still {scaled.shown(value)}; usually {scaled.shown(before.expected)}",
            )
        )
    return found


def _key(finding: Finding) -> Key:
    return (finding.column, finding.check)


def _beside(finding: Finding) -> list[Key]:
    """The other numbers of the column that make it as surprising as it is: as many of them as can be told."""
    return [(finding.column, check) for check in finding.beside[:MOST_BESIDE]]


def _together(words: str, others: Sequence[tuple[str, str]]) -> str:
    """Numbers of which none would be told of alone."""
    if not others:
        return words
    said = " and ".join(f"{told} (usually {usual})" for told, usual in others)
    return f"{words}. That much is allowed by itself, but not together with {said}"


def _surprise(  # noqa: PLR0913 what is known of one number
    learner: Learner, finding: Finding, profile: Profile, day: date, number: Number, band: Band, *, sensitivity: float
) -> Surprise:
    scaled = scaled_of(learner, profile, _key(finding), number)
    low, high = bounds(scaled, band, number, day, patience=learner.patience(_key(finding)) / sensitivity)
    usual = _usual(scaled, band, number, day)
    return Surprise(
        finding=finding,
        value=_finite(scaled.value(number.value)),
        expected=_finite(usual[len(usual) // 2]),
        least=_finite(usual[0]),
        most=_finite(usual[-1]),
        low=_finite(low),
        high=_finite(high),
        course=tuple(scaled.value(one) for one in band.values),
        words="; usually ".join(_worded(learner, profile, day, _key(finding), number, band)),
    )


def _usual(scaled: Scaled, band: Band, number: Number, day: date) -> list[float]:
    alike = band.alike(number, day.weekday()) or list(band.values)
    return sorted(scaled.value(one) for one in alike)


def _worded(learner: Learner, profile: Profile, day: date, key: Key, number: Number, band: Band) -> tuple[str, str]:
    """A number and what is usual, in words: `mean in price 12`, `3 to 5`."""
    scaled = scaled_of(learner, profile, key, number)
    usual = _span(scaled, _usual(scaled, band, number, day))
    return f"{phrase(key, scaled.column)} {scaled.shown(scaled.value(number.value))}", usual


def scaled_of(learner: Learner, profile: Profile, key: Key, number: Number) -> Scaled:
    """How one number of a batch is read."""
    return Scaled(key=key, column=profile.column(key[0]), unit=learner.unit(key[0]), is_share=number.rows > 0)


def bounds(scaled: Scaled, band: Band, number: Number, day: date, *, patience: float) -> tuple[float, float]:
    """From where on a number is unusual, in its own unit and no further than such a number can go."""
    low, high = (scaled.value(one) for one in band.limits(number, day.weekday(), patience))
    low = scaled.ends[0] if number.is_harmless_below else low
    return max(low, scaled.ends[0]), min(high, scaled.ends[1])


def _span(scaled: Scaled, usual: Sequence[float]) -> str:
    least, most = scaled.shown(usual[0]), scaled.shown(usual[-1])
    return least if least == most else f"{least} to {most}"


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None


def phrase(key: Key, column: ColumnProfile | None) -> str:
    """What is measured, in words: `share of NULLs in dep_time`."""
    name, check = key
    if "\n" in name:
        left, right = name.split("\n", 1)
        return _OF_TIE.get(check, f"{check} of {{}} and {{}}").format(left, right)
    if not name:
        return _OF_BATCH.get(check, check)
    if column is not None and column.type.upper().startswith("BOOL") and check in _OF_TRUTH:
        return _OF_TRUTH[check].format(name)
    if check in METRICS:
        return f"{WORDS[Metric(check)]} in {name}"
    return _OF_COLUMN[check].format(name) if check in _OF_COLUMN else f"{_quoted(check)} in {name}"


def _quoted(check: str) -> str:
    """`share of AA` is of the value AA."""
    for begin in ("share of ", "pattern "):
        if check.startswith(begin):
            return f"share of {'the pattern ' if begin == 'pattern ' else ''}'{check[len(begin) :]}'"
    return check


def share(number: float) -> str:
    return f"{number:.2f}" if number == 0 or abs(number) >= 0.095 else f"{number:.2g}"


def plain(number: float) -> str:
    """A number for people: whole ones in full, others with four digits that count."""
    if abs(number) >= _HUGE:
        return f"{number:.3e}"
    if abs(number) < _NOTHING:
        return "0"
    return f"{number:,.0f}" if float(number).is_integer() or abs(number) >= 10_000 else f"{number:,.4g}"


def _moment(seconds: float) -> str:
    if not _BEYOND[0] <= seconds <= _BEYOND[1]:
        return plain(seconds)
    return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ", timespec="minutes")[:16]


def length(seconds: float) -> str:
    """A length of time for people: 90 s, 12.5 min, 3 h."""
    size, sign = abs(seconds), "-" if seconds < 0 else ""
    for least, unit, name in ((2 * 86_400, 86_400, "days"), (2 * 3600, 3600, "h"), (120, 60, "min")):
        if size >= least:
            return f"{sign}{size / unit:.3g} {name}"
    return f"{sign}{size:.3g} s"
