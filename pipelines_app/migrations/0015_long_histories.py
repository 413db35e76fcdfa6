"""Indexes by which lists and Today cost the same however long the history is."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0014_given_parameters"),
    ]

    operations = [
        migrations.AlterField(
            model_name="datasetversion",
            name="dataset",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="versions",
                to="pipelines_app.dataset",
            ),
        ),
        migrations.AddIndex(
            model_name="arrival",
            index=models.Index(
                condition=models.Q(("state__in", ["duplicate", "superseded", "quarantined", "failed"])),
                fields=["state", "-id"],
                name="arrival_by_state",
            ),
        ),
        migrations.AddIndex(
            model_name="datasetversion",
            index=models.Index(fields=["dataset", "-id"], name="version_of_dataset"),
        ),
        migrations.AddIndex(
            model_name="datasetversion",
            index=models.Index(
                condition=models.Q(("state", "quarantined")), fields=["dataset", "-id"], name="version_held"
            ),
        ),
        migrations.AddIndex(
            model_name="datasetversion",
            index=models.Index(
                condition=models.Q(("period", ""), _negated=True),
                fields=["dataset", "period", "id"],
                name="version_of_period",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(condition=models.Q(("disposition", "merged")), fields=["event"], name="delivery_merged"),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("disposition", "ignored")), fields=["event"], name="delivery_ignored"
            ),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("actor", ""), _negated=True), fields=["actor", "-id"], name="event_of_actor"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["created_at"], name="run_by_age"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(fields=["due_at"], name="slot_by_due"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("state__in", ("expected", "due", "late", "missing"))),
                fields=["dataset", "due_at"],
                name="slot_open",
            ),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("state", "consumed"), _negated=True), fields=["state", "-id"], name="slot_by_state"
            ),
        ),
    ]
