"""Keep small messages in the database: they are committed with their arrivals, and cost no file of their own."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0023_lineage_of_old_revisions"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptMessage",
            fields=[
                ("place", models.CharField(max_length=300, primary_key=True, serialize=False)),
                ("content", models.BinaryField()),
            ],
        ),
    ]
