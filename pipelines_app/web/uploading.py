"""Files from forms go straight into the lake: chunk by chunk, hashed on the way, gone again if nobody takes them."""

import weakref
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from pipelines_app.errors import ArrivalRefused, LooplineError
from pipelines_app.intake import receiving
from pipelines_app.intake.receiving import Received, Receiver
from pipelines_app.models import EDITING, User


class ReceivedFile(UploadedFile):  # type: ignore[type-arg]  # not subscriptable when run
    """A file of a form, already in the lake. Whoever reads `received` owns the bytes: links them, or discards them.

    What nobody took is discarded when the request ends: a failed CSRF check, a form with errors, a page without files.
    """

    def __init__(
        self, *, name: str, content_type: str, received: Received | None, refusal: LooplineError | None
    ) -> None:
        super().__init__(file=None, name=name, content_type=content_type, size=received.bytes if received else 0)
        self.refusal = refusal
        self._received = received
        self._taken = False

    @property
    def received(self) -> Received:
        """Take the bytes over; raises what they were refused with (TooLarge, DiskFull)."""
        if self._received is None:
            raise self.refusal or ArrivalRefused("Nothing of this file was kept.", todo="Send it again.")
        received, self._taken = self._received, True
        return received

    def close(self) -> None:
        if self._received is not None and not self._taken:
            receiving.discard(self._received.place)
            self._received = None


class LakeUploadHandler(FileUploadHandler):
    """Streams a form's files into the lake in constant memory for people who may edit somewhere; drops others' files.

    A page that is not on this site cannot get here: its origin is refused before the body is read, and the session's
    cookie does not travel with it. The token in the form is checked when the body is through; if it does not hold,
    nobody takes the file.
    """

    chunk_size = 1 << 20
    _receiver: Receiver | None = None
    _refusal: ArrivalRefused | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        if not _may_bring(getattr(self.request, "user", None)):
            raise SkipFile
        self._receiver = Receiver(max_bytes=settings.UPLOAD_MAX_BYTES)
        self._refusal = None
        # A connection that breaks ends no file: whatever is unfinished goes when the request does.
        self._abandoned = weakref.finalize(self, self._receiver.discard)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a chunk; after a refusal read on and drop, so that the person gets an answer and not a broken line."""
        if self._receiver is not None and self._refusal is None:
            try:
                self._receiver.write(raw_data)
            except ArrivalRefused as refusal:
                self._refusal = refusal
        return None

    def file_complete(self, file_size: int) -> ReceivedFile | None:
        if self._receiver is None:
            return None
        received = self._finish(self._receiver)
        self._abandoned.detach()
        self._receiver = None
        return ReceivedFile(
            name=self.file_name or "file",
            content_type=self.content_type or "",
            received=received,
            refusal=self._refusal,
        )

    def _finish(self, receiver: Receiver) -> Received | None:
        if self._refusal is not None:
            return None
        try:
            return receiver.finish()
        except ArrivalRefused as refusal:
            self._refusal = refusal
            return None

    def upload_interrupted(self) -> None:
        if self._receiver is not None:
            self._abandoned()
            self._receiver = None


def _may_bring(user: object) -> bool:
    return isinstance(user, User) and user.is_active and user.teams_with(*EDITING).exists()


def uploaded(files: Mapping[str, object], field: str) -> ReceivedFile | None:
    """The file of a form's field, or nothing."""
    found = files.get(field)
    return found if isinstance(found, ReceivedFile) else None
