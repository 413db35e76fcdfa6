"""Every address of the machine's API on one screen."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from pipelines_app.api import schema as _schema  # noqa: F401 its extension registers itself on import
from pipelines_app.api.views.access import DatasetAccessView, PipelineAccessView
from pipelines_app.api.views.arrivals import AllArrivalsViewSet, ArrivalViewSet
from pipelines_app.api.views.at_fault import ResultRowsView, SetAsideView
from pipelines_app.api.views.captured import VersionTestView
from pipelines_app.api.views.datasets import DatasetViewSet, VersionViewSet
from pipelines_app.api.views.definitions import ApplyView, ExportView, PipelineSchemaView, PlanView
from pipelines_app.api.views.drops import DropTakenViewSet, DropViewSet, PreviewView
from pipelines_app.api.views.environments import EnvironmentEngineView, EnvironmentsView
from pipelines_app.api.views.events import DeliveryViewSet, EventViewSet
from pipelines_app.api.views.knowledge import CheckViewSet
from pipelines_app.api.views.limits import LimitsView, LimitView
from pipelines_app.api.views.lineage import LineageImpactView
from pipelines_app.api.views.openlineage import (
    DbtView,
    ForeignRunViewSet,
    LineageBatchView,
    LineageDoor,
    OpenLineageView,
)
from pipelines_app.api.views.operations import (
    BackfillViewSet,
    BulkDeliveriesView,
    BulkPipelinesView,
    BulkRunsView,
    PipelineBackfillsView,
    RerunView,
)
from pipelines_app.api.views.people import MeView, TeamViewSet
from pipelines_app.api.views.pipelines import PipelineViewSet, RevisionViewSet
from pipelines_app.api.views.runs import RunEventViewSet, RunViewSet
from pipelines_app.api.views.slots import HabitViewSet, SlotViewSet
from pipelines_app.api.views.templates import MadeViewSet, TemplateRevisionViewSet, TemplateViewSet
from pipelines_app.api.views.webhooks import WebhookViewSet
from pipelines_app.api.views.why import EventWhyViewSet, RunWhyViewSet, VersionWhyViewSet, WaitingView


class DatasetName(StringConverter):
    """`layer.domain_entity` in an address."""

    regex = r"[A-Za-z0-9_]+\.[A-Za-z0-9_]+"


class Id(StringConverter):
    """An id that fits the database."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:  # type: ignore[override]
        return int(value)


register_converter(DatasetName, "dataset")


class Period(StringConverter):
    """The key of a period, or `-` for a dataset that has none."""

    regex = "[0-9T-]{1,13}"


register_converter(Id, "id")
register_converter(Period, "period")

app_name = "api"

