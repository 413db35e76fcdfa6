"""Find what came for a period at once: for a new one there is nothing to find, and all of the dataset was read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0016_what_stands_beside_a_history"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="arrival",
            index=models.Index(fields=["dataset", "period", "-id"], name="arrival_of_period"),
        ),
    ]
