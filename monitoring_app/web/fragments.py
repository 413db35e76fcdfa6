"""Open alerts as a part of other pages, which ask for them by name and know nothing else of them."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from monitoring_app.models import Alert, AlertState
from monitoring_app.models.alert import AlertQuerySet
from monitoring_app.web.asking import Asked
from pipelines_app.models import Event

MOST = 5


@login_required
def of_run(request: Asked, pk: int) -> HttpResponse:
    """The alerts that events of a run reported, those resolved since included."""
    reported = Event.objects.filter(run=pk).values("pk")
    seen = Alert.objects.visible_to(request.user)
    return _answer(request, seen.filter(entries__event__in=reported).distinct())


@login_required
def of_dataset(request: Asked, name: str) -> HttpResponse:
    """The open alerts about a dataset."""
    return _answer(request, Alert.objects.visible_to(request.user).unresolved().filter(dataset__name=name))


@login_required
def of_pipeline(request: Asked, name: str) -> HttpResponse:
    """The open alerts about a pipeline and what it makes."""
    return _answer(request, Alert.objects.visible_to(request.user).unresolved().filter(pipeline=name))


def _answer(request: Asked, alerts: AlertQuerySet) -> HttpResponse:
    found = list(alerts.worst_first()[: MOST + 1])
    found.sort(key=lambda alert: alert.state == AlertState.RESOLVED)
    return render(request, "alerts/_fragment.html", {"alerts": found[:MOST], "more": len(found) > MOST})
