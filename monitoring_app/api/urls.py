"""Every address of the watch's API on one screen."""

from django.urls import path

from monitoring_app.api.views import AlertViewSet, HealthView, NotificationViewSet

app_name = "watch-api"

urlpatterns = [
    path("alerts", AlertViewSet.as_view({"get": "list"}), name="alerts"),
    path("alerts/<int:pk>", AlertViewSet.as_view({"get": "retrieve"}), name="alert"),
    path("alerts/<int:pk>/acknowledge", AlertViewSet.as_view({"post": "acknowledge"}), name="alert-acknowledge"),
    path("alerts/<int:pk>/snooze", AlertViewSet.as_view({"post": "snooze"}), name="alert-snooze"),
    path("alerts/<int:pk>/resolve", AlertViewSet.as_view({"post": "resolve"}), name="alert-resolve"),
    path("notifications", NotificationViewSet.as_view({"get": "list"}), name="notifications"),
    path("health", HealthView.as_view(), name="health"),
]
