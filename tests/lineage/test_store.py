"""Lineage as rows: walked to an end, dated by revisions, told by other tools in any order, shown to who may see it."""

import random
from datetime import UTC, datetime, timedelta
from importlib import import_module
from itertools import permutations

import pytest
from django.apps import apps

from pipelines_app.lineage import impact, showing, telling
from pipelines_app.lineage.showing import Question
from pipelines_app.lineage.telling import Job, Told
from pipelines_app.lineage.walking import Side, Walk
from pipelines_app.models import Dataset, Edge, ForeignDataset, ForeignJob, Gap, Link, Revision
from tests import factories, road

pytestmark = pytest.mark.django_db
# a -> b -> c -> d, a -> c, b -> e, and f -> g -> f in a circle that c feeds.
PAIRS = ["ab", "bc", "cd", "ac", "be", "cf", "fg", "gf"]
EDGES = {
    "ab": [("x", "x", "direct", False), ("y", "", "indirect", False)],
    "bc": [("x", "sum", "direct", False), ("", "n", "direct", True)],
    "cd": [("sum", "sum", "direct", False)],
    "ac": [("z", "z", "direct", False)],
    "be": [("w", "w", "direct", False)],
}


@pytest.fixture
def graph(db):
    """The datasets of PAIRS by their letter, with links and edges of one revision."""
    pipeline = factories.make_pipeline()
    made = {letter: factories.make_dataset(f"mart.{letter}", pipeline=pipeline) for letter in "abcdefg"}
    common = {"revision": pipeline.current}
    for source, target in PAIRS:
        Link.objects.create(**common, source=made[source], target=made[target], by_value=True)
        for left, right, kind, masked in EDGES.get(source + target, []):
            ends = {"source": made[source], "target": made[target], "source_column": left, "target_column": right}
            Edge.objects.create(**common, **ends, kind=kind, masked=masked)
    return made


def letters(graph, numbers):
    by_number = {dataset.pk: letter for letter, dataset in graph.items()}
    return "".join(sorted(by_number[number] for number in numbers))


@pytest.mark.parametrize(
    ("start", "side", "depth", "reached"),
    [
        ("a", Side.DOWN, 1, "abc"),
        ("a", Side.DOWN, 2, "abcdef"),
        ("a", Side.DOWN, 50, "abcdefg"),
        ("d", Side.UP, 50, "abcd"),
        ("g", Side.UP, 50, "abcfg"),
        ("f", Side.DOWN, 50, "fg"),
        ("e", Side.DOWN, 50, "e"),
    ],
)
def test_a_walk_goes_as_far_as_it_may_and_comes_out_of_circles(graph, start, side, depth, reached):
    reach = Walk(depth=depth).datasets(graph[start].pk, side)
    assert letters(graph, reach.depths) == reached
    assert not reach.truncated


def test_the_shortest_way_counts_and_what_is_too_much_is_cut_at_the_far_end(graph):
    reach = Walk(most=3).datasets(graph["a"].pk, Side.DOWN)
    assert (letters(graph, reach.depths), reach.truncated) == ("abc", True)
    assert Walk().datasets(graph["a"].pk, Side.DOWN).depths[graph["c"].pk] == 1


@pytest.mark.parametrize(
    ("start", "columns", "side", "reached"),
    [
        ("a", ["x"], Side.DOWN, {"a": "x", "b": "x", "c": "sum", "d": "sum"}),
        # y decides over all rows of b, so every column of it is another.
        ("a", ["y"], Side.DOWN, {"a": "y", "b": "", "c": "n,sum", "d": "sum", "e": "w"}),
        ("a", ["z"], Side.DOWN, {"a": "z", "c": "z"}),
        ("a", ["x", "z"], Side.DOWN, {"a": "x,z", "b": "x", "c": "sum,z", "d": "sum"}),
        ("a", ["no"], Side.DOWN, {"a": "no"}),
        # A count is made of rows, not of a column.
        ("b", ["q"], Side.DOWN, {"b": "q"}),
        ("d", ["sum"], Side.UP, {"d": "sum", "c": "sum", "b": "x", "a": "x,y"}),
        ("c", ["z"], Side.UP, {"c": "z", "a": "z"}),
    ],
)
def test_columns_are_followed_through_what_carries_and_what_decides(graph, start, columns, side, reached):
    reach = Walk().columns(graph[start].pk, columns, side)
    told = {letters(graph, [number]): ",".join(sorted(names)) for number, names in reach.columns.items()}
    assert told == reached


