"""What a merge and a history are made of, as trees over named relations: every engine runs the same.

*Increments* are the rows that runs brought, each with the period and the run that it came with. Of one key and moment
the newest period counts, and in that the newest run: so the order in which they came makes no difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from pipelines_app.compiler import binding, materialising
from pipelines_app.compiler.compiled import CompiledStep
from pipelines_app.compiler.definition import Column, Deletes, Keeping, Materialisation, PeriodKind

CURRENT = "loopline.current"
INCREMENTS = "loopline.increments"
BROUGHT = "loopline.brought"
AT, PERIOD, RUN = "_loopline_at", "_loopline_period", "_loopline_run"
_NEWEST, _BEGINS, _STRETCH, _UNTIL = "_loopline_newest", "_loopline_begins", "_loopline_stretch", "_loopline_until"
SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A dataset that is built: its kind, what it is kept by, its own columns and those of its query."""

    kind: Materialisation
    keeping: Keeping
    columns: tuple[Column, ...]
    given: tuple[Column, ...]
    period: PeriodKind

    @property
    def is_history(self) -> bool:
        return self.kind is Materialisation.SCD2

    @property
    def marked(self) -> tuple[Column, ...]:
        """The columns of an increment."""
        return (*self.given, Column(name=PERIOD, type="VARCHAR"), Column(name=RUN, type="BIGINT"))

    @property
    def since(self) -> str:
        """The type of the moments since when the rows of a history hold."""
        return materialising.effective_type(self.keeping, self.given, self.period)

    @property
    def told_apart_by(self) -> tuple[str, ...]:
        """The columns that tell the rows of one increment apart."""
        effective = self.keeping.effective
        return (*self.keeping.key, effective) if self.is_history and effective else self.keeping.key


def shape(step: CompiledStep) -> Shape:
    """The shape of a step that is built."""
    return Shape(kind=step.materialise, keeping=step.keeping, columns=step.columns, given=step.rows, period=step.period)


def marked(query: exp.Query, shape: Shape, *, period: str, run: int) -> exp.Select:
    """The rows of a query as an increment."""
    marks = [
        exp.alias_(exp.Literal.string(period), PERIOD, quoted=True),
        exp.alias_(exp.convert(run), RUN, quoted=True),
    ]
    return exp.select(*_names(shape.given), *marks).from_(_under(query, "q"))


def unfit(shape: Shape) -> exp.Select:
    """The keys of an increment that are there twice, or that are not known; one row each, with how often."""
    keys = shape.told_apart_by
    times = exp.Count(this=exp.Star())
    unknown = exp.or_(*(_name(key).is_(exp.null()) for key in keys))
    return (
        exp.select(*(_name(key) for key in keys), exp.alias_(times, "times", quoted=True))
        .from_(_table(BROUGHT))
        .group_by(*(_name(key) for key in keys))
        .having(exp.or_(exp.GT(this=times.copy(), expression=exp.convert(1)), unknown))
        .order_by(*(_name(key) for key in keys))
        .limit(SHOWN)
    )


def said_unfit(shape: Shape, rows: Sequence[Sequence[object]]) -> str:
    """What `unfit` found, in a sentence; empty where it found nothing."""
    if not rows:
        return ""
    keys = shape.told_apart_by
    for row in rows:
        empty = [name for name, value in zip(keys, row, strict=False) if value is None]
        if empty:
            return f"{row[-1]} of the new rows have no {' and no '.join(empty)}: the key of a row must be known"
    told = [f"{_of(keys, row)} {row[-1]} times" for row in rows]
    more = " and others" if len(rows) == SHOWN else ""
    return f"the key ({', '.join(keys)}) is there more than once in the new rows: {', '.join(told)}{more}"


def _of(keys: Sequence[str], row: Sequence[object]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in zip(keys, row, strict=False))


def alone(step: CompiledStep, query: exp.Query, period: str) -> exp.Query:
    """What a step would keep of this query alone, if it were the first that came."""
    made = shape(step)
    tree = history(made, [period] if period else []) if made.is_history else folded(made)
    for table in list(tree.find_all(exp.Table)):
        if table.db == "loopline":
            table.replace(_under(marked(query, made, period=period, run=0), table.name))
    return tree


