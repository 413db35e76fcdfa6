"""Many pipelines from one table: typed, sent or filled in cell by cell, planned as a whole, registered as a whole."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from pipelines_app import lake
from pipelines_app.access import permits
from pipelines_app.compiler import templating
from pipelines_app.definitions import files, plans, shelf, shipped, tables
from pipelines_app.definitions.files import File
from pipelines_app.definitions.tables import Fault, Table
from pipelines_app.errors import ArrivalRefused, DefinitionInvalid, LooplineError, LostRace
from pipelines_app.models import Template
from pipelines_app.web import uploading
from pipelines_app.web.asking import Asked
from pipelines_app.web.registering.values import lines
from pipelines_app.web.templating import planning

MOST_IN_CELLS = 200


@dataclass(frozen=True)
class Cell:
    """One cell of the grid: the name of its field, what stands in it, and what is wrong with it."""

    name: str
    label: str
    value: str
    faults: Sequence[str] = ()


@dataclass(frozen=True)
class GridRow:
    """One row of the grid, and what is wrong with it as a whole."""

    number: int
    cells: Sequence[Cell]
    faults: Sequence[str] = ()


@login_required
def many(request: Asked, name: str) -> HttpResponse:
    """Take a table, say what registering all of it would do, and register it."""
    shipped.keep_up(name)
    rows = Template.objects.visible_to(request.user).filter(current__isnull=False).select_related("current")
    found = get_object_or_404(rows, name=name)
    template = shelf.stored(found.in_force)
    if request.method != "POST":
        return _shown(request, found, template, {"text": _begun(template)})
    text, table = "", None
    try:
        permits.edits_somewhere(request.user)
        text = _text(request)
        table = tables.read(text)
        given = tables.files(table, template, team=request.POST.get("team", ""))
        _refuse_teams(request, given)
        if "apply" in request.POST:
            return _done(request, found, given)
        plan = plans.plan(given, author=planning.author(request))
    except DefinitionInvalid as invalid:
        wrong = tables.faults(invalid.problems)
        return _shown(request, found, template, {"text": text, "faults": wrong, **_grid(table, wrong)})
    except LooplineError as error:
        wrong = [Fault(row=0, column="", message=told) for told in planning.faults(error)]
        return _shown(request, found, template, {"text": text, "faults": wrong, **_grid(table, wrong)})
    return _shown(request, found, template, {"text": text, "plan": plan, **_grid(table, [])})


def _begun(template: templating.Template) -> str:
    """The header that a table for this template begins with."""
    return ",".join([tables.PIPELINE, *(one.name for one in template.asked)]) + "\n"


def _text(request: Asked) -> str:
    """The table: the file if there is one, the cells if they were changed, else the text."""
    file = uploading.uploaded(request.FILES, "file")
    if file is not None:
        path = lake.path(file.received.place)
        try:
            return lines(path.read_bytes()[: tables.MOST_BYTES + 1].decode())
        except UnicodeDecodeError as error:
            raise ArrivalRefused(f"{file.name} is not a text in UTF-8.", todo="Save it as UTF-8.") from error
        finally:
            path.unlink(missing_ok=True)
    return _cells(request) if "cells" in request.POST else lines(request.POST.get("text", ""))


def _cells(request: Asked) -> str:
    """The cells of the grid as a table."""
    header, number = request.POST.getlist("header"), request.POST.get("number", "")
    rows = int(number) if number.isdecimal() and len(number) < 5 else 0
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for row in range(1, min(rows, tables.MOST_ROWS) + 1):
        writer.writerow([request.POST.get(f"c{row}-{place}", "") for place in range(len(header))])
    return out.getvalue()


def _refuse_teams(request: Asked, given: Sequence[File]) -> None:
    for team in files.teams(given):
        permits.writes_for(request.user, team)


def _done(request: Asked, found: Template, given: list[File]) -> HttpResponse:
    post = request.POST
    try:
        done = plans.carry_out(
            given,
            author=planning.author(request),
            why=post.get("why", "").strip(),
            state=post.get("state", ""),
            breaking="breaking" in post,
        )
    except IntegrityError as error:
        raise LostRace("Somebody registered one of these at the same moment.", todo="Plan it again.") from error
    planning.say(request, done)
    return redirect("console:template", found.name)


def _grid(table: Table | None, wrong: Sequence[Fault]) -> dict[str, object]:
    """The table as cells, each with what is wrong with it; a long one only shows the rows at fault."""
    if table is None:
        return {}
    at: dict[tuple[int, str], list[str]] = {}
    for fault in wrong:
        at.setdefault((fault.row, fault.column), []).append(fault.message)
    if len(table.rows) > MOST_IN_CELLS:
        return {"too_many": len(table.rows)}
    rows = [
        GridRow(
            number=place,
            cells=[
                Cell(f"c{place}-{column}", f"{name}, row {place}", cell, at.get((place, name), ()))
                for column, (name, cell) in enumerate(zip(table.header, row, strict=True))
            ],
            faults=at.get((place, ""), ()),
        )
        for place, row in enumerate(table.rows, start=1)
    ]
    return {"header": table.header, "grid": rows}


def _shown(request: Asked, found: Template, template: templating.Template, told: Mapping[str, object]) -> HttpResponse:
    teams = sorted(permits.teams_written_for(request.user))
    context = {
        "template": found,
        "asked": template.asked,
        "teams": teams,
        "team": request.POST.get("team", teams[0] if teams else ""),
        "why": request.POST.get("why", ""),
        **told,
    }
    return render(request, "templating/many.html", context, status=422 if told.get("faults") else 200)
