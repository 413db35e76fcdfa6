"""Attacks from inside: code that runs behind the wall reaches nothing but its own folder."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from pipelines_app.engines.base import Limits
from pipelines_app.engines.duckdb_engine import DuckDBEngine
from pipelines_app.engines.sandbox import landlock, wall
from pipelines_app.errors import EngineError
from tests.engines.conftest import columns_of, sql

ROOT = Path(__file__).resolve().parents[2]
BEHIND = """
import json, os, sys
sys.path.append(sys.argv[1])
from pipelines_app.engines.sandbox import wall
plan = json.loads(sys.argv[2])
import ctypes, signal, socket, subprocess
wall.raise_wall(wall.Plan(**{**plan, "programs": tuple(plan["programs"]), "readable": tuple(plan["readable"])}))
try:
    exec(sys.argv[3])
except (OSError, ValueError) as error:
    print(type(error).__name__, error)
except MemoryError:
    print("MemoryError")
else:
    print("got through")
"""


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    for folder in ("lake", "lake/mine", "lake/theirs"):
        (tmp_path / folder).mkdir()
    (tmp_path / "lake" / "file").write_text("data")
    (tmp_path / "lake" / "theirs" / "file").write_text("theirs")
    (tmp_path / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {
            "lake": str(tmp_path / "lake"),
            "mine": str(tmp_path / "lake" / "mine"),
            "theirs": str(tmp_path / "lake" / "theirs"),
            "out": str(tmp_path),
            "home": str(Path.home()),
            "port": str(server.getsockname()[1]),
            "parent": str(os.getpid()),
        }


def behind_the_wall(code: str, places: dict[str, str]) -> str:
    plan = wall.Plan(
        programs=(),
        readable=(places["lake"],),
        scratch=places["mine"],
        parent=os.getpid(),
        memory_bytes=2 << 30,
        file_bytes=1 << 20,
    )
    command = [sys.executable, "-I", "-S", "-c", BEHIND, str(ROOT), json.dumps(asdict(plan)), code.format(**places)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, env={}, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


DENIED = {
    "read the passwords": "open('/etc/passwd')",
    "read the host's name": "open('/etc/hostname')",
    "read beside the lake": "open('{out}/secret')",
    "climb out of the lake": "open('{mine}/../../secret')",
    "list the root": "os.listdir('/')",
    "list the home": "os.listdir('{home}')",
    "write into the lake": "open('{lake}/new', 'w')",
    "change a file of the lake": "open('{lake}/file', 'a')",
    "truncate a file of the lake": "os.truncate('{lake}/file', 0)",
    "delete a file of the lake": "os.remove('{lake}/file')",
    "write into another child's folder": "open('{theirs}/new', 'w')",
    "move a file out": "open('{mine}/x', 'w').close(); os.rename('{mine}/x', '{theirs}/x')",
    "link a file in": "os.link('{lake}/file', '{mine}/link')",
    "link to a secret": "os.symlink('{out}/secret', '{mine}/link')",
    "make a pipe": "os.mkfifo('{mine}/pipe')",
    "write to tmp": "open('/tmp/loopline-was-here', 'w')",
    "run a shell": "subprocess.run(['/bin/sh', '-c', 'true'])",
    "run another program": "os.execv('/usr/bin/env', ['env'])",
    "run what it wrote": (
        "open('{mine}/run', 'w').write('#!/bin/true'); os.chmod('{mine}/run', 0o755); os.execv('{mine}/run', ['run'])"
    ),
    "read the parent's environment": "open('/proc/{parent}/environ')",
    "read the parent's memory": "open('/proc/{parent}/mem', 'rb')",
    "see other processes": "os.listdir('/proc')",
    "call out by TCP": "socket.create_connection(('127.0.0.1', {port}), timeout=5)",
    "listen": "socket.create_server(('127.0.0.1', 0))",
    "kill the parent": "os.kill({parent}, signal.SIGTERM)",
    "write without end": "open('{mine}/big', 'wb').write(b'x' * (2 << 20)); open('{mine}/big', 'ab').write(b'x')",
    "raise its own limits": (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))"
    ),
    "take memory without end": "x = bytearray(8 << 30)",
    "change its root": "os.chroot('{mine}')",
    "become somebody else": "os.setuid(12345)" if os.geteuid() == 0 else "os.setuid(0)",
}


@pytest.mark.parametrize("code", DENIED.values(), ids=DENIED)
def test_the_wall_denies(code, places):
    assert "got through" not in behind_the_wall(code, places)


COPIED = """
original = os.getpid()
copy = os.fork()
if copy == 0:
    wall.stand_apart(original)
    try:
        {attack}
    except OSError:
        os._exit(7)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) == 7
