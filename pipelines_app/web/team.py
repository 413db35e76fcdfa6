"""Teams: who is in them with which role, and what they did."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.access import founding, members, people, spreadsheets
from pipelines_app.access.founding import Said
from pipelines_app.errors import DefinitionInvalid, LooplineError
from pipelines_app.models import ANY_ROLE, AuditEntry, Membership, Role, Team, User
from pipelines_app.web import paging, telling
from pipelines_app.web.asking import Asked, actor

MEANS = {
    Role.VIEWER: "sees everything of the team",
    Role.EDITOR: "also uploads, runs and changes pipelines",
    Role.ADMIN: "also decides who is in the team",
}


class MemberForm(forms.Form):
    """Somebody who has an account, and their role."""

    username = forms.CharField(label="Name", max_length=150)
    role = forms.ChoiceField(label="Role", choices=Role.choices)


class InviteForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """Somebody who has no account yet."""

    role = forms.ChoiceField(label="Role", choices=Role.choices)

    class Meta:
        model = User
        fields = ["username", "email"]
        labels = {"username": "Name to sign in with", "email": "E-mail"}
        help_texts = {"username": "Letters, digits and @ . + - _"}


class DescribeForm(forms.Form):
    """What people call a team, and who hears of its alerts."""

    title = forms.CharField(label="Title", max_length=founding.LONGEST_TITLE, required=False)
    email = forms.EmailField(
        label="E-mail of the team", required=False, help_text="Alerts of its pipelines and datasets go there."
    )

    def said(self) -> Said:
        """The answers, once they are valid."""
        return Said(title=self.cleaned_data["title"].strip(), email=self.cleaned_data["email"].strip())


class FoundForm(DescribeForm):
    """A team that is not there yet."""

    name = forms.CharField(label="Name", max_length=63, help_text="a-z, 0-9 and -, such as ops-analytics; it stays.")
    field_order = ["name", "title", "email"]


@login_required
@require_GET
def team(request: Asked) -> HttpResponseBase:
    """The team in `?team=`, or the first of those the person is in."""
    if request.GET.get("format") == "csv":
        chosen = get_object_or_404(request.user.teams_with(*ANY_ROLE), name=request.GET.get("team", ""))
        return spreadsheets.answer(f"members-of-{chosen.name}", MEMBERS, map(_member, _members(chosen)))
    return _page(request, request.GET.get("team", ""))


def _page(request: Asked, name: str, *, status: int = 200, **extra: object) -> HttpResponse:
    teams = list(request.user.teams_with(*ANY_ROLE).annotate(size=Count("memberships")).order_by("name"))
    chosen: Team | None = next((one for one in teams if one.name == name), None if name else next(iter(teams), None))
    if name and chosen is None:
        raise Http404("There is no team of this name that you are in.")
    context = {
        "teams": teams,
        "team": chosen,
        "memberships": list(_members(chosen)) if chosen else [],
        "is_admin": chosen is not None and _led(request).filter(pk=chosen.pk).exists(),
        "roles": Role.choices,
        "means": [(Role(role).label, said) for role, said in MEANS.items()],
        "form": MemberForm(),
        "invite": InviteForm(prefix="invite"),
        "described": DescribeForm(
            prefix="about", initial={"title": chosen.title, "email": chosen.email} if chosen else {}
        ),
        "found": FoundForm(prefix="new") if request.user.is_superuser else None,
    }
    return render(request, "team/team.html", {**context, **extra}, status=status)


MEMBERS = ["name", "email", "role", "last_signed_in"]


def _members(chosen: Team) -> QuerySet[Membership]:
    return Membership.objects.filter(team=chosen).select_related("user").order_by("user__username")


def _member(one: Membership) -> list[object]:
    signed_in = one.user.last_login.isoformat() if one.user.last_login else ""
    return [one.user.get_username(), one.user.email, one.role, signed_in]


def _about(team: Team | None) -> dict[str, object]:
    return {"title": team.title, "email": team.email} if team is not None else {}


def _led(request: Asked) -> QuerySet[Team]:
    return request.user.teams_with(Role.ADMIN)


def _back(name: str) -> HttpResponse:
    return redirect(f"{reverse('console:team')}?team={name}")


@login_required
@require_POST
def found(request: Asked) -> HttpResponse:
    """Make a team, with oneself as its first admin."""
    if not request.user.is_superuser:
        raise PermissionDenied("Teams are made by those who run this installation.")
    form = FoundForm(request.POST, prefix="new")
    if form.is_valid():
        try:
            made = founding.found(form.cleaned_data["name"], form.said(), by=request.user, actor=actor(request))
        except DefinitionInvalid as invalid:
            for problem in invalid.problems:
                form.add_error(problem.path, problem.message)
        except LooplineError as error:
            form.add_error("name", telling.sentence(error))
        else:
            messages.success(request, f"{made} is there, and you are its admin.")
            return _back(made.name)
    return _page(request, request.GET.get("team", ""), status=422, found=form)


@login_required
@require_POST
def describe(request: Asked, name: str) -> HttpResponse:
    """Say what a team is called, and who hears of its alerts."""
    chosen = get_object_or_404(_led(request), name=name)
    form = DescribeForm(request.POST, prefix="about")
    if not form.is_valid():
        return _page(request, name, status=422, described=form)
    founding.describe(chosen, form.said(), actor=actor(request))
    messages.success(request, f"{chosen} is described so from now on.")
    return _back(name)


@login_required
@require_POST
def put(request: Asked, name: str) -> HttpResponse:
    """Give somebody a role, or another one."""
    chosen = get_object_or_404(_led(request), name=name)
    form = MemberForm(request.POST)
    if form.is_valid():
        person = User.objects.filter(username=form.cleaned_data["username"], is_active=True).first()
        if person is None:
            form.add_error("username", "There is nobody of this name. Make an account for them below.")
        else:
            with telling.as_message(request):
                members.put(chosen, person, role=form.cleaned_data["role"], actor=actor(request))
                messages.success(request, f"{person} is {form.cleaned_data['role']} of {chosen}.")
            return _back(name)
    return _page(request, name, status=422, form=form)


@never_cache
@login_required
@require_POST
@sensitive_variables("password")
def invite(request: Asked, name: str) -> HttpResponse:
    """Make an account; its first password is on this one page and nowhere else."""
    chosen = get_object_or_404(_led(request), name=name)
    form = InviteForm(request.POST, prefix="invite")
    if not form.is_valid():
        return _page(request, name, status=422, invite=form)
    given = {field: form.cleaned_data[field] for field in ("username", "email", "role")}
    try:
        person, password = people.invite(chosen, **given, actor=actor(request))
    except LooplineError as error:
        form.add_error("username", telling.sentence(error))
        return _page(request, name, status=422, invite=form)
    return _page(request, name, invited=person, password=password)


@login_required
@require_POST
def remove(request: Asked, pk: int) -> HttpResponse:
    """Take somebody out of a team."""
    known = Membership.objects.filter(team__in=_led(request)).select_related("team", "user")
    membership = get_object_or_404(known, pk=pk)
    with telling.as_message(request):
        members.remove(membership, actor=actor(request))
        messages.success(request, f"{membership.user} is no longer in {membership.team}.")
    return _back(membership.team.name)


@login_required
@require_GET
def audit(request: Asked) -> HttpResponseBase:
    """What people and tokens did, in the teams the person leads; and what they did themselves."""
    wanted = request.GET.get("q", "").strip()[:200]
    entries = _seen(request)
    for word in wanted.split()[:10]:
        entries = entries.filter(Q(actor__icontains=word) | Q(action__icontains=word) | Q(subject__icontains=word))
    if request.GET.get("format") == "csv":
        return spreadsheets.answer("audit", AUDIT, map(_line, entries.order_by("-pk").iterator(chunk_size=500)))
    context = {"page": paging.newest_first(entries.select_related("team"), request), "q": wanted}
    return render(request, "team/audit.html", context)


AUDIT = ["at", "actor", "action", "subject", "address", "change"]


def _line(entry: AuditEntry) -> list[object]:
    return [entry.at.isoformat(), entry.actor, entry.action, entry.subject, entry.address, entry.change]


def _seen(request: Asked) -> QuerySet[AuditEntry]:
    if request.user.is_superuser:
        return AuditEntry.objects.order_by("-pk")
    return AuditEntry.objects.filter(Q(team__in=_led(request)) | Q(actor=actor(request)))
