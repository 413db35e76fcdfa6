"""Which promises are worth trying on a dataset's history, without their bounds. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median

from monitoring_app.learning import besides, calendars, novelty, numbers, ties
from monitoring_app.learning.promises import Batch, Kind, Promise
from monitoring_app.learning.teaching import MOST_VALUES
from monitoring_app.profiling import relating
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import ColumnProfile, Hold, Metric, Tie

ALIKE = 0.25  # columns whose share of NULLs differs by no more of it are empty together
ALIKE_LEAST = 0.004
MOSTLY_EMPTY = 0.95
MOST_KNOWN_PATTERNS = 12
FRESH_WITHIN = 40 * 86_400.0  # what is older than that when it comes is no news
FIRST = 7
MOST_COLUMNS = 300
MOST_PAIRS = 4
RECENT = 30  # batches by which it is seen what holds between columns


class _History:
    """A dataset's batches, column by column."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = batches
        self.newest = batches[-1].profile
        self._held: dict[str, list[ColumnProfile]] = defaultdict(list)
        for batch in batches:
            for column in batch.profile.columns:
                self._held[column.name].append(column)
        self.columns = [column for column in self.newest.columns[:MOST_COLUMNS] if self._is_settled(column)]
        self.calendar: dict[str, str] = {}
        self.doubtful: set[str] = set()  # may say the day, but have not been seen to change with it
        for column in self.columns:
            kind = self._kind(column.name)
            if kind and self._is_proven(column.name, kind):
                self.calendar[column.name] = kind
            elif kind:
                self.doubtful.add(column.name)

    def _is_settled(self, column: ColumnProfile) -> bool:
        """Whether it has been there for as long as anything can be said of it, and as what it is now."""
        held = self._held[column.name]
        return len(held) >= min(3, len(self.batches)) and all(one.type == column.type for one in held[-3:])

    def of(self, name: str) -> list[ColumnProfile]:
        return self._held[name]

    def values(self, name: str, metric: Metric) -> list[float]:
        found = (column.value(metric) for column in self._held[name])
        return [value for value in found if value is not None]

    def _kind(self, name: str) -> str:
        """By which rule of the calendar a column says the day of its batch; empty where by none."""
        possible: frozenset[str] | None = None
        for batch in self.batches:
            column = batch.profile.column(name)
            if column is not None and column.counted:
                kinds = calendars.kinds(column, batch.day)
                possible = kinds if possible is None else possible & kinds
        told = sorted(possible or ())
        return next((kind for kind in calendars.KINDS if kind in told), "")

    def _is_proven(self, name: str, kind: str) -> bool:
        """A 1 in January is its month, its quarter, or just a 1; a year is hardly anything else."""
        held = {column.top[0].text for column in self._held[name] if column.top}
        return len(held) > 1 or kind == "year" or "%Y" in kind


def candidates(batches: Sequence[Batch]) -> Iterator[Promise]:
    """Everything worth trying, what is about the whole first."""
    history = _History(batches)
    yield Promise(kind=Kind.COLUMNS)
    yield Promise(kind=Kind.ROWS)
    unique = [column.name for column in history.columns if _is_key(column, history)]
    yield from (Promise(kind=Kind.UNIQUE, columns=(name,)) for name in unique[:2])
    keys = [] if unique else [hold for hold in _holding(history) if not hold.right]
    yield from (Promise(kind=Kind.KEY, columns=hold.left) for hold in keys)
    if not unique and not keys:
        yield Promise(kind=Kind.REPEATS)
    if history.calendar:
        terms = {"kinds": history.calendar}
        yield Promise(kind=Kind.CALENDAR, columns=tuple(history.calendar), terms=terms)
    yield from _nulls(history)
    yield from _times(history)
    for column in history.columns:
        if column.name not in history.calendar and column.name not in history.doubtful:
            yield from _of_column(column, history, is_key=column.name in unique)
    yield from _pairs(history)
    yield from _determined(history)
    yield from besides.worth_promising([batch.beside for batch in batches if batch.beside])


def _is_key(column: ColumnProfile, history: _History) -> bool:
    if family(column.type) not in (Family.NUMBER, Family.TEXT) or column.type.upper() in ("DOUBLE", "FLOAT", "REAL"):
        return False
    full = all(share == 0 for share in history.values(column.name, Metric.NULL_SHARE))
    shares = history.values(column.name, Metric.DISTINCT_SHARE)
    return full and bool(shares) and min(shares) == 1 and max(batch.profile.rows for batch in history.batches) > 1


