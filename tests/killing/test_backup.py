"""A backup taken while files come in is an installation of its own, in which every promise holds."""

import os
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from controlplane.sample.client import until
from scripts.production import Production
from tests.killing.installations import PUBLISHED, QUICK, ROOT, Live, meals_from
from tests.killing.supplier import Supplier

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
FILES = meals_from("2017-10-01", 25)
KNOWN = "SELECT id FROM pipelines_app_arrival"


def ran(script: str, folder: Path, site: Production) -> None:
    ours = {
        "PATH": f"{site.postgres.programs()}:{os.environ['PATH']}",
        "DATABASE_URL": site.postgres.url,
        "LOOPLINE_LAKE": site.environment("worker")["LOOPLINE_LAKE"],
    }
    done = subprocess.run(
        [str(ROOT / "scripts" / script), str(folder)], env=ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.promise(31, faults="a backup under load; everything else is gone")
def test_what_is_restored_from_a_backup_under_load_goes_on_where_it_was(
    site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    before = site.count(PUBLISHED)
    supplier.begin(FILES, lambda number: True)
    until(lambda: site.count(PUBLISHED) > before + 2, "a part of the days", patience=60)
    ran("backup.sh", tmp_path / "backup", site.production)
    supplier.finish(90)
    site.settle(90)
    site.judge(supplier, tmp_path)
    with tempfile.TemporaryDirectory(prefix="loopline-restored-") as room:
        restored(Path(room), tmp_path, site, supplier)


def restored(room: Path, folder: Path, site: Live, supplier: Supplier) -> None:
    again = Production(room, durable=False, extra=dict(QUICK))
    again.secrets = site.production.secrets
    other = Live(again, keys=site.keys)
    again.postgres.start()
    try:
        ran("restore.sh", folder / "backup", again)
        with psycopg.connect(again.postgres.url) as connection:
            known = {pk for (pk,) in connection.execute(KNOWN)}
        again.postgres.stop()
        again.start()
        told = replace(supplier, url=other.url, answers=[one for one in supplier.answers if one.arrival in known])
        other.settle(120)
        other.judge(told, folder)
        for dataset, name, body in FILES:
            told.send(dataset, name, body)  # who was answered by what is gone sends again, under the same key
        other.settle(120)
        other.judge(told, folder)
        assert other.count(PUBLISHED) == site.count(PUBLISHED)
    finally:
        codes = again.stop()
    assert not any(codes.values()), codes
