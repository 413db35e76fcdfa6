"""What was learned to expect of a dataset: the list, one of them with its back-test, and what people decide."""

from collections.abc import Sequence
from itertools import groupby
from math import isfinite

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from monitoring_app.expectations import across, deciding, exporting, labelling, looking, policies, remembering, trying
from monitoring_app.expectations.deciding import Wanted
from monitoring_app.models import (
    Breach,
    Expectation,
    ExpectationPolicy,
    ExpectationState,
    Outlook,
    Profile,
    Verdict,
)
from monitoring_app.web import expectation_lines
from monitoring_app.web.asking import Asked, actor, as_message, is_fragment
from monitoring_app.web.expectation_lines import Line
from pipelines_app.access import permits
from pipelines_app.definitions.authors import Author
from pipelines_app.models import Dataset, Severity

DRAWN = 20  # batches in a small picture
SHOWN = 60
RETIRED = 20
BROKEN = 20
POLICIES = {
    ExpectationPolicy.PROPOSE: "Propose only: nothing is judged that nobody accepted",
    ExpectationPolicy.ACCEPT: "Accept what is sure as warnings, by itself",
    ExpectationPolicy.MANAGE: "Manage by itself: accept, adapt and retire",
}


def _dataset(request: Asked, name: str) -> Dataset:
    return get_object_or_404(Dataset.objects.visible_to(request.user).select_related("team"), name=name)


def _may_edit(request: Asked, dataset: Dataset) -> bool:
    return Dataset.objects.operable_by(request.user).filter(pk=dataset.pk).exists()


@login_required
@require_GET
@vary_on_headers("HX-Request")
def expectations(request: Asked, name: str) -> HttpResponse:
    """What is in force, what is proposed, what was refused; what is not as expected first."""
    dataset = _dataset(request, name)
    ordered = Expectation.objects.filter(dataset=dataset).order_by("-worth", "pk")
    standing = list(ordered.standing().order_by("state", "-worth", "pk")[: 2 * SHOWN])
    lines = _lines(standing, dataset)
    context = {
        "dataset": dataset,
        "outlook": Outlook.objects.filter(dataset=dataset).first() or Outlook(dataset=dataset),
        "in_force": [one for one in lines if one.expectation.is_in_force],
        "proposed": [one for one in lines if not one.expectation.is_in_force],
        "retired": list(ordered.filter(state=ExpectationState.RETIRED).order_by("-decided_at", "-pk")[:RETIRED]),
        "broken": _by_batch(_broken(dataset)),
        "may_edit": _may_edit(request, dataset),
        "policies": list(POLICIES.items()),
    }
    return render(request, "expectations/_list.html" if is_fragment(request) else "expectations/list.html", context)


def _lines(standing: Sequence[Expectation], dataset: Dataset) -> list[Line]:
    if not standing:
        return []
    profiles = remembering.stored(dataset, most=DRAWN)
    counted = {name for one in standing if one.kind in expectation_lines.COUNTED for name in one.columns}
    outlined = remembering.outlines(dataset, profiles, counted=counted)
    besides = {beside for one in standing if (beside := deciding.promise_of(one).beside) is not None}
    batches = across.beside(profiles, outlined, besides)
    return [expectation_lines.line(one, dataset, batches) for one in standing]


def _broken(dataset: Dataset) -> list[Breach]:
    """What nobody has said anything about yet, of what is in force; the newest first."""
    found = Breach.objects.filter(
        expectation__dataset=dataset, verdict="", expectation__state__in=("accepted", "managed")
    )
    return list(found.select_related("expectation", "profile__version").order_by("-profile", "pk")[:BROKEN])


def _by_batch(broken: Sequence[Breach]) -> list[tuple[Profile, list[Breach]]]:
    """What one batch broke, together."""
    return [(profile, list(rows)) for profile, rows in groupby(broken, key=lambda one: one.profile)]


@login_required
@require_GET
@vary_on_headers("HX-Request")
def expectation(request: Asked, pk: int) -> HttpResponse:
    """One of them: its reason, its back-test at its own bounds or at `?min=` and `?max=`, and how it changed."""
    seen = Expectation.objects.visible_to(request.user).select_related("dataset__team")
    found = get_object_or_404(seen, pk=pk)
    low, high = (_dragged(request.GET.get(name, "")) for name in ("min", "max"))
    trial = trying.tried(found, low=low, high=high)
    context = {
        "expectation": found,
        "dataset": found.dataset,
        "trial": trial,
        "is_tried": trial.promise.parameters != found.parameters,
        "chart": expectation_lines.chart(trial, found.dataset),
        "alarmed": [one for one in trial.tried if one.judged.is_kept is False][::-1][:BROKEN],
        "may_edit": _may_edit(request, found.dataset),
        "low": expectation_lines.plain(trial.promise.low),
        "high": expectation_lines.plain(trial.promise.high),
    }
    if is_fragment(request):
        return render(request, "expectations/_trial.html", context)
    context |= {
        "sliders": expectation_lines.sliders(trial),
        "reason": expectation_lines.reason(found, found.dataset),
        "replay": expectation_lines.replay(found, found.dataset),
        "changes": list(found.changes.order_by("-number")[:SHOWN]),
        "breaches": list(found.breaches.select_related("profile__version").order_by("-profile")[:SHOWN]),
        "yaml": exporting.lines([found]),
        "severities": Severity.choices,
    }
    return render(request, "expectations/expectation.html", context)


