"""What revisions compiled to."""

from functools import lru_cache

from pipelines_app.compiler import codec
from pipelines_app.compiler.compiled import Compiled
from pipelines_app.models import Revision


@lru_cache(maxsize=256)
def compiled(revision: int) -> Compiled:
    """What a revision compiled to; a revision never changes, so it is kept in memory."""
    return codec.from_json(Revision.objects.values_list("compiled", flat=True).get(pk=revision))
