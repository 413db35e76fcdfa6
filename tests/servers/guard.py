"""Run one command, and take it down when the process that asked for it is gone, however it went.

    python guard.py ASKER_PID FOLDER USER|- SIGNAL GRACE_SECONDS COMMAND...

Needs nothing but the standard library and works wherever there are parent processes. It says the command's process
id, then looks every quarter of a second whether the asker still lives.
FOLDER (or -) is removed only when the asker died.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import FrameType

LOOK_EVERY = 0.25


class StopAsked(Exception):
    """The asker wants the command to end."""


@dataclass(frozen=True)
class Wishes:
    """How the asker wants the command to be run and ended."""

    asker: int
    folder: str
    user: str
    ending: signal.Signals
    grace: float


def main(wishes: Wishes, command: list[str]) -> int:
    signal.signal(signal.SIGTERM, stop_asked)
    child = subprocess.Popen(
        command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=sys.stderr, **as_user(wishes.user)
    )
    sys.stdout.write(f"{child.pid}\n")
    sys.stdout.flush()
    try:
        while child.poll() is None and os.getppid() == wishes.asker:
            time.sleep(LOOK_EVERY)
    except StopAsked:
        pass
    finally:
        take_down(child, wishes)
    if wishes.folder != "-" and os.getppid() != wishes.asker:
        shutil.rmtree(wishes.folder, ignore_errors=True)
    return child.returncode


def as_user(user: str) -> dict[str, object]:
    """Popen's arguments to run as somebody less powerful, with no group of ours."""
    return {} if user == "-" else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def stop_asked(_signal: int, _frame: FrameType | None) -> None:
    raise StopAsked


def take_down(child: subprocess.Popen[bytes], wishes: Wishes) -> None:
    """End the command politely; what is left of its process group after the grace time is killed."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if child.poll() is None:
        child.send_signal(wishes.ending)
        try:
            child.wait(wishes.grace)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


if __name__ == "__main__":
    asker, folder, user, ending, grace, *command = sys.argv[1:]
    sys.exit(main(Wishes(int(asker), folder, user, signal.Signals[ending], float(grace)), command))
