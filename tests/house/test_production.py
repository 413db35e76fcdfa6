"""What compose.yaml starts does start: the same commands, on this machine."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_nothing_starts_before_the_migration_is_complete(name: str) -> None:
    assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert shlex.split(SERVICES["migrate"]["command"])[1:] == ["manage.py", "migrate", "--noinput"]


@pytest.mark.parametrize("name", ["web", "worker", "beat", "postgres", "redis"])
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
