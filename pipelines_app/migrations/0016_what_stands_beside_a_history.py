"""Indexes of a period: what was recorded of it, what is held back of it, and how large what readers see is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0015_engine_limit_of_environments"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="datasetversion",
            name="version_of_period",
        ),
        migrations.RemoveIndex(
            model_name="part",
            name="part_current",
        ),
        migrations.AddIndex(
            model_name="datasetversion",
            index=models.Index(fields=["dataset", "period", "-id"], name="version_of_period"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("period", ""), _negated=True),
                fields=["dataset", "period", "-id"],
                name="event_of_period",
            ),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(
                condition=models.Q(("since__isnull", False), ("until", None)),
                fields=["dataset", "environment", "period", "bytes"],
                name="part_current",
            ),
        ),
    ]