ORDERS = """
pipeline: orders
team: sales
sources:
  raw.orders: {{format: csv, period: day, from: "orders_{{period}}.csv", columns: {{id: INTEGER, shop: VARCHAR}}}}
steps:
  - dataset: mart.shops
    sql: {sql}
"""
FIRST, SECOND = "SELECT shop, id FROM raw.orders WHERE id > 1", "SELECT shop FROM raw.orders"


def shown_at(moment, user):
    number = Dataset.objects.get(name="mart.shops").pk
    return showing.look(user, Question(of=number, sides=(Side.UP,), moment=moment))


def columns_of(shown):
    return {(way.source_column, way.target_column, way.kind, way.how) for way in shown.columns}


def test_edges_hold_from_their_revision_to_the_next_and_links_for_as_long_as_they_are_declared():
    road.team("sales")
    first = road.register_yaml(ORDERS.format(sql=FIRST))
    second = road.register_yaml(ORDERS.format(sql=SECOND))
    viewer = factories.make_user()
    now, then = shown_at(None, viewer), shown_at(second.created_at - timedelta(microseconds=1), viewer)
    assert columns_of(now) == {("shop", "shop", "direct", ("IDENTITY",))}
    assert ("id", "id", "direct", ("IDENTITY",)) in columns_of(then)
    assert ("id", "", "indirect", ("FILTER",)) in columns_of(then)
    assert columns_of(shown_at(first.created_at, viewer)) == columns_of(then)
    assert not shown_at(first.created_at - timedelta(seconds=1), viewer).ways
    link = Link.objects.get()
    assert (link.revision, link.valid_from, link.valid_to) == (first, first.created_at, None)


def test_what_a_revision_declares_no_more_ends_with_it():
    road.team("sales")
    road.register_yaml(ORDERS.format(sql=FIRST))
    third = road.register_yaml(ORDERS.format(sql="SELECT 1 AS shop"))
    assert Link.objects.get().valid_to == third.created_at
    assert not Edge.objects.held().exists()


def test_what_cannot_be_told_is_kept_with_its_reason():
    road.team("sales")
    revision = road.register_yaml(ORDERS.format(sql=FIRST))
    dataset = Dataset.objects.get(name="mart.shops")
    Gap.objects.create(revision=revision, dataset=dataset, reason="* stands for all", valid_from=revision.created_at)
    assert shown_at(None, factories.make_user()).nodes[dataset.pk].partial == ("* stands for all",)
    road.register_yaml(ORDERS.format(sql=SECOND))
    assert shown_at(None, factories.make_user()).nodes[dataset.pk].partial == ()


def test_a_restricted_dataset_breaks_no_path_and_is_not_named(graph):
    Dataset.objects.filter(name="mart.c").update(restricted=True)
    shown = showing.look(factories.make_user(), Question(of=graph["a"].pk, sides=(Side.DOWN,), depth=50))
    names = {node.id for node in shown.nodes.values()}
    assert names == {"mart.a", "mart.b", "mart.d", "mart.e", "mart.f", "mart.g", "restricted-1"}
    assert graph["c"].pk not in {end for way in shown.columns for end in (way.source, way.target)}
    hits, truncated = impact.of(factories.make_user(), graph["a"].pk, ["x"])
    told = {(hit.node.id, hit.breaks) for hit in hits}
    assert told == {("mart.b", True), ("restricted-1", False), ("mart.d", False)}
    assert not truncated


@pytest.mark.parametrize(
    ("old", "new", "gone"),
    [
        ({"a": ["x", "y"]}, {"a": ["x", "y"]}, {}),
        ({"a": ["x", "y"]}, {"a": ["y", "z"]}, {"a": ("x",)}),
        ({"a": ["x"], "b": ["x"]}, {"a": ["x"]}, {"b": ()}),
        ({"a": []}, {"a": ["x"]}, {}),
    ],
)
def test_what_a_revision_takes_away(old, new, gone):
    assert impact.removed(old, new) == gone


