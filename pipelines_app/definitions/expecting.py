"""What a definition says of the promises that are learned of its datasets: read from it, and written into it."""

import copy
from collections.abc import Mapping

from pipelines_app.compiler.definition import Definition, Expecting, Source, Step
from pipelines_app.definitions import register
from pipelines_app.definitions.authors import Author
from pipelines_app.errors import IllegalMove
from pipelines_app.models import Dataset, Pipeline

KEY = "expectations"
Entry = dict[str, object]


def of(definition: Definition) -> dict[str, Expecting]:
    """What is said of each dataset that anything is said of."""
    made: list[Source | Step] = [*definition.sources, *definition.steps]
    return {one.dataset: one.expecting for one in made if one.expecting}


def pipeline_of(dataset: Dataset) -> Pipeline | None:
    """The pipeline in whose definition it can be said."""
    pipeline = dataset.pipeline
    if pipeline is None or pipeline.current is None:
        return None
    return pipeline if _entry(pipeline.current.document, dataset.name) is not None else None


def say(dataset: Dataset, pipeline: Pipeline, wanted: Expecting, *, author: Author) -> Expecting:
    """Have the definition say it, in a new revision unless it does already; what it says then, if anything.

    What is usual is left out. Raises IllegalMove where a template says something else, and what registering raises.
    """
    current = pipeline.in_force
    document = copy.deepcopy(dict(current.document))
    entry = _entry(document, dataset.name) or {}
    said = Expecting(str(entry.get(KEY, "")))
    if wanted is (said or Expecting.PROPOSE):
        return said
    if "template" in document:
        if said:
            raise IllegalMove(
                f"The template of {pipeline.name} says that it is to {said}.", todo="Change it in the template."
            )
        return Expecting.UNSAID
    entry.pop(KEY, None)
    said = Expecting.UNSAID if wanted is Expecting.PROPOSE else wanted
    if said:
        entry[KEY] = str(said)
    why = f"{dataset.name}: what is learned is to be treated as {wanted}"
    register.register(document, author=author, why=why, onto=current.number)
    return said


def _entry(document: Mapping[str, object], name: str) -> Entry | None:
    """What a document says of one dataset that it makes; changing it changes the document."""
    sources, steps = document.get("sources"), document.get("steps")
    if isinstance(sources, dict) and isinstance(sources.get(name), dict):
        found: Entry = sources[name]
        return found
    made = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    return next((step for step in made if step.get("dataset") == name), None)
