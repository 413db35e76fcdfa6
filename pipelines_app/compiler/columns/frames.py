"""What the names in one SELECT can mean: its sources, its own columns, and the queries around it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from pipelines_app.compiler.columns.influence import NOTHING, Kind, Trace, aside, below
from pipelines_app.compiler.columns.relations import Column, Output, Relation, Wild

# Where SELECT a AS b, b + 1 AS c is an error, or b another column: an output column is not seen by its neighbours.
_NEIGHBOURS_UNSEEN = frozenset(
    {"postgres", "mysql", "tsql", "bigquery", "hive", "sqlite", "oracle", "trino", "presto", "athena", "doris"}
)
# Where a.b may be the field b of a column a that nobody has told of.
_STRUCTURED = frozenset(
    {"bigquery", "spark", "spark2", "databricks", "hive", "duckdb", "trino", "presto", "athena", "clickhouse"}
)
# Where a WITH query may read itself without being called RECURSIVE.
_RECURSIVE_UNSAID = frozenset({"tsql", "oracle", "fabric", "exasol", "snowflake"})


class Aliases(IntEnum):
    """Whether a name may mean an output column of its own query, and before what."""

    UNSEEN = 0
    BEFORE_GUESSES = 1
    FIRST = 2


@dataclass
class Walk:
    """One passage through a statement: where tables are looked up, who reads queries, what could not be resolved."""

    dialect: str
    table: Callable[[exp.Table], Relation]
    query: Callable[[exp.Expr, "Frame"], Relation]
    notes: dict[str, None] = field(default_factory=dict)
    changes: list[exp.Expr] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)
    _invented: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._invented = frozenset(Dialect.get_or_raise(self.dialect).PSEUDOCOLUMNS)

    def note(self, reason: str) -> None:
        """Say that the lineage is partial, and why."""
        self.notes[reason] = None

    def invents(self, name: str) -> bool:
        """Whether this is a variable of the script, or what the engine itself has in every row, such as ROWNUM."""
        return name.upper() in self._invented or name.lower() in self.variables

    @property
    def sees_neighbours(self) -> bool:
        return self.dialect not in _NEIGHBOURS_UNSEEN

    @property
    def recursive_unsaid(self) -> bool:
        return self.dialect in _RECURSIVE_UNSAID


@dataclass(slots=True)
class Source:
    """Something in FROM: the parts of the name it goes by, what it offers, and whether * shows it."""

    names: tuple[str, ...]
    relation: Relation
    starred: bool = True

    def goes_by(self, parts: Sequence[str]) -> bool:
        """Whether these are the last parts of its name."""
        return bool(parts) and self.names[-len(parts) :] == tuple(parts)


@dataclass
class Frame:
    """The names of one SELECT and, above it, those of the queries around it."""

    walk: Walk
    parent: "Frame | None" = None
    queries: dict[str, Relation] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    _named: dict[str, list[Source]] = field(default_factory=dict)
    shared: dict[str, Column] = field(default_factory=dict)
    aliases: dict[str, Trace] = field(default_factory=dict)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    variables: frozenset[str] = frozenset()
    seen: Aliases = Aliases.UNSEEN
    rows: Trace = NOTHING
    multiplied: Trace = NOTHING

    def within(self) -> "Frame":
        """An empty frame below this one, with the same WITH queries."""
        return Frame(self.walk, self, dict(self.queries))

    def beside(self) -> "Frame":
        """An empty frame that sees the WITH queries and what stands around this one, but not its sources."""
        return Frame(self.walk, self.parent, dict(self.queries))

    def decide(self, trace: Trace, kind: Kind) -> None:
        """Let something decide over the rows."""
        self.rows |= aside(trace, kind)

    def add(self, source: Source) -> None:
        self.sources.append(source)
        self._named.setdefault(source.names[-1], []).append(source)
        self.rows |= source.relation.rows

    def take(self, source: Source) -> None:
        """Let this be the only source, whatever was there before."""
        self.sources, self._named, self.shared = [], {}, {}
        self.add(source)

    def outward(self) -> "Iterator[Frame]":
        """This frame and those around it, the nearest first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame
            frame = frame.parent

    def source(self, parts: Sequence[exp.Expr]) -> Source | None:
        """The source of this name, the nearest one; of two in the same query the later."""
        wanted = tuple([part.name.lower() for part in parts])
        for frame in self.outward():
            for source in reversed(frame._named.get(wanted[-1], ())):
                if len(wanted) == 1 or source.goes_by(wanted):
                    return source
        return None

    def star(self) -> list[Output]:
        """What * stands for: columns that joins share come once."""
        found: list[Output] = []
        for source in self.sources:
            if source.starred:
                found += [
                    output.less(self.shared) if isinstance(output, Wild) and self.shared else output
                    for output in source.relation.outputs
                    if isinstance(output, Wild) or output.name.lower() not in self.shared
                ]
        return [*self.shared.values(), *found]


