"""What was measured of a dataset, as a part of its page and as a page of its own; and two profiles side by side."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from monitoring_app.models import ColumnProfile, Profile, ProfileState
from monitoring_app.profiling import comparing, finding, history, keeping, measuring
from monitoring_app.profiling.asking import Family, family
from monitoring_app.profiling.comparing import Change, ColumnChange
from monitoring_app.profiling.finding import Wish
from monitoring_app.profiling.profile import WORDS, Metric
from monitoring_app.web import profile_lines
from monitoring_app.web.asking import Asked, actor, as_message, is_fragment
from monitoring_app.web.profile_lines import Line
from pipelines_app.engines.exporting import FIRST_OF_FORMULA
from pipelines_app.environments import mapping
from pipelines_app.errors import NotFound
from pipelines_app.models import Dataset

MOST_POINTS = 60
MOST_COLUMNS = 60
MOST_CHANGES = 8
DRAWN = (Metric.NULL_SHARE, Metric.DISTINCT, Metric.TOP_SHARE, Metric.MINIMUM, Metric.MEAN, Metric.MAXIMUM)


def _dataset(request: Asked, name: str) -> Dataset:
    return get_object_or_404(Dataset.objects.visible_to(request.user).select_related("team"), name=name)


def _asked_metric(request: Asked) -> str:
    return request.GET.get("metric", "") if request.GET.get("metric", "") in set(DRAWN) else ""


@login_required
@require_GET
@vary_on_headers("HX-Request")
def profile(request: Asked, name: str) -> HttpResponse:
    """The newest profile, or that of `?version=` and `?period=`; `?format=csv` gives every number of it."""
    dataset = _dataset(request, name)
    batches = list(
        history.batches(dataset, mapping.production(), most=MOST_POINTS)
        .select_related("version")
        .defer("sketch", "pairs")
    )
    wish = Wish(version=request.GET.get("version", ""), period=request.GET.get("period", ""))
    shown, missing = _found(request, dataset, wish, batches)
    if shown is not None and request.GET.get("format") == "csv":
        return _download(dataset, shown)
    context = {
        "dataset": dataset,
        "shown": shown,
        "missing": missing,
        "batches": batches,
        "whole": history.whole(dataset, mapping.production()).only("pk").first(),
        "volume": profile_lines.volume(batches[::-1], shown),
        "metrics": [(metric, WORDS[metric]) for metric in DRAWN],
        "metric": _asked_metric(request),
        **_around(request, dataset, shown, batches),
        "may_edit": Dataset.objects.operable_by(request.user).filter(pk=dataset.pk).exists(),
        **_waiting(request, dataset),
        **_columns(request, shown, batches),
    }
    return render(request, "profiles/_profile.html" if is_fragment(request) else "profiles/profile.html", context)


def _around(request: Asked, dataset: Dataset, shown: Profile | None, batches: Sequence[Profile]) -> dict[str, object]:
    """Where the page's own links lead (its tab where it is a part of that), and what stands beside the columns."""
    in_tab = is_fragment(request)
    home = reverse("console:dataset" if in_tab else "monitoring:dataset-profile", args=[dataset.name])
    found: dict[str, object] = {"home": home, "base": f"{home}?tab=profile&" if in_tab else f"{home}?", "tab": in_tab}
    if shown is None:
        return found
    query = urlencode({"version": shown.version_id, **({"period": finding.ALL} if shown.is_merged else {})})
    own = reverse("monitoring:dataset-profile", args=[dataset.name])
    kept = urlencode({name: request.GET[name] for name in ("version", "period", "metric") if request.GET.get(name)})
    found["kept"] = kept
    found |= {"csv_url": f"{own}?{query}&format=csv", "changed_at": history.changed_at(shown, batches)}
    return {**found, "is_approximate": history.is_approximate(shown)}


def _found(request: Asked, dataset: Dataset, wish: Wish, batches: Sequence[Profile]) -> tuple[Profile | None, str]:
    """The profile to show, or why there is none."""
    if not wish.version and not wish.period:
        return (batches[0], "") if batches else (None, "")
    try:
        return finding.find(request.user, dataset, wish), ""
    except NotFound as error:
        return (batches[0] if batches else None), error.message


def _waiting(request: Asked, dataset: Dataset) -> dict[str, object]:
    """What is still to be measured, and what could not be: the newest of them."""
    apart = Profile.objects.visible_to(request.user).filter(dataset=dataset).exclude(state=ProfileState.MEASURED)
    found = list(apart.select_related("version").defer("sketch", "pairs").order_by("-pk")[:20])
    return {
        "pending": [one for one in found if one.state == ProfileState.PENDING],
        "failed": [one for one in found if one.state == ProfileState.FAILED],
    }


