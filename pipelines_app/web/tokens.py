"""A person's API tokens: made, shown once, revoked."""

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from pipelines_app.access import spreadsheets
from pipelines_app.access import tokens as access
from pipelines_app.models import ApiToken
from pipelines_app.web.asking import Asked, actor

DAYS = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}


SHOWN = 200
HEADER = ["name", "begins_with", "may", "made", "holds_until", "revoked", "last_used"]


class TokenForm(forms.Form):
    """What a token is for, what it may do, and how long it holds."""

    name = forms.CharField(
        label="What is it for?", max_length=100, help_text="A name to recognise it by, such as: nightly load."
    )
    days = forms.ChoiceField(label="It holds", choices=list(DAYS.items()), required=False, initial="90")
    can_write = forms.BooleanField(
        label="It may also change things",
        required=False,
        help_text="Upload, run, register. Without it, the token only reads.",
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@sensitive_variables("secret")
def tokens(request: Asked) -> HttpResponseBase:
    """The tokens of the person who asks; a POST makes one, whose secret is on that page and nowhere else."""
    own = ApiToken.objects.filter(user=request.user).order_by("-pk")
    if request.method == "GET" and request.GET.get("format") == "csv":
        return spreadsheets.answer("tokens", HEADER, map(_line, own))
    form = TokenForm(request.POST if request.method == "POST" else None)
    made, secret = None, ""
    if form.is_valid():
        days = form.cleaned_data["days"]
        made, secret = access.issue(
            request.user,
            name=form.cleaned_data["name"],
            can_write=form.cleaned_data["can_write"],
            expires_at=timezone.now() + timedelta(days=int(days)) if days else None,
        )
        form = TokenForm()
    context = {
        "tokens": list(own[:SHOWN]),
        "now": timezone.now(),
        "form": form,
        "made": made,
        "secret": secret,
        "section": "tokens",
    }
    return render(request, "accounts/tokens.html", context, status=422 if form.errors else 200)


def _line(token: ApiToken) -> list[object]:
    moments = (token.created_at, token.expires_at, token.revoked_at, token.used_at)
    may = "read and change" if token.can_write else "read"
    return [token.name, token.prefix, may, *(one.isoformat() if one else "" for one in moments)]


@login_required
@require_POST
def revoke(request: Asked, pk: int) -> HttpResponse:
    """Make one of one's own tokens useless."""
    token = get_object_or_404(ApiToken.objects.filter(user=request.user, revoked_at=None), pk=pk)
    access.revoke(token, actor=actor(request), now=timezone.now())
    messages.success(request, f"{token} is revoked: what uses it is answered 401 from now on.")
    return redirect("console:tokens")
