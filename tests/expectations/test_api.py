"""Expectations through the API: read, decided on, labelled, tried, taken away as checks."""

import pytest
import yaml

from monitoring_app.models import Expectation
from pipelines_app.models import Role
from tests import factories
from tests.api.callers import Caller, refused
from tests.expectations import days
from tests.monitoring import past

ADDRESS = f"/datasets/{days.NAME}/expectations"


@pytest.fixture
def ana(known):
    return Caller(factories.make_user("ana", team=known.team, role=Role.EDITOR))


@pytest.fixture
def vic(known):
    return Caller(factories.make_user("vic", team=known.team))


def address(dataset, kind, command=""):
    return f"{ADDRESS}/{days.the(dataset, kind).pk}{'/' if command else ''}{command}"


def test_the_list_is_narrowed_by_state_and_kind_in_a_fixed_number_of_queries(known, vic, django_assert_max_num_queries):
    vic.get(ADDRESS)
    with django_assert_max_num_queries(6):
        found = vic.get(ADDRESS, state="proposed", limit=5).json()
    assert len(found["results"]) == 5
    assert found["next"]
    (one,) = vic.get(ADDRESS, kind="unique").json()["results"]
    assert one["sentence"] == "id is different in every row"
    assert (one["kept"], one["seen"], one["columns"]) == (8, 8, ["id"])
    refused(vic.get(ADDRESS, state="loved"), 422, "invalid")


def test_who_may_edit_accepts_edits_and_retires(known, ana, vic):
    rows = address(known, "row_count_between")
    refused(vic.post(f"{rows}/accept"), 403, "not_allowed")
    assert ana.post(f"{rows}/accept").json()["state"] == "accepted"
    refused(ana.post(f"{rows}/accept"), 409, "illegal_move")
    edited = ana.post(f"{rows}/edit", {"max": 500, "severity": "block", "because": "we know"}).json()
    assert (edited["parameters"]["max"], edited["severity"], edited["is_edited"]) == (500, "block", True)
    refused(ana.post(f"{rows}/edit", {"maximum": 1}), 422, "invalid")
    assert ana.post(f"{rows}/retire", {"because": "no use"}).json()["because"] == "no use"
    changes = vic.get(rows).json()["changes"]
    assert [one["action"] for one in changes] == ["retired", "edited", "accepted", "proposed"]
    assert changes[1]["because"] == "we know"
    assert changes[1]["actor"].endswith(":ana") or changes[1]["actor"].startswith("token:ana")


def test_a_word_about_a_batch_says_what_it_changed(known, ana):
    rows = address(known, "row_count_between")
    ana.post(f"{rows}/accept")
    odd = days.publish(known, past.shop(8, rows=900))
    (breach,) = ana.get(rows).json()["breaches"]
    assert (breach["value"], breach["profile"], breach["period"]) == ("900", odd.pk, "2024-01-09")
    told = ana.post(f"{rows}/label", {"profile": odd.pk, "verdict": "fine"}).json()
    assert told["effect"].endswith("It would have alarmed 0 of 9 times, before 1.")
    refused(ana.post(f"{rows}/label", {"profile": odd.pk, "verdict": "odd"}), 422, "invalid")
    refused(ana.post(f"{rows}/label", {"profile": 10**9, "verdict": "fine"}), 404, "not_found")


def test_other_bounds_are_tried_without_setting_them(known, vic):
    rows = address(known, "row_count_between", "trial")
    own = vic.get(rows).json()
    assert (own["alarms"], own["judged"], len(own["tried"])) == (0, 8, 8)
    tight = vic.get(rows, min=103).json()
    assert tight["alarms"] == 2
    assert tight["tried"][0] == {
        "profile": tight["tried"][0]["profile"],
        "name": "2024-01-01",
        "low": 100.0,
        "high": 100.0,
        "said": "100",
        "min": 103.0,
        "max": tight["tried"][0]["max"],
        "is_kept": False,
    }


def test_the_policy_is_read_and_said_and_a_look_acts_by_it(known, ana, vic):
    assert vic.get(f"{ADDRESS}/policy").json()["policy"] == "propose"
    refused(vic.put(f"{ADDRESS}/policy", {"policy": "manage"}), 403, "not_allowed")
    assert ana.put(f"{ADDRESS}/policy", {"policy": "manage"}).json()["policy"] == "manage"
    looked = ana.post(f"{ADDRESS}/look").json()
    assert looked["accepted"] == Expectation.objects.filter(state="managed").count() > 5
    told = vic.get(f"{ADDRESS}/checks").json()
    assert yaml.safe_load(told["yaml"])["checks"] == told["checks"]


def test_nobody_else_learns_of_a_restricted_dataset(db):
    hidden = days.make("raw.hush", restricted=True)
    days.history(hidden, 3)
    days.look(hidden)
    other = Caller(factories.make_user("otto", team=factories.make_team(), role=Role.ADMIN))
    pk = days.the(hidden, "unique").pk
    for path in ("", "/policy", "/checks", f"/{pk}", f"/{pk}/trial"):
        refused(other.get(f"/datasets/raw.hush/expectations{path}"), 404, "not_found")
    refused(other.post(f"/datasets/raw.hush/expectations/{pk}/accept"), 404, "not_found")
