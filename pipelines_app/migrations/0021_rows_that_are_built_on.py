"""What merges, histories, rows that are added once, and views are kept by."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0020_templates"),
    ]

    operations = [
        migrations.AddField(
            model_name="part",
            name="origin",
            field=models.CharField(
                blank=True,
                db_default="",
                help_text="What the rows were brought by, where they are added once.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="datasetversion",
            name="expands",
            field=models.JSONField(
                help_text="Of a view: its query, and the columns of what that reads.", null=True
            ),
        ),
        migrations.CreateModel(
            name="Increment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(blank=True, max_length=13)),
                (
                    "origin",
                    models.CharField(help_text="Its period, or a hash of what it was brought by.", max_length=64),
                ),
                ("engine", models.CharField(db_default="duckdb", default="duckdb", max_length=20)),
                (
                    "path",
                    models.CharField(
                        help_text="A file below the lake's root, or schema.table.", max_length=300, unique=True
                    ),
                ),
                ("columns", models.JSONField(help_text="The schema of its file: a list of {name, type}.")),
                ("rows", models.BigIntegerField()),
                ("bytes", models.BigIntegerField()),
                (
                    "dataset",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pipelines_app.dataset",
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pipelines_app.environment"
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="increments",
                        to="pipelines_app.datasetversion",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["dataset", "environment", "origin", "-id"], name="increment_newest")
                ],
            },
        ),
    ]
