"""Every address of the watch's API on one screen."""

from django.urls import path

from monitoring_app.api.anomalies import AnomalyViewSet, JudgementViewSet, SensitivityView
from monitoring_app.api.behaving import MaintenanceViewSet, PolicyView, QuietView, RouteViewSet
from monitoring_app.api.channels import ChannelViewSet
from monitoring_app.api.endpoints import EndpointMessageViewSet, EndpointViewSet
from monitoring_app.api.expectations import ExpectationViewSet, OutlookView
from monitoring_app.api.loop import AlertWordsViewSet, LoopView, PostMortemView, ReportView
from monitoring_app.api.profiles import ProfileViewSet
from monitoring_app.api.slas import SlaResultViewSet, SlaViewSet
from monitoring_app.api.views import AlertViewSet, HealthView, NotificationViewSet

app_name = "watch-api"

urlpatterns = [
    path("alerts", AlertViewSet.as_view({"get": "list"}), name="alerts"),
    path("alerts/loop", LoopView.as_view(), name="loop"),
    path("alerts/report", ReportView.as_view(), name="report"),
    path("alerts/<int:pk>/note", AlertWordsViewSet.as_view({"post": "note"}), name="alert-note"),
    path("alerts/<int:pk>/verdict", AlertWordsViewSet.as_view({"post": "judge"}), name="alert-verdict"),
    path("alerts/<int:pk>/post-mortem", PostMortemView.as_view(), name="alert-post-mortem"),
    path("alerts/<int:pk>", AlertViewSet.as_view({"get": "retrieve"}), name="alert"),
    path("alerts/<int:pk>/acknowledge", AlertViewSet.as_view({"post": "acknowledge"}), name="alert-acknowledge"),
    path("alerts/<int:pk>/snooze", AlertViewSet.as_view({"post": "snooze"}), name="alert-snooze"),
    path("alerts/<int:pk>/resolve", AlertViewSet.as_view({"post": "resolve"}), name="alert-resolve"),
    path("alerts/<int:pk>/label", AlertViewSet.as_view({"post": "label"}), name="alert-label"),
    path("anomalies", AnomalyViewSet.as_view({"get": "list"}), name="anomalies"),
    path("anomalies/<int:pk>", AnomalyViewSet.as_view({"get": "retrieve"}), name="anomaly"),
    path("anomalies/<int:pk>/label", AnomalyViewSet.as_view({"post": "label"}), name="anomaly-label"),
    path("datasets/<dataset:name>/judgements", JudgementViewSet.as_view({"get": "list"}), name="judgements"),
    path("datasets/<dataset:name>/sensitivity", SensitivityView.as_view(), name="sensitivity"),
    path("channels", ChannelViewSet.as_view({"get": "list", "post": "create"}), name="channels"),
    path("channels/<int:pk>/enable", ChannelViewSet.as_view({"post": "enable"}), name="channel-enable"),
    path("channels/<int:pk>/disable", ChannelViewSet.as_view({"post": "disable"}), name="channel-disable"),
    path("channels/<int:pk>/test", ChannelViewSet.as_view({"post": "test"}), name="channel-test"),
    path("channels/<int:pk>/quiet", QuietView.as_view(), name="channel-quiet"),
    path("alert-policies/<slug:name>", PolicyView.as_view(), name="alert-policy"),
    path("maintenance", MaintenanceViewSet.as_view({"get": "list", "post": "create"}), name="maintenance"),
    path("maintenance/<int:pk>/end", MaintenanceViewSet.as_view({"post": "end"}), name="maintenance-end"),
    path("routes", RouteViewSet.as_view({"get": "list", "post": "create"}), name="routes"),
    path("routes/<int:pk>/remove", RouteViewSet.as_view({"post": "remove"}), name="route-remove"),
    path("endpoints", EndpointViewSet.as_view({"get": "list", "post": "create"}), name="endpoints"),
    path("endpoints/<int:pk>", EndpointViewSet.as_view({"get": "retrieve", "put": "update"}), name="endpoint"),
    path("endpoints/<int:pk>/rotate", EndpointViewSet.as_view({"post": "rotate"}), name="endpoint-rotate"),
    path("endpoints/<int:pk>/enable", EndpointViewSet.as_view({"post": "enable"}), name="endpoint-enable"),
    path("endpoints/<int:pk>/disable", EndpointViewSet.as_view({"post": "disable"}), name="endpoint-disable"),
    path("endpoints/<int:pk>/test", EndpointViewSet.as_view({"post": "test"}), name="endpoint-test"),
    path("endpoints/<int:pk>/messages", EndpointMessageViewSet.as_view({"get": "list"}), name="endpoint-messages"),
    path(
        "endpoints/<int:pk>/messages/<int:message>/again",
        EndpointMessageViewSet.as_view({"post": "again"}),
        name="endpoint-message-again",
    ),
    path("datasets/<dataset:name>/profile", ProfileViewSet.as_view({"get": "retrieve"}), name="profile"),
    path("datasets/<dataset:name>/profiles", ProfileViewSet.as_view({"get": "list"}), name="profiles"),
    path("datasets/<dataset:name>/profiles/series", ProfileViewSet.as_view({"get": "series"}), name="profile-series"),
    path(
        "datasets/<dataset:name>/profiles/compare", ProfileViewSet.as_view({"get": "compare"}), name="profile-compare"
    ),
    path(
        "datasets/<dataset:name>/profiles/<int:pk>/again",
        ProfileViewSet.as_view({"post": "again"}),
        name="profile-again",
    ),
    path("datasets/<dataset:name>/expectations", ExpectationViewSet.as_view({"get": "list"}), name="expectations"),
    path("datasets/<dataset:name>/expectations/policy", OutlookView.as_view(), name="expectations-policy"),
    path(
        "datasets/<dataset:name>/expectations/look",
        ExpectationViewSet.as_view({"post": "look"}),
        name="expectations-look",
    ),
    path(
        "datasets/<dataset:name>/expectations/checks",
        ExpectationViewSet.as_view({"get": "checks"}),
        name="expectations-checks",
    ),
    path(
        "datasets/<dataset:name>/expectations/<int:pk>",
        ExpectationViewSet.as_view({"get": "retrieve"}),
        name="expectation",
    ),
    path(
        "datasets/<dataset:name>/expectations/<int:pk>/trial",
        ExpectationViewSet.as_view({"get": "trial"}),
        name="expectation-trial",
    ),
    *(
        path(
            f"datasets/<dataset:name>/expectations/<int:pk>/{command}",
            ExpectationViewSet.as_view({"post": command}),
            name=f"expectation-{command}",
        )
        for command in ("accept", "edit", "retire", "label")
    ),
    path("notifications", NotificationViewSet.as_view({"get": "list"}), name="notifications"),
    path("slas", SlaViewSet.as_view({"get": "list"}), name="slas"),
    path("slas/<int:pk>", SlaViewSet.as_view({"get": "retrieve"}), name="sla"),
    path("slas/<int:pk>/results", SlaResultViewSet.as_view({"get": "list"}), name="sla-results"),
    path("health", HealthView.as_view(), name="health"),
]
