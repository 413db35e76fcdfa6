"""Profiles through the API: one of them, their list, a series, two side by side."""

import pytest

from monitoring_app.models import Profile
from pipelines_app.models import Dataset, DatasetVersion, Role
from tests import factories, road
from tests.api.callers import Caller, refused
from tests.profiling import shop

DAYS = ("2024-05-01", "2024-05-02")
ADDRESS = "/datasets/raw.sales"


@pytest.fixture
def ana(sales):
    return Caller(factories.make_user("ana", team=road.team("shop"), role=Role.EDITOR))


@pytest.fixture
def vic(sales):
    return Caller(factories.make_user("vic", team=road.team("shop")))


@pytest.fixture
def measured(sales):
    for day, rows in zip(DAYS, (3, 6), strict=True):
        shop.send(day, rows=rows)
    shop.measure()


def version(number: int) -> int:
    return DatasetVersion.objects.get(dataset__name="raw.sales", number=number).pk


@pytest.mark.parametrize(
    ("query", "period", "rows"),
    [({}, DAYS[1], 6), ({"period": DAYS[0]}, DAYS[0], 3), ({"period": "all"}, "", 9)],
)
def test_a_profile_is_read_with_its_columns(measured, vic, query, period, rows):
    told = vic.get(f"{ADDRESS}/profile", **query).json()
    assert (told["profile"]["period"], told["profile"]["rows"], told["profile"]["state"]) == (period, rows, "measured")
    assert told["profile"]["approximate"] is (period == "")
    names = [column["name"] for column in told["columns"]]
    assert names == ["id", "amount", "city", "sold_at"]
    amount = told["columns"][1]
    assert (amount["metrics"]["min"], amount["metrics"]["null_share"]) == (1.0, 0.0)
    assert "blank_share" not in amount["metrics"]
    assert told["columns"][2]["top"][0]["rows"] == rows // 3


def test_a_profile_is_found_by_its_version(measured, vic):
    assert vic.get(f"{ADDRESS}/profile", version=version(1)).json()["profile"]["number"] == 1
    assert refused(vic.get(f"{ADDRESS}/profile", version="1e9"), 404, "not_found")
    assert refused(vic.get(f"{ADDRESS}/profile", period="2024-06-01"), 404, "not_found")
    assert refused(vic.get(f"{ADDRESS}/profile", perid="2024-05-01"), 422, "invalid")


def test_the_list_says_what_waits_and_what_failed(measured, vic):
    shop.send("2024-05-03")
    told = vic.get(f"{ADDRESS}/profiles", state="pending").json()["results"]
    assert [(one["period"], one["rows"]) for one in told] == [("2024-05-03", None)]
    assert len(vic.get(f"{ADDRESS}/profiles").json()["results"]) == 4  # with the whole
    assert refused(vic.get(f"{ADDRESS}/profiles", stat="pending"), 400, "unknown_parameter")


def test_the_series_of_one_number_is_one_point_for_each_period(measured, vic):
    shop.send(DAYS[0], rows=9)  # the first day again
    shop.measure()
    told = vic.get(f"{ADDRESS}/profiles/series", column="amount", metric="max").json()
    assert [(point["period"], point["value"]) for point in told["points"]] == [(DAYS[0], 9.0), (DAYS[1], 6.0)]
    assert (told["words"], told["scale"]) == ("greatest value", "level")
    rows = vic.get(f"{ADDRESS}/profiles/series", metric="rows", most=1).json()
    assert [point["value"] for point in rows["points"]] == [6.0]
    for wrong in ({"metric": "rows", "column": "amount"}, {"metric": "max"}):
        assert refused(vic.get(f"{ADDRESS}/profiles/series", **wrong), 404, "not_found")
    assert refused(vic.get(f"{ADDRESS}/profiles/series", metric="password"), 422, "invalid")


def test_the_series_takes_the_same_number_of_queries_for_any_number_of_points(
    measured, vic, django_assert_max_num_queries
):
    with django_assert_max_num_queries(9):
        vic.get(f"{ADDRESS}/profiles/series", column="amount", metric="max")


def test_two_profiles_are_compared_and_without_a_first_with_what_came_before(measured, vic):
    told = vic.get(f"{ADDRESS}/profiles/compare").json()
    assert (told["before"]["period"], told["after"]["period"], told["is_same"]) == (*DAYS, False)
    amount = next(column for column in told["columns"] if column["name"] == "amount")
    changed = {change["metric"]: (change["before"], change["after"]) for change in amount["changes"]}
    assert changed["max"] == (3.0, 6.0)
    other = vic.get(f"{ADDRESS}/profiles/compare", **{"from": version(2), "to": version(1)}).json()
    assert (other["before"]["number"], other["after"]["number"]) == (2, 1)
    assert refused(vic.get(f"{ADDRESS}/profiles/compare", to=version(1)), 404, "not_found")  # nothing came before


def test_what_could_not_be_measured_is_tried_again_by_who_may_edit(measured, ana, vic):
    profile = Profile.objects.filter(period=DAYS[0]).get(is_merged=False)
    address = f"{ADDRESS}/profiles/{profile.pk}/again"
    assert refused(ana.post(address), 409, "illegal_move")
    Profile.objects.filter(pk=profile.pk).update(state="failed")
    assert refused(vic.post(address), 403, "not_allowed")
    told = ana.post(address)
    assert (told.status_code, told.json()["state"]) == (202, "pending")


def test_values_are_data_and_follow_what_a_dataset_is_visible_to(measured, vic):
    Dataset.objects.filter(name="raw.sales").update(restricted=True)
    stranger = Caller(factories.make_user("eve", team=factories.make_team()))
    for part in ("profile", "profiles", "profiles/series?metric=rows", "profiles/compare"):
        assert stranger.get(f"{ADDRESS}/{part}").status_code == 404
        assert vic.get(f"{ADDRESS}/{part}").status_code == 200
