"""The definition of a pipeline as values: what the form, the API and YAML all become."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from pipelines_app.compiler.starters import Listening, Schedule
from pipelines_app.compiler.targets import USUAL_OBJECTIVE, Target, Window


class Format(StrEnum):
    CSV = "csv"
    TSV = "tsv"
    JSONL = "jsonl"
    PARQUET = "parquet"


class PeriodKind(StrEnum):
    """The unit by which a dataset arrives; keys are `2013-01-01T05`, `2013-01-01`, `2013-01` or the empty text."""

    NONE = "none"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Mode(StrEnum):
    """What an arrival does to the dataset: replace all of it, replace its period, or add to its period."""

    REPLACE = "replace"
    PARTITION = "partition"
    APPEND = "append"


class Materialisation(StrEnum):
    """How the rows of a query are kept: all anew, by period, as a query, by key, run after run, as history."""

    TABLE = "table"
    INCREMENTAL = "incremental"
    VIEW = "view"
    MERGE = "merge"
    APPEND = "append"
    SCD2 = "scd2"


WHOLE = frozenset({Materialisation.TABLE, Materialisation.VIEW})  # made anew from all that they read
PARTED = frozenset({Materialisation.INCREMENTAL, Materialisation.APPEND})  # readers see them by period
BUILT = frozenset({Materialisation.MERGE, Materialisation.SCD2})  # made of all the rows that their runs brought


class OnChange(StrEnum):
    """What becomes of the rows that are there when the columns of a step change: none said, as its kind has it."""

    USUAL = ""
    FAIL = "fail"
    ADD_COLUMNS = "add_columns"
    REBUILD = "rebuild"


class Deletes(StrEnum):
    """What a history does with a key that its newest rows do not hold."""

    KEEP = "keep"
    CLOSE = "close"


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What a merge or a history is kept by.

    `key` tells rows apart; `deleted` is the column of the query that says that a key is gone. A history begins a new
    row where one of `tracked` (none named: every other column) has changed, from the period on, or from what
    `effective` holds.
    """

    key: tuple[str, ...] = ()
    deleted: str = ""
    tracked: tuple[str, ...] = ()
    effective: str = ""
    valid_from: str = "valid_from"
    valid_to: str = "valid_to"
    is_current: str = "is_current"
    deletes: Deletes = Deletes.KEEP


NO_KEEPING = Keeping()


class Expecting(StrEnum):
    """How far the platform goes by itself with what it learns of a dataset; none said: as people set it there."""

    UNSAID = ""
    PROPOSE = "propose"
    ACCEPT = "accept"
    MANAGE = "manage"


class Severity(StrEnum):
    """What comes of a check that is broken: it is shown, somebody is told, the version is kept back."""

    INFO = "info"
    WARN = "warn"
    BLOCK = "block"


class StartWhen(StrEnum):
    ANY = "any"
    ALL = "all"
    AT_LEAST = "at_least"


class Then(StrEnum):
    """What happens at the latest moment with inputs still missing."""

    WAIT = "wait"
    PARTIAL = "partial"
    SKIP = "skip"


@dataclass(frozen=True, kw_only=True)
class Start:
    """When a pipeline starts: how many of which inputs it waits for (none named: all that it reads), and how long.

    The times of day are those of `timezone`, `days_after` days after the last day of the period.
    """

    when: StartWhen = StartWhen.ANY
    least: int = 0
    inputs: tuple[str, ...] = ()
    not_before: time | None = None
    at_latest: time | None = None
    then: Then = Then.WAIT
    days_after: int = 1
    timezone: str = ""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a dataset; `type` is DuckDB's spelling, for example `BIGINT` or `DECIMAL(18,2)`."""

    name: str
    type: str


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How many bad rows are set aside before the whole is refused: a count, or a share of the rows (0 to 1)."""

    count: int = 0
    share: float = 0.0

    def admits(self, bad: float, total: float) -> bool:
        return bad <= max(self.count, self.share * total)


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BUSINESS_DAYS = WEEKDAYS[:5]


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The days on which something is made: weekdays, less a place's public holidays, less the days in `but`."""

    country: str = ""
    subdivision: str = ""
    weekdays: tuple[str, ...] = BUSINESS_DAYS
    but: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ArrivalDeadline:
    """By when a period is expected: local time `by` in `timezone`, `days_after` days after the period's last day.

    With a calendar only its days are expected, and days after are counted in them. A `cron` line stands instead of `by`
    and `days_after`: each tick expects the period of the tick before (`behind` ticks before). `usually` is when it
    comes on a good day; it is late `grace` seconds after the deadline, and missing `missing_after` seconds after it.
    `first` and `last` bound the periods that are expected at all (inclusive, empty for open).
    """

    timezone: str
    by: time = time(0)
    days_after: int = 1
    first: str = ""
    last: str = ""
    cron: str = ""
    behind: int = 1
    calendar: Calendar | None = None
    usually: time | None = None
    grace: int = 0
    missing_after: int = 86_400


