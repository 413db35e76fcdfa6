"""The kernel's own fence around this process: files by folder, no TCP, no signals to others. Standard library only."""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
RULE_PATH_BENEATH = 1
VERSION_FLAG = 1
PR_SET_NO_NEW_PRIVS = 38
O_PATH = 0o10000000

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
MAKE_SOCKET = 1 << 9
TRUNCATE = 1 << 14
ON_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE

READ = READ_FILE | READ_DIR
READ_EXECUTE = READ | EXECUTE
READ_WRITE = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | TRUNCATE

# How many kinds of file access each version of the interface can deny.
FS_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
NEWEST_FS_BITS = 16
NET_SINCE, SCOPE_SINCE = 4, 6
TCP_BIND_AND_CONNECT = 0b11
SIGNALS_AND_ABSTRACT_SOCKETS = 0b11

libc = ctypes.CDLL(None, use_errno=True)


def abi() -> int:
    """The version of Landlock this kernel speaks; 0 when it has none or has it switched off."""
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION_FLAG))
    return max(int(version), 0)


def restrict(rules: Iterable[tuple[str, int]]) -> int:
    """Deny this process and its future threads all but `rules` (folder or file, rights); give the version used."""
    version = abi()
    if version == 0:
        raise OSError(errno.ENOSYS, "this kernel has no Landlock")
    handled = (1 << FS_BITS.get(version, NEWEST_FS_BITS)) - 1
    ruleset = _create(version, handled)
    try:
        for path, rights in rules:
            _allow(ruleset, path, rights & handled)
        _checked(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)
    return version


def stand_apart() -> None:
    """Go into a domain of its own below the one this process is in: it may trace and signal nobody outside."""
    ruleset = _create(abi(), MAKE_SOCKET)  # which no domain of ours allows
    try:
        _checked(libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0)))
    finally:
        os.close(ruleset)


def _create(version: int, handled: int) -> int:
    attributes = struct.pack(
        "QQQ",
        handled,
        TCP_BIND_AND_CONNECT if version >= NET_SINCE else 0,
        SIGNALS_AND_ABSTRACT_SOCKETS if version >= SCOPE_SINCE else 0,
    )
    size = 24 if version >= SCOPE_SINCE else 16 if version >= NET_SINCE else 8
    return _checked(libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0)))


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        beneath = os.open(path, O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # the list names the folders of several distributions; what is not there needs no right
    try:
        if not os.path.isdir(path):  # noqa: PTH112 -- pathlib would double the child's start
            rights &= ON_FILES
        rule = struct.pack("=Qi", rights, beneath)
        _checked(
            libc.syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
        )
    finally:
        os.close(beneath)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(result)
