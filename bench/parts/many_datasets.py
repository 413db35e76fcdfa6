"""Run inside an installation's environment: register pipelines of two datasets each, with a deadline and promises."""

import sys

import django

django.setup()

from bench.sites import tiny  # noqa: E402 only now
from controlplane import preparing  # noqa: E402
from pipelines_app.definitions import register  # noqa: E402
from pipelines_app.definitions.register import Author  # noqa: E402
from pipelines_app.models import Dataset  # noqa: E402


def main() -> None:
    author = Author(actor="platform", user=None, teams=frozenset({preparing.TEAM}))
    for number in range(int(sys.argv[1])):
        name = f"quiet{number}"
        register.register(_watched(name), author=author)
    print(Dataset.objects.count())


def _watched(name: str) -> dict[str, object]:
    """A pipeline with a file expected by the end of each day, and two promises to readers."""
    document = tiny(name, [{"not_null": "id"}])
    sources = document["sources"]
    if isinstance(sources, dict):
        sources[f"raw.bench_{name}"]["arrival"] = {"by": "23:59", "timezone": "UTC"}
    promises = [{"freshness": {"dataset": f"mart.bench_{name}", "within": "24h"}}, {"duration": {"under": "10m"}}]
    return {**document, "sla": promises}


if __name__ == "__main__":
    main()
