from datetime import UTC, datetime, timedelta

import pytest
from django import forms
from django.template import engines
from django.test import RequestFactory
from django.utils import timezone

from pipelines_app.web import tags, words
from pipelines_app.web.pictures import Lane, Stretch, gantt

HOSTILE = "<script>alert('1')</script>"
MOMENT = datetime(2013, 2, 8, 12, 29, 51, tzinfo=UTC)


def rendered(source: str, **context: object) -> str:
    return engines["django"].from_string(source).render(context)


def test_texts_of_very_many_lines_are_not_compared_one_by_one():
    [line] = tags.diff("a\n" * 30_000, "a\n" * 30_001)
    assert (line.kind, line.text) == ("gap", "30,000 lines became 30,001: too many to compare here one by one")
    assert tags.diff("a\n" * 30_000, "a\n" * 30_000) == []


def test_a_state_is_an_icon_a_word_and_a_colour():
    html = tags.state("late")
    assert 'class="state bad"' in html
    assert 'href="#i-hourglass"' in html
    assert ">Late<" in html


def test_a_quiet_state_keeps_its_word_for_screen_readers():
    assert '<span class="sr">Succeeded with warnings</span>' in tags.state("warned", quiet=True)


@pytest.mark.parametrize(
    "source",
    [
        "{% state hostile %}",
        "{% state 'failed' hostile %}",
        "{% icon hostile %}",
        "{{ hostile|cell }}",
        "{% scroll hostile %}x{% endscroll %}",
        "{% act hostile hostile kind=hostile step=hostile %}",
        "{% confirm hostile hostile name=hostile explain=hostile %}",
        "{% include 'components/state.html' with state='failed' text=hostile only %}",
        "{% include 'components/empty.html' with title=hostile text=hostile action=hostile action_url=hostile only %}",
        "{% include 'components/error.html' with what=hostile why=hostile do=hostile where=hostile ref=hostile only %}",
        "{% include 'components/code.html' with id='a' title=hostile text=hostile only %}",
        "{% include 'components/card_head.html' with title=hostile link=hostile link_url=hostile note=hostile only %}",
        "{% include 'components/diff.html' with old='' new=hostile only %}",
        "{% include 'components/stat.html' with label=hostile value=hostile note=hostile only %}",
        "{% include 'components/run_bars.html' with runs=runs only %}",
        "{% include 'components/lanes.html' with line=line label=hostile only %}",
        "{% include 'components/tabs.html' with tabs=tabs only %}",
        "{% include 'components/message.html' with text=hostile tone='error' only %}",
    ],
)
def test_nothing_that_people_wrote_becomes_markup(source):
    html = rendered(
        source,
        hostile=HOSTILE,
        runs=[{"state": HOSTILE, "title": HOSTILE, "url": HOSTILE}],
        line=gantt([Lane(HOSTILE, [Stretch(0, 1, HOSTILE)], HOSTILE, HOSTILE)]),
        tabs=[{"label": HOSTILE, "url": HOSTILE, "count": HOSTILE, "tone": HOSTILE}],
    )
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_a_moment_is_relative_in_words_and_exact_with_its_zone():
    with timezone.override("America/New_York"):
        html = tags.when(MOMENT)
    assert 'datetime="2013-02-08T07:29:51-05:00"' in html
    assert 'title="8 February 2013, 07:29:51 America/New_York"' in html
    assert ">8 Feb 2013<" in html


def test_a_deadline_is_said_in_its_own_zone():
    with timezone.override("America/New_York"):
        html = tags.deadline(timezone.now() + timedelta(minutes=42, seconds=30), "Europe/Zurich")
    assert "Europe/Zurich, in 42 min" in html
    assert ">by " in html


@pytest.mark.parametrize("filter_", [tags.when, tags.clock, tags.duration, tags.count, tags.binary_size, tags.share])
def test_what_is_unknown_is_a_dash(filter_):
    assert filter_(None) == tags.NOTHING


def test_numbers_carry_thousands_marks():
    assert rendered("{{ n|count }} {{ n|bytes }}", n=1234567) == "1,234,567 1.2 MiB"


def test_null_and_empty_text_are_told_apart_in_a_table_of_data():
    assert rendered("{{ a|cell }}/{{ b|cell }}/{{ c|cell }}", a=None, b="", c=0) == (
        '<span class="null">null</span>/<span class="null">empty</span>/0'
    )


def test_the_query_keeps_what_is_not_changed():
    request = RequestFactory().get("/runs", {"state": "failed", "after": "9", "q": "a&b"})
    html = engines["django"].from_string("{% query after=None page=2 %}").render({}, request)
    assert html == "?state=failed&amp;q=a%26b&amp;page=2"


def test_a_comparison_shows_what_differs_and_counts_what_does_not():
    old = "\n".join(["first", *map(str, range(20)), "last"])
    new = "\n".join(["erste", *map(str, range(20)), "last", "more"])
    lines = tags.diff(old, new, 1)
    assert [(line.kind, line.text) for line in lines] == [
        ("removed", "first"),
        ("added", "erste"),
        ("same", "0"),
        ("gap", "19 unchanged lines"),
        ("same", "last"),
        ("added", "more"),
    ]
    assert [(line.old, line.new) for line in lines if line.kind != "gap"] == [
        (1, None),
        (None, 1),
        (2, 2),
        (22, 22),
        (None, 23),
    ]
    assert tags.diff(old, old) == []


def test_a_graph_carries_the_words_of_its_states():
    graph = tags.with_states({"nodes": [{"id": "a", "state": "late"}, {"id": "b"}], "edges": []})
    assert graph["nodes"] == [
        {"id": "a", "state": "late", "word": "Late", "tone": "bad", "icon": "hourglass"},
        {"id": "b"},
    ]


class Form(forms.Form):
    name = forms.CharField(help_text="Lower case.")
    loud = forms.BooleanField(required=False, label="Tell me")
    way = forms.ChoiceField(widget=forms.RadioSelect, choices=[("a", "A")])


def test_a_field_ties_its_hint_and_its_error_to_its_input():
    html = rendered(
        "{% for f in form %}{% include 'components/field.html' with field=f only %}{% endfor %}", form=Form({})
    )
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert "<legend>Way" in html
    assert html.index('id="id_loud"') < html.index("Tell me")


def test_the_error_summary_links_every_error_to_its_field():
    html = rendered("{% include 'components/error_summary.html' with form=form only %}", form=Form({}))
    assert 'href="#id_name"' in html
    assert 'href="#id_way"' in html
    assert "data-focus" in html
    assert rendered("{% include 'components/error_summary.html' with form=form only %}", form=Form()).strip() == ""


def test_a_posting_button_carries_the_token_and_its_fields():
    request = RequestFactory().get("/")
    html = engines["django"].from_string("{% act '/runs/7/retry' 'Re-run' step='load' %}").render({}, request)
    assert 'name="csrfmiddlewaretoken"' in html
    assert 'name="step" value="load"' in html
    assert 'action="/runs/7/retry"' in html


@pytest.mark.parametrize(
    ("noun", "number", "said"),
    [("runs", 1, "run"), ("runs", 0, "runs"), ("runs", 12, "runs"), ("entries", 1, "entry"), ("entries", 2, "entries")],
)
def test_a_noun_goes_with_its_number(noun, number, said):
    assert words.noun(noun, number) == said
