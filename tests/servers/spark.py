"""A private Spark Connect server: a free port of this machine, a folder of its own, gone with its starter."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers.process import Guarded, MissingServer, free_port

FETCHED = Path(__file__).parents[2] / ".spark"
OLDEST_JAVA = 17
START_SECONDS = 240
MAIN = "org.apache.spark.sql.connect.service.SparkConnectServer"
# Small and quickly up: the tests' queries are short.
JAVA = ["-Xmx1g", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:+IgnoreUnrecognizedVMOptions"]
OPENED = """
java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util java.util.concurrent
java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar jdk.internal.ref
"""
SETTINGS = {
    "spark.master": "local[2]",
    "spark.app.name": "loopline-tests",
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    # A task looks whether it is still wanted between two batches of what it reads, and nobody can end one of a Spark
    # that is one process: the batches are small, so that what tests have cancelled does not run on beside the others.
    "spark.sql.parquet.columnarReaderBatchSize": "4",
    "spark.task.reaper.enabled": "true",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}


@dataclass
class Spark:
    """One server; it may be killed, and started again on the same port."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: Guarded | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        return f"sc://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Run the server, and return when it has said that it listens."""
        log = self.folder / "spark.log"
        log.write_text("")
        self.process = Guarded(self._command(), log=log, folder=self.folder, environment=self._environment())
        self.process.start()
        self.process.wait_until(lambda: "Spark Connect server started at" in log.read_text(), seconds=START_SECONDS)

    def stop(self) -> None:
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """As a crash would."""
        if self.process is not None:
            self.process.kill()

    def _command(self) -> list[str]:
        settings = SETTINGS | {
            "spark.connect.grpc.binding.port": str(self.port),
            "spark.sql.warehouse.dir": str(self.folder / "warehouse"),
            "spark.local.dir": str(self.folder),
        }
        opened = [f"--add-opens=java.base/{one}=ALL-UNNAMED" for one in OPENED.split()]
        given = [f"-D{key}={value}" for key, value in settings.items()]
        jars = home() / "jars"
        return [java(), *JAVA, *opened, *given, f"-Djava.io.tmpdir={self.folder}", "-cp", f"{jars}/*", MAIN]

    def _environment(self) -> dict[str, str]:
        return os.environ | {"SPARK_HOME": str(home()), "SPARK_LOCAL_IP": "127.0.0.1"}


def home() -> Path:
    """Where Spark itself is: what `make test-spark` fetched; raises MissingServer."""
    if not list(FETCHED.glob("jars/spark-connect_*.jar")):
        raise MissingServer("There is no Spark here: `make test-spark` fetches it.")
    return FETCHED


def java() -> str:
    """A Java that Spark runs on; raises MissingServer."""
    from_home = Path(os.environ.get("JAVA_HOME", "/nowhere")) / "bin" / "java"
    found = str(from_home) if from_home.exists() else shutil.which("java")
    version = re.search(r'version "(\d+)', _told(found)) if found else None
    if not found or not version or int(version[1]) < OLDEST_JAVA:
        raise MissingServer("There is no Java 17 or newer on this machine: apt-get install default-jre-headless.")
    return found


def _told(program: str) -> str:
    return subprocess.run([program, "-version"], check=False, capture_output=True, text=True).stderr


def provide() -> None:
    """Let this process find Spark's client; raises MissingServer unless it is here with Spark and Java."""
    home()
    java()
    client = FETCHED / "client"
    if not (client / "pyspark").exists():
        raise MissingServer("Spark's client is not here: `make test-spark` fetches it.")
    if str(client) not in sys.path:
        sys.path.append(str(client))
