"""What the child does with arriving files before DuckDB reads them: undo compression and encoding, look at the head."""

import codecs
import csv
import gzip
import hashlib
import importlib
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CHUNK = 1 << 20
BOMB_BYTES, BOMB_RATIO = 100_000_000, 200
HEAD_BYTES = 4 << 20
FIELD_LIMIT = 128 << 20

GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"
PARQUET = b"PAR1"
REFUSED = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"7z\xbc\xaf": "7-Zip", b"PK\x05\x06": "an empty zip", b"Rar!": "RAR"}
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ENCODINGS = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "iso-8859-1", "iso-8859-15", "cp1252"})


class SourceFault(Exception):
    """A file is not what it is declared to be; the message is for the person who sent it."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """An arriving file, what people call it, and where to put it once unpacked if it has to be."""

    path: Path
    name: str
    encoding: str
    into: Path
    most_bytes: int
    check: bool = False


def prepare(file: Delivered) -> str:
    """Give the path of a plain UTF-8 text with the file's content: the file itself, or its copy at `into`."""
    magic = _magic(file)
    if magic not in (GZIP, ZSTD, ZIP):
        chunks = _plain(file)
        if file.encoding == "utf-8":
            _not_utf16(file, magic)
            for _ in _as_utf8(file, chunks) if file.check else ():
                pass
            return str(file.path)
    else:
        chunks = _bounded(file, _unpacked(file, magic))
    if file.encoding != "utf-8" or file.check:
        chunks = _as_utf8(file, chunks)
    with file.into.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
    if file.into.stat().st_size == 0:
        raise SourceFault(f"{file.name} has no rows: it is empty once unpacked.")
    return str(file.into)


def survey(file: Delivered, declared: str = "") -> tuple[str, str, bytes]:
    """Give the path of a file's plain UTF-8 text, the encoding it came in (or was declared in), and its first bytes."""
    packed = _magic(file) in (GZIP, ZSTD, ZIP)
    raw = Path(prepare(replace(file, encoding="utf-8"))) if packed else file.path
    encoding = declared or _encoding(raw)
    _text(file, raw, encoding)
    if encoding != "utf-8":
        text = file.into.with_name(f"{file.into.name}-text")
        raw = Path(prepare(replace(file, path=raw, encoding=encoding, into=text)))
    with raw.open("rb") as stream:
        return str(raw), encoding, stream.read(CHUNK)


def _text(file: Delivered, path: Path, encoding: str) -> None:
    with path.open("rb") as stream:
        start = stream.read(1024)
    if b"\0" in start and encoding != "utf-16" and not start.startswith(PARQUET):
        raise SourceFault(f"{file.name} is not text: it holds binary data.")


