"""The palette's search."""

from tests import factories


def found(client, q):
    answer = client.get("/palette", {"q": q})
    assert answer.status_code == 200
    return [(one["kind"], one["label"]) for one in answer.json()]


def test_three_letters_find_a_pipeline_and_datasets(published, vic):
    assert found(vic, "ord") == [("Pipeline", "orders"), ("Dataset", "raw.orders")]
    assert found(vic, "shops mart") == [("Dataset", "mart.shops")]
    assert vic.get("/palette", {"q": "ord"}).json()[1]["url"] == "/datasets/raw.orders"


def test_a_number_finds_a_run_and_an_arrival(published, vic):
    kinds = {kind for kind, _ in found(vic, str(published.run_id))}
    assert "Run" in kinds


def test_nothing_is_found_for_no_words_and_what_is_restricted_stays_unfound(published, bonuses, vic, oto):
    assert found(vic, "  ") == []
    assert found(vic, "bonus") == []
    assert ("Dataset", "mart.bonuses") in found(oto, "bonus")


def test_odd_words_are_no_trouble(published, vic):
    for words in ("%_'\"", "9" * 40, "🛩", "<script>"):
        assert found(vic, words) == []


def test_names_that_begin_with_the_words_come_first(sales, vic):
    for name in ("raw.late_orders", "raw.orders_late", "orders.raw"):
        factories.make_dataset(name, team=sales)
    assert [label for _, label in found(vic, "orders")] == ["orders.raw", "raw.orders_late", "raw.late_orders"]
