"""Places where tests break the product: armed once each, taken by one process, and nothing at all without a folder."""

import re
from pathlib import Path

import pytest

from pipelines_app import failpoints

PRODUCT = ["pipelines_app", "monitoring_app"]


def test_an_armed_place_breaks_once_and_the_others_do_not(tmp_path: Path, settings) -> None:
    settings.FAILPOINTS = str(tmp_path)
    (tmp_path / "after_claim.1").write_text("fail\n")
    failpoints.reach("before_commit")
    with pytest.raises(failpoints.Broken):
        failpoints.reach("after_claim")
    failpoints.reach("after_claim")


def test_nothing_breaks_where_nobody_names_a_folder(settings) -> None:
    assert settings.FAILPOINTS == ""
    for place in failpoints.PLACES:
        failpoints.reach(place)


def test_every_place_is_reached_somewhere_and_every_reached_place_is_known() -> None:
    root = Path(__file__).resolve().parents[2]
    sources = [path.read_text() for package in PRODUCT for path in (root / package).rglob("*.py")]
    reached = {place for source in sources for place in re.findall(r'failpoints\.reach\("(\w+)"\)', source)}
    assert reached == set(failpoints.PLACES)
