"""Queries of the hot path that are built and compiled once, and asked again with other values.

Building and compiling a query costs Django several times what the database needs to answer it: on the way from an
arrival to its first step that was most of the time. The rows come back as models, just as from the query itself.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.expressions import Value
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)


class Given(Value):
    """A value that is known only when the query is asked; `name` is the keyword it is given by."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Itself stands where the value will."""
        return "%s", [self]


class Prepared(Generic[Row]):
    """A query as `build` makes it, with a `Given` for every value that changes from one time to the next."""

    def __init__(self, build: Callable[[], "QuerySet[Row]"]) -> None:
        self._build = build
        self._kept = threading.local()  # a compiled query belongs to a connection, and that to a thread

    def all(self, **given: Any) -> list[Row]:
        """Every row that the query finds with these values."""
        compiled = self._compiled()
        params = [given[one.name] if isinstance(one, Given) else one for one in compiled.params]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            rows = cursor.fetchall()
        return [compiled.model_of(row) for row in compiled.compiler.results_iter([rows])]

    def first(self, **given: Any) -> Row | None:
        """The first of them, or nothing."""
        found = self.all(**given)
        return found[0] if found else None

    def _compiled(self) -> "_Compiled[Row]":
        kept: _Compiled[Row] | None = getattr(self._kept, "compiled", None)
        if kept is None:
            kept = self._kept.compiled = _Compiled(self._build())
        return kept


class _Compiled(Generic[Row]):
    def __init__(self, queryset: "QuerySet[Row]") -> None:
        self.compiler: SQLCompiler = queryset.query.get_compiler(using=connection.alias)
        self.sql, self.params = self.compiler.as_sql()
        info: Any = self.compiler.klass_info
        select: Any = self.compiler.select
        self._model = info["model"]
        first, last = info["select_fields"][0], info["select_fields"][-1] + 1
        self._own = slice(first, last)
        self._names = [column[0].target.attname for column in select[first:last]]
        self._related = get_related_populators(info, select, connection.alias)  # type: ignore[call-arg]  # its stub is of Django 6

    def model_of(self, row: Any) -> Row:
        found: Row = self._model.from_db(connection.alias, self._names, row[self._own])
        for populator in self._related:
            populator.populate(row, found)
        return found
