"""Drop folders and buckets: what the last look found, what was taken or refused, their keys, and another look."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.access import audit, spreadsheets
from pipelines_app.compiler.definition import Drop
from pipelines_app.errors import ArrivalRefused, LooplineError
from pipelines_app.intake import accepting, keys
from pipelines_app.models import DropSource, DropTaken
from pipelines_app.web import paging, telling
from pipelines_app.web.asking import Asked, actor, address

SHOWN = 500
HEADER = ["dataset", "place", "state", "not_whole_yet", "for_the_next_look", "refused", "last_look", "error"]


class KeysForm(forms.Form):
    """The keys of a bucket; empty ones take back those that were given."""

    key = forms.CharField(label="Access key", required=False, max_length=keys.LONGEST)
    secret = forms.CharField(
        label="Secret key",
        required=False,
        max_length=keys.LONGEST,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
    )


def _seen(request: Asked) -> QuerySet[DropSource]:
    return DropSource.objects.visible_to(request.user).select_related("dataset__pipeline", "dataset__team")


def _own(request: Asked, pk: int) -> DropSource:
    return get_object_or_404(DropSource.objects.operable_by(request.user).select_related("dataset__team"), pk=pk)


@login_required
@require_GET
def drops(request: Asked) -> HttpResponseBase:
    """All of them, those that fail first."""
    refused = Count("taken", filter=~Q(taken__refused=""))
    rows = _seen(request).annotate(refused=refused).order_by("state", "dataset__name")
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("drop-folders", HEADER, map(_line, rows))
    return render(request, "drops/drops.html", {"drops": rows[:SHOWN]})


def _line(drop: DropSource) -> list[object]:
    looked = drop.looked_at.isoformat() if drop.looked_at else ""
    refused = drop.refused  # type: ignore[attr-defined]  # annotated above
    return [drop.dataset.name, drop.url, drop.state, drop.unfinished, drop.behind, refused, looked, drop.error]


@login_required
@require_GET
def drop(request: Asked, pk: int) -> HttpResponse:
    """One of them."""
    return _page(request, get_object_or_404(_seen(request), pk=pk), KeysForm())


def _page(request: Asked, source: DropSource, form: KeysForm) -> HttpResponse:
    files = DropTaken.objects.filter(source=source).select_related("arrival")
    context = {
        "drop": source,
        "declared": _declared(source),
        "page": paging.newest_first(files, request),
        "form": form,
        "may_act": DropSource.objects.operable_by(request.user).filter(pk=source.pk).exists(),
        "is_bucket": source.url.startswith("s3://"),
    }
    return render(request, "drops/drop.html", context, status=422 if form.errors else 200)


def _declared(source: DropSource) -> Drop | None:
    try:
        return accepting.source_of(source.dataset).drop
    except ArrivalRefused:
        return None  # its pipeline reads it no more


@login_required
@require_POST
def look(request: Asked, pk: int) -> HttpResponse:
    """Have it looked at again."""
    keys.look_again(_own(request, pk))
    messages.success(request, "It is looked at within a few seconds, also at the files that were refused.")
    return redirect("console:drop", pk)


@sensitive_post_parameters("key", "secret")
@login_required
@require_POST
def give_keys(request: Asked, pk: int) -> HttpResponse:
    """Keep the keys of its bucket."""
    source, form = _own(request, pk), KeysForm(request.POST)
    if form.is_valid():
        try:
            keys.give(source, key=form.cleaned_data["key"], secret=form.cleaned_data["secret"])
        except LooplineError as refusal:
            form.add_error("secret", telling.sentence(refusal))
    if form.errors:
        return _page(request, source, form)
    audit.record(
        actor=actor(request),
        action="drop.keys_given",
        subject=str(source),
        team=source.dataset.team,
        address=address(request),
    )
    messages.success(request, "The keys are kept and not shown again. The bucket is looked at within a few seconds.")
    return redirect("console:drop", pk)
