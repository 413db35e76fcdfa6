"""The list of checks."""

from tests import road
from tests.web.know.conftest import DAY, ORDERS


def shown(client, **query):
    answer = client.get("/checks", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_check_is_a_sentence_with_its_last_result_and_what_it_does(published, vic):
    page = shown(vic)
    assert "id is never empty" in page
    assert page.count('class="word">Holds') == 3
    assert "keeps the version back" in page
    assert "warns" in page
    assert "Last 1 run: 1 holds" in page


def test_results_stay_with_a_check_when_its_pipeline_is_revised(published, vic):
    road.register_yaml(ORDERS.replace("amount > 0", "amount > 1"))
    page = shown(vic)
    assert page.count('class="word">Holds') == 3
    assert "Not judged yet" not in page.split("</select>")[-1]


def test_what_fails_now_can_be_asked_for(published, vic):
    assert "No check fits these filters" in shown(vic, result="failing")
    road.send("raw.orders", b"id,shop,amount\n1,north,2000\n", name="orders_2013-01-06.csv")
    road.drain()
    page = shown(vic, result="failing")
    assert page.count('class="word">Fails') == 1
    assert "mart.shops" in page
    assert "raw.orders" not in page
    assert "No check fits these filters" in shown(vic, result="unjudged")


def test_no_checks_says_what_a_check_is(vic):
    assert "A check is a promise about a dataset" in shown(vic)


def test_checks_of_restricted_datasets_are_not_listed(published, bonuses, vic):
    published.dataset.restricted = True
    published.dataset.save()
    assert "raw.orders" in shown(vic)
    assert "mart.bonuses" not in shown(vic)


def test_the_list_costs_a_fixed_number_of_queries(published, vic, django_assert_num_queries):
    with django_assert_num_queries(8):
        shown(vic)
    for day in range(6, 9):
        road.send("raw.orders", DAY, name=f"orders_2013-01-{day:02}.csv")
    road.drain()
    with django_assert_num_queries(8):
        shown(vic)
