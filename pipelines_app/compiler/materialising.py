"""`materialise:` of a step: how its rows are kept; read, judged against its columns, written back, said in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipelines_app.compiler import names, types
from pipelines_app.compiler.definition import (
    BUILT,
    Column,
    Deletes,
    Keeping,
    Materialisation,
    PeriodKind,
    Step,
)
from pipelines_app.compiler.reading import Reader
from pipelines_app.errors import Problem

Document = dict[str, object]
MOST_COLUMNS = 100
_LONGER = (PeriodKind.DAY, PeriodKind.MONTH)
_OWN = {
    Materialisation.MERGE: ("key", "deleted"),
    Materialisation.SCD2: ("key", "tracked", "effective", "valid_from", "valid_to", "is_current", "deletes"),
}
_PLAIN = Keeping()


def parse(reader: Reader) -> tuple[Materialisation, PeriodKind, Keeping]:
    """The kind, the longer period that it names, and what it is kept by."""
    made = reader.section("materialise")
    if made is None:
        return Materialisation.TABLE, PeriodKind.NONE, Keeping()
    kind = made.choice("kind", Materialisation, Materialisation.TABLE, required=True)
    made.only("kind", "by", *dict.fromkeys(key for own in _OWN.values() for key in own))
    for key in made.entries:
        others = [str(other) for other, own in _OWN.items() if key in own]
        if others and str(kind) not in others:
            made.fault(str(key), f"is of {' and '.join(others)}, not of {kind}")
    return kind, _by(made, kind), _keeping(made, kind)


def _by(made: Reader, kind: Materialisation) -> PeriodKind:
    """The period that a step is made by, where it says one itself; `period` is that of what it reads."""
    by = made.text("by")
    whole = kind in (Materialisation.TABLE, Materialisation.VIEW)
    if not by or (by == "period" and not whole):
        return PeriodKind.NONE
    if by in _LONGER and not whole:
        return PeriodKind(by)
    made.fault("by", "is period, day or month, of what is made by period, such as {kind: incremental}")
    return PeriodKind.NONE


def _keeping(made: Reader, kind: Materialisation) -> Keeping:
    if kind not in BUILT:
        return Keeping()
    found = Keeping(
        key=made.texts("key"),
        deleted=made.text("deleted"),
        tracked=made.texts("tracked"),
        effective=made.text("effective"),
        valid_from=made.text("valid_from", _PLAIN.valid_from),
        valid_to=made.text("valid_to", _PLAIN.valid_to),
        is_current=made.text("is_current", _PLAIN.is_current),
        deletes=made.choice("deletes", Deletes, Deletes.KEEP),
    )
    if not found.key and (not made.has("key") or made.entries["key"] == []):
        made.fault("key", f"{kind} needs the columns that tell rows apart, as in {{kind: {kind}, key: [id]}}")
    for key in ("key", "tracked"):
        _refuse_long(made, key, getattr(found, key))
    if found.deletes is Deletes.CLOSE and found.effective:
        made.fault("deletes", "close needs periods that hold every key; with effective rows come one by one: use keep")
    return found


def _refuse_long(made: Reader, key: str, columns: Sequence[str]) -> None:
    if len(columns) > MOST_COLUMNS:
        made.fault(key, f"may name {MOST_COLUMNS} columns")
    if len({name.lower() for name in columns}) < len(columns):
        made.fault(key, "names a column twice")


def dump(step: Step) -> Document:
    """The entry under `materialise`; empty for a table."""
    if step.materialise is Materialisation.TABLE:
        return {}
    entry: Document = {"kind": str(step.materialise)}
    if step.by is not PeriodKind.NONE:
        entry["by"] = str(step.by)
    elif step.materialise is Materialisation.INCREMENTAL:
        entry["by"] = "period"
    return entry | contract(step.materialise, step.keeping)


def contract(kind: Materialisation, keeping: Keeping) -> Document:
    """What a kind is kept by, less its defaults: a part of the recipe."""
    written: Document = {
        "key": list(keeping.key),
        "deleted": keeping.deleted,
        "tracked": list(keeping.tracked),
        "effective": keeping.effective,
        "valid_from": "" if keeping.valid_from == _PLAIN.valid_from else keeping.valid_from,
        "valid_to": "" if keeping.valid_to == _PLAIN.valid_to else keeping.valid_to,
        "is_current": "" if keeping.is_current == _PLAIN.is_current else keeping.is_current,
        "deletes": "" if keeping.deletes is Deletes.KEEP else str(keeping.deletes),
    }
    return {key: value for key, value in written.items() if value and key in _OWN.get(kind, ())}


def settled(keeping: Keeping, given: Sequence[Column]) -> Keeping:
    """The same with its columns spelled as the query spells them, and with all that is tracked by name."""
    if not keeping.key:
        return keeping
    spelled = {column.name.lower(): column.name for column in given}

    def each(listed: Iterable[str]) -> tuple[str, ...]:
        return tuple(spelled.get(name.lower(), name) for name in listed)

    key, effective = each(keeping.key), "".join(each([keeping.effective]))
    others = tuple(column.name for column in given if column.name not in (*key, effective))
    tracked = each(keeping.tracked) or others
    return replace(keeping, key=key, deleted="".join(each([keeping.deleted])), tracked=tracked, effective=effective)


def columns(kind: Materialisation, keeping: Keeping, given: Sequence[Column], period: PeriodKind) -> tuple[Column, ...]:
    """The columns of the dataset, from those of the query."""
    if kind is Materialisation.MERGE:
        return tuple(column for column in given if column.name.lower() != keeping.deleted.lower())
    if kind is not Materialisation.SCD2:
        return tuple(given)
    since = effective_type(keeping, given, period)
    times = [Column(name=name, type=since) for name in (keeping.valid_from, keeping.valid_to)]
    kept = [column for column in given if column.name.lower() != keeping.effective.lower()]
    return (*kept, *times, Column(name=keeping.is_current, type="BOOLEAN"))


def effective_type(keeping: Keeping, given: Sequence[Column], period: PeriodKind) -> str:
    """The type of the moments from which a history's rows hold."""
    if keeping.effective:
        types = {column.name.lower(): column.type for column in given}
        return types.get(keeping.effective.lower(), "TIMESTAMP")
    return "TIMESTAMP" if period is PeriodKind.HOUR else "DATE"


