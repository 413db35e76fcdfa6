"""In which order rows are locked. Who holds several took them in this one order, so nobody waits in a circle.

A row that is held can still be pointed to by new rows: only what would change it waits. What skips rows that others
hold (the claims of steps and of deliveries) waits for nobody, and has no place in the order.
"""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)

ORDER = (
    "pipelines_app.delivery",  # the event that a consumer has in hand
    "pipelines_app.habit",
    "pipelines_app.turn",  # one registration at a time
    "pipelines_app.template",
    "pipelines_app.run",  # one that runs; one that waits comes after whatever it waits for
    "pipelines_app.dataset",
    "pipelines_app.slot",
    "pipelines_app.steprun",
    "pipelines_app.pipeline",  # all that a transaction will start, before it asks for any place of theirs
    "pipelines_app.backfill",
    "pipelines_app.environment",
    "pipelines_app.team",
    "pipelines_app.enginelimit",
    "pipelines_app.dropsource",
    "pipelines_app.clock",
    "monitoring_app.channel",
    "monitoring_app.alert",
)


def held(rows: "QuerySet[Row]") -> "QuerySet[Row]":
    """The same rows, which nobody else changes until the transaction ends; several are taken in one order."""
    return rows.select_for_update(of=("self",), no_key=True).order_by("pk")


def free(rows: "QuerySet[Row]") -> "QuerySet[Row]":
    """Those of the rows that nobody holds, held from now on."""
    return rows.select_for_update(of=("self",), no_key=True, skip_locked=True)


def hold(*wanted: "QuerySet[Any]") -> None:
    """Take rows of one table or several, in the declared order."""
    for rows in sorted(wanted, key=lambda one: ORDER.index(one.model._meta.label_lower)):
        list(held(rows).only("pk"))
