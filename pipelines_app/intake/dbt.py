"""A dbt project as another tool of ours: its tables, columns and tests, who owns them, and what is made from what.

Each model is told as an OpenLineage event of its job, so that it is kept, deduplicated and followed as all that other
tools tell; the edges between columns are read from its compiled SQL.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from pipelines_app import locks
from pipelines_app.compiler import edges
from pipelines_app.errors import ArrivalRefused, MessageInvalid
from pipelines_app.intake import manifests, openlineage, runevents, unfolding
from pipelines_app.intake.manifests import Manifest, Table
from pipelines_app.intake.runevents import StaticEvent
from pipelines_app.lineage import telling
from pipelines_app.lineage.telling import Job
from pipelines_app.models import ForeignJob, Team

MOST_BYTES = 64 << 20
MOST_TOLD = 50
PRODUCER = "https://docs.getdbt.com/reference/artifacts/manifest-json"
SPEC = "https://openlineage.io/spec"

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A table whose columns could not all be followed, and why."""

    table: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What came of a manifest: how much it holds, how many of its tables were told anew, and what could not be told."""

    namespace: str
    tables: int
    columns: int
    edges: int
    changed: int
    removed: int
    gaps: tuple[Gap, ...]


def read(body: bytes) -> Manifest:
    """The manifest in a body; raises MessageInvalid."""
    try:
        return manifests.read(unfolding.read(body))
    except ArrivalRefused as refusal:
        raise MessageInvalid(refusal.message, todo=refusal.todo) from refusal


@transaction.atomic
def record(manifest: Manifest, *, team: Team, sender: str, namespace: str = "") -> Imported:
    """Record what a manifest says: all of it or nothing, and the same again changes nothing. Raises MessageInvalid."""
    locks.hold(Team.objects.filter(pk=team.pk))  # two imports at once come one after the other
    space = namespace or f"dbt://{manifest.project}"[: manifests.LONGEST_NAME]
    project = _Project(manifest, space)
    told = [_event(project.event(table)) for table in manifest.tables]
    recorded = [openlineage.record(one, team=team, sender=sender, now=timezone.now()) for one in told]
    return Imported(
        namespace=space,
        tables=len(manifest.tables),
        columns=sum(len(project.columns[table.id]) for table in manifest.tables),
        edges=sum(len(one.edges) for one in told),
        changed=sum(not one.repeated for one in recorded),
        removed=_forget(team, space, told),
        gaps=tuple(project.gaps[:MOST_TOLD]),
    )


def _event(payload: Json) -> StaticEvent:
    event = runevents.event_of(payload)
    if not isinstance(event, StaticEvent):
        raise MessageInvalid("A model is no run.", todo="Send the file as dbt writes it.")
    return event


def _forget(team: Team, namespace: str, told: Iterable[StaticEvent]) -> int:
    """What the project makes no more is made from nothing from now on; says how much that is."""
    there = {one.job: one.at for one in told if one.job}
    moment = max(there.values(), default=None)
    jobs = ForeignJob.objects.filter(team=team, namespace=namespace).exclude(name__in=there)
    if moment is None:
        return 0
    gone = list(jobs.filter(last_at__lt=moment).order_by("name"))
    for job in gone:
        telling.tell(Job(team=team, namespace=namespace, name=job.name), at=moment, links=())
    return len(gone)


class _Project:
    """The tables of a project, each with the columns that are known of it: those it documents, or its SQL gives."""

    def __init__(self, manifest: Manifest, namespace: str) -> None:
        self._manifest = manifest
        self._namespace = namespace
        self._tables = {table.id: table for table in manifest.tables}
        self._named = {table.name.lower(): table.name for table in manifest.tables}
        self.gaps: list[Gap] = []
        self._followed: dict[str, Json] = {}
        self.columns: dict[str, dict[str, str]] = {}
        for table in _in_order(self._tables):
            self._follow(table)

    def event(self, table: Table) -> Json:
        """What OpenLineage says of a table: of a source that it is there, of all else what it is made from."""
        said: Json = {"eventTime": self._manifest.at, "producer": PRODUCER}
        dataset = self._dataset(table.name) | {"facets": self._facets(table)}
        if table.kind == "source":
            return {**said, "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/DatasetEvent", "dataset": dataset}
        job = {"namespace": self._namespace, "name": table.id, "facets": self._of_job(table)}
        return {
            **said,
            "schemaURL": f"{SPEC}/2-0-2/OpenLineage.json#/$defs/JobEvent",
            "job": job,
            "inputs": [self._dataset(self._tables[one].name) for one in table.reads if one in self._tables],
            "outputs": [dataset],
        }

    def _dataset(self, name: str) -> Json:
        return {"namespace": self._namespace, "name": name}

    def _facets(self, table: Table) -> Json:
        fields = [{"name": name, "type": kind} for name, kind in self.columns[table.id].items()]
        said: Json = {"schema": _facet("1-2-0/SchemaDatasetFacet", fields=fields)} if fields else {}
        if table.description:
            said["documentation"] = _facet("1-1-0/DocumentationDatasetFacet", description=table.description)
        if table.owner:
            owners = [{"name": table.owner, "type": "OWNER"}]
            said["ownership"] = _facet("1-0-1/OwnershipDatasetFacet", owners=owners)
        if table.tests:
            tests = [{"test": kind, "column": column} for kind, column in table.tests]
            said["dbt_tests"] = {"_producer": PRODUCER, "_schemaURL": PRODUCER, "tests": tests}
        if table.id in self._followed:
            said["columnLineage"] = self._followed[table.id]
        return said

    def _of_job(self, table: Table) -> Json:
        kind = _facet("2-0-3/JobTypeJobFacet", processingType="BATCH", integration="DBT", jobType=table.kind.upper())
        said: Json = {"jobType": kind}
        return said | ({"sql": _facet("1-1-0/SQLJobFacet", query=table.sql)} if table.sql else {})

    def _follow(self, table: Table) -> None:
        """Read a table's SQL over what is known of those it reads; its answer's columns are the table's."""
        documented = dict(table.columns)
        self.columns[table.id] = documented
        if not table.sql:
            return
        found = edges.answer(self._question(table))
        given = {target: "" for _, _, _, target, _, _ in found["columns"] if target != "*"}
        known = {name.lower(): kind for name, kind in documented.items()}
        self.columns[table.id] = {name: known.get(name.lower(), "") for name in sorted(given)} or documented
        reason = found["error"] or "; ".join(found["partial"][:3])
        if reason:
            self.gaps.append(Gap(table=table.name, reason=str(reason)[:500]))
        self._followed[table.id] = self._lineage(found)

    def _question(self, table: Table) -> Json:
        reads = [self._tables[one] for one in table.reads if one in self._tables]
        schema = {one.name: self.columns[one.id] for one in reads if self.columns.get(one.id)}
        return {"sql": table.sql, "sqlglot_dialect": self._manifest.dialect, "schema": schema}

    def _lineage(self, found: Mapping[str, Any]) -> Json:
        fields: dict[str, dict[tuple[str, str], Json]] = {}
        for source, column, _, target, kind, how in found["columns"]:
            if source.lower() in self._named and column and target != "*":
                self._add(fields.setdefault(target, {}), source, column, (kind, how))
        rows: dict[tuple[str, str], Json] = {}
        for source, column, how in found["dataset"]:
            if source.lower() in self._named and column:
                self._add(rows, source, column, ("INDIRECT", how))
        told = {name: {"inputFields": list(inputs.values())} for name, inputs in sorted(fields.items())}
        return _facet("1-2-0/ColumnLineageDatasetFacet", fields=told, dataset=list(rows.values()))

    def _add(self, into: dict[tuple[str, str], Json], source: str, column: str, way: tuple[str, str]) -> None:
        name = self._named[source.lower()]
        entry = into.setdefault((name, column), {**self._dataset(name), "field": column, "transformations": []})
        entry["transformations"].append({"type": way[0], "subtype": way[1], "masking": False})


def _in_order(tables: Mapping[str, Table]) -> list[Table]:
    """Tables after those that they read; what goes in circles comes as it comes."""
    done: dict[str, Table] = {}
    for start in tables:
        waiting = [(start, False)]
        begun: set[str] = set()
        while waiting:
            key, is_read = waiting.pop()
            if key in done or key not in tables or (key in begun and not is_read):
                continue
            if is_read:
                done[key] = tables[key]
            else:
                begun.add(key)
                waiting.append((key, True))
                waiting += [(one, False) for one in tables[key].reads]
    return list(done.values())


def _facet(schema: str, **said: object) -> Json:
    name = schema.partition("/")[2]
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{schema}.json#/$defs/{name}", **said}
