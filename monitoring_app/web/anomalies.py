"""What is unusual: the list, one measurement with its course and bounds, labels, and how easily a dataset surprises."""

from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from monitoring_app.alerts import surprises
from monitoring_app.anomalies import judging, labelling
from monitoring_app.anomalies.labelling import Said
from monitoring_app.models import (
    MOST_SENSITIVITY,
    Alert,
    Anomaly,
    AnomalyLabel,
    AnomalyState,
    ColumnProfile,
    Judgement,
    JudgementState,
)
from monitoring_app.models.anomaly import AnomalyQuerySet
from monitoring_app.web.anomaly_lines import Course
from monitoring_app.web.asking import Asked, actor, as_message, is_fragment
from pipelines_app.access import spreadsheets
from pipelines_app.models import Dataset

SHOWN = 50
CSV_ROWS = 10_000
LEAST = 3  # batches before anything but its columns is known of a dataset
LABELS = (AnomalyLabel.FINE, AnomalyLabel.BAD, AnomalyLabel.NONE)
SAID = {"fine": "Noted: it was fine.", "bad": "Noted: it was bad.", "none": "The label was taken back."}
SENSITIVITIES = (("0", "Never"), ("0.5", "Half as easily"), ("1", "As usual"), ("2", "Twice as easily"))


class SensitivityForm(forms.Form):
    """How easily a dataset surprises."""

    value = forms.FloatField(min_value=0, max_value=MOST_SENSITIVITY)


@login_required
@require_GET
def anomalies(request: Asked) -> HttpResponseBase:
    """What was not as usual, the newest first, by dataset, state and label."""
    found = _listed(request)
    if request.GET.get("format") == "csv":
        return _csv(found)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        found = found.filter(pk__lt=int(before))
    rows = list(found[: SHOWN + 1])
    asked = {name: value for name, value in request.GET.items() if name not in ("before", "format")}
    context = {
        "rows": rows[:SHOWN],
        "dataset": request.GET.get("dataset", ""),
        "state": request.GET.get("state", ""),
        "label": request.GET.get("label", ""),
        "states": AnomalyState.choices,
        "labels": AnomalyLabel.choices,
        "filtered": any(asked.values()),
        "newer": "?" + urlencode(asked) if before else "",
        "older": "?" + urlencode({**asked, "before": rows[SHOWN - 1].pk}) if len(rows) > SHOWN else "",
        "csv": "?" + urlencode({**asked, "format": "csv"}),
    }
    return render(request, "anomalies/list.html", context)


def _listed(request: Asked) -> AnomalyQuerySet:
    found = Anomaly.objects.visible_to(request.user).select_related("dataset", "version").defer("course")
    asked = {name: request.GET.get(name, "").strip() for name in ("dataset", "state", "label")}
    if asked["dataset"]:
        found = found.filter(dataset__name__icontains=asked["dataset"])
    if asked["state"] in AnomalyState.values:
        found = found.filter(state=asked["state"])
    if asked["label"] in AnomalyLabel.values:
        found = found.filter(label=asked["label"])
    return found.order_by("-pk")


def _csv(found: AnomalyQuerySet) -> HttpResponseBase:
    header = ["anomaly", "dataset", "period", "column", "metric", "kind", "value", "expected", "low", "high", "score"]
    rows = (
        [
            *(one.pk, one.dataset.name, one.period, one.about, one.metric, one.kind),
            *(one.value, one.expected, one.low, one.high, one.score, one.words, one.state, one.label),
            *(one.labelled_by, one.found_at.isoformat(), one.closed_at.isoformat() if one.closed_at else ""),
        ]
        for one in found[:CSV_ROWS]
    )
    last = ["words", "state", "label", "labelled_by", "found_at", "closed_at"]
    return spreadsheets.answer("anomalies", [*header, *last], rows)


@login_required
@require_GET
def anomaly(request: Asked, pk: int) -> HttpResponse:
    """One measurement that surprised: what was expected, its course, what was said of it, what else surprised then."""
    seen = Anomaly.objects.visible_to(request.user).select_related("dataset__team", "version", "profile")
    found = get_object_or_404(seen.defer("profile__sketch", "profile__pairs"), pk=pk)
    types = ColumnProfile.objects.filter(profile=found.profile_id, name=found.column).values_list("type", flat=True)
    course = Course(anomaly=found, type=types.first() or "")
    beside = Anomaly.objects.visible_to(request.user).filter(profile=found.profile_id).exclude(pk=pk).defer("course")
    alert = Alert.objects.visible_to(request.user).of(surprises.UNUSUAL, found.dataset.name).order_by("-pk").first()
    context = {
        "anomaly": found,
        "chart": course.chart(),
        "numbers": [
            ("It was", course.shown(found.value) if found.value is not None else ""),
            ("Expected", course.shown(found.expected) if found.expected is not None else ""),
            ("Usual between", f"{course.shown(found.low)} and {course.shown(found.high)}" if found.course else ""),
        ],
        "beside": list(beside.order_by("-score", "pk")[:SHOWN]),
        "alert": alert,
        "operable": Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists(),
        "judgement": Judgement.objects.filter(profile=found.profile_id).first(),
    }
    return render(request, "anomalies/anomaly.html", context)