def merged(shape: Shape) -> exp.Query:
    """The current rows less those whose key the new rows hold, and the new rows: for a period after all others."""
    same = [exp.EQ(this=_name(key, "n"), expression=_name(key, "c")) for key in shape.keeping.key]
    newer = exp.select(exp.convert(1)).from_(_table(BROUGHT, "n")).where(exp.and_(*same))
    stays = exp.select(*(_name(one.name, "c") for one in shape.columns)).from_(_table(CURRENT, "c"))
    stays = stays.where(exp.not_(exp.Exists(this=newer)))
    comes = exp.select(*_names(shape.columns)).from_(_table(BROUGHT))
    return exp.union(stays, _less_deleted(comes, shape), distinct=False)


def folded(shape: Shape) -> exp.Query:
    """The same from all increments, whatever the order in which they came."""
    newest = _newest(shape.keeping.key)
    ranked = exp.select(*_names(shape.given), newest).from_(_table(INCREMENTS))
    kept = exp.select(*_names(shape.columns)).from_(_under(ranked, "ranked"))
    return _less_deleted(kept.where(_is_one(_NEWEST)), shape)


def _less_deleted(query: exp.Select, shape: Shape) -> exp.Select:
    if not shape.keeping.deleted:
        return query
    return query.where(exp.not_(exp.Coalesce(this=_name(shape.keeping.deleted), expressions=[exp.false()])))


def history(shape: Shape, snapshots: Sequence[str]) -> exp.Select:
    """Every stretch of time in which what is tracked of a key stayed the same; `snapshots` are all periods that came.

    What is not tracked is that of the newest row of the stretch.
    """
    keeping = shape.keeping
    seen = _seen(shape, snapshots)
    latest = exp.select("*").from_(_under(seen, "seen")).where(_is_one(_NEWEST))
    begins = exp.alias_(_begins(keeping), _BEGINS, quoted=True)
    marked_ = exp.select("*", begins).from_(_under(latest, "latest"))
    stretch = _over(exp.Sum(this=_name(_BEGINS)), keeping.key, [AT])
    stretched = exp.select("*", exp.alias_(stretch, _STRETCH, quoted=True)).from_(_under(marked_, "marked"))
    within = [*keeping.key, _STRETCH]
    last = _over(exp.RowNumber(), within, [AT], desc=True)
    since = exp.Window(this=exp.Min(this=_name(AT)), partition_by=[_name(one) for one in within])
    lasts = exp.select(
        *_names(_carried(shape)),
        _name(_UNTIL),
        exp.alias_(since, keeping.valid_from, quoted=True),
        exp.alias_(last, "_loopline_last", quoted=True),
    ).from_(_under(stretched, "stretched"))
    ended = exp.select("*").from_(_under(lasts, "lasts")).where(_is_one("_loopline_last"))
    until = exp.alias_(_until(keeping), keeping.valid_to, quoted=True)
    closed = exp.select(*_names(_carried(shape)), _name(keeping.valid_from), until).from_(_under(ended, "ended"))
    current = exp.alias_(_name(keeping.valid_to).is_(exp.null()), keeping.is_current, quoted=True)
    kept = [_name(one.name) for one in shape.columns if one.name != keeping.is_current]
    return exp.select(*kept, current).from_(_under(closed, "closed"))


def _carried(shape: Shape) -> tuple[Column, ...]:
    """The columns of a history that come from the query."""
    own = {shape.keeping.valid_from, shape.keeping.valid_to, shape.keeping.is_current}
    return tuple(column for column in shape.columns if column.name not in own)


