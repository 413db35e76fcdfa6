"""What came in and what is expected: the list, the ledger, and one arrival with what became of it."""

from collections.abc import Iterator
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app import lake
from pipelines_app.access import discretion, redaction, spreadsheets
from pipelines_app.facts import ArrivalAccepted, ArrivalDuplicated, ArrivalReplayed
from pipelines_app.facts_expected import SlotFilled
from pipelines_app.intake import accepting, slots
from pipelines_app.models import ANY_ROLE, Arrival, ArrivalState, Dataset, Event, Reject, Slot, SlotState, User
from pipelines_app.runs.lifecycle import LIVE
from pipelines_app.web import paging, sentences, telling
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.sentences import Said

ARRIVALS = ["id", "dataset", "name", "period", "state", "became", "bytes", "sha256", "sender", "received_at", "run"]
UNTAKEN = {ArrivalState.QUARANTINED, ArrivalState.FAILED}  # for these, to be brought in again is the next thing to do
LIVE_SECONDS, WATCHED = 2, timedelta(minutes=10)
SLOTS = ["dataset", "period", "state", "due_at", "arrival", "reason"]


@login_required
@require_GET
def arrivals(request: Asked) -> HttpResponseBase:
    """The arrivals, or with `?show=expected` the ledger; both with filters and as CSV."""
    dataset, state = request.GET.get("dataset", "")[:130], request.GET.get("state", "")
    is_ledger = request.GET.get("show") == "expected"
    rows = _slots(request, dataset, state) if is_ledger else _arrivals(request, dataset, state)
    if request.GET.get("format") == "csv":
        return _csv(request, dataset, state, is_ledger=is_ledger)
    context = {
        "page": rows,
        "is_ledger": is_ledger,
        "dataset": dataset,
        "state": state,
        "states": SlotState.choices if is_ledger else ArrivalState.choices,
        "names": list(
            Dataset.objects.visible_to(request.user)
            .filter(is_source=True)
            .order_by("name")
            .values_list("name", flat=True)
        ),
        "operable": set(Dataset.objects.operable_by(request.user).filter(is_source=True).values_list("pk", flat=True)),
        "late": Slot.objects.visible_to(request.user).overdue().count(),
        "is_filtered": bool(dataset or state),
    }
    return render(request, "arrivals/arrivals.html", context)


def _came(request: Asked, dataset: str, state: str) -> QuerySet[Arrival]:
    came = Arrival.objects.visible_to(request.user).select_related("dataset")
    came = came.filter(dataset__name=dataset) if dataset else came
    return came.filter(state=state) if state else came


def _expected(request: Asked, dataset: str, state: str) -> QuerySet[Slot]:
    expected = Slot.objects.visible_to(request.user).select_related("dataset", "arrival")
    expected = expected.filter(dataset__name=dataset) if dataset else expected
    return expected.filter(state=state) if state else expected


def _arrivals(request: Asked, dataset: str, state: str) -> paging.Page[Arrival]:
    return paging.newest_first(_came(request, dataset, state), request)


def _slots(request: Asked, dataset: str, state: str) -> paging.Page[Slot]:
    return paging.newest_first(_expected(request, dataset, state), request)


def _csv(request: Asked, dataset: str, state: str, *, is_ledger: bool) -> HttpResponseBase:
    if is_ledger:
        slots_found = _expected(request, dataset, state).order_by("-pk")
        return spreadsheets.answer("expected-arrivals", SLOTS, map(_slot_line, slots_found.iterator(chunk_size=500)))
    return spreadsheets.answer("arrivals", ARRIVALS, _lines(_came(request, dataset, state).order_by("-pk")))


def _lines(found: QuerySet[Arrival]) -> Iterator[list[object]]:
    for one in found.iterator(chunk_size=500):
        about = [one.pk, one.dataset.name, one.name, one.period, one.state, one.disposition, one.bytes, one.sha256]
        yield [*about, one.sender, one.received_at.isoformat(), one.run_id]


def _slot_line(slot: Slot) -> list[object]:
    came = slot.arrival.name if slot.arrival else ""
    return [slot.dataset.name, slot.period, slot.state, slot.due_at.isoformat(), came, slot.reason]


