"""What a change of a step means for its rows and its readers, before anything is run.

A column's *course* is the step's query pruned to what that column is made from; two queries with the same courses give
the same columns, however their texts differ. Pruning is sqlglot's `pushdown_projections`, which keeps what decides over
rows: filters, groups, DISTINCT, set operations that drop doubles, projections that multiply rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify_tables import qualify_tables

from pipelines_app.compiler import dialects, dumping, materialising, statements
from pipelines_app.compiler.compiled import Compiled, CompiledStep, StepKind
from pipelines_app.compiler.definition import Column

# Which rows a limit lets through may change with the columns, unless the order is total, which nobody can tell here.
_CHOOSING = (exp.Limit, exp.Fetch, exp.Offset, exp.TableSample)
_ALL = "_all"


class ChangeKind(StrEnum):
    """What became of a step, the worst first."""

    REMOVED = "removed"
    BREAKING = "breaking"  # other rows, or columns that are gone or of another type
    COLUMNS = "column-scoped"  # the same rows, some columns with other values
    ADDITIVE = "additive"  # the same rows and columns, and more columns
    NEW = "new"
    COSMETIC = "cosmetic"  # written otherwise, the same query
    METADATA = "metadata"  # checks, descriptions, limits: nothing is made anew
    SAME = "same"


@dataclass(frozen=True, kw_only=True)
class StepChange:
    """What became of one dataset of a pipeline; `builds` says that what was made before is not used again.

    `columns` are those that readers see changed, in order; `gone` those of them that are removed or have another type.
    `rows` says that the rows themselves may be others, so that every reader is affected, whatever it uses.
    """

    dataset: str
    kind: ChangeKind
    builds: bool = False
    rows: bool = False
    columns: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    why: str = ""

    @property
    def reaches_readers(self) -> bool:
        """Whether a reader may be affected at all."""
        return self.rows or bool(self.columns) or self.kind is ChangeKind.REMOVED

    def touches(self, used: frozenset[str]) -> bool:
        """Whether a reader that uses these columns (in lower case) is affected."""
        if self.rows or self.kind is ChangeKind.REMOVED:
            return True
        return not used.isdisjoint(name.lower() for name in self.columns)

    def breaks(self, used: frozenset[str]) -> tuple[str, ...]:
        """The columns in use that are gone; of a dataset that is made no longer, whatever is in use."""
        if self.kind is ChangeKind.REMOVED:
            return tuple(sorted(used)) or ("its rows",)
        return tuple(name for name in self.gone if name.lower() in used)


def changes(before: Compiled | None, after: Compiled) -> tuple[StepChange, ...]:
    """What became of every dataset of a pipeline, in the order in which they are made; those removed come first."""
    old = {step.dataset: step for step in before.steps} if before else {}
    kept = {step.dataset for step in after.steps}
    removed = [
        StepChange(dataset=name, kind=ChangeKind.REMOVED, gone=_names(step.columns))
        for name, step in old.items()
        if name not in kept
    ]
    texts = (_entries(before) if before else {}, _entries(after))
    return (*removed, *(_change(old.get(step.dataset), step, texts) for step in after.steps))


def _entries(compiled: Compiled) -> dict[str, dict[str, object]]:
    """What the definition says of each dataset."""
    definition = compiled.definition
    loads = {source.dataset: dumping.dump_source(source) for source in definition.sources}
    return loads | {step.dataset: dumping.dump_step(step) for step in definition.steps}


def _change(
    old: CompiledStep | None,
    new: CompiledStep,
    entries: tuple[Mapping[str, Mapping[str, object]], Mapping[str, Mapping[str, object]]],
) -> StepChange:
    name = new.dataset
    if old is None:
        return StepChange(dataset=name, kind=ChangeKind.NEW, builds=True)
    if (old.recipe, old.period, old.kind) == (new.recipe, new.period, new.kind):
        before, after = (dict(side.get(name, {})) for side in entries)
        if before == after:
            return StepChange(dataset=name, kind=ChangeKind.SAME)
        differs = [key for key in dict.fromkeys([*after, *before]) if before.get(key) != after.get(key)]
        kind = ChangeKind.COSMETIC if differs == ["sql"] else ChangeKind.METADATA
        return StepChange(dataset=name, kind=kind, why=", ".join(key for key in differs if key != "sql"))
    whole = _whole(old, new)
    change = _by_columns(old, new, () if whole else _courses_changed(old, new))
    if whole or _ALL in change.columns:
        why = whole or "the rows are chosen otherwise"
        return replace(change, kind=ChangeKind.BREAKING, rows=True, columns=_names(old.columns), why=why)
    return change


def _whole(old: CompiledStep, new: CompiledStep) -> str:
    """Why the two cannot be compared column by column; empty where they can."""
    if old.kind is not new.kind:
        return f"it was a {old.kind} and is a {new.kind}"
    if old.materialise != new.materialise or old.period != new.period:
        return f"it is kept otherwise: {_kept(old)} became {_kept(new)}"
    if _by(old) != _by(new):
        return f"it is kept by other columns: {_by(old)} became {_by(new)}"
    if new.kind is StepKind.LOAD:
        return "" if _read_alike(old, new) else "files are read otherwise"
    if old.dialect != new.dialect:
        return f"it was written in the dialect of {old.dialect} and is in that of {new.dialect}"
    if not (old.deterministic and new.deterministic):
        return "it does not give the same answer twice"
    return ""


def _by(step: CompiledStep) -> str:
    """What a merge or a history is kept by, in words."""
    kept = materialising.contract(step.materialise, step.keeping)
    return ", ".join(f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in kept.items())


def _kept(step: CompiledStep) -> str:
    return f"{step.materialise} by {step.period}" if step.period != "none" else str(step.materialise)


def _read_alike(old: CompiledStep, new: CompiledStep) -> bool:
    """Whether two loads differ in their columns only."""
    if old.source is None or new.source is None:
        return old.source == new.source
    sides = (dumping.dump_source(replace(source, checks=())) for source in (old.source, new.source))
    first, second = ({key: value for key, value in side.items() if key in _READING} for side in sides)
    # Without a header columns are told by their places.
    placed = new.source.header or _names(new.columns)[: len(old.columns)] == _names(old.columns)
    return first == second and placed


_READING = frozenset({"format", "period", "mode", "delimiter", "quote", "header", "null", "encoding", "tolerance"})


def _by_columns(old: CompiledStep, new: CompiledStep, changed: tuple[str, ...]) -> StepChange:
    before = {column.name.lower(): column for column in old.columns}
    after = {column.name.lower(): column for column in new.columns}
    gone = tuple(column.name for name, column in before.items() if name not in after or after[name].type != column.type)
    added = tuple(column.name for name, column in after.items() if name not in before)
    columns = tuple(dict.fromkeys((*gone, *changed)))
    if gone:
        kind, why = ChangeKind.BREAKING, f"{', '.join(gone)}: gone, or of another type"
    elif changed:
        kind, why = ChangeKind.COLUMNS, f"{', '.join(changed)}: computed otherwise"
    elif added or _names(old.columns) != _names(new.columns):
        kind, why = ChangeKind.ADDITIVE, f"{', '.join(added)}: new" if added else "the columns come in another order"
    else:
        kind, why = ChangeKind.COSMETIC, "its files have other names" if new.kind is StepKind.LOAD else ""
    return StepChange(dataset=new.dataset, kind=kind, builds=True, columns=columns, gone=gone, added=added, why=why)


def _courses_changed(old: CompiledStep, new: CompiledStep) -> tuple[str, ...]:
    """The columns of both whose values may be others; `_all` if the rows may be."""
    if new.kind is StepKind.LOAD:
        return ()
    shared = [column.name for column in old.columns if column.name.lower() in set(map(str.lower, _names(new.columns)))]
    before, after = _tree(old), _tree(new)
    if any(tree.find(*_CHOOSING) for tree in (before, after)) or _course(before) != _course(after):
        return (_ALL,)
    return tuple(name for name in shared if _course(before, name) != _course(after, name))


def _tree(step: CompiledStep) -> exp.Query:
    """A step's query with its tables called by number: what an analyst calls them means nothing."""
    return qualify_tables(dialects.parse(step.sql, step.dialect), canonicalize_table_aliases=True)


def _course(tree: exp.Query, *columns: str) -> str:
    """The query pruned to what makes these columns; with none, to what decides over its rows."""
    outer = exp.column(_ALL, quoted=True)
    wanted: list[exp.Expr] = [exp.column(name, table=_ALL, quoted=True).as_(name, quoted=True) for name in columns]
    query = exp.select(*(wanted or [exp.Literal.number(1).as_("one")])).from_(tree.copy().subquery(outer.this))
    try:
        return statements.text(pushdown_projections(query))
    except SqlglotError:  # a star that only the engine can expand: nothing can be pruned
        return statements.text(tree)


def _names(columns: tuple[Column, ...]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)
