"""Deadlines in documents: a source's `arrival`, and under `sla` what the pipeline promises of its own datasets."""

from collections.abc import Mapping
from datetime import date, time

from pipelines_app.compiler import cadences, calendars, check_catalogue, clocks, names, periods, target_documents
from pipelines_app.compiler.definition import (
    BUSINESS_DAYS,
    WEEKDAYS,
    ArrivalDeadline,
    Calendar,
    PeriodKind,
    Promise,
    Source,
)
from pipelines_app.compiler.reading import Reader, step_into
from pipelines_app.compiler.targets import USUAL_OBJECTIVE, Target, TargetKind, Window
from pipelines_app.errors import Problem

Document = dict[str, object]
MOST_BEHIND = 31
_KEYS = ("by", "timezone", "days_after", "first", "last", "cron", "behind", "calendar", "usually", "grace")
_ONLY_BY = ("by", "days_after", "usually")


def parse(reader: Reader, period: PeriodKind) -> ArrivalDeadline | None:
    """A source's deadline, or None where none is declared."""
    inner = reader.section("arrival")
    if inner is None:
        return None
    if period == PeriodKind.NONE:
        reader.fault("arrival", "a deadline needs a period: add period: hour, day or month")
        return None
    inner.only(*_KEYS, "missing_after")
    return _deadline(inner, period)


def promises(
    reader: Reader, sources: tuple[Source, ...], made: frozenset[str]
) -> tuple[tuple[Promise, ...], tuple[Target, ...]]:
    """What `sla` says: by when the data of a period are to be published, and the service levels beside that."""
    kind = promised_kind(sources)
    own = made | {source.dataset for source in sources}
    found: list[Promise] = []
    targets: list[Target] = []
    for path, entry in reader.listed("sla"):
        outer = Reader(entry if isinstance(entry, Mapping) else {}, path, reader.problems)
        of = target_documents.kind_of(entry, outer)
        inner = outer.section(str(of)) if of is not None else None
        if inner is None or of is None:
            if of is not None and not outer.has(str(of)):
                outer.fault(str(of), "is empty")
            continue
        if of == TargetKind.ARRIVAL:
            promise = _promise(inner, kind, made, {one.dataset for one in found})
            found += [promise] if promise is not None else []
        else:
            target = target_documents.parse(of, inner, own)
            if target is not None and (of, target.dataset) in {(one.kind, one.dataset) for one in targets}:
                outer.fault("", f"there is another {of} for {target.dataset or 'the runs'}")
            targets += [target] if target is not None else []
    return tuple(found), tuple(targets)


def promised_kind(sources: tuple[Source, ...]) -> PeriodKind:
    """The periods a promise counts by: those of the pipeline's first source that has any, else days."""
    return next((source.period for source in sources if source.period != PeriodKind.NONE), PeriodKind.DAY)


def _promise(inner: Reader, kind: PeriodKind, made: frozenset[str], taken: set[str]) -> Promise | None:
    inner.only("dataset", *(key for key in _KEYS if key not in ("usually", "grace")), *target_documents.SHARED)
    dataset = inner.text("dataset", required=True)
    if dataset and dataset not in made:
        inner.fault("dataset", f"{dataset!r} is not made by a step of this pipeline{names.hint(dataset, made)}")
    if dataset in taken:
        inner.fault("dataset", f"there is another target for {dataset}")
    deadline = _deadline(inner, kind)
    objective = target_documents.share(inner, "objective", USUAL_OBJECTIVE)
    window = inner.choice("window", Window, Window.ROLLING)
    if deadline is None:
        return None
    return Promise(dataset=dataset, deadline=deadline, objective=objective, window=window)


def _deadline(inner: Reader, period: PeriodKind) -> ArrivalDeadline | None:
    before = len(inner.problems)
    cron, by = _cron(inner), _clock(inner, "by") if not inner.has("cron") else time(0)
    if by is None and not inner.has("by"):
        inner.fault("by", "by is missing")
    first, last = (_bound(inner, key, period) for key in ("first", "last"))
    if first and last and first > last:
        inner.fault("last", f"{last} is before {first}")
    deadline = ArrivalDeadline(
        by=by or time(0),
        timezone=inner.checked("timezone", clocks.zone_fault, required=True),
        days_after=inner.whole("days_after", 1),
        first=first,
        last=last,
        cron=cron,
        behind=_behind(inner),
        calendar=_calendar(inner),
        usually=_clock(inner, "usually"),
        grace=_length(inner, "grace", 0),
        missing_after=_length(inner, "missing_after", 86_400),
    )
    if len(inner.problems) > before:
        return None
    _fires(inner, deadline, period)
    return deadline


def _fires(inner: Reader, deadline: ArrivalDeadline, period: PeriodKind) -> None:
    """Refuse what never expects anything, or is missing before it is late."""
    fault = cadences.never_fires(deadline, period)
    if fault:
        inner.fault("cron" if deadline.cron else "calendar" if deadline.calendar else "last", fault)
    if deadline.missing_after <= deadline.grace:
        inner.fault("missing_after", "must be longer than grace: what is missing has been late before")


