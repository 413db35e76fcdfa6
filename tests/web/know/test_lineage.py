"""Lineage: the graph, who may see what of it, and its columns."""

import json
import re

import pytest
from django.http import QueryDict
from django.utils import timezone

from pipelines_app.intake import openlineage, runevents
from pipelines_app.lineage.showing import Node as Seen
from pipelines_app.lineage.showing import Shown, Way
from pipelines_app.models import Dataset, ForeignDataset
from pipelines_app.web import lineage_asked, lineage_graph, lineage_page
from tests import factories, road
from tests.api.test_openlineage import told
from tests.web.know.conftest import ORDERS, taken


def seen(number, name="", **more):
    return Seen(number=number, id=name or f"restricted-{number}", name=name, restricted=not name, **more)


def test_what_is_hidden_is_drawn_as_a_number_only():
    way = Way(source=1, target=2, by_value=True, declared=True, observed=None)
    nodes = {1: seen(1, "raw.a"), 2: seen(2)}
    shown = Shown(of=1, nodes=nodes, ways=[way], columns=[], truncated=False)
    drawn = lineage_graph.draw(shown, {}, lambda node: f"/{node.name}")
    assert [(node.id, node.url) for node in drawn.nodes] == [("dataset-1", "/raw.a"), ("hidden-2", "")]
    assert drawn.edges == [{"from": "dataset-1", "to": "hidden-2", "kind": "direct"}]
    assert [row.node.label for row in drawn.rows] == ["raw.a"]


@pytest.mark.parametrize(
    ("standings", "causes"),
    [
        ({}, []),
        ({3: "fresh", 2: "fresh"}, []),
        ({3: "late"}, [(3, True)]),
        ({3: "late", 2: "late", 1: "quarantined"}, [(1, True), (2, False), (3, False)]),
        ({1: "waiting", 4: "late"}, [(1, True), (4, True)]),
    ],
)
def test_a_fault_begins_where_nothing_is_wrong_above(standings, causes):
    pairs = [(1, 2), (2, 3), (4, 3)]
    ways = [Way(source=a, target=b, by_value=True, declared=True, observed=True) for a, b in pairs]
    nodes = {number: seen(number, f"d{number}", depth=number - 5) for number in (1, 2, 3, 4)}
    shown = Shown(of=3, nodes=nodes, ways=ways, columns=[], truncated=False)
    assert [(one.node.number, one.is_first) for one in lineage_page.causes(shown, standings)] == causes


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("", "/lineage"),
        ("of=a.b&depth=1&mode=around", "/lineage?of=a.b"),
        ("of=a.b&mode=sideways&depth=99&show=x", "/lineage?of=a.b"),
        ("of=a.b&mode=impact&column=c&as_of=2026-05-04", "/lineage?of=a.b&mode=impact&column=c&as_of=2026-05-04"),
        ("of=a.b&expand=c.d,e.f&node=c.d", "/lineage?of=a.b&expand=c.d%2Ce.f&node=c.d"),
    ],
)
def test_the_address_holds_the_whole_state(query, address):
    assert lineage_asked.read(QueryDict(query)).address() == address


def picture(shown):
    return json.loads(re.search(r'<script id="lineage-graph"[^>]*>(.*?)</script>', shown, re.S)[1])


def test_the_picture_and_the_list_say_the_same(published, vic):
    shown = vic.get("/lineage").content.decode()
    graph = picture(shown)
    assert {node["label"] for node in graph["nodes"]} == {"raw.orders", "mart.shops"}
    assert graph["nodes"][0]["word"] == "Fresh"
    assert len(graph["edges"]) == 1
    assert "arrives from outside" in shown


def test_a_restricted_neighbour_is_opaque(published, bonuses, vic, oto):
    Dataset.objects.filter(name="mart.bonuses").update(description="secret words")
    for path in ("/lineage", "/lineage?of=mart.shops&depth=all", "/datasets/mart.shops?tab=lineage"):
        shown = vic.get(path).content.decode()
        assert "hidden-1" in shown
        assert "Restricted" in shown
        for word in ("bonus", "hidden_column", "secret words"):
            assert word not in shown, path
    assert "mart.bonuses" in oto.get("/lineage").content.decode()
    assert vic.get("/lineage?of=mart.bonuses").status_code == 404


def test_a_focus_shows_its_columns_by_value_and_by_decision(published, vic):
    shown = vic.get("/lineage?of=mart.shops").content.decode()
    assert "Columns it is made from" in shown
    assert "by value" in shown
    assert "decides over rows or values" in shown


def test_beside_a_column_that_is_followed_stand_its_own_edges_alone(published, vic):
    def rows(address):
        _, _, told = vic.get(address).content.decode().partition('id="columns-into"')
        return re.findall(r'<tr><td class="mono">([^<]+)</td>', told.partition('id="columns-out"')[0])

    every, one = rows("/lineage?of=mart.shops"), rows("/lineage?of=mart.shops&column=amount&mode=cause")
    assert {"shop", "amount"} < set(every)
    assert set(one) == {"amount", "every column"} & set(every)


