"""Definitions as code: many of them planned, looked at and applied on one page; all of them as files."""

import io
import zipfile
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from pipelines_app import lake
from pipelines_app.access import discretion, permits
from pipelines_app.compiler import documents
from pipelines_app.definitions import files, plans
from pipelines_app.definitions.files import File
from pipelines_app.definitions.planned import Plan
from pipelines_app.definitions.register import Author
from pipelines_app.errors import ArrivalRefused, DefinitionInvalid, LooplineError, LostRace, Problem
from pipelines_app.models import EDITING, Pipeline, Template
from pipelines_app.web import telling
from pipelines_app.web.asking import Asked, actor
from pipelines_app.web.registering.values import lines
from pipelines_app.web.uploading import ReceivedFile

MOST_BYTES = 2_000_000
SEPARATOR = "---"


class TextForm(forms.Form):
    """Definitions as one text, each after a line `--- # its name`."""

    text = forms.CharField(
        label="Definitions as YAML",
        help_text="One after the other, each after a line ---, which may name its file: --- # orders.yaml",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono", "spellcheck": "false"}),
    )


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, as the page says it."""

    text: str


@login_required
def definitions(request: Asked) -> HttpResponse:
    """Take definitions, say what applying them would do, and apply them."""
    if request.method != "POST":
        return _shown(request, _of_template(request))
    text = _kept(request)
    try:
        permits.edits_somewhere(request.user)
        text = _text(request)
        given = _files(request, text)
        if "apply" in request.POST:
            return _applied(request, given)
        plan = plans.plan(given, author=_author(request))
    except LooplineError as error:
        return _shown(request, text, faults=_faults(error))
    return _shown(request, text, plan)


def _applied(request: Asked, given: list[File]) -> HttpResponse:
    post = request.POST
    try:
        done = plans.carry_out(
            given,
            author=_author(request),
            why=post.get("why", "").strip(),
            state=post.get("state", ""),
            breaking="breaking" in post,
        )
    except IntegrityError as error:
        raise LostRace("Somebody registered one of these at the same moment.", todo="Plan it again.") from error
    named = [(f"template {revision.template.name}", revision.number) for revision in done.templates]
    named += [(revision.pipeline.name, revision.number) for revision, _ in done.pipelines]
    told = ", ".join(f"{name} (revision {number})" for name, number in named)
    messages.success(request, f"Applied: {told}." if named else "Nothing differed, so nothing was done.")
    return redirect("console:pipelines")


def _of_template(request: Asked) -> str:
    """The template that the address names, to be changed here."""
    if "template" not in request.GET:
        return ""
    seen = Template.objects.visible_to(request.user).select_related("current")
    found = seen.filter(name=request.GET["template"].replace("\0", "")).first()
    return documents.to_yaml(found.current.document) if found is not None and found.current else ""


def _shown(request: Asked, text: str, plan: Plan | None = None, faults: list[Fault] | None = None) -> HttpResponse:
    context = {
        "form": TextForm({"text": text}) if text else TextForm(),
        "plan": plan,
        "why": request.POST.get("why", ""),
        "faults": faults or [],
        "may_write": request.user.teams_with(*EDITING).exists(),
        "number": Pipeline.objects.visible_to(request.user).exclude(current=None).count(),
    }
    return render(request, "definitions/definitions.html", context, status=422 if faults else 200)


def _faults(error: LooplineError) -> list[Fault]:
    if not isinstance(error, DefinitionInvalid):
        return [Fault(telling.sentence(error))]
    return [Fault(_told(problem)) for problem in error.problems]


def _told(problem: Problem) -> str:
    place = f" (line {problem.line}, column {problem.column} of the SQL)" if problem.line and problem.path else ""
    return f"{problem.path}: {problem.message}{place}" if problem.path else problem.message


def _kept(request: HttpRequest) -> str:
    return lines(request.POST.get("text", ""))


def _text(request: HttpRequest) -> str:
    """The text that was typed and the files that were sent, as one text."""
    parts = [_kept(request)] if _kept(request).strip() else []
    for file in request.FILES.getlist("files"):
        if isinstance(file, ReceivedFile):
            parts.append(f"--- # {file.name}\n{_content(file)}")
    text = "\n".join(parts)
    if not text.strip():
        raise DefinitionInvalid([Problem(path="", message="There is nothing here: type a definition or choose files.")])
    if len(text) > MOST_BYTES:
        raise DefinitionInvalid([Problem(path="", message=f"This is longer than {MOST_BYTES:,} characters.")])
    return text


def _content(file: ReceivedFile) -> str:
    received = file.received
    path = lake.path(received.place)
    try:
        if received.bytes > MOST_BYTES:
            raise ArrivalRefused(f"{file.name} is longer than {MOST_BYTES:,} bytes.")
        return lines(path.read_bytes().decode())
    except UnicodeDecodeError as error:
        raise ArrivalRefused(
            f"{file.name} is not a text in UTF-8.", todo="Save it as UTF-8 and send it again."
        ) from error
    finally:
        path.unlink(missing_ok=True)


def split(text: str) -> list[File]:
    """The definitions in a text, each by the name that its separator gives, or by its place."""
    parts: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        rest = line.removeprefix(SEPARATOR).strip()
        if line.startswith(SEPARATOR) and rest[:1] in ("", "#"):
            parts.append((rest.removeprefix("#").strip()[:200], []))
        else:
            parts[-1][1].append(line)
    there = [(name, "\n".join(part)) for name, part in parts if any(line.strip() for line in part)]
    return [File(name=name or f"definition {place}", content=part) for place, (name, part) in enumerate(there, start=1)]


def _files(request: Asked, text: str) -> list[File]:
    """The definitions, once it is known that the person writes for their teams."""
    given = split(text)
    for team in files.teams(given):
        permits.writes_for(request.user, team)
    return given


def _author(request: Asked) -> Author:
    return Author(actor=actor(request), user=request.user, teams=permits.teams_written_for(request.user))


@login_required
@require_GET
def export(request: Asked) -> HttpResponse:
    """All definitions that one may see, as a zip of YAML files."""
    seen = Pipeline.objects.visible_to(request.user).select_related("current").order_by("name")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        wanted = Template.objects.visible_to(request.user).filter(team__isnull=False).select_related("current")
        for name, text in files.exported(discretion.readable(seen, request.user), wanted.order_by("name")).items():
            archive.writestr(name, text)
    answer = HttpResponse(packed.getvalue(), content_type="application/zip")
    answer["Content-Disposition"] = 'attachment; filename="definitions.zip"'
    return answer
