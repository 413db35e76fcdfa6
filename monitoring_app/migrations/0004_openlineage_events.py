
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring_app', '0003_another_cause'),
        ('pipelines_app', '0023_lineage_of_old_revisions'),
    ]

    operations = [
        migrations.CreateModel(
            name='Emission',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.BigIntegerField()),
                ('body', models.JSONField()),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('delivered', 'Delivered'), ('undelivered', 'Not delivered')], default='pending', max_length=11)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('not_before', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('done_at', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, max_length=500)),
                ('event', models.OneToOneField(help_text='What happened.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.event')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['run', 'event'], name='emission_queue'), models.Index(fields=['created_at'], name='emission_old')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'delivered', 'undelivered'])), name='emission_state_known')],
            },
        ),
    ]
