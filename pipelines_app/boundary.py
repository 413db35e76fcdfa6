"""The edge of a unit of work: the one place where whatever goes wrong is caught, so that the next unit has its turn."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

logger = logging.getLogger(__name__)


@dataclass
class Contained:
    """How the unit went; `error` is None while it goes, and after it went well."""

    error: Exception | None = None


@contextmanager
def contained(message: str, *, rising: tuple[type[Exception], ...] = (), **ids: object) -> Iterator[Contained]:
    """Do one unit of work: an error is logged under `message` with `ids`, and left for the caller to keep.

    Only for loops over units that know nothing of each other, and only where the error is then recorded or the unit is
    certain to come again. Errors of the kinds in `rising` are no fault of the unit, and go on to the caller.
    """
    unit = Contained()
    try:
        yield unit
    except rising:
        raise
    except Exception as error:
        logger.exception(message, extra=ids)
        unit.error = error
