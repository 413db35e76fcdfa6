"""What a table, a query or a function offers: columns with their origins, as far as they are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from pipelines_app.compiler.columns.influence import NOTHING, Kind, Origin, Trace


@dataclass(frozen=True, slots=True)
class Column:
    """An output column, its name as it is spelled."""

    name: str
    trace: Trace
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Wild:
    """All columns of tables whose columns are not known, less the hidden; or of a function, which all come alike."""

    tables: frozenset[str]
    made: Trace = NOTHING
    hidden: frozenset[str] = frozenset()

    def column(self, name: str) -> Trace | None:
        """The origins of a column that is believed to be among them."""
        if name.lower() in self.hidden:
            return None
        return self.made | {Origin(table, name, Kind.IDENTITY) for table in self.tables}

    def less(self, names: Iterable[str]) -> "Wild":
        return replace(self, hidden=self.hidden | {name.lower() for name in names})

    def __or__(self, other: "Wild") -> "Wild":
        return Wild(self.tables | other.tables, self.made | other.made, self.hidden & other.hidden)


Output = Column | Wild


@dataclass(slots=True)
class Relation:
    """Columns in order, and what decides over the rows; `base` is the table's name where it is one."""

    outputs: tuple[Output, ...]
    rows: Trace = NOTHING
    base: str = ""
    _quoted: dict[str, Trace] = field(default_factory=dict, init=False)
    _plain: dict[str, Trace] = field(default_factory=dict, init=False)
    wilds: tuple[Wild, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        wilds = []
        for output in self.outputs:
            if isinstance(output, Wild):
                wilds.append(output)
                continue
            own, name = (self._quoted, output.name) if output.quoted else (self._plain, output.name.lower())
            own[name] = own[name] | output.trace if name in own else output.trace
        self.wilds = tuple(wilds)

    def known(self, name: exp.Expr) -> Trace | None:
        """The origins of a column known to be here: quoted names by their spelling first, others in any case."""
        text = name.name
        if name.args.get("quoted") and text in self._quoted:
            return self._quoted[text]
        folded = text.lower()
        if folded in self._plain:
            return self._plain[folded]
        return next((trace for other, trace in self._quoted.items() if other.lower() == folded), None)

    def column(self, name: exp.Expr) -> Trace | None:
        """The origins of a column that is here, or can only be here."""
        found = self.known(name)
        if found is not None:
            return found
        for wild in self.wilds:
            guessed = wild.column(name.name)
            if guessed is not None and len(self.wilds) == 1:
                return guessed
        if self.base:
            return frozenset({Origin(self.base, name.name, Kind.IDENTITY)})
        return None

    def names(self) -> list[str]:
        return [output.name for output in self.outputs if isinstance(output, Column)]

    def whole(self) -> Trace:
        """The origins of a row as a whole."""
        found = NOTHING
        for output in self.outputs:
            found |= (output.column("*") or NOTHING) if isinstance(output, Wild) else output.trace
        return found

    def renamed(self, names: Sequence[exp.Expr]) -> "Relation":
        """The same with other names, by position; what stands behind columns that are not known keeps its own."""
        if not names:
            return self
        places = [place for place, output in enumerate(self.outputs) if isinstance(output, Wild)]
        if not places:
            kept = self.outputs[len(names) :]
            return Relation((*_named(names, self.outputs), *kept), self.rows)
        # Before the first and after the last that is not known, places are known: from the front, and from the back.
        after = len(self.outputs) - places[-1] - 1
        front, middle = names[: places[0]], names[places[0] : len(names) - after]
        back = names[len(front) + len(middle) :]
        unsure = Relation(self.outputs[places[0] : places[-1] + 1]).whole()
        made = [Column(name.name, unsure, _quoted(name)) for name in middle]
        ends = _named(front, self.outputs), _named(back, self.outputs[len(self.outputs) - after :])
        return Relation((*ends[0], *made, *ends[1]), self.rows)

    def also(self, rows: Trace) -> "Relation":
        """The same, with more that decides over its rows."""
        if rows <= self.rows:
            return self
        return Relation(self.outputs, self.rows | rows, self.base)


def _named(names: Sequence[exp.Expr], outputs: Sequence[Output]) -> list[Output]:
    return [
        Column(name.name, output.trace, _quoted(name))
        for name, output in zip(names, outputs, strict=False)
        if isinstance(output, Column)
    ]


def _quoted(name: exp.Expr) -> bool:
    return bool(name.args.get("quoted"))


def unknown(table: str) -> Relation:
    """A table of which nothing is known but its name."""
    return Relation((Wild(frozenset({table})),), base=table)


def known(table: str, columns: Iterable[str]) -> Relation:
    """A table whose columns are known."""
    made = [Column(name, frozenset({Origin(table, name, Kind.IDENTITY)})) for name in columns]
    return Relation(tuple(made), base=table)


def united(left: Relation, right: Relation, *, by_name: bool) -> Relation:
    """The rows of both: columns meet by position, or by name where positions are not known."""
    rows = left.rows | right.rows
    if not by_name and _alike(left, right):
        pairs = zip(left.outputs, right.outputs, strict=True)
        return Relation(tuple(_merged(one, other) for one, other in pairs), rows)
    if not by_name and not left.wilds and not right.wilds:
        short = tuple(_merged(one, other) for one, other in zip(left.outputs, right.outputs, strict=False))
        return Relation((*short, *left.outputs[len(short) :]), rows)
    return Relation(_by_name(left, right), rows)


def _alike(left: Relation, right: Relation) -> bool:
    shapes = [[isinstance(output, Wild) for output in side.outputs] for side in (left, right)]
    return shapes[0] == shapes[1]


def _merged(one: Output, other: Output) -> Output:
    if isinstance(one, Wild):
        return one | other if isinstance(other, Wild) else one
    return Column(one.name, one.trace | other.trace, one.quoted) if isinstance(other, Column) else one


def _by_name(left: Relation, right: Relation) -> tuple[Output, ...]:
    found: dict[str, Column] = {}
    for side, others in ((left, right), (right, left)):
        for output in side.outputs:
            if isinstance(output, Column) and output.name.lower() not in found:
                theirs = others.column(exp.to_identifier(output.name)) or NOTHING
                found[output.name.lower()] = Column(output.name, output.trace | theirs, output.quoted)
    wild = [output for output in (*left.outputs, *right.outputs) if isinstance(output, Wild)]
    if not wild:
        return tuple(found.values())
    both = wild[0]
    for one in wild[1:]:
        both = both | one
    # Names that only one side has written out are columns of the other side's unknown ones already.
    return (*found.values(), both.less(found))
