"""How much may be at work at once, and who waits for a place."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from pipelines_app.errors import NotAllowed, NotFound
from pipelines_app.runs import allowing
from pipelines_app.web.asking import Asked, actor


class LimitForm(forms.Form):
    """A number, or nothing for no limit."""

    most = forms.IntegerField(label="At once", required=False, min_value=1, max_value=allowing.MOST)


@login_required
@require_GET
def limits(request: Asked) -> HttpResponse:
    """The limits of the person's teams, of the environments and of the engines."""
    return _page(request)


def _page(request: Asked, *, wrong: str = "", status: int = 200) -> HttpResponse:
    return render(
        request, "limits/limits.html", {"rows": allowing.seen_by(request.user), "wrong": wrong}, status=status
    )


@login_required
@require_POST
def change(request: Asked, of: str, name: str) -> HttpResponse:
    """Change one of them."""
    form = LimitForm(request.POST)
    if not form.is_valid():
        said = (
            f"{request.POST.get('most', '')[:20]!r} is no number from 1 to {allowing.MOST:,}; leave it empty for any."
        )
        return _page(request, wrong=said, status=422)
    try:
        found = allowing.change(request.user, of=of, name=name, most=form.cleaned_data["most"], actor=actor(request))
    except (NotFound, NotAllowed) as error:
        raise Http404(error.message) from error
    number = f"{found.most:,} {found.noun}" if found.most is not None else f"any number of {found.noun}"
    messages.success(request, f"{found.name} may have {number} at work at once.")
    return redirect("console:limits")
