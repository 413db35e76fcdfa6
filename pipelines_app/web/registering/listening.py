"""Which datasets of other tools start a pipeline, between its `listens:` list and the rows of the form."""

from collections.abc import Iterable, Mapping

from pipelines_app.web.registering import values
from pipelines_app.web.registering.when_forms import ListeningForm, Listenings

Entry = dict[str, object]
PREFIX = "listens"
SHOWN = ("namespace", "dataset", "period")
SPARE = 2  # empty rows below those that are filled; who needs more goes on and comes back


def forms(document: Mapping[str, object]) -> list[ListeningForm]:
    """A row for each dataset that is listened to, and empty ones to add to them."""
    rows = [{key: one.get(key, "") for key in SHOWN} for one in _standing(document)]
    return list(Listenings(initial=[*rows, *({} for _ in range(SPARE))], prefix=PREFIX).forms)


def write(document: Entry, sent: Iterable[ListeningForm]) -> None:
    """Put the rows that say something into the document; a list nobody wrote anything into is taken out."""
    rows: list[Entry] = [{key: str(form.cleaned_data.get(key, "")).strip() for key in SHOWN} for form in sent]
    listened: list[object] = [values.without_empty(row, SHOWN) for row in rows if any(row.values())]
    document.pop("listens", None)
    if listened:
        document["listens"] = listened


def rows_of(sent: Iterable[ListeningForm]) -> list[ListeningForm]:
    """The rows that say something, as the list of the definition counts them."""
    return [form for form in sent if any(form[key].value() for key in SHOWN)]


def _standing(document: Mapping[str, object]) -> list[Entry]:
    listed = document.get("listens")
    return [dict(one) if isinstance(one, Mapping) else {} for one in (listed if isinstance(listed, list) else [])]