def column(parts: Sequence[exp.Expr], frame: Frame) -> Trace:
    """The origins of a name of one or more parts: [[catalog.]schema.]source.column.field."""
    for taken in range(len(parts) - 1, 0, -1):
        source = frame.source(parts[:taken])
        if source is not None:
            found = source.relation.column(parts[taken])
            if found is not None:
                return below(found, _path(parts[taken + 1 :]))
    if parts[0].name.lower() in frame.variables:
        return NOTHING
    found = _plain(parts[0], frame, guessing=len(parts) == 1 or frame.walk.dialect in _STRUCTURED)
    if found is None and len(parts) == 1:
        found = _whole_row(parts[0], frame)
    if found is not None:
        return below(found, _path(parts[1:]))
    frame.walk.note(f"{'.'.join(part.name for part in parts)} cannot be told: {_why(parts, frame)}")
    return NOTHING


def _path(parts: Sequence[exp.Expr]) -> str:
    return ".".join(part.name for part in parts)


def _plain(name: exp.Expr, frame: Frame, *, guessing: bool) -> Trace | None:
    """The origins of a name without a source, looked for from the inside out."""
    for around in frame.outward():
        found = _here(name, around, guessing=guessing)
        if found is not None:
            return found
        if _guesses(name, around):
            break
    return None


def _here(name: exp.Expr, frame: Frame, *, guessing: bool) -> Trace | None:
    folded = name.name.lower()
    if frame.seen == Aliases.FIRST and folded in frame.aliases:
        return frame.aliases[folded]
    if folded in frame.shared:
        return frame.shared[folded].trace
    found = _known(name, frame)
    if found is None and frame.seen and folded in frame.aliases:
        return frame.aliases[folded]
    if found is None and frame.walk.invents(folded):
        return NOTHING
    return _guess(name, frame) if found is None and guessing else found


def _known(name: exp.Expr, frame: Frame) -> Trace | None:
    found = None
    for source in frame.sources:
        trace = source.relation.known(name)
        if trace is not None:
            found = trace if found is None else found | trace
    return found


def _guesses(name: exp.Expr, frame: Frame) -> list[Trace]:
    """What the name would be of each source whose columns are not known."""
    found = [wild.column(name.name) for source in frame.sources for wild in source.relation.wilds]
    return [trace for trace in found if trace is not None]


def _guess(name: exp.Expr, frame: Frame) -> Trace | None:
    """The only thing it can be; a column that the given schema of the only table lacks is believed to be there."""
    guesses = list(dict.fromkeys(_guesses(name, frame)))
    if len(guesses) == 1:
        return guesses[0]
    # Of a table and what a function makes beside it, the table has the names that nobody introduced.
    tables = [guess for guess in guesses if any(origin.kind == Kind.IDENTITY for origin in guess)]
    if len(tables) == 1:
        return tables[0]
    bases = [source.relation for source in frame.sources if source.relation.base]
    if not guesses and len(bases) == 1 and len(frame.sources) == 1 and frame.parent is None:
        return bases[0].column(name)
    return None


def _whole_row(name: exp.Expr, frame: Frame) -> Trace | None:
    source = frame.source([name])
    return source.relation.whole() if source else None


def _why(parts: Sequence[exp.Expr], frame: Frame) -> str:
    if len(parts) > 1 and frame.source(parts[:-1]) is None:
        return f"no source is called {parts[-2].name}"
    tables = sorted({table for source in frame.sources for wild in source.relation.wilds for table in wild.tables})
    if len(tables) > 1:
        return f"it may be of any of {', '.join(tables)}"
    return "no source has it"