def at(hour):
    return datetime(2026, 5, 4, hour, tzinfo=UTC)


def told(names, team):
    """Edges `xa>b`: column x of a feeds column x of b."""
    ends = {name: ForeignDataset.objects.get_or_create(team=team, namespace="n", name=name)[0] for name in "abc"}
    return [
        Told(source=ends[name[1]], target=ends[name[3]], source_column=name[0], target_column=name[0]) for name in names
    ]


def state():
    rows = Edge.objects.order_by("source_node", "target_node", "source_column")
    edges = list(rows.values_list("source_node", "target_node", "source_column", "valid_from", "valid_to"))
    links = Link.objects.order_by("source_node", "target_node")
    return edges, list(links.values_list("source_node", "target_node", "valid_from", "valid_to"))


RUNS = [(1, ["xa>b", "ya>b"]), (2, ["xa>b"]), (3, ["xa>b", "xb>c"]), (3, ["za>b"])]


def test_runs_told_in_any_order_and_twice_leave_one_state():
    team = road.team("sales")
    told("", team)
    states = []
    for order in permutations(RUNS):
        Edge.objects.all().delete()
        Link.objects.all().delete()
        ForeignJob.objects.all().delete()
        for hour, names in [*order, random.Random(hour_of(order)).choice(order)]:
            telling.tell(Job(team=team, namespace="n", name="load"), at=at(hour), links=[], edges=told(names, team))
        states.append(state())
    assert all(one == states[0] for one in states)
    edges, links = states[0]
    assert {(column, begun.hour, over and over.hour) for _, _, column, begun, over in edges} == {
        ("x", 1, None),
        ("y", 1, 1),
        ("z", 3, None),
        ("x", 3, None),
    }
    assert [over for *_, over in links] == [None, None]


def hour_of(order):
    return sum(hour * place for place, (hour, _) in enumerate(order))


def test_a_job_of_one_team_is_not_lineage_for_another():
    team, other = road.team("sales"), factories.make_team()
    edges = told(["xa>b"], team)
    telling.tell(Job(team=team, namespace="n", name="load"), at=at(1), links=[], edges=edges)
    start = -edges[0].source.pk
    for who, number in ((team, 2), (other, 0)):
        shown = showing.look(factories.make_user(team=who), Question(of=start))
        assert len(shown.nodes) == number


def test_nothing_is_declared_by_a_revision_that_is_not_in_force():
    road.team("sales")
    for sql in (FIRST, SECOND, FIRST):
        road.register_yaml(ORDERS.format(sql=sql))
    newest = Revision.objects.latest("number")
    assert set(Edge.objects.held().values_list("revision", flat=True)) == {newest.pk}
    assert Edge.objects.filter(valid_to=None).count() == newest.edges.count()


def kept():
    edges = Edge.objects.order_by("pk").values_list(
        "revision", "source", "target", "how", "masked", "valid_from", "valid_to"
    )
    links = Link.objects.order_by("source_node", "target_node", "valid_from")
    gaps = Gap.objects.order_by("pk").values_list("revision", "dataset", "reason", "valid_from", "valid_to")
    return (
        list(edges),
        list(links.values_list("source_node", "target_node", "by_value", "valid_from", "valid_to")),
        list(gaps),
    )


LISTENING = "listens: [{namespace: 'postgres://w', dataset: public.orders}]\n"


def test_revisions_from_before_are_dated_as_new_ones_are():
    road.team("sales")
    for sql in (FIRST, SECOND, "SELECT 1 AS shop", FIRST):
        road.register_yaml(ORDERS.format(sql=sql) + LISTENING)
    before = kept()
    Link.objects.all().delete()
    Gap.objects.all().delete()
    Edge.objects.update(valid_to=None, how="", masked=False)
    import_module("pipelines_app.migrations.0023_lineage_of_old_revisions").since_when(apps, None)
    after = kept()
    assert after[0] == before[0]
    # Of what listens only the revision in force is known from before.
    own = [{one for one in links if one[0] > 0 or one[4] is None} for _, links, _ in (before, after)]
    assert {one[:3] + one[4:] for one in own[0]} == {one[:3] + one[4:] for one in own[1]}
    assert after[2] == before[2]