def test_datasets_of_other_tools_are_in_the_graph_and_the_catalogue_of_their_team_marked(published, vic, oto):
    heard = {"namespace": "postgres://w", "name": "public.orders"}
    told_of = told(inputs=[{"namespace": "postgres://w", "name": "<b>landing"}], outputs=[heard])
    event = runevents.read(json.dumps(told_of).encode())
    openlineage.record(event, team=published.dataset.team, sender="token:t", now=timezone.now())
    road.register_yaml(ORDERS + "listens: [{namespace: 'postgres://w', dataset: public.orders}]\n")
    shown = vic.get("/lineage").content.decode()
    graph = picture(shown)
    assert {"<b>landing", "public.orders", "raw.orders", "mart.shops"} == {node["label"] for node in graph["nodes"]}
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    edges = {(labels[edge["from"]], labels[edge["to"]], edge["kind"]) for edge in graph["edges"]}
    assert {("<b>landing", "public.orders", "told"), ("public.orders", "raw.orders", "indirect")} < edges
    assert next(node["word"] for node in graph["nodes"] if node["label"] == "public.orders") == "External"
    assert "&lt;b&gt;landing" in shown
    catalogue = vic.get("/datasets?q=public").content.decode()
    assert "Of other tools" in catalogue
    assert "public.orders" in catalogue
    assert "landing" not in catalogue
    for path in ("/lineage", "/datasets", "/lineage?of=raw.orders&depth=all"):
        assert "public.orders" not in oto.get(path).content.decode()
    assert "public.orders" in vic.get("/lineage?of=mart.shops&depth=all").content.decode()
    foreign = ForeignDataset.objects.get(name="public.orders").pk
    assert "Lineage of public.orders" in vic.get(f"/lineage?of=foreign-{foreign}").content.decode()
    assert oto.get(f"/lineage?of=foreign-{foreign}").status_code == 404


def test_one_step_is_shown_and_more_is_opened(published, vic):
    road.register_yaml(MORE)
    names = {node["label"] for node in picture(vic.get("/lineage?of=mart.shops").content.decode())["nodes"]}
    assert names == {"raw.orders", "mart.shops", "mart.big"}
    opened = picture(vic.get("/lineage?of=mart.shops&expand=mart.big").content.decode())
    assert {node["label"] for node in opened["nodes"]} == names | {"mart.bigger"}


def test_a_chosen_dataset_is_a_part_of_the_page_and_alone(published, vic):
    page = vic.get("/lineage?of=mart.shops&node=raw.orders").content.decode()
    part = vic.get("/lineage?of=mart.shops&node=raw.orders", headers={"HX-Request": "true"})
    assert "HX-Request" in part["Vary"]
    words = part.content.decode()
    assert "<html" not in words
    for said in ("Open what is around it", "AGGREGATION", "what breaks without it"):
        assert said in words
        assert said in page
    assert vic.get("/lineage?of=mart.shops&node=no.such").status_code == 404


def test_what_breaks_says_whose_it_is_and_what_is_promised(published, vic):
    road.register_yaml(MORE)
    shown = vic.get("/lineage?of=raw.orders&mode=impact&column=shop").content.decode()
    for said in ("What breaks if it goes", "mart.bigger", "is reached", "breaks", "published every day by 09:00"):
        assert said in shown
    assert "nothing breaks" in vic.get("/lineage?of=mart.bigger&mode=impact").content.decode()


def test_where_a_fault_begins(published, vic):
    factories.make_slot(published.dataset, period="2013-01-09", state="late")
    shown = vic.get("/lineage?of=mart.shops&mode=cause").content.decode()
    assert "begins here" in shown
    assert "follows from above" in shown


def test_lineage_of_a_day_before_anything_was_registered_is_empty(published, vic):
    assert "No lineage then" in vic.get("/lineage?as_of=2001-01-01").content.decode()
    assert "mart.shops" in vic.get("/lineage?as_of=2099-01-01").content.decode()


def test_a_dataset_is_found_by_its_words(published, vic):
    assert "/lineage?of=mart.shops" in vic.get("/lineage?q=shop").content.decode()
    assert vic.get("/lineage?q=mart.shops").headers["Location"] == "/lineage?of=mart.shops"
    assert "No dataset that you may see" in vic.get("/lineage?q=nothing").content.decode()


def test_lineage_is_kept_as_a_table(published, vic):
    table = taken(vic.get("/lineage?of=mart.shops&format=csv")).decode()
    assert "raw.orders,amount,mart.shops,amount,direct,AGGREGATION,no,no" in table


def test_an_empty_lineage_says_how_it_comes_to_be(vic):
    assert "No lineage yet" in vic.get("/lineage").content.decode()


def test_lineage_costs_a_fixed_number_of_queries(published, vic, django_assert_num_queries):
    with django_assert_num_queries(10):
        vic.get("/lineage")
    road.register_yaml(MORE)
    with django_assert_num_queries(10):
        vic.get("/lineage")


MORE = """
pipeline: more
team: sales
sla: [{arrival: {dataset: mart.bigger, by: "09:00", timezone: UTC}}]
steps:
  - dataset: mart.big
    sql: SELECT shop FROM mart.shops
  - dataset: mart.bigger
    sql: SELECT shop FROM mart.big
"""