raise OSError("refused")
"""
AGAINST_ITS_ORIGINAL = {
    "signal": "os.kill(original, 0)",
    "trace": "assert ctypes.CDLL(None).ptrace(16, original, 0, 0) == 0 or os.open('/', 0)",
    "read the lake's neighbours": "open('{out}/secret')",
    "write beside its folder": "open('{theirs}/new', 'w')",
}


@pytest.mark.parametrize("attack", AGAINST_ITS_ORIGINAL.values(), ids=AGAINST_ITS_ORIGINAL)
def test_a_copy_stays_behind_the_wall_and_cannot_reach_the_process_it_is_a_copy_of(attack, places):
    assert behind_the_wall(COPIED.replace("{attack}", attack), places) == "OSError refused"


ALLOWED = {
    "read the lake": "assert open('{lake}/file').read() == 'data'",
    "write its own folder": (
        "os.mkdir('{mine}/d'); open('{mine}/d/f', 'w').write('x'); os.remove('{mine}/d/f'); os.rmdir('{mine}/d')"
    ),
    "load what it needs": "import decimal, csv, zoneinfo; zoneinfo.ZoneInfo('UTC')",
    "signal itself": "os.kill(os.getpid(), 0)",
}


@pytest.mark.parametrize("code", ALLOWED.values(), ids=ALLOWED)
def test_the_wall_allows(code, places):
    assert behind_the_wall(code, places) == "got through"


def test_this_machine_can_build_the_wall():
    status = wall.sandbox_status()
    assert status.enabled, status.reason
    assert status.abi == landlock.abi() >= 1


QUERIES = {
    "read_text": "SELECT * FROM read_text('/etc/passwd')",
    "read_csv": "SELECT * FROM read_csv('/etc/passwd', header = false)",
    "a path as a table": "SELECT * FROM '/etc/passwd'",
    "glob": "SELECT * FROM glob('/**')",
    "getenv": "SELECT getenv('PATH')",
    "another file of the lake": "SELECT * FROM read_parquet('{lake}/secret')",
    "the network": "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "a setting": "SELECT * FROM duckdb_settings() WHERE name = 'temp_directory' AND error(value) IS NULL",
}


@pytest.fixture
def engine(tmp_path: Path):
    engine = DuckDBEngine(tmp_path)
    yield engine
    engine.close()


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
def test_a_query_that_slipped_past_every_gate_reaches_nothing(engine, tmp_path, text):
    limits = Limits(seconds=20.0, memory_bytes=1 << 30)
    rows = columns_of(a="BIGINT")
    engine.materialise(sql("SELECT 1 AS a"), [], rows, tmp_path / "secret", limits)
    with pytest.raises(EngineError) as caught:
        engine.preview(sql(text.format(lake=tmp_path)), [], rows=100, limits=limits)
    assert caught.value.kind == EngineError.STATEMENT
    said = caught.value.message + caught.value.detail
    assert "root:" not in said
    assert str(tmp_path) not in said


def test_a_child_inherits_no_environment_no_files_and_no_network(engine, tmp_path, monkeypatch):
    monkeypatch.setenv("LOOPLINE_CANARY", "secret")
    with (tmp_path / "open").open("w"):
        engine.warm()
    (child,) = (one for one in psutil.Process().children() if str(tmp_path) in one.cwd())
    for one in (child, *child.children()):
        assert "LOOPLINE_CANARY" not in one.environ()
        assert {file.path for file in one.open_files()} <= {
            str(Path(child.cwd()).parent / "stderr"),
            "/proc/self/cgroup",
        } | {f"/proc/{child.pid}/{name}" for name in ("stat", "cgroup")}
    if os.geteuid() == 0:
        assert Path(f"/proc/{child.pid}/ns/net").readlink() != Path("/proc/self/ns/net").readlink()
