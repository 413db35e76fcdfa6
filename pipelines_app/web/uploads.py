"""Uploading a file: choose the dataset, see what it will set off, send."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from pipelines_app.compiler.definition import Format, PeriodKind, Source
from pipelines_app.errors import ArrivalRefused, LooplineError
from pipelines_app.intake import accepting, receiving
from pipelines_app.intake.accepting import Envelope
from pipelines_app.models import Arrival, ArrivalState, Dataset, Door
from pipelines_app.web import telling, upload_effect
from pipelines_app.web.asking import Asked, actor, is_fragment
from pipelines_app.web.uploading import ReceivedFile, uploaded


class UploadForm(forms.Form):
    """A file for one source, and its period where the name does not say it."""

    file = forms.FileField(label="File", allow_empty_file=True)
    period = forms.CharField(label="Period", required=False, max_length=13, strip=True)

    def __init__(self, request: Asked, source: Source) -> None:
        posted = request.method == "POST"
        prefilled = {"period": request.GET.get("period", "")[:13]}
        super().__init__(request.POST if posted else None, request.FILES if posted else None, initial=prefilled)
        self.fields["file"].help_text = _expected(source)
        self.fields["file"].error_messages["required"] = "Choose a file."
        if source.period is PeriodKind.NONE:
            del self.fields["period"]
        else:
            example = upload_effect.EXAMPLES[source.period]
            named = f"Read from the file's name where it looks like {source.file_pattern}; otherwise written"
            self.fields["period"].help_text = f"{named if source.file_pattern else 'Written'} like {example}."
            self.fields["period"].required = not source.file_pattern


def _expected(source: Source) -> str:
    columns = f"{len(source.columns)} columns"
    if source.format is Format.PARQUET:
        return f"Parquet, {columns}."
    words = {Format.CSV: f"CSV, {columns}", Format.TSV: f"TSV, {columns}", Format.JSONL: "JSON lines"}
    return f"{words[source.format]}; as it is or compressed with gzip."


@login_required
@vary_on_headers("HX-Request")
@require_http_methods(["GET", "POST"])
def upload(request: Asked) -> HttpResponse:
    """The page, its preview of what will happen, and the upload itself."""
    operable = Dataset.objects.operable_by(request.user).filter(is_source=True, pipeline__isnull=False)
    name = request.POST.get("dataset") or request.GET.get("dataset") or ""
    if not name:
        names = list(operable.order_by("name").values_list("name", flat=True))
        return render(request, "arrivals/upload_where.html", {"names": names})
    dataset = get_object_or_404(operable.select_related("pipeline", "team"), name=name)
    try:
        source = accepting.source_of(dataset)
    except ArrivalRefused as refusal:
        telling.tell(request, refusal)
        return redirect("console:dataset", dataset.name)
    if request.method == "GET" and is_fragment(request):
        given, period = request.GET.get("name", "")[:300], request.GET.get("period", "").strip()[:13]
        effect = upload_effect.of(request.user, dataset, source, name=given, period=period)
        return render(request, "arrivals/_effect.html", {"effect": effect, "named": bool(given or period)})
    form = UploadForm(request, source)
    if request.method == "POST" and form.is_valid():
        arrival = _accept(request, dataset, form)
        if arrival is not None:
            return redirect("console:arrival", arrival.pk)
    return _page(request, dataset, source, form)


def _page(request: Asked, dataset: Dataset, source: Source, form: UploadForm) -> HttpResponse:
    effect = upload_effect.of(request.user, dataset, source)
    context = {"form": form, "dataset": dataset, "source": source, "effect": effect}
    status = 422 if form.is_bound else 200
    refused = uploaded(request.FILES, "file") if form.is_bound else None
    if refused is not None and refused.refusal is not None:
        status = refused.refusal.status
    return render(request, "arrivals/upload.html", context, status=status)


def _accept(request: Asked, dataset: Dataset, form: UploadForm) -> Arrival | None:
    file = uploaded(request.FILES, "file")
    if file is None:
        form.add_error("file", "Choose a file.")
        return None
    try:
        arrival = _take(request, dataset, file, form.cleaned_data.get("period", ""))
    except LooplineError as refusal:
        # What names the period is about that field; everything else is about the file.
        about = "period" if "period" in form.fields and file.refusal is None else "file"
        form.add_error(about, telling.sentence(refusal))
        return None
    _say(request, arrival)
    return arrival


def _take(request: Asked, dataset: Dataset, file: ReceivedFile, period: str) -> Arrival:
    received = file.received
    envelope = Envelope(dataset=dataset, door=Door.FORM, name=file.name or "file", sender=actor(request), period=period)
    try:
        return accepting.accept(envelope, received)
    except LooplineError:
        receiving.discard(received.place)
        raise


def _say(request: Asked, arrival: Arrival) -> None:
    if arrival.state == ArrivalState.DUPLICATE:
        messages.warning(
            request, f"{arrival.name} came before with the same content: it is recorded, and starts nothing."
        )
    else:
        messages.success(request, f"{arrival.name} is in. Its run starts by itself; you can leave this page.")
