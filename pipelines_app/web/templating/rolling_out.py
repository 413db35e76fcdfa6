"""Rolling a template's revision out: choose the pipelines, look at the plan for them, do exactly that."""

from collections.abc import Mapping

from django.contrib.auth.decorators import login_required
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from pipelines_app.access import permits
from pipelines_app.definitions import rolling, shipped
from pipelines_app.definitions.planned import Plan
from pipelines_app.definitions.rolling import Wave
from pipelines_app.errors import LooplineError, LostRace
from pipelines_app.models import Pipeline, Template
from pipelines_app.web.asking import Asked
from pipelines_app.web.templating import planning

MOST_LISTED = 1_000


@login_required
def roll_out(request: Asked, name: str) -> HttpResponse:
    """Take which pipelines and which revision; say what it would do; do it."""
    shipped.keep_up(name)
    rows = Template.objects.visible_to(request.user).filter(current__isnull=False).select_related("current")
    template = get_object_or_404(rows, name=name)
    if request.method != "POST":
        return _shown(request, template, {})
    wave = _wave(request, template)
    try:
        permits.edits_somewhere(request.user)
        if "apply" in request.POST:
            return _done(request, wave)
        plan = rolling.plan(wave, author=planning.author(request))
    except LooplineError as error:
        return _shown(request, template, {"faults": planning.faults(error)}, wave)
    return _shown(request, template, {"plan": plan}, wave)


def _wave(request: Asked, template: Template) -> Wave:
    number = request.POST.get("revision", "")
    revision = int(number) if number.isdecimal() and len(number) < 7 else None
    names = None if request.POST.get("which") == "all" else tuple(request.POST.getlist("pipelines"))
    return Wave(template=template.name, number=revision, names=names)


def _done(request: Asked, wave: Wave) -> HttpResponse:
    post = request.POST
    try:
        done = rolling.roll_out(
            wave,
            author=planning.author(request),
            why=post.get("why", "").strip(),
            state=post.get("state", ""),
            breaking="breaking" in post,
        )
    except IntegrityError as error:
        raise LostRace("Somebody registered one of these at the same moment.", todo="Plan it again.") from error
    planning.say(request, done)
    return redirect("console:template", wave.template)


def _shown(request: Asked, template: Template, told: Mapping[str, object], wave: Wave | None = None) -> HttpResponse:
    mine = Pipeline.objects.operable_by(request.user).filter(current__made_from__template=template)
    seen = Pipeline.objects.visible_to(request.user).filter(current__made_from__template=template)
    rows = list(mine.select_related("team", "current__made_from").order_by("name")[:MOST_LISTED])
    chosen = {row.name for row in rows} if wave is None or wave.names is None else set(wave.names)
    plan = told.get("plan")
    context = {
        "template": template,
        "rows": [(row, row.name in chosen) for row in rows],
        "others": seen.exclude(pk__in=[row.pk for row in rows]).count(),
        "revisions": list(template.revisions.order_by("-number").values_list("number", flat=True)[:50]),
        "revision": wave.number if wave and wave.number else template.in_force.number,
        "which": "all" if wave is None or wave.names is None else "some",
        "why": request.POST.get("why", ""),
        "staying": len(plan.pipelines) - len(plan.changed) if isinstance(plan, Plan) else 0,
        **told,
    }
    return render(request, "templating/roll_out.html", context, status=422 if told.get("faults") else 200)
