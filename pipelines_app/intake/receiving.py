"""Bytes from outside into the lake: streamed, counted, hashed, and gone again if anything is wrong with them."""

import errno
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines_app import failpoints, lake
from pipelines_app.errors import ArrivalRefused, ChecksumMismatch, DiskFull, TooLarge

_known_folders: set[Path] = set()  # of 256: those whose names are on disk since this process began


@dataclass(frozen=True, kw_only=True)
class Received:
    """A whole file in the lake that nothing points to yet."""

    place: str
    bytes: int
    sha256: str


class Receiver:
    """Writes one incoming file chunk by chunk; `finish` or `discard` ends it."""

    def __init__(self, *, max_bytes: int) -> None:
        self.place = lake.arrival_place()
        self._path = lake.path(self.place)
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("xb")

    def write(self, chunk: bytes) -> None:
        """Add bytes; raises TooLarge or DiskFull, after which nothing of the file is left."""
        self._bytes += len(chunk)
        if self._bytes > self._max_bytes:
            self.discard()
            raise TooLarge(
                f"More than {self._max_bytes:,} bytes came in.",
                todo="Send the file in parts, or have the limit raised.",
            )
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            self.discard()
            raise _named(error) from error

    def finish(self) -> Received:
        """Have the bytes on disk for good, and say what they are."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            _keep_name(self._path)
        except OSError as error:
            self.discard()
            raise _named(error) from error
        failpoints.reach("after_receive")
        return Received(place=self.place, bytes=self._bytes, sha256=self._hash.hexdigest())

    def discard(self) -> None:
        """Leave nothing behind."""
        with suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def _keep_name(path: Path) -> None:
    """Have a file's name on disk too: its bytes alone, in a folder that has forgotten them, survive nothing."""
    folder = path.parent
    _on_disk(folder)
    if folder not in _known_folders:  # that it is there itself, every process sees to once
        _on_disk(folder.parent)
        _known_folders.add(folder)


def _on_disk(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(error: OSError) -> Exception:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull("There is no room left to keep what came in.", todo="Free some space, then send it again.")
    return error


def receive(chunks: Iterable[bytes], *, max_bytes: int, length: int | None = None, sha256: str = "") -> Received:
    """Take a whole body in; what was announced (`length` in bytes, `sha256` in hex) must be what came.

    Raises TooLarge, DiskFull, ArrivalRefused (cut short), ChecksumMismatch; nothing is kept then.
    """
    receiver = Receiver(max_bytes=max_bytes)
    try:
        for chunk in chunks:
            receiver.write(chunk)
    except OSError as error:
        receiver.discard()
        raise ArrivalRefused("The connection broke before the file was whole.", todo="Send it again.") from error
    received = receiver.finish()
    try:
        verify(received, length=length, sha256=sha256)
    except ArrivalRefused:
        discard(received.place)
        raise
    return received


def verify(received: Received, *, length: int | None, sha256: str) -> None:
    """Compare what came with what was announced."""
    if length is not None and received.bytes != length:
        raise ArrivalRefused(
            f"{length:,} bytes were announced and {received.bytes:,} came.", todo="Send the file again, whole."
        )
    if sha256 and received.sha256 != sha256.lower():
        raise ChecksumMismatch(
            f"The checksum announced is {sha256.lower()}, that of the bytes received is {received.sha256}.",
            todo="Send the file again; if it happens twice, compute the checksum of the very bytes you send.",
        )


def discard(place: str) -> None:
    """Remove a received file that nothing will point to."""
    lake.path(place).unlink(missing_ok=True)
