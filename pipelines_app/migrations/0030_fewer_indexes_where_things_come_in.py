"""Indexes that another one begins like go, and those of what is mostly NULL hold only what is not.

The indexes are dropped by themselves: to say it by the fields would have SQLite write the tables anew, and with the
table of events the trigger that keeps it append-only would go.
"""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

GONE = [
    ("pipelines_app_arrival", "dataset_id"),
    ("pipelines_app_arrival", "event_id"),
    ("pipelines_app_arrival", "replay_of_id"),
    ("pipelines_app_arrival", "run_id"),
    ("pipelines_app_delivery", "event_id"),
    ("pipelines_app_event", "cause_id"),
    ("pipelines_app_run", "pipeline_id"),
    ("pipelines_app_runinput", "run_id"),
    ("pipelines_app_steprun", "run_id"),
    ("pipelines_app_steprun", "version_id"),
    ("pipelines_app_webhookcall", "webhook_id"),
]


def drop(apps, schema_editor):
    connection = schema_editor.connection
    for table, column in GONE:
        with connection.cursor() as cursor:
            known = connection.introspection.get_constraints(cursor, table)
        for name, one in known.items():
            if one["index"] and one["columns"] == [column] and name.startswith(f"{table}_{column}_"):
                schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")


def make(apps, schema_editor):
    for table, column in GONE:
        name, on, what = map(schema_editor.quote_name, (f"{table}_{column}_again", table, column))
        schema_editor.execute(f"CREATE INDEX {name} ON {on} ({what})")


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0029_engine_spark"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(drop, make)],
            state_operations=[
                migrations.AlterField(
                    model_name='arrival',
                    name='dataset',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='arrivals', to='pipelines_app.dataset'),
                ),
                migrations.AlterField(
                    model_name='arrival',
                    name='event',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines_app.event'),
                ),
                migrations.AlterField(
                    model_name='arrival',
                    name='replay_of',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replays', to='pipelines_app.arrival'),
                ),
                migrations.AlterField(
                    model_name='arrival',
                    name='run',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='arrivals', to='pipelines_app.run'),
                ),
                migrations.AlterField(
                    model_name='delivery',
                    name='event',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='pipelines_app.event'),
                ),
                migrations.AlterField(
                    model_name='event',
                    name='cause',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='effects', to='pipelines_app.event'),
                ),
                migrations.AlterField(
                    model_name='run',
                    name='pipeline',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='runs', to='pipelines_app.pipeline'),
                ),
                migrations.AlterField(
                    model_name='runinput',
                    name='run',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='inputs', to='pipelines_app.run'),
                ),
                migrations.AlterField(
                    model_name='steprun',
                    name='run',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='pipelines_app.run'),
                ),
                migrations.AlterField(
                    model_name='steprun',
                    name='version',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines_app.datasetversion'),
                ),
                migrations.AlterField(
                    model_name='webhookcall',
                    name='webhook',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='calls', to='pipelines_app.webhook'),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name='arrival',
            index=models.Index(condition=models.Q(('run__isnull', False)), fields=['run'], name='arrival_of_run'),
        ),
        migrations.AddIndex(
            model_name='arrival',
            index=models.Index(condition=models.Q(('replay_of__isnull', False)), fields=['replay_of'], name='arrival_again'),
        ),
        migrations.AddIndex(
            model_name='arrival',
            index=models.Index(condition=models.Q(('event__isnull', False)), fields=['event'], name='arrival_of_event'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('cause__isnull', False)), fields=['cause'], name='event_effects'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(django.db.models.functions.text.Left('period', 7), models.OrderBy(models.F('id'), descending=True), name='run_by_month'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('state__in', ['warned', 'quarantined', 'failed', 'cancelled'])), fields=['pipeline', 'state', '-id'], name='run_of_pipeline_by_state'),
        ),
        migrations.AddIndex(
            model_name='steprun',
            index=models.Index(condition=models.Q(('version__isnull', False)), fields=['version'], name='step_of_version'),
        ),
    ]
