"""Events of other tools as they came, other names of their datasets, and of which moment their columns are."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('pipelines_app', '0024_small_messages'),
    ]

    operations = [
        migrations.AddField(
            model_name='foreigndataset',
            name='alias_of',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='pipelines_app.foreigndataset'),
        ),
        migrations.AddField(
            model_name='foreigndataset',
            name='columns_at',
            field=models.DateTimeField(help_text='Of which moment they are.', null=True),
        ),
        migrations.CreateModel(
            name='ForeignEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64)),
                ('body', models.JSONField()),
                ('sender', models.CharField(max_length=200)),
                ('received_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='pipelines_app.foreignrun')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='pipelines_app.team')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('run__isnull', True)), fields=['received_at'], name='foreign_event_old')],
                'constraints': [models.UniqueConstraint(fields=('team', 'digest'), name='foreign_event_once')],
            },
        ),
    ]
