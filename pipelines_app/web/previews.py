"""What a message, or a file of some name, would give a source: tried on what somebody pastes, or on what has come."""

import json
from dataclasses import dataclass

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from pipelines_app import lake
from pipelines_app.compiler.definition import Format, Source
from pipelines_app.errors import ArrivalRefused
from pipelines_app.intake import accepting, previewing
from pipelines_app.intake.previewing import Preview
from pipelines_app.models import Arrival, Dataset
from pipelines_app.web.asking import Asked

RECENT = 20
SHOWN_BYTES = 65_536


class PreviewForm(forms.Form):
    """A message, or only the name of a file."""

    body = forms.CharField(
        label="Message",
        required=False,
        max_length=200_000,
        strip=False,
        help_text="JSON, as it would be sent.",
        widget=forms.Textarea(attrs={"class": "mono", "rows": 10, "spellcheck": "false"}),
    )
    name = forms.CharField(label="File name", required=False, max_length=300)


@dataclass(frozen=True)
class Came:
    """Something that came, with what its name gives by now."""

    arrival: Arrival
    preview: Preview


@login_required
def preview(request: Asked, name: str) -> HttpResponse:
    """Try a message or a name; what came lately is tried by itself."""
    datasets = Dataset.objects.operable_by(request.user).filter(is_source=True).select_related("pipeline")
    dataset = get_object_or_404(datasets, name=name)
    try:
        source = accepting.source_of(dataset)
    except ArrivalRefused as refusal:
        context = {"dataset": dataset, "refusal": refusal, "form": None}
        return render(request, "drops/preview.html", context)
    form = (
        PreviewForm(request.POST)
        if request.method == "POST"
        else PreviewForm(initial=_picked(request, dataset, source))
    )
    found = _tried(dataset, form) if form.is_bound and form.is_valid() else None
    recent = Arrival.objects.filter(dataset=dataset).order_by("-pk")[:RECENT]
    context = {
        "dataset": dataset,
        "source": source,
        "form": form,
        "found": found,
        "recent": [Came(arrival, previewing.file_name(dataset, arrival.name)) for arrival in recent],
        "takes_messages": source.format is Format.JSONL,
    }
    return render(request, "drops/preview.html", context)


def _tried(dataset: Dataset, form: PreviewForm) -> Preview:
    body, name = form.cleaned_data["body"], form.cleaned_data["name"]
    if body.strip():
        return previewing.message(dataset, body.encode(), name=name)
    return previewing.file_name(dataset, name)


def _picked(request: Asked, dataset: Dataset, source: Source) -> dict[str, str]:
    """An arrival that somebody picked, as a message: its records and its period."""
    pk = request.GET.get("arrival", "")
    if not pk.isdecimal() or len(pk) > 18:
        return {}
    arrival = Arrival.objects.filter(dataset=dataset, pk=int(pk)).first()
    if arrival is None:
        return {}
    if arrival.door != "webhook" or arrival.bytes > SHOWN_BYTES:
        return {"name": arrival.name}
    place = lake.original(arrival.path)
    if not place.exists():
        return {"name": arrival.name}
    try:
        records = [json.loads(line) for line in place.read_text().splitlines()]
    except ValueError:
        return {"name": arrival.name}
    message = previewing.rebuilt(source, arrival, records)
    return {"body": json.dumps(message, indent=2, ensure_ascii=False), "name": arrival.name}
