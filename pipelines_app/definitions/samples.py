"""Sample files of a draft: looked at, read by the contract as it is by now, and given to queries as relations."""

import hashlib
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.utils import timezone

from pipelines_app import lake
from pipelines_app.compiler import dumping, periods
from pipelines_app.compiler.definition import Format, PeriodKind, Source
from pipelines_app.engines.base import ColumnLook, Look, Relation, Wanted
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset

LOOK_SECONDS = 60.0
MOST_TOLD = 5


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A file that stands for those to come: where it is, what it was called, how it looked and how it was read."""

    place: str
    name: str
    bytes: int
    sha256: str
    look: dict[str, Any] = field(default_factory=dict)
    reading: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Read:
    """What became of a sample read by a contract: a Parquet file of the rows that fit, and the first that do not."""

    place: str
    rows: int
    rejected: int
    rejects: tuple[str, ...]
    contract: str

    @property
    def total(self) -> int:
        return self.rows + self.rejected


def keep(folder: str, place: str, *, name: str, size: int, sha256: str) -> Sample:
    """Take a received file over into a draft's folder."""
    new = f"{folder}/{uuid.uuid4().hex}"
    lake.path(folder).mkdir(parents=True, exist_ok=True)
    lake.path(place).replace(lake.path(new))
    return Sample(place=new, name=name[:300], bytes=size, sha256=sha256)


def drop(sample: Sample) -> None:
    """Remove a sample's file."""
    lake.path(sample.place).unlink(missing_ok=True)


def look(sample: Sample, format: Format, wanted: Wanted | None = None) -> Look:
    """A look at a sample; raises EngineError, in words, where it cannot be read at all, or not as it is wanted."""
    limits = lake.limits(LOOK_SECONDS)
    return lake.engine().look(lake.path(sample.place), format=format, name=sample.name, limits=limits, wanted=wanted)


def with_look(sample: Sample, found: Look) -> Sample:
    """The sample with what was seen of it, as it is stored."""
    return replace(sample, look=json.loads(json.dumps(asdict(found))))


def looked(sample: Sample) -> Look | None:
    """What was seen of a sample."""
    if not sample.look:
        return None
    columns = tuple(ColumnLook(**{**one, "examples": tuple(one["examples"])}) for one in sample.look["columns"])
    listed = {key: tuple(sample.look[key]) for key in ("null", "sample", "warnings")}
    return Look(**{**sample.look, **listed, "columns": columns, "format": Format(sample.look["format"])})


def read(sample: Sample, source: Source) -> Read:
    """Read a sample by a contract, once for each contract; raises EngineError."""
    contract = _contract(sample, source)
    if sample.reading.get("contract") == contract and lake.path(sample.reading["place"]).exists():
        return Read(**{**sample.reading, "rejects": tuple(sample.reading["rejects"])})
    place = f"{sample.place}-{contract[:16]}.parquet"
    files = {sample.name: lake.path(sample.place)}
    loaded = lake.engine().load(files, source, lake.path(place), lake.limits(LOOK_SECONDS))
    rejects = tuple(reject.message for reject in loaded.rejects[:MOST_TOLD])
    return Read(place=place, rows=loaded.written.rows, rejected=loaded.rejected, rejects=rejects, contract=contract)


def with_reading(sample: Sample, found: Read) -> Sample:
    """The sample with how it was read, as it is stored."""
    return replace(sample, reading=json.loads(json.dumps(asdict(found))))


def _contract(sample: Sample, source: Source) -> str:
    read_by = dumping.dump_source(replace(source, checks=(), description="", arrival=None))
    return hashlib.sha256(json.dumps([read_by, sample.sha256], sort_keys=True).encode()).hexdigest()


def period_of(sources: Collection[Source], samples: Mapping[str, Sample], kind: PeriodKind) -> str:
    """The period that a try is for: the one a sample's name carries, or the one that runs now."""
    for source in sources:
        sample = samples.get(source.dataset)
        if sample is not None and source.period == kind and source.file_pattern:
            key = periods.from_filename(source.file_pattern, sample.name, kind)
            if key:
                return key
    return periods.key_of(kind, timezone.now())


Current = Mapping[str, tuple[Relation, int]]


def relations(
    names: Collection[str],
    sources: Sequence[Source],
    samples: Mapping[str, Sample],
    *,
    known: Current | None = None,
) -> tuple[list[Relation], dict[str, int]]:
    """What queries read: samples by their contracts, else current versions, else columns alone; and their rows.

    `known` are current versions looked up before, for who asks about one step after another.
    """
    declared = {source.dataset: source for source in sources}
    found, rows = {}, {}
    for name in names:
        if name in samples and name in declared:
            reading = read(samples[name], declared[name])
            columns = declared[name].columns
            found[name] = Relation(name=name, columns=columns, files=(lake.path(reading.place),))
            rows[name] = reading.rows
    missing = [name for name in names if name not in found]
    there = current(missing) if known is None else known
    for name in missing:
        if name in there:
            found[name], rows[name] = there[name]
    for name in names:
        if name not in found and name in declared:
            found[name] = Relation(name=name, columns=declared[name].columns)
            rows[name] = 0
    return list(found.values()), rows


def current(names: Collection[str]) -> Current:
    """The datasets of these names as their readers see them now; without rows where nothing is published yet."""
    datasets = list(Dataset.objects.filter(name__in=names))
    versions = mapping.current(mapping.production(), datasets)
    found = {}
    for dataset in datasets:
        if dataset.pk in versions:
            content = mapping.content(versions[dataset.pk])
            found[dataset.name] = (content.relation, content.rows)
        else:
            found[dataset.name] = (Relation(name=dataset.name, columns=mapping.columns_of(dataset.columns)), 0)
    return found
