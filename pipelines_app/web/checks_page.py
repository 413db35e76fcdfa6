"""Checks: what is promised about each dataset, whether it held last, and how it held before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from pipelines_app.access import spreadsheets
from pipelines_app.models import OUTCOMES, Check, CheckResult, Dataset, Mute
from pipelines_app.quality import muting
from pipelines_app.web import paging, words
from pipelines_app.web.asking import Asked

TREND = 20
AT_ONCE = 25  # datasets
HEADER = ["dataset", "check", "what", "severity", "result", "message", "value", "judged_at", "owner", "muted_until"]
WORDS = {"waiting": "Not judged yet", "passed": "Holds", "noted": "Fails, noted", "muted": "Fails, muted"}
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
    mute: Mute | None = None

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
        return "muted" if self.mute is not None else OUTCOMES[self.check.severity]

    @property
    def has_own_name(self) -> bool:
        """Whether somebody named it; a name that was made from its kind says nothing that the sentence does not."""
        return not self.check.name.startswith(self.check.kind)

    @property
    def word(self) -> str:
        return WORDS.get(self.state, "Fails")


def current_checks() -> QuerySet[Check]:
    """The checks of the revisions that hold now."""
    return Check.objects.filter(revision__pipeline__current=F("revision"))


def promises(datasets: Iterable[Dataset]) -> list[Promise]:
    """The checks of some datasets with their last results, in four queries; both are kept over revisions."""
    checks = list(
        current_checks().filter(dataset__in=list(datasets)).select_related("dataset").order_by("dataset__name", "pk")
    )
    results = _results({check.dataset_id for check in checks}, {check.name for check in checks})
    mutes = muting.of(checks)
    keys = [(check.dataset_id, check.name) for check in checks]
    return [Promise(check, results.get(key, []), mutes.get(key)) for check, key in zip(checks, keys, strict=True)]


def _results(datasets: set[int], names: set[str]) -> dict[tuple[int, str], list[Judged]]:
    asked = _since(datasets, names)
    if not asked:
        return {}
    rows = CheckResult.objects.filter(reduce(or_, asked)).order_by("id")
    found: dict[tuple[int, str], list[Judged]] = {}
    for row in rows.values("check_made__dataset_id", "check_made__name", "version__period", *_SHOWN):
        found.setdefault((row["check_made__dataset_id"], row["check_made__name"]), []).append(_judged(row))
    return {check: results[-TREND:] for check, results in found.items()}


def _since(datasets: set[int], names: set[str]) -> list[Q]:
    """Per check its results from the twentieth newest on: a few steps in an index, however many there are."""
    newest = CheckResult.objects.filter(check_made=OuterRef("pk")).order_by("-id").values("id")
    known = Check.objects.filter(dataset__in=datasets, name__in=names)
    ends = known.annotate(last=Subquery(newest[:1]), floor=Subquery(newest[TREND - 1 : TREND])).exclude(last=None)
    floors: dict[tuple[int, str], int] = {}
    of_check: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for pk, dataset, name, last, floor in ends.values_list("pk", "dataset_id", "name", "last", "floor"):
        floors[dataset, name] = max(floors.get((dataset, name), 0), floor or 0)
        of_check.setdefault((dataset, name), []).append((pk, last))
    return [
        Q(check_made__in=[pk for pk, last in made if last >= floors[check]], id__gte=floors[check])
        for check, made in of_check.items()
    ]


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
def checks(request: Asked) -> HttpResponseBase:
    """Every check of every dataset the person may see, by dataset."""
    words_given, result = request.GET.get("q", "").strip()[:200], request.GET.get("result", "")
    kept = _with_result(current_checks(), result)
    datasets = Dataset.objects.visible_to(request.user).filter(Exists(kept.filter(dataset=OuterRef("pk"))))
    for word in words_given.split()[:10]:
        datasets = datasets.filter(name__icontains=word)
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("checks", HEADER, _lines(list(datasets.order_by("name")), result))
    page = paging.by_name(datasets, request, size=AT_ONCE)
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


def _lines(datasets: list[Dataset], result: str) -> Iterator[list[object]]:
    """Every check of the datasets with its last result, read as many at once as a page shows."""
    for start in range(0, len(datasets), AT_ONCE):
        for one in promises(datasets[start : start + AT_ONCE]):
            if _fits(one, result):
                told = [one.last.message, one.last.value, one.last.at.isoformat()] if one.last else ["", "", ""]
                check = one.check
                until = one.mute.until.isoformat() if one.mute else ""
                about = [check.dataset.name, check.name, check.sentence, check.severity]
                yield [*about, one.word, *told, check.owner, until]


def _with_result(kept: QuerySet[Check], result: str) -> QuerySet[Check]:
    newest = CheckResult.objects.filter(check_made=OuterRef("pk")).order_by("-id").values("id")[:1]
    same = Check.objects.filter(dataset=OuterRef("dataset"), name=OuterRef("name")).annotate(newest=Subquery(newest))
    last = same.order_by(F("newest").desc(nulls_last=True)).values("newest")[:1]
    passed = CheckResult.objects.filter(pk=OuterRef("last")).values("passed")
    judged = kept.annotate(last=Subquery(last)).annotate(last_passed=Subquery(passed))
    wanted = {"failing": False, "holding": True, "unjudged": None}
    return judged.filter(last_passed=wanted[result]) if result in wanted else kept


def _fits(promise: Promise, result: str) -> bool:
    if result not in RESULTS:
        return True
    state = "unjudged" if promise.last is None else "holding" if promise.last.passed else "failing"
    return state == result
