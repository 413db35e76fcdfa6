"""Lists as CSV files: what a spreadsheet would take for a formula is made text."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

from pipelines_app.engines.exporting import FIRST_OF_FORMULA


class _Line:
    """What csv.writer writes to: gives each line back."""

    def write(self, text: str) -> str:
        return text


def answer(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """A CSV download, sent as it is read."""
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow([_harmless(value) for value in row])


def _harmless(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(tuple(FIRST_OF_FORMULA)) else value
