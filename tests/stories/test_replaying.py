"""The same files through the same revision give the same content, however often and after whatever else."""

import pytest

from pipelines_app.models import DatasetVersion
from tests import road

pytestmark = pytest.mark.django_db
DAY = "2013-01-05"


def fingerprints(dataset: str) -> list[str]:
    """What the dataset's versions held, oldest first."""
    versions = DatasetVersion.objects.filter(dataset__name=dataset, state="published").order_by("number")
    return list(versions.values_list("fingerprint", flat=True))


@pytest.mark.promise(28, faults="the same file again after another one")
def test_the_same_file_after_another_gives_what_it_gave_before() -> None:
    road.register_sample("flights-daily")
    first = road.SCRIPT.flights(DAY)
    other = first.rsplit(b"\n", 6)[0] + b"\n"
    for body in (first, other, first):
        road.send_flights(DAY, body)
        road.drain()
    for dataset in ("raw.flights", "staging.flights", "mart.daily_operations"):
        one, two, three = fingerprints(dataset)
        assert one == three
        assert one != two
