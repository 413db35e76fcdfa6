"""The deadline of a source in the form: every day, business days with their holidays, or a cron line."""

import pytest

from tests.web.registering import begun, editor, fields_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def filling(client):
    editor(client)
    filling = begun(client, name="orders_2024-03-05.csv", content=b"id,v\n1,2\n2,3\n")
    for page in ("look", "steps", "checks"):
        filling.send(page)
    return filling


def said(filling, **fields):
    """The page of deadlines with these fields, sent."""
    given = {"on": "on", "by": "07:00", "timezone": "Europe/Zurich", **fields}
    return filling.send("when", **{f"deadlines-0-{name}": value for name, value in given.items()})


def test_every_business_day_by_seven_is_said_in_one_sentence_and_comes_back_into_the_form(filling):
    said(filling, days="calendar", weekdays="mon, tue, wed, thu, fri", country="ch", subdivision="zh", but="2026-12-24")
    arrival = filling.draft.document["sources"]["raw.orders"]["arrival"]
    assert arrival["calendar"] == {
        "weekdays": ["mon", "tue", "wed", "thu", "fri"],
        "country": "CH",
        "subdivision": "ZH",
        "except": ["2026-12-24"],
    }
    sentence = (
        "every business day (Monday to Friday but for the holidays of CH-ZH and 2026-12-24) by 07:00 Europe/Zurich"
    )
    assert f"raw.orders is expected {sentence}, a business day later." in words(filling.open("review"))
    shown = filling.open("when").content.decode()
    assert '<option value="calendar" selected>' in shown
    assert 'value="ZH"' in shown


def test_a_cron_line_is_said_in_words_with_its_grace(filling):
    said(filling, days="cron", cron="0 7 * * 1-5", behind="1", grace="15m", usually="06:20")
    assert "usually" in words(filling.open("when"))
    said(filling, days="cron", cron="0 7 * * 1-5", behind="1", grace="15m", usually="")
    arrival = filling.draft.document["sources"]["raw.orders"]["arrival"]
    assert (arrival["cron"], arrival["grace"]) == ("0 7 * * 1-5", "15m")
    assert "at 07:00 on Monday through Friday Europe/Zurich" in words(filling.open("review"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"days": "cron", "cron": "0 0 30 2 *"}, "is not a cron line"),
        ({"days": "cron", "cron": ""}, "cron"),
        ({"days": "calendar", "country": "QQ"}, "is not a country"),
        ({"days": "calendar", "country": "CH", "subdivision": "XX"}, "is not a part of CH"),
        ({"days": "calendar", "weekdays": "someday"}, "is not one of mon"),
        ({"days": "calendar", "but": "tomorrow"}, "is not a day such as"),
        ({"grace": "soon"}, "not a length of time"),
        ({"usually": "early"}, "must be a time of day"),
    ],
)
def test_what_is_wrong_with_a_deadline_is_said_on_its_page(filling, fields, message):
    answer = said(filling, **fields)
    assert answer.status_code in (200, 422)
    assert message in words(answer)


def test_a_source_without_periods_says_why_it_can_have_no_deadline(client):
    editor(client)
    filling = begun(client)
    assert "Only what comes by hour, day or month can have a deadline" in words(filling.open("look"))
    page = filling.open("when").content.decode()
    assert '<input type="checkbox" disabled aria-describedby="no-deadline-deadlines-0">' in page
    assert "A deadline needs a period, and each file is the whole of this dataset." in page


def zone_of(page):
    return fields_of(page)["deadlines-0-timezone"], page.content.decode().count("data-zone-guess")


def test_the_zone_proposed_is_the_persons_own_or_that_of_the_newest_deadline_until_the_browser_says_its_own(client):
    user = editor(client)
    filling = begun(client, name="orders_2024-03-05.csv", content=b"id,v\n1,2\n2,3\n")
    filling.send("steps")
    assert zone_of(filling.open("when")) == ("UTC", 4)
    said(filling, timezone="Asia/Tokyo")
    assert zone_of(filling.open("when")) == ("Asia/Tokyo", 3)
    filling.send("review", without=["dry"])
    second = begun(client, name="b_2024-03-05.csv", content=b"id\n1\n", pipeline="b", **{"sources-0-dataset": "raw.b"})
    assert zone_of(second.open("when")) == ("Asia/Tokyo", 3)
    user.zone = "Europe/Oslo"
    user.save()
    assert zone_of(second.open("when")) == ("Europe/Oslo", 0)


def test_what_the_pipeline_promises_of_its_own_dataset_is_a_sentence_too(filling):
    given = {"on": "on", "by": "9:00", "timezone": "Europe/Zurich", "days_after": "2"}
    filling.send("when", **{f"promises-0-{name}": value for name, value in given.items()})
    promised = {"dataset": "staging.orders", "by": "09:00", "timezone": "Europe/Zurich", "days_after": 2}
    assert filling.draft.document["sla"] == [{"arrival": promised}]
    assert "staging.orders is promised every day by 09:00 Europe/Zurich" in words(filling.open("review"))
    answer = filling.send("when", **{"promises-0-by": "noon"})
    assert answer.status_code == 422
    assert "Promised by: " in words(answer)
    filling.send("when", without=["promises-0-on"])
    assert "sla" not in filling.draft.document


def test_a_promise_by_cron_line_is_kept_as_it_is_written(filling):
    by_cron = {"arrival": {"dataset": "staging.orders", "cron": "0 9 * * 1-5", "timezone": "Europe/Zurich"}}
    filling.draft.document["sla"] = [by_cron]
    filling.draft.save()
    assert "a cron line of the definition says" in words(filling.open("when"))
    filling.send("when")
    assert filling.draft.document["sla"] == [by_cron]


def test_a_service_level_that_the_form_does_not_show_is_kept(filling):
    levels = [{"freshness": {"dataset": "staging.orders", "within": "24h"}}, {"duration": {"under": "10m"}}]
    filling.draft.document["sla"] = levels
    filling.draft.save()
    filling.send("when")
    assert filling.draft.document["sla"] == levels
    assert "Promised: staging.orders is renewed within 1d." in words(filling.open("review"))
