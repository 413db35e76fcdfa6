"""OpenLineage events to others: where they go, what waits, what was given up, and sending that again."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from monitoring_app.models import Emission, EmissionState
from monitoring_app.openlineage import sending
from monitoring_app.web.asking import Asked, actor, as_message

SHOWN = 50


def _operator(request: Asked) -> None:
    """Events are of all teams, and their address is the platform's."""
    if not request.user.is_superuser:
        raise Http404("This page is for those who run the platform.")


@login_required
@require_GET
def emissions(request: Asked) -> HttpResponse:
    """The address, the newest events, and what became of each."""
    _operator(request)
    counted = dict(Emission.objects.values_list("state").annotate(Count("pk")))
    parts = urlsplit(settings.OPENLINEAGE_URL)
    context = {
        "where": parts.path if parts.scheme == "file" else parts.hostname or "",
        "namespace": settings.OPENLINEAGE_NAMESPACE,
        "counts": [(EmissionState(state).label, counted.get(state, 0)) for state in EmissionState.values],
        "given_up": counted.get(EmissionState.UNDELIVERED, 0),
        "rows": list(Emission.objects.select_related("event").order_by("-pk")[:SHOWN]),
    }
    return render(request, "emissions/emissions.html", context)


@login_required
@require_POST
def again(request: Asked) -> HttpResponse:
    """Send what was given up once more."""
    _operator(request)
    with as_message(request):
        number = sending.again(actor=actor(request))
        messages.success(request, f"{number} events are being sent again.")
    return redirect("monitoring:emissions")
