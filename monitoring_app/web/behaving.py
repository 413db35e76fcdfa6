"""How a team's alerts behave: patience, escalation, reminders, maintenance, and which channel hears of what."""

from collections.abc import Callable
from datetime import time
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from monitoring_app.alerts import behaving
from monitoring_app.alerts.behaving import Manner, Quiet, Window, Wish
from monitoring_app.models import MOST_MINUTES, AlertUrgency, Channel, ChannelKind, Maintenance, Policy, Route
from monitoring_app.web.asking import Asked, actor, as_message
from pipelines_app import clock
from pipelines_app.models import ANY_ROLE, EDITING, Dataset, Role, Team

HEARERS = (ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.BOT, ChannelKind.WEBHOOK)
SHOWN = 50


def _minutes(label: str, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=MOST_MINUTES, initial=0)


class MannerForm(forms.Form):
    """Minutes, zero for never."""

    pending = _minutes("Told once it has lasted, minutes", "0: at once.")
    keep = _minutes("Closed once it has been good, minutes", "0: with the first good result.")
    escalate = _minutes("Told again if nobody takes care, minutes", "0: never.")
    escalate_to = forms.EmailField(label="Who hears of it then, too", required=False, max_length=254)
    remind = _minutes("Reminded of what is open every, minutes", "0: never.")
    report = forms.BooleanField(label="A report of the promises each Monday, by e-mail", required=False, initial=True)


class WindowForm(forms.Form):
    """From when until when, of what, and why."""

    begins_at = forms.DateTimeField(label="From", help_text="As 2026-03-01 22:00, by the clocks of your zone.")
    ends_at = forms.DateTimeField(label="Until")
    dataset = forms.CharField(label="Of which dataset", required=False, max_length=130, help_text="Empty: of all.")
    reason = forms.CharField(label="Why", max_length=500)

    def clean(self) -> dict[str, object]:
        """Moments lie within the calendar that the product knows."""
        for name in ("begins_at", "ends_at"):
            if self.cleaned_data.get(name) is not None:
                clock.validate(self.cleaned_data[name])
        return self.cleaned_data


class RouteForm(forms.Form):
    """Which channel hears of which alerts."""

    channel = forms.ModelChoiceField(label="Channel", queryset=Channel.objects.none(), empty_label="choose one")
    pattern = forms.CharField(label="Datasets such as", required=False, max_length=130, help_text="mart.*")
    layer = forms.CharField(label="In the layer", required=False, max_length=63)
    rule = forms.CharField(label="Rules such as", required=False, max_length=210, help_text="late, check:")
    severity = forms.ChoiceField(label="At least", choices=AlertUrgency.choices)


class QuietForm(forms.Form):
    """Quiet hours, or none."""

    begins = forms.TimeField(required=False)
    ends = forms.TimeField(required=False)
    zone = forms.ChoiceField(required=False, choices=lambda: [(one, one) for one in sorted(available_timezones())])


@login_required
@require_GET
def behaviour(request: Asked, name: str) -> HttpResponse:
    """How the alerts of a team behave that the person is in."""
    return _page(request, get_object_or_404(request.user.teams_with(*ANY_ROLE), name=name))


