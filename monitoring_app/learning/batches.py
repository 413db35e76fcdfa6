"""One dataset's batches in their order: each is judged by those before it, and then learned from. Pure.

A number of a batch is as surprising as it lies far outside what was seen, in multiples of what is allowed. A batch is
as surprising as its most surprising number, held against how surprising batches without a fault have been.
"""

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

from monitoring_app.learning import calendars, novelty, numbers
from monitoring_app.learning.bands import LEAST_SEEN, WINDOW, Band, Number, share
from monitoring_app.learning.novelty import Shares, Sketches
from monitoring_app.learning.numbers import Key
from monitoring_app.learning.patience import Patience
from monitoring_app.learning.together import TOGETHER, joint
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.profile import ColumnProfile, Profile

FEWEST = LEAST_SEEN
CERTAIN = 100.0  # the score of a fact that needs no statistics
FAINT = 0.2  # of the most surprising number: what is less surprising is not what is wrong
GLARING = 20.0  # beyond that a number is not more surprising, only on a wider scale


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing about a batch that is not as usual; `column` is empty where it is the batch as a whole.

    `beside` are the other checks of the column that make it as surprising as it is, the most surprising first.
    """

    column: str
    check: str
    score: float
    words: str = ""
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether a batch is alarmed; the score is above 1 then, and the findings are those that made it so."""

    alarm: bool
    score: float
    findings: tuple[Finding, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are wrong, the most surprising first."""
        best: dict[str, float] = {}
        for finding in self.findings:
            if finding.column:
                best[finding.column] = best.get(finding.column, 0.0) + min(finding.score, GLARING)
        return tuple(sorted(best, key=lambda name: (-best[name], name)))

    @property
    def checks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.check for finding in self.findings))


def certain(check: str, words: str, *columns: str) -> tuple[Finding, ...]:
    """A fact that needs no statistics, about columns or the batch as a whole."""
    return tuple(Finding(column=column, check=check, score=CERTAIN, words=words) for column in columns or ("",))


class Learner:
    """What is known of a dataset by its batches so far."""

    def __init__(self, first: Sequence[Profile]) -> None:
        """`first` are some early batches, by which the columns' units are chosen."""
        self._units = _units(first)
        self._bands: dict[Key, Band] = {}
        self._values: dict[str, Sketches] = {}
        self._domains: dict[str, Shares] = {}
        self._patterns: dict[str, Shares] = {}
        self._rows = Sketches()
        self._calendar: dict[str, calendars.Calendar] = {}
        self._contents: deque[str] = deque(maxlen=WINDOW)
        self._patience = Patience()
        self._repeats = 0
        self.batches = 0

    def learn(self, profile: Profile, day: date, excused: Collection[Key] = ()) -> None:
        """Take a batch in that stood, after judging it by those before it; numbers that are excused are usual from
        then on, however surprising they are."""
        weekday, surprises = day.weekday(), {}
        for key, number in self._numbers(profile, day):
            band = self._bands.setdefault(key, Band())
            surprise = band.surprise(number, weekday)
            band.add(number, weekday, surprise)
            if key in excused:
                band.excuse(number)
            else:
                surprises[key] = surprise
        patient = ((key, surprise / self._patience.of(key)) for key, surprise in surprises.items() if surprise)
        together = {(column, TOGETHER): one.score for column, one in joint(patient).items()}
        self._patience.add({**surprises, **together})
        self._remember(profile, day)
        self.batches += 1

    def judge(self, profile: Profile, day: date) -> list[Finding]:
        """Everything about a batch that no batch before it was like, more or less so."""
        found: dict[Key, Finding] = {}
        for key, number in self._numbers(profile, day):
            band = self._bands.get(key)
            if band is not None and (surprise := band.surprise(number, day.weekday())) > 0:
                found[key] = Finding(column=key[0], check=key[1], score=surprise / self._patience.of(key))
        for column, one in joint((key, finding.score) for key, finding in found.items()).items():
            first, *others = one.checks
            score = one.score / self._patience.of((column, TOGETHER))
            if found[column, first].score <= 1 < score:
                found[column, first] = Finding(column=column, check=first, score=score, beside=tuple(others))
        return [*self._facts(profile), *found.values()]

    def standing(self, profile: Profile, day: date, keys: Collection[Key]) -> Iterator[tuple[Key, Number, Band]]:
        """Some numbers of a batch, each with what it is judged by."""
        for key, number in self._numbers(profile, day):
            if key in keys and key in self._bands:
                yield key, number, self._bands[key]

    def patience(self, key: Key) -> float:
        """By how much a number must surprise to be told of."""
        return self._patience.of(key)

    def unit(self, column: str) -> float:
        """What the values of a column differ by."""
        return self._units.get(column, 1.0)

    def _facts(self, profile: Profile) -> Iterator[Finding]:
        if not profile.rows:
            yield from certain("row_count_between", "there are no rows")
        if profile.content and profile.content in self._contents and self._repeats < 0.02 * self.batches + 1:
            yield from certain("not_same_as_previous", "the same rows came before")

    def _numbers(self, profile: Profile, day: date) -> Iterator[tuple[Key, Number]]:
        yield from numbers.of_batch(profile)
        if profile.rows:
            new, _, of = self._rows.new(profile.sketch, profile.sketched_below)
            if of:
                yield ("", "rows_seen_before"), share(1 - new, of, 0.02)
        for column in profile.columns:
            yield from self._of_column(column, profile.rows, day)
        for pair, value in profile.pairs.items():
            yield (f"{pair.left}\n{pair.right}", pair.tie.value), numbers.of_pair(pair, value, profile.rows)

    def _of_column(self, column: ColumnProfile, rows: int, day: date) -> Iterator[tuple[Key, Number]]:
        calendar = self._calendar.get(column.name)
        if calendar and (kinds := calendar.kinds()) and column.counted:
            agreed = max(calendars.agrees(column, kind, day) for kind in kinds)
            yield (column.name, "calendar"), share(1 - agreed, rows, 0.02, is_harmless_below=True)
            yield (column.name, "null_share"), share(1 - column.counted / rows, rows)
            return
        yield from numbers.of_column(column, rows, self._units.get(column.name, 1.0))
        if not column.counted:
            return
        yield from self._new_values(column)
        if novelty.is_small(column) and column.name in self._domains:
            for text, number in self._domains[column.name].known(column.top, column.counted):
                yield (column.name, f"share of {text}"), number
        if column.patterns and column.name in self._patterns:
            known = self._patterns[column.name]
            yield (column.name, "matches_pattern"), known.new(column.patterns, column.counted)
            for text, number in known.known(column.patterns, column.counted):
                yield (column.name, f"pattern {text}"), number

    def _new_values(self, column: ColumnProfile) -> Iterator[tuple[Key, Number]]:
        if column.name not in self._values:
            return
        values, rows, of = self._values[column.name].new(column.sketch, column.sketched_below)
        if of:
            yield (column.name, "new_values"), share(values, of, 0.02, is_harmless_below=True)
            check = "new_number_rate_below" if family(column.type) is Family.NUMBER else "new_value_rate_below"
            yield (column.name, check), share(rows, column.counted, is_harmless_below=True)

    def _remember(self, profile: Profile, day: date) -> None:
        if profile.content:
            self._repeats += profile.content in self._contents
            self._contents.append(profile.content)
        self._rows.add(profile.sketch, profile.sketched_below)
        for column in profile.columns:
            if not column.counted:
                continue
            self._values.setdefault(column.name, Sketches()).add(column.sketch, column.sketched_below)
            self._patterns.setdefault(column.name, Shares()).add(column.patterns)
            if novelty.is_small(column):
                self._domains.setdefault(column.name, Shares()).add(column.top)
            self._calendar.setdefault(column.name, calendars.Calendar()).add(calendars.kinds(column, day))


def verdict(found: Sequence[Finding]) -> Verdict:
    """A verdict by what was found: the most surprising decides, and what is nearly as surprising is told with it."""
    score = max((finding.score for finding in found), default=0.0)
    spread = tuple(part for one in worth_telling(found) for part in _parts(one))
    return Verdict(alarm=score > 1, score=score, findings=spread)


def worth_telling(found: Sequence[Finding]) -> list[Finding]:
    """What is unusual and not faint beside the most surprising, which comes first."""
    score = max((finding.score for finding in found), default=0.0)
    told = [one for one in found if one.score > 1 and one.score >= FAINT * min(score, GLARING)]
    return sorted(told, key=lambda one: -one.score)


def _parts(finding: Finding) -> Iterator[Finding]:
    """What is said of two columns together, said of each."""
    for column in finding.column.split("\n"):
        yield Finding(column=column, check=finding.check, score=finding.score, words=finding.words)


def _units(first: Sequence[Profile]) -> dict[str, float]:
    names = {column.name for profile in first for column in profile.columns}
    return {
        name: median(
            [numbers.unit_of(column) for profile in first for column in profile.columns if column.name == name]
        )
        for name in names
    }
