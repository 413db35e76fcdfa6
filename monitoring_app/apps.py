from django.apps import AppConfig

from monitoring_app import facts as facts  # events of the watch can be read as soon as the app is there


class MonitoringConfig(AppConfig):
    name = "monitoring_app"
    verbose_name = "Monitoring"
    default_auto_field = "django.db.models.BigAutoField"
