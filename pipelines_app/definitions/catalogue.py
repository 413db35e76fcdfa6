"""What is registered, as a definition meets it: read once, however many definitions are looked at."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from pipelines_app.compiler.compiled import Compiled, Known
from pipelines_app.compiler.definition import PeriodKind
from pipelines_app.environments import mapping
from pipelines_app.models import Dataset, EngineName, Environment, Pipeline, Team, Trigger, TriggerKind


@dataclass(frozen=True, kw_only=True)
class Row:
    """One dataset: the team that owns it, the pipeline that makes it if one does, and who may read it."""

    team: str
    pipeline: str
    restricted: bool
    known: Known
    sensitive: tuple[str, ...] = ()

    def known_to(self, team: str) -> Known:
        """What a team may read of it: sensitive columns are its own team's alone."""
        if team == self.team or not self.sensitive:
            return self.known
        return replace(self.known, columns=tuple(one for one in self.known.columns if one.name not in self.sensitive))


@dataclass(kw_only=True)
class Catalogue:
    """The teams, the datasets by name, what starts each pipeline, and the pipelines that were asked for."""

    teams: dict[str, Team]
    rows: dict[str, Row]
    pipelines: dict[str, Pipeline] = field(default_factory=dict)
    engine: str = EngineName.DUCKDB
    _by_team: dict[str, dict[str, Known]] = field(default_factory=dict)

    @cached_property
    def makers(self) -> dict[str, str]:
        """The pipeline that makes each dataset."""
        return {name: row.pipeline for name, row in self.rows.items() if row.pipeline}

    @cached_property
    def feeds(self) -> dict[str, set[str]]:
        """For each pipeline, the datasets that start it; read when a circle is looked for."""
        found: dict[str, set[str]] = {}
        started = Trigger.objects.filter(kind=TriggerKind.DATASET, dataset__isnull=False)
        for reader, dataset in started.values_list("pipeline__name", "dataset__name"):
            found.setdefault(reader, set()).add(dataset)
        return found

    def known_to(self, team: str, *, but: str = "") -> dict[str, Known]:
        """The datasets a team may read, without those made by the pipeline that is being written."""
        if team not in self._by_team:
            rows = self.rows.items()
            self._by_team[team] = {
                name: row.known_to(team) for name, row in rows if row.team == team or not row.restricted
            }
        readable = self._by_team[team]
        own = self._made_by(but)
        return {name: known for name, known in readable.items() if name not in own} if own else dict(readable)

    def _made_by(self, pipeline: str) -> set[str]:
        return self._own.get(pipeline, set()) if pipeline else set()

    @cached_property
    def _own(self) -> dict[str, set[str]]:
        own: dict[str, set[str]] = {}
        for name, maker in self.makers.items():
            own.setdefault(maker, set()).add(name)
        return own

    def note(self, compiled: Compiled) -> None:
        """Know of a definition that was just registered."""
        definition = compiled.definition
        name = definition.pipeline
        for dataset in self._made_by(name) - {step.dataset for step in compiled.steps}:
            row = self.rows[dataset]
            self.rows[dataset] = replace(row, pipeline="")
            self.makers.pop(dataset, None)
        self._own[name] = {step.dataset for step in compiled.steps}
        for step in compiled.steps:
            before = self.rows.get(step.dataset)
            self.rows[step.dataset] = Row(
                team=definition.team,
                pipeline=name,
                restricted=before is not None and before.restricted,
                known=Known(columns=step.columns, period=step.shown_by),
                sensitive=step.source.sensitive if step.source else before.sensitive if before else (),
            )
            self.makers[step.dataset] = name
        self.feeds[name] = set(compiled.external)
        self._by_team.clear()


def read(pipelines: Iterable[str]) -> Catalogue:
    """The catalogue as it is now, with these pipelines as far as they exist."""
    asked = Pipeline.objects.filter(name__in=list(pipelines)).select_related("team", "current")
    return Catalogue(
        teams={team.name: team for team in Team.objects.all()},
        rows=_rows(),
        pipelines={one.name: one for one in asked.defer("current__compiled", "current__document")},
        engine=engine_of_production(),
    )


def engine_of_production() -> str:
    """The engine that everything registered is to run on; DuckDB until somebody says otherwise."""
    found = Environment.objects.filter(name=mapping.PRODUCTION).values_list("engine", flat=True).first()
    return found or EngineName.DUCKDB


def _rows() -> dict[str, Row]:
    told = Dataset.objects.values_list(
        "name", "team__name", "pipeline__name", "restricted", "columns", "period_kind", "sensitive"
    )
    return {
        name: Row(
            team=team,
            pipeline=pipeline or "",
            restricted=restricted,
            known=Known(columns=mapping.columns_of(columns), period=PeriodKind(kind)),
            sensitive=tuple(sensitive),
        )
        for name, team, pipeline, restricted, columns, kind, sensitive in told
    }
