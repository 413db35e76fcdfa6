"""Pages for operating: pipelines, runs, events."""

from django.urls import URLPattern, path

from pipelines_app.web import events, pipelines, revisions, runs

urlpatterns: list[URLPattern] = [
    path("pipelines/", pipelines.pipelines, name="pipelines"),
    path("pipelines/<slug:name>/", pipelines.pipeline, name="pipeline"),
    path("pipelines/<slug:name>/run", pipelines.run_now, name="pipeline-run"),
    path("pipelines/<slug:name>/pause", pipelines.pause, name="pipeline-pause"),
    path("pipelines/<slug:name>/resume", pipelines.resume, name="pipeline-resume"),
    path("pipelines/<slug:name>/revisions/<int:number>/", revisions.revision, name="pipeline-revision"),
    path("pipelines/<slug:name>/compare/", revisions.compare, name="pipeline-compare"),
    path("runs/", runs.runs, name="runs"),
    path("runs/<int:pk>/", runs.run, name="run"),
    path("runs/<int:pk>/cancel", runs.cancel, name="run-cancel"),
    path("runs/<int:pk>/retry", runs.retry, name="run-retry"),
    path("events/", events.events, name="events"),
    path("events/<int:pk>/", events.event, name="event"),
    path("deliveries/<int:pk>/release", events.release, name="delivery-release"),
]
