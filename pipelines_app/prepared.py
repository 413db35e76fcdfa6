"""Statements of the hot path that are built and compiled once, and asked again with other values.

Building and compiling a query costs Django several times what the database needs to answer it: on the way from an
arrival to its first step that was most of the time. The rows come back as models, just as from the query itself.
"""

import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Field, Model, QuerySet
from django.db.models.expressions import DatabaseDefault, Value
from django.db.models.query import get_related_populators
from django.db.models.sql import UpdateQuery
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)


def cursor() -> CursorWrapper:
    """A cursor whose statements PostgreSQL parses and plans once for a connection, not each time.

    For statements that are written alike each time: from the third time on one is kept, a hundred of them at most.
    Where statements are written down, none is: psycopg does not know the text of one that is kept.
    """
    if connection.vendor != "postgresql" or connection.queries_logged:
        return connection.cursor()
    held: Any = connection
    held.close_if_health_check_failed()
    held.ensure_connection()
    with held.wrap_database_errors:
        made: CursorWrapper = held._prepare_cursor(held.Database.Cursor(held.connection))
    return made


class Given(Value):
    """A value that is known only when the statement is asked; `name` is the keyword it is given by."""

    def __init__(self, name: str, field: "Field[Any, Any] | None" = None) -> None:
        super().__init__(name, output_field=field)
        self.name, self.column = name, field

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Itself stands where the value will."""
        return "%s", [self]

    def ready(self, value: Any) -> Any:
        """The value as the database takes it."""
        return value if self.column is None else self.column.get_db_prep_save(value, connection)


class Several(Given):
    """The values of an `__in`, at least one; how many there are is known only then, too."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """A mark stands where as many places will as there are values."""
        return f"({self.mark})", [self]

    @property
    def mark(self) -> str:
        return f"<{self.name}>"


class _Compiled:
    """A statement of one connection."""

    def __init__(self, compiler: SQLCompiler) -> None:
        self.compiler = compiler
        self.sql, self.params = compiler.as_sql()

    def asked(self, given: dict[str, Any]) -> tuple[str, list[Any]]:
        """Its text and its parameters with these values."""
        sql, params = self.sql, []
        for one in self.params:
            if isinstance(one, Several):
                sql = sql.replace(one.mark, ", ".join(["%s"] * len(given[one.name])))
                params += given[one.name]
            else:
                params.append(one.ready(given[one.name]) if isinstance(one, Given) else one)
        return sql, params


class _Rows(_Compiled):
    """A query of one connection, and how its rows become models."""

    def __init__(self, compiler: SQLCompiler) -> None:
        super().__init__(compiler)
        info: Any = compiler.klass_info
        select: Any = compiler.select
        self._model = info["model"]
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._own = slice(first, last)
        self._names = [column[0].target.attname for column in select[first:last]]
        self._related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # its stub is of Django 6

    def model_of(self, row: Any) -> Any:
        found = self._model.from_db(connection.alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, found)
        return found


class Prepared(Generic[Row]):
    """A query as `build` makes it, with a `Given` for every value that changes from one time to the next."""

    def __init__(self, build: Callable[[], "QuerySet[Row]"]) -> None:
        self._build = build
        self._kept = threading.local()  # a compiled query belongs to a connection, and that to a thread

    def all(self, **given: Any) -> list[Row]:
        """Every row that the query finds with these values."""
        compiled = self._compiled()
        with cursor() as asking:
            asking.execute(*compiled.asked(given))
            rows = asking.fetchall()
        return [compiled.model_of(row) for row in compiled.compiler.results_iter([rows])]

    def first(self, **given: Any) -> Row | None:
        """The first of them, or nothing."""
        found = self.all(**given)
        return found[0] if found else None

    def _compiled(self) -> _Rows:
        kept: _Rows | None = getattr(self._kept, "compiled", None)
        if kept is None:
            kept = self._kept.compiled = _Rows(self._build().query.get_compiler(using=connection.alias))
        return kept


class Change:
    """An update of the rows that `build` finds: each of `values` is an expression or a `Given`, as in the query."""

    def __init__(self, build: Callable[[], "QuerySet[Any]"], **values: Any) -> None:
        self._build, self._values = build, values
        self._kept = threading.local()

    def make(self, **given: Any) -> int:
        """Change them with these values; says how many there were."""
        with cursor() as asking:
            asking.execute(*self._compiled().asked(given))
            return int(asking.rowcount)

    def _compiled(self) -> _Compiled:
        kept: _Compiled | None = getattr(self._kept, "compiled", None)
        if kept is None:
            found = self._build()
            query = cast(UpdateQuery, found.query.chain(UpdateQuery))
            query.add_update_values({name: self._of_field(found.model, name) for name in self._values})
            kept = self._kept.compiled = _Compiled(query.get_compiler(using=connection.alias))
        return kept

    def _of_field(self, model: type[Model], name: str) -> Any:
        value, field = self._values[name], cast("Field[Any, Any]", model._meta.get_field(name))
        return Given(value.name, field) if type(value) is Given else value


def add(rows: Sequence[Model]) -> None:
    """Insert new rows of one model and give them their ids; what the database fills in by itself is not read back."""
    if rows:
        fields = _fields(type(rows[0]))
        most = connection.ops.bulk_batch_size(fields, rows)
        for begin in range(0, len(rows), most):
            _insert(rows[begin : begin + most], fields)


def _insert(rows: Sequence[Model], fields: "Sequence[Field[Any, Any]]") -> None:
    values = [field.get_db_prep_save(_value(row, field), connection) for row in rows for field in fields]
    with cursor() as asking:
        asking.execute(_insertion(type(rows[0]), len(rows)), values)
        ids = asking.fetchall()
    for row, (pk,) in zip(rows, ids, strict=True):
        row.pk = pk
        row._state.adding, row._state.db = False, connection.alias


def _value(row: Model, field: "Field[Any, Any]") -> Any:
    """What the row says, or the constant that the database would have put where it says nothing."""
    said = field.pre_save(row, add=True)
    return field.db_default if isinstance(said, DatabaseDefault) else said


@lru_cache(maxsize=64)
def _fields(model: type[Model]) -> "list[Field[Any, Any]]":
    """What an insert writes: all but the id, and but what the database fills in by an expression of its own."""
    written = [field for field in model._meta.concrete_fields if not field.primary_key]
    return [field for field in written if not hasattr(field.db_default, "resolve_expression")]


@lru_cache(maxsize=256)
def _insertion(model: type[Model], count: int) -> str:
    ops: Any = connection.ops  # its stub is of Django 6
    fields = _fields(model)
    columns = "(" + ", ".join(ops.quote_name(field.column) for field in fields) + ")"
    places = ops.bulk_insert_sql(fields, [["%s"] * len(fields)] * count)
    returned, _ = ops.return_insert_columns([model._meta.pk])
    return " ".join([ops.insert_statement(), ops.quote_name(model._meta.db_table), columns, places, returned])
