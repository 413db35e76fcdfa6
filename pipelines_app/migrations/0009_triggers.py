"""What starts pipelines from outside: drop folders, clocks, and the runs of other tools."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines_app', '0008_reruns_and_backfills'),
    ]

    operations = [
        migrations.CreateModel(
            name='Clock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cron', models.CharField(max_length=200)),
                ('timezone', models.CharField(max_length=64)),
                ('next_tick', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DropSeen',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=255)),
                ('mark', models.CharField(max_length=200)),
                ('since', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='DropSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.CharField(max_length=500)),
                ('endpoint', models.CharField(blank=True, max_length=500)),
                ('credentials', models.TextField(blank=True, help_text='Encrypted; only ever written.')),
                ('state', models.CharField(choices=[('new', 'Not looked at yet'), ('open', 'Open'), ('failing', 'Failing')], default='new', max_length=7)),
                ('next_look', models.DateTimeField(default=django.utils.timezone.now)),
                ('looked_at', models.DateTimeField(null=True)),
                ('unfinished', models.PositiveIntegerField(default=0, help_text='Files that are not whole yet.')),
                ('behind', models.PositiveIntegerField(default=0, help_text='Files left for the next look.')),
                ('error', models.CharField(blank=True, max_length=500)),
                ('todo', models.CharField(blank=True, max_length=500)),
                ('failing_since', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DropTaken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=255)),
                ('mark', models.CharField(help_text='Its size, time of change and etag: another file has another.', max_length=200)),
                ('refused', models.CharField(blank=True, help_text='Why it was not taken in.', max_length=500)),
                ('moved', models.BooleanField(default=False)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='ForeignDataset',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('namespace', models.CharField(max_length=255)),
                ('name', models.CharField(max_length=255)),
                ('columns', models.JSONField(default=list, help_text='A list of {name, type}.')),
                ('completed_at', models.DateTimeField(help_text='When a run that writes it ended well, last.', null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ForeignEdge',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='ForeignRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run_id', models.UUIDField()),
                ('namespace', models.CharField(max_length=255)),
                ('job', models.CharField(max_length=255)),
                ('producer', models.CharField(blank=True, max_length=500)),
                ('state', models.CharField(choices=[('start', 'Running'), ('running', 'Running'), ('complete', 'Succeeded'), ('abort', 'Cancelled'), ('fail', 'Failed'), ('other', 'Told')], max_length=8)),
                ('began_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('told_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sender', models.CharField(max_length=200)),
                ('error', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='ForeignTold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=8)),
                ('at', models.DateTimeField()),
                ('started', models.PositiveIntegerField(default=0, help_text='For how many pipelines it was an event.')),
            ],
        ),
        migrations.CreateModel(
            name='Listener',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('namespace', models.CharField(max_length=255)),
                ('dataset', models.CharField(max_length=255)),
                ('pointer', models.CharField(help_text='Where in the event its period stands.', max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name='Tick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='arrival',
            name='arrival_door_known',
        ),
        migrations.AlterField(
            model_name='arrival',
            name='door',
            field=models.CharField(choices=[('form', 'uploaded in the console'), ('api', 'uploaded through the API'), ('webhook', 'sent to a webhook'), ('drop', 'dropped into a folder or bucket')], max_length=7),
        ),
        migrations.AddConstraint(
            model_name='arrival',
            constraint=models.CheckConstraint(condition=models.Q(('door__in', ['form', 'api', 'webhook', 'drop'])), name='arrival_door_known'),
        ),
        migrations.AddField(
            model_name='clock',
            name='pipeline',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='clock', to='pipelines_app.pipeline'),
        ),
        migrations.AddField(
            model_name='dropsource',
            name='dataset',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='drop', to='pipelines_app.dataset'),
        ),
        migrations.AddField(
            model_name='dropseen',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='seen', to='pipelines_app.dropsource'),
        ),
        migrations.AddField(
            model_name='droptaken',
            name='arrival',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines_app.arrival'),
        ),
        migrations.AddField(
            model_name='droptaken',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='taken', to='pipelines_app.dropsource'),
        ),
        migrations.AddField(
            model_name='foreigndataset',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.team'),
        ),
        migrations.AddField(
            model_name='foreignedge',
            name='source',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='edges_out', to='pipelines_app.foreigndataset'),
        ),
        migrations.AddField(
            model_name='foreignedge',
            name='target',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='edges_in', to='pipelines_app.foreigndataset'),
        ),
        migrations.AddField(
            model_name='foreignrun',
            name='team',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.team'),
        ),
        migrations.AddField(
            model_name='foreignedge',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='edges', to='pipelines_app.foreignrun'),
        ),
        migrations.AddField(
            model_name='foreigntold',
            name='run',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='told', to='pipelines_app.foreignrun'),
        ),
        migrations.AddField(
            model_name='listener',
            name='pipeline',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='listeners', to='pipelines_app.pipeline'),
        ),
        migrations.AddField(
            model_name='tick',
            name='event',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='pipelines_app.event'),
        ),
        migrations.AddField(
            model_name='tick',
            name='pipeline',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ticks', to='pipelines_app.pipeline'),
        ),
        migrations.AddIndex(
            model_name='clock',
            index=models.Index(fields=['next_tick'], name='clock_due'),
        ),
        migrations.AddIndex(
            model_name='dropsource',
            index=models.Index(fields=['next_look'], name='drop_due'),
        ),
        migrations.AddConstraint(
            model_name='dropsource',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['new', 'open', 'failing'])), name='drop_state_known'),
        ),
        migrations.AddConstraint(
            model_name='dropseen',
            constraint=models.UniqueConstraint(fields=('source', 'path'), name='drop_seen_once'),
        ),
        migrations.AddIndex(
            model_name='droptaken',
            index=models.Index(fields=['source', '-id'], name='drop_taken_of_source'),
        ),
        migrations.AddIndex(
            model_name='droptaken',
            index=models.Index(condition=models.Q(('refused', ''), _negated=True), fields=['source'], name='drop_refused_of_source'),
        ),
        migrations.AddConstraint(
            model_name='droptaken',
            constraint=models.UniqueConstraint(fields=('source', 'path', 'mark'), name='drop_taken_once'),
        ),
        migrations.AddConstraint(
            model_name='droptaken',
            constraint=models.CheckConstraint(condition=models.Q(('arrival__isnull', False), models.Q(('refused', ''), _negated=True), _connector='OR'), name='drop_taken_or_refused_with_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='foreigndataset',
            constraint=models.UniqueConstraint(fields=('team', 'namespace', 'name'), name='foreign_dataset_once'),
        ),
        migrations.AddIndex(
            model_name='foreignrun',
            index=models.Index(fields=['team', '-id'], name='foreign_run_of_team'),
        ),
        migrations.AddConstraint(
            model_name='foreignrun',
            constraint=models.UniqueConstraint(fields=('team', 'run_id'), name='foreign_run_once'),
        ),
        migrations.AddConstraint(
            model_name='foreignrun',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['start', 'running', 'complete', 'abort', 'fail', 'other'])), name='foreign_run_state_known'),
        ),
        migrations.AddConstraint(
            model_name='foreignedge',
            constraint=models.UniqueConstraint(fields=('source', 'target'), name='foreign_edge_once'),
        ),
        migrations.AddConstraint(
            model_name='foreigntold',
            constraint=models.UniqueConstraint(fields=('run', 'kind'), name='foreign_told_once'),
        ),
        migrations.AddIndex(
            model_name='listener',
            index=models.Index(fields=['namespace', 'dataset'], name='listener_to_dataset'),
        ),
        migrations.AddConstraint(
            model_name='listener',
            constraint=models.UniqueConstraint(fields=('pipeline', 'namespace', 'dataset'), name='listener_once'),
        ),
        migrations.AddConstraint(
            model_name='tick',
            constraint=models.UniqueConstraint(fields=('pipeline', 'at'), name='tick_once'),
        ),
    ]
