"""Webhooks: signed addresses for suppliers, their secrets, what came through them and what was refused."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.access import audit, spreadsheets
from pipelines_app.compiler.definition import Format, PeriodKind, Source
from pipelines_app.errors import ArrivalRefused, LooplineError
from pipelines_app.intake import accepting, limiting, rehearsing, webhook_log
from pipelines_app.intake import webhooks as intake
from pipelines_app.intake.webhooks import Limits
from pipelines_app.models import Dataset, SignatureKind, Webhook, WebhookCall, WebhookRefusal
from pipelines_app.web import telling, webhook_snippets
from pipelines_app.web.asking import Asked, actor, address


def _own(request: Asked) -> QuerySet[Webhook]:
    """The webhooks of the teams in which the person may edit."""
    return Webhook.objects.operable_by(request.user).select_related("dataset__team", "dataset__pipeline")


SHOWN = 500
HEADER = ["dataset", "address", "proof", "per_minute", "state", "last_taken", "last_refused"]


class NewForm(forms.Form):
    """A source, how its supplier proves who they are, and how much it may send."""

    dataset = forms.ChoiceField(label="For which source?")
    signature = forms.ChoiceField(
        label="How does the supplier sign?",
        choices=SignatureKind.choices,
        initial=SignatureKind.STANDARD,
        help_text="Only Standard Webhooks signs the time, too: take the others where the supplier cannot do it.",
    )
    per_minute = forms.IntegerField(
        label="Messages in a minute",
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text="More are answered 429.",
    )

    def __init__(self, *given: Any, sources: QuerySet[Dataset]) -> None:
        super().__init__(*given)
        names = list(sources.order_by("name").values_list("name", flat=True))
        self.fields["dataset"].choices = [("", "Choose …"), *((name, name) for name in names)]  # type: ignore[attr-defined]
        self.fields["per_minute"].widget.attrs["placeholder"] = str(settings.WEBHOOK_PER_MINUTE)
        self.has_sources = bool(names)


def _sources(request: Asked) -> QuerySet[Dataset]:
    return Dataset.objects.operable_by(request.user).filter(is_source=True, pipeline__isnull=False)


@login_required
@require_GET
def webhooks(request: Asked) -> HttpResponseBase:
    """All webhooks the person may see, and a way to make one."""
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("webhooks", HEADER, map(_line, _all(request)))
    return _list(request, NewForm(sources=_sources(request)))


def _list(request: Asked, form: NewForm, *, status: int = 200) -> HttpResponse:
    context = {"webhooks": _all(request)[:SHOWN], "form": form}
    return render(request, "webhooks/webhooks.html", context, status=status)


def _all(request: Asked) -> QuerySet[Webhook]:
    last = WebhookCall.objects.filter(webhook=OuterRef("pk")).order_by("-pk").values("at")[:1]
    refused = WebhookRefusal.objects.filter(webhook=OuterRef("pk")).order_by("-at").values("at")[:1]
    rows = _own(request).annotate(last_call=Subquery(last), last_refusal=Subquery(refused))
    return rows.order_by("dataset__name", "pk")


def _line(webhook: Webhook) -> list[object]:
    moments = (webhook.last_call, webhook.last_refusal)  # type: ignore[attr-defined]  # annotated above
    return [
        *(webhook.dataset.name, f"/hooks/{webhook.public_id}", webhook.signature, webhook.per_minute),
        *("closed" if webhook.disabled_at else "open", *(one.isoformat() if one else "" for one in moments)),
    ]


@never_cache
@login_required
@require_POST
@sensitive_variables("secret")
def create(request: Asked) -> HttpResponse:
    """Make an address for a source; its secret is on this one page and nowhere else."""
    dataset = get_object_or_404(
        _sources(request).select_related("team", "pipeline"), name=request.POST.get("dataset", "")
    )
    form = NewForm({"signature": SignatureKind.STANDARD, **request.POST.dict()}, sources=_sources(request))
    if not form.is_valid():
        return _list(request, form, status=422)
    chosen = form.cleaned_data
    webhook, secret = intake.create(dataset, signature=chosen["signature"], per_minute=chosen["per_minute"])
    _note(request, webhook, "webhook.created")
    return _page(request, webhook, secret=secret)


class LimitsForm(forms.Form):
    """How much a supplier may send."""

    per_minute = forms.IntegerField(label="Messages in a minute", required=False, min_value=1, max_value=1_000_000)
    max_bytes = forms.IntegerField(
        label="Bytes of one message",
        required=False,
        min_value=intake.SMALL_BYTES,
        help_text="More are answered 413. Empty: as much as the platform takes.",
    )

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name, most in (("per_minute", settings.WEBHOOK_PER_MINUTE), ("max_bytes", settings.WEBHOOK_MAX_BYTES)):
            self.fields[name].widget.attrs["placeholder"] = f"{most:,}"


@login_required
@require_POST
def limit(request: Asked, pk: int) -> HttpResponse:
    """Take more or fewer messages, larger or smaller ones."""
    webhook = get_object_or_404(_own(request), pk=pk)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _page(request, webhook, limits=form)
    _note(request, webhook, "webhook.limited", change=intake.limit(webhook, Limits(**form.cleaned_data)))
    messages.success(request, "It takes so much from now on.")
    return redirect("console:webhook", pk)


@never_cache
@login_required
@require_POST
@sensitive_variables("secret")
def rotate(request: Asked, pk: int) -> HttpResponse:
    """A new secret, shown once; the old one holds for a day."""
    webhook = get_object_or_404(_own(request).filter(disabled_at=None), pk=pk)
    secret = intake.rotate(webhook)
    _note(request, webhook, "webhook.rotated")
    return _page(request, webhook, secret=secret)


@login_required
@require_POST
def disable(request: Asked, pk: int) -> HttpResponse:
    """Close an address; what is sent there afterwards is answered 404."""
    webhook = get_object_or_404(_own(request).filter(disabled_at=None), pk=pk)
    if request.POST.get("confirm") != webhook.public_id:
        messages.error(request, f"Nothing was changed: type {webhook.public_id} to confirm.")
        return redirect("console:webhook", pk)
    with telling.as_message(request):
        intake.switch(webhook, enabled=False)
        _note(request, webhook, "webhook.disabled")
        messages.success(request, f"The address of {webhook.dataset} is closed: what is sent there is answered 404.")
    return redirect("console:webhook", pk)


@login_required
@require_POST
def enable(request: Asked, pk: int) -> HttpResponse:
    """Open a closed address again, with the secret it had."""
    webhook = get_object_or_404(_own(request), pk=pk)
    with telling.as_message(request):
        intake.switch(webhook, enabled=True)
        _note(request, webhook, "webhook.enabled")
        messages.success(request, f"The address of {webhook.dataset} is open again.")
    return redirect("console:webhook", pk)


def _note(request: Asked, webhook: Webhook, action: str, *, change: Mapping[str, object] | None = None) -> None:
    audit.record(
        actor=actor(request),
        action=action,
        subject=str(webhook),
        team=webhook.dataset.team,
        address=address(request),
        change=change,
    )


class TryForm(forms.Form):
    """A body to try, and its period where the dataset has periods."""

    body = forms.CharField(label="Body", widget=forms.Textarea(attrs={"class": "mono", "rows": 8}), max_length=100_000)
    period = forms.CharField(label="Period", required=False, max_length=13)


@never_cache
@login_required
def webhook(request: Asked, pk: int) -> HttpResponse:
    """One webhook; a POST sends a test message, which is taken back once it was accepted."""
    found = get_object_or_404(_own(request), pk=pk)
    if request.method != "POST":
        return _page(request, found)
    form = TryForm(request.POST)
    if form.is_valid() and _rehearse(request, found, form):
        return redirect("console:webhook", pk)
    return _page(request, found, form=form)


def _rehearse(request: Asked, found: Webhook, form: TryForm) -> bool:
    is_records = accepting.source_of(found.dataset).format is Format.JSONL
    try:
        name = rehearsing.rehearse(
            found,
            body=form.cleaned_data["body"].encode(),
            content_type="application/json" if is_records else "application/octet-stream",
            period=form.cleaned_data["period"],
            now=timezone.now(),
        )
    except LooplineError as refusal:
        form.add_error("body", telling.sentence(refusal))
        return False
    messages.success(request, f"The message was accepted as {name} and then taken back: nothing is stored or started.")
    return True


def _page(
    request: Asked, found: Webhook, *, secret: str = "", form: TryForm | None = None, limits: LimitsForm | None = None
) -> HttpResponse:
    try:
        source = accepting.source_of(found.dataset)
    except ArrivalRefused:
        source = None  # its pipeline no longer reads it; the history stays
    url = f"{settings.PUBLIC_URL}/hooks/{found.public_id}"
    context = {
        "webhook": found,
        "secret": secret,
        "url": url,
        "source": source,
        "log": webhook_log.last(found),
        "limit": limiting.limit_of(found),
        "size": limiting.size_of(found),
        "limits": limits or LimitsForm(initial={"per_minute": found.per_minute, "max_bytes": found.max_bytes}),
        "snippets": webhook_snippets.snippets(url, source, found.signature) if source else None,
        "form": form or (_form(source) if source else None),
        "old_until": found.previous_until if found.previous_until and found.previous_until > timezone.now() else None,
    }
    return render(request, "webhooks/webhook.html", context, status=422 if form or limits else 200)


def _form(source: Source) -> TryForm:
    period = accepting.EXAMPLES.get(source.period, "")
    form = TryForm(initial={"body": webhook_snippets.example_body(source), "period": period})
    if source.period is PeriodKind.NONE:
        form.fields["period"].widget = forms.HiddenInput()
    return form
