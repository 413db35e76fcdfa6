import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("pipelines_app", "0007_fair_queues")]

    operations = [
        migrations.CreateModel(
            name="Backfill",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.CharField(max_length=13)),
                ("last", models.CharField(max_length=13)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("missing", "Only what is missing"),
                            ("failed", "What is missing, and what failed last"),
                            ("all", "Everything again"),
                        ],
                        default="missing",
                        max_length=7,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("done", "Done"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="running",
                        max_length=9,
                    ),
                ),
                ("created_by", models.CharField(max_length=200)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "ended_at",
                    models.DateTimeField(help_text="When its last period was over, or it was cancelled.", null=True),
                ),
                (
                    "settled_at",
                    models.DateTimeField(help_text="When every reader of what it made was told.", null=True),
                ),
                (
                    "event",
                    models.ForeignKey(
                        help_text="What began it.",
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pipelines_app.event",
                    ),
                ),
                (
                    "pipeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backfills",
                        to="pipelines_app.pipeline",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="run",
            name="again_of",
            field=models.ForeignKey(
                db_index=False,
                help_text="The run it does again.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="again",
                to="pipelines_app.run",
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="again_from",
            field=models.CharField(
                blank=True,
                default="",
                help_text="From where: what failed, the start, or a dataset; empty for all of it, from what is current.",
                max_length=130,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="run",
            name="keeps_revision",
            field=models.BooleanField(
                default=False, help_text="It does the revision it was made with."
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="backfill",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="pipelines_app.backfill",
            ),
        ),
        migrations.CreateModel(
            name="BackfillPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period", models.CharField(max_length=13)),
                ("reason", models.CharField(max_length=200)),
                (
                    "backfill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="pipelines_app.backfill",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="backfill_periods",
                        to="pipelines_app.run",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("run", None)), fields=["backfill", "period"], name="backfill_next"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("backfill", "period"), name="backfill_period_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="BackfillEffect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "backfill",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="effects",
                        to="pipelines_app.backfill",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pipelines_app.event"
                    ),
                ),
                (
                    "pipeline",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="pipelines_app.pipeline"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="pipelines_app.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("backfill", "pipeline", "event"), name="backfill_effect_once"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="backfill",
            index=models.Index(condition=models.Q(("settled_at", None)), fields=["id"], name="backfill_unsettled"),
        ),
        migrations.AddConstraint(
            model_name="backfill",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["running", "paused", "done", "cancelled"])),
                name="backfill_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="backfill",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["missing", "failed", "all"])), name="backfill_mode_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="backfill",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["running", "paused"])),
                fields=("pipeline",),
                name="backfill_one_at_a_time",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("again_of__isnull", False)), fields=["again_of"], name="run_again_of"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(
                condition=models.Q(("backfill__isnull", False)),
                fields=["backfill", "state"],
                name="run_of_backfill",
            ),
        ),
        migrations.RemoveConstraint(model_name="run", name="run_queued_once_per_period"),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("again_from", ""), ("state", "queued")),
                fields=("pipeline", "environment", "period"),
                name="run_queued_once_per_period",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "queued"), models.Q(("again_from", ""), _negated=True)),
                fields=("again_of",),
                name="run_again_queued_once",
            ),
        ),
    ]
