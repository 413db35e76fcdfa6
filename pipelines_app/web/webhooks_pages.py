"""Webhooks: signed addresses for suppliers, their secrets, what came through them and what was refused."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.access import audit
from pipelines_app.compiler.definition import Format, PeriodKind, Source
from pipelines_app.errors import ArrivalRefused, LooplineError
from pipelines_app.intake import accepting, rehearsing
from pipelines_app.intake import webhooks as intake
from pipelines_app.models import Dataset, Webhook, WebhookCall, WebhookRefusal
from pipelines_app.web import telling, webhook_snippets
from pipelines_app.web.asking import Asked, actor, address

KEPT = 50


def _own(request: Asked) -> QuerySet[Webhook]:
    """The webhooks of the teams in which the person may edit."""
    own = Dataset.objects.operable_by(request.user)
    return Webhook.objects.filter(dataset__in=own).select_related("dataset__team", "dataset__pipeline")


@login_required
@require_GET
def webhooks(request: Asked) -> HttpResponse:
    """All webhooks the person may see, and a way to make one."""
    sources = Dataset.objects.operable_by(request.user).filter(is_source=True, pipeline__isnull=False)
    rows = _own(request).annotate(calls_made=Count("calls", distinct=True), last_call=Max("calls__at"))
    context = {
        "webhooks": list(rows.order_by("dataset__name", "pk")[:500]),
        "sources": list(sources.order_by("name").values_list("name", flat=True)),
    }
    return render(request, "webhooks/webhooks.html", context)


@never_cache
@login_required
@require_POST
@sensitive_variables("secret")
def create(request: Asked) -> HttpResponse:
    """Make an address for a source; its secret is on this one page and nowhere else."""
    sources = Dataset.objects.operable_by(request.user).filter(is_source=True)
    dataset = get_object_or_404(sources.select_related("team", "pipeline"), name=request.POST.get("dataset", ""))
    webhook, secret = intake.create(dataset)
    _note(request, webhook, "webhook.created")
    return _page(request, webhook, secret=secret)


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
    """Close an address for good."""
    webhook = get_object_or_404(_own(request).filter(disabled_at=None), pk=pk)
    if request.POST.get("confirm") != webhook.public_id:
        messages.error(request, f"Nothing was changed: type {webhook.public_id} to confirm.")
        return redirect("console:webhook", pk)
    _own(request).filter(pk=pk).update(disabled_at=timezone.now())
    _note(request, webhook, "webhook.disabled")
    messages.success(request, f"The address of {webhook.dataset} is closed: what is sent there is answered 404.")
    return redirect("console:webhooks")


def _note(request: Asked, webhook: Webhook, action: str) -> None:
    audit.record(
        actor=actor(request),
        action=action,
        subject=str(webhook),
        team=webhook.dataset.team,
        address=address(request),
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


def _page(request: Asked, found: Webhook, *, secret: str = "", form: TryForm | None = None) -> HttpResponse:
    try:
        source = accepting.source_of(found.dataset)
    except ArrivalRefused:
        source = None  # its pipeline no longer reads it; the history stays
    url = f"{settings.PUBLIC_URL}/hooks/{found.public_id}"
    calls = WebhookCall.objects.filter(webhook=found).select_related("arrival").order_by("-pk")
    refusals = WebhookRefusal.objects.filter(webhook=found).order_by("-pk")
    context = {
        "webhook": found,
        "secret": secret,
        "url": url,
        "source": source,
        "calls": list(calls[:KEPT]),
        "refusals": list(refusals[:KEPT]),
        "snippets": webhook_snippets.snippets(url, source) if source else None,
        "form": form or (_form(source) if source else None),
        "old_until": found.previous_until if found.previous_until and found.previous_until > timezone.now() else None,
    }
    return render(request, "webhooks/webhook.html", context, status=422 if form else 200)


def _form(source: Source) -> TryForm:
    period = accepting.EXAMPLES.get(source.period, "")
    form = TryForm(initial={"body": webhook_snippets.example_body(source), "period": period})
    if source.period is PeriodKind.NONE:
        form.fields["period"].widget = forms.HiddenInput()
    return form