def _encoding(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as stream:
        if stream.read(2) in UTF16_MARKS:
            return "utf-16"
        stream.seek(0)
        if stream.read(4) == PARQUET:
            return "utf-8"
        stream.seek(0)
        try:
            while chunk := stream.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _magic(file: Delivered) -> bytes:
    if file.encoding not in ENCODINGS:
        raise SourceFault(f"{file.name}: the encoding '{file.encoding}' is not known; use one of {sorted(ENCODINGS)}.")
    if file.path.stat().st_size == 0:
        raise SourceFault(f"{file.name} has no rows: it is empty.")
    with file.path.open("rb") as stream:
        start = stream.read(6)
    for magic, kind in REFUSED.items():
        if start.startswith(magic):
            raise SourceFault(f"{file.name} is compressed as {kind}; send it plain, or as gzip, zstd or zip.")
    return next((magic for magic in (GZIP, ZSTD, ZIP) if start.startswith(magic)), start)


def _not_utf16(file: Delivered, start: bytes) -> None:
    if start.startswith(UTF16_MARKS):
        raise SourceFault(f"{file.name} is UTF-16 text from line 1 on, not utf-8 as declared.")


def _plain(file: Delivered) -> Iterator[bytes]:
    with file.path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _unpacked(file: Delivered, magic: bytes) -> Iterator[bytes]:
    kind = {GZIP: "gzip", ZSTD: "zstd", ZIP: "zip"}[magic]
    try:
        yield from {GZIP: _gzip, ZSTD: _zstd, ZIP: _zip}[magic](file)
    except EOFError as error:
        raise SourceFault(
            f"{file.name} is cut short: its {kind} data end in the middle. Send the whole file."
        ) from error
    except (OSError, zlib.error, zipfile.BadZipFile) as error:
        raise SourceFault(f"{file.name} is damaged: its {kind} data cannot be unpacked.") from error


def _gzip(file: Delivered) -> Iterator[bytes]:
    with gzip.open(file.path, "rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _zstd(file: Delivered) -> Iterator[bytes]:
    # Loaded only for the rare zstd file: it doubles the memory of a resting child.
    arrow: Any = importlib.import_module("pyarrow")
    with arrow.OSFile(str(file.path), "rb") as raw, arrow.CompressedInputStream(raw, "zstd") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def _zip(file: Delivered) -> Iterator[bytes]:
    with zipfile.ZipFile(file.path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) != 1:
            raise SourceFault(
                f"{file.name} is a zip of {len(members)} files; send a zip of one, or each file by itself."
            )
        if members[0].flag_bits & 1:
            raise SourceFault(f"{file.name} is a zip with a password; send it without one.")
        with archive.open(members[0]) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def _bounded(file: Delivered, chunks: Iterable[bytes]) -> Iterator[bytes]:
    packed, total = file.path.stat().st_size, 0
    for chunk in chunks:
        total += len(chunk)
        if total > file.most_bytes:
            raise SourceFault(f"{file.name} unpacks to more than {file.most_bytes:,} bytes; send it in parts.")
        if total > BOMB_BYTES and total > BOMB_RATIO * packed:
            raise SourceFault(f"{file.name} unpacks to more than {BOMB_RATIO} times its size; it is not read further.")
        yield chunk


def _as_utf8(file: Delivered, chunks: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(file.encoding)("strict")
    line = 1
    try:
        for chunk in chunks:
            text = decoder.decode(chunk)
            line += text.count("\n")
            yield text.encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise SourceFault(
            f"{file.name} is not {file.encoding} as declared: see line {_faulty(line, error)}."
        ) from error


def _faulty(line: int, error: UnicodeError) -> int:
    """The line of a decoding error: the lines before its chunk, and those of the chunk that did decode."""
    if not isinstance(error, UnicodeDecodeError):
        return line
    good = error.object[: error.start].decode(error.encoding, "replace")
    return line + good.count("\n")


def head(path: Path, *, name: str, delimiter: str, quote: str, records: int) -> list[list[str]]:
    """Read the first records that are not blank, as a CSV reader sees them."""
    csv.field_size_limit(FIELD_LIMIT)
    with path.open("rb") as stream:
        text = stream.read(HEAD_BYTES).decode("utf-8-sig", "replace")
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    if "\0" in text.partition("\n")[0]:
        raise SourceFault(f"{name} is not text: it holds binary data.")
    found: list[list[str]] = []
    try:
        for record in reader:
            if record:
                found.append(record)
            if len(found) == records:
                break
    except csv.Error as error:
        raise SourceFault(f"{name}: its first lines are not text in columns ({error}).") from error
    return found


def lines(path: Path, offsets: list[int]) -> list[int]:
    """For each byte offset (ascending) the number of the line it stands in, from 1."""
    numbers, line, at = [], 1, 0
    with path.open("rb") as stream:
        mark = b"\n" if b"\n" in stream.read(CHUNK) else b"\r"
        stream.seek(0)
        for offset in offsets:
            while at < offset:
                chunk = stream.read(min(CHUNK, offset - at))
                if not chunk:
                    break
                line += chunk.count(mark)
                at += len(chunk)
            numbers.append(line)
    return numbers


def lines_with_text(path: Path, ordinals: list[int]) -> list[int]:
    """For each ordinal (ascending, from 1) of a line that is not empty, the number it has among all lines."""
    wanted, numbers, seen = iter(ordinals), [], 0
    ordinal = next(wanted, 0)
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            seen += bool(line.strip(b"\r\n"))
            while ordinal and seen == ordinal:
                numbers.append(number)
                ordinal = next(wanted, 0)
            if not ordinal:
                break
    return numbers


def records(path: Path, *, delimiter: str, quote: str, passed: set[int], ordinals: list[int]) -> list[tuple[int, str]]:
    """For each ordinal (ascending, from 1) of a record not beginning on a `passed` line: its line and its text."""
    csv.field_size_limit(FIELD_LIMIT)
    found: list[tuple[int, str]] = []
    wanted = iter(ordinals)
    ordinal, seen, begins = next(wanted, 0), 0, 1
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        taken: list[str] = []
        reader = csv.reader(
            _noted(stream, taken),
            delimiter=delimiter,
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        for record in reader:
            seen += bool(record) and begins not in passed
            if ordinal and seen == ordinal:
                found.append((begins, "".join(taken).rstrip("\r\n")))
                ordinal = next(wanted, 0)
            if not ordinal:
                break
            begins = reader.line_num + 1
            taken.clear()
    return found


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def digest(path: Path) -> str:
    """The sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
