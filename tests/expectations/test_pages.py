"""Expectations as people see them: the tab, one with its back-test, and what they decide without a script."""

import pytest
from django.test import Client

from monitoring_app.expectations import deciding
from monitoring_app.models import Alert, Breach, Expectation, Outlook
from pipelines_app.models import Role
from tests import factories
from tests.expectations import days
from tests.monitoring import past

PAGE = f"/datasets/{days.NAME}/expectations"
TAB = f"/datasets/{days.NAME}?tab=expectations"
FRAGMENT = {"HX-Request": "true"}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ana(known):
    return signed_in(factories.make_user("ana", team=known.team, role=Role.EDITOR))


@pytest.fixture
def vic(known):
    return signed_in(factories.make_user("vic", team=known.team))


def shown(client, address, status=200, **more) -> str:
    answer = client.get(address, **more)
    assert answer.status_code == status
    return answer.content.decode()


def posted(client, address, **body) -> str:
    answer = client.post(address, body, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def page_of(dataset, kind) -> str:
    return f"/expectations/{days.the(dataset, kind).pk}/"


def test_the_tab_asks_for_the_list_and_leads_to_it_without_a_script(vic):
    tab = shown(vic, TAB)
    assert f'hx-get="{PAGE}"' in tab
    assert f'href="{PAGE}"' in tab


def test_the_list_says_each_promise_with_its_reason_and_what_says_most_first(known, vic, ana):
    page = shown(vic, PAGE)
    assert page.index("the columns are exactly") < page.index("id is different in every row")
    assert "in 8 of 8 days" in page
    assert "never, in 5 days" in page
    assert "Accept</button>" not in page
    assert "style=" not in page
    assert "Accept</button>" in shown(ana, PAGE)
    fragment = shown(vic, PAGE, headers=FRAGMENT)
    assert "<html" not in fragment


def test_the_list_costs_the_same_whatever_is_expected(known, vic, django_assert_max_num_queries):
    for one in Expectation.objects.all():
        deciding.accept(one, actor="user:ana")
    days.publish(known, past.shop(8, rows=900, nulls=500))
    shown(vic, PAGE)
    with django_assert_max_num_queries(14):
        page = shown(vic, PAGE)
    assert "9 January 2024 is not as expected" in page
    with django_assert_max_num_queries(14):
        shown(vic, page_of(known, "row_count_between"))


def test_nothing_learned_yet_and_nothing_to_be_seen_are_told_apart(sales):
    vic = signed_in(factories.make_user("vic", team=sales.team))
    assert "Nothing learned yet" in shown(vic, PAGE)
    shown(vic, "/datasets/raw.nothing/expectations", 404)


def test_accepting_editing_and_retiring_are_plain_forms(known, ana, vic):
    rows = page_of(known, "row_count_between")
    assert "Accepted: the number of rows is between" in posted(ana, f"{rows}accept")
    assert "From now on: the number of rows is between 50 and 400" in posted(ana, f"{rows}edit", min="50", max="400")
    assert "A bound must be a number" in posted(ana, f"{rows}edit", min="few")
    assert "is above the greatest" in posted(ana, f"{rows}edit", min="500")
    found = days.the(known, "row_count_between")
    assert (found.parameters, found.is_edited) == ({"min": 50.0, "max": 400.0}, True)
    page = posted(ana, f"{rows}retire", because="no use")
    assert "It is not proposed again" in page
    assert "no use" in page
    assert vic.post(f"{rows}accept").status_code == 404


def test_another_bound_is_tried_by_dragging_it(known, ana, vic):
    rows = page_of(known, "row_count_between")
    page = shown(ana, rows)
    assert "It would never have alarmed in 8 days." in page
    assert 'type="range"' in page
    assert '<svg class="backtest"' in page
    tried = shown(ana, f"{rows}?min=103&max=500", headers=FRAGMENT)
    assert tried.startswith('<div id="trial"')
    assert "It would have alarmed 2 of 8 times." in tried
    assert "Promise this from now on" in tried
    assert "Promise this from now on" not in shown(vic, f"{rows}?min=103")
    assert "never have alarmed in 8 days" in shown(vic, f"{rows}?min=nan&max=inf")
    assert days.the(known, "row_count_between").number == 1


def test_this_was_fine_is_said_on_the_list_and_its_effect_is_told(known, ana):
    deciding.accept(days.the(known, "row_count_between"), actor="user:ana")
    odd = days.publish(known, past.shop(8, rows=900))
    assert "This was fine" in shown(ana, PAGE)
    address = f"{page_of(known, 'row_count_between')}label/{odd.pk}"
    page = posted(ana, address, verdict="fine", **{"from": "list"})
    assert "It would have alarmed 0 of 9 times, before 1." in page
    assert Breach.objects.get().verdict == "fine"
    assert "This was fine" not in shown(ana, PAGE)
    assert ana.post(f"{page_of(known, 'row_count_between')}label/999999").status_code == 404


def test_all_that_one_batch_broke_is_said_to_be_fine_at_once(known, ana):
    for kind in ("row_count_between", "null_rate_between"):
        deciding.accept(days.the(known, kind), actor="user:ana")
    odd = days.publish(known, past.shop(8, rows=900, nulls=500))
    assert "2 expectations of raw.sales were widened" in posted(ana, f"/profiles/{odd.pk}/label", verdict="fine")
    days.road.drain()
    assert Alert.objects.get().state == "resolved"


def test_the_policy_is_chosen_and_a_look_acts_by_it(known, ana, vic):
    assert "Manage by itself" in posted(ana, f"{PAGE}/policy", policy="manage")
    assert Outlook.objects.get().policy == "manage"
    assert "accepted" in posted(ana, f"{PAGE}/look")
    assert "manages itself" in shown(vic, PAGE)
    assert posted(ana, f"{PAGE}/policy", policy="nonsense")
    assert Outlook.objects.get().policy == "manage"
    yaml = vic.get(f"{PAGE}/checks.yaml")
    assert yaml.headers["Content-Disposition"].endswith('filename="raw.sales.checks.yaml"')
    assert b"row_count_between" in yaml.content


def test_names_and_values_that_mean_harm_are_only_shown(db):
    dataset = days.make("raw.hostile")
    name, value = "<script>alert(1)</script>\"'\n", "</svg><img src=x onerror=alert(2)>‮"
    for day in range(4):
        columns = {name: [value] * 9 + ["b"] * 9, "x" * 250: [1] * 18}
        days.publish(dataset, past.batch(day, **columns), tell=False)
    days.look(dataset)
    eve = signed_in(factories.make_user("eve", team=dataset.team, role=Role.EDITOR))
    pages = [shown(eve, "/datasets/raw.hostile/expectations")]
    pages += [shown(eve, f"/expectations/{one.pk}/") for one in Expectation.objects.all()]
    assert len(pages) > 4
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
