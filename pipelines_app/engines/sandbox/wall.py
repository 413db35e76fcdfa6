"""The wall around a child process, built by the child itself before anything that runs an analyst's SQL is loaded."""

import contextlib
import ctypes
import os
import resource
import signal
import struct
import sys
from dataclasses import dataclass

from pipelines_app.engines.sandbox import landlock

PR_SET_PDEATHSIG = 1
CAPABILITY_VERSION = 0x20080522
FILE_POWERS = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
OPEN_FILES = 1024

PROGRAMS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64")
SMALL_PRINT = (
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/dev/null",
    "/dev/urandom",
    "/dev/random",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
)
# DuckDB reads its limits there at every start, and falls over when it sees the file but may not read it.
OWN_LIMITS = "/proc/self/cgroup"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the child may touch: programs to run, folders to read, one folder to write, and how much of the machine."""

    programs: tuple[str, ...]
    readable: tuple[str, ...]
    scratch: str
    parent: int
    memory_bytes: int
    file_bytes: int
    allow_unsandboxed: bool = False


@dataclass(frozen=True)
class SandboxStatus:
    """Whether children can be walled in on this machine, by which version of Landlock, and why not or how well."""

    enabled: bool
    abi: int
    reason: str


def sandbox_status() -> SandboxStatus:
    """Ask the kernel, without changing anything, what wall it can build."""
    version = landlock.abi()
    if version == 0:
        return SandboxStatus(False, 0, "This kernel has no Landlock (Linux 5.13 or newer, with lsm=landlock, has it).")
    if version < landlock.NET_SINCE:
        return SandboxStatus(
            True,
            version,
            "Files are walled in; TCP is closed by a network namespace only where the system permits one.",
        )
    return SandboxStatus(True, version, "Files, network and signals are walled in.")


def raise_wall(plan: Plan) -> int:
    """Close this process in, for good; give Landlock's version, or 0 where the plan accepts to run without."""
    os.umask(0o077)
    _leave_the_network()
    die_with(plan.parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (plan.file_bytes, plan.file_bytes))
    resource.setrlimit(resource.RLIMIT_AS, (plan.memory_bytes, plan.memory_bytes))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # too large a file becomes an error, not a death
    _give_up_privileges()
    if plan.allow_unsandboxed and landlock.abi() == 0:
        return 0
    with contextlib.suppress(FileNotFoundError):
        # Kept open for good: the kernel would forget a rule about a /proc file that nobody holds.
        os.open(OWN_LIMITS, os.O_RDONLY | os.O_CLOEXEC)
    return landlock.restrict(_rules(plan))


def stand_apart(original: int) -> None:
    """Close a copy of a walled-in process in once more: it ends with its original, and can do nothing to it."""
    die_with(original)
    if landlock.abi():
        landlock.stand_apart()


def _rules(plan: Plan) -> list[tuple[str, int]]:
    programs = {*PROGRAMS, sys.prefix, sys.base_prefix, *plan.programs}
    return [
        *((path, landlock.READ_EXECUTE) for path in sorted(programs)),
        *((path, landlock.READ) for path in (*SMALL_PRINT, OWN_LIMITS, *plan.readable)),
        (plan.scratch, landlock.READ_WRITE),
    ]


def _leave_the_network() -> None:
    # Landlock closes TCP; an empty network namespace closes UDP too, where the system permits one.
    flags = CLONE_NEWNET if os.geteuid() == 0 else CLONE_NEWUSER | CLONE_NEWNET
    landlock.libc.unshare(flags)


def _give_up_privileges() -> None:
    """Keep of root's powers only those over files, which Landlock bounds: a service may read files others wrote."""
    if os.geteuid() != 0:
        return
    header = struct.pack("Ii", CAPABILITY_VERSION, 0)
    kept = struct.pack("6I", FILE_POWERS, FILE_POWERS, 0, 0, 0, 0)
    if landlock.libc.capset(header, kept) != 0:
        raise OSError(ctypes.get_errno(), "root's powers could not be given up")


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies (after unshare, which would clear the wish)."""
    landlock.libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        with contextlib.suppress(ProcessLookupError):
            os.kill(os.getpid(), signal.SIGKILL)
