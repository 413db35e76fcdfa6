"""Fetch what the tests of the engine Spark need, once: its client into .venv, and Spark itself into .spark."""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTO = ROOT / ".spark"
LOCK = ROOT / "requirements" / "spark.lock"
SERVER = "pyspark==4.3.0"  # the server comes only as its source archive, of which the folder `deps` is Spark


def main() -> int:
    quietly = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "--no-input"]
    subprocess.run([*quietly, "install", "--require-hashes", "--no-deps", "-r", str(LOCK)], check=True)
    if not list(INTO.glob("jars/spark-connect_*.jar")):
        with tempfile.TemporaryDirectory(dir=ROOT) as folder:
            print(f"fetching {SERVER}, 456 MB", flush=True)
            download = ["download", "--no-deps", "--no-binary", ":all:", "--no-build-isolation", "-d", folder, SERVER]
            subprocess.run([*quietly, *download], check=True)
            _unpack(next(Path(folder).glob("pyspark-*.tar.gz")), Path(folder))
    return 0


def _unpack(archive: Path, folder: Path) -> None:
    with tarfile.open(archive) as packed:
        jars = [one for one in packed if "/deps/jars/" in one.name and one.isfile()]
        packed.extractall(folder, members=jars, filter="data")
    INTO.mkdir(exist_ok=True)
    next(folder.glob("pyspark-*/deps/jars")).rename(INTO / "jars")


if __name__ == "__main__":
    sys.exit(main())
