"""The output columns of one item of a SELECT list: one, or as many as a star stands for."""

from sqlglot import exp

from pipelines_app.compiler import patterns
from pipelines_app.compiler.columns import frames
from pipelines_app.compiler.columns.expressions import trace
from pipelines_app.compiler.columns.frames import Frame
from pipelines_app.compiler.columns.influence import NOTHING, Trace, transformed
from pipelines_app.compiler.columns.relations import Column, Output, Wild


def outputs(select: exp.Expr, frame: Frame) -> list[Output]:
    """The columns that an item of a SELECT list gives."""
    if type(select) is exp.Alias and not isinstance(select.this, exp.Tuple):
        return [Column(select.alias, trace(select.this, frame), _quoted(select))]
    if isinstance(select, exp.Star):
        return _changed(select, frame.star(), frame)
    if isinstance(select, exp.Column) and isinstance(select.this, exp.Star):
        return _changed(select.this, _starred(select, frame), frame)
    if isinstance(select, exp.Dot) and isinstance(select.expression, exp.Star):
        return [Wild(frozenset(), transformed(trace(select.this, frame)))]
    if isinstance(select, exp.Columns):
        return _columns(select, frame)
    if isinstance(select, exp.Aliases):
        found = trace(select.this, frame)
        return [Column(name.name, found) for name in select.expressions]
    if isinstance(select.unalias(), exp.Tuple) and not select.alias:
        return [output for one in select.unalias().expressions for output in outputs(one, frame)]
    return [Column(_name(select, frame), trace(select, frame), _quoted(select))]


def _name(select: exp.Expr, frame: Frame) -> str:
    """The name of an output column; of one that nobody named, its text."""
    named = select.alias_or_name if isinstance(select, exp.Alias | exp.Column | exp.Dot) else select.output_name
    return named or select.sql(frame.walk.dialect, comments=False)


def _quoted(select: exp.Expr) -> bool:
    name = select.args.get("alias") if isinstance(select, exp.Alias) else select.args.get("this")
    return isinstance(name, exp.Identifier) and bool(name.args.get("quoted"))


def _starred(select: exp.Column, frame: Frame) -> list[Output]:
    """t.*: the columns of a source, or the fields of a structure."""
    parts = select.parts[:-1]
    source = frame.source(parts)
    if source is not None:
        return list(source.relation.outputs)
    table = _written_out(parts, frame)
    if table is not None:
        return table
    structure = frames.column(parts, frame)
    return [Wild(frozenset(), transformed(structure))] if structure else []


def _written_out(parts: list[exp.Expr], frame: Frame) -> list[Output] | None:
    """t.* where t has another name in this query: the only source that reads t is meant."""
    wanted = ".".join(part.name for part in parts).lower()
    found = [
        source
        for source in frame.sources
        if source.relation.base.lower() == wanted or source.relation.base.lower().endswith(f".{wanted}")
    ]
    return list(found[0].relation.outputs) if len(found) == 1 else None


def _changed(star: exp.Expr, found: list[Output], frame: Frame) -> list[Output]:
    """A star with EXCEPT, REPLACE, RENAME or ILIKE."""
    hidden = {one.name.lower() for one in _list(star, "except_")}
    replaced = {one.alias.lower(): trace(one.this, frame) for one in _list(star, "replace")}
    renamed = {one.this.name.lower(): one.alias for one in _list(star, "rename")}
    if not (hidden or replaced or renamed or star.args.get("ilike")):
        return found
    changed: list[Output] = []
    for output in found:
        if isinstance(output, Wild):
            changed += _changed_wild(output, hidden, replaced, renamed)
        elif output.name.lower() not in hidden and _like(star, output.name):
            folded = output.name.lower()
            changed.append(Column(renamed.get(folded, output.name), replaced.get(folded, output.trace), output.quoted))
    return changed


def _changed_wild(wild: Wild, hidden: set[str], replaced: dict[str, Trace], renamed: dict[str, str]) -> list[Output]:
    named: list[Output] = [Column(name, found) for name, found in replaced.items()]
    named += [Column(new, wild.column(old) or NOTHING) for old, new in renamed.items()]
    return [*named, wild.less([*hidden, *replaced, *renamed])]


def _list(star: exp.Expr, part: str) -> list[exp.Expr]:
    found = star.args.get(part)
    return list(found) if isinstance(found, list) else [found] if isinstance(found, exp.Expr) else []


def _like(star: exp.Expr, name: str) -> bool:
    wanted = star.args.get("ilike")
    return wanted is None or patterns.is_like(wanted.name, name)


def _columns(select: exp.Columns, frame: Frame) -> list[Output]:
    """COLUMNS('pattern'), COLUMNS(* EXCLUDE x)."""
    inner = select.this
    if isinstance(inner, exp.Star):
        return _changed(inner, frame.star(), frame)
    found = frame.star()
    if isinstance(inner, exp.Literal) and not any(isinstance(output, Wild) for output in found):
        return [one for one in found if isinstance(one, Column) and patterns.occurs(inner.name, one.name)]
    frame.walk.note("COLUMNS(...) cannot be followed: it is taken for all columns")
    return found
