"""See that the programs the tests drive are on this machine: `python -m scripts.servers redis-server chromium`.

What is missing is installed by apt where that may be done without asking (root, or sudo without a password); everywhere
else the message says what to install.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from tests.servers import chromium, spark
from tests.servers.process import MissingServer

QUIETLY = {"DEBIAN_FRONTEND": "noninteractive"}


def has_redis() -> bool:
    return shutil.which("redis-server") is not None


def has_chromium() -> bool:
    try:
        chromium.find()
    except MissingServer:
        return False
    return True


def has_java() -> bool:
    try:
        spark.java()
    except MissingServer:
        return False
    return True


JAVA = "default-jre-headless"  # Java 17 on Debian 12, newer since
PRESENT: dict[str, Callable[[], bool]] = {"redis-server": has_redis, "chromium": has_chromium, JAVA: has_java}


def main(wanted: list[str]) -> int:
    missing = [name for name in wanted if not PRESENT[name]()]
    if missing and (apt := _apt()):
        print(f"installing {', '.join(missing)}", flush=True)
        subprocess.run([*apt, "update", "-qq"], check=False, env=os.environ | QUIETLY)
        subprocess.run([*apt, "install", "-y", "-qq", *missing], check=False, env=os.environ | QUIETLY)
        missing = [name for name in missing if not PRESENT[name]()]
    if missing:
        names = " ".join(missing)
        print(
            f"Missing on this machine: {names}. Install with `sudo apt-get install {names}`, or on macOS with "
            "`brew install redis openjdk` and `brew install --cask chromium`; then run this again.",
            file=sys.stderr,
        )
        return 1
    return 0


def _apt() -> list[str]:
    """The apt-get command that may be run without asking anybody, or nothing."""
    if shutil.which("apt-get") is None:
        return []
    if os.geteuid() == 0:
        return ["apt-get"]
    may = (
        shutil.which("sudo")
        and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode == 0
    )
    return ["sudo", "-n", "apt-get"] if may else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