urlpatterns = [
    path("me", MeView.as_view(), name="me"),
    path("teams", TeamViewSet.as_view({"get": "list", "post": "create"}), name="teams"),
    path("teams/<slug:name>", TeamViewSet.as_view({"put": "update"}), name="team"),
    path("plan", PlanView.as_view(), name="plan"),
    path("apply", ApplyView.as_view(), name="apply"),
    path("export", ExportView.as_view(), name="export"),
    path("pipeline.schema.json", PipelineSchemaView.as_view(), name="pipeline-schema"),
    path("pipelines", PipelineViewSet.as_view({"get": "list", "post": "create"}), name="pipelines"),
    path("pipelines/bulk", BulkPipelinesView.as_view(), name="pipelines-bulk"),
    path("pipelines/<slug:name>", PipelineViewSet.as_view({"get": "retrieve", "put": "update"}), name="pipeline"),
    path("pipelines/<slug:name>/backfills", PipelineBackfillsView.as_view(), name="pipeline-backfills"),
    path("backfills", BackfillViewSet.as_view({"get": "list"}), name="backfills"),
    path("backfills/<id:pk>", BackfillViewSet.as_view({"get": "retrieve"}), name="backfill"),
    path("backfills/<id:pk>/pause", BackfillViewSet.as_view({"post": "pause"}), name="backfill-pause"),
    path("backfills/<id:pk>/resume", BackfillViewSet.as_view({"post": "resume"}), name="backfill-resume"),
    path("backfills/<id:pk>/cancel", BackfillViewSet.as_view({"post": "cancel"}), name="backfill-cancel"),
    path("templates", TemplateViewSet.as_view({"get": "list", "post": "create"}), name="templates"),
    path("templates/<slug:name>", TemplateViewSet.as_view({"get": "retrieve", "put": "update"}), name="template"),
    path("templates/<slug:name>/expand", TemplateViewSet.as_view({"post": "expand"}), name="template-expand"),
    path("templates/<slug:name>/roll-out", MadeViewSet.as_view({"post": "roll_out"}), name="template-roll-out"),
    path(
        "templates/<slug:name>/pipelines",
        MadeViewSet.as_view({"get": "list", "post": "create"}),
        name="template-pipelines",
    ),
    path(
        "templates/<slug:name>/revisions", TemplateRevisionViewSet.as_view({"get": "list"}), name="template-revisions"
    ),
    path(
        "templates/<slug:name>/revisions/<id:number>",
        TemplateRevisionViewSet.as_view({"get": "retrieve"}),
        name="template-revision",
    ),
    path("runs/bulk", BulkRunsView.as_view(), name="runs-bulk"),
    path("runs/<id:pk>/rerun", RerunView.as_view(), name="run-rerun"),
    path("deliveries/bulk", BulkDeliveriesView.as_view({"post": "bulk"}), name="deliveries-bulk"),
    path("pipelines/<slug:name>/run", PipelineViewSet.as_view({"post": "run"}), name="pipeline-run"),
    path("pipelines/<slug:name>/pause", PipelineViewSet.as_view({"post": "pause"}), name="pipeline-pause"),
    path("pipelines/<slug:name>/resume", PipelineViewSet.as_view({"post": "resume"}), name="pipeline-resume"),
    path("pipelines/<slug:name>/access", PipelineAccessView.as_view(), name="pipeline-access"),
    path("pipelines/<slug:name>/waiting", WaitingView.as_view(), name="pipeline-waiting"),
    path("pipelines/<slug:name>/revisions", RevisionViewSet.as_view({"get": "list"}), name="revisions"),
    path("pipelines/<slug:name>/revisions/<id:number>", RevisionViewSet.as_view({"get": "retrieve"}), name="revision"),
    path("datasets", DatasetViewSet.as_view({"get": "list"}), name="datasets"),
    path("datasets/<dataset:name>", DatasetViewSet.as_view({"get": "retrieve"}), name="dataset"),
    path(
        "datasets/<dataset:name>/arrivals", ArrivalViewSet.as_view({"get": "list", "post": "create"}), name="arrivals"
    ),
    path("datasets/<dataset:name>/versions", VersionViewSet.as_view({"get": "list"}), name="versions"),
    path("datasets/<dataset:name>/rows", DatasetViewSet.as_view({"get": "rows"}), name="rows"),
    path("datasets/<dataset:name>/download", DatasetViewSet.as_view({"get": "download"}), name="download"),
    path("datasets/<dataset:name>/access", DatasetAccessView.as_view(), name="dataset-access"),
    path("arrivals", AllArrivalsViewSet.as_view({"get": "list"}), name="all-arrivals"),
    path("arrivals/<id:pk>", ArrivalViewSet.as_view({"get": "retrieve"}), name="arrival"),
    path("arrivals/<id:pk>/replay", ArrivalViewSet.as_view({"post": "replay"}), name="arrival-replay"),
    path("versions/<id:pk>/causes", VersionWhyViewSet.as_view({"get": "causes"}), name="version-causes"),
    path("versions/<id:pk>/effects", VersionWhyViewSet.as_view({"get": "effects"}), name="version-effects"),
    path("versions/<id:pk>/test", VersionTestView.as_view(), name="version-test"),
    path("versions/<id:pk>", VersionViewSet.as_view({"get": "retrieve"}), name="version"),
    path("slots", SlotViewSet.as_view({"get": "list", "post": "create"}), name="slots"),
    path("slots/<dataset:dataset>/<period:period>", SlotViewSet.as_view({"get": "retrieve"}), name="slot"),
    path("slots/<dataset:dataset>/<period:period>/why", SlotViewSet.as_view({"get": "why"}), name="slot-why"),
    path("habits", HabitViewSet.as_view({"get": "list"}), name="habits"),
    path("habits/<dataset:name>", HabitViewSet.as_view({"get": "retrieve"}), name="habit"),
    path("habits/<dataset:name>/accept", HabitViewSet.as_view({"post": "accept"}), name="habit-accept"),
    path("habits/<dataset:name>/dismiss", HabitViewSet.as_view({"post": "dismiss"}), name="habit-dismiss"),
    path("slots/<id:pk>/waive", SlotViewSet.as_view({"post": "waive"}), name="slot-waive"),
    path("runs", RunViewSet.as_view({"get": "list"}), name="runs"),
    path("runs/<id:pk>", RunViewSet.as_view({"get": "retrieve"}), name="run"),
    path("runs/<id:pk>/causes", RunWhyViewSet.as_view({"get": "causes"}), name="run-causes"),
    path("runs/<id:pk>/effects", RunWhyViewSet.as_view({"get": "effects"}), name="run-effects"),
    path("runs/<id:pk>/events", RunEventViewSet.as_view({"get": "list"}), name="run-events"),
    path("runs/<id:pk>/cancel", RunViewSet.as_view({"post": "cancel"}), name="run-cancel"),
    path("runs/<id:pk>/retry", RunViewSet.as_view({"post": "retry"}), name="run-retry"),
    path("events", EventViewSet.as_view({"get": "list"}), name="events"),
    path("events/<id:pk>/causes", EventWhyViewSet.as_view({"get": "causes"}), name="event-causes"),
    path("events/<id:pk>/effects", EventWhyViewSet.as_view({"get": "effects"}), name="event-effects"),
    path("events/<id:pk>", EventViewSet.as_view({"get": "retrieve"}), name="event"),
    path("deliveries", DeliveryViewSet.as_view({"get": "list"}), name="deliveries"),
    path("deliveries/<id:pk>/release", DeliveryViewSet.as_view({"post": "release"}), name="delivery-release"),
    path("webhooks", WebhookViewSet.as_view({"get": "list", "post": "create"}), name="webhooks"),
    path("webhooks/<id:pk>", WebhookViewSet.as_view({"get": "retrieve", "put": "update"}), name="webhook"),
    path("webhooks/<id:pk>/rotate", WebhookViewSet.as_view({"post": "rotate"}), name="webhook-rotate"),
    path("webhooks/<id:pk>/enable", WebhookViewSet.as_view({"post": "enable"}), name="webhook-enable"),
    path("webhooks/<id:pk>/disable", WebhookViewSet.as_view({"post": "disable"}), name="webhook-disable"),
    path("webhooks/<id:pk>/test", WebhookViewSet.as_view({"post": "test"}), name="webhook-test"),
    path("webhooks/<id:pk>/deliveries", WebhookViewSet.as_view({"get": "deliveries"}), name="webhook-deliveries"),
    path("checks", CheckViewSet.as_view({"get": "list"}), name="checks"),
    path("checks/results/<id:pk>/rows", ResultRowsView.as_view(), name="result-rows"),
    path("versions/<id:pk>/set-aside", SetAsideView.as_view(), name="version-set-aside"),
    path("checks/<id:pk>/mute", CheckViewSet.as_view({"post": "mute"}), name="check-mute"),
    path("checks/<id:pk>/unmute", CheckViewSet.as_view({"post": "unmute"}), name="check-unmute"),
    path("lineage", LineageDoor.as_view(), name="lineage"),
    path("lineage/batch", LineageBatchView.as_view(), name="lineage-batch"),
    path("lineage/dbt", DbtView.as_view(), name="lineage-dbt"),
    path("lineage/impact", LineageImpactView.as_view(), name="lineage-impact"),
    path("openlineage", OpenLineageView.as_view(), name="openlineage"),
    path("openlineage/runs", ForeignRunViewSet.as_view({"get": "list"}), name="openlineage-runs"),
    path("environments", EnvironmentsView.as_view(), name="environments"),
    path("environments/<slug:name>/engine", EnvironmentEngineView.as_view(), name="environment-engine"),
    path("limits", LimitsView.as_view(), name="limits"),
    path("limits/<slug:of>/<slug:name>", LimitView.as_view(), name="limit"),
    path("drops", DropViewSet.as_view({"get": "list"}), name="drops"),
    path("drops/<dataset:name>", DropViewSet.as_view({"get": "retrieve"}), name="drop"),
    path("drops/<dataset:name>/files", DropTakenViewSet.as_view({"get": "list"}), name="drop-files"),
    path("drops/<dataset:name>/look", DropViewSet.as_view({"post": "look"}), name="drop-look"),
    path("drops/<dataset:name>/keys", DropViewSet.as_view({"put": "give"}), name="drop-keys"),
    path("datasets/<dataset:name>/preview", PreviewView.as_view(), name="preview"),
]