@dataclass(frozen=True, kw_only=True)
class Promise:
    """By when the data of a period are to be published in a dataset that the pipeline makes."""

    dataset: str
    deadline: ArrivalDeadline
    objective: float = USUAL_OBJECTIVE
    window: Window = Window.ROLLING


@dataclass(frozen=True, kw_only=True)
class CheckSpec:
    """A promise about a dataset: `kind` is a name of the catalogue, `columns` what it is about, `owner` an address."""

    name: str
    kind: str
    columns: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict)
    severity: Severity = Severity.BLOCK
    tolerance: Tolerance = Tolerance()
    where: str = ""
    owner: str = ""


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """A number of one's own about a dataset: what its query gives over the rows of a version, or of one period."""

    name: str
    sql: str


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A typed value bound into SQL as `$name`; `value` is what this pipeline uses, or the default."""

    name: str
    type: str
    value: object
    choices: tuple[object, ...] = ()
    minimum: object | None = None
    maximum: object | None = None
    pattern: str = ""
    max_length: int | None = None
    description: str = ""


class RetryOn(StrEnum):
    """Why an attempt came to nothing, where the same work may do better later without anybody changing it."""

    ENGINE = "engine"
    MEMORY = "memory"
    DISK = "disk"
    PLATFORM = "platform"
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How long one attempt may take, how many there are, and after which errors; none is the installation's own."""

    seconds: int | None = None
    attempts: int | None = None
    on: tuple[RetryOn, ...] = (RetryOn.ENGINE, RetryOn.MEMORY, RetryOn.DISK, RetryOn.PLATFORM)


class Whole(StrEnum):
    """How a dropped file shows that it is whole: by its name, by a marker beside it, or by not changing any more."""

    RENAME = "rename"
    DONE = "done"
    STABLE = "stable"


class Taken(StrEnum):
    """What becomes of a dropped file that was taken: moved into a folder beside it, or left and remembered."""

    MOVE = "move"
    REMEMBER = "remember"


@dataclass(frozen=True, kw_only=True)
class Drop:
    """A folder or bucket into which a source's files are dropped; `endpoint`: where a bucket is, if not at Amazon."""

    url: str
    pattern: str = "*"
    whole: Whole = Whole.RENAME
    stable_seconds: int = 10
    taken: Taken = Taken.MOVE
    endpoint: str = ""


@dataclass(frozen=True, kw_only=True)
class Payload:
    """Where in a JSON message a source's period, records, file name and parameters stand, as JSON pointers."""

    period: str = ""
    records: str = ""
    name: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Source:
    """A dataset that arrives from outside, and the contract its files are read by."""

    dataset: str
    format: Format
    columns: tuple[Column, ...]
    period: PeriodKind = PeriodKind.NONE
    file_pattern: str = ""
    mode: Mode = Mode.REPLACE
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    null: tuple[str, ...] = ("",)
    encoding: str = "utf-8"
    tolerance: Tolerance = Tolerance()
    arrival: ArrivalDeadline | None = None
    checks: tuple[CheckSpec, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    sensitive: tuple[str, ...] = ()
    expecting: Expecting = Expecting.UNSAID
    description: str = ""
    drop: Drop | None = None
    payload: Payload | None = None
    effort: Effort = Effort()


@dataclass(frozen=True, kw_only=True)
class StepTest:
    """What a step has to give for some rows of what it reads; rows are mappings or a CSV text, as they were written."""

    name: str
    given: Mapping[str, object]
    expect: object
    parameters: Mapping[str, object] = field(default_factory=dict)
    period: str = ""
    order: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One dataset made by one query; `by` is a longer period than its inputs have, `elsewhere` other engines' SQL.

    `native` names those engines whose SQL is in their own dialect; `dialect` is the one of `sql` itself.
    """

    dataset: str
    sql: str
    dialect: str = "duckdb"
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    native: tuple[str, ...] = ()
    materialise: Materialisation = Materialisation.TABLE
    by: PeriodKind = PeriodKind.NONE
    keeping: Keeping = Keeping()
    on_change: OnChange = OnChange.USUAL
    tests: tuple[StepTest, ...] = ()
    checks: tuple[CheckSpec, ...] = ()
    metrics: tuple[MetricSpec, ...] = ()
    expecting: Expecting = Expecting.UNSAID
    description: str = ""
    effort: Effort = Effort()


@dataclass(frozen=True, kw_only=True)
class Alerting:
    """Whom to tell: e-mail addresses beside the team's own, and whether the team's Slack channel hears too."""

    emails: tuple[str, ...] = ()
    slack: bool = True


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The revision of a template that a pipeline was made from, and the values it was given."""

    template: str
    revision: int
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A whole pipeline. Order of `steps` means nothing: the graph is derived from their SQL."""

    pipeline: str
    team: str
    description: str = ""
    parameters: tuple[Parameter, ...] = ()
    sources: tuple[Source, ...] = ()
    steps: tuple[Step, ...] = ()
    start: Start = Start()
    alerts: Alerting = Alerting()
    promises: tuple[Promise, ...] = ()
    targets: tuple[Target, ...] = ()
    concurrency: int = 1
    schedule: Schedule | None = None
    listens: tuple[Listening, ...] = ()
    origin: Origin | None = None
