from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("monitoring_app", "0014_what_holds"),
    ]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="numbers",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                help_text="What the dataset's own metrics gave, by name.",
            ),
        ),
    ]
