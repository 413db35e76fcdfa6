from datetime import timedelta

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.models import F, Q

STATES = ["expected", "due", "late", "missing", "arrived", "partial", "quarantined", "consumed", "waived"]
LABELS = ["Expected", "Due", "Late", "Missing", "Arrived", "Partial", "Quarantined", "Consumed", "Waived"]


def give_moments(apps, schema_editor):
    """What was expected by one deadline alone has it for every moment; what arrived late says by how much."""
    slots = apps.get_model("pipelines_app", "Slot").objects
    day = timedelta(days=1)
    slots.update(expected_at=F("due_at"), late_at=F("due_at"), missing_at=F("due_at") + day)
    slots.filter(state="expected").update(next_at=F("due_at"))
    slots.filter(state="late").update(next_at=F("due_at") + day)
    slots.filter(state="arrived").update(late_seconds=0)
    for slot in slots.filter(state="arrived_late").select_related("arrival").iterator():
        late = (slot.arrival.received_at - slot.due_at).total_seconds() if slot.arrival else 0
        slots.filter(pk=slot.pk).update(state="arrived", late_seconds=late)


class Migration(migrations.Migration):
    dependencies = [("pipelines_app", "0011_webhook_signatures")]

    operations = [
        migrations.RemoveConstraint(model_name="slot", name="slot_state_known"),
        migrations.RemoveIndex(model_name="slot", name="slot_due"),
        *(
            migrations.AddField(model_name="slot", name=name, field=models.DateTimeField(null=True))
            for name in ("expected_at", "late_at", "missing_at")
        ),
        migrations.AddField(
            model_name="slot",
            name="late_seconds",
            field=models.FloatField(null=True, help_text="How long after the deadline it came; 0 within the grace."),
        ),
        migrations.AddField(
            model_name="slot",
            name="next_at",
            field=models.DateTimeField(null=True, help_text="When the clock has something to say about it."),
        ),
        migrations.AddField(
            model_name="slot",
            name="risk_at",
            field=models.DateTimeField(
                null=True, help_text="From when on something promised downstream is at risk."
            ),
        ),
        migrations.RunPython(give_moments, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="slot",
            name="expected_at",
            field=models.DateTimeField(
                help_text="When it usually comes: as declared, or as learned; else when due."
            ),
        ),
        migrations.AlterField(
            model_name="slot",
            name="late_at",
            field=models.DateTimeField(help_text="From when on it is late: the deadline and its grace."),
        ),
        migrations.AlterField(
            model_name="slot",
            name="missing_at",
            field=models.DateTimeField(help_text="From when on it is taken to be missing."),
        ),
        migrations.AlterField(model_name="slot", name="due_at", field=models.DateTimeField(help_text="The deadline.")),
        migrations.AlterField(
            model_name="slot",
            name="state",
            field=models.CharField(
                choices=list(zip(STATES, LABELS, strict=True)), default="expected", max_length=12
            ),
        ),
        migrations.AddConstraint(
            model_name="slot",
            constraint=models.CheckConstraint(condition=Q(state__in=STATES), name="slot_state_known"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="slot_next"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(fields=["due_at"], condition=Q(state__in=["late", "missing"]), name="slot_overdue"),
        ),
        migrations.CreateModel(
            name="Outlook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("look_at", models.DateTimeField()),
                (
                    "pipeline",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outlook",
                        to="pipelines_app.pipeline",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="pipelines_app.revision"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Habit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("proposed", "Proposed"), ("accepted", "Accepted"), ("dismissed", "Dismissed")],
                        default="proposed",
                        max_length=9,
                    ),
                ),
                ("zone", models.CharField(max_length=64)),
                ("arrivals", models.PositiveIntegerField(help_text="How many periods it was learned from.")),
                (
                    "weekdays",
                    models.JSONField(
                        help_text="Per weekday: how many, the median and the spread, in seconds after the day."
                    ),
                ),
                (
                    "history",
                    models.JSONField(help_text="The last of them: period, moment, seconds after the day."),
                ),
                ("arrival", models.JSONField(help_text="The `arrival:` block that is proposed.")),
                ("learned_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("decided_by", models.CharField(blank=True, max_length=200)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "dataset",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="habit", to="pipelines_app.dataset"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="habit",
            constraint=models.CheckConstraint(
                condition=Q(state__in=["proposed", "accepted", "dismissed"]), name="habit_state_known"
            ),
        ),
    ]
