"""The console's pages of the watch."""

from django.urls import path

from monitoring_app.web import alerts, behaving, channels, emissions, endpoints, fragments, health, slas, today

app_name = "monitoring"
urlpatterns = [
    path("", today.today, name="today"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<int:pk>/", alerts.alert, name="alert"),
    path("alerts/<int:pk>/acknowledge", alerts.acknowledge, name="alert-acknowledge"),
    path("alerts/<int:pk>/snooze", alerts.snooze, name="alert-snooze"),
    path("alerts/<int:pk>/resolve", alerts.resolve, name="alert-resolve"),
    path("alerts/of-run/<int:pk>", fragments.of_run, name="run-alerts"),
    path("alerts/of-dataset/<str:name>", fragments.of_dataset, name="dataset-alerts"),
    path("alerts/of-pipeline/<str:name>", fragments.of_pipeline, name="pipeline-alerts"),
    path("team/<slug:name>/channels", channels.channels, name="channels"),
    path("team/<slug:name>/channels/email", channels.add_email, name="channel-email"),
    path("team/<slug:name>/channels/slack", channels.add_slack, name="channel-slack"),
    path("team/<slug:name>/channels/bot", channels.add_bot, name="channel-bot"),
    path("team/<slug:name>/alerts", behaving.behaviour, name="behaviour"),
    path("team/<slug:name>/alerts/behave", behaving.behave, name="behave"),
    path("team/<slug:name>/alerts/maintain", behaving.maintain, name="maintain"),
    path("team/<slug:name>/alerts/route", behaving.add_route, name="route-add"),
    path("maintenance/<int:pk>/end", behaving.end_maintenance, name="maintenance-end"),
    path("routes/<int:pk>/remove", behaving.remove_route, name="route-remove"),
    path("channels/<int:pk>/quiet", behaving.hush, name="channel-quiet"),
    path("channels/<int:pk>/switch", channels.switch, name="channel-switch"),
    path("channels/<int:pk>/test", channels.test, name="channel-test"),
    path("webhooks/out/", endpoints.endpoints, name="endpoints"),
    path("webhooks/out/new", endpoints.create, name="endpoint-create"),
    path("webhooks/out/<int:pk>/", endpoints.endpoint, name="endpoint"),
    path("webhooks/out/<int:pk>/rotate", endpoints.rotate, name="endpoint-rotate"),
    path("webhooks/out/<int:pk>/switch", endpoints.switch, name="endpoint-switch"),
    path("webhooks/out/<int:pk>/test", endpoints.test, name="endpoint-test"),
    path("webhooks/out/<int:pk>/messages/<int:message>/again", endpoints.again, name="endpoint-again"),
    path("openlineage/out/", emissions.emissions, name="emissions"),
    path("openlineage/out/again", emissions.again, name="emissions-again"),
    path("slas/", slas.slas, name="slas"),
    path("slas/<int:pk>/", slas.sla, name="sla"),
    path("health/", health.health, name="health"),
]