def _page(request: Asked, team: Team, *, form: forms.Form | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    channels = _channels(team)
    routing = RouteForm(prefix="route")
    routing.fields["channel"].queryset = channels  # type: ignore[attr-defined]
    policy = Policy.objects.filter(team=team).values(*MannerForm.base_fields).first()
    forms_shown = {
        "manner": MannerForm(prefix="manner", initial=dict(policy) if policy else {}),
        "window": WindowForm(prefix="window"),
        "route": routing,
    }
    if form is not None:
        forms_shown[str(form.prefix)] = form
    context = {
        "team": team,
        "now": now,
        "windows": list(
            Maintenance.objects.filter(team=team).select_related("dataset").order_by("-ends_at", "-pk")[:SHOWN]
        ),
        "routes": list(Route.objects.filter(team=team).select_related("channel").order_by("pk")[:SHOWN]),
        "is_admin": request.user.teams_with(Role.ADMIN).filter(pk=team.pk).exists(),
        "is_editor": request.user.teams_with(*EDITING).filter(pk=team.pk).exists(),
        "wrong": form,
        **forms_shown,
    }
    return render(request, "channels/behaviour.html", context, status=status)


def _channels(team: Team) -> QuerySet[Channel]:
    return Channel.objects.filter(team=team, kind__in=HEARERS, is_declared=False).order_by("kind", "name", "pk")


def _said(request: Asked, team: Team, form: forms.Form, do: Callable[[], str]) -> HttpResponse:
    """Do what a form says and go back to the page; what is wrong with it is shown there."""
    if not form.is_valid():
        return _page(request, team, form=form, status=422)
    with as_message(request):
        messages.success(request, do())
    return redirect("monitoring:behaviour", team)


@login_required
@require_POST
def behave(request: Asked, name: str) -> HttpResponse:
    """Have the team's alerts behave so."""
    team = get_object_or_404(request.user.teams_with(Role.ADMIN), name=name)
    form = MannerForm(request.POST, prefix="manner")

    def do() -> str:
        behaving.behave(team, Manner(**form.cleaned_data), actor=actor(request))
        return "The team's alerts behave so from the next one on."

    return _said(request, team, form, do)


@login_required
@require_POST
def maintain(request: Asked, name: str) -> HttpResponse:
    """Tell nobody for a time."""
    team = get_object_or_404(request.user.teams_with(*EDITING), name=name)
    form = WindowForm(request.POST, prefix="window")

    def do() -> str:
        given = dict(form.cleaned_data)
        wanted = given.pop("dataset")
        dataset = get_object_or_404(Dataset.objects.filter(team=team), name=wanted) if wanted else None
        behaving.maintain(team, Window(**given, dataset=dataset), actor=actor(request))
        return "Nobody is told in that time; what is still wrong is told when it ends."

    return _said(request, team, form, do)


@login_required
@require_POST
def end_maintenance(request: Asked, pk: int) -> HttpResponse:
    """End it now."""
    window = get_object_or_404(Maintenance.objects.operable_by(request.user).select_related("team", "dataset"), pk=pk)
    with as_message(request):
        behaving.end_maintenance(window, actor=actor(request))
        messages.success(request, "The maintenance is over: what was kept back is sent.")
    return redirect("monitoring:behaviour", window.team)


@login_required
@require_POST
def add_route(request: Asked, name: str) -> HttpResponse:
    """Have a channel hear of some alerts."""
    team = get_object_or_404(request.user.teams_with(Role.ADMIN), name=name)
    form = RouteForm(request.POST, prefix="route")
    form.fields["channel"].queryset = _channels(team)  # type: ignore[attr-defined]

    def do() -> str:
        given = {key: value.strip() for key, value in form.cleaned_data.items() if key != "channel"}
        behaving.route(form.cleaned_data["channel"], Wish(**given), actor=actor(request))
        return "Alerts that fit go there; what fits no route still goes to all channels."

    return _said(request, team, form, do)


@login_required
@require_POST
def remove_route(request: Asked, pk: int) -> HttpResponse:
    """Take a route away."""
    found = get_object_or_404(Route.objects.operable_by(request.user).select_related("team", "channel"), pk=pk)
    behaving.unroute(found, actor=actor(request))
    messages.success(request, "The route is gone.")
    return redirect("monitoring:behaviour", found.team)


@login_required
@require_POST
def hush(request: Asked, pk: int) -> HttpResponse:
    """Give a channel quiet hours, or none."""
    own = Channel.objects.operable_by(request.user).filter(kind__in=HEARERS[:3], team__isnull=False)
    channel = get_object_or_404(own.select_related("team"), pk=pk)
    form = QuietForm(request.POST)
    with as_message(request):
        behaving.hush(channel, _quiet(form), actor=actor(request))
        messages.success(request, f"The quiet hours of {channel} are as you said.")
    return redirect("monitoring:channels", channel.team)


def _quiet(form: QuietForm) -> Quiet | None:
    """The quiet hours that were typed; none where one of them is not there."""
    form.is_valid()
    begins, ends = form.cleaned_data.get("begins"), form.cleaned_data.get("ends")
    if not isinstance(begins, time) or not isinstance(ends, time):
        return None
    return Quiet(begins=begins, ends=ends, zone=form.cleaned_data.get("zone") or "UTC")