@login_required
@require_GET
@vary_on_headers("HX-Request")
def arrival(request: Asked, pk: int) -> HttpResponse:
    """One arrival: its event, its run, the rows set aside, and what was made of it."""
    known = Arrival.objects.visible_to(request.user).select_related(
        "dataset__team", "dataset__pipeline", "run__pipeline", "event", "replay_of"
    )
    found = get_object_or_404(known, pk=pk)
    rejects = Reject.objects.filter(step_run__run=found.run_id, step_run__dataset=found.dataset_id)
    context = {
        "arrival": found,
        "story": _story(found, request.user),
        "slot": Slot.objects.filter(arrival=found).first(),
        "replays": list(found.replays.order_by("pk")),
        "rejects": list(rejects.order_by("pk")[:100]) if found.run_id else [],
        "may_edit": Arrival.objects.operable_by(request.user).filter(pk=pk).exists(),
        "is_member": _is_member(request, found),
        "every": LIVE_SECONDS if _goes_on(found) else None,
        "replay_kind": "primary" if found.state in UNTAKEN else "",
    }
    return render(request, "arrivals/_arrival.html" if is_fragment(request) else "arrivals/arrival.html", context)


def _goes_on(found: Arrival) -> bool:
    """Whether its page will soon say something else: somebody has just sent it, and looks on."""
    if found.run is not None:
        return found.run.state in LIVE
    return found.state == ArrivalState.PENDING and timezone.now() - found.received_at < WATCHED


def _story(found: Arrival, user: User) -> list[tuple[Event, Said]]:
    """The events of an arrival in words, oldest first, with what became of each."""
    kinds = [ArrivalAccepted.kind, ArrivalDuplicated.kind, ArrivalReplayed.kind, SlotFilled.kind]
    told = {"dataset": found.dataset.name, "period": found.period}
    own = Event.objects.filter(kind__in=kinds, body__arrival=found.pk, **told)
    if not found.period and found.run is not None:  # without a period there is no index to find them among all
        causes = found.run.causes.values("pk")
        own = own.filter(Q(pk__in=causes) | Q(cause__in=causes))
    listed = list(own.prefetch_related("deliveries").order_by("pk"))
    discretion.veil([delivery for event in listed for delivery in event.deliveries.all()], user)
    return [(event, sentences.of(event.kind, event.body)) for event in listed]


def _is_member(request: Asked, found: Arrival) -> bool:
    return request.user.teams_with(*ANY_ROLE).filter(pk=found.dataset.team_id).exists()


@login_required
@require_GET
def original(request: Asked, pk: int) -> FileResponse:
    """The very bytes that came, for members of the team."""
    known = Arrival.objects.visible_to(request.user).filter(dataset__team__in=request.user.teams_with(*ANY_ROLE))
    found = get_object_or_404(known.select_related("dataset"), pk=pk)
    if redaction.hidden(found.dataset, request.user):
        raise Http404("It holds sensitive columns: those who may edit the dataset are given it.")
    path = lake.original(found.path)
    if not path.is_file():
        raise Http404("The original is not kept any more.")
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=found.name, content_type="application/octet-stream"
    )


@login_required
@require_POST
def replay(request: Asked, pk: int) -> HttpResponse:
    """Bring an arrival's kept bytes in again."""
    found = get_object_or_404(Arrival.objects.operable_by(request.user).select_related("dataset"), pk=pk)
    again = accepting.replay(found, actor=actor(request))
    messages.success(request, f"{found.name} came in again as arrival {again.pk}; its run starts by itself.")
    return redirect("console:arrival", again.pk)


@login_required
@require_POST
def waive(request: Asked, pk: int) -> HttpResponse:
    """Stop expecting an arrival, for a reason."""
    slot = get_object_or_404(Slot.objects.operable_by(request.user).select_related("dataset"), pk=pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, "Say why nothing will come: the reason is kept in the ledger.")
    else:
        with telling.as_message(request):
            slots.waive(slot, reason=reason, actor=actor(request))
            messages.success(request, f"{slot} is not expected any more.")
    return redirect(reverse("console:dataset", args=[slot.dataset.name]) + "?tab=arrivals")
