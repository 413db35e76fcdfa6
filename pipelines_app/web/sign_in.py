"""Signing in and out, and what a person sets for themselves."""

import math
from datetime import timedelta
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from pipelines_app.access import audit, cooling, tokens
from pipelines_app.models import ApiToken, User
from pipelines_app.web.asking import Asked, actor, address

WRONG = "This name and password do not belong together. Check both; capital letters count in the password."


class SignInForm(AuthenticationForm):
    """A name and a password; who does not exist, may not sign in or mistyped hears the same."""

    error_messages = {"invalid_login": WRONG, "inactive": WRONG}

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request, data=request.POST if request.method == "POST" else None)
        self.fields["username"].label = "Name"

    def clean(self) -> dict[str, object]:
        """Ask the pause first: a try counts before its password is looked at."""
        username = str(self.cleaned_data.get("username") or "")
        if self.request is None or not username or not self.cleaned_data.get("password"):
            return self.cleaned_data
        wait = cooling.admit(username, address(self.request), now=timezone.now())
        if wait:
            raise forms.ValidationError(_pause(wait), code="pause")
        cleaned: dict[str, object] = super().clean()
        cooling.forget(username, address(self.request))
        return cleaned


def _pause(wait: timedelta) -> str:
    minutes = math.ceil(wait.total_seconds() / 60)
    return f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Let a person in, and on to where they were going."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    form = SignInForm(request)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user())
        return HttpResponseRedirect(_next(request))
    status = 429 if form.has_error("__all__", "pause") else 422 if form.is_bound else 200
    return render(request, "accounts/sign_in.html", {"form": form, "next": _next(request)}, status=status)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, {request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect(settings.LOGOUT_REDIRECT_URL)


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when run
    """How a person is called, reached, and in which zone they read times."""

    zone = forms.ChoiceField(
        label="Time zone",
        choices=[(zone, zone) for zone in sorted(available_timezones())],
        help_text="All times are shown in it.",
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "email", "zone"]


class NewPasswordForm(PasswordChangeForm):
    """The old password and the new one, twice."""

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(user, data, prefix="password")
        self.fields["old_password"].label = "Password now"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].label = "New password"
        self.fields["new_password1"].help_text = "At least 12 characters, and not one of the common ones."
        self.fields["new_password2"].label = "New password again"
        self.fields["new_password2"].help_text = ""


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: Asked) -> HttpResponse:
    """A person's own page: name, e-mail, time zone, password."""
    posted = request.method == "POST"
    about_password = posted and request.POST.get("what") == "password"
    form = ProfileForm(request.POST if posted and not about_password else None, instance=request.user)
    password = NewPasswordForm(request.user, request.POST if about_password else None)
    if about_password and password.is_valid():
        _change_password(request, password)
        return redirect("console:profile")
    if posted and not about_password and form.is_valid():
        form.save()
        messages.success(request, "Your profile is saved.")
        return redirect("console:profile")
    context = {"form": form, "password": password, "section": "profile"}
    return render(request, "accounts/profile.html", context, status=422 if posted else 200)


@transaction.atomic
def _change_password(request: Asked, form: NewPasswordForm) -> None:
    """Other sessions end with the old password, and so do the tokens that were made under it."""
    form.save()
    update_session_auth_hash(request, request.user)
    now = timezone.now()
    for token in ApiToken.objects.filter(user=request.user).live(now):
        tokens.revoke(token, actor=actor(request), now=now)
    audit.record(actor=actor(request), action="password.changed", subject=str(request.user), address=address(request))
    messages.success(request, "Your password is changed. Your other sessions and your API tokens have ended.")
