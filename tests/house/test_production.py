"""What compose.yaml starts does start: the same commands, on this machine."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pipelines_app.engines.spark import connecting

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_migration_is_complete(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert shlex.split(SERVICES["migrate"]["command"])[1:] == ["manage.py", "migrate", "--noinput"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "postgres", "redis", "spark"])
def test_every_lasting_part_has_a_health_check_and_a_limit(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"]
    assert SERVICES[name]["deploy"]["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", ["SECRET_KEY", "VAULT_KEYS", "ALLOWED_HOSTS", "LOOPLINE_URL"])
def test_a_setting_without_a_safe_default_is_asked_for(name: str) -> None:
    assert SERVICES["web"]["environment"][name].startswith("${" + name + ":?")


ELSEWHERE = {
    "LOOPLINE_FAILPOINTS": "breaks the product, in tests",
    "LOOPLINE_SLACK_TEST_URL": "stands in for Slack, in tests",
    "LOOPLINE_STOP_SECONDS": "embedded mode only: compose has stop_grace_period",
    "LOOPLINE_TOKEN": "of whoever gives a command that asks another installation",
}
FIXED = {"LOOPLINE_HOME", "LOOPLINE_LAKE"}  # where the volume is


def test_every_setting_of_ours_is_passed_by_compose_and_shown_in_the_example() -> None:
    read = "".join(one.read_text() for one in sorted((ROOT / "controlplane" / "settings").glob("*.py")))
    known = set(re.findall(r"LOOPLINE_[A-Z0-9_]+", read))
    passed, example = SERVICES["web"]["environment"], (ROOT / "production.env.example").read_text()
    assert known - set(passed) == set(ELSEWHERE)
    assert {name for name in known - set(ELSEWHERE) if f"\n{name}=" not in example} == FIXED


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[A-Za-z0-9._-]+==\S+", (ROOT / "requirements" / name).read_text(), re.MULTILINE))


def test_the_image_has_what_runs_everywhere_and_what_reads_buckets() -> None:
    assert "--require-hashes --no-deps -r image.lock" in (ROOT / "Dockerfile").read_text()
    assert pins("runtime.lock") < pins("image.lock")
    more = {one.partition("==")[0] for one in pins("image.lock") - pins("runtime.lock")}
    assert {"s3fs", "aiobotocore", "fsspec"} <= more | {one.partition("==")[0] for one in pins("runtime.lock")}


def test_the_image_is_built_from_files_that_reach_its_build() -> None:
    """What .dockerignore does not name is not there."""
    let_through = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {name for line in copied for name in line.split()} == let_through
    assert [name for name in let_through if not (ROOT / name).exists()] == []


def test_the_client_of_spark_comes_into_the_image_only_when_it_is_asked_for() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert 'ARG WITH_SPARK=\nRUN [ -z "$WITH_SPARK" ] ||' in dockerfile
    assert SERVICES["web"]["build"]["args"] == {"WITH_SPARK": "${LOOPLINE_WITH_SPARK:-}"}
    there = dict(one.split("==") for one in pins("image.lock"))
    beside = dict(one.split("==") for one in pins("spark.lock"))
    assert {name for name in there.keys() & beside if there[name] != beside[name]} == set()
    assert "pyspark-client" in beside


def test_spark_is_of_the_version_that_is_tested_and_sees_the_lake_where_the_others_do() -> None:
    spark, worker = SERVICES["spark"], SERVICES["worker"]
    (tested,) = pins("spark-server.lock")
    assert spark["image"].rpartition(":")[2] == tested.partition("==")[2]
    assert spark["volumes"] == [one for one in worker["volumes"] if one.startswith("lake:")]
    assert f"--uid {spark['user']} " in (ROOT / "Dockerfile").read_text()  # what it writes, the others take away again
    assert "ports" not in spark
    assert spark["profiles"] == ["spark"]
    settings = dict(re.findall(r"--conf (\S+?)=(\S+)", spark["command"]))
    assert settings["spark.task.reaper.killTimeout"] == "10s"
    assert not settings.keys() & connecting.SETTINGS.keys()  # those each session has of its own


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_every_part_sees_the_same_folder_for_files_that_are_dropped(name: str) -> None:
    where = dict(one.rsplit(":", 1)[::-1] for one in SERVICES[name]["volumes"])
    assert where["/srv/drops"] == "${LOOPLINE_DROPS:-drops}"
    assert "-o loopline /srv/drops" in (ROOT / "Dockerfile").read_text()  # a volume begins as what it covers


@pytest.mark.postgres
def test_the_parts_of_compose_start_and_stop_cleanly() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.production", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ready at http://127.0.0.1:" in done.stdout
    assert "stopped: web cleanly, worker cleanly, beat cleanly" in done.stdout
