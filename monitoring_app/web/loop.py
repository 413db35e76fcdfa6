"""How well the loop closes, and what people say to it: reports, notes, verdicts, and the post-mortem to take along."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from monitoring_app.alerts import looping, people, postmortem
from monitoring_app.alerts.grouping import REPORTED
from monitoring_app.models import Alert, Verdict
from monitoring_app.web.asking import Asked, actor, as_message
from pipelines_app.models import ANY_ROLE, Dataset


class ReportForm(forms.Form):
    """What a person sees that is wrong."""

    what = forms.CharField(
        label="What is wrong",
        max_length=people.LONGEST,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What you see, where, since when, and what you expected.",
    )


@login_required
@require_GET
def loop(request: Asked) -> HttpResponse:
    """How quickly problems are noticed, taken and closed, in the last days; of all teams or of one."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in [str(one) for one in looping.DAYS] else 30
    teams = list(request.user.teams_with(*ANY_ROLE).order_by("name"))
    chosen = next((team for team in teams if team.name == request.GET.get("team", "")), None)
    seen = Alert.objects.visible_to(request.user)
    rows = looping.told(seen.filter(team=chosen) if chosen else seen, timezone.now() - timedelta(days=days))
    context = {
        "days": days,
        "spans": [(str(one), f"{one} days") for one in looping.DAYS],
        "teams": teams,
        "team": chosen.name if chosen else "",
        "loop": looping.figures(rows),
        "rules": looping.by_rule(rows),
        "is_cut": len(rows) == looping.MOST,
    }
    return render(request, "alerts/loop.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def report(request: Asked, name: str) -> HttpResponse:
    """Say that something is wrong with a dataset that the person sees."""
    visible = Dataset.objects.visible_to(request.user).select_related("team", "pipeline")
    dataset = get_object_or_404(visible, name=name)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        with as_message(request):
            alert = people.report(dataset, form.cleaned_data["what"], actor=actor(request))
            own = alert.rule == REPORTED
            messages.success(request, "Reported: its owners are told." if own else "It is known: this is its alert.")
            return redirect("monitoring:alert", alert.pk)
    status = 422 if form.is_bound else 200
    return render(request, "alerts/report.html", {"form": form, "dataset": dataset}, status=status)


@login_required
@require_POST
def note(request: Asked, pk: int) -> HttpResponse:
    """Write down what is known of it."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    with as_message(request):
        people.note(found, request.POST.get("text", ""), actor=actor(request))
        messages.success(request, "Noted: the next message about it says so, too.")
    return redirect("monitoring:alert", pk)


@login_required
@require_POST
def judge(request: Asked, pk: int) -> HttpResponse:
    """Say whether anything was wrong."""
    found = get_object_or_404(Alert.objects.operable_by(request.user), pk=pk)
    verdict = request.POST.get("verdict", "")
    if verdict in Verdict.values:
        people.judge(found, verdict, actor=actor(request))
        messages.success(request, f"Kept: {Verdict(verdict).label.lower()}.")
    else:
        messages.error(request, "Say whether something or nothing was wrong.")
    return redirect("monitoring:alert", pk)


@login_required
@require_GET
def post_mortem(request: Asked, pk: int) -> HttpResponse:
    """All that is known of it, as Markdown."""
    seen = Alert.objects.visible_to(request.user).select_related("dataset", "team")
    return markdown(get_object_or_404(seen, pk=pk), request)


def markdown(alert: Alert, request: Asked) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="alert-{alert.pk}.md"'}
    text = postmortem.write(alert, request.user)
    return HttpResponse(text, content_type="text/markdown; charset=utf-8", headers=headers)
