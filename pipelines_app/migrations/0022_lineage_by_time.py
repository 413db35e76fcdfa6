"""Lineage with a time: edges from when to when and in which way, links between datasets in one row, and gaps."""

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines_app', '0021_rows_that_are_built_on'),
    ]

    operations = [
        migrations.CreateModel(
            name='ForeignJob',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('namespace', models.CharField(max_length=255)),
                ('name', models.CharField(max_length=255)),
                ('last_at', models.DateTimeField(null=True)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.team')),
            ],
        ),
        migrations.CreateModel(
            name='Gap',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(max_length=500)),
                ('valid_from', models.DateTimeField(default=django.utils.timezone.now)),
                ('valid_to', models.DateTimeField(null=True)),
                ('dataset', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='gaps', to='pipelines_app.dataset')),
                ('revision', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='gaps', to='pipelines_app.revision')),
            ],
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_value', models.BooleanField(help_text='Whether values are carried on, or only decide over rows and values.')),
                ('valid_from', models.DateTimeField(default=django.utils.timezone.now)),
                ('valid_to', models.DateTimeField(null=True)),
                ('last_at', models.DateTimeField(help_text='When a run that ended well told of it last.', null=True)),
                ('foreign_source', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links_out', to='pipelines_app.foreigndataset')),
                ('foreign_target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links_in', to='pipelines_app.foreigndataset')),
                ('job', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='pipelines_app.foreignjob')),
                ('revision', models.ForeignKey(help_text='The first that declares it.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='links', to='pipelines_app.revision')),
                ('source', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='links_out', to='pipelines_app.dataset')),
                ('target', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='links_in', to='pipelines_app.dataset')),
                ('source_node', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('source'), models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('foreign_source'), '*', models.Value(-1)), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()), output_field=models.BigIntegerField())),
                ('target_node', models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('target'), models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('foreign_target'), '*', models.Value(-1)), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()), output_field=models.BigIntegerField())),
            ],
        ),
        migrations.AlterField(
            model_name='edge',
            name='revision',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='edges', to='pipelines_app.revision'),
        ),
        migrations.AlterField(
            model_name='edge',
            name='source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='edges_out', to='pipelines_app.dataset'),
        ),
        migrations.AlterField(
            model_name='edge',
            name='target',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='edges_in', to='pipelines_app.dataset'),
        ),
        migrations.AddField(
            model_name='edge',
            name='foreign_source',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.foreigndataset'),
        ),
        migrations.AddField(
            model_name='edge',
            name='foreign_target',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.foreigndataset'),
        ),
        migrations.AddField(
            model_name='edge',
            name='how',
            field=models.CharField(blank=True, db_default='', max_length=120),
        ),
        migrations.AddField(
            model_name='edge',
            name='last_at',
            field=models.DateTimeField(help_text='When a run that ended well told of it last.', null=True),
        ),
        migrations.AddField(
            model_name='edge',
            name='masked',
            field=models.BooleanField(db_default=False, default=False, help_text='The value cannot be read from the result.'),
        ),
        migrations.AddField(
            model_name='edge',
            name='valid_from',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddField(
            model_name='edge',
            name='valid_to',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='edge',
            name='job',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='edges', to='pipelines_app.foreignjob'),
        ),
        migrations.AddField(
            model_name='edge',
            name='source_node',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('source'), models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('foreign_source'), '*', models.Value(-1)), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()),
        ),
        migrations.AddField(
            model_name='edge',
            name='target_node',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Coalesce(models.F('target'), models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('foreign_target'), '*', models.Value(-1)), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()), output_field=models.BigIntegerField()),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(condition=models.Q(('valid_to', None)), fields=['source_node', 'source_column', 'target_node', 'target_column'], name='edge_out_now'),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(condition=models.Q(('valid_to', None)), fields=['target_node', 'target_column', 'source_node', 'source_column'], name='edge_in_now'),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(fields=['source_node', 'valid_from'], name='edge_out_then'),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(fields=['target_node', 'valid_from'], name='edge_in_then'),
        ),
        migrations.AddIndex(
            model_name='edge',
            index=models.Index(condition=models.Q(('job__isnull', False)), fields=['last_at'], name='edge_told_old'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(condition=models.Q(('valid_to', None)), fields=['source_node', 'target_node'], name='link_out_now'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(condition=models.Q(('valid_to', None)), fields=['target_node', 'source_node'], name='link_in_now'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(fields=['source_node', 'valid_from'], name='link_out_then'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(fields=['target_node', 'valid_from'], name='link_in_then'),
        ),
        migrations.AddIndex(
            model_name='link',
            index=models.Index(condition=models.Q(('job__isnull', False)), fields=['last_at'], name='link_told_old'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.UniqueConstraint(condition=models.Q(('job__isnull', False)), fields=('job', 'source_node', 'source_column', 'target_node', 'target_column', 'kind'), name='edge_told_once'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('job__isnull', True), ('revision__isnull', False)), models.Q(('job__isnull', False), ('revision__isnull', True)), _connector='OR'), name='edge_declared_or_told'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('foreign_source__isnull', True), ('source__isnull', False)), models.Q(('foreign_source__isnull', False), ('source__isnull', True)), _connector='OR'), name='edge_has_one_source'),
        ),
        migrations.AddConstraint(
            model_name='edge',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('foreign_target__isnull', True), ('target__isnull', False)), models.Q(('foreign_target__isnull', False), ('target__isnull', True)), _connector='OR'), name='edge_has_one_target'),
        ),
        migrations.AddConstraint(
            model_name='foreignjob',
            constraint=models.UniqueConstraint(fields=('team', 'namespace', 'name'), name='foreign_job_once'),
        ),
        migrations.AddConstraint(
            model_name='gap',
            constraint=models.UniqueConstraint(fields=('revision', 'dataset', 'reason'), name='gap_once'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('job__isnull', True), ('revision__isnull', False)), models.Q(('job__isnull', False), ('revision__isnull', True)), _connector='OR'), name='link_declared_or_told'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('foreign_source__isnull', True), ('source__isnull', False)), models.Q(('foreign_source__isnull', False), ('source__isnull', True)), _connector='OR'), name='link_has_one_source'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('foreign_target__isnull', True), ('target__isnull', False)), models.Q(('foreign_target__isnull', False), ('target__isnull', True)), _connector='OR'), name='link_has_one_target'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.UniqueConstraint(condition=models.Q(('job__isnull', False)), fields=('job', 'source_node', 'target_node'), name='link_told_once'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.UniqueConstraint(condition=models.Q(('job__isnull', True), ('valid_to__isnull', True)), fields=('source_node', 'target_node'), name='link_declared_once'),
        ),
    ]
