"""Outbound webhooks: where a team's alerts and events are posted to, and what became of every message."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from monitoring_app.alerts import sending, subscribing
from monitoring_app.channels import endpoints as verbs
from monitoring_app.channels.endpoints import Wanted
from monitoring_app.channels.message import NotDelivered
from monitoring_app.models import Channel, ChannelKind, Endpoint, Notification
from monitoring_app.web.asking import Asked, actor, as_message
from pipelines_app.errors import LooplineError
from pipelines_app.models import Role, Team

SHOWN = 50


class WantedForm(forms.Form):
    """What an endpoint is told of."""

    alerts = forms.BooleanField(label="Alerts of the team", required=False)
    kinds = forms.MultipleChoiceField(
        label="Events of its datasets and pipelines",
        required=False,
        choices=list(subscribing.KINDS.items()),
        widget=forms.CheckboxSelectMultiple,
    )

    def wanted(self) -> Wanted:
        """The answers, once they are valid."""
        return Wanted(alerts=self.cleaned_data["alerts"], kinds=self.cleaned_data["kinds"])


class NewForm(WantedForm):
    """Whose, where to, and what it is told of."""

    team = forms.ChoiceField(label="Team")
    url = forms.CharField(
        label="Address", max_length=2000, help_text="https, open to the world; it is never shown again as a whole."
    )
    name = forms.CharField(label="Name", max_length=100, required=False)
    field_order = ["team", "url", "name", "alerts", "kinds"]

    def __init__(self, *given: Any, teams: QuerySet[Team], **more: Any) -> None:
        super().__init__(*given, **more)
        names = list(teams.order_by("name").values_list("name", flat=True))
        self.fields["team"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        self.has_teams = bool(names)


def _led(request: Asked) -> QuerySet[Team]:
    return request.user.teams_with(Role.ADMIN)


def _seen(request: Asked) -> QuerySet[Channel]:
    seen = Channel.objects.visible_to(request.user).filter(kind=ChannelKind.WEBHOOK)
    return seen.select_related("endpoint", "team")


def _own(request: Asked) -> QuerySet[Channel]:
    """Those of the teams that the person administers."""
    own = Channel.objects.operable_by(request.user).filter(kind=ChannelKind.WEBHOOK)
    return own.select_related("endpoint", "team")


@login_required
@require_GET
def endpoints(request: Asked) -> HttpResponse:
    """The outbound webhooks of the person's teams, and a way to make one."""
    return _list(request, NewForm(teams=_led(request), initial={"alerts": True}))


def _list(request: Asked, form: NewForm, *, status: int = 200) -> HttpResponse:
    context = {"channels": list(_seen(request).order_by("team__name", "name", "pk")[:500]), "form": form}
    return render(request, "endpoints/endpoints.html", context, status=status)


@never_cache
@login_required
@require_POST
@sensitive_post_parameters("url")
@sensitive_variables("secret", "form")
def create(request: Asked) -> HttpResponse:
    """Make one; its secret is on this one page and nowhere else."""
    team = get_object_or_404(_led(request), name=request.POST.get("team", ""))
    form = NewForm(request.POST, teams=_led(request))
    if form.is_valid():
        given = {"url": form.cleaned_data["url"].strip(), "name": form.cleaned_data["name"]}
        try:
            channel, secret = verbs.add(
                team, **given, wanted=form.wanted(), actor=actor(request), owner=request.user.email
            )
        except LooplineError as refusal:
            form.add_error("url", f"{refusal.message} {refusal.todo}".strip())
        else:
            return _page(request, channel, secret=secret)
    return _list(request, form, status=422)


@login_required
def endpoint(request: Asked, pk: int) -> HttpResponse:
    """One outbound webhook and its messages; a POST changes what it is told of."""
    if request.method != "POST":
        return _page(request, get_object_or_404(_seen(request), pk=pk))
    channel = get_object_or_404(_own(request), pk=pk)
    form = WantedForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, form=form, status=422)
    verbs.change(channel, wanted=form.wanted(), actor=actor(request))
    messages.success(request, f"{channel} is told of this from now on.")
    return redirect("monitoring:endpoint", pk)


def _page(
    request: Asked, channel: Channel, *, secret: str = "", form: WantedForm | None = None, status: int = 200
) -> HttpResponse:
    endpoint, kinds = channel.endpoint, verbs.told_of(channel.endpoint)
    log = Notification.objects.filter(channel=channel).select_related("event").prefetch_related("tries")
    context = {
        "channel": channel,
        "endpoint": endpoint,
        "secret": secret,
        "log": list(log.order_by("-pk")[:SHOWN]),
        "kinds": [subscribing.KINDS.get(kind, kind) for kind in kinds],
        "form": form or WantedForm(initial={"alerts": endpoint.alerts, "kinds": kinds}),
        "operable": _own(request).filter(pk=channel.pk).exists(),
        "old_until": _still(endpoint),
    }
    return render(request, "endpoints/endpoint.html", context, status=status)


def _still(endpoint: Endpoint) -> object:
    until = endpoint.previous_until
    return until if until is not None and until > timezone.now() else None


@never_cache
@login_required
@require_POST
@sensitive_variables("secret")
def rotate(request: Asked, pk: int) -> HttpResponse:
    """A new secret, shown once; for a day messages carry both signatures."""
    channel = get_object_or_404(_own(request), pk=pk)
    secret = verbs.rotate(channel, actor=actor(request))
    return _page(request, channel, secret=secret)


@login_required
@require_POST
def switch(request: Asked, pk: int) -> HttpResponse:
    """Switch it on or off."""
    channel = get_object_or_404(_own(request), pk=pk)
    enabled = request.POST.get("enabled") == "1"
    with as_message(request):
        sending.switch(channel, enabled=enabled, actor=actor(request))
        messages.success(request, f"{channel} is switched {'on' if enabled else 'off'}.")
    return redirect("monitoring:endpoint", pk)


@login_required
@require_POST
def test(request: Asked, pk: int) -> HttpResponse:
    """Send a test message now, and say what was answered."""
    channel = get_object_or_404(_own(request), pk=pk)
    try:
        taken = sending.rehearse(channel, actor=actor(request))
    except NotDelivered as failure:
        messages.error(request, f"The test was not delivered. {failure}")
    else:
        messages.success(request, f"The test was delivered: the answer was {taken.said}.")
    return redirect("monitoring:endpoint", pk)


@login_required
@require_POST
def again(request: Asked, pk: int, message: int) -> HttpResponse:
    """Send one message once more, under the id it had."""
    channel = get_object_or_404(_own(request), pk=pk)
    notification = get_object_or_404(channel.notifications.all(), pk=message)
    with as_message(request):
        sending.again(notification, actor=actor(request))
        messages.success(request, "The message is being sent again, under the id it had.")
    return redirect("monitoring:endpoint", pk)
