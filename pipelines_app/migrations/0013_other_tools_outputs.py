"""Keep what a run of another tool writes and the moment it is meant for, as its events add up."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("pipelines_app", "0012_expected_arrivals"),
    ]

    operations = [
        migrations.AddField(
            model_name="foreignrun",
            name="nominal",
            field=models.CharField(blank=True, default="", help_text="The moment it is meant for, as its events say.", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="foreignrun",
            name="outputs",
            field=models.JSONField(default=list, help_text="What its events say it writes: [namespace, name]."),
        ),
    ]
