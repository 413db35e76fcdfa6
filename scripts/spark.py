"""Fetch what the tests of the engine Spark need into .spark, once for each change of the locks.

The client comes as wheels. Spark itself comes to Python's package index only as the source archive of `pyspark`, whose
folder `deps` is the whole of it; nothing of it is built or run here but its name and version being asked.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / ".spark"
CLIENT = ROOT / "requirements" / "spark.lock"
SERVER = ROOT / "requirements" / "spark-server.lock"
PIP = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]


def main() -> int:
    INTO.mkdir(exist_ok=True)
    _renew(INTO / "client", CLIENT, _install)
    _renew(INTO / "jars", SERVER, _unpack)
    return 0


def _renew(folder: Path, lock: Path, make: Callable[[Path], Path]) -> None:
    """Make a folder anew unless it was made from this lock, by this Python; it is there whole or not at all."""
    mark = f"{sys.version_info[:2]} {hashlib.sha256(lock.read_bytes()).hexdigest()}"
    stamp = folder / ".made-from"
    if stamp.exists() and stamp.read_text() == mark:
        return
    with tempfile.TemporaryDirectory(dir=INTO) as room:
        made = make(Path(room))
        (made / stamp.name).write_text(mark)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)


def _install(room: Path) -> Path:
    """Beside .venv and not into it: what the other tests run on is what production has."""
    into = room / "client"
    print("fetching Spark's client", flush=True)
    subprocess.run(
        [*PIP, "install", "--require-hashes", "--no-deps", "--target", str(into), "-r", str(CLIENT)], check=True
    )
    return into


def _unpack(room: Path) -> Path:
    print("fetching Spark itself, 456 MB", flush=True)
    asked = ["--require-hashes", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]
    subprocess.run([*PIP, "download", *asked, "-d", str(room), "-r", str(SERVER)], check=True)
    with tarfile.open(next(room.glob("pyspark-*.tar.gz"))) as packed:
        for one in packed:
            if "/deps/jars/" in one.name and one.isfile():
                packed.extract(one, room, filter="data")
    return next(room.glob("pyspark-*/deps/jars"))


if __name__ == "__main__":
    sys.exit(main())
