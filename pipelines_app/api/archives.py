"""A folder of definitions as one body: the packed archive that `git archive` makes of a commit.

Nothing of it is written anywhere: names only say where a fault stands, and only the texts of definitions are read.
"""

import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from pipelines_app.api.parsers import LargeJson
from pipelines_app.definitions import files
from pipelines_app.errors import TooLarge

MOST_BYTES = LargeJson.most
MOST_ENTRIES = 10_000
GZIP = zlib.MAX_WBITS | 16
SAID = ("why", "accept_breaks")  # what else a command says stands in the address: the body is the archive


class Archive(BaseParser):
    """The definitions of a `.tar.gz`: its `.yaml` files, but for those in hidden folders; links are left alone."""

    media_type = "application/gzip"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        """The same value that a JSON body would be; raises ParseError and TooLarge."""
        query = parser_context["request"].query_params if parser_context else {}
        said = {name: query[name] for name in SAID if name in query}
        return {"files": dict(_texts(_unpacked(stream.read(MOST_BYTES + 1)))), **said}


def _unpacked(body: bytes) -> bytes:
    """What is packed in the body, if that is no more than a body may be."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"The body is larger than {MOST_BYTES:,} bytes.")
    unpacking = zlib.decompressobj(GZIP)
    try:
        plain = unpacking.decompress(body, MOST_BYTES + 1)
    except zlib.error as error:
        raise ParseError("The body is not gzip.") from error
    if len(plain) > MOST_BYTES:
        raise TooLarge(f"Unpacked, the body is larger than {MOST_BYTES:,} bytes.")
    if not unpacking.eof:
        raise ParseError("The body ends before its gzip does.")
    return plain


def _texts(plain: bytes) -> Iterator[tuple[str, str]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            for number, entry in enumerate(archive):
                if number >= MOST_ENTRIES:
                    raise TooLarge(f"The archive has more than {MOST_ENTRIES:,} entries.")
                if entry.isreg() and not entry.sparse and _is_definition(entry.name):
                    yield entry.name, _text(archive, entry)
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise ParseError("What is packed in the body is not a tar archive.") from error


def _is_definition(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix in files.ENDINGS and not hidden and name.isprintable()


def _text(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> str:
    held = archive.extractfile(entry)
    try:
        return held.read().decode() if held else ""
    except UnicodeDecodeError as error:
        raise ParseError(f"{entry.name} is not UTF-8.") from error
