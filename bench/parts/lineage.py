"""What `bench.lineage` does in a database: fill it, and time walks and the page. Prints one JSON object per figure.

The graph has layers, as warehouses have: each dataset is made from two of the layer before, one in five of them also
from one two layers back; ten columns of each feed ten.
"""

import json
import random
import time
from collections.abc import Callable

import django

django.setup()  # before anything that reads its settings

from django.core.management import call_command  # noqa: E402 the settings are named outside
from django.db import connection  # noqa: E402 the settings are named outside
from django.test import Client  # noqa: E402 the settings are named outside

from bench.figures import percentile, say  # noqa: E402 the settings are named outside
from pipelines_app.lineage import showing  # noqa: E402 the settings are named outside
from pipelines_app.lineage.showing import Question  # noqa: E402 the settings are named outside
from pipelines_app.lineage.walking import MOST_DEPTH, Side, Walk  # noqa: E402 the settings are named outside
from pipelines_app.models import Dataset, Edge, Link, Pipeline, Revision, Team, User  # noqa: E402 the settings are named outside

DATASETS, EDGES, LAYERS = 10_000, 200_000, 12
KINDS = [("IDENTITY", "direct")] * 6 + [("AGGREGATION", "direct"), ("JOIN", "indirect"), ("FILTER", "indirect")]
WALKS, PAGES, DRAWN = 40, 15, 150
AT_ONCE = 5_000


def main() -> None:
    call_command("migrate", verbosity=0)
    chance = random.Random(4)
    numbers = _fill(chance)
    user = User.objects.create_user("bench", password=None, is_superuser=True)
    middle = [chance.choice(numbers) for _ in range(WALKS)]
    for side in Side:
        for columns in ((), ("c1",)):
            what = f"{side}, {'by one column' if columns else 'by datasets'}"
            for name, work in (("the walk", _walk), ("the whole answer", _answer)):
                work(user, side, columns, middle[0], 1)()  # the connection and the statement are there
                spent = [_timed(work(user, side, columns, number, MOST_DEPTH)) for number in middle]
                least = [_timed(work(user, side, columns, number, 1)) for number in middle]
                _tell(f"{what}: {name}", spent, least)
    _page(user, chance, numbers)


def _walk(user: User, side: Side, columns: tuple[str, ...], number: int, depth: int) -> Callable[[], object]:
    """The recursive query."""
    walk = Walk(depth=depth)
    return lambda: walk.columns(number, columns, side) if columns else walk.datasets(number, side)


def _answer(user: User, side: Side, columns: tuple[str, ...], number: int, depth: int) -> Callable[[], object]:
    """The walk, what may be seen of it, and what is made from what among it."""
    question = Question(of=number, sides=(side,), depth=depth, columns=columns, with_columns=False)
    return lambda: showing.look(user, question)


def _page(user: User, chance: random.Random, numbers: list[int]) -> None:
    """The page of a dataset with about 150 around it."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    names = [name for name in (_wide(user, number) for number in chance.sample(numbers, 400)) if name][:PAGES]
    client.get(f"/lineage?of={names[0]}&depth=3")  # templates are read once
    spent = [_timed(lambda name=name: client.get(f"/lineage?of={name}&depth=3")) for name in names]  # type: ignore[misc]
    least = [_timed(lambda: client.get("/livez")) for _ in names]
    _tell(f"the page with {DRAWN // 2} to {DRAWN} datasets, at the server", spent, least, page=True)


def _wide(user: User, number: int) -> str:
    shown = showing.look(user, Question(of=number, depth=3, with_columns=False))
    return shown.nodes[number].name if DRAWN // 2 <= len(shown.nodes) <= DRAWN else ""


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _tell(name: str, spent: list[float], least: list[float], *, page: bool = False) -> None:
    print(json.dumps({"name": name, "p95": percentile(spent, 95), "limit": percentile(least, 95), "page": page}))


def _fill(chance: random.Random) -> list[int]:
    say("filling")
    team = Team.objects.create(name="bench")
    pipeline = Pipeline.objects.create(name="bench", team=team)
    revision = Revision.objects.create(pipeline=pipeline, number=1, document={}, compiled={}, digest="0")
    Pipeline.objects.update(current=revision)
    made = Dataset.objects.bulk_create(
        [Dataset(name=f"mart.bench_{number}", team=team, pipeline=pipeline) for number in range(DATASETS)], AT_ONCE
    )
    numbers = [dataset.pk for dataset in made]
    wide = DATASETS // LAYERS
    layers = [numbers[start : start + wide] for start in range(0, DATASETS, wide)]
    pairs = {
        (source, target)
        for place, layer in enumerate(layers[1:], start=1)
        for target in layer
        for source in _sources(chance, layers, place)
    }
    links = [Link(revision=revision, source_id=a, target_id=b, by_value=True) for a, b in sorted(pairs)]
    Link.objects.bulk_create(links, AT_ONCE)
    Edge.objects.bulk_create(
        [edge for pair in sorted(pairs) for edge in _edges(chance, revision, pair)][:EDGES], AT_ONCE
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(f"{len(numbers):,} datasets, {len(links):,} pairs, {Edge.objects.count():,} edges between columns")
    return numbers


def _sources(chance: random.Random, layers: list[list[int]], place: int) -> list[int]:
    further = [chance.choice(layers[place - 2])] if place > 1 and chance.random() < 0.2 else []
    return [*chance.sample(layers[place - 1], 2), *further]


def _edges(chance: random.Random, revision: Revision, pair: tuple[int, int]) -> list[Edge]:
    found = []
    for column in range(10):
        how, kind = chance.choice(KINDS)
        target = f"c{column}" if kind == "direct" else ""
        ends = {"source_id": pair[0], "target_id": pair[1], "source_column": f"c{column}", "target_column": target}
        found.append(Edge(revision=revision, **ends, kind=kind, how=how))
    return found


if __name__ == "__main__":
    main()