def _cron(inner: Reader) -> str:
    line = inner.text("cron").strip()
    if not line:
        if inner.has("behind"):
            inner.fault("behind", "counts the ticks of cron, and there is no cron")
        return ""
    for key in _ONLY_BY:
        if inner.has(key):
            inner.fault(key, "stands beside cron, which says all of it: leave one of them out")
    fault = clocks.fault(line)
    if fault:
        inner.fault("cron", fault)
    return line


def _behind(inner: Reader) -> int:
    behind = inner.whole("behind", 1)
    if behind > MOST_BEHIND:
        inner.fault("behind", f"is {MOST_BEHIND} ticks at most")
    return min(behind, MOST_BEHIND)


def _clock(inner: Reader, key: str) -> time | None:
    if not inner.has(key):
        return None
    moment = periods.clock_time(inner.text(key))
    if moment is None:
        inner.fault(key, "must be a time of day such as 07:00")
    return moment


def _length(inner: Reader, key: str, default: int) -> int:
    if not inner.has(key):
        return default
    seconds = check_catalogue.seconds(inner.text(key))
    if seconds <= 0:
        inner.fault(key, "is not a length of time; write 30m, 24h or 7d")
    return seconds


def _bound(inner: Reader, key: str, period: PeriodKind) -> str:
    value = inner.text(key)
    if value and not periods.is_valid(period, value):
        inner.fault(key, f"{value!r} is not the key of a period by {period}, such as {periods.EXAMPLES[period]}")
        return ""
    return value


def _calendar(inner: Reader) -> Calendar | None:
    section = inner.section("calendar")
    if section is None:
        return None
    section.only("country", "subdivision", "weekdays", "except")
    country = section.checked("country", calendars.country_fault)
    subdivision = section.text("subdivision")
    if subdivision and not country:
        section.fault("subdivision", f"{subdivision!r} is a part of which country? Add country")
    elif subdivision and not calendars.country_fault(country):
        fault = calendars.subdivision_fault(country, subdivision)
        section.fault("subdivision", fault) if fault else None
    return Calendar(
        country=country,
        subdivision=subdivision,
        weekdays=_weekdays(section),
        but=_days(section),
    )


def _weekdays(section: Reader) -> tuple[str, ...]:
    given = section.texts("weekdays", BUSINESS_DAYS)
    unknown = [day for day in given if day not in WEEKDAYS]
    if unknown:
        section.fault("weekdays", f"{unknown[0]!r} is not one of {', '.join(WEEKDAYS)}")
    elif not given:
        section.fault("weekdays", "name at least one day: a calendar without days never fires")
    return tuple(day for day in WEEKDAYS if day in given)


def _days(section: Reader) -> tuple[str, ...]:
    given = section.texts("except")
    for day in given:
        try:
            is_day = date.fromisoformat(day).isoformat() == day
        except ValueError:
            is_day = False
        if not is_day:
            path = step_into(section.path, "except")
            section.problems.append(Problem(path=path, message=f"{day!r} is not a day such as 2026-12-24"))
    return tuple(sorted(set(given)))


def dump(deadline: ArrivalDeadline) -> Document:
    """A deadline as it is written, with every default left out."""
    document: Document = {"cron": deadline.cron, "behind": deadline.behind} if deadline.cron else _by(deadline)
    document |= {"timezone": deadline.timezone, "first": deadline.first, "last": deadline.last}
    if deadline.calendar is not None:
        document["calendar"] = _dump_calendar(deadline.calendar)
    if deadline.usually is not None:
        document["usually"] = _written(deadline.usually)
    document["grace"] = written_length(deadline.grace) if deadline.grace else ""
    document["missing_after"] = written_length(deadline.missing_after)
    usual = {"days_after": 1, "behind": 1, "missing_after": "1d"}
    return {key: value for key, value in document.items() if value != "" and usual.get(key) != value}


def _by(deadline: ArrivalDeadline) -> Document:
    return {"by": _written(deadline.by), "days_after": deadline.days_after}


def dump_promise(promise: Promise) -> Document:
    """One entry of `sla`."""
    counted: Document = {"objective": promise.objective} if promise.objective != USUAL_OBJECTIVE else {}
    counted |= {"window": str(promise.window)} if promise.window != Window.ROLLING else {}
    return {"arrival": {"dataset": promise.dataset, **dump(promise.deadline), **counted}}


def _dump_calendar(calendar: Calendar) -> Document:
    return {
        **({"country": calendar.country} if calendar.country else {}),
        **({"subdivision": calendar.subdivision} if calendar.subdivision else {}),
        "weekdays": list(calendar.weekdays),
        **({"except": list(calendar.but)} if calendar.but else {}),
    }


def _written(moment: time) -> str:
    return moment.isoformat("minutes" if not moment.second else "seconds")


def written_length(seconds: int) -> str:
    """A length of time as documents write it: `30m`, `24h` or `7d`."""
    for size, letter in ((86_400, "d"), (3600, "h")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds // 60}m"
