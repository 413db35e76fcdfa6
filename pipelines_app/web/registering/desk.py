"""What every page of registering starts from: the draft, who writes it, what is wrong with it, and where to go on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode

from pipelines_app.access import permits
from pipelines_app.compiler import templating
from pipelines_app.definitions import drafts, trying
from pipelines_app.definitions.register import Author
from pipelines_app.definitions.trying import Bench
from pipelines_app.errors import Problem
from pipelines_app.models import Draft
from pipelines_app.web.asking import Asked, actor
from pipelines_app.web.registering import placing
from pipelines_app.web.registering.placing import Place

P = ParamSpec("P")
LABELS = {
    "source": "Source",
    "look": "Look at the data",
    "steps": "Steps",
    "checks": "Checks",
    "when": "When and whom",
    "review": "Review",
}
OF_A_TEMPLATE = {"values": "Values", "review": "Review"}


@dataclass(frozen=True)
class Fault:
    """One line of the summary above a form: what is wrong, and the field or page where it is mended."""

    text: str
    href: str


@dataclass
class Desk:
    """A draft and who writes it."""

    request: Asked
    draft: Draft
    teams: frozenset[str]
    faults: list[Fault] = field(default_factory=list)

    @property
    def document(self) -> dict[str, object]:
        return dict(self.draft.document)

    @property
    def author(self) -> Author:
        return Author(actor=actor(self.request), user=self.request.user, teams=self.teams)

    def url(self, page: str, **query: str) -> str:
        """A page of this draft."""
        url = reverse("console:draft", args=[self.draft.pk, page])
        return f"{url}?{urlencode(query)}" if query else url

    @property
    def labels(self) -> dict[str, str]:
        """The pages of this draft: what a template makes has one for its values."""
        return OF_A_TEMPLATE if templating.is_filled(self.draft.document) else LABELS

    def section(self, key: str) -> dict[str, dict[str, object]]:
        """A part of the document as a mapping of mappings, whatever stands there."""
        part = self.draft.document.get(key)
        entries = part.items() if isinstance(part, Mapping) else ()
        return {str(name): dict(entry) if isinstance(entry, Mapping) else {} for name, entry in entries}

    def steps(self) -> list[dict[str, object]]:
        """The steps of the document, whatever stands there."""
        listed = self.draft.document.get("steps")
        return [
            dict(step) if isinstance(step, Mapping) else {} for step in (listed if isinstance(listed, list) else [])
        ]

    def problems(self) -> tuple[Problem, ...]:
        """Every fault of the whole draft."""
        return trying.problems(self.draft.document, self.draft.pipeline, teams=self.teams)

    def placed(self, problem: Problem) -> Place:
        """Where a fault of this draft is mended."""
        at = placing.place(problem)
        if templating.is_filled(self.draft.document):
            return Place(page="values") if at.page != "yaml" else at
        return at

    def problems_of(self, page: str, source: str = "") -> list[tuple[Place, Problem]]:
        """The faults that are mended on one page."""
        placed = [(placing.place(problem), problem) for problem in self.problems()]
        return [(at, problem) for at, problem in placed if at.page == page and at.source == source]

    def bench(self, document: Mapping[str, object] | None = None) -> Bench:
        """The draft, or another state of it, laid out."""
        laid = self.draft.document if document is None else document
        if laid.get("team") not in self.teams:
            # What a team may read is laid out, and previewed, for those alone who may write for it.
            laid = {**laid, "team": ""}
        return trying.bench(laid, self.draft.pipeline, drafts.samples_of(self.draft))

    def note(self, form: forms.BaseForm | None, name: str, text: str, *, said: str = "") -> None:
        """Put a fault at a field of a form that was sent, and into the summary."""
        if form is not None and name in form.fields:
            if form.is_bound:
                form.add_error(name, text)
            label = form[name].label
            self.faults.append(Fault(said or f"{label}: {text}", f"#{form[name].auto_id}"))
        else:
            self.faults.append(Fault(said or text, "#main"))

    def refused(self, forms: Iterable[forms.BaseForm]) -> None:
        """Tell what the fields themselves refused: what is too long, or cannot be kept."""
        for form in forms:
            for name, said in form.errors.items():
                if name in form.fields:
                    text = f"{form[name].label}: {' '.join(str(one) for one in said)}"
                    self.faults.append(Fault(text, f"#{form[name].auto_id}"))

    def render(self, page: str, context: Mapping[str, object]) -> HttpResponse:
        """A page, 422 if there are faults to mend on it."""
        shared = {
            "desk": self,
            "draft": self.draft,
            "page": page,
            "steps_nav": self._steps(page),
            "faults": self.faults,
        }
        status = 422 if self.faults and self.request.method == "POST" else 200
        return render(self.request, f"register/{page}.html", {**shared, **context}, status=status)

    def _steps(self, page: str) -> list[dict[str, object]]:
        begun = self.draft.pk is not None
        return [
            {"label": label, "url": self.url(name) if begun else "", "current": name == page}
            for name, label in self.labels.items()
        ]

    def onward(self, page: str) -> HttpResponse:
        """On to the next page; back to the review for who came from there to mend something."""
        if templating.is_filled(self.draft.document):
            return redirect(self.url("review"))
        wanted = self.request.POST.get("then", "")
        following = placing.PAGES[placing.PAGES.index(page) + 1]
        return redirect(self.url(wanted if wanted in placing.PAGES else following))


Page = Callable[[Desk], HttpResponseBase]


def opened(request: Asked, pk: int) -> Desk:
    """The draft on its author's desk; 404 for everybody else."""
    draft = get_object_or_404(Draft.objects.select_related("pipeline__current", "author"), pk=pk, author=request.user)
    return Desk(request=request, draft=draft, teams=permits.teams_written_for(request.user))


def editors_only(
    view: Callable[Concatenate[Asked, P], HttpResponseBase],
) -> Callable[Concatenate[Asked, P], HttpResponseBase]:
    """Let in who may edit in some team; others are told that they may not."""

    @wraps(view)
    def guarded(request: Asked, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not permits.teams_written_for(request.user):
            raise PermissionDenied("registering needs the role editor in a team")
        return view(request, *args, **kwargs)

    return login_required(guarded)  # type: ignore[return-value]  # it asks for HttpRequest, Asked is one


def seen_problems(desk: Desk, page: str, source: str = "") -> Iterable[tuple[Place, Problem]]:
    """The faults to show: after a post, and for who follows a link from the review."""
    if desk.request.method == "POST" or "problems" in desk.request.GET:
        return desk.problems_of(page, source)
    return ()