def _nulls(history: _History) -> Iterator[Promise]:
    """Columns that are never empty, together; and those that are empty now and then, as far as they are together."""
    never, groups = [], []
    for column in history.columns:
        shares = history.values(column.name, Metric.NULL_SHARE)
        if shares and max(shares) == 0:
            never.append(column.name)
        elif shares and median(shares) < MOSTLY_EMPTY:
            groups.append((column.name, shares))
    if never:
        yield Promise(kind=Kind.NOT_NULL, columns=tuple(never))
    while groups:
        name, shares = groups[0]
        together = [other for other, theirs in groups if _are_alike(shares, theirs)]
        yield Promise(kind=Kind.NULLS, columns=tuple(together))
        groups = [one for one in groups if one[0] not in {name, *together}]


def _are_alike(shares: Sequence[float], others: Sequence[float]) -> bool:
    return len(shares) == len(others) and all(
        abs(one - other) <= max(ALIKE * max(one, other), ALIKE_LEAST) for one, other in zip(shares, others, strict=True)
    )


def _times(history: _History) -> Iterator[Promise]:
    """Moments within the batch's own period, and how old the newest of them is when it comes."""
    moments = [column.name for column in history.columns if family(column.type) is Family.MOMENT]
    for name in moments:
        offsets = [*history.values(name, Metric.MIN_OFFSET), *history.values(name, Metric.MAX_OFFSET)]
        if offsets and max(map(abs, offsets)) <= FRESH_WITHIN:  # a birthday has nothing to do with the batch's day
            yield Promise(kind=Kind.MOMENTS, columns=(name,))
    ages: dict[str, float] = {}
    for name in moments:
        old = [
            batch.at.timestamp() - newest
            for batch in history.batches
            if batch.at is not None and (newest := _newest(batch, name)) is not None
        ]
        if old and min(old) >= 0 and max(old) <= FRESH_WITHIN:
            ages[name] = median(old)
    if ages:
        yield Promise(kind=Kind.FRESH, columns=(min(ages, key=lambda name: ages[name]),))


def _newest(batch: Batch, name: str) -> float | None:
    column = batch.profile.column(name)
    return None if column is None else column.value(Metric.MAXIMUM)


def _of_column(column: ColumnProfile, history: _History, *, is_key: bool) -> Iterator[Promise]:
    match family(column.type):
        case Family.TEXT:
            yield from _of_text(column.name, history)
        case Family.NUMBER if column.type.upper() == "BOOLEAN":
            yield Promise(kind=Kind.DRIFT, columns=(column.name,), terms={"shares": {}})
        case Family.NUMBER if not is_key:
            yield from _of_number(column.name, history)


def _of_text(name: str, history: _History) -> Iterator[Promise]:
    held = [column for column in history.of(name) if column.counted]
    if not held:
        return
    values = {one.text for column in held for one in column.top}
    if all(novelty.is_small(column) for column in held) and len(values) <= MOST_VALUES:
        yield Promise(kind=Kind.DOMAIN, columns=(name,), terms={"values": []})
        if len(values) > 1:
            yield Promise(kind=Kind.DRIFT, columns=(name,), terms={"shares": {}})
        return
    patterns = {one.text for column in held for one in column.patterns}
    if patterns and len(patterns) <= MOST_KNOWN_PATTERNS:
        yield Promise(kind=Kind.PATTERN, columns=(name,), terms={"patterns": []})


def _of_number(name: str, history: _History) -> Iterator[Promise]:
    held = [column for column in history.of(name) if column.counted]
    if not held:
        return
    unit = median(numbers.unit_of(column) for column in held[:FIRST])
    is_whole = all(column.value(Metric.WHOLE_SHARE) == 1 for column in held)
    terms = {"unit": unit, **({"is_whole": True} if is_whole else {})}
    yield Promise(kind=Kind.RANGE, columns=(name,), terms=terms)
    if max(column.metrics.get(Metric.DISTINCT, 0) for column in held) > 2:
        yield Promise(kind=Kind.MEAN, columns=(name,), terms={"unit": unit})


def _pairs(history: _History) -> Iterator[Promise]:
    profiles = [batch.profile for batch in history.batches if batch.profile.pairs]
    if len(profiles) < min(3, len(history.batches)):
        return
    shared = [profile for profile in profiles if set(profile.pairs) >= set(profiles[0].pairs)]
    found = 0
    for pair in ties.strong(shared) if shared else ():
        values = [profile.pairs[pair] for profile in shared]
        if found == MOST_PAIRS:
            return
        if pair.tie is Tie.ORDERED and min(values) >= ties.SURE:
            found += 1
            yield Promise(kind=Kind.ORDERED, columns=(pair.left, pair.right))


def _determined(history: _History) -> Iterator[Promise]:
    for hold in _holding(history):
        if hold.right:
            yield Promise(kind=Kind.DETERMINES, columns=(*hold.left, hold.right))


def _holding(history: _History) -> tuple[Hold, ...]:
    """What was counted in the newest batches, and held in most of those in which it was counted at all."""
    counted = [batch.profile.holds for batch in history.batches if batch.profile.holds]
    return relating.going_on(counted[-RECENT:])
