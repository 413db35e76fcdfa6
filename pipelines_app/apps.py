from pathlib import Path

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from pipelines_app import migrating
from pipelines_app.compiler import convention
from pipelines_app.errors import DefinitionInvalid


class PipelinesConfig(AppConfig):
    name = "pipelines_app"
    verbose_name = "Pipelines"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Read the naming convention; raises ImproperlyConfigured if there is something wrong with it."""
        migrating.watch(self)
        if settings.NAMING:
            try:
                convention.use(convention.read(Path(settings.NAMING).read_text(encoding="utf-8")))
            except (OSError, UnicodeDecodeError, DefinitionInvalid) as error:
                raise ImproperlyConfigured(f"LOOPLINE_NAMING, {settings.NAMING}: {error}") from error
