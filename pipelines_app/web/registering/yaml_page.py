"""The other door: the whole definition as YAML, typed or from a file."""

from django.http import HttpResponseBase

from pipelines_app import lake
from pipelines_app.compiler import documents
from pipelines_app.definitions import drafts
from pipelines_app.errors import DefinitionInvalid, LooplineError
from pipelines_app.models import Pipeline
from pipelines_app.web import uploading
from pipelines_app.web.registering.desk import Desk, Fault
from pipelines_app.web.registering.forms import YamlForm
from pipelines_app.web.registering.values import lines
from pipelines_app.web.telling import sentence

LONGEST = 200_000


def page(desk: Desk) -> HttpResponseBase:
    """Show the draft as YAML, or take what was written and go on to the review."""
    if desk.request.method != "POST":
        text = documents.to_yaml(desk.document) if desk.draft.document else ""
        return desk.render("yaml", {"form": YamlForm(initial={"text": text})})
    form = YamlForm(desk.request.POST)
    form.is_valid()
    text = sent(desk, form)
    document = None if desk.faults else read(desk, form, text)
    if document is None:
        return desk.render("yaml", {"form": _again(form, text)})
    if not desk.draft.pk:
        desk.draft = drafts.begin(desk.request.user, document, pipeline=_existing(desk, document))
    else:
        drafts.change(desk.draft, lambda _: document)
    return desk.onward("when")


def _existing(desk: Desk, document: dict[str, object]) -> Pipeline | None:
    """The pipeline that the text is a new state of, if the person may edit it."""
    mine = Pipeline.objects.operable_by(desk.request.user).select_related("current")
    return mine.filter(name=str(document.get("pipeline", ""))).first()


def _again(form: YamlForm, text: str) -> YamlForm:
    """The form with the text that was read, also where it came as a file."""
    again = YamlForm({"text": text})
    again.is_valid()
    for name, messages in form.errors.items():
        again.add_error(name, list(messages))
    return again


def sent(desk: Desk, form: YamlForm) -> str:
    """The text that was sent: the file if there is one."""
    file = uploading.uploaded(desk.request.FILES, "file")
    if file is None:
        return lines(str(form.cleaned_data.get("text") or ""))
    try:
        received = file.received
    except LooplineError as error:
        desk.note(form, "file", sentence(error))
        return ""
    path = lake.path(received.place)
    try:
        with path.open("rb") as opened:  # what is longer is refused for its length
            return lines(opened.read(LONGEST + 1).decode())
    except UnicodeDecodeError:
        desk.note(form, "file", f"{file.name} is not a text in UTF-8. Save it as UTF-8 and send it again.")
        return ""
    finally:
        path.unlink(missing_ok=True)


def read(desk: Desk, form: YamlForm, text: str) -> dict[str, object] | None:
    """The document in a text; None, and the line that is wrong, where it is no YAML."""
    try:
        document = documents.from_yaml(text)
    except DefinitionInvalid as invalid:
        for problem in invalid.problems:
            where = f"Line {problem.line}: " if problem.line else ""
            form.add_error("text", f"{where}{problem.message}")
            desk.faults.append(Fault(f"{where}{problem.message}", "#id_text"))
        return None
    return document
