"""Pages for registering a pipeline."""

from django.urls import URLPattern, path

from pipelines_app.web.registering import answers, opening
from pipelines_app.web.templating import many, pages, rolling_out

urlpatterns: list[URLPattern] = [
    path("templates/", pages.templates, name="templates"),
    path("templates/<slug:name>/", pages.template, name="template"),
    path("templates/<slug:name>/revisions/<int:number>/", pages.compare, name="template-revision"),
    path("templates/<slug:name>/use", pages.use, name="template-use"),
    path("templates/<slug:name>/many", many.many, name="template-many"),
    path("templates/<slug:name>/roll-out", rolling_out.roll_out, name="template-roll-out"),
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