def _said(request: Asked) -> Said:
    note = request.POST.get("note", "").strip()[:500]
    return Said(label=request.POST.get("label", ""), actor=actor(request), note=note)


@login_required
@require_POST
def label(request: Asked, pk: int) -> HttpResponse:
    """Say of one of them that it was fine, or bad."""
    allowed = Anomaly.objects.operable_by(request.user).select_related("dataset__team")
    found = get_object_or_404(allowed, pk=pk)
    with as_message(request):
        said = labelling.label([found], _said(request))
        messages.success(request, f"{SAID[found.label]} {said[0].effect}".strip())
    return redirect("monitoring:anomaly", pk)


@login_required
@require_POST
def label_alert(request: Asked, pk: int) -> HttpResponse:
    """The same of everything that an alert tells of."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    with as_message(request):
        said = surprises.label(found, _said(request))
        messages.success(request, f"{SAID[said[0].label]} {said[0].effect}".strip())
    return redirect("monitoring:alert", pk)


@login_required
@require_GET
@vary_on_headers("HX-Request")
def of_alert(request: Asked, pk: int) -> HttpResponse:
    """What an alert tells of, as a part of its page."""
    found = get_object_or_404(Alert.objects.visible_to(request.user), pk=pk)
    seen = Anomaly.objects.visible_to(request.user)
    told = list(surprises.told_by(found).filter(pk__in=seen).defer("course")[:SHOWN])
    operable = Alert.objects.operable_by(request.user).filter(pk=pk).exists()
    return _part(request, "anomalies/_of_alert.html", {"rows": told, "alert": found, "operable": operable})


@login_required
@require_GET
@vary_on_headers("HX-Request")
def of_dataset(request: Asked, name: str) -> HttpResponse:
    """What was unusual of a dataset lately, and how easily it surprises, as a part of its page."""
    dataset = get_object_or_404(Dataset.objects.visible_to(request.user), name=name)
    seen = Anomaly.objects.visible_to(request.user).filter(dataset=dataset).defer("course")
    judged = Judgement.objects.filter(dataset=dataset, state=JudgementState.JUDGED).select_related("profile__version")
    last = judged.defer("profile__sketch", "profile__pairs").order_by("-pk").first()
    value = judging.sensitivity_of(dataset.pk)
    choices = list(SENSITIVITIES)
    if f"{value:g}" not in dict(choices):
        choices.append((f"{value:g}", f"{value:g} times as easily"))
    context = {
        "dataset": dataset,
        "rows": list(seen.order_by("-pk")[:8]),
        "last": last,
        "learning": last is not None and (last.batches or 0) < LEAST,
        "least": LEAST,
        "value": f"{value:g}",
        "choices": choices,
        "operable": Dataset.objects.operable_by(request.user).filter(pk=dataset.pk).exists(),
    }
    return _part(request, "anomalies/_of_dataset.html", context)


def _part(request: Asked, part: str, context: dict[str, object]) -> HttpResponse:
    """A part of another page, or a page of its own for who follows its link."""
    return render(request, part if is_fragment(request) else "anomalies/part.html", {**context, "part": part})


@login_required
@require_POST
def sensitivity(request: Asked, name: str) -> HttpResponse:
    """Say how easily a dataset surprises."""
    dataset = get_object_or_404(Dataset.objects.operable_by(request.user).select_related("team"), name=name)
    form = SensitivityForm(request.POST)
    if not form.is_valid():
        wrong = " ".join(str(one) for one in form.errors.get("value", []))
        messages.error(request, f"How easily it surprises: {wrong}")
        return redirect("monitoring:dataset-profile", name)
    with as_message(request):
        labelling.set_sensitivity(dataset, form.cleaned_data["value"], actor=actor(request))
        messages.success(request, "From the next version on it is judged so.")
    return redirect("monitoring:dataset-profile", name)