def _number(text: str) -> float | None:
    """A bound that was typed or dragged; none where it is no number."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _dragged(text: str) -> float | None:
    """A bound as a slider gives it, without the digits that nobody chose."""
    number = _number(text)
    return None if number is None else float(f"{number:.5g}")


@login_required
@require_GET
def as_checks(request: Asked, name: str) -> HttpResponse:
    """What is in force, as YAML for a definition."""
    dataset = _dataset(request, name)
    found = Expectation.objects.in_force().filter(dataset=dataset).select_related("dataset").order_by("-worth", "pk")
    answer = HttpResponse(exporting.lines(found), content_type="application/yaml; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{dataset.name}.checks.yaml"'
    return answer


def _operable(request: Asked, pk: int) -> Expectation:
    allowed = Expectation.objects.operable_by(request.user).select_related("dataset__team")
    return get_object_or_404(allowed, pk=pk)


def _back(request: Asked, found: Expectation) -> HttpResponse:
    """To the list where it was asked there, else to its own page."""
    if request.POST.get("from") == "list":
        return redirect(f"{reverse('console:dataset', args=[found.dataset.name])}?tab=expectations")
    return redirect("monitoring:expectation", found.pk)


@login_required
@require_POST
def accept(request: Asked, pk: int) -> HttpResponse:
    """Judge every new batch by it."""
    found = _operable(request, pk)
    with as_message(request):
        deciding.accept(found, actor=actor(request))
        messages.success(request, f"Accepted: {found.sentence}.")
    return _back(request, found)


@login_required
@require_POST
def retire(request: Asked, pk: int) -> HttpResponse:
    """Judge by it no more."""
    found = _operable(request, pk)
    with as_message(request):
        deciding.retire(found, actor=actor(request), because=request.POST.get("because", "")[:300])
        messages.success(request, f"Retired: {found.sentence}. It is not proposed again.")
    return _back(request, found)


@login_required
@require_POST
def edit(request: Asked, pk: int) -> HttpResponse:
    """Give it other bounds or another severity."""
    found = _operable(request, pk)
    given = [request.POST.get(name, "").strip() for name in ("min", "max")]
    low, high = (_number(text) for text in given)
    if [text for text, number in zip(given, (low, high), strict=True) if text and number is None]:
        messages.error(request, "A bound must be a number, such as 0.02 for 2 %. Nothing was changed.")
        return _back(request, found)
    severity = request.POST.get("severity", "")
    wanted = Wanted(low=low, high=high, severity=severity if severity in Severity.values else "")
    with as_message(request):
        edited = deciding.edit(found, wanted, actor=actor(request), because=request.POST.get("because", "")[:300])
        messages.success(request, f"From now on: {edited.sentence}.")
    return _back(request, found)


@login_required
@require_POST
def label(request: Asked, pk: int, profile: int) -> HttpResponse:
    """Say that a batch was fine or bad."""
    found = _operable(request, pk)
    seen = Profile.objects.visible_to(request.user).measured().published().select_related("version")
    batch = get_object_or_404(seen, pk=profile, dataset=found.dataset_id)
    verdict = Verdict.BAD if request.POST.get("verdict") == Verdict.BAD else Verdict.FINE
    with as_message(request):
        row = labelling.label(found, batch, verdict=verdict, actor=actor(request))
        messages.success(request, row.effect)
    return _back(request, found)


@login_required
@require_POST
def label_all(request: Asked, pk: int) -> HttpResponse:
    """Say of a batch that everything about it was fine, or bad."""
    allowed = Dataset.objects.operable_by(request.user)
    seen = Profile.objects.measured().published().filter(dataset__in=allowed).select_related("version", "dataset__team")
    batch = get_object_or_404(seen, pk=pk)
    verdict = Verdict.BAD if request.POST.get("verdict") == Verdict.BAD else Verdict.FINE
    with as_message(request):
        rows = labelling.label_all(batch, verdict=verdict, actor=actor(request))
        moved = "widened" if verdict == Verdict.FINE else "tightened where they tell it apart"
        messages.success(request, f"{len(rows)} expectations of {batch.dataset.name} were {moved}.")
    return redirect(f"{reverse('console:dataset', args=[batch.dataset.name])}?tab=expectations")


@login_required
@require_POST
def say_policy(request: Asked, name: str) -> HttpResponse:
    """How far the platform goes by itself with this dataset."""
    allowed = Dataset.objects.operable_by(request.user).select_related("team", "pipeline__current")
    dataset, policy = get_object_or_404(allowed, name=name), request.POST.get("policy", "")
    if policy in ExpectationPolicy.values:
        teams = permits.teams_written_for(request.user)
        with as_message(request):
            author = Author(actor=actor(request), user=request.user, teams=teams)
            outlook = policies.choose(dataset, policy, author=author)
            where = " The definition says so now." if outlook.is_declared else ""
            messages.success(request, f"{POLICIES[ExpectationPolicy(policy)]}.{where}")
    return redirect(f"{reverse('console:dataset', args=[name])}?tab=expectations")


@login_required
@require_POST
def look(request: Asked, name: str) -> HttpResponse:
    """Look at the history now instead of in a minute."""
    dataset = get_object_or_404(Dataset.objects.operable_by(request.user).select_related("team"), name=name)
    found = looking.look(dataset)
    messages.success(
        request, f"Looked at {found.batches:,} {remembering.noun(dataset, found.batches)}: {_news(found)}."
    )
    return redirect(f"{reverse('console:dataset', args=[name])}?tab=expectations")


def _news(found: looking.Looked) -> str:
    told = {"proposed": found.proposed, "accepted": found.accepted, "changed": found.evolved, "retired": found.retired}
    return ", ".join(f"{number} {word}" for word, number in told.items() if number) or "nothing new"
