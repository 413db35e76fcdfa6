"""People are told again of an open alert when something of another kind has caused it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('monitoring_app', '0002_outbound_webhooks'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notification',
            name='notification_about_known',
        ),
        migrations.AlterField(
            model_name='notification',
            name='about',
            field=models.CharField(choices=[('opened', 'Opened'), ('worse', 'Worse'), ('changed', 'Another cause'), ('still_open', 'Still open'), ('resolved', 'Resolved'), ('event', 'Event')], max_length=10),
        ),
        migrations.AddConstraint(
            model_name='notification',
            constraint=models.CheckConstraint(condition=models.Q(('about__in', ['opened', 'worse', 'changed', 'still_open', 'resolved', 'event'])), name='notification_about_known'),
        ),
    ]
