"""Every version is measured once, off the road of its run; what cannot be measured says why."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring_app.models import ColumnProfile, Profile, ProfileState
from monitoring_app.profiling import keeping, measuring, pending
from monitoring_app.profiling.asking import LARGE_FROM
from monitoring_app.profiling.profile import Metric
from pipelines_app import events
from pipelines_app.errors import IllegalMove
from pipelines_app.facts import DataQuarantined
from pipelines_app.models import AuditEntry, Delivery, Event, StepRun
from tests import factories
from tests.profiling import shop

DAY = "2024-05-01"


def of(name: str, **about) -> ColumnProfile:
    return ColumnProfile.objects.get(profile=shop.the_profile(**about), name=name)


def test_a_published_version_is_measured_and_says_so(sales):
    shop.send(DAY)
    waits = shop.the_profile()
    assert (waits.state, waits.period, waits.rows) == ("pending", DAY, None)
    shop.measure()
    profile = shop.the_profile()
    assert (profile.state, profile.rows, profile.columns) == ("measured", 3, 4)
    assert profile.bytes > 0
    assert profile.duplicate_share == 0
    assert profile.event is None
    amount, city, sold_at = of("amount"), of("city"), of("sold_at")
    assert (amount.min, amount.max, amount.mean, amount.null_share) == (1, 3, 2, 0)
    assert (city.distinct, city.top[0]["rows"], len(city.top), city.is_whole) == (3, 1, 3, True)
    assert city.patterns == [{"text": "Aa", "rows": 3}]
    assert (sold_at.min_offset, sold_at.within_share) == (30 * 60, 1)
    said = Event.objects.get(kind="profile.measured", dataset="raw.sales")
    assert said.cause.kind == "dataset.published"
    assert (said.body["profile"], said.body["rows"], said.body["published"]) == (profile.pk, 3, True)


def test_what_a_dataset_without_periods_holds_is_measured_whole(sales):
    shop.send(DAY)
    shop.measure()
    whole = shop.the_profile("mart.sold")
    assert (whole.period, whole.rows, whole.is_merged) == ("", 3, False)


def test_what_was_put_aside_is_measured_and_is_for_those_who_may_edit_it(sales):
    shop.send(DAY, f"{shop.HEADER}\n,1,Bern,{DAY} 10:00:00\n".encode())
    shop.measure()
    profile = shop.the_profile()
    assert (profile.version.state, profile.state) == ("quarantined", "measured")
    assert of("id").null_share == 1
    team = profile.dataset.team
    editor, viewer = factories.make_user(team=team, role="editor"), factories.make_user(team=team)
    assert Profile.objects.visible_to(editor).filter(pk=profile.pk).exists()
    assert not Profile.objects.visible_to(viewer).filter(pk=profile.pk).exists()
    assert not Event.objects.get(kind="profile.measured").body["published"]


def test_a_file_that_could_not_be_read_at_all_is_no_version(sales):
    assert pending.hear.ignores(DataQuarantined(run=1, pipeline="shop", dataset="raw.sales", period=DAY, because="-"))


def test_the_same_event_twice_is_one_profile_and_one_statement(sales, django_assert_num_queries):
    shop.send(DAY)
    event = Event.objects.get(kind="dataset.published", dataset="raw.sales")
    with django_assert_num_queries(1):
        assert pending.hear(event, events.fact_of(event)).startswith("ignored")
    Profile.objects.all().delete()
    with django_assert_num_queries(1):
        assert pending.hear(event, events.fact_of(event)) == "written down, to be measured"
    assert Profile.objects.count() == 1
    assert Delivery.objects.filter(consumer="profiles", state="done").count() == 2


def test_the_same_rows_again_are_not_measured_again(sales, monkeypatch):
    shop.send(DAY)
    shop.measure()
    first = shop.the_profile()
    shop.send(DAY, shop.day_of(DAY, rows=4))
    shop.send(DAY, shop.day_of(DAY) + b"\n")  # another file with the first one's rows
    monkeypatch.setattr(measuring.slices.Slice, "statements", None)  # nothing is asked
    last = Profile.objects.filter(dataset=first.dataset, state="pending").latest("pk")
    measuring.measure(last.pk)
    last.refresh_from_db()
    assert (last.content, last.rows, last.seconds) == (first.content, 3, 0)
    assert keeping.of(last) == keeping.of(first)


def test_a_metric_has_a_column_of_its_own_and_comes_back_as_it_was_measured(sales):
    fields = {field.name for field in ColumnProfile._meta.fields}
    assert {metric.value for metric in keeping.OF_A_COLUMN} <= fields
    shop.send(DAY, rows=700)
    shop.measure()
    profile = keeping.of(shop.the_profile())
    amount = profile.column("amount")
    assert amount.metrics[Metric.MEDIAN] == 350.5
    assert len(amount.sketch) == 512
    assert amount.sketched_below == max(amount.sketch) + 1


@pytest.mark.parametrize("state", ["ready", "running"])
def test_whoever_has_a_step_to_do_goes_first_but_not_for_ever(sales, state):
    shop.send(DAY)
    profile = shop.the_profile()
    StepRun.objects.filter(dataset__name="mart.sold").update(state=state, lease_until=timezone.now())
    measuring.measure(profile.pk)
    profile.refresh_from_db()
    assert (profile.state, profile.attempts) == ("pending", 0)
    assert measuring.ring_again(timezone.now() + timedelta(seconds=1)) == 0
    Profile.objects.filter(pk=profile.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    measuring.measure(profile.pk)
    profile.refresh_from_db()
    assert profile.state == "measured"


def test_who_loses_the_lease_writes_nothing(sales):
    shop.send(DAY)
    profile = shop.the_profile()
    claim = measuring._claim(profile.pk)
    assert measuring._claim(profile.pk) is None  # somebody has it
    Profile.objects.filter(pk=profile.pk).update(not_before=timezone.now() - timedelta(seconds=1))
    measuring.measure(profile.pk)
    slice_ = measuring.slices.of(claim.profile)
    measuring._measured(claim, slice_, keeping.copied(shop.the_profile()))
    assert Event.objects.filter(kind="profile.measured").count() == 1


def test_what_is_begun_again_and_again_and_never_ends_is_given_up_and_can_be_tried_again(sales):
    shop.send(DAY)
    Profile.objects.filter(dataset__name="raw.sales").update(attempts=measuring.ATTEMPTS)
    shop.measure()
    failed = shop.the_profile()
    assert failed.state == ProfileState.FAILED
    assert "never came to an end" in failed.error
    assert Event.objects.filter(kind="profile.failed").exists()
    measuring.again(failed, actor="user:ana")
    assert AuditEntry.objects.filter(action="profile.again").exists()
    shop.measure()
    assert shop.the_profile().state == "measured"
    with pytest.raises(IllegalMove, match="could not be measured"):
        measuring.again(shop.the_profile(), actor="user:ana")


def test_what_is_not_kept_any_more_cannot_be_measured(sales):
    shop.send(DAY)
    shop.the_profile().version.parts.all().delete()
    shop.measure()
    assert (shop.the_profile().state, shop.the_profile().error) == ("failed", measuring.GONE)


def test_the_sweep_rings_for_what_waits_and_for_nothing_else(sales, django_assert_num_queries):
    shop.send(DAY)
    assert measuring.ring_again(timezone.now() + timedelta(seconds=1)) == 2
    shop.measure()
    with django_assert_num_queries(2):
        assert measuring.ring_again(timezone.now() + timedelta(seconds=1)) == 0


def test_who_measures_one_version_goes_on_with_others_that_wait(sales):
    shop.send(DAY)
    measuring.go_on(shop.the_profile().pk, seconds=60)
    assert set(Profile.objects.filter(is_merged=False).values_list("state", flat=True)) == {"measured"}


def test_a_profile_goes_with_its_version(sales):
    shop.send(DAY)
    shop.measure()
    version = shop.the_profile("mart.sold").version
    for gone in ("parts", "readers", "inputs"):
        getattr(version, gone).all().delete()
    assert ColumnProfile.objects.filter(profile__version=version).exists()
    Profile.objects.filter(version=version).delete()
    assert not ColumnProfile.objects.filter(profile__version=version).exists()


def test_a_large_version_is_measured_in_the_sandbox_like_any_other(sales, monkeypatch):
    monkeypatch.setattr(measuring.slices.asking, "one_in", lambda rows: LARGE_FROM)
    shop.send(DAY, rows=700)
    shop.measure()
    amount = of("amount")
    assert (shop.the_profile().rows, amount.max, amount.mean) == (700, 700, 350.5)
    assert 0 < amount.counted < 150  # of one row in sixteen
    assert 0 < amount.median < 700
