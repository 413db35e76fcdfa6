"""The weekly report of promises, by e-mail to each team that gave some: how they were kept, what was missed and why.

It is written once for each team and week, and sent as any other message is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from monitoring_app.alerts import messages
from monitoring_app.facts import SlasReported
from monitoring_app.models import About, Channel, ChannelKind, Notification, Policy, Sla, SlaResult, SlaState
from monitoring_app.models.sla import BROKEN
from monitoring_app.slas import attaining, rules
from monitoring_app.slas.rules import Attained
from pipelines_app import events, locks, singly, wake
from pipelines_app.compiler import target_documents
from pipelines_app.compiler.targets import TIMED, TargetKind
from pipelines_app.models import Team

AT = time(7)  # on Monday, by the clocks of the platform's zone
WEEK = timedelta(days=7)
MOST_TEAMS = 500
MOST = 200  # promises of one team
MOST_TAKEN = 50_000
NAMED = 5  # breaches of one promise
LONGEST = 40_000


@dataclass(frozen=True, kw_only=True)
class Week:
    """The seven days that a report is about, and what it is called."""

    name: str
    begins: datetime
    ends: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """One promise: what was kept in the week and in thirty days, what was missed, what could be promised."""

    sentence: str
    week: Attained
    month: Attained
    missed: Sequence[str] = ()
    suggested: str = ""


def week_before(now: datetime) -> Week:
    """The last week that is over and told of: from Monday to Monday, reported on Monday at seven. Pure."""
    local = now.astimezone(ZoneInfo(settings.TIME_ZONE))
    monday = local.date() - timedelta(days=local.weekday())
    if local < datetime.combine(monday, AT, local.tzinfo):
        monday -= WEEK
    begins, ends = (datetime.combine(day, time(0), local.tzinfo) for day in (monday - WEEK, monday))
    year, number, _ = begins.isocalendar()
    return Week(name=f"{year}-W{number:02}", begins=begins, ends=ends)


def unreported(week: Week) -> QuerySet[Team]:
    """The teams that gave promises before the week was over, want to be told, and have not been."""
    promised = Sla.objects.in_force().filter(since__lt=week.ends).values("pipeline__team")
    told = Q(alert_policy__reported=week.name) | Q(alert_policy__report=False)
    return Team.objects.filter(pk__in=promised).exclude(pk__in=Team.objects.filter(told).values("pk"))


def send_due(now: datetime) -> int:
    """Write what is due; says for how many teams. Two at once are safe."""
    week = week_before(now)
    return singly.each(unreported(week).values_list("pk", flat=True)[:MOST_TEAMS], lambda pk: _report(pk, week))


@transaction.atomic
def _report(pk: int, week: Week) -> bool:
    team = locks.held(unreported(week).filter(pk=pk)).first()
    if team is None:
        return False
    Policy.objects.update_or_create(team=team, defaults={"reported": week.name})
    subject, body = write(team, week)
    event = events.record(SlasReported(team=team.name, week=week.name), actor="clock")
    for channel in _channels(team):
        message = Notification.objects.create(
            channel=channel,
            event=event,
            about=About.REPORT,
            subject=messages.one_line(subject, messages.SUBJECT),
            body=messages.readable(body, LONGEST),
            link=f"{settings.PUBLIC_URL.rstrip('/')}/slas/",
        )
        wake.ring(wake.NOTIFICATION, message.pk)
    return True


def _channels(team: Team) -> Iterable[Channel]:
    """The team's own address, and the addresses that its admins added."""
    own = Q(is_declared=False)
    if team.email:
        about = {"team": team, "kind": ChannelKind.EMAIL, "address": team.email}
        Channel.objects.get_or_create(**about, defaults={"name": team.email, "is_declared": True})
        own |= Q(address=team.email)
    return Channel.objects.filter(own, team=team, kind=ChannelKind.EMAIL, enabled=True).order_by("pk")


