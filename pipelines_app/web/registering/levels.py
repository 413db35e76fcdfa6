"""What a pipeline promises beside deadlines, between the entries of its `sla:` list and the rows of the form."""

from collections.abc import Iterable, Mapping, Sequence

from pipelines_app.compiler.targets import LEVELS, OF_RUNS, TIMED, TargetKind, Window
from pipelines_app.web.registering import values
from pipelines_app.web.registering.when_forms import LevelForm, Levels

Entry = dict[str, object]
PREFIX = "levels"
SPARE = 1  # an empty row below those that are filled; who needs more goes on and comes back
_FIELD = {"under": "within"}


def forms(document: Mapping[str, object], made: Iterable[str]) -> list[LevelForm]:
    """A row for each promise that stands, and an empty one."""
    rows = [_initial(kind, body) for kind, body in standing(document)]
    return offered(Levels(initial=[*rows, *({} for _ in range(SPARE))], prefix=PREFIX).forms, made)


def offered(rows: Iterable[LevelForm], made: Iterable[str]) -> list[LevelForm]:
    """The rows, each offering the datasets that the pipeline makes."""
    names = [(name, name) for name in dict.fromkeys(made) if name]
    listed = list(rows)
    for row in listed:
        row.offer("dataset", names)
    return listed


def standing(document: Mapping[str, object]) -> list[tuple[TargetKind, Entry]]:
    """The promises of a definition that the form can show, in their order."""
    listed = document.get("sla")
    return [found for one in (listed if isinstance(listed, list) else []) if (found := _read(one)) is not None]


def is_shown(entry: object) -> bool:
    """Whether an entry of the list has a row of its own."""
    return _read(entry) is not None


def _read(entry: object) -> tuple[TargetKind, Entry] | None:
    if not isinstance(entry, Mapping) or len(entry) != 1:
        return None
    key, body = next(iter(entry.items()))
    is_known = key in set(TargetKind) - {TargetKind.ARRIVAL} and isinstance(body, Mapping)
    return (TargetKind(key), dict(body)) if is_known else None


def form_at(document: Mapping[str, object], place: int, rows: Sequence[LevelForm]) -> LevelForm | None:
    """The row of one entry of the list; None for one that has none."""
    listed = document.get("sla")
    entries = listed if isinstance(listed, list) else []
    row = sum(is_shown(one) for one in entries[:place])
    return rows[row] if is_shown(entries[place] if place < len(entries) else None) and row < len(rows) else None


def _initial(kind: TargetKind, body: Entry) -> Entry:
    return {
        "kind": str(kind),
        "dataset": body.get("dataset", ""),
        "within": body.get("within", body.get("under", "")),
        "at_least": values.tolerance_text(body.get("at_least")),
        "columns": values.joined(body.get("columns")),
        "objective": values.tolerance_text(body.get("objective")),
        "window": body.get("window", str(Window.ROLLING)),
    }


def written(sent: Iterable[LevelForm]) -> list[object]:
    """The rows that say something, as entries of the list."""
    given = [form.cleaned_data for form in sent]
    return [{row["kind"]: _entry(str(row["kind"]), row)} for row in given if row.get("kind")]


def _entry(kind: str, row: Mapping[str, str]) -> Entry:
    said: Entry = {key: row[_FIELD.get(key, key)].strip() for key in _keys(kind)}
    for key in {"at_least", "objective"} & said.keys():
        said[key] = values.share_or_number(str(said[key])) if said[key] else None
    if "columns" in said:
        said["columns"] = values.listed(str(said["columns"]))
    if said.get("window") == Window.ROLLING:
        del said["window"]
    return values.without_empty(said, said.keys())


def _keys(kind: str) -> tuple[str, ...]:
    """What a kind takes; one nobody knows keeps what was typed, and the compiler says what is wrong."""
    about = () if kind in OF_RUNS else ("dataset",)
    if kind == TargetKind.SUCCESS_RATE:
        return ("at_least", "window")
    if kind in TIMED:
        return (*about, "under" if kind == TargetKind.DURATION else "within", "objective", "window")
    columns = ("columns",) if kind == TargetKind.COMPLETENESS else ()
    return (*about, *(("at_least",) if kind in LEVELS else ()), *columns, "objective", "window")
