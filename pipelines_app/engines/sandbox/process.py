"""One child process as its parent sees it: started behind the wall, asked, watched, killed."""

import contextlib
import fcntl
import importlib.util
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pipelines_app.engines.sandbox import framing, wall
from pipelines_app.errors import EngineError

BOOT = "import sys; sys.path.extend(sys.argv[1:-1]); from pipelines_app.engines.sandbox.child import main; main()"
ROOT = Path(__file__).resolve().parents[3]
START_SECONDS = 30.0
BEAT_SECONDS = 1.0
NEARLY = 0.8

NO_WALL = "Run on Linux 5.13 or newer with Landlock on, or accept the risk with ALLOW_UNSANDBOXED=1."


@dataclass(frozen=True, kw_only=True)
class Yard:
    """Where children live and what bounds them all: the lake they may read, and how much they may ever take."""

    lake: Path
    memory_bytes: int = field(
        default_factory=lambda: os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") + (2 << 30)
    )
    file_bytes: int = 100 << 30
    allow_unsandboxed: bool = False
    usual: framing.Message | None = None  # what most sessions may take: made ready for, they begin sooner

    @property
    def scratch(self) -> Path:
        return self.lake / "scratch"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Until when a piece of work may go on, and whom to ask every second whether it still should."""

    deadline: float
    memory_bytes: int
    heartbeat: Callable[[], bool] | None = None

    @property
    def remaining(self) -> float:
        return self.deadline - time.monotonic()

    def beat(self) -> None:
        if self.heartbeat is not None and not self.heartbeat():
            raise EngineError("The work was stopped.", kind=EngineError.KILLED)


class Child:
    """A warm process; `kill` is always safe, and its scratch folder goes with it."""

    def __init__(self, yard: Yard) -> None:
        self.at_work = 0  # the process that does this session's work
        self.rss = 0
        self.home = yard.scratch / uuid.uuid4().hex
        self.scratch = self.home / "work"
        self.scratch.mkdir(parents=True)
        self._lock = _locked(self.home)
        self._ours, theirs = socket.socketpair()
        with theirs, (self.home / "stderr").open("wb") as stderr:
            self._process = subprocess.Popen(
                _command(theirs.fileno()),
                pass_fds=[theirs.fileno()],
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", "MALLOC_ARENA_MAX": "2"},
                cwd=self.scratch,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )
        self._greet(yard)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: framing.Message, watch: Watch) -> framing.Message:
        """Put a question and wait for its answer; if anything goes wrong the child is killed, and an error says why."""
        answer = None
        try:
            self._send(framing.pack(question))
            answer = self._answer(watch)
        except (OSError, ValueError) as error:
            raise self._death(watch, str(error)) from error
        finally:
            if answer is None:
                self.kill()
        return answer

    def rest(self) -> None:
        """Remove what a session left in the scratch folder; its process is gone."""
        self.at_work = self.rss = 0
        for left in self.scratch.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)

    def stop(self) -> None:
        """End the process group; whoever is waiting for its answer learns of it and cleans up."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """End the process group and remove its folder."""
        self.stop()
        self._process.wait()
        self.disown()
        shutil.rmtree(self.home, ignore_errors=True)

    def disown(self) -> None:
        """Close our ends without touching the process: after a fork it is somebody else's."""
        self._ours.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _greet(self, yard: Yard) -> None:
        plan = wall.Plan(
            programs=(*_import_paths(), str(ROOT / "pipelines_app" / "engines" / "sandbox")),
            readable=(str(yard.lake),),
            scratch=str(self.scratch),
            parent=os.getpid(),
            memory_bytes=yard.memory_bytes,
            file_bytes=yard.file_bytes,
            allow_unsandboxed=yard.allow_unsandboxed,
        )
        watch = Watch(deadline=time.monotonic() + START_SECONDS, memory_bytes=yard.memory_bytes)
        try:
            answer = self.ask({**asdict(plan), "usual": yard.usual}, watch)
        except EngineError as error:
            said = "The engine's process did not start behind its wall."
            raise EngineError(said, kind=EngineError.SANDBOX, todo=NO_WALL, detail=error.detail) from error
        if "error" in answer:
            self.kill()
            raise EngineError(
                f"The wall around the engine could not be built: {answer['message']}.",
                kind=EngineError.SANDBOX,
                todo=NO_WALL,
            )

    def _send(self, packed: bytes) -> None:
        self._ours.settimeout(START_SECONDS)
        self._ours.sendall(packed)

    def _answer(self, watch: Watch) -> framing.Message:
        received = bytearray()
        wanted = framing.PREFIX
        poll = select.poll()
        poll.register(self._ours, select.POLLIN)
        beat = time.monotonic() + BEAT_SECONDS
        while len(received) < wanted:
            wait = min(beat - time.monotonic(), watch.remaining)
            if poll.poll(max(wait, 0) * 1000):
                received += self._more(min(wanted - len(received), 1 << 20))
                if wanted == framing.PREFIX == len(received):
                    wanted += framing.size_checked(int.from_bytes(received, "big"))
            if watch.remaining <= 0:
                raise EngineError(
                    "The work took longer than it may.",
                    kind=EngineError.DEADLINE,
                    todo="Let it read less, or ask for more time.",
                )
            if time.monotonic() >= beat:
                beat = time.monotonic() + BEAT_SECONDS
                self._look(watch)
        return framing.unpack(bytes(received[framing.PREFIX :]))

    def _more(self, size: int) -> bytes:
        part = self._ours.recv(size)
        if not part:
            raise ConnectionError("the engine's process ended")
        return part

    def _look(self, watch: Watch) -> None:
        if not self.is_alive:
            raise ConnectionError("the engine's process ended")
        self.rss = _rss(self.at_work or self.pid)
        watch.beat()

    def _death(self, watch: Watch, reason: str) -> EngineError:
        with contextlib.suppress(OSError):
            last = (self.home / "stderr").read_text(errors="replace")[-2000:]
            reason = f"{reason}\n{last}"
        self.kill()
        reason = f"exit {self._process.returncode}: {reason}"
        if self.rss > NEARLY * watch.memory_bytes or "bad_alloc" in reason or "MemoryError" in reason:
            return EngineError("The work needed more memory than it may have.", kind=EngineError.MEMORY, detail=reason)
        return EngineError(
            "The engine's process ended in the middle of the work.", kind=EngineError.KILLED, detail=reason
        )


def _locked(home: Path) -> int:
    """Hold the folder as ours for as long as this process lives, so that `clear` can tell it from one left behind."""
    lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def clear(yard: Yard, *, older_than: float) -> None:
    """Remove the folders of children whose parent is gone; the youngest are spared, they may not be locked yet."""
    for home in yard.scratch.iterdir() if yard.scratch.is_dir() else ():
        with contextlib.suppress(OSError):
            if home.stat().st_mtime > older_than:
                continue
            lock = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(home, ignore_errors=True)
            finally:
                os.close(lock)


def _command(descriptor: int) -> list[str]:
    return [sys.executable, "-I", "-S", "-B", "-c", BOOT, str(ROOT), *_import_paths(), str(descriptor)]


def _import_paths() -> tuple[str, ...]:
    """Where this process finds DuckDB: the child sees no other packages unless they live beside it."""
    found = importlib.util.find_spec("duckdb")
    if found is None or found.origin is None:
        raise EngineError("The duckdb package is not installed.", kind=EngineError.SANDBOX, todo="Run make setup.")
    return (str(Path(found.origin).parents[1]),)


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