def write(team: Team, week: Week) -> tuple[str, str]:
    """The subject and the text of a team's report, by four queries."""
    given = Sla.objects.in_force().filter(pipeline__team=team, since__lt=week.ends)
    slas = list(given.select_related("pipeline", "dataset").order_by("pk")[:MOST])
    counted, missed, taken = attaining.by_days(slas, week.ends), _missed(slas, week), _taken(slas, week)
    lines = [
        Line(
            sentence=sla.sentence,
            week=counted[sla.pk][7],
            month=counted[sla.pk][30],
            missed=missed.get(sla.pk, ()),
            suggested=_suggested(sla, taken.get(sla.pk, [])),
        )
        for sla in slas
    ]
    return words(team.name, week, lines)


def _missed(slas: Sequence[Sla], week: Week) -> Mapping[int, Sequence[str]]:
    broken = SlaResult.objects.filter(sla__in=slas, state__in=BROKEN, due_at__gte=week.begins, due_at__lt=week.ends)
    found: dict[int, list[str]] = defaultdict(list)
    rows = broken.order_by("due_at").values_list("sla", "subject", "state", "because")
    for sla, subject, state, because in rows[:MOST_TAKEN]:
        found[sla].append(f"{subject}: {because or SlaState(state).label.lower()}")
    return found


def _taken(slas: Sequence[Sla], week: Week) -> Mapping[int, list[float]]:
    """How long each of the judged took in the ninety days before; what never came counts as endless."""
    timed = [sla.pk for sla in slas if TargetKind(sla.kind) in TIMED]
    judged = SlaResult.objects.filter(sla__in=timed, state__in=[SlaState.MET, *BROKEN], due_at__lt=week.ends)
    recent = judged.filter(due_at__gte=week.ends - attaining.HISTORY).order_by("-due_at")
    found: dict[int, list[float]] = defaultdict(list)
    for sla, begins, kept in recent.values_list("sla", "begins_at", "kept_at")[:MOST_TAKEN]:
        found[sla].append((kept - begins).total_seconds() if kept is not None else float("inf"))
    return found


def _suggested(sla: Sla, taken: Sequence[float]) -> str:
    seconds = rules.suggested(taken, sla.objective)
    return target_documents.length(seconds) if seconds is not None and seconds != sla.seconds else ""


def words(team: str, week: Week, lines: Sequence[Line]) -> tuple[str, str]:
    """The report in words: what was not kept first. Pure."""
    short = [line for line in lines if not line.month.is_kept]
    slipped = [line for line in lines if line.month.is_kept and line.missed]
    well = [line for line in lines if line.month.is_kept and not line.missed]
    last = week.ends - timedelta(days=1)
    parts = [f"{week.begins.day} {week.begins:%B} to {last.day} {last:%B %Y}."]
    parts += _part("Below what is promised", short) + _part("Missed, within the budget", slipped) + _part("Kept", well)
    subject = f"[SLA report] {team}: {len(lines) - len(short)} of {len(lines)} promises kept, {week.name}"
    return subject, "\n\n".join(parts)


def _part(title: str, lines: Sequence[Line]) -> list[str]:
    return ["\n".join([f"{title} ({len(lines)})", *(text for line in lines for text in _said(line))])] if lines else []


def _said(line: Line) -> Iterable[str]:
    kept = f"{_share(line.week)} in the week, {_share(line.month)} in 30 days"
    yield f"- {line.sentence}: {kept}, {_percent(line.month)} is promised"
    if line.month.judged:
        yield f"  {_budget(line.month)}"
    yield from (f"  missed {text}" for text in line.missed[:NAMED])
    if len(line.missed) > NAMED:
        yield f"  and {len(line.missed) - NAMED} more"
    if line.suggested and not line.month.is_kept:
        yield f"  Within {line.suggested} would have been kept in 90 days."


def _share(kept: Attained) -> str:
    return f"{100 * kept.share:.1f} %" if kept.share is not None else "nothing judged"


def _percent(kept: Attained) -> str:
    return f"{100 * kept.objective:g} %"


def _budget(kept: Attained) -> str:
    if kept.budget > 0:
        return f"{kept.budget} more may be missed."
    return f"The budget is used up{f', by {-kept.budget}' if kept.budget < 0 else ''}."
