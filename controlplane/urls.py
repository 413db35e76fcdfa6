"""Every door of the platform on one screen."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from controlplane import health, metrics
from pipelines_app.api import problems

urlpatterns = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("pipelines_app.api.urls")),
    path("api/v1/", include("monitoring_app.api.urls")),
    path("api/v1/<path:rest>", problems.nothing_here),
    path("hooks/", include("pipelines_app.api.hooks_urls")),
    path("", include("monitoring_app.web.urls")),
    path("", include("pipelines_app.web.urls")),
]
handler403 = "controlplane.health.forbidden"
handler404 = "controlplane.health.not_found"
handler500 = "controlplane.health.broken"
