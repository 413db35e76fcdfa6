"""Service levels in documents: the entries of `sla` that are no deadlines, read and written back."""

from collections.abc import Callable, Mapping

from pipelines_app.compiler import check_catalogue, efforts, names
from pipelines_app.compiler.reading import Reader, described
from pipelines_app.compiler.targets import LEVELS, OF_RUNS, TIMED, USUAL_OBJECTIVE, Target, TargetKind, Window

Document = dict[str, object]
SHARED = ("objective", "window")
LONGEST = 366 * 86_400
_LENGTH = {TargetKind.DURATION: "under", TargetKind.FRESHNESS: "within", TargetKind.END_TO_END: "within"}


def parse(kind: TargetKind, reader: Reader, made: frozenset[str]) -> Target | None:
    """One entry of `sla`, or None where it has a fault, which is noted."""
    before = len(reader.problems)
    reader.only(*_keys(kind))
    target = Target(
        kind=kind,
        dataset=_dataset(kind, reader, made),
        seconds=_seconds(reader, _LENGTH[kind]) if kind in TIMED else 0,
        level=share(reader, "at_least", None) if kind in LEVELS else 0.0,
        columns=reader.texts("columns") if kind == TargetKind.COMPLETENESS else (),
        objective=_objective(kind, reader),
        window=reader.choice("window", Window, Window.ROLLING),
    )
    return target if len(reader.problems) == before else None


def _keys(kind: TargetKind) -> tuple[str, ...]:
    if kind == TargetKind.SUCCESS_RATE:
        return ("at_least", "window")
    own = (_LENGTH[kind],) if kind in TIMED else ("at_least",)
    about = () if kind in OF_RUNS else ("dataset",)
    return (*about, *own, *(("columns",) if kind == TargetKind.COMPLETENESS else ()), *SHARED)


def _dataset(kind: TargetKind, reader: Reader, made: frozenset[str]) -> str:
    if kind in OF_RUNS:
        return ""
    dataset = reader.text("dataset", required=True)
    if dataset and dataset not in made:
        reader.fault("dataset", f"{dataset!r} is not made by this pipeline{names.hint(dataset, made)}")
    return dataset


def _objective(kind: TargetKind, reader: Reader) -> float:
    """A success rate is its own objective: each run is kept or missed as a whole."""
    if kind == TargetKind.SUCCESS_RATE:
        return share(reader, "at_least", None)
    return share(reader, "objective", USUAL_OBJECTIVE)


def share(reader: Reader, key: str, default: float | None) -> float:
    """A share above 0 and up to 1."""
    value = reader.entries.get(key)
    if value is None:
        if default is None:
            reader.fault(key, f"{key} is missing: write a share such as 0.99")
        return default or 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        reader.fault(key, "must be a share above 0 and up to 1, such as 0.99")
        return default or 0.0
    return float(value)


def _seconds(reader: Reader, key: str) -> int:
    text = reader.text(key, required=True)
    if not text:
        return 0
    seconds = efforts.seconds_of(text) or check_catalogue.seconds(text)
    if not 0 < seconds <= LONGEST:
        reader.fault(key, "must be a length such as 90s, 30m, 24h or 7d, a year at most")
    return seconds


def dump(target: Target) -> Document:
    """One entry of `sla`; defaults are left out."""
    inner: Document = {"dataset": target.dataset} if target.dataset else {}
    if target.kind in TIMED:
        inner[_LENGTH[target.kind]] = length(target.seconds)
    if target.kind in LEVELS:
        inner["at_least"] = target.level
    if target.columns:
        inner["columns"] = list(target.columns)
    if target.kind == TargetKind.SUCCESS_RATE:
        inner["at_least"] = target.objective
    elif target.objective != USUAL_OBJECTIVE:
        inner["objective"] = target.objective
    if target.window != Window.ROLLING:
        inner["window"] = str(target.window)
    return {str(target.kind): inner}


def length(seconds: int) -> str:
    """A length as documents write it."""
    return f"{seconds // 86_400}d" if seconds % 86_400 == 0 else efforts.written(seconds)


def sentence(target: Target) -> str:
    """What is promised, in words."""
    said: Mapping[TargetKind, Callable[[], str]] = {
        TargetKind.FRESHNESS: lambda: f"{target.dataset} is renewed within {length(target.seconds)}",
        TargetKind.DURATION: lambda: f"a run ends within {length(target.seconds)}",
        TargetKind.COMPLETENESS: lambda: f"{_cells(target)} filled to {_percent(target.level)}",
        TargetKind.QUALITY: lambda: f"of the checks on {target.dataset} {_percent(target.level)} hold",
        TargetKind.SUCCESS_RATE: lambda: "a run succeeds",
        TargetKind.END_TO_END: lambda: (
            f"{target.dataset} is published within {length(target.seconds)} of what it is made from coming in"
        ),
    }
    return said[target.kind]()


def _cells(target: Target) -> str:
    if not target.columns:
        return f"{target.dataset} is"
    return f"{', '.join(target.columns)} of {target.dataset} {'are' if len(target.columns) > 1 else 'is'}"


def _percent(part: float) -> str:
    return f"{part * 100:.6g} %"


def kind_of(entry: object, reader: Reader) -> TargetKind | None:
    """Which kind an entry of `sla` is: it has one key, which says so."""
    known = [str(kind) for kind in TargetKind]
    if not isinstance(entry, Mapping):
        reader.fault("", f"a target is a mapping such as {{arrival: …}}, not {described(entry)}")
        return None
    reader.only(*known)
    if len(entry) != 1:
        reader.fault("", f"a target is one of {', '.join(known)}: write each as an entry of its own")
        return None
    (key,) = entry
    return TargetKind(key) if key in known else None
