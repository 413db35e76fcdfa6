"""The samples of a new pipeline, brought in as its first files: for which period, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.utils import timezone

from pipelines_app import lake
from pipelines_app.compiler import periods
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.definition import PeriodKind, Source
from pipelines_app.definitions import drafts, proposing, samples
from pipelines_app.definitions.samples import Sample
from pipelines_app.errors import LooplineError
from pipelines_app.intake import accepting
from pipelines_app.intake.accepting import Envelope
from pipelines_app.intake.receiving import Received
from pipelines_app.models import Dataset
from pipelines_app.web.asking import actor
from pipelines_app.web.registering.desk import Desk
from pipelines_app.web.registering.forms import FirstForm, Firsts
from pipelines_app.web.telling import sentence


@dataclass(frozen=True)
class First:
    """One sample that may be brought in: its period is in its name, or is asked for with `form`."""

    sample: Sample
    source: Source
    named: str
    form: FirstForm

    @property
    def kind(self) -> str:
        return str(self.source.period)


@dataclass(frozen=True)
class Held:
    """A sample's bytes at a place of an arrival, and the period that was said."""

    sample: Sample
    received: Received
    period: str


def offered(desk: Desk, compiled: Compiled | None) -> list[First]:
    """The samples that may be brought in: of a new pipeline, for sources that take files."""
    if compiled is None or desk.draft.pipeline is not None:
        return []
    found = drafts.samples_of(desk.draft)
    sources = [
        source
        for source in compiled.definition.sources
        if source.dataset in found and drafts.door_of(desk.draft, source.dataset) == "upload"
    ]
    return [
        _first(source, found[source.dataset], form) for source, form in zip(sources, _forms(desk, sources), strict=True)
    ]


def _forms(desk: Desk, sources: list[Source]) -> list[FirstForm]:
    """What was sent of each source, or a form that proposes its period."""
    found, post = drafts.samples_of(desk.draft), desk.request.POST
    initial = [{"dataset": one.dataset, "period": _proposed(one, found[one.dataset])} for one in sources]
    sent = Firsts(post, prefix="first").forms if "first-TOTAL_FORMS" in post else []
    posted: dict[str, FirstForm] = {str(form["dataset"].value()): form for form in sent}
    fresh = Firsts(initial=initial, prefix="first").forms
    return [posted.get(source.dataset, form) for source, form in zip(sources, fresh, strict=True)]


def _first(source: Source, sample: Sample, form: FirstForm) -> First:
    if source.period != PeriodKind.NONE:
        field = form.fields["period"]
        field.label, example = f"The {source.period} of {sample.name}", periods.EXAMPLES[source.period]
        field.help_text = f"Its name does not say, so say it here: {example}, for example."
    return First(sample, source, _named(source, sample.name), form)


def _named(source: Source, name: str) -> str:
    return periods.from_filename(source.file_pattern, name, source.period) if source.file_pattern else ""


def _proposed(source: Source, sample: Sample) -> str:
    """The period that all the sample's rows lie in, or the one that runs now."""
    look = samples.looked(sample)
    return (proposing.period_of_rows(look, source.period) if look else "") or periods.key_of(
        source.period, timezone.localtime()
    )


def refused(desk: Desk, firsts: list[First]) -> bool:
    """Whether a period is missing or is none; then it is told at its field, before anything is registered."""
    for first in firsts:
        first.form.is_valid()
        key = str(first.form.cleaned_data.get("period", "")) if first.form.is_bound else ""
        if (
            first.source.period != PeriodKind.NONE
            and not first.named
            and not periods.is_valid(first.source.period, key)
        ):
            example = periods.EXAMPLES[first.source.period]
            desk.note(first.form, "period", f"say which {first.kind} it is, written as {example}")
    return bool(desk.faults)


def hold(firsts: list[First]) -> dict[str, Held]:
    """Keep the samples beyond their draft, whose own files go when it is registered."""
    return {first.source.dataset: Held(first.sample, _held(first.sample), _period(first)) for first in firsts}


def _period(first: First) -> str:
    if first.named or first.source.period == PeriodKind.NONE:
        return ""
    return str(first.form.cleaned_data["period"])


def _held(sample: Sample) -> Received:
    place = lake.arrival_place()
    lake.path(place).parent.mkdir(parents=True, exist_ok=True)
    lake.path(place).hardlink_to(lake.path(sample.place))
    return Received(place=place, bytes=sample.bytes, sha256=sample.sha256)


def drop(held: Mapping[str, Held]) -> None:
    """Forget what was held, for nothing was registered."""
    for one in held.values():
        lake.path(one.received.place).unlink(missing_ok=True)


def bring(desk: Desk, held: Mapping[str, Held]) -> None:
    """Bring each sample in as the first arrival of its dataset, and say what became of it."""
    for name, one in held.items():
        dataset = Dataset.objects.select_related("pipeline").get(name=name)
        envelope = Envelope(
            dataset=dataset, door="form", name=one.sample.name, sender=actor(desk.request), period=one.period
        )
        try:
            accepting.accept(envelope, one.received)
        except LooplineError as error:
            drop({name: one})
            messages.warning(desk.request, f"{one.sample.name} was not brought in: {sentence(error)}")
        else:
            messages.success(desk.request, f"{one.sample.name} has arrived for {name}; its run is on the way.")
