"""Everything that can go wrong, as types: each says what was asked, what was found and what to do."""

from collections.abc import Sequence
from dataclasses import dataclass


class LooplineError(Exception):
    """The base of every error a person may see; `code` is stable and machine-readable."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, todo: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.todo = todo


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One fault in a definition: where (a path such as `steps[1].sql`), what, and the place in the SQL text if any."""

    path: str
    message: str
    line: int | None = None
    column: int | None = None
    suggestion: str = ""


class DefinitionInvalid(LooplineError):
    """A definition cannot be accepted; `problems` lists every fault found, not only the first."""

    code = "definition_invalid"
    status = 422

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path}: {problem.message}" for problem in problems))
        self.problems = tuple(problems)


class StatementRefused(LooplineError):
    """A SQL text cannot be accepted: not parsed, not allowed, or it names what does not exist."""

    code = "statement_refused"
    status = 422

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, suggestion: str = ""
    ) -> None:
        super().__init__(message)
        self.line = line
        self.column = column
        self.suggestion = suggestion

    def at(self, path: str) -> Problem:
        """The refusal as a fault of a definition, which has the text at this path."""
        return Problem(path=path, message=self.message, line=self.line, column=self.column, suggestion=self.suggestion)


class EngineError(LooplineError):
    """An engine could not do its work. `kind` says why: one of the constants below."""

    code = "engine_error"
    status = 422

    STATEMENT = "statement"  # the SQL is wrong for these data: a cast, a division, an overflow
    SOURCE = "source"  # the file cannot be read as what it is declared to be
    MEMORY = "memory"
    DEADLINE = "deadline"
    KILLED = "killed"  # cancelled, or the child died
    STOPPED = "stopped"  # this worker ends: the work was in nobody's way, and is done by another one
    DISK = "disk"
    SANDBOX = "sandbox"  # the wall could not be built; nothing runs without it

    def __init__(self, message: str, *, kind: str, todo: str = "", detail: str = "") -> None:
        super().__init__(message, todo=todo)
        self.kind = kind
        self.detail = detail

    @property
    def is_worth_retrying(self) -> bool:
        """Whether the same work might succeed later without anybody changing it."""
        return self.kind in {self.MEMORY, self.KILLED, self.STOPPED, self.DISK}


class IllegalMove(LooplineError):
    """A thing in this state cannot become that."""

    code = "illegal_move"
    status = 409


class PeriodInvalid(LooplineError):
    """A pipeline was asked to run for a period that is none of its own."""

    code = "period_invalid"
    status = 422


class LostRace(LooplineError):
    """Somebody else moved it first; read it again."""

    code = "lost_race"
    status = 409


class Outdated(LooplineError):
    """What the caller had read is no longer what is there; read it again, then decide again."""

    code = "outdated"
    status = 412


class NameTaken(LooplineError):
    """A thing of that name exists already, or belongs to another pipeline."""

    code = "name_taken"
    status = 409


class NotAllowed(LooplineError):
    """The caller is known and may see this, but may not do that."""

    code = "not_allowed"
    status = 403


class NotFound(LooplineError):
    """There is nothing of that name that the caller may see."""

    code = "not_found"
    status = 404


class ArrivalRefused(LooplineError):
    """What came in cannot be accepted; nothing of it was kept."""

    code = "arrival_refused"
    status = 422


class ChecksumMismatch(ArrivalRefused):
    """The bytes received are not the bytes that were announced."""

    code = "checksum_mismatch"


class TooLarge(ArrivalRefused):
    """More bytes than this door accepts."""

    code = "too_large"
    status = 413


class DiskFull(ArrivalRefused):
    """There is no room to keep what came in; nothing of it was kept."""

    code = "disk_full"
    status = 507


class KeyReused(LooplineError):
    """An idempotency key came again with another body."""

    code = "idempotency_key_reused"
    status = 422


class SignatureInvalid(LooplineError):
    """A webhook's signature, id or time stamp does not hold; nothing was recorded."""

    code = "signature_invalid"
    status = 401


class TooMany(LooplineError):
    """More came within a minute than this door takes; `retry_after` is how many seconds to wait."""

    code = "too_many"
    status = 429

    def __init__(self, message: str, *, todo: str = "", retry_after: float) -> None:
        super().__init__(message, todo=todo)
        self.retry_after = retry_after


class PlaceUnreachable(LooplineError):
    """A folder or bucket into which files are dropped cannot be looked into; what lies there waits."""

    code = "place_unreachable"
    status = 503


class MessageInvalid(LooplineError):
    """A message of another tool is not what it says it is; `pointer` is the place of the fault (RFC 6901)."""

    code = "message_invalid"
    status = 422

    def __init__(self, message: str, *, pointer: str = "", todo: str = "") -> None:
        super().__init__(message, todo=todo)
        self.pointer = pointer
