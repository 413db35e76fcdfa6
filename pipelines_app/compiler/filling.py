"""The body of a template with values in the place of its placeholders: one walk, whatever stands where."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from pipelines_app.compiler import binding, names, placeholders, statements
from pipelines_app.compiler.check_catalogue import KINDS
from pipelines_app.compiler.definition import Parameter
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.compiler.reading import step_into
from pipelines_app.errors import Problem, StatementRefused

_CONDITIONS = frozenset({"where", "expression"})
_BOUND = frozenset({"custom_sql", "metric_sql", "metric_sql_anomaly", "metrics"})  # whose SQL takes the values in
_SHORT = {kind: shape.shorthand for kind, shape in KINDS.items() if shape.shorthand in ("sql", "expression")}


@dataclass(kw_only=True)
class Filling:
    """What a body is filled with, and what was seen of it: the values used, those of them in SQL, and the faults.

    `item` is the name of a list's items in a step for each of them, `suffix` what tells the items of it apart.
    """

    values: Mapping[str, Parameter]
    used: set[str] = field(default_factory=set)
    declared: dict[str, Parameter] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    item: str = ""
    suffix: str = ""

    def for_item(self, name: str, value: Parameter, place: int) -> "Filling":
        """The same for one item of a list; what is seen is seen by both."""
        return replace(self, values={**self.values, name: value}, item=name, suffix=f"__{place}")

    def value(self, node: object, path: str, key: str = "", around: str = "") -> object:
        """Something of the body, filled; `key` is the entry it stands in, `around` the one around that."""
        if isinstance(node, Mapping):
            return self._mapping(node, path, key)
        if isinstance(node, list | tuple):
            return self._list(node, path, key)
        return self._text(node, path, key, around) if isinstance(node, str) else node

    def _mapping(self, node: Mapping[str, object], path: str, key: str) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, inner in node.items():
            here = step_into(path, str(name))
            called = self.name(str(name), here, lower=key == "sources")
            if called in found:
                self.problems.append(Problem(path=here, message=f"{called!r} is here twice once it is filled"))
            found[called] = self.value(inner, here, str(name), key)
        return found

    def _list(self, node: list[object] | tuple[object, ...], path: str, key: str) -> list[object]:
        found: list[object] = []
        for place, inner in enumerate(node):
            filled = self.value(inner, step_into(path, place), key)
            several = isinstance(inner, str) and isinstance(filled, list)
            found.extend(filled if several and isinstance(filled, list) else [filled])
        return found

    def _text(self, text: str, path: str, key: str, around: str) -> object:
        try:
            if key == "sql" or _SHORT.get(key) == "sql":
                return self._query(text, bind=bool(_BOUND & {key, around}))
            if key in _CONDITIONS or _SHORT.get(key) == "expression":
                return self._condition(text)
            filled = placeholders.fill(text, self._lookup)
            named = key in ("dataset", "inputs") and around != "listens"
            return filled.lower() if named and isinstance(filled, str) else filled
        except StatementRefused as refused:
            self._refused(path, refused)
        except ValueRefused as refused:
            self.problems.append(Problem(path=path, message=str(refused)))
        return text

    def name(self, text: str, path: str, *, lower: bool = False) -> str:
        """A name, filled; that of a dataset in lower case, as datasets are called."""
        try:
            filled = placeholders.filled_text(text, self._lookup)
        except ValueRefused as refused:
            self.problems.append(Problem(path=path, message=str(refused)))
            return text
        return filled.lower() if lower else filled

    def _lookup(self, name: str) -> Parameter:
        if name not in self.values:
            near = names.nearest(name, self.values)
            hint = f"; did you mean {near}?" if near else "; declare it among its parameters"
            raise ValueRefused(f"the template has no parameter {name!r}{hint}")
        self.used.add(name)
        return self.values[name]

    def _query(self, sql: str, *, bind: bool) -> str:
        """The SQL of a step keeps its `$name`, each declared for the pipeline; that of a check takes the values in."""
        if not bind:
            return placeholders.in_sql(sql, self._lookup, self._declared)
        text = placeholders.in_sql(sql, self._lookup, self._noted)
        return self._bound(statements.parse(text), text)

    def _condition(self, sql: str) -> str:
        text = placeholders.in_sql(sql, self._lookup, self._noted)
        return self._bound(exp.Where(this=statements.parse_condition(text)), text)

    def _bound(self, tree: exp.Expr, text: str) -> str:
        """The text of a tree with its parameters in place; as it was written where there are none."""
        if not tree.find(exp.Placeholder, exp.Parameter):
            return text
        bound, _ = binding.fill(tree, list(self.values.values()))
        return statements.text(bound.this if isinstance(bound, exp.Where) else bound)

    def _noted(self, name: str) -> str:
        if name != binding.PERIOD:
            self._lookup(name)
        return name

    def _declared(self, name: str) -> str:
        """What the pipeline calls a value."""
        if name == binding.PERIOD:
            return name
        self._lookup(name)
        called = name + self.suffix if name == self.item else name
        self.declared[called] = replace(self.values[name], name=called)
        return called

    def declare(self, name: str) -> None:
        """Have a value declared for the pipeline that what comes for a source gives."""
        if name in self.values:
            self.used.add(name)
            self.declared[name] = self.values[name]

    def _refused(self, path: str, refused: StatementRefused) -> None:
        self.problems.append(refused.at(path))