def _columns(request: Asked, shown: Profile | None, batches: Sequence[Profile]) -> dict[str, object]:
    if shown is None:
        return {"lines": [], "next": 0}
    given = request.GET.get("after", "")
    after = int(given) if given.isdecimal() and len(given) < 6 else 0
    columns: QuerySet[ColumnProfile] = ColumnProfile.objects.filter(profile=shown, place__gt=after).defer("sketch")
    found = list(columns.order_by("place")[: MOST_COLUMNS + 1])
    page = found[:MOST_COLUMNS]
    return {
        "keys": [column.name for column in page if profile_lines.may_be_key(column)] + profile_lines.keys(shown),
        "determined": profile_lines.determined(shown),
        "own": profile_lines.own(shown, batches),
        "lines": _lines(page, batches, _asked_metric(request)),
        "after": after,
        "next": page[-1].place if len(found) > MOST_COLUMNS else 0,
    }


def _lines(columns: list[ColumnProfile], batches: Sequence[Profile], asked: str) -> list[Line]:
    """The columns with the course of one of their numbers over the periods or versions."""
    order = [profile.pk for profile in reversed(batches)]
    watched = {column.name: profile_lines.watched(column, asked) for column in columns}
    fields = sorted({metric.value for metric in watched.values()})
    values: dict[tuple[str, str], dict[int, float | None]] = defaultdict(dict)
    courses = ColumnProfile.objects.filter(profile__in=order, name__in=list(watched))
    for pk, name, *numbers in courses.values_list("profile", "name", *fields):
        for field, number in zip(fields, numbers, strict=True):
            values[name, field][pk] = number
    return [
        profile_lines.line(
            column,
            metric=watched[column.name],
            values=[values[column.name, watched[column.name].value].get(pk) for pk in order],
        )
        for column in columns
    ]


def _download(dataset: Dataset, shown: Profile) -> HttpResponse:
    """Every number, a line for each: the column (none for the whole), the metric, its value."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{dataset.name}.profile.{shown.period or shown.version_id}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(answer)
    writer.writerow(["column", "metric", "value"])
    for column, metric, value in keeping.of(shown).series():
        safe = f"'{column}" if column.startswith(tuple(FIRST_OF_FORMULA)) else column
        writer.writerow([safe, metric.value, value])
    return answer


@login_required
@require_GET
def compare(request: Asked, name: str) -> HttpResponse:
    """Two profiles side by side: `?to=` and `?from=` are versions; without them the last two."""
    dataset = _dataset(request, name)
    batches = list(
        history.batches(dataset, mapping.production(), most=MOST_POINTS)
        .select_related("version")
        .defer("sketch", "pairs")
    )
    context: dict[str, object] = {"dataset": dataset, "batches": batches, "after": None, "before": None}
    try:
        after = finding.find(request.user, dataset, Wish(version=request.GET.get("to", "")))
        given = request.GET.get("from", "")
        before = (
            finding.find(request.user, dataset, Wish(version=given)) if given else finding.before(request.user, after)
        )
    except NotFound as error:
        return render(request, "profiles/compare.html", {**context, "missing": error.message})
    if before is None:
        return render(request, "profiles/compare.html", {**context, "after": after})
    comparison = comparing.compared(keeping.of(before), keeping.of(after))
    context |= {
        "before": before,
        "after": after,
        "is_same": comparison.is_same,
        "batch": [_said(change) for change in comparison.batch],
        "changed": [_changed(column) for column in comparison.columns if column.kind != comparing.Kind.SAME],
        "same": [column.name for column in comparison.columns if column.kind == comparing.Kind.SAME],
    }
    return render(request, "profiles/compare.html", context)


def _said(change: Change, *, is_moment: bool = False) -> dict[str, object]:
    return {
        "words": profile_lines.titled(change.metric),
        "before": profile_lines.in_words(change.metric, change.before, is_moment=is_moment),
        "after": profile_lines.in_words(change.metric, change.after, is_moment=is_moment),
        "is_notable": change.is_notable,
    }


def _changed(column: ColumnChange) -> dict[str, object]:
    known = column.after or column.before
    is_moment = known is not None and family(known.type) is Family.MOMENT
    told = [_said(change, is_moment=is_moment) for change in column.changes]
    return {"column": column, "changes": told[:MOST_CHANGES], "more": told[MOST_CHANGES:]}


@login_required
@require_POST
def again(request: Asked, pk: int) -> HttpResponse:
    """Try once more to measure what could not be measured."""
    allowed = Profile.objects.filter(dataset__in=Dataset.objects.operable_by(request.user))
    found = get_object_or_404(allowed.select_related("version__dataset__team"), pk=pk)
    with as_message(request):
        measuring.again(found, actor=actor(request))
        messages.success(request, "It is being measured again.")
    return redirect("monitoring:dataset-profile", found.version.dataset.name)
