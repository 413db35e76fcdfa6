"""What a run of statements reads and writes, and which tables it makes for itself on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from pipelines_app.compiler.columns import queries
from pipelines_app.compiler.columns.frames import Frame, Walk
from pipelines_app.compiler.columns.influence import Trace
from pipelines_app.compiler.columns.naming import Catalogue
from pipelines_app.compiler.columns.relations import Column, Output, Relation, known, united, unknown


@dataclass(slots=True)
class Written:
    """What one statement writes into one table; an empty name is the answer of a bare query."""

    table: str
    outputs: tuple[Output, ...]
    rows: Trace


@dataclass(slots=True)
class Made:
    """A table as the script left it; whole if nothing in it is older than the script."""

    relation: Relation
    whole: bool
    temporary: bool = False


@dataclass
class Script:
    """Statements one after another, and the tables between them."""

    dialect: str
    catalogue: Catalogue
    reads: dict[str, None] = field(default_factory=dict)
    writes: dict[str, None] = field(default_factory=dict)
    passed: set[str] = field(default_factory=set)
    written: list[Written] = field(default_factory=list)
    made: dict[str, Made] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    walk: Walk = field(init=False)
    targets: set[int] = field(default_factory=set)
    parse: Callable[[str], list[exp.Expr]] | None = None

    def __post_init__(self) -> None:
        self.walk = Walk(self.dialect, self._table, queries.relation)

    def frame(self) -> Frame:
        """An empty frame to read a statement in."""
        return Frame(self.walk)

    def name(self, table: exp.Expr) -> str:
        """The full name of what a statement reads or writes; of a file its path."""
        return self.catalogue.name(table, self.dialect) if isinstance(table, exp.Table) else table.name

    def _table(self, node: exp.Table) -> Relation:
        name = self.name(node)
        if id(node) in self.targets:
            return self.base(name)
        made = self.made.get(name.lower())
        if made is not None and made.whole:
            self.passed.add(name.lower())
            return made.relation
        self.reads[name] = None
        base = self.base(name)
        return base if made is None else united(base, made.relation, by_name=True)

    def base(self, name: str) -> Relation:
        """A table as it is before the script."""
        columns = self.catalogue.columns(name)
        return unknown(name) if columns is None else known(name, columns)

    def write(self, name: str, relation: Relation, *, whole: bool, temporary: bool = False) -> None:
        """Note that a table is written: made anew, or added to."""
        folded = name.lower()
        # A variable that holds a table is gone with the script.
        temporary = temporary or name.startswith("@")
        self.writes[name] = None
        self.written.append(Written(name, relation.outputs, relation.rows))
        before = self.made.get(folded)
        if before is not None and not whole:
            relation, whole = united(before.relation, relation, by_name=True), before.whole
            temporary = before.temporary
        # What it is to others carries nothing of how its rows were chosen twice.
        self.made[folded] = Made(relation, whole, temporary)

    def answer(self, relation: Relation) -> None:
        """Note what a bare query gives."""
        self.written.append(Written("", relation.outputs, relation.rows))

    def declare(self, name: str, columns: Sequence[str], *, temporary: bool) -> None:
        """Note that an empty table is made."""
        if columns:
            self.catalogue.learn(name, columns)
        self.writes[name] = None
        empty = tuple(Column(column, frozenset()) for column in columns)
        if empty:
            self.made[name.lower()] = Made(Relation(empty), whole=True, temporary=temporary)

    def drop(self, name: str) -> None:
        """Forget a table; one that was made here was made for the way only, another is changed for good."""
        if self.made.pop(name.lower(), None) is not None:
            self.passed.add(name.lower())
        elif name not in self.reads:
            self.writes[name] = None

    def rename(self, name: str, other: str) -> None:
        made = self.made.pop(name.lower(), None)
        if made is not None:
            self.made[other.lower()] = made
            self.writes = {other if one.lower() == name.lower() else one: None for one in self.writes}
            for written in self.written:
                if written.table.lower() == name.lower():
                    written.table = other

    def between(self, name: str) -> bool:
        """Whether a table is there only between the statements."""
        made = self.made.get(name.lower())
        return name.lower() in self.passed or (made is not None and made.temporary)
