"""Five hundred files from four senders at once, while every part dies in turn: what was accepted is there, once."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from controlplane.sample.client import until
from tests.killing.installations import SEEDS, Live, chance, grist
from tests.killing.supplier import Supplier
from tests.killing.test_production import emptied, flushed, killed

pytestmark = [pytest.mark.postgres, pytest.mark.chaos]
FILES, SENDERS = 500, 4
FIRST = date(1990, 1, 1)
OURS = "FROM pipelines_app_arrival WHERE period BETWEEN '1990-01-01' AND '1994-12-31'"  # other tests send here, too
ACCEPTED, TWICE = f"SELECT count(*) {OURS}", f"SELECT count(*) - count(DISTINCT period) {OURS}"


def reborn(site: Live) -> None:
    site.production.postgres.kill()
    site.production.postgres.start()


@pytest.mark.promise(1, 4, 29, faults="kill -9 of web, workers, beat, Redis and PostgreSQL under 500 posts")
@pytest.mark.parametrize("seed", SEEDS or [20261122])
def test_of_five_hundred_accepted_files_none_is_lost_or_doubled(
    seed: int, site: Live, supplier: Supplier, tmp_path: Path
) -> None:
    dice = chance(seed)
    days = [(FIRST + timedelta(days=number)).isoformat() for number in range(FILES)]
    senders = [site.supplier() for _ in range(SENDERS)]
    for number, sender in enumerate(senders):
        mine = [("raw.mill_grist", f"grist_{day}.csv", grist(2)) for day in days[number::SENDERS]]
        sender.begin(mine, lambda _: True)
    faults = [lambda part=part: killed(site, part) for part in ("web", "worker", "beat")]
    faults += [lambda: flushed(site), lambda: emptied(site), lambda: reborn(site)]
    dice.shuffle(faults)
    moments = sorted(dice.sample(range(10, FILES - 10), len(faults)))
    for moment, fault in zip(moments, faults, strict=True):
        until(lambda moment=moment: site.count(ACCEPTED) >= moment, f"file {moment}", patience=120)
        fault()
    for sender in senders:
        sender.finish(180)
        supplier.answers += sender.answers
    site.settle(900)
    assert (site.count(ACCEPTED), site.count(TWICE)) == (FILES, 0)
    site.judge(supplier, tmp_path)
