"""Pages for registering a pipeline."""

from django.urls import URLPattern, path

from pipelines_app.web.registering import answers, opening

urlpatterns: list[URLPattern] = [
    path("register/", opening.new, name="pipeline-new"),
    path("register/yaml/", opening.new_yaml, name="pipeline-new-yaml"),
    path("register/<int:pk>/check-sql", answers.check_sql, name="draft-check-sql"),
    path("register/<int:pk>/schema", answers.schema, name="draft-schema"),
    path("register/<int:pk>/preview", answers.preview, name="draft-preview"),
    path("register/<int:pk>/graph", answers.graph, name="draft-graph"),
    path("register/<int:pk>/discard", opening.discard, name="draft-discard"),
    path("register/<int:pk>/<slug:page>/", opening.draft, name="draft"),
    path("pipelines/<slug:name>/edit/", opening.edit, name="pipeline-edit"),
]