def _seen(shape: Shape, snapshots: Sequence[str]) -> exp.Select:
    """The increments, each row with its place among those of its key and moment, and until when a snapshot holds."""
    at = exp.alias_(_since(shape), AT, quoted=True)
    marked_ = exp.select(*_names(_carried(shape)), _name(PERIOD), _name(RUN), at).from_(_table(INCREMENTS))
    wanted = [_name(name, "i") for name in (*(one.name for one in _carried(shape)), AT)]
    newest = _newest([*shape.keeping.key, AT])
    nothing = exp.cast(exp.null(), shape.since, dialect="duckdb")
    if shape.keeping.deletes is Deletes.KEEP or not snapshots:
        until = exp.alias_(nothing, _UNTIL, quoted=True)
        return exp.select(*wanted, newest, until).from_(_under(marked_, "i"))
    following = [*snapshots[1:], None]
    rows = [(key, _moment(after)) for key, after in zip(snapshots, following, strict=True)]
    until = exp.alias_(exp.cast(_name("until", "s"), shape.since, dialect="duckdb"), _UNTIL, quoted=True)
    same = exp.EQ(this=_name("period", "s"), expression=_name(PERIOD, "i"))
    joined = exp.select(*wanted, newest, until).from_(_under(marked_, "i"))
    return joined.join(exp.values(rows, alias="s", columns=["period", "until"]), on=same)


def _since(shape: Shape) -> exp.Expr:
    """Since when a row of an increment holds."""
    period: exp.Expr = _name(PERIOD)
    if shape.keeping.effective:
        period = _name(shape.keeping.effective)
    elif shape.period is PeriodKind.MONTH:
        period = exp.DPipe(this=period, expression=exp.Literal.string("-01"))
    elif shape.period is PeriodKind.HOUR:
        date, hour = (
            exp.Substring(this=period.copy(), start=exp.convert(at), length=exp.convert(length))
            for at, length in ((1, 10), (12, 2))
        )
        period = exp.DPipe(
            this=exp.DPipe(this=exp.DPipe(this=date, expression=exp.Literal.string(" ")), expression=hour),
            expression=exp.Literal.string(":00:00"),
        )
    return exp.cast(period, shape.since, dialect="duckdb")


def _moment(period: str | None) -> str | None:
    """When a period begins, as every engine reads it as a date or a timestamp."""
    if period is None:
        return None
    kind = {7: PeriodKind.MONTH, 10: PeriodKind.DAY}.get(len(period), PeriodKind.HOUR)
    return binding.period_text(kind, period)


def _begins(keeping: Keeping) -> exp.Case:
    """Whether a row begins a new stretch: it is the first, something tracked differs, or the one before has ended."""

    def before(name: str) -> exp.Window:
        return _over(exp.Lag(this=_name(name)), keeping.key, [AT])

    differs = [exp.NullSafeNEQ(this=_name(name), expression=before(name)) for name in keeping.tracked]
    ended = exp.LT(this=before(_UNTIL), expression=_name(AT))
    either = exp.or_(before(AT).is_(exp.null()), ended, *differs)
    return exp.Case(ifs=[exp.If(this=either, true=exp.convert(1))], default=exp.convert(0))


def _until(keeping: Keeping) -> exp.Expr:
    if keeping.deletes is Deletes.CLOSE:
        return _name(_UNTIL)
    return _over(exp.Lead(this=_name(keeping.valid_from)), keeping.key, [keeping.valid_from])


def _newest(keys: Sequence[str]) -> exp.Expr:
    return exp.alias_(_over(exp.RowNumber(), keys, [PERIOD, RUN], desc=True), _NEWEST, quoted=True)


def _over(function: exp.Expr, keys: Sequence[str], order: Sequence[str], *, desc: bool = False) -> exp.Window:
    ordered = [exp.Ordered(this=_name(name), desc=desc, nulls_first=False) for name in order]
    return exp.Window(this=function, partition_by=[_name(key) for key in keys], order=exp.Order(expressions=ordered))


def _is_one(name: str) -> exp.EQ:
    return exp.EQ(this=_name(name), expression=exp.convert(1))


def _name(column: str, table: str = "") -> exp.Column:
    return exp.column(column, table=table or None, quoted=True)


def _names(columns: Sequence[Column]) -> list[exp.Column]:
    return [_name(column.name) for column in columns]


def _table(dataset: str, alias: str = "") -> exp.Table:
    layer, _, table = dataset.partition(".")
    return exp.table_(table, db=layer, quoted=True, alias=alias or None)


def _under(query: exp.Query, alias: str) -> exp.Subquery:
    return query.subquery(alias)
