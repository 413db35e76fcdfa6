"""Templates: all of them, one with what it asks for and what was made from it, two revisions beside each other."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.access import permits
from pipelines_app.compiler import documents, parameters, typed
from pipelines_app.compiler.templating import Asked
from pipelines_app.definitions import drafts, shelf, shipped
from pipelines_app.models import Pipeline, Template, TemplateRevision
from pipelines_app.web import comparing, paging
from pipelines_app.web.asking import Asked as Request

SIZE = 30


@dataclass(frozen=True)
class Line:
    """A parameter as the page shows it."""

    asked: Asked
    default: str
    allowed: str


@dataclass(frozen=True)
class Row:
    """A template in the list, and how many pipelines are made from it."""

    template: Template
    made: int

    @property
    def description(self) -> str:
        return str(self.template.in_force.document.get("description", ""))


@login_required
@require_GET
def templates(request: Request) -> HttpResponse:
    """All templates by name, with how many pipelines that one may see are made from each."""
    shipped.keep_up()
    rows = Template.objects.visible_to(request.user).filter(current__isnull=False).select_related("team", "current")
    page = paging.by_name(rows, request, size=SIZE)
    seen = Pipeline.objects.visible_to(request.user).filter(current__made_from__template__in=page.rows)
    told = seen.values_list("current__made_from__template").annotate(Count("pk"))
    made = dict(told.order_by())
    return render(
        request,
        "templating/list.html",
        {"page": page, "rows": [Row(template=row, made=made.get(row.pk, 0)) for row in page.rows]},
    )


@login_required
@require_GET
def template(request: Request, name: str) -> HttpResponse:
    """One template: what it asks for, how it is written, what is made from it, its revisions."""
    shipped.keep_up(name)
    found = get_object_or_404(_seen(request), name=name)
    current = shelf.stored(found.in_force)
    made = Pipeline.objects.visible_to(request.user).filter(current__made_from__template=found)
    page = paging.by_name(made.select_related("team", "current__made_from"), request, size=SIZE)
    context = {
        "template": found,
        "description": current.description,
        "lines": [_line(asked) for asked in current.asked],
        "yaml": documents.to_yaml(found.in_force.document),
        "page": page,
        "behind": made.exclude(current__made_from=found.current).count(),
        "revisions": list(found.revisions.select_related("author").defer("document").order_by("-number")[:SIZE]),
        "may_use": bool(permits.teams_written_for(request.user)),
        "may_change": Template.objects.operable_by(request.user).filter(pk=found.pk).exists(),
    }
    return render(request, "templating/template.html", context)


@login_required
@require_GET
def compare(request: Request, name: str, number: int) -> HttpResponse:
    """A revision beside the one before it."""
    shipped.keep_up(name)
    found = get_object_or_404(_seen(request), name=name)
    new = get_object_or_404(found.revisions.select_related("author"), number=number)
    old: TemplateRevision | None = found.revisions.filter(number__lt=number).order_by("-number").first()
    context = {
        "template": found,
        "old": old,
        "new": new,
        "changes": comparing.changes(old.document, new.document) if old else [],
        "old_yaml": documents.to_yaml(old.document) if old else "",
        "new_yaml": documents.to_yaml(new.document),
    }
    return render(request, "templating/compare.html", context)


@login_required
@require_POST
def use(request: Request, name: str) -> HttpResponse:
    """Begin a pipeline that this template makes."""
    if not permits.teams_written_for(request.user):
        raise PermissionDenied("registering needs the role editor in a team")
    shipped.keep_up(name)
    found = get_object_or_404(_seen(request), name=name)
    draft = drafts.begin(request.user, {"pipeline": "", "team": "", "template": {"name": found.name}})
    return redirect("console:draft", draft.pk, "values")


def _seen(request: Request) -> QuerySet[Template]:
    return Template.objects.visible_to(request.user).filter(current__isnull=False).select_related("team", "current")


def _line(asked: Asked) -> Line:
    parameter = asked.parameter
    bounds = [f"at least {parameter.minimum}"] if parameter.minimum is not None else []
    bounds += [f"at most {parameter.maximum}"] if parameter.maximum is not None else []
    bounds += [", ".join(str(choice) for choice in parameter.choices)] if parameter.choices else []
    bounds += [f"matches {parameter.pattern}"] if parameter.pattern else []
    default = typed.text(parameter, parameters.dumped(parameter, parameter.value))
    return Line(asked=asked, default=default, allowed="; ".join(bounds))
