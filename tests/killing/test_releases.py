"""Workers of the release before go on for a while during an upgrade: on this one's tables, beside its web."""

import os
import subprocess
from pathlib import Path

import psutil
import pytest

from controlplane.sample.client import until
from scripts.production import BIN
from tests.killing.installations import PUBLISHED, ROOT, Live, meals_from, mill
from tests.killing.supplier import Supplier
from tests.servers.process import Guarded

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
DAYS = 8


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    """The code of the release before; where none is tagged, that from before the newest change of the tables."""
    given = os.environ.get("LOOPLINE_PREVIOUS") or git("describe", "--tags", "--abbrev=0", "HEAD^")
    newest = git("log", "-1", "--format=%H", "--", "pipelines_app/migrations", "monitoring_app/migrations")
    commit = git("rev-parse", "--verify", "--quiet", f"{given or newest + '^'}^{{commit}}")
    if not commit:
        pytest.skip("the release before is not in this repository: its history is not here")
    folder = tmp_path / "previous"
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    print(f"the release before is {commit}")  # noqa: T201
    return folder


def old_part(site: Live, name: str, folder: Path) -> Guarded:
    """A worker as the release before starts it."""
    command = [str(BIN / "celery"), "--workdir", str(folder), *site.production.command(name)[1:]]
    variables = site.production.environment(name) | {"PYTHONPATH": str(folder)}
    part = Guarded(command, log=site.production.folder / f"old-{name}.log", environment=variables, grace=60)
    part.start()
    return part


@pytest.mark.promise(27, faults="workers and sweep of the release before, on the tables of this one")
def test_workers_of_the_release_before_do_the_work_of_this_one(
    previous: Path, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    before = site.count(PUBLISHED)
    for name in ("worker", "beat"):
        assert site.production.parts[name].stop() == 0
    old = [old_part(site, name, previous) for name in ("worker", "beat")]
    try:
        supplier.begin(meals_from("2017-12-01", DAYS), lambda number: True)
        mill(supplier, "2016-07-01", 100)
        supplier.finish(90)
        until(lambda: site.count(PUBLISHED) - before >= 2 * DAYS + 2, "all versions", patience=120)
        site.settle(60)
        assert {Path(psutil.Process(one.pid).cwd()) for one in old} == {previous}
        until(site.answers, "the web to find its workers", patience=30)
    finally:
        codes = [one.stop() for one in old]
        for name in ("worker", "beat"):
            site.start(name)
    assert codes == [0, 0]
    site.judge(supplier, tmp_path)
