"""Fifth page: when the pipeline starts, by when its data are expected, and who is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from django.forms import BoundField
from django.http import HttpResponseBase

from pipelines_app.definitions import drafts
from pipelines_app.web.registering import expecting, levels, listening, promising, readying, values, zones
from pipelines_app.web.registering.desk import Desk, seen_problems
from pipelines_app.web.registering.forms import Kept
from pipelines_app.web.registering.when_forms import (
    DeadlineForm,
    Deadlines,
    LevelForm,
    Levels,
    ListeningForm,
    Listenings,
    PromiseForm,
    Promises,
    WhenForm,
)

Entry = dict[str, object]
Document = dict[str, object]
SCHEDULE = ("cron", "timezone", "catch_up", "period")
EVERY = {"hour": "every hour", "day": "every day", "month": "every month"}


@dataclass(frozen=True)
class Expected:
    """One source: its deadline as a sentence with fields in it, or why it can have none."""

    dataset: str
    every: str
    form: DeadlineForm
    mend_url: str
    guess: bool = False

    @property
    def blanks(self) -> list[BoundField]:
        """The fields that stand in the sentence; what is wrong with them is said below it."""
        return [self.form[name] for name in ("by", "timezone", "days_after", "first", "last")]


def page(desk: Desk) -> HttpResponseBase:
    """Show the page, or write it down and go on to the review."""
    if desk.request.method != "POST":
        return _shown(desk, _forms(desk))
    sent = _sent(desk)
    desk.refused([sent.form, *sent.deadlines, *sent.promises, *sent.levels, *sent.listens])
    drafts.change(desk.draft, lambda document: _written(document, sent))
    _tell(desk, sent)
    return _shown(desk, sent) if desk.faults else desk.onward("when")


@dataclass(frozen=True)
class Forms:
    """The forms of this page: when it starts, on what else, deadlines of its sources, promises of what it makes."""

    form: WhenForm
    deadlines: list[DeadlineForm]
    promises: list[PromiseForm]
    listens: list[ListeningForm]
    levels: list[LevelForm]


def _sent(desk: Desk) -> Forms:
    post = desk.request.POST
    form, deadlines = WhenForm(post), Deadlines(post, prefix="deadlines")
    promises = Promises(post, prefix=promising.PREFIX)
    listens = Listenings(post, prefix=listening.PREFIX)
    more = Levels(post, prefix=levels.PREFIX)
    for one in (form, deadlines, promises, listens, more):
        one.is_valid()
    offered = levels.offered(more.forms, _made(desk))
    return Forms(form, list(deadlines.forms), list(promises.forms), list(listens.forms), offered)


def _made(desk: Desk) -> list[str]:
    """What the pipeline makes, its steps first."""
    return [*(str(step.get("dataset", "")) for step in desk.steps()), *desk.section("sources")]


def _tell(desk: Desk, forms: Forms) -> None:
    rows = {str(row["dataset"].value()): row for row in forms.deadlines}
    promised = {str(row["dataset"].value()): row for row in forms.promises}
    listened = listening.rows_of(forms.listens)
    for at, problem in seen_problems(desk, "when"):
        form: Kept | None = rows.get(str(at.row)) if at.group else forms.form
        if at.group == "promises":
            form = promised.get(promising.dataset_at(desk.draft.document, int(at.row)))
        if at.group == "levels":
            form = levels.form_at(desk.draft.document, int(at.row), forms.levels)
        if at.group == "listens" and isinstance(at.row, int) and at.row < len(listened):
            form = listened[at.row]
        desk.note(form, at.field, problem.message)


def _written(document: Document, sent: Forms) -> Document:
    given, rows = sent.form.cleaned_data, {str(row.cleaned_data.get("dataset")): row for row in sent.deadlines}
    promising.write(document, sent.promises, levels.written(sent.levels))
    listening.write(document, sent.listens)
    document.pop("concurrency", None)
    if (at_once := given["concurrency"].strip()) not in ("", "1"):
        document["concurrency"] = values.number_or_text(at_once)
    document["start"] = readying.written(given)
    document["alerts"] = {
        "emails": values.listed(given["emails"].replace(";", ",").replace("\n", ",")),
        "slack": given["slack"],
    }
    _schedule(document, given)
    sources = document.get("sources")
    for name, entry in sources.items() if isinstance(sources, dict) else ():
        if name in rows and isinstance(entry, dict):
            entry.pop("arrival", None)
            if rows[name].cleaned_data.get("on"):
                entry["arrival"] = expecting.written(rows[name].cleaned_data)
    return document


def _schedule(document: Document, given: Mapping[str, str]) -> None:
    """Write the schedule, or take it out."""
    document.pop("schedule", None)
    if given.get("schedule_on"):
        document["schedule"] = {key: given[f"schedule_{key}"] for key in SCHEDULE if given[f"schedule_{key}"]}


def _scheduled(desk: Desk, zone: str) -> Entry:
    """What the definition says of a schedule, as fields."""
    said = desk.draft.document.get("schedule")
    usual = {"cron": "0 6 * * *", "timezone": zone, "catch_up": "latest", "period": "previous"}
    known = {**usual, **said} if isinstance(said, Mapping) else usual
    return {"schedule_on": isinstance(said, Mapping), **{f"schedule_{key}": known[key] for key in SCHEDULE}}


def _forms(desk: Desk) -> Forms:
    start, alerts = (desk.draft.document.get(key) for key in ("start", "alerts"))
    told: Mapping[str, object] = alerts if isinstance(alerts, Mapping) else {}
    zone = zones.proposed(desk.request.user)
    form = WhenForm(
        initial={"emails": values.joined(told.get("emails")), "slack": told.get("slack", True)}
        | readying.initial(start, zone)
        | _scheduled(desk, zone)
        | {"concurrency": desk.draft.document.get("concurrency", 1)}
    )
    _guess(desk, form, start)
    rows = [{**expecting.initial(entry, zone), "dataset": name} for name, entry in desk.section("sources").items()]
    promised = promising.forms(desk.draft.document, (str(step.get("dataset", "")) for step in desk.steps()), zone)
    deadlines = list(Deadlines(initial=rows, prefix="deadlines").forms)
    more = levels.forms(desk.draft.document, _made(desk))
    return Forms(form, deadlines, promised, listening.forms(desk.draft.document), more)


def _guess(desk: Desk, form: WhenForm, start: object) -> None:
    """Have the browser put its own zone where nobody has said one."""
    if not zones.may_be_guessed(desk.request.user):
        return
    if "schedule" not in desk.draft.document:
        form.fields["schedule_timezone"].widget.attrs |= zones.GUESSED
    if not (isinstance(start, Mapping) and start.get("timezone")):
        form.fields["start_timezone"].widget.attrs |= zones.GUESSED


def _shown(desk: Desk, forms: Forms) -> HttpResponseBase:
    deadlines = forms.deadlines
    if desk.request.method != "POST":
        _tell(desk, forms)
    sources = desk.section("sources")
    expected = [
        Expected(
            dataset=name,
            every=EVERY.get(str(sources.get(name, {}).get("period", "none")), ""),
            form=row,
            mend_url=desk.url("look", source=name, then="when") + "#id_period",
            guess=zones.may_be_guessed(desk.request.user) and not sources.get(name, {}).get("arrival"),
        )
        for row in deadlines
        if (name := str(row["dataset"].value()))
    ]
    bench = desk.bench()
    read = {name for found in bench.laid.checked for name in found.inputs}
    made = {step.dataset for step in bench.laid.steps} | set(sources)
    said = promising.targets(desk.draft.document)
    guessed = zones.may_be_guessed(desk.request.user)
    promises = [{"row": row, "guess": guessed and row["dataset"].value() not in said} for row in forms.promises]
    context = {
        "form": forms.form,
        "promises": promises,
        "listens": forms.listens,
        "levels": forms.levels,
        "expected": expected,
        "total": len(deadlines),
        "zones": sorted(available_timezones()),
    }
    return desk.render(
        "when", context | {"several": len(sources) + len(read - made) > 1, "starters": [*sources, *sorted(read - made)]}
    )
