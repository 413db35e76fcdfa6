"""Accepted expectations as the `checks:` of a definition."""

from collections.abc import Iterable

import yaml

from monitoring_app.expectations import deciding
from monitoring_app.learning import promise_checks
from monitoring_app.models import Expectation


def entries(expectations: Iterable[Expectation]) -> list[dict[str, object]]:
    """The checks that say the same, in the order of the expectations."""
    return [entry for one in expectations for entry in _entries(one)]


def _entries(one: Expectation) -> list[promise_checks.Entry]:
    return promise_checks.entries(deciding.promise_of(one), one.severity, one.dataset.name)


def lines(expectations: Iterable[Expectation]) -> str:
    """YAML to put below a source or a step; what only the watch can keep is told in a comment."""
    found = list(expectations)
    told = entries(found)
    kept = [one for one in found if not _entries(one)]
    text = yaml.safe_dump({"checks": told}, sort_keys=False, allow_unicode=True, width=110) if told else ""
    return text + "".join(f"# kept by the watch alone: {' '.join(one.sentence.split())}\n" for one in kept)
