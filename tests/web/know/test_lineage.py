"""Lineage: the graph, who may see what of it, and its columns."""

import json
import re

import pytest

from pipelines_app.models import Dataset, ForeignDataset, ForeignEdge, ForeignRun, Listener
from pipelines_app.web import lineage_graph
from pipelines_app.web.lineage_graph import Node
from tests import road

CHAIN = [(1, 2), (2, 3), (3, 4), (2, 5), (9, 4)]


@pytest.mark.parametrize(
    ("centre", "depth", "kept"),
    [(2, 1, {1, 2, 3, 5}), (2, 2, {1, 2, 3, 4, 5}), (4, None, {1, 2, 3, 4, 9}), (5, 1, {2, 5}), (7, 2, {7})],
)
def test_what_lies_around_a_dataset_is_what_feeds_it_and_what_it_feeds(centre, depth, kept):
    graph = lineage_graph.around(lineage_graph.graph_of(CHAIN, [7]), centre, depth=depth)
    assert graph.nodes == kept
    assert all(source in kept and target in kept for source, target in graph.pairs)


def test_what_is_hidden_is_drawn_as_a_number_only():
    drawn = lineage_graph.draw(lineage_graph.graph_of([(1, 2)]), {1: Node(id="dataset-1", label="raw.a")})
    assert [node.id for node in drawn.nodes] == ["dataset-1", "hidden-1"]
    assert drawn.edges == [{"from": "dataset-1", "to": "hidden-1"}]
    assert [row.node.label for row in drawn.rows] == ["raw.a"]


def test_a_circle_ends():
    graph = lineage_graph.around(lineage_graph.graph_of([(1, 2), (2, 1)]), 1, depth=None)
    assert graph.nodes == {1, 2}


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


def test_datasets_of_other_tools_are_in_the_graph_and_the_catalogue_of_their_team_marked(published, vic, oto):
    made, heard = (
        ForeignDataset.objects.create(team=published.dataset.team, namespace="postgres://w", name=name)
        for name in ("<b>landing", "public.orders")
    )
    run = ForeignRun.objects.create(
        team=made.team, run_id="3f5e83fa-3480-44ff-99c5-ff943904e5e8", job="load", state="complete", sender="token:t"
    )
    ForeignEdge.objects.create(source=made, target=heard, run=run)
    Listener.objects.create(
        pipeline=published.dataset.pipeline, namespace=heard.namespace, dataset=heard.name, pointer="/x"
    )
    shown = vic.get("/lineage").content.decode()
    graph = picture(shown)
    assert {"<b>landing", "public.orders", "raw.orders", "mart.shops"} == {node["label"] for node in graph["nodes"]}
    labels = {node["id"]: node["label"] for node in graph["nodes"]}
    edges = {(labels[edge["from"]], labels[edge["to"]]) for edge in graph["edges"]}
    assert {("<b>landing", "public.orders"), ("public.orders", "raw.orders")} < edges
    assert next(node["word"] for node in graph["nodes"] if node["label"] == "public.orders") == "External"
    assert "&lt;b&gt;landing" in shown
    catalogue = vic.get("/datasets?q=public").content.decode()
    assert "Of other tools" in catalogue
    assert "public.orders" in catalogue
    assert "landing" not in catalogue
    for path in ("/lineage", "/datasets", "/lineage?of=raw.orders&depth=all"):
        assert "public.orders" not in oto.get(path).content.decode()
    assert "public.orders" in vic.get("/lineage?of=mart.shops&depth=all").content.decode()


def test_an_empty_lineage_says_how_it_comes_to_be(vic):
    assert "No lineage yet" in vic.get("/lineage").content.decode()


def test_lineage_costs_a_fixed_number_of_queries(published, vic, django_assert_num_queries):
    with django_assert_num_queries(7):
        vic.get("/lineage")
    road.register_yaml(MORE)
    with django_assert_num_queries(7):
        vic.get("/lineage")


MORE = """
pipeline: more
team: sales
steps:
  - dataset: mart.big
    sql: SELECT shop FROM mart.shops
  - dataset: mart.bigger
    sql: SELECT shop FROM mart.big
"""
