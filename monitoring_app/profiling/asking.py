"""What is asked of a relation, and under which names the answers come back, whatever engine is asked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from monitoring_app.profiling.profile import Metric, Pair
from pipelines_app.compiler import types
from pipelines_app.compiler.definition import Column

QUANTILES: Mapping[Metric, float] = {
    Metric.Q01: 0.01,
    Metric.Q05: 0.05,
    Metric.Q25: 0.25,
    Metric.MEDIAN: 0.5,
    Metric.Q75: 0.75,
    Metric.Q95: 0.95,
    Metric.Q99: 0.99,
}
ROW_PLACE = -1  # where the hashes of whole rows are told, among those of the columns
TOP = 60
PATTERNS = 30
SKETCHED = 512
HASHES = 1 << 48
LONGEST_SHOWN = 200
GREATEST = 1e140  # beyond it the square of a number is no number any more
WHOLE_BELOW = 1 << 14  # so many rows are looked at one by one; of more, a sample by the hash of the row
LARGE_FROM = (
    32  # rows behind each that is looked at: from there on, above 262,144 rows, by the query for large relations
)
LEAST_KEPT = 2048  # hashes of a column, each row's with its own, of which those of a large relation are sketched
LEAST_ROWS = 8192  # hashes of rows, by which those that repeat others are counted in a large relation


class Family(StrEnum):
    """What can be asked of a column."""

    NUMBER = "number"
    TEXT = "text"
    MOMENT = "moment"
    OTHER = "other"


def family(type_: str) -> Family:
    """What a column of a type is asked for; whatever is not known is asked for its nulls and its values."""
    spelled = types.normalise(type_)
    if types.is_number(spelled) or spelled == "BOOLEAN":
        return Family.NUMBER
    if spelled in types.MOMENTS:
        return Family.MOMENT
    return Family.TEXT if spelled == "VARCHAR" else Family.OTHER


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A relation to be profiled, batch by batch.

    `begins` and `ends` name columns of the relation that hold the moments between which a row's batch lies, `batch`
    the one that holds its period; the empty text where there is none. `raws` names, for columns that were read from
    text, the column that holds the text. `one_in` is how many rows stand behind each that is looked at in detail.
    """

    columns: Sequence[Column]
    batch: str = ""
    begins: str = ""
    ends: str = ""
    raws: Mapping[str, str] = field(default_factory=dict)
    pairs: Sequence[Pair] = ()
    one_in: int = 1

    @property
    def is_large(self) -> bool:
        """Whether the rows are so many that only what one number tells is asked of each of them."""
        return self.one_in >= LARGE_FROM and bool(self.columns) and not self.batch and not self.raws


def one_in(rows: int) -> int:
    """How many rows stand behind each that is looked at in detail: a power of two, so that samples hold each other."""
    step = 1
    while rows > step * WHOLE_BELOW:
        step *= 2
    return step


def answer(place: int, key: str) -> str:
    """The name under which a number of the column at a place comes back."""
    return f"c{place}_{key}"


def pair_answer(place: int) -> str:
    return f"p{place}"
