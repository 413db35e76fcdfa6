"""Who hears of a team's alerts: its e-mail addresses and its Slack channels."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from monitoring_app.alerts import sending
from monitoring_app.channels import keeping
from monitoring_app.channels.message import NotDelivered
from monitoring_app.models import Channel, ChannelKind, NotificationState
from monitoring_app.web.asking import Asked, actor
from pipelines_app.errors import LooplineError
from pipelines_app.models import ANY_ROLE, Role, Team

HEARERS = (ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.BOT)


class EmailForm(forms.Form):
    """An address that hears of everything that concerns the team."""

    address = forms.EmailField(label="E-mail address", max_length=254)


class SlackForm(forms.Form):
    """A Slack channel, by the address of its incoming webhook."""

    name = forms.CharField(label="What you call the channel", max_length=100, help_text="Such as #data-alerts.")
    url = forms.CharField(
        label="Address of the incoming webhook",
        max_length=500,
        help_text="In Slack: Apps, Incoming Webhooks, Add. It is never shown again.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class BotForm(forms.Form):
    """A Slack channel, by an app's token: one thread for each alert."""

    name = forms.CharField(label="What you call the channel", max_length=100, required=False)
    place = forms.CharField(
        label="The channel's id", max_length=20, help_text="Such as C0123ABCDEF: About, at its end."
    )
    token = forms.CharField(
        label="Token of the app",
        max_length=300,
        help_text="It begins with xoxb- and needs chat:write. It is never shown again.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


@login_required
@require_GET
def channels(request: Asked, name: str) -> HttpResponse:
    """The channels of a team that the person is in."""
    return _page(request, get_object_or_404(request.user.teams_with(*ANY_ROLE), name=name))


def _page(request: Asked, team: Team, *, wrong: forms.Form | None = None, status: int = 200) -> HttpResponse:
    rows = Channel.objects.visible_to(request.user).filter(team=team, kind__in=HEARERS)
    context = {
        "team": team,
        "rows": list(rows.order_by("-enabled", "kind", "name", "pk")[:500]),
        "is_admin": _led(request).filter(pk=team.pk).exists(),
        "email": EmailForm(prefix="email"),
        "slack": SlackForm(prefix="slack"),
        "bot": BotForm(prefix="bot"),
        **({str(wrong.prefix): wrong} if wrong is not None else {}),
    }
    return render(request, "channels/channels.html", context, status=status)


def _led(request: Asked) -> QuerySet[Team]:
    return request.user.teams_with(Role.ADMIN)


@login_required
@require_POST
def add_email(request: Asked, name: str) -> HttpResponse:
    """Have an address hear of everything that concerns the team."""
    team = get_object_or_404(_led(request), name=name)
    form = EmailForm(request.POST, prefix="email")
    if not form.is_valid():
        return _page(request, team, wrong=form, status=422)
    channel = keeping.add_email(team, address=form.cleaned_data["address"], actor=actor(request))
    messages.success(request, f"{channel} hears of this team's alerts. Send it a test.")
    return redirect("monitoring:channels", name)


@login_required
@require_POST
@sensitive_post_parameters("slack-url")
@sensitive_variables("form")
def add_slack(request: Asked, name: str) -> HttpResponse:
    """Have a Slack channel hear of everything that concerns the team."""
    team = get_object_or_404(_led(request), name=name)
    form = SlackForm(request.POST, prefix="slack")
    if form.is_valid():
        given = {"url": form.cleaned_data["url"].strip(), "name": form.cleaned_data["name"].strip()}
        try:
            channel = keeping.add_slack(team, **given, actor=actor(request))
        except LooplineError as refusal:
            form.add_error("url", f"{refusal.message} {refusal.todo}".strip())
        else:
            messages.success(request, f"{channel} hears of this team's alerts. Send it a test.")
            return redirect("monitoring:channels", name)
    return _page(request, team, wrong=form, status=422)


@login_required
@require_POST
@sensitive_post_parameters("bot-token")
@sensitive_variables("form", "given")
def add_bot(request: Asked, name: str) -> HttpResponse:
    """Have a Slack channel hear of everything that concerns the team, in threads."""
    team = get_object_or_404(_led(request), name=name)
    form = BotForm(request.POST, prefix="bot")
    if form.is_valid():
        given = {key: value.strip() for key, value in form.cleaned_data.items()}
        try:
            channel = keeping.add_bot(team, **given, actor=actor(request))
        except LooplineError as refusal:
            form.add_error("token", f"{refusal.message} {refusal.todo}".strip())
        else:
            messages.success(request, f"{channel} hears of this team's alerts. Send it a test.")
            return redirect("monitoring:channels", name)
    return _page(request, team, wrong=form, status=422)


def _own(request: Asked, pk: int) -> Channel:
    own = Channel.objects.operable_by(request.user).filter(kind__in=HEARERS, team__isnull=False)
    return get_object_or_404(own.select_related("team"), pk=pk)


@login_required
@require_POST
def switch(request: Asked, pk: int) -> HttpResponse:
    """Switch it on or off."""
    channel = _own(request, pk)
    enabled = request.POST.get("enabled") == "1"
    sending.switch(channel, enabled=enabled, actor=actor(request))
    messages.success(request, f"{channel} is switched {'on' if enabled else 'off'}.")
    return redirect("monitoring:channels", channel.team)


@login_required
@require_POST
def test(request: Asked, pk: int) -> HttpResponse:
    """Send a test message now, and say what became of it."""
    channel = _own(request, pk)
    try:
        taken = sending.rehearse(channel, actor=actor(request))
    except NotDelivered as failure:
        messages.error(request, f"The test was not delivered. {failure}")
    else:
        is_kept = taken.state == NotificationState.KEPT
        said = "kept in the console: there is no mail server here" if is_kept else f"delivered: {taken.said}"
        messages.success(request, f"The test to {channel} was {said}.")
    return redirect("monitoring:channels", channel.team)
