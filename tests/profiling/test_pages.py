"""The profile as people see it: a part of the dataset's page, a page of its own, two side by side, a file."""

import pytest
from django.test import Client

from monitoring_app.models import Profile
from pipelines_app.models import Dataset, DatasetVersion, Role
from tests import factories, road
from tests.profiling import shop

DAYS = ("2024-05-01", "2024-05-02")
PAGE = "/datasets/raw.sales/profile"
FRAGMENT = {"HX-Request": "true"}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def vic(sales):
    return signed_in(factories.make_user("vic", team=road.team("shop")))


@pytest.fixture
def ana(sales):
    return signed_in(factories.make_user("ana", team=road.team("shop"), role=Role.EDITOR))


@pytest.fixture
def measured(sales):
    for day, rows in zip(DAYS, (3, 6), strict=True):
        shop.send(day, rows=rows)
    shop.measure()


def shown(client, address, status=200, **more) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_tab_asks_for_the_profile_and_leads_to_it_without_a_script(measured, vic):
    tab = shown(vic, "/datasets/raw.sales?tab=profile&version=7")
    assert f'hx-get="{PAGE}?version=7"' in tab
    assert f'href="{PAGE}?version=7"' in tab


def test_every_column_has_a_line_with_its_course_and_its_values(measured, vic):
    page = shown(vic, PAGE)
    assert "Mean of amount: 2 at first, 3.5 last" in page
    assert "Different values of city: 3 at first, 3 last" in page
    assert "2 measured, 3 to 6 rows, the last 6" in page
    assert "Bern" in page
    assert "<code>id</code>" in page  # it could be a key
    assert "<svg" in page
    assert "style=" not in page
    fragment = shown(vic, PAGE, headers=FRAGMENT)
    assert "<html" not in fragment
    assert 'name="tab" value="profile"' in fragment


def test_a_period_the_whole_and_a_number_to_draw_can_be_chosen(measured, vic):
    first = DatasetVersion.objects.get(dataset__name="raw.sales", number=1).pk
    assert '<h2 id="of-whole">1 May 2024</h2>' in shown(vic, f"{PAGE}?version={first}")
    whole = shown(vic, f"{PAGE}?version=all")
    assert '<h2 id="of-whole">All periods together</h2>' in whole
    assert "most frequent values and patterns are approximate" in whole
    assert "Share of NULLs of amount: 0 at first, 0 last" in shown(vic, f"{PAGE}?metric=null_share")
    assert "Nothing is measured of raw.sales in version 9. The newest is shown" in shown(vic, f"{PAGE}?version=9")
    assert "Mean of amount" in shown(vic, f"{PAGE}?metric=password")


def test_what_waits_and_what_failed_is_said_and_who_may_edit_tries_again(measured, ana, vic):
    shop.send("2024-05-03")
    assert "2 versions still to be measured" not in shown(vic, PAGE)
    assert "1 version still to be measured" in shown(vic, PAGE)
    failed = Profile.objects.get(period="2024-05-03")
    Profile.objects.filter(pk=failed.pk).update(state="failed", error="It was too large.")
    assert "It was too large." in shown(vic, PAGE)
    assert "Measure it again" not in shown(vic, PAGE)
    assert "Measure it again" in shown(ana, PAGE)
    assert vic.post(f"/profiles/{failed.pk}/again").status_code == 404
    assert ana.post(f"/profiles/{failed.pk}/again").status_code == 302
    failed.refresh_from_db()
    assert failed.state == "pending"


def test_before_anything_is_measured_the_page_says_so(sales, vic):
    assert "Nothing measured yet" in shown(vic, PAGE)
    assert "Nothing to compare yet" in shown(vic, f"{PAGE}/compare")
    shop.send(DAYS[0])
    assert "Being measured" in shown(vic, PAGE)
    shop.measure()
    assert "Nothing came before it" in shown(vic, f"{PAGE}/compare")


