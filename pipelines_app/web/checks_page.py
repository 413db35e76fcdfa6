"""Checks: what is promised about each dataset, whether it held last, and how it held before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pipelines_app.models import Check, CheckResult, Dataset
from pipelines_app.web import paging, words
from pipelines_app.web.asking import Asked

TREND = 20
RESULTS = {"failing": "Failing now", "holding": "Holding", "unjudged": "Not judged yet"}


@dataclass(frozen=True)
class Judged:
    """One result as a list shows it."""

    passed: bool
    message: str
    value: str
    at: datetime
    version: int
    period: str

    @property
    def bar(self) -> dict[str, object]:
        """The result as one bar of the trend."""
        said = "holds" if self.passed else "fails"
        return {
            "state": "passed" if self.passed else "failed",
            "height": 0.5 if self.passed else 1.0,
            "title": f"{words.period(self.period) or self.at.date()}: {said}{', ' + self.value if self.value else ''}",
            "url": reverse("console:version", args=[self.version]),
        }


@dataclass(frozen=True)
class Promise:
    """A check with its results, oldest first."""

    check: Check
    results: list[Judged] = field(default_factory=list)

    @property
    def last(self) -> Judged | None:
        return self.results[-1] if self.results else None

    @property
    def trend(self) -> list[dict[str, object]]:
        """The bars of the last results."""
        return [result.bar for result in self.results]

    @property
    def state(self) -> str:
        """The state in which the last result left it."""
        if self.last is None:
            return "waiting"
        if self.last.passed:
            return "passed"
        return "failed" if self.check.severity == "block" else "warned"

    @property
    def has_own_name(self) -> bool:
        """Whether somebody named it; a name that was made from its kind says nothing that the sentence does not."""
        return not self.check.name.startswith(self.check.kind)

    @property
    def word(self) -> str:
        return {"waiting": "Not judged yet", "passed": "Holds"}.get(self.state, "Fails")


def current_checks() -> QuerySet[Check]:
    """The checks of the revisions that hold now."""
    return Check.objects.filter(revision__pipeline__current=F("revision"))


def promises(datasets: Iterable[Dataset]) -> list[Promise]:
    """The checks of some datasets with their last results, in two queries; a check keeps its results over revisions."""
    checks = list(
        current_checks().filter(dataset__in=list(datasets)).select_related("dataset").order_by("dataset__name", "pk")
    )
    results = _results({check.dataset_id for check in checks}, {check.name for check in checks})
    return [Promise(check, results.get((check.dataset_id, check.name), [])) for check in checks]


def _results(datasets: set[int], names: set[str]) -> dict[tuple[int, str], list[Judged]]:
    place = Window(
        RowNumber(),
        partition_by=[F("check_made__dataset_id"), F("check_made__name")],
        order_by=F("id").desc(),
    )
    rows = (
        CheckResult.objects.filter(check_made__dataset__in=datasets, check_made__name__in=names)
        .annotate(place=place)
        .filter(place__lte=TREND)
        .order_by("id")
        .values("check_made__dataset_id", "check_made__name", "version__period", *_SHOWN)
    )
    found: dict[tuple[int, str], list[Judged]] = {}
    for row in rows:
        found.setdefault((row["check_made__dataset_id"], row["check_made__name"]), []).append(_judged(row))
    return found


_SHOWN = ("passed", "message", "value", "at", "version_id")


def _judged(row: dict[str, Any]) -> Judged:
    return Judged(
        passed=row["passed"],
        message=row["message"],
        value=row["value"],
        at=row["at"],
        version=row["version_id"],
        period=row["version__period"],
    )


@login_required
@require_GET
def checks(request: Asked) -> HttpResponse:
    """Every check of every dataset the person may see, by dataset."""
    words_given, result = request.GET.get("q", "").strip()[:200], request.GET.get("result", "")
    kept = _with_result(current_checks(), result)
    datasets = Dataset.objects.visible_to(request.user).filter(Exists(kept.filter(dataset=OuterRef("pk"))))
    for word in words_given.split()[:10]:
        datasets = datasets.filter(name__icontains=word)
    page = paging.by_name(datasets, request, size=40)
    listed = [promise for promise in promises(page.rows) if _fits(promise, result)]
    context = {
        "page": page,
        "groups": [(dataset, [one for one in listed if one.check.dataset_id == dataset.pk]) for dataset in page.rows],
        "q": words_given,
        "result": result,
        "results": RESULTS.items(),
        "is_filtered": bool(words_given or result),
    }
    return render(request, "checks/checks.html", context)


def _with_result(kept: QuerySet[Check], result: str) -> QuerySet[Check]:
    same = CheckResult.objects.filter(check_made__dataset=OuterRef("dataset"), check_made__name=OuterRef("name"))
    judged = kept.annotate(last_passed=Subquery(same.order_by("-id").values("passed")[:1]))
    wanted = {"failing": False, "holding": True, "unjudged": None}
    return judged.filter(last_passed=wanted[result]) if result in wanted else kept


def _fits(promise: Promise, result: str) -> bool:
    if result not in RESULTS:
        return True
    state = "unjudged" if promise.last is None else "holding" if promise.last.passed else "failing"
    return state == result
