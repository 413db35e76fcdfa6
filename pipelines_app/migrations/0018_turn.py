"""Registrations wait for one another at a row of their own: the environment is held by whoever starts runs in it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("pipelines_app", "0017_arrivals_of_a_period"),
    ]

    operations = [
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
            ],
        ),
    ]