def test_two_versions_side_by_side(measured, vic):
    page = shown(vic, f"{PAGE}/compare")
    assert "raw.sales, side by side" in page
    assert "Greatest value" in page
    first, second = (DatasetVersion.objects.get(dataset__name="raw.sales", number=one).pk for one in (1, 2))
    other = shown(vic, f"{PAGE}/compare?from={second}&to={first}")
    assert f'<option value="{second}" selected>' in other
    versions = shown(vic, "/datasets/raw.sales?tab=versions")
    assert f'href="{PAGE}/compare?to={second}"' in versions
    shop.send(DAYS[1], shop.day_of(DAYS[1], rows=6) + b"\n")
    shop.measure()
    assert "The rows are the same ones" in shown(vic, f"{PAGE}/compare")


def test_every_number_is_a_line_of_a_file(measured, vic):
    answer = vic.get(f"{PAGE}?format=csv&period={DAYS[1]}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="raw.sales.profile.2024-05-02.csv"'
    lines = answer.content.decode().split("\r\n")
    assert lines[0] == "column,metric,value"
    assert ",rows,6.0" in lines
    assert "amount,max,6.0" in lines


def test_a_restricted_dataset_shows_its_values_to_nobody_else(measured, vic):
    Dataset.objects.filter(name="raw.sales").update(restricted=True)
    stranger = signed_in(factories.make_user("eve", team=factories.make_team()))
    for address in (PAGE, f"{PAGE}?format=csv", f"{PAGE}/compare"):
        shown(stranger, address, 404)
        shown(vic, address)


def test_what_was_kept_back_is_shown_to_who_may_edit(sales, ana, vic):
    shop.send(DAYS[0], f"{shop.HEADER}\n,1,Secret,{DAYS[0]} 10:00:00\n".encode())
    shop.measure()
    held = DatasetVersion.objects.get(state="quarantined").pk
    assert "Secret" in shown(ana, f"{PAGE}?version={held}")
    assert "Secret" not in shown(vic, f"{PAGE}?version={held}")


HOSTILE = "\"'><script>alert(1)</script>\u202egnp" + "w" * 300


def test_hostile_values_are_only_text(sales, ana):
    body = f'{shop.HEADER}\n1,1,"{HOSTILE.replace(chr(34), chr(34) * 2)}",{DAYS[0]} 10:00:00\n'.encode()
    shop.send(DAYS[0], body)
    shop.send(DAYS[1], body.replace(b"alert(1)", b"alert(2)"))
    shop.measure()
    for address in (PAGE, f"{PAGE}/compare"):
        page = shown(ana, address)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize("part", ["", "/compare", "?version=all"])
def test_a_page_takes_the_same_number_of_queries_for_any_number_of_periods(
    measured, vic, part, django_assert_num_queries
):
    cost = {"": 12, "/compare": 13, "?version=all": 14}[part]
    with django_assert_num_queries(cost):
        shown(vic, PAGE + part)
    for day in ("2024-05-03", "2024-05-04"):
        shop.send(day, rows=9)
    shop.measure()
    with django_assert_num_queries(cost):
        shown(vic, PAGE + part)


def test_many_columns_are_measured_in_groups_and_shown_page_by_page(db):
    columns = ", ".join(f"c{number:03}: INTEGER" for number in range(90))
    road.register_yaml(
        f"{{pipeline: wide, team: shop, sources: {{raw.wide: {{format: csv, columns: {{{columns}}}}}}}}}"
    )
    header = ",".join(f"c{number:03}" for number in range(90))
    road.send("raw.wide", f"{header}\n{','.join(['7'] * 90)}\n".encode(), name="wide.csv")
    road.drain()
    shop.measure()
    assert (shop.the_profile("raw.wide").columns, shop.the_profile("raw.wide").error) == (90, "")
    client = signed_in(factories.make_user(team=road.team("shop")))
    assert "after=60" in shown(client, "/datasets/raw.wide/profile")
    page = shown(client, "/datasets/raw.wide/profile?after=60")
    assert "c089" in page
    assert "c059" not in page
