"""Expected arrivals: the grid of datasets and periods, one slot with why it is so, and what was learned."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from pipelines_app.access import permits
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.definitions.register import Author
from pipelines_app.errors import ArrivalRefused
from pipelines_app.facts_expected import SlotPutAtRisk
from pipelines_app.intake import accepting, habits, slot_why
from pipelines_app.models import CheckResult, Dataset, Event, Habit, HabitState, Slot, SlotState, Team
from pipelines_app.models.slots import OPEN, WANTING
from pipelines_app.web import expected_grid, paging, sentences, telling
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.uploads import UploadForm

LONGEST = 130
STORY = 20
PROPOSED = 5
KINDS = {"day": "By day", "hour": "By hour", "month": "By month"}


@login_required
@require_GET
@vary_on_headers("HX-Request")
def expected(request: Asked) -> HttpResponse:
    """The grid; what is asked for stands in the URL."""
    asked = _asked(request)
    seen = Slot.objects.visible_to(request.user)
    shown = expected_grid.window(asked, seen, timezone.localtime())
    page = paging.by_name(expected_grid.datasets(asked, shown, request.user).select_related("team"), request)
    context = {
        "asked": asked,
        "window": shown,
        "page": page,
        "rows": expected_grid.rows(page.rows, shown),
        "kinds": KINDS.items(),
        "states": SlotState.choices,
        "live": "" if request.GET.get("until") else "10",
    }
    if not is_fragment(request):
        context |= _frame(request)
    return render(request, "expected/_grid.html" if is_fragment(request) else "expected/expected.html", context)


def _asked(request: Asked) -> expected_grid.Asked:
    given = {key: request.GET.get(key, "")[:LONGEST].replace("\0", "") for key in ("until", "team", "dataset", "state")}
    by = request.GET.get("by", "day")
    given["state"] = given["state"] if given["state"] in SlotState.values else ""
    return expected_grid.Asked(kind=PeriodKind(by) if by in KINDS else PeriodKind.DAY, **given)


def _frame(request: Asked) -> dict[str, object]:
    """What stands around the grid and does not change with it."""
    overdue = Slot.objects.visible_to(request.user).overdue().count()
    proposed = Habit.objects.operable_by(request.user).filter(state=HabitState.PROPOSED)
    return {
        "habits": list(proposed.select_related("dataset").order_by("dataset__name")[:PROPOSED]),
        "teams": list(Team.objects.order_by("name").values_list("name", flat=True)),
        "names": list(
            Dataset.objects.visible_to(request.user)
            .filter(is_source=True)
            .exclude(period_kind=PeriodKind.NONE)
            .order_by("name")
            .values_list("name", flat=True)
        ),
        "overdue": overdue,
        "overdue_text": f"{overdue:,} late or missing",
    }


@login_required
@require_GET
def slot(request: Asked, pk: int) -> HttpResponse:
    """One expected arrival: why it is so, and what fills it."""
    related = ("dataset__pipeline", "dataset__team", "event", "arrival")
    found = get_object_or_404(Slot.objects.visible_to(request.user).select_related(*related), pk=pk)
    may_edit = Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists()
    wants = found.state in (*OPEN, *WANTING)
    results = CheckResult.objects.filter(version__dataset=found.dataset, version__period=found.period)
    context = {
        "slot": found,
        "late_by": expected_grid.late_by(found),
        "declaration": slot_why.declaration(found.dataset),
        "why": slot_why.sentence(found),
        "tree": expected_grid.tree(slot_why.why(found, request.user).parts),
        "may_edit": may_edit,
        "wants": wants,
        "form": _form(request, found) if may_edit and wants else None,
        "results": list(results.select_related("check_made").order_by("-id")[:STORY]),
        "story": _story(found),
    }
    return render(request, "expected/slot.html", context)


def _form(request: Asked, found: Slot) -> UploadForm | None:
    try:
        return UploadForm(request, accepting.source_of(found.dataset))
    except ArrivalRefused:
        return None


def _story(found: Slot) -> list[tuple[Event, sentences.Said]]:
    """What was recorded of it, newest first; what it put at risk stands in the tree, as far as one may see it."""
    told = Event.objects.filter(dataset=found.dataset.name, period=found.period).exclude(kind=SlotPutAtRisk.kind)
    return [(event, sentences.of(event.kind, event.body)) for event in told.order_by("-id")[:STORY]]


@login_required
@require_GET
def habit(request: Asked, pk: int) -> HttpResponse:
    """When a dataset usually comes, with the history it was learned from."""
    found = get_object_or_404(Habit.objects.visible_to(request.user).select_related("dataset__pipeline"), pk=pk)
    may_edit = Dataset.objects.operable_by(request.user).filter(pk=found.dataset_id).exists()
    context = {
        "habit": found,
        "sentence": habits.sentence(found),
        "weekdays": habits.usual_days(found),
        "history": habits.history(found),
        "may_edit": may_edit and found.state == HabitState.PROPOSED,
    }
    return render(request, "expected/habit.html", context)


@login_required
@require_POST
def accept(request: Asked, pk: int) -> HttpResponse:
    """Declare the deadline that was proposed: a new revision of the pipeline."""
    operable = Habit.objects.operable_by(request.user).select_related("dataset__pipeline__current")
    found = get_object_or_404(operable, pk=pk)
    teams = permits.teams_written_for(request.user)
    with telling.as_message(request):
        revision = habits.accept(found, author=Author(actor=actor(request), user=request.user, teams=teams))
        said = f"{found.dataset.name} is expected {habits.sentence(found)}"
        messages.success(request, f"{said}. That is revision {revision.number} of {revision.pipeline.name}.")
    return redirect("console:expected")


@login_required
@require_POST
def dismiss(request: Asked, pk: int) -> HttpResponse:
    """Do not propose this deadline again."""
    found = get_object_or_404(Habit.objects.operable_by(request.user).select_related("dataset"), pk=pk)
    with telling.as_message(request):
        habits.dismiss(found, actor=actor(request))
        messages.success(request, f"This deadline is not proposed for {found.dataset.name} again.")
    return redirect("console:expected")
