"""What revisions compiled to."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from pipelines_app.compiler import codec, elsewhere, giving, rebinding
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.compiler.parameters import ValueRefused
from pipelines_app.errors import DefinitionInvalid
from pipelines_app.models import Revision


@lru_cache(maxsize=256)
def compiled(revision: int) -> Compiled:
    """What a revision compiled to; a revision never changes, so it is kept in memory."""
    return codec.from_json(Revision.objects.values_list("compiled", flat=True).get(pk=revision))


def compiled_with(revision: int, parameters: Mapping[str, object]) -> Compiled:
    """The same with the values that a message gave; raises ValueRefused or DefinitionInvalid where they do not fit."""
    return rebound(revision, giving.written(parameters)) if parameters else compiled(revision)


@lru_cache(maxsize=256)
def rebound(revision: int, written: str) -> Compiled:
    """What a revision compiles to with the parameters that are written so."""
    return rebinding.compiled_with(compiled(revision), json.loads(written))


def compiled_for(revision: int, parameters: Mapping[str, object], engine: Callable[[], str]) -> Compiled:
    """The same as an engine carries it out, which is asked for only where some step is written for one."""
    found = compiled_with(revision, parameters)
    if not elsewhere.engines(found.definition):
        return found
    return carried_out(revision, giving.written(parameters) if parameters else "", engine())


@lru_cache(maxsize=256)
def carried_out(revision: int, written: str, engine: str) -> Compiled:
    """What a revision compiles to with the parameters that are written so, as an engine carries it out."""
    return elsewhere.on(rebound(revision, written) if written else compiled(revision), engine)


def misfit(revision: int, parameters: Mapping[str, object]) -> str:
    """Why a revision cannot be run with these values; empty where it can."""
    try:
        compiled_with(revision, parameters)
    except (ValueRefused, DefinitionInvalid) as refused:
        return giving.text_of_fault(refused)
    return ""
