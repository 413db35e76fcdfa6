"""Templates, their revisions, which are append-only, and which of them a pipeline's revision was made from."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import pipelines_app.models.ordered

TABLE = "pipelines_app_templaterevision"
NAME = "template_revision_append_only"
POSTGRES = f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION loopline_append_only()"
SQLITE = f"""CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"""


def install(apps, editor):
    editor.execute(POSTGRES if editor.connection.vendor == "postgresql" else SQLITE)


def remove(apps, editor):
    editor.execute(f"DROP TRIGGER {NAME}" + (f" ON {TABLE}" if editor.connection.vendor == "postgresql" else ""))


class Migration(migrations.Migration):
    dependencies = [("pipelines_app", "0019_warehouse")]
    operations = [
        migrations.CreateModel(
            name="Template",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=63, unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "team",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="templates",
                        to="pipelines_app.team",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TemplateRevision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                (
                    "document",
                    pipelines_app.models.ordered.OrderedJSONField(help_text="The template as it was written."),
                ),
                ("digest", models.CharField(help_text="sha256 of the document in canonical form.", max_length=64)),
                ("why", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "author",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="revisions",
                        to="pipelines_app.template",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("template", "number"), name="template_revision_number_once"),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="template_revision_counts_from_one"
                    ),
                ]
            },
        ),
        migrations.AddField(
            model_name="template",
            name="current",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="pipelines_app.templaterevision",
            ),
        ),
        migrations.AddField(
            model_name="revision",
            name="made_from",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="made",
                to="pipelines_app.templaterevision",
            ),
        ),
        migrations.RunPython(install, remove),
    ]