def problems(step: Step, given: Sequence[Column], period: PeriodKind, path: str) -> list[Problem]:
    """What a step is kept by that does not go with the columns of its query."""
    if step.materialise not in BUILT:
        return []
    known = {column.name.lower(): column for column in given}
    keeping = step.keeping
    asked = [("key", name) for name in keeping.key] + [("tracked", name) for name in keeping.tracked]
    asked += [(key, name) for key in ("deleted", "effective") if (name := str(getattr(keeping, key)))]
    found = [(key, _missing(name, known)) for key, name in asked if name.lower() not in known]
    found += _contradictions(keeping, known)
    if step.materialise is Materialisation.SCD2:
        found += _faults_of_history(keeping, known, period)
    return [Problem(path=f"{path}.{key}" if key else path, message=message) for key, message in found]


def _missing(name: str, known: Mapping[str, Column]) -> str:
    return f"the query gives no column {name!r}{names.hint(name, [column.name for column in known.values()])}"


def _contradictions(keeping: Keeping, known: Mapping[str, Column]) -> list[tuple[str, str]]:
    key = {name.lower() for name in keeping.key}
    found = []
    if keeping.deleted.lower() in key:
        found.append(("deleted", f"{keeping.deleted} is a part of the key"))
    elif (kind := _type(known, keeping.deleted)) not in ("", "BOOLEAN"):
        found.append(("deleted", f"{keeping.deleted} is {kind}: a column that is true or false says what is deleted"))
    if shared := key & {name.lower() for name in keeping.tracked}:
        found.append(("tracked", f"{sorted(shared)[0]} is a part of the key, which never changes"))
    return found


def _faults_of_history(keeping: Keeping, known: Mapping[str, Column], period: PeriodKind) -> list[tuple[str, str]]:
    found = []
    own = [keeping.valid_from, keeping.valid_to, keeping.is_current]
    if len({name.lower() for name in own}) < len(own):
        found.append(("", "valid_from, valid_to and is_current need names of their own"))
    for key, name in zip(("valid_from", "valid_to", "is_current"), own, strict=True):
        if message := names.column_fault(name):
            found.append((key, message))
        elif name.lower() in known and name.lower() != keeping.effective.lower():
            found.append((key, f"the query gives a column {name} itself: give this one another name"))
    if not keeping.effective and period is PeriodKind.NONE:
        found.append(("effective", "nothing that it reads comes by period: name the column that says since when"))
    elif keeping.effective and keeping.effective.lower() in {name.lower() for name in keeping.key}:
        found.append(("effective", f"{keeping.effective} is a part of the key"))
    elif (kind := _type(known, keeping.effective)) and not kind.startswith(("DATE", "TIMESTAMP")):
        found.append(("effective", f"{keeping.effective} is {kind}: since when is a date or a timestamp"))
    return found


def _type(known: Mapping[str, Column], name: str) -> str:
    """A column's type, if it can be told before the engine has seen the query."""
    column = known.get(name.lower())
    kind = column.type if column else ""
    return kind if types.normalise(kind) else ""
