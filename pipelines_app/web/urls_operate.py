"""Pages for operating: pipelines, runs, events."""

from django.urls import URLPattern, path

from pipelines_app.web import (
    backfills,
    bulk,
    definitions,
    environments,
    events,
    limits,
    pipelines,
    rerunning,
    revisions,
    runs,
)

urlpatterns: list[URLPattern] = [
    path("pipelines/", pipelines.pipelines, name="pipelines"),
    path("definitions", definitions.definitions, name="definitions"),
    path("definitions.zip", definitions.export, name="definitions-export"),
    path("pipelines/bulk", bulk.pipelines, name="pipelines-bulk"),
    path("pipelines/<slug:name>/", pipelines.pipeline, name="pipeline"),
    path("pipelines/<slug:name>/backfill", backfills.new, name="backfill-new"),
    path("backfills/", backfills.backfills, name="backfills"),
    path("backfills/<int:pk>/", backfills.backfill, name="backfill"),
    path("backfills/<int:pk>/pause", backfills.pause, name="backfill-pause"),
    path("backfills/<int:pk>/resume", backfills.resume, name="backfill-resume"),
    path("backfills/<int:pk>/cancel", backfills.cancel, name="backfill-cancel"),
    path("pipelines/<slug:name>/run", pipelines.run_now, name="pipeline-run"),
    path("pipelines/<slug:name>/pause", pipelines.pause, name="pipeline-pause"),
    path("pipelines/<slug:name>/resume", pipelines.resume, name="pipeline-resume"),
    path("pipelines/<slug:name>/revisions/<int:number>/", revisions.revision, name="pipeline-revision"),
    path("pipelines/<slug:name>/compare/", revisions.compare, name="pipeline-compare"),
    path("runs/", runs.runs, name="runs"),
    path("runs/bulk", bulk.runs, name="runs-bulk"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/again", rerunning.again, name="run-again"),
    path("runs/<int:pk>/cancel", runs.cancel, name="run-cancel"),
    path("runs/<int:pk>/retry", runs.retry, name="run-retry"),
    path("environments", environments.environments, name="environments"),
    path("environments/<slug:name>/engine", environments.engine, name="environment-engine"),
    path("limits", limits.limits, name="limits"),
    path("limits/<slug:of>/<slug:name>", limits.change, name="limit"),
    path("events/", events.events, name="events"),
    path("events/<int:pk>/", events.event, name="event"),
    path("deliveries/<int:pk>/release", events.release, name="delivery-release"),
]
