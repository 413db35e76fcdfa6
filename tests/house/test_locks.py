"""The locks hold what pyproject.toml asks for, every line with its hashes, for every platform we name."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"]
DEV = PROJECT["dependency-groups"]["dev"]
SPARK = PROJECT["project"]["optional-dependencies"]["spark"]
PINNED = re.compile(r"^(?P<name>[a-z0-9][a-z0-9.\-]*)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)", re.M)


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text()
    return {canonicalize_name(found["name"]): found["version"] for found in PINNED.finditer(text)}


@pytest.mark.parametrize(
    ("lock", "asked"), [("runtime.lock", RUNTIME), ("dev.lock", [*RUNTIME, *DEV]), ("spark.lock", SPARK)]
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, asked: list[str]) -> None:
    versions = pinned(lock)
    for requirement in map(Requirement, asked):
        version = versions.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not locked: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} is locked at {version}"


def test_what_runs_is_what_is_tested() -> None:
    dev = pinned("dev.lock")
    assert {name: dev[name] for name in pinned("runtime.lock")} == pinned("runtime.lock")
    assert not pinned("spark.lock").keys() & pinned("runtime.lock").keys()  # it is installed beside it


@pytest.mark.parametrize("lock", ["runtime.lock", "dev.lock", "spark.lock", "spark-server.lock"])
def test_every_locked_package_has_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.M)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
